"""Where the troops of an operation stood in a month, and which states sent them (Geo-PKO).

The locations by month are at hand as an extract only, which no address gives: the two tables made
here are committed among the coded ones, and a test makes them again where the extract is present.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import RuleFile
from collsec.compile.states.states import StateNames
from collsec.compile.text import records_of
from collsec.core.errors import BadTable

SOURCE = "geo_pko_locations"
SLOTS = range(1, 18)
COLUMNS = ("mission", "year", "month", "latitude", "longitude", "no.troops", "unmo.dummy")
ABSENT = frozenset({"", "NA", "0"})


class LocationRules(RuleFile):
    """Names of contributors on the maps.

    Attributes
    ----------
    no_state : tuple of str
        Names that stand for no state, and why.
    gwno : dict
        Name → state code, where the names of the United Nations do not have it.
    """

    file: ClassVar[str] = "locations.toml"
    no_state: tuple[str, ...]
    no_state_reason: str
    gwno: dict[str, int]


def read_locations(path: Path, operations: Set[str], labels: LabelRules) -> pd.DataFrame:
    """Locations of the UN's operations by month, all text, with `mission_id` and `day`.

    Parameters
    ----------
    path : Path
        The extract (gzipped CSV).
    operations : set of str
        Ids of the UN's operations; others are left out.
    labels : LabelRules
    """
    slots = [f"{c}_{i}" for i in SLOTS for c in ("nameoftcc", "notroopspertcc")]
    raw = pd.read_csv(path, dtype=str, keep_default_na=False, usecols=[*COLUMNS, *slots])
    raw["mission_id"] = raw["mission"].map(labels.mission_id)
    raw = raw[raw["mission_id"].isin(operations)]
    months = pd.PeriodIndex(raw["year"] + "-" + raw["month"].str.zfill(2), freq="M")
    return raw.assign(day=months.end_time.date)


def mission_locations_from(locations: pd.DataFrame) -> pd.DataFrame:
    """One row per operation and month with a map.

    Parameters
    ----------
    locations : DataFrame
        As `read_locations` gives it.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month. Troops are those on the map,
        which can be fewer than there were: a location without a number is left out of the sum.
    """
    rows = []
    for (mission, day), own in locations.groupby(["mission_id", "day"]):
        troops = pd.to_numeric(own["no.troops"], errors="coerce")
        places = own["latitude"] + "/" + own["longitude"]
        by_place = troops.groupby(places).sum()
        total = int(by_place.sum())
        rows.append(
            {
                "mission_id": mission,
                "month": day,
                "locations": int(places.nunique()),
                "locations_with_troops": int((by_place > 0).sum()),
                "locations_unreported": int(places[troops.isna()].nunique()),
                "locations_with_observers": int(
                    places[own["unmo.dummy"].isin(["1", "2", "3"])].nunique()
                ),
                "mapped_troops": total,
                "largest_location_share": round(float(by_place.max()) / total, 4)
                if total
                else None,
                "source": [SOURCE],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)


def mission_contributors_from(
    locations: pd.DataFrame, rules: LocationRules, names: StateNames
) -> pd.DataFrame:
    """One row per operation, month with a map, and contributor of troops.

    Parameters
    ----------
    locations : DataFrame
        As `read_locations` gives it.
    rules : LocationRules
    names : StateNames

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation, month and state. Troops that no state is
        named for have a row without a state.

    Raises
    ------
    BadTable
        If a contributor is unknown.
    """
    codes: Mapping[str, int] = names.gwno | rules.gwno
    found: dict[tuple[str, Any, int | None], list[str]] = {}
    for row in records_of(locations):
        for i in SLOTS:
            name, troops = row[f"nameoftcc_{i}"].strip(), row[f"notroopspertcc_{i}"]
            if name in ABSENT:
                continue
            if name not in codes and name not in rules.no_state:
                raise BadTable(
                    "Geo-PKO locations",
                    "unknown contributor.",
                    value=name,
                    remedy="Add it to data/raw/rules/locations.toml.",
                )
            key = (row["mission_id"], row["day"], codes.get(name))
            found.setdefault(key, []).append(troops)
    rows = []
    for mission, day, gwno in sorted(found, key=lambda k: (k[0], k[1], k[2] or 0)):
        numbers = pd.to_numeric(pd.Series(found[mission, day, gwno]), errors="coerce")
        rows.append(
            {
                "contribution_id": f"{mission}/{day:%Y-%m}/{gwno or 'none'}",
                "mission_id": mission,
                "month": day,
                "gwno": gwno,
                "mapped_troops": int(numbers.sum()) if numbers.notna().any() else None,
                "units": len(numbers),
                "units_unreported": int(numbers.isna().sum()),
                "source": [SOURCE],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows).astype({"gwno": "Int64", "mapped_troops": "Int64"})
