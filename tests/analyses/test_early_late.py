"""Early and late presence: who is of which kind, from when, and against whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from collsec.designs.split_exposure import by_age, by_arrival, estimate_split, rows_of
from collsec.designs.time_varying import lay_out
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import inputs_of, prepared_of


@pytest.fixture(scope="module")
def wars() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Wars of ten years or less; one joined after six months, one after three years."""
    rng = np.random.default_rng(3)
    days = rng.integers(400, 3650, 60)
    zero = pd.Timestamp("1990-01-01") + pd.to_timedelta(rng.integers(0, 2000, 60), unit="D")
    days[:2], zero = [3000, 3000], zero.to_numpy().copy()
    zero[:2] = np.datetime64("1990-01-01")
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(60)],
            "conflict_id": np.arange(60),
            "time_zero": pd.to_datetime(zero),
            "gwno_host": np.arange(60),
            "region": 4,
            "is_event": True,
        }
    )
    units["exit_date"] = units["time_zero"] + pd.to_timedelta(days, unit="D")
    calendar = pd.DataFrame(
        {
            "conflict_id": [0, 1],
            "on_date": pd.to_datetime(["1990-07-01", "1993-01-01"]),
            "off_date": pd.to_datetime([None, None]),
        }
    )
    return units, calendar


def test_the_months_of_waiting_are_unexposed(wars: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    prepared = prepared_of(*wars, lag=6)
    split = rows_of(prepared, by_arrival(prepared, "un_troops", 12))
    rows = split.set_index("unit_id")
    assert rows.loc["0-1", ["start", "stop", "first", "second"]].to_numpy().tolist() == [
        [0, 181 + 183, 0, 0],
        [181 + 183, 3000, 1, 0],
    ]
    assert rows.loc["1-1", ["start", "stop", "first", "second"]].to_numpy().tolist() == [
        [0, 1096 + 183, 0, 0],
        [1096 + 183, 3000, 0, 1],
    ]
    assert (split["present"] == prepared.rows[prepared.column].to_numpy()).all()


def test_a_redrawn_spell_is_early_by_the_age_of_the_war_it_falls_on(
    wars: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    design = lay_out(inputs_of(), prepared_of(*wars, lag=0))
    age = design.assigned[1] - design.origin
    young = int(np.flatnonzero((age > 0) & (age < 300))[0])
    split = by_age(design, 12)
    early, late = split(np.array([[0, 1]]))
    assert early[0].max() == 1
    assert late[0].max() == 1
    early, late = split(np.array([[0, young]]))  # the second act, moved to a young war
    assert late[0].max() == 0
    assert early[0].max() == 2


def test_a_half_without_wars_is_not_estimable_with_its_counts(
    wars: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    units, calendar = wars
    prepared = prepared_of(units, calendar.iloc[1:], lag=0)
    three = estimate_split(
        inputs_of(),
        prepared,
        ExposureSpec("un_troops"),
        by_arrival(prepared, "un_troops", 12),
        draws=99,
    )
    assert all(np.isnan(e.estimate) and e.note.startswith("Not estimable") for e in three)
    assert [e.exposed_units for e in three] == [0, 1, 0]


def test_the_pattern_of_effects_is_recovered() -> None:
    """Early presence triples the hazard, late presence does nothing."""
    rng = np.random.default_rng(11)
    n = 900
    zero = pd.Timestamp("1990-01-01") + pd.to_timedelta(rng.integers(0, 6000, n), unit="D")
    arrives = np.where(rng.random(n) < 0.5, rng.integers(30, 360, n), rng.integers(400, 1400, n))
    arrives = np.where(rng.random(n) < 0.6, arrives, 10**6)
    to_come = rng.exponential(1500, n)
    is_helped = (arrives <= 365) & (to_come > arrives)
    ends = np.where(is_helped, arrives + (to_come - arrives) / 3, to_come)
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "conflict_id": np.arange(n),
            "time_zero": zero,
            "gwno_host": np.arange(n),
            "region": 4,
            "is_event": True,
        }
    )
    units["exit_date"] = zero + pd.to_timedelta(np.ceil(ends), unit="D")
    came = arrives < np.ceil(ends)
    calendar = pd.DataFrame(
        {
            "conflict_id": np.flatnonzero(came),
            "on_date": zero[came] + pd.to_timedelta(arrives[came], unit="D"),
            "off_date": pd.NaT,
        }
    )
    prepared = prepared_of(units, calendar, lag=0)
    early, late, ratio = estimate_split(
        inputs_of(),
        prepared,
        ExposureSpec("un_troops"),
        by_arrival(prepared, "un_troops", 12),
        draws=199,
    )
    assert early.ci_low < 3 < early.ci_high
    assert early.ci_low > 1
    assert late.ci_low < 1 < late.ci_high
    assert ratio.ci_low < 3 < ratio.ci_high
    assert ratio.ci_low > 1
    assert (ratio.exposed_events, ratio.exposed_units) == min(
        (e.exposed_events, e.exposed_units) for e in (early, late)
    )
