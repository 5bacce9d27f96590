"""Intervals by inverting a test against a reference: the effects that its draws do not reject."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from riskset.arrays import Floats
from riskset.errors import check_level

#: Log ratio beyond which a limit is open.
OPEN_RATIO = 6.0
#: Where an effect that the test accepts is looked for, about the estimate.
_NEAR = (0.0, -0.25, 0.25, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0)
#: Statistics this near, as a share of one plus their size, differ by rounding alone.
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class InvertedInterval:
    """The p-value of no effect, and the effects that are not rejected.

    Attributes
    ----------
    p_value : float
    low, high : float
        Infinite where every smaller, or larger, effect up to :data:`OPEN_RATIO` is accepted; NaN
        where no effect near the estimate is.
    """

    p_value: float
    low: float
    high: float

    def std_error(self, level: float) -> float:
        """Error of an estimate whose normal interval of this level is as wide; infinite if open."""
        return (self.high - self.low) / (2 * float(scipy.stats.norm.ppf(0.5 + level / 2)))


def tail_p_value(observed: float, reference: Floats) -> float:
    """Return the equal-tailed p-value of a statistic, by the +1 rule, ties counted on both sides.

    Parameters
    ----------
    observed : float
    reference : ndarray of float, shape (draws,)

    Examples
    --------
    >>> tail_p_value(3.0, np.arange(-9.0, 10.0))
    0.8
    """
    tie = _TIE * (1.0 + abs(observed))
    above = (np.count_nonzero(reference >= observed - tie) + 1) / (len(reference) + 1)
    below = (np.count_nonzero(reference <= observed + tie) + 1) / (len(reference) + 1)
    return float(min(1.0, 2 * min(above, below)))


def rejected_by(statistic: Floats, reference: Floats, alpha: float) -> int:
    """Return how many statistics lie in the outer ``alpha`` of a reference.

    Parameters
    ----------
    statistic : ndarray of float, shape (n,)
    reference : ndarray of float, shape (draws,)
    alpha : float

    Examples
    --------
    >>> rejected_by(np.array([-9.0, 0.0, 9.0]), np.arange(-9.0, 10.0), 0.2)
    2
    """
    above = (reference[None, :] >= statistic[:, None]).mean(axis=1)
    below = (reference[None, :] <= statistic[:, None]).mean(axis=1)
    return int((2 * np.minimum(above, below) < alpha).sum())


def inverted_interval(
    p_value: Callable[[float], float], estimate: float, *, level: float, steps: int
) -> InvertedInterval:
    """Return the log ratios that a test does not reject.

    Parameters
    ----------
    p_value : callable
        p-value of a log ratio.
    estimate : float
        From where on an accepted effect is looked for; zero unless finite.
    level : float
    steps : int
        Halvings of the distance to :data:`OPEN_RATIO`: each asks for one p-value.

    Examples
    --------
    >>> found = inverted_interval(lambda b: 0.01 if abs(b) > 1 else 0.5, 0.2, level=0.95, steps=40)
    >>> round(found.low, 6), round(found.high, 6), found.p_value
    (-1.0, 1.0, 0.5)
    """
    alpha = 1 - check_level(level)

    def accepts(effect: float) -> bool:
        return p_value(effect) > alpha

    start = estimate if math.isfinite(estimate) else 0.0
    center = next((start + away for away in _NEAR if accepts(start + away)), math.nan)
    if math.isnan(center):
        return InvertedInterval(p_value(0.0), math.nan, math.nan)

    def limit(side: float) -> float:
        inside, outside = center, side * OPEN_RATIO
        if accepts(outside):
            return side * math.inf
        for _ in range(steps):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if accepts(middle) else (inside, middle)
        return inside

    return InvertedInterval(p_value(0.0), limit(-1.0), limit(1.0))
