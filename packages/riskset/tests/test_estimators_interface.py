"""The interface to the letter: names, keywords, attributes, and the tables that strangers bring."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import riskset as estimators
import riskset.inference as inference
from riskset import (
    EstimationError,
    aalen_johansen,
    aft,
    clone_censor_weight,
    compare,
    cox_ph,
    discrete_hazard,
    iv_2sls,
    kaplan_meier,
    logit,
    logrank,
    negative_binomial,
    poisson,
    rmst,
)

NOTHING = inspect.Parameter.empty

#: Positional arguments, then keyword-only ones with their defaults, as the issue states them.
SIGNATURES: dict[str, tuple[list[str], dict[str, object]]] = {
    "cox_ph": (
        ["data", "covariates"],
        {
            "start": None,
            "stop": NOTHING,
            "event": NOTHING,
            "strata": None,
            "cluster": None,
            "weights": None,
            "ties": "efron",
        },
    ),
    "aft": (
        ["data", "covariates"],
        {
            "start": None,
            "stop": NOTHING,
            "event": NOTHING,
            "distribution": "exponential",
            "cluster": None,
            "weights": None,
        },
    ),
    "kaplan_meier": (
        ["data"],
        {"start": None, "stop": NOTHING, "event": NOTHING, "weights": None, "cluster": None},
    ),
    "aalen_johansen": (
        ["data"],
        {"start": None, "stop": NOTHING, "cause": NOTHING, "weights": None, "cluster": None},
    ),
    "rmst": (
        ["data"],
        {"horizon": NOTHING, "start": None, "stop": NOTHING, "event": NOTHING, "cluster": None},
    ),
    "logrank": (
        ["data"],
        {
            "group": NOTHING,
            "start": None,
            "stop": NOTHING,
            "event": NOTHING,
            "weights": None,
            "cluster": None,
        },
    ),
    "discrete_hazard": (
        ["data", "covariates"],
        {"duration": NOTHING, "event": NOTHING, "cluster": None, "weights": None},
    ),
    "clone_censor_weight": (["data", "covariates"], {"grace": NOTHING, "horizon": NOTHING}),
    "logit": (["data", "covariates"], {"outcome": NOTHING, "cluster": None}),
    "poisson": (["data", "covariates"], {"outcome": NOTHING, "cluster": None}),
    "negative_binomial": (["data", "covariates"], {"outcome": NOTHING, "cluster": None}),
    "iv_2sls": (
        ["data"],
        {
            "outcome": NOTHING,
            "endogenous": NOTHING,
            "instruments": NOTHING,
            "exogenous": (),
            "absorb": (),
            "cluster": None,
        },
    ),
    "compare": (["results"], {}),
}

INFERENCE = [
    "cluster_bootstrap",
    "risk_set_rerandomization",
    "leave_one_cluster_out",
    "holm",
    "benjamini_hochberg",
    "e_value",
    "omitted_variable_bounds",
    "minimum_detectable_effect",
    "equivalence_test",
    "rubin_combine",
    "null_calibration",
    "specification_curve",
]


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_those_of_the_issue(name: str) -> None:
    positional, keywords = SIGNATURES[name]
    parameters = inspect.signature(getattr(estimators, name)).parameters
    assert name in estimators.__all__
    assert [n for n, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == positional
    named = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert {n: named[n] for n in keywords} == keywords


@pytest.mark.parametrize("name", INFERENCE)
def test_inference_offers_its_names(name: str) -> None:
    assert name in inference.__all__
    assert callable(getattr(inference, name))


@pytest.fixture(scope="module")
def hearts() -> pd.DataFrame:
    """Heart transplants at Stanford (Miller 1976), shipped with statsmodels: 69 patients."""
    from statsmodels.datasets import heart

    data = heart.load_pandas().data
    return pd.DataFrame(
        {
            "days": data["survival"] + 0.5,
            "died": data["censors"].astype(int),
            "age": data["age"],
            "late": np.arange(len(data)) % 2,
            "center": [f"c{i % 9}" for i in range(len(data))],
            "w": 1.0 + np.arange(len(data)) % 3,
        }
    )


@pytest.fixture(scope="module")
def grades() -> pd.DataFrame:
    """Grades of 32 students (Spector and Mazzeo 1980), shipped with statsmodels."""
    from statsmodels.datasets import spector

    return spector.load_pandas().data


SURVIVAL = {"stop": "days", "event": "died"}
SHARED = ["params", "std_errors", "cov", "loglik", "nobs", "n_clusters"]


def prints(result: object) -> None:
    assert isinstance(result.summary(), str)
    assert isinstance(result.tidy(), pd.DataFrame)
    assert "<table" in result._repr_html_()
    assert repr(result) == result.summary()


def test_a_cox_model_answers_what_the_issue_asks(hearts: pd.DataFrame) -> None:
    fit = cox_ph(hearts, ["age", "late"], **SURVIVAL, cluster="center", weights="w")
    for name in [*SHARED, "model_std_errors", "n_events"]:
        assert getattr(fit, name) is not None
    null, fitted = fit.loglik
    assert null < fitted < 0
    assert (fit.nobs, fit.n_events, fit.n_clusters) == (69, 45, 9)
    assert list(fit.params.index) == list(fit.cov.index) == ["age", "late"]
    np.testing.assert_allclose(fit.std_errors**2, np.diag(fit.cov))
    assert not np.allclose(fit.std_errors, fit.model_std_errors)
    assert list(fit.test_proportional_hazards(transform="km").index) == ["age", "late", "GLOBAL"]
    assert fit.schoenfeld().shape == (45, 3)
    assert fit.martingale().shape == (69,)
    assert fit.score_residuals().shape == (69, 2)
    assert fit.baseline()["survival"].is_monotonic_decreasing
    fixed = fit.predict_survival({"age": 50, "late": 0}, times=[100, 300])
    path = pd.DataFrame({"start": [0, 100], "stop": [100, 2000], "age": 50, "late": 0})
    external = fit.predict_survival(path=path, times=[100, 300])
    np.testing.assert_allclose(fixed["survival"], external["survival"])
    prints(fit)


def test_without_clusters_errors_are_those_of_the_model(hearts: pd.DataFrame) -> None:
    fit = cox_ph(hearts, ["age"], **SURVIVAL)
    np.testing.assert_array_equal(fit.std_errors, fit.model_std_errors)
    assert fit.n_clusters is None


@pytest.mark.parametrize("distribution", ["exponential", "weibull", "lognormal", "loglogistic"])
def test_accelerated_failure_times(hearts: pd.DataFrame, distribution: str) -> None:
    fit = aft(hearts, ["age"], **SURVIVAL, distribution=distribution, cluster="center", weights="w")
    for name in [*SHARED, "model_std_errors", "n_events"]:
        assert getattr(fit, name) is not None
    at = {"age": 50.0}
    middle, _, low, high = fit.predict(at, "median").iloc[0]
    assert low < middle < high
    assert fit.predict(at, "mean")["estimate"].iloc[0] > middle
    survival, hazard, density = (
        fit.predict(at, what, times=middle)["estimate"].iloc[0]
        for what in ("survival", "hazard", "density")
    )
    assert survival == pytest.approx(0.5, abs=1e-9)
    assert hazard == pytest.approx(2 * density, rel=1e-9)
    prints(fit)


def test_what_rests_on_no_model(hearts: pd.DataFrame) -> None:
    causes = hearts.assign(cause=hearts["died"] * (1 + hearts["late"]))
    curve = kaplan_meier(hearts, **SURVIVAL, cluster="center", weights="w")
    incidence = aalen_johansen(causes, stop="days", cause="cause")
    assert (curve.nobs, curve.n_clusters, incidence.nobs, incidence.n_events) == (69, 9, 69, 45.0)
    assert curve.n_events == hearts.loc[hearts["died"] == 1, "w"].sum()
    area = rmst(hearts, **SURVIVAL, horizon=365)
    assert area.tidy()["estimate"].iloc[0] == area.estimate > area.tidy()["ci_low"].iloc[0]
    assert 0 < area.estimate < 365
    test = logrank(hearts, **SURVIVAL, group="late", cluster="center")
    assert test.df == 1
    assert test.table["observed"].sum() == 45
    assert f"{test.chi2:.4g}" in test.summary()
    for result in (curve, incidence, area, test):
        prints(result)


def test_binary_and_count_regressions(grades: pd.DataFrame) -> None:
    binary = logit(grades, ["GPA", "TUCE", "PSI"], outcome="GRADE")
    # Spector and Mazzeo's published logit: GPA 2.826, TUCE 0.095, PSI 2.379.
    np.testing.assert_allclose(binary.params, [-13.0213, 2.8261, 0.0952, 2.3787], rtol=0, atol=5e-5)
    counted = poisson(grades, "GPA", outcome="TUCE", cluster="PSI")
    for fit in (binary, counted):
        for name in [*SHARED[:-1], "model_std_errors", "n_events"]:
            assert getattr(fit, name) is not None
        prints(fit)
    assert counted.n_clusters == 2
    with pytest.raises(EstimationError, match="no more than a Poisson count"):
        negative_binomial(grades, "GPA", outcome="TUCE")


def test_a_discrete_hazard(hearts: pd.DataFrame) -> None:
    months = np.ceil(hearts["days"] / 365).astype(int)
    rows = hearts.loc[hearts.index.repeat(months)].reset_index(names="unit")
    rows["year"] = rows.groupby("unit").cumcount() + 1
    last = rows["unit"] != rows["unit"].shift(-1)
    rows["ended"] = last & rows["died"].eq(1)
    fit = discrete_hazard(
        rows, "age", duration="year", event="ended", dependence="linear", cluster=["center"]
    )
    for name in [*SHARED, "model_std_errors", "n_events"]:
        assert getattr(fit, name) is not None
    assert fit.n_events == 45
    prints(fit)


def test_an_emulated_trial() -> None:
    rng = np.random.default_rng(1)
    n = 200
    when, end = rng.exponential(6, n), rng.exponential(8, n)
    first = pd.DataFrame({"unit": range(n), "start": 0.0, "stop": np.minimum(when, end)})
    first["event"], first["treated"] = (end <= when).astype(int), False
    after = pd.DataFrame({"unit": range(n), "start": when, "stop": end, "event": 1})
    rows = pd.concat([first, after[when < end].assign(treated=True)], ignore_index=True)
    rows["x"] = rng.normal(size=n)[rows["unit"]]
    result = clone_censor_weight(
        rows,
        "x",
        unit="unit",
        start="start",
        stop="stop",
        event="event",
        treatment="treated",
        grace=3.0,
        horizon=8.0,
        cluster="unit",
        draws=9,
    )
    assert result.estimable
    assert (result.nobs, result.n_clusters) == (n, n)
    assert list(result.tidy()["term"]) == ["rmst_difference", "risk_difference"]
    prints(result)
    thin = clone_censor_weight(
        rows,
        [],
        unit="unit",
        start="start",
        stop="stop",
        event="event",
        treatment="treated",
        grace=3.0,
        horizon=8.0,
        cluster="unit",
        least_treated=n,
    )
    assert not thin.estimable
    assert thin.reason in thin.summary()


@pytest.fixture(scope="module")
def wages() -> pd.DataFrame:
    """Wages of married women (Mroz 1987), shipped with linearmodels."""
    from linearmodels.datasets import mroz

    data = mroz.load().dropna(subset=["wage"])
    return data.assign(log_wage=np.log(data["wage"]))


def test_instruments(wages: pd.DataFrame) -> None:
    fit = iv_2sls(wages, outcome="log_wage", endogenous="educ", instruments="fatheduc")
    # Wooldridge, Introductory Econometrics, example 15.1: the return to education is 0.059.
    assert fit.params["educ"] == pytest.approx(0.059, abs=5e-4)
    same = iv_2sls(wages, outcome="log_wage", endogenous=["educ"], instruments=["fatheduc"])
    assert same.params["educ"] == fit.params["educ"]
    assert fit.kleibergen_paap > 10
    low, high = fit.anderson_rubin.confidence_set()[0]
    assert low < fit.params["educ"] < high
    grouped = iv_2sls(
        wages,
        outcome="log_wage",
        endogenous="educ",
        instruments="fatheduc",
        exogenous="exper",
        absorb="kidslt6",
        cluster="age",
    )
    assert grouped.absorbed == ("kidslt6",)
    assert list(grouped.params.index) == ["educ", "exper"]
    prints(fit)
    with pytest.raises(EstimationError, match="one endogenous column is estimated, not 2"):
        iv_2sls(wages, outcome="log_wage", endogenous=["educ", "exper"], instruments="fatheduc")


def test_an_instrument_that_moves_nothing_is_refused(hearts: pd.DataFrame) -> None:
    half = hearts.iloc[:66]  # Eleven rounds of w = 1, 2, 3 and late = 0, 1: orthogonal by design.
    with pytest.raises(EstimationError, match="w and 'late' are uncorrelated to the last digit"):
        iv_2sls(half, outcome="age", endogenous="late", instruments="w")


def test_a_table_of_models_from_a_list_or_a_mapping(hearts: pd.DataFrame) -> None:
    one, two = (cox_ph(hearts, names, **SURVIVAL) for names in ("age", ["age", "late"]))
    listed, named = compare([one, two]), compare({"short": one, "long": two})
    assert list(listed.columns) == ["(1)", "(2)"]
    assert list(named.columns) == ["short", "long"]
    np.testing.assert_array_equal(listed.to_numpy(), named.to_numpy())
    assert listed.loc[("age", "estimate"), "(1)"] == one.params["age"]
    assert np.isnan(listed.loc[("late", "estimate"), "(1)"])
    with pytest.raises(EstimationError, match="nothing to compare"):
        compare([])


FITS: dict[str, Callable[[pd.DataFrame], object]] = {
    "cox_ph": lambda d: cox_ph(d, ["age", "late"], **SURVIVAL, cluster="center").tidy(),
    "aft": lambda d: aft(d, ["age", "late"], **SURVIVAL, cluster="center").tidy(),
    "kaplan_meier": lambda d: kaplan_meier(d, **SURVIVAL).tidy(),
    "aalen_johansen": lambda d: aalen_johansen(d, stop="days", cause="died").tidy(),
    "rmst": lambda d: rmst(d, **SURVIVAL, horizon=365, cluster="center").tidy(),
    "logrank": lambda d: logrank(d, **SURVIVAL, group="late").tidy(),
    "logit": lambda d: logit(d, ["age", "late"], outcome="died", cluster="center").tidy(),
    "iv_2sls": lambda d: iv_2sls(
        d, outcome="age", endogenous="days", instruments="w", cluster="center"
    ).tidy(),
}

DRESS: dict[str, Callable[[pd.DataFrame], object]] = {
    "a mapping of arrays": lambda d: {name: d[name].to_numpy() for name in d},
    "a structured array": lambda d: d.astype({"center": "S3"}).to_records(index=False),
    "an index of its own": lambda d: d.set_index(pd.Index([f"p{i}" for i in range(len(d))][::-1])),
    "an index that repeats": lambda d: d.set_index(np.zeros(len(d), dtype=int)),
    "two index levels": lambda d: d.set_index(
        pd.MultiIndex.from_arrays([range(len(d)), d["center"]])
    ),
    "objects": lambda d: d.astype(object),
    "nullable types": lambda d: d.convert_dtypes(),
    "Arrow types": lambda d: d.convert_dtypes(dtype_backend="pyarrow"),
    "booleans": lambda d: d.assign(died=d["died"] == 1, late=d["late"] == 1),
    "booleans as objects": lambda d: d.assign(died=(d["died"] == 1).astype(object)),
    "clusters as categories, one of them empty": lambda d: d.assign(
        center=pd.Categorical(d["center"], categories=["none", *sorted(set(d["center"]))])
    ),
    "clusters of mixed types": lambda d: d.assign(
        center=[int(c[1:]) if c < "c5" else c for c in d["center"]]
    ),
}


@pytest.mark.parametrize("dress", DRESS)
@pytest.mark.parametrize("name", FITS)
def test_the_same_numbers_in_whatever_table(hearts: pd.DataFrame, name: str, dress: str) -> None:
    data = DRESS[dress](hearts)
    if dress.startswith("booleans") and name in ("aalen_johansen", "logrank"):
        pytest.skip("the label of a group is then a boolean")
    want, got = FITS[name](hearts), FITS[name](data)
    assert list(got.columns) == list(want.columns)
    numeric = want.select_dtypes("number").columns
    np.testing.assert_allclose(
        got[numeric].astype(float), want[numeric], rtol=1e-9, atol=1e-12, equal_nan=True
    )


def test_what_is_no_table_is_refused(hearts: pd.DataFrame) -> None:
    for name, fit in FITS.items():
        with pytest.raises(EstimationError, match=r"of type ndarray; give a pandas DataFrame"):
            fit(hearts.drop(columns="center").to_numpy())
        with pytest.raises(EstimationError, match=r"no column '\w+' in the data; columns are"):
            fit(hearts[["w"]])
        with pytest.raises(EstimationError, match="no rows"):
            fit(hearts.iloc[:0])
        assert name in estimators.__all__


@pytest.mark.parametrize("column", ["days", "died", "age", "center"])
def test_missing_values_name_column_and_rows(hearts: pd.DataFrame, column: str) -> None:
    holed = hearts.astype(object).set_index(hearts.index + 100)
    holed.loc[[103, 105], column] = None
    with pytest.raises(EstimationError, match=rf"'{column}' .*rows 103, 105 \(2 such rows\)"):
        cox_ph(holed, ["age", "late"], **SURVIVAL, cluster="center")


def test_types_that_are_no_numbers_are_refused_with_advice(hearts: pd.DataFrame) -> None:
    for values, advice in (
        (hearts["days"].astype(str), "code it as numbers"),
        (pd.Categorical(hearts["late"]), "code it as numbers"),
        (hearts["days"] * 1j, "code it as numbers"),
        (pd.Timestamp("1970-01-01") + pd.to_timedelta(hearts["days"], "D"), "count days"),
    ):
        with pytest.raises(EstimationError, match=rf"'odd' is of type .*, not numeric; {advice}"):
            cox_ph(hearts.assign(odd=values), "odd", **SURVIVAL)


@pytest.mark.parametrize("unit", [1e-14, 1e14])
def test_a_covariate_may_have_any_unit(hearts: pd.DataFrame, unit: float) -> None:
    for fit in (
        lambda d: cox_ph(d, "age", **SURVIVAL, cluster="center"),
        lambda d: aft(d, "age", **SURVIVAL, cluster="center"),
        lambda d: logit(d, "age", outcome="died", cluster="center"),
    ):
        was, now = fit(hearts), fit(hearts.assign(age=hearts["age"] * unit))
        assert now.params["age"] * unit == pytest.approx(was.params["age"], rel=1e-9)
        assert now.std_errors["age"] * unit == pytest.approx(was.std_errors["age"], rel=1e-9)


def test_columns_may_be_numbered(hearts: pd.DataFrame) -> None:
    numbered = hearts.set_axis(range(hearts.shape[1]), axis=1)
    fit = cox_ph(numbered, [2, 3], stop=0, event=1, cluster=4)
    named = cox_ph(hearts, ["age", "late"], **SURVIVAL, cluster="center")
    np.testing.assert_array_equal(fit.params, named.params)
    np.testing.assert_array_equal(fit.std_errors, named.std_errors)
    with pytest.raises(EstimationError, match="covariate 9 is collinear with 2"):
        cox_ph(
            numbered.assign(**{"x": numbered[2]}).rename(columns={"x": 9}), [2, 9], stop=0, event=1
        )


def test_an_empty_list_names_no_group(hearts: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="an empty list names no group"):
        cox_ph(hearts, "age", **SURVIVAL, cluster=[])
