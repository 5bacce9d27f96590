"""Whether peace lasts: conflicts followed from the end of a war, by what was there on that day.

The exposure is read on the day of the end and fixed. Follow-up begins twelve months later, since
the definition of an end forbids a recurrence before. Two estimates stand alongside: the exposure
as it stands at the landmark, and as it changes after it. An exposure "within twelve months" is no
covariate of this design: a conflict that resumes sooner could not have received it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.checks import rejected_by_jackknife
from collsec.designs.comparison import Comparison, identity, too_few_exposed
from collsec.designs.cox_based import CoxBased
from collsec.designs.estimate import Estimate, Quantity, Unit, seed_for
from collsec.designs.inputs import Cohort, Inputs, PanelBuilder, Prepared, codes
from collsec.designs.jackknife import CoxRefits, Refit, by_method
from collsec.designs.registry import ADJUSTMENT, ASSIGNMENT, STRATA, design
from collsec.histories.cohorts import peace_after
from collsec.histories.panels import UnitSpells, arrange, clock
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset import BinaryExposure
from riskset.inference import (
    Calibration,
    InferenceError,
    permute_within,
    permuted_effect,
)

JACKKNIFE, SANDWICH = "cluster_jackknife", "cluster_sandwich"
RATIO = "hazard_ratio_of_recurrence"


def present(units: pd.DataFrame, calendar: pd.DataFrame, days: pd.Series) -> np.ndarray:
    """Whether a spell of each unit's conflict covers a day: array of float, shape (n_units,).

    A spell that begins on the day itself was not known before it, and does not count.
    """
    asked = units[["unit_id", "conflict_id"]].assign(day=days.to_numpy())
    pairs = asked.astype({"conflict_id": "int64"}).merge(
        calendar.astype({"conflict_id": "int64"}), on="conflict_id"
    )
    covers = (pairs["on_date"] < pairs["day"]) & ~(pairs["off_date"] < pairs["day"])
    found: np.ndarray = units["unit_id"].isin(pairs.loc[covers, "unit_id"]).to_numpy(float)
    return found


class PeaceBuilder(PanelBuilder):
    """Spells of peace, with the exposure fixed on the day on which the war ended."""

    follows_new_users = False
    further_columns = ("end_date",)

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The conflicts from twelve months after the end of each war."""
        return peace_after(cohort, episodes)

    def exposures(
        self, name: str, units: pd.DataFrame, lag: int, calendar: pd.DataFrame
    ) -> tuple[pd.DataFrame, str, UnitSpells | None]:
        """The exposure as a column of the units, under the name of its measure."""
        return units.assign(**{name: present(units, calendar, units["end_date"])}), name, None


def over_time(inputs: Inputs, prepared: Prepared, calendar: pd.DataFrame) -> Prepared:
    """The same units with the exposure as it changes after the landmark."""
    units = prepared.units
    column = f"{prepared.column}_over_time"
    pairs = units[["unit_id", "conflict_id", "time_zero"]].reset_index(names="unit")
    pairs = pairs.astype({"conflict_id": "int64"}).merge(
        calendar.astype({"conflict_id": "int64"}), on="conflict_id"
    )
    on = (pairs["on_date"] - pairs["time_zero"]).dt.days.to_numpy(float)
    off = (pairs["off_date"] - pairs["time_zero"]).dt.days.fillna(np.inf).to_numpy(float)
    exits = clock(units.assign(exit_date=prepared.outcome["exit_date"]))
    unit = pairs["unit"].to_numpy()
    concerns = (off > 0) & (on < exits[unit])
    began = np.maximum(on[concerns], 0.0)
    spells = UnitSpells(unit[concerns], began, began, off[concerns])
    own = {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}
    carried = [c for c in prepared.rows.columns if c not in own]
    rows = arrange(units, prepared.outcome, {column: spells}, carried)
    return dataclasses.replace(prepared, rows=rows, column=column, spells=spells)


