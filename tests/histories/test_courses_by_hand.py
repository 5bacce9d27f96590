"""Courses of a few wars made by hand: an agreement, the end, and the conflict's next war."""

from __future__ import annotations

import pandas as pd

from by_hand import rows, told
from collsec.histories.cohorts.courses import courses, on_one_clock, stays
from collsec.histories.cohorts.episodes import Cohort
from collsec.histories.registry import Extent

WARS = rows(
    "episode_id conflict_id onset_date exit_date is_ended last_year",
    ("1-1", 1, "1990-01-01", "1991-01-01", True, 1991),  # an agreement, an end, a relapse
    ("1-2", 1, "1995-01-01", "2000-12-31", False, 2000),  # an agreement, and it goes on
    ("2-1", 2, "1990-01-01", "1990-01-11", True, 1990),  # an end without any, and peace
    ("3-1", 3, "1990-01-01", "2000-12-31", False, 2000),  # goes on without any
    ("4-1", 4, "1974-12-31", "1976-01-01", True, 1976),  # began before the record
    ("5-1", 5, "1999-01-01", "2000-12-31", True, 2000),  # ends on the last day
)
SIGNED = rows(
    "conflict_id known_from",
    (1, "1990-04-11"),
    (1, "1990-02-20"),
    (1, "1996-01-01"),
    (2, "1990-01-11"),  # on the day of the end, and so not within the war
    (3, "1990-01-01"),  # on the day of the onset
)
RECORD = Extent(pd.Timestamp("1975-01-01"), pd.Timestamp("2005-12-31"))


def made() -> Cohort:
    units = WARS.assign(unit_id=WARS["episode_id"], time_zero=WARS["onset_date"])
    before = rows("step rule n_units n_events dropped", ("all", "All", 6, 4, 0))
    return courses(Cohort(units, before), WARS, SIGNED, RECORD)


def test_a_course_is_known_within_the_record_alone() -> None:
    found = made()
    assert told(found.units, "unit_id", "agreement_date", "end_date", "relapse_date") == [
        ("1-1", "1990-02-20", "1991-01-01", "1995-01-01"),
        ("1-2", "1996-01-01", None, None),
        ("2-1", None, "1990-01-11", None),
        ("3-1", None, None, None),
        ("5-1", None, "2000-12-31", None),
    ]
    assert set(told(found.units, "last_date")) == {("2000-12-31",)}
    assert told(found.attrition, "n_units", "n_events", "dropped")[-1] == (5, 3, 1)


def test_a_war_stays_in_each_state_that_it_came_to() -> None:
    assert told(stays(made().units)) == [
        (0, "war", "agreement", "1990-01-01", "1990-02-20"),
        (0, "agreement", "end", "1990-02-20", "1991-01-01"),
        (0, "end", "relapse", "1991-01-01", "1995-01-01"),
        (1, "war", "agreement", "1995-01-01", "1996-01-01"),
        (1, "agreement", "", "1996-01-01", "2000-12-31"),
        (2, "war", "end", "1990-01-01", "1990-01-11"),
        (2, "end", "", "1990-01-11", "2000-12-31"),
        (3, "war", "", "1990-01-01", "2000-12-31"),
        (4, "war", "end", "1999-01-01", "2000-12-31"),
    ]


def test_one_clock_runs_from_the_onset() -> None:
    found = on_one_clock(made().units, "conflict_id")
    assert told(found, "unit_id", "conflict_id", "start", "stop", "state", "to")[:3] == [
        ("1-1", 1, 0.0, 50.0, "war", "agreement"),
        ("1-1", 1, 50.0, 365.0, "agreement", "end"),
        ("1-1", 1, 365.0, 1826.0, "end", "relapse"),
    ]
    assert told(found, "start", "stop")[5:7] == [(0.0, 10.0), (10.0, 4017.0)]
