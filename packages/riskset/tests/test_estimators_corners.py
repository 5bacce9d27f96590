"""Corners of the estimators: how a search ends, splines, curves read between their steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, aalen_johansen, aft, compare, cox_ph, panel_ols
from riskset.maximum_likelihood import maximize
from riskset.splines import restricted_cubic, spline_knots

#: Rounding of a few operations.
SAME = 1e-12


@dataclass(frozen=True)
class Point:
    """A function at one point."""

    loglik: float
    gradient: np.ndarray
    information: np.ndarray


def search(evaluate, begin: float) -> float:
    best = maximize(evaluate, np.array([begin]), ["b"], np.ones(1))
    return float((best.beta + best.residual)[0])


def test_a_search_that_begins_where_the_curvature_is_wrong_turns_uphill() -> None:
    """cos is convex at 2.5; a plain Newton step would go to the minimum at π."""

    def cosine(b: np.ndarray) -> Point:
        return Point(float(np.cos(b[0])), -np.sin(b), np.cos(b)[:, None])

    assert search(cosine, 2.5) == pytest.approx(0.0, abs=1e-9)


def test_a_step_too_long_is_halved_until_it_climbs() -> None:
    """Newton's step for −log cosh from 2 lands beyond −11; its halves come back."""
    visited = []

    def bowl(b: np.ndarray) -> Point:
        visited.append(float(b[0]))
        slope = np.tanh(b)
        return Point(-float(np.log(np.cosh(b[0]))), -slope, (1 - slope**2)[:, None])

    assert search(bowl, 2.0) == pytest.approx(0.0, abs=1e-9)
    assert min(visited) < -11


def test_a_plateau_is_an_infinite_estimate() -> None:
    def plateau(b: np.ndarray) -> Point:
        fall = np.exp(-b)
        return Point(-float(fall[0]), fall, fall[:, None])

    with pytest.raises(EstimationError, match="coefficient of 'b' is infinite"):
        search(plateau, 0.0)


def test_a_likelihood_that_rises_without_end_or_has_no_value_is_an_error() -> None:
    def line(b: np.ndarray) -> Point:
        return Point(float(b[0]), np.ones(1), np.zeros((1, 1)))

    with pytest.raises(EstimationError, match="coefficient of 'b' is infinite"):
        search(line, 0.0)

    def broken(b: np.ndarray) -> Point:
        return Point(0.0, np.full(1, np.nan), np.ones((1, 1)))

    with pytest.raises(EstimationError, match="'b'"):
        search(broken, 1.0)


def test_incidence_is_read_between_its_steps() -> None:
    """Two of four end by cause a at 1 and by b at 3; one is censored at 2."""
    data = pd.DataFrame({"stop": [1.0, 2, 3, 4], "cause": ["a", "none", "b", "none"]})
    fit = aalen_johansen(data, stop="stop", cause="cause", censored="none")
    assert fit.causes == ["a", "b"]
    read = fit.at([0.5, 1.0, 2.9, 3.0]).set_index(["cause", "time"])
    np.testing.assert_allclose(read.loc["a", "incidence"], [0, 0.25, 0.25, 0.25], atol=SAME)
    # Of the three quarters that remain half end by b at 3, when two are at risk.
    np.testing.assert_allclose(read.loc["b", "incidence"], [0, 0, 0, 0.375], atol=SAME)
    assert read.loc["a", "at_risk"].tolist() == [4, 4, 2, 2]
    error = 0.25 * np.sqrt(0.75 / 0.25 / 4)
    assert read.loc[("a", 1.0), "std_error"] == pytest.approx(error, abs=SAME)
    assert np.isnan(read.loc[("a", 0.5), "ci_low"]) or read.loc[("a", 0.5), "ci_low"] == 0
    with pytest.raises(EstimationError, match=r"time 9 lies beyond the last follow-up \(4\)"):
        fit.at([9.0])
    with pytest.raises(EstimationError, match=r"'cause' is missing in row 1; use 'none'"):
        aalen_johansen(
            data.assign(cause=["a", None, "b", "none"]), stop="stop", cause="cause", censored="none"
        )


