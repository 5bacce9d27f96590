"""Regressions: what they refuse, and closed forms they must meet."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import (
    AndersonRubin,
    EstimationError,
    cox_ph,
    discrete_hazard,
    iv_2sls,
    logit,
    negative_binomial,
    panel_ols,
    poisson,
)
from riskset.parametric.discrete import DurationDependence
from riskset.regression.absorption import Absorption
from riskset.regression.negative_binomial import _NegativeBinomial

#: Estimates that solve the same equations.
SAME_EQUATIONS = 1e-8
#: statsmodels' Newton stops at a gradient of 1e-8 on its own scale.
THEIR_STOP = 1e-6
#: Months group events that a Cox model ranks within them only by ties.
COARSE = 0.1
#: Third powers of up to 60 over a span of 18.
POLYNOMIAL = 1e-9
#: Two smooth baselines move the coefficient of a covariate by a fraction of its error (0.08).
SHAPE = 0.02
#: Eigenvalues of a pencil of size four.
ROOT_FINDING = 1e-6
#: Dense and eliminated normal equations.
LEAST_SQUARES = 1e-10


@pytest.fixture(scope="module")
def months() -> pd.DataFrame:
    """Unit-months with an event that ends each unit."""
    rng = np.random.default_rng(77)
    rows = []
    for unit in range(200):
        x = rng.normal()
        for month in range(1, 25):
            event = int(rng.random() < 1 - np.exp(-np.exp(-3 + 0.5 * x)))
            rows.append((unit, unit % 20, month, x, event))
            if event:
                break
    return pd.DataFrame(rows, columns=["unit", "country", "month", "x", "event"])


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(78)
    data = pd.MultiIndex.from_product([range(25), range(30)], names=["country", "month"])
    data = data.to_frame(index=False)
    n = len(data)
    data["z"], data["q"], data["x"] = rng.normal(size=(3, n))
    hidden = rng.normal(size=n)
    data["d"] = 0.4 * data["z"] + hidden + data["country"] / 10
    data["y"] = 0.7 * data["d"] - hidden + 0.3 * data["x"] + np.sin(data["month"])
    data["noise"] = rng.normal(size=n)
    return data.sample(frac=0.9, random_state=3).reset_index(drop=True)


def test_logit_of_one_indicator_is_a_log_odds_ratio() -> None:
    cells = pd.DataFrame({"a": [1, 1, 0, 0], "y": [1, 0, 1, 0], "n": [12, 5, 7, 20]})
    rows = cells.loc[cells.index.repeat(cells["n"])]
    fit = logit(rows, ["a"], outcome="y")
    assert fit.params["a"] == pytest.approx(np.log(12 * 20 / (5 * 7)))
    assert fit.std_errors["a"] == pytest.approx(np.sqrt(1 / 12 + 1 / 5 + 1 / 7 + 1 / 20))
    weighted = logit(cells, ["a"], outcome="y", weights="n")
    np.testing.assert_allclose(weighted.params, fit.params, rtol=SAME_EQUATIONS)
    np.testing.assert_allclose(weighted.model_cov, fit.model_cov, rtol=SAME_EQUATIONS)


def test_poisson_of_one_indicator_is_a_log_ratio_of_means() -> None:
    rows = pd.DataFrame({"a": [0, 0, 0, 1, 1], "y": [2, 3, 7, 9, 1]})
    fit = poisson(rows, ["a"], outcome="y")
    assert fit.params["a"] == pytest.approx(np.log(5 / 4))
    assert fit.std_errors["a"] == pytest.approx(np.sqrt(1 / 10 + 1 / 12))


def test_negative_binomial_clusters_dispersion_jointly(months: pd.DataFrame) -> None:
    """The sandwich of statsmodels' own clustered fit, without its small-sample factor."""
    from statsmodels.discrete.discrete_model import NegativeBinomial

    rng = np.random.default_rng(5)
    data = months.assign(count=rng.negative_binomial(2, 0.3, len(months)))
    fit = negative_binomial(data, ["x"], outcome="count", cluster="country")
    exog = np.column_stack((np.ones(len(data)), data["x"]))
    theirs = NegativeBinomial(data["count"], exog).fit(
        start_params=fit.params.to_numpy(),
        disp=0,
        method="newton",
        cov_type="cluster",
        cov_kwds={"groups": data["country"], "use_correction": False},
    )
    np.testing.assert_allclose(theirs.params, fit.params, rtol=THEIR_STOP)
    np.testing.assert_allclose(theirs.bse, fit.std_errors, rtol=10 * THEIR_STOP)
    assert fit.params.index[-1] == "alpha"


