"""Estimates with cluster-jackknife errors: refitted without each cluster in turn.

Where so few events lie behind a number that one or two wars make it, there is no number but the
counts.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.comparison import Comparison, sandwich_ratio
from collsec.designs.estimate import (
    USUAL,
    Estimate,
    Scale,
    equivalence_level,
    is_usual,
)
from riskset import CoxDesign, EstimationError, wald_interval
from riskset.cox.side_by_side import estimates_under
from riskset.inference import (
    InferenceError,
    JackknifeResult,
    cluster_jackknife,
    minimum_detectable_effect,
)

Refit = Callable[[np.ndarray], float]


class CoxRefits:
    """Refits of the first log hazard ratio on the rows kept, without sorting again.

    A row left out is a row of frequency zero: as a case weight of zero it would still count
    among Efron's ties.
    """

    def __init__(self, design: CoxDesign) -> None:
        self.design, self.start = design, design.estimate()

    def __call__(self, kept: np.ndarray) -> float:
        """The refit on the rows of one mask."""
        drawn = self.design.reweighted(kept.astype(float), "frequency")
        return float(drawn.estimate(self.start)[0])

    def each(self, kept: np.ndarray) -> np.ndarray:
        """The refits on the rows of several masks; NaN where one must be asked for alone."""
        return estimates_under(self.design, kept, self.start)[:, 0]


class CoxResamples:
    """Refits of the first log hazard ratio under frequency weights, as a bootstrap draws them."""

    def __init__(self, design: CoxDesign) -> None:
        self.design, self.start = design, design.estimate()

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """The refit under one set of weights."""
        return self.design.reweighted(weights, "frequency").estimate(self.start)[:1]

    def each(self, weights: np.ndarray) -> np.ndarray:
        """The refits under several sets of weights; NaN where one must be asked for alone."""
        return estimates_under(self.design, weights, self.start)[:, :1]


def with_jackknife(base: Estimate, comparison: Comparison, *, power: float) -> Estimate:
    """A sandwich estimate with the interval of the cluster jackknife, its own kept alongside.

    Conflicts are spread so unevenly over countries that the sandwich rejects too often under
    random ties; the jackknife does not (see the null calibration).

    Raises
    ------
    EstimationError, InferenceError
        If there is no jackknife.
    """
    found = cluster_jackknife(
        CoxRefits(comparison.design()),
        comparison.rows[comparison.cluster].to_numpy(),
        level=base.level,
    )
    detectable = minimum_detectable_effect(found.std_error, alpha=1 - base.level, power=power)
    low_95, high_95 = (math.nan, math.nan) if is_usual(base.level) else usual_limits(found)
    inner = equivalence_limits(found, base.level)
    return dataclasses.replace(
        base,
        inference="cluster_jackknife",
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
        low_95=math.exp(low_95),
        high_95=math.exp(high_95),
        p_value=found.p_value,
        std_error=found.std_error,
        mde_low=detectable.low,
        mde_high=detectable.high,
        equivalence_low=math.exp(inner[0]),
        equivalence_high=math.exp(inner[1]),
    )


def equivalence_limits(found: JackknifeResult, level: float) -> tuple[float, float]:
    """Limits of 1 - 2α by Student's t, where the level of the result is 1 - α."""
    return wald_interval(
        found.estimate, found.std_error, equivalence_level(level), found.degrees_of_freedom
    )


def usual_limits(found: JackknifeResult) -> tuple[float, float]:
    """Limits of 95 % by Student's t, whatever the level of the result's own."""
    return wald_interval(found.estimate, found.std_error, USUAL, found.degrees_of_freedom)


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
    known = {"estimand": comparison.estimand, "inference": "cluster_jackknife"} | known
    known |= comparison.counts() | {"expected_events": comparison.expected()}
    reason = comparison.too_thin()
    if reason:
        return Estimate.missing(reason, level=level, **known)
    try:
        fit = comparison.fit(comparison.alongside or comparison.cluster)
        found = jackknife(
            CoxRefits(comparison.design()), comparison.rows[comparison.cluster], level
        )
    except (EstimationError, InferenceError) as error:
        return Estimate.missing(error, level=level, **known)
    return Estimate.from_fit(
        found.estimate,
        found.std_error,
        level=level,
        limits=(found.ci_low, found.ci_high),
        limits_95=usual_limits(found),
        equivalence=equivalence_limits(found, level),
        p_value=found.p_value,
        power=power,
        sandwich=wald_interval(found.estimate, float(fit.std_errors[comparison.column]), level),
        **known,
    )


def by_method(
    comparison: Comparison, method: str, *, level: float, power: float, **known: Any
) -> Estimate:
    """By the jackknife; by the sandwich where asked, or where there is no jackknife."""
    found = sandwich_ratio(comparison, level=level, power=power, **known)
    if method == "cluster_sandwich" or math.isnan(found.estimate):
        return found
    try:
        return with_jackknife(found, comparison, power=power)
    except (EstimationError, InferenceError) as error:
        return dataclasses.replace(found, note=f"No jackknife: {error}")


def jackknife(refit: Refit, cluster: pd.Series, level: float) -> JackknifeResult:
    """The cluster jackknife, where no single cluster carries the whole comparison.

    Raises
    ------
    EstimationError
        If nothing remains to compare without one of the clusters.
    """
    found = cluster_jackknife(refit, cluster.to_numpy(), level=level)
    if found.influence.not_estimable:
        alone = ", ".join(str(c) for c in found.influence.not_estimable)
        raise EstimationError(f"without cluster {alone} nothing remains to compare")
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
    known = {"inference": "cluster_jackknife"} | known
    try:
        found = jackknife(refit, rows[cluster], level)
    except (EstimationError, InferenceError) as error:
        return Estimate.missing(error, level=level, **known)
    return Estimate.from_fit(
        found.estimate,
        found.std_error,
        level=level,
        scale=Scale.DIFFERENCE,
        limits=(found.ci_low, found.ci_high),
        limits_95=usual_limits(found),
        equivalence=equivalence_limits(found, level),
        p_value=found.p_value,
        **known,
    )
