"""What was once answered in silence, or not at all, is refused with advice, or answered right."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from riskset import (
    EstimationError,
    EstimationWarning,
    FewClustersWarning,
    aalen_johansen,
    aft,
    clone_censor_weight,
    cox_ph,
    discrete_hazard,
    fine_gray,
    firth_cox,
    frailty_cox,
    iv_2sls,
    kaplan_meier,
    logit,
    logrank,
    negative_binomial,
    panel_ols,
    poisson,
    rmst,
    rmst_difference,
)

ROWS = {"start": "start", "stop": "stop", "event": "event"}
#: Refits on shifted or rescaled times add the same numbers in another order.
SAME = 1e-9


@pytest.fixture
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 120
    start = rng.integers(0, 5, n).astype(float)
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "country": np.arange(n) % 12,
            "start": start,
            "stop": start + rng.integers(1, 40, n),
            "event": rng.integers(0, 2, n),
            "x": rng.normal(size=n),
            "z": rng.integers(0, 2, n).astype(float),
            "one": 1,
        }
    ).assign(how=lambda d: d["event"] * (1 + d["unit"] % 2))


# One cluster


@pytest.mark.parametrize(
    "estimate",
    [
        lambda d: kaplan_meier(d, **ROWS, cluster="one"),
        lambda d: aalen_johansen(d, start="start", stop="stop", cause="how", cluster="one"),
        lambda d: logrank(d, group="z", **ROWS, cluster="one"),
        lambda d: rmst(d, horizon=10, **ROWS, cluster="one"),
        lambda d: rmst_difference(d, by="z", horizon=10, **ROWS, cluster="one"),
        lambda d: cox_ph(d, ["x"], **ROWS, cluster="one"),
        lambda d: aft(d, ["x"], **ROWS, cluster="one"),
        lambda d: logit(d, ["x"], outcome="event", cluster="one"),
        lambda d: fine_gray(
            d, ["x"], unit="unit", start="start", stop="stop", cause="how", cluster="one"
        ),
        lambda d: frailty_cox(d, ["x"], **ROWS, group="one"),
    ],
)
def test_one_cluster_is_refused_everywhere(spells, estimate) -> None:
    with pytest.raises(EstimationError, match="holds one group; its errors need two"):
        estimate(spells)


def test_one_cluster_cannot_be_drawn_again(spells) -> None:
    trial = spells.assign(start=0.0, treated=0)
    late = trial.assign(start=trial["stop"], stop=trial["stop"] + 5, treated=1).iloc[:40]
    trial.loc[trial["unit"] < 40, "event"] = 0
    with pytest.raises(EstimationError, match="holds one group"):
        clone_censor_weight(
            pd.concat([trial, late]),
            [],
            unit="unit",
            **ROWS,
            treatment="treated",
            grace=20,
            horizon=30,
            cluster="one",
            least_clusters=1,
            draws=5,
        )


# Ties


@pytest.mark.parametrize(
    ("origin", "unit"),
    [(0.0, 1.0), (1.7e9, 1.0), (1.7e9, 86400.0), (1.7e18, 8.64e13), (1946.0, 1 / 12), (0.0, 1e-6)],
    ids=["days", "epoch seconds", "epoch days", "nanoseconds", "years", "tiny"],
)
def test_origin_and_unit_of_the_clock_do_not_matter(spells, origin: float, unit: float) -> None:
    moved = spells.assign(
        start=origin + unit * spells["start"], stop=origin + unit * spells["stop"]
    )
    plain, other = (cox_ph(d, ["x", "z"], **ROWS, cluster="country") for d in (spells, moved))
    np.testing.assert_allclose(other.params, plain.params, rtol=0, atol=SAME)
    np.testing.assert_allclose(other.std_errors, plain.std_errors, rtol=0, atol=SAME)
    assert other.design.risk_sets.moments == plain.design.risk_sets.moments


def test_events_a_second_apart_are_events_of_their_own() -> None:
    seconds = 1.7e9 + np.arange(200.0)
    curve = kaplan_meier(pd.DataFrame({"stop": seconds, "event": 1}), stop="stop", event="event")
    np.testing.assert_array_equal(curve.table["time"], seconds)
    assert (curve.table["n_event"] == 1).all()


def test_near_times_do_not_chain() -> None:
    """Each is within the tie width of the next; the first and the last are three widths apart."""
    width = 1e-9 * 1000
    stop = np.concatenate((500 + 0.75 * width * np.arange(5), [1000.0]))
    data = pd.DataFrame({"start": 0.0, "stop": stop, "event": 1})
    table = kaplan_meier(data, **ROWS).table
    assert table["n_event"].tolist() == [2, 2, 1, 1]
    assert table["n_risk"].tolist() == [6, 4, 2, 1]


def test_sums_of_steps_tie_with_their_multiples() -> None:
    steps = np.cumsum(np.full(30, 0.1))
    data = pd.DataFrame({"stop": np.concatenate((steps, np.arange(1, 31) / 10)), "event": 1})
    table = kaplan_meier(data, stop="stop", event="event").table
    assert table["n_event"].tolist() == [2] * 30


@pytest.mark.parametrize("narrow", ["start", "stop", "both"])
def test_single_precision_ties_with_double(spells, narrow: str) -> None:
    """Years as float32 alongside float64: an exposure begins where the row before it ended."""
    years = spells.assign(start=1990 + spells["start"] / 12, stop=1990 + spells["stop"] / 12)
    first = years.assign(stop=(years["start"] + years["stop"]) / 2, event=0)
    second = years.assign(start=first["stop"])
    rows = pd.concat([first, second], ignore_index=True)
    wide = cox_ph(rows, ["x", "z"], **ROWS)
    for column in ("start", "stop") if narrow == "both" else (narrow,):
        rows[column] = rows[column].astype(np.float32)
    found = cox_ph(rows, ["x", "z"], **ROWS, unit="unit")
    np.testing.assert_allclose(found.params, wide.params, rtol=0, atol=SAME)


def test_at_risk_from_minus_infinity_on(spells) -> None:
    """R's Surv takes -Inf as a start; so does every function here."""
    early = spells.assign(start=-np.inf)
    for function in (
        lambda d, **kw: cox_ph(d, ["x"], stop="stop", event="event", **kw).params,
        lambda d, **kw: kaplan_meier(d, stop="stop", event="event", **kw).table["survival"],
        lambda d, **kw: aft(d, ["x"], stop="stop", event="event", **kw).params,
        lambda d, **kw: (
            frailty_cox(
                d, ["x"], stop="stop", event="event", group="country", variance=0.5, **kw
            ).params
        ),
        lambda d, **kw: fine_gray(d, ["x"], unit="unit", stop="stop", cause="how", **kw).params,
    ):
        np.testing.assert_allclose(function(early, start="start"), function(early), atol=SAME)
    with pytest.raises(EstimationError, match="'stop' is missing or not finite"):
        cox_ph(spells.assign(stop=np.inf), ["x"], **ROWS)


