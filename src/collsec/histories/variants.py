"""Variants of the linked data, for robustness: other rules of what an episode is, other dates.

UCDP ends an episode with the first year below 25 deaths and follows conflicts to the end of the
release's last year. A longer gap merges episodes; an earlier last year censors them.

The sources give every date a day, also where they do not know it: UCDP mostly the last of the
month or 31 December, monthly counts the last day of the month. Each such day is drawn again,
uniformly from its calendar month or year; a day that is known stays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from collsec.histories.episodes import HALF_DAY
from collsec.histories.extents import last_day_followed, last_day_of

Days = npt.NDArray[np.int64]

# Milestones of an operation in the order in which they happen; troops may wind up after the end.
MILESTONES = ("authorized", "first_personnel", "first_troops", "last_troops", "end")
_LINK_DATES = ("from", "to")
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
        The columns of ``episodes``; earlier episodes and durations counted again.
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
    last_day = last_day_of(last_year)
    out = episodes[episodes["onset_date"] < last_day].reset_index(drop=True)
    out["is_ended"] = out["is_ended"].astype(bool) & (out["exit_date"] <= last_day)
    out["exit_date"] = out["exit_date"].where(out["exit_date"] <= last_day, last_day)
    return _with_duration(out)


def redraw_episodes(episodes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw unknown days of onsets and ends.

    An onset and an end are drawn together, uniformly over all pairs of days with the end not
    before the onset. An onset does not precede the first death where that day is known. Years stay
    as they are, so that nothing frozen in the year before onset changes.

    Parameters
    ----------
    episodes : DataFrame
        The linked episodes.
    rng : Generator

    Returns
    -------
    DataFrame
        The columns of ``episodes``; exits and durations follow from the days drawn.
    """
    onset_low, onset_high = windows(episodes["onset_date"], episodes["onset_precision"])
    is_death_known = (episodes["first_death_precision"] == "day").to_numpy(bool)
    first_death = _days(episodes["first_death_date"])
    onset_low = np.where(is_death_known, np.maximum(onset_low, first_death), onset_low)
    is_open = episodes["end_date"].isna().to_numpy(bool)
    last = episodes["end_date"].where(~is_open, episodes["exit_date"])
    end_low, end_high = windows(last, episodes["end_precision"].fillna("day"))
    onset, end = _days(episodes["onset_date"]), _days(last)
    for row in np.flatnonzero((onset_low < onset_high) | (end_low < end_high)):
        onset[row], end[row] = pair(
            (onset_low[row], onset_high[row]), (end_low[row], end_high[row]), rng
        )
    exits = _dates(end)
    return _with_duration(
        episodes.assign(
            onset_date=_dates(onset),
            exit_date=exits,
            end_date=pd.Series(exits).where(~is_open).to_numpy(),
        )
    )


def pair(
    first: tuple[int, int], second: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    """Two days, uniform over all pairs within their windows of which the second is not earlier.

    Parameters
    ----------
    first, second : tuple of int
        First and last day of each window, both included.
    rng : Generator
    """
    days = np.arange(first[0], first[1] + 1)
    later = np.clip(second[1] - np.maximum(days, second[0]) + 1, 0, None)
    day = int(rng.choice(days, p=later / later.sum()))
    return day, int(rng.integers(max(day, second[0]), second[1] + 1))


def redraw_missions(missions: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw unknown days of the milestones of operations, and of their links to conflicts.

    Milestones of one operation that fall into one month are one event and get one draw. None is
    put before a known milestone that precedes it, nor after one that follows it, within the month.
    A link that begins on a milestone of its operation begins with it.

    Parameters
    ----------
    missions : DataFrame
        Missions × conflicts, as the linking step gives them.
    rng : Generator

    Returns
    -------
    DataFrame
        The columns of ``missions``.
    """
    once = missions.drop_duplicates("mission_id").sort_values("mission_id").reset_index(drop=True)
    drawn = {}
    for name, milestone in zip(MILESTONES, _milestones(once, rng), strict=True):
        drawn[name] = pd.Series(milestone, index=once["mission_id"])
    out = missions.copy()
    was = {name: missions[f"{name}_date"] for name in MILESTONES}
    for name in MILESTONES:
        out[f"{name}_date"] = missions["mission_id"].map(drawn[name]).to_numpy()
    for name in _LINK_DATES:
        date, precision = missions[f"{name}_date"], missions[f"{name}_precision"]
        low, high = windows(date, precision.fillna("day"))
        share = pd.Series(rng.random(len(missions)), index=missions.index)
        moved = pd.Series(_dates(_within(low, high, share.to_numpy())), index=missions.index)
        for event in MILESTONES:
            moved = moved.mask((date == was[event]).fillna(False), out[f"{event}_date"])
        is_unknown = date.notna() & precision.isin(["month", "year"])
        out[f"{name}_date"] = date.mask(is_unknown, moved)
    return out


def _milestones(once: pd.DataFrame, rng: np.random.Generator) -> list[np.ndarray]:
    """Drawn dates of each milestone, one row per operation."""
    shares: dict[tuple[int, int, int], float] = {}
    dates = {name: once[f"{name}_date"] for name in MILESTONES}
    precision = {name: once[f"{name}_precision"].fillna("day") for name in MILESTONES}
    out = []
    for place, name in enumerate(MILESTONES):
        low, high = windows(dates[name], precision[name])
        known = dates[name].notna().to_numpy(bool)
        share = np.zeros(len(once))
        for row in np.flatnonzero(known & (low < high)):
            key = (int(row), int(low[row]), int(high[row]))
            if key not in shares:
                shares[key] = float(rng.random())
            share[row] = shares[key]
        for other, neighbor in enumerate(MILESTONES):
            is_known = (dates[neighbor].notna() & (precision[neighbor] == "day")).to_numpy(bool)
            day = _days(dates[neighbor])
            inside = is_known & (low <= day) & (day <= high) & (low < high)
            if other < place:
                low = np.where(inside, np.maximum(low, day), low)
            elif other > place and name != "last_troops":
                high = np.where(inside, np.minimum(high, day), high)
        moved = pd.Series(_dates(_within(low, high, share)))
        out.append(moved.where(known).to_numpy())
    return out


def windows(dates: pd.Series, precision: pd.Series) -> tuple[Days, Days]:
    """First and last day that a date may be, by its precision (days since 1970)."""
    day = _days(dates)
    filled = dates.fillna(pd.Timestamp(0))
    month = filled.dt.to_period("M")
    year = filled.dt.to_period("Y")
    low, high = day.copy(), day.copy()
    for name, period in (("month", month), ("year", year)):
        is_so = (precision == name).to_numpy(bool)
        low = np.where(is_so, _days(period.dt.start_time), low)
        high = np.where(is_so, _days(period.dt.end_time), high)
    return low, high


def _within(low: Days, high: Days, share: np.ndarray) -> Days:
    """The day that lies a share of the way through a window; the same share keeps the order."""
    day: Days = low + np.floor(share * (high - low + 1)).astype(np.int64)
    return day


def _days(dates: pd.Series) -> Days:
    """Days since 1970; zero where a date is missing."""
    known = dates.fillna(pd.Timestamp(0)).to_numpy("datetime64[D]")
    days: Days = known.astype(np.int64)
    return days


def _dates(days: Days) -> npt.NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[s]")


def _with_duration(episodes: pd.DataFrame) -> pd.DataFrame:
    days = (episodes["exit_date"] - episodes["onset_date"]).dt.days.astype(float)
    return episodes.assign(duration_days=np.where(days > 0, days, HALF_DAY))
