"""A trial of what a page brings along, on the study's own tables, before anything is estimated.

Each function that a module of the page registers is called once on the columns that it declares
and no others, so that a name that is wrong, a column that is read and not declared, and a result
of another form are found where they stand, and not after the panels of an hour.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.documents import Document
from collsec.core.errors import Fault, nearest
from collsec.core.project import Project
from collsec.histories import EXTENTS, FRAMES, TIMELINES
from collsec.histories.cohorts import DAY_STRATA, RULES, STRATA
from collsec.histories.episodes import link
from collsec.histories.registry import PAGES, Declared, Frame, Timeline, brought_by, module_of
from collsec.hypothesis.extension import own_tables
from collsec.hypothesis.registries import Registries
from collsec.hypothesis.specification import Spec
from collsec.measures import MEASURES
from collsec.measures.registry import Measure
from collsec.tables.clean import check_codes, check_days

EVERY = "*"  # of a frame that is carried along whole
LISTED = 40  # columns that are listed where one is unknown
#: What designs add to the episodes that they follow; no record is behind it, nor a declaration.
OF_UNITS = ("unit_id", "time_zero")


class World:
    """The study's own frames by name, each made when it is first asked for.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Every raw table, typed.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.states = tables["states"]
        self._made: dict[str, pd.DataFrame] = dict(tables)
        self._is_linked = False

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in FRAMES and not self._is_linked:
            self._made |= link(self._made)
            self._is_linked = True
        if name in TIMELINES and name not in self._made:
            timeline = TIMELINES[name]
            self._made[name] = timeline({taken: self[taken] for taken in timeline.takes})
        return self._made[name]

    def names(self) -> set[str]:
        """Tables, frames, and timelines that belong to no page."""
        brought = {n for r in (FRAMES, TIMELINES) for n, e in r.items() if _is_brought(e)}
        return {*self._made, *FRAMES, *TIMELINES} - brought


def _is_brought(entry: Declared) -> bool:
    return module_of(entry).startswith(f"{PAGES}.")


def faults_of_page(
    project: Project, spec: Spec, document: Document, registries: Registries, world: World
) -> Iterator[Fault]:
    """What is wrong with the tables and functions that a page brings along.

    Parameters
    ----------
    project : Project
    spec, document : Spec, Document
        Of the page, whose modules are loaded.
    registries : Registries
    world : World

    Yields
    ------
    Fault
        At the line of the module, with the nearest right name.

    Raises
    ------
    BadTable
        At the first cell of an own table whose state does not exist, or whose day cannot be.
    """
    own = own_tables(project, spec, document)
    folder = project.spec_file(spec.hypothesis).parent
    for name, frame in own.items():
        where = project.relative(folder / f"{name}.csv")
        check_codes(frame, where, world.states)
        check_days(name, frame, where)
    h = spec.hypothesis
    trial = _Trial(project, world, own, {*brought_by(FRAMES, h), *brought_by(TIMELINES, h)})
    for registry in (FRAMES, TIMELINES, EXTENTS, RULES, STRATA):
        for declared in brought_by(registry, h).values():
            yield from trial.of(declared)
    for declared in brought_by(MEASURES, h).values():
        yield from trial.of(declared)
    for stratum in brought_by(DAY_STRATA, h).values():
        yield from trial.unknown(stratum)
    for part in brought_by(dict(registries.parts), h).values():  # type: ignore[type-var]
        yield from trial.unknown(part)


