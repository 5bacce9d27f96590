"""Reader of Stata files."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from collsec.core.errors import BadTable, MissingInput


def read_stata(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read columns of a ``.dta`` file; coded values stay numbers.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Columns wanted, in this order.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If the file is no Stata file, is torn, or lacks a column.
    """
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    torn = (ValueError, KeyError, IndexError, OverflowError, OSError, EOFError, struct.error)
    try:
        return pd.read_stata(path, columns=list(columns), convert_categoricals=False)
    except torn as error:
        raise BadTable(
            path.name,
            f"not readable as a Stata file ({error}).",
            remedy="Is this the version in sources.toml?",
        ) from None
