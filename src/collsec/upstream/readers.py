"""Readers of the publishers' formats: columns by name, and one clear error for a damaged file.

Text formats (CSV, workbooks) give text, as the cells stand in the file; typed ones (Stata, R data,
Parquet) give their own types. Numbers in text are the caller's to convert: a code is no number.
"""

from __future__ import annotations

import csv
import lzma
import re
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core.errors import BadTable, MissingInput

EPOCH = date(1970, 1, 1)
ANOTHER_VERSION = "Is this the version in sources.toml?"
DAMAGED = "Get it again with `collsec fetch`."


def read_columns(
    path: Path, columns: Sequence[str], *, encoding: str = "utf-8-sig"
) -> pd.DataFrame:
    """Read columns of a published table.

    Parameters
    ----------
    path : Path
        The ending of its name says the format: ``.csv``, ``.xls``, ``.xlsx``, ``.dta``, ``.rda``,
        ``.Rdata`` or ``.parquet``. Of a workbook the first sheet is read, of an R data file the one
        data frame.
    columns : sequence of str
        Columns requested, in this order; spaces around a name in the file do not count.
    encoding : str
        Of a CSV file.

    Returns
    -------
    DataFrame
        Index 0, 1, … (the line of a text file or sheet is two more). Of CSV and workbooks every
        cell is text: whole numbers of a sheet without a point, its dates as ISO text, empty cells
        empty; rows that are empty in all of the columns are left out of a sheet. Of the other
        formats numbers are numbers, coded values stay numbers, NaN where missing.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If the file is not of its format, is corrupt, or lacks a column.
    """
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _text_frame(path, csv_rows(path, encoding), columns)
    if suffix in {".xls", ".xlsx"}:
        sheet = _text_frame(path, sheet_rows(path), columns)
        return sheet[(sheet != "").any(axis=1)]
    if suffix in {".rda", ".rdata"}:
        return _typed_frame(path, r_frame(path), columns)
    if suffix == ".dta":
        return _typed_frame(path, stata_frame(path), columns)
    if suffix == ".parquet":
        return _typed_frame(path, parquet_frame(path), columns)
    raise BadTable(path.name, "no format that is read.", value=path.suffix)


def _text_frame(path: Path, rows: list[list[str]], columns: Sequence[str]) -> pd.DataFrame:
    """Text columns of rows whose first one is the header."""
    header = [name.strip() for name in rows[0]] if rows else []
    _check_columns(path, header, columns)
    places = [header.index(c) for c in columns]
    records = [[row[i] if i < len(row) else "" for i in places] for row in rows[1:]]
    return pd.DataFrame(records, columns=list(columns), dtype="str")


