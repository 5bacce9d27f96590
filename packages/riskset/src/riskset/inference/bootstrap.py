"""Cluster bootstrap with frequency weights, for any estimator that takes weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.errors import EstimationError, InferenceError, check_level
from riskset.inference.reference_distribution import critical_values, equal_tailed_p_values

#: Takes frequency weights, shape (n_rows,), and returns estimates, shape (p,), or estimates above
#: their standard errors, shape (2, p).
WeightedFit = Callable[[Floats], npt.ArrayLike]
#: Draws whose weights are held at a time.
AT_ONCE = 256


@runtime_checkable
class ManyWeightedFits(Protocol):
    """A fit that gives several draws at once, with the digits that each has alone."""

    def each(self, weights: Floats) -> Floats:
        """Estimates, shape (g, p), under weights, shape (g, n); NaN where one is asked alone."""


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """Two-sided interval for each of ``p`` estimates, and the p-values that agree with it.

    Attributes
    ----------
    low, high : ndarray of float, shape (p,)
    p_value : ndarray of float, shape (p,)
        Of the value 0, equal-tailed, with the +1 rule: below ``1 - level`` exactly where
        the interval excludes 0.
    """

    low: Floats
    high: Floats
    p_value: Floats


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """Estimates with bootstrap intervals.

    Attributes
    ----------
    estimate : ndarray of float, shape (p,)
        On the sample itself.
    std_error : ndarray of float, shape (p,)
        Standard deviation of the estimates over the draws that succeeded.
    percentile, basic : BootstrapInterval
    studentized : BootstrapInterval or None
        Only where the fit returns standard errors.
    level : float
    estimates : ndarray of float, shape (draws - failures, p)
        Estimates of the draws that succeeded.
    draws : int
    failures : int
        Draws whose fit raised an error or returned a value that is not finite.
    failure_reasons : tuple of (str, int)
        Each reason and its number of draws, most frequent first.
    n_clusters : int
    """

    estimate: Floats
    std_error: Floats
    percentile: BootstrapInterval
    basic: BootstrapInterval
    studentized: BootstrapInterval | None
    level: float
    estimates: Floats
    draws: int
    failures: int
    failure_reasons: tuple[tuple[str, int], ...]
    n_clusters: int

    def percentile_at(self, level: float) -> BootstrapInterval:
        """The percentile interval at another level, from the same draws."""
        return _interval(self.estimates, 1 - check_level(level, InferenceError))


def cluster_bootstrap(
    fit: WeightedFit,
    cluster: npt.ArrayLike,
    *,
    draws: int,
    level: float,
    seed: int | np.random.SeedSequence | np.random.Generator,
) -> BootstrapResult:
    r"""Resample whole clusters and refit.

    Parameters
    ----------
    fit : callable
        ``fit(weights)`` with frequency weights per row, shape (n_rows,), returns estimates,
        shape (p,), or estimates and standard errors, shape (2, p). It must treat a weight of 2
        as two equal rows and a weight of 0 as no row. One of `ManyWeightedFits` is asked for
        many draws at once.
    cluster : array_like, shape (n_rows,)
        Cluster of each row.
    draws : int
    level : float
        Level of the intervals, in (0, 1).
    seed : int, SeedSequence or Generator

    Returns
    -------
    BootstrapResult

    Raises
    ------
    InferenceError
        With a missing cluster, fewer than two clusters, too few successful draws for the level,
        or a fit on the sample itself that is not finite.

    Notes
    -----
    Each draw picks as many clusters as there are, with replacement, and weights each row by the
    times its cluster was picked: the same as copying rows, without copying. With
    :math:`\hat\theta` the estimate and :math:`\theta^*_b` the redrawn ones, the intervals hold
    the :math:`\theta` that are not outside

    - percentile: the quantiles of :math:`\theta^*`;
    - basic: the quantiles of :math:`2\hat\theta - \theta^*`;
    - studentized: the quantiles of
      :math:`\hat\theta - \hat\sigma\,(\theta^* - \hat\theta)/\sigma^*`.

    A draw that cannot be fitted (an exposure without events, say) is counted, not replaced. Where
    failures are frequent the interval describes the draws in which the estimate exists.

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). *Bootstrap Methods and their Application*, ch. 2, 5.
    Cambridge University Press. doi:10.1017/CBO9780511802843

    Field, C. A. & Welsh, A. H. (2007). Bootstrapping clustered data. *Journal of the Royal
    Statistical Society B*, 69(3), 369–390. doi:10.1111/j.1467-9868.2007.00593.x

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 3.0, 4.0])
    >>> result = cluster_bootstrap(
    ...     lambda w: np.atleast_1d(np.average(values, weights=w)), [1, 1, 2, 2],
    ...     draws=199, level=0.9, seed=1,
    ... )
    >>> result.percentile.low.tolist(), result.percentile.high.tolist()
    ([1.5], [3.5])
    """
    check_level(level, InferenceError)
    code, n_clusters = cluster_code(cluster)
    if n_clusters < 2:
        raise InferenceError("A cluster bootstrap needs at least two clusters.")
    rng = np.random.default_rng(seed)
    sample = np.asarray(fit(np.ones(code.size)), dtype=np.float64)
    if not np.all(np.isfinite(sample)):
        raise InferenceError("The estimate on the sample itself is not finite.")
    fits: list[Floats] = []
    reasons: dict[str, int] = {}
    for weights, known in _draws(fit, code, n_clusters, draws, rng):
        try:
            drawn = np.asarray(fit(weights) if known is None else known, dtype=np.float64)
        except (EstimationError, InferenceError, np.linalg.LinAlgError) as error:
            reasons[str(error)] = reasons.get(str(error), 0) + 1
            continue
        if np.all(np.isfinite(drawn)):
            fits.append(drawn)
        else:
            reasons["not finite"] = reasons.get("not finite", 0) + 1
    if len(fits) < 2:
        raise InferenceError(f"{draws - len(fits)} of {draws} bootstrap fits failed: {reasons}.")
    redrawn = np.stack(fits)
    with_errors = sample.ndim == 2
    estimate = sample[0] if with_errors else sample
    estimates = redrawn[:, 0] if with_errors else redrawn
    studentized = None
    if with_errors:
        ratio = sample[1] / redrawn[:, 1]
        studentized = _interval(estimate - (estimates - estimate) * ratio, 1 - level)
    return BootstrapResult(
        estimate=estimate,
        std_error=estimates.std(axis=0, ddof=1),
        percentile=_interval(estimates, 1 - level),
        basic=_interval(2 * estimate - estimates, 1 - level),
        studentized=studentized,
        level=level,
        estimates=estimates,
        draws=draws,
        failures=draws - len(fits),
        failure_reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        n_clusters=n_clusters,
    )


def cluster_code(cluster: npt.ArrayLike) -> tuple[Integers, int]:
    """Number clusters in the order of their labels, shape (n,), and count them.

    Raises
    ------
    InferenceError
        A row has no cluster.
    """
    labels = np.asarray(cluster)
    if (bad := np.flatnonzero(pd.isna(labels))).size:
        raise InferenceError(
            f"the cluster is missing in {bad.size} rows, first in that at position {bad[0]}: they "
            "are not one cluster; give each its own, or drop them and count them as attrition"
        )
    names, code = np.unique(labels, return_inverse=True)
    return code.astype(np.int64), int(names.size)


def _draws(
    fit: WeightedFit, code: Integers, n_clusters: int, draws: int, rng: np.random.Generator
) -> Iterator[tuple[Floats, Floats | None]]:
    """The weights of each draw, and its estimates where they are made together with others."""
    for begin in range(0, draws, AT_ONCE):
        picked = [
            np.bincount(rng.integers(0, n_clusters, n_clusters), minlength=n_clusters)
            for _ in range(begin, min(begin + AT_ONCE, draws))
        ]
        if not isinstance(fit, ManyWeightedFits):
            yield from ((times.astype(np.float64)[code], None) for times in picked)
            continue
        weights = np.array(picked, dtype=np.float64)[:, code]
        for one, known in zip(weights, fit.each(weights), strict=True):
            yield one, known if np.isfinite(known).all() else None


def _interval(values: Floats, alpha: float) -> BootstrapInterval:
    bounds = np.array([critical_values(column, alpha) for column in values.T])
    p_values = [equal_tailed_p_values(np.zeros(1), column)[0] for column in values.T]
    return BootstrapInterval(bounds[:, 0], bounds[:, 1], np.array(p_values))
