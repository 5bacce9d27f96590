"""Members of the Security Council by year.

Elected members up to a year are in a file; later ones follow from the terms coded by hand
(``coded/council_terms.csv``), each with its election.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateNames
from collsec.compile.text import records_of
from collsec.core.errors import BadTable, MissingInput, nearest
from collsec.upstream.readers import read_columns

MEMBERS = "council_members"
CHARTER = "https://www.un.org/en/about-us/un-charter/chapter-5"  # Article 23
TERMS = "data/raw/coded/council_terms.csv"
# Elected seats by the Charter: six at first, ten since the Council was enlarged.
SEATS, ENLARGED, SEATS_SINCE = 6, 1966, 10


def council_members_from(
    file: Path, terms: Path, powers: Powers, names: StateNames
) -> pd.DataFrame:
    """One row per year and member; two for China in a year in which its government changed.

    Parameters
    ----------
    file : Path
        Elected members by year (CSV).
    terms : Path
        The hand-coded table of later terms.
    powers : Powers
    names : StateNames

    Returns
    -------
    DataFrame
        ``year, gwno, is_permanent, from_date, to_date, source, basis`` by year and code, up to the
        last year for which all elected members are known.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a member is unknown, a year has not the Charter's number of elected members, or file and
        terms differ on a year that both have.
    """
    listed, coded = _in_file(file, names), _in_terms(terms)
    last_listed = max(int(str(e["year"])) for e in listed)
    _check_overlap(listed, coded, last_listed)
    elected = pd.DataFrame([*listed, *(e for e in coded if int(str(e["year"])) > last_listed)])
    counts = elected.groupby("year")["gwno"].nunique()
    last = max(y for y in counts.index if counts[y] >= seats_in(y))
    for year in range(int(counts.index.min()), last + 1):
        if counts.get(year, 0) != seats_in(year):
            raise BadTable(
                file.name if year <= last_listed else TERMS,
                f"{year} has not {seats_in(year)} elected members.",
                column="year",
                value=int(counts.get(year, 0)),
            )
    permanent = permanent_rows(powers, range(int(counts.index.min()), last + 1))
    rows: pd.DataFrame = pd.concat([pd.DataFrame(permanent), elected[elected["year"] <= last]])
    return rows.sort_values(["year", "gwno", "from_date"], ignore_index=True)


def seats_in(year: int) -> int:
    """Elected members that the Charter gives the Council in a year.

    >>> seats_in(1965), seats_in(1966)
    (6, 10)
    """
    return SEATS if year < ENLARGED else SEATS_SINCE


def _in_file(path: Path, names: StateNames) -> list[dict[str, object]]:
    """Rows of the elected members that the file has."""
    rows = []
    listed = read_columns(path, ["country", "year"])
    for line, (country, year) in enumerate(listed.itertuples(index=False, name=None), start=2):
        name = " ".join(country.split())
        if name not in names.gwno:
            raise BadTable(
                path.name,
                f"unknown member.{nearest(name, list(names.gwno))}",
                row=line,
                column="country",
                value=name,
                remedy=f"Add it to data/raw/rules/{names.file}.",
            )
        rows.append(whole_year(int(float(year)), names.gwno[name], MEMBERS, "file"))
    return rows


def _in_terms(terms: Path) -> list[dict[str, object]]:
    """Rows of the years of each coded term."""
    if not terms.exists():
        raise MissingInput(f"{TERMS} is missing.")
    coded = pd.read_csv(terms, parse_dates=["from_date", "to_date"])
    return [
        whole_year(year, int(term["gwno"]), term["source"], term["basis"])
        for term in records_of(coded)
        for year in range(term["from_date"].year, term["to_date"].year + 1)
    ]


def _check_overlap(
    listed: list[dict[str, object]], coded: list[dict[str, object]], last_listed: int
) -> None:
    """Refuse a coded year that the file has too, and has not with that member."""
    in_file = {(e["year"], e["gwno"]) for e in listed}
    for row in coded:
        if int(str(row["year"])) <= last_listed and (row["year"], row["gwno"]) not in in_file:
            raise BadTable(
                TERMS,
                f"the file has no such member in {row['year']}.",
                column="gwno",
                value=row["gwno"],
                remedy="Correct the code or the term.",
            )


def permanent_rows(powers: Powers, years: range) -> list[dict[str, object]]:
    """Rows of the five permanent members, by year."""
    return [
        {
            "year": year,
            "gwno": held.gwno,
            "is_permanent": True,
            "from_date": max(held.first, date(year, 1, 1)),
            "to_date": min(held.last, date(year, 12, 31)),
            "source": CHARTER,
            "basis": "document",
        }
        for year in years
        for power in powers.p5
        for held in powers.holdings[power]
        if held.first <= date(year, 12, 31) and held.last >= date(year, 1, 1)
    ]


def whole_year(year: int, gwno: int, source: str, basis: str) -> dict[str, object]:
    """Row of an elected member, who sits from the first to the last day of a year."""
    return {
        "year": year,
        "gwno": gwno,
        "is_permanent": False,
        "from_date": date(year, 1, 1),
        "to_date": date(year, 12, 31),
        "source": source,
        "basis": basis,
    }
