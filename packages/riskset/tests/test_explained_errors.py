"""Errors that were false or said nothing: what works now, and the sentence where nothing can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import riskset as rs

ROWS = {"stop": "stop", "event": "event"}


def wars(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x = rng.normal(size=n)
    time, end = rng.exponential(6 / np.exp(0.6 * x)), rng.uniform(4, 15, n)
    data = pd.DataFrame({"stop": np.minimum(time, end), "event": (time <= end) * 1, "x": x})
    region = np.array(["Africa", "Asia", "Europe"])[np.arange(n) % 3]
    return data.assign(region=region, z=rng.integers(0, 2, n), unit=np.arange(n))


def test_a_restricted_mean_without_events_prints() -> None:
    found = rs.rmst(wars(), horizon=0.5 * wars()["stop"].min(), **ROWS)
    assert found.std_error == 0
    assert np.isnan(found.p_value)
    assert "restricted mean" in str(found)


@pytest.mark.parametrize(
    "fit",
    [
        lambda d: rs.logit(d, ["one", "x"], outcome="event", weights="w"),
        lambda d: rs.poisson(d, ["one", "x"], outcome="event", weights="w"),
        lambda d: rs.aft(d, ["one", "x"], weights="w", **ROWS),
    ],
)
def test_rows_without_weight_are_no_separation(fit) -> None:
    data = wars().assign(w=lambda d: (d["z"] == 0) * 1.0, one=lambda d: d["z"] * d["x"])
    with pytest.raises(rs.EstimationError, match="'one' is constant among the rows whose weight"):
        fit(data)


def test_categories_that_do_not_occur_make_no_column() -> None:
    data = wars()
    unused = pd.Categorical(data["region"], categories=["Africa", "Asia", "Europe", "Oceania"])
    plain, other = rs.cox_ph(data, "x + region", **ROWS), None
    other = rs.cox_ph(data.assign(region=unused), "x + region", **ROWS)
    pd.testing.assert_series_equal(plain.params, other.params)
    other = rs.cox_ph(data, "~ x + region", **ROWS)
    pd.testing.assert_series_equal(plain.params, other.params)


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("Surv(stop, event) ~ x", "lists the covariates only: write 'x'; times and event go in"),
        ("event ~ x", "lists the covariates only"),
        ("x + strata(region)", r"strata\(\) has no place in a formula here: name the column in st"),
        ("x + cluster(region)", r"cluster\(\) has no place in a formula here"),
        ("x + frailty(region)", "use frailty_cox"),
        ("x + ns(x, 3)", r"write rcs\(\)"),
        ("x + spline(x)", "name 'spline' is not defined"),
    ],
)
def test_formulas_of_r_are_told_where_things_go(formula: str, sentence: str) -> None:
    with pytest.raises(rs.EstimationError, match=sentence):
        rs.cox_ph(wars(), formula, **ROWS)


def test_text_alone_is_pointed_to_a_formula() -> None:
    with pytest.raises(rs.EstimationError, match=r"let a formula make indicators: C\(region\)"):
        rs.cox_ph(wars(), ["x", "region"], **ROWS)


def test_missing_values_within_a_spline_are_named() -> None:
    data = wars()
    data.loc[3, "x"] = np.nan
    with pytest.raises(rs.EstimationError, match="column 'x' is missing in row 3"):
        rs.cox_ph(data, "bs(x, df=4)", **ROWS)


def test_results_without_errors_are_not_compared() -> None:
    cox = rs.cox_ph(wars(), ["x"], **ROWS)
    for other in (rs.firth_cox(wars(), ["x"], **ROWS), rs.kaplan_meier(wars(), **ROWS)):
        for beside in (rs.compare, rs.journal_table):
            with pytest.raises(rs.EstimationError, match="no coefficients with standard errors"):
                beside([cox, other])


def test_standardization_of_formulas_and_foreign_frames() -> None:
    data = wars()
    by_hand = data.assign(asia=data["region"] == "Asia", europe=data["region"] == "Europe")
    path = {"z": rs.StepPath((), (1.0,))}
    plain = rs.cox_ph(by_hand, ["x", "z", "asia", "europe"], cluster="unit", **ROWS)
    fit = rs.cox_ph(data, "x + z + region", cluster="unit", **ROWS)
    want = rs.standardize(plain, by_hand, path, horizon=4.0)
    found = rs.standardize(fit, data.drop(columns="z"), path, horizon=4.0)
    assert found.rmst == pytest.approx(want.rmst, rel=1e-9)

    class Foreign:
        def to_pandas(self) -> pd.DataFrame:
            return data

    other = rs.standardize(fit, Foreign(), path, horizon=4.0)
    assert other.rmst == pytest.approx(want.rmst, rel=1e-9)
    crossed = rs.cox_ph(data, "x * z", cluster="unit", **ROWS)
    with pytest.raises(rs.EstimationError, match="would also have to change 'x:z'"):
        rs.standardize(crossed, data, path, horizon=4.0)


def test_covariates_may_be_named_like_results() -> None:
    data = wars().rename(columns={"x": "GLOBAL", "z": "time"})
    fit = rs.cox_ph(data, ["GLOBAL", "time"], cluster="unit", **ROWS)
    plain = rs.cox_ph(wars(), ["x", "z"], cluster="unit", **ROWS)
    for robust in (False, True):
        found = fit.test_proportional_hazards(robust=robust)
        assert found.index.tolist() == ["GLOBAL", "time", "(GLOBAL)"]
        want = plain.test_proportional_hazards(robust=robust)
        np.testing.assert_allclose(found["chi2"], want["chi2"])
    np.testing.assert_allclose(fit.schoenfeld()["(time)"], plain.schoenfeld()["time"])
