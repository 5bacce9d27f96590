"""Counts by period: panels of a few cells, worked on paper or by a second engine."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from collsec.designs.panel_counts import Panel, PanelCounts, engine_gap
from made_up_panels import by_regression, panel
from riskset.inference.circular_shifts import shifted_p_value
from riskset.regression.two_way_poisson import fit_panel, two_way_means

DESIGN = PanelCounts()
NAN = math.nan


# A panel's own numbers --------------------------------------------------------------------------

COUNTS = [[1, 0, 2, NAN], [3, 1, 0, 0], [0, 0, 5, 0]]
IS_EXPOSED = [[0, 1, 1, 0], [0, 0, 0, NAN], [0, 0, 0, 0]]


def test_cells_on_record_are_counted_and_those_exposed() -> None:
    keys = ["nobs", "n_units", "n_events", "n_clusters"]
    keys += ["exposed_units", "exposed_events", "exposed_clusters"]
    one = panel(COUNTS, IS_EXPOSED)
    # Two cells of twelve are not on record: no count, or no exposure.
    assert one.numbers() == dict(zip(keys, [10, 3, 12, 3, 1, 2, 1], strict=True))
    # In degrees from none on, those are exposed that have any.
    degrees = panel(COUNTS, [[0, 1, 2, 0], *IS_EXPOSED[1:]])
    assert degrees.numbers() == one.numbers()
    # An index that takes either sign exposes every cell.
    index = panel(COUNTS, [[-1, 1, 2, -1], *IS_EXPOSED[1:]])
    assert index.numbers() == dict(zip(keys, [10, 3, 12, 3, 3, 10, 3], strict=True))


def test_paths_are_each_unit_s_own_unless_shared() -> None:
    own, shared = panel(COUNTS, IS_EXPOSED), panel(COUNTS, IS_EXPOSED, [0, 2, 1])
    assert own.paths.n_paths == shared.paths.n_paths == 3
    assert panel(COUNTS, IS_EXPOSED, [0, 1, 1]).paths.n_paths == 2
    assert own.paths.path is None and shared.paths.path is not None


# The fit ----------------------------------------------------------------------------------------


def test_means_without_an_effect_are_products_of_shares() -> None:
    one = panel([[2, 8, 5], [3, 4, 8]], [[0, 1, 0], [0, 0, 0]])
    # Rows 15 and 15, columns 5, 12 and 13, of 30.
    assert two_way_means(one.cells, 0.0) == pytest.approx(np.array([[2.5, 6.0, 6.5]] * 2))
    # A series of one unit has one mean.
    assert two_way_means(panel([[2, NAN, 4]], [[0, 1, 1]]).cells, 0.0)[0].tolist() == [
        3.0,
        0.0,
        3.0,
    ]
    # Under a doubling: six deaths are one share without exposure and two with it.
    assert two_way_means(panel([[2, 4]], [[0, 1]]).cells, math.log(2)) == pytest.approx(
        np.array([[2.0, 4.0]])
    )


def test_a_ratio_of_two_by_two_cells_is_that_of_its_cross_products() -> None:
    assert fit_panel((panel([[2, 8], [3, 4]], [[0, 1], [0, 0]])).cells).estimate == pytest.approx(
        math.log(8 * 3 / (2 * 4))
    )
    # 370 to one is within the bounds of a log ratio of six, 450 to one is beyond.
    for most, is_known in ((370, True), (450, False)):
        both = (
            panel([[1, most], [1, 1]], [[0, 1], [0, 0]]),
            panel([[most, 1], [1, 1]], [[0, 1]] * 1 + [[0, 0]]),
        )
        for one, sign in zip(both, (1, -1), strict=True):
            found = fit_panel(one.cells).estimate
            assert (
                (found == pytest.approx(sign * math.log(most))) if is_known else math.isnan(found)
            )


UNEVEN = panel(
    [[4, 9, NAN, 2, 6], [3, 1, 2, 7, 0], [5, 6, 8, 1, 3], [0, 2, 2, 5, NAN]],
    [[0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, NAN], [1, 0, 0, 1, 1]],
)
#: Each unit has three periods, two of them the next unit's: proportional fitting is slow here.


def stairs(most: int) -> Panel:
    """Twelve units that share three periods with the next; one count of each is far larger."""
    return panel(
        [
            [
                (3 * i + 5 * j) % 7 + 1 + most * (i == j) if 0 <= j - i <= 2 else NAN
                for j in range(14)
            ]
            for i in range(12)
        ],
        [[float((i * i + j) % 3 == 0) for j in range(14)] for i in range(12)],
    )


#: Under the larger counts, effects of some cells need a first step by more than a factor of e.
STAIRS, STEEP = stairs(9), stairs(40)
DEGREES = panel([[2, 7, 1, 8, 2, 8]], [[0.5, 1.5, -0.5, 2.0, 0.0, NAN]])


@pytest.mark.parametrize(
    "one", [UNEVEN, STAIRS, STEEP, DEGREES], ids=["uneven", "stairs", "steep", "series"]
)
def test_ratio_and_error_are_those_of_a_poisson_regression(one: Panel) -> None:
    found = fit_panel(one.cells)
    log, error = by_regression(one)
    assert found.estimate == pytest.approx(log, abs=1e-8)
    assert found.std_error == pytest.approx(error, rel=1e-6)
    assert engine_gap(one) < 1e-7
    mean = two_way_means(one.cells, found.estimate)
    assert mean.sum(axis=1) == pytest.approx(
        np.nansum(np.where(one.cells.known, one.counts, 0), axis=1)
    )


def test_a_unit_or_a_period_without_any_count_says_nothing() -> None:
    more = panel(
        np.vstack([np.c_[UNEVEN.counts, np.zeros(4)], np.zeros(6)]),
        np.vstack([np.c_[UNEVEN.exposure, np.ones(4)], [0, 1, 0, 1, 0, 1]]),
    )
    assert fit_panel(more.cells).estimate == pytest.approx(
        fit_panel(UNEVEN.cells).estimate, abs=1e-7
    )
    assert engine_gap(more) < 1e-7
    # A unit and a period with a single count are part of the fit.
    thin = panel(
        np.vstack([np.c_[UNEVEN.counts, [0, 0, 1, 0]], [0, 0, 1, 0, 0, 0]]),
        np.vstack([np.c_[UNEVEN.exposure, [0, 1, 0, 1]], [1, 0, 0, 1, 0, 0]]),
    )
    assert engine_gap(thin) < 1e-7
    assert fit_panel(thin.cells).estimate == pytest.approx(by_regression(thin)[0], abs=1e-7)
    assert abs(fit_panel(thin.cells).estimate - fit_panel(UNEVEN.cells).estimate) > 0.01
    # Nothing varies: no ratio, and nothing for a second engine to disagree on.
    same = panel([[1, 2], [3, 4]], [[1, 1], [1, 1]])
    assert math.isnan(fit_panel(same.cells).estimate) and math.isnan(
        fit_panel(same.cells).std_error
    )
    assert engine_gap(same) == 0.0


# Turned paths -----------------------------------------------------------------------------------


def turned_by_loops(one: Panel, effect: float) -> np.ndarray:
    """Scores of a full panel, whose means without an effect are products of shares."""
    freed = one.counts * np.exp(-effect * one.exposure)
    mean = freed.sum(axis=1)[:, None] * freed.sum(axis=0) / freed.sum()
    units, periods = freed.shape
    out = np.zeros((units, periods))
    for unit in range(units):
        for shift in range(periods):
            for period in range(periods):
                x = one.exposure[unit, (period - shift) % periods]
                out[unit, shift] += x * (freed[unit, period] - mean[unit, period])
    return out


def test_every_turn_of_a_path_has_the_score_of_its_cells() -> None:
    full = panel(
        [[4, 9, 2, 6], [3, 1, 7, 0], [5, 6, 1, 3]], [[0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0]]
    )
    for effect in (0.0, 0.7):
        expected = turned_by_loops(full, effect)
        assert full.paths.scores(effect) == pytest.approx(expected)
        together = dataclasses.replace(full, shared=np.array([1, 0, 1]))
        assert together.paths.scores(effect) == pytest.approx(
            np.array([expected[1], expected[0] + expected[2]])
        )
    # Of a series with a gap: mean three; the path may be turned onto the gap and finds nothing.
    gap = panel([[2, NAN, 4]], [[0, 1, 1]])
    assert gap.paths.scores(0.0)[0].tolist() == pytest.approx([1.0, 0.0, -1.0])


def test_a_p_value_counts_turns_that_are_as_large_and_as_small() -> None:
    scores = np.array([[3.0, 1.0], [2.0, 0.0]])
    picks = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    # Sums 5, 3, 3, 1, and the observed 5: of five, two are as large.
    assert shifted_p_value(scores, picks) == pytest.approx(0.8)
    assert shifted_p_value(scores, np.array([[1, 1]] * 39)) == pytest.approx(2 / 40)
    assert shifted_p_value(-scores, np.array([[1, 1]] * 39)) == pytest.approx(2 / 40)
    assert shifted_p_value(scores, np.array([[0, 0]] * 3)) == 1.0
    # Sums that differ by rounding alone are ties.
    assert shifted_p_value(np.array([[4.0, 4.0 - 3e-9]]), np.array([[1]] * 39)) == 1.0
    assert shifted_p_value(np.array([[4.0, 4.0 - 6e-9]]), np.array([[1]] * 39)) == pytest.approx(
        2 / 40
    )
    assert shifted_p_value(np.array([[4.0, 4.0 + 3e-9]]), np.array([[1]] * 39)) == 1.0
