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
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]
SWEEPS = 5000
CONVERGED = 1e-9


@dataclass(frozen=True, slots=True)
class Stack:
    """Counts around one event.

    Attributes
    ----------
    counts : ndarray of float, shape (n_units, n_months)
        The treated unit first; NaN where nothing is known.
    weight : float
        How much the stack counts.
    """

    counts: Floats
    weight: float = 1.0

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Cells with a count."""
        return ~np.isnan(self.counts)

    @property
    def values(self) -> Floats:
        """Counts, zero where nothing is known."""
        return np.where(self.known, self.counts, 0.0)


def expected(
    stack: Stack, ratio: Floats | None = None, months: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """Fitted means of one stack without, or with given, ratios in the treated row.

    Parameters
    ----------
    stack : Stack
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
    for _ in range(SWEEPS):
        unit = _over(row, scale @ month)
        before, month = month, _over(column, scale.T @ unit)
        if np.abs(month - before).max(initial=0.0) <= CONVERGED * (1.0 + month.max(initial=0.0)):
            break
    found: Floats = unit[:, None] * scale * month
    return found


def _over(total: Floats, size: Floats) -> Floats:
    found: Floats = np.divide(total, size, out=np.zeros_like(total), where=size > 0)
    return found


def log_ratios(
    stacks: Sequence[Stack],
    group: npt.NDArray[np.int64],
    months: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Maximum of the pseudo-likelihood: log ratio of each group of months in the treated rows.

    Parameters
    ----------
    stacks : sequence of Stack
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
    for _ in range(SWEEPS):
        factor = np.where(group >= 0, np.exp(beta[np.maximum(group, 0)]), 1.0)
        fitted = np.zeros(groups)
        for one in stacks:
            mean = expected(one, factor, months)[0]
            for g in range(groups):
                fitted[g] += one.weight * mean[group == g].sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.log(observed / fitted)
        beta = np.clip(beta + np.where(np.isfinite(step), step, 0.0), -20.0, 20.0)
        if np.abs(step[np.isfinite(step)]).max(initial=0.0) < 1e-7:
            break
    return np.where(observed == 0, -np.inf, np.where(fitted > 0, beta, np.nan))


@dataclass(frozen=True, slots=True)
class Ratio:
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


def log_ratio(
    stacks: Sequence[Stack],
    treated: npt.NDArray[np.bool_],
    window: npt.NDArray[np.bool_] | None = None,
) -> Ratio:
    """One ratio for the treated months of all stacks.

    Parameters
    ----------
    stacks : sequence of Stack
    treated : ndarray of bool, shape (n_months,)
    window : ndarray of bool, shape (n_months,), optional
        Months that are used; all unless given.
    """

    def scores(beta: float) -> Floats:
        factor = np.where(treated, np.exp(beta), 1.0)
        found = []
        for one in stacks:
            mean = expected(one, factor, window)[0, treated].sum()
            found.append(one.weight * (one.values[0, treated & one.known[0]].sum() - mean))
        return np.array(found)

    low, high = -12.0, 12.0
    if not stacks:
        return Ratio(np.nan, np.nan)
    if scores(low).sum() <= 0:
        return Ratio(-np.inf, np.nan)
    if scores(high).sum() >= 0:
        return Ratio(np.nan, np.nan)
    beta = float(scipy.optimize.brentq(lambda b: float(scores(b).sum()), low, high, xtol=1e-8))
    slope = float(scores(beta + 1e-3).sum() - scores(beta - 1e-3).sum()) / 2e-3
    own, groups = scores(beta), len(stacks)
    if groups < 2 or slope == 0:
        return Ratio(beta, np.nan)
    error = float(np.sqrt(groups / (groups - 1) * (own**2).sum()) / abs(slope))
    return Ratio(beta, error)


def deviations(
    stack: Stack, months: npt.NDArray[np.bool_], window: npt.NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """Observed and expected counts of every unit in some months, if no unit is treated.

    Parameters
    ----------
    stack : Stack
    months : ndarray of bool, shape (n_months,)
        Months that are summed.
    window : ndarray of bool, shape (n_months,), optional
        Months that the fit uses.
    """
    mean = expected(stack, months=window)
    own = stack.known & months
    return (stack.values * own).sum(axis=1), (mean * own).sum(axis=1)
