"""What few models ask for: marginal frailty, weighted tests of trends, totals, odd searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from moves_between_states import NAMES, moves
from riskset import (
    EstimationError,
    cox_ph,
    discrete_hazard,
    firth_cox,
    frailty_cox,
    iv_2sls,
    kaplan_meier,
    logit,
    panel_ols,
    transition_hazards,
    transition_probabilities,
)
from riskset.arrays import Floats, largest
from riskset.covariates import center_and_scale, complete_cases, stated
from riskset.cox.penalized import averaged
from riskset.emulation.treatment_histories import describe
from riskset.inference import (
    InferenceError,
    benjamini_hochberg,
    cluster_jackknife,
    equivalence_test,
    leave_one_cluster_out,
    omitted_variable_bounds,
    specification_curve,
)
from riskset.inference.event_counts import efron_estimate, event_counts
from riskset.inference.permutation import _critical
from riskset.inference.reference_distribution import maximize_effects
from riskset.regression.fitting import mean_of
from riskset.regression.panel import _share
from riskset.times import tie_width, untied

#: Rounding of a few operations.
SAME = 1e-12
#: Sums in another order, after a solve.
REFITTED = 1e-8
ENDS = {"stop": "stop", "event": "event"}
ROWS = {"start": "start", "stop": "stop", "event": "event"}


@pytest.fixture
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 150
    start = rng.integers(0, 4, n).astype(float)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, 12, n),
            "event": rng.integers(0, 2, n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "country": np.arange(n) % 15,
            "copies": rng.integers(1, 4, n),
        }
    )


def test_survival_of_a_population_averages_over_gamma_frailty(spells: pd.DataFrame) -> None:
    """E exp(−wH) over w of mean one and variance θ, by quadrature."""
    theta = 0.7
    fit = frailty_cox(spells, ["x"], **ROWS, group="country", variance=theta)
    rows, times = spells[["x"]].head(2), [3.0, 8.0]
    ask = {"times": times, "what": "cumulative hazard"}
    one = fit.predict(rows, of="one", **ask)["estimate"].to_numpy()
    frailty = stats.gamma(1 / theta, scale=theta)
    survival = [
        integrate.quad(lambda w, h=h: np.exp(-w * h) * frailty.pdf(w), 0, np.inf)[0] for h in one
    ]
    marginal = fit.predict(rows, of="marginal", what="survival", times=times)["estimate"]
    np.testing.assert_allclose(marginal, survival, rtol=1e-7)
    assert (marginal > np.exp(-one)).all()


@pytest.mark.parametrize("distribution", ["gamma", "gaussian"])
def test_the_hazard_of_a_population_is_the_derivative_of_its_cumulative(distribution: Any) -> None:
    over, hazard, step = averaged(distribution, 0.6), np.array([0.0, 0.3, 1.0, 4.0]), 1e-6
    value, slope = over(hazard)
    above, below = over(hazard + step)[0], over(hazard - step)[0]
    np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-7)
    assert value[0] == pytest.approx(0.0, abs=SAME)
    mean = 1.0 if distribution == "gamma" else np.exp(0.3)
    assert slope[0] == pytest.approx(mean, rel=1e-9)


def test_a_trend_under_frequency_weights_is_that_of_the_copies(spells: pd.DataFrame) -> None:
    copied = spells.loc[spells.index.repeat(spells["copies"])]
    kind = {"weights": "copies", "weight_kind": "frequency"}
    weighted = cox_ph(spells, ["x", "z"], **ROWS, ties="breslow", **kind)
    listed = cox_ph(copied, ["x", "z"], **ROWS, ties="breslow")
    np.testing.assert_allclose(
        weighted.test_proportional_hazards("identity"),
        listed.test_proportional_hazards("identity"),
        rtol=REFITTED,
    )


@pytest.mark.parametrize("robust", [True, False])
def test_a_robust_trend_under_weights_is_that_of_the_copies(
    spells: pd.DataFrame, robust: bool
) -> None:
    copied = spells.loc[spells.index.repeat(spells["copies"])]
    kind = {"weights": "copies", "weight_kind": "frequency"}
    named = {**ROWS, "ties": "breslow", "cluster": "country"}
    weighted = cox_ph(spells, ["x", "z"], **named, **kind)
    listed = cox_ph(copied, ["x", "z"], **named)
    np.testing.assert_allclose(
        weighted.test_proportional_hazards("rank", robust=robust)["df"],
        listed.test_proportional_hazards("rank", robust=robust)["df"],
    )
    np.testing.assert_allclose(
        weighted.test_proportional_hazards("identity", robust=robust)["chi2"],
        listed.test_proportional_hazards("identity", robust=robust)["chi2"],
        rtol=REFITTED,
    )


def test_firth_limits_of_one_pair_are_where_the_profile_fell() -> None:
    """One pair: l = log p and I = p(1 − p), so that p^1.5 (1 − p)^0.5 is largest at p = 3/4."""
    rows = pd.DataFrame({"stop": [1, 1], "event": [1, 0], "x": [1.0, 0.0]})
    found = firth_cox(rows, ["x"], stop="stop", event="event", level=0.95)
    assert found.estimate == pytest.approx(np.log(3), abs=1e-6)

    def profile(b: float) -> float:
        p = 1 / (1 + np.exp(-b))
        return 1.5 * np.log(p) + 0.5 * np.log(1 - p)

    fall = stats.chi2.ppf(0.95, 1) / 2
    for limit in (found.ci_low, found.ci_high):
        assert profile(np.log(3)) - profile(limit) == pytest.approx(fall, abs=1e-6)


def test_totals_of_multi_state_models_are_those_of_the_rows() -> None:
    rows = moves(40, seed=2)
    hazards = transition_hazards(rows, ["x"], **NAMES, cluster="country")
    found = transition_probabilities(rows, **NAMES, cluster="country")
    assert hazards.nobs == found.nobs == len(rows)
    assert hazards.n_events == found.n_events == (rows["to"] != "none").sum()
    assert hazards.n_clusters == found.n_clusters == rows["country"].nunique()
    pairs = hazards.models.values()
    assert hazards.loglik == pytest.approx(sum(fit.loglik[1] for fit in pairs), rel=SAME)
    terms = len(hazards.params)
    assert hazards.bic == pytest.approx(
        -2 * hazards.loglik + terms * np.log(hazards.n_events), rel=SAME
    )
    assert f"{hazards.n_events}" in str(hazards)
    assert f"clustered ({found.n_clusters} clusters)" in str(found)
    assert set(found.states) >= set(rows[NAMES["state"]])
    at_zero = hazards.probabilities().at([5.0])["probability"]
    stated_zero = hazards.probabilities({"x": 0.0}).at([5.0])["probability"]
    np.testing.assert_array_equal(at_zero, stated_zero)


def test_the_anderson_rubin_test_without_small_samples_is_chi_squared() -> None:
    rng = np.random.default_rng(8)
    n = 300
    z, hidden = rng.normal(size=n), rng.normal(size=n)
    d = z + hidden + rng.normal(size=n)
    rows = pd.DataFrame({"y": 0.5 * d + hidden, "d": d, "z": z, "g": np.arange(n) % 30})
    fit = iv_2sls(rows, outcome="y", endogenous="d", instruments=["z"], cluster="g")
    test = fit.anderson_rubin
    at = 0.4
    for_df = stats.f.sf(test.statistic(at), 1, test.df_resid)
    assert test.p_value(at) == pytest.approx(for_df, rel=SAME)
    large = type(test)(test.reduced, test.first, test.cov, None)
    assert large.p_value(at) == pytest.approx(stats.chi2.sf(test.statistic(at), 1), rel=SAME)
    low, high = large.confidence_set(0.9)[0]
    assert [large.p_value(v) for v in (low, high)] == pytest.approx([0.1, 0.1], abs=1e-9)


def test_a_panel_without_effects_is_least_squares() -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"unit": np.repeat(np.arange(30), 6), "time": np.tile(np.arange(6), 30)})
    rows["x"], rows["w"] = rng.normal(size=(2, len(rows)))
    rows["y"] = 2 + 0.5 * rows["x"] - rows["w"] + rng.normal(size=len(rows))
    frame = {"outcome": "y", "entity": "unit", "time": "time"}
    fit = panel_ols(rows, ["x", "w"], **frame, entity_effects=False, time_effects=False)
    design = np.column_stack((np.ones(len(rows)), rows[["x", "w"]]))
    want = np.linalg.lstsq(design, rows["y"], rcond=None)[0]
    np.testing.assert_allclose(fit.params[["x", "w"]], want[1:], rtol=1e-9)


def test_the_mean_of_a_complementary_log_log_model_and_its_slope() -> None:
    eta, step = np.array([-3.0, -0.2, 0.0, 1.1]), 1e-6
    np.testing.assert_allclose(mean_of("cloglog", eta), 1 - np.exp(-np.exp(eta)), rtol=SAME)
    slope = (mean_of("cloglog", eta + step) - mean_of("cloglog", eta - step)) / (2 * step)
    np.testing.assert_allclose(mean_of("cloglog", eta, derivative=True), slope, rtol=1e-8)


def test_steps_over_the_top_are_halved() -> None:
    """−log cosh(5(b − 0.9)): a Newton step from zero goes to 2, the longest allowed, and falls."""

    def at(effect: Floats) -> tuple[Floats, Floats, Floats]:
        z = 5 * (effect - 0.9)
        return -np.log(np.cosh(z)), -5 * np.tanh(z), 25 / np.cosh(z) ** 2

    found = maximize_effects(at, 3)
    np.testing.assert_allclose(found.effect, 0.9, atol=1e-6)
    np.testing.assert_allclose(found.best, 0.0, atol=1e-10)


def test_a_jackknife_by_hand_and_without_spread() -> None:
    cluster = np.repeat([1, 2, 3, 4], 2)
    values = np.array([1.0, 2, 4, 3, 9, 5, 2, 7])

    def without_second(kept: np.ndarray) -> float:
        if not kept[2]:
            raise EstimationError("no such estimate")
        return float(values[kept].mean())

    found = cluster_jackknife(without_second, cluster, level=0.9)
    whole = values.mean()
    known = np.array([values[cluster != c].mean() for c in (1, 3, 4)])
    assert found.std_error == pytest.approx(np.sqrt(2 / 3 * ((known - whole) ** 2).sum()), rel=SAME)
    with pytest.raises(InferenceError, match="No cluster moves the estimate"):
        cluster_jackknife(lambda kept: 1.0, cluster, level=0.9)

    def only_whole(kept: np.ndarray) -> float:
        if not kept.all():
            raise EstimationError("all rows are needed")
        return 1.0

    with pytest.raises(InferenceError, match="No estimate exists without a cluster"):
        leave_one_cluster_out(only_whole, cluster)


def test_nothing_adjusted_stays_nothing() -> None:
    assert benjamini_hochberg([]).tolist() == []
    assert benjamini_hochberg([0.2]).tolist() == [0.2]


def test_times_without_a_finite_one_have_no_width() -> None:
    assert tie_width(np.array([np.inf, -np.inf])) == 0.0
    assert tie_width(np.array([-np.inf, 0.0]), np.array([np.inf, 50.0])) == pytest.approx(
        50e-9, rel=SAME
    )


def test_exact_ties_need_steps_for_rows_at_risk_alone() -> None:
    """1200 rows of which two are at risk at a time: 2399 steps, and without ties one likelihood."""
    begin = np.arange(1200.0)
    x = np.random.default_rng(6).normal(size=1200)
    rows = pd.DataFrame({"start": begin, "stop": begin + 2, "event": 1, "x": x})
    exact, efron = (cox_ph(rows, ["x"], **ROWS, ties=ties) for ties in ("exact", "efron"))
    np.testing.assert_allclose(exact.params, efron.params, rtol=0, atol=REFITTED)


def test_a_column_is_constant_where_only_rounding_varies() -> None:
    rounding = 1e6 + 1e-7 * np.array([1.0, -1, 1, -1])
    assert center_and_scale(rounding) == (pytest.approx(1e6), 1.0, pytest.approx(1e-7, rel=0.01))
    small = 1e-6 * np.array([1.0, -1, 1, -1])
    assert center_and_scale(small) == (0.0, pytest.approx(1e-6, rel=SAME), pytest.approx(1.0))
    assert center_and_scale(np.array([0.0, 0, 0, 4])) == (1.0, 3**0.5, pytest.approx(3**0.5))


def test_the_largest_sizes_of_columns_below_one() -> None:
    x = np.random.default_rng(1).uniform(-0.5, 0.25, (150, 3))
    x[149] = 0.25, -0.75, 0.0
    assert largest(x).tolist() == np.abs(x).max(axis=0).tolist()
    assert largest(x[:149]).tolist() == np.abs(x[:149]).max(axis=0).tolist()


def test_a_limit_of_zero_does_not_exclude_zero() -> None:
    curve = specification_curve([0.2, -0.2], [0.0, -0.4], [0.4, 0.0], ["principled"] * 2)
    assert curve.principled.share_positive_excluding_zero == 0
    assert curve.principled.share_negative_excluding_zero == 0


def test_effects_from_counts_are_those_of_a_cox_model_with_ties() -> None:
    """Efron's method for a fixed exposure, from totals at each event time alone."""
    rng = np.random.default_rng(9)
    stop = rng.integers(1, 9, 80).astype(float)
    event, exposed = rng.random(80) < 0.7, rng.random(80) < 0.4
    totals = event_counts(np.zeros(80), stop, event, np.zeros(80, dtype=np.int64))
    at_risk = np.array([[(exposed & (stop >= t)).sum() for t in totals.time]], dtype=float)
    ended = np.array([[(exposed & event & (stop == t)).sum() for t in totals.time]], dtype=float)
    estimate, error = efron_estimate(totals, at_risk, ended)
    fit = cox_ph(pd.DataFrame({"stop": stop, "event": event, "x": exposed}), ["x"], **ENDS)
    assert estimate[0] == pytest.approx(fit.params["x"], abs=REFITTED)
    assert error[0] == pytest.approx(fit.std_errors["x"], rel=1e-7)


