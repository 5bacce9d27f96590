"""Series of acts that are redrawn together: every outcome of a coupling on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collsec.designs.kept_together import Series, coupled
from riskset import matched_sets
from riskset.inference.matched_sets import redrawn_sets

DRAWS = 9000
#: Four standard errors of a share of one in three or less, over so many draws.
NEAR = 4 * math.sqrt(2 / 9 / DRAWS)


def series(sets: list[list[int]], outcomes: list[list[float]], same: bool = True) -> Series:
    """Sets of wars, the first of each treated, with what followed; one series or several."""
    members = [war for one in sets for war in one]
    of_set = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
    treated = np.concatenate([[True] + [False] * (len(one) - 1) for one in sets])
    flat = [value for one in outcomes for value in one]
    made = matched_sets(of_set, treated, flat, cluster=range(len(sets)))
    return Series(made, np.array(members), np.zeros(len(sets)) if same else np.arange(len(sets)))


def sums(drawn: object) -> np.ndarray:
    return np.asarray(drawn.others + drawn.treated)  # type: ignore[attr-defined]


def test_a_war_in_both_sets_of_one_size_is_held_and_a_new_one_takes_the_rest() -> None:
    """Wars 1, 2, 3 and then 1, 2, 4: three pairs, each with a third; 3 is followed by 4 alone."""
    one = series([[1, 2, 3], [1, 2, 4]], [[1, 10, 100], [1, 10, 1000]])
    found, times = np.unique(sums(one.redrawn(DRAWS, np.random.default_rng(1))), return_counts=True)
    assert found.tolist() == [2, 20, 1100]
    assert times / DRAWS == pytest.approx([1 / 3] * 3, abs=NEAR)
    assert one.held(DRAWS, 1) == pytest.approx(2 / 3, abs=NEAR)


def test_in_a_larger_set_a_war_is_held_so_often_that_all_are_alike() -> None:
    """Of 1, 2 and then 1, 2, 3, each is kept two times in three."""
    one = series([[1, 2], [1, 2, 3]], [[1, 10], [1, 10, 100]])
    found, times = np.unique(sums(one.redrawn(DRAWS, np.random.default_rng(2))), return_counts=True)
    assert found.tolist() == [2, 20, 101, 110]
    assert times / DRAWS == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6], abs=NEAR)


@pytest.mark.parametrize("before", [[], [1, 2, 3, 4, 5], [4, 9], [8, 9]])
def test_every_war_of_a_set_is_drawn_alike(before: list[int]) -> None:
    rng, unit = np.random.default_rng(3), np.array([4, 2, 7])
    held = rng.choice(before, DRAWS) if before else np.full(DRAWS, -1)
    picks = coupled(unit, held, np.array(before, dtype=np.int64), rng)
    assert np.bincount(picks, minlength=3) / DRAWS == pytest.approx([1 / 3] * 3, abs=NEAR)


def test_series_vary_more_than_acts_one_by_one_about_the_same_mean() -> None:
    """Eight acts, one war of the four at war for long: variance of a sum times eight."""
    one = series([[1, 2, 3, 4]] * 8, [[36, 0, 0, 0]] * 8)
    together = sums(one.redrawn(DRAWS, np.random.default_rng(4)))
    alone = sums(redrawn_sets(one.sets, DRAWS, np.random.default_rng(5)))
    assert one.held(100, 1) == 1.0
    assert together.mean() == pytest.approx(72, rel=0.1)
    assert alone.mean() == pytest.approx(72, rel=0.1)
    assert together.var() / alone.var() == pytest.approx(8, rel=0.1)


def test_series_that_change_nothing_are_rejected_as_the_level_says_and_one_by_one_too_often() -> (
    None
):
    rng = np.random.default_rng(6)
    lasting = rng.uniform(1, 36, (20, 5))
    sets = [[10 * k + m for m in range(5)] for k in range(20) for _ in range(6)]
    outcomes = [list(lasting[k]) for k in range(20) for _ in range(6)]
    one = series(sets, outcomes)
    own = Series(one.sets, one.unit, np.repeat(np.arange(20), 6))
    rejected, _ = own.rejections(2000, 0.05, 7)
    # Four errors of a rate of 5 % in 2,000 draws, and of its reference.
    assert rejected / 2000 == pytest.approx(0.05, abs=4 * math.sqrt(2 * 0.05 * 0.95 / 2000))
    assert own.rejected_one_by_one(2000, 0.05, 7) > 0.3


def test_acts_of_several_series_are_drawn_apart_from_one_another() -> None:
    one = series([[1, 2], [1, 2]], [[1, 10], [1, 10]], same=False)
    assert math.isnan(one.held(10, 1))
    found = np.unique(sums(one.redrawn(500, np.random.default_rng(8))))
    assert found.tolist() == [2, 11, 20]
