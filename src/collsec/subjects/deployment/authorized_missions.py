"""UN operations by their dates, and the wars that were going on when they were authorized."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from collsec.histories.episodes import RECALLED
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.histories.timelines import STRONG

# Milestones of a deployment, in the order in which they are usually passed.
MILESTONES = ("first_personnel", "first_troops", "strength_10pct", "strength_50pct")
# What each row of an operation's own record is; the rest of a link belongs to the conflict.
OPERATION = [
    "mission_id",
    "acronym",
    "rehatted_from",
    "has_troops_in_mission",
    "end_date",
    "authorized_troops_initial",
    *(f"{name}_{what}" for name in ("authorized", *MILESTONES) for what in ("date", "basis")),
]


def months_between(since: pd.Series, until: pd.Series) -> pd.Series:
    """Months of 30.4375 days from one day to another."""
    return (until - since).dt.days / DAYS_PER_MONTH


def operations(missions: pd.DataFrame) -> pd.DataFrame:
    """UN operations, one row each, with the dates of their record.

    Dates that rest on general knowledge alone are left out.

    Parameters
    ----------
    missions : DataFrame
        The linked missions of :class:`collsec.histories.episodes.Linked`.

    Returns
    -------
    DataFrame
        ``mission_id, acronym, is_rehatted, has_troops_in_mission, authorized_troops_initial`` and
        the date of authorization, of each milestone and of the end.
    """
    of_un = missions[missions["sponsor"] == "un"].drop_duplicates("mission_id")[OPERATION]
    out = of_un.assign(is_rehatted=of_un["rehatted_from"].notna())
    for name in ("authorized", *MILESTONES):
        recalled = (out[f"{name}_basis"] == RECALLED).fillna(False).astype(bool)
        out[f"{name}_date"] = out[f"{name}_date"].mask(recalled)
    kept = [c for c in out.columns if not c.endswith("_basis") and c != "rehatted_from"]
    return out[kept].sort_values("mission_id").reset_index(drop=True)


def authorized_into_war(
    missions: pd.DataFrame, episodes: pd.DataFrame, types: Sequence[str]
) -> pd.DataFrame:
    """Operations × wars: the war was going on on the day of the vote, and was what it was for.

    A conflict to which an operation turned only later is left out, since the vote did not concern
    it; so are weak links and those that rest on general knowledge alone.

    Parameters
    ----------
    missions, episodes : DataFrame
        Of :class:`collsec.histories.episodes.Linked`.
    types : sequence of str
        Types of war at onset that enter.

    Returns
    -------
    DataFrame
        One row per operation and war: the columns of :func:`operations` with ``episode_id,
        conflict_id, location, gwno_host, region, onset_date, exit_date, is_ended``, in order of
        authorization.
    """
    links = missions[
        (missions["sponsor"] == "un")
        & (missions["link_basis"] != RECALLED)
        & (missions["link_confidence"] >= STRONG)
        & ~(missions["from_date"] > missions["first_personnel_date"])
    ]
    wars = episodes.loc[
        episodes["type_at_onset"].isin(types),
        [
            "episode_id",
            "conflict_id",
            "location",
            "gwno_host",
            "region",
            "onset_date",
            "exit_date",
            "is_ended",
        ],
    ]
    pairs = links[["mission_id", "conflict_id"]].merge(wars, on="conflict_id")
    pairs = operations(missions).merge(pairs, on="mission_id")
    is_on = (pairs["onset_date"] < pairs["authorized_date"]) & (
        pairs["authorized_date"] < pairs["exit_date"]
    )
    return pairs[is_on].sort_values(["authorized_date", "episode_id"]).reset_index(drop=True)
