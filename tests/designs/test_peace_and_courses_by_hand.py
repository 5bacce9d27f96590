"""Made-up wars that end and resume: presence at peace, transitions, and shares in each state."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import PARTS, Inputs
from collsec.designs.curves import COLUMNS
from collsec.designs.inputs import Prepared
from collsec.designs.multi_state import MultiState, stacked
from collsec.designs.parts import Context
from collsec.designs.recurrence import Recurrence, over_time
from collsec.histories.cohorts.courses import State
from collsec.histories.registry import Extent
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, episodes_of, inputs_of
from riskset import cox_ph

PEACE, COURSES = Recurrence(), MultiState()
DRAWS = Draws(400, 0, 0, 0)
WHOLE = {"start": "start", "stop": "stop", "event": "event"}


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[s]")


# Presence that changes after the landmark -------------------------------------------------------


def test_presence_after_the_landmark_is_cut_spell_by_spell() -> None:
    units = pd.DataFrame(
        {
            "unit_id": list("abcd"),
            "conflict_id": [1, 2, 3, 4],
            "time_zero": days(*["2001-01-01"] * 4),
            "exit_date": days(*["2001-12-31"] * 4),
            "gwno_host": [10, 10, 20, 20],
            "x": [1.0, 1.0, 0.0, 0.0],
        }
    )
    outcome = pd.DataFrame({"exit_date": units["exit_date"], "is_event": [True, False] * 2})
    rows = units.assign(start=0.0, stop=364.0, event=outcome["is_event"])
    prepared = Prepared(units, outcome, rows, "x", (), (), None, pd.DataFrame())
    spells = pd.DataFrame(
        {
            "conflict_id": [1, 2, 3, 3, 4],
            # From before; left on the landmark; two spells; begun on the day of exit.
            "on_date": days("2000-06-01", "2000-06-01", "2001-02-01", "2001-06-01", "2001-12-31"),
            "off_date": days("2001-03-01", "2001-01-01", "2001-03-01", None, None),
        }
    )
    found = over_time(inputs_of(), prepared, spells)
    told = found.rows[["unit_id", "start", "stop", "event", found.column, "gwno_host"]]
    assert told.to_numpy().tolist() == [
        ["a", 0, 59, False, 1, 10],
        ["a", 59, 364, True, 0, 10],
        ["b", 0, 364, False, 0, 10],
        ["c", 0, 31, False, 0, 20],
        ["c", 31, 59, False, 1, 20],
        ["c", 59, 151, False, 0, 20],
        ["c", 151, 364, True, 1, 20],
        ["d", 0, 364, False, 0, 20],
    ]
    assert found.spells is not None and found.spells.on.tolist() == [0.0, 31.0, 151.0]


# A world ----------------------------------------------------------------------------------------


def world(**more: object) -> Inputs:
    """Sixty wars of twelve hosts: agreements in half of them, troops in half, and relapses."""
    rng = np.random.default_rng(21)
    wars, signed, troops = [], [], []
    for i in range(60):
        onset = pd.Timestamp("1990-01-01") + pd.Timedelta(days=int(rng.integers(1500)))
        end = onset + pd.Timedelta(days=int(rng.integers(400, 1600)))
        again = end + pd.Timedelta(days=int(rng.integers(500, 3000)))
        ends = i % 10 > 0
        last = end if ends else pd.Timestamp("2005-12-31")
        wars.append((f"{i:02d}-1", i, i % 12, str(onset.date()), str(last.date()), ends))
        if ends and i % 3:
            wars.append((f"{i:02d}-2", i, i % 12, str(again.date()), "2005-12-31", False))
        if i % 2:
            signed.append((i, onset + (end - onset) / 3))
        if i % 4 < 2:
            arrival = onset + (end - onset) / (2 + i % 3)
            troops += [(i, arrival, 1), (i, end + pd.Timedelta(days=200 + 40 * (i % 7)), 0)]
    steps = pd.DataFrame(troops, columns=["conflict_id", "known_from", "un_troops"])
    steps["known_from"] = steps["known_from"].dt.normalize().astype("datetime64[s]")
    steps = steps.assign(un_personnel=steps["un_troops"])
    agreed = pd.DataFrame(signed, columns=["conflict_id", "known_from"])
    agreed["known_from"] = agreed["known_from"].dt.normalize().astype("datetime64[s]")
    agreed = agreed.assign(from_date=agreed["known_from"], agreements=1)
    spec = dataclasses.replace(
        SPEC,
        hypothesis="h4",
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("un_troops_at_end"),
        secondary=(ExposureSpec("un_personnel_at_end"),),
        outcome="recurrence",
        outcomes=("episode_end",),
        lags_months=(),
        inference=InferenceSpec("cluster_jackknife"),
    )
    return inputs_of(
        spec=dataclasses.replace(spec, **more),  # type: ignore[arg-type]
        episodes=episodes_of(*wars),
        timelines={"deployment": steps, "peace_process": agreed},
        extents={"agreements": Extent(pd.Timestamp("1989-01-01"), pd.Timestamp("2005-12-31"))},
    )


@functools.cache
def inputs() -> Inputs:
    return world()


@functools.cache
def courses() -> Inputs:
    return world(
        exposure=ExposureSpec("un_troops"),
        outcome="episode_end",
        secondary=(ExposureSpec("un_personnel"),),
        outcomes=(),
        lags_months=(0, 3),
    )


def log_ratio(rows: pd.DataFrame, column: str) -> float:
    return float(cox_ph(rows, column, **WHOLE).params.iloc[0])


def test_presence_is_that_of_the_end_the_landmark_and_afterwards() -> None:
    given = inputs()
    tasks = PEACE.tasks(given, DRAWS)
    assert list(tasks) == ["primary", "secondary.un_personnel_at_end", "outcome.episode_end"]
    found = {e.estimate_id: e for task in tasks.values() for e in task().estimates}
    assert {n: (e.role, e.inference) for n, e in found.items()} == {
        "h4.primary": (Role.PRIMARY, "cluster_jackknife"),
        "h4.at_landmark": (Role.SECONDARY, "cluster_jackknife"),
        "h4.over_time": (Role.SECONDARY, "cluster_jackknife"),
        "h4.redrawn": (Role.SENSITIVITY, "permutation"),
        "h4.un_personnel_at_end": (Role.SECONDARY, "cluster_jackknife"),
        "h4.episode_end": (Role.OUTCOME, "cluster_jackknife"),
    }
    rows, attrition = PEACE.panel(given)
    assert attrition["n_units"].iloc[-1] == len(rows) == 54
    primary = math.exp(log_ratio(rows, "un_troops_at_end"))
    for name in ("primary", "redrawn", "un_personnel_at_end", "episode_end"):
        assert found[f"h4.{name}"].estimate == pytest.approx(primary, rel=1e-6)
        assert found[f"h4.{name}"].estimand == "hazard_ratio_of_recurrence"
    # Twelve months after the end, troops that stayed 200 to 365 days are gone.
    spells = given.calendar("un_troops_at_end").set_index("conflict_id")
    prepared = PEACE.prepare(given, given.spec.exposure)
    zero = prepared.units.set_index("unit_id")["time_zero"]
    conflict = rows["conflict_id"].to_numpy()
    off, on = (spells[n].reindex(conflict).to_numpy() for n in ("off_date", "on_date"))
    there = (on < zero[rows["unit_id"]].to_numpy()) & (off >= zero[rows["unit_id"]].to_numpy())
    landmark = log_ratio(rows.assign(there=there.astype(float)), "there")
    assert 0 < there.sum() < (rows["un_troops_at_end"] > 0).sum()
    assert found["h4.at_landmark"].estimate == pytest.approx(math.exp(landmark), rel=1e-6)
    assert found["h4.at_landmark"].exposed_units == there.sum()
    assert found["h4.over_time"].exposed_units >= there.sum()
    assert found["h4.at_landmark"].label == "Present at the landmark"
    redrawn = found["h4.redrawn"]
    assert redrawn.ci_low < redrawn.estimate < redrawn.ci_high and 0 < redrawn.p_value <= 1
    # An exchange within one stratum: its error is that of the score, near that of the model.
    fit = cox_ph(rows, "un_troops_at_end", **WHOLE)
    assert redrawn.std_error == pytest.approx(float(fit.std_errors.iloc[0]), rel=0.1)
    groups = PEACE.groups(given, prepared)
    assert (groups == "Present when the war ended").sum() == (rows["un_troops_at_end"] > 0).sum()
    _, told = PEACE.curves(given, prepared)
    has, resumed = rows["un_troops_at_end"].to_numpy() > 0, rows["event"].to_numpy(bool)
    assert [q.value for q in told.values()] == [
        *(has.sum(), (has & resumed).sum(), (~has).sum(), (~has & resumed).sum())
    ]
    assert math.isnan(PEACE.calibrate_biased(given, 1))
    found_few = PEACE.estimate(
        given,
        prepared.only(lambda frame: frame["gwno_host"] < 2),
        given.spec.exposure,
        estimate_id="h4.few",
        role=Role.PRIMARY,
        level=0.95,
        draws=0,
    )
    assert "are required" in found_few.note and found_few.inference == "cluster_jackknife"


def test_presence_exchanged_keeps_its_number_and_adjustment_changes_no_refit() -> None:
    given = inputs()
    prepared = PEACE.prepare(given, given.spec.exposure)
    whole = [PEACE.calibrate(given, prepared, 9, block) for block in (0, 1)]
    assert [one.draws for one in whole] == [2, 1]
    share = prepared.rows["event"].mean() * (prepared.rows[prepared.column] > 0).sum()
    assert whole[0].mean_exposed_events == pytest.approx(share, rel=0.35)
    # A covariate that never varies with time is refitted with it: other numbers, as many draws.
    rng = np.random.default_rng(3)
    z = pd.Series(rng.standard_normal(len(prepared.units)), index=prepared.units["unit_id"])
    rows = prepared.rows.assign(z=z[prepared.rows["unit_id"]].to_numpy())
    adjusted = dataclasses.replace(prepared, rows=rows, adjustment=("z",))
    slow = PEACE.calibrate(given, adjusted, 9, 0)
    assert slow.draws == 2 and slow.estimates == pytest.approx(whole[0].estimates, abs=0.2)
    assert slow.mean_exposed_events == whole[0].mean_exposed_events
    # Each in an assignment stratum of its own: nothing is exchanged.
    alone = InferenceSpec("cluster_jackknife", assignment_strata=("unit_id",))
    same = PEACE.calibrate(world(inference=alone), prepared, 9, 0)
    log = log_ratio(prepared.rows, prepared.column)
    assert same.estimates == pytest.approx([log, log], abs=1e-6)


# Transitions ------------------------------------------------------------------------------------


def test_every_transition_is_a_model_of_its_own_rows() -> None:
    given = courses()
    tasks = COURSES.tasks(given, DRAWS)
    assert list(tasks) == ["primary", "lag.3", "secondary.un_personnel"]
    found = {e.estimate_id: e for task in tasks.values() for e in task().estimates}
    assert {n: (e.role, e.lag_months, e.label) for n, e in found.items()} == {
        "h4.primary": (Role.PRIMARY, 0, "UN troops present"),
        "h4.war_to_agreement": (Role.SECONDARY, 0, "From war to an agreement"),
        "h4.agreement_to_end": (Role.SECONDARY, 0, "From an agreement to the end"),
        "h4.end_to_relapse": (Role.SECONDARY, 0, "From the end to the conflict's next war"),
        "h4.against_agreement_to_end": (
            *(Role.INTERACTION, 0),
            "Primary against: from an agreement to the end",
        ),
        "h4.lag_03": (Role.LAG, 3, "Lag of 3 months"),
        "h4.un_personnel": (Role.SECONDARY, 0, "Any UN peacekeeping personnel present"),
    }
    exposure = given.spec.exposure
    own = COURSES.prepare(given, exposure)
    other = COURSES.along(given, exposure, (State.AGREEMENT, State.END))
    logs = [log_ratio(one.rows, one.column) for one in (own, other)]
    assert found["h4.primary"].estimate == pytest.approx(math.exp(logs[0]), rel=1e-6)
    assert found["h4.agreement_to_end"].estimate == pytest.approx(math.exp(logs[1]), rel=1e-6)
    against = found["h4.against_agreement_to_end"]
    assert against.estimate == pytest.approx(math.exp(logs[0] - logs[1]), rel=1e-5)
    assert against.estimand == "ratio_of_hazard_ratios" and against.level == 0.95
    assert found["h4.end_to_relapse"].estimand == "hazard_ratio_of_recurrence"
    rows, columns = stacked([own, other])
    assert columns == ["exposed_0", "exposed_1"] and len(rows) == len(own.rows) + len(other.rows)
    assert (rows.loc[rows["transition"] == 0, "exposed_1"] == 0).all()
    assert rows["exposed_1"].sum() == other.rows[other.column].sum()
    sandwich = dataclasses.replace(exposure, inference="cluster_sandwich")
    by = {"estimate_id": "h4.x", "role": Role.PRIMARY, "level": 0.95, "draws": 0}
    one = COURSES.estimate(given, own, sandwich, **by)  # type: ignore[arg-type]
    assert one.inference == "cluster_sandwich"
    assert found["h4.primary"].inference == "cluster_jackknife"
    panel, _ = COURSES.panel(given)
    onset = given.episodes.set_index("episode_id")["onset_date"]
    assert (panel["time_zero"].to_numpy() == onset[panel["unit_id"]].to_numpy()).all()


def test_exposure_carries_on_into_the_state_on_its_clock() -> None:
    given = courses()
    after = COURSES.along(given, given.spec.exposure, (State.END, State.RELAPSE))
    spells, units = after.spells, after.units
    assert spells is not None
    troops = given.calendar("un_troops").set_index("conflict_id")
    for unit, assigned, on, off in zip(
        spells.unit, spells.assigned, spells.on, spells.off, strict=True
    ):
        own, zero = troops.loc[units["conflict_id"][unit]], units["time_zero"][unit]
        assert assigned == on == (own["on_date"] - zero).days < 0
        assert off == (own["off_date"] - zero).days > 0
    assert after.estimand == "hazard_ratio_of_recurrence" and len(spells.unit) > 10


def test_courses_exchanged_and_on_the_eve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collsec.designs.multi_state.EVE_DRAWS", 60)
    given = courses()
    own = COURSES.prepare(given, given.spec.exposure)
    one, other = (COURSES.calibrate(given, own, 10, block) for block in (0, 2))
    assert (one.draws, other.draws) == (2, 1) and one.estimates[0] != one.estimates[1]
    eve = COURSES.anticipation(given, own)
    assert 50 <= eve.draws <= 60 and eve.mean_exposed_events > 1
    _, told = COURSES.curves(given, own)
    assert told["war_to_end.n_units"].value == own.rows["unit_id"].nunique()
    assert told["war_to_end.exposed_events"].value == int(
        (own.rows["event"] & (own.rows[own.column] > 0)).sum()
    )
    assert told["war_to_end.expected_events"].digits == 1
    assert math.isnan(COURSES.calibrate_biased(given, 1))
    # Said of a rejection rate that is surely above the bound, and of no other.
    spec = dataclasses.replace(given.spec, exposure=ExposureSpec("un_troops_absorbing"))
    stay = dataclasses.replace(given, spec=spec)
    found = COURSES.anticipation(stay, COURSES.prepare(stay, spec.exposure))
    made = COURSES.robustness(stay)
    checked, told = made.records, made.quantities["eve_of_peace.rejection"]
    assert (told.value, told.digits) == (found.rejection_rate, 1)
    assert checked["describes"] == [] and checked["engines_agree"]


def test_shares_in_each_state_are_shown_at_three_months() -> None:
    made = PARTS["state_occupation"].made(Context(courses(), None, DRAWS))  # type: ignore[arg-type]
    assert made.curves is not None and list(made.curves) == COLUMNS
    rows = pd.DataFrame(made.records["state_occupation"])
    assert sorted(set(rows["month"])) == [12, 36, 60] and len(rows) == 12
    total = made.curves.groupby("time_months")["estimate"].sum().to_numpy()
    assert total == pytest.approx(1.0) and len(total) == 61
    # No war ends within 400 days, and none is censored: agreements alone are counted at a year.
    given = courses()
    first = given.episodes.drop_duplicates("conflict_id").set_index("conflict_id")["onset_date"]
    signed = given.timelines["peace_process"].set_index("conflict_id")["known_from"]
    later = given.episodes["episode_id"].str.endswith("-2")
    begun = len(given.episodes)
    waited = (signed - first[signed.index]).dt.days
    assert later.sum() > 0
    at_year = made.curves[made.curves["time_months"] == 12].set_index("group")["estimate"]
    share = float((waited <= 365.25).sum()) / begun
    assert at_year["At war after an agreement"] == pytest.approx(share, abs=0.03)
    assert made.quantities["occupation.horizon"].value == 60
    assert made.quantities["occupation.horizon"].digits == 0
    at_end = made.curves[made.curves["time_months"] == 60].set_index("group")
    for state, name in (("war", "At war, no agreement"), ("end", "At peace")):
        for end, column in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high")):
            value = made.quantities[f"occupation.{state}{end}"].value
            assert value == at_end.loc[name, column] and 0 < value < 1
