"""Compiled loops of the score residuals, summed by cluster in one pass over the rows.

``U_i = ∫ (x_i − x̄) dM_i``: what a row is charged is its cumulative hazard times its covariates less
the drift of their mean, which is added up over the moments first; `cluster_scores` is the
reference.
"""

from __future__ import annotations

import numpy as np

from riskset.arrays import Floats, Integers
from riskset.loops import loop

#: Rows whose sums and drift are read ahead, all at once: the processor waits for memory once.
AHEAD = 64


@loop
def drifts(
    mean: Floats,
    failing: Floats,
    place: Integers,
    whole: Floats,
    exited: Floats,
    drift: Floats,
) -> None:
    """Fill ``drift``, shape (k + 1, p), with ``Σ h x̄`` up to each moment.

    Parameters
    ----------
    mean, failing
        See `TermMeans`.
    place : ndarray of int, shape (k,)
    whole, exited : ndarray, shape (k,) and (q,)
        Factors of ``x̄`` and ``−ȳ``.
    """
    k, p = mean.shape
    for m in range(k):
        at = place[m]
        for j in range(p):
            drift[m + 1, j] = drift[m, j] + whole[m] * mean[m, j]
        if at >= 0:
            for j in range(p):
                drift[m + 1, j] -= exited[at] * failing[at, j]


@loop
def cluster_sums(
    begin: int,
    end: int,
    x: Floats,
    weights: Floats,
    relative_risk: Floats,
    cumulative: Floats,
    first: Integers,
    past: Integers,
    failures: Integers,
    rows: Integers,
    cluster: Integers,
    drift: Floats,
    mean: Floats,
    failing: Floats,
    place: Integers,
    charge: Floats,
    exited: Floats,
    spared: Floats,
    out: Floats,
) -> None:
    """Add the weighted score residuals of the rows of a part to their clusters.

    Parameters
    ----------
    rows : ndarray of int, shape (m,)
        Where each row stands in the sample, and so in ``cluster``, shape (n,).
    drift : ndarray, shape (k + 1, p)
    charge, exited : ndarray, shape (k,) and (q,)
        Factors of ``x̄`` and ``−ȳ`` in what an event is compared with.
    spared : ndarray, shape (q, p)
        Drift that a tied event is spared.
    out : ndarray, shape (g, p)
    """
    p, one = np.uint64(x.shape[1]), np.uint64(1)
    flat_x, flat_drift, flat_out = x.ravel(), drift.ravel(), out.ravel()
    groups, read = np.empty(AHEAD, dtype=np.uint64), np.zeros(1)
    next_failure = np.searchsorted(failures, begin)
    for low in range(np.uint64(begin), np.uint64(end), np.uint64(AHEAD)):
        high = min(low + np.uint64(AHEAD), np.uint64(end))
        early = 0.0
        for i in range(low, high):
            group = np.uint64(cluster[rows[i]]) * p
            groups[i - low] = group
            early += flat_out[group] + flat_out[group + p - one]
            early += flat_drift[np.uint64(first[i]) * p]
        read[0] = early
        for i in range(low, high):
            fails = next_failure < len(failures) and failures[next_failure] == i
            next_failure += fails
            w = weights[i]
            if w == 0.0:
                continue
            risk = w * relative_risk[i]
            share = fails * w - risk * cumulative[i]
            own, group = i * p, groups[i - low]
            leaves, enters = np.uint64(past[i]) * p, np.uint64(first[i]) * p
            for j in range(p):
                gone = flat_drift[leaves + j] - flat_drift[enters + j]
                flat_out[group + j] += share * flat_x[own + j] + risk * gone
            if fails:
                moment = past[i] - 1
                at = place[moment]
                for j in range(p):
                    flat_out[group + j] -= w * charge[moment] * mean[moment, j]
                if at >= 0:
                    for j in range(p):
                        flat_out[group + j] += (
                            w * exited[at] * failing[at, j] - risk * spared[at, j]
                        )
