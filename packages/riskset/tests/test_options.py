"""Every option of every estimator: honored, in the estimate and on the way to a prediction.

The table of estimators below is crossed with the options that their signatures have. Each option
has one reference that needs no other engine: copies of rows for weights, a clock of its own for
each stratum, an entry that all share, a coefficient moved by a known part of it, indicators made
by hand. An option that a signature gains without a reference here fails the last test.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskset as rs

#: Two searches for one maximum.
SAME = 1e-6
#: Estimates of all that depends on data, options that change how an interval is drawn left out.
OPTIONS = ("weights", "weight_kind", "strata", "start", "cluster", "unit", "offset", "covariates",
           "group_debias")  # fmt: skip
TIMES = [1.0, 2.0, 3.0]


@cache
def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(1904)
    n = 160
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    time, end = rng.exponential(4 / np.exp(0.5 * x + 0.3 * z)), rng.uniform(3.5, 9, n)
    time = np.where(rng.random(n) < 0.3, np.inf, time)
    stop = np.minimum(time, end) + 0.01
    event = (time <= end) * 1
    data = pd.DataFrame({"start": 0.0, "stop": stop, "event": event, "x": x, "z": z * 1.0})
    return data.assign(
        unit=np.arange(n),
        group=np.arange(n) % 32,
        region=rng.integers(0, 3, n),
        place=np.array(["north", "south", "west"])[rng.integers(0, 3, n)],
        known=rng.normal(0, 0.4, n),
        copies=rng.integers(1, 4, n),
        cause=event * rng.integers(1, 3, n),
        count=rng.poisson(rng.gamma(0.5, 2 * np.exp(0.4 * x))),
        period=np.ceil(stop).clip(max=5),
        drawn=(rng.random(n) < 0.5) * 1,
        ones=1.0,
        never=-np.inf,
    )


def rows() -> pd.DataFrame:
    """A fresh copy of the rows that all estimators are fitted to."""
    return _rows().copy()


@dataclass(frozen=True)
class Case:
    """How an estimator is called, and what it predicts."""

    call: Callable[..., Any]
    given: dict[str, Any]
    covariates: bool = True
    predicts: dict[str, Any] | None = None
    #: Options whose reference does not apply, with the reason.
    apart: dict[str, str] = field(default_factory=dict)

    def fit(self, data: pd.DataFrame, covariates: Any = ("x", "z"), **options: Any) -> Any:
        given = {**self.given, **options}
        if "unit" in given and "unit" in self.given:
            given["unit"] = options.get("unit", self.given["unit"])
        if not self.covariates:
            return self.call(data, **given)
        return self.call(data, list(covariates) if isinstance(covariates, tuple) else covariates,
                         **given)  # fmt: skip


def within_a_fifth(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Return a fit of intervals that is called by dates: an event at 10 lies within (9, 11]."""

    def of_dates(data: Any, covariates: Any, *, stop: str, event: str, **options: Any) -> Any:
        frame = data.copy() if isinstance(data, pd.DataFrame) else data.to_pandas()
        held = frame[event] == 0
        known = frame[[stop, event]].abs().max(axis=1, skipna=False) < np.inf
        low, high = f"low {stop}", f"high {stop} {event}"
        frame[low] = frame[stop].where(held, 0.9 * frame[stop])
        frame[high] = (1.1 * frame[stop]).mask(held, np.inf).where(known)
        return fit(frame, covariates, lower=low, upper=high, **options)

    return of_dates


