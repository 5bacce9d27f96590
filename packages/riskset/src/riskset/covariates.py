"""Columns of covariates as a matrix, stated values of them, and rows that lack none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers, blocks
from riskset.columns import (
    Names,
    as_frame,
    names_of,
    number_array,
    numbers,
    require_columns,
)
from riskset.compiled import compiled, even_parts, shared
from riskset.errors import EstimationError

#: Rows that are written column by column at a time, and stay in the second cache meanwhile.
TURNED = 4096


def matrix(data: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return the named columns side by side, shape (n, p)."""
    require_distinct(names)
    if not names:
        return np.empty((len(data), 0))
    return np.column_stack([numbers(data, name, copy=False) for name in names])


def require_squares(x: Floats, names: Sequence[str]) -> None:
    """Raise where a column of ``x``, shape (n, p), holds values whose squares are infinite."""
    with np.errstate(over="ignore"):
        is_finite = np.isfinite(np.einsum("ij,ij->j", x, x))
    for j in np.flatnonzero(~is_finite):
        raise _beyond(names[int(j)], x[:, j])


def stated(values: Mapping[str, float], names: Sequence[str]) -> Floats:
    """Return the values that a caller states for covariates, shape (p,).

    Raises
    ------
    EstimationError
        A covariate has no value, or one that is no finite number; a name is unknown.
    """
    unknown, missing = set(values) - set(names), [n for n in names if n not in values]
    if unknown or missing:
        fault = f"unknown {sorted(map(str, unknown))}" if unknown else f"missing {missing}"
        has = ", ".join(map(str, names)) or "none"
        raise EstimationError(f"covariates: {fault}; the model has {has}")
    found = [number_array(values[name], repr(name)) for name in names]
    if any(len(value) != 1 for value in found):
        raise EstimationError("covariates: state one value for each")
    return np.concatenate([np.empty(0), *found])


def require_free(names: Sequence[str], taken: Sequence[str]) -> None:
    """Raise where a covariate has the name of a parameter."""
    for name in names:
        if name in taken:
            raise EstimationError(
                f"covariate {name!r} has the name of a parameter of the model; rename the column"
            )


