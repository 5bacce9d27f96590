"""Cox's partial likelihood with its gradient and information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from collsec.survival.arrays import (
    Floats,
    Integers,
    crossproduct,
    dot,
    product,
    scatter,
    sums_to,
    weighted,
    weighted_total,
)
from collsec.survival.columns import WeightKind
from collsec.survival.risk_sets import RiskSets

Ties = Literal["efron", "breslow", "exact"]


@dataclass(frozen=True, slots=True)
class TiedEvents:
    """The moments with several terms, and their events.

    Attributes
    ----------
    moments : ndarray of int, shape (q,)
    events : ndarray of int, shape (e,)
        Positions among the d events of the sample.
    event_place : ndarray of int, shape (e,)
        Which of the q moments is theirs.
    gather : scipy.sparse.csc_array, shape (q, e)
        Sums those events to their moments.
    terms, term_place : ndarray of int, shape (t,)
        Positions of the terms of those moments among all terms, and which of the q is theirs.
    """

    moments: Integers
    events: Integers
    event_place: Integers
    gather: sparse.csc_array
    terms: Integers
    term_place: Integers

    @classmethod
    def among(cls, count: Integers, failure_moment: Integers) -> TiedEvents | None:
        """Find the moments with more than one term, or return None where there is none."""
        several = count > 1
        if not several.any():
            return None
        events, moments = np.flatnonzero(several[failure_moment]), np.flatnonzero(several)
        place = (np.cumsum(several) - 1)[failure_moment[events]]
        return cls(
            moments=moments,
            events=events,
            event_place=place,
            gather=scatter(place, len(moments)),
            terms=np.flatnonzero(np.repeat(several, count)),
            term_place=np.repeat(np.arange(len(moments)), count[moments]),
        )

    def sums(self, values: Floats) -> Floats:
        """Sum values of all terms, shape (s,), to the moments with several, shape (q,)."""
        return sums_to(self.term_place, values[self.terms], len(self.moments))


@dataclass(frozen=True, slots=True)
class Slots:
    """Terms of the partial likelihood: under Efron's method one per tied event.

    Attributes
    ----------
    moment : ndarray of int, shape (s,)
        Event moment of the term.
    fraction : ndarray, shape (s,)
        Fraction of the tied events that has exited the risk set: 0, 1/d, …, (d−1)/d; 0 under
        Breslow.
    weight : ndarray, shape (s,)
        Mean weight of the tied events (their sum under Breslow).
    count : ndarray of int, shape (k,)
        Terms of each moment; none where its events carry no weight.
    tied : TiedEvents or None
        The moments with several terms; None where every fraction is zero.
    """

    moment: Integers
    fraction: Floats
    weight: Floats
    count: Integers
    tied: TiedEvents | None

    @classmethod
    def of(cls, sets: RiskSets, weights: Floats, ties: Ties, kind: WeightKind) -> Slots:
        """Lay out the terms of the partial likelihood for given weights, shape (m,)."""
        k = sets.moments
        weight = weights[sets.failures]
        total = sums_to(sets.failure_moment, weight, k)
        if kind == "frequency":
            count = np.rint(total).astype(np.int64)
        else:
            count = np.bincount(sets.failure_moment, weight > 0, minlength=k).astype(np.int64)
        if ties == "breslow":
            moment = np.flatnonzero(count)
            once = np.minimum(count, 1)
            return cls(moment, np.zeros(moment.size), total[moment], once, None)
        moment = np.repeat(np.arange(k), count)
        order = np.arange(moment.size) - np.repeat(np.cumsum(count) - count, count)
        shared = count[moment].astype(np.float64)
        tied = TiedEvents.among(count, sets.failure_moment)
        return cls(moment, order / shared, total[moment] / shared, count, tied)

    def by_moment(self, values: Floats) -> Floats:
        """Sum values, shape (s,), to one per moment, shape (k,)."""
        if self._once:
            return values
        return sums_to(self.moment, values, len(self.count))

    def of_moment(self, values: Floats) -> Floats:
        """Return the value of each term's moment, shape (s,), given those of all, shape (k,)."""
        return values if self._once else values[self.moment]

    @property
    def _once(self) -> bool:
        """Whether each moment has one term: terms and moments are then the same."""
        return self.tied is None and len(self.moment) == len(self.count)


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
