"""Several coefficients of one Cox model at once, with the errors of a jackknife over clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from collsec.survival import CoxDesign


@dataclass(frozen=True, slots=True)
class JointEffects:
    """Log hazard ratios, and those without each cluster.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    without : ndarray, shape (g, k)
    """

    beta: np.ndarray
    without: np.ndarray

    @property
    def degrees(self) -> int:
        """Degrees of freedom of Student's t: clusters less one."""
        return len(self.without) - 1

    def of(self, weights: np.ndarray) -> tuple[float, float]:
        """A linear combination with its cluster-jackknife (CV3) error."""
        clusters = len(self.without)
        spread = ((self.without - self.beta) @ weights) ** 2
        error = math.sqrt((clusters - 1) / clusters * float(spread.sum()))
        return float(weights @ self.beta), error

    def interval(self, weights: np.ndarray, level: float) -> tuple[float, float, float, float]:
        """Ratio, its limits and its p-value for a linear combination of the logs."""
        log, error = self.of(weights)
        half = float(stats.t.ppf(0.5 + level / 2, self.degrees)) * error
        p_value = float(2 * stats.t.sf(abs(log / error), self.degrees))
        return math.exp(log), math.exp(log - half), math.exp(log + half), p_value

    def wald(self, places: Sequence[int]) -> float:
        """p-value that some coefficients are zero together (F distribution)."""
        chosen, clusters = list(places), len(self.without)
        away = self.without[:, chosen] - self.beta[chosen]
        covariance = (clusters - 1) / clusters * away.T @ away
        beta = self.beta[chosen]
        statistic = float(beta @ np.linalg.solve(covariance, beta)) / len(chosen)
        return float(stats.f.sf(statistic, len(chosen), self.degrees))


def joint_effects(
    rows: pd.DataFrame,
    columns: Sequence[str],
    *,
    adjustment: Sequence[str],
    strata: Sequence[str],
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
    without = [
        design.reweighted((own != one).astype(float), "frequency").estimate(whole)[:keep]
        for one in np.unique(own)
    ]
    return JointEffects(whole[:keep], np.array(without))
