"""Members of the Security Council by year, 1946–2019."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.powers import P5
from collsec.errors import BadTable, MissingInput

MEMBERS = "council_members"
CHARTER = "https://www.un.org/en/about-us/un-charter/chapter-5"  # Article 23
FILE = Path("security_council") / "security_council_non_permanent.csv"
FIRST, LAST = 1946, 2019
ELECTED_UNTIL_1965, ELECTED_SINCE_1966 = 6, 10

# Gleditsch–Ward codes of the elected members, by the source's names.
GWNO = {
    "Algeria": 615, "Angola": 540, "Argentina": 160, "Australia": 900, "Austria": 305,
    "Azerbaijan": 373, "Bahrain": 692, "Bangladesh": 771, "Belarus": 370, "Belgium": 211,
    "Benin": 434, "Bolivia": 145, "Bosnia and Herzegovina": 346, "Botswana": 571, "Brazil": 140,
    "Bulgaria": 355, "Burkina Faso": 439, "Burundi": 516, "Cabo Verde": 402, "Cameroon": 471,
    "Canada": 20, "Chad": 483, "Chile": 155, "Colombia": 100, "Congo": 484, "Costa Rica": 94,
    "Croatia": 344, "Cuba": 40, "Czech Republic": 316, "Czechoslovakia": 315,
    "Côte d'Ivoire": 437, "Democratic Republic of the Congo": 490, "Denmark": 390,
    "Djibouti": 522, "Dominican Republic": 42, "East Germany": 265, "Ecuador": 130, "Egypt": 651,
    "Equatorial Guinea": 411, "Ethiopia": 530, "Finland": 375, "Gabon": 481, "Gambia": 420,
    "Germany": 260, "Ghana": 452, "Greece": 350, "Guatemala": 90, "Guinea": 438,
    "Guinea-Bissau": 404, "Guyana": 110, "Honduras": 91, "Hungary": 310, "India": 750,
    "Indonesia": 850, "Iran (Islamic Republic of)": 630, "Iraq": 645, "Ireland": 205,
    "Italy": 325, "Jamaica": 51, "Japan": 740, "Jordan": 663, "Kazakhstan": 705, "Kenya": 501,
    "Kuwait": 690, "Lebanon": 660, "Liberia": 450, "Libyan Arab Jamahiriya": 620,
    "Lithuania": 368, "Luxembourg": 212, "Madagascar": 580, "Malaysia": 820, "Mali": 432,
    "Malta": 338, "Mauritania": 435, "Mauritius": 590, "Mexico": 70, "Morocco": 600,
    "Namibia": 565, "Nepal": 790, "Netherlands": 210, "New Zealand": 920, "Nicaragua": 93,
    "Niger": 436, "Nigeria": 475, "Norway": 385, "Oman": 698, "Pakistan": 770, "Panama": 95,
    "Paraguay": 150, "Peru": 135, "Philippines": 840, "Poland": 290, "Portugal": 235,
    "Qatar": 694, "Republic of Korea": 732, "Romania": 360, "Rwanda": 517, "Senegal": 433,
    "Sierra Leone": 451, "Singapore": 830, "Slovakia": 317, "Slovenia": 349, "Somalia": 520,
    "South Africa": 560, "Spain": 230, "Sri Lanka": 780, "Sudan": 625, "Sweden": 380,
    "Syrian Arab Republic": 652, "Thailand": 800, "Togo": 461, "Trinidad and Tobago": 52,
    "Tunisia": 616, "Turkey": 640, "Uganda": 500, "Ukraine": 369, "United Arab Emirates": 696,
    "United Arab Republic": 651, "United Republic of Tanzania": 510, "Uruguay": 165,
    "Venezuela (Bolivarian Republic of)": 101, "Viet Nam": 816, "Yemen": 678, "Yugoslavia": 345,
    "Zambia": 551, "Zimbabwe": 552,
}  # fmt: skip


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
                           remedy="Add it to GWNO in collsec/compile/council_members.py.")
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
