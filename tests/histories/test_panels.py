"""Panels: rows, lags, new users, and the day of the end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from collsec.histories.panels import UnitSpells, arrange, clock, days_of, unit_spells
from collsec.measures.spells import absorbing, merged, where_positive

DAY = pd.Timestamp


def units(*rows: tuple[int, str, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "time_zero", "exit_date", "is_event"])
    for column in ("time_zero", "exit_date"):
        frame[column] = pd.to_datetime(frame[column])
    frame["unit_id"] = [f"{c}-1" for c in frame["conflict_id"]]
    return frame


def spells(*rows: tuple[int, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "on_date", "off_date"])
    for column in ("on_date", "off_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def rows_of(frame: pd.DataFrame, calendar: pd.DataFrame, lag: int = 0) -> pd.DataFrame:
    return arrange(
        frame, frame[["exit_date", "is_event"]], {"x": unit_spells(frame, calendar, lag)}, []
    )


def test_a_deployment_inside_a_war_cuts_it_in_two() -> None:
    out = rows_of(units((1, "2000-01-01", "2000-04-10", True)), spells((1, "2000-02-01", None)))
    assert out[["start", "stop", "x", "event"]].to_numpy().tolist() == [
        [0, 31, 0, False],
        [31, 100, 1, True],
    ]


def test_a_deployment_on_the_day_of_the_end_leaves_it_unexposed() -> None:
    out = rows_of(units((1, "2000-01-01", "2000-04-10", True)), spells((1, "2000-04-10", None)))
    assert out[["start", "stop", "x", "event"]].to_numpy().tolist() == [[0, 100, 0, True]]


def test_a_deployment_the_day_before_the_end_exposes_it() -> None:
    out = rows_of(units((1, "2000-01-01", "2000-04-10", True)), spells((1, "2000-04-09", None)))
    assert out["x"].tolist() == [0, 1]
    assert out["event"].tolist() == [False, True]


def test_presence_ends_with_the_last_day() -> None:
    out = rows_of(
        units((1, "2000-01-01", "2000-04-10", True)), spells((1, "2000-02-01", "2000-03-01"))
    )
    assert out[["start", "stop", "x"]].to_numpy().tolist() == [
        [0, 31, 0],
        [31, 60, 1],
        [60, 100, 0],
    ]


def test_the_lag_shifts_the_whole_spell() -> None:
    out = rows_of(
        units((1, "2000-01-01", "2002-01-01", True)), spells((1, "2000-02-01", "2000-03-01")), lag=6
    )
    assert days_of(6) == 183
    exposed = out[out["x"] == 1]
    assert exposed[["start", "stop"]].to_numpy().tolist() == [[31 + 183, 60 + 183]]


def test_exposure_that_begins_on_or_before_onset_does_not_count() -> None:
    frame = units((1, "2000-01-01", "2000-04-10", True))
    for on in ("1999-06-01", "2000-01-01"):
        assert len(unit_spells(frame, spells((1, on, None)), 0).unit) == 0


def test_spells_that_the_lag_joins_are_one() -> None:
    frame = units((1, "2000-01-01", "2004-01-01", True))
    calendar = spells((1, "2001-01-01", "2001-06-01"), (1, "2001-07-01", "2002-01-01"))
    assert len(unit_spells(frame, calendar, 0).unit) == 2
    joined = unit_spells(frame, calendar, 6)
    assert len(joined.unit) == 1
    assert joined.off[0] == (DAY("2002-01-01") - DAY("2000-01-01")).days + 183


def test_a_war_of_one_day_lasts_half_a_day_and_stays() -> None:
    frame = units((1, "2000-01-01", "2000-01-01", True))
    assert clock(frame).tolist() == [0.5]
    out = rows_of(frame, spells())
    assert out[["start", "stop", "event"]].to_numpy().tolist() == [[0, 0.5, True]]


def test_a_unit_that_begins_after_follow_up_ends_is_left_out() -> None:
    frame = units((1, "2021-01-01", "2022-01-01", True), (2, "2000-01-01", "2001-01-01", True))
    outcome = frame[["exit_date", "is_event"]].copy()
    outcome["exit_date"] = outcome["exit_date"].clip(upper=DAY("2019-12-31"))
    out = arrange(frame, outcome, {}, [])
    assert out["unit_id"].tolist() == ["2-1"]


def test_total_time_and_events_do_not_depend_on_the_cuts() -> None:
    rng = np.random.default_rng(7)
    n = 40
    zero = DAY("1990-01-01") + pd.to_timedelta(rng.integers(0, 5000, n), "D")
    frame = pd.DataFrame(
        {
            "conflict_id": np.arange(n),
            "unit_id": [f"{i}-1" for i in range(n)],
            "time_zero": zero,
            "exit_date": zero + pd.to_timedelta(rng.integers(1, 3000, n), "D"),
            "is_event": rng.random(n) < 0.8,
        }
    )
    on = zero + pd.to_timedelta(rng.integers(-500, 3000, n), "D")
    calendar = pd.DataFrame(
        {
            "conflict_id": np.arange(n),
            "on_date": on,
            "off_date": on + pd.to_timedelta(rng.integers(1, 900, n), "D"),
        }
    )
    out = rows_of(frame, calendar, 3)
    assert (out["stop"] - out["start"]).sum() == clock(frame).sum()
    assert out["event"].sum() == frame["is_event"].sum()
    inner = out["unit_id"] == out["unit_id"].shift(-1)
    assert (out["stop"][inner].to_numpy() == out["start"].shift(-1)[inner].to_numpy()).all()


def test_step_functions_become_spells_and_back() -> None:
    steps = pd.DataFrame(
        {
            "conflict_id": [1, 1, 1, 2, 2],
            "count": [1, 2, 0, 0, 1],
            "known_from": pd.to_datetime(
                ["2000-01-01", "2000-02-01", "2000-03-01", "2000-01-01", "2000-05-01"]
            ),
        }
    )
    found = where_positive(steps, "count")
    assert found["conflict_id"].tolist() == [1, 2]
    assert found["on_date"].tolist() == [DAY("2000-01-01"), DAY("2000-05-01")]
    assert found["off_date"].isna().tolist() == [False, True]
    assert absorbing(found)["off_date"].isna().all()


def test_overlapping_windows_are_merged() -> None:
    out = merged(
        spells(
            (1, "2000-01-01", "2001-01-01"),
            (1, "2000-06-01", "2001-06-01"),
            (1, "2003-01-01", "2004-01-01"),
            (2, "2000-06-01", "2001-06-01"),
        )
    )
    assert out[["conflict_id"]].to_numpy().ravel().tolist() == [1, 1, 2]
    assert out["off_date"].iloc[0] == DAY("2001-06-01")


@pytest.mark.parametrize("lag", [0, 3, 6, 12])
def test_exposed_rows_lie_inside_their_spells(lag: int) -> None:
    frame = units((1, "2000-01-01", "2005-01-01", True), (2, "2000-01-01", "2001-01-01", True))
    calendar = spells((1, "2001-01-01", "2003-01-01"), (2, "2000-03-01", None))
    us: UnitSpells = unit_spells(frame, calendar, lag)
    out = arrange(frame, frame[["exit_date", "is_event"]], {"x": us}, [])
    for row in out.itertuples():
        unit = 0 if row.unit_id == "1-1" else 1
        inside = any(
            on <= row.start and row.stop <= off
            for u, on, off in zip(us.unit, us.on, us.off, strict=True)
            if u == unit
        )
        assert bool(row.x) == inside
