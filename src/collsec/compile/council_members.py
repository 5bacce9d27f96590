"""Members of the Security Council by year, 1946–2019."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.powers import P5
from collsec.compile.un_names import GWNO
from collsec.errors import BadTable, MissingInput

MEMBERS = "council_members"
CHARTER = "https://www.un.org/en/about-us/un-charter/chapter-5"  # Article 23
FILE = Path("security_council") / "security_council_non_permanent.csv"
FIRST, LAST = 1946, 2019
ELECTED_UNTIL_1965, ELECTED_SINCE_1966 = 6, 10


def compile_council_members(upstream: Path) -> pd.DataFrame:
    """One row per year and member; two for China in a year in which its government changed.

    Parameters
    ----------
    upstream : Path
        Folder of upstream files.

    Returns
    -------
    DataFrame
        ``year, gwno, is_permanent, from_date, to_date, source, basis`` by year and code.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a member is unknown or a year has not the Charter's number of elected members.
    """
    path = upstream / FILE
    if not path.exists():
        raise MissingInput(f"{FILE.as_posix()} is missing from the upstream folder.")
    elected = pd.read_csv(path)
    rows = [*permanent_rows()]
    for country, year in elected[["country", "year"]].itertuples(index=False, name=None):
        name = " ".join(str(country).split())
        if name not in GWNO:
            raise BadTable(FILE.as_posix(), "unknown member.", column="country", value=name,
                           remedy="Add it to GWNO in collsec/compile/un_names.py.")
        rows.append(row(int(year), GWNO[name], False, date(int(year), 1, 1),
                        date(int(year), 12, 31), MEMBERS))
    table = pd.DataFrame(rows).sort_values(["year", "gwno", "from_date"], ignore_index=True)
    counts = table[~table["is_permanent"]].groupby("year")["gwno"].nunique()
    for year in range(FIRST, LAST + 1):
        due = ELECTED_UNTIL_1965 if year < 1966 else ELECTED_SINCE_1966
        if counts.get(year, 0) != due:
            raise BadTable(FILE.as_posix(), f"{year} has not {due} elected members.",
                           column="year", value=int(counts.get(year, 0)))
    return table


def permanent_rows() -> list[dict[str, object]]:
    """Rows of the five permanent members, by year."""
    return [
        row(year, held.gwno, True, max(held.first, date(year, 1, 1)),
            min(held.last, date(year, 12, 31)), CHARTER)
        for year in range(FIRST, LAST + 1)
        for holdings in P5.values()
        for held in holdings
        if held.first <= date(year, 12, 31) and held.last >= date(year, 1, 1)
    ]


def row(
    year: int, gwno: int, permanent: bool, first: date, last: date, source: str
) -> dict[str, object]:
    """One row of the table."""
    return {
        "year": year, "gwno": gwno, "is_permanent": permanent, "from_date": first,
        "to_date": last, "source": source, "basis": "document" if source == CHARTER else "file",
    }  # fmt: skip