def test_weights_are_described() -> None:
    """(1 + 1 + 4)² / (1 + 1 + 16) = 2 rows are as many as three with these weights."""
    found = describe(np.array([1.0, 1.0, 4.0]))
    assert found["effective_rows"] == pytest.approx(2.0, rel=SAME)
    assert found[["mean", "least", "largest"]].tolist() == [2.0, 1.0, 4.0]
    assert found["std"] == pytest.approx(np.sqrt(2), rel=SAME)
    assert found["p99"] == pytest.approx(3.94, rel=SAME)


def test_the_share_explained_does_not_depend_on_the_unit() -> None:
    rng = np.random.default_rng(5)
    whole = rng.normal(size=40)
    rest = whole - 0.5 * rng.normal(size=40)
    want = 1 - rest @ rest / (whole @ whole)
    for unit in (1.0, 1e-12, 1e12):
        assert _share(unit * whole, unit * rest, unit * whole) == pytest.approx(want, rel=1e-10)
    assert np.isnan(_share(1e-12 * whole, rest, whole))


def test_times_a_width_apart_are_tied() -> None:
    assert untied(np.array([0.0, 1.0, 1.5, 3.0]), 1.0).tolist() == [0.0, 1.5, 3.0]
    assert untied(np.array([0.0, 1.0, 2.5]), 1.0).tolist() == [0.0, 2.5]


