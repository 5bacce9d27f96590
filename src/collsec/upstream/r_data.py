"""Reader of R data files that hold one data frame."""

from __future__ import annotations

import lzma
import struct
import warnings
import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from collsec.core.errors import BadTable, MissingInput

EPOCH = date(1970, 1, 1)


def read_rda(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the one data frame of an ``.rda`` file.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Columns wanted, in this order.

    Returns
    -------
    DataFrame
        Index 0, 1, …; numbers are floats with NaN where missing.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If the file is no R data file, is torn, does not hold one data frame, or lacks a column.
    """
    import rdata

    torn = (
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
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # attributes of R classes that pandas has no use for
        try:
            objects = rdata.read_rda(path)
        except torn as error:
            reason = str(error) or type(error).__name__
            raise BadTable(
                path.name,
                f"not readable as R data ({reason}).",
                remedy="Get it again with `collsec fetch`.",
            ) from None
    frames = [v for v in objects.values() if isinstance(v, pd.DataFrame)]
    if len(frames) != 1:
        raise BadTable(path.name, f"holds {len(frames)} data frames, one expected.")
    missing = [c for c in columns if c not in frames[0].columns]
    if missing:
        raise BadTable(path.name, f"lacks column {', '.join(missing)}.")
    return frames[0][list(columns)].reset_index(drop=True)


def r_date(days: float) -> date:
    """A date from R's count of days since 1970-01-01.

    >>> r_date(-56248.0)
    datetime.date(1816, 1, 1)
    """
    return EPOCH + timedelta(days=int(days))
