"""Matched sets by hand, months counted by day, and known effects found again."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.errors import BadSpec
from collsec.designs import Inputs
from collsec.designs.months_at_war import Matched, MonthsAtWar, window_of
from collsec.histories.cohorts.matched import match, months_at_war
from collsec.hypothesis.validation import load
from riskset import MatchedOutcomes, matched_ratio, set_rerandomization
from riskset.inference.matched_sets import redrawn_sets, set_rejections
from study import PROJECT, study_inputs

DESIGN = MonthsAtWar()
DATA_SETS = 300


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


@functools.cache
def prepared(name: str) -> Matched:
    return DESIGN.prepare(inputs(name), inputs(name).spec.exposure)


WARS = pd.DataFrame(
    [
        ("a", 1, 10, "2000-01-01", "2002-01-01", 4),  # receives the act on 2001-01-01
        ("b", 2, 20, "2000-06-01", "2001-06-01", 4),  # at risk, same region
        ("c", 3, 30, "2000-06-01", "2001-01-01", 4),  # ends on that very day
        ("d", 4, 40, "2000-06-01", "2003-01-01", 4),  # exposed already
        ("e", 5, 50, "2000-06-01", "2003-01-01", 3),  # another region
        ("f", 6, 60, "2001-01-01", "2003-01-01", 4),  # begins on that day
    ],
    columns=["unit_id", "conflict_id", "gwno_host", "onset_date", "exit_date", "region"],
).astype({"onset_date": "datetime64[s]", "exit_date": "datetime64[s]"})
SPELLS = pd.DataFrame(
    {
        "conflict_id": [1, 4],
        "on_date": [day("2001-01-01"), day("2000-07-01")],
        "off_date": [pd.NaT, pd.NaT],
    }
)
ACT = pd.DataFrame(
    [(day("2001-01-01"), 1, "a", 10)], columns=["day", "conflict_id", "unit_id", "gwno_host"]
)


def members(wars: pd.DataFrame, *strata: str) -> tuple[list[str], int]:
    values = {name: wars[[name]].to_numpy().T for name in strata}
    found = match(wars, SPELLS, strata, ACT, values, [("acts", "", 1)])
    if found.acts.empty:
        return [], -1
    return sorted(found.members["unit_id"]), int(found.acts["strata"].iloc[0])


def test_a_set_holds_the_wars_on_which_the_act_could_have_fallen() -> None:
    assert members(WARS) == (["a", "b", "e"], 0)
    assert members(WARS, "region") == (["a", "b"], 1)


def test_strata_of_one_are_dropped_from_the_last_named() -> None:
    wars = WARS.assign(talks=[1, 0, 0, 0, 0, 0])
    # Nobody else is in talks, so both go; with region first, region is kept.
    assert members(wars, "talks", "region") == (["a", "b", "e"], 0)
    assert members(wars, "region", "talks") == (["a", "b"], 1)


def test_an_act_without_any_comparable_war_is_left_out() -> None:
    assert members(WARS[WARS["unit_id"].isin(["a", "c", "f"])]) == ([], -1)


def test_months_at_war_count_relapses_and_end_with_the_window() -> None:
    episodes = pd.DataFrame(
        {
            "conflict_id": [1, 1, 2],
            "onset_date": [day("2000-01-01"), day("2002-01-01"), day("1990-01-01")],
            "exit_date": [day("2001-01-31"), day("2002-02-01"), day("2020-01-01")],
        }
    ).astype({"onset_date": "datetime64[s]", "exit_date": "datetime64[s]"})
    begin = np.array(["2001-01-01", "2001-01-01", "2001-01-01"], dtype="datetime64[D]")
    found = months_at_war(episodes, np.array([1, 2, 3]), begin, 36)
    assert found * 30.4375 == pytest.approx([30 + 31, round(36 * 30.4375), 0])
    assert months_at_war(episodes, np.array([1]), begin[:1], 12) * 30.4375 == pytest.approx([30])


def test_an_outcome_without_a_window_is_refused() -> None:
    assert window_of("months_at_war_60") == 60
    with pytest.raises(BadSpec, match="no window"):
        window_of("episode_end")


def test_a_ratio_by_hand_and_its_exact_test() -> None:
    sets = MatchedOutcomes(
        np.array([0, 0, 0, 1, 1]),
        np.array([True, False, False, True, False]),
        np.array([2.0, 4.0, 8.0, 1.0, 3.0]),
        np.array([0, 1]),
    )
    assert sets.log_ratio() == pytest.approx(math.log(3 / (6 + 3)))
    assert sets.treated - sets.expected == pytest.approx([-4, -2])
    drawn = redrawn_sets(sets, 60_000, np.random.default_rng(1))
    # Of six ways in which two acts may fall, only the observed one gives three months.
    assert drawn.p_value(sets, 0.0) == pytest.approx(2 / 6, abs=0.01)


def test_the_study_s_own_sets_obey_the_rules() -> None:
    for name in ("h5", "h6"):
        found = prepared(name)
        frame = found.sets.members
        own = frame[frame["is_own"]]
        assert list(own["act"]) == list(range(len(found.sets.acts)))
        assert (frame["days_to_end"] > 0).all() and (frame["age_days"] > 0).all()
        assert (frame.groupby("act").size() - 1 == found.sets.acts["comparable"]).all()
        last = pd.Timestamp(int(inputs(name).episodes["last_year"].max()), 12, 31)
        complete = found.sets.acts["day"] + pd.to_timedelta(round(36 * 30.4375), unit="D")
        assert (complete <= last).all()
        assert found.outcome.min() >= 0 and found.outcome.max() <= 36.01
    assert (prepared("h5").sets.acts["day"] <= day("2021-12-31")).all()


def made(name: str, rng: np.random.Generator, ratio: float) -> MatchedOutcomes:
    """The study's sets: the act falls on a member at random and multiplies what follows."""
    real = prepared(name).numbers("gwno_host")
    own = np.zeros(len(real.set_of), dtype=bool)
    for number in range(len(real.cluster)):
        own[rng.choice(np.flatnonzero(real.set_of == number))] = True
    outcome = np.where(own, real.outcome * ratio, real.outcome)
    return dataclasses.replace(real, is_treated=own, outcome=outcome)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.6])
