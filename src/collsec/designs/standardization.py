"""A hazard ratio translated into mean months of war within a horizon, standardized over units.

Either of two groups (:func:`difference_in_months`, with an error of its own), or of a primary
along paths of its exposure (:func:`in_months`, with the limits that its interval implies).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Scale, without_estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from riskset import CoxResult, EstimationError, StepPath, standardize, switches_on

Values = Mapping[str, float]


def difference_in_months(
    comparison: Comparison,
    one: Values,
    other: Values,
    *,
    horizon_months: int,
    level: float,
    **known: Any,
) -> Estimate:
    """Mean months of war if all units had the values ``one``, less those if all had ``other``.

    The comparison's Cox model, averaged over its units. The error is that of the clusters'
    influence on coefficients, baseline and cohort, referred to Student's t with as many degrees
    of freedom as there are clusters but one.

    Parameters
    ----------
    comparison : Comparison
        Each unit has one row, or covariates that do not change over its rows.
    one, other : mapping of str to float
        Value of each covariate that is set.
    horizon_months : int
    level : float
        Confidence level.
    **known
        The other fields of :class:`~collsec.designs.estimate.Estimate`.
    """
    known = {"estimand": "rmst_difference_months", "inference": "cluster_sandwich"} | known
    known |= comparison.counts()
    reason = comparison.too_thin()
    if reason:
        return Estimate.missing(reason, level=level, **known)
    strata = list(comparison.strata) or None
    units = comparison.rows.drop_duplicates(comparison.unit)
    try:
        fit = comparison.fit(comparison.cluster)
        with_one, with_other = (
            standardize(
                fit,
                units,
                _held(values),
                horizon=horizon_months * DAYS_PER_MONTH,
                strata=strata,
                cluster=comparison.cluster,
            )
            for values in (one, other)
        )
    except EstimationError as error:
        return Estimate.missing(error, level=level, **known)
    found = with_one.minus(with_other)
    return Estimate.from_fit(
        found.estimate / DAYS_PER_MONTH,
        found.std_error / DAYS_PER_MONTH,
        level=level,
        scale=Scale.DIFFERENCE,
        degrees=known["n_clusters"] - 1,
        **known,
    )


def _held(values: Values) -> dict[str, StepPath]:
    return {name: StepPath((), (float(value),)) for name, value in values.items()}


def fitted(inputs: Inputs, prepared: Prepared) -> CoxResult:
    """The primary's Cox model, with its clusters."""
    return Comparison.of(prepared, inputs.spec.cluster).fit(inputs.spec.cluster)


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


def in_months(
    inputs: Inputs,
    prepared: Prepared,
    primary: Estimate,
    contrast: Callable[[CoxResult], float],
    **described: str,
) -> Estimate:
    """A contrast of mean months at the primary's hazard ratio and at the limits of its interval.

    The interval leaves out zero exactly when the primary's leaves out a hazard ratio of one; the
    p-value is the primary's, and not reported twice.
    """
    base = dataclasses.replace(
        primary,
        role=Role.SECONDARY,
        std_error=math.nan,
        cluster_low=math.nan,
        cluster_high=math.nan,
        mde_low=math.nan,
        mde_high=math.nan,
        null_rejection=math.nan,
        null_draws=0,
        centered=math.nan,
        p_value=math.nan,
        low_95=math.nan,
        high_95=math.nan,
        **described,  # type: ignore[arg-type]
    )
    try:
        fit = fitted(inputs, prepared)
    except EstimationError as error:
        return dataclasses.replace(base, **without_estimate(error))

    def at(hazard_ratio: float) -> float:
        if not (math.isfinite(hazard_ratio) and hazard_ratio > 0):
            return math.nan
        return contrast(held_at(fit, prepared.column, math.log(hazard_ratio)))

    limits = [at(primary.ci_low), at(primary.ci_high)]
    usual = [at(primary.low_95), at(primary.high_95)]
    if at(2.0) < 0:  # Months fall as the ratio rises: its upper limit gives the lower one.
        limits.reverse()
        usual.reverse()
    return dataclasses.replace(
        base,
        estimate=at(primary.estimate),
        ci_low=limits[0],
        ci_high=limits[1],
        low_95=usual[0],
        high_95=usual[1],
    )


def strategy_curves(
    inputs: Inputs, prepared: Prepared, paths: Mapping[str, StepPath]
) -> pd.DataFrame:
    """Standardized survival under each path of the exposure, by name, at whole months."""
    try:
        fit = fitted(inputs, prepared)
    except EstimationError:
        return pd.DataFrame(columns=curves.COLUMNS)
    months = curves.whole_months(inputs.study.horizon_months)
    made = []
    for name, path in paths.items():
        _, curve = mean_months(inputs, prepared, fit, path)
        steps = np.r_[1.0, curve["survival"].to_numpy()]
        place = np.searchsorted(curve["time"].to_numpy(), months * DAYS_PER_MONTH, side="right")
        at = pd.DataFrame(
            {"survival": steps[place], "ci_low": np.nan, "ci_high": np.nan, "at_risk": np.nan}
        )
        made.append(curves.family("standardized_survival", name, months, at, "survival"))
    return pd.concat(made, ignore_index=True)[curves.COLUMNS]
