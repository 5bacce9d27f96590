"""Restricted mean survival time: the area under a survival curve up to a horizon."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import Names, WeightKind, as_frame, codes, indicator
from riskset.errors import EstimationError, check_positive, listed
from riskset.nonparametric.event_sample import EventSample, per_event
from riskset.nonparametric.kaplan_meier import survival_of
from riskset.results import ScalarEstimate


def rmst(
    data: pd.DataFrame,
    *,
    horizon: float,
    start: str | None = None,
    stop: str,
    event: str,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    cluster: Names | None = None,
    unit: Names | None = None,
) -> ScalarEstimate:
    """Estimate the mean time survived within a horizon.

    Parameters
    ----------
    data, start, stop, event, weights, weight_kind, cluster, unit
        As in `kaplan_meier`.
    horizon : float
        End of the window, in the unit of ``stop``. Time runs from zero; survival is one until the
        first entry.

    Returns
    -------
    Estimate

    Raises
    ------
    EstimationError
        The horizon lies beyond the last follow-up while survival is above zero.

    Notes
    -----
    ``μ = ∫₀^τ S(t) dt`` with variance ``Σ_k A_k² d_k / {n_k (n_k − d_k)}``, ``A_k`` the area under
    the curve from ``t_k`` to τ; with clusters the sum of their squared influence [1]_.

    References
    ----------
    .. [1] Royston, P., & Parmar, M. K. B. (2013). Restricted mean survival time: an alternative to
       the hazard ratio. BMC Medical Research Methodology 13, 152.
       https://doi.org/10.1186/1471-2288-13-152
    """
    data = as_frame(data)
    sample = EventSample.from_frame(
        data,
        indicator(data, event),
        start=start,
        stop=stop,
        weights=weights,
        weight_kind=weight_kind,
        cluster=cluster,
        unit=unit,
    )
    mean, spread, influence = restricted_mean(sample, horizon)
    if influence is not None:
        spread = float((influence**2).sum())
    return ScalarEstimate(mean, float(np.sqrt(spread)), "restricted mean")


def rmst_difference(
    data: pd.DataFrame,
    *,
    by: str,
    horizon: float,
    start: str | None = None,
    stop: str,
    event: str,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    cluster: Names | None = None,
    unit: Names | None = None,
) -> ScalarEstimate:
    """Estimate the difference in restricted mean between two groups, second less first.

    Parameters
    ----------
    by : str
        Column with two values; the larger one is the second group.
    data, horizon, start, stop, event, weights, weight_kind, cluster, unit
        As in `rmst`. Clusters may have rows in both groups; their covariance is allowed for.

    Returns
    -------
    Estimate
    """
    data = as_frame(data)
    groups, labels = codes(data, by)
    if len(labels) != 2:
        raise EstimationError(f"{by!r} must hold two groups, not {len(labels)}: {listed(labels)}")
    means, spreads, influences = [], [], []
    for code in (0, 1):
        part = data[groups == code]
        sample = EventSample.from_frame(
            part,
            indicator(part, event),
            start=start,
            stop=stop,
            weights=weights,
            weight_kind=weight_kind,
            cluster=cluster,
            unit=unit,
        )
        mean, spread, influence = restricted_mean(sample, horizon)
        means.append(mean)
        spreads.append(spread)
        if influence is not None and sample.cluster_labels is not None:
            influences.append(pd.Series(influence, index=sample.cluster_labels))
    label = "difference of restricted means"
    if influences:
        joint = influences[1].sub(influences[0], fill_value=0.0)
        return ScalarEstimate(means[1] - means[0], float(np.sqrt((joint**2).sum())), label)
    return ScalarEstimate(means[1] - means[0], float(np.sqrt(sum(spreads))), label)


def restricted_mean(sample: EventSample, horizon: float) -> tuple[float, float, Floats | None]:
    """Return the mean, Greenwood's variance of it, and each cluster's influence, shape (g,)."""
    at_risk, events = sample.at_risk(), sample.events()
    survival = survival_of(sample)
    horizon = check_positive(horizon, "the horizon")
    if horizon > sample.end and survival[-1] > 0:
        raise EstimationError(
            f"the horizon {horizon:g} lies beyond the last follow-up ({sample.end:g}) with "
            f"survival at {survival[-1]:.3g}; choose a horizon within it"
        )
    area = area_to(horizon, sample.sets.time, survival)
    remaining = sample.remaining()
    spread = float((area[1:] ** 2 * per_event(events, at_risk * remaining)).sum())
    if sample.cluster is None:
        return float(area[0]), spread, None
    excess = sample.excess(events / at_risk)
    return (
        float(area[0]),
        spread,
        -excess @ (area[1:] * per_event(np.ones_like(remaining), remaining)),
    )


def area_to(horizon: float, times: Floats, survival: Floats) -> Floats:
    """Return the area under a step curve from zero and from each step to the horizon.

    Parameters
    ----------
    horizon : float
    times : ndarray, shape (k,)
        Steps in increasing order.
    survival : ndarray, shape (k,)
        Value from each step on; one before the first.

    Returns
    -------
    ndarray, shape (k + 1,)
        First the whole area, then that from each step.
    """
    edges = np.clip(np.concatenate(([0.0], times, [horizon])), 0.0, horizon)
    areas = np.diff(edges) * np.concatenate(([1.0], survival))
    return np.cumsum(areas[::-1])[::-1]
