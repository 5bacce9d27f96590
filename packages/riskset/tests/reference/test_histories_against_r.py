"""Rows cut at marks and at records against R's survSplit, tmerge and tt()."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph, merge_events, split_episodes

#: Two searches for one maximum.
SEARCHES = 1e-8


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1815)
    n = 60
    start = np.where(np.arange(n) < 30, 0, rng.integers(0, 5, n)).astype(float)
    stop = start + rng.integers(1, 12, n)
    first = rng.integers(0, 14, n).astype(float)
    data = pd.DataFrame({"unit": np.arange(n), "start": start, "stop": stop,
                         "ended": rng.integers(0, 2, n), "z": rng.normal(size=n)})  # fmt: skip
    return data.assign(
        first=np.where(rng.random(n) < 0.7, first, np.nan),
        second=lambda d: d["first"] + rng.integers(1, 4, n),
        one=rng.integers(1, 99, n),
        two=rng.integers(1, 99, n),
    )


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("histories.R", spells())


def assert_same_rows(got: pd.DataFrame, want: dict[str, pd.Series]) -> None:
    got = got.sort_values(["unit", "start"])
    for name, values in want.items():
        np.testing.assert_array_equal(got[name].to_numpy(dtype=float), values, err_msg=name)


ROWS = {"start": "start", "stop": "stop", "event": "ended"}


def test_rows_cut_at_marks(answers) -> None:
    marked = split_episodes(spells(), at=[9.5, 3, 6], interval="interval", **ROWS)
    assert_same_rows(marked, answers["split"])
    assert_same_rows(split_episodes(spells(), at="events", **ROWS), answers["events"])


def test_a_coefficient_that_changes_with_time(answers) -> None:
    cut = split_episodes(spells(), at="events", **ROWS)
    cut["late"] = cut["z"] * np.log(cut["stop"])
    fit = cox_ph(cut, ["z", "late"], **ROWS)
    np.testing.assert_allclose(fit.params, answers["tt"]["params"], rtol=SEARCHES)


def test_rows_cut_at_records(answers) -> None:
    data = spells()
    lists = [data[["unit", at, value]].set_axis(["unit", "at", "value"], axis=1)
             for at, value in (("first", "one"), ("second", "two"))]  # fmt: skip
    merged = merge_events(
        data[["unit", "z", "start", "stop", "ended"]], pd.concat(lists).dropna(), unit="unit",
        time="at", values="value", count="many", mark="attack", outside="drop", **ROWS,
    )  # fmt: skip
    # R does not know a count before the first record of a unit that has none; it is zero.
    want = answers["merge"] | {"many": answers["merge"]["many"].fillna(0)}
    assert_same_rows(merged, want)
    assert merged["attack"].sum() > 20
