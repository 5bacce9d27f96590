"""Baseline hazard of a Cox model and the survival it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.clustered import at_risk_by_cluster, failures_by_cluster
from riskset.covariates import matrix, stated
from riskset.cox.design import FittedCox
from riskset.cox.residuals import cluster_scores
from riskset.errors import EstimationError, listed, shown
from riskset.results import critical_value
from riskset.risk_sets import running
from riskset.times import survival_times, times_up_to, times_within


def baseline_increments(result: FittedCox) -> Floats:
    """Return the jump of the baseline hazard at each moment, covariates at zero, shape (k,)."""
    design, at = result.design, result.fitted
    origin = at.shift + float(design.center @ result.params.to_numpy())
    return np.asarray(design.slots.by_moment(at.hazard) * np.exp(-origin))


def baseline_hazard(result: FittedCox) -> pd.DataFrame:
    """Return the baseline hazard at covariates of zero, one row per stratum and event time.

    Parameters
    ----------
    result : FittedCox

    Returns
    -------
    DataFrame
        ``stratum, time, hazard`` (the jump), ``cumulative_hazard, survival``.

    Notes
    -----
    Breslow's estimate ``dΛ₀(t) = Σ_events w / Σ_at risk w exp(xβ)``, with Efron's denominators
    where the model has them; ``S₀(t) = exp(−Λ₀(t))``.
    """
    sets = result.design.risk_sets
    jump = baseline_increments(result)
    table = pd.DataFrame(
        {
            "stratum": result.design.strata_labels[sets.stratum],
            "time": sets.time,
            "hazard": jump,
            "cumulative_hazard": pd.Series(jump).groupby(sets.stratum).cumsum(),
        }
    )
    return table.assign(survival=np.exp(-table["cumulative_hazard"]))


def predict_survival(
    result: FittedCox,
    covariates: Mapping[str, float] | None = None,
    *,
    path: pd.DataFrame | None = None,
    times: Sequence[float] | None = None,
    stratum: Any = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Predict survival for fixed covariates, or along a stated path of them.

    Parameters
    ----------
    result : FittedCox
    covariates : mapping of str to float, optional
        Value of each covariate (and of the offset), fixed from the beginning. All zero where
        nothing is given.
    path : DataFrame, optional
        Rows with ``start``, ``stop`` and a column per covariate (and offset): the values on
        ``(start, stop]``. The path has to be *external*: its values say nothing of whether the
        unit still survives,
        and someone could have set them. Survival along an internal path has no meaning.
    times : sequence of float, optional
        Times at which to give survival; the event times (within the path) by default.
    stratum : object, optional
        Label of the stratum; needed where the model has more than one.
    level : float
        Coverage of the interval, on the log scale of survival.

    Returns
    -------
    DataFrame
        ``time, cumulative_hazard, std_error`` (of the cumulative hazard), ``survival, ci_low,
        ci_high``.

    Raises
    ------
    EstimationError
        A covariate or stratum is missing or unknown; the path has gaps or overlaps; a time lies
        beyond the path.

    Notes
    -----
    ``Λ(t) = Σ_{t_k <= t} exp(x(t_k) β) dΛ₀(t_k)``. Without clusters its variance adds that of
    Λ₀ for known β (Tsiatis) and that of β; with clusters it is the sum over clusters of squared
    influence, so both parts allow for dependence [1]_.

    References
    ----------
    .. [1] Therneau, T. M., & Grambsch, P. M. (2000). Modeling Survival Data: Extending the Cox
       Model, ch. 10. Springer. https://doi.org/10.1007/978-1-4757-3294-8
    """
    sets = result.design.risk_sets
    code = stratum_code(result, stratum)
    moments = np.flatnonzero(sets.stratum == code)
    clock = sets.time[moments]
    x, offset, end = covariate_path(result, covariates, path, clock)
    if times is None:
        grid = clock[clock <= end]
    else:
        times_within(times, float(result.design.stop[result.design.stratum == code].max()))
        grid = times_within(times, end, "path")
    upto = times_up_to(clock, grid, sets.width)
    hazard, variance = cumulative_hazard(result, moments, x, offset, upto)
    half = critical_value(level) * np.sqrt(variance)
    return pd.DataFrame(
        {
            "time": grid,
            "cumulative_hazard": hazard,
            "std_error": np.sqrt(variance),
            "survival": np.exp(-hazard),
            "ci_low": np.exp(-hazard - half),
            "ci_high": np.exp(-np.maximum(hazard - half, 0.0)),
        }
    )


def stratum_code(result: FittedCox, stratum: Any) -> int:
    """Return the number of a stratum given by its label."""
    labels = result.design.strata_labels
    if stratum is None:
        if len(labels) > 1:
            raise EstimationError(
                f"the model has {len(labels)} strata; say which one: {listed(labels)}"
            )
        return 0
    if stratum not in labels:
        raise EstimationError(f"no stratum {shown(stratum)}; strata are {listed(labels)}")
    return int(np.flatnonzero(labels == stratum)[0])


