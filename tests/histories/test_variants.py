"""Longer gaps merge episodes, an earlier last year censors them; unknown days are redrawn."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from collsec.histories.episodes import link
from collsec.histories.extents import last_day_followed
from collsec.histories.variants import (
    MILESTONES,
    follow_until,
    merge_gaps,
    pair,
    redraw_episodes,
    redraw_missions,
)
from study import linked, raw_tables


def episodes(*rows: tuple[int, str, str | None]) -> pd.DataFrame:
    """Episodes by conflict, onset and end, as the linking step gives them."""
    out = pd.DataFrame(rows, columns=["conflict_id", "onset_date", "end_date"])
    out["onset_date"] = pd.to_datetime(out["onset_date"])
    out["end_date"] = pd.to_datetime(out["end_date"])
    out["episode_id"] = out["conflict_id"].astype(str) + "-" + out["onset_date"].dt.year.astype(str)
    out["exit_date"] = out["end_date"].fillna(pd.Timestamp("2024-12-31"))
    out["is_ended"] = out["end_date"].notna()
    out["first_year"] = out["onset_date"].dt.year
    out["last_year"] = out["exit_date"].dt.year
    out["outcome"] = [f"outcome {i}" for i in range(len(out))]
    out["earlier_episodes"] = out.groupby("conflict_id").cumcount()
    out["duration_days"] = (out["exit_date"] - out["onset_date"]).dt.days.astype(float)
    return out


THREE = episodes(
    (1, "1990-03-01", "1991-05-10"),
    (1, "1993-02-01", "1994-06-30"),  # one quiet year, 1992
    (1, "1998-01-01", "1998-01-01"),  # three quiet years, 1995 to 1997
    (2, "1992-01-01", "1992-04-10"),
)


@pytest.mark.parametrize(
    ("gap", "spans"),
    [
        (1, ["1990-1991", "1993-1994", "1998-1998", "1992-1992"]),
        (2, ["1990-1994", "1998-1998", "1992-1992"]),
        (3, ["1990-1994", "1998-1998", "1992-1992"]),
        (4, ["1990-1998", "1992-1992"]),
    ],
)
def test_a_gap_of_fewer_quiet_years_does_not_end_an_episode(gap: int, spans: list[str]) -> None:
    made = merge_gaps(THREE, gap)
    found = made["first_year"].astype(str) + "-" + made["last_year"].astype(str)
    assert found.tolist() == spans


def test_a_merged_episode_begins_as_its_first_and_ends_as_its_last() -> None:
    row = merge_gaps(THREE, 2).iloc[0]
    assert row["episode_id"] == "1-1990"
    assert row["outcome"] == "outcome 1"
    assert (row["onset_date"], row["exit_date"]) == (
        pd.Timestamp("1990-03-01"),
        pd.Timestamp("1994-06-30"),
    )
    assert row["duration_days"] == (pd.Timestamp("1994-06-30") - pd.Timestamp("1990-03-01")).days
    assert merge_gaps(THREE, 2)["earlier_episodes"].tolist() == [0, 1, 0]


def test_an_end_is_known_only_after_as_many_quiet_years() -> None:
    """Conflicts are followed to 2024: two quiet years after 2022, one after 2023."""
    late = episodes(
        (1, "2020-01-01", "2022-06-01"), (2, "2020-01-01", "2023-06-01"), (3, "2020-01-01", None)
    )
    for gap, is_ended in (
        (1, [True, True, False]),
        (2, [True, False, False]),
        (3, [False, False, False]),
    ):
        made = merge_gaps(late, gap)
        assert made["is_ended"].tolist() == is_ended
        assert made["exit_date"].tolist() == late["exit_date"].tolist()


def test_the_release_tells_how_long_wars_are_followed() -> None:
    """A release that ends in 2019 knows as much of 2017 as one that ends in 2024 of 2022."""
    earlier = episodes(
        (1, "2015-01-01", "2017-06-01"),
        (2, "2015-01-01", "2018-06-01"),
        (3, "2015-01-01", "2019-12-31"),
    )
    assert last_day_followed(earlier) == pd.Timestamp("2019-12-31")
    assert merge_gaps(earlier, 2)["is_ended"].tolist() == [True, False, False]


def test_wars_that_go_on_are_followed_to_the_last_day_of_the_release() -> None:
    tables = raw_tables()
    for release in (2024, 2019):
        own = tables["episodes"]
        own = own[own["first_year"] <= release].copy()
        goes_on = (own["last_year"] >= release) & ~(own["end_date"].dt.year <= release)
        own["end_date"] = own["end_date"].mask(goes_on)
        own["last_year"] = own["last_year"].clip(upper=release)
        found = link(tables | {"episodes": own})["episodes"]
        is_open = found["end_date"].isna()
        assert is_open.sum() > 40
        assert (found.loc[is_open, "exit_date"] == pd.Timestamp(release, 12, 31)).all()
        assert found["exit_date"].max() == pd.Timestamp(release, 12, 31)


def test_a_gap_of_one_year_leaves_the_real_episodes_as_they_are() -> None:
    real = linked().episodes
    made = merge_gaps(real, 1).set_index("episode_id").loc[real["episode_id"]]
    for column in ("onset_date", "exit_date", "is_ended", "duration_days", "earlier_episodes"):
        assert (made[column].to_numpy() == real[column].to_numpy()).all(), column


def test_longer_gaps_leave_fewer_and_longer_episodes() -> None:
    real = linked().episodes
    counts = [len(merge_gaps(real, gap)) for gap in (1, 2, 3, 5)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[1] > counts[3]
    # No day at war is lost: a merged episode covers at least what it was merged from.
    assert merge_gaps(real, 5)["duration_days"].sum() > real["duration_days"].sum()


def test_follow_up_ends_with_the_year() -> None:
    made = follow_until(
        episodes(
            (1, "1990-03-01", "1991-05-10"),
            (2, "1990-12-30", "1990-12-31"),
            (3, "1991-01-01", "1992-01-01"),
        ),
        1990,
    )
    assert made["conflict_id"].tolist() == [1, 2]
    assert made["is_ended"].tolist() == [False, True]
    assert (made["exit_date"] == pd.Timestamp("1990-12-31")).all()
    assert made["duration_days"].tolist() == [305.0, 1.0]


# Unknown days are drawn within what is known of them; known days stay.
DRAWS = 12


@pytest.fixture(scope="module")
def redrawn() -> list[pd.DataFrame]:
    """Return several draws of the real episodes."""
    return [redraw_episodes(linked().episodes, np.random.default_rng(i)) for i in range(DRAWS)]


@pytest.fixture(scope="module")
def missions() -> list[pd.DataFrame]:
    """Return several draws of the real operations."""
    return [redraw_missions(linked().missions, np.random.default_rng(i)) for i in range(DRAWS)]


def test_known_days_stay_and_unknown_ones_keep_their_month_or_year(
    redrawn: list[pd.DataFrame],
) -> None:
    real = linked().episodes
    for drawn in redrawn:
        for what in ("onset", "end"):
            was, now = real[f"{what}_date"], drawn[f"{what}_date"]
            precision = real[f"{what}_precision"]
            assert (was.isna() == now.isna()).all()
            known = was.notna()
            assert (was == now)[known & (precision == "day")].all()
            same_month = was.dt.to_period("M") == now.dt.to_period("M")
            assert same_month[known & (precision == "month")].all()
            assert (was.dt.year == now.dt.year)[known].all()


def test_no_end_is_before_its_onset_and_durations_follow(redrawn: list[pd.DataFrame]) -> None:
    for drawn in redrawn:
        days = (drawn["exit_date"] - drawn["onset_date"]).dt.days
        assert (days >= 0).all()
        assert (drawn["duration_days"] == days.where(days > 0, 0.5)).all()
        ended = drawn["is_ended"].astype(bool)
        assert (drawn["exit_date"] == drawn["end_date"])[ended].all()
        assert (drawn["exit_date"] == pd.Timestamp("2024-12-31"))[~ended].all()


def test_no_onset_is_before_a_known_first_death(redrawn: list[pd.DataFrame]) -> None:
    known = linked().episodes["first_death_precision"] == "day"
    for drawn in redrawn:
        assert (drawn["onset_date"] >= drawn["first_death_date"])[known].all()


def test_days_are_spread_over_their_month_and_year(redrawn: list[pd.DataFrame]) -> None:
    """Onsets known to the year fall on average in the middle of it, not on 31 December."""
    real = linked().episodes
    free = (real["onset_precision"] == "year") & (real["end_date"].dt.year > real["first_year"])
    days = np.concatenate([drawn.loc[free, "onset_date"].dt.day_of_year for drawn in redrawn])
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
