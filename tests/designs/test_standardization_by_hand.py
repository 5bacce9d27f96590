"""Ten wars without ties: months of war, summed step by step, and follow-up from a day on."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from by_hand import estimate
from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.cox_based import with_time_zero
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.standardization import (
    difference_in_months,
    fitted,
    from_month,
    held_at,
    in_months,
    mean_months,
    strategy_curves,
)
from made_up_cohorts import SPEC, STUDY, TEN_WARS, inputs_of, prepared_of
from riskset import CoxResult, StepPath

MONTH = 30.4375
ZERO = pd.Timestamp("2000-01-01")
DAYS = [90, 200, 340, 500, 620, 800, 950, 1300, 2500, 2600]
WARS = pd.DataFrame(
    {
        "unit_id": [f"{i}-1" for i in range(10)],
        "conflict_id": range(10),
        "time_zero": ZERO,
        "exit_date": [ZERO + pd.Timedelta(days=day) for day in DAYS],
        "is_event": [True] * 9 + [False],
        "gwno_host": [1, 2, 3, 1, 2, 3, 4, 4, 1, 2],
        "region": [1, 1, 1, 1, 2, 2, 2, 2, 2, 1],
    }
)
TROOPS = pd.DataFrame(
    [(1, 50), (3, 100), (4, 300), (6, 60), (8, 400)], columns=["conflict_id", "day"]
)
CALENDAR = TROOPS.assign(
    on_date=[ZERO + pd.Timedelta(days=day) for day in TROOPS["day"]], off_date=pd.NaT
)
HORIZON = STUDY.horizon_months * MONTH


def wars(strata: tuple[str, ...] = ()) -> Prepared:
    return dataclasses.replace(prepared_of(WARS, CALENDAR, lag=0), strata=strata)


def inputs() -> Inputs:
    return inputs_of(spec=SPEC, study=STUDY)


def steps(prepared: Prepared, beta: float, path: StepPath) -> list[tuple[float, float]]:
    """Mean survival after each end, by the sum over those at risk (Breslow)."""
    rows, strata = prepared.rows, list(prepared.strata)
    code = (rows.groupby(strata).ngroup() if strata else 0 * rows["start"]).to_numpy()
    first = code[~rows.duplicated("unit_id").to_numpy()]
    start, stop, x = rows[["start", "stop", "x"]].to_numpy(float).T
    ends = np.flatnonzero(rows["event"])
    total, made = np.zeros(len(first)), []
    for end in ends[np.argsort(stop[ends])]:
        risk = (start < stop[end]) & (stop >= stop[end]) & (code == code[end])
        log = beta * float(path.at(stop[[end]])[0])
        total += np.where(first == code[end], math.exp(log) / np.exp(beta * x[risk]).sum(), 0.0)
        made.append((float(stop[end]), float(np.exp(-total).mean())))
    return made


def months(made: list[tuple[float, float]], horizon: float = HORIZON) -> float:
    """Area under a step function up to the horizon, in months."""
    at, level, area = 0.0, 1.0, 0.0
    for time, survival in made:
        if time >= horizon:
            break
        area, at, level = area + level * (time - at), time, survival
    return (area + level * (horizon - at)) / MONTH


ALWAYS, NEVER = StepPath((), (1.0,)), StepPath((), (0.0,))


@pytest.mark.parametrize("strata", [(), ("region",)])
def test_mean_months_are_the_area_under_the_curve_of_each_path(strata: tuple[str, ...]) -> None:
    prepared = wars(strata)
    fit = fitted(inputs(), prepared)
    beta = float(fit.params["x"])
    for path in (ALWAYS, NEVER, StepPath((400.0, 700.0), (0.0, 1.0, 0.0))):
        found, _ = mean_months(inputs(), prepared, fit, path)
        made = steps(prepared, beta, path)
        assert found == pytest.approx(months(made), abs=1e-7)
        held, _ = mean_months(inputs(), prepared, held_at(fit, "x", 1.5), path)
        assert held == pytest.approx(months(steps(prepared, 1.5, path)), abs=1e-7)
    drawn = strategy_curves(inputs(), prepared, {"always": ALWAYS, "never": NEVER})
    assert drawn["group"].tolist() == ["always"] * 61 + ["never"] * 61
    assert drawn["time_months"].tolist() == [*range(61)] * 2
    expected = [
        min((survival for time, survival in made if time <= month * MONTH), default=1.0)
        for made in (steps(prepared, beta, path) for path in (ALWAYS, NEVER))
        for month in range(61)
    ]
    assert drawn["estimate"].tolist() == pytest.approx(expected, abs=1e-7)


def test_an_exposure_is_felt_after_its_lag_as_long_as_it_lasts() -> None:
    """The lag of the primary is six months, 183 days."""
    assert from_month(inputs(), 4) == StepPath((4 * MONTH + 183,), (0.0, 1.0))
    assert from_month(inputs(), 4, 2) == StepPath((4 * MONTH + 183, 6 * MONTH + 183), (0, 1, 0))


def test_a_contrast_takes_the_limits_of_the_ratio_in_its_own_direction() -> None:
    primary = estimate(
        *(math.log(2.0), 0.3),
        ci_low=1.25,
        ci_high=4.0,
        low_95=1.5,
        high_95=3.0,
        null_rejection=0.04,
        null_draws=200,
        mde_high=3.0,
        centered=2.0,
        cluster_low=1.1,
    )

    def log_of(fit: CoxResult) -> float:
        return float(fit.params["x"])

    rises = in_months(inputs(), wars(), primary, log_of, estimand="e", label="l")
    values = [rises.estimate, rises.ci_low, rises.ci_high, rises.low_95, rises.high_95]
    assert values == pytest.approx([math.log(v) for v in (2, 1.25, 4, 1.5, 3)])
    assert (rises.role, rises.estimand, rises.label) == (Role.SECONDARY, "e", "l")
    assert (rises.null_draws, rises.nobs) == (0, primary.nobs)
    nothing = ("std_error", "cluster_low", "mde_high", "null_rejection", "centered", "p_value")
    assert all(math.isnan(getattr(rises, name)) for name in nothing)
    falls = in_months(inputs(), wars(), primary, lambda fit: -log_of(fit))
    values = [falls.estimate, falls.ci_low, falls.ci_high, falls.low_95, falls.high_95]
    assert values == pytest.approx([-math.log(v) for v in (2, 4, 1.25, 3, 1.5)])
    is_open = dataclasses.replace(primary, ci_low=0.0, ci_high=math.inf, low_95=math.nan)
    limits = in_months(inputs(), wars(), is_open, log_of)
    assert np.isnan([limits.ci_low, limits.ci_high, limits.low_95]).all()
    assert limits.estimate == pytest.approx(math.log(2))
    half = dataclasses.replace(primary, ci_low=0.5)
    assert in_months(inputs(), wars(), half, log_of).ci_low == pytest.approx(math.log(0.5))
    flat = in_months(inputs(), wars(), primary, lambda fit: log_of(fit) - math.log(2))
    assert (flat.ci_low < flat.estimate < flat.ci_high) and flat.estimate == pytest.approx(0)


def test_where_no_model_exists_there_are_no_months_and_no_curve() -> None:
    nobody = dataclasses.replace(wars(), rows=wars().rows.assign(x=0))
    found = in_months(inputs(), nobody, estimate(0.5, 0.2), lambda fit: 0.0)
    assert math.isnan(found.estimate) and found.note.startswith("Not estimable")
    drawn = strategy_curves(inputs(), nobody, {"always": ALWAYS})
    assert drawn.empty and "time_months" in drawn


KNOWN = {"estimate_id": "h.x", "hypothesis": "h", "role": Role.SECONDARY, "label": "x"}
KNOWN |= {"measure": "x", "lag_months": 0}


@pytest.mark.parametrize("strata", [(), ("region",)])
def test_a_difference_in_months_is_that_of_two_areas(strata: tuple[str, ...]) -> None:
    comparison = Comparison(TEN_WARS, "x", strata=strata)
    beta = float(comparison.fit().params["x"])
    prepared = dataclasses.replace(wars(strata), rows=TEN_WARS)
    found = difference_in_months(
        comparison, {"x": 1.0}, {"x": 0.0}, horizon_months=40, level=0.9, **KNOWN
    )
    areas = [months(steps(prepared, beta, path), 40 * MONTH) for path in (ALWAYS, NEVER)]
    assert found.estimate == pytest.approx(areas[0] - areas[1], abs=1e-6)
    half = float(stats.t.ppf(0.95, 3)) * found.std_error
    assert (found.ci_low, found.ci_high) == pytest.approx(
        (found.estimate - half, found.estimate + half)
    )
    assert 1 < found.std_error < 30
    assert (found.estimand, found.inference) == ("rmst_difference_months", "cluster_sandwich")
    few = Comparison(
        TEN_WARS.assign(event=TEN_WARS["event"] & (TEN_WARS["x"] == 0)), "x", strata=strata
    )
    none = difference_in_months(few, {"x": 1.0}, {"x": 0.0}, horizon_months=40, level=0.9, **KNOWN)
    assert none.note.startswith("Not estimable: exposed terminations 0")


# Follow-up from a day on ------------------------------------------------------------------------


def test_follow_up_from_a_day_on_lets_wars_enter_late() -> None:
    """On day 340 the third war ends; the fifth is exposed from day 300 on."""
    prepared = wars()
    rows = prepared.since(ZERO + pd.Timedelta(days=340)).rows
    own = rows[rows["unit_id"].isin(["2-1", "3-1", "4-1", "8-1"])]
    told = own[["unit_id", "start", "stop", "x"]].to_numpy().tolist()
    assert told == [
        ["3-1", 340, 500, 1],
        ["4-1", 340, 620, 1],
        ["8-1", 340, 400, 0],
        ["8-1", 400, 2500, 1],
    ]
    assert set(rows["unit_id"]) == {f"{i}-1" for i in range(3, 10)}
    assert (with_time_zero(rows, prepared)["time_zero"] == ZERO).all()
    whole = prepared.since(ZERO - pd.Timedelta(days=5))
    pd.testing.assert_frame_equal(whole.rows, prepared.rows)
