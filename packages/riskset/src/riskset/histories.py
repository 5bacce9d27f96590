"""Rows ``(start, stop]`` cut where time passes a mark, a value changes, or an event comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.columns import (
    Names,
    as_frame,
    codes,
    indicator,
    names_of,
    number_array,
    numbers,
    require_columns,
    row_label,
    rows_at,
)
from riskset.errors import EstimationError, listed, shown
from riskset.times import (
    Spells,
    require_no_overlap,
    survival_times,
    times_up_to,
    untied,
)

#: Columns of what happens at the end of a row: names of 0/1 columns, or what each column holds
#: where nothing happens.
Ends = Names | Mapping[str, Any]

#: Column of the beginnings, where the data have none.
START = "start"


def split_episodes(
    data: pd.DataFrame,
    *,
    at: float | Sequence[float] | Literal["events"],
    start: str | None = None,
    stop: str,
    event: Ends,
    interval: str | None = None,
) -> pd.DataFrame:
    """Cut rows where time passes the same marks for all.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``.
    at : float, sequence of float, or "events"
        Where to cut; ``"events"`` cuts at each time at which the first column of ``event`` has an
        event, as a covariate that is a function of time needs it.
    start : str, optional
        Column of the beginnings. Without it rows begin at zero, and the result has a column
        ``start``.
    stop : str
        Column of the ends.
    event : str, sequence of str, or mapping of str to object
        Columns of what happens at the end of a row, so that it happens in the last piece alone.
        Names are of 0/1 columns; a mapping says what each column holds where nothing happens, such
        as ``{"ended": 0, "how": ""}``.
    interval : str, optional
        Name of a new column: 1 before the first mark, 2 between the first and the second, ….

    Returns
    -------
    DataFrame
        As many rows as pieces, in the order of the data; the index holds the label of the row that
        a piece comes from.

    Raises
    ------
    EstimationError
        ``stop`` is not after ``start``; no mark; an event column that is not 0/1 and does not say
        what it holds where nothing happens; a new column whose name is taken.

    Notes
    -----
    A row ``(a, b]`` with marks ``a < m_1 < … < m_k < b`` becomes ``(a, m_1], …, (m_k, b]``. No
    likelihood of hazards, and no risk set, depends on such cuts [1]_, which is why a covariate may
    then take another value in each piece. R's ``survSplit`` gives the same rows.

    References
    ----------
    .. [1] Andersen, P. K., & Gill, R. D. (1982). Cox's regression model for counting processes: a
       large sample study. Annals of Statistics 10, 1100–1120.
       https://doi.org/10.1214/aos/1176345976

    Examples
    --------
    >>> wars = pd.DataFrame({"war": ["a", "b"], "months": [30, 8], "ended": [1, 1]})
    >>> pieces = split_episodes(wars, at=[6, 12], stop="months", event="ended", interval="phase")
    >>> pieces[["war", "start", "months", "ended", "phase"]]
      war  start  months  ended  phase
    0   a      0       6      0      1
    0   a      6      12      0      2
    0   a     12      30      1      3
    1   b      0       6      0      1
    1   b      6       8      1      2
    """
    data = as_frame(data)
    data, start, spells = with_start(data, start, stop)
    nothing = nothing_of(data, event)
    require_new(data, interval)
    if isinstance(at, str):
        marks = spells.stop[_happens(data, at, nothing)]
    else:
        marks = number_array(at, "at")
    if not len(marks):
        raise EstimationError("at= names no time at which to cut")
    marks = untied(marks, spells.width)
    everybody = np.zeros(len(data), dtype=np.int64)
    pieces = _cut(spells, everybody, Marks(marks, np.zeros(len(marks), dtype=np.int64)))
    made = _pieces_of(data, pieces, start, stop, nothing)
    if interval is not None:
        made[interval] = 1 + times_up_to(marks, pieces.start, spells.width)
    return made


def merge_events(
    data: pd.DataFrame,
    records: pd.DataFrame,
    *,
    unit: Names,
    time: str,
    start: str | None = None,
    stop: str,
    event: Ends,
    values: Names = (),
    before: Mapping[str, Any] | None = None,
    count: str | None = None,
    mark: str | None = None,
    outside: Literal["refuse", "drop"] = "refuse",
) -> pd.DataFrame:
    """Cut rows where a list of dated records says that something changed or happened.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; those of one unit do not overlap.
    records : DataFrame
        One row per record: whose it is, when, and values.
    unit : str or sequence of str
        Columns, of both frames, that say whose row it is.
    time : str
        Column of the records: when, on the clock of ``stop``.
    start, stop, event
        As in `split_episodes`.
    values : str or sequence of str
        Columns of the records that hold from right after their time until the unit's next record.
    before : mapping of str to object, optional
        What each of ``values`` is before a unit's first record; missing by default.
    count : str, optional
        Name of a new column: how many records the unit had before this row, or at its beginning.
    mark : str, optional
        Column that is 1 where a row ends at a record: the records are events. It may be a 0/1
        column of ``event``, which then gains them.
    outside : {"refuse", "drop"}
        What to do with records of units that are not in the data and, with ``mark``, with records
        at times at which the unit is not at risk.

    Returns
    -------
    DataFrame
        As that of `split_episodes`.

    Raises
    ------
    EstimationError
        As in `split_episodes`; rows of one unit overlap; nothing is asked of the records; a record
        lacks a time or a value; two records of one unit at one time state different values; records
        lie outside.

    Notes
    -----
    A value that changes at ``t`` is known just before any later moment and is at risk of none at
    ``t``: it holds on ``(t, …]``. A record at the first start of a unit therefore counts from the
    beginning, one at its last end changes nothing, and an event belongs to the row that ends with
    it [1]_. R's ``tmerge`` cuts alike, with ``tdc``, ``cumtdc`` and ``event``.

    References
    ----------
    .. [1] Therneau, T. M., & Grambsch, P. M. (2000). Modeling survival data, ch. 3.7.
       https://doi.org/10.1007/978-1-4757-3294-8

    Examples
    --------
    >>> wars = pd.DataFrame({"war": ["a", "b"], "months": [30, 8], "ended": [1, 1]})
    >>> missions = pd.DataFrame({"war": ["a", "a"], "month": [6, 20], "troops": [500, 0]})
    >>> pieces = merge_events(
    ...     wars, missions, unit="war", time="month", stop="months", event="ended",
    ...     values="troops", before={"troops": 0},
    ... )  # fmt: skip
    >>> pieces[["war", "start", "months", "ended", "troops"]].to_numpy().tolist()
    [['a', 0, 6, 0, 0], ['a', 6, 20, 0, 500], ['a', 20, 30, 1, 0], ['b', 0, 8, 1, 0]]
    """
    data, records = as_frame(data), as_frame(records)
    data, start, spells = with_start(data, start, stop)
    nothing = nothing_of(data, event)
    require_no_overlap(data, unit, spells)
    taken = names_of(values)
    _check_request(data, records, taken, before or {}, count, mark, nothing)
    if outside not in ("refuse", "drop"):
        raise EstimationError(f"outside must be 'refuse' or 'drop', not {outside!r}")
    owner, labels = codes(data, unit)
    records, whose, when = _known(records, unit, time, labels, outside)
    when = _on_one_clock(when, spells)
    order = np.lexsort((when, whose))
    records, whose, when = records.iloc[order], whose[order], when[order]
    is_first = np.ones(len(when), dtype=np.bool_)
    is_first[1:] = (np.diff(whose) != 0) | (np.diff(when) > 0)
    _check_agreement(records, taken, unit, time, is_first)
    marks = Marks(when[is_first], whose[is_first])
    pieces = _cut(spells, owner, marks)
    made = _pieces_of(data, pieces, start, stop, nothing)
    own = owner[pieces.row]
    begin = marks.up_to(own, np.full(len(own), -np.inf))
    past = marks.up_to(own, pieces.start + spells.width)
    known = past > begin
    for name in taken:
        column = records[name].array[np.flatnonzero(is_first)]
        if before and name in before:
            found = pd.Series(column[np.maximum(past - 1, 0)], index=made.index)
            made[name] = found.where(known, before[name])
        else:
            place = np.where(known, past - 1, -1)
            made[name] = pd.api.extensions.take(column, place, allow_fill=True)
    if count is not None:
        total = np.append(np.flatnonzero(is_first), len(is_first))
        made[count] = total[past] - total[begin]
    if mark is not None:
        reached = marks.up_to(own, pieces.stop + spells.width)
        inside = marks.before(own, pieces.stop - spells.width)
        ends = reached > inside
        if outside == "refuse" and (lost := len(marks.time) - int(ends.sum())):
            seen = np.zeros(len(marks.time), dtype=np.bool_)
            seen[inside[ends]] = True
            at = int(np.flatnonzero(is_first)[np.flatnonzero(~seen)[0]])
            raise EstimationError(
                f"{row_label(records, at)} of the records, {time!r} {when[at]:g}, lies at a time "
                f"at which its unit is not at risk ({lost} such records); correct them, or leave "
                "them out with outside='drop'"
            )
        earlier = made[mark].to_numpy() == 1 if mark in data else np.zeros(len(ends), np.bool_)
        made[mark] = (ends | earlier).astype(np.int64)
    return made


@dataclass(frozen=True, slots=True)
class Marks:
    """Distinct times at which rows of owners are cut, in order of owner and time.

    Attributes
    ----------
    time : ndarray, shape (k,)
    owner : ndarray of int, shape (k,)
    """

    time: Floats
    owner: Integers

    def up_to(self, owner: Integers, time: Floats) -> Integers:
        """Return the place behind the marks of owners at or before times, shape (n,)."""
        return self._place(owner, time, "right")

    def before(self, owner: Integers, time: Floats) -> Integers:
        """Return the place behind the marks of owners before times, shape (n,)."""
        return self._place(owner, time, "left")

    def _place(self, owner: Integers, time: Floats, side: Literal["left", "right"]) -> Integers:
        distinct, rank = np.unique(self.time, return_inverse=True)
        span = len(distinct) + 1
        key = self.owner * span + rank
        found = np.searchsorted(key, owner * span + np.searchsorted(distinct, time, side))
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of rows: the row each comes from, its ends, and whether it is the row's last."""

    row: Integers
    start: Floats
    stop: Floats
    is_last: Booleans


