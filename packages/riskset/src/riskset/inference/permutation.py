"""A hazard ratio of a fixed exposure, tested by exchanging the exposure among units."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from riskset.arrays import Floats, Integers
from riskset.errors import InferenceError, check_level
from riskset.inference.event_counts import event_counts, float_array
from riskset.inference.reference_distribution import (
    OPEN,
    Maxima,
    maximize_effects,
    tie_width,
    with_ties,
)

#: A spread below this fraction of the largest exposure is rounding.
LEAST_SPREAD = 1e-8


@dataclass(frozen=True, slots=True)
class PermutedEffect:
    """A Cox log hazard ratio with permutation inference.

    Attributes
    ----------
    estimate : float
        Log hazard ratio per unit of the exposure, ties after Efron; infinite where the partial
        likelihood keeps rising.
    statistic : float
        Likelihood-ratio statistic of no effect.
    p_value : float
        Share of arrangements with a statistic as large.
    ci_low, ci_high : float
        Limits of the log hazard ratio; may be infinite.
    critical : float
        Largest statistic that does not reject; infinite where no arrangement is rare enough.
    information : float
        At no effect.
    arrangements : int
        How many arrangements of the exposure the reference holds.
    is_exact : bool
        Whether these are all that there are, each once.
    """

    estimate: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    critical: float
    information: float
    arrangements: int
    is_exact: bool


def permuted_effect(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    strata: npt.ArrayLike,
    group: npt.ArrayLike,
    draws: int,
    level: float,
    seed: int,
) -> PermutedEffect:
    r"""Estimate the effect of an exposure that is fixed at time zero.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        Follow-up from time zero, positive.
    event : array_like of bool, shape (n,)
    exposure : array_like of float, shape (n,)
        Yes or no, or a dose.
    strata : array_like of int, shape (n,)
        Each has a baseline of its own, and keeps its own exposures.
    group : array_like of int, shape (n,)
        Units that received one and the same exposure, and exchange it together.
    draws : int
        If there are no more arrangements than this, all are enumerated; otherwise so many are
        drawn.
    level : float
        Level of the interval, in (0, 1).
    seed : int

    Returns
    -------
    PermutedEffect

    Raises
    ------
    InferenceError
        If the exposure does not vary within any stratum while a unit is at risk at an event, if it
        differs within a group, or if a group lies in two strata.

    Notes
    -----
    With :math:`\ell` the log partial likelihood, the statistic of an effect :math:`\theta` is
    :math:`2\{\ell(\hat\theta) - \ell(\theta)\}`. Under no effect, and if any group of a stratum
    might as well have received any other's exposure, the observed arrangement is a draw from all
    of them: the p-value is exact. The interval holds every :math:`\theta` whose statistic does not
    exceed the critical value at no effect.

    References
    ----------
    Fisher, R. A. (1935). *The Design of Experiments*, ch. 2. Oliver & Boyd.

    Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero. *Statistical
    Applications in Genetics and Molecular Biology*, 9(1), 39. doi:10.2202/1544-6115.1585
    """
    check_level(level, InferenceError)
    stop, ended = float_array(time, "Times"), float_array(event, "Events") == 1
    x = float_array(exposure, "Exposures")
    stratum, owner = (np.asarray(v, dtype=np.int64) for v in (strata, group))
    if not (np.isfinite(stop).all() and np.isfinite(x).all()):
        raise InferenceError("A follow-up or an exposure is missing or infinite.")
    groups, member = np.unique(owner, return_inverse=True)
    first = np.array([np.flatnonzero(member == g)[0] for g in range(groups.size)], dtype=np.int64)
    if (x != x[first][member]).any() or (stratum != stratum[first][member]).any():
        raise InferenceError("Units of one group must share its exposure and its stratum.")
    if not ended.any():
        raise InferenceError("No unit has the event: there is nothing to compare.")
    likelihood = _FixedLikelihood.of(stop, ended, stratum)
    values, of_stratum = x[first], stratum[first]
    number = _arrangements(values, of_stratum)
    is_exact = number <= draws
    drawn = (
        np.array(list(_every(values, of_stratum)))
        if is_exact
        else _some(values, of_stratum, draws, np.random.default_rng(seed))
    )
    with np.errstate(over="ignore", invalid="ignore"):
        scale, largest = float(x.std()), float(np.abs(x).max(initial=0.0))
    if not np.isfinite(scale):
        raise InferenceError(f"Exposures reach {largest:.3g}, beyond what can be squared.")
    if scale <= LEAST_SPREAD * largest:
        raise InferenceError("The exposure does not vary among units at risk at any event.")
    own = likelihood.statistics(x[None, :] / scale)
    if own.information <= 0:
        raise InferenceError("The exposure does not vary among units at risk at any event.")
    statistic = float(own.statistic[0])
    reference = with_ties(likelihood.statistics(drawn[:, member] / scale).statistic, statistic)
    as_large = int(np.count_nonzero(reference >= statistic))
    # Among draws the observed arrangement itself counts as one more.
    size, count = (number, as_large) if is_exact else (draws + 1, as_large + 1)
    critical = _critical(
        reference, int(np.floor(size * (1.0 - level) + 1e-9)) - (0 if is_exact else 1)
    )

    def lost(value: float) -> float:
        return float(own.best[0] - likelihood.at(x[None, :] / scale, np.array([value]))[0][0]) * 2

    effect = float(own.effect[0])
    return PermutedEffect(
        estimate=_finite(effect) / scale,
        statistic=statistic,
        p_value=count / size,
        ci_low=_limit(lost, effect, critical, -1.0) / scale,
        ci_high=_limit(lost, effect, critical, 1.0) / scale,
        critical=critical,
        information=float(own.information[0]) * scale**2,
        arrangements=number if is_exact else draws,
        is_exact=is_exact,
    )


def _critical(reference: Floats, rejecting: int) -> float:
    """Return the largest statistic that is not among the so many largest, ties kept together."""
    if rejecting < 1:
        return np.inf
    cut = float(np.sort(reference)[-rejecting])
    is_rejected = reference >= cut - tie_width(cut)
    if np.count_nonzero(is_rejected) > rejecting:
        is_rejected = reference > cut + tie_width(cut)
    return float(reference[~is_rejected].max()) if is_rejected.any() else np.inf


def _finite(effect: float) -> float:
    return effect if abs(effect) < OPEN - 1 else math.copysign(math.inf, effect)


def _limit(lost: Callable[[float], float], effect: float, critical: float, side: float) -> float:
    """Return the effect on one side of the maximum at which the statistic is critical."""
    border = side * (OPEN - 1)
    if (effect - border) * side >= 0 or lost(border) < critical:
        return side * math.inf
    return float(scipy.optimize.brentq(lambda v: lost(v) - critical, effect, border, xtol=1e-7))


def _arrangements(values: Floats, stratum: Integers) -> int:
    """Return the number of distinct arrangements of values within strata."""
    number = 1
    for code in np.unique(stratum):
        _, times = np.unique(values[stratum == code], return_counts=True)
        number *= math.factorial(int(times.sum())) // math.prod(math.factorial(t) for t in times)
    return number


def _every(values: Floats, stratum: Integers) -> Iterator[Floats]:
    """Yield every distinct arrangement once."""
    places = [np.flatnonzero(stratum == code) for code in np.unique(stratum)]
    for chosen in itertools.product(*(list(_distinct(values[p])) for p in places)):
        out = np.empty_like(values)
        for place, arranged in zip(places, chosen, strict=True):
            out[place] = arranged
        yield out


def _distinct(values: Floats) -> Iterator[Floats]:
    """Yield the distinct orders of some values: where the rarest goes, then the others."""
    kinds, times = np.unique(values, return_counts=True)
    if kinds.size <= 1:
        yield values.copy()
        return
    rare = int(np.argmin(times))
    rest = np.delete(values, np.flatnonzero(values == kinds[rare]))
    for places in itertools.combinations(range(values.size), int(times[rare])):
        for others in _distinct(rest):
            yield np.insert(others, np.array(places) - np.arange(len(places)), kinds[rare])


def _some(values: Floats, stratum: Integers, draws: int, rng: np.random.Generator) -> Floats:
    """Draw arrangements of values within strata, shape (draws, n)."""
    out = np.tile(values, (draws, 1))
    for code in np.unique(stratum):
        place = np.flatnonzero(stratum == code)
        out[:, place] = rng.permuted(out[:, place], axis=1)
    return out


@dataclass(frozen=True, slots=True)
class _FixedLikelihood:
    """Who is at risk at each event, and who has it: the partial likelihood of any one exposure.

    Attributes
    ----------
    weight : ndarray of float, shape (n, n_terms)
        How much each unit counts among those at risk in each term of Efron's sum.
    events : ndarray of float, shape (n,)
    """

    weight: Floats
    events: Floats

    @classmethod
    def of(cls, stop: Floats, ended: npt.NDArray[np.bool_], stratum: Integers) -> _FixedLikelihood:
        totals = event_counts(np.zeros_like(stop), stop, ended, stratum)
        count = totals.events.astype(np.int64)
        row = np.repeat(np.arange(count.size), count)
        fraction = (np.arange(row.size) - (np.cumsum(count) - count)[row]) / totals.events[row]
        same = stratum[:, None] == totals.stratum[row]
        at_risk = same & (stop[:, None] >= totals.time[row])
        fails = same & (stop[:, None] == totals.time[row]) & ended[:, None]
        return cls(at_risk - fraction * fails, ended.astype(np.float64))

    def at(self, x: Floats, beta: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log likelihood, score and information at ``beta``, shape (draws,) each."""
        relative = np.exp(beta[:, None] * x)
        total = relative @ self.weight
        mean = (relative * x) @ self.weight / total
        square = (relative * x**2) @ self.weight / total
        loglik = beta * (x @ self.events) - np.log(total).sum(axis=1)
        return loglik, x @ self.events - mean.sum(axis=1), (square - mean**2).sum(axis=1)

    def statistics(self, x: Floats) -> Maxima:
        """Maximize over the effect of each arrangement."""
        return maximize_effects(lambda effect: self.at(x, effect), len(x))
