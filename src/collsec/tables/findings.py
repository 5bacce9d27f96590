"""What a cross-check found: one cell that contradicts something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Finding:
    """A cell that cannot be right beside another fact.

    Attributes
    ----------
    table : str
        Name of the table.
    position : int
        Row of the table, from 0; its line in the file is two more.
    column : str
    value : str or None
        The cell as it stands in the file; None where it is empty.
    problem, remedy : str
        What is wrong, and what to do.
    """

    table: str
    position: int
    column: str
    value: str | None
    problem: str
    remedy: str


def findings(
    tables: Tables,
    table: str,
    column: str,
    is_wrong: pd.Series,
    problem: str,
    remedy: str,
    beside: pd.Series | None = None,
) -> Iterator[Finding]:
    """Yield one finding per row that is wrong; what is not known is not wrong.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    table, column : str
        Where the cell stands.
    is_wrong : Series of bool
        One value per row; missing counts as false.
    problem : str
        May hold ``{}`` for the value of `beside`.
    remedy : str
    beside : Series, optional
        The value that the cell contradicts, per row.
    """
    for position in is_wrong.fillna(False).astype(bool).to_numpy().nonzero()[0].tolist():
        value = tables[table][column].iloc[position]
        told = problem if beside is None else problem.format(written(beside.iloc[position]))
        yield Finding(
            table, position, column, None if pd.isna(value) else written(value), told, remedy
        )


def written(value: Any) -> str:
    """A value as it stands in a raw table."""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if str(value) in {"True", "False"} else str(value)
