"""Pseudo-values, split populations and case-cohort samples against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import case_cohort, pseudo_regression, pseudo_values, split_population

#: Closed forms: only the order of summation differs.
ROUNDING = 1e-10
#: R's estimating equations and Newton steps end at a change of 1e-9 or so.
CONVERGED = 1e-6
#: R's general maximizer without a gradient: the root of the likelihood's tolerance.
SEARCHED = 2e-3


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1989)
    n = 500
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    susceptible = rng.random(n) < 1 / (1 + np.exp(-0.3 - 0.8 * z))
    time = np.where(susceptible, np.exp(1.3 + 0.4 * x) * rng.weibull(1.4, n), np.inf)
    end = rng.uniform(8, 25, n)
    data = pd.DataFrame({"stop": np.minimum(time, end).round(2) + 0.01, "event": (time <= end) * 1})
    data = data.assign(cause=data["event"] * rng.integers(1, 3, n), x=x, z=z, id=np.arange(n))
    start = np.where(rng.random(n) < 0.2, rng.uniform(0, 2, n), 0.0)
    return data.assign(start=np.where(start < data["stop"] - 0.1, start, 0.0))


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("pseudo_split.R", spells())


def test_pseudo_values(answers) -> None:
    if "pseudo" not in answers:
        pytest.skip("R has no package prodlim (Debian: r-cran-prodlim)")
    found = pseudo_values(spells(), stop="stop", event="event", times=[4, 8])
    want = answers["pseudo"]["survival"].to_numpy().reshape(2, -1).T
    np.testing.assert_allclose(found, want, atol=ROUNDING)
    found = pseudo_values(spells(), stop="stop", event="cause", times=[4, 8], what="incidence")
    want = answers["pseudo"]["incidence"].to_numpy().reshape(2, -1).T
    np.testing.assert_allclose(found, want, atol=ROUNDING)


@pytest.mark.parametrize(("link", "what"), [("identity", "survival"), ("cloglog", "incidence")])
def test_regression_of_pseudo_values(answers, link: str, what: str) -> None:
    if link not in answers:
        pytest.skip("R has no packages prodlim and geepack")
    fit = pseudo_regression(
        spells(), ["x"], stop="stop", event="event", times=[4, 8], what=what, link=link
    )
    np.testing.assert_allclose(fit.params, answers[link]["coefficient"], rtol=CONVERGED)
    np.testing.assert_allclose(fit.std_errors, answers[link]["error"], rtol=CONVERGED)


@pytest.mark.parametrize("distribution", ["weibull", "lognormal"])
def test_split_populations(answers, distribution: str) -> None:
    fit = split_population(
        spells(), ["x"], at_risk=["z"], start="start", stop="stop", event="event",
        distribution=distribution,
    )  # fmt: skip
    want = answers[distribution]
    assert fit.loglik == pytest.approx(want["loglik"][0], abs=1e-5)
    np.testing.assert_allclose(fit.params, want["coefficient"], atol=SEARCHED)
    np.testing.assert_allclose(fit.std_errors, want["error"], rtol=SEARCHED)


@pytest.mark.parametrize("method", ["prentice", "self-prentice", "lin-ying"])
def test_case_cohort_samples(answers, method: str) -> None:
    """The National Wilms Tumor Study, as in the help page of R's cch."""
    sample = pd.DataFrame({name: values for name, values in answers["sample"].items()})
    fit = case_cohort(
        sample, ["stage", "unfavourable", "age"], stop="edrel", event="rel",
        subcohort="in.subcohort", cohort_size=4028, unit="seqno", method=method,
    )  # fmt: skip
    want = answers[method.replace("-", "")]
    np.testing.assert_allclose(fit.params, want["coefficient"], rtol=CONVERGED)
    np.testing.assert_allclose(fit.std_errors, want["error"], rtol=CONVERGED)
