"""episodes, acts → votes of the Council on wars in progress: vetoed drafts and adopted resolutions.

The unit is a vote × war, its clock starts with the vote. Only votes up to the end of the record of
resolutions enter: after it vetoes would stand without anything to be compared with. What happens
within so many months of a vote is asked only of votes that are followed so long.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from collsec.histories.cohorts.episodes import with_strata
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.histories.registry import Extent
from collsec.histories.timelines import as_of, counted_acts

# What is known of a vote when it is cast.
ADJUSTMENT = ("log_age", "log_prior_acts")
COLD_WAR_END = pd.Timestamp("1990-01-01")
EPISODE = (
    "episode_id",
    "conflict_id",
    "type_at_onset",
    "gwno_host",
    "region",
    "onset_date",
    "onset_year",
    "earlier_episodes",
    "exit_date",
    "is_ended",
)


def votes_on_wars(
    episodes: pd.DataFrame,
    acts: pd.DataFrame,
    council: pd.DataFrame,
    extents: Mapping[str, Extent],
    types: Collection[str],
) -> pd.DataFrame:
    """One row per vote × war of some types that was on when the vote was cast.

    A war is on from the day of its onset to the day before its last: a vote on the last day cannot
    have ended it.

    Parameters
    ----------
    episodes, acts : DataFrame
        The frames of those names.
    council : DataFrame
        The timeline of Council acts.
    extents : mapping of str to Extent
        Where the records of ``wars``, ``resolutions`` and ``action_classes`` end.
    types : collection of str
        Types of war at onset.

    Returns
    -------
    DataFrame
        ``vote_id, item_id, conflict_id, episode_id, date``; ``is_blocked`` (1 vetoed, 0 adopted),
        ``action_class``; known at the vote: ``log_age`` (log of one plus the war's age in months),
        ``prior_acts`` and ``log_prior_acts`` (acts of the Council on the conflict before that day),
        ``type_group``, ``in_cold_war``; the follow-up: ``start, stop`` (days), ``event``, and
        ``followed_until``, the last day to which the release follows any war; ``classified_until``,
        the last day to which it is known, for some, what adopted resolutions did.
    """
    acts = counted_acts(acts)
    last_day = extents["resolutions"].last_day
    acts = acts[acts["conflict_id"].notna() & (acts["date"] <= last_day)]
    wars = episodes.loc[episodes["type_at_onset"].isin(list(types)), list(EPISODE)]
    own = acts[["item_id", "conflict_id", "date", "act", "action_class"]]
    out = own.merge(wars, on="conflict_id")
    out = out[(out["onset_date"] <= out["date"]) & (out["date"] < out["exit_date"])]
    out = with_strata(out.sort_values(["date", "item_id", "conflict_id"]).reset_index(drop=True))
    out["vote_id"] = out["item_id"].astype(str) + "/" + out["conflict_id"].astype(str)
    out["is_blocked"] = (out["act"] == "veto").astype(float)
    age = (out["date"] - out["onset_date"]).dt.days.to_numpy(float) / DAYS_PER_MONTH
    out["log_age"] = np.log1p(age)
    out["prior_acts"] = as_of(
        council, "conflict_id", out[["conflict_id", "date"]], "acts"
    ).to_numpy(float)
    out["log_prior_acts"] = np.log1p(out["prior_acts"])
    out["in_cold_war"] = (out["date"] < COLD_WAR_END).astype(float)
    out["start"] = 0.0
    out["stop"] = (out["exit_date"] - out["date"]).dt.days.astype(float)
    out["event"] = out["is_ended"].astype(bool)
    out["followed_until"] = extents["wars"].last_day
    out["classified_until"] = extents["action_classes"].last_day
    return out


def followed_for(votes: pd.DataFrame, months: int) -> pd.DataFrame:
    """Votes cast so many months or more before the follow-up of the release ends.

    Whether a vote is kept depends on its day alone, not on what became of the war.
    """
    kept = votes["date"] + pd.DateOffset(months=months) <= votes["followed_until"]
    return votes[kept].reset_index(drop=True)


def first_of_each_war(votes: pd.DataFrame) -> pd.DataFrame:
    """The first vetoed draft and the first adopted resolution of each war."""
    return votes.drop_duplicates(["episode_id", "is_blocked"]).reset_index(drop=True)
