"""Strength of UN operations by year: people counted to 2016, places with troops to 2024.

People are those of the UN's monthly reports, never filled in (see `collsec.compile.missions`).
Places are those of the maps that the Secretary-General's reports print.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.missions.mission_labels import (
    NOT_OPERATIONS,
    by_mission_and_year,
    mission_id_of,
)
from collsec.compile.missions.missions import ARTIFACTS, SHORTFALL, whole_number
from collsec.core.errors import BadTable, MissingInput

MAPS = "geo_pko"
COLUMNS = ("mission", "year", "latitude", "longitude", "ave.no.troops")


def mission_strength_from(monthly: pd.DataFrame, maps: Path, operations: Set[str]) -> pd.DataFrame:
    """One row per operation and year with a count or a map.

    Parameters
    ----------
    monthly : DataFrame
        As `collsec.compile.missions.monthly_counts` gives it.
    maps : Path
        Geocoded locations of peacekeepers (CSV).
    operations : set of str
        Ids of the UN's operations.

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
    places = read_places(maps, operations)
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
                "artifacts": list(ARTIFACTS.get(mission, ())) if counted is not None else [],
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


def read_places(path: Path, operations: Set[str]) -> dict[tuple[str, int], tuple[int, int]]:
    """(mission, year) → distinct places on the maps, and those with troops."""
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    raw = pd.read_csv(path, encoding="utf-8")
    raw.columns = raw.columns.str.strip()
    if missing := [c for c in COLUMNS if c not in raw.columns]:
        raise BadTable(path.name, f"lacks column {', '.join(missing)}.")
    raw = raw[~raw["mission"].isin(NOT_OPERATIONS)]
    raw = raw.assign(
        mission_id=raw["mission"].map(mission_id_of), has_troops=raw["ave.no.troops"] > 0
    )
    unknown = raw[~raw["mission_id"].isin(operations)]
    if len(unknown):
        raise BadTable(
            path.name,
            "unknown mission.",
            row=int(unknown.index[0]) + 2,
            column="mission",
            value=unknown["mission"].iloc[0],
            remedy="Add it to NOT_OPERATIONS in collsec/compile/missions/mission_labels.py, "
            "or code it.",
        )
    places = raw.groupby(["mission_id", "year", "latitude", "longitude"])["has_troops"].any()
    told = places.reset_index()
    return {
        key: (len(part), int(part["has_troops"].sum()))
        for key, part in by_mission_and_year(told, told["year"]).items()
    }
