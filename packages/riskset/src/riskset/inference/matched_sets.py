"""Matched sets with one treated member each: ratio, difference, and who might have been treated.

The ratio is that of sums: what followed in treated members over what followed on average in others.
If treatment multiplies what follows, dividing treated outcomes by the multiple restores what would
have been; the multiples that redrawn treatments do not reject are the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import EstimationError
from riskset.inference.inversion import (
    InvertedInterval,
    inverted_interval,
    rejected_by,
    tail_p_value,
)

#: Halvings of an interval: p-values of sets cost nothing, so that limits have all their digits.
_STEPS = 60
#: Draws of the reference that random treatments are tested against, at the least.
_REFERENCE = 2000


@dataclass(frozen=True, slots=True)
class MatchedOutcomes:
    """Outcomes of matched sets.

    Attributes
    ----------
    set_of : ndarray of int, shape (n_members,)
        Set of each member: 0, 1, …
    is_treated : ndarray of bool, shape (n_members,)
        One in each set.
    outcome : ndarray of float, shape (n_members,)
        Zero or more.
    cluster : ndarray of int, shape (n_sets,)
        Sets of one cluster depend on one another.

    Raises
    ------
    EstimationError
        If a set has no treated member or several, or nobody else.
    """

    set_of: Integers
    is_treated: Booleans
    outcome: Floats
    cluster: Integers

    def __post_init__(self) -> None:
        treated = np.bincount(self.set_of[self.is_treated], minlength=len(self.cluster))
        if len(treated) != len(self.cluster) or (treated != 1).any():
            raise EstimationError("each set must have one treated member, and one cluster.")
        if (self.size < 2).any():
            raise EstimationError("each set must have a member that is not treated.")

    @property
    def size(self) -> Floats:
        """Members of each set."""
        return np.bincount(self.set_of, minlength=len(self.cluster)).astype(np.float64)

    @property
    def treated(self) -> Floats:
        """Outcome of the treated member, by set."""
        found = np.zeros(len(self.cluster))
        found[self.set_of[self.is_treated]] = self.outcome[self.is_treated]
        return found

    @property
    def others(self) -> Floats:
        """Sum of the outcomes of the other members, by set."""
        value = np.where(self.is_treated, 0.0, self.outcome)
        found = np.bincount(self.set_of, weights=value, minlength=len(self.cluster))
        return found.astype(np.float64)

    @property
    def expected(self) -> Floats:
        """Mean outcome of the other members, by set."""
        found: Floats = self.others / (self.size - 1)
        return found

    def log_ratio(self, kept: Booleans | None = None) -> float:
        """Logarithm of the ratio of sums, over the sets kept; NaN where one of them is zero."""
        use = np.ones(len(self.cluster), dtype=bool) if kept is None else kept
        own, expected = self.treated[use].sum(), self.expected[use].sum()
        return math.log(own / expected) if own > 0 and expected > 0 else math.nan


@dataclass(frozen=True, slots=True)
class MatchedContrast:
    """What followed treatment against what followed in the sets.

    Attributes
    ----------
    estimate : float
        A log ratio of sums, or a mean difference; NaN where there is none.
    std_error : float
        From the spread between clusters; NaN with fewer than two.
    n_clusters : int
    """

    estimate: float
    std_error: float
    n_clusters: int


def matched_sets(
    set_of: ArrayLike, is_treated: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike
) -> MatchedOutcomes:
    """Return matched sets from plain arrays.

    Parameters
    ----------
    set_of : array_like of int, shape (n_members,)
        Set of each member: 0, 1, …
    is_treated : array_like of bool, shape (n_members,)
        One in each set.
    outcome : array_like of float, shape (n_members,)
    cluster : array_like, shape (n_sets,)
    """
    return MatchedOutcomes(
        np.asarray(set_of, dtype=np.int64),
        np.asarray(is_treated, dtype=bool),
        np.asarray(outcome, dtype=np.float64),
        np.unique(np.asarray(cluster), return_inverse=True)[1].astype(np.int64),
    )


def _by_cluster(sets: MatchedOutcomes, value: Floats) -> tuple[Floats, int]:
    sums = np.bincount(np.unique(sets.cluster, return_inverse=True)[1], weights=value)
    return sums.astype(np.float64), len(sums)


def matched_ratio(sets: MatchedOutcomes) -> MatchedContrast:
    """Return the log ratio of sums, with its delta-method error between clusters.

    Parameters
    ----------
    sets : MatchedOutcomes

    Notes
    -----
    With treated outcomes :math:`y_s` and means of the others :math:`m_s`, the ratio is
    :math:`r = \\sum_s y_s / \\sum_s m_s`. With residuals :math:`y_s - r m_s` summed to clusters,
    :math:`e_g`, its error is :math:`\\sqrt{G/(G-1) \\sum_g e_g^2} / (r \\sum_s m_s)`.

    Examples
    --------
    >>> sets = matched_sets([0, 0, 1, 1], [1, 0, 1, 0], [2, 4, 3, 6], cluster=[1, 2])
    >>> found = matched_ratio(sets)
    >>> round(math.exp(found.estimate), 3), found.n_clusters
    (0.5, 2)
    """
    expected, log = sets.expected, sets.log_ratio()
    if math.isnan(log):
        return MatchedContrast(math.nan, math.nan, len(np.unique(sets.cluster)))
    sums, groups = _by_cluster(sets, sets.treated - math.exp(log) * expected)
    if groups < 2:
        return MatchedContrast(log, math.nan, groups)
    error = math.sqrt(groups / (groups - 1) * (sums**2).sum()) / (math.exp(log) * expected.sum())
    return MatchedContrast(log, float(error), groups)


def matched_difference(sets: MatchedOutcomes) -> MatchedContrast:
    """Return the mean over sets of the treated outcome less that of the others.

    Parameters
    ----------
    sets : MatchedOutcomes

    Examples
    --------
    >>> sets = matched_sets([0, 0, 1, 1], [1, 0, 1, 0], [2, 4, 3, 6], cluster=[1, 2])
    >>> found = matched_difference(sets)
    >>> found.estimate, round(found.std_error, 3)
    (-2.5, 0.5)
    """
    apart = sets.treated - sets.expected
    sums, groups = _by_cluster(sets, apart - apart.mean())
    if groups < 2:
        return MatchedContrast(float(apart.mean()), math.nan, groups)
    error = math.sqrt(groups / (groups - 1) * float((sums**2).sum())) / len(apart)
    return MatchedContrast(float(apart.mean()), error, groups)


@dataclass(frozen=True, slots=True)
class RedrawnSets:
    """Which member of each set is treated, drawn again and again.

    Attributes
    ----------
    others : ndarray of float, shape (draws,)
        Sum of the outcomes of the drawn members that were not treated.
    treated : ndarray of float, shape (draws,)
        Sum of those of the drawn members that were.
    """

    others: Floats
    treated: Floats

    def p_value(self, sets: MatchedOutcomes, log_ratio: float) -> float:
        """Equal-tailed p-value of an effect."""
        scale = math.exp(-log_ratio)
        return tail_p_value(scale * sets.treated.sum(), self.others + scale * self.treated)


def redrawn_sets(
    sets: MatchedOutcomes, draws: int, rng: np.random.Generator, weight: Floats | None = None
) -> RedrawnSets:
    """Draw one member of each set, alike or by weights.

    Parameters
    ----------
    weight : ndarray of float, shape (n_members,), optional
        How likely each member is to be treated; alike unless given.
    """
    others, treated = np.zeros(draws), np.zeros(draws)
    for number in range(len(sets.cluster)):
        member = np.flatnonzero(sets.set_of == number)
        chance = None if weight is None else weight[member] / weight[member].sum()
        pick = rng.choice(member, size=draws, p=chance)
        is_treated = sets.is_treated[pick]
        treated += np.where(is_treated, sets.outcome[pick], 0.0)
        others += np.where(is_treated, 0.0, sets.outcome[pick])
    return RedrawnSets(others, treated)


def set_rerandomization(
    sets: MatchedOutcomes, *, draws: int, level: float, seed: int
) -> InvertedInterval:
    """Return p-value and interval of the log ratio by redrawing who was treated in each set.

    Parameters
    ----------
    sets : MatchedOutcomes
    draws : int
    level : float
    seed : int

    Notes
    -----
    The p-value is equal-tailed, by the +1 rule. It is exact where treatment falls on any member of
    a set alike [1]_.

    References
    ----------
    .. [1] Rosenbaum, P. R. (2002). *Observational Studies*. Springer.
       doi:10.1007/978-1-4757-3692-2

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sets = matched_sets(
    ...     np.repeat(range(30), 4), [1, 0, 0, 0] * 30, rng.poisson(8, 120), cluster=range(30)
    ... )
    >>> found = set_rerandomization(sets, draws=999, level=0.95, seed=1)
    >>> found.low < matched_ratio(sets).estimate < found.high
    True
    """
    drawn = redrawn_sets(sets, draws, np.random.default_rng(seed))
    return inverted_interval(
        lambda effect: drawn.p_value(sets, effect), sets.log_ratio(), level=level, steps=_STEPS
    )


def set_rejections(
    sets: MatchedOutcomes, draws: int, alpha: float, seed: int, weight: Floats | None = None
) -> tuple[int, Floats]:
    """Return how many of so many treatments that change nothing are rejected, and their log ratios.

    Parameters
    ----------
    sets : MatchedOutcomes
        As they are: what follows is left as it was, whoever is treated.
    draws : int
    alpha : float
    seed : int
    weight : ndarray of float, shape (n_members,), optional
        How likely each member is to be treated; alike unless given.
    """
    rng = np.random.default_rng(seed)
    everyone = redrawn_sets(sets, max(draws, _REFERENCE), rng)
    made = redrawn_sets(sets, draws, rng, weight)
    statistic = made.others + made.treated
    rejected = rejected_by(statistic, everyone.others + everyone.treated, alpha)
    whole = (sets.treated + sets.others).sum()
    # Expected of the sets without whom the treatment was drawn for; close to it for large sets.
    expected = np.array(((sets.treated + sets.others) / sets.size).sum())
    with np.errstate(divide="ignore"):
        ratios = np.log(np.maximum(statistic, 1e-6 * whole) / expected)
    return rejected, ratios
