"""Strength of UN operations: by year, and month by month as a step function of real counts.

People are those of the UN's monthly reports, never filled in (see
`collsec.compile.missions.counts`). Places are those of the maps that the Secretary-General's
reports print. A row of the step function is a run of months in which the strength, to two digits,
did not change; a run holds counted months only.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from collsec.compile.missions.authorized_strength import runs
from collsec.compile.missions.counts import SHORTFALL, CountRules, whole_number
from collsec.compile.missions.labels import LabelRules, by_mission_and_year
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

MAPS = "geo_pko"
COLUMNS = ("mission", "year", "latitude", "longitude", "ave.no.troops")
DIGITS = 2
# People leave for so long after the authorized strength was cut.
CUT_MONTHS = 12
# More people than this multiple of those authorized need a reason.
MOST_OVER_AUTHORIZED = 1.5


def mission_strength_from(
    monthly: pd.DataFrame,
    maps: Path,
    operations: Set[str],
    labels: LabelRules,
    rules: CountRules,
) -> pd.DataFrame:
    """One row per operation and year with a count or a map.

    Parameters
    ----------
    monthly : DataFrame
        As `collsec.compile.missions.counts.monthly_counts` gives it.
    maps : Path
        Geocoded locations of peacekeepers (CSV).
    operations : set of str
        Ids of the UN's operations.
    labels : LabelRules
    rules : CountRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by mission and year.

    Raises
    ------
    MissingInput
        If the file of maps is absent.
    BadTable
        If a column of it is missing, or a mission is no known one.

    References
    ----------
    Cil, D., H. Fjelde, L. Hultman and D. Nilsson (2020). Mapping blue helmets: Introducing the
    Geocoded Peacekeeping Operations (Geo-PKO) dataset. Journal of Peace Research 57(2).
    https://doi.org/10.1177/0022343319871978
    """
    places = read_places(maps, operations, labels)
    years = {
        key: part
        for key, part in by_mission_and_year(monthly, monthly["month"].dt.year).items()
        if part["total"].notna().any()
    }
    rows = []
    for mission, year in sorted(years.keys() | places.keys()):
        counted, mapped = years.get((mission, year)), places.get((mission, year))
        rows.append(
            {
                "mission_id": mission,
                "year": year,
                **people_of(counted),
                "locations": mapped and mapped[0],
                "locations_with_troops": mapped and mapped[1],
                "artifacts": rules.artifacts_of(mission) if counted is not None else [],
                "source": sources_of(counted) + ([MAPS] if mapped else []),
                "basis": "file",
            }
        )
    whole = [
        "counted_months",
        "mean_total",
        "peak_total",
        "mean_troops",
        "peak_troops",
        "mean_authorized",
        "locations",
        "locations_with_troops",
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def sources_of(months: pd.DataFrame | None) -> list[str]:
    """Keys of the sources of the counts and strengths of one operation and year."""
    if months is None:
        return []
    used = set(months.loc[months["total"].notna(), "source"])
    return sorted(used | ({SHORTFALL} if months["authorized"].notna().any() else set()))


def people_of(months: pd.DataFrame | None) -> dict[str, Any]:
    """Means and peaks over the counted months of one operation and year."""
    if months is None:
        names = ("mean_total", "peak_total", "mean_troops", "peak_troops", "mean_authorized")
        return {"counted_months": None, **dict.fromkeys(names)}
    counted = months[months["total"].notna()]
    return {
        "counted_months": len(counted),
        "mean_total": whole_number(counted["total"].mean()),
        "peak_total": whole_number(counted["total"].max()),
        "mean_troops": whole_number(counted["troops"].mean()),
        "peak_troops": whole_number(counted["troops"].max()),
        "mean_authorized": whole_number(months["authorized"].mean()),
    }


def read_places(
    path: Path, operations: Set[str], labels: LabelRules
) -> dict[tuple[str, int], tuple[int, int]]:
    """(mission, year) → distinct places on the maps, and those with troops."""
    raw = read_columns(path, COLUMNS)
    raw = raw[~raw["mission"].isin(labels.not_operations)]
    troops = pd.to_numeric(raw["ave.no.troops"], errors="coerce")
    raw = raw.assign(
        mission_id=raw["mission"].map(labels.mission_id),
        year=raw["year"].astype(int),
        has_troops=troops > 0,
    )
    unknown = raw[~raw["mission_id"].isin(operations)]
    if len(unknown):
        raise BadTable(
            path.name,
            "unknown mission.",
            row=int(unknown.index[0]) + 2,
            column="mission",
            value=unknown["mission"].iloc[0],
            remedy=f"Add it to not_operations in data/raw/rules/{labels.file}, or code it.",
        )
    places = raw.groupby(["mission_id", "year", "latitude", "longitude"])["has_troops"].any()
    listed = places.reset_index()
    return {
        key: (len(part), int(part["has_troops"].sum()))
        for key, part in by_mission_and_year(listed, listed["year"]).items()
    }


def monthly_strength_from(
    monthly: pd.DataFrame, authorized: pd.DataFrame, rules: CountRules
) -> pd.DataFrame:
    """One row per operation and run of months with the same strength.

    Parameters
    ----------
    monthly : DataFrame
        As `collsec.compile.missions.counts.monthly_counts` gives it.
    authorized : DataFrame
        As `collsec.compile.missions.authorized_strength.authorized_strength_from` gives it.
    rules : CountRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month.
    """
    counted = monthly[monthly["total"].notna()].sort_values(["mission_id", "month"])
    stepped = counted.assign(
        people=to_digits(counted["total"]),
        soldiers=to_digits(counted["troops"]),
        allowed=in_force(counted, authorized),
    )
    cuts = months_of_cuts(authorized)
    rows = []
    for mission, months in stepped.groupby("mission_id"):
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
                        "over_reason": over_reason(
                            str(mission), run, cuts.get(str(mission), []), rules
                        ),
                        "artifacts": rules.artifacts_of(str(mission)),
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


def over_reason(
    mission: str, run: pd.DataFrame, cuts: list[pd.Period], rules: CountRules
) -> str | None:
    """Why far more people were counted than authorized; None if they were not, or it is open."""
    people, allowed, first = (run[c].iloc[0] for c in ("people", "allowed", "month"))
    if not people > MOST_OVER_AUTHORIZED * allowed:
        return None
    if any(0 <= (first - cut).n <= CUT_MONTHS for cut in cuts):
        return "cut"
    return next((one.kind for one in rules.over if one.mission_id == mission), None)


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