def _cut(spells: Spells, owner: Integers, marks: Marks) -> Pieces:
    """Cut each row at the marks of its owner that lie within it."""
    first = marks.up_to(owner, spells.start + spells.width)
    past = np.maximum(marks.before(owner, spells.stop - spells.width), first)
    number = past - first + 1
    row = np.repeat(np.arange(len(owner)), number)
    ends = np.cumsum(number)
    place = np.arange(len(row)) - np.repeat(ends - number, number)
    cut = np.repeat(first, number) + place
    is_first, is_last = place == 0, place == np.repeat(number, number) - 1
    times = np.append(marks.time, np.nan)
    return Pieces(
        row=row,
        start=np.where(is_first, spells.start[row], times[np.where(is_first, -1, cut - 1)]),
        stop=np.where(is_last, spells.stop[row], times[np.where(is_last, -1, cut)]),
        is_last=is_last,
    )


def _pieces_of(
    data: pd.DataFrame, pieces: Pieces, start: str, stop: str, nothing: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the data cut to pieces; what happens at the end of a row is in its last piece."""
    made = data.iloc[pieces.row].copy()
    made[start] = as_before(pieces.start, data[start])
    made[stop] = as_before(pieces.stop, data[stop])
    for name, none in nothing.items():
        made[name] = made[name].where(pieces.is_last, none)
    return made


def as_before(times: Floats, column: pd.Series[Any]) -> Any:
    """Return times as whole numbers where the column held such and they are."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iu" and (times == np.round(times)).all():
        return times.astype(np.int64)
    return times


def with_start(
    data: pd.DataFrame, start: str | None, stop: str
) -> tuple[pd.DataFrame, str, Spells]:
    """Return the data with a column of beginnings, its name, and the checked intervals."""
    if start is not None:
        return data, start, survival_times(data, start, stop)
    require_columns(data, [stop])
    if START in data:
        raise EstimationError(
            f"the data have a column {START!r}: name it in start=, or rename it if rows begin at "
            "zero"
        )
    place = data.columns.get_loc(stop)
    data = data.copy()
    data.insert(place if isinstance(place, int) else 0, START, 0)
    return data, START, survival_times(data, START, stop)


def require_new(data: pd.DataFrame, name: str | None) -> None:
    """Raise where a new column would take the place of one of the data."""
    if name is not None and name in data:
        raise EstimationError(f"the data already have a column {name!r}; choose another name")


def nothing_of(data: pd.DataFrame, event: Ends) -> dict[str, Any]:
    """Return what each column of events holds where nothing happens."""
    if isinstance(event, Mapping):
        require_columns(data, list(event))
        return dict(event)
    for name in names_of(event):
        require_columns(data, [name])
        if not pd.api.types.is_bool_dtype(data[name]) and not (
            pd.api.types.is_numeric_dtype(data[name]) or data[name].dtype == object
        ):
            raise _unsaid(name)
        try:
            indicator(data, name)
        except EstimationError as error:
            raise _unsaid(name, f": {error}") from None
    return {
        name: False if pd.api.types.is_bool_dtype(data[name]) else 0 for name in names_of(event)
    }


def _unsaid(name: str, why: str = "") -> EstimationError:
    return EstimationError(
        f"column {name!r} does not hold 0 and 1 alone; say what it holds where nothing happens: "
        f"event={{{name!r}: …}}{why}"
    )


def happens_in(data: pd.DataFrame, column: str, none: Any) -> Booleans:
    """Say in which rows something happens: a column holds neither ``none`` nor nothing."""
    values = data[column]
    return np.asarray((values != none) & values.notna(), dtype=np.bool_)


def _happens(data: pd.DataFrame, at: str, nothing: Mapping[str, Any]) -> Booleans:
    """Say which rows end in an event by the first of its columns."""
    if at != "events":
        raise EstimationError(f"at must be times or 'events', not {at!r}")
    if not nothing:
        raise EstimationError("at='events' needs a column in event=")
    name = next(iter(nothing))
    return happens_in(data, name, nothing[name])


def _check_request(
    data: pd.DataFrame,
    records: pd.DataFrame,
    values: Sequence[str],
    before: Mapping[str, Any],
    count: str | None,
    mark: str | None,
    nothing: Mapping[str, Any],
) -> None:
    """Raise where nothing is asked of the records, or a new column has a name that is taken."""
    if not values and count is None and mark is None:
        raise EstimationError("nothing is asked of the records; give values=, count= or mark=")
    require_columns(records, values)
    for name in (*values, count):
        require_new(data, name)
    if mark is not None and mark in data:
        if mark not in nothing:
            raise EstimationError(
                f"{mark!r} is a column of the data and not in event=; name it there, so that what "
                "it holds stays in the last piece, or choose another name"
            )
        indicator(data, mark)
    if unknown := [name for name in before if name not in values]:
        raise EstimationError(f"before= states {unknown[0]!r}, which is not in values=")
    for name in values:
        if (bad := np.flatnonzero(records[name].isna().to_numpy())).size:
            raise EstimationError(
                f"column {name!r} of the records is missing in {rows_at(records, bad)}: from when "
                "on it changed would be known, and not to what; drop them or fill them in"
            )


def _known(
    records: pd.DataFrame,
    unit: Names,
    time: str,
    labels: pd.Index,
    outside: str,
) -> tuple[pd.DataFrame, Integers, Floats]:
    """Return the records of units in the data, whose they are and when."""
    when = numbers(records, time)
    own, theirs = codes(records, unit)
    whose = np.asarray(labels.get_indexer(theirs), dtype=np.int64)[own]
    strange = np.flatnonzero(whose < 0)
    if strange.size and outside == "refuse":
        raise EstimationError(
            f"{row_label(records, int(strange[0]))} of the records is of "
            f"{' × '.join(map(repr, names_of(unit)))} {shown(theirs[own[strange[0]]])}, which the "
            f"data do not hold ({strange.size} such records; they hold {listed(labels, 4)}); "
            "correct them, or leave them out with outside='drop'"
        )
    kept = whose >= 0
    if not kept.any():
        raise EstimationError("no record is of a unit in the data")
    return records[kept], whose[kept], when[kept]


def _on_one_clock(when: Floats, spells: Spells) -> Floats:
    """Return times of records, those tied with one another as one time."""
    distinct = untied(when, spells.width)
    return distinct[times_up_to(distinct, when, spells.width) - 1] if len(when) else when


def _check_agreement(
    records: pd.DataFrame, values: Sequence[str], unit: Names, time: str, is_first: Booleans
) -> None:
    """Raise where two records of one unit at one time state different values."""
    group = np.cumsum(is_first) - 1
    first = np.flatnonzero(is_first)[group]
    for name in values:
        column = records[name]
        other = np.asarray(column.to_numpy() != column.to_numpy()[first], dtype=np.bool_)
        if (bad := np.flatnonzero(other)).size:
            one, two = (row_label(records, int(k)) for k in (first[bad[0]], bad[0]))
            raise EstimationError(
                f"{one} and {two} of the records are of one unit and one {time!r}, and state "
                f"different values of {name!r} ({bad.size} such records); keep the one that holds"
            )
