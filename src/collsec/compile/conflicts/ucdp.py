"""Reader of the UCDP/PRIO Armed Conflict Dataset, one record per conflict-year.

Every cell stays text: the id columns hold lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from collsec.compile.corrections import Correction, corrected
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

ISO_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
COLUMNS = (
    "conflict_id",
    "location",
    "side_a",
    "side_a_id",
    "side_a_2nd",
    "side_b",
    "side_b_id",
    "side_b_2nd",
    "incompatibility",
    "territory_name",
    "year",
    "intensity_level",
    "cumulative_intensity",
    "type_of_conflict",
    "start_date",
    "start_prec",
    "start_date2",
    "start_prec2",
    "ep_end",
    "ep_end_date",
    "ep_end_prec",
    "gwno_a",
    "gwno_a_2nd",
    "gwno_b",
    "gwno_b_2nd",
    "gwno_loc",
    "region",
    "version",
)
DATES = ("start_date", "start_date2", "ep_end_date")
CODES = {
    "incompatibility": "1 2 3",
    "intensity_level": "1 2",
    "type_of_conflict": "1 2 3 4",
    "start_prec": "1 2 3 4 5 6 7",
    "start_prec2": "1 2 3 4 5 6 7",
    "ep_end": "0 1",
}


def read_acd(path: Path, corrections: Sequence[Correction] = (), source: str = "") -> pd.DataFrame:
    """Read conflict-years of the Armed Conflict Dataset.

    Parameters
    ----------
    path : Path
        The publisher's CSV.
    corrections : sequence of Correction
        Known errors.
    source : str
        Key of the release, for the guards of the corrections.

    Returns
    -------
    DataFrame
        One row per conflict-year, columns as published, all text; dates as ISO text; sorted by
        conflict (as a number) and year. In ``attrs["corrected"]``: (conflict_id, year) → key of
        the source of the evidence, of each record that was corrected.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, a code or date unknown, or a conflict-year doubled.
    BadCorrection
        If a correction no longer fits the release.

    References
    ----------
    Gleditsch, N. P., P. Wallensteen, M. Eriksson, M. Sollenberg and H. Strand (2002). Armed
    conflict 1946–2001: a new dataset. Journal of Peace Research 39(5).
    https://doi.org/10.1177/0022343302039005007
    """
    published = read_columns(path, COLUMNS)
    records = [{c: cell.strip() for c, cell in r.items()} for r in records_of(published)]
    for line, record in enumerate(records, start=2):
        check_record(record, path.name, line)
    records, applied = corrected(records, corrections, source)
    check_years(records, path.name)
    records.sort(key=lambda r: (int(r["conflict_id"]), int(r["year"])))
    out = pd.DataFrame(records, columns=list(COLUMNS), dtype="str")
    out.attrs["corrected"] = {
        (c.locator["conflict_id"], c.locator["year"]): c.evidence for c in applied
    }
    return out


def check_record(record: Mapping[str, str], file: str, line: int) -> None:
    """Refuse a record without conflict or year, with an unknown code, or that is no date."""
    for column in ("conflict_id", "year"):
        if not record[column].isdigit():
            raise BadTable(
                file,
                "a record without conflict or year.",
                row=line,
                column=column,
                value=record[column],
                remedy="Get the publisher's file again.",
            )
    for column, codes in CODES.items():
        if record[column] not in codes.split():
            raise BadTable(
                file,
                f"unknown code ({named(record)}).",
                row=line,
                column=column,
                value=record[column],
                remedy=f"Known codes: {', '.join(codes.split())}.",
            )
    for column in DATES:
        if record[column] and not ISO_DATE.fullmatch(record[column]):
            raise BadTable(
                file,
                f"not a date ({named(record)}).",
                row=line,
                column=column,
                value=record[column],
                remedy="Dates are written 2008-08-10. Get the publisher's own file.",
            )


def named(record: Mapping[str, str]) -> str:
    """Conflict and year of a record, as messages name it."""
    return f"conflict {record['conflict_id']}, {record['year']}"


def check_years(records: Sequence[Mapping[str, str]], file: str) -> None:
    """Refuse doubled conflict-years and dates out of order."""
    seen = set()
    for record in records:
        key = (record["conflict_id"], record["year"])
        if key in seen:
            raise BadTable(
                file, f"stands twice: {named(record)}.", remedy="Keep one record a year."
            )
        seen.add(key)
        if (record["ep_end"] == "1") != bool(record["ep_end_date"]):
            raise BadTable(
                file,
                f"end and date of the end disagree ({named(record)}).",
                column="ep_end_date",
                value=record["ep_end_date"],
            )
        if record["ep_end_date"] and record["ep_end_date"] < record["start_date2"]:
            raise BadTable(
                file,
                f"the episode ends before it starts ({named(record)}).",
                column="ep_end_date",
                value=record["ep_end_date"],
            )


def cells_of(text: str) -> list[str]:
    """Members of a UCDP list cell, in its order; commas inside parentheses do not split it.

    >>> cells_of("CPP, Military faction (forces of Honasan, Abenina & Zumel)")
    ['CPP', 'Military faction (forces of Honasan, Abenina & Zumel)']
    """
    members, depth, start = [], 0, 0
    for i, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            members.append(text[start:i].strip())
            start = i + 1
    members.append(text[start:].strip())
    return [m for m in members if m]


def named_actors(names: str, ids: str) -> list[str]:
    """Names of actors, split as their ids are: one id is one actor, whatever its commas.

    >>> named_actors("Junta for Democracy, Peace and Justice", "549")
    ['Junta for Democracy, Peace and Justice']
    """
    if len(cells_of(ids)) == 1:
        return [names.strip()] if names.strip() else []
    return cells_of(names)
