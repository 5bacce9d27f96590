"""Inverted tests: p-values counted on paper, and effects that no test accepts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from riskset.inference.inversion import inverted_interval, rejected_by, tail_p_value


def test_a_p_value_counts_the_statistic_itself_and_ties_on_both_sides() -> None:
    # Above or alike: 6, 7, 8 and the statistic; below or alike: 1 and the statistic.
    assert tail_p_value(5.0, np.array([1.0, 6, 7, 8])) == pytest.approx(2 * 2 / 5)
    assert tail_p_value(5.0, np.array([1.0, 2, 3, 4, 4.5, 4.9, 1])) == pytest.approx(2 * 1 / 8)
    assert tail_p_value(5.0, np.array([5.0 + 1e-9, 5, 5 - 1e-9])) == 1.0


def test_statistics_in_the_outer_share_of_a_reference_are_rejected() -> None:
    reference = np.arange(40.0)
    # One in forty lies at or beyond either end: 2/40 = 0.05 is not below 0.05.
    assert rejected_by(np.array([0.0, 39.0]), reference, 0.05) == 0
    assert rejected_by(np.array([-1.0, 40.0, 20.0]), reference, 0.05) == 2


def test_the_limits_are_where_the_test_begins_to_reject() -> None:
    found = inverted_interval(lambda b: 0.5 if -1 < b < 3 else 0.01, 0.0, level=0.95, steps=50)
    assert (found.low, found.high) == pytest.approx((-1, 3), abs=1e-9)
    # As wide as a normal interval with an error of 4 / (2 * 1.96).
    assert found.std_error(0.95) == pytest.approx(2 / 1.959964, rel=1e-6)
    # An estimate of infinity is looked for from zero on; a rejected one, near it.
    again = inverted_interval(lambda b: float(-1 < b < 3), math.inf, level=0.95, steps=50)
    assert again.high == pytest.approx(3)
    near = inverted_interval(lambda b: float(-1 < b < 3), 4.5, level=0.95, steps=50)
    assert near.low == pytest.approx(-1)


def test_a_test_that_never_or_always_rejects_has_open_limits_or_none() -> None:
    always = inverted_interval(lambda _: 0.01, 0.0, level=0.95, steps=10)
    assert math.isnan(always.low) and math.isnan(always.high) and always.p_value == 0.01
    never = inverted_interval(lambda _: 1.0, 0.0, level=0.95, steps=10)
    assert (never.low, never.high) == (-math.inf, math.inf) and math.isinf(never.std_error(0.9))
