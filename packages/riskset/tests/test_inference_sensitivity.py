"""E-values and omitted-variable bounds."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from riskset.inference import InferenceError, e_value, omitted_variable_bounds


def test_e_value_of_a_rare_outcome_by_hand() -> None:
    """Hazard ratio 2: 2 + √2 = 3.41; limit 1.2: 1.2 + √0.24 = 1.69."""
    result = e_value(2.0, 1.2, 3.3, common_outcome=False)
    assert result.estimate == pytest.approx(2 + np.sqrt(2))
    assert result.limit == pytest.approx(1.2 + np.sqrt(0.24))


def test_e_value_below_one_mirrors_the_one_above() -> None:
    above = e_value(2.0, 1.2, 3.3, common_outcome=True)
    below = e_value(1 / 2.0, 1 / 3.3, 1 / 1.2, common_outcome=True)
    assert below.estimate == pytest.approx(above.estimate)
    assert below.limit == pytest.approx(above.limit)


def test_e_value_of_a_common_outcome_by_hand() -> None:
    """Hazard ratio 4: (1 - 1/4) / (1 - 0.5^0.5) = 2.5607, and 2.5607 + √(2.5607 · 1.5607)."""
    result = e_value(4.0, 0.9, 9.0, common_outcome=True)
    ratio = 0.75 / (1 - np.sqrt(0.5))
    assert ratio == pytest.approx(2.5607, abs=1e-4)
    assert result.estimate == pytest.approx(ratio + np.sqrt(ratio * (ratio - 1)))
    assert result.limit == 1.0


def test_e_value_of_no_effect_is_one() -> None:
    result = e_value(1.0, 0.8, 1.2, common_outcome=False)
    assert (result.estimate, result.limit) == (1.0, 1.0)


def test_e_value_outside_its_interval_is_refused() -> None:
    with pytest.raises(InferenceError, match="not possible"):
        e_value(2.0, 2.5, 3.0, common_outcome=False)
    with pytest.raises(InferenceError, match="not possible"):
        e_value(-0.7, -1.0, 0.0, common_outcome=False)


def regression(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    covariates = rng.standard_normal((200, 2))
    omitted = rng.standard_normal(200)
    exposure = covariates @ [0.5, -0.3] + 0.4 * omitted + rng.standard_normal(200)
    outcome = exposure + covariates @ [1.0, 0.5] + 0.6 * omitted + rng.standard_normal(200)
    return outcome, exposure, covariates, omitted


def partial_r2(outcome: np.ndarray, columns: list[np.ndarray], last: np.ndarray) -> float:
    fit = sm.OLS(outcome, sm.add_constant(np.column_stack([*columns, last]))).fit()
    return float(fit.tvalues[-1] ** 2 / (fit.tvalues[-1] ** 2 + fit.df_resid))


def test_adjusted_estimate_is_that_of_the_regression_with_the_omitted_variable() -> None:
    """A benchmark of such strength that the bound is the omitted variable's own strength."""
    outcome, exposure, covariates, omitted = regression(1)
    short = sm.OLS(outcome, sm.add_constant(np.column_stack([exposure, covariates]))).fit()
    full = sm.OLS(outcome, sm.add_constant(np.column_stack([exposure, covariates, omitted]))).fit()
    r2_exposure = partial_r2(exposure, [covariates], omitted)
    r2_outcome = partial_r2(outcome, [exposure, covariates], omitted)
    # Invert the bounds at multiple 1: r_d / (1 - r_d), and r_y / (1 - r_y) times the strength.
    r2_dj = r2_exposure / (1 + r2_exposure)
    shared = r2_dj**2 / (1 - r2_dj) ** 2
    strength = (1 + np.sqrt(shared)) ** 2 / (1 - shared)
    odds = r2_outcome / strength
    bounds = omitted_variable_bounds(
        short.params[1],
        short.bse[1],
        int(short.df_resid),
        benchmark_r2_exposure=r2_dj,
        benchmark_r2_outcome=odds / (1 + odds),
        multiple=1.0,
        alpha=0.05,
    )
    assert bounds.r2_exposure == pytest.approx(r2_exposure)
    assert bounds.r2_outcome == pytest.approx(r2_outcome)
    assert bounds.adjusted_estimate == pytest.approx(full.params[1])
    assert bounds.adjusted_std_error == pytest.approx(full.bse[1])
    assert (bounds.ci_low, bounds.ci_high) == pytest.approx(tuple(full.conf_int()[1]))


