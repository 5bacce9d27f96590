"""Accelerated failure time models against R's survreg and a published study."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskset import aft

#: R is asked to go on until the log-likelihood stands still; it then rests 1e-7 away, as the step
#: that it does not take is the root of the rounding of the log-likelihood.
STANDSTILL = 1e-6
#: The verdict rule of the study: two engines agree to 1e-6 or the result is void.
ENGINES = 1e-6
#: expected.json states "abs 1e-6 + rel 1e-5" (R's stopping rule).
PUBLISHED = {"atol": 1e-6, "rtol": 1e-5}

DISTRIBUTIONS = ["exponential", "weibull", "lognormal", "loglogistic"]


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1960)
    n = 220
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    time = np.exp(3 + 0.4 * x - 0.5 * z + 0.7 * rng.gumbel(size=n))
    end = rng.exponential(60, n)
    return pd.DataFrame(
        {
            "stop": np.round(np.minimum(time, end), 2) + 0.01,
            "event": (time <= end).astype(int),
            "x": x,
            "z": z,
            "country": rng.integers(0, 25, n),
            "w": rng.uniform(0.3, 2, n),
        }
    )


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("aft.R", spells())


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_quantity_equals_that_of_r(answers, distribution: str, weights: str | None) -> None:
    fit = aft(
        spells(),
        ["x", "z"],
        stop="stop",
        event="event",
        distribution=distribution,
        cluster="country",
        weights=weights,
    )
    want = answers[f"{distribution}-{'weighted' if weights else 'unweighted'}"]
    got = {
        "params": fit.params,
        "cluster_error": fit.std_errors,
        "model_error": fit.model_std_errors,
        "loglik": [fit.loglik],
        "median": [fit.predict({"x": 0.4, "z": 1}, "median")["estimate"].iloc[0]],
    }
    assert set(got) == set(want)
    for name, value in got.items():
        np.testing.assert_allclose(
            np.asarray(value), want[name], rtol=STANDSTILL, atol=STANDSTILL, err_msg=name
        )


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_un_missions(shared: Path, distribution: str) -> None:
    """Duration of 54 UN missions (Box-Steffensmeier & Jones 2004)."""
    folder = shared / "replication"
    want = json.loads((folder / "expected.json").read_text())["bsj_un_missions"]["expected"]
    want = want[distribution]
    data = pd.read_csv(folder / "bsj_un_missions.csv").dropna(subset=["duration"])
    fit = aft(
        data, ["civil", "interst"], stop="duration", event="failed", distribution=distribution
    )
    for name, value in want["aft"].items():
        ours = "const" if name == "(Intercept)" else name
        np.testing.assert_allclose(fit.params[ours], value, **PUBLISHED, err_msg=name)
        np.testing.assert_allclose(
            fit.std_errors[ours], want["se"][name], **PUBLISHED, err_msg=name
        )
    np.testing.assert_allclose(fit.scale, want["sigma"], **PUBLISHED)
    if want["se_log_sigma"] is not None:
        np.testing.assert_allclose(fit.std_errors["log(scale)"], want["se_log_sigma"], **PUBLISHED)
    np.testing.assert_allclose(fit.loglik, want["ll_time"], **PUBLISHED)
    log_time = np.log(data.loc[data["failed"] == 1, "duration"]).sum()
    np.testing.assert_allclose(fit.loglik + log_time, want["ll_stata"], **PUBLISHED)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_survival_is_a_second_engine(distribution: str) -> None:
    survival = pytest.importorskip("survival")
    data = spells()
    ours = aft(
        data, ["x", "z"], stop="stop", event="event", distribution=distribution, cluster="country"
    )
    theirs = survival.survreg(
        "Surv(stop, event) ~ x + z", data, dist=distribution, cluster="country"
    )
    betas = slice(0, len(theirs.coefficients))
    np.testing.assert_allclose(theirs.coefficients, ours.params[betas], rtol=0, atol=ENGINES)
    errors = np.sqrt(np.diag(np.asarray(theirs.var)))
    np.testing.assert_allclose(errors, ours.std_errors, rtol=0, atol=ENGINES)
