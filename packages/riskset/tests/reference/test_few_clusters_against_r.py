"""Errors of models with few clusters, against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import aft, cluster_inference, cox_ph, poisson

#: Both engines converge to the last digits; a jackknife adds what its refits stop short by.
ROUNDING = 1e-7
#: Each refit of the jackknife ends within 1e-10 of its maximum.
JACKKNIFE = 1e-6
pytestmark = pytest.mark.filterwarnings("ignore::riskset.FewClustersWarning")


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1948)
    n = 260
    country = rng.integers(0, 9, n)
    x, z = rng.normal(size=n) + 0.3 * country, rng.integers(0, 2, n)
    start = rng.integers(0, 5, n)
    stop = start + 1 + rng.geometric(0.2 * np.exp(0.1 * x - 0.1 * x.mean()).clip(0.3, 3), n)
    event = rng.integers(0, 3, n) > 0
    data = pd.DataFrame({"start": start, "stop": stop, "event": event.astype(int), "x": x, "z": z})
    data = data.assign(country=country, period=rng.integers(0, 7, n), w=rng.uniform(0.5, 2, n))
    return data.assign(n=rng.poisson(np.exp(0.2 * x)))


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("few_clusters.R", spells())


def fitted(weighted: bool = False, ties: str = "efron"):
    columns = {"start": "start", "stop": "stop", "event": "event", "cluster": "country"}
    weights = {"weights": "w"} if weighted else {}
    return cox_ph(spells(), ["x", "z"], ties=ties, **columns, **weights)


@pytest.mark.parametrize("weighted", [False, True])
def test_sandwich_and_two_way(answers, weighted: bool) -> None:
    want = answers["weighted" if weighted else "unweighted"]
    fit = fitted(weighted)
    one = cluster_inference(fit, "sandwich")
    np.testing.assert_allclose(one.cov.to_numpy().ravel(), want["sandwich"], rtol=ROUNDING)
    two = cluster_inference(fit, "sandwich", across=spells()["period"])
    np.testing.assert_allclose(two.cov.to_numpy().ravel(), want["two_way"], rtol=ROUNDING)
    assert (one.df_resid, two.df_resid) == (8, 6)


@pytest.mark.parametrize("weighted", [False, True])
def test_jackknife(answers, weighted: bool) -> None:
    want = answers["weighted" if weighted else "unweighted"]["jackknife"]
    found = cluster_inference(fitted(weighted), "jackknife").cov.to_numpy().ravel()
    np.testing.assert_allclose(found, want, rtol=JACKKNIFE)


def test_cr2_by_its_definition(answers) -> None:
    found = cluster_inference(fitted(ties="breslow"), "cr2").cov.to_numpy().ravel()
    np.testing.assert_allclose(found, answers["breslow"]["cr2"], rtol=ROUNDING)


def test_poisson(answers) -> None:
    fit = poisson(spells(), ["x", "z"], outcome="n", weights="w", cluster="country")
    for method in ("cr2", "jackknife"):
        found = cluster_inference(fit, method).cov.to_numpy().ravel()
        np.testing.assert_allclose(found, answers["poisson"][method], rtol=JACKKNIFE)


def test_weibull(answers) -> None:
    columns = {"stop": "stop", "event": "event", "weights": "w", "cluster": "country"}
    fit = aft(spells(), ["x", "z"], distribution="weibull", **columns)
    found = cluster_inference(fit).cov.to_numpy().ravel()
    np.testing.assert_allclose(found, answers["weibull"]["jackknife"], rtol=JACKKNIFE)
    two = cluster_inference(fit, "sandwich", across=spells()["period"]).cov.to_numpy().ravel()
    np.testing.assert_allclose(two, answers["weibull"]["two_way"], rtol=JACKKNIFE)
