"""Which columns of the raw tables a hypothesis rests on: observed where it can be, not declared.

Every name in a specification that is a measure or a cohort rule is run once on frames that note
which of their columns are asked for. What a further part reads is told by the names in its module.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd

import collsec.subjects  # noqa: F401
from collsec import designs
from collsec.designs import PARTS, tasks
from collsec.evidence import estimation as gather
from collsec.histories.cohorts import RULES
from collsec.histories.timelines import ACTION_CLASSES, PRESENCES
from collsec.measures import MEASURES

#: A frame of the pipeline and one of its columns: ``episodes``, ``acts``, ``timelines/war`` …
Column = tuple[str, str]
#: Asked of every hypothesis: who is followed, from when, to which end.
ALWAYS = ("conflict_id", "type_at_onset", "onset_date", "exit_date", "is_ended")
STRATA = {
    "earlier_episodes_group": "earlier_episodes",
    "type_group": "type_at_onset",
    "region": "region",
    "period": "onset_year",
}
_LINKS = (
    "mission_conflicts.conflict_id",
    "mission_conflicts.from_date",
    "mission_conflicts.to_date",
)
_DATES = {
    "troops": ("first_troops_date", "last_troops_date", "end_date", "has_troops"),
    "personnel": ("first_personnel_date", "end_date"),
    "authorized": ("authorized_date", "end_date"),
}
_VETOES = ("vetoes.veto_date", "draft_conflicts.conflict_id")
_RESOLUTIONS = ("resolution_conflicts.date", "resolution_conflicts.conflict_id")
_MEMBERS = ("china", "france", "uk", "russia", "usa")
#: Raw columns from which derived columns of the linked frames are made.
DERIVED: dict[Column, tuple[str, ...]] = {
    ("episodes", "exit_date"): ("episodes.end_date",),
    ("episodes", "duration_days"): ("episodes.onset_date", "episodes.end_date"),
    ("episodes", "earlier_episodes"): ("episodes.onset_date",),
    ("episodes", "gwno_host"): ("episodes.gwno_loc",),
    ("episodes", "onset_year"): ("episodes.onset_date",),
    ("episodes", "has_p5_party"): ("p5_ties.is_belligerent",),
    ("missions", "link_basis"): ("mission_conflicts.conflict_id",),
    ("missions", "link_confidence"): ("mission_conflicts.conflict_id",),
    ("missions", "has_troops_in_mission"): ("missions.has_troops",),
    ("acts", "act"): (*_VETOES, *_RESOLUTIONS),
    ("acts", "date"): (_VETOES[0], _RESOLUTIONS[0]),
    ("acts", "conflict_id"): (_VETOES[1], _RESOLUTIONS[1]),
    ("acts", "item_id"): (_VETOES[1], _RESOLUTIONS[1]),
    ("acts", "confidence"): (_VETOES[1], _RESOLUTIONS[1]),
    ("acts", "basis"): (_VETOES[1], _RESOLUTIONS[1]),
    ("acts", "action_class"): ("draft_conflicts.action_class", "resolution_conflicts.action_class"),
    ("acts", "is_chapter_vii"): ("resolutions.is_chapter_vii",),
    **{("acts", f"cast_{m}"): (f"vetoes.cast_{m}",) for m in _MEMBERS},
    **{
        ("timelines/deployment", name): (*_LINKS, *(f"missions.{c}" for c in _DATES[dates]))
        for name, (_, dates, _) in PRESENCES.items()
    },
    ("timelines/host_deployment", "un_troops"): (
        "missions.host_gwno",
        *(f"missions.{c}" for c in _DATES["troops"]),
    ),
    ("timelines/council", "vetoes"): _VETOES,
    **{("timelines/council", f"vetoes_{m}"): (*_VETOES, f"vetoes.cast_{m}") for m in _MEMBERS},
    **{
        ("timelines/council", f"vetoes_{a}"): (*_VETOES, "draft_conflicts.action_class")
        for a in ACTION_CLASSES
    },
    ("timelines/council", "resolutions"): _RESOLUTIONS,
    ("timelines/council", "acts"): (*_VETOES, *_RESOLUTIONS),
    ("timelines/council_elsewhere", "vetoes"): (*_VETOES, "episodes.region"),
    ("timelines/war", "is_war"): ("episodes.war_years",),
}
#: Raw tables that a linked frame is joined from, in the order in which a column is looked up.
JOINED = {
    "episodes": ("episodes", "outcomes", "host_states"),
    "missions": ("mission_conflicts", "missions"),
    "ties": ("p5_ties",),
}


@dataclass(frozen=True, slots=True)
class Frames:
    """The linked frames and timelines.

    Attributes
    ----------
    linked : dict of DataFrame
        ``episodes, missions, acts, ties``.
    timelines : dict of DataFrame
        By family.
    tables : dict of DataFrame
        Typed raw tables, by name.
    """

    linked: dict[str, pd.DataFrame]
    timelines: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]


class _Watched(pd.DataFrame):
    """A frame that notes which columns are asked for by name, in itself and in its cuts."""

    _metadata = ["_note"]  # noqa: RUF012 - pandas' own way of carrying attributes along
    _note: Callable[[str], None]

    @property
    def _constructor(self) -> Callable[..., _Watched]:
        def carried(*arguments: Any, **named: Any) -> _Watched:
            return _watched(pd.DataFrame(*arguments, **named), self._note)

        return carried

    def __getitem__(self, key: Any) -> Any:
        names = [key] if isinstance(key, str) else key if isinstance(key, list) else []
        for name in names:
            if isinstance(name, str):
                self._note(name)
        return super().__getitem__(key)


def _watched(frame: pd.DataFrame, note: Callable[[str], None]) -> _Watched:
    out = _Watched(frame)
    object.__setattr__(out, "_note", note)
    return out


def columns_read(spec: Mapping[str, Any], frames: Frames) -> list[Column]:
    """Return the columns of linked frames and timelines that a hypothesis rests on.

    Parameters
    ----------
    spec : mapping
        The normalized specification. Whatever it names counts: measures, rules, strata, parts,
        components of a tie, wherever in it they stand.
    frames : Frames

    Returns
    -------
    list of (frame, column)
        In order.
    """
    found: set[Column] = {("episodes", name) for name in ALWAYS}

    def watch(kind: str, frame: pd.DataFrame) -> _Watched:
        known = set(frame.columns)
        return _watched(frame, lambda name: found.add((kind, name)) if name in known else None)

    linked = {name: watch(name, frame) for name, frame in frames.linked.items()}
    timelines: dict[str, pd.DataFrame] = {
        name: watch(f"timelines/{name}", f) for name, f in frames.timelines.items()
    }
    names = set(_strings(spec))
    for part in names & PARTS.keys():
        modules = _modules(sys.modules[PARTS[part].function.__module__])
        said = {name for module in modules for name in _names(module)}
        found |= set(_named_columns(said, frames))
        names |= said & MEASURES.keys()
    for name in sorted(names & MEASURES.keys()):
        measure = MEASURES[name]
        arguments = {
            "covariate": (linked["episodes"], linked["ties"]),
            "outcome": (linked["episodes"],),
        }
        measure.function(*arguments.get(measure.kind, (timelines,)))
    for name in sorted(names & RULES.keys()):
        RULES[name](linked["episodes"], timelines)
    found |= {("episodes", STRATA[name]) for name in names & STRATA.keys()}
    found |= {("episodes", spec["cluster"])}
    found |= {("ties", name) for name in _strings(list(_under(spec, "components")))}
    return sorted(found)


def _strings(value: Any) -> Iterator[str]:
    """Every string in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _under(value: Any, key: str) -> Iterator[Any]:
    """What stands under a key, wherever in a nested value."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == key:
                yield inner
            else:
                yield from _under(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _under(inner, key)


def _modules(module: ModuleType) -> list[ModuleType]:
    """A module of a part, and the modules of designs from which it takes something."""
    found: dict[str, ModuleType] = {}
    waiting = [module]
    while waiting:
        one = waiting.pop()
        if one.__name__ in found:
            continue
        found[one.__name__] = one
        for node in ast.walk(ast.parse(inspect.getsource(one))):
            if isinstance(node, ast.ImportFrom) and (node.module or "") in _parts_of_designs():
                waiting.append(sys.modules[str(node.module)])
    return list(found.values())


def _parts_of_designs() -> set[str]:
    """Modules of designs that not every hypothesis is run through."""
    common = {
        node.module
        for module in (designs, gather, tasks)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    return {
        name for name in sys.modules if name.startswith(("collsec.designs.", "collsec.subjects."))
    } - common


def _names(module: ModuleType) -> Iterator[str]:
    """Strings and attributes that stand in the text of a module."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _named_columns(said: Iterable[str], frames: Frames) -> Iterator[Column]:
    """Columns that are named where their frame is named too."""
    names = set(said)
    for frame in names & frames.linked.keys():
        yield from ((frame, c) for c in frames.linked[frame].columns if c in names)
    for table in names & frames.tables.keys() if "tables" in names else ():
        yield from ((f"tables/{table}", c) for c in frames.tables[table].columns if c in names)


def raw_columns(column: Column, fields: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the raw columns, as ``table.column``, from which a column is made.

    Parameters
    ----------
    column : (frame, column)
    fields : mapping of str to iterable of str
        Columns of each raw table.

    Raises
    ------
    KeyError
        If the column comes from nowhere.
    """
    if column in DERIVED:
        return DERIVED[column]
    frame, name = column
    if frame.startswith("tables/"):
        return (f"{frame.removeprefix('tables/')}.{name}",)
    if frame.startswith("timelines/"):
        return ()  # keys and dates of the steps: those of what is counted
    for table in JOINED[frame]:
        if name in fields[table]:
            return (f"{table}.{name}",)
    raise KeyError(column)