SPELLS = {"stop": "stop", "event": "event"}
OVER_TIME = {"what": "survival", "times": TIMES}
CASES = {
    "cox_ph": Case(rs.cox_ph, SPELLS | {"ties": "breslow"}, predicts=OVER_TIME),
    "firth_cox": Case(rs.firth_cox, SPELLS),
    "frailty_cox": Case(
        rs.frailty_cox,
        SPELLS | {"group": "group", "variance": 0.5, "ties": "breslow"},
        predicts=OVER_TIME,
    ),
    "fine_gray": Case(
        rs.fine_gray, {"stop": "stop", "cause": "cause", "unit": "unit"},
        predicts={"what": "incidence", "times": TIMES},
        apart={"unit": "needed", "start": "late entry has a weight of its own: see test_fine_gray"},
    ),
    "case_cohort": Case(
        lambda d, c, **k: rs.case_cohort(d[(d["drawn"] == 1) | (d["event"] == 1)], c, **k),
        SPELLS | {"subcohort": "drawn", "cohort_size": 160, "unit": "unit"},
        predicts=OVER_TIME, apart={"unit": "needed"},
    ),
    "aft": Case(rs.aft, SPELLS | {"distribution": "weibull"}, predicts=OVER_TIME),
    "flexible_parametric": Case(rs.flexible_parametric, SPELLS | {"df": 2}, predicts=OVER_TIME),
    "interval_parametric": Case(
        within_a_fifth(rs.interval_parametric), SPELLS | {"df": 1}, predicts=OVER_TIME
    ),
    "interval_cox": Case(within_a_fifth(rs.interval_cox), SPELLS),
    "split_population": Case(
        rs.split_population, SPELLS | {"at_risk": "x", "distribution": "exponential"},
        predicts=OVER_TIME,
    ),
    "discrete_hazard": Case(
        rs.discrete_hazard,
        {"duration": "period", "event": "event", "dependence": "linear"},
        predicts={"what": "hazard"},
    ),
    "logit": Case(rs.logit, {"outcome": "event"}, predicts={"what": "mean"}),
    "poisson": Case(rs.poisson, {"outcome": "count"}, predicts={"what": "mean"}),
    "negative_binomial": Case(
        rs.negative_binomial, {"outcome": "count"}, predicts={"what": "mean"}
    ),
    "pseudo_regression": Case(rs.pseudo_regression, SPELLS | {"times": [2.0, 3.0]}),
    "kaplan_meier": Case(rs.kaplan_meier, SPELLS, covariates=False),
    "aalen_johansen": Case(
        rs.aalen_johansen, {"stop": "stop", "cause": "cause"}, covariates=False
    ),
    "rmst": Case(rs.rmst, SPELLS | {"horizon": 3.0}, covariates=False),
    "rmst_difference": Case(
        rs.rmst_difference, SPELLS | {"by": "z", "horizon": 3.0}, covariates=False
    ),
    "nelson_aalen": Case(rs.nelson_aalen, SPELLS, covariates=False),
    "logrank": Case(rs.logrank, SPELLS | {"group": "z"}, covariates=False),
    "gray_test": Case(
        rs.gray_test, {"stop": "stop", "cause": "cause", "group": "z", "of": 1}, covariates=False,
        apart={"strata": "incidence accumulates over clocks one after another: see test_recurrent"},
    ),
    "adjusted_survival": Case(
        rs.adjusted_survival, SPELLS | {"group": "region"},
    ),
}  # fmt: skip


def signature(name: str) -> set[str]:
    return set(inspect.signature(getattr(rs, name)).parameters)


def having(option: str) -> list[str]:
    return [name for name in CASES if option in signature(name)
            and option not in CASES[name].apart]  # fmt: skip


def numbers(result: Any) -> np.ndarray:
    """Return the estimates of a result, errors left out."""
    if isinstance(result, rs.ScalarEstimate):
        return np.array([result.estimate])
    if isinstance(result, rs.LogrankTest):
        return np.array([result.chi2])
    if isinstance(result, rs.AdjustedSurvival):
        table = result.at(TIMES)
        return table["survival"].to_numpy(dtype=float)
    if isinstance(result, rs.CumulativeCurve):
        return result.at(TIMES)["estimate"].to_numpy()
    if isinstance(result, rs.SurvivalCurve | rs.CumulativeIncidence):
        table = result.at(TIMES)
        return table[[c for c in ("survival", "incidence") if c in table]].to_numpy().ravel()
    return result.params.to_numpy(dtype=float)