@design
class Recurrence(CoxBased):
    """Presence on the day of the end, fixed; the hazard of the conflict's next war."""

    name = "recurrence"
    kind = "exposure"
    honors = frozenset({ADJUSTMENT, ASSIGNMENT, STRATA})
    methods = (JACKKNIFE,)
    further_methods = (JACKKNIFE, SANDWICH)
    calibration_blocks = 8
    unit = "spell of peace"
    clock = "as long after their end"
    builder = PeaceBuilder
    estimand = RATIO

    def alongside(
        self, inputs: Inputs, laid_out: Prepared, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """Presence at the landmark, as it changes after it, and redrawn."""
        calendar = inputs.calendar(inputs.spec.exposure.measure)
        landmark = present(laid_out.units, calendar, laid_out.units["time_zero"])
        changing = over_time(inputs, laid_out, calendar)
        at_landmark = _with_column(laid_out, landmark)
        label = "Presence as it changes after the landmark"
        return [
            self._ratio(inputs, at_landmark, "at_landmark", "Present at the landmark"),
            self._ratio(inputs, changing, "over_time", label),
            self._redrawn(inputs, laid_out, draws.rerandomization_draws),
        ]

    def _ratio(self, inputs: Inputs, prepared: Prepared, suffix: str, label: str) -> Estimate:
        return self.estimate(
            inputs,
            prepared,
            inputs.spec.exposure,
            estimate_id=f"{inputs.spec.hypothesis}.{suffix}",
            role=Role.SECONDARY,
            level=inputs.study.usual_level,
            draws=0,
            label=label,
        )

    def _redrawn(self, inputs: Inputs, prepared: Prepared, draws: int) -> Estimate:
        """Presence exchanged among the spells of peace of one assignment stratum."""
        estimate_id = f"{inputs.spec.hypothesis}.redrawn"
        level = inputs.study.usual_level
        comparison = Comparison.of(prepared, inputs.spec.cluster)
        known = identity(
            inputs,
            inputs.spec.exposure,
            estimate_id=estimate_id,
            role=Role.SENSITIVITY,
            label="Presence exchanged among spells of peace",
        )
        known |= {"estimand": RATIO, "inference": "permutation"} | comparison.counts()
        try:
            found = permuted_effect(
                clock(prepared.units.assign(exit_date=prepared.outcome["exit_date"])),
                prepared.outcome["is_event"].to_numpy(bool),
                prepared.units[prepared.column].to_numpy(float),
                strata=codes(prepared.units, self._within(inputs, prepared)),
                group=np.arange(len(prepared.units)),
                draws=draws,
                level=level,
                seed=seed_for(inputs.study.seed, estimate_id),
            )
        except InferenceError as error:
            return Estimate.missing(error, level=level, **known)
        return Estimate.from_fit(
            found.estimate,
            1 / math.sqrt(found.information),
            level=level,
            limits=(found.ci_low, found.ci_high),
            p_value=found.p_value,
            power=inputs.study.power,
            **known,
        )

    def _within(self, inputs: Inputs, prepared: Prepared) -> tuple[str, ...]:
        """Strata among which presence is exchanged: those of the baselines are kept apart."""
        return (*prepared.strata, *inputs.spec.inference.assignment_strata)

    def estimate(
        self,
        inputs: Inputs,
        prepared: Prepared,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """By the jackknife over clusters; by the sandwich where asked; counts where too few."""
        comparison, power = Comparison.of(prepared, inputs.spec.cluster), inputs.study.power
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        thin = too_few_exposed(comparison.counts())
        if thin:
            known |= {"estimand": RATIO, "inference": JACKKNIFE} | comparison.counts()
            return Estimate.missing(thin, level=level, **known)
        method = exposure.inference or inputs.spec.inference.method
        return by_method(comparison, method, level=level, power=power, **known)

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """Rejection rate where presence is exchanged among spells of peace, its number kept."""
        units, rows = prepared.units, prepared.rows
        stratum = codes(units, self._within(inputs, prepared))
        actual = units[prepared.column].to_numpy(float)
        place = pd.Series(np.arange(len(units)), index=units["unit_id"].to_numpy())
        of_row = place[rows["unit_id"].to_numpy()].to_numpy()
        refit = _refits(prepared, inputs.spec.cluster)

        def drawn(rng: np.random.Generator) -> tuple[Refit, float]:
            exposure = permute_within(actual, stratum, rng)[of_row]
            return refit(exposure), float(rows["event"][exposure > 0].sum())

        generators = self.generators(inputs, draws, block)
        return rejected_by_jackknife(generators, drawn, rows[inputs.spec.cluster].to_numpy())

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """Those with the exposure when the war ended, and those without."""
        has = prepared.units[prepared.column].to_numpy() > 0
        return np.where(has, "Present when the war ended", "Not present")

    def curves(
        self, inputs: Inputs, prepared: Prepared
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """None beyond survival of peace by presence; what a page says of both groups."""
        return [], _described(prepared)


def _refits(prepared: Prepared, cluster: str) -> Callable[[np.ndarray], Refit]:
    """For each exposure of the rows, the refit without each cluster."""
    if prepared.adjustment:
        laid_out = Comparison.of(prepared, cluster).design()
        return lambda drawn: CoxRefits(laid_out.with_column(prepared.column, drawn))
    rows = prepared.rows
    quick = BinaryExposure.of(
        rows["stop"].to_numpy(float),
        rows["event"].to_numpy(bool),
        pd.Series(codes(rows, prepared.strata)),
        rows[cluster],
    )
    return lambda drawn: quick.refit(drawn > 0)


def _with_column(prepared: Prepared, values: np.ndarray) -> Prepared:
    """The same units with other values of the exposure."""
    own = pd.Series(values, index=prepared.units["unit_id"].to_numpy())
    rows = prepared.rows.assign(
        **{prepared.column: own[prepared.rows["unit_id"].to_numpy()].to_numpy()}
    )
    return dataclasses.replace(
        prepared, rows=rows, units=prepared.units.assign(**{prepared.column: values})
    )


def _described(prepared: Prepared) -> dict[str, Quantity]:
    """Counts of either group, and the shares that resumed."""
    has = prepared.units[prepared.column].to_numpy() > 0
    resumed = prepared.outcome["is_event"].to_numpy(bool)
    return {
        "present.spells": Quantity(int(has.sum()), Unit.COUNT),
        "present.resumed": Quantity(int((has & resumed).sum()), Unit.COUNT),
        "absent.spells": Quantity(int((~has).sum()), Unit.COUNT),
        "absent.resumed": Quantity(int((~has & resumed).sum()), Unit.COUNT),
    }
