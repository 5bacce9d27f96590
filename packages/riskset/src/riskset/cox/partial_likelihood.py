"""Cox's partial likelihood, exact for ties if asked, with its gradient and information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from riskset.arrays import Floats, crossproduct, dot, product, weighted, weighted_total
from riskset.cox.terms import Slots
from riskset.errors import EstimationError
from riskset.risk_sets import RiskSets


@dataclass(frozen=True, slots=True)
class TermMeans:
    """The covariate mean of each term of the likelihood, kept by moment.

    The terms of a moment differ only in the fraction ``f`` of its tied events that has exited:
    their means are ``x̄_f = u_f (x̄ − f ȳ)``, so no array needs a row per term.

    Attributes
    ----------
    mean : ndarray, shape (k, p)
        ``x̄``: weighted mean over the risk set before any tied event has exited.
    failing : ndarray, shape (q, p)
        ``ȳ``: what the tied events contribute to it, at the moments that have several terms.
    growth : ndarray, shape (s,)
        ``u_f``: the weight of the whole risk set over that of what remains of it.
    slots : Slots
    """

    mean: Floats
    failing: Floats
    growth: Floats
    slots: Slots

    def sums(self, values: Floats, out: Floats | None = None) -> Floats:
        """Sum values, shape (s,), times the mean of their term, by moment, shape (k, p)."""
        whole, exited = self.shares(values)
        out = np.multiply(self.mean, whole[:, None], out=out)
        if self.slots.tied is not None:
            out[self.slots.tied.moments] -= self.failing * exited[:, None]
        return np.asarray(out)

    def shares(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the factors of ``x̄``, shape (k,), and ``−ȳ``, shape (q,), that `sums` adds up."""
        whole, exited, _ = self._moments(values * self.growth)
        return whole, exited

    def outer(self, values: Floats) -> Floats:
        """Sum values, shape (s,), times ``x̄_f x̄_f'``, shape (p, p)."""
        whole, one_exited, both_exited = self._moments(values * self.growth**2)
        out = crossproduct(self.mean, whole)
        if self.slots.tied is not None:
            mixed = crossproduct(self.failing, one_exited, self.mean[self.slots.tied.moments])
            out -= mixed + mixed.T
            out += crossproduct(self.failing, both_exited)
        return out

    def _moments(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Sum values times f⁰, f¹ and f² by moment; the latter where there are several terms."""
        by_moment, fraction, tied = self.slots.by_moment, self.slots.fraction, self.slots.tied
        if tied is None:
            return by_moment(values), values[:0], values[:0]
        one = values * fraction
        return by_moment(values), tied.sums(one), tied.sums(one * fraction)


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
    means : TermMeans
        Weighted mean of the covariates over the risk set of each term.
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
    means: TermMeans
    cumulative: Floats
    shift: float


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def partial_likelihood(
    beta: Floats,
    x: Floats,
    offset: Floats,
    weights: Floats,
    sets: RiskSets,
    slots: Slots,
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
    term, less its share of the tied events, gradient and information are::

        X' (w δ − r H),   X' diag(r H) X − Σ_terms w̄ x̄ x̄',   x̄ = S⁽¹⁾ / S⁽⁰⁾,

    where ``H_i`` sums ``w̄ / S⁽⁰⁾`` over the terms at which row ``i`` is at risk: no p × p sum per
    risk set is needed.
    """
    eta = product(x, beta)
    eta += offset
    shift = float(eta.max())
    eta -= shift
    weight = weights[sets.failures]
    loglik = dot(weight, eta[sets.failures])
    relative_risk = np.exp(eta, out=eta)
    risk = weights * relative_risk
    means, total = _term_means(risk, x, sets, slots)
    loglik -= dot(slots.weight, np.log(total))
    hazard = slots.weight / total
    cumulative = sets.exposure(slots.by_moment(hazard))
    if slots.tied is not None:
        spared = slots.by_moment(hazard * slots.fraction)
        cumulative[sets.failures] -= spared[sets.failure_moment]
    risk *= cumulative
    excess = -risk
    excess[sets.failures] += weight
    return Likelihood(
        loglik=loglik,
        gradient=weighted_total(x, excess),
        information=crossproduct(x, risk) - means.outer(slots.weight),
        relative_risk=relative_risk,
        hazard=hazard,
        means=means,
        cumulative=cumulative,
        shift=shift,
    )


def _term_means(risk: Floats, x: Floats, sets: RiskSets, slots: Slots) -> tuple[TermMeans, Floats]:
    """Return the means of the terms and the weight ``S⁽⁰⁾`` at risk at each, shape (s,)."""
    at_risk, mean = sets.at_risk(risk), sets.at_risk(risk, x)
    whole = slots.of_moment(at_risk)
    total, failing = whole, mean[:0]
    if (tied := slots.tied) is not None:
        rows = sets.failures[tied.events]
        own = risk[rows]
        failing = weighted(tied.gather, own) @ np.take(x, rows, axis=0)
        failing /= at_risk[tied.moments, None]
        leaving = np.zeros(len(at_risk))
        leaving[tied.moments] = tied.gather @ own
        total = whole - slots.fraction * slots.of_moment(leaving)
    # Nobody need be at risk where no event carries weight; unused entries must be finite.
    unused = slots.count == 0
    if unused.any():
        at_risk[unused], mean[unused] = 1.0, 0.0
    mean /= at_risk[:, None]
    return TermMeans(mean, failing, whole / total, slots), total


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
