"""How strongly acts would have to prefer some wars to explain a ratio without any effect.

Acts that prefer wars about to end are followed by fewer months of war, whatever they do; acts that
avoid them by more. Only one of the two can explain a ratio, and the question is how strong it would
have to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riskset.inference.matched_sets import MatchedOutcomes

#: Preference beyond which none is looked for.
LARGEST = 1000.0
# Halvings of the distance to it, on the scale of logarithms: to a few millionths.
_STEPS = 20
# Redraws; their error on a tail of 2.5 % is 0.35 points.
DRAWS = 2000
# Sums that differ by rounding alone are ties.
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Preference:
    """The preference that would explain a ratio.

    Attributes
    ----------
    is_toward : bool
        Whether acts would have to prefer the members in question, or else to avoid them.
    point : float
        How many times as likely a member that is preferred (or, where they are avoided, another
        one) would have to be to receive the act for the outcome after acts to be expected without
        any effect; infinite where no preference would do.
    limit : float
        From how many times on the test would not reject; one where it does not anyway.
    """

    is_toward: bool
    point: float
    limit: float


def explaining(
    sets: MatchedOutcomes, is_in_question: np.ndarray, *, alpha: float, seed: int
) -> Preference:
    r"""Return the preference for some members of matched sets that would explain their ratio.

    Parameters
    ----------
    sets : MatchedOutcomes
    is_in_question : ndarray of bool, shape (n_members,)
    alpha : float
        Level of the two-sided test.
    seed : int

    Notes
    -----
    Within each set :math:`s` a member in question is :math:`\Gamma` times as likely to be treated
    as another one. Without an effect the outcomes of those treated add up to

    .. math:: T(\Gamma) = \sum_s \frac{\sum_i \Gamma^{z_i} y_i}{\sum_i \Gamma^{z_i}}

    on average; the point is where that is the sum observed. The limit is the smallest preference in
    that direction under which a sum as far out has a one-sided probability of at least
    :math:`\alpha / 2`. It bounds one measured way of choosing, where Rosenbaum's :math:`\Gamma`
    bounds any [1]_.

    References
    ----------
    .. [1] Rosenbaum, P. R. (2002). *Observational Studies*. Springer.
       doi:10.1007/978-1-4757-3692-2
    """
    members = [np.flatnonzero(sets.set_of == n) for n in range(len(sets.cluster))]
    # Those in question first, so that a stronger preference moves every draw the same way.
    members = [own[np.argsort(~is_in_question[own], kind="stable")] for own in members]
    chosen = [is_in_question[own] for own in members]
    outcome = [sets.outcome[own] for own in members]
    uniform = np.random.default_rng(seed).random((DRAWS, len(members)))
    observed = float(sets.treated.sum())

    def shares(log: float) -> list[np.ndarray]:
        weights = [np.exp(log * z) for z in chosen]
        return [w / w.sum() for w in weights]

    def expected(log: float) -> float:
        return math.fsum(float(p @ y) for p, y in zip(shares(log), outcome, strict=True))

    def drawn(log: float) -> np.ndarray:
        total = np.zeros(DRAWS)
        for place, (p, y) in enumerate(zip(shares(log), outcome, strict=True)):
            pick = np.searchsorted(np.cumsum(p)[:-1], uniform[:, place], side="right")
            total += y[pick]
        return total

    is_below = observed < expected(0.0)
    # Whether those in question have the smaller outcomes decides which preference lowers the sum.
    lowers = expected(math.log(LARGEST)) < expected(-math.log(LARGEST))
    is_toward = is_below == lowers
    sign = 1.0 if is_toward else -1.0

    def reaches(log: float) -> bool:
        at = expected(sign * log)
        return at <= observed if is_below else at >= observed

    def accepts(log: float) -> bool:
        sums, tie = drawn(sign * log), _TIE * (1 + abs(observed))
        out = sums <= observed + tie if is_below else sums >= observed - tie
        return bool((np.count_nonzero(out) + 1) / (DRAWS + 1) >= alpha / 2)

    return Preference(is_toward, _smallest(reaches), _smallest(accepts))


def _smallest(holds: Callable[[float], bool]) -> float:
    """The smallest preference from which on something holds; infinite if it never does."""
    low, high = 0.0, math.log(LARGEST)
    if holds(low):
        return 1.0
    if not holds(high):
        return math.inf
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return math.exp(high)
