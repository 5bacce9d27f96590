"""The study's own tables, linked, as tests use them: read once from the committed raw data."""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

import collsec.subjects  # noqa: F401 - parts register themselves on import
from collsec.core.project import Project
from collsec.designs import PARTS, Inputs
from collsec.designs.estimate import tidy
from collsec.designs.parts import Part
from collsec.histories import timelines
from collsec.histories.episodes import Linked, link
from collsec.hypothesis.specification import Spec, load_study
from collsec.pipeline import TIMELINES
from collsec.reports.words.quantities import feed, printed
from collsec.tables.clean import read_raw, resources

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = Project(REPOSITORY)


@functools.cache
def raw_tables() -> dict[str, pd.DataFrame]:
    """Every raw table, typed."""
    return {name: read_raw(PROJECT, resource) for name, resource in resources(PROJECT).items()}


@functools.cache
def linked() -> Linked:
    """Episodes with missions, acts and ties."""
    return link(raw_tables())


@functools.cache
def study_timelines() -> dict[str, pd.DataFrame]:
    """Every family of timelines of the study's own episodes."""
    return all_timelines(linked())


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
        tables=raw_tables(),
    )


def all_timelines(of: Linked) -> dict[str, pd.DataFrame]:
    """Every family of timelines."""
    return {family: getattr(timelines, family)(of) for family in TIMELINES}


def texts_of(name: str, part: Part) -> dict[str, str]:
    """What a page prints of a part, by the names of its variables without the hypothesis."""
    texts = {key: printed(quantity) for key, quantity in part.quantities.items()}
    if part.estimates:
        rows = tidy(part.estimates)
        names = rows["estimate_id"].str.partition(".")[2]
        texts |= feed(rows.set_index(names), PARTS[name].variables)
    return texts
