"""Cox's partial likelihood with its gradient and information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collsec.estimators.columns import Floats
from collsec.estimators.risk_sets import RiskSets, Slots


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The partial likelihood at one point.

    Attributes
    ----------
    loglik : float
    gradient : ndarray, shape (p,)
    information : ndarray, shape (p, p)
    relative_risk : ndarray, shape (m,)
        ``exp(x β + offset − shift)`` of each row.
    hazard : ndarray, shape (s,)
        Baseline hazard of each term, times ``exp(shift)``.
    mean : ndarray, shape (s, p)
        Weighted mean of the covariates over each risk set.
    cumulative : ndarray, shape (m,)
        Baseline hazard accumulated while each row is at risk, times ``exp(shift)``.
    shift : float
        Largest linear predictor, taken out against overflow.
    """

    loglik: float
    gradient: Floats
    information: Floats
    relative_risk: Floats
    hazard: Floats
    mean: Floats
    cumulative: Floats
    shift: float


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def partial_likelihood(
    beta: Floats, x: Floats, offset: Floats, weights: Floats, sets: RiskSets, slots: Slots
) -> Likelihood:
    """Evaluate the log partial likelihood, its gradient and its information.

    Parameters
    ----------
    beta : ndarray, shape (p,)
    x : ndarray, shape (m, p)
        Covariates of the rows at risk at some moment, near zero mean.
    offset, weights : ndarray, shape (m,)
    sets : RiskSets
    slots : Slots

    Notes
    -----
    With ``r = w exp(xβ)`` and the sums ``S⁽⁰⁾, S⁽¹⁾`` of ``r`` and ``r x`` over the risk set of a
    term, less its share of the tied events, the information is::

        X' diag(r H) X − Σ_terms w̄ x̄ x̄',   x̄ = S⁽¹⁾ / S⁽⁰⁾,

    where ``H_i`` sums ``w̄ / S⁽⁰⁾`` over the terms at which row ``i`` is at risk: no p × p sum per
    risk set is needed.
    """
    eta = x @ beta + offset
    shift = float(eta.max())
    risk = weights * np.exp(eta - shift)
    weighted = x * risk[:, None]
    total, sums = sets.at_risk(risk)[slots.moment], sets.at_risk(weighted)[slots.moment]
    if slots.has_ties:
        dying = np.asarray(sets.gather @ risk[sets.deaths])[slots.moment]
        total -= slots.fraction * dying
        leaving = np.asarray(sets.gather @ weighted[sets.deaths])[slots.moment]
        sums -= slots.fraction[:, None] * leaving
    mean = sums / total[:, None]
    hazard = slots.weight / total
    cumulative = sets.exposure(slots.by_moment(hazard))
    if slots.has_ties:
        spared = slots.by_moment(hazard * slots.fraction)
        cumulative[sets.deaths] -= spared[sets.death_moment]
    weight = weights[sets.deaths]
    loglik = float(weight @ eta[sets.deaths])
    loglik -= float(slots.weight @ (np.log(total) + shift))
    gradient = weight @ x[sets.deaths] - slots.weight @ mean
    weighted *= cumulative[:, None]
    information = x.T @ weighted
    information -= mean.T @ (slots.weight[:, None] * mean)
    return Likelihood(
        loglik=loglik,
        gradient=gradient,
        information=information,
        relative_risk=np.exp(eta - shift),
        hazard=hazard,
        mean=mean,
        cumulative=cumulative,
        shift=shift,
    )
