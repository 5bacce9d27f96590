"""Trial B: the landmark, who is fast, who fell out, and what the comparisons count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.authorization_trial import (
    COMPARISONS,
    at_landmark,
    compare,
    listed,
)
from collsec_page.h1.operations import AUTHORIZED

from collsec.reports.tables.table import of_record
from made_up_cohorts import inputs_of

COLUMNS = ["mission_id", "episode_id", "vote", "half", "tenth", "exit", "is_rehatted"]


def wars(*rows: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for given, column in (
        ("vote", "authorized_date"),
        ("half", "strength_50pct_date"),
        ("tenth", "strength_10pct_date"),
        ("exit", "exit_date"),
    ):
        frame[column] = pd.to_datetime(frame[given])
    return frame.assign(
        is_ended=True, acronym=frame["mission_id"], gwno_host=range(len(frame)), location="Chad"
    )


def trial_of(*rows: tuple[object, ...]) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    return at_landmark(wars(*rows))


def test_the_landmark_is_the_last_day_of_the_sixth_month() -> None:
    trial, _ = trial_of(
        ("a", "1-1", "2004-04-30", "2004-10-31", "2004-06-30", "2006-01-01", False),
        ("b", "2-1", "2004-04-01", "2004-11-30", "2004-06-30", "2006-01-01", False),
        ("c", "3-1", "2004-04-01", None, "2004-06-30", "2006-01-01", False),
    )
    assert (trial["landmark"] == pd.Timestamp("2004-10-31")).all()
    assert trial["fast"].tolist() == [1, 0, 0]
    assert trial["wait"].tolist() == [6, 6, 6]
    assert trial["time"].tolist() == [427] * 3


def test_wars_over_by_the_landmark_and_uncounted_forces_are_left_out_and_counted() -> None:
    trial, steps = trial_of(
        ("over", "1-1", "2004-04-30", "2004-05-31", "2004-05-31", "2004-10-31", True),
        ("on", "2-1", "2004-04-30", "2004-05-31", "2004-05-31", "2004-11-01", True),
        ("uncounted", "3-1", "1978-04-30", None, None, "1990-01-01", False),
    )
    assert trial["mission_id"].tolist() == ["on"]
    assert [(s["name"], s["n_units"], s["n_rehatted"], s["dropped"]) for s in steps] == [
        ("authorized", 3, 2, 0),
        ("counted", 2, 2, 1),
        ("landmark", 1, 1, 1),
    ]


def simulated(hazard_ratio: float, n: int = 40, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    is_fast = np.arange(n) % 2 == 0
    days = np.ceil(rng.exponential(1000 / np.where(is_fast, hazard_ratio, 1.0)))
    landmark = pd.Timestamp("2004-10-31")
    rows = [
        (
            f"m{i}",
            f"{i}-1",
            "2004-04-10",
            "2004-07-31" if is_fast[i] else "2005-03-31",
            "2004-06-30",
            landmark + pd.Timedelta(days=int(days[i])),
            bool(i % 4 < 2),
        )
        for i in range(n)
    ]
    return trial_of(*rows)[0]


def test_a_known_effect_of_speed_is_recovered() -> None:
    trial = simulated(4.0)
    found = compare(inputs_of(), trial, "all", draws=999)
    assert found.ci_low < 4 < found.ci_high
    assert found.p_value < 0.01
    waited = compare(inputs_of(), trial, "wait", draws=999)
    assert waited.ci_high < 1  # each month without half strength lengthens the war


def test_comparisons_count_whom_they_compare() -> None:
    trial = simulated(1.0)
    trial.loc[1, "episode_id"] = trial.loc[0, "episode_id"]
    counts = {w: compare(inputs_of(), trial, w, draws=199).n_units for w in COMPARISONS}
    assert counts == {"all": 40, "new": 20, "rehatted": 20, "first": 39, "wait": 40}


def test_where_all_are_fast_nothing_is_estimated_and_the_counts_stay() -> None:
    trial = simulated(1.0)
    found = compare(inputs_of(), trial[trial["fast"] > 0], "all", draws=199)
    assert np.isnan(found.estimate)
    assert found.note.startswith("Not estimable")
    assert found.exposed_units == found.n_units == 20


def test_the_table_lists_each_operation_and_how_many_fell_out() -> None:
    trial, steps = trial_of(
        ("UNA", "1-1", "2004-04-30", "2004-10-31", "2004-06-30", "2006-01-01", False),
        ("UNB", "2-1", "2004-04-01", None, "2004-06-30", "2006-01-01", True),
    )
    record = {"steps": steps, "operations": listed(trial)}
    table = of_record(AUTHORIZED, record, "tbl-h1-authorized").markdown()
    assert "| UNA | Chad 1-1 | 2004-04-30 | New | 2004-10 | yes | 14.0 |" in table
    assert "| UNB | Chad 2-1 | 2004-04-01 | Re-hatted | – | no | 14.0 |" in table
    assert "{#tbl-h1-authorized}" in table


@pytest.mark.parametrize("which", ["new", "first"])
def test_a_comparison_of_nobody_is_not_estimable(which: str) -> None:
    trial = simulated(1.0)
    found = compare(inputs_of(), trial[trial["is_rehatted"]].iloc[:0], which, draws=199)
    assert found.note.startswith("Not estimable")
    assert found.n_units == 0
