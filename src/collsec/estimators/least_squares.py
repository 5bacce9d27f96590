"""Least squares of several outcomes on the same columns, with sandwich errors."""

from __future__ import annotations

import numpy as np

from collsec.estimators.blocked_sums import sum_by_group
from collsec.estimators.columns import Floats, Integers
from collsec.estimators.errors import EstimationError


def joint_least_squares(
    x: Floats, outcomes: Floats, groups: Integers | None, n_groups: int | None
) -> tuple[Floats, Floats]:
    """Regress outcomes on the same columns.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    outcomes : ndarray, shape (n, m)
    groups : ndarray of int, shape (n,), or None
        Clusters; None for errors that allow for heteroskedasticity only.
    n_groups : int or None

    Returns
    -------
    coefficients : ndarray, shape (k, m)
    cov : ndarray, shape (mk, mk)
        Sandwich of the stacked coefficients, no small-sample factor.
    """
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ (x.T @ outcomes)
    residuals = outcomes - x @ coefficients
    if groups is None or n_groups is None:
        scores = [x * residuals[:, [j]] for j in range(outcomes.shape[1])]
    else:
        scores = [sum_by_group(x, groups, n_groups, np.ascontiguousarray(u)) for u in residuals.T]
    influence = np.hstack([score @ bread for score in scores])
    return coefficients, influence.T @ influence


def small_sample(n: int, parameters: int, groups: int | None) -> float:
    """Return the factor of a covariance for few rows and few clusters.

    Parameters
    ----------
    n : int
        Rows.
    parameters : int
        Coefficients and the effects that count.
    groups : int or None
        Clusters.

    Notes
    -----
    ``n / (n − k)``, and ``G/(G − 1) · (n − 1)/(n − k)`` with clusters.
    """
    if n <= parameters:
        raise EstimationError(f"{n} rows are too few for {parameters} parameters")
    if groups is None:
        return n / (n - parameters)
    return groups / (groups - 1) * (n - 1) / (n - parameters)
