"""Militarized disputes between states since 1946, and the wars between states that they belong to.

Side A is the one that took the first militarized action. Nothing here says who was in the right, or
that anyone defended itself: the source codes no such thing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.states.states import StateCodes
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

DISPUTE_COLUMNS = (
    "dispnum",
    "stday",
    "stmon",
    "styear",
    "endday",
    "endmon",
    "endyear",
    "outcome",
    "fatality",
    "hostlev",
    "recip",
)
STATE_COLUMNS = ("dispnum", "ccode", "styear", "sidea", "revstate", "orig", "hostlev")
FIRST_YEAR = 1946
OUTCOMES = {
    "1": "victory_a",
    "2": "victory_b",
    "3": "yield_a",
    "4": "yield_b",
    "5": "stalemate",
    "6": "compromise",
    "7": "released",
    "8": "unclear",
    "9": "joins_war",
    "-9": None,
}
USE_OF_FORCE = 4
NEAR_DAYS = 31  # a dispute belongs to a war that lies within so many days of it
Sides = Mapping[str, frozenset[int]]


def disputes_from(
    disputes: Path,
    states: Path,
    episodes: pd.DataFrame,
    codes: StateCodes,
    sources: tuple[str, str],
) -> pd.DataFrame:
    """One row per dispute that began in 1946 or later.

    Parameters
    ----------
    disputes, states : Path
        MID 5.0, disputes and participants (CSV).
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    codes : StateCodes
        Codes of Correlates of War → Gleditsch–Ward.
    sources : tuple of str
        Keys of the sources of disputes and episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by number of the dispute.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a column is missing, an outcome unknown, or a dispute has no state on a side.

    References
    ----------
    Palmer, G., et al. (2022). The MID5 Dataset, 2011–2014. Conflict Management and Peace Science
    39(4). https://doi.org/10.1177/0738894221995743
    """
    raw = read_columns(disputes, DISPUTE_COLUMNS)
    raw = raw[raw["styear"].astype(int) >= FIRST_YEAR]
    if (strange := ~raw["outcome"].isin(OUTCOMES)).any():
        raise BadTable(
            disputes.name,
            "unknown outcome.",
            row=int(raw.index[strange][0]) + 2,
            column="outcome",
        )
    parties: dict[str, list[dict[str, str]]] = {}
    for p in records_of(read_columns(states, STATE_COLUMNS)):
        parties.setdefault(p["dispnum"], []).append(p)
    wars = [e for e in records_of(episodes) if e["type_at_onset"] == "interstate"]
    rows = []
    for d in sorted(records_of(raw), key=lambda d: int(d["dispnum"])):
        own = parties.get(d["dispnum"], [])
        if {p["sidea"] for p in own} != {"0", "1"}:
            raise BadTable(states.name, "a dispute without a side.", value=d["dispnum"])
        rows.append(row_of(d, own, wars, codes, sources))
    return pd.DataFrame(rows).astype({"fatality_level": "Int64"})


def row_of(
    dispute: dict[str, str],
    parties: list[dict[str, str]],
    wars: list[dict[str, Any]],
    codes: StateCodes,
    sources: tuple[str, str],
) -> dict[str, Any]:
    """One row of `disputes_from`."""

    def states(**cells: str) -> list[int]:
        return sorted(
            {
                codes.gwno_of_cow(int(p["ccode"]), int(p["styear"]))
                for p in parties
                if all(p[c] == v for c, v in cells.items())
            }
        )

    start, start_precision = day_of(dispute["styear"], dispute["stmon"], dispute["stday"])
    end, end_precision = day_of(dispute["endyear"], dispute["endmon"], dispute["endday"])
    start = min(start, end)  # the last of a month in which the dispute ended on a known day
    revisionist_a = states(sidea="1", revstate="1", orig="1")
    revisionist_b = states(sidea="0", revstate="1", orig="1")
    sides = {"a": frozenset(states(sidea="1")), "b": frozenset(states(sidea="0"))}
    is_forceful = int(dispute["hostlev"]) >= USE_OF_FORCE
    episodes = wars_of(wars, sides, start, end) if is_forceful else []
    fatality = int(dispute["fatality"])
    return {
        "dispute_id": int(dispute["dispnum"]),
        "start_date": start,
        "start_precision": start_precision,
        "end_date": end,
        "end_precision": end_precision,
        "gwno_initiators": states(sidea="1", orig="1"),
        "gwno_targets": states(sidea="0", orig="1"),
        "gwno_joiners_a": states(sidea="1", orig="0"),
        "gwno_joiners_b": states(sidea="0", orig="0"),
        "gwno_revisionists_a": revisionist_a,
        "gwno_revisionists_b": revisionist_b,
        "is_contested": bool(revisionist_a) and bool(revisionist_b),
        "is_reciprocated": dispute["recip"] == "1",
        "hostility_level": int(dispute["hostlev"]),
        "fatality_level": fatality if fatality >= 0 else None,
        "dispute_outcome": OUTCOMES[dispute["outcome"]],
        "episode_ids": episodes,
        "source": [sources[0], *([sources[1]] if episodes else [])],
        "basis": "file",
    }


def day_of(year: str, month: str, day: str) -> tuple[date, str]:
    """A day and its precision; one that is not known is the last of its month.

    >>> day_of("1982", "4", "-9")
    (datetime.date(1982, 4, 30), 'month')
    """
    last = monthrange(int(year), int(month))[1]
    if int(day) > 0:
        return date(int(year), int(month), int(day)), "day"
    return date(int(year), int(month), last), "month"


def wars_of(wars: Iterable[dict[str, Any]], sides: Sides, start: date, end: date) -> list[str]:
    """Ids of the wars between states that a dispute belongs to.

    Both lie within a month of each other, and a state of each side of the dispute stands on another
    side of the war.
    """
    near = timedelta(NEAR_DAYS)
    found = []
    for war in wars:
        onset = date.fromisoformat(war["onset_date"])
        over = date.fromisoformat(war["end_date"]) if war["is_ended"] else date.max - near
        if start - near <= over and onset <= end + near and opposed(war, sides):
            found.append(str(war["episode_id"]))
    return found


def opposed(war: dict[str, Any], sides: Sides) -> bool:
    """Whether the two sides of a dispute fight each other in a war, as primary parties."""
    a, b = ({int(s) for s in war[c]} for c in ("gwno_a", "gwno_b"))
    return bool((sides["a"] & a and sides["b"] & b) or (sides["a"] & b and sides["b"] & a))
