"""Predictions of a Cox model for the rows of a frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.columns import codes
from riskset.cox.baseline import baseline_influence
from riskset.cox.design import FittedCox
from riskset.cox.residuals import cluster_scores
from riskset.errors import EstimationError, shown
from riskset.predictions import cumulative_table, first_time_below
from riskset.results import critical_value
from riskset.risk_sets import running
from riskset.times import times_up_to, times_within


def cumulative_hazards(
    result: FittedCox, moments: Integers, x: Floats, offset: Floats, upto: Integers
) -> tuple[Floats, Floats]:
    """Return the cumulative hazards of rows of fixed covariates and their variances, (n, t) each.

    Parameters
    ----------
    result : FittedCox
    moments : ndarray of int, shape (q,)
        The moments of one stratum.
    x : ndarray, shape (n, p)
    offset : ndarray, shape (n,)
        Known part of their linear predictor.
    upto : ndarray of int, shape (t,)
        How many of the moments have come by each time.

    Notes
    -----
    ``Λ_i(t) = r_i Λ₀(t)``, so that sums over the moments are worked out once for all rows; the
    squared influence of clusters is expanded for the same reason.
    """
    design, at = result.design, result.fitted
    ratio, base, lean = hazard_parts(result, moments, x, offset, upto)
    model = result.model_cov.to_numpy()
    if design.cluster is None or design.n_clusters is None:
        squares = at.hazard**2 / design.slots.weight
        known = running(design.slots.by_moment(squares)[moments])[upto]
        variance = known + np.einsum("ntp,pq,ntq->nt", lean, model, lean)
    else:
        one = np.ones(len(moments))
        known = running(baseline_influence(result, moments, one).T)[upto]
        variance = squared_influence(lean, known, cluster_scores(design, at) @ model)
    return ratio[:, None] * base, np.maximum(variance, 0.0) * ratio[:, None] ** 2


def hazard_parts(
    result: FittedCox, moments: Integers, x: Floats, offset: Floats, upto: Integers
) -> tuple[Floats, Floats, Floats]:
    """Return what cumulative hazards are made of; parameters as in `cumulative_hazards`.

    Returns
    -------
    ratio : ndarray, shape (n,)
        Factor of each row.
    base : ndarray, shape (t,)
        What it multiplies.
    lean : ndarray, shape (n, t, p)
        The derivative of each cumulative hazard by the coefficients, less the factor.
    """
    design, at = result.design, result.fitted
    scale = design.scale
    own = (x - design.center) / scale
    with np.errstate(over="ignore"):
        ratio = np.exp(own @ (result.params.to_numpy() * scale) + offset - at.shift)
    if not np.isfinite(ratio).all():
        raise EstimationError(
            "the hazard at these covariates exceeds any number: they lie far beyond the data"
        )
    base = running(design.slots.by_moment(at.hazard)[moments])[upto]
    drift = running(at.means.sums(at.hazard)[moments])[upto]
    return ratio, base, (own[:, None, :] * base[:, None] - drift) * scale


def squared_influence(lean: Floats, known: Floats, moved: Floats) -> Floats:
    """Sum ``(known_gt + lean_nt moved_g)²`` over groups g, shape (n, t).

    Parameters
    ----------
    lean : ndarray, shape (n, t, p)
    known : ndarray, shape (t, g)
        Influence at known coefficients.
    moved : ndarray, shape (g, p)
        Influence on the coefficients.
    """
    total = (known**2).sum(axis=1) + 2 * np.einsum("ntp,tp->nt", lean, known @ moved)
    return np.asarray(total + np.einsum("ntp,pq,ntq->nt", lean, moved.T @ moved, lean))


Hazards = Callable[[FittedCox, Integers, Floats, Floats, Integers], tuple[Floats, Floats]]


def predict_rows(
    result: FittedCox,
    x: Floats,
    offset: Floats,
    stratum: Integers,
    index: pd.Index,
    what: str,
    *,
    times: object = None,
    q: float = 0.5,
    level: float = 0.95,
    transform: Callable[[Floats], tuple[Floats, Floats]] | None = None,
    hazards: Hazards = cumulative_hazards,
) -> pd.DataFrame:
    """Predict over time for rows of fixed covariates; as `CoxResult.predict`.

    Parameters
    ----------
    result : FittedCox
    x : ndarray, shape (n, p)
    offset : ndarray, shape (n,)
    stratum : ndarray of int, shape (n,)
    index : pandas.Index
    what : {"cumulative hazard", "survival", "incidence", "quantile"}
    times, q, level
        As in `CoxResult.predict`.
    transform : callable, optional
        From cumulative hazards, shape (n, t), to others and their derivatives.
    hazards : callable
        How cumulative hazards and their variances are found, as `cumulative_hazards`.
    """
    sets, z = result.design.risk_sets, critical_value(level)
    parts = []
    for code in np.unique(stratum):
        own = np.flatnonzero(stratum == code)
        moments = np.flatnonzero(sets.stratum == code)
        clock = sets.time[moments]
        last = float(result.design.stop[result.design.stratum == code].max())
        grid = clock if times is None or what == "quantile" else times_within(times, last)
        upto = times_up_to(clock, grid, sets.width)
        hazard, variance = hazards(result, moments, x[own], offset[own], upto)
        error = np.sqrt(variance)
        limits = (np.maximum(hazard - z * error, 0.0), hazard + z * error)
        if transform is not None:
            limits = (transform(limits[0])[0], transform(limits[1])[0])
            hazard, slope = transform(hazard)
            error = error * slope
        if what != "quantile":
            table = cumulative_table(what, index[own], grid, hazard, error, limits)
            parts.append(table.assign(place=np.repeat(own, len(grid))))
            continue
        middle, low, high = (
            first_time_below(np.exp(-h), clock, q) for h in (hazard, limits[1], limits[0])
        )
        table = pd.DataFrame({"estimate": middle, "ci_low": low, "ci_high": high})
        parts.append(table.set_axis(index[own]).assign(place=own))
    whole = pd.concat(parts).sort_values("place", kind="stable").drop(columns="place")
    return whole if what == "quantile" else whole.reset_index(drop=True)


def stratum_codes(result: FittedCox, data: pd.DataFrame) -> Integers:
    """Return the model's stratum of each row, shape (n,), from its columns of strata."""
    names, labels = result.design.strata_columns, result.design.strata_labels
    if not names:
        return np.zeros(len(data), dtype=np.int64)
    found, own = codes(data, names)
    place = labels.get_indexer(own)
    if (place < 0).any():
        raise EstimationError(
            f"stratum {shown(own[place < 0][0])} was not in the data of the model"
        )
    return np.asarray(place[found], dtype=np.int64)
