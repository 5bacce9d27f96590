"""Strength of instruments: relevance, rank, and the Anderson–Rubin test and set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from scipy import linalg

from riskset.arrays import Floats, Integers, dot, product, sum_by_group, tall_product
from riskset.columns import number_array
from riskset.errors import EstimationError, check_level
from riskset.maximum_likelihood import quadratic_form

#: Share of the endogenous column's variance below which a first stage is rounding.
IRRELEVANT = 1e-20


@dataclass(frozen=True, slots=True)
class AndersonRubin:
    """Reduced form and first stage of one endogenous column, with their joint covariance.

    Its test keeps its size however weak the instruments are [1]_.

    Attributes
    ----------
    reduced, first : ndarray, shape (q,)
        Coefficients of the q instruments on the outcome and on the endogenous column.
    cov : ndarray, shape (2q, 2q)
        Joint covariance of ``(reduced, first)``.
    df_resid : float or None
        Degrees of freedom of the denominator; None for the χ² distribution.
    inflation : float
        Small-sample factor that ``cov`` carries.

    References
    ----------
    .. [1] Anderson, T. W., & Rubin, H. (1949). Estimation of the parameters of a single equation in
       a complete system of stochastic equations. Annals of Mathematical Statistics 20, 46–63.
       https://doi.org/10.1214/aoms/1177730090
    """

    reduced: Floats
    first: Floats
    cov: Floats
    df_resid: float | None
    inflation: float = 1.0

    def statistic(self, value: float) -> float:
        """Return the F statistic of the hypothesis that the coefficient has a value."""
        q = len(self.first)
        away = self.reduced - number_array(value, "the value")[0] * self.first
        turn = np.hstack((np.eye(q), -value * np.eye(q)))
        alike = "the instruments' joint covariance is singular; use fewer instruments"
        return quadratic_form(away, turn @ self.cov @ turn.T, alike) / q

    def p_value(self, value: float = 0.0) -> float:
        """Return the p-value of the hypothesis that the coefficient has a value."""
        q = len(self.first)
        if self.df_resid is None:
            return float(scipy.stats.chi2.sf(q * self.statistic(value), q))
        return float(scipy.stats.f.sf(self.statistic(value), q, self.df_resid))

    def chi2(self, value: float = 0.0) -> tuple[float, int, float]:
        """Return the test without small-sample factor: χ², degrees of freedom and p-value."""
        q = len(self.first)
        found = q * self.statistic(value) * self.inflation
        return found, q, float(scipy.stats.chi2.sf(found, q))

    def confidence_set(self, level: float = 0.95) -> list[tuple[float, float]]:
        """Return the values that are not rejected, as intervals in order.

        With weak instruments the set may be the whole line, or two rays; with several instruments
        that contradict one another it may be empty.

        Notes
        -----
        With ``u(β) = a − β b`` and ``V(β)`` its covariance, the borders are where
        ``det{c V(β) − u(β) u(β)'} = 0``: the real roots of a quadratic eigenvalue problem, so none
        is missed between the points of a grid.
        """
        check_level(level)
        q = len(self.first)
        limit = (
            float(scipy.stats.chi2.ppf(level, q)) / q
            if self.df_resid is None
            else float(scipy.stats.f.ppf(level, q, self.df_resid))
        )
        aa, ab = self.cov[:q, :q], self.cov[:q, q:]
        bb = self.cov[q:, q:]
        # β in units in which outcome and endogenous column have errors of one size.
        unit = float(np.sqrt(np.trace(aa) / np.trace(bb)))
        a, b = self.reduced, unit * self.first
        zero = q * limit * aa - np.outer(a, a)
        one = -unit * q * limit * (ab + ab.T) + np.outer(a, b) + np.outer(b, a)
        two = unit**2 * q * limit * bb - np.outer(b, b)
        none, eye = np.zeros((q, q)), np.eye(q)
        size = np.abs(aa).max()
        left = np.block([[none, eye], [-zero / size, -one / size]])
        right = np.block([[eye, none], [none, two / size]])
        roots = linalg.eigvals(left, right)
        roots = roots[np.isfinite(roots)]
        real = roots.real[np.abs(roots.imag) <= 1e-7 * (1 + np.abs(roots.real))]
        borders = np.sort(real) * unit
        edges = np.concatenate(([-np.inf], borders, [np.inf]))
        found: list[tuple[float, float]] = []
        for low, high in itertools.pairwise(edges.tolist()):
            if low == high or self.statistic(_between(low, high, unit)) > limit:
                continue
            if found and found[-1][1] == low:
                found[-1] = (found[-1][0], high)
            else:
                found.append((low, high))
        return found


def _between(low: float, high: float, unit: float) -> float:
    """Return a value inside an interval that may be unbounded."""
    if np.isinf(low) and np.isinf(high):
        return 0.0
    if np.isinf(low):
        return high - unit - abs(high)
    if np.isinf(high):
        return low + unit + abs(low)
    return (low + high) / 2


def partialled(columns: Floats, controls: Floats, gram: Floats) -> Floats:
    """Return what remains of columns, shape (n, c), after regression on controls, shape (n, p).

    Parameters
    ----------
    columns : ndarray, shape (n, c)
    controls : ndarray, shape (n, p)
        In units of their standard deviations.
    gram : ndarray, shape (p, p)
        Their cross-product.

    Notes
    -----
    The normal equations are solved twice, the second time for what the first left: that recovers
    the digits that they lose against an orthogonal basis, at a small part of its cost.
    """
    if not controls.shape[1]:
        return columns
    remaining = columns
    for _ in range(2):
        on = np.asarray(np.linalg.solve(gram, tall_product(controls, remaining)), dtype=np.float64)
        remaining = np.subtract(remaining, product(controls, on))
    return np.asarray(remaining)


def check_relevance(d: Floats, own: Floats, endogenous: str, instruments: Sequence[str]) -> None:
    """Raise where the instruments, given the controls, move the endogenous column not at all."""
    moved = own @ np.linalg.lstsq(own, d, rcond=None)[0]
    if dot(moved, moved) <= IRRELEVANT * dot(d, d):
        raise EstimationError(
            f"{', '.join(map(str, instruments))} and {endogenous!r} are uncorrelated to the last "
            "digit: without a first stage nothing is identified; find an instrument that moves it"
        )


def rank_lm(
    d: Floats, own: Floats, groups: Integers | None, alike: str
) -> tuple[float, int, float]:
    """Return the LM test of underidentification: χ², degrees of freedom and p-value.

    For one endogenous column the Kleibergen–Paap rank statistic is the score test of no first
    stage, its covariance that of the scores under the null.
    """
    scores = own * d[:, None]
    if groups is not None:
        scores = sum_by_group(scores, groups, int(groups.max()) + 1)
    chi2 = quadratic_form(scores.sum(axis=0), scores.T @ scores, alike)
    return chi2, own.shape[1], float(scipy.stats.chi2.sf(chi2, own.shape[1]))


def classical_f(d: Floats, own: Floats, df: int) -> float:
    """Return the F statistic of the instruments under equal variances: Cragg and Donald's."""
    moved = own @ np.linalg.lstsq(own, d, rcond=None)[0]
    explained, rest = dot(moved, moved), float(((d - moved) ** 2).sum())
    return explained / own.shape[1] / (rest / df) if rest > 0 and df > 0 else math.inf
