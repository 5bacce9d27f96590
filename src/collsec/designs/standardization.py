"""The cost of delay: a hazard ratio translated into months of war.

Standardized over the cohort, the mean months of war within the horizon if all deployments came in
month 18, less that mean if all came in month 6: months of war per year of delay.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from collsec import wording
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, part_of_primary
from collsec.estimators import CoxResult, EstimationError, cox_ph, standardize, switches_on
from collsec.panels import DAYS_PER_MONTH, days_of
from collsec.results import Estimate

EARLY_MONTH, LATE_MONTH = 6, 18
DELAYS = {"Deployed in month 6": EARLY_MONTH, "Deployed in month 18": LATE_MONTH,
          "Never deployed": math.inf}


def fitted(inputs: Inputs, prepared: Prepared) -> CoxResult:
    """The primary's Cox model, with its clusters."""
    return cox_ph(
        prepared.rows, [prepared.column, *prepared.adjustment], start="start", stop="stop",
        event="event", strata=list(prepared.strata) or None, cluster=inputs.spec.cluster,
    )


def held_at(fit: CoxResult, column: str, value: float) -> CoxResult:
    """The same model with one log hazard ratio held at a value, its baseline refitted to it."""
    params = fit.params.copy()
    params[column] = value
    return dataclasses.replace(
        fit, params=params, fitted=fit.design.evaluate(params.to_numpy() * fit.design.scale)
    )


def mean_months(
    inputs: Inputs, prepared: Prepared, fit: CoxResult, month: float
) -> tuple[float, pd.DataFrame]:
    """Mean months of war within the horizon if troops come in a month, and the survival curve.

    The effect begins after the lag of the primary.
    """
    lag = days_of(inputs.spec.exposure.lag_months)
    at = month * DAYS_PER_MONTH + lag if math.isfinite(month) else math.inf
    units = prepared.rows.drop_duplicates("unit_id")
    found = standardize(
        fit, units, {prepared.column: switches_on(at)},
        horizon=inputs.study.horizon_months * DAYS_PER_MONTH,
        strata=list(prepared.strata) or None,
    )
    return found.rmst / DAYS_PER_MONTH, found.curve


@part_of_primary
def cost_of_delay(context: Context, primary: Estimate) -> Part:
    """Months of war per year of delay, and survival under early, late and no deployment."""
    found = months_per_year(context.inputs, context.prepared, primary)
    return Part(
        [found], strategy_curves(context.inputs, context.prepared),
        {
            "cost.months": wording.number(found.estimate, 1),
            "cost.ci": wording.interval(found.ci_low, found.ci_high, 1),
            "cost.horizon": str(context.inputs.study.horizon_months),
        },
    )


def months_per_year(inputs: Inputs, prepared: Prepared, primary: Estimate) -> Estimate:
    """Months of war per year of delay, with the limits that the primary's interval implies.

    The interval excludes zero exactly when the primary's excludes a hazard ratio of one.
    """
    base = dataclasses.replace(
        primary, estimate_id=f"{inputs.spec.hypothesis}.cost_of_delay", role="secondary",
        estimand="months_per_year_of_delay", std_error=math.nan, cluster_low=math.nan,
        cluster_high=math.nan, mde_low=math.nan, mde_high=math.nan, null_rejection=math.nan,
        null_draws=0, label=f"Cost of delay: months of war, month {LATE_MONTH} against month "
        f"{EARLY_MONTH}",
    )
    try:
        fit = fitted(inputs, prepared)
    except EstimationError as error:
        nothing: dict[str, Any] = dict.fromkeys(
            ("estimate", "ci_low", "ci_high", "p_value"), math.nan
        )
        return dataclasses.replace(base, **nothing, note=f"Not estimable: {error}")

    def cost(hazard_ratio: float) -> float:
        if not (math.isfinite(hazard_ratio) and hazard_ratio > 0):
            return math.nan
        held = held_at(fit, prepared.column, math.log(hazard_ratio))
        late, _ = mean_months(inputs, prepared, held, LATE_MONTH)
        early, _ = mean_months(inputs, prepared, held, EARLY_MONTH)
        return late - early

    return dataclasses.replace(
        base, estimate=cost(primary.estimate), ci_low=cost(primary.ci_low),
        ci_high=cost(primary.ci_high),
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
        _, curve = mean_months(inputs, prepared, fit, month)
        steps = np.r_[1.0, curve["survival"].to_numpy()]
        place = np.searchsorted(curve["time"].to_numpy(), months * DAYS_PER_MONTH, side="right")
        made.append(pd.DataFrame({
            "curve": "standardized_survival", "group": name, "time_months": months,
            "estimate": steps[place], "ci_low": np.nan, "ci_high": np.nan, "at_risk": np.nan,
        }))
    return pd.concat(made, ignore_index=True)[columns]
