"""Interval-censored survival: by hand, against Kaplan–Meier, and at its maximum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import riskset as rs

COLUMNS = {"lower": "lower", "upper": "upper"}
#: How far the mean of a row's share may be from one.
AT_MAXIMUM = 1e-8


def visits(n: int = 60, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    time, gap = rng.exponential(5, n), rng.integers(1, 4, n)
    lower = np.minimum(np.floor(time / gap) * gap, 12.0)
    upper = np.where(lower >= 12, np.inf, lower + gap)
    exact = rng.random(n) < 0.2
    known = np.ceil(time).clip(max=12)
    return pd.DataFrame(
        {
            "lower": np.where(exact, known, lower),
            "upper": np.where(exact, known, upper),
            "copies": rng.integers(1, 4, n),
        }
    )


def test_three_rows_by_hand() -> None:
    """(0, 2], (1, 3] and (4, ∞): the first two share (1, 2], the third stands alone."""
    data = pd.DataFrame({"lower": [0, 1, 4], "upper": [2, 3, np.inf]})
    found = rs.turnbull(data, **COLUMNS)
    assert found.table[["low", "high"]].to_numpy().tolist() == [[1, 2], [4, np.inf]]
    assert found.table["mass"].tolist() == pytest.approx([2 / 3, 1 / 3], rel=1e-9)
    assert found.loglik == pytest.approx(2 * np.log(2 / 3) + np.log(1 / 3), rel=1e-9)
    at = found.at([1, 1.5, 2, 4, 5])
    assert at["survival_high"].tolist() == pytest.approx([1, 1, 1 / 3, 1 / 3, 1 / 3])
    assert at["survival_low"].tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0], abs=1e-12)


def test_exact_times_are_kaplan_meier() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"stop": rng.integers(1, 15, 90), "event": rng.integers(0, 2, 90)})
    data = data.assign(lower=data["stop"], upper=data["stop"].where(data["event"] == 1, np.inf))
    found = rs.turnbull(data, **COLUMNS).table
    curve = rs.kaplan_meier(data, stop="stop", event="event").table
    exact = found[np.isfinite(found["high"])]
    np.testing.assert_allclose(exact["high"], curve["time"])
    np.testing.assert_allclose(exact["survival"], curve["survival"], rtol=1e-6)


def test_the_likelihood_is_at_its_maximum() -> None:
    """No interval between two ends of rows could take mass with profit."""
    data = visits()
    found = rs.turnbull(data, **COLUMNS)
    low, high, mass = found.table[["low", "high", "mass"]].to_numpy().T
    lower, upper = data["lower"].to_numpy()[:, None], data["upper"].to_numpy()[:, None]

    def holds(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        point, exact = begin == end, lower == upper
        left = np.where(point, np.where(exact, lower <= begin, lower < begin), lower <= begin)
        return left & (end <= upper) & (point | ~exact)

    chance = holds(low, high) @ mass
    share = (holds(low, high) / chance[:, None]).mean(axis=0)
    np.testing.assert_allclose(share, 1.0, atol=AT_MAXIMUM)
    points = np.arange(1.0, 13.0)
    elsewhere = (holds(points, points) / chance[:, None]).mean(axis=0)
    assert (elsewhere <= 1 + AT_MAXIMUM).all()
    assert mass.sum() == pytest.approx(1.0, rel=1e-9)


def test_weights_are_copies_and_order_is_none() -> None:
    data = visits()
    copies = data.loc[data.index.repeat(data["copies"])]
    weighted = rs.turnbull(data, **COLUMNS, weights="copies")
    repeated = rs.turnbull(copies.sample(frac=1, random_state=1), **COLUMNS)
    np.testing.assert_allclose(weighted.table, repeated.table, atol=1e-6)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-9)
    months = data.assign(lower=data["lower"] / 12, upper=data["upper"] / 12)
    scaled = rs.turnbull(months, **COLUMNS)
    np.testing.assert_allclose(scaled.table["mass"], rs.turnbull(data, **COLUMNS).table["mass"],
                               atol=1e-6)  # fmt: skip


def test_refusals() -> None:
    data = pd.DataFrame({"lower": [0.0, 1, 4], "upper": [2, 3, np.inf]})
    for change, said in (
        ({"upper": [2, 0.5, 9]}, "'upper' \\(0.5\\) is below 'lower' \\(1\\) in row 1"),
        ({"lower": [-1.0, 1, 4]}, "row 0 holds an event at or before 0"),
        ({"upper": [np.inf] * 3}, "no event in 3 rows"),
        ({"upper": [2, np.nan, 5]}, "missing or not finite in row 1"),
    ):
        with pytest.raises(rs.EstimationError, match=said):
            rs.turnbull(data.assign(**change), **COLUMNS)
    assert "Turnbull" in str(rs.turnbull(data, **COLUMNS))
