"""Spells of peace: who is followed, what counts as present, and a known effect found again."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest

from collsec.designs import DESIGNS, Inputs
from collsec.designs.comparison import Comparison
from collsec.designs.inputs import Prepared
from collsec.designs.jackknife import CoxRefits
from collsec.designs.recurrence import _refits, over_time, present
from collsec.histories.cohorts import Cohort, peace_after
from collsec.hypothesis.validation import load
from for_all_tests import LAST_DIGITS, first
from riskset.inference import cluster_jackknife
from study import PROJECT, study_inputs

DESIGN = DESIGNS["recurrence"]
# Two refits of one likelihood, by different code.
SAME_MAXIMUM = 1e-9
DATA_SETS = 200


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h4"))


@functools.cache
def prepared() -> Prepared:
    return DESIGN.prepare(inputs(), inputs().spec.exposure)


def wars(*rows: tuple[str, int, str, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["episode_id", "conflict_id", "onset_date", "exit_date", "is_ended"]
    )
    frame[["onset_date", "exit_date"]] = frame[["onset_date", "exit_date"]].astype("datetime64[s]")
    return frame.assign(
        last_year=frame["exit_date"].dt.year,
        onset_year=frame["onset_date"].dt.year,
        earlier_episodes=0,
        region=4,
        type_at_onset="intrastate",
        gwno_host=500,
    )


def test_peace_is_followed_from_twelve_months_after_the_end() -> None:
    episodes = wars(
        ("1-1", 1, "2000-02-01", "2001-03-01", True),  # resumes in 2005
        ("1-2", 1, "2005-06-01", "2006-01-10", True),  # never again
        ("2-1", 2, "2000-02-01", "2001-12-31", True),  # resumes before the landmark
        ("2-2", 2, "2002-11-01", "2003-01-10", True),
        ("3-1", 3, "2019-02-01", "2020-12-31", False),  # goes on
        ("4-1", 4, "2019-02-01", "2020-06-01", True),  # landmark beyond the record
    )
    units = episodes.assign(unit_id=episodes["episode_id"], time_zero=episodes["onset_date"])
    attrition = pd.DataFrame(
        [{"step": "all", "rule": "", "n_units": 6, "n_events": 5, "dropped": 0}]
    )
    found = peace_after(Cohort(units, attrition), episodes)
    got = found.units.set_index("unit_id")
    assert list(got.index) == ["1-1", "1-2", "2-2"]
    assert got.loc["1-1", "time_zero"] == pd.Timestamp("2002-03-01")
    assert got.loc["1-1", "exit_date"] == pd.Timestamp("2005-06-01")
    assert list(got["is_ended"]) == [True, False, False]
    assert got.loc["1-2", "exit_date"] == pd.Timestamp("2020-12-31")
    assert list(found.attrition["dropped"]) == [0, 1, 2]
    assert list(found.attrition["n_units"]) == [6, 5, 3]


def test_presence_is_that_of_the_day_itself() -> None:
    units = pd.DataFrame({"unit_id": list("abcd"), "conflict_id": [1, 2, 3, 4]})
    day = pd.Series(pd.to_datetime(["2000-01-10"] * 4).astype("datetime64[s]"))
    spells = pd.DataFrame(
        {
            "conflict_id": [1, 2, 3, 4],
            "on_date": pd.to_datetime(["1999-01-01", "2000-01-10", "1999-01-01", "1999-01-01"]),
            "off_date": pd.to_datetime([None, None, "2000-01-09", "2000-01-10"]),
        }
    )
    # Known strictly before the day; still there on it.
    assert list(present(units, spells, day)) == [1.0, 0.0, 0.0, 1.0]


def test_the_study_has_the_spells_that_a_count_by_hand_gives() -> None:
    found, units = prepared(), prepared().units
    episodes = inputs().episodes
    civil = episodes[episodes["type_at_onset"].isin(["intrastate", "internationalized"])]
    ended = civil[civil["is_ended"].astype(bool)]
    assert int(found.attrition["n_units"].iloc[-2]) == len(ended)
    # No conflict resumes within the first year, so the landmark drops the last year's ends alone.
    last = pd.Timestamp(int(episodes["last_year"].max()), 12, 31)
    assert set(ended["episode_id"]) - set(units["unit_id"]) == set(
        ended.loc[ended["exit_date"] + pd.DateOffset(months=12) >= last, "episode_id"]
    )
    later = episodes.groupby("conflict_id")["onset_date"].max()
    resumed = units["conflict_id"].map(later).to_numpy() > units["end_date"].to_numpy()
    assert (resumed == found.outcome["is_event"].to_numpy(bool)).all()


def test_refits_at_once_are_the_refits_one_by_one() -> None:
    rows = prepared().rows
    cluster, drawn = rows["gwno_host"].to_numpy(), rows[prepared().column].to_numpy(float)
    quick = cluster_jackknife(_refits(prepared(), "gwno_host")(drawn), cluster, level=0.95)
    laid_out = Comparison.of(prepared(), "gwno_host").design()
    slow = cluster_jackknife(CoxRefits(laid_out), cluster, level=0.95)
    assert quick.estimate == pytest.approx(slow.estimate, abs=SAME_MAXIMUM)
    np.testing.assert_allclose(
        quick.influence.estimates, slow.influence.estimates, atol=SAME_MAXIMUM
    )


def test_presence_over_time_begins_at_the_landmark() -> None:
    moved = over_time(inputs(), prepared(), inputs().calendar("un_troops_at_end"))
    rows = moved.rows
    assert (rows["stop"] - rows["start"]).sum() == pytest.approx(
        (prepared().rows["stop"] - prepared().rows["start"]).sum()
    )
    assert rows["event"].sum() == prepared().rows["event"].sum()
    first = rows[rows["start"] == 0].set_index("unit_id")[moved.column]
    units = prepared().units.set_index("unit_id")
    there = present(
        prepared().units, inputs().calendar("un_troops_at_end"), prepared().units["time_zero"]
    )
    assert (first[units.index].to_numpy() == there).mean() > 0.99  # arrivals on the day itself


def drawn_peace(rng: np.random.Generator, log_ratio: float) -> Prepared:
    """The real spells of peace and presence, with recurrences drawn under a known ratio."""
    base = prepared()
    rows = base.rows.copy()
    exposed = rows[base.column].to_numpy() > 0
    # A falling hazard, as peace has; hosts differ in how fragile they are.
    hosts, host = np.unique(rows["gwno_host"], return_inverse=True)
    frailty = rng.gamma(4.0, 1 / 4.0, size=len(hosts))[host]
    scale = 4000.0 * np.exp(-0.5 * rows["earlier_episodes_group"].to_numpy())
    total = rng.exponential(size=len(rows)) / (frailty * np.exp(log_ratio * exposed))
    time = np.ceil(scale * total ** (1 / 0.8))
    limit = (pd.Timestamp(2024, 12, 31) - base.units["time_zero"]).dt.days
    limit = pd.Series(limit.to_numpy(), index=base.units["unit_id"])[rows["unit_id"]].to_numpy()
    rows["stop"], rows["event"] = np.minimum(time, limit).astype(float), time <= limit
    return dataclasses.replace(base, rows=rows)


@pytest.mark.parametrize("ratio", first(0.4, 1.0))
def test_a_known_effect_is_found_and_none_is_not(ratio: float) -> None:
    found, covered, rejected = [], 0, 0
    for number in range(DATA_SETS):
        made = drawn_peace(np.random.default_rng([13, number]), math.log(ratio))
        cluster = made.rows["gwno_host"].to_numpy()
        exposure = made.rows[made.column].to_numpy(float)
        one = cluster_jackknife(_refits(made, "gwno_host")(exposure), cluster, level=0.95)
        found.append(one.estimate)
        covered += one.ci_low <= math.log(ratio) <= one.ci_high
        rejected += one.p_value < 0.05
    mean, error = np.mean(found), np.std(found) / math.sqrt(DATA_SETS)
    # Frailty that is left out of the model pulls a ratio toward one, by less than a tenth here.
    assert abs(mean - math.log(ratio)) < 3 * error + 0.1 * abs(math.log(ratio))
    assert 0.90 <= covered / DATA_SETS <= 0.99
    if ratio == 1.0:
        assert 0.02 <= rejected / DATA_SETS <= 0.09
    else:
        assert np.mean(np.array(found) < 0) > 0.98 and rejected / DATA_SETS > 0.6


def test_the_calibration_is_one_whatever_the_number_of_blocks() -> None:
    first = DESIGN.calibrate(inputs(), prepared(), 16, 0)
    again = DESIGN.calibrate(inputs(), prepared(), 16, 0)
    assert first.draws == 2
    np.testing.assert_allclose(again.estimates, first.estimates, rtol=LAST_DIGITS)
    longer = DESIGN.calibrate(inputs(), prepared(), 80, 0)
    assert longer.draws == 10
    np.testing.assert_allclose(longer.estimates[:2], first.estimates, rtol=LAST_DIGITS)
    assert longer.mean_exposed_events > 5
