"""Models of interval-censored events against R: survreg, and likelihoods written down there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import interval_parametric

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
    return pd.DataFrame({"lower": lower, "upper": upper, "start": start, "x": x, "z": z})


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
