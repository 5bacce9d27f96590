"""Columns of a data frame as checked arrays: a fault names its column and its row."""

from __future__ import annotations

import math
import numbers as numbers_abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import EstimationError, FewClustersWarning, shown, warn

#: One column name, or several.
Names = str | Sequence[str]

#: With fewer clusters the normal approximation costs an interval two to nine points and more.
FEW_CLUSTERS = 20
#: Combinations of groups that can be numbered in whole numbers without hashing.
MOST_COMBINATIONS = 2**62
#: A case weight scales what a row contributes; a frequency weight of 2 stands for two equal rows.
WeightKind = Literal["case", "frequency"]


def as_frame(data: object) -> pd.DataFrame:
    """Return the data as a data frame.

    Parameters
    ----------
    data : DataFrame, mapping, structured array, or any table with a ``to_pandas`` method
        A plain array of two dimensions has no column names and is refused.

    Raises
    ------
    EstimationError
        The data are no table with named columns.
    """
    if isinstance(data, pd.DataFrame):
        return data
    table: object = None
    if hasattr(data, "to_pandas"):
        table = data.to_pandas()
    elif isinstance(data, Mapping):
        table = pd.DataFrame(dict(data))
    elif isinstance(data, np.ndarray) and data.dtype.names:
        table = pd.DataFrame({name: data[name] for name in data.dtype.names})
    if isinstance(table, pd.DataFrame):
        return table
    raise EstimationError(
        f"the data are of type {type(data).__name__}; give a pandas DataFrame (or a mapping of "
        "columns), since covariates, times and clusters are named by column"
    )


def names_of(given: Names) -> list[str]:
    """Return column names as a list: one name is a list of one."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def rows_at(data: pd.DataFrame, positions: Integers) -> str:
    """Name the rows at fault for an error message: the first of their index labels."""
    if len(positions) == 1:
        return row_label(data, int(positions[0]))
    labels = ", ".join(shown(data.index[int(at)]) for at in positions[:5])
    return f"rows {labels}{', …' if len(positions) > 5 else ''} ({len(positions)} such rows)"


def row_label(data: pd.DataFrame, position: int) -> str:
    """Name a row for an error message: its index label."""
    return f"row {shown(data.index[position])}"


def require_columns(data: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise where a named column is absent, and list the columns that exist.

    Raises
    ------
    EstimationError
        A column is absent, or the frame holds no rows.
    """
    for name in names:
        if name not in data.columns:
            have = ", ".join(str(c) for c in data.columns)
            raise EstimationError(f"no column {name!r} in the data; columns are: {have}")
        if not data.columns.is_unique and isinstance(data[name], pd.DataFrame):
            raise EstimationError(f"the data hold more than one column named {name!r}")
    if len(data) == 0:
        raise EstimationError("the data hold no rows; check the selection of the cohort")


def numbers(
    data: pd.DataFrame, name: str, *, copy: bool = True, allowed: float | None = None
) -> Floats:
    """Return one column as finite floats, shape (n,).

    Parameters
    ----------
    data : DataFrame
    name : str
    copy : bool
        False for values that are read at once and not kept: they may be the frame's own.
    allowed : float, optional
        An infinite value that the column may hold.

    Raises
    ------
    EstimationError
        The column is absent, is not numeric, or holds a missing or infinite value.
    """
    require_columns(data, [name])
    column = data[name]
    if isinstance(column.dtype, np.dtype) and column.dtype == np.float64:
        values = column.to_numpy(copy=copy)
    else:
        values = _converted(column, name)
    finite = np.isfinite(values)
    if allowed is not None and not finite.all():
        finite |= values == allowed
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise EstimationError(
            f"column {name!r} is missing or not finite in {rows_at(data, bad)}; "
            "drop them beforehand and count them as attrition"
        )
    return values


def _converted(column: pd.Series[Any], name: str) -> Floats:
    """Return a column of another type as floats, or say why it is none of numbers."""
    if column.dtype == object:
        column = _unwrapped(column)
    kind = pd.api.types
    plain = kind.is_numeric_dtype(column) or kind.is_bool_dtype(column)
    if not plain or kind.is_complex_dtype(column):
        advice = f"code it as numbers, or let a formula make indicators: C({name})"
        if kind.is_datetime64_any_dtype(column) or kind.is_timedelta64_dtype(column):
            advice = "count days (or months) from an origin first"
        raise EstimationError(f"column {name!r} is of type {column.dtype}, not numeric; {advice}")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def number_array(values: object, label: str) -> Floats:
    """Return numbers that a caller states, one or several, as finite floats, shape (k,).

    Raises
    ------
    EstimationError
        A value is missing, infinite, or no number.
    """
    try:
        found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        raise EstimationError(f"{label} must be numbers, not {values!r:.80}") from None
    if found.ndim != 1 or not np.isfinite(found).all():
        raise EstimationError(f"{label} must be finite numbers, not {values!r:.80}")
    return found


