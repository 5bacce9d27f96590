"""Predictions, formulas, criteria and count models alongside R's survival, MASS and base."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import (
    aft,
    cox_ph,
    frailty_cox,
    iv_2sls,
    negative_binomial,
    poisson,
)

#: Both engines stop within rounding of the maximum.
SAME = 1e-8
#: glm.nb alternates between coefficients and dispersion until neither moves the deviance.
ALTERNATING = 1e-6
#: The default of R's penalized steps, asked to go on as far as they will.
PENALIZED = 1e-6

TIMES = [4, 9, 15]
ROWS = {"start": "start", "stop": "stop", "event": "event"}


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(77)
    n = 320
    start = rng.integers(0, 4, n).astype(float)
    x, region = rng.normal(size=n), rng.choice(["north", "south", "west"], n)
    factor = rng.gamma(2.0, 0.5, 25)[np.arange(n) % 25]
    lasting = np.ceil(rng.exponential(14 * np.exp(-0.4 * x - 0.3 * (region == "south")) / factor))
    z, s = rng.integers(0, 2, n).astype(float), rng.normal(size=n)
    d = 0.4 * z + 0.2 * s + 0.3 * x + rng.normal(size=n)
    exposure = rng.uniform(0.5, 2.0, n)
    mean = exposure * np.exp(0.4 + 0.3 * x - 0.2 * (region == "west"))
    return pd.DataFrame(
        {
            "country": np.arange(n) % 25,
            "start": start,
            "stop": start + np.minimum(lasting, 25),
            "event": (lasting <= 25).astype(int),
            "x": x,
            "z": z,
            "s": s,
            "d": d,
            "y": 0.5 * d + 0.2 * x + rng.normal(size=n),
            "region": region,
            "log_exposure": np.log(exposure),
            "deaths": rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, n)),
            "w": rng.integers(1, 4, n).astype(float),
        }
    )


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("interface.R", spells())


def test_cox_with_a_formula(answers) -> None:
    data, want = spells(), answers["cox"]
    fit = cox_ph(data, "x*region + z", **ROWS)
    order = ["x", "region[T.south]", "region[T.west]", "z"]
    order += [n for n in fit.params.index if ":" in n]
    np.testing.assert_allclose(fit.params[order], want["params"], atol=SAME)
    np.testing.assert_allclose([fit.aic, fit.bic], want["criteria"], rtol=SAME)
    chi2, df, _ = fit.wald_test(list(fit.params.index))
    assert df == 6
    assert chi2 == pytest.approx(want["wald"][0], rel=SAME)
    some = data.head(6)
    linear = fit.predict(some)
    np.testing.assert_allclose(linear["estimate"], want["linear"], atol=SAME)
    np.testing.assert_allclose(linear["std_error"], want["linear_error"], atol=SAME)
    survival = fit.predict(some, "survival", times=TIMES)
    np.testing.assert_allclose(survival["estimate"], want["survival"], atol=SAME)
    np.testing.assert_allclose(survival["std_error"], want["survival_error"], atol=SAME)


def test_cox_with_clusters_and_with_strata(answers) -> None:
    data = spells()
    clustered = cox_ph(data, ["x", "z"], **ROWS, cluster="country")
    found = clustered.predict(data.head(6), "survival", times=TIMES)
    np.testing.assert_allclose(found["estimate"], answers["cox-clusters"]["survival"], atol=SAME)
    stratified = cox_ph(data, "x", **ROWS, strata="region")
    hazard = stratified.predict(data.head(6), "cumulative hazard", times=TIMES)
    # R counts from zero to each time at the row's own covariates: position by row, then time.
    want = answers["cox-strata"]["hazard"].to_numpy().reshape(6, 3)
    np.testing.assert_allclose(hazard["estimate"].to_numpy().reshape(6, 3), want, atol=SAME)


@pytest.mark.parametrize("name", ["exponential", "weibull", "lognormal", "loglogistic"])
def test_accelerated_failure_times(answers, name: str) -> None:
    data, want = spells(), answers[name]
    fit = aft(data, "x + region", stop="stop", event="event", distribution=name)
    some = data.head(6)
    for what, quantity in (("linear predictor", "linear"), ("quantile", "quantile")):
        found = fit.predict(some, what, q=0.25)
        np.testing.assert_allclose(found["estimate"], want[quantity], rtol=SAME)
        np.testing.assert_allclose(found["std_error"], want[f"{quantity}_error"], rtol=1e-6)
    assert fit.loglik_of_log_time == pytest.approx(want["loglik_of_log_time"][0], abs=1e-7)


def test_counts_with_offset_and_weights(answers) -> None:
    data = spells()
    options = {"outcome": "deaths", "offset": "log_exposure", "weights": "w"}
    fit, want = poisson(data, "x + region", **options), answers["poisson"]
    np.testing.assert_allclose(fit.params, want["params"], atol=SAME)
    np.testing.assert_allclose(fit.std_errors, want["error"], atol=SAME)
    mean = fit.predict(data.head(6))
    np.testing.assert_allclose(mean["estimate"], want["mean"], rtol=SAME)
    np.testing.assert_allclose(mean["std_error"], want["mean_error"], rtol=SAME)
    fit, want = negative_binomial(data, "x + region", **options), answers["negative binomial"]
    np.testing.assert_allclose(fit.params, want["params"], rtol=ALTERNATING)
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-6)
    log_alpha, error = fit.ln_alpha
    assert log_alpha == pytest.approx(np.log(want["params"].iloc[-1]), rel=ALTERNATING)
    assert error == pytest.approx(fit.std_errors["alpha"] / fit.params["alpha"])


@pytest.mark.parametrize("variance", [0.1, 0.4, 2.0])
def test_gaussian_frailty(answers, variance: float) -> None:
    want = answers[f"gaussian {variance:g}"]
    fit = frailty_cox(
        spells(), ["x", "z"], **ROWS, group="country", distribution="gaussian", variance=variance
    )
    np.testing.assert_allclose(fit.params, want["params"], atol=PENALIZED)
    np.testing.assert_allclose(fit.std_errors, want["errors"], atol=PENALIZED)


def test_weak_instruments(answers) -> None:
    fit = iv_2sls(
        spells(),
        outcome="y",
        endogenous="d",
        instruments=["z", "s"],
        exogenous="x",
        cluster="country",
    )
    want = answers["iv"]
    chi2, df, p = fit.kleibergen_paap_lm
    assert (chi2, df) == (pytest.approx(want["rank_lm"][0], rel=SAME), 2)
    assert 0 < p < 1
    assert fit.cragg_donald == pytest.approx(want["cragg_donald"][0], rel=SAME)
    chi2, df, _ = fit.anderson_rubin.chi2()
    assert (chi2, df) == (pytest.approx(want["anderson_rubin"][0], rel=SAME), 2)
