"""Hypotheses and cohorts made up for the tests of designs, without files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd

from collsec.core.project import Project
from collsec.designs.inputs import Inputs, Prepared
from collsec.histories.panels import arrange, unit_spells
from collsec.hypothesis.specification import InferenceSpec
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import load

PROJECT = Project(Path(__file__).resolve().parents[1])
STUDY = load_study(PROJECT)
# H1 as declared, without strata: a made-up cohort has none.
SPEC = dataclasses.replace(
    load(PROJECT, "h1"), strata=(), inference=InferenceSpec("risk_set_rerandomization")
)


def inputs_of(**frames: object) -> Inputs:
    """Inputs of a hypothesis, holding only what a test names."""
    empty = pd.DataFrame()
    given: dict[str, object] = {
        "episodes": empty,
        "ties": empty,
        "missions": empty,
        "acts": empty,
        "timelines": {},
        "frames": {},
        "extents": {},
        "spec": SPEC,
        "study": STUDY,
    }
    return Inputs(**(given | frames))


def prepared_of(units: pd.DataFrame, calendar: pd.DataFrame, lag: int = 6) -> Prepared:
    """A cohort (``unit_id, conflict_id, time_zero, exit_date, is_event, gwno_host``), laid out."""
    spells = unit_spells(units, calendar, lag)
    outcome = units[["exit_date", "is_event"]]
    carried = [c for c in ("gwno_host", "region", "period") if c in units]
    rows = arrange(units, outcome, {"x": spells}, carried)
    return Prepared(units, outcome, rows, "x", (), (), spells, pd.DataFrame())


def episodes_of(*wars: tuple[str, int, int, str, str, bool]) -> pd.DataFrame:
    """Episodes within states of region 4: name, conflict, host, first and last day, if ended."""
    names = ["episode_id", "conflict_id", "gwno_host", "onset_date", "exit_date", "is_ended"]
    frame = pd.DataFrame(list(wars), columns=names)
    frame = frame.astype({"onset_date": "datetime64[s]", "exit_date": "datetime64[s]"})
    begun, over = frame["onset_date"].dt.year, frame["exit_date"].dt.year
    return frame.assign(
        end_date=frame["exit_date"].where(frame["is_ended"]),
        first_year=begun,
        onset_year=begun,
        last_year=over,
        duration_days=(frame["exit_date"] - frame["onset_date"]).dt.days,
        earlier_episodes=frame.groupby("conflict_id").cumcount(),
        region=4,
        type_at_onset="intrastate",
        outcome="low_activity",
    )


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[s]")


def cohort(*wars: tuple[str, int, str, str, bool, int]) -> pd.DataFrame:
    names = ["unit_id", "conflict_id", "time_zero", "exit_date", "is_event", "region"]
    frame = pd.DataFrame(list(wars), columns=names)
    frame = frame.astype({"time_zero": "datetime64[s]", "exit_date": "datetime64[s]"})
    return frame.assign(gwno_host=frame["conflict_id"] // 10)


def calendar(*spells: tuple[int, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(list(spells), columns=["conflict_id", "on_date", "off_date"])
    return frame.astype({"on_date": "datetime64[s]", "off_date": "datetime64[s]"})
