"""A primary as a posterior, under a skeptical prior and under that of earlier studies.

The likelihood of the logarithm of the ratio is normal, with the error of the design's own
inference: the one that gives its smallest detectable effect. It is a translation of the same
number, not further evidence. The verdict asks it one thing: whether a ratio in the range of no
interest is as good as sure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from collsec.designs.estimate import Estimate, Quantity, Unit

#: A skeptic holds, with this probability, that the ratio lies between one half and two.
SKEPTICAL = (0.5, 2.0)
PROBABILITY = 0.95
#: Logarithms of ratios on which prior and likelihood are multiplied.
GRID = np.linspace(-6.0, 6.0, 12_001)
NAMES = ("skeptical", "literature")


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is held of a ratio once prior and estimate are put together.

    Attributes
    ----------
    above : float
        Probability of a ratio above one.
    within : float
        Probability of a ratio in the range of no interest.
    median, low, high : float
        Median and central 95 % of the ratio.
    """

    above: float
    within: float
    median: float
    low: float
    high: float


def normal_prior(low: float, high: float) -> np.ndarray:
    """Density on the grid of a log-normal ratio that lies in a range with 95 % probability."""
    center = (math.log(low) + math.log(high)) / 2
    spread = (math.log(high) - math.log(low)) / (
        2 * float(scipy.stats.norm.ppf(0.5 + PROBABILITY / 2))
    )
    density: np.ndarray = scipy.stats.norm.pdf(GRID, center, spread)
    return density


def posterior(
    log_ratio: float, std_error: float, prior: np.ndarray, no_effect: tuple[float, float]
) -> Posterior:
    """Multiply prior and likelihood on the grid.

    Parameters
    ----------
    log_ratio, std_error : float
    prior : ndarray
        Density on :data:`GRID`, up to a factor.
    no_effect : tuple of float
        Ratios between which an effect does not matter.
    """
    weight = prior * scipy.stats.norm.pdf(GRID, log_ratio, std_error)
    weight = weight / weight.sum()
    below = np.cumsum(weight)
    low, high = (math.log(v) for v in no_effect)

    def quantile(share: float) -> float:
        return math.exp(float(np.interp(share, below, GRID)))

    # A point of the grid at the border counts half on either side.
    at_one = float(weight[GRID == 0].sum())
    return Posterior(
        above=float(weight[GRID > 0].sum()) + at_one / 2,
        within=float(weight[(low <= GRID) & (high >= GRID)].sum()),
        median=quantile(0.5),
        low=quantile(0.025),
        high=quantile(0.975),
    )


def quantities(
    primary: Estimate,
    no_effect: tuple[float, float],
    literature: tuple[float, float] | None,
    *,
    power: float,
) -> dict[str, Quantity]:
    """What a page may print of the posterior of a primary; nothing where it has no error.

    Parameters
    ----------
    primary : Estimate
    no_effect : tuple of float
    literature : tuple of float or None
        Range in which earlier studies put the ratio; none where none gives a number.
    power : float
        At which the primary's smallest effect is detectable.
    """
    known = math.isfinite(primary.estimate) and primary.estimate > 0
    error = primary.own_error(power)
    if not (known and math.isfinite(error) and error > 0):
        return {}
    found: dict[str, Quantity] = {}
    for name, span in zip(NAMES, (SKEPTICAL, literature), strict=True):
        if span is None:
            continue
        one = posterior(math.log(primary.estimate), error, normal_prior(*span), no_effect)
        found |= {
            f"posterior.{name}.prior_low": Quantity(span[0], Unit.RATIO),
            f"posterior.{name}.prior_high": Quantity(span[1], Unit.RATIO),
            f"posterior.{name}.above": Quantity(one.above, Unit.SHARE),
            f"posterior.{name}.below": Quantity(1 - one.above, Unit.SHARE),
            f"posterior.{name}.within": Quantity(one.within, Unit.SHARE),
            f"posterior.{name}.median": Quantity(one.median, Unit.RATIO),
            f"posterior.{name}.low": Quantity(one.low, Unit.RATIO),
            f"posterior.{name}.high": Quantity(one.high, Unit.RATIO),
        }
    return found
