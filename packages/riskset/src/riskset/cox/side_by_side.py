"""Refits of one sorted sample under many weights at once, each as it would be alone.

A jackknife or bootstrap of a few hundred rows spends its time on calls, not on numbers. Here one
call serves many refits: sums run in the same order and products have the same shapes as in
`partial_likelihood`, so that every estimate is that of a refit of its own to the last digit.
"""

from __future__ import annotations

import numpy as np

from riskset.arrays import (
    ALONE_MATRIX,
    ALONE_VECTOR,
    Booleans,
    Floats,
)
from riskset.cox.design import REFIT_TOLERANCE, CoxDesign
from riskset.cox.samples import Expansions, Samples
from riskset.maximum_likelihood import (
    COLLINEAR,
    LONGEST_LAST_STEP,
    MAX_STEPS,
    ROUNDING_FLOOR,
)

#: Numbers of the covariates of all refits that are made at once: they stay in the cache.
AT_ONCE = 2**15
#: Below this share of refits that still move, the others are set aside.
FEW = 0.7


def _gains(design: CoxDesign) -> bool:
    """Whether a sample is small enough that each of its products is one call alone."""
    p, rows = len(design.names), max(len(design.x), design.risk_sets.moments)
    return (
        design.ties != "exact"
        and p > 0
        and len(design.x) > 64
        and rows * p <= ALONE_VECTOR
        and rows * p * p <= ALONE_MATRIX
        and not design.is_large
    )


def estimates_under(design: CoxDesign, weights: Floats, begin: Floats) -> Floats:
    """Coefficients under each of many frequency weights, as each refit alone would give them.

    Parameters
    ----------
    design : CoxDesign
    weights : ndarray, shape (g, n)
        Whole and not negative: how often each row counts in each refit.
    begin : ndarray, shape (p,)
        The estimate of a neighboring sample.

    Returns
    -------
    ndarray, shape (g, p)
        The digits of ``design.reweighted(weights[i], "frequency").estimate(begin)``. NaN where
        the search meets anything out of the ordinary, and for samples that gain nothing: a refit
        alone says what there is.
    """
    out = np.full((len(weights), len(design.names)), np.nan)
    if not _gains(design):
        return out
    each = max(AT_ONCE // design.x.size, 1)
    for low in range(0, len(out), each):
        kept = weights[low : low + each, design.risk_sets.rows].astype(np.float64)
        made = _maximized(design, kept, begin * design.scale, REFIT_TOLERANCE)
        out[low : low + each] = made / design.scale
    return out


def _maximized(design: CoxDesign, weights: Floats, begin: Floats, tolerance: float) -> Floats:
    """Newton's method as in `maximize`, for refits with ordinary steps."""
    out = np.full((len(weights), len(begin)), np.nan)
    bears = weights[:, design.risk_sets.failures].sum(axis=1) > 0
    who = np.flatnonzero(bears)
    if not who.size:
        return out
    samples = Samples.of(design, weights[who])
    point = np.tile(begin, (len(who), 1))
    current = samples.evaluate(point)
    moves = _determined(current.information, samples.events)
    before = np.full(len(who), np.inf)
    for _ in range(MAX_STEPS):
        if not moves.any():
            break
        if moves.mean() < FEW:
            who, point, before = who[moves], point[moves], before[moves]
            samples = Samples.of(design, weights[who])
            current, moves = current.of(moves), moves[moves]
        step, ascends = _ascents(current, moves)
        with np.errstate(invalid="ignore"):
            distance = np.sqrt(np.abs(np.einsum("gp,gp->g", current.gradient, step)))
        moves &= ascends & np.isfinite(distance)
        stalled = (distance < ROUNDING_FLOOR) & (distance > before / 2)
        near = np.abs(step * design.reach).max(axis=1) < LONGEST_LAST_STEP
        ends = moves & ((distance < tolerance) | stalled) & near
        out[who[ends]] = point[ends] + step[ends]
        moves &= ~ends
        if not moves.any():
            break
        point = np.where(moves[:, None], point + step, point)
        trial = samples.evaluate(point)
        moves &= trial.loglik >= current.loglik - 1e-9 * np.abs(current.loglik)
        current, before = trial, distance
    return out


def _determined(information: Floats, events: Floats) -> Booleans:
    """Say of which refits `check_information` would have nothing to say, shape (g,)."""
    diagonal = np.diagonal(information, axis1=1, axis2=2)
    whole = np.isfinite(information).all(axis=(1, 2))
    fine = np.logical_and(whole, (diagonal > COLLINEAR * events[:, None]).all(axis=1))
    root = np.sqrt(np.where(fine[:, None], diagonal, 1.0))
    shares = information / (root[:, :, None] * root[:, None, :])
    roots, positive = _roots(shares, fine)
    own = np.diagonal(roots, axis1=1, axis2=2) ** 2
    return np.asarray(positive & (own.min(axis=1) > 2 * COLLINEAR))


def _ascents(current: Expansions, moves: Booleans) -> tuple[Floats, Booleans]:
    """Newton's steps, shape (g, p), and where the likelihood is concave; zero elsewhere."""
    _, concave = _roots(current.information, moves)
    eye = np.eye(current.gradient.shape[1])
    information = np.where(concave[:, None, None], current.information, eye)
    gradient = np.where(concave[:, None], current.gradient, 0.0)
    try:
        return np.linalg.solve(information, gradient[:, :, None])[:, :, 0], concave
    except np.linalg.LinAlgError:
        return np.zeros_like(gradient), np.zeros_like(concave)


def _roots(matrices: Floats, asked: Booleans) -> tuple[Floats, Booleans]:
    """Cholesky roots, shape (g, p, p), and of which matrices there are any among those asked."""
    eye = np.eye(matrices.shape[1])
    safe = np.where(asked[:, None, None], matrices, eye)
    try:
        return np.linalg.cholesky(safe), asked.copy()
    except np.linalg.LinAlgError:
        roots, found = np.tile(eye, (len(safe), 1, 1)), asked.copy()
        for g in np.flatnonzero(asked):
            try:
                roots[g] = np.linalg.cholesky(safe[g])
            except np.linalg.LinAlgError:
                found[g] = False
        return roots, found
