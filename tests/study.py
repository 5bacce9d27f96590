"""The study's own tables, linked, as tests use them: read once from the committed raw data."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from collsec.core.project import Project
from collsec.designs import PARTS, Inputs
from collsec.designs.estimate import tidy
from collsec.designs.parts import Part
from collsec.histories.episodes import link
from collsec.histories.extents import by_name, tabulate
from collsec.histories.registry import TIMELINES, Extent
from collsec.histories.timelines import arrange_timelines
from collsec.hypothesis.registries import Registries
from collsec.hypothesis.specification import Spec
from collsec.hypothesis.study import load_study
from collsec.pipeline import registries
from collsec.reports.words.quantities import feed, printed
from collsec.tables.clean import read_raw, resources

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = Project(REPOSITORY)


@functools.cache
def known() -> Registries:
    """Everything that a specification of the study may name."""
    return registries(PROJECT)


@functools.cache
def raw_tables() -> dict[str, pd.DataFrame]:
    """Every raw table, typed."""
    return {name: read_raw(PROJECT, resource) for name, resource in resources(PROJECT).items()}


@functools.cache
def linked_frames() -> dict[str, pd.DataFrame]:
    """Every linked frame by name."""
    return link(raw_tables())


def linked() -> SimpleNamespace:
    """Every linked frame as an attribute."""
    return SimpleNamespace(**linked_frames())


def study_timelines() -> dict[str, pd.DataFrame]:
    """Every family of timelines of the study's own episodes, those of its pages' modules too."""
    # A test may have registered one that takes a table of its own.
    known = {*raw_tables(), *linked_frames()}
    return _timelines(tuple(name for name, one in TIMELINES.items() if known.issuperset(one.takes)))


@functools.cache
def _timelines(names: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    return arrange_timelines({**raw_tables(), **linked_frames()}, names)


@functools.cache
def study_extents() -> dict[str, Extent]:
    """From which day to which each of the study's own records reaches."""
    return by_name(tabulate(raw_tables()))


def study_frames() -> dict[str, pd.DataFrame]:
    """Everything that a measure may take, by name."""
    return {**raw_tables(), **linked_frames(), **study_timelines()}


def study_inputs(spec: Spec) -> Inputs:
    """What a design works on, for a specification put to the study's own data."""
    return Inputs(
        spec=spec,
        study=load_study(PROJECT),
        episodes=linked().episodes,
        ties=linked().ties,
        missions=linked().missions,
        acts=linked().acts,
        timelines=study_timelines(),
        frames={**raw_tables(), **linked_frames()},
        extents=study_extents(),
    )


def all_timelines(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every registered timeline, from raw tables."""
    return arrange_timelines({**tables, **link(tables)})


def texts_of(name: str, part: Part) -> dict[str, str]:
    """What a page prints of a part, by the names of its variables without the hypothesis."""
    texts = {key: printed(quantity) for key, quantity in part.quantities.items()}
    if part.estimates:
        rows = tidy(part.estimates)
        names = rows["estimate_id"].str.partition(".")[2]
        texts |= feed(rows.set_index(names), PARTS[name].variables)
    return texts