def bounds_of(t_value: float, dof: int, r2: float, alpha: float = 0.05) -> float:
    """The t value had a confounder with partial R² ``r2`` on both sides been adjusted for."""
    bias = np.sqrt(dof * r2 * r2 / (1 - r2))
    return float((t_value - bias) / np.sqrt(dof / (dof - 1)))


def test_robustness_values_bring_the_estimate_and_its_test_to_the_border() -> None:
    bounds = omitted_variable_bounds(
        0.09731582,
        0.02325654,
        783,
        benchmark_r2_exposure=0.01,
        benchmark_r2_outcome=0.1,
        multiple=1.0,
        alpha=0.05,
    )
    # Published for these numbers (violence in Darfur; Cinelli and Hazlett 2020, section 5).
    assert round(bounds.partial_r2, 3) == 0.022
    assert round(bounds.robustness_value, 3) == 0.139
    assert round(bounds.robustness_value_alpha, 3) == 0.076
    t_value = 0.09731582 / 0.02325654
    assert bounds_of(t_value, 783, bounds.robustness_value) == pytest.approx(0.0, abs=1e-9)
    left = bounds_of(t_value, 783, bounds.robustness_value_alpha)
    assert left == pytest.approx(stats.t.isf(0.025, 782), abs=1e-9)


def test_published_bounds_of_a_benchmark() -> None:
    """Darfur, "once female": R² 0.00916 and 0.12464, estimate 0.0752, error 0.0219."""
    r2_exposure, r2_outcome = 0.00916428667504862, 0.12464092303637
    r2_dj = r2_exposure / (1 + r2_exposure)
    shared = r2_dj**2 / (1 - r2_dj) ** 2
    odds = r2_outcome * (1 - shared) / (1 + np.sqrt(shared)) ** 2
    bounds = omitted_variable_bounds(
        0.09731582,
        0.02325654,
        783,
        benchmark_r2_exposure=r2_dj,
        benchmark_r2_outcome=odds / (1 + odds),
        multiple=1.0,
        alpha=0.05,
    )
    assert bounds.adjusted_estimate == pytest.approx(0.0752202712, abs=1e-7)
    assert bounds.adjusted_std_error == pytest.approx(0.0218733277, abs=1e-7)
    assert bounds.ci_low == pytest.approx(0.0322829657, abs=1e-7)
    assert bounds.ci_high == pytest.approx(0.1181575767, abs=1e-7)


def test_robustness_of_a_tiny_sample_stays_within_one() -> None:
    """Where the critical value exceeds √dof, exposure alone can make a result insignificant."""
    bounds = omitted_variable_bounds(
        30.0,
        1.0,
        3,
        benchmark_r2_exposure=0.1,
        benchmark_r2_outcome=0.1,
        multiple=1.0,
        alpha=0.05,
    )
    assert 0 < bounds.robustness_value_alpha < bounds.robustness_value < 1


def test_insignificant_estimate_has_no_robustness() -> None:
    bounds = omitted_variable_bounds(
        1.0,
        1.0,
        100,
        benchmark_r2_exposure=0.1,
        benchmark_r2_outcome=0.1,
        multiple=1.0,
        alpha=0.05,
    )
    assert bounds.robustness_value_alpha == 0.0
    assert bounds.robustness_value > 0


def test_negative_estimates_mirror_positive_ones() -> None:
    settings = {"benchmark_r2_exposure": 0.02, "benchmark_r2_outcome": 0.05}
    above = omitted_variable_bounds(0.5, 0.1, 100, multiple=2.0, alpha=0.05, **settings)
    below = omitted_variable_bounds(-0.5, 0.1, 100, multiple=2.0, alpha=0.05, **settings)
    assert below.adjusted_estimate == pytest.approx(-above.adjusted_estimate)
    assert below.ci_low == pytest.approx(-above.ci_high)


@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])  # of the exposure: 0.5 twice is all of it
def test_confounder_that_explains_all_of_the_exposure_is_refused(share: float) -> None:
    with pytest.raises(InferenceError, match="smaller multiple"):
        omitted_variable_bounds(
            0.5,
            0.1,
            100,
            benchmark_r2_exposure=share,
            benchmark_r2_outcome=0.05,
            multiple=2.0,
            alpha=0.05,
        )
