"""Binary, count, panel and instrumental regressions against base R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import discrete_hazard, iv_2sls, logit, negative_binomial, panel_ols, poisson

#: Least squares through dummies and through absorption differ by rounding.
LINEAR = 1e-9
#: glm() goes on until the deviance stands still: 1e-8 in the coefficients.
GLM_ESTIMATE = 1e-7
#: The script takes the curvature by a central difference of step 1e-5.
GLM_ERROR = 1e-6
#: glm.nb alternates between coefficients and dispersion.
ALTERNATION = 2e-5


def rows() -> pd.DataFrame:
    """Thirty countries over up to forty months, some months missing."""
    rng = np.random.default_rng(1990)
    data = pd.MultiIndex.from_product([range(30), range(1, 41)], names=["country", "month"])
    data = data.to_frame(index=False)
    n = len(data)
    country = rng.normal(size=30)[data["country"]]
    hidden = rng.normal(size=n)
    data["region"] = data["country"] % 7
    data["r"], data["s"] = rng.normal(size=n), rng.normal(size=n) + 0.3 * country
    data["x"] = rng.normal(size=n) + 0.5 * country
    data["z"] = rng.integers(0, 2, n)
    data["d"] = 0.3 * data["r"] - 0.2 * data["s"] + hidden + country
    data["y"] = 0.4 * data["d"] + 0.2 * data["x"] - hidden + country + rng.normal(size=n)
    chance = 1 / (1 + np.exp(2.5 - 0.5 * data["x"] - 0.4 * data["z"]))
    data["war"] = (rng.random(n) < chance).astype(int)
    mean = np.exp(0.5 + 0.3 * data["x"] + 0.2 * country)
    data["deaths"] = rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, n))
    data["w"] = rng.uniform(0.3, 2, n)
    return data.sample(frac=0.85, random_state=7).reset_index(drop=True)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("regressions.R", rows())


def close(got, want, tolerance: float, name: str = "") -> None:
    got = np.asarray(got, dtype=float)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", ["logit", "poisson", "cloglog"])
def test_generalized_linear_models(answers, kind: str, weights: str | None) -> None:
    want = answers[kind + ("-weights" if weights else "")]
    options = {"weights": weights, "cluster": "country"}
    if kind == "cloglog":
        fit = discrete_hazard(rows(), ["x", "z"], duration="month", event="war", **options)
        model_errors = fit.fit.model_std_errors
    else:
        estimator, outcome = (logit, "war") if kind == "logit" else (poisson, "deaths")
        fit = estimator(rows(), ["x", "z"], outcome=outcome, **options)
        model_errors = fit.model_std_errors
    close(fit.params, want["params"], GLM_ESTIMATE, "params")
    close(fit.std_errors, want["cluster_error"], GLM_ERROR, "cluster_error")
    close(model_errors, want["model_error"], GLM_ERROR, "model_error")


def test_negative_binomial(answers) -> None:
    if "negative binomial" not in answers:
        pytest.skip("R has no package MASS (Debian: r-cran-mass)")
    fit = negative_binomial(rows(), ["x", "z"], outcome="deaths")
    close(fit.params, answers["negative binomial"]["params"], ALTERNATION)
    close([fit.loglik], answers["negative binomial"]["loglik"], ALTERNATION)


def test_panel_with_two_way_effects(answers) -> None:
    frame = {"outcome": "y", "entity": "country", "time": "month"}
    fit = panel_ols(rows(), ["x", "z"], cluster="region", **frame)
    close(fit.params, answers["panel"]["params"], LINEAR)
    close(fit.std_errors, answers["panel"]["cluster_error"], LINEAR)
    robust = panel_ols(rows(), ["x", "z"], **frame)
    close(robust.std_errors, answers["panel"]["robust_error"], LINEAR)
    one = panel_ols(rows(), ["x", "z"], cluster="region", time_effects=False, **frame)
    close(one.params, answers["panel-entity"]["params"], LINEAR)
    close(one.std_errors, answers["panel-entity"]["cluster_error"], LINEAR)


def test_instrumental_variables(answers) -> None:
    fit = iv_2sls(
        rows(),
        outcome="y",
        endogenous="d",
        instruments=["r", "s"],
        exogenous=["x"],
        absorb=["country", "month"],
        cluster="country",
    )
    want = answers["iv"]
    close(fit.params, want["params"], LINEAR)
    close(fit.std_errors, want["cluster_error"], LINEAR)
    close(fit.first_stage.params[["r", "s"]], want["first_stage"], LINEAR)
    close([fit.kleibergen_paap], want["kleibergen_paap"], LINEAR)
    tested = [-1, 0, 0.4, 2]
    close([fit.anderson_rubin.p_value(v) for v in tested], want["anderson_rubin"], LINEAR)
