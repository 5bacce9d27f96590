"""The Anderson–Rubin test of one endogenous coefficient, and the set that it does not reject."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from collsec.survival.arrays import Floats
from collsec.survival.errors import check_level


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
    df_resid : float
        Degrees of freedom of the denominator.

    References
    ----------
    .. [1] Anderson, T. W., & Rubin, H. (1949). Estimation of the parameters of a single equation in
       a complete system of stochastic equations. Annals of Mathematical Statistics 20, 46–63.
       https://doi.org/10.1214/aoms/1177730090
    """

    reduced: Floats
    first: Floats
    cov: Floats
    df_resid: float

    def statistic(self, value: float) -> float:
        """Return the F statistic of the hypothesis that the coefficient has a value."""
        q = len(self.first)
        away = self.reduced - value * self.first
        turn = np.hstack((np.eye(q), -value * np.eye(q)))
        return float(away @ np.linalg.solve(turn @ self.cov @ turn.T, away)) / q

    def p_value(self, value: float = 0.0) -> float:
        """Return the p-value of the hypothesis that the coefficient has a value."""
        return float(stats.f.sf(self.statistic(value), len(self.first), self.df_resid))

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
        limit = float(stats.f.ppf(level, q, self.df_resid))
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
