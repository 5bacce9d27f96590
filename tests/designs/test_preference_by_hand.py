"""Preferences that would explain a ratio, against odds worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collsec.designs.preference import explaining
from riskset.inference import matched_sets


def pairs(treated: float, size: int, *, last: bool = False) -> tuple[object, np.ndarray]:
    """Sets of a war that ends at once (0 months) and one that goes on (12); a share is treated."""
    own = round(treated * size)
    set_of = np.repeat(np.arange(size), 2)
    ends = np.tile([True, False], size)
    gets = np.where(np.repeat(np.arange(size) < own, 2), ends, ~ends)
    outcome = np.where(ends, 12.0 if last else 0.0, 0.0 if last else 12.0)
    return matched_sets(set_of, gets, outcome, cluster=np.arange(size)), ends


@pytest.mark.parametrize(
    ("share", "is_toward", "odds"),
    [(0.75, True, 3.0), (0.9, True, 9.0), (0.25, False, 3.0), (0.5, False, 1.0)],
)
def test_the_point_is_the_odds_of_the_choice(share: float, is_toward: bool, odds: float) -> None:
    # Of 100 pairs a share of the acts fell on the war that ends: its odds are the preference.
    sets, ends = pairs(share, 100)
    found = explaining(sets, ends, alpha=0.05, seed=1)
    assert found.is_toward is is_toward
    assert found.point == pytest.approx(odds, rel=1e-4)


def test_the_limit_is_where_the_binomial_tail_passes() -> None:
    # 75 of 100 fall on the war that ends. Of P(X ≥ 75) = 0.025 the chance is 0.6534 (Clopper and
    # Pearson): odds of 1.885.
    sets, ends = pairs(0.75, 100)
    found = explaining(sets, ends, alpha=0.05, seed=1)
    assert found.limit == pytest.approx(1.885, rel=0.04)
    assert 1 < found.limit < found.point
    # At 52 of 100 nothing is rejected, and nothing needs to be explained.
    even, ends = pairs(0.52, 100)
    assert explaining(even, ends, alpha=0.05, seed=1).limit == 1.0


def test_where_every_act_fell_on_the_war_that_ends_no_preference_is_enough() -> None:
    sets, ends = pairs(1.0, 60)
    found = explaining(sets, ends, alpha=0.05, seed=1)
    assert math.isinf(found.point) and found.is_toward
    # 0.025 to the power of 1 / 60 is 0.940: odds of 15.8.
    assert found.limit == pytest.approx(15.8, rel=0.1)


def test_the_direction_follows_from_the_outcomes_of_those_in_question() -> None:
    # Wars in question that go on for longer: acts on them are followed by more months.
    sets, ends = pairs(0.75, 100, last=True)
    found = explaining(sets, ends, alpha=0.05, seed=1)
    assert found.is_toward and found.point == pytest.approx(3.0, rel=1e-4)
    # Where nobody is in question, there is nothing to prefer.
    none = explaining(sets, np.zeros_like(ends), alpha=0.05, seed=1)
    assert math.isinf(none.point)
