"""Bootstraps by cluster: of rows, for estimators with weights, and of scores of a likelihood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.cox.result import CoxResult
from riskset.errors import EstimationError, InferenceError, check_level
from riskset.inference.few_clusters import ClusteredFit, clusters_of
from riskset.inference.inversion import inverted_interval
from riskset.inference.reference_distribution import critical_values, equal_tailed_p_values
from riskset.regression.fitting import DISPERSION, RegressionResult

#: Takes frequency weights, shape (n_rows,), and returns estimates, shape (p,), or estimates above
#: their standard errors, shape (2, p).
WeightedFit = Callable[[Floats], npt.ArrayLike]
#: Draws whose weights are held at a time.
AT_ONCE = 256
#: Up to so many clusters all 2^G changes of sign are gone through, and nothing is drawn.
ALL_SIGNS = 12
#: Sums of scores this near, relative to the sum of their sizes, differ by rounding alone.
SAME_SUM = 1e-9
#: Standard errors of one of the steps in which an interval is sought; it is open beyond six.
STEP = 4.0


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


@dataclass(frozen=True, slots=True)
class ScoreBootstrap:
    """A test of one coefficient by changing the signs of the scores of clusters.

    Attributes
    ----------
    estimate : float
        The coefficient.
    p_value : float
        Two-sided, of the value that was tested.
    low, high : float
        The values that are not rejected; infinite beyond a log hazard ratio of 6 per standard
        deviation in Cox models, and 24 standard errors from the estimate in others.
    value, level : float
    signs : int
        Changes of sign that were compared: all of them (2^G), or as many as were drawn.
    n_clusters : int
    """

    estimate: float
    p_value: float
    low: float
    high: float
    value: float
    level: float
    signs: int
    n_clusters: int


def score_bootstrap(
    fit: ClusteredFit,
    term: str,
    *,
    value: float = 0.0,
    level: float = 0.95,
    draws: int = 999,
    seed: int | np.random.SeedSequence | np.random.Generator,
    interval: bool = True,
) -> ScoreBootstrap:
    """Test a coefficient where clusters are few, without an error of it.

    Parameters
    ----------
    fit : CoxResult, AftResult, FlexibleParametricResult, DiscreteHazardResult, RegressionResult
        Fitted with ``cluster``, as `cluster_inference` takes it.
    term : str
        Which coefficient.
    value : float
        The value tested.
    level : float
        Of the interval.
    draws : int
        Changes of sign to draw; with 12 clusters or fewer all of them are gone through instead.
    seed : int, SeedSequence or Generator
    interval : bool
        Whether to invert the test; some 50 restricted fits. ``low`` and ``high`` are NaN else.

    Returns
    -------
    ScoreBootstrap

    Raises
    ------
    EstimationError
        The model has no clusters, or no such coefficient; it cannot be estimated with the
        coefficient held fixed.
    InferenceError
        Under six clusters: no change of sign can then be unlikely enough.

    Notes
    -----
    The model is fitted with ``β_j`` held at the value. Of its scores by cluster, ``U_g``, the part
    that the other coefficients explain is taken off, ``S_g = U_gj − I_jk I_kk⁻¹ U_gk``, and
    ``|Σ_g S_g|`` is compared with ``|Σ_g e_g S_g|``, the signs ``e_g`` drawn as −1 or 1 [1]_.
    Dividing by the standard error of each draw would change nothing: all have the same sum of
    squares. The test holds exactly where the ``S_g`` are symmetric about zero [2]_, nearly where
    clusters are alike; the smallest p-value is ``2 / 2^G``.

    References
    ----------
    .. [1] Kline, P., & Santos, A. (2012). A score based approach to wild bootstrap inference.
       Journal of Econometric Methods 1, 23–41. https://doi.org/10.1515/2156-6674.1006
    .. [2] Canay, I. A., Romano, J. P., & Shaikh, A. M. (2017). Randomization tests under an
       approximate symmetry assumption. Econometrica 85, 1013–1030.
       https://doi.org/10.3982/ECTA13081

    Examples
    --------
    >>> from riskset import cox_ph
    >>> wars = pd.DataFrame({"months": range(1, 41), "ended": 1, "country": list(range(20)) * 2})
    >>> wars["aid"] = [0, 1, 1, 0, 1] * 8
    >>> fit = cox_ph(wars, ["aid"], stop="months", event="ended", cluster="country")
    >>> test = score_bootstrap(fit, "aid", seed=1)
    >>> test.low < test.estimate < test.high, test.signs
    (True, 999)
    """
    check_level(level, InferenceError)
    own = clusters_of(fit)
    number = len(own.labels)
    if number < 6:
        raise InferenceError(
            f"{number} clusters have {2**number} changes of sign, so no p-value under "
            f"{2 / 2**number:.3g}: re-randomize the exposure instead (risk_set_rerandomization)"
        )
    if term not in fit.params.index:
        have = ", ".join(map(str, fit.params.index))
        raise EstimationError(f"no coefficient {term!r}; there are: {have}")
    if term == DISPERSION and isinstance(fit, RegressionResult):
        raise EstimationError(
            f"{DISPERSION!r} is bounded by zero, and no coefficient: its scores have no test here"
        )
    j = list(fit.params.index).index(term)
    estimate = float(fit.params.iloc[j])
    if all_signs := number <= ALL_SIGNS:
        signs = np.array(list(product((1.0, -1.0), repeat=number)))
    else:
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), (draws, number))

    def p_value(tested: float) -> float:
        scores = own.held_scores(j, tested)
        reached = abs(scores.sum()) - SAME_SUM * np.abs(scores).sum()
        as_far = int((np.abs(signs @ scores) >= reached).sum())
        return as_far / len(signs) if all_signs else (as_far + 1) / (len(signs) + 1)

    def near(tested: float) -> float:
        try:
            return p_value(tested)
        except EstimationError:  # so far off that the other coefficients have no estimate
            return 0.0

    low = high = float("nan")
    if interval:
        middle, width = _window(fit, j)
        found = inverted_interval(
            lambda steps: near(middle + steps * width),
            (estimate - middle) / width,
            level=level,
            steps=20,
        )
        low, high = middle + found.low * width, middle + found.high * width
    return ScoreBootstrap(
        estimate=estimate,
        p_value=p_value(value),
        low=low,
        high=high,
        value=value,
        level=level,
        signs=len(signs),
        n_clusters=number,
    )


def _window(fit: ClusteredFit, place: int) -> tuple[float, float]:
    """Return about what value an interval is sought, and the width of one of its steps."""
    if isinstance(fit, CoxResult):
        return 0.0, 1 / float(fit.design.scale[place])
    return float(fit.params.iloc[place]), STEP * float(fit.std_errors.iloc[place])
