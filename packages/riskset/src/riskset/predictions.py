"""Predictions for the rows of a frame: their tables, and intervals by the delta method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import as_frame, require_columns
from riskset.errors import EstimationError
from riskset.results import critical_value

#: Rows for which something is predicted: a frame, or one value per covariate.
Rows = pd.DataFrame | Mapping[str, float]


def rows_of(given: object) -> pd.DataFrame:
    """Return the rows to predict for: a mapping of single values is one row."""
    if isinstance(given, Mapping) and all(np.ndim(value) == 0 for value in given.values()):
        return pd.DataFrame([dict(given)])
    data = as_frame(given)
    require_columns(data, [])
    return data


def check_what(what: str, known: Sequence[str]) -> None:
    """Raise where a model does not predict what is requested."""
    if what not in known:
        raise EstimationError(f"what must be one of {', '.join(map(repr, known))}, not {what!r}")


def spread_of(gradient: Floats, cov: Floats) -> Floats:
    """Return standard errors ``sqrt(g' V g)`` over the last axis, shape of ``gradient`` less it."""
    variance = np.einsum("...p,pq,...q->...", gradient, cov, gradient)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def per_row(
    index: pd.Index, estimate: Floats, std_error: Floats, limits: tuple[Floats, Floats]
) -> pd.DataFrame:
    """Return one prediction per row: ``estimate, std_error, ci_low, ci_high``."""
    columns = {
        "estimate": estimate,
        "std_error": std_error,
        "ci_low": limits[0],
        "ci_high": limits[1],
    }
    return pd.DataFrame(columns, index=index)


def per_time(
    index: pd.Index,
    times: Floats,
    estimate: Floats,
    std_error: Floats,
    limits: tuple[Floats, Floats],
) -> pd.DataFrame:
    """Return predictions of each row at each time, row by row.

    Parameters
    ----------
    index : pandas.Index, length n
    times : ndarray, shape (t,)
    estimate, std_error : ndarray, shape (n, t)
    limits : tuple of ndarray, shape (n, t)

    Returns
    -------
    DataFrame
        ``row`` (its label), ``time, estimate, std_error, ci_low, ci_high``.
    """
    place = np.repeat(np.arange(len(index)), len(times))
    return pd.DataFrame(
        {
            "row": index[place],
            "time": np.tile(times, len(index)),
            "estimate": estimate.ravel(),
            "std_error": std_error.ravel(),
            "ci_low": limits[0].ravel(),
            "ci_high": limits[1].ravel(),
        }
    )


def wald_limits(
    estimate: Floats, std_error: Floats, level: float, df: float | None = None
) -> tuple[Floats, Floats]:
    """Return symmetric limits around estimates."""
    half = critical_value(level, df) * std_error
    return estimate - half, estimate + half


def linear_prediction(
    x: Floats,
    params: Floats,
    cov: Floats,
    index: pd.Index,
    level: float,
    *,
    offset: Floats | float = 0.0,
    df: float | None = None,
) -> pd.DataFrame:
    """Return ``xβ`` of each row with its interval.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    params : ndarray, shape (p,)
    cov : ndarray, shape (p, p)
    index : pandas.Index, length n
    level : float
    offset : ndarray, shape (n,), or float
    df : float, optional
        Of Student's t.
    """
    eta, error = np.asarray(x @ params + offset), spread_of(x, cov)
    return per_row(index, eta, error, wald_limits(eta, error, level, df))


def of_cumulative_hazard(what: str, hazard: Floats) -> Floats:
    """Turn a cumulative hazard into what is requested of it: itself, survival, or incidence."""
    if what == "survival":
        return np.asarray(np.exp(-hazard))
    return np.asarray(-np.expm1(-hazard)) if what == "incidence" else hazard


def cumulative_table(
    what: str,
    index: pd.Index,
    times: Floats,
    hazard: Floats,
    std_error: Floats,
    limits: tuple[Floats, Floats],
) -> pd.DataFrame:
    """Return cumulative hazard, survival or incidence of rows over times, as `per_time`.

    Parameters
    ----------
    what : {"cumulative hazard", "survival", "incidence"}
    hazard, std_error : ndarray, shape (n, t)
        Cumulative hazards and their errors.
    limits : tuple of ndarray, shape (n, t)
        Of the cumulative hazard.
    """
    estimate = of_cumulative_hazard(what, hazard)
    low, high = (of_cumulative_hazard(what, limit) for limit in limits)
    if what == "survival":
        low, high = high, low
    error = std_error if what == "cumulative hazard" else std_error * np.exp(-hazard)
    return per_time(index, times, estimate, error, (low, high))


def first_time_below(survival: Floats, times: Floats, q: float) -> Floats:
    """Return when step curves first are 1 − q or less, infinity where never, shape (n,).

    Parameters
    ----------
    survival : ndarray, shape (n, t)
    times : ndarray, shape (t,)
    q : float
    """
    if not len(times):
        return np.full(len(survival), np.inf)
    below = survival <= 1 - q + 1e-12
    first = np.argmax(below, axis=1)
    return np.asarray(np.where(below.any(axis=1), times[first], np.inf))


def check_quantile(q: object) -> float:
    """Return a quantile; raise unless it is a number between 0 and 1."""
    if not isinstance(q, int | float | np.floating) or not 0 < float(q) < 1:
        raise EstimationError(f"a quantile lies between 0 and 1, not {q!r}")
    return float(q)
