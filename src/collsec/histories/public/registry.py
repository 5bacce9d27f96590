"""Registry of public tables: what each holds, column by column, and from which columns.

A column is either carried along under its name in the raw tables or the timelines, where it is
defined, or it is new and defined here. It is of one of three kinds in time: fixed, known before the
row begins, or of the row's own period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pandas as pd

from collsec.core.errors import CollsecError
from collsec.histories.registry import Declared, Frames, Function, declaration, enter, raw_columns


class When(StrEnum):
    """What of time a column of a public table speaks of."""

    FIXED = ""
    BEFORE = "As known before the row begins."
    DURING = "Of the row's own period: known when it is over."


@dataclass(frozen=True, slots=True)
class PublicColumn:
    """A column of a public table.

    Attributes
    ----------
    uses : tuple of str
        Columns of raw tables, linked frames, and timelines that its values come from.
    text, type, unit : str
        Definition, type as in a Table Schema, and unit. The definition is empty where the name is
        defined already, as that of a raw or a derived column; the type where it is a raw one.
    when : When
    """

    uses: tuple[str, ...]
    text: str = ""
    type: str = ""
    unit: str = ""
    when: When = When.FIXED


@dataclass(frozen=True, slots=True)
class PublicTable(Declared):
    """A table that the study gives out, ready to use.

    Attributes
    ----------
    title : str
    key : tuple of str
        Columns that name a row.
    columns : mapping of str to PublicColumn
        In order.
    """

    title: str = ""
    key: tuple[str, ...] = ()
    columns: Mapping[str, PublicColumn] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What a row is: the first paragraph of the docstring."""
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())

    def __call__(self, frames: Frames, /, **options: Any) -> pd.DataFrame:
        """The table, in the order of its key.

        Raises
        ------
        BadPublicTable
            If a column is missing or undeclared, or the key does not name one row.
        """
        own = {name: in_seconds(frames[name]) for name in self.takes}
        made: pd.DataFrame = Declared.__call__(self, own, **options)
        if list(made.columns) != list(self.columns):
            missing = [c for c in self.columns if c not in made]
            surplus = [c for c in made.columns if c not in self.columns]
            raise BadPublicTable(f"{self.name}: lacks {missing}, does not declare {surplus}.")
        made = made.sort_values(list(self.key), ignore_index=True)
        texts = made.select_dtypes(["object", "string"]).columns
        whole = made.select_dtypes("integer").columns
        made = made.astype(dict.fromkeys(texts, "string") | dict.fromkeys(whole, "Int64"))
        if made.duplicated(list(self.key)).any() or made[list(self.key)].isna().any(axis=None):
            raise BadPublicTable(f"{self.name}: {', '.join(self.key)} do not name one row.")
        return made


def in_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as it was before it was written: Parquet knows no seconds, only parts of them."""
    days = frame.select_dtypes("datetime").columns
    return frame.astype(dict.fromkeys(days, "datetime64[s]"))


class BadPublicTable(CollsecError):
    """A public table is not what it declares to be."""


PUBLIC: dict[str, PublicTable] = {}


def public(
    title: str, *, key: Iterable[str], columns: Mapping[str, PublicColumn]
) -> Callable[[Function], Function]:
    """Register a public table: a function of raw tables, linked frames, and timelines.

    Parameters
    ----------
    title : str
    key : iterable of str
        Columns that name a row.
    columns : mapping of str to PublicColumn
        Every column that the function gives, in order.
    """

    def register(function: Function) -> Function:
        uses = dict.fromkeys(use for column in columns.values() for use in column.uses)
        name, takes, used = declaration(function, uses)
        table = PublicTable(name, function, takes, used, title, tuple(key), columns)
        enter(PUBLIC, table)
        return function

    return register


def carried(
    table: str, names: Iterable[str], when: When = When.FIXED, *, type_: str = ""
) -> dict[str, PublicColumn]:
    """Columns that stand in a raw table, linked frame, or timeline under the same names.

    The type is told where no raw table does.
    """
    return {name: PublicColumn((f"{table}.{name}",), type=type_, when=when) for name in names}


def raw_columns_of(
    table: PublicTable, columns: Iterable[str], fields: Mapping[str, Iterable[str]]
) -> tuple[str, ...]:
    """Raw columns from which columns of a public table are made, each once.

    Parameters
    ----------
    table : PublicTable
    columns : iterable of str
        Of the table.
    fields : mapping of str to iterable of str
        Columns of each raw table.
    """
    uses = [use for column in columns for use in table.columns[column].uses]
    return tuple(dict.fromkeys(raw for use in uses for raw in raw_columns(use, fields)))


def joined(
    left: PublicTable, right: PublicTable, rows: pd.DataFrame, others: pd.DataFrame
) -> pd.DataFrame:
    """Rows of one public table with the columns of another, by the key of the second.

    Parameters
    ----------
    left, right : PublicTable
    rows, others : DataFrame
        Their content.

    Returns
    -------
    DataFrame
        Every row of the first, in order. A column that both have stands once where they never
        differ; else that of the second has its table's name before it, such as ``episodes_start``.

    Raises
    ------
    CollsecError
        If the first lacks the key of the second.
    """
    key = list(right.key)
    if missing := [column for column in key if column not in rows]:
        raise CollsecError(
            f"{left.name} has no {', '.join(missing)}, the key of {right.name}. "
            f"Its own key is {', '.join(left.key)}."
        )
    both = [c for c in rows.columns if c in others.columns and c not in key]
    there = rows[key].merge(others[[*key, *both]], on=key, how="left", validate="many_to_one")
    is_matched = pd.MultiIndex.from_frame(rows[key]).isin(pd.MultiIndex.from_frame(others[key]))
    here = rows[is_matched].reset_index(drop=True)
    there = there[is_matched].reset_index(drop=True)
    apart = [c for c in both if not _agree(here[c], there[c])]
    new = [c for c in others.columns if c not in rows.columns or c in apart]
    own = others[[*key, *new]].rename(columns={c: f"{right.name}_{c}" for c in apart})
    return rows.merge(own, on=key, how="left", validate="many_to_one")


def _agree(here: pd.Series, there: pd.Series) -> bool:
    """Whether two columns say the same in every row, or nothing in both."""
    return bool(((here == there).fillna(False) | (here.isna() & there.isna())).all())
