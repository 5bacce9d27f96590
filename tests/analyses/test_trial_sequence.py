"""A sequence of trials of first deployments: arms by hand, two engines, no effect of chance."""

from __future__ import annotations

import functools
import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.marginal_structural import AGREEMENT, history
from collsec_page.h1.trial_sequence import (
    _intention,
    at_events,
    compared,
    decisions,
    emulated,
)
from scipy import stats

from collsec.designs import DESIGNS, PARTS, Inputs
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared
from collsec.designs.parts import Context
from collsec.hypothesis.validation import load
from riskset import cox_ph
from study import PROJECT, known, study_inputs

# Two maxima of one likelihood, by different code.
SAME_MAXIMUM = 1e-7
LAG = 6


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h1", known()))


@functools.cache
def prepared() -> Prepared:
    found = DESIGNS["time_varying"].prepare(inputs(), inputs().spec.exposure)
    assert isinstance(found, Prepared)
    return found


@functools.cache
def context() -> Context:
    return Context(inputs(), prepared(), inputs().study.profiles["quick"])


def by_loops(months: pd.DataFrame) -> pd.DataFrame:
    """One row for each war of each trial, found war by war."""
    wars = {unit: own for unit, own in months.groupby("unit")}
    last = {unit: int(own["month"].max()) for unit, own in wars.items()}
    ended = {unit: bool(own["event"].any()) for unit, own in wars.items()}
    arrival = {unit: float(own["arrival"].iloc[0]) for unit, own in wars.items()}
    made = []
    for begin in sorted({int(a) for a in arrival.values() if math.isfinite(a)}):
        for unit in wars:
            # Still at war after the month of the arrival, and without troops before it.
            if last[unit] <= begin or arrival[unit] < begin:
                continue
            if last[unit] - begin <= LAG:
                continue
            assigned = arrival[unit] == begin
            made.append((begin, unit, LAG, last[unit] - begin, ended[unit], float(assigned)))
    rows = pd.DataFrame(made, columns=["trial", "unit", "start", "stop", "event", "x"])
    has_arm = rows.groupby("trial")["x"].transform("max") > 0
    return rows[has_arm].reset_index(drop=True)


def test_the_arms_are_those_counted_war_by_war() -> None:
    months, covariates = decisions(inputs(), prepared())
    trials = emulated(inputs(), months, covariates, "intention to treat")
    ours = compared(inputs(), trials).groupby(["trial", "unit"], as_index=False)
    ours = ours.agg(
        start=("start", "min"), stop=("stop", "max"), event=("event", "max"), x=("assigned", "max")
    )
    ours = ours[ours.groupby("trial")["x"].transform("max") > 0]
    theirs = by_loops(months)
    order = ["trial", "unit"]
    pd.testing.assert_frame_equal(
        ours.sort_values(order).reset_index(drop=True),
        theirs.sort_values(order).reset_index(drop=True),
        check_dtype=False,
    )


def test_one_row_a_war_is_the_same_likelihood_as_all_months() -> None:
    found = {e.estimate_id: e for e in PARTS["trial_sequence"].made(context()).estimates}
    names = ("sequence", "sequence_protocol", "sequence_on_record", "sequence_agreement")
    assert set(found) == {f"h1.{name}" for name in names}
    # The same wars on record, whatever they are adjusted for.
    assert found["h1.sequence_on_record"].n_units == found["h1.sequence_agreement"].n_units
    months, covariates = decisions(inputs(), prepared())
    trials = emulated(inputs(), months, covariates, "intention to treat")
    fit = cox_ph(
        compared(inputs(), trials),
        ["assigned", *covariates],
        start="start",
        stop="stop",
        event="event",
        strata="trial",
        cluster="group",
    )
    one = found["h1.sequence"]
    assert math.log(one.estimate) == pytest.approx(float(fit.params["assigned"]), abs=SAME_MAXIMUM)
    assert one.ci_low < one.cluster_low < one.estimate < one.cluster_high < one.ci_high
    # Each war with troops is one war, in however many trials it waited before.
    rows = by_loops(months)
    assert one.exposed_units == int((rows["x"] > 0).sum())
    assert one.exposed_events == int(rows.loc[rows["x"] > 0, "event"].sum())
    assert one.n_units == rows["unit"].nunique()
    protocol = found["h1.sequence_protocol"]
    assert protocol.exposed_events == one.exposed_events
    assert protocol.n_events <= one.n_events


