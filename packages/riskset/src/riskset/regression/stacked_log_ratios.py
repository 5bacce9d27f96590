"""Each unit of a stack against its own months of reference: a log ratio a unit, and their mean.

Where events are few and of very different size, one ratio for all of them is that of the largest,
or of the one whose counts moved most. The mean of log ratios, a geometric mean of ratios, has each
event speak once.
"""

from __future__ import annotations

import numpy as np

from riskset.arrays import Booleans, Floats
from riskset.regression.stacked_poisson import EventStack, StackedRatio, stack_means

_SWEEPS = 5000
_CONVERGED = 1e-9
#: Added to what is observed and to what is expected, so that no count of zero has no logarithm.
HALF = 0.5


def expected_by_unit(
    stack: EventStack, months: Booleans, reference: Booleans, units: int | None = None
) -> tuple[Floats, Floats]:
    r"""Return what each unit counted in some months, and what its reference leads to expect.

    Parameters
    ----------
    stack : EventStack
    months : ndarray of bool, shape (n_months,)
        Months in question; all of them inside the reference, or all outside it.
    reference : ndarray of bool, shape (n_months,)
        Months that the unit is compared with.
    units : int, optional
        Only the first so many units; all unless given.

    Returns
    -------
    observed, expected : ndarray of float, shape (units,)
        NaN where no month in question, or none of the reference, is known.

    Notes
    -----
    For unit i the Poisson pseudo-likelihood of :math:`E(y_{jt}) = \exp(a_j + b_t +
    \beta_i\,1[j = i]\,1[t \in T])` is fitted to the months of T and of the reference;
    :math:`\log(y_i / e_i)`, of the sums over T, is its maximum :math:`\hat\beta_i`. The unit then
    has a level of its own in T, as if it were two units. Where T lies within the reference no
    :math:`\beta_i` is fitted.

    Examples
    --------
    >>> stack = EventStack(np.array([[2.0, 8.0], [3.0, 4.0]]))
    >>> after = np.array([False, True])
    >>> observed, expected = expected_by_unit(stack, after, ~after)
    >>> observed.tolist(), expected.round(6).tolist()
    ([8.0, 4.0], [2.666667, 12.0])
    """
    number = len(stack.counts) if units is None else units
    known, values = stack.known, stack.values
    asked = known[:number] & months
    observed = np.where(asked, values[:number], 0.0).sum(axis=1)
    if not (months & ~reference).any():
        mean = stack_means(stack, months=reference)[:number]
        expected = (mean * asked).sum(axis=1)
    else:
        expected = _split_fits(known, values, months, reference, number)
    lacks = ~asked.any(axis=1) | ~(known[:number] & reference).any(axis=1)
    return np.where(lacks, np.nan, observed), np.where(lacks, np.nan, expected)


def _split_fits(
    known: Booleans, values: Floats, months: Booleans, reference: Booleans, number: int
) -> Floats:
    """Expected counts of each unit, by one proportional fit in which it is two units."""
    rows = len(known)
    own = np.arange(number)
    used = known & (months | reference)
    scale = np.zeros((number, rows + 1, used.shape[1]))
    scale[:, :rows] = used
    scale[own, own] = used[:number] & reference
    scale[:, rows] = used[:number] & months
    counts = np.concatenate(
        [np.broadcast_to(values, (number, *values.shape)), values[:number, None]], axis=1
    )
    counts = counts * scale
    row, column = counts.sum(axis=2), counts.sum(axis=1)
    month = column / np.maximum(scale.sum(axis=1), 1.0)
    unit = np.ones(row.shape)
    for _ in range(_SWEEPS):
        unit = _over(row, np.einsum("irt,it->ir", scale, month))
        before, month = month, _over(column, np.einsum("irt,ir->it", scale, unit))
        if np.abs(month - before).max(initial=0.0) <= _CONVERGED * (1.0 + month.max(initial=0.0)):
            break
    found: Floats = unit[own, own] * (scale[:, rows] * month).sum(axis=1)
    return found


def _over(total: Floats, size: Floats) -> Floats:
    found: Floats = np.divide(total, size, out=np.zeros_like(total), where=size > 0)
    return found


def log_ratios(
    stack: EventStack, months: Booleans, reference: Booleans, units: int | None = None
) -> Floats:
    """Return the log ratio of each unit, half an event added to what is observed and expected.

    Parameters
    ----------
    stack, months, reference, units
        As :func:`expected_by_unit` takes them.
    """
    observed, expected = expected_by_unit(stack, months, reference, units)
    found: Floats = np.log((observed + HALF) / (expected + HALF))
    return found


def treated_log_ratios(
    stacks: list[EventStack] | tuple[EventStack, ...], months: Booleans, reference: Booleans
) -> Floats:
    """Return the log ratio of the treated unit of every stack; NaN where it has none."""
    found: Floats = np.array([log_ratios(one, months, reference, 1)[0] for one in stacks])
    return found


def mean_log_ratio(ratios: Floats) -> StackedRatio:
    """Return the mean of log ratios, with its error between them.

    Parameters
    ----------
    ratios : ndarray of float
        One a stack; NaN where it has none.

    Examples
    --------
    >>> found = mean_log_ratio(np.log([0.5, 0.5, 2.0, np.nan]))
    >>> round(float(np.exp(found.estimate)), 4), round(found.std_error, 4)
    (0.7937, 0.4621)
    """
    known = ratios[~np.isnan(ratios)]
    if not known.size:
        return StackedRatio(np.nan, np.nan)
    error = float(known.std(ddof=1) / np.sqrt(known.size)) if known.size > 1 else np.nan
    return StackedRatio(float(known.mean()), error)
