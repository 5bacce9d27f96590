"""Presence before and after half strength: when a spell turns, and what moves with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from collsec_page.h1.dose import counted_only, moving_together, turning_day

from collsec.designs.time_varying import EPOCH, lay_out
from made_up_cohorts import inputs_of, prepared_of

DAY = pd.Timestamp


def half(*rows: tuple[int, int]) -> pd.DataFrame:
    """Conflict and day since the epoch on which half strength was reached."""
    frame = pd.DataFrame(rows, columns=["conflict_id", "day"])
    return frame.assign(on_date=EPOCH + pd.to_timedelta(frame["day"], unit="D"))[
        ["conflict_id", "on_date"]
    ]


def turned(reached: pd.DataFrame, lag: int = 0) -> list[float]:
    """Spells of conflicts 1, 2 and 3, arrived on day 100 and over on day 900."""
    return turning_day(
        reached, np.array([1, 2, 3]), np.full(3, 100.0), np.full(3, 900.0), lag
    ).tolist()


def test_a_spell_turns_on_the_day_of_half_strength_after_the_lag() -> None:
    assert turned(half((1, 250)), lag=180) == [430, 900, 900]


def test_strength_reached_before_arrival_or_after_the_end_is_not_that_of_the_spell() -> None:
    assert turned(half((1, 99), (2, 100), (3, 950))) == [900, 100, 900]


def test_the_first_day_of_half_strength_counts() -> None:
    assert turned(half((1, 300), (1, 200))) == [200, 900, 900]


def wars(n: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "conflict_id": np.arange(n),
            "time_zero": EPOCH,
            "exit_date": EPOCH + pd.to_timedelta(500 + 10 * np.arange(n), unit="D"),
            "gwno_host": np.arange(n),
            "is_event": True,
        }
    )
    calendar = pd.DataFrame(
        {"conflict_id": [5], "on_date": [EPOCH + pd.Timedelta(days=100)], "off_date": [pd.NaT]}
    )
    return units, calendar


def test_both_stretches_move_with_the_spell() -> None:
    design = lay_out(inputs_of(), prepared_of(*wars(), lag=0))
    split = moving_together(design, np.array([525.0]))
    for unit in (5, 20):
        (at_half, ends_half), (below, ends_below) = split(np.array([[unit]]))
        times = design.event_counts.time
        assert (at_half[0] == ((times > 525) & (times <= 500 + 10 * unit))).all()
        assert (below[0] == ((times > 100) & (times <= 525))).all()
        assert (ends_half.sum(), ends_below.sum()) == (1, 0)


def test_a_war_is_followed_until_uncounted_troops_come() -> None:
    units, calendar = wars()
    mission = {
        "sponsor": "un",
        "conflict_id": 5,
        "has_troops": True,
        "link_basis": "file",
        "link_confidence": 3,
        "first_troops_basis": "file",
        "first_troops_date": EPOCH + pd.Timedelta(days=100),
        "from_date": EPOCH,
        "last_troops_date": EPOCH + pd.Timedelta(days=400),
        "end_date": pd.NaT,
        "to_date": pd.NaT,
        "strength_10pct_date": pd.NaT,
        "strength_50pct_date": pd.NaT,
    }
    other = mission | {"conflict_id": 6, "strength_10pct_date": EPOCH + pd.Timedelta(days=150)}
    missions = pd.DataFrame([mission, other]).astype({"has_troops": "boolean"})
    kept, uncounted = counted_only(inputs_of(missions=missions), prepared_of(units, calendar))
    assert uncounted == 1
    assert kept.outcome.loc[5, "exit_date"] == EPOCH + pd.Timedelta(days=100)
    assert not kept.outcome.loc[5, "is_event"]
    assert kept.outcome.loc[6, "exit_date"] == units.loc[6, "exit_date"]
    assert kept.rows.loc[kept.rows["unit_id"] == "5-1", "x"].tolist() == [0]
