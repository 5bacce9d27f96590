"""Multiplicity, imputation, equivalence, influence and the specification curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import EstimationError
from riskset.inference import (
    InferenceError,
    benjamini_hochberg,
    equivalence_test,
    holm,
    leave_one_cluster_out,
    rubin_combine,
    specification_curve,
)


def test_holm_by_hand() -> None:
    """Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_benjamini_hochberg_by_hand() -> None:
    """Sorted 0.01, 0.03, 0.035, 0.9 times 4/1, 4/2, 4/3, 4/4, never falling from above."""
    adjusted = benjamini_hochberg([0.9, 0.01, 0.035, 0.03])
    assert adjusted == pytest.approx([0.9, 0.04, 0.14 / 3, 0.14 / 3])


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_are_the_least_levels_that_reject(seed: int) -> None:
    """By the definitions: Holm stops at the first p above α/(n − i), step-up takes the last."""
    p_values = np.random.default_rng(seed).beta(0.5, 2, 30).round(2)
    order, n = np.sort(p_values), p_values.size
    down, up = holm(p_values), benjamini_hochberg(p_values)
    for alpha in np.linspace(0.001, 0.999, 500):
        passed = order <= alpha / (n - np.arange(n))
        first_kept = n if passed.all() else int(np.argmin(passed))
        assert (down <= alpha).sum() == (p_values < order[first_kept:].min(initial=2.0)).sum()
        below = np.flatnonzero(order <= alpha * np.arange(1, n + 1) / n)
        limit = order[below[-1]] if below.size else -1.0
        assert (up <= alpha).sum() == (p_values <= limit).sum()


@pytest.mark.parametrize("p_values", [[0.1, np.nan], [1.2], [-0.1], [[0.1, 0.2]]])
def test_invalid_p_values_are_refused(p_values: list[float]) -> None:
    with pytest.raises(InferenceError):
        holm(p_values)


def test_rubin_by_hand() -> None:
    """Estimates 1, 2, 3 with variance 1: B = 1, T = 1 + 4/3, λ = 4/7, ν = 2 · 49/16."""
    pooled = rubin_combine([1, 2, 3], [1, 1, 1], level=0.95)
    assert (pooled.estimate, pooled.within, pooled.between) == (2.0, 1.0, 1.0)
    assert pooled.std_error == pytest.approx(np.sqrt(7 / 3))
    assert pooled.missing_information == pytest.approx(4 / 7)
    assert pooled.dof == pytest.approx(2 * 49 / 16)
    reach = stats.t.ppf(0.975, 6.125) * np.sqrt(7 / 3)
    assert (pooled.ci_low, pooled.ci_high) == pytest.approx((2 - reach, 2 + reach))


def test_barnard_rubin_by_hand() -> None:
    """ν_obs = (11/13) · 10 · 3/7 = 330/91, and ν = 1 / (16/98 + 91/330)."""
    pooled = rubin_combine([1, 2, 3], [1, 1, 1], level=0.95, complete_dof=10)
    assert pooled.dof == pytest.approx(1 / (16 / 98 + 91 / 330))


def test_identical_imputations_give_back_the_complete_data_interval() -> None:
    pooled = rubin_combine([0.5, 0.5], [0.04, 0.04], level=0.95)
    assert pooled.std_error == pytest.approx(0.2)
    assert pooled.ci_low == pytest.approx(0.5 - 1.959964 * 0.2, abs=1e-6)
    assert pooled.p_value == pytest.approx(2 * stats.norm.sf(2.5))
    few = rubin_combine([0.5, 0.5], [0.04, 0.04], level=0.95, complete_dof=10)
    assert few.dof == pytest.approx(11 / 13 * 10)


def test_one_imputation_is_refused() -> None:
    with pytest.raises(InferenceError, match="two imputations"):
        rubin_combine([1.0], [1.0], level=0.95)
    with pytest.raises(InferenceError, match="finite"):
        rubin_combine([1.0, -np.inf], [1.0, 1.0], level=0.95)