def test_derivatives_of_the_negative_binomial_are_differences() -> None:
    """Away from the maximum, where the mean score of the dispersion is not zero."""
    rng = np.random.default_rng(6)
    n = 40
    x = np.column_stack((np.ones(n), rng.normal(size=(n, 2))))
    y = rng.negative_binomial(2, 0.3, n).astype(float)
    offset, weights = rng.normal(0, 0.3, n), rng.uniform(0.5, 2, n)
    model = _NegativeBinomial(y, x, offset, weights)
    at, step = np.array([1.2, -0.3, 0.4, 0.7]), 1e-6
    mean = np.exp(x @ at[:3] + offset)
    log_mass = stats.nbinom.logpmf(y, 1 / 0.7, 1 / (1 + 0.7 * mean))
    assert model.loglik(at) == pytest.approx(weights @ log_mass, rel=1e-12)
    assert model.loglik(np.array([1.2, -0.3, 0.4, 0.0])) == -np.inf
    moved = [(at + step * d, at - step * d) for d in np.eye(4)]
    slope = [(model.loglik(a) - model.loglik(b)) / (2 * step) for a, b in moved]
    found = model.scores(at).sum(axis=0)
    np.testing.assert_allclose(found, slope, rtol=1e-7)
    assert abs(found[-1]) > 0.1
    bend = [(model.scores(a) - model.scores(b)).sum(axis=0) / (2 * step) for a, b in moved]
    np.testing.assert_allclose(model.hessian(at), bend, rtol=1e-6, atol=1e-7)


def test_a_discrete_hazard_with_all_durations_is_near_a_cox_model(months: pd.DataFrame) -> None:
    """Grouped proportional hazards: same coefficient up to the coarseness of the months."""
    spells = months.groupby("unit").agg(
        stop=("month", "max"), event=("event", "max"), x=("x", "first")
    )
    cox = cox_ph(spells, ["x"], stop="stop", event="event")
    grouped = discrete_hazard(months, ["x"], duration="month", event="event")
    assert grouped.params["x"] == pytest.approx(cox.params["x"], abs=cox.std_errors["x"] / 4)
    assert grouped.std_errors["x"] == pytest.approx(cox.std_errors["x"], rel=COARSE)


def test_predicted_survival_multiplies_the_hazards(months: pd.DataFrame) -> None:
    fit = discrete_hazard(months, ["x"], duration="month", event="event", dependence="linear")
    table = fit.predict({"x": 0.5}, "hazard", times=[1, 2, 3])
    survival = fit.predict({"x": 0.5}, "survival", times=[1, 2, 3])
    b = fit.params
    eta = b["const"] + b["duration"] * np.array([1, 2, 3]) + b["x"] * 0.5
    hazard = 1 - np.exp(-np.exp(eta))
    np.testing.assert_allclose(table["estimate"], hazard)
    np.testing.assert_allclose(survival["estimate"], np.cumprod(1 - hazard))
    for part in (table, survival):
        assert (part["ci_low"] < part["estimate"]).all()
        assert (part["estimate"] < part["ci_high"]).all()
    with pytest.raises(EstimationError, match="no column 'x' in the data; columns are: z"):
        fit.predict({"z": 1}, times=1)


def test_a_spline_is_linear_beyond_its_knots_and_smooth_within() -> None:
    shape = DurationDependence("spline", (2.0, 5.0, 9.0, 20.0))
    names = list(shape.columns(np.array([1.0])))
    assert names == ["duration", "duration spline 1", "duration spline 2"]
    for grid in (np.linspace(0, 2, 9), np.linspace(20, 60, 9)):
        for values in shape.columns(grid).values():
            np.testing.assert_allclose(np.diff(values, 2), 0, atol=POLYNOMIAL)
    fine = np.linspace(0, 30, 30001)
    for values in shape.columns(fine).values():
        assert np.abs(np.diff(values, 3)).max() < 1e-6