def test_agreements_are_read_before_troops_came_in_both_arms() -> None:
    """A month before that of the trial, which is the one after the month of the arrival."""
    months, covariates = decisions(inputs(), prepared())
    assert AGREEMENT not in covariates
    before = history(inputs(), prepared())
    later = months["month"] > 1
    moved = before.groupby("unit")[AGREEMENT].shift(1)
    same = (months[AGREEMENT] == moved) | (months[AGREEMENT].isna() & moved.isna())
    assert (same | moved.isna())[later].all()
    at_arrival = before[before["arrives"]].set_index("unit")[AGREEMENT]
    first = months[months["month"] == months["arrival"] + 1].set_index("unit")[AGREEMENT]
    both = pd.concat([at_arrival, first], axis=1, join="inner").dropna()
    assert len(both) > 5 and (both.iloc[:, 0] == both.iloc[:, 1]).all()


@pytest.mark.full
def test_months_without_an_end_leave_the_likelihood_as_it_is() -> None:
    months, covariates = decisions(inputs(), prepared())
    trials = emulated(inputs(), months, covariates, "per protocol")
    rows = compared(inputs(), trials)
    said = at_events(rows)
    assert 0 < len(said) < len(rows) and said["event"].sum() == rows["event"].sum()
    fit = cox_ph(
        rows,
        ["assigned", *covariates],
        start="start",
        stop="stop",
        event="event",
        strata="trial",
        weights="weight",
    )
    _, one, *_ = PARTS["trial_sequence"].made(context()).estimates
    assert math.log(one.estimate) == pytest.approx(float(fit.params["assigned"]), abs=SAME_MAXIMUM)
    # Whoever waits is followed no longer than until troops come.
    waiting = rows[rows["assigned"] == 0]
    arrival = months.groupby("unit")["arrival"].first()
    came = arrival[waiting["unit"]].to_numpy()
    assert (waiting["trial"] + waiting["stop"] <= came).all()


def test_r_gives_the_same_coefficient(cox_by_r) -> None:  # type: ignore[no-untyped-def]
    months, covariates = decisions(inputs(), prepared())
    trials = emulated(inputs(), months, covariates, "intention to treat")
    rows = compared(inputs(), trials)
    theirs = cox_by_r(rows, ["assigned", *covariates], ["trial"], "group")
    one, *_ = PARTS["trial_sequence"].made(context()).estimates
    assert math.log(one.estimate) == pytest.approx(float(theirs["x1"]), abs=SAME_MAXIMUM)


def test_nobody_is_treated_before_troops_have_come() -> None:
    months, covariates = decisions(inputs(), prepared())
    came = months["has_come"] > 0
    assert (months.loc[came, "begin"] >= months.loc[came, "arrival"]).all()
    # What decides is what was known when the month began.
    plain = history(inputs(), prepared())
    assert {"is_war_last_year", "has_earlier_act"} <= set(covariates)
    for name in ("is_war_last_year", "has_earlier_act"):
        assert (months[name].to_numpy() == plain[name].to_numpy()).all()


def at_random(number: int) -> tuple[pd.DataFrame, list[str]]:
    """The wars as they were, and arrivals exchanged among those at risk of them."""
    months, covariates = decisions(inputs(), prepared())
    last = months.groupby("unit")["month"].max()
    arrival = months.groupby("unit")["arrival"].first()
    rng = np.random.default_rng([22, number])
    drawn = pd.Series(np.inf, index=arrival.index)
    for month in arrival[np.isfinite(arrival)].sort_values():
        free = last.index[(last.to_numpy() >= month) & ~np.isfinite(drawn.to_numpy())]
        drawn[rng.choice(free)] = month
    moved = drawn[months["unit"]].to_numpy()
    return months.assign(arrival=moved, has_come=(months["month"] > moved).astype(int)), covariates


def intended(number: int) -> Estimate:
    made, covariates = at_random(number)
    trials = emulated(inputs(), made, covariates, "intention to treat")
    return _intention(inputs(), trials, covariates)


@pytest.mark.full
def test_troops_at_random_change_nothing() -> None:
    logs = [math.log(intended(number).estimate) for number in range(12)]
    assert abs(np.mean(logs)) < 3 * np.std(logs) / math.sqrt(len(logs))


@pytest.mark.slow
def test_the_jackknife_rejects_troops_at_random_about_as_often_as_it_says() -> None:
    found = [intended(number) for number in range(100)]
    logs = np.log([one.estimate for one in found])
    assert abs(logs.mean()) < 3 * logs.std() / 10
    rejected = sum(one.p_value < 0.05 for one in found)
    assert rejected <= stats.binom.isf(1e-3, 100, 0.05)
