"""How concentrated the contributors of each UN operation are, by year, 2011–2021.

The file gives people by country, mission and year: the sum of the monthly reports that were read,
over twelve. Months are lacking, more in some years than in others, so its totals are no strengths;
shares of one total are not touched by that, and only they are kept. Where lines of contributors are
lacking, the shares are wrong too, and the year of that operation is left out.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.missions.mission_labels import by_mission_and_year, mission_id_of
from collsec.compile.states.powers import P5, holder
from collsec.compile.states.un_names import GWNO
from collsec.compile.text import records_of
from collsec.core.errors import BadTable, MissingInput

SOURCE = "troop_contributors"
COLUMNS = ("Year", "Country", "Mission", "Total")
# The file breaks off in 2010 after the twelve countries that come first in the alphabet.
FIRST_YEAR = 2011
# Years with so few monthly reports that small contributions are rounded to nothing: about five
# reports in 2017, one in 2021.
THIN_YEARS = frozenset({2017, 2021})
THIN_SHARE = 0.5
MONTHS = 12


def troop_contributors_from(
    path: Path, operations: Set[str], monthly: pd.DataFrame
) -> pd.DataFrame:
    """One row per operation and year with any contributor.

    Parameters
    ----------
    path : Path
        The file of contributors.
    operations : set of str
        Ids of the UN's operations; all other missions of the file are left out.
    monthly : DataFrame
        Real counts by month (see `collsec.compile.missions.monthly_counts`), to tell how many
        months the file covers.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by mission and year.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, a country unknown or listed twice.

    Notes
    -----
    With shares s_i of the contributors of an operation in a year, the Herfindahl–Hirschman index is
    the sum of s_i²: 1/n for n equal contributors, 1 for a single one.
    """
    people = read_contributions(path)
    torn = incomplete(people)
    people = people[people["people"] > 0]
    real = real_people(monthly)
    rows = []
    for (mission, year), part in by_mission_and_year(people, people["year"]).items():
        if mission not in operations or year < FIRST_YEAR or (mission, year) in torn:
            continue
        counted = real.get((mission, year))
        people_here = float(part["people"].sum())
        covered = round(people_here / counted.people, 2) if counted else None
        sources = [SOURCE, *(counted.sources if counted else ())]
        row = row_of(mission, year, part, covered)
        rows.append(row | {"source": sources, "basis": "file"})
    return pd.DataFrame(rows)


def read_contributions(path: Path) -> pd.DataFrame:
    """mission_id, year, gwno and people of every line."""
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    raw = pd.read_csv(path, encoding="utf-8")
    if missing := [c for c in COLUMNS if c not in raw.columns]:
        raise BadTable(path.name, f"lacks column {', '.join(missing)}.")
    unknown = raw[~raw["Country"].isin(GWNO)]
    if len(unknown):
        raise BadTable(
            path.name,
            "unknown country.",
            row=int(unknown.index[0]) + 2,
            column="Country",
            value=unknown["Country"].iloc[0],
            remedy="Add it to collsec/compile/states/un_names.py.",
        )
    double = raw[raw.duplicated(["Year", "Country", "Mission"])]
    if len(double):
        raise BadTable(
            path.name,
            "a country stands twice in one mission and year.",
            row=int(double.index[0]) + 2,
            column="Country",
        )
    return pd.DataFrame(
        {
            "mission_id": raw["Mission"].map(mission_id_of),
            "year": raw["Year"],
            "gwno": raw["Country"].map(GWNO),
            "people": raw["Total"],
        }
    )


def incomplete(people: pd.DataFrame) -> set[tuple[str, int]]:
    """(mission, year) without a line for a state that has people there in the year beside it."""
    listed = set(people[["mission_id", "year", "gwno"]].itertuples(index=False, name=None))
    present = people.loc[people["people"] > 0, ["mission_id", "year", "gwno"]]
    years = set(people["year"])
    return {
        (str(mission), int(year) + step)
        for mission, year, state in present.itertuples(index=False, name=None)
        for step in (-1, 1)
        if year + step in years and (mission, year + step, state) not in listed
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """Sum of the twelve monthly counts of a year over twelve, and keys of their sources."""

    people: float
    sources: tuple[str, ...]


def real_people(monthly: pd.DataFrame) -> dict[tuple[str, int], Counted]:
    """Real counts of the operations and years in which every month was counted."""
    counted = monthly[monthly["total"].notna()]
    return {
        key: Counted(float(part["total"].sum()) / MONTHS, tuple(sorted(set(part["source"]))))
        for key, part in by_mission_and_year(counted, counted["month"].dt.year).items()
        if len(part) == MONTHS and part["total"].any()
    }


def row_of(mission: str, year: int, part: pd.DataFrame, covered: float | None) -> dict[str, Any]:
    """One row of `troop_contributors_from`, without its sources."""
    total = float(part["people"].sum())
    ordered = part.sort_values(["people", "gwno"], ascending=[False, True])
    shares = ordered["people"] / total
    day = pd.Timestamp(year, 12, 31).date()
    seats = {holder(power, day) for power in P5}
    from_p5 = ordered[ordered["gwno"].isin(seats)]
    top = records_of(ordered)[0]
    return {
        "mission_id": mission,
        "year": year,
        "contributors": len(ordered),
        "concentration_index": round(float((shares**2).sum()), 4),
        "top_share": round(float(shares.iloc[0]), 4),
        "gwno_top": int(top["gwno"]),
        "p5_contributors": len(from_p5),
        "p5_share": round(float(from_p5["people"].sum()) / total, 4),
        "months_share": covered,
        "is_thin": year in THIN_YEARS or (covered is not None and covered < THIN_SHARE),
    }
