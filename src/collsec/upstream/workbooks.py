"""Reader of spreadsheets, old and new: the first sheet as text."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core.errors import BadTable, MissingInput


def read_sheet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read columns of the first sheet of a workbook.

    Parameters
    ----------
    path : Path
        ``.xls`` or ``.xlsx``; the first row holds the names of the columns.
    columns : sequence of str
        Columns wanted, in this order; spaces around a name in the file do not count.

    Returns
    -------
    DataFrame
        Index 0, 1, … (the row of the sheet is two more). Every cell is text: whole numbers
        without a point, dates as ISO text, empty cells empty.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If the file is no workbook, or lacks a column.
    """
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    rows = rows_of(path)
    header = [cell_text(value).strip() for value in rows[0]] if rows else []
    missing = [c for c in columns if c not in header]
    if missing:
        raise BadTable(
            path.name,
            f"lacks column {', '.join(missing)}.",
            remedy="Is this the version in sources.toml?",
        )
    places = [header.index(c) for c in columns]
    records = [[cell_text(row[i]) if i < len(row) else "" for i in places] for row in rows[1:]]
    frame = pd.DataFrame(records, columns=list(columns), dtype="str")
    return frame[(frame != "").any(axis=1)]


def rows_of(path: Path) -> list[Sequence[Any]]:
    """Values of the rows of the first sheet.

    Raises
    ------
    BadTable
        If the file is no workbook, or torn.
    """
    import xlrd

    torn = (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        KeyError,
        IndexError,
        OSError,
        SyntaxError,
        AssertionError,
        xlrd.XLRDError,
        xlrd.compdoc.CompDocError,
    )
    try:
        return list(rows_of_xls(path) if path.suffix == ".xls" else rows_of_xlsx(path))
    except torn as error:
        raise BadTable(
            path.name,
            f"not a readable workbook ({error}).",
            remedy="Get it again with `collsec fetch`.",
        ) from None


def rows_of_xlsx(path: Path) -> Iterator[Sequence[Any]]:
    """Values of the rows of an Office Open XML workbook."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()


def rows_of_xls(path: Path) -> Iterator[Sequence[Any]]:
    """Values of the rows of a workbook of Excel 97 to 2003."""
    import xlrd

    nothing = {xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}
    book = xlrd.open_workbook(path)
    for row in book.sheet_by_index(0).get_rows():
        yield [
            xlrd.xldate_as_datetime(cell.value, book.datemode)
            if cell.ctype == xlrd.XL_CELL_DATE
            else None
            if cell.ctype in nothing
            else cell.value
            for cell in row
        ]


def cell_text(value: Any) -> str:
    """Text of one value.

    >>> cell_text(1977.0), cell_text(0.5), cell_text(None), cell_text(datetime(1946, 7, 21))
    ('1977', '0.5', '', '1946-07-21')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
