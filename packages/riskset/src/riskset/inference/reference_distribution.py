"""p-values, critical values, and inverted score intervals from draws of a reference."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from riskset.arrays import Floats, Integers
from riskset.errors import InferenceError, check_alpha
from riskset.inference.assignment import exposed_counts, shared_counts
from riskset.inference.event_counts import EventCounts, studentized_scores
from riskset.inference.exposure_design import ExposureDesign

#: A p-value of exactly 0.05 is not below 0.05, though 1 - 0.95 exceeds 0.05 in binary.
_ROUNDING = 1e-9
#: Statistics nearer than this share of their size (of 1, where that is larger) tie. One arrangement
#: summed in another order, or by another processor, differs in its last digits: by 1e-12 at most.
TIE_TOLERANCE = 1e-9
#: In the search for a limit: a stretch on which score and quantile are the same sum. Wider, and one
#: limit in a hundred would end one step of the search elsewhere.
_STRETCH = 1e-12


def tie_width(statistic: npt.ArrayLike) -> Floats:
    """How far from a statistic a draw may lie and still tie with it.

    Parameters
    ----------
    statistic : array_like of float

    Returns
    -------
    ndarray of float, of the same shape
        ``TIE_TOLERANCE`` of its size, or of 1 where that is larger.
    """
    return TIE_TOLERANCE * np.maximum(1.0, np.abs(np.asarray(statistic, dtype=np.float64)))


def with_ties(reference: Floats, statistic: float) -> Floats:
    """Set the draws that tie with a statistic to it, so that plain comparisons agree.

    Parameters
    ----------
    reference : ndarray of float, shape (draws,)
    statistic : float

    Returns
    -------
    ndarray of float, shape (draws,)

    Examples
    --------
    >>> with_ties(np.array([0.1 + 0.2, 0.30001]), 0.3).tolist()
    [0.3, 0.30001]
    """
    return np.where(np.abs(reference - statistic) <= tie_width(statistic), statistic, reference)


def equal_tailed_p_values(score: Floats, reference: Floats) -> Floats:
    """Return two-sided, equal-tailed p-values with the +1 rule; ties count on both sides.

    Parameters
    ----------
    score : ndarray of float, shape (n,)
    reference : ndarray of float, shape (draws,)

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> equal_tailed_p_values(np.array([3.0]), np.arange(-9.0, 10.0)).tolist()
    [0.8]
    """
    ordered = np.sort(reference)
    width = tie_width(score)
    above = ordered.size - np.searchsorted(ordered, score - width, side="left")
    below = np.searchsorted(ordered, score + width, side="right")
    return np.minimum(1.0, 2.0 * (np.minimum(above, below) + 1) / (ordered.size + 1))


def critical_values(reference: Floats, alpha: float) -> tuple[float, float]:
    """Return the bounds within which a score is not rejected at ``alpha``.

    Parameters
    ----------
    reference : ndarray of float, shape (draws,)
    alpha : float
        Level of the two-sided test, in (0, 1).

    Returns
    -------
    low, high : float
        Order statistics of the reference: a score has a p-value below ``alpha`` exactly if it
        is less than ``low`` or greater than ``high`` by more than a tie (:func:`tie_width`).

    Raises
    ------
    InferenceError
        If no score, however extreme, could be rejected.
    """
    check_alpha(alpha)
    size = reference.size
    tails = 2.0 * np.arange(1, size + 1) / (size + 1)  # p-value by number of draws beyond
    rejecting = int(np.count_nonzero(tails < alpha - _ROUNDING))
    if rejecting == 0:
        needed = int(2.0 / (alpha - _ROUNDING))
        raise InferenceError(f"{size} draws cannot reject at {alpha:g}: {needed} are needed.")
    ordered = np.sort(reference)
    return float(ordered[rejecting - 1]), float(ordered[size - rejecting])


#: Log hazard ratio at which a likelihood that still rises is taken to have reached its limit.
OPEN = 16.0
#: Change of an effect at which a maximum is reached.
_STEP_PRECISION = 1e-9

#: Log likelihood, score and information, shape (draws,) each, at an effect of each draw.
EffectLikelihood = Callable[[Floats], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Maxima:
    """Maxima over one effect for many arrangements of an exposure, arrays of shape (draws,).

    Attributes
    ----------
    effect, best : ndarray
        Where the log likelihood is highest, within ``OPEN`` of no effect, and what it is there.
    statistic : ndarray
        Twice its height above that at no effect.
    information : ndarray
        At no effect.
    """

    effect: Floats
    best: Floats
    statistic: Floats
    information: Floats


def maximize_effects(at: EffectLikelihood, draws: int) -> Maxima:
    """Maximize over the effect of each draw, Newton steps halved until the likelihood rises."""
    effect = np.zeros(draws)
    none, score, information = at(effect)
    loglik, bend = none, information
    for _ in range(80):
        step = np.clip(score / np.maximum(bend, 1e-12), -2.0, 2.0)
        length = np.ones(draws)
        for _ in range(30):
            there = np.clip(effect + length * step, -OPEN, OPEN)
            found = at(there)
            fell = found[0] < loglik - 1e-10
            if not fell.any():
                break
            length[fell] /= 2
        moved = float(np.abs(there - effect).max())
        effect, (loglik, score, bend) = there, found
        if moved < _STEP_PRECISION:
            break
    return Maxima(effect, loglik, 2 * (loglik - none), information)


def largest_not_rejected(reference: Floats, alpha: float) -> float:
    """Largest statistic that is not rejected: fewer than alpha of draws and data lie beyond it."""
    return float(np.sort(reference)[-int(np.floor((reference.size + 1) * alpha))])


def limit_of_effect(
    statistic: Callable[[float], float], effect: float, critical: float, side: float
) -> float:
    """Return the effect on one side of the maximum at which the statistic is critical."""
    border = side * (OPEN - 1)
    if (effect - border) * side >= 0 or statistic(border) <= critical:
        return side * np.inf
    return float(
        scipy.optimize.brentq(lambda value: statistic(value) - critical, effect, border, xtol=1e-6)
    )


#: Log hazard ratio beyond which an interval is reported as open.
_OPEN = 16.0
#: Precision of the limits, in log hazard ratio.
LIMIT_PRECISION = 1e-7
#: Assignments scored together, which bounds memory.
_BATCH = 1000


def null_scores(design: ExposureDesign, unit: Integers) -> Floats:
    """Return the studentized score at no effect of each assignment.

    Parameters
    ----------
    design : ExposureDesign
    unit : ndarray of int, shape (draws, n_spells)

    Returns
    -------
    ndarray of float, shape (draws,)
    """
    scores = np.empty(unit.shape[0])
    nobody = np.zeros(design.event_counts.time.size)
    for first in range(0, unit.shape[0], _BATCH):
        batch = slice(first, first + _BATCH)
        exposed, events = exposed_counts(design, unit[batch])
        scores[batch] = studentized_scores(
            design.event_counts,
            exposed,
            events.sum(axis=1),
            shared=np.zeros_like(exposed),
            real=nobody,
            beta=0.0,
        )
    return scores


@dataclass(frozen=True, slots=True)
class ScoreFunction:
    """Score of the real exposure, and of redrawn ones, at any effect of the real one.

    Attributes
    ----------
    totals : EventCounts
    real : ndarray of float, shape (1, n_times)
        Units at risk with the real exposure.
    real_events : ndarray of float, shape (1,)
    exposed, shared : ndarray of float, shape (draws, n_times)
        Units at risk with the redrawn exposure, and with both.
    events : ndarray of float, shape (draws,)
    """

    totals: EventCounts
    real: Floats
    real_events: Floats
    exposed: Floats
    shared: Floats
    events: Floats

    @classmethod
    def of(cls, design: ExposureDesign, unit: Integers) -> ScoreFunction:
        """Count who is exposed under the real and under redrawn assignments, (draws, n_spells)."""
        real, real_events = exposed_counts(design, design.unit[None, :])
        exposed, events = exposed_counts(design, unit)
        shared = shared_counts(design, unit)
        totals = design.event_counts
        return cls(totals, real, real_events.sum(axis=1), exposed, shared, events.sum(axis=1))

    def remembered(self) -> Scores:
        """Return the same function, which computes no effect twice: searches share their steps."""
        return functools.cache(self)

    def __call__(self, beta: float) -> tuple[float, Floats]:
        """Return the real score and the redrawn ones, shape (draws,), at an effect."""
        own = studentized_scores(
            self.totals, self.real, self.real_events, shared=self.real, real=self.real[0], beta=beta
        )
        reference = studentized_scores(
            self.totals, self.exposed, self.events, shared=self.shared, real=self.real[0], beta=beta
        )
        return float(own[0]), reference


#: Real score, and redrawn ones, at an effect.
Scores = Callable[[float], tuple[float, Floats]]


def interval_not_rejected(
    scores: Scores, alpha: float, *, precision: float = LIMIT_PRECISION
) -> tuple[float, float]:
    """Return the interval of log hazard ratios that a test at ``alpha`` does not reject."""
    return (
        limit_not_rejected(
            scores, lambda draws: critical_values(draws, alpha)[1], side=-1.0, precision=precision
        ),
        limit_not_rejected(
            scores, lambda draws: critical_values(draws, alpha)[0], side=1.0, precision=precision
        ),
    )


def limit_not_rejected(
    scores: Scores,
    quantile: Callable[[Floats], float],
    *,
    side: float,
    precision: float = LIMIT_PRECISION,
) -> float:
    """Return the lowest (side -1) or highest (side 1) log hazard ratio that is not rejected.

    Parameters
    ----------
    scores : ScoreFunction, or one that remembers
    quantile : callable
        The score that separates what is rejected, of redrawn scores, shape (draws,).
    side : {-1.0, 1.0}
    precision : float
        To which the limit is found.

    Notes
    -----
    The search goes outward from no effect, so that a limit lies on the same side of it as the
    test says. Where the score ties with the quantile over a stretch, the stretch belongs to the
    interval.
    """

    def accepted(beta: float) -> bool:
        own, reference = scores(beta)
        return bool((own - quantile(reference)) * side >= -_STRETCH)

    here = accepted(0.0)
    direction = side if here else -side
    near, far = 0.0, 0.5
    while accepted(direction * far) == here:
        near, far = far, 2 * far
        if far > _OPEN:
            return direction * np.inf
    while far - near > precision:
        middle = (near + far) / 2
        near, far = (middle, far) if accepted(direction * middle) == here else (near, middle)
    return direction * (near if here else far)
