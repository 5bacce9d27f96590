"""Fields and refusals of the inference room that few ask for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from riskset.inference import (
    InferenceError,
    cluster_bootstrap,
    cluster_jackknife,
    e_value,
    equivalence_test,
    holm,
    minimum_detectable_effect,
    omitted_variable_bounds,
    power_curve,
    risk_set_rerandomization,
    rubin_combine,
    schoenfeld_std_error,
    specification_curve,
)
from riskset.inference.assignment import split_rows
from simulated_spells import simulate

#: Rounding of a few operations.
SAME = 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_exposed_units_and_critical_scores(seed: int) -> None:
    """Follow-up is cut where exposure begins: exposed units are those of exposed rows."""
    design = simulate(np.random.default_rng(seed), n_units=80, n_spells=25, lag=400.0, length=200.0)
    result = risk_set_rerandomization(design, draws=99, level=0.8, seed=seed)
    unit, *_, exposed = split_rows(design, design.unit)
    assert result.exposed_units.tolist() == np.unique(unit[exposed > 0]).tolist()
    assert result.n_exposed_units == len(result.exposed_units) < design.n_spells
    outside = result.score < result.critical_low or result.score > result.critical_high
    assert outside == (result.p_value < 0.2)
    # Of 99 draws nine lie beyond either bound: 2 · 10/100 is not below 0.2, 2 · 9/100 is.
    ordered = np.sort(result.reference)
    assert (result.critical_low, result.critical_high) == (ordered[8], ordered[-9])
    assert (result.draws, result.n_spells, result.n_units) == (99, design.n_spells, 80)


def test_the_percentile_interval_at_another_level_is_that_of_a_run_at_that_level() -> None:
    values = np.random.default_rng(2).normal(size=30)

    def fit(weights: np.ndarray) -> np.ndarray:
        return np.array([np.average(values, weights=weights)])

    one, other = (
        cluster_bootstrap(fit, np.arange(30), draws=199, level=level, seed=1)
        for level in (0.9, 0.5)
    )
    found = one.percentile_at(0.5)
    assert (found.low, found.high) == (other.percentile.low, other.percentile.high)
    with pytest.raises(InferenceError, match="level"):
        one.percentile_at(1.0)


def test_two_clusters_are_enough_for_a_jackknife() -> None:
    """Means 1 and 5: 3 with either left out at 5 or 1, V = (1/2)(4 + 4) = 4, one degree."""
    values = np.array([1.0, 5.0])
    found = cluster_jackknife(lambda kept: float(values[kept].mean()), ["a", "b"], level=0.9)
    assert (found.estimate, found.std_error, found.degrees_of_freedom) == (3.0, 2.0, 1)
    # Student's t with one degree is Cauchy's distribution.
    reach = 2 * np.tan(np.pi * 0.45)
    assert (found.ci_low, found.ci_high) == pytest.approx((3 - reach, 3 + reach), rel=1e-10)
    assert found.p_value == pytest.approx(1 - 2 * np.arctan(1.5) / np.pi, rel=1e-10)
    with pytest.raises(InferenceError, match="two clusters or more, not 1 of 1"):
        cluster_jackknife(lambda kept: float(kept.sum()), ["a", "a"], level=0.9)
    with pytest.raises(InferenceError, match="No cluster moves the estimate"):
        cluster_jackknife(lambda kept: 1.0, ["a", "b"], level=0.9)


def test_a_robustness_value_that_the_exposure_alone_sets() -> None:
    """t = 30 with three degrees: f² = 300, the critical f² is t²/2 of two degrees.

    A confounder that explains all that is left of the outcome then needs (f² − c²)/(1 + f²).
    """
    bounds = omitted_variable_bounds(
        30.0,
        1.0,
        3,
        benchmark_r2_exposure=0.0,
        benchmark_r2_outcome=0.0,
        multiple=1.0,
        alpha=0.05,
    )
    critical = stats.t.isf(0.025, 2) ** 2 / 2
    assert bounds.robustness_value_alpha == pytest.approx((300 - critical) / 301, rel=SAME)
    assert bounds.partial_r2 == pytest.approx(300 / 301, rel=SAME)
    assert (bounds.r2_exposure, bounds.r2_outcome, bounds.adjusted_estimate) == (0, 0, 30)
    assert bounds.adjusted_std_error == pytest.approx(np.sqrt(3 / 2), rel=SAME)


def test_a_confounder_of_twice_the_benchmark() -> None:
    """With r = 1/5 for the exposure: 2·r/(1 − r) = 1/2, and 2r²/{(1 − 2r)(1 − r)} = 1/6.

    The strength is (√2 + √(1/6))²/(5/6) for the outcome, whose benchmark has odds of 1/10.
    """
    bounds = omitted_variable_bounds(
        1.0,
        0.1,
        2,
        benchmark_r2_exposure=0.2,
        benchmark_r2_outcome=1 / 11,
        multiple=2.0,
        alpha=0.1,
    )
    outcome = (np.sqrt(2) + np.sqrt(1 / 6)) ** 2 / (5 / 6) / 10
    assert bounds.r2_exposure == pytest.approx(0.5, rel=SAME)
    assert bounds.r2_outcome == pytest.approx(outcome, rel=SAME)
    bias = 0.1 * np.sqrt(2 * outcome)
    assert bounds.adjusted_estimate == pytest.approx(1 - bias, rel=SAME)
    error = 0.1 * np.sqrt((1 - outcome) / 0.5 * 2)
    assert bounds.adjusted_std_error == pytest.approx(error, rel=SAME)
    reach = np.tan(np.pi * 0.45) * error
    assert bounds.ci_high == pytest.approx(1 - bias + reach, rel=1e-10)


def test_no_effect_and_limits_at_no_effect_need_no_confounding() -> None:
    assert e_value(1.0, 0.5, 3.0, common_outcome=True).limit == 1.0
    assert e_value(2.0, 1.0, 3.0, common_outcome=False).limit == 1.0
    assert e_value(0.5, 0.0, 0.8, common_outcome=False).limit == pytest.approx(
        1.25 + np.sqrt(1.25 * 0.25)
    )


def test_what_a_curve_of_specifications_says_of_signs() -> None:
    curve = specification_curve(
        [0.3, -0.1, -0.2, 0.0], [0.1, -0.3, -0.4, -1], [0.5, 0.1, -0.1, 1], ["plausible"] * 4
    )
    found = curve.plausible
    assert (found.share_positive, found.share_negative) == (0.25, 0.5)
    assert (found.lowest, found.highest, found.median) == (-0.2, 0.3, pytest.approx(-0.05))
    assert found.sign_agreement(-2.0) == 0.5
    for nothing in (0.0, np.nan):
        with pytest.raises(InferenceError, match="without a sign"):
            found.sign_agreement(nothing)


def test_what_was_asked_is_kept() -> None:
    effect = minimum_detectable_effect(0.25, alpha=0.1, power=0.9)
    assert (effect.std_error, effect.alpha, effect.power) == (0.25, 0.1, 0.9)
    assert rubin_combine([1, 2, 3], [1, 1, 1], level=0.95).imputations == 3
    assert holm([]).size == 0 and holm([0.0, 1.0]).tolist() == [0.0, 1.0]
    test = equivalence_test(0.1, 0.05, low=-0.2, high=0.2, alpha=0.1, dof=1)
    reach = 0.05 * np.tan(np.pi * 0.4)
    assert (test.ci_low, test.ci_high) == pytest.approx((0.1 - reach, 0.1 + reach), rel=1e-10)


BOUNDS = {"benchmark_r2_exposure": 0.1, "benchmark_r2_outcome": 0.1, "multiple": 1.0, "alpha": 0.1}


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: schoenfeld_std_error(10, 0), "Both exposed and unexposed"),
        (lambda: power_curve([1.0, 0.0], 0.2, alpha=0.05), "must be positive"),
        (lambda: minimum_detectable_effect(0.0, alpha=0.05, power=0.8), "positive and finite"),
        (lambda: minimum_detectable_effect(0.2, alpha=0.05, power=1.0), "between 0 and 1"),
        (lambda: minimum_detectable_effect(0.2, alpha=1.0, power=0.5), "between 0 and 1"),
        (lambda: equivalence_test(0, 0.1, low=-0.2, high=0.2, alpha=0.5), "level below 0.5"),
        (lambda: equivalence_test(0, 0.1, low=-0.2, high=0.2, alpha=0.0), "level below 0.5"),
        (lambda: equivalence_test(0, 0.0, low=-0.2, high=0.2, alpha=0.1), "the error positive"),
        (lambda: equivalence_test(0, 0.1, low=0.2, high=0.2, alpha=0.1), "must be ordered"),
        (lambda: omitted_variable_bounds(1, 0.0, 9, **BOUNDS), "A standard error"),
        (lambda: omitted_variable_bounds(1, 0.1, 1, **BOUNDS), "two degrees of freedom"),
        (
            lambda: omitted_variable_bounds(
                1, 0.1, 9, **BOUNDS | {"benchmark_r2_exposure": 0.5}
            ),
            "smaller multiple",
        ),
        (
            lambda: omitted_variable_bounds(
                1, 0.1, 9, **BOUNDS | {"benchmark_r2_exposure": 1.0}
            ),
            "outside",
        ),
        (lambda: rubin_combine([1.0, 2.0], [1.0, 0.0], level=0.9), "positive variance"),
        (lambda: rubin_combine([1.0, 2.0], [1.0], level=0.9), "two imputations"),
        (lambda: rubin_combine([1e200, -1e200], [1.0, 1.0], level=0.9), "can be squared"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        ask()
