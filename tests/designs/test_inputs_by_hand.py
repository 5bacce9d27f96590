"""A cohort of eight wars laid out: who enters, at which step the others leave, and their days."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from by_hand import told
from collsec.designs.inputs import (
    Inputs,
    PanelBuilder,
    codes,
    cohort_of,
    followed_until,
    prepare,
)
from collsec.histories.registry import Extent
from collsec.hypothesis.options import Choices
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import SPEC, inputs_of, presence_of, wars_of

DAY = pd.Timestamp
TROOPS = ExposureSpec("un_troops", 0)
WARS = wars_of(
    ("a", 1, 10, "2000-01-01", "2000-04-10", True),  # troops after 31 days
    ("b", 2, 20, "2000-01-01", "2000-04-10", True),  # troops were there, and stay
    ("c", 3, 30, "2000-01-01", "2000-04-10", True),  # troops come on the very first day
    ("d", 4, 40, "2000-01-01", "2000-01-31", True),  # troops leave on the very first day
    ("e", 5, 10, "2001-01-01", "2001-02-20", False),  # twice troops, it goes on
    ("f", 6, 20, "2000-01-01", "2000-01-01", True),  # over on its first day
    ("g", 7, 30, "2000-01-01", "2000-01-11", True),  # between states
    ("h", 8, 40, "2002-01-01", "2002-01-21", True),  # troops come on its last day
    type_at_onset=["intrastate"] * 6 + ["interstate", "internationalized"],
    population_thousands=[1000.0, 1000, 1000, np.nan, 1000, 1000, 1000, 1000],
    polyarchy_index=[0.1, 0.2, 0.3, 0.4, np.nan, 0.6, 0.7, 0.8],
)
STEPS = presence_of(
    *((1, "2000-02-01", 1), (2, "1999-05-01", 1), (3, "2000-01-01", 1)),
    *((4, "1999-05-01", 1), (4, "2000-01-01", 0)),
    *((5, "2001-01-11", 1), (5, "2001-01-21", 0), (5, "2001-01-31", 2), (5, "2001-02-10", 0)),
    (8, "2002-01-21", 1),
)
EXTENTS = {
    "resolutions": Extent(DAY("1946-01-01"), DAY("2001-01-01")),
    "outcomes": Extent(DAY("1946-01-01"), DAY("2000-04-09")),
}
PLAIN = dataclasses.replace(SPEC, exposure=TROOPS, adjustment=())


def inputs(wars: pd.DataFrame = WARS, **more: object) -> Inputs:
    council = STEPS["deployment"].assign(resolutions=STEPS["deployment"]["un_troops"].cumsum())
    given: dict[str, object] = {"spec": PLAIN, "extents": EXTENTS, "episodes": wars}
    timelines = STEPS | {"council": council}
    return inputs_of(**(given | {"timelines": timelines} | more))


def rows(prepared: object, *columns: str) -> list[tuple[object, ...]]:
    frame = prepared.rows  # type: ignore[attr-defined]
    return told(frame, "unit_id", "start", "stop", "event", *columns)


A = [("a", 0, 31, False, 0), ("a", 31, 100, True, 1)]
E = [
    ("e", 0, 10, False, 0),
    ("e", 10, 20, False, 1),
    ("e", 20, 30, False, 0),
    ("e", 30, 40, False, 1),
    ("e", 40, 50, False, 0),
]
D, F, H = ("d", 0, 30, True, 0), ("f", 0, 0.5, True, 0), ("h", 0, 20, True, 0)


def test_rows_are_cut_where_troops_come_and_leave() -> None:
    found = prepare(inputs(), TROOPS)
    assert found.column == "un_troops_lag_00"
    assert rows(found, found.column) == [*A, D, *E, F, H]
    assert (found.adjustment, found.strata, found.estimand) == ((), (), "hazard_ratio")
    assert found.units["unit_id"].tolist() == list("adefh")
    assert found.spells is not None and found.spells.unit.tolist() == [0, 2, 2]
    assert told(found.attrition, "step", "n_units", "n_events", "dropped") == [
        ("all episodes", 8, 7, 0),
        ("type at onset", 7, 6, 1),
        ("no UN troops in host at onset", 7, 6, 0),
        ("not yet exposed at onset", 5, 4, 2),
    ]


def test_a_choice_takes_the_place_of_what_is_declared() -> None:
    def chosen(**choices: object) -> list[tuple[object, ...]]:
        given = prepare(inputs(), TROOPS, choices=Choices(**choices))  # type: ignore[arg-type]
        return rows(given, given.column)

    assert chosen(drop_countries=(10, 20)) == [D, H]
    assert chosen(types=("interstate",)) == [("g", 0, 10, True, 0)]
    assert chosen(last_year=2000) == [*A, D, F]
    # Once deployed is always deployed: so they were to `d` before its first day.
    assert chosen(measure="un_troops_absorbing")[2:5] == [
        ("e", 0, 10, False, 0),
        ("e", 10, 50, False, 1),
        F,
    ]
    # Of spells less than six months apart the effect does not lapse; no war goes on so long.
    assert chosen(lag_months=6)[0] == ("a", 0, 100, True, 0)
    assert chosen(lag_months=1)[:2] == [("a", 0, 61, False, 0), ("a", 61, 100, True, 1)]
    declared = prepare(inputs(), dataclasses.replace(TROOPS, lag_months=6))
    assert declared.column == "un_troops_lag_06"
    by_region = prepare(inputs(), TROOPS, choices=Choices(strata=("region",)))
    assert by_region.strata == ("region",)


def test_what_gap_of_years_ends_a_war() -> None:
    """In one conflict war from 2000 to 2001, then from 2003 on: one quiet year lies between."""
    wars = wars_of(
        ("x", 1, 10, "2000-06-01", "2001-03-01", True),
        ("y", 1, 10, "2003-06-01", "2003-08-01", True),
        ("z", 2, 20, "2000-06-01", "2009-03-01", False),
    )
    given = inputs(wars, timelines=presence_of((9, "2000-01-01", 1)))
    spec = dataclasses.replace(PLAIN, cohort=dataclasses.replace(PLAIN.cohort, rules=()))
    assert cohort_of(spec, Choices()) == (("intrastate", "internationalized"), (), 1, None)
    given = dataclasses.replace(given, spec=spec)
    apart = prepare(given, TROOPS)
    assert [r[:3] for r in rows(apart)] == [("x", 0, 273), ("y", 0, 61), ("z", 0, 3195)]
    one = prepare(given, TROOPS, choices=Choices(gap_years=1))
    pd.testing.assert_frame_equal(one.rows, apart.rows)
    together = prepare(given, TROOPS, choices=Choices(gap_years=2))
    assert [r[:3] for r in rows(together)] == [("x", 0, 1156), ("z", 0, 3195)]


def test_a_unit_without_a_covariate_that_the_model_needs_is_left_out() -> None:
    choices = Choices(adjustment=("log_population",))
    found = prepare(inputs(), TROOPS, choices=choices)
    assert found.adjustment == ("log_population",)
    assert [r[0] for r in rows(found)] == list("aaeeeeefh")
    assert found.rows["log_population"].tolist() == pytest.approx([np.log(1000)] * 9)
    assert found.spells is not None and found.spells.unit.tolist() == [0, 1, 1]
    assert found.spells.on.tolist() == [31, 10, 30] and len(found.outcome) == 4
    last = told(found.attrition, "step", "rule", "n_units", "n_events", "dropped")[-1]
    assert last == (
        "covariates known before onset",
        "Known for the host: Log population",
        4,
        3,
        1,
    )
    both = Choices(adjustment=("log_population", "democracy"))
    assert [r[0] for r in rows(prepare(inputs(), TROOPS, choices=both))] == list("aafh")


def test_a_covariate_as_exposure_has_no_spells_and_nobody_is_left_out_for_troops() -> None:
    exposure = ExposureSpec("democracy")
    found = prepare(inputs(), exposure)
    assert found.spells is None and found.column == "democracy"
    assert rows(found, "democracy") == [
        ("a", 0, 100, True, 0.1),
        ("b", 0, 100, True, 0.2),
        ("c", 0, 100, True, 0.3),
        ("d", 0, 30, True, 0.4),
        ("f", 0, 0.5, True, 0.6),
        ("h", 0, 20, True, 0.8),
    ]
    rule = "Known for the host: Democracy (electoral, V-Dem)"
    assert found.attrition["rule"].iloc[-1] == rule
    twice = prepare(inputs(), exposure, choices=Choices(adjustment=("democracy",)))
    assert twice.attrition["rule"].iloc[-1] == rule


def test_ever_exposed_counts_from_the_first_day_and_has_no_spells() -> None:
    found = prepare(inputs(), ExposureSpec("ever_un_troops"))
    assert found.spells is None and found.column == "ever_un_troops"
    assert [(r[0], r[-1]) for r in rows(found, "ever_un_troops")] == [
        *(("a", 1), ("b", 0), ("c", 0), ("d", 0)),
        *(("e", 1), ("f", 0), ("h", 0)),
    ]
    assert found.attrition["step"].iloc[-1] == "no UN troops in host at onset"


def test_follow_up_ends_with_the_record_of_the_exposure() -> None:
    """Of resolutions to the first day of 2001, on which a war begins that is left out with it."""
    found = prepare(inputs(), ExposureSpec("resolution_so_far"))
    assert found.units["unit_id"].tolist() == ["a", "f"]
    steps = told(found.attrition, "step", "rule", "n_units", "dropped")
    assert steps[-2] == (
        "begun while the record goes on",
        "The exposure is recorded to 2001-01-01",
        5,
        2,
    )
    assert steps[-1][2:] == (2, 3)
    assert inputs().known_until("un_troops", "resolution_so_far") == DAY("2001-01-01")
    assert inputs().known_until("end_by_agreement", "resolution_so_far") == DAY("2000-04-09")
    assert inputs().known_until("un_troops", "democracy") is None
    later = {"resolutions": Extent(DAY("1946-01-01"), DAY("2000-01-31"))}
    cut = prepare(inputs(extents=later), ExposureSpec("resolution_so_far"))
    assert rows(cut) == [("a", 0, 30, False), F[:4]]


def test_an_outcome_after_its_record_is_censored_and_one_on_its_last_day_is_not() -> None:
    found = prepare(inputs(), TROOPS, outcome="end_by_agreement")
    # A day is missing of the first war; those of 2001 and 2002 begin after the record.
    assert rows(found) == [("a", 0, 31, False), ("a", 31, 99, False), D[:4], F[:4]]
    ends = pd.DataFrame(
        {"exit_date": pd.to_datetime(["2000-04-08", "2000-04-09", "2000-04-10", "2000-04-09"])}
    ).assign(is_event=[True, True, True, False])
    until = followed_until(ends, DAY("2000-04-09"))
    assert told(until) == [
        ("2000-04-08", True),
        ("2000-04-09", True),
        ("2000-04-09", False),
        ("2000-04-09", False),
    ]


def test_a_panel_for_all_of_its_units_is_that_panel() -> None:
    found = prepare(inputs(), TROOPS)
    assert found.only(lambda frame: frame["gwno_host"] > 0) is found
    some = found.only(lambda frame: frame["gwno_host"] != 10)
    assert rows(some, found.column) == [D, F, H]
    assert some.spells is not None and len(some.spells.unit) == 0


def test_columns_that_are_named_are_carried_and_no_others() -> None:
    whole = PanelBuilder(inputs(), ("democracy",)).prepare(TROOPS)
    assert list(whole.rows)[5:] == [
        *("un_troops_lag_00", "gwno_host", "region", "period", "earlier_episodes_group"),
        *("type_group", "democracy"),
    ]


def test_codes_number_the_combinations_of_some_columns() -> None:
    units = pd.DataFrame({"b": [2, 1, 1, 2], "a": ["x", "y", "x", "x"]})
    assert codes(units, ("b", "a")).tolist() == [2, 1, 0, 2]
    assert codes(units, ()).tolist() == [0, 0, 0, 0]