def test_the_critical_value_is_the_largest_that_is_not_rejected() -> None:
    reference = np.array([2.0, 1.0, 3.0, 3.0, 0.5])
    assert _critical(reference, 0) == np.inf
    assert _critical(reference[:3], 1) == 2.0
    # Two share the largest: neither is rejected alone.
    assert _critical(reference, 1) == np.inf
    assert _critical(reference, 2) == 2.0


REFUSED: dict[str, tuple[Callable[[pd.DataFrame], object], str]] = {
    "transform": (
        lambda d: cox_ph(d.assign(start=-1, stop=0), ["x"], **ROWS).test_proportional_hazards(
            "log"
        ),
        "transform 'log' needs event times above zero",
    ),
    "distribution": (
        lambda d: frailty_cox(d, ["x"], **ROWS, group="country", distribution="beta"),
        "distribution must be 'gamma' or 'gaussian', not 'beta'",
    ),
    "of": (
        lambda d: frailty_cox(d, ["x"], **ROWS, group="country", variance=1.0).predict(
            d[["x"]], "survival", of="mean"
        ),
        "of must be 'marginal', 'one' or 'group', not 'mean'",
    ),
    "group not seen": (
        lambda d: frailty_cox(d, ["x"], **ROWS, group="country", variance=1.0).predict(
            d[["x"]].assign(country=99), "survival", of="group"
        ),
        "group 99 was not in the data of the model",
    ),
    "quantile": (
        lambda d: cox_ph(d, ["x"], **ROWS).predict(d[["x"]], "quantile", q=1.0),
        "a quantile lies between 0 and 1, not 1.0",
    ),
    "level": (
        lambda d: cox_ph(d, ["x"], **ROWS).conf_int(1.5),
        "level must lie between 0 and 1, not 1.5",
    ),
    "stated twice": (
        lambda d: stated({"x": [1.0, 2.0]}, ["x"]),  # type: ignore[dict-item]
        "covariates: state one value for each",
    ),
    "no dispersion": (
        lambda d: logit(d, ["x"], outcome="event").ln_alpha,
        "a logit model has no dispersion",
    ),
    "dependence": (
        lambda d: discrete_hazard(d, ["x"], duration="stop", event="event", dependence="quartic"),
        "dependence must be spline or one of",
    ),
    "names that are no text": (
        lambda d: cox_ph(d.rename(columns={"z": 1}), ["log(x**2)", 1], **ROWS),
        "columns that enter a formula need names that are text",
    ),
    "not complete": (
        lambda d: complete_cases(d.assign(x=np.nan), ["x"]),
        "no row has all of x",
    ),
    "ties": (
        lambda d: transition_hazards(moves(20), ["x"], **NAMES, ties="exact"),
        "ties must be 'efron' or 'breslow', not 'exact'",
    ),
    "transition": (
        lambda d: transition_hazards(moves(20), ["x"], **NAMES).probabilities(
            {("a", "nowhere"): {"x": 1.0}}
        ),
        "no transition .*nowhere",
    ),
    "bounds": (
        lambda d: equivalence_test(0.0, 0.1, low=0.3, high=0.2, alpha=0.05),
        "Bounds must be ordered",
    ),
    "benchmark": (
        lambda d: omitted_variable_bounds(
            0.5,
            0.1,
            50,
            benchmark_r2_exposure=0.1,
            benchmark_r2_outcome=1.5,
            multiple=1.0,
            alpha=0.05,
        ),
        "A partial R² of the benchmark lies outside",
    ),
    "few degrees": (
        lambda d: omitted_variable_bounds(
            0.5, 0.1, 1, benchmark_r2_exposure=0.1, benchmark_r2_outcome=0.1, multiple=1, alpha=0.05
        ),
        "at least two degrees of freedom",
    ),
    "no cluster": (
        lambda d: cox_ph(d, ["x"], **ROWS).test_proportional_hazards(robust=True),
        "the model has no clusters; fit it with cluster=",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_is_wrong(case: str, spells: pd.DataFrame) -> None:
    ask, message = REFUSED[case]
    with pytest.raises((EstimationError, InferenceError), match=message):
        ask(spells)


def test_a_table_of_another_library_is_read(spells: pd.DataFrame) -> None:
    class Table:
        def to_pandas(self) -> pd.DataFrame:
            return spells

    ours = kaplan_meier(spells, **ROWS).tidy()
    pd.testing.assert_frame_equal(kaplan_meier(Table(), **ROWS).tidy(), ours)  # type: ignore[arg-type]