def _typed_frame(path: Path, frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of a frame that has its types."""
    _check_columns(path, [str(c) for c in frame.columns], columns)
    return frame[list(columns)].reset_index(drop=True)


def _check_columns(path: Path, header: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse a file that lacks a column."""
    if missing := [c for c in columns if c not in header]:
        raise BadTable(path.name, f"lacks column {', '.join(missing)}.", remedy=ANOTHER_VERSION)


def csv_rows(path: Path, encoding: str = "utf-8-sig") -> list[list[str]]:
    """Cells of the records of a CSV file, the header first.

    Commas or semicolons separate the cells, whichever the header has more of.

    Raises
    ------
    BadTable
        If the text is not in the encoding, or a record has more or fewer cells than the header.
    """
    try:
        with path.open(encoding=encoding, newline="") as stream:
            header = stream.readline()
            stream.seek(0)
            delimiter = ";" if header.count(";") > header.count(",") else ","
            reader = csv.reader(stream, delimiter=delimiter)
            rows: list[list[str]] = []
            for cells in reader:
                if rows and len(cells) != len(rows[0]):
                    raise BadTable(
                        path.name,
                        f"{len(cells)} cells in a record of {len(rows[0])} columns.",
                        row=reader.line_num,
                        value=delimiter.join(cells)[:60],
                        remedy=DAMAGED,
                    )
                rows.append(cells)
    except UnicodeDecodeError:
        raise BadTable(path.name, f"not text in {encoding}.", remedy=DAMAGED) from None
    except csv.Error as error:
        raise BadTable(path.name, f"not readable as CSV ({error}).", remedy=DAMAGED) from None
    return rows


def sheet_rows(path: Path) -> list[list[str]]:
    """Text of the cells of the first sheet of a workbook.

    Raises
    ------
    BadTable
        If the file is no workbook, or corrupt.
    """
    import xlrd

    corrupt = (
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
        rows = _xls_rows(path) if path.suffix == ".xls" else _xlsx_rows(path)
        return [[sheet_text(value) for value in row] for row in rows]
    except corrupt as error:
        raise BadTable(path.name, f"not a readable workbook ({error}).", remedy=DAMAGED) from None


def _xlsx_rows(path: Path) -> Iterator[Sequence[Any]]:
    """Values of the rows of an Office Open XML workbook."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()


def _xls_rows(path: Path) -> Iterator[Sequence[Any]]:
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


def sheet_text(value: Any) -> str:
    """Text of one value of a sheet.

    >>> sheet_text(1977.0), sheet_text(0.5), sheet_text(None), sheet_text(datetime(1946, 7, 21))
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


def stata_frame(path: Path) -> pd.DataFrame:
    """The table of a Stata file; coded values stay numbers.

    Raises
    ------
    BadTable
        If the file is no Stata file, or corrupt.
    """
    corrupt = (ValueError, KeyError, IndexError, OverflowError, OSError, EOFError, struct.error)
    try:
        return pd.read_stata(path, convert_categoricals=False)
    except corrupt as error:
        raise BadTable(
            path.name, f"not readable as a Stata file ({error}).", remedy=ANOTHER_VERSION
        ) from None


def r_frame(path: Path) -> pd.DataFrame:
    """The one data frame of an R data file; numbers are floats with NaN where missing.

    Raises
    ------
    BadTable
        If the file is no R data file, is corrupt, or does not hold one data frame.
    """
    import rdata

    corrupt = (
        ValueError,
        NotImplementedError,
        EOFError,
        OSError,
        LookupError,
        AssertionError,
        TypeError,
        AttributeError,
        OverflowError,
        zlib.error,
        struct.error,
        lzma.LZMAError,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # attributes of R classes that pandas has no use for
        try:
            objects = rdata.read_rda(path)
        except corrupt as error:
            reason = str(error) or type(error).__name__
            raise BadTable(
                path.name, f"not readable as R data ({reason}).", remedy=DAMAGED
            ) from None
    frames = [v for v in objects.values() if isinstance(v, pd.DataFrame)]
    if len(frames) != 1:
        raise BadTable(path.name, f"holds {len(frames)} data frames, one expected.")
    return frames[0]


def r_date(days: float) -> date:
    """A date from R's count of days since 1970-01-01.

    >>> r_date(-56248.0)
    datetime.date(1816, 1, 1)
    """
    return EPOCH + timedelta(days=int(days))


def parquet_frame(path: Path) -> pd.DataFrame:
    """The table of a Parquet file.

    Raises
    ------
    BadTable
        If the file is no Parquet file, or corrupt.
    """
    import pyarrow

    try:
        return pd.read_parquet(path)
    except (pyarrow.ArrowException, OSError, ValueError, LookupError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadTable(path.name, f"not readable as Parquet ({reason}).", remedy=DAMAGED) from None


def read_texts(path: Path, name: str) -> dict[str, str]:
    """Texts of the files of a tar archive, read without unpacking it.

    Parameters
    ----------
    path : Path
        The archive; ``.tar.xz``, ``.tar.gz`` or ``.tar``.
    name : str
        Regular expression that the name of a file (without folders) must match; its first group
        is the key. Other files are left out.

    Returns
    -------
    dict of str to str
        Key → text, in the order of the archive. Bytes that are no UTF-8 are read as Windows-1252.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If the file is no tar archive, is corrupt, or two of its files have one key.
    """
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    form, out = re.compile(name), {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                found = form.fullmatch(member.name.rsplit("/", 1)[-1])
                stream = archive.extractfile(member) if found and member.isfile() else None
                if found is None or stream is None:
                    continue
                if found[1] in out:
                    raise BadTable(path.name, "two texts of one key.", value=found[1])
                out[found[1]] = _decoded(stream.read())
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError, zlib.error) as error:
        raise BadTable(path.name, f"not a readable archive ({error}).", remedy=DAMAGED) from None
    return out


def _decoded(data: bytes) -> str:
    """Text of bytes."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
