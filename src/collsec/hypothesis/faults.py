"""All that is wrong with what a person writes, listed at once: the content of `collsec check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.rules import read_rules
from collsec.core.errors import CollsecError, Fault, faults_of, nearest
from collsec.core.project import Project
from collsec.hypothesis.registries import Registries
from collsec.hypothesis.specification import Spec, read
from collsec.hypothesis.study import load_study
from collsec.hypothesis.trial import World, faults_of_page
from collsec.hypothesis.validation import load
from collsec.tables import crosschecks
from collsec.tables.clean import (
    check_foreign_keys,
    check_state_codes,
    read_raw,
    resources,
    unlisted,
)
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
    frames: dict[str, pd.DataFrame] = {}
    found = [*_tables(project, frames)]
    found += _raised(lambda: read_sources(project.raw / "sources.toml"))
    found += _pages(project, registries, None if found else World(frames))
    found += _raised(lambda: unlisted(project))
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


def _tables(project: Project, frames: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    """Faults of the raw tables: of each by itself, then of all together.

    Parameters
    ----------
    project : Project
    frames : dict
        Filled with those that can be read.
    """
    try:
        named = resources(project)
    except CollsecError as error:
        yield from faults_of(error)
        return
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


def _unnamed(project: Project, specs: Iterable[Spec]) -> Iterator[Fault]:
    """Tables that lie beside pages, and that none of them names."""
    named: dict[Path, set[str]] = {}
    pages: dict[Path, str] = {}
    for spec in specs:
        page = project.spec_file(spec.hypothesis)
        named.setdefault(page.parent, set()).update(spec.tables)
        pages[page.parent] = project.relative(page)
    for folder, names in named.items():
        for path in sorted(folder.glob("*.csv")):
            if path.name not in names:
                near = nearest(path.name, names).strip()
                do = f"{near} Name it in {pages[folder]}, or delete it.".strip()
                problem = "is named under `tables` of no page, and nothing reads it."
                yield Fault(project.relative(path), problem, remedy=do)


def _pages(
    project: Project, registries: Callable[[Project], Registries], world: World | None
) -> Iterator[Fault]:
    """Faults of the study file, and of the page of every hypothesis that it lists.

    What pages bring along is tried where the raw tables are whole.
    """
    try:
        study = load_study(project)
    except CollsecError as error:
        yield from faults_of(error)
        return
    known = registries(project)
    specs = []
    for hypothesis in study.hypotheses:
        try:
            specs.append(load(project, hypothesis, known))
        except CollsecError as error:
            yield from faults_of(error)
    yield from _unnamed(project, specs)
    if world is None:
        return
    for spec in specs:
        try:
            document = read(project, spec.hypothesis)[1]
            yield from faults_of_page(project, spec, document, known, world)
        except CollsecError as error:
            yield from faults_of(error)