def errors(result: Any) -> np.ndarray:
    """Return what a result says of its precision."""
    if isinstance(result, rs.ScalarEstimate):
        return np.array([result.std_error])
    if isinstance(result, rs.LogrankTest):
        return np.array([result.p_value])
    curves = rs.SurvivalCurve | rs.CumulativeIncidence | rs.CumulativeCurve | rs.AdjustedSurvival
    if isinstance(result, curves):
        return result.at(TIMES)["std_error"].to_numpy(dtype=float)
    if isinstance(result, rs.FirthResult):
        return np.array([result.ci_low, result.ci_high])
    return result.std_errors.to_numpy(dtype=float)


def predicted(name: str, result: Any, data: pd.DataFrame, **options: Any) -> np.ndarray:
    """Return what is predicted for the first rows; nothing where a model predicts nothing."""
    if (asked := CASES[name].predicts) is None:
        return np.empty(0)
    found = result.predict(data.head(6), **(asked | options))
    return found["estimate"].to_numpy(dtype=float)


@pytest.mark.parametrize("name", having("weights"))
def test_weights_are_copies_of_rows(name: str) -> None:
    case, data = CASES[name], rows()
    copies = data.loc[data.index.repeat(data["copies"])]
    copies = copies.assign(unit=np.arange(len(copies))).reset_index(drop=True)
    options: dict[str, Any] = {"weights": "copies"}
    if "weight_kind" in signature(name):
        options["weight_kind"] = "frequency"
    elif name in ("adjusted_survival", "logrank"):
        options["cluster"] = "group"
    weighted = case.fit(data, **options)
    options.pop("weights"), options.pop("weight_kind", None)
    repeated = case.fit(copies, **options)
    if name == "flexible_parametric":
        # Knots are quantiles of the event times of rows, whatever they weigh (as in R and Stata).
        weighted, repeated = (
            case.fit(d, df=1, **o) for d, o in ((data, {"weights": "copies"}), (copies, {}))
        )
    if name == "adjusted_survival":
        # Copies tie with one another in the Cox model, to which case weights are no copies.
        np.testing.assert_allclose(numbers(weighted), numbers(repeated), atol=0.01)
        return
    np.testing.assert_allclose(numbers(weighted), numbers(repeated), rtol=SAME, atol=SAME)
    np.testing.assert_allclose(
        predicted(name, weighted, data), predicted(name, repeated, data), rtol=SAME
    )


@pytest.mark.parametrize("name", having("weight_kind"))
def test_frequency_weights_have_the_errors_of_copies(name: str) -> None:
    case, data = CASES[name], rows()
    copies = data.loc[data.index.repeat(data["copies"])].reset_index(drop=True)
    weighted = case.fit(data, weights="copies", weight_kind="frequency")
    np.testing.assert_allclose(errors(weighted), errors(case.fit(copies)), rtol=SAME)


@pytest.mark.parametrize("name", having("strata"))
def test_strata_are_clocks_of_their_own(name: str) -> None:
    """A stratum whose rows are at risk in a stretch of time of its own shares no risk set."""
    case, data = CASES[name], rows()
    apart = data.assign(
        start=data["start"] + 100 * data["region"], stop=data["stop"] + 100 * data["region"]
    )
    stratified = case.fit(data, strata="region", start="start")
    shifted = case.fit(apart, start="start")
    np.testing.assert_allclose(numbers(stratified), numbers(shifted), rtol=SAME, atol=SAME)
    if CASES[name].predicts is None:
        return
    first = data[data["region"] == 0]
    np.testing.assert_allclose(
        predicted(name, stratified, first), predicted(name, shifted, first), rtol=SAME
    )