def test_a_spline_and_a_cubic_agree_on_a_smooth_hazard(months: pd.DataFrame) -> None:
    cubic = discrete_hazard(months, ["x"], duration="month", event="event")
    spline = discrete_hazard(months, ["x"], duration="month", event="event", dependence="spline")
    assert len(spline.dependence.knots) == 4
    assert spline.params["x"] == pytest.approx(cubic.params["x"], abs=SHAPE)
    with pytest.raises(EstimationError, match="three or more increasing knots"):
        discrete_hazard(
            months, ["x"], duration="month", event="event", dependence="spline", knots=[3, 3, 9]
        )


def test_binary_models_name_what_cannot_be_estimated(months: pd.DataFrame) -> None:
    safe = months.assign(safe=((months["event"] == 0) & (months["x"] > 0.3)).astype(float))
    with pytest.raises(EstimationError, match="coefficient of 'safe' is infinite"):
        logit(safe, ["x", "safe"], outcome="event")
    with pytest.raises(EstimationError, match="coefficient of 'safe' is infinite"):
        discrete_hazard(safe, ["x", "safe"], duration="month", event="event")
    with pytest.raises(EstimationError, match="'twice' is collinear with x in the data"):
        logit(months.assign(twice=months["x"] * 2), ["x", "twice"], outcome="event")
    with pytest.raises(EstimationError, match="'k' is constant and an intercept is fitted"):
        logit(months.assign(k=1), ["k"], outcome="event")
    with pytest.raises(EstimationError, match="duration 'month' is 0"):
        discrete_hazard(
            months.assign(month=months["month"] - 1), ["x"], duration="month", event="event"
        )
    with pytest.raises(EstimationError, match="outcome 'event' is 0 in all"):
        logit(months.assign(event=0), ["x"], outcome="event")
    with pytest.raises(EstimationError, match="'const' and 'alpha' name parameters"):
        logit(months.assign(const=months["x"]), ["const"], outcome="event")
    with pytest.raises(EstimationError, match="count 'x' is negative"):
        poisson(months, ["month"], outcome="x")
    with pytest.raises(EstimationError, match="varies no more than a Poisson count"):
        negative_binomial(months.assign(one=1), ["x"], outcome="one")


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_exogenous_column_as_its_own_instrument_is_least_squares(
    panel: pd.DataFrame, sign: float
) -> None:
    both = {"absorb": ["country", "month"], "cluster": "country"}
    panel = panel.assign(d=sign * panel["d"])
    twin = panel.assign(twin=panel["d"])
    iv = iv_2sls(twin, outcome="y", endogenous="d", instruments=["twin"], exogenous=["x"], **both)
    ols = panel_ols(
        panel, ["d", "x"], outcome="y", entity="country", time="month", cluster="country"
    )
    np.testing.assert_allclose(iv.params, ols.params, rtol=SAME_EQUATIONS)
    np.testing.assert_allclose(iv.std_errors, ols.std_errors, rtol=SAME_EQUATIONS)
    assert iv.df_resid == ols.df_resid == 24
    assert iv.kleibergen_paap == np.inf  # the first stage is exact


def test_one_instrument_is_the_ratio_of_reduced_form_and_first_stage(panel: pd.DataFrame) -> None:
    fit = iv_2sls(
        panel, outcome="y", endogenous="d", instruments=["z"], absorb=["country"], cluster="country"
    )
    ratio = fit.reduced_form.params["z"] / fit.first_stage.params["z"]
    assert fit.params["d"] == pytest.approx(ratio)
    assert fit.kleibergen_paap == pytest.approx(fit.first_stage.statistics["z"] ** 2)
    assert fit.anderson_rubin.p_value(ratio) == pytest.approx(1)
    assert fit.anderson_rubin.p_value(0) == pytest.approx(fit.reduced_form.p_values["z"])
    assert "Kleibergen–Paap F" in fit.summary()


@pytest.mark.parametrize("instruments", [["z"], ["z", "q"], ["noise"], ["noise", "q"]])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_anderson_rubin_set_is_what_its_test_does_not_reject(
    panel: pd.DataFrame, instruments: list[str], level: float
) -> None:
    fit = iv_2sls(
        panel,
        outcome="y",
        endogenous="d",
        instruments=instruments,
        absorb=["country"],
        cluster="country",
    )
    region = fit.anderson_rubin.confidence_set(level)
    grid = np.concatenate((np.linspace(-5, 5, 2001), [-1e6, -100, -20, 20, 100, 1e6]))
    inside = np.array([any(low <= v <= high for low, high in region) for v in grid])
    kept = np.array([fit.anderson_rubin.p_value(v) >= 1 - level for v in grid])
    np.testing.assert_array_equal(inside, kept)
    for border in {b for ends in region for b in ends if np.isfinite(b)}:
        assert fit.anderson_rubin.p_value(border) == pytest.approx(1 - level, rel=ROOT_FINDING)


