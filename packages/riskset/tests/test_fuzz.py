"""Any frame, any public function: a clear error, or a finite right answer.

Frames are drawn with what real ones bring: ties and near-ties, epoch seconds, single precision,
late entry, repeated rows, constant and collinear covariates, missing and infinite values, zero and
huge weights, one cluster, no event, few rows. An answer must be finite, must repeat, and must not
depend on the order of the rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset import (
    EstimationError,
    aalen_johansen,
    adjusted_survival,
    aft,
    case_cohort,
    clone_censor_weight,
    compare,
    complete_cases,
    cox_ph,
    discrete_hazard,
    fine_gray,
    firth_cox,
    flexible_parametric,
    frailty_cox,
    iv_2sls,
    journal_table,
    kaplan_meier,
    logit,
    logrank,
    marginal_structural_cox,
    negative_binomial,
    panel_ols,
    poisson,
    pseudo_regression,
    pseudo_values,
    restricted_cubic,
    rmst,
    rmst_difference,
    sequential_trials,
    spline_knots,
    split_population,
    standardize,
    switches_on,
    transition_hazards,
    transition_probabilities,
)
from riskset.inference import (
    InferenceError,
    cluster_bootstrap,
    cluster_jackknife,
    exposure_design,
    permuted_effect,
    risk_set_rerandomization,
    rubin_combine,
)

#: Sums in another order; ill-conditioned frames that pass the checks lose some of the digits.
REORDERED = 1e-5

Numbers = dict[str, np.ndarray]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a frame of event-history rows, clean or with one or two flaws."""
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grid = draw(st.sampled_from([1, 4, 30, 1000]))
    start = rng.integers(0, grid, n).astype(float)
    length = rng.integers(1, grid + 1, n).astype(float)
    origin, unit = draw(
        st.sampled_from(
            [(0.0, 1.0), (0.0, 0.1), (1.7e9, 3600.0), (1.7e18, 8.64e13), (1990, 1 / 12)]
        )
    )
    groups = draw(st.sampled_from([1, 2, 5, 20]))
    data = pd.DataFrame(
        {
            "start": origin + unit * start,
            "stop": origin + unit * (start + length),
            "event": (rng.random(n) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))).astype(int),
            "x": rng.normal(size=n) * draw(st.sampled_from([1.0, 1e-6, 1e6])),
            "z": rng.integers(0, 2, n).astype(float),
            "group": rng.integers(0, groups, n),
            "unit": np.arange(n),
            "time": rng.integers(0, 4, n),
            "weight": rng.integers(0, 4, n).astype(float),
            "count": rng.poisson(2 * rng.gamma(1.0, 1.0, n)).astype(float),
            "period": rng.integers(1, 8, n),
        }
    )
    data["cause"] = data["event"] * rng.integers(1, 3, n)
    data["y"] = data["x"] + rng.normal(size=n)
    for flaw in draw(st.lists(st.sampled_from(sorted(FLAWS)), max_size=2)):
        try:
            data = FLAWS[flaw](data, rng)
        except (TypeError, ValueError):
            continue  # the first flaw leaves no place for the second, such as a number in text
    return data


def _at(column: str, value: Any) -> Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]:
    """Return a flaw: a value in one row of a column."""

    def change(data: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        if data.empty:
            return data
        values = data[column].astype(object if isinstance(value, str) else float).to_numpy()
        values = values.copy()
        values[rng.integers(len(data))] = value
        return data.assign(**{column: values})

    return change


FLAWS: dict[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]] = {
    "missing x": _at("x", np.nan),
    "infinite x": _at("x", np.inf),
    "text in x": _at("x", "much"),
    "huge x": _at("x", 1e200),
    "missing stop": _at("stop", np.nan),
    "infinite stop": _at("stop", np.inf),
    "start at -inf": _at("start", -np.inf),
    "negative stop": _at("stop", -1.0),
    "event of two": _at("event", 2),
    "negative weight": _at("weight", -1.0),
    "huge weight": _at("weight", 1e18),
    "tiny weight": _at("weight", 1e-300),
    "half count": _at("count", 0.5),
    "huge count": _at("count", 1e6),
    "missing group": _at("group", np.nan),
    "constant x": lambda data, rng: data.assign(x=1.0),
    "collinear": lambda data, rng: data.assign(z=2 * data["x"]),
    "nearly collinear": lambda data, rng: data.assign(
        z=data["x"] + 1e-9 * rng.normal(size=len(data))
    ),
    "separated": lambda data, rng: data.assign(z=data["event"].astype(float)),
    "single precision": lambda data, rng: data.assign(stop=data["stop"].astype(np.float32)),
    "near-ties": lambda data, rng: data.assign(
        stop=data["stop"] * (1 + 1e-13 * rng.normal(size=len(data)))
    ),
    "repeated rows": lambda data, rng: pd.concat([data, data.iloc[:5]], ignore_index=True),
    "repeated index": lambda data, rng: data.set_axis(np.zeros(len(data), dtype=int), axis=0),
    "nullable": lambda data, rng: data.convert_dtypes(),
    "booleans": lambda data, rng: data.assign(event=data["event"] == 1),
    "no rows": lambda data, rng: data.iloc[:0],
    "all at once": lambda data, rng: data.assign(stop=data["stop"].max() + 1),
    "duplicate column": lambda data, rng: pd.concat([data, data[["x"]]], axis=1),
}

