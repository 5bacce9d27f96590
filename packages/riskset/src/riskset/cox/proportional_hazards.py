"""Score tests of proportional hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Floats, crossproduct, sum_by_group
from riskset.cox.design import CoxDesign, FittedCox
from riskset.cox.partial_likelihood import Likelihood
from riskset.cox.residuals import schoenfeld_residuals, score_residuals
from riskset.errors import EstimationError
from riskset.maximum_likelihood import quadratic_form
from riskset.risk_sets import RiskSets

TRANSFORMS = ("km", "identity", "log", "rank")


def proportional_hazards_test(
    result: FittedCox, transform: str = "km", *, robust: bool = False
) -> pd.DataFrame:
    """Test each coefficient for a trend over transformed time.

    Parameters
    ----------
    result : FittedCox
    transform : {"km", "identity", "log", "rank"}
        Time scale of the trend: one minus the Kaplan–Meier estimate just before (robust to a few
        late events), time, its logarithm, or its rank among all ends of rows.
    robust : bool
        Allow for dependence within the model's clusters.

    Returns
    -------
    DataFrame
        Index: the covariates and ``GLOBAL`` (``(GLOBAL)`` where a covariate is called so);
        columns ``chi2, df, p_value``.

    Raises
    ------
    EstimationError
        Unknown transform, or an event at time zero under ``log``.

    Notes
    -----
    The score test of θ = 0 in ``β(t) = β + θ g(t)`` at the fitted β, with the information of β and
    θ jointly [1]_, as R's ``cox.zph``. With ``robust`` its covariance is that of the clusters'
    contributions to the efficient score ``U_θ − I_θβ I_ββ⁻¹ U_β``.

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
    if robust:
        contributions = _timed_cluster_scores(design, at, centered)
        return _robust_trend(joint, contributions, score, design.names, refusal)
    chi2 = []
    for j in range(p):
        keep = [*range(p), p + j]
        u = np.zeros(p + 1)
        u[p] = score[j]
        chi2.append(quadratic_form(u, joint[np.ix_(keep, keep)], refusal))
    u = np.concatenate((np.zeros(p), score))
    return _table([*chi2, quadratic_form(u, joint, refusal)], design.names)


def _table(chi2: list[float], names: tuple[str, ...]) -> pd.DataFrame:
    """Return the tests of the p covariates and of all, each χ² with its p-value."""
    df = np.array([1] * len(names) + [len(names)])
    whole = "(GLOBAL)" if "GLOBAL" in names else "GLOBAL"
    columns = {"chi2": chi2, "df": df, "p_value": scipy.stats.chi2.sf(chi2, df)}
    return pd.DataFrame(columns, index=pd.Index([*names, whole]))


def _timed_cluster_scores(
    design: CoxDesign, at: Likelihood, factor: Floats
) -> tuple[Floats, Floats]:
    """Return clusters' contributions to the gradients by β and by θ, shape (g, p) each."""
    if design.cluster is None or design.n_clusters is None:
        raise EstimationError("the model has no clusters; fit it with cluster=")
    weights = np.ones(design.risk_sets.n)
    if design.sample_weights is not None:
        weights = design.sample_weights
    own, timed = (
        sum_by_group(
            score_residuals(design, at, g) / design.scale,
            design.cluster,
            design.n_clusters,
            weights,
        )
        for g in (None, factor)
    )
    return own, timed


def _robust_trend(
    joint: Floats,
    contributions: tuple[Floats, Floats],
    score: Floats,
    names: tuple[str, ...],
    refusal: str,
) -> pd.DataFrame:
    """Return the tests of a trend from the clusters' efficient scores."""
    p = len(names)
    own, timed = contributions
    quadratic_form(np.concatenate((np.zeros(p), score)), joint, refusal)
    efficient = timed - own @ np.linalg.solve(joint[:p, :p], joint[:p, p:])
    spread = efficient.T @ efficient
    chi2 = [quadratic_form(score[[j]], spread[[j]][:, [j]], refusal) for j in range(p)]
    few = f"{refusal}, or there are no more clusters ({len(own)}) than covariates"
    return _table([*chi2, quadratic_form(score, spread, few)], names)


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
        return np.asarray(scipy.stats.rankdata(design.stop)[sets.rows[one]])
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
