"""Times of event-history rows: ``(start, stop]``, ties, and the rank of a time among others."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collsec.survival.arrays import Floats, Integers
from collsec.survival.columns import numbers, row_label
from collsec.survival.errors import EstimationError

#: Cells of the table per sorted value: evenly spread values then seldom share a cell.
CELLS = 2
#: Steps within a cell before the rest is left to binary search (values that crowd together).
STEPS = 8
#: Below this many numbers a table costs more than it saves.
FEW = 2000


#: Times closer than this share of their size are one time: sums such as 0.1 + 0.2 differ from 0.3
#: by 1 part in 1e16, and no clock of the field resolves 1 part in 1e9.
TIE_TOLERANCE = 1e-9


def tie_width(times: Floats) -> Floats:
    """Return the distance within which another time counts as tied, shape as ``times``."""
    return TIE_TOLERANCE * np.abs(times)


def untied(times: Floats) -> Floats:
    """Return the distinct times in order, near-ties merged into the earliest of them."""
    distinct = np.unique(times)
    if distinct.size < 2:
        return distinct
    apart = np.diff(distinct) > tie_width(distinct[1:])
    return distinct[np.concatenate(([True], apart))]


def times_up_to(events: Floats, times: Floats) -> Integers:
    """Count the event times at or before each time, near-ties counting as equal.

    Parameters
    ----------
    events : ndarray, shape (k,)
        Distinct event times in increasing order.
    times : ndarray, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
    """
    return count_up_to(events, times + tie_width(np.where(np.isfinite(times), times, 0.0)))


def survival_times(data: pd.DataFrame, start: str | None, stop: str) -> tuple[Floats, Floats]:
    """Return the ends of the intervals ``(start, stop]``, each of shape (n,).

    Without ``start`` every row enters at minus infinity, before any event.

    Raises
    ------
    EstimationError
        ``stop`` is not after ``start`` (times within 1e-9 relative count as equal).
    """
    ends = numbers(data, stop)
    if start is None:
        return np.full(ends.shape, -np.inf), ends
    begins = numbers(data, start)
    bad = np.flatnonzero(ends <= begins + tie_width(begins))
    if bad.size:
        at = int(bad[0])
        raise EstimationError(
            f"{stop!r} ({ends[at]:g}) is not after {start!r} ({begins[at]:g}) in "
            f"{row_label(data, at)} ({bad.size} such rows); an interval is (start, stop] and needs "
            "length: add half a time step to spells of zero length rather than dropping them"
        )
    return begins, ends


def count_up_to(values: Floats, others: Floats) -> Integers:
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

    def cell(numbers: Floats) -> NDArray[np.signedinteger]:
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
