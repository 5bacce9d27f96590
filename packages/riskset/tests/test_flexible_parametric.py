"""Flexible parametric models: derivatives, the Weibull case, invariances, coverage, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

from riskset import EstimationError, aft, cox_ph, flexible_parametric, kaplan_meier
from riskset.formulas import Covariates
from riskset.parametric.flexible import FlexibleLikelihood
from riskset.parametric.flexible_result import LogTimeSpline, SplineDesign

ROWS = {"start": "start", "stop": "stop", "event": "event"}


def spells(n: int = 300, seed: int = 1) -> pd.DataFrame:
    """Return late entrants in clusters of three with a log-logistic hazard: it rises and falls."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.integers(0, 2, n).astype(float)
    uniform = rng.random(n)
    time = ((uniform ** -np.exp(-0.5 * x)) - 1) ** (1 / 1.8)
    entry = np.where(np.arange(n) % 3 == 0, rng.uniform(0.05, 0.4, n), 0.0)
    end = rng.uniform(1, 4, n)
    data = pd.DataFrame({"start": entry, "stop": np.minimum(time, end), "x": x, "z": z})
    data = data.assign(event=(time <= end).astype(int), group=np.arange(n) // 3)
    data = data.assign(w=rng.uniform(0.5, 2, n))
    return data[data["stop"] > data["start"] + 1e-3].reset_index(drop=True)


def test_the_spline_is_restricted_and_its_slope_a_derivative() -> None:
    spline = LogTimeSpline.of(np.log(np.arange(1, 60.0)), 4)
    at, step = np.linspace(-2, 6, 41), 1e-6
    value, slope = spline.columns(at)
    numeric = (spline.columns(at + step)[0] - spline.columns(at - step)[0]) / (2 * step)
    np.testing.assert_allclose(slope, numeric, rtol=1e-6, atol=1e-8)
    beyond = np.array([5.0, 6.0, 7.0])
    np.testing.assert_allclose(np.diff(spline.columns(beyond)[0], 2, axis=0), 0, atol=1e-9)
    assert not value[at < spline.knots[0], 1:].any()


@pytest.mark.parametrize("cluster", [None, "group"])
def test_one_parameter_is_the_weibull_model(cluster: str | None) -> None:
    data = spells()
    fit = flexible_parametric(data, ["x", "z"], **ROWS, df=1, cluster=cluster)
    other = aft(data, ["x", "z"], **ROWS, distribution="weibull", cluster=cluster)
    shape = 1 / other.scale
    assert fit.loglik == pytest.approx(other.loglik, abs=1e-8)
    assert fit.params["log(time)"] == pytest.approx(shape, rel=1e-7)
    np.testing.assert_allclose(fit.params[["x", "z"]], -other.params[["x", "z"]] * shape, rtol=1e-6)
    # The error of −β/σ by the delta method.
    gradient = np.array([-shape, other.params["x"] * shape])
    cov = other.cov.loc[["x", "log(scale)"], ["x", "log(scale)"]].to_numpy()
    assert fit.std_errors["x"] == pytest.approx(np.sqrt(gradient @ cov @ gradient), rel=1e-6)


def test_derivatives() -> None:
    data = spells()
    x, event = data[["x", "z"]].to_numpy(), data["event"].to_numpy() == 1
    log_times = np.log(data["stop"][event].to_numpy())
    design = SplineDesign(
        covariates=Covariates(("x", "z")),
        spline=LogTimeSpline.of(log_times, 3),
        changes={"z": LogTimeSpline.of(log_times, 2)},
    )
    own = [data[name].to_numpy() for name in ("start", "stop")]
    model = FlexibleLikelihood.build(design, x, *own, event, data["w"].to_numpy())
    at = model.begin(design) + np.linspace(-0.02, 0.02, len(design.names))
    found, step = model.evaluate(at), 1e-5
    near = [[model.evaluate(at + s * d) for s in (step, -step)] for d in np.eye(len(at))]
    slope = [(high.loglik - low.loglik) / (2 * step) for high, low in near]
    curvature = [(low.gradient - high.gradient) / (2 * step) for high, low in near]
    np.testing.assert_allclose(found.gradient, slope, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(found.information, curvature, rtol=1e-6, atol=1e-5)
    groups = np.arange(len(x)) % 4
    scores = model.cluster_scores(at, groups, 4)
    np.testing.assert_allclose(scores.sum(axis=0), found.gradient, rtol=1e-9)


def test_the_clock_and_cut_rows_change_nothing() -> None:
    data = spells()
    fit = flexible_parametric(data, ["x"], **ROWS, df=3, time_varying={"x": 1}, cluster="group")
    days = data.assign(start=data["start"] * 365.25, stop=data["stop"] * 365.25)
    other = flexible_parametric(days, ["x"], **ROWS, df=3, time_varying={"x": 1}, cluster="group")
    assert other.params["x:log(time)"] == pytest.approx(fit.params["x:log(time)"], rel=1e-7)
    assert other.std_errors["x:log(time)"] == pytest.approx(fit.std_errors["x:log(time)"], rel=1e-7)
    middle = (data["start"] + data["stop"]) / 2
    cut = pd.concat([data.assign(stop=middle, event=0), data.assign(start=middle)])
    other = flexible_parametric(cut, ["x"], **ROWS, df=3, time_varying={"x": 1}, cluster="group")
    np.testing.assert_allclose(other.params, fit.params, rtol=1e-7)
    np.testing.assert_allclose(other.std_errors, fit.std_errors, rtol=1e-7)


def test_curves_follow_kaplan_and_meier_and_effects_cox() -> None:
    data = spells(3000, seed=5)
    fit = flexible_parametric(data, [], **ROWS, df=5)
    times = [0.3, 0.8, 1.5, 2.5]
    curve = kaplan_meier(data, **ROWS).at(times)["survival"]
    found = fit.predict(pd.DataFrame({"one": [1]}), times=times)["estimate"]
    np.testing.assert_allclose(found, curve, atol=0.012)
    fit = flexible_parametric(data, ["x", "z"], **ROWS, df=4)
    cox = cox_ph(data, ["x", "z"], **ROWS)
    np.testing.assert_allclose(fit.params[["x", "z"]], cox.params, atol=0.02)
    np.testing.assert_allclose(fit.std_errors[["x", "z"]], cox.std_errors, rtol=0.03)


def test_predictions_belong_together() -> None:
    data = spells()
    fit = flexible_parametric(data, ["x"], **ROWS, df=3, time_varying={"x": 2})
    row, times = {"x": 0.8}, [0.5, 1.0]
    chance = fit.predict(row, "survival", times=times)
    hazard = fit.predict(row, "cumulative hazard", times=times)
    np.testing.assert_allclose(np.exp(-hazard["estimate"]), chance["estimate"])
    np.testing.assert_allclose(np.exp(-hazard["ci_low"]), chance["ci_high"])
    np.testing.assert_allclose(
        fit.predict(row, "incidence", times=times)["estimate"], 1 - chance["estimate"]
    )

    def survival(t: float) -> float:
        return float(fit.predict(row, times=[max(t, 1e-12)])["estimate"].iloc[0])

    mean = fit.predict(row, "restricted mean", times=[1.0])
    want = integrate.quad(survival, 0, 1.0, limit=200)[0]
    assert mean["estimate"].iloc[0] == pytest.approx(want, rel=1e-6)
    rate = [
        float(fit.predict(r, "hazard", times=[0.7])["estimate"].iloc[0]) for r in (row, {"x": 0})
    ]
    ratio = fit.hazard_ratio(row, {"x": 0}, times=[0.7])
    assert ratio["estimate"].iloc[0] == pytest.approx(rate[0] / rate[1])
    step = 1e-6
    high, low = (survival(0.7 + s) for s in (step, -step))
    assert rate[0] == pytest.approx(-(np.log(high) - np.log(low)) / (2 * step), rel=1e-5)


@pytest.mark.full
def test_intervals_hold_the_truth() -> None:
    """Log hazard ratio and survival over 300 samples; two standard errors of 95 % are 2.5 points.

    The hazard is 0.5 + t, no spline: four parameters come near enough.
    """
    rng, holds = np.random.default_rng(8), []
    truth = np.exp(-np.exp(0.5) * (0.5 + 0.5))
    for _ in range(300):
        x = rng.integers(0, 2, 300).astype(float)
        goal = rng.exponential(1, 300) / np.exp(0.5 * x)
        time = -0.5 + np.sqrt(0.25 + 2 * goal)
        entry = np.where(rng.random(300) < 0.3, 0.2, 0.0)
        stop = np.minimum(time, 1.8)
        data = pd.DataFrame({"start": entry, "stop": stop, "x": x, "event": time <= 1.8})
        data = data[data["stop"] > data["start"] + 1e-6]
        fit = flexible_parametric(data, ["x"], **ROWS, df=3)
        low, high = fit.conf_int().loc["x"]
        curve = fit.predict({"x": 1}, times=[1.0]).iloc[0]
        holds.append((low <= 0.5 <= high, curve["ci_low"] <= truth <= curve["ci_high"]))
    for share in np.mean(holds, axis=0):
        assert 0.92 < share < 0.98


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        ({}, {"df": 0}, "df must be a whole number from 1 to 10"),
        ({}, {"df": 2.5}, "df must be a whole number"),
        ({"event": 0}, {}, "no event"),
        ({"start": -1.0}, {}, "log time needs ends above zero"),
        ({"x": 1.0}, {}, "'x' is not determined"),
        ({}, {"time_varying": {"w": 1}}, "'w', which is no covariate"),
        ({"start": 0.0, "stop": 1.0}, {}, "too few distinct event times"),
        ({}, {"group_debias": True}, "name cluster="),
    ],
)
def test_refusals(change: dict, given: dict, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        flexible_parametric(spells().assign(**change), ["x"], **ROWS, **given)


def test_refusals_of_predictions() -> None:
    fit = flexible_parametric(spells(), ["x"], **ROWS)
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        fit.predict({"x": 1}, times=[100])
    assert len(fit.predict({"x": 1}, times=[100], extrapolate=True)) == 1
    with pytest.raises(EstimationError, match="a time must be a number above zero"):
        fit.predict({"x": 1}, times=[0])
    with pytest.raises(EstimationError, match="compares one row with one, not 2"):
        fit.hazard_ratio(pd.DataFrame({"x": [0, 1]}), {"x": 0}, times=[1])
    with pytest.raises(EstimationError, match="the effect of 'one' is not determined"):
        flexible_parametric(spells().assign(one=1.0), ["one", "x"], **ROWS)
    with pytest.raises(EstimationError, match="from 1 to 10, not 11"):
        flexible_parametric(spells(), ["x"], **ROWS, df=11)
    data = spells().assign(event=lambda d: d["event"] * d["z"].astype(int))
    with pytest.raises(EstimationError, match="is infinite"):
        flexible_parametric(data, ["z"], **ROWS)


def test_a_covariate_beyond_squaring_is_refused() -> None:
    rows = spells()
    rows.loc[4, "x"] = 1e200
    with pytest.raises(EstimationError, match=r"'x' reaches 1e\+200, beyond what can be squared"):
        flexible_parametric(rows, ["z", "x"], **ROWS, df=2)
