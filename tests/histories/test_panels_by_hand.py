"""Spells on the clocks of a few wars, rows cut at them, and values before an onset, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from by_hand import rows, told
from collsec.core.errors import BadSpec
from collsec.histories.panels import (
    arrange,
    clock,
    days_of,
    exposed,
    exposure_column,
    key_of,
    known_before_onset,
    unit_spells,
)

UNITS = rows(
    "unit_id conflict_id time_zero exit_date region",
    ("b", 2, "2000-01-01", "2000-04-10", 5),
    ("a", 1, "2000-01-01", "2000-01-01", 6),
    ("c", 2, "2001-01-01", "2001-01-11", 7),
)


def spells(*values: tuple[int, str, str | None]) -> pd.DataFrame:
    return rows("conflict_id on_date off_date", *values)


def laid(calendar: pd.DataFrame, lag: int = 0) -> list[tuple[float, ...]]:
    found = unit_spells(UNITS, calendar, lag)
    return list(
        zip(*(v.tolist() for v in (found.unit, found.assigned, found.on, found.off)), strict=True)
    )


def test_months_are_days_and_columns_have_names() -> None:
    assert [days_of(months) for months in (0, 1, 6, 12)] == [0, 30, 183, 365]
    assert exposure_column("un_troops", 6) == "un_troops_lag_06"
    assert clock(UNITS).tolist() == [100.0, 0.5, 10.0]
    second = UNITS.assign(exit_date=UNITS["time_zero"] + pd.Timedelta(days=1))
    assert clock(second).tolist() == [1.0, 1.0, 1.0]


def test_spells_are_laid_on_the_clock_of_each_war_of_the_conflict() -> None:
    assert laid(spells((2, "2000-01-02", "2000-01-11"), (2, "2000-04-09", None))) == [
        (0, 1.0, 1.0, 10.0),
        (0, 99.0, 99.0, np.inf),
    ]
    # The day of the beginning, that of the end, and another conflict do not count.
    assert (
        laid(spells((2, "2000-01-01", None), (2, "2000-04-10", None), (3, "2000-02-01", None)))
        == []
    )
    assert laid(spells((2, "2001-01-02", "2001-01-05"))) == [(2, 1.0, 1.0, 4.0)]
    # A war of one day is never exposed: what comes that day comes on its first.
    assert laid(spells((1, "2000-01-01", None))) == []


def test_spells_that_touch_under_the_lag_are_one() -> None:
    apart = spells((2, "2000-03-11", "2000-03-21"), (2, "2000-01-11", "2000-01-21"))
    assert laid(apart) == [(0, 10.0, 10.0, 20.0), (0, 70.0, 70.0, 80.0)]
    assert laid(apart, 1) == [(0, 10.0, 40.0, 50.0), (0, 70.0, 100.0, 110.0)]
    assert laid(apart, 2) == [(0, 10.0, 71.0, 141.0)]
    touching = spells((2, "2000-01-11", "2000-01-21"), (2, "2000-01-21", "2000-01-31"))
    assert laid(touching) == [(0, 10.0, 10.0, 30.0)]
    within = spells((2, "2000-01-11", "2000-03-21"), (2, "2000-01-21", "2000-01-31"))
    assert laid(within) == [(0, 10.0, 10.0, 80.0)]
    two = spells((2, "2000-02-01", None), (2, "2001-01-05", None))
    assert laid(two) == [(0, 31.0, 31.0, np.inf), (2, 4.0, 4.0, np.inf)]


def test_rows_are_cut_at_every_change_of_any_exposure() -> None:
    outcome = pd.DataFrame(
        {"exit_date": UNITS["exit_date"], "is_event": pd.array([True, False, True], "boolean")}
    )
    exposures = {
        "x": unit_spells(UNITS, spells((2, "2000-01-11", "2000-01-21")), 0),
        "y": unit_spells(UNITS, spells((2, "2000-01-21", None), (2, "2001-01-06", None)), 0),
    }
    found = arrange(UNITS, outcome, exposures, ["region"])
    assert list(found.columns) == [
        "unit_id", "conflict_id", "start", "stop", "event", "x", "y", "region",
    ]  # fmt: skip
    assert told(found) == [
        ("b", 2, 0.0, 10.0, False, 0, 0, 5),
        ("b", 2, 10.0, 20.0, False, 1, 0, 5),
        ("b", 2, 20.0, 100.0, True, 0, 1, 5),
        ("a", 1, 0.0, 0.5, False, 0, 0, 6),
        ("c", 2, 0.0, 5.0, False, 0, 0, 7),
        ("c", 2, 5.0, 10.0, True, 0, 1, 7),
    ]
    assert found.index.tolist() == list(range(6))


def test_a_war_that_begins_on_the_last_day_followed_stays() -> None:
    until = rows("exit_date is_event", *([("2001-01-01", False)] * 3))
    found = arrange(UNITS, until, {}, [])
    assert told(found, "unit_id", "start", "stop") == [
        ("b", 0.0, 366.0),
        ("a", 0.0, 366.0),
        ("c", 0.0, 0.5),
    ]
    before = until.assign(exit_date=pd.Timestamp("2000-12-31").as_unit("s"))
    assert told(arrange(UNITS, before, {}, []), "unit_id") == [("b",), ("a",)]


def test_a_change_on_the_first_or_the_last_day_cuts_nothing() -> None:
    outcome = rows("exit_date is_event", *([("2000-04-10", True)] * 3))
    at_end = unit_spells(UNITS, spells((2, "2000-01-11", "2000-04-10")), 0)
    found = arrange(UNITS[:1], outcome[:1], {"x": at_end}, [])
    assert told(found, "start", "stop", "event", "x") == [
        (0.0, 10.0, False, 0),
        (10.0, 100.0, True, 1),
    ]
    next_day = unit_spells(UNITS, spells((2, "2000-01-02", "2000-01-03")), 0)
    found = arrange(UNITS[:1], outcome[:1], {"x": next_day}, [])
    assert told(found, "start", "stop", "x") == [(0.0, 1.0, 0), (1.0, 2.0, 1), (2.0, 100.0, 0)]
    assert exposed(np.array([0, 0, 1]), np.array([9.0, 10.0, 10.0]), at_end).tolist() == [0, 1, 0]
    assert exposed(np.array([0, 0]), np.array([99.0, 100.0]), at_end).tolist() == [1, 0]


EPISODES = rows(
    "episode_id conflict_id gwno_host onset_year", ("1-1", 1, 10, 2000), ("2-1", 2, 20, 2001)
).set_index(pd.Index([8, 9]))


def test_a_value_is_that_of_the_year_before_the_onset() -> None:
    yearly = rows(
        "gwno year oil",
        (10, 2000, 9),
        (10, 1999, 1),
        (10, 1998, 2),
        (20, 1999, 3),
        (None, 1999, 4),
        (20, None, 5),
    )
    one = known_before_onset(EPISODES, yearly, "oil", 1, "exports")
    assert told(one.to_frame()) == [(1.0,), (None,)]
    assert one.index.tolist() == [8, 9] and one.name == "oil"
    two = known_before_onset(EPISODES, yearly, "oil", 2, "exports")
    assert two.tolist() == [2.0, 3.0]
    always = rows("conflict_id is_hot", (2, True), (1, False))
    assert known_before_onset(EPISODES, always, "is_hot", 1, "climate").tolist() == [0.0, 1.0]


def test_a_table_that_tells_twice_or_no_number_is_refused() -> None:
    twice = rows("gwno year oil", (10, 1999, 1), (20, 1999, 1), (10, 1999, 1))
    with pytest.raises(BadSpec, match=r"table t: several rows for gwno and year 10, 1999\."):
        known_before_onset(EPISODES, twice, "oil", 1, "t")
    with pytest.raises(BadSpec, match=r"table t: several rows for gwno 10\."):
        known_before_onset(EPISODES, twice.drop(columns="year"), "oil", 1, "t")
    with pytest.raises(BadSpec, match="table t, column oil: must hold numbers"):
        known_before_onset(EPISODES, rows("gwno oil", (10, "much")), "oil", 1, "t")
    assert key_of("t", ["gwno", "conflict_id", "x"]) == "conflict_id"
    assert key_of("t", ["gwno_host", "episode_id"]) == "episode_id"
    with pytest.raises(BadSpec, match="table t: has no column that ties it to wars"):
        key_of("t", ["year"])
