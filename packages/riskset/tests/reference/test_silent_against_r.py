"""Answers that once were wrong without a word, against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import StepPath, aalen_johansen, cox_ph, standardize

#: Converged twice, by Newton's method: what is left is rounding.
ROUNDING = 1e-8
ROWS = {"start": "start", "stop": "stop", "event": "event"}


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1913)
    n = 300
    x, known = rng.normal(size=n), rng.normal(size=n).round(2)
    time = rng.exponential(5 / np.exp(0.5 * x + known))
    end = rng.uniform(3, 12, n)
    data = pd.DataFrame({"stop": np.minimum(time, end).round(2) + 0.01, "event": (time <= end) * 1})
    start = np.where(rng.random(n) < 0.2, (0.5 * data["stop"]).round(2), 0.0)
    age, dose = rng.integers(18, 90, n), rng.integers(0, 5, n)
    data = data.assign(start=start, x=x, known=known, age=age, dose=dose)
    return data.assign(cause=data["event"] * rng.integers(1, 3, n))


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("silent.R", spells())


def test_predictions_carry_the_offset(answers) -> None:
    fit = cox_ph(spells(), ["x"], offset="known", **ROWS)
    np.testing.assert_allclose(fit.params, answers["offset"]["params"], rtol=ROUNDING)
    rows = pd.DataFrame({"x": [0.5, -1.0], "known": [0.8, -0.4]})
    found = fit.predict(rows, "survival", times=[2, 4])
    by_time = found.sort_values(["time", "row"])["estimate"]
    want = answers["offset"]["survival"].to_numpy()
    np.testing.assert_allclose(by_time, want.reshape(2, 2).T.reshape(-1)[[0, 2, 1, 3]], rtol=1e-8)
    alone = fit.predict_survival({"x": 0.5, "known": 0.8}, times=[2, 4])["survival"]
    np.testing.assert_allclose(alone, found["estimate"][:2], rtol=ROUNDING)
    path = pd.DataFrame({"start": [0.0], "stop": [9.0], "x": [0.5], "known": [0.8]})
    along = fit.predict_survival(path=path, times=[2, 4])["survival"]
    np.testing.assert_allclose(along, alone, rtol=ROUNDING)
    errors = fit.predict(rows, "cumulative hazard", times=[2, 4])
    by_time = errors.sort_values(["time", "row"])["std_error"]
    np.testing.assert_allclose(by_time, answers["offset"]["hazard_error"], rtol=1e-6)


def test_standardization_carries_the_offset() -> None:
    """A cohort of two, by the mean of their predicted curves."""
    data = spells().assign(group=lambda d: np.arange(len(d)) // 2)
    fit = cox_ph(data, ["x"], offset="known", cluster="group", **ROWS)
    cohort = pd.DataFrame({"x": [0.5, -1.0], "known": [0.8, -0.4]})
    found = standardize(fit, cohort, {"x": StepPath((), (1.0,))}, horizon=4.0).curve
    rows = cohort.assign(x=1.0)
    each = fit.predict(rows, "survival", times=found["time"].to_numpy())
    mean = each.groupby("time")["estimate"].mean()
    np.testing.assert_allclose(found["survival"], mean, rtol=ROUNDING)


@pytest.mark.parametrize("dtype", ["int8", "Int8", "uint8", "int16", "float32", "int64"])
def test_formulas_of_small_integers(answers, dtype: str) -> None:
    data = spells().astype({"age": dtype, "dose": dtype})
    fit = cox_ph(data, "age*dose + I(age**2)", **ROWS)
    found = fit.params[["age", "dose", "I(age ** 2)", "age:dose"]]
    np.testing.assert_allclose(found, answers["integers"]["params"], rtol=1e-6)
    rows = pd.DataFrame({"age": [70, 80], "dose": [4, 3]})
    want = fit.predict(rows)["estimate"]
    small = fit.predict(rows.astype(dtype))["estimate"]
    np.testing.assert_allclose(small, want, rtol=ROUNDING)


def test_causes_that_are_text(answers) -> None:
    data = spells()
    names = {0: "", 1: "defeat", 2: "coup"}
    data = data.assign(how=data["cause"].map(names))[data["start"] == 0]
    found = aalen_johansen(data, stop="stop", cause="how", censored="").at([2, 4])
    for cause in ("coup", "defeat"):
        own = found.loc[found["cause"] == cause, "incidence"]
        np.testing.assert_allclose(own, answers["causes"][cause], rtol=ROUNDING)


def test_a_sentinel_makes_no_ties(answers) -> None:
    data = spells()
    far = data.assign(stop=np.where(data["event"] == 0, 1e9, data["stop"]))
    fit = cox_ph(far, ["x"], **ROWS)
    np.testing.assert_allclose(fit.params, answers["sentinel"]["params"], rtol=ROUNDING)
    assert fit.loglik[1] == pytest.approx(answers["sentinel"]["loglik"][0], rel=ROUNDING)
