"""One raw CSV file as rows of text: strict about everything that a spreadsheet or a broken download
does to a file, so that a fault is reported where it stands and nothing is read wrong in silence.

The form of a raw table: UTF-8 without byte-order mark, commas, one record a line, a newline at the
end; cells without white space around them, quoted only where they must be.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core.documents import FORBIDDEN, named
from collsec.core.errors import BadTable, MissingInput

SAVE_AS = "Save it as comma-separated text in UTF-8, or take the committed file back from git."
SIGNATURES = {
    b"\xef\xbb\xbf": "begins with a byte-order mark",
    b"\xff\xfe": "is UTF-16, not UTF-8",
    b"\xfe\xff": "is UTF-16, not UTF-8",
    b"PK\x03\x04": "is a workbook or an archive, not text",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook, not text",
    b"\x1f\x8b": "is a gzip archive, not text",
}
# How a cell of each type is written; more than one form would be read as more than one value.
FORMS = {
    "integer": (re.compile(r"-?[0-9]+"), "a whole number, such as 12"),
    "number": (
        re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?"),
        "a number with a decimal point, such as 0.5",
    ),
    "boolean": (re.compile(r"true|false"), "true or false"),
    "date": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        "a date as year-month-day, such as 1992-02-21",
    ),
    "year": (re.compile(r"[0-9]{4}"), "a year, such as 1992"),
    "string": (
        re.compile(r"[^\x00-\x1f\x7f\ufeff\ufffd\u200b]+"),
        "text without control characters",
    ),
}
LARGEST_CELL = 2000  # characters; the longest of the study has about 500
OVERSIZED = f"is longer than {LARGEST_CELL:,} characters."
#: What a spreadsheet takes for a formula, at the beginning of a text.
FORMULA = ("=", "+", "-", "@")
LARGEST_INTEGER_DIGITS = 18  # more do not fit into 64 bits
SHOWN = 60  # characters of a faulty line in a message


def read_cells(path: Path, where: str, schema: dict[str, Any]) -> pd.DataFrame:
    """Read a raw CSV as text.

    Parameters
    ----------
    path : Path
    where : str
        Its name in messages.
    schema : dict
        Its Table Schema: names, order and types of the columns.

    Returns
    -------
    DataFrame
        One string per cell, empty where missing; every cell has the written form of its type.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        At the first fault, with row, column and value where there are any.
    """
    text = decoded(path, where)
    rows = split(text, where, [field["name"] for field in schema["fields"]])
    cells = pd.DataFrame(rows[1:], columns=rows[0], dtype=str)
    check_forms(cells, where, schema)
    return cells


def decoded(path: Path, where: str) -> str:
    """Bytes of a file → text."""
    if not path.is_file():
        raise MissingInput(f"{where}: no such file. Take it back from git.")
    data = path.read_bytes()
    if not data.strip():
        raise BadTable(where, "the file is empty.", remedy="Take it back from git.")
    for signature, what in SIGNATURES.items():
        if data.startswith(signature):
            raise BadTable(where, f"the file {what}.", row=1, remedy=SAVE_AS)
    if (at := data.find(b"\0")) >= 0:
        raise BadTable(
            where,
            "a NUL byte: the file is damaged, or is not UTF-8.",
            row=line_of(data, at),
            value=fragment(data, at),
            remedy=SAVE_AS,
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadTable(
            where,
            "not UTF-8.",
            row=line_of(data, error.start),
            value=fragment(data, error.start),
            remedy=SAVE_AS,
        ) from None
    if not text.endswith("\n"):
        raise BadTable(
            where,
            "the last line has no end: the file is cut short.",
            row=text.count("\n") + 1,
            value=shown(text.rsplit("\n", 1)[-1]),
            remedy="Take the whole file back from git.",
        )
    return text


def split(text: str, where: str, columns: Sequence[str]) -> list[list[str]]:
    """Text → records of as many cells as the table has columns, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    before = 0
    try:
        for cells in reader:
            line = before + 1
            if reader.line_num > line:
                raise BadTable(
                    where,
                    "a quoted cell runs over the end of the line.",
                    row=line,
                    value=shown(",".join(cells)),
                    remedy="Close the quote; a cell may not hold a line break.",
                )
            if not rows:
                check_header(cells, where, columns)
            elif not cells:
                raise BadTable(where, "an empty line.", row=line, remedy="Delete it.")
            elif len(cells) != len(columns):
                raise BadTable(
                    where,
                    f"{counted(len(cells))} where the table has {len(columns)} columns.",
                    row=line,
                    value=shown(",".join(cells)),
                    remedy="Is the line broken, or joined with the next, or a comma unquoted?",
                )
            rows.append(cells)
            before = reader.line_num
    except csv.Error as error:
        if "limit" in str(error):
            raise BadTable(
                where, f"a cell {OVERSIZED}", row=before + 1, remedy="Shorten it."
            ) from None
        lines = text.splitlines()
        raise BadTable(
            where,
            f"quotes do not match ({error}).",
            row=before + 1,
            value=shown(lines[min(before, len(lines) - 1)]),
            remedy='A cell with a quote in it is written "…""…".',
        ) from None
    if len(rows) == 1:
        raise BadTable(where, "a header and no rows.", remedy="Take it back from git.")
    return rows


