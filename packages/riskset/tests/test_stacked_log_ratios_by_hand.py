"""Log ratios of single units: cross products on paper, a regression with dummies, means, moves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm

from riskset import EventStack
from riskset.inference import moved_events
from riskset.inference.moved_events import MeanRatioWindow
from riskset.regression.stacked_log_ratios import (
    expected_by_unit,
    log_ratios,
    mean_log_ratio,
    treated_log_ratios,
)

NAN = math.nan
BEFORE = np.array([True, True, False, False])
AFTER = ~BEFORE


def stack(*rows: list[float]) -> EventStack:
    return EventStack(np.array(rows, dtype=float))


ONE = stack([4, 6, 3, 2], [10, 10, 5, 5], [0, 20, 30, 10])


def test_a_unit_is_expected_to_move_as_the_others_together() -> None:
    observed, expected = expected_by_unit(ONE, AFTER, BEFORE)
    assert observed.tolist() == [5, 10, 40]
    # Ten before, of others 40 before and 50 after; 20 of 30 and 45; 20 of 30 and 15.
    assert expected == pytest.approx([10 * 50 / 40, 20 * 45 / 30, 20 * 15 / 30])
    first, expected = expected_by_unit(ONE, AFTER, BEFORE, 1)
    assert (first.tolist(), expected) == ([5], pytest.approx([12.5]))
    own = [math.log(5.5 / 13), math.log(10.5 / 30.5), math.log(40.5 / 10.5)]
    assert log_ratios(ONE, AFTER, BEFORE) == pytest.approx(own)
    # Months of neither kind play no part.
    more = EventStack(np.hstack([ONE.counts, [[900], [0], [7]]]))
    wider = [np.r_[months, False] for months in (AFTER, BEFORE)]
    assert log_ratios(more, *wider) == pytest.approx(own)


def test_half_of_the_reference_is_expected_by_the_sums_of_the_whole() -> None:
    first = np.array([True, False, False, False])
    observed, expected = expected_by_unit(ONE, first, BEFORE)
    # The first month has 14 of the 50 deaths of the reference.
    assert observed.tolist() == [4, 10, 0]
    assert expected == pytest.approx([10 * 14 / 50, 20 * 14 / 50, 20 * 14 / 50])


def test_a_unit_without_a_month_of_either_kind_has_no_ratio() -> None:
    gap = stack([4, 6, NAN, NAN], [NAN, NAN, 5, 5], [8, 8, 4, 4], [0, 0, 0, 0])
    assert np.isnan(log_ratios(gap, AFTER, BEFORE)).tolist() == [True, True, False, False]
    # None of 0 deaths where 0 are expected: half an event over half an event.
    assert log_ratios(gap, AFTER, BEFORE)[3] == pytest.approx(0.0)


def test_with_months_missing_the_fit_is_that_of_a_regression_with_dummies() -> None:
    rng = np.random.default_rng(5)
    counts = rng.poisson(12, (4, 9)).astype(float)
    counts[0, 1], counts[2, 4:6], counts[3, 0] = NAN, NAN, NAN
    reference, months = np.arange(9) < 4, np.arange(9) >= 6
    observed, expected = expected_by_unit(EventStack(counts), months, reference)
    for unit in range(4):
        use = ~np.isnan(counts) & (reference | months)
        rows, columns = np.nonzero(use)
        dummies = [(rows == r) for r in range(4)]
        dummies += [columns == c for c in (1, 2, 3, 6, 7, 8)]
        x = np.column_stack([(rows == unit) & months[columns], *dummies]).astype(float)
        fit = sm.GLM(counts[rows, columns], x, family=sm.families.Poisson()).fit(tol=1e-13)
        own = math.log(observed[unit] / expected[unit])
        assert own == pytest.approx(float(fit.params[0]), abs=1e-7)


def test_every_event_speaks_once_in_the_mean() -> None:
    large = stack([400, 600, 300, 200], [10, 10, 5, 5], [0, 20, 30, 10])
    ratios = treated_log_ratios([ONE, large], AFTER, BEFORE)
    # 1,000 before, of others 40 before and 50 after.
    assert ratios == pytest.approx([math.log(5.5 / 13), math.log(500.5 / 1250.5)])
    found = mean_log_ratio(ratios)
    assert found.estimate == pytest.approx(ratios.sum() / 2)
    assert found.std_error == pytest.approx(abs(ratios[0] - ratios[1]) / 2)
    lone = mean_log_ratio(np.array([NAN, 0.3]))
    assert lone.estimate == 0.3 and math.isnan(lone.std_error)
    assert math.isnan(mean_log_ratio(np.array([NAN])).estimate)


def test_the_moved_statistic_is_each_unit_s_own_log_ratio() -> None:
    stacks = [ONE, stack([9, 1, 40, 30], [6, 6, 6, 6], [2, 4, 2, 4])]
    window = MeanRatioWindow(stacks, AFTER, np.ones(4, dtype=bool))
    values = window.statistics(0.0)
    assert values[0] == pytest.approx(log_ratios(ONE, AFTER, BEFORE))
    # An effect of one half undone: ten in place of five, and the others' expectations with it.
    freed = window.statistics(math.log(0.5))[0]
    assert freed[0] == pytest.approx(math.log(10.5 / 13))
    assert freed[1] == pytest.approx(math.log(10.5 / (20 * 50 / 30 + 0.5)))
    assert ONE.counts[0, 2] == 3  # what was counted stays as it was
    sums = np.array([a + b for a, b in itertools.product(*values)])
    seen = values[0][0] + values[1][0]
    exact = 2 * min((sums >= seen - 1e-9).mean(), (sums <= seen + 1e-9).mean())
    found = moved_events(window, draws=4000, level=0.5, seed=1, estimate=seen / 2)
    assert found.p_value == pytest.approx(min(exact, 1.0), abs=0.03)
