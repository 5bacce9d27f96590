"""Adjusted survival curves against riskRegression and survfit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import adjusted_survival

#: Coefficients of R's coxph and glm are converged to 1e-9 and 1e-8.
CONVERGED = 1e-7
AT = [0.5, 1, 1.5]


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 300
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    g = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    time, end = rng.exponential(1 / np.exp(0.5 * x + 0.3 * z - 0.4 * g)), rng.uniform(0.5, 3, n)
    data = pd.DataFrame({"stop": np.minimum(time, end), "event": (time <= end) * 1})
    start = np.where(np.arange(n) % 3 == 0, 0.3 * data["stop"], 0.0)
    return data.assign(x=x, z=z, g=g, start=start, id=np.arange(n))


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("adjusted.R", spells())


def test_g_formula(answers) -> None:
    if "formula" not in answers:
        pytest.skip("R has no package riskRegression (Debian: r-cran-riskregression)")
    want = answers["formula"]
    found = adjusted_survival(spells(), ["x", "z"], group="g", stop="stop", event="event")
    table = found.at(AT)
    np.testing.assert_allclose(1 - table["survival"], want["risk"], rtol=CONVERGED)
    np.testing.assert_allclose(table["std_error"], want["error"], rtol=CONVERGED)
    away = pd.concat([found.differences(t) for t in AT])
    np.testing.assert_allclose(-away["estimate"], want["difference"], rtol=CONVERGED)
    np.testing.assert_allclose(away["std_error"], want["difference_error"], rtol=CONVERGED)


@pytest.mark.parametrize(("case", "method"), [("late", "g-formula"), ("weights", "weights")])
def test_late_entry(answers, case: str, method: str) -> None:
    found = adjusted_survival(
        spells(), ["x", "z"], group="g", start="start", stop="stop", event="event", method=method
    )
    np.testing.assert_allclose(found.at(AT)["survival"], answers[case]["survival"], rtol=CONVERGED)
