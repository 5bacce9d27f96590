"""Covariates of a model as the columns of a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats, Integers, blocks
from collsec.survival.columns import number_array, numbers
from collsec.survival.errors import EstimationError


def matrix(data: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return the named columns side by side, shape (n, p)."""
    require_distinct(names)
    if not names:
        return np.empty((len(data), 0))
    return np.column_stack([numbers(data, name, copy=False) for name in names])


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


def require_distinct(names: Sequence[str]) -> None:
    """Raise where a covariate is named twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise EstimationError(f"covariate {repeated[0]!r} is named twice")


def standardized(
    data: pd.DataFrame,
    names: Sequence[str],
    *,
    rows: Integers | None = None,
    intercept: bool = False,
) -> tuple[Floats, Floats, Floats]:
    """Return covariates side by side, centered and scaled, with center and scale.

    Parameters
    ----------
    data : DataFrame
    names : sequence of str
        The p covariates.
    rows : ndarray of int, shape (m,), optional
        Positions of the requested rows, each once; all by default.
    intercept : bool
        Begin with a column of ones, of center 0 and scale 1.

    Returns
    -------
    x : ndarray, shape (m, p) or (m, p + 1)
    center, scale : ndarray, shape (p,) or (p + 1,)

    Raises
    ------
    EstimationError
        As in `numbers`; a covariate is named twice.
    """
    require_distinct(names)
    columns = [numbers(data, name, copy=False) for name in names]
    if rows is not None:
        columns = [np.take(column, rows) for column in columns]
    lead = int(intercept)
    m, width = len(data) if rows is None else len(rows), lead + len(names)
    center, scale = np.zeros(width), np.ones(width)
    for j, column in enumerate(columns, lead):
        center[j], scale[j] = center_and_scale(column)
        if not np.isfinite(scale[j]):
            raise EstimationError(
                f"covariate {names[j - lead]!r} reaches {np.abs(column).max():.3g}, beyond what "
                "can be squared; rescale it, or correct the value"
            )
    x = np.ones((m, width))
    for block in blocks(m, width):
        for j, column in enumerate(columns, lead):
            np.subtract(column[block], center[j], out=x[block, j])
        x[block] /= scale
    return x, center, scale


def center_and_scale(column: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of a column; a constant one has scale 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = float(column.mean()), float(column.std())
    most = max(float(column.max()), -float(column.min())) if column.size else 0.0
    return center, scale if scale > 1e-12 * most else 1.0
