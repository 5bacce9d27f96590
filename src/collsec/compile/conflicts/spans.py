"""Where a day or a year falls among the episodes of a conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from collsec.compile.text import records_of

Episode = dict[str, Any]
Spans = Mapping[int, Sequence[Episode]]


def spans_by_conflict(episodes: pd.DataFrame) -> dict[int, list[Episode]]:
    """Episodes of each conflict by onset, as dictionaries."""
    out: dict[int, list[Episode]] = {}
    for episode in records_of(episodes):
        out.setdefault(int(episode["conflict_id"]), []).append(episode)
    return {c: sorted(es, key=lambda e: e["onset_date"]) for c, es in out.items()}


def episode_of_year(spans: Spans, conflict_id: int, year: int) -> Episode | None:
    """The episode in which a year is active; None if none is."""
    for episode in spans.get(conflict_id, ()):
        if episode["first_year"] <= year <= episode["last_year"]:
            return episode
    return None


def episode_near(spans: Spans, conflict_id: int, day: str) -> tuple[Episode, str] | None:
    """The episode that a day belongs to, and how it lies to it.

    Parameters
    ----------
    spans : mapping
        As `spans_by_conflict` gives it.
    conflict_id : int
    day : str
        ISO date.

    Returns
    -------
    tuple or None
        The last episode that began by the day, with ``during`` or ``after``; if none had begun,
        the first one, with ``before``. None if the conflict has no episode.
    """
    of_conflict = spans.get(conflict_id, ())
    if not of_conflict:
        return None
    begun = [e for e in of_conflict if e["onset_date"] <= day]
    if not begun:
        return of_conflict[0], "before"
    last = begun[-1]
    is_over = bool(last["is_ended"]) and day > last["end_date"]
    return last, "after" if is_over else "during"