ROWS = {"start": "start", "stop": "stop", "event": "event"}


def coefficients(fit: Any) -> Numbers:
    return {
        "params": fit.params.to_numpy(),
        "errors": fit.std_errors.to_numpy(),
        "p": fit.p_values.to_numpy(),
        "interval": fit.conf_int().to_numpy().ravel(),
        "table": fit.tidy().select_dtypes("number").to_numpy().ravel(),
    }


def cox(data: pd.DataFrame, **options: Any) -> Numbers:
    fit = cox_ph(data, ["x", "z"], **ROWS, **options)
    found = coefficients(fit)
    found["survival"] = fit.predict_survival({"x": 0, "z": 1})["survival"].to_numpy()
    found["residuals"] = np.sort(fit.martingale().to_numpy())
    found["zph"] = fit.test_proportional_hazards()["chi2"].to_numpy()
    assert compare([fit]).shape[0] >= 4
    return found


def predictions(fit: Any, data: pd.DataFrame, **whats: Any) -> Numbers:
    """Predict what is named for the first rows; quantiles and means may be infinite."""
    found, some = coefficients(fit), data.sort_values(["unit", "x", "z", "y"]).head(4)
    for what, options in whats.items():
        name = what.replace("_", " ")
        table = fit.predict(some, name, **options)
        table = table.drop(columns="row", errors="ignore")
        values = table.select_dtypes("number").to_numpy(dtype=float).ravel()
        found[name] = np.nan_to_num(values, posinf=0.0) if name in MAY_BE_INFINITE else values
    assert journal_table([fit]).to_latex()
    return found


#: What lies beyond follow-up, or does not exist, is infinity.
MAY_BE_INFINITE = {"quantile", "mean", "median"}


def standardized(data: pd.DataFrame) -> Numbers:
    fit = cox_ph(data, ["x", "z"], stop="stop", event="event", cluster="group")
    at = float(data["stop"].median())
    given = standardize(fit, data, {"z": switches_on(at / 2)}, horizon=at)
    return {"rmst": np.array([given.rmst, given.estimate().std_error])}


def curve(data: pd.DataFrame, **options: Any) -> Numbers:
    found = kaplan_meier(data, **ROWS, **options)
    table = found.table
    alive = table["survival"] > 0
    assert ((table["survival"] >= 0) & (table["survival"] <= 1)).all()
    inside = alive & (table["survival"] < 1)
    assert (table.loc[inside, "ci_low"] <= table.loc[inside, "survival"] + 1e-9).all()
    return {
        "survival": table["survival"].to_numpy(),
        "errors": table.loc[alive, "std_error"].to_numpy(),
        "at": found.at(table["time"].head(3).tolist())["survival"].to_numpy(),
    }


def incidence(data: pd.DataFrame, **options: Any) -> Numbers:
    found = aalen_johansen(data, start="start", stop="stop", cause="cause", **options)
    assert (found.table["incidence"].between(0, 1 + 1e-9)).all()
    return {"F": found.table["incidence"].to_numpy(), "se": found.table["std_error"].to_numpy()}


def number(found: Any) -> Numbers:
    return {"estimate": np.array([found.estimate, found.std_error, *found.conf_int()])}


def median_stop(data: pd.DataFrame) -> float:
    known = pd.to_numeric(data["stop"]).dropna().to_numpy(float)
    return float(np.median(known)) if known.size else 1.0


def trial(data: pd.DataFrame) -> Numbers:
    rows = data.assign(start=0.0, treated=0)
    found = clone_censor_weight(
        rows,
        ["x"],
        unit="unit",
        **ROWS,
        treatment="treated",
        grace=median_stop(data) / 2,
        horizon=median_stop(data),
        cluster="group",
        draws=3,
    )
    return {"contrasts": found.contrasts["estimate"].to_numpy()}


