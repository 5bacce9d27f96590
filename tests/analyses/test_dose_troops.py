"""Thousands of troops on a war: what is counted when, summed over operations, and its effect."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.dose_troops import (
    COLUMN,
    Troops,
    counted_troops,
    dosed_rows,
    per_thousand,
    troop_paths,
)

from collsec.designs.time_varying import EPOCH, calendar_day
from collsec.histories.timelines import troop_strength
from collsec.hypothesis.validation import load
from made_up_cohorts import inputs_of, prepared_of
from riskset import cox_ph
from riskset.inference import DosePath
from study import PROJECT, study_inputs

DAY = pd.Timestamp
SAME_MAXIMUM = 1e-6


def spells(*rows: tuple[str, int, str, str | None]) -> pd.DataFrame:
    """Missions by the first and last day on which their troops served a conflict."""
    frame = pd.DataFrame(rows, columns=["mission_id", "conflict_id", "first", "last"])
    first, last = pd.to_datetime(frame.pop("first")), pd.to_datetime(frame.pop("last"))
    return frame.assign(
        sponsor="un",
        has_troops=pd.array([True] * len(frame), dtype="boolean"),
        first_troops_date=first.min(),
        first_troops_basis="file",
        last_troops_date=pd.NaT,
        end_date=pd.NaT,
        from_date=first,
        to_date=last,
        link_basis="file",
        link_confidence=3,
    )


def counts(*rows: tuple[str, str, float | None, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["mission_id", "from_month", "troops", "total"])
    return frame.assign(
        from_month=pd.to_datetime(frame["from_month"]), to_month=pd.to_datetime(frame["from_month"])
    )


def paths_of(missions: pd.DataFrame, counted: pd.DataFrame, lag: int = 0) -> dict[int, DosePath]:
    return troop_paths(troop_strength(missions, counted), lag)


def on(path: DosePath, *days: str) -> list[float]:
    return path.at(calendar_day(pd.Series(pd.to_datetime(list(days))))).tolist()


def test_a_count_holds_from_the_day_after_it_to_the_next_one() -> None:
    paths = paths_of(
        spells(("a", 1, "2000-01-10", "2000-12-31")),
        counts(("a", "2000-02-29", 1000, 1500), ("a", "2000-06-30", 3000, 3500)),
        lag=0,
    )
    assert on(paths[1], "2000-02-29", "2000-03-01", "2000-06-30", "2000-07-01") == [0, 1, 1, 3]
    # Both days of a presence are included.
    assert on(paths[1], "2001-01-01", "2001-01-02") == [3, 0]


def test_numbers_count_after_the_lag() -> None:
    paths = paths_of(
        spells(("a", 1, "2000-01-01", None)), counts(("a", "2000-01-31", 500, 500)), lag=10
    )
    assert on(paths[1], "2000-02-10", "2000-02-11", "2020-01-01") == [0, 0.5, 0.5]


def test_operations_on_one_war_add_up_and_one_on_two_wars_counts_whole_for_each() -> None:
    paths = paths_of(
        spells(
            ("a", 1, "2000-01-01", None),
            ("b", 1, "2000-01-01", "2000-05-31"),
            ("a", 2, "2000-04-15", None),
            ("never", 3, "2000-01-01", None),
        ),
        counts(("a", "2000-01-31", 1000, 1), ("b", "2000-03-31", 200, 1)),
        lag=0,
    )
    assert on(paths[1], "2000-02-01", "2000-04-01", "2000-06-02") == [1, 1.2, 1]
    # What was counted before the troops turned to the second war holds from that day.
    assert on(paths[2], "2000-04-15", "2000-04-16") == [0, 1]
    assert set(paths) == {1, 2}


def test_all_people_stand_for_troops_where_these_are_not_told_apart() -> None:
    paths = paths_of(
        spells(("a", 1, "1991-01-01", None)), counts(("a", "1991-01-31", None, 700)), lag=0
    )
    assert on(paths[1], "1991-02-01") == [0.7]


def cohort(effect: float, seed: int = 0, n: int = 600) -> Troops:
    """Wars of which every third gets up to four thousand troops on a day of its own."""
    rng = np.random.default_rng(seed)
    when = np.floor(rng.uniform(50, 400, n))
    thousands = np.where(np.arange(n) % 3 == 0, rng.uniform(0, 4, n), 0.0)
    age, rate = rng.exponential(size=n), 1 / 500
    later = when + (age - rate * when) / (rate * np.exp(effect * thousands))
    days = np.ceil(np.where(age < rate * when, age / rate, later))
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "conflict_id": np.arange(n),
            "time_zero": EPOCH,
            "exit_date": EPOCH + pd.to_timedelta(days, unit="D"),
            "gwno_host": np.arange(n),
            "is_event": True,
        }
    )
    has = (thousands > 0) & (days > when)
    calendar = pd.DataFrame(
        {
            "conflict_id": np.arange(n)[has],
            "on_date": EPOCH + pd.to_timedelta(when[has], unit="D"),
            "off_date": pd.NaT,
        }
    )
    paths = {
        int(i): DosePath(np.array([when[i]]), np.array([thousands[i]])) for i in np.flatnonzero(has)
    }
    return Troops(prepared_of(units, calendar, lag=0), paths, DAY("2000-01-01"))


def test_a_known_effect_of_a_thousand_troops_is_recovered() -> None:
    effect = math.log(1.5)
    found = per_thousand(inputs_of(), cohort(effect), draws=199)
    assert abs(math.log(found.estimate) - effect) < 3 * found.std_error
    assert 1 < found.ci_low < 1.5 < found.ci_high
    assert found.p_value == 1 / 200


def test_no_effect_is_no_finding() -> None:
    found = per_thousand(inputs_of(), cohort(0.0), draws=199)
    assert found.ci_low < 1 < found.ci_high
    assert found.p_value > 0.05


def test_rows_are_cut_where_numbers_change_and_end_once() -> None:
    troops = cohort(0.0, n=30)
    changed = {
        c: DosePath(np.r_[p.day, p.day + 20], np.r_[p.dose, 0.0]) for c, p in troops.paths.items()
    }
    rows = dosed_rows(dataclasses.replace(troops, paths=changed))
    assert rows["event"].sum() == 30
    assert (rows.groupby("unit_id")["event"].sum() == 1).all()
    days = (rows["stop"] - rows["start"]).where(rows[COLUMN] > 0).groupby(rows["unit_id"]).sum()
    assert days.max() == 20
    total = (rows["stop"] - rows["start"]).groupby(rows["unit_id"]).sum()
    assert total.to_dict() == troops.prepared.rows.groupby("unit_id")["stop"].max().to_dict()


def test_on_the_study_the_estimate_is_that_of_its_cox_model() -> None:
    inputs = study_inputs(load(PROJECT, "h1"))
    troops = counted_troops(inputs)
    assert troops.prepared.outcome["exit_date"].max() == troops.last_day == DAY("2017-07-02")
    found = per_thousand(inputs, troops, draws=99)
    rows = dosed_rows(troops)
    assert rows[COLUMN].max() < 50
    fit = cox_ph(
        rows,
        [COLUMN],
        start="start",
        stop="stop",
        event="event",
        strata=list(troops.prepared.strata),
    )
    assert math.log(found.estimate) == pytest.approx(fit.params[COLUMN], abs=SAME_MAXIMUM)
