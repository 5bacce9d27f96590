"""A ratio over matched sets, tested by redrawing which member of each set received the act.

The ratio is that of sums: what followed the acts, over what followed, on average, in their sets.
Under the hypothesis that an act multiplies what follows by some number, dividing its own war's
outcome by it restores what would have been; the share of redrawn acts that give as large a
difference is the p-value, and the numbers that are not rejected are the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]
#: Beyond these logarithms a limit is open.
OPEN = 5.0
STEPS = 60


@dataclass(frozen=True, slots=True)
class Sets:
    """Outcomes of matched sets.

    Attributes
    ----------
    act : ndarray of int, shape (n_members,)
        Set of each member: 0, 1, …
    is_own : ndarray of bool, shape (n_members,)
        Whether the member received the act: one in each set.
    outcome : ndarray of float, shape (n_members,)
        Zero or more.
    cluster : ndarray of int, shape (n_acts,)
    """

    act: npt.NDArray[np.int64]
    is_own: npt.NDArray[np.bool_]
    outcome: Floats
    cluster: npt.NDArray[np.int64]

    @property
    def size(self) -> Floats:
        """Members of each set."""
        return np.bincount(self.act, minlength=len(self.cluster)).astype(np.float64)

    @property
    def own(self) -> Floats:
        """Outcome of the member that received the act, by set."""
        found = np.zeros(len(self.cluster))
        found[self.act[self.is_own]] = self.outcome[self.is_own]
        return found

    @property
    def others(self) -> Floats:
        """Sum of the outcomes of the other members, by set."""
        value = np.where(self.is_own, 0.0, self.outcome)
        found = np.bincount(self.act, weights=value, minlength=len(self.cluster))
        return found.astype(np.float64)

    def log_ratio(self, kept: npt.NDArray[np.bool_] | None = None) -> float:
        """Logarithm of the ratio of sums, over the sets kept; NaN where one of them is zero."""
        use = np.ones(len(self.cluster), dtype=bool) if kept is None else kept
        own, expected = self.own[use].sum(), (self.others / (self.size - 1))[use].sum()
        return math.log(own / expected) if own > 0 and expected > 0 else math.nan

    def difference(self) -> Floats:
        """Own outcome less the mean of the others, by set."""
        found: Floats = self.own - self.others / (self.size - 1)
        return found

    def cluster_error(self) -> float:
        """Error of the log ratio from the spread between clusters of acts (delta method)."""
        expected = self.others / (self.size - 1)
        log = self.log_ratio()
        if math.isnan(log):
            return math.nan
        residual = self.own - math.exp(log) * expected
        sums = np.bincount(np.unique(self.cluster, return_inverse=True)[1], weights=residual)
        groups = len(sums)
        if groups < 2:
            return math.nan
        return float(
            math.sqrt(groups / (groups - 1) * (sums**2).sum()) / (math.exp(log) * expected.sum())
        )


@dataclass(frozen=True, slots=True)
class Redrawn:
    """Which member of each set receives the act, drawn again and again.

    Attributes
    ----------
    others : ndarray of float, shape (draws,)
        Sum of the outcomes of the drawn members that had not received the act.
    own : ndarray of float, shape (draws,)
        Sum of those of the drawn members that had.
    """

    others: Floats
    own: Floats


def redraw(
    sets: Sets, draws: int, rng: np.random.Generator, weight: Floats | None = None
) -> Redrawn:
    """Draw one member of each set, alike or by weights."""
    others, own = np.zeros(draws), np.zeros(draws)
    for number in range(len(sets.cluster)):
        member = np.flatnonzero(sets.act == number)
        chance = None if weight is None else weight[member] / weight[member].sum()
        pick = rng.choice(member, size=draws, p=chance)
        is_own = sets.is_own[pick]
        own += np.where(is_own, sets.outcome[pick], 0.0)
        others += np.where(is_own, 0.0, sets.outcome[pick])
    return Redrawn(others, own)


@dataclass(frozen=True, slots=True)
class RedrawnRatio:
    """A log ratio with re-randomization inference.

    Attributes
    ----------
    estimate : float
    p_value : float
        Equal-tailed, of no effect.
    low, high : float
        Log ratios that are not rejected; infinite where every smaller or larger one is not.
    """

    estimate: float
    p_value: float
    low: float
    high: float


def p_value(sets: Sets, drawn: Redrawn, log_ratio: float) -> tuple[float, bool]:
    """p-value of an effect, and whether the acts' own outcomes lie above what is expected of it."""
    scale = math.exp(-log_ratio)
    observed = scale * sets.own.sum()
    reference = drawn.others + scale * drawn.own
    tie = 1e-9 * (1.0 + abs(observed))
    above = (np.count_nonzero(reference >= observed - tie) + 1) / (len(reference) + 1)
    below = (np.count_nonzero(reference <= observed + tie) + 1) / (len(reference) + 1)
    return min(1.0, 2 * min(above, below)), bool(above < below)


def rerandomized(sets: Sets, draws: int, level: float, seed: int) -> RedrawnRatio:
    """The ratio with p-value and interval by redrawing.

    Parameters
    ----------
    sets : Sets
    draws : int
    level : float
    seed : int
    """
    drawn = redraw(sets, draws, np.random.default_rng(seed))
    estimate, alpha = sets.log_ratio(), 1 - level
    p, _ = p_value(sets, drawn, 0.0)

    def limit(side: float) -> float:
        inside, outside = estimate if math.isfinite(estimate) else 0.0, side * OPEN
        if p_value(sets, drawn, outside)[0] > alpha:
            return side * math.inf
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            if p_value(sets, drawn, middle)[0] > alpha:
                inside = middle
            else:
                outside = middle
        return inside

    return RedrawnRatio(estimate, p, limit(-1.0), limit(1.0))


def rejection(
    sets: Sets, draws: int, level: float, seed: int, weight: Floats | None = None
) -> tuple[int, Floats]:
    """How many of so many acts that change nothing are rejected, and their log ratios.

    Parameters
    ----------
    sets : Sets
        As they are: what follows is left as it was, whoever received the act.
    draws : int
    level : float
    seed : int
    weight : ndarray of float, shape (n_members,), optional
        How likely each member is to receive the act; alike unless given.
    """
    rng = np.random.default_rng(seed)
    everyone = redraw(sets, max(draws, 2000), rng)
    total = everyone.others + everyone.own
    made = redraw(sets, draws, rng, weight)
    stat = made.others + made.own
    above = (total[None, :] >= stat[:, None]).mean(axis=1)
    below = (total[None, :] <= stat[:, None]).mean(axis=1)
    rejected = int((2 * np.minimum(above, below) < 1 - level).sum())
    whole = (sets.own + sets.others).sum()
    # Expected of the sets without whom the act was drawn for; close to it for sets of many.
    expected = np.array(((sets.own + sets.others) / sets.size).sum())
    with np.errstate(divide="ignore"):
        ratios = np.log(np.maximum(stat, 1e-6 * whole) / expected)
    return rejected, ratios


def wilson(rejected: int, draws: int) -> tuple[float, float]:
    """Wilson interval of a rejection rate."""
    interval = scipy.stats.binomtest(rejected, draws).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
