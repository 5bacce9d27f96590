"""The study's own tables, linked, as tests use them: read once from the committed raw data."""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

from collsec.core.project import Project
from collsec.designs import Inputs
from collsec.histories import timelines
from collsec.histories.episodes import Linked, link
from collsec.hypothesis.specification import Spec, load_study
from collsec.pipeline import TIMELINES
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
