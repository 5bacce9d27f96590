"""Exposures that begin while a war is going on: deployment, veto.

The hazard ratio is that of a counting-process Cox model. Primary inference is risk-set
re-randomization; cluster-robust errors are reported with it. The clock starts with the onset, or
with the first agreement that is signed during a war: exposure is then presence in time on that
clock, never the speed with which it was reached, as a war that ended first could not have had it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.checks import LEVEL, NOT_CALIBRATED, rejections
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.cox_based import CoxBased, with_time_zero
from collsec.designs.estimate import (
    USUAL,
    Estimate,
    Quantity,
    Unit,
    equivalence_level,
    is_usual,
    seed_for,
)
from collsec.designs.inputs import Cohort, Inputs, PanelBuilder, Prepared, codes
from collsec.designs.registry import ASSIGNMENT, LAG, LAGS, STRATA, design
from collsec.histories.panels import arrange, clock, days_of, exposure_column, unit_spells
from collsec.hypothesis.specification import ExposureSpec
from riskset.inference import (
    Calibration,
    ExposureDesign,
    InferenceError,
    ever_exposed_test,
    exposure_design,
    null_calibration,
    rerandomization_test,
    risk_set_rerandomization,
)
from riskset.inference.exposure_design import (
    alike,
    at_risk_on,
    finest_level,
    is_free,
)

EPOCH = pd.Timestamp("1946-01-01")
# Reference draws per random exposure: their own error must not blur the rate.
REFERENCE_PER_DRAW = 10
RERANDOMIZED, SANDWICH = "risk_set_rerandomization", "cluster_sandwich"


def calendar_day(dates: pd.Series) -> np.ndarray:
    """Days since 1 January 1946."""
    return (dates - EPOCH).dt.days.to_numpy(float)


def followed(prepared: Prepared) -> np.ndarray:
    """Which units of a cohort are followed at all: array of bool, shape (n_units,).

    An outcome that is known only to some day follows no unit that begins later.
    """
    kept: np.ndarray = (prepared.outcome["exit_date"] >= prepared.units["time_zero"]).to_numpy()
    return kept


#: From which day to which something is on record.
Window = tuple[pd.Timestamp, pd.Timestamp]
#: Code of each unit on the eve of some days: (units, days) → shape (n_days, n_units).
StatusOf = Callable[[pd.DataFrame, pd.Series], np.ndarray]


def within_window(prepared: Prepared, window: Window) -> Prepared:
    """The same cohort with its rows cut to the calendar days of a record.

    Wars that were exposed when the record began are left out: they were not at risk of becoming so.
    """
    first, last = window
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    enters = (first - units["time_zero"]).dt.days.to_numpy(float)
    prevalent = np.zeros(len(units), dtype=bool)
    prevalent[spells.unit[(spells.assigned <= enters[spells.unit])]] = True
    left_out = set(units.loc[prevalent, "unit_id"])
    prepared = prepared.only(lambda frame: ~frame["unit_id"].isin(left_out))
    zero = prepared.rows["unit_id"].map(prepared.units.set_index("unit_id")["time_zero"])
    rows = prepared.rows
    start = np.maximum(rows["start"], (first - zero).dt.days)
    stop = np.minimum(rows["stop"], (last - zero).dt.days)
    cut = rows.assign(start=start, stop=stop, event=rows["event"] & (stop == rows["stop"]))
    return dataclasses.replace(prepared, rows=cut[start < stop].reset_index(drop=True))


def lay_out(
    inputs: Inputs,
    prepared: Prepared,
    *,
    within: tuple[str, ...] = (),
    window: Window | None = None,
    status: StatusOf | None = None,
) -> ExposureDesign:
    """Units, spells and strata as the re-randomization needs them.

    Parameters
    ----------
    inputs : Inputs
    prepared : Prepared
    within : tuple of str
        Columns of the units within which exposures are redrawn, before the declared ones.
    window : tuple of Timestamp, optional
        Calendar days within which units are followed; ``prepared`` is then that of
        :func:`within_window`.
    status : callable, optional
        Code of each unit on the eve of each spell, within which it is redrawn.

    Raises
    ------
    InferenceError
        If there is no exposure spell at all.
    """
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    origin = calendar_day(units["time_zero"])
    exits = clock(units.assign(exit_date=prepared.outcome["exit_date"]))
    kept, entry = followed(prepared), np.zeros(len(units))
    event = prepared.outcome["is_event"].to_numpy(bool)
    if window is not None:
        first, last = ((day - units["time_zero"]).dt.days.to_numpy(float) for day in window)
        event = event & (exits <= last)
        entry, exits = np.maximum(entry, first), np.minimum(exits, last)
        kept = kept & (entry < exits)
    row = np.cumsum(kept) - 1
    concerns = kept[spells.unit] & (spells.assigned < exits[spells.unit])
    unit = spells.unit[concerns]
    eve = None
    if status is not None:
        days = units["time_zero"].iloc[unit] + pd.to_timedelta(spells.assigned[concerns], unit="D")
        eve = status(units, days)[:, kept]
    names = (*within, *inputs.spec.inference.assignment_strata)
    levels = [codes(units, names[: len(names) - i]) for i in range(len(names))]
    assignment = np.column_stack(levels) if levels else codes(units, ())
    return exposure_design(
        origin=origin[kept],
        entry=entry[kept],
        exit=exits[kept],
        event=event[kept],
        outcome_strata=codes(units, prepared.strata)[kept],
        assignment_strata=assignment[kept],
        spell_unit=row[unit],
        spell_assigned=origin[unit] + spells.assigned[concerns],
        spell_on=origin[unit] + spells.on[concerns],
        spell_off=origin[unit] + spells.off[concerns],
        spell_status=eve,
    )


def rerandomized(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    *,
    estimate_id: str,
    role: Role,
    draws: int,
    level: float,
    label: str = "",
    window: Window | None = None,
    status: StatusOf | None = None,
) -> Estimate:
    """Estimate of one exposure with re-randomization interval, the sandwich's alongside.

    ``window`` and ``status`` are those of :func:`lay_out`.
    """
    if window is not None:
        prepared = within_window(prepared, window)
    comparison = Comparison.of(prepared, inputs.spec.cluster)
    known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
    known |= {"estimand": comparison.estimand, "inference": RERANDOMIZED}
    known |= comparison.counts()
    try:
        found = risk_set_rerandomization(
            lay_out(inputs, prepared, window=window, status=status),
            draws=draws,
            level=level,
            seed=seed_for(inputs.study.seed, estimate_id),
            further_levels=(equivalence_level(level), *(() if is_usual(level) else (USUAL,))),
        )
    except InferenceError as error:
        return Estimate.missing(error, level=level, **known)
    limits, std_error = comparison.sandwich(level)
    return Estimate.from_fit(
        found.estimate,
        std_error,
        level=level,
        limits=(found.ci_low, found.ci_high),
        limits_95=found.further.get(USUAL),
        equivalence=found.further[equivalence_level(level)],
        p_value=found.p_value,
        sandwich=limits,
        power=inputs.study.power,
        detectable_error=found.interval_std_error,
        centered=math.exp(found.median_unbiased),
        expected_events=found.expected_exposed_events,
        **known,
    )


@design
class TimeVarying(CoxBased):
    """Exposure in calendar time, redrawn among the wars at risk on the day that it began."""

    name = "time_varying"
    kind = "exposure"
    honors = frozenset({LAGS, LAG, ASSIGNMENT, STRATA})
    methods = (RERANDOMIZED,)
    further_methods = (RERANDOMIZED, SANDWICH)
    calibration_blocks = 1

    def rows(self, inputs: Inputs, laid_out: Prepared) -> pd.DataFrame:
        """The primary's rows with the exposure at every declared lag."""
        spec = inputs.spec
        calendar = inputs.calendar(spec.exposure.measure)
        exposures = {
            exposure_column(spec.exposure.measure, lag): unit_spells(laid_out.units, calendar, lag)
            for lag in sorted({spec.exposure.lag_months, *spec.lags_months})
        }
        own = {"unit_id", "conflict_id", "start", "stop", "event", laid_out.column}
        carried = [c for c in laid_out.rows.columns if c not in own]
        return arrange(laid_out.units, laid_out.outcome, exposures, carried)

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
        """By re-randomization; by the sandwich where asked, or where nothing is redrawn."""
        method = exposure.inference or inputs.spec.inference.method
        if draws and prepared.spells is not None and method == RERANDOMIZED:
            return rerandomized(
                inputs,
                prepared,
                exposure,
                estimate_id=estimate_id,
                role=role,
                draws=draws,
                level=level,
                label=label,
            )
        comparison = Comparison.of(prepared, inputs.spec.cluster)
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        return sandwich_ratio(comparison, level=level, power=inputs.study.power, **known)

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """Rejection rate where the exposure is redrawn at its actual counts and dates."""
        name = f"{inputs.spec.hypothesis}.calibration"
        laid_out = lay_out(inputs, prepared)
        test = rerandomization_test(
            laid_out,
            draws=REFERENCE_PER_DRAW * draws,
            seed=seed_for(inputs.study.seed, f"{name}.reference"),
        )
        return _calibrated(inputs, laid_out, test, draws, name)

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Rejection rate of the naive "ever exposed" estimator, where the file declares one.

        It is put to the same random exposures as the primary, unlagged, as it would be used.
        """
        biased = [e for e in inputs.spec.secondary if measures.get(e.measure).kind == "ever"]
        if not biased:
            return math.nan
        unlagged = dataclasses.replace(inputs.spec.exposure, lag_months=0)
        laid_out = lay_out(inputs, self.prepare(inputs, unlagged))
        name = f"{inputs.spec.hypothesis}.known_biased"
        test = ever_exposed_test(laid_out)
        return _calibrated(inputs, laid_out, test, draws, name).rejection_rate

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """Types of war where baselines differ by type; all alike otherwise."""
        if "type_group" in prepared.strata:
            types: np.ndarray = prepared.units["type_group"].map(curves.TYPES).to_numpy()
            return types
        return np.full(len(prepared.units), "All wars of the cohort")

    def curves(
        self, inputs: Inputs, prepared: Prepared
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """What comes first, the exposure or the end; and the kinds of end."""
        horizon = inputs.study.horizon_months
        incidence = curves.first_exposure(inputs, prepared, horizon)
        made = [incidence]
        if inputs.spec.outcomes:
            made.append(curves.kinds_of_end(inputs, prepared, horizon))
        at_end = incidence[incidence["time_months"] == horizon].set_index("curve")["estimate"]
        return made, {
            "incidence.horizon": Quantity(horizon, Unit.MONTHS, digits=0),
            "incidence.deployed": Quantity(
                float(at_end.get("cumulative_incidence_exposure", 0.0)), Unit.SHARE
            ),
            "incidence.ended": Quantity(
                float(at_end.get("cumulative_incidence_end", 0.0)), Unit.SHARE
            ),
        }


def _calibrated(
    inputs: Inputs,
    laid_out: ExposureDesign,
    test: Callable[..., Any],
    draws: int,
    name: str,
) -> Calibration:
    seed = seed_for(inputs.study.seed, name)
    return null_calibration(laid_out, test, alpha=LEVEL, draws=draws, seed=seed)


#: A war on the eve of peace is so many times as likely to receive troops that change nothing.
EVE_WEIGHT, EVE_MONTHS, EVE_DRAWS = 5.0, 6, 400


class AgreementBuilder(PanelBuilder):
    """Wars from their first agreement on."""

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The wars of a cohort in which an agreement was signed, from that day on."""
        signed = self.inputs.timelines["peace_process"][["conflict_id", "from_date"]]
        units = cohort.units
        pairs = units[["unit_id", "conflict_id", "onset_date", "exit_date"]].merge(
            signed.astype({"conflict_id": "int64"}), on="conflict_id"
        )
        during = (pairs["from_date"] > pairs["onset_date"]) & (
            pairs["from_date"] < pairs["exit_date"]
        )
        first = pairs[during].groupby("unit_id")["from_date"].min()
        kept = units[units["unit_id"].isin(first.index)].reset_index(drop=True)
        day = kept["unit_id"].map(first).astype("datetime64[s]")
        before = int(cohort.attrition["n_units"].iloc[-1])
        row = {
            "step": "an agreement during the war",
            "rule": "Followed from the day of its signature",
            "n_units": len(kept),
            "n_events": int(kept["is_ended"].sum()),
            "dropped": before - len(kept),
        }
        attrition = pd.concat([cohort.attrition, pd.DataFrame([row])], ignore_index=True)
        return Cohort(kept.assign(time_zero=day), attrition)


