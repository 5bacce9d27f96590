"""What must hold of accelerated failure time models, and of models set side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from for_all_tests import examples
from riskset import AftResult, EstimationError, aft, compare, cox_ph, logit
from riskset.parametric.aft_likelihood import DISTRIBUTIONS

#: The same likelihood summed in another order.
REORDERED = 1e-8
#: Central differences with a step of 1e-5: rounding of 1e-16/1e-5 and a squared step.
DIFFERENCE = 1e-7
#: Adaptive quadrature over a half-line.
QUADRATURE = 1e-4

quick = examples(15)
seeds = st.integers(0, 10**6)
distributions = st.sampled_from(list(DISTRIBUTIONS))


def sample(seed: int, n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    start = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.5, 3, n))
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + 0.1 + rng.exponential(np.exp(1.5 + 0.3 * x)),
            "event": (rng.random(n) < 0.7).astype(int),
            "x": x,
            "country": rng.integers(0, 20, n),
            "count": rng.integers(1, 4, n),
        }
    )


def fit(data: pd.DataFrame, distribution: str, **options) -> AftResult:
    options = {"start": "start", "stop": "stop", "event": "event"} | options
    return aft(data, ["x"], distribution=distribution, **options)


@quick
@given(seeds, distributions)
def test_cutting_a_spell_anywhere_changes_nothing(seed: int, distribution: str) -> None:
    data = sample(seed)
    cut = data["start"] + (data["stop"] - data["start"]) * np.random.default_rng(seed).uniform(
        0.1, 0.9, len(data)
    )
    parts = pd.concat([data.assign(stop=cut, event=0), data.assign(start=cut)])
    one = fit(data, distribution, cluster="country")
    two = fit(parts, distribution, cluster="country")
    np.testing.assert_allclose(one.params, two.params, atol=REORDERED)
    np.testing.assert_allclose(one.cov, two.cov, atol=REORDERED)
    assert one.loglik == pytest.approx(two.loglik, rel=REORDERED)


@quick
@given(seeds, distributions, st.floats(0.01, 100))
def test_the_unit_of_time_moves_the_intercept_alone(
    seed: int, distribution: str, unit: float
) -> None:
    data = sample(seed)
    moved = data.assign(start=data["start"] * unit, stop=data["stop"] * unit)
    one, two = fit(data, distribution), fit(moved, distribution)
    shift = pd.Series({"const": np.log(unit)}).reindex(one.params.index, fill_value=0.0)
    np.testing.assert_allclose(two.params, one.params + shift, atol=REORDERED)
    np.testing.assert_allclose(two.cov, one.cov, atol=REORDERED)


@quick
@given(seeds, distributions)
def test_case_weights_are_copies_of_rows(seed: int, distribution: str) -> None:
    data = sample(seed)
    copies = data.loc[data.index.repeat(data["count"])]
    one, two = fit(data, distribution, weights="count"), fit(copies, distribution)
    np.testing.assert_allclose(one.params, two.params, atol=REORDERED)
    np.testing.assert_allclose(one.model_cov, two.model_cov, atol=REORDERED)


@quick
@given(seeds)
def test_the_exponential_is_events_over_exposure(seed: int) -> None:
    data = sample(seed)
    model = aft(data, [], start="start", stop="stop", event="event")
    exposure = (data["stop"] - data["start"]).sum()
    assert np.exp(-model.params["const"]) == pytest.approx(data["event"].sum() / exposure)
    assert model.std_errors["const"] == pytest.approx(data["event"].sum() ** -0.5)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_derivatives_are_those_of_the_values(name: str) -> None:
    z, step = np.linspace(-4, 3, 29), 1e-5
    for function in (DISTRIBUTIONS[name].log_density, DISTRIBUTIONS[name].log_survival):
        _, first, second = function(z)
        above, below = function(z + step), function(z - step)
        np.testing.assert_allclose(first, (above[0] - below[0]) / (2 * step), atol=DIFFERENCE)
        np.testing.assert_allclose(second, (above[1] - below[1]) / (2 * step), atol=DIFFERENCE)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_curves_medians_and_means_belong_together(name: str) -> None:
    data = sample(4)
    data["stop"] = data["start"] + (data["stop"] - data["start"]) ** 0.6  # a scale below one
    model = fit(data, name)
    at = {"x": 0.7}

    def over(what: str, times: list[float]) -> np.ndarray:
        return model.predict(at, what, times=times, extrapolate=True)["estimate"].to_numpy()

    median, _, low, high = model.predict(at, "median").iloc[0]
    assert low < median < high
    assert over("survival", [median]) == pytest.approx(0.5)
    assert over("hazard", [median]) == pytest.approx(2 * over("density", [median]))
    mean, _, low, high = model.predict(at, "mean").iloc[0]
    assert low < mean < high
    area = integrate.quad(lambda t: float(over("survival", [t])[0]), 1e-12, np.inf, limit=500)[0]
    assert mean == pytest.approx(area, rel=QUADRATURE)
    step = 1e-5
    slope = -np.diff(np.log(over("survival", [3 - step, 3 + step])))[0] / (2 * step)
    assert over("hazard", [3])[0] == pytest.approx(slope, rel=DIFFERENCE * 10)
    log_mean = integrate.quad(
        lambda t: float(np.log(t) * over("density", [t])[0]), 1e-12, np.inf, limit=500
    )[0]
    found = model.predict(at, "mean log time")["estimate"].iloc[0]
    assert found == pytest.approx(log_mean, rel=QUADRATURE * 100)


def test_a_loglogistic_mean_may_not_exist() -> None:
    rng = np.random.default_rng(1)
    wild = pd.DataFrame({"stop": np.exp(rng.logistic(scale=2, size=80)), "event": 1})
    model = aft(wild, [], stop="stop", event="event", distribution="loglogistic")
    assert model.scale > 1
    assert (model.predict({}, "mean").iloc[0] == np.inf).all()


def test_a_weibull_is_a_proportional_hazards_model() -> None:
    data = sample(11, n=2000)
    weibull = fit(data, "weibull")
    cox = cox_ph(data, ["x"], start="start", stop="stop", event="event")
    hazard_ratio = -weibull.params["x"] / weibull.scale
    assert hazard_ratio == pytest.approx(cox.params["x"], abs=cox.std_errors["x"])


def test_what_has_no_logarithm_is_refused() -> None:
    data = sample(2)
    with pytest.raises(EstimationError, match="'stop' is 0 in row 5"):
        aft(
            data.assign(stop=data["stop"].where(data.index != 5, 0.0)),
            ["x"],
            stop="stop",
            event="event",
        )
    with pytest.raises(EstimationError, match="'start' is -1 in row 0"):
        fit(data.assign(start=-1.0), "weibull")
    with pytest.raises(EstimationError, match="distribution must be one of exponential"):
        fit(data, "gamma")
    with pytest.raises(EstimationError, match="what must be one of"):
        fit(data, "weibull").predict({"x": 0}, "mode")
    with pytest.raises(EstimationError, match="no column 'x'"):
        fit(data, "weibull").predict({})


def test_models_stand_side_by_side() -> None:
    data = sample(8)
    models = {
        "Weibull": fit(data, "weibull", cluster="country"),
        "Cox": cox_ph(data, ["x"], start="start", stop="stop", event="event"),
        "logit": logit(data, ["x", "start"], outcome="event"),
    }
    table = compare(models)
    assert list(table.columns) == list(models)
    assert table.loc[("x", "estimate"), "Cox"] == models["Cox"].params["x"]
    assert np.isnan(table.loc[("const", "estimate"), "Cox"])
    assert table.loc[("fit", "clusters"), "Weibull"] == data["country"].nunique()
    assert np.isnan(table.loc[("fit", "AIC"), "Cox"])
    assert table.loc[("fit", "log-likelihood"), "Cox"] == models["Cox"].loglik[1]
    assert table.index[-2:].tolist() == [("fit", "AIC"), ("fit", "BIC")]
    with pytest.raises(EstimationError, match="nothing to compare"):
        compare({})
