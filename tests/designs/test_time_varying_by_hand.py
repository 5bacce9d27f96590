"""Exposures that begin during made-up wars: rows of a record, redraws, tasks."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.inputs import Cohort
from collsec.designs.time_varying import (
    AgreementBuilder,
    AgreementClock,
    TimeVarying,
    calendar_day,
    lay_out,
    redraw_on_the_eve,
    within_window,
)
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, STUDY, calendar, cohort, days, episodes_of, inputs_of, prepared_of
from riskset import cox_ph

DESIGN = TimeVarying()


# A record that begins and ends --------------------------------------------------------------------

UNITS = cohort(
    ("a", 10, "2000-01-01", "2002-12-31", True, 1),  # ends on the record's last day
    ("b", 11, "2000-01-01", "2002-06-01", True, 1),  # exposed on its first day: left out
    ("c", 20, "2000-01-01", "2003-06-01", True, 1),  # ends after it
    ("d", 30, "2003-01-01", "2004-01-01", True, 2),  # begins after it
    ("e", 40, "2001-06-01", "2002-01-01", True, 2),  # begins and ends within it
    ("f", 50, "2000-01-01", "2000-12-31", True, 2),  # ends before it
)
SPELLS = calendar(
    (10, "2001-03-02", None),
    (11, "2001-01-01", None),
    (20, "2001-01-02", "2001-02-01"),
    (40, "2001-07-01", "2001-09-01"),
)
RECORD = (pd.Timestamp("2001-01-01"), pd.Timestamp("2002-12-31"))


def test_rows_are_cut_to_the_days_of_a_record() -> None:
    found = within_window(prepared_of(UNITS, SPELLS, lag=0), RECORD)
    told = found.rows[["unit_id", "start", "stop", "event", "x"]].to_numpy().tolist()
    assert told == [
        # Day 366 is the first of 2001, day 1095 the last of 2002.
        ["a", 366, 426, False, 0],
        ["a", 426, 1095, True, 1],
        ["c", 366, 367, False, 0],
        ["c", 367, 397, False, 1],
        ["c", 397, 1095, False, 0],
        ["e", 0, 30, False, 0],
        ["e", 30, 92, False, 1],
        ["e", 92, 214, True, 0],
    ]
    assert "b" not in set(found.units["unit_id"])


def test_units_and_spells_are_laid_out_on_the_calendar() -> None:
    spec = dataclasses.replace(
        SPEC, inference=InferenceSpec("risk_set_rerandomization", assignment_strata=("region",))
    )
    inputs = inputs_of(spec=spec)
    prepared = within_window(prepared_of(UNITS, SPELLS, lag=1), RECORD)
    asked: list[list[str]] = []

    def status(units: pd.DataFrame, on: pd.Series) -> np.ndarray:
        asked.append([f"{day:%Y-%m-%d}" for day in on])
        return np.arange(len(on) * len(units)).reshape(len(on), len(units))

    found = lay_out(inputs, prepared, window=RECORD, status=status)
    zero = calendar_day(days("2000-01-01", "2000-01-01", "2001-06-01")).tolist()
    assert zero[0] == 54 * 365 + 13  # thirteen leap days between 1946 and 2000
    assert found.origin.tolist() == zero
    assert found.entry.tolist() == [366, 366, 0] and found.exit.tolist() == [1095, 1095, 214]
    assert found.event.tolist() == [True, False, True]
    order = np.argsort([zero[0] + 426, zero[0] + 367, zero[2] + 30])
    assert found.unit.tolist() == [[0, 1, 2][i] for i in order]
    assert found.assigned.tolist() == sorted([zero[0] + 426, zero[0] + 367, zero[2] + 30])
    assert (found.on - found.assigned).tolist() == [30.0, 30.0, 30.0]
    assert found.off.tolist()[1] == math.inf and found.off.tolist()[0] == zero[0] + 397 + 30
    # Days asked for each spell as it stands; units d and f, which have no day in it, are gone.
    assert asked == [["2001-03-02", "2001-01-02", "2001-07-01"]]
    assert found.status is not None and found.status.shape == (3, 3)
    codes = found.assignment_strata[:, 0]
    assert codes[0] == codes[1] != codes[2]
    plain = lay_out(inputs_of(), prepared_of(UNITS, SPELLS, lag=0))
    assert plain.entry.tolist() == [0.0] * 6 and plain.event.all() and plain.status is None


# Redrawn before a war ends ------------------------------------------------------------------------


def test_a_war_about_to_end_is_five_times_as_likely_to_receive_troops() -> None:
    units = cohort(
        ("own", 10, "2000-01-01", "2004-01-01", True, 1),
        ("eve", 20, "2000-01-01", "2001-07-03", True, 1),  # 183 days after the act
        ("not", 30, "2000-01-01", "2001-07-04", True, 1),  # 184 days after it
        ("far", 40, "2000-01-01", "2001-02-01", True, 2),  # another region
        ("day", 50, "2000-01-01", "2001-01-01", True, 1),  # ends on the day itself
    )
    spec = dataclasses.replace(
        SPEC, inference=InferenceSpec("risk_set_rerandomization", assignment_strata=("region",))
    )
    acts = calendar((10, "2001-01-01", "2001-03-01"), (10, "2001-05-01", None))
    design = lay_out(inputs_of(spec=spec), prepared_of(units, acts, lag=0))
    drawn = redraw_on_the_eve(design, 20_000, np.random.default_rng(1))
    first = np.bincount(drawn[:, 0], minlength=5) / 20_000
    assert first == pytest.approx([1 / 7, 5 / 7, 1 / 7, 0, 0], abs=0.012)
    # In May two wars are about to end, and whoever had the first spell is free again.
    second = np.bincount(drawn[:, 1], minlength=5) / 20_000
    assert second == pytest.approx([1 / 11, 5 / 11, 5 / 11, 0, 0], abs=0.012)
    # Had the first spell gone on, its war could not receive the second.
    overlapping = dataclasses.replace(design, off=np.array([design.assigned[1], np.inf]))
    drawn = redraw_on_the_eve(overlapping, 5000, np.random.default_rng(1))
    assert (drawn[:, 0] != drawn[:, 1]).all() and (drawn >= 0).all()
    alone = lay_out(inputs_of(), prepared_of(units[:1], acts, lag=0))
    never_free = dataclasses.replace(alone, off=np.array([np.inf, np.inf]))
    drawn = redraw_on_the_eve(never_free, 3, np.random.default_rng(1))
    assert drawn.tolist() == [[0, -1]] * 3


def test_a_war_is_followed_from_its_first_agreement() -> None:
    wars = cohort(
        ("a", 10, "2000-01-01", "2002-01-01", True, 1),
        ("b", 20, "2000-01-01", "2002-01-01", True, 1),
        ("c", 30, "2000-01-01", "2002-01-01", False, 1),
    )
    units = wars.assign(onset_date=wars["time_zero"], is_ended=wars["is_event"])
    signed = pd.DataFrame(
        {
            "conflict_id": [10, 10, 10, 20, 20, 30],
            # On the days of onset and of the end, and on those next to them.
            "from_date": days(
                *("2000-01-01", "2000-01-02", "2001-01-01"),
                *("2000-01-01", "2002-01-01", "2001-12-31"),
            ),
        }
    )
    attrition = pd.DataFrame(
        [{"step": "all", "rule": "", "n_units": 3, "n_events": 2, "dropped": 0}]
    )
    builder = AgreementBuilder(inputs_of(timelines={"peace_process": signed}), ())
    found = builder.units_of(Cohort(units, attrition), pd.DataFrame())
    assert found.units["unit_id"].tolist() == ["a", "c"]
    assert found.units["time_zero"].tolist() == days("2000-01-02", "2001-12-31").tolist()
    last = found.attrition.iloc[-1]
    assert (last["n_units"], last["n_events"], last["dropped"]) == (2, 1, 1)


# Tasks --------------------------------------------------------------------------------------------


def world() -> Inputs:
    rng = np.random.default_rng(8)
    wars, steps = [], []
    for i in range(30):
        on = pd.Timestamp("2000-01-01") + pd.Timedelta(days=int(rng.integers(400)))
        length = int(rng.integers(300, 1500))
        end = str((on + pd.Timedelta(days=length)).date())
        wars.append((f"{i:02d}-1", i, i % 8, str(on.date()), end, i % 6 > 0))
        if i % 2:
            steps.append((i, on + pd.Timedelta(days=length // 4)))
    troops = pd.DataFrame(steps, columns=["conflict_id", "known_from"])
    troops = troops.astype({"known_from": "datetime64[s]"}).assign(un_troops=1, peacekeepers=1)
    spec = dataclasses.replace(
        SPEC,
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("un_troops", lag_months=6),
        secondary=(ExposureSpec("peacekeepers"),),
        outcomes=(),
        lags_months=(0, 6),
    )
    return inputs_of(spec=spec, episodes=episodes_of(*wars), timelines={"deployment": troops})


def test_every_task_estimates_its_own_exposure_and_lag() -> None:
    inputs = world()
    tasks = DESIGN.tasks(inputs, Draws(400, 0, 0, 0))
    assert list(tasks) == ["primary", "lag.0", "secondary.peacekeepers"]
    found = {name: task().estimates[0] for name, task in tasks.items()}
    told = {n: (e.estimate_id, e.role, e.lag_months, e.label) for n, e in found.items()}
    assert told == {
        "primary": ("h1.primary", Role.PRIMARY, 6, "UN troops present"),
        "lag.0": ("h1.lag_00", Role.LAG, 0, "Lag of 0 months"),
        "secondary.peacekeepers": (
            *("h1.peacekeepers", Role.SECONDARY, 0),
            "Any peacekeeping troops present (UN, regional, coalition)",
        ),
    }
    levels = [round(e.level, 6) for e in found.values()]
    assert levels == [0.983333, 0.983333, 0.95]
    whole = {"start": "start", "stop": "stop", "event": "event"}
    for name, lag in (("primary", 6), ("lag.0", 0)):
        prepared = DESIGN.prepare(inputs, ExposureSpec("un_troops", lag_months=lag))
        fit = cox_ph(prepared.rows, prepared.column, **whole, cluster="gwno_host")
        one, log = found[name], float(fit.params.iloc[0])
        assert math.log(one.estimate) == pytest.approx(log, abs=1e-7)
        assert one.std_error == pytest.approx(float(fit.std_errors.iloc[0]), rel=1e-6)
        assert one.ci_low < one.estimate < one.ci_high and one.inference.startswith("risk_set")
        # The level of one of three primaries is not the usual one, whose interval stands beside.
        assert one.ci_low <= one.low_95 < one.high_95 <= one.ci_high
        assert math.isfinite(one.expected_events) and math.isfinite(one.centered)
    assert math.isnan(found["secondary.peacekeepers"].low_95)
    without = DESIGN.without_draws(inputs, DESIGN.prepare(inputs, inputs.spec.exposure), 0.9)
    assert (without.inference, without.role) == ("cluster_sandwich", Role.PRIMARY)
    assert without.estimate == pytest.approx(found["primary"].estimate)
    rows, _ = DESIGN.panel(inputs)
    assert {"un_troops_lag_00", "un_troops_lag_06"} <= set(rows)
    assert (rows["un_troops_lag_06"] <= rows["un_troops_lag_00"]).all()
    made = DESIGN.calibrate(inputs, DESIGN.prepare(inputs, inputs.spec.exposure), 100, 0)
    assert made.draws == 100 and made.rejection_rate < 0.15
    assert math.isnan(DESIGN.calibrate_biased(inputs, 5))
    nobody = DESIGN.prepare(inputs, inputs.spec.exposure)
    groups = DESIGN.groups(inputs, dataclasses.replace(nobody, strata=("type_group",)))
    assert set(groups) == {"Within states"}
    assert set(DESIGN.groups(inputs, nobody)) == {"All wars of the cohort"}
    # Blocks of draws know nothing of each other: there is one.
    again = DESIGN.calibrate(inputs, nobody, 100, 1)
    assert (again.estimates == made.estimates).all() and DESIGN.calibration_blocks == 1


def test_on_a_clock_of_agreements_the_eve_of_peace_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draws = 60
    monkeypatch.setattr("collsec.designs.time_varying.EVE_DRAWS", draws)
    given, clock = world(), AgreementClock()
    episodes = given.episodes
    signed = pd.DataFrame({"conflict_id": episodes["conflict_id"]})
    signed["from_date"] = signed["known_from"] = episodes["onset_date"] + pd.Timedelta(days=20)
    spec = dataclasses.replace(given.spec, exposure=ExposureSpec("un_troops_absorbing"))
    given = dataclasses.replace(
        given,
        spec=dataclasses.replace(spec, outcomes=()),
        study=dataclasses.replace(STUDY, horizon_months=12),
        timelines=given.timelines | {"peace_process": signed},
    )
    prepared = clock.prepare(given, given.spec.exposure)
    eve = clock.anticipation(given, prepared)
    rejected = round(eve.rejection_rate * draws)
    assert eve.rejection_rate == pytest.approx(rejected / draws)
    interval = stats.binomtest(rejected, draws).proportion_ci(0.95, method="wilson")
    assert (eve.ci_low, eve.ci_high) == pytest.approx((interval.low, interval.high))
    again = clock.anticipation(given, prepared).rejection_rate
    assert again == eve.rejection_rate and 0 < again < 1
    checked = clock.robustness(given).records
    assert checked["describes"] == []
    assert checked["engines_agree"] and checked["without"]["left_out"]
    said = clock.robustness(given).quantities["eve_of_peace.rejection"]
    assert (said.value, said.digits) == (eve.rejection_rate, 1)
    _, told = clock.curves(given, prepared)
    assert told["incidence.horizon"].value == 12
    rows, _ = clock.panel(given)
    first = rows.drop_duplicates("unit_id").set_index("unit_id")["time_zero"]
    onset = episodes.set_index("episode_id")["onset_date"]
    assert ((first - onset[first.index]).dt.days == 20).all()
    # Where nobody has troops there is nothing to redraw.
    nobody = given.timelines["deployment"].iloc[:0]
    empty = dataclasses.replace(given, timelines=given.timelines | {"deployment": nobody})
    none = clock.anticipation(empty, clock.prepare(empty, empty.spec.exposure))
    assert none.draws == 0 and math.isnan(none.rejection_rate) and math.isnan(none.ci_low)
