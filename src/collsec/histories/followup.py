"""Other rules of what an episode is and how long it is followed, for robustness.

UCDP ends an episode with the first year below 25 deaths and follows conflicts to the end of the
release's last year. A longer gap merges episodes; an earlier last year censors them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.histories.episodes import HALF_DAY, last_day_followed

# What the last of the merged episodes says of the whole.
_AT_END = (
    "end_date",
    "end_precision",
    "exit_date",
    "is_ended",
    "last_year",
    "outcome",
    "termination_end_date",
)


def merge_gaps(episodes: pd.DataFrame, gap_years: int) -> pd.DataFrame:
    """Merge the episodes of a conflict that lie fewer than so many quiet years apart.

    A merged episode begins as its first one did and ends as its last one; it keeps the id of the
    first. An end is known only once that many quiet years have been seen: a later one is
    censored on the last day known to be at war.

    Parameters
    ----------
    episodes : DataFrame
        The linked episodes, all of them: they tell how long the release follows wars.
    gap_years : int
        Years without activity that end an episode; one gives the episodes as they are.

    Returns
    -------
    DataFrame
        The columns of ``episodes``; earlier episodes and durations counted anew.
    """
    out = episodes.sort_values(["conflict_id", "first_year"]).reset_index(drop=True)
    before = out.groupby("conflict_id")["last_year"].shift()
    quiet = (out["first_year"] - before - 1).astype("Float64")
    begins = (quiet.isna() | (quiet >= gap_years)).to_numpy(bool)
    first = out[begins].reset_index(drop=True)
    last = out[np.r_[begins[1:], True]].reset_index(drop=True)
    ends = [column for column in _AT_END if column in out.columns]
    first[ends] = last[ends]
    is_known = last["last_year"] + gap_years <= last_day_followed(episodes).year
    first["is_ended"] = last["is_ended"].astype(bool) & is_known
    first["earlier_episodes"] = first.groupby("conflict_id").cumcount()
    return _with_duration(first)


def follow_until(episodes: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """End the follow-up of every episode with a year; leave out those that began later."""
    last_day = pd.Timestamp(last_year, 12, 31)
    out = episodes[episodes["onset_date"] < last_day].reset_index(drop=True)
    out["is_ended"] = out["is_ended"].astype(bool) & (out["exit_date"] <= last_day)
    out["exit_date"] = out["exit_date"].where(out["exit_date"] <= last_day, last_day)
    return _with_duration(out)


def _with_duration(episodes: pd.DataFrame) -> pd.DataFrame:
    days = (episodes["exit_date"] - episodes["onset_date"]).dt.days.astype(float)
    return episodes.assign(duration_days=np.where(days > 0, days, HALF_DAY))
