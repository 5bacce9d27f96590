"""Comparisons with dependent units: a cluster-jackknife interval, the sandwich interval beside it.

Votes on one conflict, or wars of one country, are no independent cases. Where so few ends lie
behind a number that one or two wars make it, there is no number but the counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from collsec.designs.estimate import Estimate
from collsec.designs.parts import without_estimate
from collsec.designs.sandwich import refit_without
from collsec.survival import CoxDesign, EstimationError, cox_ph
from collsec.survival.inference import (
    InferenceError,
    JackknifeResult,
    cluster_jackknife,
    minimum_detectable_effect,
)

# Ends, on either side of a yes-or-no comparison, and clusters below which it rests on single wars.
FEWEST_ENDS = 3
FEWEST_CLUSTERS = 3

Refit = Callable[[np.ndarray], float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared on ``(start, stop]`` rows.

    Attributes
    ----------
    rows : DataFrame
        ``start, stop, event``, the columns below, and the unit's own key.
    column : str
        The covariate in question; yes or no, or in degrees.
    adjustment, strata : tuple of str
    cluster : str
        Column of dependent rows: that of the jackknife.
    unit : str
        Column of the units counted.
    beside : str
        Column of the clusters of the sandwich interval shown beside; those of the jackknife where
        it is empty.
    """

    rows: pd.DataFrame
    column: str
    adjustment: tuple[str, ...] = field(default=())
    strata: tuple[str, ...] = field(default=())
    cluster: str = "gwno_host"
    unit: str = "unit_id"
    beside: str = ""

    @property
    def covariates(self) -> list[str]:
        """Column in question first, then the adjustment."""
        return [self.column, *self.adjustment]

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the column in question holds nothing but 0 and 1."""
        return bool(self.rows[self.column].isin([0, 1]).all())


def counts(comparison: Comparison) -> dict[str, int]:
    """Counts that stand beside an estimate; a covariate in degrees exposes every unit."""
    rows, unit, cluster = comparison.rows, comparison.unit, comparison.cluster
    exposed = rows[comparison.column] > 0
    if not comparison.is_yes_or_no:
        exposed = pd.Series(True, index=rows.index)
    ends = rows["event"].astype(bool)
    return {
        "nobs": len(rows),
        "n_units": int(rows[unit].nunique()),
        "n_events": int(ends.sum()),
        "n_clusters": int(rows[cluster].nunique()),
        "exposed_units": int(rows.loc[exposed, unit].nunique()),
        "exposed_ends": int((ends & exposed).sum()),
        "exposed_clusters": int(rows.loc[exposed, cluster].nunique()),
    }


def too_thin(comparison: Comparison) -> str:
    """Why there are too few ends for a number; empty where there are enough."""
    found = counts(comparison)
    others = found["n_events"] - found["exposed_ends"] if comparison.is_yes_or_no else math.inf
    if found["exposed_ends"] < FEWEST_ENDS or found["exposed_clusters"] < FEWEST_CLUSTERS:
        return (
            f"{found['exposed_ends']} ends while exposed, {found['exposed_clusters']} clusters "
            f"exposed; at least {FEWEST_ENDS} and {FEWEST_CLUSTERS} are asked for"
        )
    if others < FEWEST_ENDS:
        return f"{others} ends while not exposed; at least {FEWEST_ENDS} are asked for"
    return ""


def hazard_ratio(comparison: Comparison, *, level: float, power: float, **known: Any) -> Estimate:
    """Hazard ratio of the column in question, or the counts and why there is no number.

    Parameters
    ----------
    comparison : Comparison
    level : float
        Confidence level.
    power : float
        Power at which an effect counts as detectable.
    **known
        The other fields of :class:`~collsec.designs.estimate.Estimate`.
    """
    common: dict[str, Any] = (
        {"estimand": "hazard_ratio", "inference": "cluster_jackknife", "ci_level": level}
        | known
        | counts(comparison)
    )
    reason = too_thin(comparison)
    if reason:
        return Estimate(**common, **without_estimate(reason))
    try:
        fit = cox_ph(
            comparison.rows,
            comparison.covariates,
            start="start",
            stop="stop",
            event="event",
            strata=list(comparison.strata) or None,
            cluster=comparison.beside or comparison.cluster,
        )
        found = jackknife(cox_refit(comparison), comparison.rows[comparison.cluster], level)
    except (EstimationError, InferenceError) as error:
        return Estimate(**common, **without_estimate(error))
    half = float(stats.norm.ppf(0.5 + level / 2)) * float(fit.std_errors[comparison.column])
    mde = minimum_detectable_effect(found.std_error, alpha=1 - level, power=power)
    return Estimate(
        **common,
        estimate=math.exp(found.estimate),
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
        p_value=found.p_value,
        std_error=found.std_error,
        cluster_low=math.exp(found.estimate - half),
        cluster_high=math.exp(found.estimate + half),
        mde_low=mde.low,
        mde_high=mde.high,
    )


def cox_refit(comparison: Comparison) -> Refit:
    """A refit of the log hazard ratio in question on the rows kept."""
    return refit_without(
        CoxDesign.from_frame(
            comparison.rows,
            comparison.covariates,
            start="start",
            stop="stop",
            event="event",
            strata=list(comparison.strata) or None,
        )
    )


def jackknife(refit: Refit, cluster: pd.Series, level: float) -> JackknifeResult:
    """The cluster jackknife, where no single cluster carries the whole comparison.

    Raises
    ------
    EstimationError
        If nothing is left to compare without one of the clusters.
    """
    found = cluster_jackknife(refit, cluster.to_numpy(), level=level)
    if found.influence.not_estimable:
        alone = ", ".join(str(c) for c in found.influence.not_estimable)
        raise EstimationError(f"without cluster {alone} there is nothing left to compare")
    return found


def difference(
    rows: pd.DataFrame, refit: Refit, *, cluster: str, level: float, **known: Any
) -> Estimate:
    """An estimate on a scale of its own (a difference in months or in probability).

    Parameters
    ----------
    rows : DataFrame
        Rows that ``refit`` takes a mask of.
    refit : callable
        ``refit(kept)`` returns the difference on the rows kept.
    cluster : str
    level : float
    **known
        The other fields of :class:`~collsec.designs.estimate.Estimate`, counts among them.
    """
    common: dict[str, Any] = {"inference": "cluster_jackknife", "ci_level": level} | known
    try:
        found = jackknife(refit, rows[cluster], level)
    except (EstimationError, InferenceError) as error:
        return Estimate(**common, **without_estimate(error))
    return Estimate(
        **common,
        estimate=found.estimate,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        std_error=found.std_error,
    )


def least_squares(rows: pd.DataFrame, outcome: str, column: str, beside: list[str]) -> Refit:
    """A refit of the coefficient of ``column`` in a linear regression with an intercept.

    Raises
    ------
    EstimationError
        On refitting, if the column does not vary beside the others.
    """
    y = rows[outcome].to_numpy(float)
    x = np.column_stack(
        [
            rows[column].to_numpy(float),
            np.ones(len(rows)),
            *(rows[name].to_numpy(float) for name in beside),
        ]
    )

    def refit(kept: np.ndarray) -> float:
        others, own = x[kept, 1:], x[kept, 0]
        # The part of the column that the others do not explain (Frisch, Waugh and Lovell).
        rest = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
        size = float(rest @ rest)
        if size <= 1e-10 * max(1.0, float(own @ own)):
            raise EstimationError(f"{column!r} does not vary beside {', '.join(beside)}")
        return float(rest @ y[kept] / size)

    return refit
