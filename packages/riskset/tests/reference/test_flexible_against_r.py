"""Flexible parametric models against a second likelihood in R, on R's own natural splines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import flexible_parametric

#: R's maximizer stops at a relative change of the likelihood of 1e-15, its root of the estimates.
CONVERGED = 3e-5
#: R's information is a numerical derivative of the gradient.
INFORMATION = 1e-4
ROWS = {"stop": "stop", "event": "event"}
CASES = {
    "two": {"df": 2, "start": "start"},
    "three": {"df": 3, "start": "start"},
    "right": {"df": 3},
    "varying": {"df": 3, "start": "start", "time_varying": {"z": 1}},
}


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1970)
    n = 400
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    time = (rng.exponential(1 / np.exp(0.4 * x + 0.6 * z))) ** np.where(z == 1, 0.9, 1.2)
    entry = np.where(rng.random(n) < 0.4, rng.uniform(0, 0.4, n), 0.0)
    end = rng.uniform(0.5, 4, n)
    data = pd.DataFrame({"start": entry, "stop": np.minimum(time, end), "x": x, "z": z})
    data = data.assign(event=(time <= end).astype(int), group=np.arange(n) // 4)
    return data[data["stop"] > data["start"] + 1e-3].reset_index(drop=True)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("flexible.R", spells())


@pytest.mark.parametrize("case", CASES)
def test_models_with_splines(answers, case: str) -> None:
    want, fit = answers[case], flexible_parametric(spells(), ["x", "z"], **ROWS, **CASES[case])
    names = ["x", "z", "z:log(time)"][: len(want["effects"])]
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-7)
    np.testing.assert_allclose(fit.params[names], want["effects"], atol=CONVERGED)
    np.testing.assert_allclose(fit.std_errors[names], want["errors"], rtol=INFORMATION)
    found = fit.predict({"x": 0.5, "z": 1}, "cumulative hazard", times=[0.3, 1, 2])
    np.testing.assert_allclose(found["estimate"], want["cumulative"], rtol=1e-4)


def test_one_parameter_is_the_weibull_model(answers) -> None:
    fit = flexible_parametric(spells(), ["x", "z"], **ROWS, df=1)
    np.testing.assert_allclose(fit.params[["x", "z"]], answers["weibull"]["effects"], rtol=1e-6)
    assert fit.loglik == pytest.approx(answers["weibull"]["loglik"][0], abs=1e-7)
