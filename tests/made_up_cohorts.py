"""Hypotheses and cohorts made up for the tests of designs, without files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd

from collsec.core.project import Project
from collsec.designs.inputs import Inputs, Prepared
from collsec.histories.panels import arrange, unit_spells
from collsec.histories.timelines import PRESENCES
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


#: What is the same of all made-up wars, unless a test says otherwise.
ALIKE: dict[str, object] = {
    "type_at_onset": "intrastate",
    "region": 1,
    "earlier_episodes": 0,
    "outcome": "peace_agreement",
    "onset_precision": "day",
    "end_precision": "day",
    "has_p5_party": False,
    "gdp_per_capita": 1000.0,
    "population_thousands": 5000.0,
    "polyarchy_index": 0.5,
    "incompatibility": "government",
    "location": "Nowhere",
}


def wars_of(*wars: tuple[str, int, int, str, str, bool], **columns: object) -> pd.DataFrame:
    """Linked episodes: id, conflict, host, first and last day, whether the war has ended."""
    names = ["episode_id", "conflict_id", "gwno_host", "onset_date", "exit_date", "is_ended"]
    frame = pd.DataFrame(list(wars), columns=names)
    days = {name: frame[name].astype("datetime64[s]") for name in ("onset_date", "exit_date")}
    frame = frame.assign(**days).astype({"is_ended": "boolean"})
    years = {"onset_year": "onset_date", "first_year": "onset_date", "last_year": "exit_date"}
    frame = frame.assign(
        end_date=frame["exit_date"].where(frame["is_ended"]),
        duration_days=(frame["exit_date"] - frame["onset_date"]).dt.days.astype(float),
        **{name: frame[day].dt.year for name, day in years.items()},
    )
    return frame.assign(**(ALIKE | columns))


def presence_of(*steps: tuple[int, str, int]) -> dict[str, pd.DataFrame]:
    """Timelines of deployment: conflict, day, and how many missions from then on."""
    frame = pd.DataFrame(list(steps), columns=["conflict_id", "from_date", "un_troops"])
    days = frame["from_date"].astype("datetime64[s]")
    every = {name: frame["un_troops"] for name in PRESENCES}
    hosts = pd.DataFrame({"gwno_host": [], "from_date": [], "un_troops": []}).astype(
        {"gwno_host": int, "from_date": "datetime64[s]"}
    )
    return {
        "deployment": frame.assign(from_date=days, known_from=days, **every),
        "host_deployment": hosts.assign(known_from=hosts["from_date"]),
    }


#: Ten wars without ties, one row each, with a yes-or-no covariate and another one in degrees.
TEN_WARS = pd.DataFrame(
    {
        "unit_id": range(10),
        "start": 0.0,
        "stop": [90.0, 200.0, 340.0, 500.0, 620.0, 800.0, 950.0, 1300.0, 2500.0, 2600.0],
        "event": [True] * 9 + [False],
        "x": [1.0, 0, 1, 0, 1, 0, 1, 0, 1, 0],
        "z": [0.2, 1.1, -0.4, 0.3, 0.9, -1.2, 0.5, -0.1, 0.7, -0.6],
        "gwno_host": [1, 2, 3, 1, 2, 3, 4, 4, 1, 2],
        "region": [1, 1, 1, 1, 2, 2, 2, 2, 2, 1],
    }
)


def episodes_of(*wars: tuple[str, int, int, str, str, bool]) -> pd.DataFrame:
    """Wars of region 4 that ended, where they did, as fighting died down; earlier ones counted."""
    found = wars_of(*wars, region=4, outcome="low_activity")
    return found.assign(earlier_episodes=found.groupby("conflict_id").cumcount())


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
