"""What the record of international crises says of each war between states, as indices.

The terms of the record do not say whether it may be handed on: nothing of a crisis itself is kept,
only measures at the unit of the study. It states no self-defense; who is named as the trigger is
what each actor of a crisis saw.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.states.states import StateCodes
from collsec.compile.text import records_of
from collsec.upstream.readers import read_columns

COLUMNS = (
    "crisno",
    "cracid",
    "yrtrig",
    "motrig",
    "datrig",
    "triggr",
    "trigent",
    "gravty",
    "globact",
)
VIOLENT = frozenset({"8", "9"})  # indirect and direct violence
NO_ACTIVITY = frozenset({"1", "2"})  # no global organization then, or it did nothing
LEAD_DAYS = 365  # a crisis that begins so long before the onset is of the war
MONTHS = frozenset(map(str, range(1, 13)))
NO_STATE = 990  # codes from here on are of groups, or of several states at once


@dataclass(frozen=True, slots=True)
class Actor:
    """A state in a crisis: who began it, as that state saw it, when, and how."""

    crisis: str
    gwno: int
    triggered_by: int | None
    start: date
    is_violent: bool
    gravity: int
    is_un_active: bool


def crises_from(
    path: Path, episodes: pd.DataFrame, codes: StateCodes, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per war between states.

    Parameters
    ----------
    path : Path
        ICB version 14, actors of crises (CSV).
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    codes : StateCodes
        Codes of Correlates of War → Gleditsch–Ward.
    sources : tuple of str
        Keys of the sources of crises and episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, in the order of `episodes`. A war that began after the
        last year of the record is not covered, and its cells are empty.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing.

    References
    ----------
    Brecher, M., J. Wilkenfeld, K. Beardsley, P. James and D. Quinn (2021). International Crisis
    Behavior Data Codebook, Version 14.
    """
    actors = read_actors(path, codes)
    last = max(a.start.year for a in actors)
    rows = [
        row_of(e, actors, last, sources)
        for e in records_of(episodes)
        if e["type_at_onset"] == "interstate"
    ]
    whole = ("crises", "crisis_lead_days", "gravity_level")
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def read_actors(path: Path, codes: StateCodes) -> list[Actor]:
    """Actors of the crises that began in 1945 or later."""
    actors = []
    for r in records_of(read_columns(path, COLUMNS)):
        if not r["yrtrig"] or int(r["yrtrig"]) < 1945:
            continue
        year, by = int(r["yrtrig"]), int(r["trigent"])
        actors.append(
            Actor(
                r["crisno"],
                codes.gwno_of_cow(int(r["cracid"]), year),
                codes.gwno_of_cow(by, year) if by < NO_STATE else None,
                day_of(r["yrtrig"], r["motrig"], r["datrig"]),
                r["triggr"] in VIOLENT,
                int(r["gravty"]),
                r["globact"] not in NO_ACTIVITY,
            )
        )
    return actors


def day_of(year: str, month: str, day: str) -> date:
    """A day; one that is not known is the last of its month, or of the year.

    >>> day_of("1982", "4", "88"), day_of("1982", "88", "88")
    (datetime.date(1982, 4, 30), datetime.date(1982, 12, 31))
    """
    if month not in MONTHS:
        return date(int(year), 12, 31)
    last = monthrange(int(year), int(month))[1]
    is_known = day.isdigit() and 1 <= int(day) <= last
    return date(int(year), int(month), int(day) if is_known else last)


def row_of(
    episode: dict[str, Any], actors: list[Actor], last: int, sources: tuple[str, str]
) -> dict[str, Any]:
    """One row of `crises_from`."""
    onset = date.fromisoformat(episode["onset_date"])
    over = date.fromisoformat(episode["end_date"]) if episode["is_ended"] else date.max
    side = {int(s): x for x in ("a", "b") for s in episode[f"gwno_{x}"]}
    is_covered = onset.year <= last
    own = of_war(actors, side, onset, over) if is_covered else []
    first = min((a.start for a in own), default=None)
    named = {side[a.triggered_by] for a in own if a.triggered_by in side}
    return {
        "episode_id": episode["episode_id"],
        "is_covered": is_covered,
        "crises": len({a.crisis for a in own}) if is_covered else None,
        "crisis_lead_days": (onset - first).days if first else None,
        "has_violent_trigger": any(a.is_violent for a in own) if own else None,
        "gravity_level": max((a.gravity for a in own), default=None),
        "trigger_side": ("both" if len(named) > 1 else next(iter(named), "other")) if own else None,
        "has_un_activity": any(a.is_un_active for a in own) if own else None,
        "source": [*([sources[0]] if is_covered else []), sources[1]],
        "basis": "file",
    }


def of_war(actors: list[Actor], side: dict[int, str], onset: date, over: date) -> list[Actor]:
    """Actors of the war's own states in crises in which both of its sides appear.

    A side appears if a state of it is in the crisis, or is named as its trigger; the crisis begins
    at most a year before the onset, and before the end.
    """
    near = [a for a in actors if a.gwno in side and onset - timedelta(LEAD_DAYS) <= a.start <= over]
    sides: dict[str, set[str]] = {}
    for a in near:
        seen = sides.setdefault(a.crisis, set())
        seen |= {side[s] for s in (a.gwno, a.triggered_by) if s in side}
    return [a for a in near if len(sides[a.crisis]) == 2]
