"""All that is wrong with what a person writes, listed at once: the content of `collsec check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.rules import read_rules
from collsec.core.errors import CollsecError, Fault, faults_of
from collsec.core.project import Project
from collsec.hypothesis.registries import Registries
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import load
from collsec.tables import crosschecks
from collsec.tables.clean import check_foreign_keys, check_state_codes, read_raw, resources
from collsec.tables.consistency import Encyclopedias
from collsec.upstream.sources import read_sources

#: Reads something that a person writes, and raises what is wrong with it.
Check = Callable[[Project], Any]


def faults(
    project: Project,
    registries: Callable[[Project], Registries],
    further: Iterable[Check] = (),
) -> list[Fault]:
    """Everything that is wrong with the raw tables, the sources, the study file and the pages.

    Parameters
    ----------
    project : Project
    registries : callable
        Gives what a specification may name, once the tables have been read.
    further : iterable of callable
        Checks of later rooms (claims, cases, prose), each raising what it finds.

    Returns
    -------
    list of Fault
        By file, line and key; empty where nothing is wrong. Of a table the first fault is
        listed, and of facts that do not fit one another the first, once every table is whole.
    """
    found = [*_tables(project)]
    found += _raised(lambda: read_sources(project.raw / "sources.toml"))
    found += _pages(project, registries)
    for check in further:
        found += _raised(partial(check, project))
    return sorted(dict.fromkeys(found), key=lambda fault: fault.place)


def written_by_hand(project: Project) -> list[Path]:
    """Every file that :func:`faults` reads: while none has changed, neither have the faults.

    Pages may bring modules and tables along, so that all of the folder of analyses counts.
    """
    folders = (project.raw, project.root / "analyses")
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _raised(check: Callable[[], Any]) -> tuple[Fault, ...]:
    try:
        check()
    except CollsecError as error:
        return faults_of(error)
    return ()


def _tables(project: Project) -> Iterator[Fault]:
    """Faults of the raw tables: of each by itself, then of all together."""
    try:
        named = resources(project)
    except CollsecError as error:
        yield from faults_of(error)
        return
    frames: dict[str, pd.DataFrame] = {}
    for name, resource in named.items():
        try:
            frames[name] = read_raw(project, resource)
        except CollsecError as error:
            yield from faults_of(error)
    if len(frames) < len(named):
        return
    files = {name: project.relative(project.raw / r["path"]) for name, r in named.items()}
    yield from _raised(lambda: check_foreign_keys(project, named, frames))
    yield from _raised(lambda: check_state_codes(project, named, frames))
    yield from _raised(
        lambda: crosschecks.check(
            frames,
            files,
            read_sources(project.raw / "sources.toml"),
            read_rules(project.raw / "rules", Encyclopedias),
        )
    )


def _pages(project: Project, registries: Callable[[Project], Registries]) -> Iterator[Fault]:
    """Faults of the study file, and of the page of every hypothesis that it lists."""
    try:
        study = load_study(project)
    except CollsecError as error:
        yield from faults_of(error)
        return
    known = registries(project)
    for hypothesis in study.hypotheses:
        yield from _raised(partial(load, project, hypothesis, known))
