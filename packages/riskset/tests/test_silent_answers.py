"""Input that once gave a wrong answer without a word: now right, or refused in one line."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import riskset as rs
from riskset.times import tie_width

ROWS = {"stop": "stop", "event": "event"}
METHODS = ("prentice", "self-prentice", "lin-ying")


def wars(n: int = 120, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, b = rng.normal(size=n), rng.integers(0, 2, n)
    time, end = rng.exponential(6 / np.exp(0.6 * x)), rng.uniform(4, 15, n)
    data = pd.DataFrame(
        {"stop": np.ceil(np.minimum(time, end)), "event": (time <= end) * 1, "x": x, "b": b}
    )
    return data.assign(unit=np.arange(n), group=np.arange(n) % 30)


def cohort(n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A cohort of few events, and its cases with a random fifth of all."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    time, end = rng.exponential(12 / np.exp(0.6 * x)), rng.uniform(0, 4, n)
    data = pd.DataFrame({"stop": np.minimum(time, end), "event": (time <= end) * 1, "x": x})
    drawn = np.zeros(n, dtype=np.int64)
    drawn[rng.choice(n, n // 5, replace=False)] = 1
    data = data.assign(unit=np.arange(n), drawn=drawn)
    return data, data[(data["drawn"] == 1) | (data["event"] == 1)]


def sampled(sample: pd.DataFrame, size: int, method: str) -> rs.CaseCohortResult:
    return rs.case_cohort(
        sample, ["x"], **ROWS, subcohort="drawn", cohort_size=size, unit="unit", method=method
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_subcohort_of_everybody_predicts_as_the_cohort(method: str) -> None:
    data, _ = cohort(300, 5)
    fit, whole = sampled(data.assign(drawn=1), 300, method), rs.cox_ph(data, ["x"], **ROWS)
    rows = pd.DataFrame({"x": [0.0, 1.0]})
    for what in ("survival", "cumulative hazard", "quantile"):
        times = None if what == "quantile" else [1, 2, 3]
        found = fit.predict(rows, what, times=times)
        pd.testing.assert_frame_equal(found, whole.predict(rows, what, times=times), rtol=1e-7)
    np.testing.assert_allclose(fit.baseline()["hazard"], whole.baseline()["hazard"], rtol=1e-7)


def test_a_self_prentice_baseline_by_hand() -> None:
    """Units 1–3 of a cohort of six are drawn; 4 is a case from outside. β is that of the fit."""
    sample = pd.DataFrame(
        {"unit": [1, 2, 3, 4], "stop": [5.0, 2.0, 6.0, 4.0], "event": [0, 1, 0, 1],
         "x": [0.0, 1.0, 1.0, 0.5], "drawn": [1, 1, 1, 0]}
    )  # fmt: skip
    fit = sampled(sample, 6, "self-prentice")
    risk = np.exp(sample["x"] * fit.params["x"])
    by_hand = [1 / (2 * risk[[0, 1, 2]].sum()), 1 / (2 * risk[[0, 2]].sum())]
    np.testing.assert_allclose(fit.baseline()["hazard"], by_hand, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_intervals_of_predicted_survival_hold_the_truth(method: str) -> None:
    """Of 300 samples; two standard errors of 95 % are 2.5 points. S(2 | x = 1) by the model."""
    truth = np.exp(-2 / 12 * np.exp(0.6))
    holds = []
    for seed in range(300):
        _, sample = cohort(1500, seed)
        found = sampled(sample, 1500, method).predict({"x": 1.0}, "survival", times=[2]).iloc[0]
        holds.append(found["ci_low"] <= truth <= found["ci_high"])
    assert 0.92 < np.mean(holds) < 0.98


def test_nobody_in_the_subcohort_is_refused() -> None:
    _, sample = cohort(300, 5)
    for method in METHODS:
        with pytest.raises(rs.EstimationError, match="nobody was drawn into the subcohort"):
            sampled(sample[sample["event"] == 1].assign(drawn=0), 300, method)


def test_an_event_with_no_member_at_risk_gives_no_baseline() -> None:
    sample = pd.DataFrame(
        {"unit": [1, 2, 3, 4, 5], "stop": [5.0, 2.0, 6.0, 4.0, 9.0], "event": [0, 1, 0, 1, 1],
         "x": [0.0, 1.0, 1.0, 0.5, 0.2], "drawn": [1, 1, 1, 0, 0]}
    )  # fmt: skip
    fit = sampled(sample, 6, "self-prentice")
    with pytest.raises(rs.EstimationError, match="nobody of the subcohort is at risk"):
        fit.baseline()
    assert np.isfinite(fit.params["x"])


def test_case_cohorts_are_printed_as_such_and_not_standardized() -> None:
    _, sample = cohort(300, 5)
    fit = sampled(sample, 300, "prentice")
    assert "case-cohort" in str(fit)
    assert "likelihood" not in str(fit)
    with pytest.raises(rs.EstimationError, match="standardize takes a model of cox_ph"):
        rs.standardize(fit, sample, {"x": rs.StepPath((), (1.0,))}, horizon=2)


def test_rows_without_the_offset_are_refused() -> None:
    fit = rs.cox_ph(wars(), ["b"], offset="x", **ROWS)
    with pytest.raises(rs.EstimationError, match="the model has the offset 'x'"):
        fit.predict({"b": 1}, "survival", times=[2])
    with pytest.raises(rs.EstimationError, match="missing \\['x'\\]"):
        fit.predict_survival({"b": 1})


@pytest.mark.parametrize("values", [[True, False], [1.0, 0.0], pd.array([1, 0], dtype="Int8")])
def test_categories_are_read_as_they_were_fitted(values: object) -> None:
    for fitted in (wars(), wars().astype({"b": bool}), wars().astype({"b": float})):
        fit = rs.cox_ph(fitted, "x + C(b)", **ROWS)
        want = fit.predict(fitted.assign(x=0.0).drop_duplicates("b").sort_values("b"))["estimate"]
        found = fit.predict(pd.DataFrame({"x": 0.0, "b": values}))["estimate"]
        np.testing.assert_allclose(found, want[::-1], rtol=1e-12)
        with pytest.raises(rs.EstimationError, match="and is text here"):
            fit.predict(pd.DataFrame({"x": [0.0], "b": ["1"]}))


@pytest.mark.parametrize("blank", ["", "0"])
def test_causes_that_are_text_need_their_word_for_no_event(blank: str) -> None:
    data = wars()
    data["how"] = np.where(data["event"] == 0, blank, np.where(data["b"] == 1, "coup", "defeat"))
    calls = {
        "curve": lambda **k: rs.aalen_johansen(data, stop="stop", cause="how", **k),
        "model": lambda **k: rs.fine_gray(
            data, ["x"], unit="unit", stop="stop", cause="how", failure="coup", **k
        ),
        "values": lambda **k: rs.pseudo_values(
            data, stop="stop", event="how", times=[3], what="incidence", cause="coup", **k
        ),
    }
    for call in calls.values():
        with pytest.raises(rs.EstimationError, match=f"censored={blank!r}"):
            call()
        call(censored=blank)
    coded = data.assign(how=data["how"].map({blank: 0, "coup": 1, "defeat": 2}))
    numbers = rs.fine_gray(coded, ["x"], unit="unit", stop="stop", cause="how")
    words = calls["model"](censored=blank)
    pd.testing.assert_series_equal(words.params, numbers.params)
    ended = data[data["event"] == 1]
    rs.aalen_johansen(ended, stop="stop", cause="how", censored=None)
    moves = data.assign(start=0.0, state="war")
    with pytest.raises(rs.EstimationError, match="if that means no transition"):
        rs.transition_hazards(
            moves, ["x"], start="start", stop="stop", state="state", to="how", unit="unit"
        )


def test_the_value_of_no_event_is_no_cause() -> None:
    data = wars()
    with pytest.raises(rs.EstimationError, match="is the value that means no event"):
        rs.fine_gray(data, ["x"], unit="unit", stop="stop", cause="event", failure=0)


def test_the_tie_width_passes_over_sentinels() -> None:
    times = np.array([1.0, 2, 3, 50])
    assert tie_width(times) == pytest.approx(49e-9)
    rounding = 4 * np.finfo(float).eps * 1e9
    assert tie_width(np.append(times, 1e9)) == pytest.approx(rounding)
    assert tie_width(np.append(times, [1e9, -1e9])) == pytest.approx(rounding)
    assert tie_width(np.append(times, [1e9, 1e6])) == pytest.approx(rounding)
    assert tie_width(np.array([0.0, 1e9])) == 1.0


def test_a_short_row_names_the_tie_width() -> None:
    data = pd.DataFrame({"start": [0.0, 5.0], "stop": [10.0, 5.0 + 1e-9], "event": 1, "x": [0, 1]})
    with pytest.raises(rs.EstimationError, match="times within 1e-08 of one another"):
        rs.cox_ph(data, ["x"], start="start", **ROWS)


def test_missing_clusters_are_no_cluster() -> None:
    values = np.arange(6.0)
    with pytest.raises(rs.InferenceError, match="missing in 2 rows, first in that at position 1"):
        rs.cluster_bootstrap(
            lambda w: np.atleast_1d(np.average(values, weights=w)),
            [1.0, np.nan, 2.0, np.nan, 3.0, 3.0], draws=19, level=0.9, seed=1,
        )  # fmt: skip


def months() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for unit in range(80):
        fixed, treated = rng.normal(), 0
        for month in range(6):
            moving = rng.normal()
            treated = max(treated, int(rng.random() < 0.25))
            ended = int(rng.random() < 0.12)
            rows.append((unit, month, month + 1, ended, treated, fixed, moving))
            if ended:
                break
    names = ["unit", "start", "stop", "event", "treated", "fixed", "moving"]
    return pd.DataFrame(rows, columns=names)


def test_baseline_covariates_do_not_change() -> None:
    given = {"start": "start", "unit": "unit", **ROWS}
    rs.marginal_structural_cox(
        months(), "treated", time_varying=["moving"], baseline=["fixed"], **given
    )
    with pytest.raises(rs.EstimationError, match="baseline 'moving' changes within its 'unit'"):
        rs.marginal_structural_cox(
            months(), "treated", time_varying=["fixed"], baseline=["moving"], **given
        )


def test_no_row_follows_its_units_event() -> None:
    data = months().assign(place=lambda d: d["unit"] % 2, moving=1.0)
    first = data[data["event"] == 1].index[0]
    again = data.loc[[first]].assign(
        start=lambda d: d["stop"], stop=lambda d: d["stop"] + 1, event=0
    )
    late = pd.concat([data, again], ignore_index=True)
    given = {"start": "start", "unit": "unit", **ROWS}
    calls = [
        lambda d: rs.kaplan_meier(d, **given),
        lambda d: rs.rmst(d, horizon=3, **given),
        lambda d: rs.aft(d, ["fixed"], **given),
        lambda d: rs.flexible_parametric(d, ["fixed"], df=1, **given),
        lambda d: rs.adjusted_survival(d, ["fixed"], group="place", **given),
        lambda d: rs.discrete_hazard(
            d, ["fixed"], duration="stop", event="event", unit="unit", dependence="constant"
        ),
    ]
    for call in calls:
        call(data)
        with pytest.raises(rs.EstimationError, match=r"has the event in row .* and goes on"):
            call(late)


def test_discrete_hazard_refuses_a_period_twice() -> None:
    data = months()
    with pytest.raises(rs.EstimationError, match="overlap"):
        rs.discrete_hazard(
            pd.concat([data, data.iloc[[0]]], ignore_index=True), ["fixed"], duration="stop",
            event="event", unit="unit",
        )  # fmt: skip


def test_few_clusters_are_said() -> None:
    data = wars().assign(few=lambda d: d["unit"] % 10)
    for call in (
        lambda c: rs.cox_ph(data, ["x"], cluster=c, **ROWS),
        lambda c: rs.kaplan_meier(data, cluster=c, **ROWS),
        lambda c: rs.logit(data, ["x"], outcome="event", cluster=c),
        lambda c: rs.aft(data, ["x"], cluster=c, **ROWS),
    ):
        with pytest.warns(rs.FewClustersWarning, match="from 10 clusters are too small") as seen:
            call("few")
        assert seen[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call("group")


def test_names_of_parameters_are_not_covariates() -> None:
    data = wars().rename(columns={"x": "log(scale)", "b": "const at 5"})
    with pytest.raises(rs.EstimationError, match="name of a parameter"):
        rs.aft(data, ["log(scale)"], distribution="weibull", **ROWS)
    with pytest.raises(rs.EstimationError, match="name of a parameter"):
        rs.pseudo_regression(data, ["const at 5"], times=[3, 5], **ROWS)
    with pytest.raises(rs.EstimationError, match="times holds 5 twice"):
        rs.pseudo_regression(data, [], times=[5, 5], **ROWS)


def test_reversed_limits_are_refused() -> None:
    with pytest.raises(rs.InferenceError, match="limits of estimate 1 are reversed"):
        rs.specification_curve([0.2, 0.4], [0.1, 0.9], [0.3, -0.1], ["principled"] * 2)


def test_frequency_weights_count_rows_at_risk() -> None:
    data = wars().assign(times=lambda d: 1 + d["unit"] % 3)
    copies = data.loc[data.index.repeat(data["times"])]
    weighted = rs.kaplan_meier(data, weights="times", weight_kind="frequency", **ROWS)
    pd.testing.assert_frame_equal(weighted.at([2, 5]), rs.kaplan_meier(copies, **ROWS).at([2, 5]))


def test_fine_gray_prints_what_it_is() -> None:
    data = wars().assign(cause=lambda d: d["event"] * (1 + d["b"]))
    fit = rs.fine_gray(data, ["x"], unit="unit", stop="stop", cause="cause")
    assert "model: Fine–Gray subdistribution hazards" in str(fit)
    assert "likelihood" not in str(fit)
    assert "Wald test: χ²(1)" in str(fit)
    with pytest.raises(rs.EstimationError, match="no likelihood ratio; use wald_test"):
        _ = fit.likelihood_ratio
    assert not hasattr(fit, "aic")
    assert ("fit", "AIC") not in rs.compare([fit]).index
