"""Redrawn dates where what is known leaves one day, or a few, and merged and censored wars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.variants import (
    MILESTONES,
    follow_until,
    merge_gaps,
    pair,
    redraw_episodes,
    redraw_missions,
    windows,
)

DRAWS = 40


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[s]")


def test_a_window_is_the_day_the_month_or_the_year() -> None:
    dates = days("2000-02-29", "2000-02-10", "2000-02-10", None)
    low, high = windows(dates, pd.Series(["day", "month", "year", "day"], dtype="string"))
    first, last = (np.array(d).astype("datetime64[D]").astype(str).tolist() for d in (low, high))
    assert first == ["2000-02-29", "2000-02-01", "2000-01-01", "1970-01-01"]
    assert last == ["2000-02-29", "2000-02-29", "2000-12-31", "1970-01-01"]


def drawn_pairs(first: tuple[int, int], second: tuple[int, int]) -> set[tuple[int, int]]:
    rng = np.random.default_rng(3)
    return {pair(first, second, rng) for _ in range(300)}


def test_a_pair_of_days_is_in_order_and_within_both_windows() -> None:
    assert drawn_pairs((1, 2), (1, 2)) == {(1, 1), (1, 2), (2, 2)}
    assert drawn_pairs((1, 3), (2, 2)) == {(1, 2), (2, 2)}
    assert drawn_pairs((1, 1), (3, 4)) == {(1, 3), (1, 4)}
    assert drawn_pairs((4, 5), (1, 5)) == {(4, 4), (4, 5), (5, 5)}


# Wars -------------------------------------------------------------------------------------------

_WAR = (
    "episode_id onset_date onset_precision first_death_date first_death_precision end_date "
    "end_precision exit_date duration_days"
)


def redrawn(*war: object) -> set[tuple[object, ...]]:
    """Return what forty wars with the same dates are given: onset, end, exit, and duration."""
    frame = rows(_WAR, *((f"{i}", *war) for i in range(DRAWS)))
    columns = ("onset_date", "end_date", "exit_date", "duration_days")
    return set(told(redraw_episodes(frame, np.random.default_rng(1)), *columns))


def test_a_known_first_death_bounds_the_onset_from_below() -> None:
    war = ("2000-01-31", "month", "2000-01-30", "day", "2000-05-01", "day", "2000-05-01", 91.0)
    assert redrawn(*war) == {
        ("2000-01-30", "2000-05-01", "2000-05-01", 92.0),
        ("2000-01-31", "2000-05-01", "2000-05-01", 91.0),
    }
    vague = ("2000-01-31", "month", "2000-01-30", "month", "2000-05-01", "day", "2000-05-01", 91.0)
    found = {onset for onset, *_ in redrawn(*vague)}
    assert len(found) > 10 and min(str(day) for day in found) < "2000-01-10"


def test_an_end_is_not_before_the_onset_and_the_exit_is_the_end() -> None:
    war = ("2000-01-30", "day", "2000-01-30", "day", "2000-01-31", "month", "2000-01-31", 1.0)
    assert redrawn(*war) == {
        ("2000-01-30", "2000-01-30", "2000-01-30", 0.5),
        ("2000-01-30", "2000-01-31", "2000-01-31", 1.0),
    }


def test_a_war_that_goes_on_keeps_its_exit_and_known_days_stay() -> None:
    war = ("2000-01-31", "day", "2000-01-31", "day", None, None, "2001-12-31", 700.0)
    assert redrawn(*war) == {("2000-01-31", None, "2001-12-31", 700.0)}
    both = ("2000-01-31", "month", "2000-01-31", "day", None, None, "2001-12-31", 700.0)
    assert redrawn(*both) == {("2000-01-31", None, "2001-12-31", 700.0)}


ENDED = rows(
    "episode_id conflict_id onset_date exit_date end_date end_precision is_ended first_year "
    "last_year outcome duration_days earlier_episodes",
    ("1-2", 1, "1993-02-01", "1994-06-30", "1994-06-30", "day", True, 1993, 1994, "b", 1.0, 1),
    ("1-1", 1, "1990-03-01", "1991-05-10", "1991-05-10", "month", True, 1990, 1991, "a", 1.0, 0),
    ("1-3", 1, "1997-01-01", "1997-01-01", "1997-01-01", "day", True, 1997, 1997, "c", 1.0, 2),
    ("2-1", 2, "1990-03-01", "1999-12-31", None, None, False, 1990, 1999, None, 1.0, 0),
)


def test_merged_wars_take_the_end_of_the_last() -> None:
    columns = (
        "episode_id onset_date exit_date end_date end_precision is_ended last_year outcome "
        "duration_days earlier_episodes"
    )
    assert told(merge_gaps(ENDED, 2), *columns.split()) == [
        ("1-1", "1990-03-01", "1994-06-30", "1994-06-30", "day", True, 1994, "b", 1582.0, 0),
        ("1-3", "1997-01-01", "1997-01-01", "1997-01-01", "day", True, 1997, "c", 0.5, 1),
        ("2-1", "1990-03-01", "1999-12-31", None, None, False, 1999, None, 3592.0, 0),
    ]
    # After 1997 two quiet years have been seen, not three.
    assert merge_gaps(ENDED, 2)["is_ended"].tolist() == [True, True, False]
    assert told(merge_gaps(ENDED, 3), "episode_id", "is_ended") == [("1-1", False), ("2-1", False)]
    assert list(merge_gaps(ENDED, 2).columns) == list(ENDED.columns)


def test_follow_up_ends_on_the_last_day_of_the_year() -> None:
    found = follow_until(ENDED, 1994)
    assert told(found, "episode_id", "exit_date", "is_ended", "duration_days") == [
        ("1-2", "1994-06-30", True, 514.0),
        ("1-1", "1991-05-10", True, 435.0),
        ("2-1", "1994-12-31", False, 1766.0),
    ]
    assert list(found.columns) == list(ENDED.columns)
    edge = ENDED.assign(
        onset_date=days("1994-12-30", "1994-12-31", "1995-01-01", "1990-01-01"),
        exit_date=days("1994-12-31", "1994-12-31", "1995-01-02", "1995-01-01"),
        is_ended=True,
    )
    assert told(follow_until(edge, 1994), "episode_id", "exit_date", "is_ended") == [
        ("1-2", "1994-12-31", True),
        ("2-1", "1994-12-31", False),
    ]


# Operations -------------------------------------------------------------------------------------

_KNOWN = {
    "mission_id": "m",
    "authorized_date": "2000-01-15",
    "authorized_precision": "day",
    "first_personnel_date": "2000-03-15",
    "first_personnel_precision": "day",
    "first_troops_date": "2000-05-15",
    "first_troops_precision": "day",
    "last_troops_date": "2001-01-15",
    "last_troops_precision": "day",
    "end_date": "2001-03-15",
    "end_precision": "day",
    "from_date": "2000-03-15",
    "from_precision": "day",
    "to_date": None,
    "to_precision": None,
}


def moved(*columns: str, **changes: object) -> set[tuple[object, ...]]:
    """Return what forty operations with the same dates are given for some of them."""
    made = [(_KNOWN | changes | {"mission_id": f"{i}"}).values() for i in range(DRAWS)]
    frame = rows(" ".join(_KNOWN), *(tuple(row) for row in made))
    return set(told(redraw_missions(frame, np.random.default_rng(1)), *columns))


def test_known_days_of_an_operation_stay() -> None:
    dates = [name for name in _KNOWN if name.endswith("_date")]
    assert moved(*dates) == {tuple(_KNOWN[name] for name in dates)}
    gone = dict.fromkeys((f"{name}_date" for name in MILESTONES), None)
    assert moved(*dates, **gone) == {(None,) * 5 + ("2000-03-15", None)}


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        # Between a known milestone before it and one after it in the month.
        (
            {"authorized_date": "2000-03-30", "first_troops_date": "2000-03-30"},
            "first_personnel_date",
            {"2000-03-30"},
        ),
        (
            {"authorized_date": "2000-03-30"},
            "first_personnel_date",
            {"2000-03-30", "2000-03-31"},
        ),
        (
            {"first_troops_date": "2000-03-02"},
            "first_personnel_date",
            {"2000-03-01", "2000-03-02"},
        ),
        # On the last and on the first day of the month.
        ({"authorized_date": "2000-03-31"}, "first_personnel_date", {"2000-03-31"}),
        ({"first_troops_date": "2000-03-01"}, "first_personnel_date", {"2000-03-01"}),
    ],
)
def test_a_drawn_milestone_keeps_the_order_within_its_month(
    changes: dict[str, object], column: str, expected: set[str]
) -> None:
    vague = {"first_personnel_precision": "month", "first_personnel_date": "2000-03-31"}
    assert moved(column, **vague, **changes) == {(day,) for day in expected}


def test_a_milestone_of_another_month_or_of_no_known_day_bounds_nothing() -> None:
    vague = {"first_personnel_precision": "month", "first_personnel_date": "2000-03-31"}
    for changes in ({}, {"authorized_date": "2000-03-31", "authorized_precision": "month"}):
        found = {str(day) for (day,) in moved("first_personnel_date", **vague, **changes)}
        assert min(found) < "2000-03-05" and max(found) > "2000-03-27" and len(found) > 15
        assert all(day.startswith("2000-03") for day in found)


def test_troops_may_wind_up_after_the_end_but_the_end_does_not_precede_them() -> None:
    ended = {"end_date": "2001-01-02", "last_troops_date": "2001-01-31"}
    found = moved("last_troops_date", last_troops_precision="month", **ended)
    assert max(str(day) for (day,) in found) > "2001-01-20" and len(found) > 15
    left = {"end_date": "2001-01-31", "end_precision": "month", "last_troops_date": "2001-01-30"}
    assert moved("end_date", **left) == {("2001-01-30",), ("2001-01-31",)}


def test_milestones_of_one_month_are_one_event() -> None:
    month = {"authorized_date": "2000-03-31", "authorized_precision": "month"}
    both = month | {"first_personnel_date": "2000-03-31", "first_personnel_precision": "month"}
    found = moved("authorized_date", "first_personnel_date", **both)
    assert len(found) > 15 and all(one == other for one, other in found)
    year = both | {"first_personnel_precision": "year"}
    assert any(o != p for o, p in moved("authorized_date", "first_personnel_date", **year))


def test_a_link_moves_with_its_milestone_or_by_itself() -> None:
    vague = {"first_personnel_precision": "month", "from_precision": "month"}
    found = moved("first_personnel_date", "from_date", **vague)
    assert len(found) > 15 and all(one == other for one, other in found)
    # Where the link's day is known, it stays though the milestone moves.
    known = moved("first_personnel_date", "from_date", first_personnel_precision="month")
    assert len(known) > 15 and {day for _, day in known} == {"2000-03-15"}
    alone = {day for (day,) in moved("to_date", to_date="2000-09-30", to_precision="month")}
    assert len(alone) > 15 and all(str(day).startswith("2000-09") for day in alone)
    assert {str(day)[-2:] for day in alone} & {"01", "02", "03"}
    year = {day for (day,) in moved("to_date", to_date="2000-09-30", to_precision="year")}
    assert len({str(day)[:7] for day in year}) > 6
    # The end of a link that is the end of the operation is that day.
    last = {"end_date": "2001-03-31", "end_precision": "month"}
    ends = moved("end_date", "to_date", to_date="2001-03-31", to_precision="month", **last)
    assert len(ends) > 15 and all(one == other for one, other in ends)


def test_rows_of_one_operation_have_one_draw_and_keep_their_order() -> None:
    links = [
        _KNOWN | {"mission_id": name, "first_personnel_precision": "month"}
        for name in ("z", "a", "z")
    ]
    frame = rows(" ".join(_KNOWN), *(tuple(link.values()) for link in links))
    frame.index = pd.Index([5, 3, 4])
    found = redraw_missions(frame, np.random.default_rng(1))
    assert found.index.tolist() == [5, 3, 4] and found["mission_id"].tolist() == ["z", "a", "z"]
    dates = found["first_personnel_date"]
    assert dates[5] == dates[4] != dates[3]
    assert list(found.columns) == list(frame.columns)
