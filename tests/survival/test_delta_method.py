"""Errors and limits of predictions: the delta method by differences of the predictions themselves.

Each error is ``sqrt(g' V g)`` with ``g`` the central differences of the prediction by the
parameters, and each limit the same step on the scale that the documentation names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from collsec.survival import discrete_hazard, flexible_parametric, split_population
from collsec.survival.arrays import Floats

#: Central differences of this step have an error of its square.
STEP = 1e-5
DIFFERENCE = 1e-6
ROWS = {"start": "start", "stop": "stop", "event": "event"}
LEVEL = 0.8
Z = float(stats.norm.ppf(0.9))
#: The scales of intervals, with their inverses and slopes.
Scale = tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]
LOG: Scale = (np.log, np.exp, lambda v: 1 / v)
LOGIT: Scale = (special.logit, special.expit, lambda v: 1 / (v * (1 - v)))
CLOGLOG: Scale = (
    lambda p: np.log(-np.log1p(-p)),
    lambda e: -np.expm1(-np.exp(e)),
    lambda p: -1 / ((1 - p) * np.log1p(-p)),
)
#: Of survival: log(−log S), which falls as survival rises.
LOGLOG: Scale = (
    lambda s: np.log(-np.log(s)),
    lambda e: np.exp(-np.exp(e)),
    lambda s: 1 / (s * np.log(s)),
)
PLAIN: Scale = (lambda v: v, lambda v: v, np.ones_like)


def spells(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(31)
    x, z = rng.normal(size=n), rng.integers(0, 2, n).astype(float)
    time = np.exp(0.7 + 0.4 * x) * rng.weibull(1.4, n)
    start = np.where(np.arange(n) % 4 == 0, rng.uniform(0, 0.4, n), 0.0)
    lasting = rng.random(n) < 0.75
    stop = np.where(lasting, np.minimum(time, 9.0), 9.0)
    data = pd.DataFrame({"start": start, "stop": stop, "x": x, "z": z})
    data = data.assign(event=(lasting & (time < 9)).astype(int), period=rng.integers(1, 9, n))
    return data[data["stop"] > data["start"] + 1e-3].reset_index(drop=True)


def error_of(fit: Any, ask: Callable[[Any], Floats]) -> Floats:
    """Return the delta method's error of what is asked of a model."""
    gradient = []
    for name in fit.params.index:
        high, low = (
            ask(replace(fit, params=fit.params + s * STEP * (fit.params.index == name)))
            for s in (1, -1)
        )
        gradient.append((high - low) / (2 * STEP))
    g = np.array(gradient)
    return np.asarray(np.sqrt(np.einsum("pn,pq,qn->n", g, fit.cov.to_numpy(), g)))


def check(fit: Any, found: pd.DataFrame, ask: Callable[[Any], Floats], scale: Scale) -> None:
    estimate = found["estimate"].to_numpy()
    error = error_of(fit, ask)
    np.testing.assert_allclose(found["std_error"], error, rtol=DIFFERENCE)
    to, back, slope = scale
    half = Z * np.abs(slope(estimate)) * error
    limits = np.sort([back(to(estimate) - half), back(to(estimate) + half)], axis=0)
    np.testing.assert_allclose(found[["ci_low", "ci_high"]].T, limits, rtol=10 * DIFFERENCE)


@pytest.mark.parametrize(
    ("what", "scale"),
    [
        ("survival", LOGLOG),
        ("cumulative hazard", LOG),
        ("incidence", CLOGLOG),
        ("hazard", LOG),
        ("restricted mean", PLAIN),
    ],
)
def test_flexible_parametric_models(what: str, scale: Scale) -> None:
    data = spells()
    fit = flexible_parametric(data, ["x", "z"], **ROWS, df=3, time_varying={"z": 2})
    at, times = data[["x", "z"]].head(3), [0.5, 2.0, 4.0]

    def ask(model: Any) -> Floats:
        return np.asarray(model.predict(at, what, times=times)["estimate"])

    check(fit, fit.predict(at, what, times=times, level=LEVEL), ask, scale)


def test_hazard_ratios_over_time() -> None:
    fit = flexible_parametric(spells(), ["x", "z"], **ROWS, df=3, time_varying={"z": 2})
    pair, times = ({"x": 0.5, "z": 1}, {"x": -0.2, "z": 0}), [0.5, 2.0, 4.0]
    found = fit.hazard_ratio(*pair, times=times, level=LEVEL)
    hazards = [fit.predict(one, "hazard", times=times)["estimate"].to_numpy() for one in pair]
    np.testing.assert_allclose(found["estimate"], hazards[0] / hazards[1], rtol=1e-12)
    error = error_of(fit, lambda m: np.log(m.hazard_ratio(*pair, times=times)["estimate"]))
    np.testing.assert_allclose(found["std_error"], error, rtol=DIFFERENCE)
    ratio = np.log(found["ci_high"] / found["ci_low"]) / 2
    np.testing.assert_allclose(ratio, Z * error, rtol=DIFFERENCE)
    np.testing.assert_allclose(found["ci_high"] * found["ci_low"], found["estimate"] ** 2)
    assert found["time"].tolist() == times


def test_a_restricted_mean_lies_between_zero_and_its_horizon() -> None:
    """Of seven rows at an interval of nearly all, both limits are cut."""
    data = spells().head(7).assign(start=0.0)
    fit = flexible_parametric(data, [], **ROWS, df=1)
    found = fit.predict({}, "restricted mean", times=[0.2, 3.0], level=1 - 1e-12)
    assert found["ci_high"].tolist() == [0.2, 3.0] and found["ci_low"].iloc[1] == 0.0


@pytest.mark.parametrize("distribution", ["weibull", "exponential"])
def test_split_populations(distribution: str) -> None:
    data = spells()
    fit = split_population(data, ["x"], at_risk=["z"], **ROWS, distribution=distribution)
    at, times = data[["x", "z"]].head(4), [0.5, 2.0, 8.0]
    found = fit.predict(at, level=LEVEL)
    check(fit, found, lambda m: np.asarray(m.predict(at)["estimate"]), LOGIT)
    found = fit.predict(at, "survival", times=times, level=LEVEL)

    def ask(model: Any) -> Floats:
        return np.asarray(model.predict(at, "survival", times=times)["estimate"])

    check(fit, found, ask, LOGIT)
    # Those at risk survive as the distribution says; the others do all.
    risk = fit.predict(at)["estimate"].to_numpy()
    eta = fit.params["const"] + fit.params["x"] * at["x"].to_numpy()
    scale = float(np.exp(fit.params["log(scale)"])) if distribution == "weibull" else 1.0
    for place, time in enumerate(times):
        alive = 1 - risk + risk * np.exp(-np.exp((np.log(time) - eta) / scale))
        np.testing.assert_allclose(found["estimate"][place::3], alive, rtol=1e-10)


@pytest.mark.parametrize(("link", "scale"), [("logit", LOGIT), ("cloglog", CLOGLOG)])
def test_discrete_hazards(link: Any, scale: Scale) -> None:
    data = spells()
    fit = discrete_hazard(
        data, ["x"], duration="period", event="event", link=link, dependence="quadratic"
    )
    at, times = data.head(3), [1, 4, 7]
    for what, of in (
        ("linear predictor", PLAIN),
        ("hazard", scale),
        ("cumulative hazard", LOG),
        ("survival", LOGLOG),
    ):
        found = fit.predict(at, what, times=times, level=LEVEL)

        def ask(model: Any, what: str = what) -> Floats:
            return np.asarray(model.predict(at, what, times=times)["estimate"])

        check(fit, found, ask, of)
