"""How a part's rows are printed: columns with headings and units, and figures by name.

A part declares the table of a record that it keeps, and figures of its estimates; the reports
declare all other tables in the same terms, and print pages, documents, the terminal and CSV.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from collsec.core.schema import Role
from collsec.designs.estimate import Unit

Align = Literal["left", "right", "center", "auto"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table.

    Attributes
    ----------
    heading : str
        Its head, as inline Markdown.
    cell : str
        Name of the frame's column; or a text with such names in braces (``{n_known} of
        {n_units}``), which is a dash where its first value is missing.
    unit : Unit
        Unit of the numbers in the cell; it decides how they are printed.
    unit_of : str
        Column of the frame that names the estimand of each row, whose unit then counts.
    digits : int or None
        Decimals; those of the unit where it is None.
    labels : mapping
        What values of one of the names are called: ``{"forces": {"all": "All"}}``.
    align : str
        ``auto``: text to the left, numbers to the right.
    width : int
        Width relative to the other columns.
    is_markup : bool
        Whether the values are Markdown; others are printed as they are.
    is_grouped : bool
        Whether a cell that repeats the one above it stays empty, as does one without text.
    is_blank_at_zero : bool
        Whether the cell is a dash where its first value is zero.
    """

    heading: str
    cell: str
    unit: Unit = Unit.TEXT
    unit_of: str = ""
    digits: int | None = None
    labels: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    align: Align = "auto"
    width: int = 12
    is_markup: bool = False
    is_grouped: bool = False
    is_blank_at_zero: bool = False


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table of a page: the rows that a part has put on record.

    Attributes
    ----------
    name : str
        End of the table's identifier: ``stages`` gives ``tbl-h1-stages``.
    record : str
        Name of the record among those of the part.
    caption : str
        What a reader must know to read it. May print fields of the record
        (``{steps[0][n_units]}``).
    columns : tuple of Column
    rows : str
        Field of the record that holds the rows; empty where the record is the list of rows.
    spread : str
        Name of the rows' column whose values become columns, each with all columns of `repeated`.
    repeated : tuple of Column
        Columns for each value of `spread`; in a heading ``{}`` stands for the value, or for its
        label.
    spread_labels : mapping
        What values of `spread` are called.
    """

    name: str
    record: str
    caption: str
    columns: tuple[Column, ...]
    rows: str = ""
    spread: str = ""
    repeated: tuple[Column, ...] = ()
    spread_labels: Mapping[Any, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForestOf:
    """A forest plot of a page: the primary, and the hazard ratios of some roles.

    Attributes
    ----------
    name : str
        Of the figure: ``outcomes`` gives ``fig-h1-outcomes``.
    roles : tuple of Role
        Whose estimates are drawn, the primary's first.
    """

    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class EventStudyOf:
    """A figure of a page: ratios by months before and after an event.

    Attributes
    ----------
    name : str
        Of the figure: ``around-arrival`` gives ``fig-h7-around-arrival``. No table has it.
    record : str
        Name of the record among those of the part: ``level``; ``periods`` (rows with `first` and
        `last` month, `estimate`, `ci_low`, `ci_high`); ``months`` (rows with `month`, `arrivals`,
        `ratio`), those of the reference among them.
    """

    name: str
    record: str


@dataclass(frozen=True, slots=True)
class ResponseOf:
    """A figure of a page: how a hazard ratio changes along an exposure in degrees.

    Attributes
    ----------
    name : str
        Of the figure: ``functional-form`` gives ``fig-h3-functional-form``.
    record : str
        Name of the record among those of the part: ``curve`` (rows with `group`, `index`,
        `estimate`, `ci_low`, `ci_high`), ``low`` and ``high`` (values that the text contrasts).
    title : str
        What the index is: the title of the axis. In it ``{exposure}`` stands for the exposure's
        title.
    """

    name: str
    record: str
    title: str
