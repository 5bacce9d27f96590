"""One conflict, or the wars of one mission, left out at a time; places left out; the lead."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import DESIGNS, PARTS
from collsec.designs.checks import judge, leave_one_out, places, sign_flips, units_of_missions
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.parts import Context
from collsec.designs.time_varying import EPOCH
from collsec.hypothesis.validation import load
from collsec.measures import get
from for_all_tests import LAST_DIGITS
from made_up_cohorts import SPEC, inputs_of, prepared_of
from riskset import cox_ph
from study import PROJECT, study_inputs, texts_of

DAY = pd.Timestamp
SAME_MAXIMUM = 1e-6


def after(days: float) -> pd.Timestamp:
    return EPOCH + pd.Timedelta(days=days)


def cohort() -> Prepared:
    """Thirty wars; troops are on 2, 5 and 8 from day 100, and come to 20 after it ended."""
    n = 30
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "conflict_id": range(n),
            "time_zero": EPOCH,
            "exit_date": [after(200 + 10 * (i * 7 % n)) for i in range(n)],
            "gwno_host": range(n),
            "is_event": True,
        }
    )
    calendar = pd.DataFrame({"conflict_id": [2, 5, 8], "on_date": after(100), "off_date": pd.NaT})
    return prepared_of(units, calendar, lag=0)


def missions(*rows: tuple[str, int, float, float | None]) -> pd.DataFrame:
    """Mission, conflict, and days of its first and last troops."""
    return pd.DataFrame(
        [
            {
                "mission_id": mission,
                "sponsor": "un",
                "conflict_id": conflict,
                "has_troops": True,
                "link_basis": "file",
                "link_confidence": 3,
                "first_troops_basis": "file",
                "first_troops_date": after(first),
                "from_date": EPOCH,
                "last_troops_date": pd.NaT if last is None else after(last),
                "end_date": pd.NaT,
                "to_date": pd.NaT,
            }
            for mission, conflict, first, last in rows
        ]
    ).astype({"has_troops": "boolean"})


MISSIONS = missions(
    ("one", 2, 100, None),
    ("one", 5, 100, None),
    ("two", 8, 100, None),
    ("two", 5, 150, None),
    ("late", 20, 9000, None),
    ("before", 2, -50, -10),
)


def test_a_mission_exposed_the_wars_on_which_its_troops_were() -> None:
    found = units_of_missions(inputs_of(missions=MISSIONS), cohort())
    assert found == {"one": {"2-1", "5-1"}, "two": {"5-1", "8-1"}}


def test_the_ratio_without_a_mission_is_that_of_the_other_wars() -> None:
    prepared = cohort()
    without = leave_one_out(inputs_of(missions=MISSIONS), prepared)
    assert without[["kind", "left_out"]].to_numpy().tolist() == [
        ["conflict", "2"],
        ["conflict", "5"],
        ["conflict", "8"],
        ["mission", "one"],
        ["mission", "two"],
    ]
    for name, units in {"one": ["2-1", "5-1"], "two": ["5-1", "8-1"]}.items():
        rows = prepared.rows[~prepared.rows["unit_id"].isin(units)]
        fit = cox_ph(rows, ["x"], start="start", stop="stop", event="event")
        ratio = without.loc[without["left_out"] == name, "hazard_ratio"].iloc[0]
        assert math.log(ratio) == pytest.approx(fit.params["x"], abs=SAME_MAXIMUM)


def test_an_exposure_that_is_no_presence_has_no_missions() -> None:
    spec = dataclasses.replace(
        SPEC, exposure=dataclasses.replace(SPEC.exposure, measure="veto_12m")
    )
    assert units_of_missions(inputs_of(missions=MISSIONS, spec=spec), cohort()) == {}


def test_conflicts_and_missions_that_turn_the_sign_are_named() -> None:
    without = pd.DataFrame(
        {
            "kind": ["conflict", "mission", "mission"],
            "left_out": ["234", "monuc", "unoci"],
            "hazard_ratio": [0.9, 0.99, math.nan],
        }
    )
    assert sign_flips(1.2, without) == ["conflict 234", "mission monuc"]
    assert sign_flips(0.8, without) == []


def test_a_conflict_that_turns_the_sign_is_told_by_its_latest_place() -> None:
    episodes = pd.DataFrame(
        {
            "conflict_id": [300, 300, 234],
            "location": ["Cambodia", "Cambodia (Kampuchea)", "Israel"],
            "onset_date": pd.to_datetime(["1967-01-01", "1978-12-25", "1949-01-01"]),
        }
    )
    without = pd.DataFrame(
        {
            "kind": ["conflict", "mission"],
            "left_out": ["300", "monuc"],
            "hazard_ratio": [0.9, 0.8],
        }
    )
    assert sign_flips(1.2, without, places(episodes)) == [
        "conflict 300 (Cambodia (Kampuchea))",
        "mission monuc",
    ]


NOTHING = Estimate(
    "h1.lead",
    "h1",
    "falsification",
    "Lead",
    "lead",
    0,
    "hazard_ratio",
    1.0,
    0.9,
    1.2,
    0.95,
    0.5,
    0.1,
    "risk_set_rerandomization",
    300,
    100,
    80,
    40,
    20,
    10,
    8,
    mde_high=1.2,
)


@pytest.mark.parametrize(
    ("low", "high", "fails_if", "outcome"),
    [
        (1.1, 1.6, "either", "failed"),
        (1.1, 1.6, "above_one", "failed"),
        (1.1, 1.6, "below_one", "passed"),
        (0.5, 0.9, "either", "failed"),
        (0.5, 0.9, "below_one", "failed"),
        (0.5, 0.9, "above_one", "passed"),
        (0.9, 1.2, "either", "passed"),
    ],
)
def test_a_placebo_fails_only_in_the_direction_that_speaks_against_the_design(
    low: float, high: float, fails_if: str, outcome: str
) -> None:
    found = dataclasses.replace(NOTHING, ci_low=low, ci_high=high)
    assert judge(found, NOTHING, fails_if) == outcome
    blunt = dataclasses.replace(NOTHING, mde_high=2.0)
    assert judge(blunt, NOTHING, fails_if) == "uninformative"


def test_the_lead_is_the_half_year_before_troops_come_and_never_while_they_are_there() -> None:
    steps = pd.DataFrame(
        [(1, "2000-07-01", 1), (1, "2001-01-01", 0), (1, "2001-03-01", 1), (2, "1990-12-31", 2)],
        columns=["conflict_id", "from_date", "un_troops"],
    )
    steps["known_from"] = pd.to_datetime(steps["from_date"])
    found = get("un_troops_to_come")({"deployment": steps})
    assert found.to_numpy().tolist() == [
        [1, DAY("2000-01-01"), DAY("2000-07-01")],
        [1, DAY("2001-01-01"), DAY("2001-03-01")],
        [2, DAY("1990-06-30"), DAY("1990-12-31")],
    ]


def test_wars_may_end_in_the_lead_and_some_did() -> None:
    """Troops that came after the end count, so that the lead is no time without risk."""
    inputs = study_inputs(load(PROJECT, "h1"))
    lead = next(e for e in inputs.spec.falsification if e.measure == "un_troops_to_come")
    prepared = prepare(inputs, lead)
    is_on = prepared.rows[prepared.column] > 0
    assert (is_on & prepared.rows["event"]).sum() >= 1
    assert is_on.sum() >= 10


def test_each_named_place_is_left_out_and_no_other() -> None:
    inputs = study_inputs(load(PROJECT, "h2"))
    prepared = prepare(inputs, inputs.spec.exposure)
    draws = dataclasses.replace(inputs.study.draws("quick"), rerandomization_draws=120)
    part = PARTS["named_exclusions"].function(Context(inputs, prepared, draws))
    ids = [e.estimate_id for e in part.estimates]
    assert ids == [f"h2.without.{n}" for n in ("israel", "syria", "southern_africa", "ukraine")]
    units = prepared.units
    gone = {
        "israel": [666],
        "syria": [652],
        "southern_africa": [540, 541, 552, 560, 565],
        "ukraine": [369],
    }
    for estimate in part.estimates:
        name = estimate.estimate_id.rsplit(".", 1)[1]
        assert estimate.n_units == (~units["gwno_host"].isin(gone[name])).sum() < len(units)
        assert texts_of("named_exclusions", part)[f"without.{name}.ends"] == str(
            estimate.exposed_events
        )


def test_what_stands_beside_the_primary_is_judged_by_its_own_method() -> None:
    """H3's secondary index by the jackknife, with the sandwich beside; H2's biased one not."""
    inputs = study_inputs(load(PROJECT, "h3"))
    exposure = inputs.spec.secondary[0]
    prepared = prepare(inputs, exposure)
    known = {"estimate_id": "h3.x", "role": Role.SECONDARY, "level": 0.95, "draws": 0}
    design = DESIGNS["fixed_at_onset"]
    found = design.estimate(inputs, prepared, exposure, **known)
    by_sandwich = dataclasses.replace(exposure, inference="cluster_sandwich")
    beside = design.estimate(inputs, prepared, by_sandwich, **known)
    assert found.inference == "cluster_jackknife"
    assert found.estimate == pytest.approx(beside.estimate, rel=LAST_DIGITS)
    limits = pytest.approx((beside.ci_low, beside.ci_high), rel=LAST_DIGITS)
    assert (found.cluster_low, found.cluster_high) == limits
    assert found.std_error > beside.std_error
    assert beside.inference == "cluster_sandwich"
