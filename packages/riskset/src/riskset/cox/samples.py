"""The partial likelihood of one sorted sample under many weights at once, to the last digit.

Sums run in the same order and products have the same shapes as in `partial_likelihood`, which
stays the reference: a test holds both against each other.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from riskset.arrays import Booleans, Floats, Integers, scatter, sums_to, weighted
from riskset.cox.design import CoxDesign
from riskset.cox.terms import Slots
from riskset.risk_sets import RiskSets


@dataclass(frozen=True, slots=True)
class Expansions:
    """Log-likelihoods at one point each to second order.

    Attributes
    ----------
    loglik : ndarray, shape (g,)
    gradient : ndarray, shape (g, p)
    information : ndarray, shape (g, p, p)
    """

    loglik: Floats
    gradient: Floats
    information: Floats

    def of(self, some: Booleans) -> Expansions:
        """Those of some refits."""
        return Expansions(self.loglik[some], self.gradient[some], self.information[some])


@dataclass(frozen=True, slots=True)
class Samples:
    """One sorted sample g times, under weights of its own each.

    Rows and moments of all refits are numbered through; sums that run over time are kept apart.

    Attributes
    ----------
    design : CoxDesign
    weights : ndarray, shape (g, m)
    x : ndarray, shape (g m, p)
        The covariates g times.
    leave, enter : ndarray of int, shape (g m,)
        ``past`` and ``first`` of each row among the ``g (k + 1)`` places.
    crossings : scipy.sparse.csc_array, shape (g (k + 1), g m)
        As `RiskSets.crossings`.
    failures, failure_moment : ndarray of int, shape (g d,)
    slots : Slots
        Terms of all refits.
    events : ndarray, shape (g,)
        Weight of the events of each.
    """

    design: CoxDesign
    weights: Floats
    x: Floats
    leave: Integers
    enter: Integers
    crossings: sparse.csc_array
    failures: Integers
    failure_moment: Integers
    slots: Slots
    events: Floats

    @classmethod
    def of(cls, design: CoxDesign, weights: Floats) -> Samples:
        """Lay out the sample for weights of its rows at risk, shape (g, m)."""
        sets, (g, m), k = design.risk_sets, weights.shape, design.risk_sets.moments
        number = np.arange(g)[:, None]
        leave = (sets.past + (k + 1) * number).ravel()
        enter = (sets.first + (k + 1) * number).ravel()
        both = np.empty((g * m, 2), dtype=np.int32)
        both[:, 0], both[:, 1] = leave, enter
        failures = (sets.failures + m * number).ravel()
        moment = (sets.failure_moment + k * number).ravel()
        whole = _numbered_through(sets, g, failures, moment)
        slots = Slots.of(whole, weights.ravel(), design.ties, "frequency")
        return cls(
            design=design,
            weights=weights,
            x=np.tile(design.x, (g, 1)),
            leave=leave,
            enter=enter,
            crossings=scatter(both, g * (k + 1)),
            failures=failures,
            failure_moment=moment,
            slots=slots,
            events=sums_to(slots.moment // k, slots.weight, g),
        )

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def evaluate(self, beta: Floats) -> Expansions:
        """Evaluate each refit at its own point, shape (g, p), as `partial_likelihood` does."""
        x, slots = self.design.x, self.slots
        (g, m), k, p = self.weights.shape, self.design.risk_sets.moments, x.shape[1]
        eta = np.matmul(x, beta[:, :, None])[:, :, 0] + self.design.offset
        eta -= eta.max(axis=1)[:, None]
        weight = self.weights.ravel()[self.failures]
        loglik = (weight * eta.ravel()[self.failures]).reshape(g, -1).sum(axis=1)
        relative_risk = np.exp(eta)
        risk = (self.weights * relative_risk).ravel()
        at_risk, mean = self._at_risk(risk)
        total, failing, growth = self._terms(risk, at_risk, mean)
        loglik -= sums_to(slots.moment // k, slots.weight * np.log(total), g)
        hazard = slots.weight / total
        cumulative = self._exposure(sums_to(slots.moment, hazard, g * k))
        if slots.tied is not None:
            spared = sums_to(slots.moment, hazard * slots.fraction, g * k)
            cumulative[self.failures] -= spared[self.failure_moment]
        risk *= cumulative
        excess = -risk
        excess[self.failures] += weight
        gradient = np.matmul(excess.reshape(g, 1, m), x)[:, 0] + 0.0
        information = np.matmul(x.T, x * risk.reshape(g, m, 1))
        return Expansions(
            loglik, gradient, information - self._outer(mean.reshape(g, k, p), failing, growth)
        )

    def _at_risk(self, risk: Floats) -> tuple[Floats, Floats]:
        """Sums of ``r``, shape (g k,), and of ``r x``, (g k, p), over those at risk."""
        g, k = len(self.weights), self.design.risk_sets.moments
        net = sums_to(self.leave, risk, g * (k + 1))
        net -= sums_to(self.enter, risk, g * (k + 1))
        at_risk = np.cumsum(net.reshape(g, k + 1)[:, :0:-1], axis=1)[:, ::-1]
        signed = np.empty((len(risk), 2))
        signed[:, 0] = risk
        np.negative(risk, out=signed[:, 1])
        sums = weighted(self.crossings, signed.ravel()) @ self.x
        means = np.cumsum(sums.reshape(g, k + 1, -1)[:, :0:-1], axis=1)[:, ::-1]
        return at_risk.ravel(), means.reshape(g * k, -1)

    def _terms(self, risk: Floats, at_risk: Floats, mean: Floats) -> tuple[Floats, Floats, Floats]:
        """``S⁽⁰⁾`` of each term, what tied events contribute, and growth; ``mean`` is divided."""
        slots = self.slots
        total = whole = at_risk[slots.moment]
        failing = mean[:0]
        if (tied := slots.tied) is not None:
            rows = self.failures[tied.events]
            own = risk[rows]
            failing = weighted(tied.gather, own) @ np.take(self.x, rows, axis=0)
            failing /= at_risk[tied.moments, None]
            leaving = np.zeros(len(at_risk))
            leaving[tied.moments] = tied.gather @ own
            total = whole - slots.fraction * leaving[slots.moment]
        unused = slots.count == 0
        at_risk[unused], mean[unused] = 1.0, 0.0
        mean /= at_risk[:, None]
        return total, failing, whole / total

    def _exposure(self, increments: Floats) -> Floats:
        """Sum increments, shape (g k,), over the moments at which each row is at risk, (g m,)."""
        g, k = len(self.weights), self.design.risk_sets.moments
        running = np.zeros((g, k + 1))
        np.cumsum(increments.reshape(g, k), axis=1, out=running[:, 1:])
        places = running.ravel()
        return np.asarray(places[self.leave] - places[self.enter])

    def _outer(self, mean: Floats, failing: Floats, growth: Floats) -> Floats:
        """Sum ``w̄ x̄_f x̄_f'`` over the terms of each refit, shape (g, p, p)."""
        slots, (g, k, _) = self.slots, mean.shape
        values = slots.weight * growth**2
        whole = sums_to(slots.moment, values, g * k).reshape(g, k, 1)
        out = np.matmul(mean.swapaxes(1, 2), mean * whole)
        if (tied := slots.tied) is None:
            return np.asarray(out)
        one = values * slots.fraction
        apart = mean.reshape(g * k, -1)[tied.moments] * tied.sums(one)[:, None]
        both = failing * tied.sums(one * slots.fraction)[:, None]
        ends = np.searchsorted(tied.moments, k * np.arange(g + 1))
        for number in range(g):
            low, high = ends[number], ends[number + 1]
            if low < high:
                own = failing[low:high].T
                mixed = own @ apart[low:high]
                out[number] -= mixed + mixed.T
                out[number] += own @ both[low:high]
        return np.asarray(out)


def _numbered_through(sets: RiskSets, times: int, failures: Integers, moment: Integers) -> RiskSets:
    """The events of a sample several times, as `Slots.of` takes them."""
    return dataclasses.replace(
        sets, failures=failures, failure_moment=moment, time=np.tile(sets.time, times)
    )
