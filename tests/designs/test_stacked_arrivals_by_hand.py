"""Stacks of a few hosts counted on paper: who counts how much, scores, redraws and limits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from collsec.designs.arrivals import (
    AFTER,
    BEFORE,
    Arrivals,
    Mean,
    StackedDesign,
    engine_gap,
    own_weight,
)
from riskset import EventStack, InvertedInterval
from riskset.inference.inversion import inverted_interval
from riskset.inference.moved_events import move_events, moved_p_value, preference

MONTHS = BEFORE + AFTER
LATER = np.arange(MONTHS) >= BEFORE
#: Months of the ratio, and of the reference: 12 and 36.
COMPARED = LATER | (np.arange(MONTHS) < 12)


def arrivals(*stacks: EventStack, hosts: tuple[tuple[int, ...], ...] = ()) -> Arrivals:
    """Arrivals in hosts that are numbered 10, 11, … in each stack, unless they are given."""
    own = hosts or tuple(tuple(range(10, 10 + len(s.counts))) for s in stacks)
    rows = [np.array(one) for one in own]
    return Arrivals(
        events=pd.DataFrame({"gwno_host": [one[0] for one in own], "conflict_id": range(len(own))}),
        stacks=stacks,
        hosts=tuple(rows),
        later=tuple(one > 10 for one in rows),
        ending=tuple(one > 11 for one in rows),
        status=tuple(one * 2 for one in rows),
        attrition=pd.DataFrame(),
    )


def stack(*deaths: tuple[float, float], weight: float = 1.0) -> EventStack:
    """Deaths a month of each host before and from the arrival on."""
    rows = [np.where(LATER, after, before) for before, after in deaths]
    return EventStack(np.array(rows, dtype=float), weight)


def laid(*stacks: EventStack) -> StackedDesign:
    return StackedDesign(arrivals(*stacks), stacks)


def scores(counts: np.ndarray) -> np.ndarray:
    """Deaths from the arrival on, less those of a table whose rows and columns are independent.

    The year before the arrival has no part in it.
    """
    after, used = counts[:, LATER].sum(axis=1), counts[:, COMPARED]
    found: np.ndarray = after - used.sum(axis=1) * after.sum() / used.sum()
    return found


def test_months_from_the_arrival_on_and_the_twelve_before_it() -> None:
    one = laid(stack((1, 1), (1, 1)))
    assert np.flatnonzero(one.after).tolist() == list(range(24, 60))
    assert np.flatnonzero(one.lead).tolist() == list(range(12, 24))
    assert np.flatnonzero(one.reference).tolist() == list(range(12))
    assert one.compared(one.lead).tolist() == [True] * 24 + [False] * 36


def test_hosts_are_counted_once_and_only_months_that_are_known() -> None:
    first, second = stack((1, 2), (0, 1)), stack((1, 0), (2, 2), (0, 0))
    first.counts[1, :5] = np.nan
    found = arrivals(first, second, hosts=((10, 11), (11, 12, 10)))
    assert StackedDesign(found, (first, second)).counts() == {
        "nobs": 2 * 48 - 5 + 3 * 48,
        "n_units": 3,
        "n_events": (12 + 2 * 36 + 36) + (12 + 2 * 48),
        "n_clusters": 3,
        "exposed_units": 2,
        "exposed_events": 2,
        "exposed_clusters": 2,
    }


def test_a_stack_that_keeps_no_control_is_left_out_and_the_host_of_an_arrival_stays() -> None:
    whole = laid(stack((1, 1), (2, 2), (3, 3)), stack((4, 4), (5, 5)), stack((6, 6), (7, 7)))
    kept = whole.only(lambda place: [np.zeros(3), np.zeros(2), np.ones(2)][place].astype(bool))
    assert [s.counts[:, 0].tolist() for s in kept.stacks] == [[6, 7]]
    assert kept.arrivals.events["conflict_id"].tolist() == [2]
    last = whole.only(lambda place: np.arange(len(whole.arrivals.hosts[place])) == 1 + (place == 0))
    assert [s.counts[:, 0].tolist() for s in last.stacks] == [[1, 3], [4, 5], [6, 7]]
    assert [h.tolist() for h in last.arrivals.hosts] == [[10, 12], [10, 11], [10, 11]]
    assert [h.tolist() for h in last.arrivals.later] == [[False, True]] * 3
    assert [h.tolist() for h in last.arrivals.ending] == [[False, True]] + [[False, False]] * 2
    assert [h.tolist() for h in last.arrivals.status] == [[20, 24], [20, 22], [20, 22]]
    others = whole.without(1)
    assert [s.counts[0, 0] for s in others.stacks] == [1, 6]


def test_a_host_weighs_one_over_its_deaths_before_and_no_more_than_a_year_of_war() -> None:
    one = stack((4, 100), (2, 100), (25 / 12, 0), (0, 9))
    one.counts[:, 12:24] = 99.0  # the year before the arrival is no part of the reference
    assert own_weight(one).tolist() == pytest.approx([1 / 48, 1 / 25, 1 / 25, 1 / 25])
    alike = laid(one, stack((10, 0), (1, 1))).averaged(Mean.ARITHMETIC)
    assert [s.weight for s in alike.stacks] == pytest.approx([1 / 48, 1 / 120])
    assert [s.weight for s in alike.averaged(Mean.POOLED).stacks] == [1.0, 1.0]
    assert laid(one).mean is Mean.GEOMETRIC


def test_the_ratio_of_arrivals_is_the_geometric_mean_of_their_own() -> None:
    """Half as many in a host of few, twice as many in one of many: no change on average."""
    few, many = stack((10, 5), (8, 8), (8, 8)), stack((1000, 2000), (8, 8))
    for one in (few, many):
        one.counts[:, 12:24] = 77.0
    both = laid(few, many)
    # 180.5 of 360.5 and 72,000.5 of 36,000.5: half a death is added to either.
    logs = [math.log(180.5 / 360.5), math.log(72000.5 / 36000.5)]
    found = both.ratio(LATER)
    assert found.estimate == pytest.approx(sum(logs) / 2, abs=1e-6)
    assert found.std_error == pytest.approx((logs[1] - logs[0]) / 2, abs=1e-6)
    # Where every death is alike, the larger of them weighs more.
    assert both.averaged(Mean.POOLED).ratio(LATER).estimate > 0.05


def test_the_score_is_of_deaths_freed_of_an_effect_beside_those_expected() -> None:
    one = stack((2, 6), (4, 2), (0.5, 1))
    freed = stack((2, 3), (4, 2), (0.5, 1)).counts
    [found] = laid(one).averaged(Mean.POOLED).window(LATER).statistics(math.log(2))
    assert found.tolist() == pytest.approx(scores(freed).tolist(), abs=1e-6)
    [weighed] = laid(one).averaged(Mean.ARITHMETIC).window(LATER).statistics(math.log(2))
    weights = np.array([1 / 25, 1 / 48, 1 / 25])
    assert weighed.tolist() == pytest.approx((scores(freed) * weights).tolist(), abs=1e-6)
    assert one.counts[0, -1] == 6  # what was counted stays as it was


def test_the_odds_of_a_status_among_arrivals_are_set_beside_those_of_their_controls() -> None:
    """Two of three arrivals and one of three controls: 2.5/1.5 over 1.5/2.5; one has no control."""
    status = [np.array(own, bool) for own in ([1, 0, 0], [0, 1], [1, 0], [1])]
    assert preference(status) == pytest.approx((2.5 / 1.5) / (1.5 / 2.5))
    assert preference([np.array([False, True, True, True])]) == 1.0
    assert preference([np.array([True, True, False])]) == pytest.approx(1.5 / 0.5)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ([3, 5, 5, 6, 7, 8, 9], 2 * 4 / 8),
        ([1, 2, 3, 4, 4.5, 5, 9], 2 * 3 / 8),
        ([5, 5, 5], 1.0),
        ([6, 7, 8], 2 * 1 / 4),
    ],
)
def test_redrawn_sums_are_counted_on_either_side_of_the_observed_one(
    reference: list[float], expected: float
) -> None:
    """Observed 2 + 3; the second stack gives the reference, the first nothing."""
    values = [np.array([2.0, 0.0]), np.array([3.0, *reference])]
    picks = [np.ones(len(reference), int), np.arange(1, len(reference) + 1)]
    assert moved_p_value(values, picks) == pytest.approx(expected)


def test_hosts_are_drawn_alike_or_by_weight() -> None:
    one = laid(stack((1, 1), (1, 1), (1, 1)), stack((1, 1), (1, 1)))
    first, second = move_events(one.stacks, 4, 1, [np.array([0, 0, 5.0]), np.array([3.0, 0])])
    assert (first.tolist(), second.tolist()) == ([2] * 4, [0] * 4)
    alike, _ = move_events(one.stacks, 9000, 1)
    assert np.bincount(alike) / 9000 == pytest.approx([1 / 3] * 3, abs=0.03)
    thrice, _ = move_events(one.stacks, 9000, 1, [np.array([3.0, 1, 0]), np.array([1.0, 1])])
    assert np.bincount(thrice) / 9000 == pytest.approx([3 / 4, 1 / 4], abs=0.03)


#: Five hosts with as many deaths before; each is picked once, so that an extreme has p = 4/6.
HOSTS = [(10.0, 30.0), (10.0, 10.0), (10.0, 11.0), (10.0, 12.0), (10.0, 14.0)]
PICKS = [np.arange(5)]


def ratio_at(rival: int, hosts: list[tuple[float, float]]) -> float:
    """Log ratio at which the host of the arrival, freed of it, scores as another one does."""

    def apart(effect: float) -> float:
        counts = stack(*hosts).counts
        counts[0, LATER] *= math.exp(-effect)
        found = scores(counts)
        return float(found[0] - found[rival])

    return float(brentq(apart, -8, 8))


def limits(stacks: StackedDesign, level: float, start: float) -> InvertedInterval:
    window = stacks.averaged(Mean.POOLED).window(LATER)
    return inverted_interval(
        lambda effect: moved_p_value(window.statistics(effect), PICKS),
        start,
        level=level,
        steps=22,
    )


def test_a_limit_is_the_ratio_at_which_another_host_is_as_extreme() -> None:
    found = limits(laid(stack(*HOSTS)), 0.3, 0.9)
    assert found.p_value == pytest.approx(4 / 6)
    expected = (ratio_at(4, HOSTS), ratio_at(1, HOSTS))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-5)
    # Of equal hosts before, the score orders them by their deaths after.
    ends = (math.log(30 / 14), math.log(30 / 10))
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-5)
    wide = limits(laid(stack(*HOSTS)), 0.5, 0.9)
    assert (wide.low, wide.high) == (-math.inf, math.inf)


@pytest.mark.parametrize("away", [0.0, -0.25, 0.25, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0])
def test_limits_are_found_from_an_estimate_that_the_test_rejects(away: float) -> None:
    middle = math.log(30 / math.sqrt(10 * 14))
    found = limits(laid(stack(*HOSTS)), 0.3, middle - away)
    assert (found.low, found.high) == pytest.approx((math.log(30 / 14), math.log(3)), abs=1e-5)


def test_a_limit_beyond_a_ratio_of_e_to_the_sixth_is_open() -> None:
    far, near = 10 * math.exp(6.5), 10 * math.exp(5.5)
    for deaths, high in ((far, math.inf), (near, 5.5)):
        hosts = [(10.0, deaths), *HOSTS[1:4], (10.0, 3 * far)]
        assert limits(laid(stack(*hosts)), 0.3, 3.0).high == pytest.approx(high, abs=1e-4)


def noisy(seed: int, weight: float) -> EventStack:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.uniform(1, 6, (4, 1)), (4, MONTHS)).astype(float)
    counts[1, 19] = np.nan
    counts[:, (np.arange(MONTHS) < 6) | (np.arange(MONTHS) > 30)] = np.nan
    return EventStack(counts, weight)


def test_a_regression_with_dummies_gives_the_same_ratio_over_the_first_two_stacks() -> None:
    """A host and a month without deaths say nothing, nor does a third stack."""
    first, second, third = noisy(1, 1.0), noisy(2, 3.0), noisy(3, 1.0)
    first.counts[3] = 0.0
    second.counts[:, 27] = 0.0
    assert engine_gap(laid(first)) < 1e-6
    assert engine_gap(laid(first, second)) < 1e-6
    assert engine_gap(laid(first, second, third)) < 1e-6
    assert engine_gap(laid()) == 0.0
