"""Members of the Security Council by year, 1946–2026.

Elected members up to 2019 are in a file; later ones follow from the terms coded by hand
(``coded/council_terms.csv``), each with its election.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.states.powers import P5
from collsec.compile.states.un_names import GWNO
from collsec.compile.text import records_of
from collsec.core.errors import BadTable, MissingInput

MEMBERS = "council_members"
CHARTER = "https://www.un.org/en/about-us/un-charter/chapter-5"  # Article 23
FILE = Path("security_council") / "security_council_non_permanent.csv"
TERMS = "data/raw/coded/council_terms.csv"
FIRST, LAST_IN_FILE, LAST = 1946, 2019, 2026
ELECTED_UNTIL_1965, ELECTED_SINCE_1966 = 6, 10


def compile_council_members(upstream: Path, terms: Path) -> pd.DataFrame:
    """One row per year and member; two for China in a year in which its government changed.

    Parameters
    ----------
    upstream : Path
        Folder of upstream files.
    terms : Path
        The hand-coded table of terms since 2019.

    Returns
    -------
    DataFrame
        ``year, gwno, is_permanent, from_date, to_date, source, basis`` by year and code.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a member is unknown, a year has not the Charter's number of elected members, or file and
        terms differ on a year that both have.
    """
    elected = [*_in_file(upstream), *_in_terms(terms)]
    rows = [
        *permanent_rows(),
        *(e for e in elected if e["source"] == MEMBERS or int(str(e["year"])) > LAST_IN_FILE),
    ]
    _check_overlap(elected)
    table = pd.DataFrame(rows).sort_values(["year", "gwno", "from_date"], ignore_index=True)
    counts = table[~table["is_permanent"]].groupby("year")["gwno"].nunique()
    for year in range(FIRST, LAST + 1):
        due = ELECTED_UNTIL_1965 if year < 1966 else ELECTED_SINCE_1966
        if counts.get(year, 0) != due:
            raise BadTable(
                FILE.as_posix() if year <= LAST_IN_FILE else TERMS,
                f"{year} has not {due} elected members.",
                column="year",
                value=int(counts.get(year, 0)),
            )
    return table


def _in_file(upstream: Path) -> list[dict[str, object]]:
    """Rows of the elected members that the file has."""
    path = upstream / FILE
    if not path.exists():
        raise MissingInput(f"{FILE.as_posix()} is missing from the upstream folder.")
    rows = []
    columns = pd.read_csv(path)[["country", "year"]]
    for country, year in columns.itertuples(index=False, name=None):
        name = " ".join(str(country).split())
        if name not in GWNO:
            raise BadTable(
                FILE.as_posix(),
                "unknown member.",
                column="country",
                value=name,
                remedy="Add it to GWNO in collsec/compile/states/un_names.py.",
            )
        rows.append(whole_year(int(year), GWNO[name], MEMBERS, "file"))
    return rows


def _in_terms(terms: Path) -> list[dict[str, object]]:
    """Rows of the years of each coded term, up to the last year of the table."""
    if not terms.exists():
        raise MissingInput(f"{TERMS} is missing.")
    coded = pd.read_csv(terms, parse_dates=["from_date", "to_date"])
    return [
        whole_year(year, int(term["gwno"]), term["source"], term["basis"])
        for term in records_of(coded)
        for year in range(term["from_date"].year, min(term["to_date"].year, LAST) + 1)
    ]


def _check_overlap(elected: list[dict[str, object]]) -> None:
    """Refuse a coded year that the file has too, and has not with that member."""
    in_file = {(e["year"], e["gwno"]) for e in elected if e["source"] == MEMBERS}
    for row in elected:
        if (
            row["source"] != MEMBERS
            and int(str(row["year"])) <= LAST_IN_FILE
            and ((row["year"], row["gwno"]) not in in_file)
        ):
            raise BadTable(
                TERMS,
                f"the file has no such member in {row['year']}.",
                column="gwno",
                value=row["gwno"],
                remedy="Correct the code or the term.",
            )


def permanent_rows() -> list[dict[str, object]]:
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
        for year in range(FIRST, LAST + 1)
        for holdings in P5.values()
        for held in holdings
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
