"""The text of a raw table: the same frame gives the same bytes."""

from __future__ import annotations

import csv
import io
import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

LIST_SEPARATOR = ";"


def csv_text(frame: pd.DataFrame) -> str:
    """CSV text of a frame: comma, LF, ISO dates, `true`/`false`, `;` within lists.

    Parameters
    ----------
    frame : DataFrame
        Its rows and columns are written in the order in which they stand.

    Returns
    -------
    str
        The whole text, header first, with a final line feed. Missing cells are empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.astype(object).itertuples(index=False, name=None):
        writer.writerow([cell_text(value) for value in row])
    return out.getvalue()


def cell_text(value: Any) -> str:
    """Text of one cell.

    >>> cell_text([2, 200]), cell_text(None), cell_text(True), cell_text(0.5), cell_text(3.0)
    ('2;200', '', 'true', '0.5', '3.0')
    """
    if isinstance(value, list | tuple):
        return LIST_SEPARATOR.join(cell_text(v) for v in value)
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else repr(float(value))
    return str(value)


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as dictionaries, in order."""
    names = [str(c) for c in frame.columns]
    rows = frame.itertuples(index=False, name=None)
    return [dict(zip(names, row, strict=True)) for row in rows]
