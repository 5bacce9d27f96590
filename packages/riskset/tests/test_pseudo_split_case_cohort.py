"""Pseudo-values, split populations, case-cohort samples: by brute force, simulated, refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from riskset import (
    EstimationError,
    aalen_johansen,
    aft,
    case_cohort,
    cox_ph,
    kaplan_meier,
    pseudo_regression,
    pseudo_values,
    rmst,
    split_population,
)
from riskset.parametric.aft_likelihood import DISTRIBUTIONS
from riskset.parametric.split_result import PopulationLikelihood

ENDS = {"stop": "stop", "event": "event"}


def spells(n: int = 60, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n).astype(float)
    time, end = rng.exponential(6 / np.exp(0.6 * x)), rng.uniform(4, 15, n)
    data = pd.DataFrame(
        {"stop": np.ceil(np.minimum(time, end)), "event": (time <= end) * 1, "x": x}
    )
    return data.assign(cause=data["event"] * rng.integers(1, 3, n), group=np.arange(n) // 3)


@pytest.mark.parametrize("what", ["survival", "incidence", "restricted mean"])
def test_pseudo_values_leave_one_out(what: str) -> None:
    data, n = spells(), 60

    def estimate(rows: pd.DataFrame) -> list[float]:
        if what == "survival":
            return kaplan_meier(rows, **ENDS).at([3, 6])["survival"].tolist()
        if what == "restricted mean":
            return [rmst(rows, **ENDS, horizon=h).estimate for h in (3, 6)]
        table = aalen_johansen(rows, stop="stop", cause="cause").at([3, 6])
        return table[table["cause"] == 2]["incidence"].tolist()

    event = "cause" if what == "incidence" else "event"
    found = pseudo_values(data, stop="stop", event=event, times=[3, 6], what=what, cause=2)
    whole = np.array(estimate(data))
    want = [n * whole - (n - 1) * np.array(estimate(data.drop(index=i))) for i in range(n)]
    np.testing.assert_allclose(found, want, atol=1e-10)


def test_without_censoring_pseudo_values_are_what_happened() -> None:
    data = spells().assign(event=1)
    found = pseudo_values(data, **ENDS, times=[3, 6])
    np.testing.assert_allclose(found[3], data["stop"] > 3, atol=1e-12)
    mean = pseudo_values(data, **ENDS, times=[6], what="restricted mean")[6]
    np.testing.assert_allclose(mean, np.minimum(data["stop"], 6), atol=1e-10)
    fit = pseudo_regression(data, ["x"], **ENDS, times=[3])
    alive = (data["stop"] > 3).astype(float)
    share = alive.groupby(data["x"]).mean()
    assert fit.params["x"] == pytest.approx(share[1.0] - share[0.0])
    assert fit.params["const"] == pytest.approx(share[0.0])
    for link, of in (("log", np.log), ("logit", lambda p: np.log(p / (1 - p)))):
        fit = pseudo_regression(data, ["x"], **ENDS, times=[3], link=link)
        assert fit.params["x"] == pytest.approx(of(share[1.0]) - of(share[0.0]))


@pytest.mark.full
def test_pseudo_regression_finds_hazard_ratios_and_holds_the_truth() -> None:
    """Of 300 samples; two standard errors of 95 % are 2.5 points."""
    holds, found = [], []
    for seed in range(300):
        fit = pseudo_regression(
            spells(200, seed), ["x"], **ENDS, times=[2, 4, 6], what="incidence", link="cloglog"
        )
        low, high = fit.conf_int().loc["x"]
        holds.append(low <= 0.6 <= high)
        found.append(fit.params["x"])
    assert np.mean(found) == pytest.approx(0.6, abs=0.04)
    assert 0.92 < np.mean(holds) < 0.98


def test_refusals_of_pseudo_values() -> None:
    data = spells()
    for given, message in (
        ({"times": [90]}, "beyond the last follow-up"),
        ({"times": [3], "what": "hazard"}, "what must be"),
        ({"times": [3], "what": "incidence", "cause": 7}, "no 'event' is 7"),
        ({"times": [0], "what": "restricted mean"}, "a horizon must be"),
    ):
        with pytest.raises(EstimationError, match=message):
            pseudo_values(data, **ENDS, **given)
    with pytest.raises(EstimationError, match="link must be"):
        pseudo_regression(data, ["x"], **ENDS, times=[3], link="probit")
    with pytest.raises(EstimationError, match="'one' is constant or collinear"):
        pseudo_regression(data.assign(one=1), ["x", "one"], **ENDS, times=[3])
    data = data.assign(event=1, stop=np.where(data["x"] == 1, 2.0, 9.0))
    with pytest.raises(EstimationError, match="no solution"):
        pseudo_regression(data, ["x"], **ENDS, times=[3], link="logit")


def split_sample(n: int, seed: int) -> pd.DataFrame:
    """Return units of whom some are never at risk, recorded late in part."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.integers(0, 2, n).astype(float)
    risk = rng.random(n) < 1 / (1 + np.exp(-(-0.2 + 1.0 * z)))
    time = np.where(risk, np.exp(1.0 + 0.5 * x) * rng.weibull(1.5, n), np.inf)
    start = np.where(rng.random(n) < 0.25, rng.uniform(0, 1.5, n), 0.0)
    data = pd.DataFrame({"start": start, "stop": np.minimum(time, 20.0), "x": x, "z": z})
    data = data.assign(event=(time <= 20) * 1, group=np.arange(n) // 4)
    return data[data["stop"] > data["start"] + 1e-6].reset_index(drop=True)


@pytest.mark.parametrize("distribution", list(DISTRIBUTIONS))
def test_derivatives_of_split_populations(distribution: str) -> None:
    rng, data = np.random.default_rng(3), split_sample(80, 1)
    one = np.ones((len(data), 1))
    model = PopulationLikelihood(
        family=DISTRIBUTIONS[distribution],
        z=np.hstack((one, data[["z"]])),
        x=np.hstack((one, data[["x"]])),
        start=data["start"].to_numpy(),
        stop=data["stop"].to_numpy(),
        happened=data["event"].to_numpy() == 1,
        weights=rng.uniform(0.5, 2, len(data)),
    )
    size = 4 + (distribution != "exponential")
    at, step = rng.normal(0, 0.3, size), 1e-6
    at[2] += 1
    slope = [
        (model.rows(at + step * d)[0] - model.rows(at - step * d)[0]) / (2 * step)
        for d in np.eye(size)
    ]
    np.testing.assert_allclose(model.scores(at), np.array(slope).T, rtol=1e-5, atol=1e-6)


@pytest.mark.full
def test_split_populations_hold_the_truth() -> None:
    """Both parts, of 150 samples with late entry; two standard errors of 95 % are 3.6 points."""
    holds = []
    for seed in range(150):
        fit = split_population(split_sample(300, seed), ["x"], at_risk=["z"], start="start", **ENDS)
        interval = fit.conf_int()
        truth = pd.Series({"at risk: z": 1.0, "x": 0.5, "at risk: const": -0.2})
        own = interval.loc[truth.index]
        holds.append((own["ci_low"] <= truth) & (truth <= own["ci_high"]))
    assert (np.mean(holds, axis=0) > 0.89).all() and (np.mean(holds, axis=0) <= 1).all()


def test_where_all_are_at_risk_the_split_is_refused_or_near_aft() -> None:
    data = spells(200, 4).assign(event=1)
    with pytest.raises(EstimationError, match="fit aft alone"):
        split_population(data, ["x"], **ENDS)


def test_cutting_rows_of_a_split_population_changes_nothing() -> None:
    data = split_sample(200, 7)
    middle = (data["start"] + data["stop"]) / 2
    cut = pd.concat([data.assign(stop=middle, event=0), data.assign(start=middle)])
    names = {"at_risk": ["z"], "start": "start", "cluster": "group", **ENDS}
    whole, parts = (split_population(d, ["x"], **names) for d in (data, cut))
    np.testing.assert_allclose(parts.params, whole.params, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(parts.std_errors, whole.std_errors, rtol=1e-5)


def test_split_population_results() -> None:
    data = split_sample(400, 9)
    fit = split_population(data, ["x"], at_risk=["z"], start="start", **ENDS, cluster="group")
    risk = fit.predict(pd.DataFrame({"z": [0.0, 1.0], "x": 0.0}))
    want = 1 / (1 + np.exp(-(fit.params["at risk: const"] + fit.params["at risk: z"])))
    assert risk["estimate"].iloc[1] == pytest.approx(want)
    assert (risk["ci_low"] < risk["estimate"]).all() and (risk["ci_high"] <= 1).all()
    curve = fit.predict({"z": 1.0, "x": 0.3}, "survival", times=[1, 19.9])
    assert curve["estimate"].iloc[1] == pytest.approx(1 - want, abs=0.01)
    assert "split population" in repr(fit) and fit.bic > fit.aic
    # A larger model that holds the Weibull model: its likelihood is no smaller.
    plain = aft(data, ["x"], start="start", **ENDS, distribution="weibull")
    assert fit.loglik > plain.loglik
    with pytest.raises(EstimationError, match="give times"):
        fit.predict({"z": 1.0, "x": 0.3}, "survival")
    with pytest.raises(EstimationError, match="beyond"):
        fit.predict({"z": 1.0, "x": 0.3}, "survival", times=[100])
    with pytest.raises(EstimationError, match="no event"):
        split_population(data.assign(event=0), ["x"], **ENDS)
    with pytest.raises(EstimationError, match="distribution must be"):
        split_population(data, ["x"], **ENDS, distribution="gamma")


def cohort(n: int, seed: int, fraction: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a cohort of rare events, and the case-cohort sample of it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    time, end = rng.exponential(20 / np.exp(0.6 * x)), rng.uniform(1, 4, n)
    data = pd.DataFrame({"unit": np.arange(n), "stop": np.minimum(time, end), "x": x})
    data = data.assign(event=(time <= end) * 1, drawn=(rng.random(n) < fraction) * 1)
    return data, data[(data["event"] == 1) | (data["drawn"] == 1)]


METHODS = ["prentice", "self-prentice", "lin-ying"]


@pytest.mark.parametrize("method", METHODS)
def test_a_subcohort_of_everybody_is_the_cohort(method: str) -> None:
    data, _ = cohort(300, 5, 1.0)
    fit = case_cohort(
        data.assign(drawn=1), ["x"], **ENDS, subcohort="drawn", cohort_size=300, unit="unit",
        method=method,
    )  # fmt: skip
    whole = cox_ph(data, ["x"], **ENDS)
    assert fit.params["x"] == pytest.approx(whole.params["x"], rel=1e-8)
    assert fit.std_errors["x"] == pytest.approx(whole.std_errors["x"], rel=1e-6)


@pytest.mark.full
@pytest.mark.parametrize("method", METHODS)
def test_case_cohort_intervals_hold_the_truth(method: str) -> None:
    """Of 300 samples; two standard errors of 95 % are 2.5 points.

    Subcohorts of 300: with 75 members the normal approximation of the second draw costs three
    points. Errors that ignore the design hold the truth in about 89 %.
    """
    holds, naive = [], []
    for seed in range(300):
        _, sample = cohort(1500, seed, 0.2)
        fit = case_cohort(
            sample, ["x"], **ENDS, subcohort="drawn", cohort_size=1500, unit="unit", method=method
        )
        low, high = fit.conf_int().loc["x"]
        holds.append(low <= 0.6 <= high)
        half = 1.96 * np.sqrt(fit.model_cov.loc["x", "x"])
        naive.append(abs(fit.params["x"] - 0.6) <= half)
    assert 0.92 < np.mean(holds) < 0.985
    assert np.mean(naive) < np.mean(holds) - 0.02


def test_refusals_of_case_cohort() -> None:
    data, sample = cohort(300, 5, 0.2)
    names = {**ENDS, "subcohort": "drawn", "unit": "unit"}
    with pytest.raises(EstimationError, match="outside the subcohort and has no event"):
        case_cohort(data, ["x"], **names, cohort_size=300)
    with pytest.raises(EstimationError, match="cannot hold"):
        case_cohort(sample, ["x"], **names, cohort_size=20)
    with pytest.raises(EstimationError, match="whole number"):
        case_cohort(sample, ["x"], **names, cohort_size=300.5)
    with pytest.raises(EstimationError, match="method must be"):
        case_cohort(sample, ["x"], **names, cohort_size=300, method="borgan")
    mixed = pd.concat([sample, sample.head(1).assign(start=9, stop=10)]).fillna({"start": 0})
    mixed["drawn"] = [1 - v if j == len(mixed) - 1 else v for j, v in enumerate(mixed["drawn"])]
    with pytest.raises(EstimationError, match="changes within unit"):
        case_cohort(mixed, ["x"], **names, start="start", cohort_size=300)


def test_a_step_of_the_search_beyond_every_number_warns_of_nothing() -> None:
    stop = np.linspace(1.7e9, 1.704e9, 27)
    intercept, x = np.ones((27, 1)), np.linspace(-1.5, 1.5, 27)
    happened = np.arange(27) % 2 == 0
    model = PopulationLikelihood(
        family=DISTRIBUTIONS["weibull"],
        z=intercept,
        x=np.column_stack([intercept, x]),
        start=stop - 1e6,
        stop=stop,
        happened=happened,
        weights=np.ones(27),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [
            model.evaluate(np.array([2.6, 20.99, -0.018, scale])).information
            for scale in np.linspace(-8, -7.5, 101)
        ]
    assert any(not np.isfinite(one).all() for one in found)
