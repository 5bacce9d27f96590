"""The episodes of two releases of the conflict data side by side.

The older release ends earlier: what lies after its last year is no difference between the two.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from collsec.compile.conflicts.vintages import Episode, by_conflict, shared_years
from collsec.compile.text import records_of

NEW, OLD = "251", "201"  # suffixes of the columns


def crosswalk_from(new: pd.DataFrame, old: pd.DataFrame, sources: tuple[str, str]) -> pd.DataFrame:
    """One row per episode of either release.

    Parameters
    ----------
    new, old : DataFrame
        Episodes of the two releases under stable ids (see
        `collsec.compile.vintages.with_stable_ids`).
    sources : tuple of str
        Keys of the two sources.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, sorted by conflict and number of the episode.
    """
    last_new, last = int(new["last_year"].max()), int(old["last_year"].max())
    of_new = {e["episode_id"]: e for e in records_of(new)}
    of_old = {e["episode_id"]: e for e in records_of(old)}
    conflicts_new, conflicts_old = by_conflict(new), by_conflict(old)
    rows = []
    for episode_id in sorted(of_new | of_old, key=number_of):
        mine, theirs = of_new.get(episode_id), of_old.get(episode_id)
        conflict_id = episode_id.split("-")[0]
        if mine and theirs:
            moved = moved_dates(mine, theirs, last_new, last)
            status, reason = ("re-dated" if moved else "same"), None
        elif mine:
            others = conflicts_old.get(conflict_id, [])
            moved, status, reason = [], f"only_{NEW}", why_new(mine, others, last)
        else:
            assert theirs is not None
            others = conflicts_new.get(conflict_id, [])
            moved, status, reason = [], f"only_{OLD}", why_gone(theirs, others)
        present = [s for s, e in zip(sources, (mine, theirs), strict=True) if e]
        rows.append(
            {
                "episode_id": episode_id,
                "conflict_id": int(conflict_id),
                "status": status,
                "moved": moved,
                "reason": reason,
                **side_by_side(mine, theirs),
                "source": present,
                "basis": "file",
            }
        )
    table = pd.DataFrame(rows)
    counts = ("ordinal", "first_year", "last_year")
    whole = [f"{c}_{name}" for c in counts for name in (NEW, OLD)]
    whole += ["onset_difference_days", "end_difference_days"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def number_of(episode_id: str) -> tuple[int, int]:
    """Conflict and number of an episode, to sort by.

    >>> number_of("200-10") > number_of("200-9")
    True
    """
    conflict, number = episode_id.split("-")
    return int(conflict), int(number)


def moved_dates(new: Episode, old: Episode, last_new: int, last_old: int) -> list[str]:
    """Which dates of one episode differ: ``onset``, ``end``.

    An episode that was active in the last year of a release had no known end there: the end
    differs only if the other release has it end in an earlier year.

    Parameters
    ----------
    new, old : dict
        The episode in two releases.
    last_new, last_old : int
        Last year of each release.
    """
    moved = ["onset"] if new["onset_date"] != old["onset_date"] else []
    if new["is_ended"] and old["is_ended"]:
        end_differs = new["end_date"] != old["end_date"]
    elif new["is_ended"]:
        end_differs = new["last_year"] < last_old
    elif old["is_ended"]:
        end_differs = old["last_year"] < last_new
    else:
        end_differs = False
    return moved + (["end"] if end_differs else [])


def why_new(episode: Episode, old: list[Episode], last: int) -> str:
    """Why the old release lacks an episode."""
    if episode["first_year"] > last:
        return "began_later"
    return "split" if any(shared_years(episode, e) for e in old) else "added"


def why_gone(episode: Episode, new: list[Episode]) -> str:
    """Why the new release lacks an episode."""
    return "merged" if any(shared_years(episode, e) for e in new) else "dropped"


def side_by_side(new: Episode | None, old: Episode | None) -> dict[str, Any]:
    """Dates of both releases, and the days from the old one to the new one."""
    out: dict[str, Any] = {}
    pair = ((NEW, new), (OLD, old))
    for column in ("ordinal", "onset_date"):
        out |= {f"{column}_{name}": e and e[column] for name, e in pair}
    out["onset_difference_days"] = days_between(old, new, "onset_date")
    out |= {f"end_date_{name}": e and e["end_date"] for name, e in pair}
    out["end_difference_days"] = days_between(old, new, "end_date")
    for column in ("first_year", "last_year", "type_at_onset"):
        out |= {f"{column}_{name}": e and e[column] for name, e in pair}
    return out


def days_between(old: Episode | None, new: Episode | None, column: str) -> int | None:
    """Days by which a date moved; None if one of the two is not known."""
    if not old or not new or pd.isna(old[column]) or pd.isna(new[column]):
        return None
    return (pd.Timestamp(new[column]) - pd.Timestamp(old[column])).days