def test_equivalence_by_hand() -> None:
    """Estimate 0.1, error 0.05, bounds ±0.2: one-sided p-values at 6 and at -2 errors."""
    result = equivalence_test(0.1, 0.05, low=-0.2, high=0.2, alpha=0.05)
    assert result.p_low == pytest.approx(stats.norm.sf(6))
    assert result.p_high == pytest.approx(stats.norm.cdf(-2))
    assert result.p_value == result.p_high
    assert result.equivalent


@pytest.mark.parametrize("estimate", np.linspace(-0.3, 0.3, 13))
@pytest.mark.parametrize("dof", [5.0, np.inf])
def test_equivalence_is_shown_exactly_when_the_interval_lies_within(
    estimate: float, dof: float
) -> None:
    result = equivalence_test(estimate, 0.05, low=-0.2, high=0.25, alpha=0.05, dof=dof)
    assert result.equivalent == (result.ci_low > -0.2 and result.ci_high < 0.25)


def test_leave_one_cluster_out_reports_flips_and_failures() -> None:
    values = np.array([5.0, -1.0, -1.0, -1.0, 0.5])
    cluster = np.array(["big", "x", "y", "y", None], dtype=object)

    def fit(kept: np.ndarray) -> float:
        if not kept[1]:
            raise EstimationError("needs x")
        return float(values[kept].sum())

    result = leave_one_cluster_out(fit, cluster)
    assert result.cluster == ("big", "x", "y")
    assert result.estimate == 2.5
    assert result.estimates.tolist()[::2] == [-2.5, 4.5]
    assert result.flips_sign == ("big",)
    assert result.not_estimable == ("x",)
    assert result.most_influential == "big"


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, pd.NaT])
def test_rows_without_a_cluster_are_never_left_out(nothing: object) -> None:
    values = np.array([4.0, 1.0, 2.0, 8.0])
    found = leave_one_cluster_out(
        lambda kept: float(values[kept].sum()), np.array([2, nothing, 1, nothing], dtype=object)
    )
    assert found.cluster == (1, 2)
    assert found.estimates.tolist() == [13.0, 11.0]


def test_leave_one_cluster_out_needs_clusters() -> None:
    with pytest.raises(InferenceError, match="no cluster"):
        leave_one_cluster_out(lambda kept: 1.0, np.array([None, None], dtype=object))


def test_specification_curve_keeps_known_biased_out_of_the_summary() -> None:
    curve = specification_curve(
        [0.3, 0.1, -0.2, -5.0, np.nan, -np.inf],
        [0.1, -0.1, -0.4, -6.0, np.nan, -np.inf],
        [0.5, 0.3, 0.1, -4.0, np.nan, -0.2],
        ["principled", "principled", "plausible", "known-biased", "principled", "principled"],
    )
    assert (curve.principled.n, curve.principled.n_estimable) == (4, 3)
    assert curve.principled.share_positive == pytest.approx(2 / 3)
    assert curve.principled.sign_agreement(0.3) == pytest.approx(2 / 3)
    assert curve.principled.sign_agreement(-0.3) == pytest.approx(1 / 3)
    assert curve.principled.median == pytest.approx(0.1)
    assert curve.principled.share_negative_excluding_zero == pytest.approx(1 / 3)
    assert curve.known_biased.median == -5.0
    assert curve.summarized.n == 5
    assert curve.summarized.share_positive_excluding_zero == pytest.approx(1 / 4)
    assert curve.order.tolist() == [5, 3, 2, 1, 0, 4]


def test_specification_curve_without_estimates_is_empty_and_not_zero() -> None:
    curve = specification_curve([np.nan], [np.nan], [np.nan], ["plausible"])
    assert (curve.plausible.n, curve.plausible.n_estimable) == (1, 0)
    assert np.isnan(curve.plausible.share_positive)
    assert np.isnan(curve.principled.median)


def test_unknown_validity_is_refused() -> None:
    with pytest.raises(InferenceError, match="'principal' is none of"):
        specification_curve([0.1], [0.0], [0.2], ["principal"])