@design
class AgreementClock(TimeVarying):
    """Exposure in calendar time, on a clock that starts with the agreement."""

    name = "agreement_clock"
    builder = AgreementBuilder
    clock = "as long after their agreement"

    def rows(self, inputs: Inputs, laid_out: Prepared) -> pd.DataFrame:
        """As for any time-varying exposure, with the day on which each clock starts."""
        return with_time_zero(super().rows(inputs, laid_out), laid_out)

    def anticipation(self, inputs: Inputs, laid_out: Prepared) -> Calibration:
        """Rejection rate of exposures that change nothing but prefer wars about to end."""
        name = f"{inputs.spec.hypothesis}.eve"
        try:
            spells = lay_out(inputs, laid_out)
        except InferenceError:
            return NOT_CALIBRATED
        test = rerandomization_test(
            spells,
            draws=REFERENCE_PER_DRAW * EVE_DRAWS,
            seed=seed_for(inputs.study.seed, f"{name}.reference"),
        )
        rng = np.random.default_rng(seed_for(inputs.study.seed, name))
        p_values = np.asarray(test(redraw_on_the_eve(spells, EVE_DRAWS, rng)))
        return rejections(int(np.count_nonzero(p_values < LEVEL)), math.nan, np.zeros(EVE_DRAWS))


