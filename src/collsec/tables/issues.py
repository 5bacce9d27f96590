"""Issues that a cross-check found: cells that contradict something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Issue:
    """A cell that cannot be right given another fact.

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


def issues(
    tables: Tables,
    table: str,
    column: str,
    is_wrong: pd.Series,
    problem: str,
    remedy: str,
    against: pd.Series | None = None,
) -> Iterator[Issue]:
    """Yield one issue per row that is wrong; what is not known is not wrong.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    table, column : str
        Where the cell stands.
    is_wrong : Series of bool
        One value per row; missing counts as false.
    problem : str
        May hold ``{}`` for the value of `against`.
    remedy : str
    against : Series, optional
        The value that the cell contradicts, per row.
    """
    for position in is_wrong.fillna(False).astype(bool).to_numpy().nonzero()[0].tolist():
        value = tables[table][column].iloc[position]
        text = problem if against is None else problem.format(written(against.iloc[position]))
        yield Issue(
            table, position, column, None if pd.isna(value) else written(value), text, remedy
        )


def written(value: Any) -> str:
    """A value as it stands in a raw table."""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if str(value) in {"True", "False"} else str(value)
