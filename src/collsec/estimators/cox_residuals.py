"""Residuals of a Cox model: martingale, score, Schoenfeld, and the cluster sandwich."""

from __future__ import annotations

import numpy as np

from collsec.estimators.columns import Floats, Integers
from collsec.estimators.cox_design import CoxDesign
from collsec.estimators.influence import sum_by_cluster
from collsec.estimators.partial_likelihood import Likelihood


def martingale_residuals(design: CoxDesign, at: Likelihood) -> Floats:
    """Return events less expected events of each row, shape (n,).

    Notes
    -----
    ``M_i = δ_i − exp(x_i β) ∫ Y_i(t) dΛ₀(t)``; under Efron's method a row that dies in a tie is
    charged the mean hazard of the orders in which the tied events could have come.
    """
    residuals = np.zeros(design.risk_sets.n)
    rows = design.risk_sets.rows
    residuals[rows] = design.event[rows] - at.relative_risk * at.cumulative
    return residuals


def score_residuals(design: CoxDesign, at: Likelihood) -> Floats:
    """Return each row's contribution to the gradient, unweighted, shape (n, p).

    Columns are in the units of the covariates as given.

    Notes
    -----
    ``U_i = ∫ {x_i − x̄(t)} dM_i(t)`` [1]_.

    References
    ----------
    .. [1] Therneau, T. M., & Grambsch, P. M. (2000). Modeling Survival Data: Extending the Cox
       Model, ch. 4. Springer. https://doi.org/10.1007/978-1-4757-3294-8
    """
    sets, slots = design.risk_sets, design.slots
    drift = slots.by_moment(at.hazard[:, None] * at.mean)
    charge = design.x * at.cumulative[:, None] - sets.exposure(drift)
    if slots.has_ties:
        spared = slots.by_moment((at.hazard * slots.fraction)[:, None] * at.mean)
        charge[sets.deaths] += spared[sets.death_moment]
    scores = -at.relative_risk[:, None] * charge
    scores[sets.deaths] += design.x[sets.deaths] - event_means(design, at)[sets.death_moment]
    out = np.zeros((sets.n, len(design.names)))
    out[sets.rows] = scores * design.scale
    return out


def event_means(design: CoxDesign, at: Likelihood) -> Floats:
    """Return the covariate mean of each moment, over its tied terms, shape (k, p)."""
    count = np.bincount(design.slots.moment, minlength=design.risk_sets.moments)
    return design.slots.by_moment(at.mean) / np.maximum(count, 1)[:, None]


def schoenfeld_residuals(design: CoxDesign, at: Likelihood) -> tuple[Integers, Floats]:
    """Return the sample positions of the events, by stratum and time, and their residuals.

    Returns
    -------
    rows : ndarray of int, shape (d,)
    residuals : ndarray, shape (d, p)
        ``x_i − x̄(t_i)`` in the units of the covariates as given.
    """
    sets = design.risk_sets
    order = np.argsort(sets.death_moment, kind="stable")
    deaths, moment = sets.deaths[order], sets.death_moment[order]
    residuals = (design.x[deaths] - event_means(design, at)[moment]) * design.scale
    return sets.rows[deaths], residuals


def cluster_sandwich(
    scores: Floats,
    bread: Floats,
    cluster: Integers,
    n_clusters: int,
    *,
    group_debias: bool = False,
) -> Floats:
    """Return the covariance of an estimate whose rows are dependent within clusters, (p, p).

    Parameters
    ----------
    scores : ndarray, shape (n, p)
        Weighted contributions to the gradient.
    bread : ndarray, shape (p, p)
        Inverse information.
    cluster : ndarray of int, shape (n,)
    n_clusters : int
    group_debias : bool
        Multiply by G/(G − 1), as Stata does; R does not.

    Notes
    -----
    ``V (Σ_g U_g U_g') V`` with ``U_g`` the sum of the scores of cluster ``g`` [1]_.

    References
    ----------
    .. [1] Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards
       model. JASA 84, 1074–1078. https://doi.org/10.1080/01621459.1989.10478874
    """
    influence = sum_by_cluster(scores, cluster, n_clusters) @ bread
    meat = influence.T @ influence
    if group_debias:
        meat *= n_clusters / (n_clusters - 1)
    return meat
