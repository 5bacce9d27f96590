"""acts × wars → matched sets: for each act, the wars on which it could have fallen that day.

A war is comparable to the one that received the act if it was going on that day and did not end
on it, was not exposed then, and lies in the same stratum. Where a stratum holds the act's own war
alone, strata are dropped from the last named to the first. What comparable wars receive later they
keep: the comparison is by the state of the day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class MatchedSets:
    """Acts with the wars at risk on their days.

    Attributes
    ----------
    acts : DataFrame
        One row per act that has a comparable war: ``day, conflict_id, unit_id, gwno_host,
        strata`` (how many of the declared ones hold its set together), ``comparable``.
    members : DataFrame
        One row per act × war, the act's own war among them: ``act`` (row of `acts`),
        ``unit_id, conflict_id, gwno_host, is_own, age_days, days_to_end``.
    attrition : DataFrame
        ``step, rule, n_units, n_events, dropped``, from all acts to those compared.
    """

    acts: pd.DataFrame
    members: pd.DataFrame
    attrition: pd.DataFrame


def match(
    units: pd.DataFrame,
    spells: pd.DataFrame,
    strata: Sequence[str],
    acts: pd.DataFrame,
    values: Mapping[str, np.ndarray],
    steps: Sequence[tuple[str, str, int]],
) -> MatchedSets:
    """Match each act with the wars at risk on its day.

    Parameters
    ----------
    units : DataFrame
        Wars: ``unit_id, conflict_id, gwno_host, onset_date, exit_date``.
    spells : DataFrame
        Spells of the exposure: ``conflict_id, on_date, off_date``.
    strata : sequence of str
        Names of the strata, in the order of their importance.
    acts : DataFrame
        ``day, conflict_id, unit_id, gwno_host``.
    values : mapping of str to ndarray, shape (n_acts, n_units)
        Each stratum of all units on the day of each act.
    steps : sequence of (str, str, int)
        How many acts were left after each earlier step.
    """
    onset = units["onset_date"].to_numpy("datetime64[D]")
    exits = units["exit_date"].to_numpy("datetime64[D]")
    conflict = units["conflict_id"].to_numpy(np.int64)
    unit, host = units["unit_id"].to_numpy(), units["gwno_host"].to_numpy()
    on, off = (spells[name].to_numpy("datetime64[s]") for name in ("on_date", "off_date"))
    exposed_conflict = spells["conflict_id"].to_numpy(np.int64)
    kept: list[tuple[object, ...]] = []
    chosen_of: list[np.ndarray] = []
    own_of: list[np.ndarray] = []
    days = acts["day"].to_numpy("datetime64[D]")
    seconds = acts["day"].to_numpy("datetime64[s]")
    for row, act in enumerate(acts.itertuples()):
        day = days[row]
        own = unit == act.unit_id
        exposed = exposed_conflict[
            (on <= seconds[row]) & ~(off < seconds[row]) & (exposed_conflict != act.conflict_id)
        ]
        at_risk = (onset < day) & (day < exits) & ~np.isin(conflict, exposed)
        for held in range(len(strata), -1, -1):
            same = at_risk.copy()
            for name in strata[:held]:
                same &= values[name][row] == values[name][row][own][0]
            if same.sum() > 1:
                break
        if same.sum() < 2:
            continue
        chosen = np.flatnonzero(same)
        chosen_of.append(chosen)
        own_of.append(own[chosen])
        kept.append((act.day, act.conflict_id, act.unit_id, act.gwno_host, held, len(chosen) - 1))
    columns = ["day", "conflict_id", "unit_id", "gwno_host", "strata", "comparable"]
    found = pd.DataFrame(kept, columns=columns)
    steps = [*steps, ("a comparable war", "Another war was at risk on that day", len(found))]
    attrition = pd.DataFrame(
        [(step, rule, n, n) for step, rule, n in steps],
        columns=["step", "rule", "n_units", "n_events"],
    )
    attrition["dropped"] = -attrition["n_units"].diff().fillna(0).astype(int)
    if not chosen_of:
        empty = pd.DataFrame(columns=["act", "unit_id", "conflict_id", "gwno_host", "is_own"])
        return MatchedSets(found, empty, attrition)
    chosen, sizes = np.concatenate(chosen_of), [len(one) for one in chosen_of]
    day_of = np.repeat(found["day"].to_numpy("datetime64[D]"), sizes)
    members = pd.DataFrame(
        {
            "act": np.repeat(np.arange(len(sizes)), sizes),
            "unit_id": unit[chosen],
            "conflict_id": conflict[chosen],
            "gwno_host": host[chosen],
            "is_own": np.concatenate(own_of),
            "age_days": (day_of - onset[chosen]).astype(float),
            "days_to_end": (exits[chosen] - day_of).astype(float),
        }
    )
    return MatchedSets(found, members, attrition)


def months_at_war(
    episodes: pd.DataFrame, conflict: np.ndarray, begin: np.ndarray, months: int
) -> np.ndarray:
    """Months at war of conflicts within windows of so many months, relapses included.

    Parameters
    ----------
    episodes : DataFrame
        All wars: ``conflict_id, onset_date, exit_date``.
    conflict : ndarray of int, shape (n,)
    begin : ndarray of datetime64[D], shape (n,)
        First day of each window.
    months : int

    Returns
    -------
    ndarray of float, shape (n,)
    """
    window = round(months * DAYS_PER_MONTH)
    asked = pd.DataFrame({"row": np.arange(len(conflict)), "conflict_id": conflict})
    asked["begin"] = begin.astype("datetime64[s]")
    pairs = asked.merge(
        episodes[["conflict_id", "onset_date", "exit_date"]].astype({"conflict_id": "int64"}),
        on="conflict_id",
    )
    first = (pairs["onset_date"] - pairs["begin"]).dt.days.clip(lower=0)
    last = (pairs["exit_date"] - pairs["begin"]).dt.days.clip(upper=window)
    days = (last - first).clip(lower=0).groupby(pairs["row"]).sum()
    found: np.ndarray = days.reindex(asked["row"], fill_value=0).to_numpy(float) / DAYS_PER_MONTH
    return found
