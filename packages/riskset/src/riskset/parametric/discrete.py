"""Discrete-time hazard: one row per unit and period at risk, with duration dependence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from riskset.columns import Names, as_frame, indicator, numbers, row_label
from riskset.errors import EstimationError
from riskset.formulas import covariates_of
from riskset.parametric.discrete_result import (
    DEGREE,
    Dependence,
    DiscreteHazardResult,
    DurationDependence,
)
from riskset.regression.generalized_linear import fit_binary
from riskset.splines import KNOT_QUANTILES
from riskset.times import Spells, require_last_events, require_no_overlap, tie_width


def discrete_hazard(
    data: pd.DataFrame,
    covariates: Names,
    *,
    duration: str,
    event: str,
    link: Literal["cloglog", "logit"] = "cloglog",
    dependence: Dependence = "cubic",
    knots: Sequence[float] | None = None,
    unit: Names | None = None,
    cluster: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> DiscreteHazardResult:
    """Fit a discrete-time hazard model.

    Parameters
    ----------
    data : DataFrame
        One row per unit and period (month) in which the unit was at risk.
    covariates : str or sequence of str
        Numeric columns; intercept and duration terms are added.
    duration : str
        Periods since time zero, 1 in the first.
    event : str
        Column that is 1 in the period of the event.
    link : {"cloglog", "logit"}
        Under ``cloglog`` coefficients are log hazard ratios of a proportional hazards model in
        continuous time observed by periods [1]_; under ``logit`` they are log odds ratios.
    dependence : {"constant", "linear", "quadratic", "cubic", "spline"}
        Polynomial [2]_ or restricted cubic spline of duration.
    knots : sequence of float, optional
        Knots of the spline, three or more; by default the 5th, 35th, 65th and 95th percentiles of
        the event durations.
    unit : str or sequence of str, optional
        Whose row it is: two rows of a unit in one period, or one after its event, are refused.
    cluster : str or sequence of str, optional
        Groups of dependent rows. (Rows of one unit with one event need no clustering as such.)
    weights : str, optional
        Column of case weights; errors are then only right with ``cluster``.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does.

    Returns
    -------
    DiscreteHazardResult

    Raises
    ------
    EstimationError
        A duration below 1; missing values; collinear or separating covariates.

    References
    ----------
    .. [1] Prentice, R. L., & Gloeckler, L. A. (1978). Regression analysis of grouped survival data.
       Biometrics 34, 57–67. https://doi.org/10.2307/2529588
    .. [2] Carter, D. B., & Signorino, C. S. (2010). Back to the future: modeling time dependence in
       binary data. Political Analysis 18, 271–292. https://doi.org/10.1093/pan/mpq013
    """
    data, made = covariates_of(as_frame(data), covariates)
    elapsed = numbers(data, duration)
    bad = np.flatnonzero(elapsed < 1)
    if bad.size:
        at = int(bad[0])
        raise EstimationError(
            f"duration {duration!r} is {elapsed[at]:g} in {row_label(data, at)}; the first period "
            "at risk counts as 1"
        )
    if unit is not None:
        periods = Spells(elapsed - 1, elapsed, tie_width(elapsed))
        require_no_overlap(data, unit, periods)
        require_last_events(data, unit, periods, indicator(data, event))
    if dependence != "spline" and dependence not in DEGREE:
        raise EstimationError(f"dependence must be spline or one of {', '.join(DEGREE)}")
    shape = DurationDependence(dependence, ())
    if dependence == "spline":
        when = elapsed[indicator(data, event)]
        if not when.size:
            raise EstimationError(f"no event: column {event!r} is 0 in all {len(data)} rows")
        chosen = np.quantile(when, KNOT_QUANTILES[4]) if knots is None else np.asarray(knots)
        if len(chosen) < 3 or (np.diff(chosen) <= 0).any():
            raise EstimationError(
                f"a spline needs three or more increasing knots, not {chosen.tolist()}; "
                "give knots= or use a polynomial"
            )
        shape = DurationDependence("spline", tuple(float(k) for k in chosen))
    terms = shape.columns(elapsed)
    clash = [name for name in terms if name in made.names]
    if clash:
        raise EstimationError(f"covariate {clash[0]!r} is the name of a duration term; rename it")
    rows = data.assign(**terms)
    fit = fit_binary(rows, [*terms, *made.names], event, link, cluster, weights, group_debias)
    return DiscreteHazardResult(
        params=fit.params,
        cov=fit.cov,
        fit=fit,
        dependence=shape,
        link=link,
        covariates=made,
        duration=duration,
        longest=float(elapsed.max()),
    )
