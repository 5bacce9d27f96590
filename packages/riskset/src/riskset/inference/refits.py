"""Refits without each cluster: one coefficient of a regression, or several of a Cox model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Booleans, Floats
from riskset.cox.design import CoxDesign
from riskset.cox.side_by_side import estimates_under
from riskset.errors import EstimationError
from riskset.wald import wald_interval, wald_p_value


def least_squares_refit(
    rows: pd.DataFrame, outcome: str, column: str, others: Sequence[str] = ()
) -> Callable[[Booleans], float]:
    """Return a refit of one coefficient of a linear regression with an intercept.

    Parameters
    ----------
    rows : DataFrame
    outcome, column : str
    others : sequence of str
        Further covariates.

    Returns
    -------
    callable
        From an array of bool, the rows kept, to the coefficient of ``column``; it raises
        EstimationError if the column does not vary once the others are known.

    Examples
    --------
    >>> rows = pd.DataFrame({"y": [1.0, 2, 4, 4], "x": [0, 1, 2, 3]})
    >>> refit = least_squares_refit(rows, "y", "x")
    >>> round(refit(np.array([True, True, True, True])), 2), round(refit(rows["x"] < 3), 2)
    (1.1, 1.5)
    """
    y = rows[outcome].to_numpy(float)
    x = np.column_stack(
        [
            rows[column].to_numpy(float),
            np.ones(len(rows)),
            *(rows[name].to_numpy(float) for name in others),
        ]
    )

    def refit(kept: Booleans) -> float:
        given, own = x[kept, 1:], x[kept, 0]
        # The part of the column that the others do not explain (Frisch, Waugh and Lovell).
        rest = own - given @ np.linalg.lstsq(given, own, rcond=None)[0]
        size = float(rest @ rest)
        if size <= 1e-10 * max(1.0, float(own @ own)):
            raise EstimationError(f"{column!r} does not vary given {', '.join(others)}")
        return float(rest @ y[kept] / size)

    return refit


@dataclass(frozen=True, slots=True)
class JointEffects:
    """Log hazard ratios, and those without each cluster.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    without : ndarray, shape (g, k)
    """

    beta: Floats
    without: Floats

    @property
    def degrees(self) -> int:
        """Degrees of freedom of Student's t: clusters less one."""
        return len(self.without) - 1

    def of(self, weights: Floats) -> tuple[float, float]:
        """A linear combination with its cluster-jackknife (CV3) error."""
        clusters = len(self.without)
        spread = ((self.without - self.beta) @ weights) ** 2
        error = math.sqrt((clusters - 1) / clusters * float(spread.sum()))
        return float(weights @ self.beta), error

    def interval(self, weights: Floats, level: float) -> tuple[float, float, float, float]:
        """Ratio, its limits and its p-value for a linear combination of the logs."""
        log, error = self.of(weights)
        low, high = wald_interval(log, error, level, self.degrees)
        p_value = wald_p_value(log, error, self.degrees)
        return math.exp(log), math.exp(low), math.exp(high), p_value

    def wald(self, places: Sequence[int]) -> float:
        """p-value that some coefficients are zero together (F distribution)."""
        chosen, clusters = list(places), len(self.without)
        away = self.without[:, chosen] - self.beta[chosen]
        covariance = (clusters - 1) / clusters * away.T @ away
        beta = self.beta[chosen]
        statistic = float(beta @ np.linalg.solve(covariance, beta)) / len(chosen)
        return float(scipy.stats.f.sf(statistic, len(chosen), self.degrees))


def joint_effects(
    rows: pd.DataFrame,
    columns: Sequence[str],
    *,
    adjustment: Sequence[str] = (),
    strata: Sequence[str] = (),
    cluster: str,
) -> JointEffects:
    """Fit a Cox model on ``(start, stop]`` rows, and again without each cluster in turn.

    Parameters
    ----------
    rows : DataFrame
        ``start, stop, event`` and the columns below.
    columns : sequence of str
        Covariates in question; the adjustment follows them.
    adjustment, strata : sequences of str
    cluster : str

    Raises
    ------
    EstimationError
        If one of the models does not exist.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, z = rng.normal(size=(2, 60))
    >>> rows = pd.DataFrame({"start": 0.0, "stop": rng.exponential(np.exp(-x)), "event": 1})
    >>> rows = rows.assign(x=x, z=z, host=np.arange(60) // 5)
    >>> fitted = joint_effects(rows, ["x", "z"], cluster="host")
    >>> ratio, low, high, _ = fitted.interval(np.array([1.0, 0.0]), 0.95)
    >>> round(ratio, 2), bool(low < ratio < high), fitted.degrees
    (3.6, True, 11)
    """
    design = CoxDesign.from_frame(
        rows,
        [*columns, *adjustment],
        start="start",
        stop="stop",
        event="event",
        strata=list(strata) or None,
    )
    own = rows[cluster].to_numpy()
    whole, keep = design.estimate(), len(columns)
    weights = np.array([own != one for one in np.unique(own)], dtype=float)
    without = estimates_under(design, weights, whole)
    for place in np.flatnonzero(np.isnan(without).any(axis=1)):
        without[place] = design.reweighted(weights[place], "frequency").estimate(whole)
    return JointEffects(whole[:keep], without[:, :keep])
