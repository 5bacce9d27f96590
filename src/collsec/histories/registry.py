"""What the package knows by name, each with the columns that it rests on.

A linked frame, a timeline, an extent, a cohort rule, a stratum, and a measure are one decorated
function each. Its positional parameters name the frames that it takes, and ``uses`` names their
columns, ``"<frame>.<column>"``: from these declarations follow what a stage reads, in which order
it is made, and which references a hypothesis owes. A module outside the package registers its own
in the same way.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pandas as pd

from collsec.core.errors import CollsecError
from collsec.core.schema import STEPS

Frames = Mapping[str, pd.DataFrame]
Function = TypeVar("Function", bound=Callable[..., Any])


class BadDeclaration(CollsecError):
    """A declared function does not say truly what it takes, or takes a name that is not free."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A function of frames, by name.

    Attributes
    ----------
    name : str
        That of the function.
    function : callable
        Pure; its positional parameters are frames, its keyword-only ones are options.
    takes : tuple of str
        Frames, in the order of the parameters.
    uses : tuple of str
        Columns of these frames that it reads, ``"<frame>.<column>"``.
    """

    name: str
    function: Callable[..., Any]
    takes: tuple[str, ...]
    uses: tuple[str, ...]

    def __call__(self, frames: Frames, /, **options: Any) -> Any:
        """Call the function on the frames that it takes.

        Parameters
        ----------
        frames : mapping of str to DataFrame
            May hold more than it takes.
        **options
            Keyword-only parameters of the function.
        """
        return self.function(*(frames[name] for name in self.takes), **options)


@dataclass(frozen=True, slots=True)
class Frame(Declared):
    """A frame of the linked data: raw tables joined on coded keys.

    Attributes
    ----------
    derived : mapping of str to tuple of str
        Raw columns from which a column is derived. Every other column is that of the first of
        the tables taken that has one of its name.
    """

    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline(Declared):
    """A family of step functions of calendar time.

    Attributes
    ----------
    columns : mapping of str to tuple of str
        For a column that rests on more than ``common``, what it rests on besides.
    common : tuple of str
        What every column rests on.
    unit : str
        Column that names the unit whose state the steps are.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    common: tuple[str, ...] = ()
    unit: str = "conflict_id"

    def rests_on(self, column: str) -> tuple[str, ...]:
        """Columns of frames and tables on which one column of the timeline rests."""
        return tuple(dict.fromkeys((*self.common, *self.columns.get(column, ()))))


@dataclass(frozen=True, slots=True)
class Extent:
    """From which day to which a record reaches.

    Attributes
    ----------
    first_day, last_day : Timestamp
        Both included.
    """

    first_day: pd.Timestamp
    last_day: pd.Timestamp


FRAMES: dict[str, Frame] = {}
TIMELINES: dict[str, Timeline] = {}
EXTENTS: dict[str, Declared] = {}


def frame(
    *, uses: Iterable[str], derived: Mapping[str, tuple[str, ...]] | None = None
) -> Callable[[Function], Function]:
    """Register a linked frame: a function of raw tables, named by its parameters.

    Parameters
    ----------
    uses : iterable of str
        Columns of raw tables; ``"<table>.*"`` where all are carried along.
    derived : mapping of str to tuple of str, optional
        As in :class:`Frame`.
    """

    def register(function: Function) -> Function:
        name, takes, columns = declaration(function, uses)
        enter(FRAMES, Frame(name, function, takes, columns, derived or {}))
        return function

    return register


def timeline(
    *,
    uses: Iterable[str],
    columns: Mapping[str, tuple[str, ...]] | None = None,
    unit: str = "conflict_id",
    counts: tuple[str, ...] | None = None,
) -> Callable[[Function], Function]:
    """Register a family of timelines: a function of linked frames or raw tables.

    It gives ``unit, from_date, known_from`` and its columns. Where a linked frame and a raw table
    bear one name, the frame is meant.

    Parameters
    ----------
    uses : iterable of str
        Columns on which every column of the timeline rests.
    columns : mapping of str to tuple of str, optional
        What single columns of the timeline rest on besides.
    unit : str
        Column of the unit.
    counts : tuple of str, optional
        Columns that count, whole and of zero or more, once for each unit and day. Unless it is
        given only the clock is checked when the timeline is written.
    """

    def register(function: Function) -> Function:
        own, common = columns or {}, tuple(uses)
        if counts is not None:
            STEPS[function.__name__] = (unit, counts)
        name, takes, every = declaration(function, [*common, *(c for v in own.values() for c in v)])
        enter(TIMELINES, Timeline(name, function, takes, every, own, common, unit))
        return function

    return register


