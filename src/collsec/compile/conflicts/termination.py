"""How each episode ended, from the UCDP Conflict Termination Dataset.

Termination counts its own episodes. An episode of ours is matched by conflict and year of the end;
the day may differ, and the difference is kept. Release 3-2021 comes first; a part of release 4-2024
that has been transcribed fills what 3-2021 does not have, and changes nothing that it has.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

OUTCOMES = {
    "1": "peace_agreement",
    "2": "ceasefire",
    "3": "government_victory",
    "4": "rebel_victory",
    "5": "low_activity",
    "6": "actor_ceases",
}
# Ends of the two data sets that lie further apart, in days, are listed with a reason.
TOLERANCE_DAYS = 31
NEARBY_YEARS = 5  # an end within so many years may be the same end, dated otherwise
COLUMNS = ("conflict_id", "year", "confterm", "ependdate", "ependprec", "outcome")
LATER_COLUMNS = ("conflict_id", "year", "c_outcome", "c_ependdate", "c_ependprec")
YEAR_ONLY = "5"  # release 4-2024: neither day nor month is known, and 31 December stands there


def read_terminations(path: Path) -> pd.DataFrame:
    """Read the ends of conflict episodes.

    Parameters
    ----------
    path : Path
        Conflict Termination Dataset at the level of conflicts (``.xlsx``).

    Returns
    -------
    DataFrame
        One row per end: conflict_id (text), year (int), end_date (ISO text), precision_code
        (text), outcome (as in `OUTCOMES`); and in ``attrs["last_year"]`` the last year for which
        an end can be known, one before the last year of the data.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, an outcome unknown, or a conflict ends twice in a year.

    References
    ----------
    Kreutz, J. (2010). How and when armed conflicts end: Introducing the UCDP Conflict Termination
    dataset. Journal of Peace Research 47(2). https://doi.org/10.1177/0022343309353108
    """
    raw = read_columns(path, COLUMNS)
    ends = raw[raw["confterm"] == "1"]
    strange = ends[~ends["outcome"].isin(OUTCOMES)]
    if len(strange):
        raise BadTable(
            path.name,
            "unknown outcome.",
            row=int(strange.index[0]) + 2,
            column="outcome",
            value=strange["outcome"].iloc[0],
        )
    double = ends[ends.duplicated(["conflict_id", "year"])]
    if len(double):
        raise BadTable(
            path.name,
            "two ends of one conflict in one year.",
            row=int(double.index[0]) + 2,
            column="conflict_id, year",
        )
    out = pd.DataFrame(
        {
            "conflict_id": ends["conflict_id"],
            "year": ends["year"].astype(int),
            "end_date": ends["ependdate"],
            "precision_code": ends["ependprec"],
            "outcome": ends["outcome"].map(OUTCOMES),
        }
    ).reset_index(drop=True)
    out.attrs["last_year"] = int(raw["year"].astype(int).max()) - 1
    return out


def read_later_terminations(path: Path) -> pd.DataFrame:
    """Read the ends that were transcribed from release 4-2024.

    Parameters
    ----------
    path : Path
        CSV with the columns of the release; one row per end, by conflict and last active year.

    Returns
    -------
    DataFrame
        As `read_terminations` gives it; ``end_date`` is empty where only the year is known.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, an outcome unknown, or a conflict ends twice in a year.

    Notes
    -----
    The release's own number of an episode (`c_epid`) is not unique and its year of the end may lie
    after the last active year; the year of the row is the one that joins.
    """
    raw = read_columns(path, LATER_COLUMNS)
    for faulty, column, what in (
        (~raw["c_outcome"].isin(OUTCOMES), "c_outcome", "unknown outcome."),
        (
            raw.duplicated(["conflict_id", "year"]),
            "conflict_id, year",
            "two ends of one conflict in one year.",
        ),
    ):
        if faulty.any():
            raise BadTable(path.name, what, row=int(raw.index[faulty][0]) + 2, column=column)
    is_day = raw["c_ependprec"] != YEAR_ONLY
    out = pd.DataFrame(
        {
            "conflict_id": raw["conflict_id"],
            "year": raw["year"].astype(int),
            "end_date": raw["c_ependdate"].where(is_day, ""),
            "precision_code": raw["c_ependprec"],
            "outcome": raw["c_outcome"].map(OUTCOMES),
        }
    )
    out.attrs["last_year"] = int(out["year"].max())
    return out


def end_precisions(terminations: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(conflict_id, ISO end date) → UCDP's code of the precision of the end."""
    return {
        (c, d): p
        for c, d, p in zip(
            terminations["conflict_id"],
            terminations["end_date"],
            terminations["precision_code"],
            strict=True,
        )
    }


