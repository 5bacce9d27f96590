"""Strength of UN operations month by month, 1990–2016, as a step function of real counts.

A row is a run of months in which the strength, told to two digits, did not change. Nothing is
filled in: a run holds counted months only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.compile.missions.authorized_strength import runs
from collsec.compile.missions.mission_strength import sources_of
from collsec.compile.missions.missions import ARTIFACTS, whole_number
from collsec.tables.crosschecks import MOST_OVER_AUTHORIZED

DIGITS = 2
# People leave for so long after the authorized strength was cut.
CUT_MONTHS = 12
# What else it is: operations that took over a larger force which left, people paid for by their
# own states, a strength or a count that is not what it says.
OVER = {
    "monua": "took_over",
    "uncro": "took_over",
    "unsmih": "paid_by_states",
    "untmih": "paid_by_states",
    "onusal": "strength_doubtful",
    "unamic": "strength_doubtful",
    "unamir": "strength_doubtful",
    "unomig": "count_doubtful",
}


def monthly_strength_from(monthly: pd.DataFrame, authorized: pd.DataFrame) -> pd.DataFrame:
    """One row per operation and run of months with the same strength.

    Parameters
    ----------
    monthly : DataFrame
        As `collsec.compile.missions.monthly_counts` gives it.
    authorized : DataFrame
        As `collsec.compile.authorized_strength.authorized_strength_from` gives it.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month.
    """
    counted = monthly[monthly["total"].notna()].sort_values(["mission_id", "month"])
    told = counted.assign(
        people=to_digits(counted["total"]),
        soldiers=to_digits(counted["troops"]),
        allowed=in_force(counted, authorized),
    )
    cuts = months_of_cuts(authorized)
    rows = []
    for mission, months in told.groupby("mission_id"):
        stretch = (months["month"].astype("int64").diff() != 1).cumsum()
        for _, part in months.groupby(stretch.to_numpy()):
            for run in runs(part, ["people", "soldiers", "allowed"]):
                rows.append(
                    {
                        "mission_id": mission,
                        "from_month": run["month"].iloc[0].end_time.date(),
                        "to_month": run["month"].iloc[-1].end_time.date(),
                        "total": whole_number(run["people"].iloc[0]),
                        "troops": whole_number(run["soldiers"].iloc[0]),
                        "mean_police": whole_number(run["police"].mean()),
                        "mean_observers": whole_number(run["observers"].mean()),
                        "authorized": whole_number(run["allowed"].iloc[0]),
                        "over_reason": over_reason(str(mission), run, cuts.get(str(mission), [])),
                        "artifacts": list(ARTIFACTS.get(str(mission), ())),
                        "source": sources_of(run.assign(authorized=run["allowed"])),
                        "basis": "file",
                    }
                )
    whole = ["total", "troops", "mean_police", "mean_observers", "authorized"]
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def to_digits(people: pd.Series) -> pd.Series:
    """Counts to two significant digits; those below a hundred stay as they are.

    >>> to_digits(pd.Series([23.0, 444.0, 23456.0])).tolist()
    [23.0, 440.0, 23000.0]
    """
    size = np.floor(np.log10(people.where(people > 0, 1.0)))
    scale = 10.0 ** (size - (DIGITS - 1)).clip(lower=0)
    rounded: pd.Series = (people / scale).round() * scale
    return rounded


def months_of_cuts(authorized: pd.DataFrame) -> dict[str, list[pd.Period]]:
    """First months of the strengths that are lower than the one before, by operation."""
    before = authorized.groupby("mission_id")["authorized"].shift()
    cut = authorized[authorized["authorized"] < before]
    months = pd.to_datetime(cut["from_month"]).dt.to_period("M")
    return {str(mission): own.tolist() for mission, own in months.groupby(cut["mission_id"])}


def over_reason(mission: str, run: pd.DataFrame, cuts: list[pd.Period]) -> str | None:
    """Why far more people were counted than authorized; None if they were not, or it is open."""
    people, allowed, first = (run[c].iloc[0] for c in ("people", "allowed", "month"))
    if not people > MOST_OVER_AUTHORIZED * allowed:
        return None
    if any(0 <= (first - cut).n <= CUT_MONTHS for cut in cuts):
        return "cut"
    return OVER.get(mission)


def in_force(counted: pd.DataFrame, authorized: pd.DataFrame) -> pd.Series:
    """People of all kinds authorized in the month of each count; empty if not known."""
    spans = authorized[["mission_id", "from_month", "to_month", "authorized"]]
    days = counted[["mission_id"]].assign(
        day=counted["month"].dt.to_timestamp(how="end").dt.normalize(), row=counted.index
    )
    both = days.merge(spans, on="mission_id")
    first, last = pd.to_datetime(both["from_month"]), pd.to_datetime(both["to_month"])
    found = both[(first <= both["day"]) & (both["day"] <= last)].set_index("row")["authorized"]
    return found.reindex(counted.index).astype("float64")
