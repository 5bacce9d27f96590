"""How many of some sorted values lie at or below each of many others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Cells of the table per sorted value: evenly spread values then seldom share a cell.
CELLS = 2
#: Steps within a cell before the rest is left to binary search (values that crowd together).
STEPS = 8
#: Below this many numbers a table costs more than it saves.
FEW = 2000


def count_up_to(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return ``np.searchsorted(values, others, side="right")``, faster for many others.

    Parameters
    ----------
    values : ndarray, shape (k,)
        Finite, in increasing order.
    others : ndarray, shape (n,)
        In any order; may be infinite, not missing.

    Notes
    -----
    Binary search of a million unsorted numbers spends its time on cache misses. Here a table of
    even cells gives the count at the beginning of the cell of each number, and the few values
    within the cell are passed one at a time. The cell is a monotone function of the number,
    rounding included, so that values of lower cells are smaller and values of higher cells larger.
    """
    k = len(values)
    spread = float(values[-1] - values[0]) if k else 0.0
    cells = CELLS * k
    if len(others) < FEW or not 0 < spread < np.inf or not np.isfinite(cells / spread):
        return np.searchsorted(values, others, side="right").astype(np.int64)

    # Half as wide a table has twice as much of it in the cache.
    width: type[np.signedinteger] = np.int32 if cells < 2**31 - 2 else np.int64

    def cell(numbers: NDArray[np.float64]) -> NDArray[np.signedinteger]:
        place = numbers - values[0]
        place *= cells / spread
        return np.asarray(np.clip(place, 0, cells, out=place).astype(width))

    edge = np.zeros(cells + 2, dtype=width)
    np.cumsum(np.bincount(cell(values), minlength=cells + 1), out=edge[1:])
    own = cell(others)
    count, end = np.take(edge, own), np.take(edge[1:], own)
    open_ = np.flatnonzero(count < end)
    for _ in range(STEPS):
        open_ = open_[values[count[open_]] <= others[open_]]
        count[open_] += 1
        open_ = open_[count[open_] < end[open_]]
        if not open_.size:
            break
    count[open_] = np.searchsorted(values, others[open_], side="right")
    return count.astype(np.int64)
