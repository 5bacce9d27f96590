"""Residuals of a Cox model: martingale, score, and Schoenfeld."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from riskset.arrays import Floats, Integers, accumulate, sum_by_group
from riskset.cox.design import CoxDesign
from riskset.cox.partial_likelihood import Likelihood
from riskset.cox.terms import Slots
from riskset.risk_sets import by_target


def martingale_residuals(design: CoxDesign, at: Likelihood) -> Floats:
    """Return events less expected events of each row, shape (n,).

    Notes
    -----
    ``M_i = δ_i − exp(x_i β) ∫ Y_i(t) dΛ₀(t)``; under Efron's method a row that fails in a tie is
    charged the mean hazard of the orders in which the tied events could have come.
    """
    residuals = np.zeros(design.risk_sets.n)
    rows = design.risk_sets.rows
    residuals[rows] = design.event[rows] - at.relative_risk * at.cumulative
    return residuals


def score_residuals(design: CoxDesign, at: Likelihood, factor: Floats | None = None) -> Floats:
    """Return each row's contribution to the gradient, unweighted, shape (n, p).

    Columns are in the units of the covariates as given.

    Parameters
    ----------
    design : CoxDesign
    at : Likelihood
    factor : ndarray, shape (k,), optional
        Of each moment: those of the gradient by coefficients of covariates times that function of
        time.

    Notes
    -----
    ``U_i = ∫ g(t) {x_i − x̄(t)} dM_i(t)`` [1]_.

    References
    ----------
    .. [1] Therneau, T. M., & Grambsch, P. M. (2000). Modeling Survival Data: Extending the Cox
       Model, ch. 4. Springer. https://doi.org/10.1007/978-1-4757-3294-8
    """
    sets, slots = design.risk_sets, design.slots
    hazard, cumulative = at.hazard, at.cumulative
    charged = _charged_means(design, at)
    own = design.x[sets.failures] - charged
    if factor is not None:
        hazard = at.hazard * factor[slots.moment]
        cumulative = sets.exposure(slots.by_moment(hazard))
        if slots.tied is not None:
            spared = slots.by_moment(hazard * slots.fraction)
            cumulative[sets.failures] -= spared[sets.failure_moment]
        own *= factor[sets.failure_moment, None]
    scores = sets.exposure(at.means.sums(hazard))
    scores -= design.x * cumulative[:, None]
    scores *= at.relative_risk[:, None]
    scores[sets.failures] += own
    scores *= design.scale
    out = np.zeros((sets.n, len(design.names)))
    out[sets.rows] = scores
    return out


def cluster_scores(design: CoxDesign, at: Likelihood) -> Floats:
    """Return the weighted score residuals summed by cluster, shape (g, p).

    The same as summing `score_residuals`, without an array of the sample's size.

    Parameters
    ----------
    design : CoxDesign
        With clusters.
    at : Likelihood
    """
    assert design.cluster is not None and design.n_clusters is not None
    sets, slots, groups = design.risk_sets, design.slots, design.n_clusters
    if design.is_large:
        from riskset.cox.many_rows import cluster_scores_of_many

        sample = (design.x, design.weights, sets, slots, at, design.cluster, groups)
        return cluster_scores_of_many(*sample) * design.scale
    cluster = sets.take(design.cluster)
    risk = design.weights * at.relative_risk
    share = -risk * at.cumulative
    share[sets.failures] += design.weights[sets.failures]
    out = sum_by_group(design.x, cluster, groups, share)

    def over_moments(values: Floats, of: Integers, when: Integers, weights: Floats) -> Floats:
        """Sum to the clusters ``of`` some rows the weighted values at their moments."""
        pointers = np.concatenate(([0], np.cumsum(np.bincount(when, minlength=len(values)))))
        entries = (weights, of.astype(np.int32), pointers.astype(np.int32))
        return np.asarray(sparse.csc_array(entries, shape=(groups, len(values))) @ values)

    own, weight = cluster[sets.failures], design.weights[sets.failures]
    whole, exited = at.means.shares(term_shares(slots))
    out -= over_moments(
        at.means.mean, own, sets.failure_moment, weight * whole[sets.failure_moment]
    )
    if (tied := slots.tied) is not None:
        # Few moments have several terms: what differs there is worked out for them alone.
        own, weight = own[tied.events], weight[tied.events]
        out += over_moments(at.means.failing * exited[:, None], own, tied.event_place, weight)
        whole, exited = at.means.shares(at.hazard * slots.fraction)
        spared = at.means.mean[tied.moments] * whole[tied.moments, None]
        spared -= at.means.failing * exited[:, None]
        weight = weight * at.relative_risk[sets.failures[tied.events]]
        out -= over_moments(spared, own, tied.event_place, weight)
    drift = np.zeros((sets.moments + 1, len(design.names)))
    accumulate(at.means.sums(at.hazard, out=drift[1:]))
    out += over_moments(drift, cluster, sets.past, risk)
    enter = by_target(sets.first, len(drift))
    out -= over_moments(drift, cluster[enter], sets.first, risk[enter])
    return np.asarray(out * design.scale)


def _charged_means(design: CoxDesign, at: Likelihood) -> Floats:
    """Return what the covariates of each event are compared with, shape (d, p).

    That is their mean over the tied terms and, under Efron's method, the part of the drift that
    the event is spared because in some orders it has exited already.
    """
    sets, slots = design.risk_sets, design.slots
    means = event_means(design, at)[sets.failure_moment]
    if slots.tied is not None:
        spared = at.means.sums(at.hazard * slots.fraction)[sets.failure_moment]
        means += spared * at.relative_risk[sets.failures, None]
    return means


def event_means(design: CoxDesign, at: Likelihood) -> Floats:
    """Return the covariate mean of each moment, over its tied terms, shape (k, p)."""
    return at.means.sums(term_shares(design.slots))


def term_shares(slots: Slots) -> Floats:
    """Return one over the number of terms of each term's moment, shape (s,)."""
    return np.asarray(1 / slots.of_moment(slots.count.astype(np.float64)))


def schoenfeld_residuals(design: CoxDesign, at: Likelihood) -> tuple[Integers, Floats]:
    """Return the sample positions of the events, by stratum and time, and their residuals.

    Returns
    -------
    rows : ndarray of int, shape (d,)
    residuals : ndarray, shape (d, p)
        ``x_i − x̄(t_i)`` in the units of the covariates as given.
    """
    sets = design.risk_sets
    order = np.argsort(sets.failure_moment, kind="stable")
    failures, moment = sets.failures[order], sets.failure_moment[order]
    residuals = (design.x[failures] - event_means(design, at)[moment]) * design.scale
    return sets.rows[failures], residuals