def outcomes_from(
    episodes: pd.DataFrame,
    terminations: pd.DataFrame,
    later: pd.DataFrame,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per episode: its outcome, or why there is none.

    Parameters
    ----------
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    terminations : DataFrame
        As `read_terminations` gives it.
    later : DataFrame
        As `read_later_terminations` gives it: read where `terminations` has no end.
    sources : tuple of str
        Keys of the sources: of the episodes, of the terminations, and of the later ones.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, in the order of `episodes`.

    Notes
    -----
    In interstate wars "government victory" means victory of side A, "rebel victory" of side B.
    """
    last = max(int(t.attrs["last_year"]) for t in (terminations, later))
    ends: dict[str, dict[int, dict[str, Any]]] = {}
    for release, source in ((later, sources[2]), (terminations, sources[1])):
        for record in records_of(release):
            ends.setdefault(record["conflict_id"], {})[record["year"]] = record | {"from": source}
    rows = []
    for e in records_of(episodes):
        of_conflict = ends.get(str(e["conflict_id"]), {})
        end = of_conflict.get(e["last_year"], {}) if e["is_ended"] else {}
        day = end.get("end_date") or None
        gap = days_between(e["end_date"], day) if day else None
        reason: str | None
        if not end:
            reason = why_unmatched(e, last, of_conflict)
        elif end["from"] == sources[1]:
            reason = why_apart(e["end_date"], gap)
        else:
            reason = why_apart_later(gap)
        rows.append(
            {
                "episode_id": e["episode_id"],
                "outcome": end.get("outcome", "not_covered" if e["is_ended"] else "ongoing"),
                "is_matched": bool(end),
                "mismatch_reason": reason,
                "termination_end_date": day,
                "end_difference_days": gap,
                "end_precision_code": int(end["precision_code"]) if end else None,
                "source": [sources[0], end["from"]] if end else [sources[0]],
                "basis": "file",
            }
        )
    whole = {"end_difference_days": "Int64", "end_precision_code": "Int64"}
    return pd.DataFrame(rows).astype(whole)


def why_apart(end: str, gap: int | None) -> str | None:
    """Why a matched end lies more than a month off; none if it does not."""
    if gap is None or abs(gap) <= TOLERANCE_DAYS:
        return None
    return "day_assigned" if end.endswith("-12-31") else "redated"


def why_apart_later(gap: int | None) -> str | None:
    """As `why_apart`, of a row of release 4-2024: `gap` is missing where it has the year alone."""
    if gap is None:
        return "year_only"
    return None if abs(gap) <= TOLERANCE_DAYS else "dated_otherwise"


def why_unmatched(episode: dict[str, Any], last: int, years: Collection[int]) -> str:
    """Why Termination has no end for an episode; `years` are those of the ends it has."""
    if not episode["is_ended"]:
        return "ongoing"
    if episode["last_year"] > last:
        return "after_coverage"
    if any(abs(y - episode["last_year"]) <= NEARBY_YEARS for y in years):
        return "ends_in_another_year"
    return "absent_from_termination"


def days_between(end: str, other: str) -> int:
    """Days from `end` to `other`.

    >>> days_between("1995-12-14", "1995-12-31")
    17
    """
    return (date.fromisoformat(other) - date.fromisoformat(end)).days