def require_distinct(names: Sequence[str]) -> None:
    """Raise where a covariate is named twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise EstimationError(f"covariate {repeated[0]!r} is named twice")


class Standardized(NamedTuple):
    """Covariates side by side, centered and scaled.

    Attributes
    ----------
    x : ndarray, shape (m, p)
    center, scale : ndarray, shape (p,)
    reach : ndarray, shape (p,)
        Largest absolute value of each column of ``x``, up to rounding.
    """

    x: Floats
    center: Floats
    scale: Floats
    reach: Floats


def standardized(
    data: pd.DataFrame,
    names: Sequence[str],
    *,
    rows: Integers | None = None,
    intercept: bool = False,
) -> Standardized:
    """Return covariates side by side, centered and scaled.

    Parameters
    ----------
    data : DataFrame
    names : sequence of str
        The p covariates.
    rows : ndarray of int, shape (m,), optional
        Positions of the requested rows, each once; all by default.
    intercept : bool
        Begin with a column of ones, of center 0 and scale 1.

    Raises
    ------
    EstimationError
        As in `numbers`; a covariate is named twice.
    """
    require_distinct(names)
    columns = [numbers(data, name, copy=False) for name in names]
    if names and rows is not None and not intercept and compiled(len(data)):
        return _standardized_by_loops(columns, names, rows)
    if rows is not None:
        columns = [np.take(column, rows) for column in columns]
    lead = int(intercept)
    m, width = len(data) if rows is None else len(rows), lead + len(names)
    center, scale, reach = np.zeros(width), np.ones(width), np.ones(width)
    for j, column in enumerate(columns, lead):
        center[j], scale[j], reach[j] = center_and_scale(column)
        if not np.isfinite(scale[j]):
            raise _beyond(names[j - lead], column)
    x = np.empty((m, width))
    x[:, :lead] = 1.0
    for block in blocks(m, width):
        for j, column in enumerate(columns, lead):
            np.subtract(column[block], center[j], out=x[block, j])
        x[block] /= scale
    return Standardized(x, center, scale, reach)


def _standardized_by_loops(
    columns: Sequence[Floats], names: Sequence[str], rows: Integers
) -> Standardized:
    """Return what `standardized` does: columns are turned to rows, block by block, and the rows put
    in order.

    To order the columns one by one would fetch a line of the cache for each number.
    """
    from riskset.loops import column_summary, put_rows, standardized_column

    n, width = len(columns[0]), len(columns)
    place = np.full(n, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    chosen = place >= 0 if len(rows) < n else np.empty(0, dtype=np.bool_)
    found = np.empty((width, 5))

    def summarize(_: int, begin: int, end: int) -> None:
        for j in range(width * begin // n, width * end // n):
            column_summary(columns[j], chosen, found[j])

    shared(summarize, even_parts(n))
    center, scale, reach = np.zeros(width), np.ones(width), np.zeros(width)
    for j, (count, mean, squares, least, most) in enumerate(found):
        center[j], own = mean, float(np.sqrt(squares / count))
        if not np.isfinite(own):
            raise _beyond(names[j], columns[j])
        scale[j] = own if own > 1e-12 * max(most, -least) else 1.0
        reach[j] = max(most - mean, mean - least) / scale[j]
    x = np.empty((len(rows), width))

    def fill(_: int, begin: int, end: int) -> None:
        block = np.empty((TURNED, width))
        for low in range(begin, end, TURNED):
            high = min(low + TURNED, end)
            for j, column in enumerate(columns):
                standardized_column(low, high, column, center[j], scale[j], block, j)
            put_rows(block, place[low:high], x)

    shared(fill, even_parts(n))
    return Standardized(x, center, scale, reach)


def _beyond(name: str, column: Floats) -> EstimationError:
    """Return the error for a column whose standard deviation overflows."""
    return EstimationError(
        f"covariate {name!r} reaches {np.abs(column).max():.3g}, beyond what "
        "can be squared; rescale it, or correct the value"
    )


def center_and_scale(column: Floats) -> tuple[float, float, float]:
    """Return mean, standard deviation, and the farthest from the mean in units of it.

    A constant column has scale 1.
    """
    if not column.size:
        return math.nan, 1.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        mean = column.mean(keepdims=True)
        center, scale = float(mean[0]), float(column.std(mean=mean))
    most, least = float(column.max()), float(column.min())
    scale = scale if scale > 1e-12 * max(most, -least) else 1.0
    return center, scale, max(most - center, center - least) / scale


@dataclass(frozen=True, slots=True)
class CompleteCases:
    """Rows without missing values, and what the others lacked.

    Attributes
    ----------
    data : DataFrame
        The complete rows, all columns, in their order.
    attrition : DataFrame
        One row per column, in the order given: ``column, missing`` (rows in which it is missing),
        ``dropped`` (rows that are complete up to here and lack it), ``remaining``.
    """

    data: pd.DataFrame
    attrition: pd.DataFrame


def complete_cases(data: pd.DataFrame, columns: Names) -> CompleteCases:
    """Keep the rows that lack none of the columns, and count why the others were dropped.

    Parameters
    ----------
    data : DataFrame
    columns : str or sequence of str
        Whatever the model needs: covariates, times, event, cluster. Infinite values count as
        missing, except minus infinity, at which a row may start.

    Returns
    -------
    CompleteCases

    Raises
    ------
    EstimationError
        A column is absent; no row is complete.

    Examples
    --------
    >>> wars = pd.DataFrame({"months": [3, 5, None, 8], "aid": [1.0, None, None, 0.0]})
    >>> found = complete_cases(wars, ["months", "aid"])
    >>> len(found.data), found.attrition["dropped"].tolist()
    (2, [1, 1])
    """
    data, listed = as_frame(data), names_of(columns)
    require_columns(data, listed)
    remaining, rows = np.ones(len(data), dtype=np.bool_), []
    for name in listed:
        column = data[name]
        lacking = column.isna().to_numpy(dtype=bool)
        if pd.api.types.is_float_dtype(column):
            lacking = lacking | (column == np.inf).fillna(False).to_numpy(dtype=bool)
        dropped = remaining & lacking
        remaining &= ~lacking
        rows.append((name, int(lacking.sum()), int(dropped.sum()), int(remaining.sum())))
    if not remaining.any():
        raise EstimationError(
            f"no row has all of {', '.join(map(str, listed))}: missing are "
            + ", ".join(f"{count} of {len(data)} in {name!r}" for name, count, *_ in rows if count)
        )
    names = ["column", "missing", "dropped", "remaining"]
    return CompleteCases(data[remaining], pd.DataFrame(rows, columns=names))
