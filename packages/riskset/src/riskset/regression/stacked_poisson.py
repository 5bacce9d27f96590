"""Poisson pseudo-likelihood of counts in stacks of units × months, by proportional fitting.

A stack is a table of counts, one row per unit and one column per month, in which one row is
treated. Its mean is a product: an effect of the unit, one of the month, and, in the treated row, a
ratio common to all stacks for each group of months. Every factor is updated in turn so that fitted
and observed sums agree, which is coordinate ascent of the Poisson likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import EstimationError

_SWEEPS = 5000
_CONVERGED = 1e-9
#: Log ratios between which a maximum is sought.
_LARGEST = 12.0


@dataclass(frozen=True, slots=True)
class EventStack:
    """Counts around one event.

    Attributes
    ----------
    counts : ndarray of float, shape (n_units, n_months)
        The treated unit first; NaN where nothing is known.
    weight : float
        How much the stack counts.

    Raises
    ------
    EstimationError
        If counts are no table of numbers of zero or more.
    """

    counts: Floats
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or (self.counts < 0).any() or not self.weight >= 0:
            raise EstimationError("a stack needs counts of units by month, none below zero.")

    @property
    def known(self) -> Booleans:
        """Cells with a count."""
        return ~np.isnan(self.counts)

    @property
    def values(self) -> Floats:
        """Counts, zero where nothing is known."""
        return np.where(self.known, self.counts, 0.0)


def stack_means(
    stack: EventStack, ratio: Floats | None = None, months: Booleans | None = None
) -> Floats:
    """Fitted means of one stack without, or with given, ratios in the treated row.

    Parameters
    ----------
    stack : EventStack
    ratio : ndarray of float, shape (n_months,), optional
        Factors of the treated row.
    months : ndarray of bool, shape (n_months,), optional
        Months that are fitted; all unless given.

    Returns
    -------
    ndarray of float, shape (n_units, n_months)
        Zero in cells that are not fitted.
    """
    use = stack.known if months is None else stack.known & months
    y = np.where(use, stack.values, 0.0)
    scale = use.astype(float)
    if ratio is not None:
        scale[0] *= ratio
    row, column = y.sum(axis=1), y.sum(axis=0)
    unit = np.ones(len(y))
    month = column / np.maximum(use.sum(axis=0), 1)
    for _ in range(_SWEEPS):
        unit = _over(row, scale @ month)
        before, month = month, _over(column, scale.T @ unit)
        if np.abs(month - before).max(initial=0.0) <= _CONVERGED * (1.0 + month.max(initial=0.0)):
            break
    found: Floats = unit[:, None] * scale * month
    return found


def _over(total: Floats, size: Floats) -> Floats:
    found: Floats = np.divide(total, size, out=np.zeros_like(total), where=size > 0)
    return found


def stacked_ratios(
    stacks: Sequence[EventStack],
    group: Integers,
    months: Booleans | None = None,
) -> Floats:
    """Maximum of the pseudo-likelihood: log ratio of each group of months in the treated rows.

    Parameters
    ----------
    stacks : sequence of EventStack
    group : ndarray of int, shape (n_months,)
        Group of each month, from 0; −1 for months of reference.
    months : ndarray of bool, shape (n_months,), optional
        Months that are used.

    Returns
    -------
    ndarray of float, shape (n_groups,)
        Minus infinity where nothing was counted in a group; NaN where nothing is expected.
    """
    groups = int(group.max()) + 1
    beta = np.zeros(groups)
    inside = np.ones(len(group), dtype=bool) if months is None else months
    observed = np.array(
        [
            sum(s.weight * s.values[0, (group == g) & inside].sum() for s in stacks)
            for g in range(groups)
        ]
    )
    if groups == 0:
        return beta
    for _ in range(_SWEEPS):
        factor = np.where(group >= 0, np.exp(beta[np.maximum(group, 0)]), 1.0)
        fitted = np.zeros(groups)
        for one in stacks:
            mean = stack_means(one, factor, months)[0]
            for g in range(groups):
                fitted[g] += one.weight * mean[group == g].sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.log(observed / fitted)
        beta = np.clip(beta + np.where(np.isfinite(step), step, 0.0), -_LARGEST, _LARGEST)
        if np.abs(step[np.isfinite(step)]).max(initial=0.0) < 1e-7:
            break
    return np.where(observed == 0, -np.inf, np.where(fitted > 0, beta, np.nan))


@dataclass(frozen=True, slots=True)
class StackedRatio:
    """A log ratio of the treated rows, with its error between stacks.

    Attributes
    ----------
    estimate : float
        Minus infinity where nothing was counted; NaN where nothing is expected.
    std_error : float
        Sandwich over stacks.
    """

    estimate: float
    std_error: float


def stacked_poisson(
    stacks: Sequence[EventStack],
    treated: Booleans,
    window: Booleans | None = None,
) -> StackedRatio:
    r"""Fit one ratio for the treated months of all stacks.

    Parameters
    ----------
    stacks : sequence of EventStack
    treated : ndarray of bool, shape (n_months,)
    window : ndarray of bool, shape (n_months,), optional
        Months that are used; all unless given.

    Notes
    -----
    In stack s, with treated unit 0, :math:`E(y_{sit}) = \exp(a_{si} + b_{st} + \beta\,1[i = 0]\,1[t
    \in T])` by Poisson pseudo-likelihood, stacks weighed by :math:`w_s`: an event study that never
    compares a treated unit with one that was treated before [1]_. The error is the sandwich over
    stacks with :math:`S/(S-1)`.

    References
    ----------
    .. [1] Cengiz, D., Dube, A., Lindner, A., & Zipperer, B. (2019). The effect of minimum wages on
       low-wage jobs. *Quarterly Journal of Economics*, 134(3), 1405–1454. doi:10.1093/qje/qjz014

    Examples
    --------
    >>> stack = EventStack(np.array([[2.0, 8.0], [3.0, 4.0]]))
    >>> found = stacked_poisson([stack, stack], np.array([False, True]))
    >>> round(float(np.exp(found.estimate)), 4)
    3.0
    """

    def scores(beta: float) -> Floats:
        factor = np.where(treated, np.exp(beta), 1.0)
        found = []
        for one in stacks:
            mean = stack_means(one, factor, window)[0, treated].sum()
            found.append(one.weight * (one.values[0, treated & one.known[0]].sum() - mean))
        return np.array(found)

    low, high = -_LARGEST, _LARGEST
    if not stacks:
        return StackedRatio(np.nan, np.nan)
    if scores(low).sum() <= 0:
        return StackedRatio(-np.inf, np.nan)
    if scores(high).sum() >= 0:
        return StackedRatio(np.nan, np.nan)
    beta = float(scipy.optimize.brentq(lambda b: float(scores(b).sum()), low, high, xtol=1e-8))
    slope = float(scores(beta + 1e-3).sum() - scores(beta - 1e-3).sum()) / 2e-3
    own, groups = scores(beta), len(stacks)
    if groups < 2 or slope == 0:
        return StackedRatio(beta, np.nan)
    error = float(np.sqrt(groups / (groups - 1) * (own**2).sum()) / abs(slope))
    return StackedRatio(beta, error)


def stack_deviations(
    stack: EventStack, months: Booleans, window: Booleans | None = None
) -> tuple[Floats, Floats]:
    """Observed and expected counts of every unit in some months, if no unit is treated.

    Parameters
    ----------
    stack : EventStack
    months : ndarray of bool, shape (n_months,)
        Months that are summed.
    window : ndarray of bool, shape (n_months,), optional
        Months that the fit uses.
    """
    mean = stack_means(stack, months=window)
    own = stack.known & months
    return (stack.values * own).sum(axis=1), (mean * own).sum(axis=1)


def stacked_jackknife(stacks: Sequence[EventStack], group: Integers) -> tuple[Floats, Floats]:
    """Return the log ratio of each group of months, with errors by leaving each stack out.

    Parameters
    ----------
    stacks : sequence of EventStack
    group : ndarray of int, shape (n_months,)
        As :func:`stacked_ratios` takes it.

    Returns
    -------
    ratios, std_errors : ndarray of float, shape (n_groups,)
        Not finite where one of the fits has no ratio.

    Examples
    --------
    >>> first = EventStack(np.array([[2.0, 8.0], [3.0, 4.0]]))
    >>> other = EventStack(np.array([[2.0, 6.0], [5.0, 5.0]]))
    >>> ratios, errors = stacked_jackknife([first, other], np.array([-1, 0]))
    >>> bool(np.isfinite(ratios).all() and (errors > 0).all())
    True
    """
    size = len(stacks)
    without = np.array(
        [stacked_ratios([*stacks[:place], *stacks[place + 1 :]], group) for place in range(size)]
    )
    with np.errstate(invalid="ignore"):
        spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return stacked_ratios(stacks, group), np.sqrt((size - 1) / size * spread)


def event_stack(counts: ArrayLike, weight: float = 1.0) -> EventStack:
    """Return a stack from a table of counts, the treated unit in the first row.

    Parameters
    ----------
    counts : array_like, shape (n_units, n_months)
        NaN where nothing is known.
    weight : float

    Raises
    ------
    EstimationError
        If counts are no table of numbers of zero or more.

    Examples
    --------
    >>> event_stack([[2, 8], [3, 4]]).values.tolist()
    [[2.0, 8.0], [3.0, 4.0]]
    """
    return EventStack(np.asarray(counts, dtype=np.float64), weight)
