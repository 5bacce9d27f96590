"""How concentrated the contributors of each UN operation are, by year.

The file gives people by country, mission and year: the sum of the monthly reports that were read,
over twelve. Months are lacking, more in some years than in others, so its totals are no strengths;
shares of one total are not touched by that, and only they are kept. Where lines of contributors are
lacking, the shares are wrong too, and the year of that operation is left out.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.missions.labels import LabelRules, by_mission_and_year
from collsec.compile.rules import RuleFile
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateNames
from collsec.compile.text import records_of
from collsec.core.errors import BadTable, nearest
from collsec.core.models import Number, Whole
from collsec.upstream.readers import read_columns

SOURCE = "troop_contributors"
COLUMNS = ("Year", "Country", "Mission", "Total")
MONTHS = 12


class ContributionRules(RuleFile):
    """Years of the file that are read, and those with few reports.

    Attributes
    ----------
    first_year : int
        First year with all contributors.
    thin_years : tuple of int
        Years with so few reports that small contributions are rounded to nothing.
    thin_share : float
        Share of the months of a year below which that holds too.
    """

    file: ClassVar[str] = "troop_contributors.toml"
    first_year: Whole
    first_year_reason: str
    thin_years: tuple[Whole, ...]
    thin_years_reason: str
    thin_share: Number


def troop_contributors_from(
    path: Path,
    operations: Set[str],
    monthly: pd.DataFrame,
    labels: LabelRules,
    rules: ContributionRules,
    powers: Powers,
    names: StateNames,
) -> pd.DataFrame:
    """One row per operation and year with any contributor.

    Parameters
    ----------
    path : Path
        The file of contributors.
    operations : set of str
        Ids of the UN's operations; all other missions of the file are left out.
    monthly : DataFrame
        Real counts by month (see `collsec.compile.missions.counts.monthly_counts`), to know how
        many months the file covers.
    labels : LabelRules
    rules : ContributionRules
    powers : Powers
    names : StateNames

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
    people = read_contributions(path, labels, names)
    partial = incomplete(people)
    people = people[people["people"] > 0]
    real = real_people(monthly)
    rows = []
    for (mission, year), part in by_mission_and_year(people, people["year"]).items():
        if mission not in operations or year < rules.first_year or (mission, year) in partial:
            continue
        counted = real.get((mission, year))
        people_here = float(part["people"].sum())
        covered = round(people_here / counted.people, 2) if counted else None
        sources = [SOURCE, *(counted.sources if counted else ())]
        row = row_of(mission, year, part, covered, rules, powers)
        rows.append(row | {"source": sources, "basis": "file"})
    return pd.DataFrame(rows)


def contributor_years_from(
    path: Path,
    operations: Set[str],
    labels: LabelRules,
    rules: ContributionRules,
    names: StateNames,
) -> pd.DataFrame:
    """One row per operation, year and contributor, with its share of the operation's people.

    Parameters
    ----------
    path, operations, labels, rules, names
        As of `troop_contributors_from`; the same years of operations are left out.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation, year and state.
    """
    people = read_contributions(path, labels, names)
    partial = incomplete(people)
    people = people[people["people"] > 0]
    rows = []
    for (mission, year), part in by_mission_and_year(people, people["year"]).items():
        if mission not in operations or year < rules.first_year or (mission, year) in partial:
            continue
        total = float(part["people"].sum())
        own = part.groupby("gwno")["people"].sum()
        rows += [
            {
                "mission_id": mission,
                "year": year,
                "gwno": int(state),
                "people_share": round(float(own[state]) / total, 4),
                "source": [SOURCE],
                "basis": "file",
            }
            for state in sorted(own.index)
        ]
    return pd.DataFrame(rows)


def read_contributions(path: Path, labels: LabelRules, names: StateNames) -> pd.DataFrame:
    """mission_id, year, gwno and people of every line."""
    raw = read_columns(path, COLUMNS)
    unknown = raw[~raw["Country"].isin(names.gwno)]
    if len(unknown):
        name = unknown["Country"].iloc[0]
        raise BadTable(
            path.name,
            f"unknown country.{nearest(name, list(names.gwno))}",
            row=int(unknown.index[0]) + 2,
            column="Country",
            value=name,
            remedy=f"Add it to data/raw/rules/{names.file}.",
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
            "mission_id": raw["Mission"].map(labels.mission_id),
            "year": raw["Year"].astype(int),
            "gwno": raw["Country"].map(names.gwno),
            "people": pd.to_numeric(raw["Total"]),
        }
    )


def incomplete(people: pd.DataFrame) -> set[tuple[str, int]]:
    """(mission, year) without a line for a state that has people there in an adjacent year."""
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


def row_of(
    mission: str,
    year: int,
    part: pd.DataFrame,
    covered: float | None,
    rules: ContributionRules,
    powers: Powers,
) -> dict[str, Any]:
    """One row of `troop_contributors_from`, without its sources."""
    total = float(part["people"].sum())
    ordered = part.sort_values(["people", "gwno"], ascending=[False, True])
    shares = ordered["people"] / total
    seats = powers.seats(pd.Timestamp(year, 12, 31).date())
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
        "is_thin": year in rules.thin_years or (covered is not None and covered < rules.thin_share),
    }
