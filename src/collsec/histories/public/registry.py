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
from collsec.histories.registry import Declared, Frames, Function, declaration, enter


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
        made: pd.DataFrame = Declared.__call__(self, frames, **options)
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