def test_a_known_effect_is_found_and_none_is_not(ratio: float) -> None:
    found, covered, rejected = [], 0, 0
    for number in range(DATA_SETS):
        sets = made("h5", np.random.default_rng([5, number]), ratio)
        one = set_rerandomization(sets, draws=800, level=0.95, seed=number)
        found.append(matched_ratio(sets).estimate)
        covered += one.low <= math.log(ratio) <= one.high
        rejected += one.p_value < 0.05
    mean, error = np.mean(found), np.std(found) / math.sqrt(DATA_SETS)
    assert abs(mean - math.log(ratio)) < 3 * error + 0.02
    assert covered / DATA_SETS > 0.92
    if ratio == 1.0:
        assert rejected / DATA_SETS < 0.085
    else:
        assert np.mean(np.sign(found) == np.sign(math.log(ratio))) > 0.97
        assert rejected / DATA_SETS > 0.8


def test_acts_at_random_are_rejected_as_often_as_the_level_says() -> None:
    for name in ("h5", "h6"):
        rejected, ratios = set_rejections(prepared(name).numbers("gwno_host"), 2000, 0.05, 7)
        assert 0.03 < rejected / 2000 < 0.07
        assert abs(np.mean(ratios)) < 0.1


def test_acts_on_the_eve_of_peace_are_rejected_too_often_unless_both_arms_are_at_war_later() -> (
    None
):
    """What the landmark is for: acts that prefer wars about to end look as if they ended them."""
    given, matched = inputs("h5"), prepared("h5")
    at_once = DESIGN.anticipation(given, matched)
    later = dataclasses.replace(given.spec.exposure, lag_months=6)
    shifted = DESIGN.prepare(given, later)
    still = DESIGN.anticipation(given, shifted.going_on_after(6), 6)
    assert at_once.ci_low > 0.09
    assert DESIGN.anticipation(given, shifted).ci_low > 0.09
    assert still.rejection_rate < 0.09


def test_a_second_engine_gives_the_same_ratio() -> None:
    checked = DESIGN.robustness(inputs("h5")).records
    assert checked["engines_agree"] and checked["engine_gap"] < 1e-8
    assert len(checked["without"]["left_out"]) == prepared("h5").sets.acts["conflict_id"].nunique()