def spline(data: pd.DataFrame) -> Numbers:
    values = data["x"].to_numpy()
    basis = restricted_cubic(values, spline_knots(values))
    return {"basis": basis[pd.notna(values)]}


def rerandomized(data: pd.DataFrame) -> Numbers:
    n = len(data)
    if not n:
        return {}
    start, stop = data["start"].astype(float), data["stop"].astype(float)
    design = exposure_design(
        origin=np.zeros(n),
        entry=data["start"],
        exit=data["stop"],
        event=data["event"],
        outcome_strata=np.zeros(n, dtype=int),
        assignment_strata=data["time"],
        spell_unit=[0],
        spell_assigned=[float(stop.iloc[0])],
        spell_on=[float(start.iloc[0])],
        spell_off=[np.inf],
    )
    found = risk_set_rerandomization(design, draws=39, level=0.9, seed=1)
    return {"p": np.array([found.p_value, found.score])}


def bootstrap(data: pd.DataFrame) -> Numbers:
    fit = cox_ph(data, ["x"], **ROWS)
    found = cluster_bootstrap(fit.refitter(), data["group"], draws=39, level=0.9, seed=1)
    return {"interval": np.concatenate((found.percentile.low, found.std_error))}


def permuted(data: pd.DataFrame) -> Numbers:
    found = permuted_effect(
        data["stop"] - data["start"],
        data["event"],
        data["z"],
        strata=np.zeros(len(data)),
        group=data["unit"],
        draws=50,
        level=0.9,
        seed=1,
    )
    return {"p": np.array([found.p_value, found.statistic])}


#: Columns of rows that are spent in one of two states, and may lead to the other or to a third.
STATES = {"start": "start", "stop": "stop", "state": "state", "to": "to", "unit": "unit"}


def with_states(data: pd.DataFrame) -> pd.DataFrame:
    late = (pd.to_numeric(data["time"]) > 1).fillna(False)
    to = data["cause"].map({1: "c", 2: "a"}).fillna("none")
    to = to.mask(late & (to == "a"), "b")
    return data.assign(state=late.map({True: "a", False: "b"}), to=to)


def states(data: pd.DataFrame) -> Numbers:
    found = transition_probabilities(with_states(data), **STATES, censored="none", cluster="group")
    table = found.tidy()
    assert table["probability"].between(-1e-9, 1 + 1e-9).all()
    area = found.time_in_state(found.end, occupation=True)
    return {
        "P": table["probability"].to_numpy(),
        "se": table["std_error"].to_numpy(),
        "area": area[["time_in_state", "std_error"]].to_numpy().ravel(),
    }


def hazards(data: pd.DataFrame) -> Numbers:
    fit = transition_hazards(with_states(data), ["x"], **STATES, censored="none")
    table = fit.probabilities({"x": float(data["x"].astype(float).median())}).tidy()
    assert table["probability"].between(-1e-9, 1 + 1e-9).all()
    return coefficients(fit) | {"P": table["probability"].to_numpy()}


def flexible(data: pd.DataFrame) -> Numbers:
    fit = flexible_parametric(
        data, ["x", "z"], **ROWS, df=2, time_varying={"z": 1}, cluster="group"
    )
    at = {"x": float(data["x"].astype(float).median()), "z": 0.0}
    whats = ("survival", "hazard", "restricted mean")
    return coefficients(fit) | {
        what: fit.predict(at, what, times=median_stop(data))["estimate"].to_numpy()
        for what in whats
    }


def adjusted(data: pd.DataFrame, **options: Any) -> Numbers:
    found = adjusted_survival(data, ["x"], group="z", **ROWS, cluster="group", **options)
    table = found.tidy()
    assert table["survival"].between(-1e-9, 1 + 1e-9).all()
    return {"S": table["survival"].to_numpy(), "se": table["std_error"].to_numpy()}


def split(data: pd.DataFrame) -> Numbers:
    fit = split_population(data, ["x"], **ROWS, cluster="group")
    return coefficients(fit) | {"share": fit.predict({"x": 0.0})["estimate"].to_numpy()}


def pseudo(data: pd.DataFrame) -> Numbers:
    names = {"stop": "stop", "event": "event", "times": median_stop(data)}
    values = pseudo_values(data, **names)
    fit = pseudo_regression(data, ["x"], **names, cluster="group")
    return coefficients(fit) | {"values": np.sort(values.to_numpy().ravel())}