@pytest.mark.parametrize("name", having("start"))
def test_an_entry_before_everything_changes_nothing(name: str) -> None:
    case, data = CASES[name], rows()
    without, entered = case.fit(data), case.fit(data, start="start")
    np.testing.assert_allclose(numbers(entered), numbers(without), rtol=SAME, atol=SAME)
    np.testing.assert_allclose(errors(entered), errors(without), rtol=1e-5)
    np.testing.assert_allclose(
        predicted(name, entered, data), predicted(name, without, data), rtol=SAME
    )


@pytest.mark.parametrize("name", having("start"))
def test_late_entry_leaves_the_rows_before_it_out(name: str) -> None:
    """Cut at their entry, rows whose first part is not there are those that entered late."""
    case, data = CASES[name], rows()
    middle = np.where(data["unit"] % 3 == 0, 0.4 * data["stop"], 0.0)
    late = data.assign(start=middle)
    whole = case.fit(data, start="start")
    found = case.fit(late, start="start")
    assert np.abs(numbers(found) - numbers(whole)).max() > 1e-4
    half = late.assign(start=(middle + data["stop"]) / 2)
    both = pd.concat([late.assign(stop=half["start"], event=0, cause=0), half], ignore_index=True)
    if name == "split_population":
        with pytest.raises(rs.EstimationError):
            case.fit(both, start="start", at_risk="x", stop="nowhere")
        return
    np.testing.assert_allclose(
        numbers(case.fit(both, start="start")), numbers(found), rtol=SAME, atol=SAME
    )


@pytest.mark.parametrize("name", having("cluster"))
def test_clusters_change_errors_and_nothing_else(name: str) -> None:
    case, data = CASES[name], rows()
    without, within = case.fit(data), case.fit(data, cluster="group")
    if name not in ("logrank", "gray_test"):
        np.testing.assert_allclose(numbers(within), numbers(without), rtol=SAME, atol=SAME)
    assert np.abs(errors(within) / errors(without) - 1).max() > 1e-4
    renamed = data.assign(group=data["group"].map(lambda g: f"country {31 - g}"))
    other = case.fit(renamed, cluster="group")
    np.testing.assert_allclose(errors(other), errors(within), rtol=SAME)
    if CASES[name].predicts is not None:
        asked = CASES[name].predicts
        spread = within.predict(data.head(6), **asked)["std_error"].to_numpy()
        plain = without.predict(data.head(6), **asked)["std_error"].to_numpy()
        assert np.abs(spread - plain).max() > 1e-4 * plain.max()


@pytest.mark.parametrize("name", having("group_debias"))
def test_the_factor_of_few_groups_multiplies_the_covariance(name: str) -> None:
    case, data = CASES[name], rows()
    plain = case.fit(data, cluster="group")
    wide = case.fit(data, cluster="group", group_debias=True)
    np.testing.assert_allclose((errors(wide) / errors(plain)) ** 2, 32 / 31, rtol=SAME)


@pytest.mark.parametrize("name", having("unit"))
def test_a_unit_is_a_check_alone(name: str) -> None:
    case, data = CASES[name], rows()
    given = {"start": "start"} if "start" in signature(name) else {}
    without, named = case.fit(data, **given), case.fit(data, unit="unit", **given)
    if name == "adjusted_survival":
        given["cluster"] = "group"
    np.testing.assert_allclose(numbers(named), numbers(without), rtol=SAME)
    twice = pd.concat([data, data.head(1)], ignore_index=True)
    with pytest.raises(rs.EstimationError, match=r"overlap|twice|two rows"):
        case.fit(twice, unit="unit", **given)


@pytest.mark.parametrize("name", having("offset"))
def test_an_offset_is_a_known_part(name: str) -> None:
    """With 0.7 x known, the coefficient of x is 0.7 less, and predictions are the same."""
    case, data = CASES[name], rows().assign(known=lambda d: 0.7 * d["x"])
    free, held = case.fit(data), case.fit(data, offset="known")
    moved = free.params - held.params
    np.testing.assert_allclose(moved.drop("x"), 0, atol=1e-5)
    assert moved["x"] == pytest.approx(0.7, abs=1e-5)
    np.testing.assert_allclose(predicted(name, held, data), predicted(name, free, data), rtol=1e-5)
    with pytest.raises(rs.EstimationError, match="known"):
        predicted(name, held, data.drop(columns="known"))


