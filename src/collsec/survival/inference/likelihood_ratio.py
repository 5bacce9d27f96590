"""Likelihood-ratio tests of an effect whose critical value is that of redrawn exposures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from collsec.survival.inference.partial_likelihood import FloatArray

#: Log hazard ratio at which a likelihood that still rises is taken to have reached its limit.
OPEN = 16.0
#: Change of an effect at which a maximum is reached.
_PRECISION = 1e-9

#: Log likelihood, score and information, shape (draws,) each, at an effect of each draw.
LogLikelihood = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]


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

    effect: FloatArray
    best: FloatArray
    statistic: FloatArray
    information: FloatArray


def maximize(at: LogLikelihood, draws: int) -> Maxima:
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
        if moved < _PRECISION:
            break
    return Maxima(effect, loglik, 2 * (loglik - none), information)


def largest_not_rejected(reference: FloatArray, alpha: float) -> float:
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
        optimize.brentq(lambda value: statistic(value) - critical, effect, border, xtol=1e-6)
    )
