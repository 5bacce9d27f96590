"""Exchange of a fixed exposure: Cox estimates, exact p-values by brute force, strata and groups."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph
from riskset.inference import InferenceError, PermutedEffect, permuted_effect
from riskset.inference.permutation import _arrangements, _every

# Two Newton iterations stop within a few ulps of the same maximum.
SAME_MAXIMUM = 1e-6

TIME = np.array([2.0, 3.0, 3.0, 5.0, 8.0, 8.0, 9.0, 12.0])
EVENT = np.array([1, 1, 1, 1, 1, 0, 1, 0], dtype=bool)
FAST = np.array([1, 1, 0, 1, 0, 0, 0, 1], dtype=float)
FORCES = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def effect(
    exposure: np.ndarray,
    *,
    strata: np.ndarray | None = None,
    group: np.ndarray | None = None,
    draws: int = 999,
) -> PermutedEffect:
    return permuted_effect(
        TIME,
        EVENT,
        exposure,
        strata=np.zeros(8, int) if strata is None else strata,
        group=np.arange(8) if group is None else group,
        draws=draws,
        level=0.9,
        seed=3,
    )


def cox(exposure: np.ndarray, strata: np.ndarray | None = None) -> float:
    rows = pd.DataFrame(
        {
            "start": 0.0,
            "stop": TIME,
            "event": EVENT,
            "x": exposure,
            "s": 0 if strata is None else strata,
        }
    )
    fit = cox_ph(
        rows,
        ["x"],
        start="start",
        stop="stop",
        event="event",
        strata=None if strata is None else ["s"],
    )
    return float(fit.params["x"])


@pytest.mark.parametrize("exposure", [FAST, np.array([2, 0, 5, 1, 3, 6, 1, 4.0])])
@pytest.mark.parametrize("strata", [None, FORCES])
def test_the_estimate_is_that_of_the_cox_model(
    exposure: np.ndarray, strata: np.ndarray | None
) -> None:
    assert effect(exposure, strata=strata).estimate == pytest.approx(
        cox(exposure, strata), abs=SAME_MAXIMUM
    )


def test_the_p_value_is_that_of_all_arrangements() -> None:
    found = effect(FAST)
    statistics = []
    for places in itertools.combinations(range(8), 4):
        exposure = np.zeros(8)
        exposure[list(places)] = 1
        statistics.append(effect(exposure).statistic)
    as_large = np.count_nonzero(np.array(statistics) >= found.statistic - 1e-9)
    assert found.is_exact
    assert found.arrangements == 70
    assert found.p_value == pytest.approx(as_large / 70)


def test_over_all_arrangements_the_test_keeps_its_level_and_agrees_with_the_interval() -> None:
    p_values, excluded = [], []
    for places in itertools.combinations(range(8), 4):
        exposure = np.zeros(8)
        exposure[list(places)] = 1
        found = effect(exposure)
        p_values.append(found.p_value)
        excluded.append(found.ci_low > 0 or found.ci_high < 0)
    for level in (0.05, 0.1, 0.25, 0.5):
        assert np.mean(np.array(p_values) <= level) <= level
    assert (np.array(excluded) == (np.array(p_values) <= 0.1)).all()
    assert 0 < sum(excluded) <= 7


def test_strata_keep_their_own_exposures() -> None:
    assert effect(FAST, strata=FORCES).arrangements == 4 * 4
    every = np.array(list(_every(FAST, FORCES)))
    assert len(np.unique(every, axis=0)) == len(every) == 16
    assert (every[:, :4].sum(axis=1) == 3).all()


def test_doses_are_arranged_without_repetition() -> None:
    values, strata = np.array([1, 1, 2, 3.0]), np.zeros(4, int)
    every = np.array(list(_every(values, strata)))
    assert len(np.unique(every, axis=0)) == len(every) == _arrangements(values, strata) == 12
    assert (np.sort(every, axis=1) == values).all()


def test_a_group_exchanges_its_exposure_as_one() -> None:
    pairs = np.array([0, 0, 1, 2, 3, 4, 5, 6])
    assert effect(FAST, group=pairs).arrangements == 35  # 3 of 7 groups
    with pytest.raises(InferenceError, match="share its exposure"):
        effect(FAST, group=np.array([0, 1, 1, 2, 3, 4, 5, 6]))


def test_draws_come_near_the_exact_p_value() -> None:
    exact, drawn = effect(FAST), effect(FAST, draws=60)
    assert not drawn.is_exact
    assert drawn.arrangements == 60
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.2)
    assert drawn.estimate == exact.estimate


def test_without_ends_among_the_exposed_the_interval_is_open_below() -> None:
    found = effect(np.array([0, 0, 0, 0, 0, 1, 0, 1.0]))
    assert found.estimate == found.ci_low == -np.inf


def test_too_few_arrangements_give_an_open_interval() -> None:
    found = effect(np.array([1, 0, 0, 0, 0, 0, 0, 0.0]))
    assert found.p_value >= 1 / 8
    assert (found.ci_low, found.ci_high) == (-np.inf, np.inf)


def test_an_exposure_that_never_varies_is_refused() -> None:
    with pytest.raises(InferenceError, match="does not vary"):
        effect(np.ones(8))


def test_a_dose_in_other_units_gives_the_same_test() -> None:
    dose = np.array([2, 0, 5, 1, 3, 6, 1, 4.0])
    one, other = effect(dose), effect(10 * dose)
    assert other.p_value == one.p_value
    assert other.estimate == pytest.approx(one.estimate / 10, abs=1e-6)
    assert other.ci_high == pytest.approx(one.ci_high / 10, rel=1e-4)
    assert other.information == pytest.approx(one.information * 100)
