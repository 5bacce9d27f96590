"""What every design shares whose units are followed in time and compared by a Cox model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import checks, curves
from collsec.designs.comparison import Comparison, identity
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import CARRIED, LAID_OUT, Inputs, PanelBuilder, Prepared
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.multiverse import Ratio
from collsec.designs.registry import RECENT_YEARS, Design, estimand_of
from collsec.hypothesis.multiverse import Specification, adjusted_for
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from riskset import EstimationError

#: Columns of a panel that say what belongs together.
GROUPS = ("unit_id", *CARRIED)


def with_time_zero(rows: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """Rows of a panel with the day on which the clock of their unit starts."""
    zero = prepared.units.set_index("unit_id")["time_zero"]
    return rows.assign(time_zero=zero[rows["unit_id"].to_numpy()].to_numpy())


class CoxBased(Design[Prepared]):
    """Units on clocks of their own, laid out by a panel builder, compared by a Cox model.

    Attributes
    ----------
    builder : type
        Which units there are and from when they are followed.
    """

    builder: type[PanelBuilder] = PanelBuilder

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Prepared:
        """The cohort laid out for one exposure and one outcome."""
        builder = self.builder(inputs, covariates=adjusted_for(inputs.spec, choices))
        prepared = builder.prepare(exposure, outcome=outcome, choices=choices)
        return dataclasses.replace(prepared, estimand=self.estimand or prepared.estimand)

    def rows(self, inputs: Inputs, laid_out: Prepared) -> pd.DataFrame:
        """The ``(start, stop]`` rows of the cohort."""
        return laid_out.rows

    def counts(self, inputs: Inputs, laid_out: Prepared) -> dict[str, Any]:
        """Units, events and clusters, exposed ones among them."""
        return Comparison.of(laid_out, inputs.spec.cluster).counts()

    def outcome_label(self, outcome: str) -> str:
        """The kind of end."""
        return curves.kind_label(outcome)

    def recent_outcomes(self, inputs: Inputs, laid_out: Prepared) -> int:
        """Events under exposure in the last ten years of the record."""
        day = inputs.extents["wars"].last_day - pd.DateOffset(years=RECENT_YEARS)
        return int(self.counts(inputs, laid_out.since(day))["exposed_events"])

    def layouts(
        self, inputs: Inputs, specifications: Sequence[Specification]
    ) -> Callable[[Choices], Prepared]:
        """Panels of many specifications; units and groups are integers, which group faster."""
        covariates = {n for one in specifications for n in adjusted_for(inputs.spec, one.choices)}
        columns = (*LAID_OUT, *self.builder.further_columns)
        builder = self.builder(inputs, sorted(covariates), columns)
        coded: dict[int, pd.DataFrame] = {}

        def laid_out(choices: Choices) -> Prepared:
            prepared = builder.prepare(inputs.spec.exposure, choices=choices)
            key = id(prepared.rows)  # the builder keeps every panel: no id is used twice
            if key not in coded:
                names = {c: pd.factorize(prepared.rows[c], sort=True)[0] for c in GROUPS}
                coded[key] = prepared.rows.assign(**names)
            return dataclasses.replace(prepared, rows=coded[key])

        return laid_out

    def log_ratio(self, inputs: Inputs, laid_out: Prepared) -> Ratio:
        """The log hazard ratio with its cluster-sandwich error."""
        comparison = Comparison.of(laid_out, inputs.spec.cluster)
        if not (comparison.rows["event"] & comparison.is_exposed).any():
            raise EstimationError("no war ended under exposure")
        fit = comparison.fit(comparison.cluster)
        return float(fit.params.iloc[0]), float(fit.std_errors.iloc[0])

    def leave_one_out(self, inputs: Inputs, laid_out: Prepared) -> pd.DataFrame:
        """Without each conflict, and without the wars of each mission."""
        return checks.leave_one_out(inputs, laid_out)

    def engine_gap(self, inputs: Inputs, laid_out: Prepared) -> float:
        """Distance from the coefficient of statsmodels' PHReg."""
        return checks.engines_agree(laid_out)[1]

    def proportional_hazards(self, laid_out: Prepared) -> float:
        """p-value of the test that the effect does not change over the life of a war."""
        return checks.proportional_hazards(laid_out)

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary's ratio on follow-up from a day on; units that began before enter late."""
        exposure = inputs.spec.exposure
        later = self.prepare(inputs, exposure).since(day)
        known = identity(inputs, exposure, estimate_id="", role=Role.PRIMARY)
        known |= {"estimand": estimand_of(self.estimand, inputs.spec.outcome)}
        comparison = Comparison.of(later, inputs.spec.cluster)
        if later.rows.empty:
            why = f"nothing is followed after {day - pd.Timedelta(days=1):%Y-%m-%d}"
            known |= comparison.counts() | {"inference": "cluster_jackknife"}
            return Estimate.missing(why, level=level, **known)
        return hazard_ratio(comparison, level=level, power=inputs.study.power, **known)

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """All units alike."""
        return np.full(len(prepared.units), "All wars of the cohort")

    def survival(self, inputs: Inputs, prepared: Prepared) -> list[pd.DataFrame]:
        """Kaplan–Meier by group."""
        group = self.groups(inputs, prepared)
        return [curves.survival_by(prepared, group, inputs.study.horizon_months)]
