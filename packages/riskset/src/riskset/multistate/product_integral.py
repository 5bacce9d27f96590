"""From transition hazards to probabilities: the product integral and how clusters move it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg

from riskset.arrays import Floats, Integers
from riskset.clustered import at_risk_by_cluster
from riskset.cox.baseline import baseline_influence
from riskset.cox.residuals import cluster_scores
from riskset.cox.result import CoxResult
from riskset.errors import EstimationError
from riskset.multistate.states import STAYS, StateRows
from riskset.risk_sets import RiskSets

#: Numbers that the influence of clusters may take up: two gigabytes.
MOST_INFLUENCES = 2.5e8


@dataclass(frozen=True, slots=True)
class Jumps:
    """Jumps of the cumulative transition hazards, and how clusters move them.

    Attributes
    ----------
    time : ndarray, shape (k,)
        Distinct times at which some transition occurs.
    at : ndarray of int, shape (e,)
        Time of each jump, in increasing order.
    origin, target : ndarray of int, shape (e,)
        States between which it leads.
    size : ndarray, shape (e,)
    influence : ndarray, shape (g, e)
    width : float
        Times no further apart than this are one time.
    exponential : bool
        Multiply by the matrix exponential of the jumps rather than by one plus the jumps.
    """

    time: Floats
    at: Integers
    origin: Integers
    target: Integers
    size: Floats
    influence: Floats
    width: float
    exponential: bool


@dataclass(frozen=True, slots=True)
class Course:
    """Probabilities over time from several beginnings.

    Attributes
    ----------
    time : ndarray, shape (k,)
    probability, variance : ndarray, shape (k + 1, r, s)
        First at the beginning, then after each time.
    area, area_variance : ndarray, shape (r, s)
        Time spent in each state up to the horizon, and its variance.
    """

    time: Floats
    probability: Floats
    variance: Floats
    area: Floats
    area_variance: Floats


def check_size(groups: int, jumps: int) -> None:
    """Raise where the influence of clusters on all jumps would not fit in memory."""
    if groups * jumps > MOST_INFLUENCES:
        raise EstimationError(
            f"{groups} clusters and {jumps} jumps of the hazards are too many for the errors; "
            "name coarser clusters (cluster=)"
        )


def follow(
    jumps: Jumps, begin: Floats, moved: Floats, since: float, horizon: float | None = None
) -> Course:
    """Multiply the jumps together.

    Parameters
    ----------
    jumps : Jumps
    begin : ndarray, shape (r, s)
        Distributions over states at the beginning.
    moved : ndarray, shape (g, r, s)
        Influence of each cluster on them.
    since : float
        Jumps at or before this time do not count.
    horizon : float, optional
        End of the time spent in each state; the last jump by default.

    Notes
    -----
    ``P(s, t) = Π (I + dA(u))`` (or of exponentials), and by the product rule a cluster that moves
    the jumps by ``ψ(u)`` moves it by ``Σ_u P(s, u−) D_u[ψ(u)] P(u, t)``, with ``D_u`` the
    derivative of the factor: carried forward time by time, so that it costs no more than P.
    """
    groups, states = len(jumps.influence), begin.shape[1]
    first = int(np.searchsorted(jumps.time, since + jumps.width, side="right"))
    time = jumps.time[first:]
    if horizon is not None:
        time = time[time <= horizon + jumps.width]
    edges = np.searchsorted(jumps.at, np.arange(first, first + len(time) + 1))
    now, influence = begin.copy(), moved.copy()
    path = np.empty((len(time) + 1, *begin.shape))
    spread = np.empty_like(path)
    area, area_moved = np.zeros_like(begin), np.zeros_like(moved)
    path[0], spread[0] = now, (influence**2).sum(axis=0)
    clock = since
    for k, when in enumerate(time):
        area += (when - clock) * now
        area_moved += (when - clock) * influence
        clock = float(when)
        own = slice(edges[k], edges[k + 1])
        step, slopes = _factor(jumps, own, states)
        direct = np.einsum("rs,est->ert", now, slopes)
        influence = influence @ step + np.tensordot(jumps.influence[:, own], direct, axes=1)
        now = now @ step
        path[k + 1], spread[k + 1] = now, (influence**2).sum(axis=0)
    if horizon is not None:
        area += (horizon - clock) * now
        area_moved += (horizon - clock) * influence
    assert influence.shape == (groups, *begin.shape)
    return Course(time, path, spread, area, (area_moved**2).sum(axis=0))


def _factor(jumps: Jumps, own: slice, states: int) -> tuple[Floats, Floats]:
    """Return the factor of one time, (s, s), and its derivative by each jump, (e, s, s)."""
    origin, target, size = jumps.origin[own], jumps.target[own], jumps.size[own]
    count = np.arange(len(size))
    directions = np.zeros((len(size), states, states))
    directions[count, origin, target] = 1.0
    directions[count, origin, origin] = -1.0
    generator = np.tensordot(size, directions, axes=1)
    if not jumps.exponential:
        return np.eye(states) + generator, directions
    if len(size) == 1:
        # One transition alone: exp(aD) = I + (1 − e^−a) D, since D² = −D.
        left = float(np.exp(-size[0]))
        return np.eye(states) + (1 - left) * directions[0], left * directions
    slopes = [linalg.expm_frechet(generator, d, compute_expm=False) for d in directions]
    return np.asarray(linalg.expm(generator)), np.asarray(slopes, dtype=np.float64)


def observed_jumps(rows: StateRows) -> tuple[Jumps, pd.DataFrame]:
    """Return the jumps ``d / n`` of each transition with their influence, and counts."""
    happened = (rows.to != STAYS) & (rows.weights > 0)
    sets = RiskSets.build(rows.start, rows.stop, happened, rows.state, rows.width)
    weight, size = rows.weights[sets.rows], len(rows.labels)
    at_risk = sets.at_risk(weight)
    target = rows.to[sets.rows[sets.failures]]
    key, entry = np.unique(sets.failure_moment * size + target, return_inverse=True)
    moment = key // size
    groups = len(rows.cluster_labels)
    check_size(groups, len(key))
    own = weight[sets.failures]
    jump = np.bincount(entry, own) / at_risk[moment]
    influence = -at_risk_by_cluster(sets, weight, rows.cluster, groups)[:, moment] * jump
    np.add.at(influence, (rows.cluster[sets.rows[sets.failures]], entry), own)
    influence /= at_risk[moment]
    time, at = np.unique(sets.time[moment], return_inverse=True)
    order = np.argsort(at, kind="stable")
    origin = rows.state[sets.rows[sets.failures]][np.unique(entry, return_index=True)[1]]
    jumps = Jumps(
        time=time,
        at=at[order],
        origin=origin[order],
        target=(key % size)[order],
        size=jump[order],
        influence=influence[:, order],
        width=rows.width,
        exponential=False,
    )
    return jumps, transition_counts(rows)


def transition_counts(rows: StateRows) -> pd.DataFrame:
    """Return the weight of each transition: ``from_state, to_state, n_events``."""
    found = []
    for origin, target in rows.transitions:
        own = (rows.state == origin) & (rows.to == target)
        found.append((rows.labels[origin], rows.labels[target], float(rows.weights[own].sum())))
    return pd.DataFrame(found, columns=["from_state", "to_state", "n_events"])


def spread_to(rows: StateRows, fit: CoxResult, values: Floats) -> Floats:
    """Return values of the model's clusters, shape (c, ...), for all clusters, shape (g, ...)."""
    out = np.zeros((len(rows.cluster_labels), *values.shape[1:]))
    assert fit.design.cluster_labels is not None
    out[np.asarray(fit.design.cluster_labels, dtype=np.int64)] = values
    return out


def coefficient_influence(rows: StateRows, fit: CoxResult) -> Floats:
    """Return each cluster's influence on the coefficients, shape (g, p)."""
    moved = cluster_scores(fit.design, fit.fitted) @ fit.model_cov.to_numpy()
    return spread_to(rows, fit, moved)


def hazard_jumps(rows: StateRows, fit: CoxResult, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the times and jumps of a hazard at covariates x, (k,), and influence, (g, k)."""
    design, at = fit.design, fit.fitted
    moments = np.arange(design.risk_sets.moments)
    own = (x - design.center) / design.scale
    with np.errstate(over="ignore"):
        ratio = float(np.exp(own @ (fit.params.to_numpy() * design.scale) - at.shift))
    if not np.isfinite(ratio):
        raise EstimationError(
            "the hazard at these covariates exceeds any number: they lie far beyond the data"
        )
    size = design.slots.by_moment(at.hazard) * ratio
    lean = (own * size[:, None] - at.means.sums(at.hazard) * ratio) * design.scale
    known = baseline_influence(fit, moments, np.full(len(moments), ratio))
    influence = spread_to(rows, fit, known) + coefficient_influence(rows, fit) @ lean.T
    return design.risk_sets.time, size, influence
