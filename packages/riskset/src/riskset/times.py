"""Times of event-history rows: ``(start, stop]``, ties, and the rank of a time among others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskset.arrays import Booleans, Floats, Integers
from riskset.columns import Names, codes, names_of, number_array, numbers, row_label
from riskset.compiled import compiled, even_parts, shared
from riskset.errors import EstimationError, shown

#: Cells of the table per sorted value: evenly spread values then seldom share a cell.
CELLS = 2
#: Steps within a cell before the rest is left to binary search (values that crowd together).
STEPS = 8
#: Below this many numbers a table costs more than it saves.
FEW = 2000


#: Times closer than this fraction of the spread of all times are one time: sums such as 0.1 + 0.2
#: differ from 0.3 by 1 part in 1e16, and no clock of the field resolves 1 part in 1e9.
TIE_TOLERANCE = 1e-9
#: A first or last time that lies this many times the spread of the others away from them, such as
#: 1e9 for "no end in sight", is no measure of their spread.
FAR_AWAY = 1000.0
#: Times looked at before all are.
GLANCE = 1000
#: Whatever their spread, times this many units in the last place apart are one time.
LAST_PLACES = 4


@dataclass(frozen=True, slots=True)
class Spells:
    """Checked intervals ``(start, stop]``.

    Attributes
    ----------
    start, stop : ndarray, shape (n,)
        ``start`` is minus infinity where a row is at risk from the beginning.
    width : float
        Times no further apart than this are one time.
    """

    start: Floats
    stop: Floats
    width: float


def tie_width(*times: Floats, narrow: bool = False) -> float:
    """Return the distance within which two times of a sample are tied.

    Parameters
    ----------
    times : ndarray
        All times of the sample; infinite ones are ignored.
    narrow : bool
        The times were stored in single precision.

    Notes
    -----
    1e-9 of the spread between the first and the last time, so that an origin (epoch seconds,
    calendar years) does not matter, and never less than rounding leaves of times of that size.
    Ends far beyond all other times, such as a sentinel of 1e9, do not widen it.
    """
    finite = []
    for column in times:
        known = np.isfinite(column)
        if known.any():
            finite.append(column if known.all() else column[known])
    if not finite:
        return 0.0
    low, high = min(c.min() for c in finite), max(c.max() for c in finite)
    largest = float(max(abs(low), abs(high)))
    rounding = LAST_PLACES * float(np.finfo(np.float64).eps)
    if narrow:
        rounding = 0.5 * float(np.finfo(np.float32).eps)
    return max(TIE_TOLERANCE * _spread(finite, float(low), float(high)), rounding * largest)


def _spread(columns: list[Floats], low: float, high: float) -> float:
    """Return the spread of times between their ends, less ends far away from all others."""
    while (spread := high - low) > 0:
        some = np.concatenate([c[:: max(len(c) // GLANCE, 1)] for c in columns])
        some = some[(some > low) & (some < high)]
        if len(some) and np.ptp(some) > spread / FAR_AWAY:
            return spread
        every = np.unique(np.concatenate(columns))
        every = every[(every >= low) & (every <= high)]
        # Of two times left it could not be said whether they are near or the others far, nor of
        # those in the middle where all but the first and the last lie within a few widths.
        rests = [every[:-1], every[1:]]
        rests += (
            [every[1:-1]]
            if len(every) > 4 and np.ptp(every[1:-1]) > 10 * TIE_TOLERANCE * spread
            else []
        )
        near = [r for r in rests if len(r) > 2 and FAR_AWAY * np.ptp(r) < spread]
        if not near:
            return spread
        low, high = float(near[0][0]), float(near[0][-1])
    return spread


def untied(times: Floats, width: float) -> Floats:
    """Return the distinct times in order, each tied group represented by its earliest time.

    A group holds the times within ``width`` of its earliest: a chain of near times is cut there,
    however close its links are.
    """
    distinct = np.unique(times)
    if distinct.size < 2:
        return distinct
    near = np.diff(distinct) <= width
    if not near.any():
        return distinct
    kept = np.concatenate(([True], ~near))
    first = distinct[0]
    for at in np.flatnonzero(near) + 1:
        if kept[at - 1]:
            first = distinct[at - 1]
        kept[at] = distinct[at] - first > width
    return distinct[kept]


def times_up_to(events: Floats, times: Floats, width: float) -> Integers:
    """Count the event times at or before each time, tied ones counting as equal.

    Parameters
    ----------
    events : ndarray, shape (k,)
        Distinct event times in increasing order, as `untied` returns them.
    times : ndarray, shape (n,)
    width : float

    Returns
    -------
    ndarray of int, shape (n,)
    """
    count = count_up_to(events, times + width)
    if events.size > 1 and (np.diff(events) <= 2 * width).any():
        # A time within reach of two event times belongs to the group of the earlier one.
        twice = np.flatnonzero(count >= 2)
        twice = twice[times[twice] <= events[count[twice] - 2] + width]
        count[twice] -= 1
    return count


def survival_times(data: pd.DataFrame, start: str | None, stop: str) -> Spells:
    """Return the intervals ``(start, stop]``.

    Without ``start`` every row enters at minus infinity, before any event; a column may say the
    same of some rows. Columns of single precision are compared in single precision.

    Raises
    ------
    EstimationError
        ``stop`` is not after ``start`` (tied times count as equal).
    """
    ends = numbers(data, stop)
    if start is None:
        narrow = _is_narrow(data[stop])
        return Spells(np.full(ends.shape, -np.inf), ends, tie_width(ends, narrow=narrow))
    begins = numbers(data, start, allowed=-np.inf)
    narrow = _is_narrow(data[start]) or _is_narrow(data[stop])
    if narrow:
        begins, ends = (c.astype(np.float32).astype(np.float64) for c in (begins, ends))
    width = tie_width(begins, ends, narrow=narrow)
    bad = np.flatnonzero(ends <= begins + width)
    if bad.size:
        at = int(bad[0])
        raise EstimationError(
            f"{stop!r} ({ends[at]:g}) is not after {start!r} ({begins[at]:g}) in "
            f"{row_label(data, at)} ({bad.size} such rows); an interval is (start, stop] and needs "
            "length: add half a time step to spells of zero length rather than dropping them"
            + _narrower(begins[at], ends[at], width)
        )
    return Spells(begins, ends, width)


def _narrower(begin: float, end: float, width: float) -> str:
    """Say that ends that differ count as tied, where they do."""
    if end <= begin:
        return ""
    return (
        f" (the two differ by {end - begin:.3g}; times within {width:.3g} of one another, 1e-9 of "
        "the spread of all times, are one time)"
    )


def require_no_overlap(data: pd.DataFrame, unit: Names | None, spells: Spells) -> None:
    """Raise where two rows of one unit cover the same time.

    Parameters
    ----------
    data : DataFrame
    unit : str or sequence of str or None
        Columns that say whose row it is; nothing is checked without them.
    spells : Spells
    """
    if unit is None:
        return
    owner, labels = codes(data, unit)
    order = np.lexsort((spells.stop, spells.start, owner))
    same = owner[order][1:] == owner[order][:-1]
    late = spells.start[order][1:] < spells.stop[order][:-1] - spells.width
    if (bad := np.flatnonzero(same & late)).size:
        first, second = (row_label(data, int(order[bad[0] + k])) for k in (0, 1))
        raise EstimationError(
            f"{first} and {second} of {' × '.join(map(repr, names_of(unit)))} "
            f"{shown(labels[owner[order[bad[0]]]])} overlap ({bad.size} such pairs): the unit "
            "would be at risk twice; remove repeated rows, or cut them where values change"
        )


def require_last_events(
    data: pd.DataFrame, unit: Names | None, spells: Spells, ended: Booleans
) -> None:
    """Raise where a unit goes on after its event, which may happen once.

    Parameters
    ----------
    data : DataFrame
    unit : str or sequence of str or None
        Columns that say whose row it is; nothing is checked without them.
    spells : Spells
    ended : ndarray of bool, shape (n,)
        Whether the row ends in an event.
    """
    if unit is None:
        return
    owner, labels = codes(data, unit)
    order = np.lexsort((spells.stop, spells.start, owner))
    goes_on = (owner[order][1:] == owner[order][:-1]) & ended[order][:-1]
    if (bad := np.flatnonzero(goes_on)).size:
        event, after = (row_label(data, int(order[bad[0] + k])) for k in (0, 1))
        who = shown(labels[owner[order[bad[0]]]])
        raise EstimationError(
            f"{' × '.join(map(repr, names_of(unit)))} {who} has the "
            f"event in {event} and goes on in {after} ({bad.size} such pairs): it would be at risk "
            "of a second first event. Drop what follows the event, or, where events recur, make "
            "each spell a unit of its own and name the unit as cluster="
        )


def require_positive_times(
    data: pd.DataFrame, start: str | None, stop: str, spells: Spells
) -> None:
    """Raise where an end is not above zero or a start is negative: logarithms need both."""
    for name, times, least in ((stop, spells.stop, 1e-300), (start, spells.start, 0.0)):
        bad = np.flatnonzero((times < least) & np.isfinite(times))
        if bad.size:
            at = int(bad[0])
            raise EstimationError(
                f"{name!r} is {times[at]:g} in {row_label(data, at)}; log time needs ends above "
                "zero and starts of zero or more"
            )


def interval_ends(data: pd.DataFrame, lower: str, upper: str) -> tuple[Floats, Floats]:
    """Return the intervals ``(lower, upper]`` that hold the events, shape (n,) each.

    Raises
    ------
    EstimationError
        A value is missing; ``upper`` is below ``lower``; a time is negative, or an event at zero.
    """
    low, high = numbers(data, lower), numbers(data, upper, allowed=np.inf)
    if (bad := np.flatnonzero(high < low)).size:
        at = int(bad[0])
        raise EstimationError(
            f"{upper!r} ({high[at]:g}) is below {lower!r} ({low[at]:g}) in {row_label(data, at)}"
        )
    if (bad := np.flatnonzero((low < 0) | (high <= 0))).size:
        raise EstimationError(
            f"{row_label(data, int(bad[0]))} holds an event at or before 0; times run from 0"
        )
    return low, high


def times_within(times: object, end: float, what: str = "last follow-up") -> Floats:
    """Return requested times as numbers, shape (t,).

    Parameters
    ----------
    times : float or sequence of float
    end : float
        The last time at which there is an answer.
    what : str
        What ends there, for the message.

    Raises
    ------
    EstimationError
        A time is missing, is not a number, or lies beyond the end.
    """
    grid = number_array(times, "times")
    if (late := grid[grid > end]).size:
        raise EstimationError(f"time {late[0]:g} lies beyond the {what} ({end:g})")
    return grid


def _is_narrow(column: pd.Series[Any]) -> bool:
    """Say whether a column is stored in less than double precision."""
    return getattr(column.dtype, "kind", "") == "f" and getattr(column.dtype, "itemsize", 8) < 8


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
    if compiled(len(others)):
        from riskset.loops import count_within

        found = np.empty(len(others), dtype=np.int64)
        per_unit = cells / spread

        def count_part(_: int, begin: int, end: int) -> None:
            count_within(begin, end, values, edge, per_unit, others, found)

        shared(count_part, even_parts(len(others)))
        return found
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
