"""Sets of a few acts counted on paper: ratios, redraws, p-values, and where a limit lies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from riskset import (
    EstimationError,
    InvertedInterval,
    MatchedOutcomes,
    matched_difference,
    matched_ratio,
    matched_sets,
    set_rerandomization,
)
from riskset.inference.matched_sets import RedrawnSets, redrawn_sets, set_rejections


def sets_of(*own_and_others: tuple[float, ...], clusters: tuple[int, ...] = ()) -> MatchedOutcomes:
    """One tuple a set: the outcome of the member with the act, then those of the others."""
    sizes = [len(one) for one in own_and_others]
    return MatchedOutcomes(
        np.repeat(np.arange(len(sizes)), sizes),
        np.concatenate([np.arange(size) == 0 for size in sizes]),
        np.concatenate([np.array(one, dtype=float) for one in own_and_others]),
        np.array(clusters or range(len(sizes))),
    )


THREE = sets_of((4, 2, 6), (1, 3), (2, 1), clusters=(5, 9, 5))


def test_a_ratio_is_that_of_sums_over_the_sets_kept() -> None:
    assert THREE.size.tolist() == [3, 2, 2]
    assert (THREE.treated.tolist(), THREE.others.tolist()) == ([4, 1, 2], [8, 3, 1])
    assert (THREE.treated - THREE.expected).tolist() == [4 - 4, 1 - 3, 2 - 1]
    assert matched_difference(THREE).estimate == pytest.approx((0 - 2 + 1) / 3)
    assert THREE.log_ratio() == pytest.approx(math.log((4 + 1 + 2) / (4 + 3 + 1)))
    assert THREE.log_ratio(np.array([True, False, False])) == 0.0
    assert THREE.log_ratio(np.array([False, True, False])) == pytest.approx(math.log(1 / 3))
    assert THREE.log_ratio(np.array([False, False, True])) == pytest.approx(math.log(2))


@pytest.mark.parametrize("nothing", [((0, 3), (0, 1)), ((4, 0), (2, 0)), ((0, 0),)])
def test_there_is_no_ratio_where_a_sum_is_zero(nothing: tuple[tuple[float, ...], ...]) -> None:
    assert math.isnan(sets_of(*nothing).log_ratio())
    assert math.isnan(matched_ratio(sets_of(*nothing)).std_error)


def test_the_error_is_that_between_clusters_of_acts() -> None:
    """At 7/8 the sets leave 1/2, −13/8 and 9/8: 13/8 in one cluster, −13/8 in the other."""
    assert matched_ratio(THREE).std_error == pytest.approx(math.sqrt(2 * 2 * (13 / 8) ** 2) / 7)
    one = sets_of((4, 2, 6), (1, 3), clusters=(7, 7))
    assert math.isnan(matched_ratio(one).std_error)
    apart = sets_of((4, 2, 6), (1, 3), (2, 1))
    left = (1 / 2) ** 2 + (13 / 8) ** 2 + (9 / 8) ** 2
    assert matched_ratio(apart).std_error == pytest.approx(math.sqrt(3 / 2 * left) / 7)


def test_a_member_of_each_set_is_drawn_alike_or_by_its_weight() -> None:
    def drawn(weight: list[float] | None, draws: int = 3) -> RedrawnSets:
        given = None if weight is None else np.array(weight, dtype=float)
        return redrawn_sets(THREE, draws, np.random.default_rng(1), given)

    own = drawn([1, 0, 0, 1, 0, 1, 0])
    assert (own.treated.tolist(), own.others.tolist()) == ([7, 7, 7], [0, 0, 0])
    other = drawn([0, 0, 1, 0, 1, 0, 1])
    assert (other.treated.tolist(), other.others.tolist()) == ([0, 0, 0], [10, 10, 10])
    mixed = drawn([0, 5, 0, 2, 0, 0, 9])
    assert (mixed.treated.tolist(), mixed.others.tolist()) == ([1, 1, 1], [3, 3, 3])
    alike = drawn(None, 20_000)
    assert alike.treated.mean() == pytest.approx(4 / 3 + 1 / 2 + 2 / 2, abs=0.05)
    assert alike.others.mean() == pytest.approx(8 / 3 + 3 / 2 + 1 / 2, abs=0.06)
    thrice = drawn([3, 1, 0, 1, 0, 1, 0], 20_000)
    assert thrice.others.mean() == pytest.approx(2 / 4, abs=0.02)


@pytest.mark.parametrize(
    ("others", "own", "ratio", "expected"),
    [
        # Own outcomes halved are 3.5: one reference below, one alike, five above.
        ([1, 0, 4, 5, 6, 7, 8], [0, 7, 2, 0, 0, 0, 2], 2.0, 2 * 3 / 8),
        ([9, 8, 7.5, 7, 3, 2, 1], [0] * 7, 1.0, 1.0),
        ([8, 6, 5, 4, 3, 2, 1], [0] * 7, 1.0, 2 * 2 / 8),
        ([7, 7, 7], [0, 0, 0], 1.0, 1.0),
        ([6, 6.5, 1], [0, 0, 7.5], 1.0, 2 * 2 / 4),
        ([6, 6.5, 1], [0, 0, 0], 1.0, 2 * 1 / 4),
    ],
)
def test_a_p_value_counts_redraws_on_either_side(
    others: list[float], own: list[float], ratio: float, expected: float
) -> None:
    drawn = RedrawnSets(np.array(others, dtype=float), np.array(own, dtype=float))
    assert drawn.p_value(THREE, math.log(ratio)) == pytest.approx(expected)


def redrawn(sets: MatchedOutcomes, level: float) -> InvertedInterval:
    return set_rerandomization(sets, draws=4000, level=level, seed=3)


def test_a_limit_lies_where_the_own_outcome_passes_the_last_of_its_set() -> None:
    """Own 6 among 1, 2, 4 and 9: freed of its ratio it is an extreme below 1 and above 9.

    An extreme of five has p = 2/5 or so; any other place 4/5 or more.
    """
    found = redrawn(sets_of((6, 1, 2, 4, 9)), 0.5)
    assert found.low == pytest.approx(math.log(6 / 9), abs=1e-6)
    assert found.high == pytest.approx(math.log(6 / 1), abs=1e-6)
    assert found.p_value == pytest.approx(4 / 5, abs=0.05)
    # At 80 % no place among five is an extreme one, and at 30 % only the middle remains.
    wide = redrawn(sets_of((6, 1, 2, 4, 9)), 0.8)
    assert (wide.low, wide.high) == (-math.inf, math.inf)
    narrow = redrawn(sets_of((6, 1, 2, 4, 9)), 0.1)
    assert narrow.high == pytest.approx(math.log(6 / 2), abs=1e-6)


def test_a_limit_beyond_a_ratio_of_e_to_the_sixth_is_open() -> None:
    far, near = math.exp(6.5), math.exp(5.5)
    beyond = redrawn(sets_of((far, 1, far, far, 2 * far)), 0.5)
    assert beyond.high == math.inf and beyond.low == pytest.approx(math.log(1 / 2), abs=1e-6)
    within = redrawn(sets_of((near, 1, near, near, near * far)), 0.5)
    assert within.high == pytest.approx(5.5, abs=1e-6) and within.low == -math.inf


def test_an_act_that_nothing_followed_is_an_extreme_at_every_ratio() -> None:
    found = redrawn(sets_of((0, 1, 2, 4, 9)), 0.5)
    assert found.p_value == pytest.approx(2 / 5, abs=0.05)
    assert math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize(
    ("receiver", "level", "rejected"),
    [
        (4, 0.5, 3),  # nine has a fifth of its set on its side: 2/5 < 1/2
        (4, 0.7, 0),
        (1, 0.5, 3),
        (1, 0.7, 0),
        (3, 0.5, 0),
        (0, 0.5, 0),
        (3, 0.1, 3),
    ],
)
def test_acts_that_change_nothing_are_rejected_as_extremes(
    receiver: int, level: float, rejected: int
) -> None:
    values = (6.0, 1.0, 2.0, 7.0, 9.0)
    weight = (np.arange(5) == receiver).astype(float)
    found, ratios = set_rejections(sets_of(values), 3, 1 - level, 1, weight)
    assert found == rejected
    np.testing.assert_allclose(ratios, math.log(values[receiver] / 5), rtol=1e-12)


def test_a_draw_that_nothing_follows_has_a_finite_ratio() -> None:
    _, ratios = set_rejections(sets_of((0, 4, 8), (0, 6)), 2, 0.1, 1, np.array([1.0, 0, 0, 1, 0]))
    np.testing.assert_allclose(ratios, math.log(1e-6 * 18 / (12 / 3 + 6 / 2)))
    _, alike = set_rejections(sets_of((4, 4), (6, 6)), 5, 0.1, 1)
    np.testing.assert_allclose(alike, 0.0, atol=1e-12)


def test_a_difference_has_the_error_between_clusters() -> None:
    """Differences 0, −2 and 1 around −1/3: 1/3 + 4/3 in one cluster, −5/3 in the other."""
    found = matched_difference(THREE)
    assert (found.estimate, found.n_clusters) == (pytest.approx(-1 / 3), 2)
    assert found.std_error == pytest.approx(math.sqrt(2 * 2 * (5 / 3) ** 2) / 3)
    one = matched_difference(sets_of((4, 2, 6), (1, 3), clusters=(7, 7)))
    assert math.isnan(one.std_error) and one.n_clusters == 1


def test_sets_without_one_treated_member_or_without_others_are_refused() -> None:
    with pytest.raises(EstimationError, match="one treated member"):
        matched_sets([0, 0, 1, 1], [1, 1, 1, 0], [1, 2, 3, 4], cluster=[1, 2])
    with pytest.raises(EstimationError, match="not treated"):
        matched_sets([0, 0, 1], [1, 0, 1], [1, 2, 3], cluster=[1, 2])
    named = matched_sets([0, 0, 1, 1], [1, 0, 1, 0], [2, 4, 3, 6], cluster=["b", "a"])
    assert named.cluster.tolist() == [1, 0]
