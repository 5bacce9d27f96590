"""Reader of the UCDP/PRIO Armed Conflict Dataset, one record per conflict-year.

Takes the publisher's file (comma, ISO dates) and a copy re-saved by a spreadsheet (semicolon,
day-month-year). Every cell stays text: the id columns hold lists.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from collsec.compile.corrections import Correction, put_in_records, take_out_lines
from collsec.core.errors import BadTable, MissingInput

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


def read_acd(path: Path, corrections: Sequence[Correction] = ()) -> pd.DataFrame:
    """Read conflict-years of the Armed Conflict Dataset.

    Parameters
    ----------
    path : Path
        The publisher's CSV or a copy re-saved by a spreadsheet.
    corrections : sequence of Correction
        Corrections of this file. They mend the re-saved copy only; the publisher's own file has
        nothing to mend, and is read as it stands.

    Returns
    -------
    DataFrame
        One row per conflict-year, columns as published, all text; dates as ISO text; sorted by
        conflict (as a number) and year.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, a code or date unknown, or a conflict-year doubled.
    BadCorrection
        If a correction no longer fits the file.

    References
    ----------
    Gleditsch, N. P., P. Wallensteen, M. Eriksson, M. Sollenberg and H. Strand (2002). Armed
    conflict 1946–2001: a new dataset. Journal of Peace Research 39(5).
    https://doi.org/10.1177/0022343302039005007
    """
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    resaved = bool(lines) and ";" in lines[0]
    if resaved:
        lines = take_out_lines(lines, corrections)
    records = parse(lines, path.name, ";" if resaved else ",")
    for record in records:
        for column in DATES:
            record[column] = iso_date(record[column], path.name, record, column)
    if resaved:
        records = put_in_records(records, corrections, COLUMNS)
    check_records(records, path.name)
    records.sort(key=lambda r: (int(r["conflict_id"]), int(r["year"])))
    return pd.DataFrame(records, columns=list(COLUMNS), dtype="str")


def parse(lines: Sequence[str], file: str, delimiter: str) -> list[dict[str, str]]:
    """Split lines into records; every record has every column of the header."""
    reader = csv.reader(lines, delimiter=delimiter)
    header = next(reader, [])
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise BadTable(
            file,
            f"lacks column {', '.join(missing)}.",
            remedy="Is this the Armed Conflict Dataset at the level of conflicts, 18.1 or later?",
        )
    places = {c: header.index(c) for c in COLUMNS}
    records = []
    for cells in reader:
        if len(cells) < len(header) or any(cells[len(header) :]):
            raise BadTable(
                file,
                f"{len(cells)} cells in a record of {len(header)} columns.",
                row=reader.line_num,
                value=delimiter.join(cells)[:60],
                remedy="Get the publisher's file again, or declare a correction.",
            )
        record = {c: cells[i].strip() for c, i in places.items()}
        if not record["year"].isdigit() or not record["conflict_id"].isdigit():
            raise BadTable(
                file,
                "a record without conflict or year.",
                row=reader.line_num,
                value=delimiter.join(cells)[:60],
                remedy="Get the publisher's file again, or declare a correction.",
            )
        records.append(record)
    return records


def iso_date(cell: str, file: str, record: dict[str, str], column: str) -> str:
    """ISO text of a date written ``2008-08-10`` or ``10-8-2008``; empty stays empty."""
    if not cell:
        return ""
    for pattern in ("%Y-%m-%d", "%d-%m-%Y"):
        try:
            return datetime.strptime(cell, pattern).date().isoformat()
        except ValueError:
            continue
    raise BadTable(
        file,
        f"not a date (conflict {record['conflict_id']}, {record['year']}).",
        column=column,
        value=cell,
        remedy="Dates are 2008-08-10, or 10-8-2008 in a re-saved copy.",
    )


def check_records(records: Sequence[dict[str, str]], file: str) -> None:
    """Refuse unknown codes, doubled conflict-years and dates out of order."""
    seen = set()
    for record in records:
        which = f"conflict {record['conflict_id']}, {record['year']}"
        for column, codes in CODES.items():
            if record[column] not in codes.split():
                raise BadTable(
                    file,
                    f"unknown code ({which}).",
                    column=column,
                    value=record[column],
                    remedy=f"Known codes: {', '.join(codes.split())}.",
                )
        key = (record["conflict_id"], record["year"])
        if key in seen:
            raise BadTable(file, f"stands twice: {which}.", remedy="Keep one record a year.")
        seen.add(key)
        if (record["ep_end"] == "1") != bool(record["ep_end_date"]):
            raise BadTable(
                file,
                f"end and date of the end disagree ({which}).",
                column="ep_end_date",
                value=record["ep_end_date"],
            )
        if record["ep_end_date"] and to_date(record["ep_end_date"]) < to_date(
            record["start_date2"]
        ):
            raise BadTable(
                file,
                f"the episode ends before it starts ({which}).",
                column="ep_end_date",
                value=record["ep_end_date"],
            )


def to_date(text: str) -> date:
    """A date from its ISO text."""
    return date.fromisoformat(text)


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
