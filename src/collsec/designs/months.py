"""A hazard ratio translated into months: mean months of war within a horizon, standardized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy import stats

from collsec.designs.clustered import Comparison, counts, too_thin
from collsec.designs.estimate import Estimate
from collsec.designs.parts import without_estimate
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.survival import EstimationError, StepPath, cox_ph, standardize

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
    common: dict[str, Any] = (
        {"estimand": "rmst_difference_months", "inference": "cluster_sandwich", "ci_level": level}
        | known
        | counts(comparison)
    )
    reason = too_thin(comparison)
    if reason:
        return Estimate(**common, **without_estimate(reason))
    strata = list(comparison.strata) or None
    units = comparison.rows.drop_duplicates(comparison.unit)
    try:
        fit = cox_ph(
            comparison.rows,
            comparison.covariates,
            start="start",
            stop="stop",
            event="event",
            strata=strata,
            cluster=comparison.cluster,
        )
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
        return Estimate(**common, **without_estimate(error))
    found = with_one.minus(with_other)
    months, spread = found.estimate / DAYS_PER_MONTH, found.std_error / DAYS_PER_MONTH
    degrees = common["n_clusters"] - 1
    half = float(stats.t.ppf(0.5 + level / 2, degrees)) * spread
    return Estimate(
        **common,
        estimate=months,
        ci_low=months - half,
        ci_high=months + half,
        std_error=spread,
        p_value=float(2 * stats.t.sf(abs(months) / spread, degrees)),
    )


def _held(values: Values) -> dict[str, StepPath]:
    return {name: StepPath((), (float(value),)) for name, value in values.items()}


def with_indicators(rows: pd.DataFrame, column: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows with an indicator of each value of a column but the first, and their names.

    A stratum whose follow-up ends before the horizon has no baseline there; as a covariate it
    borrows that of the others.
    """
    names = pd.get_dummies(
        rows[column].astype("category"), prefix=column, drop_first=True, dtype=float
    )
    names = names.loc[:, names.any()]
    return pd.concat([rows, names], axis=1), tuple(names.columns)
