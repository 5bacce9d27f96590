"""Predictions for frames: what they are by definition, and that each way to ask agrees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import (
    EstimationError,
    aft,
    complete_cases,
    cox_ph,
    discrete_hazard,
    fine_gray,
    iv_2sls,
    logit,
    negative_binomial,
    panel_ols,
    poisson,
)

ROWS = {"start": "start", "stop": "stop", "event": "event"}
#: The same sums in another order.
SAME = 1e-10
#: Central differences of step 1e-5.
DIFFERENCE = 1e-6


@pytest.fixture(scope="module")
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    n = 240
    start = rng.integers(0, 4, n).astype(float)
    x, region = rng.normal(size=n), rng.choice(["north", "south", "west"], n)
    lasting = np.ceil(rng.exponential(12 * np.exp(-0.4 * x - 0.3 * (region == "south"))))
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "country": np.arange(n) % 24,
            "start": start,
            "stop": start + np.minimum(lasting, 30),
            "event": (lasting <= 30).astype(int),
            "x": x,
            "z": rng.integers(0, 2, n).astype(float),
            "region": region,
            "period": rng.integers(1, 9, n),
            "deaths": rng.poisson(np.exp(0.5 + 0.3 * x) * rng.gamma(2, 0.5, n)),
            "exposure": rng.uniform(0.5, 2, n),
            "seen": rng.integers(0, 3, n),
        }
    ).assign(
        how=lambda d: d["event"] * (1 + d["unit"] % 2), log_exposure=lambda d: np.log(d["exposure"])
    )


@pytest.mark.parametrize("cluster", [None, "country"])
@pytest.mark.parametrize("strata", [None, "region"])
def test_a_frame_is_predicted_as_its_rows_one_by_one(spells, cluster, strata) -> None:
    fit = cox_ph(spells, ["x", "z"], **ROWS, cluster=cluster, strata=strata)
    some, times = spells.head(7), [3.0, 8.5, 14.0]
    for what in ("cumulative hazard", "survival"):
        found = fit.predict(some, what, times=times)
        for label, part in found.groupby("row"):
            row = some.loc[label]
            single = fit.predict_survival(
                {"x": row["x"], "z": row["z"]},
                times=times,
                stratum=None if strata is None else row["region"],
            )
            np.testing.assert_allclose(part["estimate"], single[what.replace(" ", "_")], atol=SAME)
            if what == "survival":
                np.testing.assert_allclose(part["ci_low"], single["ci_low"], atol=SAME)
                np.testing.assert_allclose(part["ci_high"], single["ci_high"], atol=SAME)
            else:
                np.testing.assert_allclose(part["std_error"], single["std_error"], atol=SAME)
    assert found["row"].tolist() == np.repeat(some.index, 3).tolist()


def test_a_linear_predictor_and_its_error(spells) -> None:
    fit = cox_ph(spells, ["x", "z"], **ROWS, cluster="country")
    found = fit.predict(spells)
    x = spells[["x", "z"]].to_numpy()
    np.testing.assert_allclose(found["estimate"], x @ fit.params)
    np.testing.assert_allclose(found["std_error"] ** 2, np.diag(x @ fit.cov.to_numpy() @ x.T))
    assert found.index.equals(spells.index)


def test_incidence_and_quantiles_come_from_survival(spells) -> None:
    fit = cox_ph(spells, ["x"], **ROWS)
    survival = fit.predict(spells.head(5), "survival")
    incidence = fit.predict(spells.head(5), "incidence")
    np.testing.assert_allclose(1 - survival["estimate"], incidence["estimate"])
    np.testing.assert_allclose(1 - survival["ci_high"], incidence["ci_low"])
    medians = fit.predict(spells.head(5), "quantile")
    for label, part in survival.groupby("row"):
        below = part[part["estimate"] <= 0.5]
        first = below["time"].iloc[0] if len(below) else np.inf
        assert medians.loc[label, "estimate"] == first
        assert medians.loc[label, "ci_low"] <= first <= medians.loc[label, "ci_high"]


def test_a_fine_gray_model_predicts_incidence(spells) -> None:
    options = {"unit": "unit", "start": "start", "stop": "stop", "cause": "how"}
    fit = fine_gray(spells, "x + region", **options)
    found = fit.predict(spells.head(3), "incidence", times=[5, 15])
    assert found["estimate"].between(0, 1).all()
    assert found.groupby("row")["estimate"].is_monotonic_increasing.all()
    assert (found["ci_low"] <= found["estimate"]).all()


@pytest.mark.parametrize("distribution", ["exponential", "weibull", "lognormal", "loglogistic"])
def test_errors_of_accelerated_failure_times_are_those_of_the_delta_method(
    spells, distribution
) -> None:
    """Each error equals ``sqrt(g' V g)`` with g from differences of the estimates."""
    fit = aft(spells, "x + region", **ROWS, distribution=distribution, cluster="country")
    at, step = spells.head(2), 1e-5
    for what, log in (
        ("median", True),
        ("mean", True),
        ("mean log time", False),
        ("quantile", True),
        ("hazard", True),
        ("cumulative hazard", True),
        ("survival", False),
        ("density", True),
    ):
        times = (
            [4.0, 11.0] if what in ("hazard", "cumulative hazard", "survival", "density") else None
        )
        found = fit.predict(at, what, times=times, q=0.25)
        gradient = []
        for name in fit.params.index:
            moved = []
            for sign in (1, -1):
                params = fit.params.copy()
                params[name] += sign * step
                other = type(fit)(
                    **{f: getattr(fit, f) for f in fit.__slots__} | {"params": params}
                )
                moved.append(other.predict(at, what, times=times, q=0.25)["estimate"].to_numpy())
            gradient.append((moved[0] - moved[1]) / (2 * step))
        g = np.array(gradient)
        error = np.sqrt(np.einsum("pn,pq,qn->n", g, fit.cov.to_numpy(), g))
        np.testing.assert_allclose(found["std_error"], error, rtol=1e-5, err_msg=what)
        assert (found["ci_low"] < found["estimate"]).all(), what
        if log:
            middle = np.sqrt(found["ci_low"] * found["ci_high"])
            np.testing.assert_allclose(middle, found["estimate"], rtol=1e-9, err_msg=what)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_a_discrete_hazard_is_predicted_in_its_own_period_and_over_periods(spells, link) -> None:
    fit = discrete_hazard(
        spells, ["x", "C(region)"], duration="period", event="event", link=link, cluster="country"
    )
    own = fit.predict(spells)
    over = fit.predict(spells, times=np.arange(1, 9))
    same = over["time"].to_numpy() == np.repeat(spells["period"].to_numpy(), 8)
    np.testing.assert_allclose(own["estimate"], over.loc[same, "estimate"])
    np.testing.assert_allclose(own["std_error"], over.loc[same, "std_error"])
    survival = fit.predict(spells, "survival", times=np.arange(1, 9))
    product = (1 - over["estimate"]).groupby(over["row"]).cumprod()
    np.testing.assert_allclose(survival["estimate"], product)
    charge = fit.predict(spells, "cumulative hazard", times=[4])
    np.testing.assert_allclose(charge["estimate"], -np.log(survival["estimate"][3::8]))
    eta = fit.predict(spells, "linear predictor")
    inside = (own["ci_low"] < own["estimate"]) & (own["estimate"] < own["ci_high"])
    assert inside.all() and np.isfinite(eta).all().all()


def test_means_of_regressions(spells) -> None:
    for fit, inverse in (
        (logit(spells, "x + region", outcome="event"), lambda e: 1 / (1 + np.exp(-e))),
        (poisson(spells, "x + region", outcome="deaths", offset="log_exposure"), np.exp),
        (negative_binomial(spells, "x + region", outcome="deaths", offset="log_exposure"), np.exp),
    ):
        eta, mean = fit.predict(spells, "linear predictor"), fit.predict(spells)
        np.testing.assert_allclose(mean["estimate"], inverse(eta["estimate"]))
        np.testing.assert_allclose(mean["ci_low"], inverse(eta["ci_low"]))
        slope = (inverse(eta["estimate"] + 1e-5) - inverse(eta["estimate"] - 1e-5)) / 2e-5
        np.testing.assert_allclose(mean["std_error"], slope * eta["std_error"], rtol=DIFFERENCE)
    # The fitted means of a canonical link add up to the outcome.
    assert mean["estimate"].sum() > 0
    fitted = poisson(spells, "x", outcome="deaths", offset="log_exposure").predict(spells)
    assert fitted["estimate"].sum() == pytest.approx(spells["deaths"].sum())


def test_linear_models_predict_without_their_effects(spells) -> None:
    panel = panel_ols(
        spells.drop_duplicates(["country", "seen"]),
        "x + z",
        outcome="deaths",
        entity="country",
        time="seen",
        cluster="country",
    )
    np.testing.assert_allclose(
        panel.predict(spells)["estimate"], spells[["x", "z"]].to_numpy() @ panel.params
    )
    iv = iv_2sls(spells, outcome="deaths", endogenous="x", instruments="z", exogenous="C(region)")
    found = iv.predict(spells)
    assert list(iv.params.index) == ["x", "C(region)[T.south]", "C(region)[T.west]"]
    south = (spells["region"] == "south") * iv.params.iloc[1]
    west = (spells["region"] == "west") * iv.params.iloc[2]
    np.testing.assert_allclose(found["estimate"], spells["x"] * iv.params.iloc[0] + south + west)


# Formulas


def test_a_formula_makes_the_columns_that_one_would_make_by_hand(spells) -> None:
    by_hand = spells.assign(
        south=(spells["region"] == "south") * 1.0, west=(spells["region"] == "west") * 1.0
    ).assign(xs=lambda d: d["x"] * d["south"], xw=lambda d: d["x"] * d["west"])
    plain = cox_ph(by_hand, ["x", "south", "west", "xs", "xw"], **ROWS, cluster="country")
    for covariates in ("x*C(region)", ["x", "C(region)", "x:C(region)"], "x * region"):
        fit = cox_ph(spells, covariates, **ROWS, cluster="country")
        assert len(fit.params) == 5
        found = fit.params.filter(like="south").to_numpy()
        np.testing.assert_allclose(found, plain.params[["south", "xs"]], atol=SAME)
    assert "x:C(region)[T.west]" in cox_ph(spells, "x*C(region)", **ROWS).params


def test_splines_learn_once_and_are_made_again(spells) -> None:
    fit = cox_ph(spells, "rcs(x, 4) + z", **ROWS)
    assert [n for n in fit.params.index if "rcs" in n] == [f"rcs(x, 4)[{j}]" for j in (1, 2, 3)]
    whole, some = fit.predict(spells), fit.predict(spells.tail(9))
    np.testing.assert_allclose(some, whole.tail(9))
    bent = cox_ph(spells, "bs(x, df=4)", **ROWS)
    np.testing.assert_allclose(bent.predict(spells.head(4)), bent.predict(spells).head(4))


def test_what_a_formula_refuses(spells) -> None:
    for covariates, message in (
        ("x + nothing", "the formula cannot be read"),
        ("x + (z", "the formula cannot be read"),
        ("nothing", "no column 'nothing'"),
        (["x", "nothing"], "no column 'nothing'"),
        ("1", "makes no column"),
        ([["x"]], "is no name of a column"),
    ):
        with pytest.raises(EstimationError, match=message):
            cox_ph(spells, covariates, **ROWS)
    lacking = spells.assign(region=spells["region"].where(spells["unit"] != 4))
    with pytest.raises(EstimationError, match="'region' is missing in row 4"):
        cox_ph(lacking, "x + C(region)", **ROWS)
    fit = cox_ph(spells, "x + C(region)", **ROWS)
    with pytest.raises(EstimationError, match=r"categories .'east'. were not in the data"):
        fit.predict(spells.assign(region="east"))
    with pytest.raises(EstimationError, match=r"no column 'region'|cannot be read"):
        fit.predict(spells.drop(columns="region"))


def test_columns_beyond_the_model_do_not_matter_and_strata_must_be_known(spells) -> None:
    fit = cox_ph(spells, ["x"], **ROWS, strata="region")
    few = fit.predict(spells[["x", "region"]], "survival", times=5)
    pd.testing.assert_frame_equal(few, fit.predict(spells, "survival", times=5))
    with pytest.raises(EstimationError, match="stratum 'east' was not in the data"):
        fit.predict(spells.assign(region="east"), "survival", times=5)
    with pytest.raises(EstimationError, match="what must be one of"):
        fit.predict(spells, "hazard")


# Complete cases


def test_complete_cases_count_why_rows_were_dropped() -> None:
    data = pd.DataFrame(
        {
            "start": [-np.inf, 0, 0, 0, 0],
            "x": [1.0, np.nan, np.inf, 2.0, 3.0],
            "region": ["a", None, "b", None, "c"],
        }
    )
    found = complete_cases(data, ["start", "x", "region"])
    assert found.data.index.tolist() == [0, 4]
    assert found.attrition.to_dict("list") == {
        "column": ["start", "x", "region"],
        "missing": [0, 2, 2],
        "dropped": [0, 2, 1],
        "remaining": [5, 3, 2],
    }
    with pytest.raises(EstimationError, match=r"no row has all of x, region: .*5 of 5 in 'region'"):
        complete_cases(data.assign(region=None), ["x", "region"])