def test_the_anderson_rubin_set_may_be_empty_a_line_or_two_rays() -> None:
    apart = AndersonRubin(np.array([1.0, -1.0]), np.ones(2), np.eye(4) * 1e-4, 50)
    assert apart.confidence_set() == []
    weak = AndersonRubin(np.array([0.1]), np.array([0.1]), np.eye(2), 50)
    assert weak.confidence_set() == [(-np.inf, np.inf)]
    # With a² + b² at the critical value the statistic reaches it at β = −1 alone, from below.
    touches = np.array([np.sqrt(stats.chi2.ppf(0.95, 1) * (1 - 2e-15) / 2)])
    touching = AndersonRubin(touches, touches, np.eye(2), None)
    assert touching.statistic(-1.0) == pytest.approx(stats.chi2.ppf(0.95, 1))
    assert touching.confidence_set() == [(-np.inf, np.inf)]
    rays = AndersonRubin(np.array([5.0]), np.array([0.5]), np.eye(2), 50).confidence_set()
    assert len(rays) == 2 and rays[0][0] == -np.inf and rays[1][1] == np.inf


def test_absorption_equals_least_squares_on_dummies(panel: pd.DataFrame) -> None:
    apart = panel[(panel["country"] < 12) == (panel["month"] < 15)]  # two components
    absorption = Absorption.from_frame(apart, ["country", "month"])
    dummies = pd.get_dummies(apart[["country", "month"]].astype(str), dtype=float).to_numpy()
    columns = apart[["y", "d"]].to_numpy()
    fitted = dummies @ np.linalg.lstsq(dummies, columns, rcond=None)[0]
    np.testing.assert_allclose(absorption.residual(columns), columns - fitted, atol=LEAST_SQUARES)
    assert absorption.effects == np.linalg.matrix_rank(dummies)