@pytest.mark.parametrize("name", [n for n in having("covariates") if n != "adjusted_survival"])
def test_formulas_are_their_columns(name: str) -> None:
    case, data = CASES[name], rows()
    by_hand = data.assign(south=data["place"] == "south", west=data["place"] == "west",
                          both=data["x"] * data["z"])  # fmt: skip
    columns = case.fit(by_hand, ("x", "z", "south", "west", "both"))
    formula = case.fit(data, "x + z + place + x:z")
    np.testing.assert_allclose(
        np.sort(numbers(formula)), np.sort(numbers(columns)), rtol=SAME, atol=SAME
    )
    if CASES[name].predicts is not None:
        one = predicted(name, formula, data.tail(6))
        np.testing.assert_allclose(one, predicted(name, columns, by_hand.tail(6)), rtol=SAME)
        np.testing.assert_allclose(one, predicted(name, formula, data.tail(6)[::-1][::-1]))


@pytest.mark.parametrize(
    "options",
    [{}, {"strata": "region"}, {"start": "start"}, {"offset": "known"}, {"cluster": "group"},
     {"weights": "copies", "cluster": "group"}, {"covariates": "x + z + place"},
     {"weights": "copies", "weight_kind": "frequency"}],
    ids=lambda o: "+".join(o) or "none",
)  # fmt: skip
def test_standardization_is_the_mean_of_predictions(options: dict[str, Any]) -> None:
    data = rows()
    covariates = options.pop("covariates", ["x", "z"])
    if "start" in options:
        data["start"] = np.where(data["unit"] % 3 == 0, 0.4 * data["stop"], 0.0)
    fit = rs.cox_ph(data, covariates, **SPELLS, **options)
    strata = {"strata": options["strata"]} if "strata" in options else {}
    found = rs.standardize(fit, data, {"z": rs.StepPath((), (1.0,))}, horizon=3.0, **strata)
    each = fit.predict(data.assign(z=1.0), "survival", times=found.curve["time"].tolist())
    mean = each.groupby("time")["estimate"].mean()
    np.testing.assert_allclose(found.curve["survival"], mean, rtol=1e-9)
    options["covariates"] = covariates


def test_every_option_has_a_reference() -> None:
    """Estimators left out: their options have references of their own in the modules named."""
    elsewhere = {
        "panel_ols", "iv_2sls",  # test_estimators_regressions, test_regressions_published
        "transition_hazards", "transition_probabilities",  # test_multistate
        "marginal_structural_cox", "sequential_trials", "clone_censor_weight",
        "treatment_regimes",  # test_emulation_by_hand, test_treatment_regimes
        "pseudo_values", "complete_cases",
        "check_estimator",  # test_contract
        "split_episodes", "merge_events", "landmark",  # test_histories_by_hand
        "concordance", "time_auc", "brier_score", "calibration", "expected_events",  # test_accuracy
        "mean_cumulative",  # test_recurrent
        "turnbull",  # test_turnbull
    }  # fmt: skip
    taking = {n for n in rs.__all__ if inspect.isfunction(getattr(rs, n))
              and "data" in signature(n)}  # fmt: skip
    assert taking - set(CASES) <= elsewhere
    known = {*OPTIONS, "data", "stop", "event", "duration", "outcome", "cause", "censored",
             "failure", "group", "by", "horizon", "times", "what", "link", "ties", "level",
             "interval", "method", "df", "time_varying", "distribution", "variance",
             "dependence", "knots", "at_risk", "subcohort", "cohort_size", "of", "rho",
             "gamma", "lower", "upper"}  # fmt: skip
    for name in CASES:
        assert signature(name) <= known, name
