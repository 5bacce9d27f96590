"""Residuals of a Cox model, and tests of proportional hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from collsec.survival.arrays import Floats, Integers, accumulate, crossproduct, sum_by_group
from collsec.survival.cox.design import CoxDesign, FittedCox
from collsec.survival.cox.partial_likelihood import Likelihood
from collsec.survival.cox.terms import Slots
from collsec.survival.errors import EstimationError
from collsec.survival.maximum_likelihood import quadratic_form
from collsec.survival.risk_sets import RiskSets, by_target

TRANSFORMS = ("km", "identity", "log", "rank")


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
    sets = design.risk_sets
    scores = sets.exposure(at.means.sums(at.hazard))
    scores -= design.x * at.cumulative[:, None]
    scores *= at.relative_risk[:, None]
    scores[sets.failures] += design.x[sets.failures] - _charged_means(design, at)
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


def proportional_hazards_test(result: FittedCox, transform: str = "km") -> pd.DataFrame:
    """Test each coefficient for a trend over transformed time.

    Parameters
    ----------
    result : FittedCox
    transform : {"km", "identity", "log", "rank"}
        Time scale of the trend: one minus the Kaplan–Meier estimate just before (robust to a few
        late events), time, its logarithm, or its rank among all ends of rows.

    Returns
    -------
    DataFrame
        Index: the covariates and ``GLOBAL``; columns ``chi2, df, p_value``.

    Raises
    ------
    EstimationError
        Unknown transform, or an event at time zero under ``log``.

    Notes
    -----
    The score test of θ = 0 in ``β(t) = β + θ g(t)`` at the fitted β, with the information of β and
    θ jointly [1]_; it uses the model's information, not the clusters.

    References
    ----------
    .. [1] Grambsch, P. M., & Therneau, T. M. (1994). Proportional hazards tests and diagnostics
       based on weighted residuals. Biometrika 81, 515–526. https://doi.org/10.1093/biomet/81.3.515
    """
    design, at = result.design, result.fitted
    p = len(design.names)
    if p == 0:
        raise EstimationError("a model without covariates has no proportionality to test")
    scale = time_scale(design, transform)
    rows, residuals = schoenfeld_residuals(design, at)
    sets = design.risk_sets
    moment = np.sort(sets.failure_moment, kind="stable")
    weight = np.ones(len(rows))
    if design.sample_weights is not None:
        weight = design.sample_weights[rows]
    centered = scale - np.average(scale[moment])
    score = (weight * centered[moment]) @ (residuals / design.scale)
    joint = np.block(
        [
            [weighted_information(design, at, centered**power) for power in (a, a + 1)]
            for a in (0, 1)
        ]
    )
    refusal = (
        "the events are too few, or too much at one time, to tell a trend of the coefficients over "
        f"time ({sets.moments} event times for {p} covariates)"
    )
    table = {}
    for j, name in enumerate(design.names):
        keep = [*range(p), p + j]
        u = np.zeros(p + 1)
        u[p] = score[j]
        table[name] = quadratic_form(u, joint[np.ix_(keep, keep)], refusal)
    u = np.concatenate((np.zeros(p), score))
    chi2 = pd.Series({**table, "GLOBAL": quadratic_form(u, joint, refusal)}, name="chi2")
    df = np.array([1] * p + [p])
    return pd.DataFrame({"chi2": chi2, "df": df, "p_value": stats.chi2.sf(chi2.to_numpy(), df)})


def weighted_information(design: CoxDesign, at: Likelihood, factor: Floats) -> Floats:
    """Sum the covariance of the covariates over the events, times a factor of each moment.

    Parameters
    ----------
    design : CoxDesign
    at : Likelihood
    factor : ndarray, shape (k,)

    Returns
    -------
    ndarray, shape (p, p)
        With a factor of one, the information.
    """
    sets, slots = design.risk_sets, design.slots
    share = factor[slots.moment]
    cumulative = sets.exposure(slots.by_moment(at.hazard * share))
    if slots.tied is not None:
        spared = slots.by_moment(at.hazard * share * slots.fraction)
        cumulative[sets.failures] -= spared[sets.failure_moment]
    risk = design.weights * at.relative_risk * cumulative
    return crossproduct(design.x, risk) - at.means.outer(slots.weight * share)


def time_scale(design: CoxDesign, transform: str) -> Floats:
    """Return the transformed time of each moment, shape (k,)."""
    sets = design.risk_sets
    if transform == "identity":
        return sets.time
    if transform == "log":
        if (sets.time <= 0).any():
            raise EstimationError("transform 'log' needs event times above zero; use 'km'")
        return np.log(sets.time)
    if transform == "rank":
        one = sets.failures[np.unique(sets.failure_moment, return_index=True)[1]]
        return np.asarray(stats.rankdata(design.stop)[sets.rows[one]])
    if transform == "km":
        return kaplan_meier_scale(design)
    raise EstimationError(f"transform must be one of {', '.join(TRANSFORMS)}, not {transform!r}")


def kaplan_meier_scale(design: CoxDesign) -> Floats:
    """Return one minus the pooled Kaplan–Meier estimate just before each moment, shape (k,).

    Strata and weights are ignored, as the scale only has to spread the events evenly.
    """
    n = len(design.stop)
    none = np.zeros(n, dtype=np.int64)
    width = design.risk_sets.width
    pooled = RiskSets.build(design.start, design.stop, design.event, none, width)
    at_risk = pooled.at_risk(np.ones(len(pooled.rows)))
    events = np.bincount(pooled.failure_moment, minlength=pooled.moments)
    before = np.concatenate(([1.0], np.cumprod(1 - events / at_risk)[:-1]))
    return np.asarray(1 - before[np.searchsorted(pooled.time, design.risk_sets.time)])
