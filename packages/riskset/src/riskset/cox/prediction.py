"""Predictions of a Cox model for the rows of a frame, and samples drawn from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.columns import codes, numbers, row_label
from riskset.cox.baseline import baseline_hazard, baseline_influence
from riskset.cox.design import FittedCox
from riskset.cox.residuals import cluster_scores
from riskset.errors import EstimationError, shown
from riskset.predictions import Rows, cumulative_table, first_time_below, rows_of
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


def simulate(
    fit: FittedCox,
    rows: Rows,
    *,
    until: str,
    start: str | None = None,
    stop: str = "stop",
    event: str = "event",
    seed: int | np.random.SeedSequence | np.random.Generator,
) -> pd.DataFrame:
    """Draw times of events from a fitted Cox model: a sample of a world in which it is true.

    Parameters
    ----------
    fit : CoxResult
        From `cox_ph`. For the power of a design change the effect in ``rows`` or in an offset.
    rows : DataFrame
        What `CoxResult.predict` needs, one row per unit and covariates fixed; other columns are
        kept.
    until : str
        Column of the time at which a row's follow-up ends, within that of its stratum.
    start : str, optional
        Column of the time at which a row enters, having had no event; the beginning by default.
    stop, event : str
        Names of the columns to write.
    seed : int, SeedSequence or Generator

    Returns
    -------
    DataFrame
        The rows with ``stop`` and ``event``.

    Raises
    ------
    EstimationError
        As `CoxResult.predict`; ``until`` is not after ``start``, or lies beyond follow-up; the
        model is weighted by estimated weights (Fine and Gray's).

    Notes
    -----
    A row's event comes at the first event time of the data at which ``{Λ₀(t) − Λ₀(start)} exp(xβ)``
    reaches a draw from the unit exponential [1]_. Rows are independent given their covariates: a
    dependence within clusters is no part of the model, and none of the sample.

    References
    ----------
    .. [1] Bender, R., Augustin, T., & Blettner, M. (2005). Generating survival times to simulate
       Cox proportional hazards models. Statistics in Medicine 24, 1713–1723.
       https://doi.org/10.1002/sim.2059

    Examples
    --------
    >>> from riskset import cox_ph
    >>> wars = pd.DataFrame({"months": [2, 4, 6, 8], "ended": [1, 1, 1, 0], "aid": [0, 1, 0, 1]})
    >>> fit = cox_ph(wars, ["aid"], stop="months", event="ended")
    >>> drawn = simulate(fit, wars.assign(until=8), until="until", seed=1)
    >>> sorted(set(drawn.loc[drawn["event"] == 1, "stop"]) - {2, 4, 6})
    []
    """
    if not getattr(fit, "is_likelihood", False):
        raise EstimationError("simulate takes a model of cox_ph, one without estimated weights")
    data = rows_of(rows)
    design = fit.design
    end = numbers(data, until)
    begin = np.full(len(data), -np.inf) if start is None else numbers(data, start, allowed=-np.inf)
    if (bad := np.flatnonzero(end <= begin)).size:
        raise EstimationError(f"{until!r} is not after {start!r} in {row_label(data, int(bad[0]))}")
    x = design.covariates.matrix(data)
    risk = np.exp(x @ fit.params.to_numpy(dtype=np.float64) + design.offset_of(data))
    wait = np.random.default_rng(seed).exponential(size=len(data))
    stratum = stratum_codes(fit, data)
    steps, width = baseline_hazard(fit), design.risk_sets.width
    time, happened = end.copy(), np.zeros(len(data), dtype=np.int64)
    for k in np.unique(stratum):
        own = np.flatnonzero(stratum == k)
        last = float(design.stop[design.stratum == k].max())
        if (bad := own[end[own] > last + width]).size:
            raise EstimationError(
                f"{until!r} of {row_label(data, int(bad[0]))} lies beyond the last follow-up of "
                f"its stratum ({last:g}): what happens there is not known"
            )
        part = steps[design.risk_sets.stratum == k]
        when = part["time"].to_numpy()
        total = np.concatenate(([0.0], part["cumulative_hazard"].to_numpy()))
        reached = total[times_up_to(when, begin[own], width)] + wait[own] / risk[own]
        place = np.searchsorted(total[1:], reached, side="left")
        when = np.append(when, np.inf)[place]
        comes = when <= end[own] + width
        time[own] = np.where(comes, when, end[own])
        happened[own] = comes
    return data.assign(**{stop: time, event: happened})
