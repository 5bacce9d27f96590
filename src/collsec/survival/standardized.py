"""Covariates centered and in units of their standard deviation, ready for Newton's method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from collsec.survival.blocked_sums import blocks
from collsec.survival.columns import Floats, Integers, numbers, require_distinct


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
        Positions of the rows wanted, each once; all by default.
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
    x = np.ones((m, width))
    for block in blocks(m, width):
        for j, column in enumerate(columns, lead):
            np.subtract(column[block], center[j], out=x[block, j])
        x[block] /= scale
    return x, center, scale


def center_and_scale(column: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of a column; a constant one has scale 1."""
    center, scale = float(column.mean()), float(column.std())
    most = max(float(column.max()), -float(column.min())) if column.size else 0.0
    return center, scale if scale > 1e-12 * most else 1.0
