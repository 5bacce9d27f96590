"""Longer gaps merge episodes, an earlier last year censors them: hand-worked."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.histories.episodes import last_day_followed, link
from collsec.histories.followup import follow_until, merge_gaps
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
        found = link(tables | {"episodes": own}).episodes
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