def redraw_on_the_eve(laid_out: ExposureDesign, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Redraw spells as the inference does, but wars that end within six months more often.

    Returns
    -------
    ndarray of int, shape (draws, n_spells)
        Unit that receives each spell; −1 where none was at risk and free.
    """
    chosen = np.full((draws, laid_out.n_spells), -1, dtype=np.int64)
    busy = np.full((draws, laid_out.n_units), -np.inf)
    ends = laid_out.origin + laid_out.exit
    for spell in range(laid_out.n_spells):
        day, own = laid_out.assigned[spell], laid_out.unit[spell]
        pool = np.flatnonzero(
            at_risk_on(laid_out.origin, laid_out.entry, laid_out.exit, float(day))
        )
        free = is_free(busy[:, pool], float(day), float(laid_out.on[spell]))
        status = None if laid_out.status is None else laid_out.status[spell]
        same = alike(laid_out.assignment_strata, int(own), pool, status)
        level = finest_level(free.astype(np.int64) @ same.astype(np.int64))
        candidates = free & same.T[level]
        weight = np.where(ends[pool] - day <= days_of(EVE_MONTHS), np.log(EVE_WEIGHT), 0.0)
        noise = weight + rng.gumbel(size=candidates.shape)
        pick = np.where(candidates, noise, -np.inf).argmax(axis=1)
        placed = candidates.any(axis=1)
        chosen[placed, spell] = pool[pick[placed]]
        rows = np.flatnonzero(placed)
        busy[rows, chosen[rows, spell]] = max(float(laid_out.off[spell]), float(day))
    return chosen
