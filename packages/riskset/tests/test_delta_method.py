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
from scipy import integrate, special, stats

from riskset import (
    discrete_hazard,
    flexible_parametric,
    frailty_cox,
    split_population,
)
from riskset.arrays import Floats
from riskset.cox.penalized import averaged

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


@pytest.mark.parametrize("distribution", ["gamma", "gaussian"])
def test_cumulative_hazards_of_a_population(distribution: Any) -> None:
    """Minus the logarithm of E exp(−wH), by quadrature over w, and its slope by differences."""
    theta, step = 0.7, 1e-6
    turn, hazard = averaged(distribution, theta), np.array([0.1, 0.5, 2.0])
    if distribution == "gamma":
        density = stats.gamma(1 / theta, scale=theta).pdf
    else:
        density = stats.lognorm(np.sqrt(theta)).pdf
    for value, found in zip(hazard, turn(hazard)[0], strict=True):
        mean = integrate.quad(lambda w, h=value: np.exp(-w * h) * density(w), 0, 60, limit=400)[0]
        assert found == pytest.approx(-np.log(mean), rel=1e-7)
    slope = (turn(hazard + step)[0] - turn(hazard - step)[0]) / (2 * step)
    np.testing.assert_allclose(turn(hazard)[1], slope, rtol=DIFFERENCE)


@pytest.mark.parametrize("distribution", ["gamma", "gaussian"])
def test_a_population_of_groups_has_the_errors_of_one_group_times_the_slope(
    distribution: Any,
) -> None:
    data = spells().assign(place=lambda d: np.arange(len(d)) % 12)
    fit = frailty_cox(data, ["x"], **ROWS, group="place", distribution=distribution, variance=0.7)
    turn, ask = averaged(distribution, 0.7), {"times": [0.5, 2.0, 4.0], "level": LEVEL}
    at = data[["x", "place"]].head(3)
    one = fit.predict(at, "cumulative hazard", of="one", **ask)
    together = fit.predict(at, "cumulative hazard", **ask)
    hazard, slope = turn(one["estimate"].to_numpy())
    np.testing.assert_allclose(together["estimate"], hazard, rtol=1e-10)
    np.testing.assert_allclose(together["std_error"], one["std_error"] * slope, rtol=1e-10)
    for limit in ("ci_low", "ci_high"):
        np.testing.assert_allclose(together[limit], turn(one[limit].to_numpy())[0], rtol=1e-10)
    low = np.maximum(one["estimate"] - Z * one["std_error"], 0)
    np.testing.assert_allclose(one["ci_low"], low, rtol=1e-10)
    # A group's own frailty multiplies the hazard.
    own = fit.predict(at, "cumulative hazard", of="group", **ask)
    factor = fit.frailty.to_numpy()[at["place"].repeat(3)]
    np.testing.assert_allclose(own["estimate"], one["estimate"] * factor, rtol=1e-10)
    chance = fit.predict(at, "survival", **ask)
    np.testing.assert_allclose(chance["estimate"], np.exp(-hazard), rtol=1e-10)
    want = np.exp(-hazard) * together["std_error"]
    np.testing.assert_allclose(chance["std_error"], want, rtol=1e-10)
    np.testing.assert_allclose(chance["ci_low"], np.exp(-together["ci_high"]), rtol=1e-10)
