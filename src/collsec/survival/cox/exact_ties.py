"""Cox's exact partial likelihood for tied events in discrete time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from collsec.survival.arrays import Floats, product
from collsec.survival.errors import EstimationError
from collsec.survival.risk_sets import RiskSets

#: Steps of the recursion (rows at risk, summed over the moments) that take about a minute a fit.
MOST_STEPS = 1_000_000
#: Sums of products beyond this are scaled down; only their ratios matter.
LARGE = 1e150


@dataclass(frozen=True)
class ExactLikelihood:
    """The exact partial likelihood at one point; it has no hazard and no residuals.

    Attributes
    ----------
    loglik : float
    gradient : ndarray, shape (p,)
    information : ndarray, shape (p, p)
    """

    loglik: float
    gradient: Floats
    information: Floats

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise EstimationError(
            f"the exact method for ties has no {name.replace('_', ' ')}, so no residuals, cluster "
            "errors, baseline or refits; fit the model with ties='efron' for them"
        )


def exact_likelihood(beta: Floats, x: Floats, offset: Floats, sets: RiskSets) -> ExactLikelihood:
    """Evaluate the exact log partial likelihood, its gradient and its information.

    Parameters
    ----------
    beta : ndarray, shape (p,)
    x : ndarray, shape (m, p)
    offset : ndarray, shape (m,)
    sets : RiskSets

    Raises
    ------
    EstimationError
        The risk sets are so many and large that the sums would take minutes.

    Notes
    -----
    A moment with the tied events D contributes ``Π_{i∈D} r_i / Σ_{|S|=d} Π_{i∈S} r_i``, the sum
    over all subsets of the risk set with as many members: the conditional likelihood of a logit
    in discrete time [1]_. The sums come row by row: ``B(d, n) = B(d, n−1) + r_n B(d−1, n−1)`` [2]_.

    References
    ----------
    .. [1] Cox, D. R. (1972). Regression models and life-tables. JRSS B 34, 187–220.
       https://doi.org/10.1111/j.2517-6161.1972.tb00899.x
    .. [2] Gail, M. H., Lubin, J. H., & Rubinstein, L. V. (1981). Likelihood calculations for
       matched case-control studies and survival studies with tied death times. Biometrika 68,
       703–707. https://doi.org/10.1093/biomet/68.3.703
    """
    steps = int((sets.past - sets.first).sum())
    if steps > MOST_STEPS:
        raise EstimationError(
            f"exact ties need {steps} steps over the risk sets; use ties='efron', which comes near"
        )
    p = len(beta)
    eta = product(x, beta) + offset
    loglik, gradient, information = 0.0, np.zeros(p), np.zeros((p, p))
    count = np.bincount(sets.failure_moment, minlength=sets.moments)
    ends = np.cumsum(count)
    for k in range(sets.moments):
        there = np.flatnonzero((sets.first <= k) & (k < sets.past))
        own = sets.failures[ends[k] - count[k] : ends[k]]
        top = float(eta[there].max())
        log_sum, mean, spread = subset_moments(np.exp(eta[there] - top), x[there], len(own))
        loglik += float(eta[own].sum()) - len(own) * top - log_sum
        gradient += x[own].sum(axis=0) - mean
        information += spread
    return ExactLikelihood(loglik, gradient, information)


def subset_moments(risk: Floats, x: Floats, size: int) -> tuple[float, Floats, Floats]:
    """Describe the subsets of one size, drawn in proportion to the product of their risks.

    Parameters
    ----------
    risk : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    size : int

    Returns
    -------
    log_sum : float
        Logarithm of the sum of the products.
    mean : ndarray, shape (p,)
        Mean of the sum of the rows of a subset.
    covariance : ndarray, shape (p, p)
    """
    p = x.shape[1]
    sums: Any = np.zeros(size + 1)
    first, second = np.zeros((size + 1, p)), np.zeros((size + 1, p, p))
    sums[0], log_scale = 1.0, 0.0
    for r, row in zip(risk, x, strict=True):
        cross = row[:, None] * first[:-1, None, :]
        square = np.outer(row, row) * sums[:-1, None, None]
        second[1:] += r * (second[:-1] + cross + cross.swapaxes(1, 2) + square)
        first[1:] += r * (first[:-1] + row * sums[:-1, None])
        sums[1:] += r * sums[:-1]
        if (most := float(sums.max())) > LARGE:
            sums /= most
            first /= most
            second /= most
            log_scale += np.log(most)
    mean = first[-1] / sums[-1]
    covariance = second[-1] / sums[-1] - np.outer(mean, mean)
    return float(np.log(sums[-1])) + log_scale, mean, covariance