def check_header(header: list[str], where: str, columns: Sequence[str]) -> None:
    """Refuse a header that is not the list of columns, in their order."""
    if header == list(columns):
        return
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and mark in header[0]:
            raise BadTable(
                where,
                f"cells are separated by {name}, not by commas.",
                row=1,
                value=shown(header[0]),
                remedy=SAVE_AS,
            )
    if not set(header) & set(columns):
        raise BadTable(
            where,
            "the first line is no header.",
            row=1,
            value=shown(",".join(header)),
            remedy=f"It must read '{shown(','.join(columns))}'.",
        )
    if again := [c for i, c in enumerate(header) if c in header[:i]]:
        raise BadTable(where, "the column stands twice.", row=1, column=again[0])
    for strange in (c for c in header if c not in columns):
        near = difflib.get_close_matches(strange, [c for c in columns if c not in header], n=1)
        raise BadTable(
            where,
            "the table has no such column.",
            row=1,
            column=strange or "(without a name)",
            remedy=f"Did you mean {near[0]}?"
            if near
            else "Delete it, or add it to the table's schema in data/raw/schemas.",
        )
    for lost in (c for c in columns if c not in header):
        raise BadTable(
            where,
            "the column is missing.",
            row=1,
            column=lost,
            remedy=f"Columns of this table: {', '.join(columns)}.",
        )
    at = next(i for i, c in enumerate(header) if c != columns[i])
    raise BadTable(
        where,
        f"column {at + 1} must be {columns[at]}: columns are out of order.",
        row=1,
        column=header[at],
    )


def check_forms(cells: pd.DataFrame, where: str, schema: dict[str, Any]) -> None:
    """Refuse the first cell that is not written as its type is.

    Parameters
    ----------
    cells : DataFrame
        Text, numbered from 0.
    """
    faults = []
    for field in schema["fields"]:
        column = cells[field["name"]].drop_duplicates()  # the first row of each value
        for at, value in zip(column.index, column.tolist(), strict=True):
            if value and (what := fault_in(value, field["type"])):
                faults.append((at, field["name"], what))
    if faults:
        at, name, what = min(faults, key=lambda fault: fault[0])
        raise BadTable(
            where,
            what,
            row=at + 2,
            column=name,
            value=shown(FORBIDDEN.sub("\ufffd", cells[name].iloc[at])),
            remedy=remedy_for(
                where, "Correct it; leave the cell empty where the value is not known."
            ),
        )


def fault_in(value: str, kind: str) -> str | None:
    """What is wrong with the written form of a filled cell of some type; None if nothing is."""
    if len(value) > LARGEST_CELL:
        return OVERSIZED
    if kind == "string":
        if hidden := FORBIDDEN.search(value):
            return f"holds the {named(hidden[0])}."
        if value.startswith(FORMULA):
            return "begins as a formula of a spreadsheet does (=, +, -, @)."
    if value != value.strip():
        return "white space around the value."
    pattern, form = FORMS[kind]
    if not pattern.fullmatch(value):
        return f"is not {form}."
    if kind == "integer" and len(value.lstrip("-")) > LARGEST_INTEGER_DIGITS:
        return "too large a number."
    return None


def remedy_for(where: str, by_hand: str) -> str:
    """What to do about a faulty cell: compiled tables are not corrected by hand."""
    if "/compiled/" in where:
        return "Run `collsec compile`, or take the file back from git; no hand edits this table."
    return by_hand


def counted(cells: int) -> str:
    """A number of cells in words."""
    return "1 cell" if cells == 1 else f"{cells} cells"


def line_of(data: bytes, at: int) -> int:
    """Line of a file on which a byte stands, from 1."""
    return data.count(b"\n", 0, at) + 1


def fragment(data: bytes, at: int) -> str:
    """What stands around a byte, faulty bytes as escapes."""
    start = max(data.rfind(b"\n", 0, at) + 1, at - SHOWN // 3)
    end = data.find(b"\n", at)
    cut = data[start : min(end if end >= 0 else len(data), at + SHOWN // 3)]
    return re.sub(r"\x00", r"\\x00", cut.decode("utf-8", "backslashreplace"))


def shown(text: str) -> str:
    """A text, cut to the length that a message can hold."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
