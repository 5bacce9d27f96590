"""Models of interval-censored events against R: survreg, and likelihoods written down there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import interval_cox, interval_parametric

#: R's maximizer takes differences of the likelihood for its slope.
CONVERGED = 1e-4
#: R's information is a difference of differences.
INFORMATION = 1e-3
LATE = {"start": "start"}
CASES = {"late": LATE | {"df": 1}, "two": {"df": 2}, "three": LATE | {"df": 3}}


def looks(n: int = 300) -> pd.DataFrame:
    """Weibull times seen at visits; some dated, some come by the first visit, some never seen."""
    rng = np.random.default_rng(1995)
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    time = 2 * rng.weibull(1.4, n) * np.exp(-(0.5 * x - 0.4 * z) / 1.4)
    first, gap, end = rng.uniform(0.05, 0.5, n), 0.6, rng.uniform(1, 4, n)
    before = np.floor((time - first) / gap)
    lower = np.where(time < first, 0.0, first + before * gap)
    upper = np.where(time < first, first, first + (before + 1) * gap)
    upper[lower > end] = np.inf
    lower = np.minimum(lower, end)
    dated = (np.arange(n) < 40) & np.isfinite(upper)
    lower, upper = (np.where(dated, time, side) for side in (lower, upper))
    start = np.where(rng.random(n) < 0.3, lower * rng.uniform(0, 1, n), 0.0)
    data = pd.DataFrame({"lower": lower, "upper": upper, "start": start, "x": x, "z": z})
    seen = np.floor(time)
    data["grid_lower"] = np.minimum(seen, 4)
    data["grid_upper"] = np.where(seen >= 4, np.inf, seen + 1)
    data["cox_lower"], data["cox_upper"] = (
        np.where(dated, side, end)
        for side, end in (((time - 0.1).clip(0), lower), (time + 0.1, upper))
    )
    return data


def fitted(**options: object):
    return interval_parametric(looks(), ["x", "z"], lower="lower", upper="upper", **options)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("intervals.R", looks())


def test_weibull(answers) -> None:
    want, fit = answers["weibull"], fitted(df=1)
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-7)
    np.testing.assert_allclose(fit.params[["x", "z"]], want["effects"], rtol=1e-6)
    np.testing.assert_allclose(fit.params["log(time)"], want["shape"][0], rtol=1e-6)
    np.testing.assert_allclose(fit.std_errors[["x", "z"]], want["errors"], rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_splines_and_late_entry(answers, case: str) -> None:
    want, fit = answers[case], fitted(**CASES[case])
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-6)
    np.testing.assert_allclose(fit.params[["x", "z"]], want["effects"], atol=CONVERGED)
    np.testing.assert_allclose(fit.std_errors[["x", "z"]], want["errors"], rtol=INFORMATION)
    found = fit.predict({"x": 0.5, "z": 1}, "cumulative hazard", times=[0.5, 1, 2])
    np.testing.assert_allclose(found["estimate"], want["cumulative"], rtol=1e-3)


def test_cox_on_a_grid_of_looks(answers) -> None:
    want = answers["grid"]
    fit = interval_cox(looks(), ["x", "z"], lower="grid_lower", upper="grid_upper")
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-8)
    np.testing.assert_allclose(fit.params, want["effects"], rtol=1e-6)
    np.testing.assert_allclose(fit.baseline["hazard"], want["rises"], rtol=1e-6)
    # A second difference over a standard error, and a second derivative.
    np.testing.assert_allclose(fit.std_errors, want["errors"], rtol=2e-3)


def test_cox_between_looks(answers) -> None:
    want = answers["looks"]
    fit = interval_cox(looks().head(60), ["x", "z"], lower="cox_lower", upper="cox_upper")
    assert want["loglik"][0] - 1e-9 < fit.loglik
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-4)
    np.testing.assert_allclose(fit.params, want["effects"], atol=1e-3)