class _Trial:
    """Frames that the functions of one page may take, and what was found of each function."""

    def __init__(
        self, project: Project, world: World, own: dict[str, pd.DataFrame], brought: set[str]
    ) -> None:
        self.project, self.world, self.own = project, world, own
        self.brought = brought  # frames and timelines of the page, whether or not they can be made

    def of(self, declared: Declared) -> Iterator[Fault]:
        """What is wrong with one function; what a frame or timeline gives is kept for others."""
        if found := [*self.unknown(declared)]:
            yield from found
            return
        try:
            whole = {name: self.frame(name, declared) for name in declared.takes}
        except KeyError:  # of a frame of the page that is at fault itself
            return
        kept = {name: frame[_columns(frame, name, declared)] for name, frame in whole.items()}
        try:
            made = declared(kept)
        except Exception as error:
            yield from self.raised(declared, error, whole)
            return
        if problem := _form(declared, made, whole):
            yield self.fault(declared, problem)
        elif isinstance(declared, Frame | Timeline):
            self.own[declared.name] = made

    def frame(self, name: str, declared: Declared) -> pd.DataFrame:
        """A frame by name; episodes as a design lays them out, for what gives a value a unit."""
        found = self.own[name] if name in self.own or name in self.brought else self.world[name]
        if name == "episodes" and isinstance(declared, Measure):
            return found.assign(unit_id=found["episode_id"], time_zero=found["onset_date"])
        return found

    def unknown(self, declared: Any) -> Iterator[Fault]:
        """Frames and columns of a declaration that do not exist.

        The name of a measure stands for all that the measure uses.
        """
        known = {*self.world.names(), *self.own, *self.brought}
        for used in declared.uses:
            of, dot, column = used.partition(".")
            if not dot:
                if used not in MEASURES:
                    yield self.fault(declared, "no such measure.", used, MEASURES)
                continue
            if of not in known:
                yield self.fault(declared, "no such table, frame, or timeline.", used, known, of)
                continue
            if of in self.brought and of not in self.own:
                continue
            columns = [*map(str, self.frame(of, declared).columns)]
            if column != EVERY and column not in (
                *columns,
                *(OF_UNITS if of == "episodes" else ()),
            ):
                problem = f"{of} has no column {column!r}."
                yield self.fault(declared, problem, used, columns, column)

    def raised(
        self, declared: Declared, error: Exception, whole: Mapping[str, pd.DataFrame]
    ) -> Iterator[Fault]:
        """The fault of a function that fails on the columns that it declares."""
        said = " ".join(str(error).split())
        line = _line(declared, error)
        if isinstance(error, KeyError | AttributeError):
            columns = {
                f"{name}.{column}"
                for name, frame in whole.items()
                for column in frame.columns
                if f"{name}.{column}" not in declared.uses and repr(str(column)) in said
            }
            if columns:
                read = ", ".join(sorted(columns))
                problem = "is read, and not declared in `uses`."
                yield self.fault(declared, problem, read, remedy="Declare it there.", line=line)
                return
        problem = f"cannot be computed ({type(error).__name__}: {said})."
        yield self.fault(declared, problem, line=line)

    def fault(
        self,
        declared: Any,
        problem: str,
        value: str | None = None,
        known: Collection[str] = (),
        asked: str | None = None,
        remedy: str = "",
        line: int | None = None,
    ) -> Fault:
        """A fault of a function, where a column stands in its declaration or else at its line."""
        code = declared.function.__code__
        if line is None:
            line = _first_line(code.co_filename, code.co_firstlineno, value)
        parts = [remedy] if remedy else []
        if known:
            names = sorted(known)
            parts = [nearest(asked or value or "", names).strip()]
            parts += [f"Known: {', '.join(names)}." if len(names) <= LISTED else ""]
        return Fault(
            self.project.relative(Path(code.co_filename)),
            problem,
            line=line,
            key=declared.name,
            value=None if value is None else repr(value),
            remedy=" ".join(part for part in parts if part),
        )


def _columns(frame: pd.DataFrame, name: str, declared: Declared) -> list[str]:
    """Columns of a frame that a function declares."""
    named = [u.partition(".")[2] for u in declared.uses if u.partition(".")[0] == name]
    if EVERY in named:
        return [*frame.columns]
    return [*named, *(column for column in OF_UNITS if column in frame and column not in named)]


def _form(declared: Declared, made: Any, whole: Mapping[str, pd.DataFrame]) -> str:
    """What is wrong with the form of a result; empty where nothing is."""
    if isinstance(declared, Measure) and not declared.gives:
        if declared.kind == "covariate" and np.ndim(made) != 1:
            return f"returns {_said(made)}; a covariate is one value for each episode."
        return ""
    if isinstance(declared, Measure):
        needed, what = declared.gives, f"this {declared.kind}"
    elif isinstance(declared, Timeline):
        needed = (declared.unit, "from_date", "known_from", *declared.columns)
        what = "this timeline"
    elif isinstance(declared, Frame):
        needed, what = tuple(declared.derived), "this frame"
    else:
        return ""
    if isinstance(made, pd.DataFrame) and {*needed} <= {*made.columns}:
        return ""
    return f"returns {_said(made)}; {what} must return {', '.join(needed)}."


def _said(made: Any) -> str:
    """A result in words."""
    if isinstance(made, pd.DataFrame):
        return f"the columns {', '.join(map(str, made.columns)) or '(none)'}"
    return "nothing" if made is None else f"a {type(made).__name__}"


def _line(declared: Declared, error: Exception) -> int | None:
    """Line of the page's own module on which an error came up."""
    file: str = declared.function.__code__.co_filename
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return frames[-1].lineno if frames else None


def _first_line(file: str, first: int, text: str | None) -> int:
    """First line, from that of a function on, on which a text stands; else that of the function.

    A declaration may stand above the function, as a constant of the module.
    """
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    for start in (first - 1, 0):
        for number, line in enumerate(lines[start:], start + 1):
            if text is not None and f'"{text}"' in line:
                return number
    return first
