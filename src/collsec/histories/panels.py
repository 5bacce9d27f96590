"""cohort + timelines + outcome → panels: ``(start, stop]`` rows with integer days.

A row holds what was known strictly before any moment inside it. A deployment on the day of the
end therefore leaves the end unexposed, and a row is cut wherever an exposure changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.core.errors import BadSpec
from collsec.histories.episodes import HALF_DAY

DAYS_PER_MONTH = 30.4375


def days_of(months: float) -> int:
    """Months as whole days (six months = 183 days)."""
    return round(months * DAYS_PER_MONTH)


def exposure_column(measure: str, lag_months: int) -> str:
    """Name of the panel column of one exposure at one lag."""
    return f"{measure}_lag_{lag_months:02d}"


@dataclass(frozen=True, slots=True)
class UnitSpells:
    """Spells of one exposure on the units of a cohort, on each unit's own clock.

    Attributes
    ----------
    unit : ndarray of int, shape (n_spells,)
        Row of the unit in the cohort.
    assigned, on, off : ndarray of float, shape (n_spells,)
        Days since the unit's time zero: when the act took place, when the exposure begins to
        count (after the lag), when it ceases (inf = never). Exposed on ``(on, off]``.
    """

    unit: np.ndarray
    assigned: np.ndarray
    on: np.ndarray
    off: np.ndarray


def unit_spells(units: pd.DataFrame, spells: pd.DataFrame, lag_months: int) -> UnitSpells:
    """Lay the spells of an exposure on the clocks of the units, shifted by the lag.

    Only spells assigned after the unit's time zero and before its exit concern it. Where a gap
    between two spells of a unit is shorter than the lag, the state six (or so) months earlier
    never lapses between the second act and its effect: the two are one spell.
    """
    exits = clock(units)
    rows = pd.DataFrame(
        {
            "unit": np.arange(len(units)),
            "conflict_id": units["conflict_id"].astype("int64"),
            "zero": units["time_zero"],
            "exit": exits,
        }
    ).merge(spells.astype({"conflict_id": "int64"}), on="conflict_id")
    lag = days_of(lag_months)
    assigned = (rows["on_date"] - rows["zero"]).dt.days.to_numpy(float)
    off = (rows["off_date"] - rows["zero"]).dt.days.fillna(np.inf).to_numpy(float) + lag
    concerns = (assigned > 0) & (assigned < rows["exit"].to_numpy())
    order = np.lexsort((assigned, rows["unit"]))
    order = order[concerns[order]]
    unit, assigned, off = rows["unit"].to_numpy()[order], assigned[order], off[order]
    begins = np.r_[True, (unit[1:] != unit[:-1]) | (assigned[1:] > off[:-1])] if len(unit) else []
    first = np.flatnonzero(begins)
    return UnitSpells(
        unit[first],
        assigned[first],
        assigned[first] + lag,
        np.maximum.reduceat(off, first) if len(first) else off,
    )


def clock(units: pd.DataFrame) -> np.ndarray:
    """Days from time zero to exit; half a day for a unit that ends on the day it begins."""
    days = (units["exit_date"] - units["time_zero"]).dt.days.to_numpy(float)
    return np.where(days > 0, days, HALF_DAY)


def arrange(
    units: pd.DataFrame,
    outcome: pd.DataFrame,
    exposures: dict[str, UnitSpells],
    carried: list[str],
) -> pd.DataFrame:
    """Cut each unit into ``(start, stop]`` rows at every change of any exposure.

    Parameters
    ----------
    units : DataFrame
        The cohort, one row a unit.
    outcome : DataFrame
        ``exit_date, is_event`` aligned with ``units``.
    exposures : dict of UnitSpells
        By name of the panel column.
    carried : list of str
        Unit columns repeated on each row.

    Returns
    -------
    DataFrame
        ``unit_id, conflict_id, start, stop, event``, one 0/1 column per exposure, and ``carried``.
    """
    n = len(units)
    exits = clock(units.assign(exit_date=outcome["exit_date"]))
    followed = (outcome["exit_date"] >= units["time_zero"]).to_numpy()
    cuts = [np.column_stack([np.arange(n), exits])]
    for spells in exposures.values():
        for moment in (spells.on, spells.off):
            inside = (moment > 0) & (moment < exits[spells.unit])
            cuts.append(np.column_stack([spells.unit[inside], moment[inside]]))
    stops = np.unique(np.concatenate(cuts), axis=0)
    unit = stops[:, 0].astype(int)
    stop = stops[:, 1]
    first = np.r_[True, unit[1:] != unit[:-1]]
    start = np.where(first, 0.0, np.r_[0.0, stop[:-1]])
    last = np.r_[unit[1:] != unit[:-1], True]
    out = pd.DataFrame(
        {
            "unit_id": units["unit_id"].to_numpy()[unit],
            "conflict_id": units["conflict_id"].to_numpy()[unit],
            "start": start,
            "stop": stop,
            "event": last & outcome["is_event"].to_numpy(bool)[unit],
        }
    )
    for column, spells in exposures.items():
        out[column] = exposed(unit, start, spells)
    for column in carried:
        out[column] = units[column].to_numpy()[unit]
    rows: pd.DataFrame = out[followed[unit]].reset_index(drop=True)
    return rows


def exposed(unit: np.ndarray, start: np.ndarray, spells: UnitSpells) -> np.ndarray:
    """Whether each ``(start, stop]`` row, uncut by a change, lies inside a spell ``(on, off]``."""
    rows = pd.DataFrame({"row": np.arange(len(unit)), "unit": unit, "start": start})
    pairs = rows.merge(
        pd.DataFrame({"unit": spells.unit, "on": spells.on, "off": spells.off}), on="unit"
    )
    inside = pairs[(pairs["on"] <= pairs["start"]) & (pairs["start"] < pairs["off"])]
    out = np.zeros(len(unit), dtype=np.int8)
    out[inside["row"].to_numpy()] = 1
    return out


#: What ties a row of a table to an episode, and the column of episodes that it is compared with.
KEYS = {
    "episode_id": "episode_id",
    "conflict_id": "conflict_id",
    "gwno_host": "gwno_host",
    "gwno": "gwno_host",
}
YEAR = "year"


def key_of(table: str, columns: list[str]) -> str:
    """The column that ties a table to episodes: the first of :data:`KEYS` that it has.

    Raises
    ------
    BadSpec
        If it has none.
    """
    key = next((name for name in KEYS if name in columns), None)
    if key is None:
        raise BadSpec(
            f"table {table}: has no column that ties it to wars; it needs one of {', '.join(KEYS)}."
        )
    return key


def known_before_onset(
    episodes: pd.DataFrame, table: pd.DataFrame, column: str, lag_years: int, name: str
) -> pd.Series:
    """Value of a column for each episode, so many years before the year of its onset.

    A yearly table gives the value of exactly that year, and none where it has no such row: an
    older value is not carried forward. A table without years holds for all time.

    Parameters
    ----------
    episodes : DataFrame
        With ``onset_year`` and the column that :func:`key_of` the table names.
    table : DataFrame
        One row per key, and per ``year`` where it has years.
    column : str
    lag_years : int
        One or more: a year's value is known only after the year.
    name : str
        Of the table, for messages.

    Returns
    -------
    Series of float
        Aligned with ``episodes``.

    Raises
    ------
    BadSpec
        If the table has several rows for one key (and year), or values that are no numbers.
    """
    key = key_of(name, list(table.columns))
    keys = [key, YEAR] if YEAR in table else [key]
    values = table.dropna(subset=keys).set_index(keys)[column]
    if not values.index.is_unique:
        twice = values.index[values.index.duplicated()][0]
        at = ", ".join(str(value) for value in (twice if len(keys) > 1 else [twice]))
        raise BadSpec(f"table {name}: several rows for {' and '.join(keys)} {at}.")
    asked = episodes[KEYS[key]]
    rows = (
        pd.MultiIndex.from_arrays([asked, episodes["onset_year"] - lag_years])
        if YEAR in table
        else pd.Index(asked)
    )
    try:
        numbers = values.astype("Float64").astype(float)
    except (TypeError, ValueError):
        raise BadSpec(f"table {name}, column {column}: must hold numbers, or yes and no.") from None
    return pd.Series(numbers.reindex(rows).to_numpy(), index=episodes.index, name=column)