@pytest.mark.parametrize("number", [3, 4, 5])
def test_a_restricted_spline_is_straight_beyond_its_outer_knots(number: int) -> None:
    values = np.linspace(0, 10, 101)
    knots = spline_knots(np.append(values, np.nan), number)
    assert knots[0] == pytest.approx({3: 1.0, 4: 0.5, 5: 0.5}[number])
    beyond = np.array([knots[-1] + 1, knots[-1] + 2, knots[-1] + 3])
    bent = restricted_cubic(beyond, knots)
    assert bent.shape == (3, number - 1)
    np.testing.assert_allclose(np.diff(bent, n=2, axis=0), 0, atol=1e-10)
    np.testing.assert_array_equal(restricted_cubic(knots[:1] - 1, knots)[:, 1:], 0)


def test_knots_that_do_not_increase_are_refused() -> None:
    with pytest.raises(EstimationError, match="6 knots; known are 3, 4, 5"):
        spline_knots(np.arange(9.0), 6)
    with pytest.raises(EstimationError, match="too few distinct values"):
        spline_knots(np.array([1.0, 1, 1, np.nan]))
    with pytest.raises(EstimationError, match="too few distinct values"):
        spline_knots(np.array([np.nan]))
    with pytest.raises(EstimationError, match="three knots or more that increase"):
        restricted_cubic(np.arange(3.0), np.array([1.0, 1.0, 2.0]))


@pytest.fixture
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "stop": rng.exponential(size=40),
            "event": np.arange(40) % 2,
            "x": rng.normal(size=40),
            "unit": np.arange(40) // 4,
            "year": np.arange(40) % 4,
        }
    )


def test_the_likelihood_ratio_is_twice_the_gain(spells: pd.DataFrame) -> None:
    fit = cox_ph(spells, "x", stop="stop", event="event")
    chi2, df, p = fit.likelihood_ratio
    assert chi2 == pytest.approx(2 * (fit.loglik[1] - fit.loglik[0]), abs=SAME)
    assert df == 1
    assert 0 < p < 1
    # Score, Wald and ratio tests ask the same at first order.
    wald = float((fit.params / fit.model_std_errors).iloc[0] ** 2)
    assert fit.score_test == pytest.approx(wald, rel=0.1)


def test_levels_and_quantities_that_do_not_exist_are_refused(spells: pd.DataFrame) -> None:
    fit = aft(spells, "x", stop="stop", event="event")
    with pytest.raises(EstimationError, match="level must lie between 0 and 1, not 95"):
        fit.conf_int(95)
    with pytest.raises(EstimationError, match=r"what must be one of .*, not 'mode'"):
        fit.predict({"x": 0.0}, "mode")
    with pytest.raises(EstimationError, match="no column 'x' in the data; columns are: y"):
        fit.predict({"y": 0.0})
    with pytest.raises(EstimationError, match="times must lie above zero"):
        fit.predict({"x": 0.0}, "survival", times=0.0)
    with pytest.raises(EstimationError, match="distribution must be one of exponential, weibull"):
        aft(spells, "x", stop="stop", event="event", distribution="gompertz")
    with pytest.raises(EstimationError, match="no event: column 'event' is 0 in all 40 rows"):
        aft(spells.assign(event=0), "x", stop="stop", event="event")


def test_ratios_are_exponentials_of_the_estimates(spells: pd.DataFrame) -> None:
    fit = cox_ph(spells, "x", stop="stop", event="event")
    logs, ratios = fit.tidy(), fit.tidy(exponentiate=True)
    for column in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(ratios[column], np.exp(logs[column]), rtol=SAME)
    np.testing.assert_array_equal(ratios["std_error"], logs["std_error"])


def test_a_panel_prints_what_it_took_out(spells: pd.DataFrame) -> None:
    fit = panel_ols(spells, "x", outcome="stop", entity="unit", time="year", cluster="unit")
    demeaned = spells[["stop", "x"]]
    for by in ("unit", "year"):  # Balanced: one pass over each factor is exact.
        demeaned = demeaned - demeaned.groupby(spells[by]).transform("mean")
    slope = (demeaned["x"] @ demeaned["stop"]) / (demeaned["x"] @ demeaned["x"])
    assert fit.params["x"] == pytest.approx(slope, abs=1e-10)
    assert (fit.n_entities, fit.n_times, fit.n_clusters) == (10, 4, 10)
    assert "effects of unit and year" in fit.summary()
    assert compare({"panel": fit}).loc[("fit", "clusters"), "panel"] == 10