def _unwrapped(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of Python numbers as numbers; any other as it is."""
    known = column.dropna()
    if not all(isinstance(value, numbers_abc.Real | np.bool_) for value in known):
        return column
    return column.astype("Float64").astype(np.float64)


def indicator(data: pd.DataFrame, name: str) -> Booleans:
    """Return a column of 0/1 or false/true as booleans, shape (n,)."""
    values = numbers(data, name, copy=False)
    ended = values == 1
    bad = np.flatnonzero(~ended & (values != 0))
    if bad.size:
        at = int(bad[0])
        raise EstimationError(
            f"column {name!r} must hold 0 and 1 only; {row_label(data, at)} holds {values[at]:g}"
        )
    return np.asarray(ended)


def codes(data: pd.DataFrame, names: Names) -> tuple[Integers, pd.Index]:
    """Return groups as integers 0…g−1, shape (n,), and the label of each group.

    Several columns make one group per combination that occurs.

    Raises
    ------
    EstimationError
        A group is missing in some row.
    """
    columns = names_of(names)
    if not columns:
        raise EstimationError("an empty list names no group; leave it out, or name a column")
    require_columns(data, columns)
    for name in columns:
        bad = np.flatnonzero(data[name].isna().to_numpy())
        if bad.size:
            raise EstimationError(
                f"group column {name!r} is missing in {rows_at(data, bad)}; give those rows a "
                "group, or drop them and count them as attrition"
            )
    if len(columns) == 1:
        if (close := _close_integers(data[columns[0]])) is not None:
            return close
        found, labels = pd.factorize(data[columns[0]], sort=True)
        return found.astype(np.int64), pd.Index(labels)
    if (combined := _combined(data, columns)) is not None:
        return combined
    keys = pd.MultiIndex.from_frame(data[columns])
    found, labels = pd.factorize(keys, sort=True)
    return found.astype(np.int64), pd.Index(labels)


def _combined(data: pd.DataFrame, columns: Sequence[str]) -> tuple[Integers, pd.Index] | None:
    """Return the combinations of groups that are all integers close together; else None."""
    parts = [_close_integers(data[name]) for name in columns]
    known = [one for one in parts if one is not None]
    sizes = tuple(len(labels) for _, labels in known)
    if len(known) < len(columns) or math.prod(sizes) > MOST_COMBINATIONS:
        return None
    cells = np.ravel_multi_index(tuple(found for found, _ in known), sizes)
    seen, found = np.unique(cells, return_inverse=True)
    of_part = np.unravel_index(seen, sizes)
    labels = [one[where] for (_, one), where in zip(known, of_part, strict=True)]
    return found.astype(np.int64), pd.MultiIndex.from_arrays(labels, names=list(columns))


def _close_integers(column: pd.Series[Any]) -> tuple[Integers, pd.Index] | None:
    """Return groups that are integers close together, numbered without hashing; else None."""
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind != "i" or not len(column):
        return None
    values = column.to_numpy()
    low, high = int(values.min()), int(values.max())
    if high - low > 2 * len(values):
        return None
    place = values.astype(np.int64) - low
    seen = np.zeros(high - low + 1, dtype=np.bool_)
    seen[place] = True
    labels = (np.flatnonzero(seen) + low).astype(column.dtype)
    return (np.cumsum(seen) - 1)[place], pd.Index(labels)


def clusters(
    data: pd.DataFrame, names: Names, *, for_errors: bool = True
) -> tuple[Integers, pd.Index]:
    """Return groups of dependent rows as `codes` does; one group alone is an error.

    Parameters
    ----------
    data : DataFrame
    names : str or sequence of str
    for_errors : bool
        The groups are for standard errors: warn where they are few.
    """
    found, labels = codes(data, names)
    if len(labels) < 2:
        shown_names = " × ".join(repr(name) for name in names_of(names))
        raise EstimationError(f"cluster {shown_names} holds one group; its errors need two")
    if for_errors and len(labels) < FEW_CLUSTERS:
        warn(
            f"standard errors from {len(labels)} clusters are too small: 95 % normal intervals "
            "hold the truth in 72 to 87 % with 10 clusters, 63 to 82 % with 6. After cox_ph and "
            "regressions, cluster_inference(fit) holds; else leave clusters out and refer to t "
            "(cluster_jackknife), or re-randomize (risk_set_rerandomization)",
            FewClustersWarning,
        )
    return found, labels


def case_weights(data: pd.DataFrame, name: str | None, *, whole: bool = False) -> Floats | None:
    """Return weights, shape (n,), or None where none are named.

    Raises
    ------
    EstimationError
        A weight is negative, all are zero, or (``whole``) one is not a whole number.
    """
    if name is None:
        return None
    values = numbers(data, name)
    bad = np.flatnonzero(values < 0)
    if bad.size:
        at = int(bad[0])
        raise EstimationError(
            f"weight {name!r} is negative ({values[at]:g}) in {row_label(data, at)}"
        )
    if whole and (bad := np.flatnonzero(values != np.round(values))).size:
        at = int(bad[0])
        raise EstimationError(
            f"frequency weight {name!r} must be a whole number; {row_label(data, at)} holds "
            f"{values[at]:g}. Use weight_kind='case' for sampling or inverse-probability weights"
        )
    if not values.any():
        raise EstimationError(f"all weights in {name!r} are zero")
    return values
