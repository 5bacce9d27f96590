"""A hazard ratio translated into months of war, standardized over the cohort.

The cost of delay: the mean months of war within the horizon if all deployments came in month 18,
less that mean if all came in month 6. The months of a veto: the mean with a veto in month 6, less
that without one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, part
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from collsec.measures.veto import WINDOW_MONTHS as VETO_WINDOW_MONTHS
from collsec.reports.words import wording
from collsec.survival import CoxResult, EstimationError, StepPath, cox_ph, standardize, switches_on

EARLY_MONTH, LATE_MONTH = 6, 18
DELAYS = {
    "Deployed in month 6": EARLY_MONTH,
    "Deployed in month 18": LATE_MONTH,
    "Never deployed": math.inf,
}


def fitted(inputs: Inputs, prepared: Prepared) -> CoxResult:
    """The primary's Cox model, with its clusters."""
    return cox_ph(
        prepared.rows,
        [prepared.column, *prepared.adjustment],
        start="start",
        stop="stop",
        event="event",
        strata=list(prepared.strata) or None,
        cluster=inputs.spec.cluster,
    )


def held_at(fit: CoxResult, column: str, value: float) -> CoxResult:
    """The same model with one log hazard ratio held at a value, its baseline refitted to it."""
    params = fit.params.copy()
    params[column] = value
    return dataclasses.replace(
        fit, params=params, fitted=fit.design.evaluate(params.to_numpy() * fit.design.scale)
    )


def mean_months(
    inputs: Inputs, prepared: Prepared, fit: CoxResult, path: StepPath
) -> tuple[float, pd.DataFrame]:
    """Mean months of war within the horizon under a path of the exposure, and the curve."""
    found = standardize(
        fit,
        prepared.rows.drop_duplicates("unit_id"),
        {prepared.column: path},
        horizon=inputs.study.horizon_months * DAYS_PER_MONTH,
        strata=list(prepared.strata) or None,
    )
    return found.rmst / DAYS_PER_MONTH, found.curve


def from_month(inputs: Inputs, month: float, last: float = math.inf) -> StepPath:
    """Exposure that comes in a month and lasts so many, felt after the lag of the primary."""
    at = month * DAYS_PER_MONTH + days_of(inputs.spec.exposure.lag_months)
    return switches_on(at, at + last * DAYS_PER_MONTH)


@part(after_primary=True)
def cost_of_delay(context: Context, primary: Estimate) -> Part:
    """Months of war per year of delay, and survival under early, late and no deployment."""
    found = months_per_year(context.inputs, context.prepared, primary)
    return Part(
        [found],
        strategy_curves(context.inputs, context.prepared),
        {
            "cost.months": wording.number(found.estimate, 1),
            "cost.ci": wording.interval(found.ci_low, found.ci_high, 1),
            "cost.horizon": str(context.inputs.study.horizon_months),
        },
    )


@part(after_primary=True)
def months_of_a_veto(context: Context, primary: Estimate) -> Part:
    """Months of war that a veto in month 6 adds, by the primary's hazard ratio."""
    inputs = context.inputs

    def added(fit: CoxResult) -> float:
        vetoed = from_month(inputs, EARLY_MONTH, VETO_WINDOW_MONTHS)
        without = from_month(inputs, math.inf)
        return (
            mean_months(inputs, context.prepared, fit, vetoed)[0]
            - mean_months(inputs, context.prepared, fit, without)[0]
        )

    found = in_months(
        inputs,
        context.prepared,
        primary,
        added,
        estimate_id=f"{context.name}.months_of_a_veto",
        estimand="rmst_difference_months",
        label=f"Months of war with a veto in month {EARLY_MONTH} against without one",
    )
    return Part(
        [found],
        strings={
            "veto_months.months": wording.number(found.estimate, 1),
            "veto_months.ci": wording.interval(found.ci_low, found.ci_high, 1),
            "veto_months.month": str(EARLY_MONTH),
            "veto_months.horizon": str(inputs.study.horizon_months),
        },
    )


def months_per_year(inputs: Inputs, prepared: Prepared, primary: Estimate) -> Estimate:
    """Months of war per year of delay, with the limits that the primary's interval implies."""

    def cost(fit: CoxResult) -> float:
        late, early = (
            mean_months(inputs, prepared, fit, from_month(inputs, month))[0]
            for month in (LATE_MONTH, EARLY_MONTH)
        )
        return late - early

    return in_months(
        inputs,
        prepared,
        primary,
        cost,
        estimate_id=f"{inputs.spec.hypothesis}.cost_of_delay",
        estimand="months_per_year_of_delay",
        label=f"Cost of delay: months of war, month {LATE_MONTH} against month {EARLY_MONTH}",
    )


def in_months(
    inputs: Inputs,
    prepared: Prepared,
    primary: Estimate,
    contrast: Callable[[CoxResult], float],
    **described: str,
) -> Estimate:
    """A contrast of mean months at the primary's hazard ratio and at the limits of its interval.

    The interval leaves out zero exactly when the primary's leaves out a hazard ratio of one; the
    p-value is the primary's, and not told twice.
    """
    base = dataclasses.replace(
        primary,
        role="secondary",
        std_error=math.nan,
        cluster_low=math.nan,
        cluster_high=math.nan,
        mde_low=math.nan,
        mde_high=math.nan,
        null_rejection=math.nan,
        null_draws=0,
        centered=math.nan,
        p_value=math.nan,
        **described,  # type: ignore[arg-type]
    )
    try:
        fit = fitted(inputs, prepared)
    except EstimationError as error:
        nothing: dict[str, Any] = dict.fromkeys(("estimate", "ci_low", "ci_high"), math.nan)
        return dataclasses.replace(base, **nothing, note=f"Not estimable: {error}")

    def at(hazard_ratio: float) -> float:
        if not (math.isfinite(hazard_ratio) and hazard_ratio > 0):
            return math.nan
        return contrast(held_at(fit, prepared.column, math.log(hazard_ratio)))

    limits = [at(primary.ci_low), at(primary.ci_high)]
    if at(2.0) < 0:  # Months fall as the ratio rises: its upper limit gives the lower one.
        limits.reverse()
    return dataclasses.replace(
        base, estimate=at(primary.estimate), ci_low=limits[0], ci_high=limits[1]
    )


def strategy_curves(inputs: Inputs, prepared: Prepared) -> pd.DataFrame:
    """Standardized survival under early, late and no deployment, at whole months."""
    columns = ["curve", "group", "time_months", "estimate", "ci_low", "ci_high", "at_risk"]
    try:
        fit = fitted(inputs, prepared)
    except EstimationError:
        return pd.DataFrame(columns=columns)
    months = np.arange(inputs.study.horizon_months + 1, dtype=float)
    made = []
    for name, month in DELAYS.items():
        _, curve = mean_months(inputs, prepared, fit, from_month(inputs, month))
        steps = np.r_[1.0, curve["survival"].to_numpy()]
        place = np.searchsorted(curve["time"].to_numpy(), months * DAYS_PER_MONTH, side="right")
        made.append(
            pd.DataFrame(
                {
                    "curve": "standardized_survival",
                    "group": name,
                    "time_months": months,
                    "estimate": steps[place],
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "at_risk": np.nan,
                }
            )
        )
    return pd.concat(made, ignore_index=True)[columns]