def months(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as months of units: treatment begins where ``z`` first is one."""
    number = data.groupby("time").cumcount() if "time" in data else 0
    begun = data.groupby(number)["z"].cummax() if len(data) else data["z"]
    place = pd.Series(number, index=data.index).groupby(number).cumcount()
    last = pd.Series(number, index=data.index).groupby(number).transform("size") - 1
    event = pd.to_numeric(data["event"]).astype(float).where(place == last, 0.0)
    return data.assign(unit=number, start=place, stop=place + 1, treated=begun, event=event)


CALLS: dict[str, Callable[[pd.DataFrame], Numbers]] = {
    "cox": cox,
    "cox, clusters": lambda d: cox(d, cluster="group"),
    "cox, breslow and strata": lambda d: cox(d, ties="breslow", strata="time"),
    "cox, weights": lambda d: cox(d, weights="weight", cluster="group", group_debias=True),
    "cox, frequencies": lambda d: cox(d, weights="weight", weight_kind="frequency"),
    "cox, exact": lambda d: {"b": cox_ph(d, "x", **ROWS, ties="exact").params.to_numpy()},
    "cox, units": lambda d: cox(d, unit="unit"),
    "cox, offset": lambda d: coefficients(cox_ph(d, "z", **ROWS, offset="x")),
    "cox, predicted": lambda d: predictions(
        cox_ph(d, ["x", "z"], **ROWS, cluster="group", strata="time"),
        d,
        linear_predictor={},
        survival={},
        incidence={},
        quantile={},
    ),
    "cox, formula": lambda d: predictions(
        cox_ph(d, "x + C(time) + rcs(y, 3)", **ROWS), d, linear_predictor={}, survival={}
    ),
    "cox, robust trend": lambda d: {
        "chi2": cox_ph(d, ["x"], **ROWS, cluster="group")
        .test_proportional_hazards(robust=True)["chi2"]
        .to_numpy()
    },
    "frailty, gaussian": lambda d: predictions(
        frailty_cox(d, "x", **ROWS, group="group", distribution="gaussian", variance=0.5),
        d,
        linear_predictor={},
        survival={"of": "group"},
        incidence={},
        quantile={"of": "one"},
    ),
    "weibull, predicted": lambda d: predictions(
        aft(d, "x + C(time)", stop="stop", event="event", distribution="weibull"),
        d,
        linear_predictor={},
        median={},
        mean={},
        survival={"times": median_stop(d)},
    ),
    "discrete, predicted": lambda d: predictions(
        discrete_hazard(d, "x", duration="period", event="event", dependence="linear"),
        d,
        hazard={},
        survival={"times": 1},
    ),
    "counts, offset": lambda d: predictions(
        poisson(d, ["x"], outcome="count", offset="z", weights="weight", cluster="group"),
        d,
        mean={},
        linear_predictor={},
    ),
    "negative binomial, weights": lambda d: predictions(
        negative_binomial(d, "z", outcome="count", offset="x", weights="weight", cluster="group"),
        d,
        mean={},
    ),
    "iv, large": lambda d: predictions(
        iv_2sls(d, outcome="y", endogenous="x", instruments="z", exogenous="C(time)", small=False),
        d,
        linear_predictor={},
    ),
    "complete": lambda d: cox(complete_cases(d, ["start", "stop", "event", "x", "z"]).data),
    "cox, null": lambda d: {"S": cox_ph(d, [], **ROWS).baseline()["survival"].to_numpy()},
    # In units of the covariate, on which scale its search ends.
    "firth": lambda d: {
        "b": np.array([firth_cox(d, "x", **ROWS).estimate * d["x"].astype(float).abs().median()])
    },
    "frailty": lambda d: coefficients(frailty_cox(d, "x", **ROWS, group="group", variance=0.5)),
    "frailty, free": lambda d: coefficients(frailty_cox(d, "x", **ROWS, group="group")),
    "fine and gray": lambda d: coefficients(
        fine_gray(d, "x", unit="unit", start="start", stop="stop", cause="cause")
    ),
    "kaplan-meier": curve,
    "kaplan-meier, clusters": lambda d: curve(d, cluster="group", weights="weight"),
    "aalen-johansen": incidence,
    "aalen-johansen, clusters": lambda d: incidence(d, cluster="group"),
    "rmst": lambda d: number(rmst(d, horizon=median_stop(d), **ROWS)),
    "rmst, clusters": lambda d: number(rmst(d, horizon=median_stop(d), **ROWS, cluster="group")),
    "rmst difference": lambda d: number(
        rmst_difference(d, by="z", horizon=median_stop(d), **ROWS, cluster="group")
    ),
    "log-rank": lambda d: {"chi2": np.array([logrank(d, group="time", **ROWS).chi2])},
    "log-rank, clusters": lambda d: {
        "chi2": np.array([logrank(d, group="z", **ROWS, cluster="group").chi2])
    },
    **{
        f"aft, {name}": lambda d, name=name: coefficients(
            aft(d, ["x", "z"], **ROWS, distribution=name, cluster="group")
        )
        for name in ("exponential", "weibull", "lognormal", "loglogistic")
    },
    "discrete": lambda d: coefficients(
        discrete_hazard(d, "x", duration="period", event="event", dependence="linear")
    ),
    "discrete, spline": lambda d: coefficients(
        discrete_hazard(d, "x", duration="period", event="event", dependence="spline")
    ),
    "logit": lambda d: coefficients(logit(d, ["x", "z"], outcome="event", cluster="group")),
    "poisson": lambda d: coefficients(poisson(d, ["x", "z"], outcome="count", cluster="group")),
    "negative binomial": lambda d: coefficients(negative_binomial(d, ["x"], outcome="count")),
    "panel": lambda d: coefficients(
        panel_ols(d, ["x"], outcome="y", entity="group", time="time", cluster="group")
    ),
    "iv": lambda d: coefficients(
        iv_2sls(d, outcome="y", endogenous="x", instruments="z", exogenous="count", cluster="group")
    ),
    "iv, absorbed": lambda d: coefficients(
        iv_2sls(d, outcome="y", endogenous="x", instruments="z", absorb=["group", "time"])
    ),
    "states": states,
    "transition hazards": hazards,
    "flexible": flexible,
    "adjusted": adjusted,
    "adjusted, weights": lambda d: adjusted(d, method="weights"),
    "split population": split,
    "pseudo-values": pseudo,
    "case-cohort": lambda d: coefficients(
        case_cohort(
            d, ["x"], **ROWS, subcohort="z", cohort_size=len(d) + 5, unit="unit", method="lin-ying"
        )
    ),
    "case-cohort, prentice": lambda d: coefficients(
        case_cohort(
            d[(d["z"] == 1) | (d["event"] == 1)],
            ["x"],
            **ROWS,
            subcohort="z",
            cohort_size=len(d) + 5,
            unit="unit",
        )
    ),
    "marginal structural": lambda d: coefficients(
        marginal_structural_cox(months(d), "treated", time_varying=["x"], **ROWS, unit="unit")
    ),
    "sequential trials": lambda d: coefficients(
        sequential_trials(
            months(d), ["x"], treatment="treated", **ROWS, unit="unit", estimand="per protocol"
        )
    ),
    "standardized": standardized,
    "trial": trial,
    "spline": spline,
    "re-randomized": rerandomized,
    "bootstrap": bootstrap,
    "permuted": permuted,
    "jackknife": lambda d: {
        "se": np.array(
            [
                cluster_jackknife(
                    lambda kept: float(cox_ph(d[kept], "x", **ROWS).params["x"]),
                    d["group"],
                    level=0.9,
                ).std_error
            ]
        )
    },
    "rubin": lambda d: {
        "pooled": np.array([rubin_combine(d["x"], d["weight"], level=0.9).std_error])
    },
}
#: Answers that may depend on the order of the rows: which unit is first, which draw is which.
ORDERED = {
    "marginal structural",
    "sequential trials",
    "re-randomized",
    "bootstrap",
    "permuted",
    "trial",
    "spline",
    "rubin",
}


def answer(call: Callable[[pd.DataFrame], Numbers], data: pd.DataFrame) -> Numbers | None:
    """Return the numbers, or nothing where the function refuses; any other error fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return call(data)
        except (EstimationError, InferenceError) as error:
            text = str(error)
            assert text.strip()
            assert "Traceback" not in text
            return None


def check(name: str, data: pd.DataFrame) -> None:
    found = answer(CALLS[name], data)
    if found is None:
        return
    for part, values in found.items():
        assert np.isfinite(values).all(), (name, part, values)
    if name in ORDERED:
        return
    again = answer(CALLS[name], data.iloc[::-1])
    assert again is not None, f"{name}: refused in another order"
    for part, values in found.items():
        np.testing.assert_allclose(
            again[part], values, rtol=REORDERED, atol=REORDERED, err_msg=f"{name}: {part}"
        )


@pytest.mark.parametrize("name", CALLS)
@examples(12, suppress_health_check=list(HealthCheck))
@given(data=frames())
def test_a_clear_error_or_a_finite_answer(name: str, data: pd.DataFrame) -> None:
    check(name, data)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
@examples(500, suppress_health_check=list(HealthCheck))
@given(data=frames())
def test_the_same_over_twenty_thousand_frames(name: str, data: pd.DataFrame) -> None:
    check(name, data)