# Predictions


@pytest.mark.parametrize("level", [95, 0, 1, -0.5, np.nan, "0.95", None, True])
def test_a_level_lies_between_zero_and_one(spells, level) -> None:
    model = cox_ph(spells, ["x"], **ROWS)
    shape = aft(spells, ["x"], **ROWS, distribution="weibull")
    periods = discrete_hazard(spells, ["x"], duration="stop", event="event")
    for ask in (
        lambda: model.conf_int(level),
        lambda: model.predict_survival({"x": 0}, level=level),
        lambda: shape.predict({"x": 0}, level=level),
        lambda: periods.predict({"x": 0}, times=[1, 2], level=level),
        lambda: kaplan_meier(spells, **ROWS, level=level),
        lambda: rmst(spells, horizon=10, **ROWS).conf_int(level),
        lambda: firth_cox(spells, ["x"], **ROWS, level=level),
    ):
        with pytest.raises(EstimationError, match="level must lie between 0 and 1"):
            ask()


def test_predictions_need_known_values_and_times_within_follow_up(spells) -> None:
    model = cox_ph(spells, ["x"], **ROWS)
    last = spells["stop"].max()
    with pytest.raises(EstimationError, match="'x' must be finite numbers, not nan"):
        model.predict_survival({"x": np.nan})
    with pytest.raises(EstimationError, match="'x' must be numbers, not 'much'"):
        model.predict_survival({"x": "much"})
    with pytest.raises(EstimationError, match=r"beyond the last follow-up"):
        model.predict_survival({"x": 0}, times=[last + 1])
    with pytest.raises(EstimationError, match="times must be finite numbers"):
        model.predict_survival({"x": 0}, times=[np.nan])
    curve = kaplan_meier(spells, **ROWS)
    with pytest.raises(EstimationError, match="times must be finite numbers"):
        curve.at([np.nan])
    with pytest.raises(EstimationError, match="times must be numbers"):
        curve.at(["soon"])
    shape = aft(spells, ["x"], **ROWS, distribution="weibull")
    for value in (np.nan, np.inf):
        for ask in (
            lambda v: model.predict({"x": v}),
            lambda v: model.predict({"x": v}, "survival", times=1),
            lambda v: shape.predict({"x": v}),
            lambda v: shape.predict({"x": v}, "survival", times=1),
        ):
            with pytest.raises(EstimationError, match="'x' is missing or not finite in row 0"):
                ask(value)
    with pytest.raises(EstimationError, match="times must lie above zero"):
        shape.predict({"x": 0}, "survival", times=0)
    for fitted in (model, shape):
        with pytest.raises(EstimationError, match="beyond the last follow-up"):
            fitted.predict(spells, "survival", times=[1, last + 1])
    for wrong in (np.nan, 0, -1, np.inf, "year"):
        with pytest.raises(EstimationError, match="the horizon must be a number above zero"):
            rmst(spells, horizon=wrong, **ROWS)
    periods = discrete_hazard(spells, ["x"], duration="stop", event="event")
    with pytest.raises(EstimationError, match="'x' is missing or not finite"):
        periods.predict({"x": np.nan}, times=1)
    with pytest.raises(EstimationError, match="times must be finite numbers"):
        periods.predict({"x": 0}, times=[np.nan])
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        periods.predict({"x": 0}, "survival", times=int(last) + 1)
    with pytest.raises(EstimationError, match="whole numbers from 1"):
        periods.predict({"x": 0}, "survival", times=1.5)