@pytest.mark.parametrize("effects", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("cluster", [None, "country", "month", "pair"])
def test_large_panels_equal_linearmodels(
    panel: pd.DataFrame,
    effects: tuple[bool, bool],
    cluster: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from linearmodels.panel import PanelOLS

    monkeypatch.setattr("riskset.regression.panel.ABSORBED_ROWS", 0)
    rows = panel.sample(frac=0.9, random_state=1)  # unbalanced, in no order
    rows["pair"] = rows["country"] // 2  # units are nested in it
    names = ["x", "z"]
    own = panel_ols(
        rows,
        names,
        outcome="y",
        entity="country",
        time="month",
        entity_effects=effects[0],
        time_effects=effects[1],
        cluster=cluster,
    )
    frame = rows.set_index(["country", "month"], drop=False)
    x = frame[names] if any(effects) else frame[names].assign(const=1.0)[["const", *names]]
    options: dict[str, Any] = {"cov_type": "robust"}
    if cluster is not None:
        groups = pd.DataFrame({"cluster": frame[cluster]})
        options = {"cov_type": "clustered", "clusters": groups, "group_debias": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = PanelOLS(frame["y"], x, entity_effects=effects[0], time_effects=effects[1]).fit(
            debiased=True, **options
        )
    np.testing.assert_allclose(own.params, other.params, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(own.cov, other.cov, rtol=1e-10, atol=1e-14)
    assert own.rsquared_within == pytest.approx(other.rsquared_within, abs=1e-12)
    if cluster is None:
        assert own.residual_df == other.df_resid


def test_panels_name_what_is_wrong(panel: pd.DataFrame) -> None:
    frame = {"outcome": "y", "entity": "country", "time": "month"}
    with pytest.raises(EstimationError, match="'fixed' does not vary within country and month"):
        panel_ols(panel.assign(fixed=panel["country"] % 3), ["fixed"], **frame)
    with pytest.raises(EstimationError, match="'country' 3 has two rows at 'month' 5"):
        twice = panel[(panel["country"] == 3) & (panel["month"] == 5)]
        assert len(twice) == 1
        panel_ols(pd.concat([panel, twice]), ["x"], **frame)
    with pytest.raises(EstimationError, match="'e' is collinear with x, z within the effects"):
        panel_ols(panel.assign(e=panel["x"] + panel["z"]), ["x", "z", "e"], **frame)
    with pytest.raises(EstimationError, match="at most two factors"):
        iv_2sls(panel, outcome="y", endogenous="d", instruments=["z"], absorb=["a", "b", "c"])
    with pytest.raises(EstimationError, match="no instrument for 'd'"):
        iv_2sls(panel, outcome="y", endogenous="d", instruments=[])
    with pytest.raises(EstimationError, match="'k' does not vary within country"):
        iv_2sls(
            panel.assign(k=panel["country"] / 2),
            outcome="y",
            endogenous="d",
            instruments=["k"],
            absorb=["country"],
        )


def test_hundreds_of_controls_are_the_effects_that_absorption_takes_out() -> None:
    """Indicators of 170 groups and 57 times, one by one or absorbed: one estimate, one error."""
    rng = np.random.default_rng(9)
    n = 3000
    data = pd.DataFrame({"group": rng.integers(0, 170, n), "time": rng.integers(0, 58, n)})
    data["instrument"] = rng.normal(size=n) + 0.01 * data["group"]
    data["aid"] = 0.5 * data["instrument"] + 0.02 * data["time"] + rng.normal(size=n)
    data["growth"] = data["aid"] + 0.01 * data["group"] + rng.normal(size=n)
    data["cluster"] = data["group"] % 40
    model = {"outcome": "growth", "endogenous": "aid", "instruments": "instrument"}
    spelled = iv_2sls(data, **model, exogenous="C(group) + C(time)", cluster="cluster")
    absorbed = iv_2sls(data, **model, absorb=["group", "time"], cluster="cluster")
    assert len(spelled.params) == 227
    assert spelled.params["aid"] == pytest.approx(absorbed.params["aid"], rel=1e-10)
    assert spelled.std_errors["aid"] == pytest.approx(absorbed.std_errors["aid"], rel=1e-10)
    assert spelled.kleibergen_paap == pytest.approx(absorbed.kleibergen_paap, rel=1e-10)
    assert spelled.cragg_donald == pytest.approx(absorbed.cragg_donald, rel=1e-10)
    lm = spelled.kleibergen_paap_lm[0]
    assert lm == pytest.approx(absorbed.kleibergen_paap_lm[0], rel=1e-10)


def test_two_stages_equal_those_of_linearmodels() -> None:
    from linearmodels.iv import IV2SLS

    rng = np.random.default_rng(10)
    n = 500
    data = pd.DataFrame(rng.normal(size=(n, 4)), columns=["z", "s", "x", "w"])
    data["d"] = data["z"] + 0.5 * data["s"] + data["x"] + rng.normal(size=n)
    data["y"] = data["d"] + data["w"] + rng.normal(size=n)
    data["country"] = np.arange(n) % 30
    for cluster in (None, "country"):
        ours = iv_2sls(
            data,
            outcome="y",
            endogenous="d",
            instruments=["z", "s"],
            exogenous=["x", "w"],
            cluster=cluster,
        )
        options = {"cov_type": "robust"}
        if cluster:
            options = {"cov_type": "clustered", "clusters": data[cluster]}
        theirs = IV2SLS(
            data["y"], data[["x", "w"]].assign(one=1.0), data[["d"]], data[["z", "s"]]
        ).fit(debiased=True, **options)
        np.testing.assert_allclose(ours.params, theirs.params[["d", "x", "w"]], rtol=1e-11)
        np.testing.assert_allclose(ours.std_errors, theirs.std_errors[["d", "x", "w"]], rtol=1e-11)


@pytest.mark.parametrize("fit", [logit, poisson])
def test_rows_of_weight_zero_are_not_there(fit) -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=60), "y": rng.integers(0, 2, 60)})
    data["w"] = np.where(np.arange(60) < 8, 0.0, rng.uniform(0.5, 2, 60))
    found = fit(data, ["x"], outcome="y", weights="w")
    want = fit(data.iloc[8:], ["x"], outcome="y", weights="w")
    np.testing.assert_allclose(found.params, want.params, rtol=1e-9)
    np.testing.assert_allclose(found.cov, want.cov, rtol=1e-8)
