"""Unknown days are drawn within what is known of them; known days stay."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from collsec.histories.redating import MILESTONES, pair, redraw_episodes, redraw_missions
from study import linked

DRAWS = 12


@pytest.fixture(scope="module")
def episodes() -> list[pd.DataFrame]:
    """Return several draws of the real episodes."""
    return [redraw_episodes(linked().episodes, np.random.default_rng(i)) for i in range(DRAWS)]


@pytest.fixture(scope="module")
def missions() -> list[pd.DataFrame]:
    """Return several draws of the real operations."""
    return [redraw_missions(linked().missions, np.random.default_rng(i)) for i in range(DRAWS)]


def test_known_days_stay_and_unknown_ones_keep_their_month_or_year(
    episodes: list[pd.DataFrame],
) -> None:
    real = linked().episodes
    for drawn in episodes:
        for what in ("onset", "end"):
            was, now = real[f"{what}_date"], drawn[f"{what}_date"]
            precision = real[f"{what}_precision"]
            assert (was.isna() == now.isna()).all()
            known = was.notna()
            assert (was == now)[known & (precision == "day")].all()
            same_month = was.dt.to_period("M") == now.dt.to_period("M")
            assert same_month[known & (precision == "month")].all()
            assert (was.dt.year == now.dt.year)[known].all()


def test_no_end_is_before_its_onset_and_durations_follow(episodes: list[pd.DataFrame]) -> None:
    for drawn in episodes:
        days = (drawn["exit_date"] - drawn["onset_date"]).dt.days
        assert (days >= 0).all()
        assert (drawn["duration_days"] == days.where(days > 0, 0.5)).all()
        ended = drawn["is_ended"].astype(bool)
        assert (drawn["exit_date"] == drawn["end_date"])[ended].all()
        assert (drawn["exit_date"] == pd.Timestamp("2024-12-31"))[~ended].all()


def test_no_onset_is_before_a_known_first_death(episodes: list[pd.DataFrame]) -> None:
    known = linked().episodes["first_death_precision"] == "day"
    for drawn in episodes:
        assert (drawn["onset_date"] >= drawn["first_death_date"])[known].all()


def test_days_are_spread_over_their_month_and_year(episodes: list[pd.DataFrame]) -> None:
    """Onsets known to the year fall on average in the middle of it, not on 31 December."""
    real = linked().episodes
    free = (real["onset_precision"] == "year") & (real["end_date"].dt.year > real["first_year"])
    days = np.concatenate([drawn.loc[free, "onset_date"].dt.day_of_year for drawn in episodes])
    assert free.sum() > 20
    # Uniform over 365 days: a standard deviation of 105 around 183.
    assert abs(days.mean() - 183) < 4 * 105 / np.sqrt(len(days))
    assert np.std(days) == pytest.approx(105, rel=0.15)
    assert (real.loc[free, "onset_date"].dt.day_of_year > 360).mean() > 0.5


def test_a_pair_is_uniform_over_all_pairs_in_order() -> None:
    """Windows of days 1–3 and 2–4 hold eight pairs of which the second day is not earlier."""
    rng = np.random.default_rng(1)
    allowed = [(a, b) for a, b in itertools.product(range(1, 4), range(2, 5)) if b >= a]
    assert len(allowed) == 8
    counts = Counter(pair((1, 3), (2, 4), rng) for _ in range(8000))
    assert set(counts) == set(allowed)
    # 1000 expected of each; the binomial standard deviation is 30.
    assert max(abs(n - 1000) for n in counts.values()) < 4 * 30


def test_a_war_of_one_known_day_stays_one() -> None:
    rng = np.random.default_rng(1)
    assert pair((5, 5), (5, 5), rng) == (5, 5)
    assert pair((5, 5), (1, 9), rng)[1] >= 5


def test_milestones_keep_their_months_and_their_order(missions: list[pd.DataFrame]) -> None:
    real = linked().missions
    for drawn in missions:
        for name in MILESTONES:
            was, now = real[f"{name}_date"], drawn[f"{name}_date"]
            assert (was.isna() == now.isna()).all()
            known = was.notna()
            assert (was == now)[known & (real[f"{name}_precision"] == "day")].all()
            assert (was.dt.to_period("M") == now.dt.to_period("M"))[known].all()
        for first, second in itertools.pairwise(MILESTONES[:4]):
            in_order = real[f"{first}_date"] <= real[f"{second}_date"]
            assert (drawn[f"{first}_date"] <= drawn[f"{second}_date"])[in_order].all()


def test_all_links_of_an_operation_share_its_dates(missions: list[pd.DataFrame]) -> None:
    for drawn in missions:
        for name in MILESTONES:
            dates = drawn[f"{name}_date"].fillna(pd.Timestamp(0))
            by_mission = dates.groupby(drawn["mission_id"])
            assert (by_mission.min() == by_mission.max()).all()


def test_a_link_that_begins_with_its_operation_still_does(missions: list[pd.DataFrame]) -> None:
    real = linked().missions
    together = real["from_date"] == real["first_personnel_date"]
    unknown = together & (real["from_precision"] == "month")
    assert unknown.sum() > 10
    moved = 0
    for drawn in missions:
        assert (drawn["from_date"] == drawn["first_personnel_date"])[together].all()
        moved += int((drawn["from_date"] != real["from_date"])[unknown].sum())
    assert moved > 0


def test_dates_from_monthly_counts_move_to_the_middle_of_the_month(
    missions: list[pd.DataFrame],
) -> None:
    real = linked().missions
    monthly = real["first_troops_precision"] == "month"
    days = np.concatenate([d.loc[monthly, "first_troops_date"].dt.day for d in missions])
    assert (real.loc[monthly, "first_troops_date"].dt.day >= 28).all()
    assert 12 < days.mean() < 20


def test_the_same_seed_draws_the_same_dates() -> None:
    for redraw, frame in (
        (redraw_episodes, linked().episodes),
        (redraw_missions, linked().missions),
    ):
        once, again = (redraw(frame, np.random.default_rng(3)) for _ in range(2))
        pd.testing.assert_frame_equal(once, again)
        assert list(once.columns) == list(frame.columns)
