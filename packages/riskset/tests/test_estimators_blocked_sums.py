"""Sums over many rows: blocks, tables and shared patterns give what the plain formula gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset import times
from riskset.arrays import (
    BLOCK,
    accumulate,
    blocks,
    crossproduct,
    dot,
    largest,
    product,
    scatter,
    sum_by_group,
    weighted,
    weighted_total,
)
from riskset.columns import codes
from riskset.risk_sets import RiskSets
from riskset.times import count_up_to

#: The same hundred thousand numbers near one, added in another order.
ADDED = 1e-9

#: More rows of three columns than one block holds.
MANY = BLOCK // 3 * 2 + 7


@pytest.fixture(scope="module")
def tall() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(MANY, 3))


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (1, 3), (MANY, 3), (10, 0), (5, 2 * BLOCK)])
def test_blocks_cover_every_row_once(rows: int, columns: int) -> None:
    covered = [i for part in blocks(rows, columns) for i in range(part.start, part.stop)]
    assert covered == list(range(rows))
    assert all((p.stop - p.start) * columns <= max(BLOCK, columns) for p in blocks(rows, columns))


def test_sums_over_several_blocks(tall: np.ndarray) -> None:
    rng = np.random.default_rng(6)
    weights, other = rng.random(MANY), rng.normal(size=(MANY, 2))
    assert len(list(blocks(*tall.shape))) == 3
    np.testing.assert_allclose(weighted_total(tall, weights), weights @ tall, atol=ADDED)
    np.testing.assert_allclose(
        crossproduct(tall, weights), tall.T @ (tall * weights[:, None]), atol=ADDED
    )
    np.testing.assert_allclose(
        crossproduct(tall, weights, other), tall.T @ (other * weights[:, None]), atol=ADDED
    )
    np.testing.assert_array_equal(largest(tall), np.abs(tall).max(axis=0))
    assert dot(weights, tall[:, 0]) == pytest.approx(float(weights @ tall[:, 0]), abs=ADDED)
    for beta in (rng.normal(size=3), rng.normal(size=(3, 4))):
        np.testing.assert_allclose(product(tall, beta), tall @ beta, atol=ADDED)
    np.testing.assert_allclose(accumulate(tall.copy()), np.cumsum(tall, axis=0), atol=ADDED)
    upside_down = tall[::-1].copy()
    accumulate(upside_down[::-1])
    np.testing.assert_allclose(upside_down[::-1], np.cumsum(tall, axis=0), atol=ADDED)


def test_sums_by_group(tall: np.ndarray) -> None:
    rng = np.random.default_rng(7)
    group, weights = rng.integers(0, 50, MANY), rng.random(MANY)
    want = np.zeros((51, 3))
    np.add.at(want, group, tall * weights[:, None])
    np.testing.assert_allclose(sum_by_group(tall, group, 51, weights), want, atol=ADDED)
    plain = np.zeros((51, 3))
    np.add.at(plain, group, tall)
    np.testing.assert_allclose(sum_by_group(tall, group, 51), plain, atol=ADDED)


def test_a_row_can_go_to_several_places_and_patterns_are_shared_not_changed() -> None:
    pattern = scatter(np.array([[0, 2], [1, 2], [3, 0]]), 4)
    np.testing.assert_array_equal(pattern @ np.array([1.0, 10, 100]), [101, 10, 11, 100])
    signed = weighted(pattern, np.array([1.0, -1, 1, -1, 1, -1]))
    np.testing.assert_array_equal(signed @ np.array([1.0, 10, 100]), [-99, 10, -11, 100])
    np.testing.assert_array_equal(pattern.data, np.ones(6))


def test_nothing_sums_to_nothing() -> None:
    none = np.empty((0, 2))
    np.testing.assert_array_equal(largest(none), [0, 0])
    np.testing.assert_array_equal(crossproduct(none, np.empty(0)), np.zeros((2, 2)))
    np.testing.assert_array_equal(product(none, np.ones(2)), np.empty(0))
    np.testing.assert_array_equal(product(np.empty((3, 0)), np.empty(0)), np.zeros(3))
    np.testing.assert_array_equal(weighted_total(np.empty((3, 0)), np.ones(3)), np.empty(0))
    assert accumulate(none).shape == (0, 2)
    assert (scatter(np.empty(0, dtype=np.int64), 3) @ none).shape == (3, 2)


finite = st.floats(-1e6, 1e6) | st.floats(-1e-3, 1e-3) | st.just(0.0)


@examples(200)
@given(
    st.lists(finite, max_size=40).map(sorted),
    st.lists(finite | st.sampled_from([-np.inf, np.inf]), max_size=40),
    st.integers(0, 10),
)
def test_counts_are_those_of_binary_search(
    values: list[float], others: list[float], steps: int
) -> None:
    given_values = np.array(values, dtype=np.float64)
    asked = np.array([*others, *values], dtype=np.float64)
    want = np.searchsorted(given_values, asked, side="right")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "FEW", 0)
        patch.setattr(times, "STEPS", steps)
        np.testing.assert_array_equal(count_up_to(given_values, asked), want)


@pytest.mark.parametrize("shape", ["even", "crowded", "tied", "tiny", "huge"])
def test_counts_for_many_numbers(shape: str) -> None:
    rng = np.random.default_rng(8)
    values = np.sort(rng.random(3000))
    if shape == "crowded":
        values = np.sort(np.concatenate((1 + 1e-9 * values, [1e9])))
    elif shape == "tied":
        values = np.round(values, 2)
    elif shape == "tiny":
        values = values * 1e-320
    elif shape == "huge":
        values = (values - 0.5) * 3.4e308
    others = np.concatenate((values, rng.choice(values, 5000) * rng.uniform(0.9, 1.1, 5000)))
    np.testing.assert_array_equal(
        count_up_to(values, others), np.searchsorted(values, others, side="right")
    )


@pytest.mark.parametrize(
    "values",
    [
        np.array([5, 3, 3, 9], dtype=np.int32),
        np.array([-4, 7, -4]),
        np.array([100, -100, 100], dtype=np.int8),
        np.array([0, 10**12, 0]),
        np.array([2, 1, 2], dtype=np.uint8),
    ],
)
def test_groups_that_are_integers_are_numbered_as_pandas_does(values: np.ndarray) -> None:
    found, labels = codes(pd.DataFrame({"group": values}), "group")
    expected, known = pd.factorize(pd.Series(values), sort=True)
    assert found.dtype == np.int64 and (found == expected).all()
    assert labels.equals(pd.Index(known)) and labels.dtype == pd.Index(known).dtype


def test_rows_that_follow_one_another_are_ranked_like_any_others() -> None:
    rng = np.random.default_rng(9)
    cuts = np.sort(rng.integers(0, 60, 400)).astype(float)
    long = np.diff(cuts) > 0
    start, stop = cuts[:-1][long], cuts[1:][long]
    stop[::7] += 1e-12  # within the width of a tie
    event, stratum = rng.random(len(stop)) < 0.5, rng.integers(0, 2, len(stop))
    order = rng.permutation(len(stop))
    one = RiskSets.build(start, stop, event, stratum)
    other = RiskSets.build(start[order], stop[order], event[order], stratum[order])
    assert (one.time == other.time).all()
    mine = dict(zip(one.rows.tolist(), zip(one.first, one.past, strict=True), strict=True))
    theirs = zip(order[other.rows].tolist(), zip(other.first, other.past, strict=True), strict=True)
    assert mine == dict(theirs)


def test_combined_integers_are_numbered_as_any_groups_are() -> None:
    """Several columns of integers take a shorter way to the codes and labels of their pairs."""
    rng = np.random.default_rng(3)
    pairs = pd.DataFrame({"a": rng.integers(-2, 3, 60), "b": rng.integers(0, 9, 60)})
    found, labels = codes(pairs, ["a", "b"])
    of_text, text_labels = codes(pairs.astype(str).assign(a=pairs["a"]), ["a", "b"])
    assert found.tolist() == of_text.tolist()
    assert labels.tolist() == [(a, int(b)) for a, b in text_labels]
    far_apart = pairs.assign(a=pairs["a"] * 10**12)
    assert codes(far_apart, ["a", "b"])[0].tolist() == found.tolist()
