"""The partial likelihood and cluster scores of a large sample, by compiled loops."""

from __future__ import annotations

import math

import numpy as np

from riskset.arrays import Floats, Integers, product
from riskset.compiled import Part, shared
from riskset.cox import kernels, score_kernels
from riskset.cox.partial_likelihood import Likelihood, TermMeans
from riskset.cox.terms import Slots
from riskset.risk_sets import RiskSets

#: Linear predictors up to here are exponentiated as they are; only larger ones need a shift, and a
#: pass over the rows to find it.
SAFE = 200.0


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def likelihood_of_many(
    beta: Floats,
    x: Floats,
    reach: Floats,
    offset: Floats,
    weights: Floats,
    sets: RiskSets,
    slots: Slots,
) -> Likelihood:
    """Evaluate as `partial_likelihood` does, reading the rows twice.

    Parameters
    ----------
    beta : ndarray, shape (p,)
    x : ndarray, shape (m, p)
    reach : ndarray, shape (p,)
        Largest absolute value of each column.
    offset, weights : ndarray, shape (m,)
    sets : RiskSets
    slots : Slots
    """
    (m, p), k = x.shape, sets.moments
    shift = 0.0
    most = float(np.abs(beta) @ reach) + max(float(offset.max()), -float(offset.min()))
    if not most <= SAFE:
        shift = float((product(x, beta) + offset).max())
    place, several = _places(slots)
    parts = _parts(sets)
    relative_risk, cumulative_of_rows = np.empty(m), np.empty(m)
    border = int(sets.past[parts[0][1] - 1]) if parts[0][1] else 0
    net, early = np.zeros((k + 1, p + 1)), np.zeros((border + 1, p + 1))
    tied = np.zeros((several, p + 1))

    def risk_sums(part: int, begin: int, end: int) -> float:
        return kernels.risk_sums(
            begin,
            end,
            x,
            beta,
            offset,
            shift,
            weights,
            sets.first,
            sets.past,
            sets.failures,
            place,
            relative_risk,
            net,
            border,
            early if part else net,
            tied,
        )

    loglik = math.fsum(shared(risk_sums, parts))
    s = len(slots.weight)
    mean, failing = np.empty((k, p)), np.zeros((several, p))
    growth, hazard = np.empty(s), np.empty(s)
    cumulative, spared, whole = np.zeros(k + 1), np.zeros(k), np.zeros(k)
    exited = np.zeros((2, several))
    loglik -= kernels.term_means(
        net,
        border,
        early,
        tied,
        place,
        slots.count,
        slots.weight,
        slots.fraction,
        mean,
        failing,
        growth,
        hazard,
        cumulative,
        spared,
        whole,
        exited,
    )
    gradients, squares = np.zeros((len(parts), p)), np.zeros((len(parts), p, p))
    means = np.zeros((p, p))
    if slots.tied is not None:
        # Where several terms share a moment: A x̄x̄' − B (x̄ȳ' + ȳx̄') + C ȳȳ', the square completed.
        moments = slots.tied.moments
        once, twice = exited / whole[moments]
        mixed = mean[moments] - failing * once[:, None]
        kernels.weighted_squares(0, several, mixed, whole[moments], means)
        left = whole[moments] * (twice - once**2)
        kernels.weighted_squares(0, several, failing, left, means)
        whole[moments] = 0.0

    def derivatives(part: int, begin: int, end: int) -> None:
        kernels.derivatives(
            begin,
            end,
            x,
            weights,
            relative_risk,
            sets.first,
            sets.past,
            sets.failures,
            cumulative,
            spared,
            cumulative_of_rows,
            gradients[part],
            squares[part],
        )

    shared(derivatives, parts)
    kernels.weighted_squares(0, k, mean, whole, means)
    information = squares.sum(axis=0) - means
    kernels.mirror(information)
    return Likelihood(
        loglik=float(loglik),
        gradient=gradients.sum(axis=0),
        information=information,
        relative_risk=relative_risk,
        hazard=hazard,
        means=TermMeans(mean, failing, growth, slots),
        cumulative=cumulative_of_rows,
        shift=shift,
    )


def cluster_scores_of_many(
    x: Floats,
    weights: Floats,
    sets: RiskSets,
    slots: Slots,
    at: Likelihood,
    cluster: Integers,
    n_clusters: int,
) -> Floats:
    """Return the weighted scores summed by cluster as `cluster_scores` does, in units of ``x``.

    Parameters
    ----------
    x : ndarray, shape (m, p)
    weights : ndarray, shape (m,)
    sets : RiskSets
    slots : Slots
    at : Likelihood
    cluster : ndarray of int, shape (n,)
    n_clusters : int
    """
    place, several = _places(slots)
    parts, means, p = _parts(sets), at.means, x.shape[1]
    drift = np.zeros((sets.moments + 1, p))
    score_kernels.drifts(means.mean, means.failing, place, *means.shares(at.hazard), drift)
    charge, exited = means.shares(1 / slots.of_moment(slots.count.astype(np.float64)))
    spared = np.zeros((several, p))
    if slots.tied is not None:
        moments = slots.tied.moments
        own, gone = means.shares(at.hazard * slots.fraction)
        spared = means.mean[moments] * own[moments, None] - means.failing * gone[:, None]
    sums = np.zeros((len(parts), n_clusters, p))

    def add(part: int, begin: int, end: int) -> None:
        score_kernels.cluster_sums(
            begin,
            end,
            x,
            weights,
            at.relative_risk,
            at.cumulative,
            sets.first,
            sets.past,
            sets.failures,
            sets.rows,
            cluster,
            drift,
            means.mean,
            means.failing,
            place,
            charge,
            exited,
            spared,
            sums[part],
        )

    shared(add, parts)
    return np.asarray(sums.sum(axis=0))


def _places(slots: Slots) -> tuple[Integers, int]:
    """Return which of the moments with several terms each is, or −1, and their number."""
    place = np.full(len(slots.count), -1, dtype=np.int64)
    if slots.tied is None:
        return place, 0
    place[slots.tied.moments] = np.arange(len(slots.tied.moments))
    return place, len(slots.tied.moments)


def _parts(sets: RiskSets) -> list[Part]:
    """Return ranges of the rows that end where a moment ends."""
    m = len(sets.past)
    middle = int(np.searchsorted(sets.past, sets.past[m // 2])) if m else 0
    return [(0, middle), (middle, m)]
