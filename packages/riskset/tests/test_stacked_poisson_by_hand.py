"""Stacks of a few cells: ratios of cross products, quadratics on paper, and what has no ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from riskset import EstimationError, EventStack, event_stack, stacked_jackknife, stacked_poisson
from riskset.regression.stacked_poisson import stack_deviations, stack_means, stacked_ratios

NAN, INF = math.nan, math.inf
AFTER = np.array([False, False, True])


def stack(*rows: list[float], weight: float = 1.0) -> EventStack:
    return EventStack(np.array(rows, dtype=float), weight)


def treated_after(one: EventStack, ratio: float) -> float:
    """Treated deaths after, by the sums of the stack and the ratio of its cross products."""
    y = one.counts
    row, column, whole = y[0].sum(), y[:, AFTER].sum(), y.sum()
    # a (N - r - c + a) = ratio (r - a) (c - a)
    first, second = 1 - ratio, whole - row - column + ratio * (row + column)
    roots = np.roots([first, second, -ratio * row * column]) if ratio != 1 else None
    if roots is None:
        return float(row * column / whole)
    return float(next(x.real for x in roots if 0 < x.real < min(row, column)))


ONE = stack([6, 2, 4], [10, 20, 12], [3, 1, 5])
TWO = stack([1, 3, 9], [8, 8, 8], weight=0.5)


def test_means_without_a_ratio_are_products_of_the_sums() -> None:
    assert stack_means(ONE) == pytest.approx(np.outer([12, 42, 9], [19, 23, 21]) / 63)
    # In two months alone; nothing elsewhere.
    only = stack_means(ONE, months=np.array([True, False, True]))
    assert only[:, 1].tolist() == [0, 0, 0]
    assert only[:, [0, 2]] == pytest.approx(np.outer([10, 22, 8], [19, 21]) / 40)
    # A ratio of three in the treated row: its share of the month is three times as large.
    mean = stack_means(ONE, np.array([1.0, 1.0, 3.0]))
    cross = mean[0, 2] * mean[1, 0] / (mean[0, 0] * mean[1, 2])
    assert cross == pytest.approx(3.0) and mean.sum(axis=1) == pytest.approx([12, 42, 9])
    # A month without any death, and a cell that is not known, have no mean.
    gap = stack_means(stack([2, 0, NAN], [4, 0, 7]))
    assert gap == pytest.approx(np.array([[2, 0, 0], [4, 0, 7]]), abs=1e-6)


def test_one_stack_has_the_ratio_of_its_cross_products() -> None:
    # Four after and eight before, against 17 and 34.
    assert stacked_poisson([ONE], AFTER).estimate == pytest.approx(
        math.log(4 / 8 * 34 / 17), abs=1e-6
    )
    assert stacked_poisson([TWO], AFTER).estimate == pytest.approx(
        math.log(9 / 4 * 16 / 8), abs=1e-6
    )
    assert math.isnan(stacked_poisson([TWO], AFTER).std_error)  # no spread between stacks
    light = stack(*TWO.counts.tolist(), weight=1e-6)
    found = stacked_poisson([light], AFTER).estimate
    assert found == pytest.approx(math.log(9 / 4 * 16 / 8), abs=1e-6)
    # Without the second month.
    window = np.array([True, False, True])
    found = stacked_poisson([ONE], AFTER, window).estimate
    assert found == pytest.approx(math.log(4 / 6 * 13 / 17), abs=1e-6)


def test_a_common_ratio_and_its_error_are_those_of_quadratics() -> None:
    found = stacked_poisson([ONE, TWO], AFTER)

    def scores(log: float) -> np.ndarray:
        ratio = math.exp(log)
        return np.array([4 - treated_after(ONE, ratio), 0.5 * (9 - treated_after(TWO, ratio))])

    assert scores(found.estimate).sum() == pytest.approx(0.0, abs=1e-5)
    slope = (scores(found.estimate + 1e-4) - scores(found.estimate - 1e-4)).sum() / 2e-4
    spread = math.sqrt(2 / 1 * (scores(found.estimate) ** 2).sum())
    assert found.std_error == pytest.approx(spread / abs(slope), rel=1e-4)
    assert found.std_error > 0.1
    both = stacked_ratios([ONE, TWO], np.array([-1, -1, 0]))
    assert both == pytest.approx([found.estimate], abs=1e-5)


def test_what_has_no_ratio_says_which_way() -> None:
    nobody = stacked_poisson([stack([3, 2, 0], [4, 4, 4])], AFTER)
    assert nobody.estimate == -INF and math.isnan(nobody.std_error)
    # All of the treated deaths come after: the ratio has no upper bound.
    everybody = stacked_poisson([stack([0, 0, 3], [4, 4, 4])], AFTER)
    assert math.isnan(everybody.estimate) and math.isnan(everybody.std_error)
    assert math.isnan(stacked_poisson([], AFTER).estimate) and math.isnan(
        stacked_poisson([], AFTER).std_error
    )
    # Ratios of several thousands are still found; those beyond e to the twelfth are not.
    far = stacked_poisson([stack([1, 0, 160_000], [1, 0, 1])], AFTER).estimate
    assert far == pytest.approx(math.log(160_000), abs=1e-4)
    near = stacked_poisson([stack([160_000, 0, 1], [1, 0, 1])], AFTER).estimate
    assert near == pytest.approx(-math.log(160_000), abs=1e-4)
    assert math.isnan(stacked_poisson([stack([1, 0, 200_000], [1, 0, 1])], AFTER).estimate)
    assert stacked_poisson([stack([200_000, 0, 1], [1, 0, 1])], AFTER).estimate == -INF
    light = stack([1, 0, 200_000], [1, 0, 1], weight=1e-9)
    assert math.isnan(stacked_poisson([light], AFTER).estimate)


def test_each_group_of_months_has_a_ratio_of_its_own() -> None:
    group = np.array([-1, 0, 1])
    # 2 of 6 before against 21 of 13, 4 of 6 against 17 of 13.
    found = stacked_ratios([ONE], group)
    assert found == pytest.approx([math.log(2 / 6 * 13 / 21), math.log(4 / 6 * 13 / 17)], abs=1e-5)
    # Two of a kind, whatever their weight, have the ratio of one.
    again = stack(*ONE.counts.tolist(), weight=7.0)
    assert stacked_ratios([ONE, again], group) == pytest.approx(found, abs=1e-5)
    # Months left out: no ratio of theirs can be told, since nothing is counted in them.
    only = stacked_ratios([ONE], group, np.array([True, True, False]))
    assert only[0] == pytest.approx(found[0], abs=1e-5) and only[1] == -INF
    assert stacked_ratios([ONE], np.array([-1, -1, -1])).tolist() == []
    assert stacked_ratios([stack([3, 2, 0], [4, 4, 4])], group)[1] == -INF
    # A month that is not known of the treated row tells nothing of it: three after for one before.
    unknown = stacked_ratios([stack([1, NAN, 3], [4, 4, 4])], group)
    assert unknown == pytest.approx([-INF, math.log(3)], abs=1e-5)


def test_deviations_are_of_every_row_as_if_none_were_treated() -> None:
    observed, mean = stack_deviations(ONE, AFTER)
    assert observed.tolist() == [4, 12, 5]
    assert mean == pytest.approx([12 * 21 / 63, 42 * 21 / 63, 9 * 21 / 63])
    window = np.array([True, False, True])
    observed, mean = stack_deviations(ONE, AFTER, window)
    assert observed.tolist() == [4, 12, 5]
    assert mean == pytest.approx([10 * 21 / 40, 22 * 21 / 40, 8 * 21 / 40])
    # An unknown cell is neither counted nor expected.
    observed, mean = stack_deviations(stack([2, 1, NAN], [4, 2, 6]), AFTER)
    assert observed.tolist() == [0, 6] and mean == pytest.approx([0, 6], abs=1e-6)


def test_errors_of_several_periods_leave_each_stack_out() -> None:
    group = np.array([-1, 0, 1])
    stacks = [ONE, TWO, stack([5, 5, 6], [9, 8, 7])]
    ratios, errors = stacked_jackknife(stacks, group)
    assert ratios == pytest.approx(stacked_ratios(stacks, group))
    out = np.array([stacked_ratios([s for s in stacks if s is not one], group) for one in stacks])
    assert errors == pytest.approx(np.sqrt(2 / 3 * ((out - out.mean(axis=0)) ** 2).sum(axis=0)))


def test_counts_below_zero_are_no_stack() -> None:
    assert event_stack([[1, 2], [3, 4]]).counts.dtype == float
    with pytest.raises(EstimationError, match="none below zero"):
        event_stack([[1, -2], [3, 4]])