# Clusters, counts, overlaps, separation


@pytest.mark.parametrize(
    "fit",
    [
        lambda d, **kw: cox_ph(d, ["x"], **ROWS, **kw),
        lambda d, **kw: aft(d, ["x"], **ROWS, **kw),
        lambda d, **kw: logit(d, ["x"], outcome="event", **kw),
        lambda d, **kw: poisson(d, ["x"], outcome="stop", **kw),
        lambda d, **kw: negative_binomial(d, ["x"], outcome="stop", **kw),
        lambda d, **kw: discrete_hazard(d, ["x"], duration="stop", event="event", **kw),
    ],
)
def test_the_factor_of_clusters_needs_clusters(spells, fit) -> None:
    with pytest.raises(EstimationError, match="group_debias=True multiplies cluster errors"):
        fit(spells, group_debias=True)
    fit(spells, group_debias=True, cluster="country")


def test_fewer_clusters_than_coefficients_are_reported(spells) -> None:
    pairs = spells.assign(half=spells["unit"] % 2)
    with pytest.warns(EstimationWarning, match="2 clusters for 2 parameters"):
        cox_ph(pairs, ["x", "z"], **ROWS, cluster="half")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", FewClustersWarning)
        cox_ph(pairs, ["x", "z"], **ROWS, cluster="country")


def test_half_counts_are_refused(spells) -> None:
    for fit in (poisson, negative_binomial):
        with pytest.raises(EstimationError, match=r"no whole number \(2.5\) in row 7; for rates"):
            fit(
                spells.assign(stop=spells["stop"].where(spells["unit"] != 7, 2.5)),
                ["x"],
                outcome="stop",
            )


@pytest.mark.parametrize(
    "fit",
    [
        lambda d: cox_ph(d, ["x"], **ROWS, unit="unit"),
        lambda d: frailty_cox(d, ["x"], **ROWS, group="country", unit="unit"),
        lambda d: firth_cox(d, ["x"], **ROWS, unit="unit"),
        lambda d: aft(d, ["x"], **ROWS, unit="unit"),
        lambda d: kaplan_meier(d, **ROWS, unit="unit"),
        lambda d: aalen_johansen(d, start="start", stop="stop", cause="how", unit="unit"),
        lambda d: rmst(d, horizon=10, **ROWS, unit="unit"),
        lambda d: rmst_difference(d, by="z", horizon=10, **ROWS, unit="unit"),
        lambda d: logrank(d, group="z", **ROWS, unit="unit"),
    ],
)
def test_overlapping_rows_of_a_unit_are_found(spells, fit) -> None:
    fit(spells)
    with pytest.raises(EstimationError, match=r"row \d+ and row 1\d\d of 'unit' \d overlap"):
        fit(pd.concat([spells, spells], ignore_index=True))


def test_separation_points_to_the_penalized_model(spells) -> None:
    apart = spells.assign(x=(spells["event"] == 0) * 1.0)
    with pytest.raises(EstimationError, match="estimate it with a penalty \\(firth_cox\\)"):
        cox_ph(apart, ["x"], **ROWS)
    assert np.isfinite(firth_cox(apart, ["x"], **ROWS).estimate)


def test_the_penalized_model_names_what_is_not_determined(spells) -> None:
    with pytest.raises(EstimationError, match="no covariate"):
        firth_cox(spells, [], **ROWS)
    with pytest.raises(EstimationError, match="'one' does not vary within the risk sets"):
        firth_cox(spells, ["x", "one"], **ROWS)
    with pytest.raises(EstimationError, match="'double' is collinear with x"):
        firth_cox(spells.assign(double=2 * spells["x"]), ["x", "double"], **ROWS)


def test_no_spread_of_time_and_no_rows_left_are_refused(spells) -> None:
    alike = spells.assign(start=0.0, stop=9.0, event=1)
    for distribution in ("weibull", "lognormal", "loglogistic"):
        with pytest.raises(EstimationError, match="all rows end at one time"):
            aft(alike, ["x"], **ROWS, distribution=distribution)
    assert aft(alike, ["x"], **ROWS).nobs == len(alike)
    few = spells.head(5).assign(time=[0, 1, 0, 1, 2], group=[0, 0, 1, 1, 2], y=spells["x"] ** 2)
    with pytest.raises(EstimationError, match="5 rows are too few for 5 parameters"):
        panel_ols(few, "x", outcome="y", entity="group", time="time")
    exact = spells.assign(y=2 * spells["x"])
    with pytest.raises(EstimationError, match="'y' is fitted exactly"):
        iv_2sls(exact, outcome="y", endogenous="x", instruments="start")