def extent(*, uses: Iterable[str]) -> Callable[[Function], Function]:
    """Register an extent: a function of raw tables that gives a first and a last day."""

    def register(function: Function) -> Function:
        name, takes, columns = declaration(function, uses)
        enter(EXTENTS, Declared(name, function, takes, columns))
        return function

    return register


def declaration(
    function: Callable[..., Any], uses: Iterable[str]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Name of a function, the frames that it takes, and the columns that it uses, each once.

    Raises
    ------
    BadDeclaration
        If a column names no frame, or if frames and columns do not belong together.
    """
    name = str(getattr(function, "__name__", function))
    columns = tuple(dict.fromkeys(uses))
    parameters = inspect.signature(function).parameters.values()
    takes = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
    for column in columns:
        of, dot, field_ = column.partition(".")
        if not (of and dot and field_):
            raise BadDeclaration(
                f"{name}: uses {column!r}, which is not of the form <frame>.<column>."
            )
    named = {column.partition(".")[0] for column in columns}
    for of in sorted(named - set(takes)):
        raise BadDeclaration(f"{name}: uses columns of {of!r}, but has no parameter {of!r}.")
    for of in sorted(set(takes) - named):
        raise BadDeclaration(f"{name}: takes {of!r}, but declares no column of it in `uses`.")
    return name, takes, columns


class Named(Protocol):
    """An entry of a registry."""

    @property
    def name(self) -> str:
        """What a hypothesis file, or a parameter, calls it."""
        ...


Entry = TypeVar("Entry", bound=Named)
#: First word of the names of modules that pages bring along: ``collsec_page.<hypothesis>.<file>``.
PAGES = "collsec_page"


def module_of(entry: Named) -> str:
    """Name of the module that made an entry: that of its function, or of its class."""
    return str(getattr(entry, "function", type(entry)).__module__)


def enter(registry: dict[str, Entry], entry: Entry) -> None:
    """Add an entry to a registry; the same file may enter it again when it is loaded again.

    Two pages may bring along one module: what it enters is of the page that loaded it last.

    Raises
    ------
    BadDeclaration
        If another module has entered the name.
    """
    there = registry.get(entry.name)
    if there is not None and _file_of(there) != _file_of(entry):
        raise BadDeclaration(
            f"{entry.name}: {module_of(entry)} registers a name that "
            f"{module_of(there)} has registered already."
        )
    registry[entry.name] = entry


def _file_of(entry: Named) -> str:
    """The file of the module that made an entry; its name, where it has none."""
    name = module_of(entry)
    return getattr(sys.modules.get(name), "__file__", None) or name


def brought_by(registry: Mapping[str, Entry], hypothesis: str) -> dict[str, Entry]:
    """Entries that the modules of one hypothesis' page have made."""
    own = f"{PAGES}.{hypothesis}."
    return {name: entry for name, entry in registry.items() if module_of(entry).startswith(own)}


def of_study(registry: Mapping[str, Entry]) -> dict[str, Entry]:
    """Entries that belong to no page: what every hypothesis may name."""
    return {
        name: entry
        for name, entry in registry.items()
        if not module_of(entry).startswith(f"{PAGES}.")
    }


def raw_columns(column: str, fields: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Raw columns from which a column is made, through timelines and linked frames.

    Parameters
    ----------
    column : str
        ``"<timeline>.<column>"``, ``"<frame>.<column>"`` or ``"<table>.<column>"``.
    fields : mapping of str to iterable of str
        Columns of each raw table.

    Returns
    -------
    tuple of str
        ``"<table>.<column>"``, each once.

    Raises
    ------
    KeyError
        If the column comes from nowhere.
    """
    of, _, name = column.partition(".")
    if of in TIMELINES:
        below = TIMELINES[of].rests_on(name)
        return tuple(dict.fromkeys(raw for c in below for raw in raw_columns(c, fields)))
    if of not in FRAMES:
        if of in fields and name in fields[of]:
            return (column,)
        raise KeyError(column)
    if name in FRAMES[of].derived:
        return FRAMES[of].derived[name]
    for table in FRAMES[of].takes:
        if name in fields[table]:
            return (f"{table}.{name}",)
    raise KeyError(column)