def covariate_path(
    result: FittedCox,
    covariates: Mapping[str, float] | None,
    path: pd.DataFrame | None,
    clock: Floats,
) -> tuple[Floats, Floats, float]:
    """Return covariates, (k, p), and offset, (k,), at each event time, and where the path ends."""
    names, known = result.design.names, result.design.offset_column
    if path is None:
        every = names if known is None or known in names else (*names, known)
        row = stated(dict.fromkeys(every, 0.0) if covariates is None else covariates, every)
        added = 0.0 if known is None else row[every.index(known)]
        return np.tile(row[: len(names)], (len(clock), 1)), np.full(len(clock), added), np.inf
    if covariates is not None:
        raise EstimationError("give covariates or a path, not both; put fixed values in the path")
    rows = path.sort_values("start")
    spells = survival_times(rows, "start", "stop")
    begins, ends = spells.start, spells.stop
    if not np.array_equal(begins[1:], ends[:-1]):
        at = int(np.flatnonzero(begins[1:] != ends[:-1])[0])
        raise EstimationError(
            f"the path has a gap or an overlap between {ends[at]:g} and {begins[at + 1]:g}"
        )
    if (clock < begins[0]).any() and begins[0] > 0:
        raise EstimationError(f"the path begins at {begins[0]:g}, after the first event time")
    place = np.minimum(np.searchsorted(ends, clock), len(ends) - 1)
    return matrix(rows, names)[place], result.design.offset_of(rows)[place], float(ends[-1])


def cumulative_hazard(
    result: FittedCox, moments: Integers, x: Floats, offset: Floats, upto: Integers
) -> tuple[Floats, Floats]:
    """Return the cumulative hazard along a path and its variance, each of shape (t,).

    Parameters
    ----------
    result : FittedCox
    moments : ndarray of int, shape (q,)
        The moments of one stratum.
    x : ndarray, shape (q, p)
        Covariates of the path at each moment.
    offset : ndarray, shape (q,)
        Its known part of the linear predictor.
    upto : ndarray of int, shape (t,)
        How many of the moments have come by each time.
    """
    design, at = result.design, result.fitted
    slots = design.slots
    own = (x - design.center) / design.scale
    with np.errstate(over="ignore"):
        ratio = np.exp(own @ (result.params.to_numpy() * design.scale) + offset - at.shift)
    if not np.isfinite(ratio).all():
        raise EstimationError(
            "the hazard at these covariates exceeds any number: they lie far beyond the data"
        )
    jump = slots.by_moment(at.hazard)[moments] * ratio
    away = own * jump[:, None] - at.means.sums(at.hazard)[moments] * ratio[:, None]
    hazard = running(jump)[upto]
    lean = running(away * design.scale)[upto]
    model = result.model_cov.to_numpy()
    if design.cluster is None or design.n_clusters is None:
        squared = slots.by_moment(at.hazard**2 / slots.weight)[moments] * ratio**2
        return hazard, running(squared)[upto] + np.einsum("tp,pq,tq->t", lean, model, lean)
    known = running(baseline_influence(result, moments, ratio).T)[upto].T
    influence = known + cluster_scores(design, at) @ model @ lean.T
    return hazard, np.asarray((influence**2).sum(axis=0))


def baseline_influence(result: FittedCox, moments: Integers, ratio: Floats) -> Floats:
    """Return each cluster's influence on hazard increments at known coefficients, (g, q).

    Parameters
    ----------
    result : FittedCox
    moments : ndarray of int, shape (q,)
        Consecutive moments, those of one stratum.
    ratio : ndarray, shape (q,)
        Factor of each increment, ``exp(xβ − shift)``.

    Notes
    -----
    Row ``i`` contributes ``w_i exp(xβ)/S⁽⁰⁾ dM_i``; of the tied events of a moment each gets the
    mean over the terms.
    """
    design, at = result.design, result.fitted
    assert design.cluster is not None and design.n_clusters is not None
    sets, slots = design.risk_sets, design.slots
    # hazard / weight is 1/S⁽⁰⁾ of the term; hazard times that is the charge per unit of risk.
    gain = slots.by_moment(at.hazard / slots.weight)
    charge = slots.by_moment(at.hazard**2 / slots.weight)
    spared = slots.by_moment(at.hazard**2 / slots.weight * slots.fraction)
    count = np.maximum(slots.count, 1)
    risk = design.weights * at.relative_risk
    failing, failed = sets.failures, sets.failure_moment
    added = design.weights[failing] * (gain / count)[failed] + risk[failing] * spared[failed]
    groups = (design.cluster, design.n_clusters)
    events = failures_by_cluster(sets, added, *groups)
    exposed = at_risk_by_cluster(sets, risk, *groups)
    return np.asarray((events - exposed * charge)[:, moments] * ratio)
