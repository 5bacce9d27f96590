"""Models of events known to lie within an interval: by their definition, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import riskset as rs

ENDS = {"lower": "lower", "upper": "upper"}


def looks(n: int = 240) -> pd.DataFrame:
    """Times of hazard exp(0.6 x) t, seen at visits half a year apart."""
    rng = np.random.default_rng(2006)
    x = rng.integers(0, 2, n) * 1.0
    time = np.sqrt(2 * rng.exponential(1 / np.exp(0.6 * x)))
    lower = np.floor(time * 2) / 2
    held = lower > 2
    data = pd.DataFrame({"lower": np.minimum(lower, 2.5), "upper": lower + 0.5, "x": x})
    return data.assign(upper=data["upper"].mask(held, np.inf), time=time)


def test_dated_events_are_those_of_the_flexible_model() -> None:
    data = looks().assign(seen=lambda d: np.minimum(d["time"], 2.0), start=lambda d: d["seen"] / 3)
    data = data.assign(event=(data["time"] <= 2) * 1)
    data["date"] = data["seen"].mask(data["event"] == 0, np.inf)
    intervals = rs.interval_parametric(data, ["x"], lower="seen", upper="date", start="start")
    dates = rs.flexible_parametric(data, ["x"], start="start", stop="seen", event="event")
    np.testing.assert_allclose(intervals.params, dates.params, rtol=1e-8)
    np.testing.assert_allclose(intervals.cov, dates.cov, rtol=1e-7)
    assert intervals.loglik == pytest.approx(dates.loglik, abs=1e-9)


def test_narrow_intervals_give_densities() -> None:
    """log P(t − w/2 < T ≤ t + w/2) nears log f(t) + log w."""
    data, width = looks(), 1e-4
    data = data.assign(low=data["time"] - width / 2, high=data["time"] + width / 2, ended=1)
    narrow = rs.interval_parametric(data, ["x"], lower="low", upper="high", df=1)
    dated = rs.aft(data, ["x"], stop="time", event="ended", distribution="weibull")
    assert narrow.loglik == pytest.approx(dated.loglik + len(data) * np.log(width), abs=1e-4)
    assert narrow.params["log(time)"] == pytest.approx(1 / dated.scale, rel=1e-5)
    assert narrow.n_within == narrow.n_events == len(data)
    assert "of them within intervals: 240" in str(narrow)


def test_a_row_that_says_nothing_changes_nothing() -> None:
    data = looks()
    more = pd.DataFrame({"lower": [0.0, 2.0], "upper": [np.inf, np.inf], "x": [1.0, 0.0]})
    both = pd.concat([data.assign(start=0.0), more.assign(start=[0.0, 2.0])])
    alone = rs.interval_parametric(data, ["x"], **ENDS, df=2)
    found = rs.interval_parametric(both, ["x"], **ENDS, df=2, start="start")
    np.testing.assert_allclose(found.params, alone.params, rtol=1e-8)
    assert found.loglik == pytest.approx(alone.loglik, abs=1e-9)


def test_cox_without_an_effect_is_turnbulls_curve() -> None:
    """At the estimate of a covariate that is balanced within each interval, zero, Λ = −log S."""
    half = looks(80)
    half = pd.concat([half.assign(x=0), half.assign(x=1)], ignore_index=True)
    fit = rs.interval_cox(half, ["x"], **ENDS)
    curve = rs.turnbull(half, **ENDS)
    assert fit.params["x"] == pytest.approx(0, abs=1e-8)
    assert fit.loglik == pytest.approx(curve.loglik, abs=1e-8)
    found = fit.predict_survival({"x": 0}, [0.7, 1.0, 2.2])
    want = curve.at([0.7, 1.0, 2.2])
    for side in ("survival_low", "survival_high"):
        np.testing.assert_allclose(found[side], want[side], atol=1e-7)


def test_cox_by_hand() -> None:
    """Two looks: r = e^b, probabilities 1 − e^(−rh) of two groups, so b is a log-log difference."""
    data = pd.DataFrame({"x": [0] * 10 + [1] * 10, "lower": 0.0, "upper": 1.0})
    data.loc[[*range(5), *range(10, 12)], ["lower", "upper"]] = [1.0, np.inf]
    fit = rs.interval_cox(data, ["x"], **ENDS)
    assert fit.params["x"] == pytest.approx(np.log(np.log(0.2) / np.log(0.5)), abs=1e-8)
    assert fit.baseline["hazard"].tolist() == pytest.approx([np.log(2)], abs=1e-8)
    assert fit.predict_survival({"x": 1}, 1.0)["survival_high"][0] == pytest.approx(0.2)


def test_weights_and_the_clock_of_the_cox_model() -> None:
    data = looks(90).assign(copies=lambda d: 1 + d.index % 3, w=0.0)
    weighted = rs.interval_cox(data, ["x"], **ENDS, weights="copies")
    copies = data.loc[data.index.repeat(data["copies"])].sample(frac=1, random_state=1)
    other = copies.assign(lower=12 * copies["lower"], upper=12 * copies["upper"])
    again = rs.interval_cox(other, ["x"], **ENDS)
    np.testing.assert_allclose(again.params, weighted.params, rtol=1e-7)
    np.testing.assert_allclose(again.cov, weighted.cov, rtol=1e-5)
    np.testing.assert_allclose(again.baseline["hazard"], weighted.baseline["hazard"], rtol=1e-5)
    assert "interval-censored" in str(again)


def test_the_cox_model_refuses() -> None:
    data = looks(60)
    with pytest.raises(rs.EstimationError, match="every 'upper' is infinite"):
        rs.interval_cox(data.assign(upper=np.inf), ["x"], **ENDS)
    with pytest.raises(rs.EstimationError, match="'x' is infinite"):
        rs.interval_cox(data.assign(x=(data["upper"] == np.inf) * 1), ["x"], **ENDS)
    with pytest.raises(rs.EstimationError, match="'x' is constant"):
        rs.interval_cox(data.assign(x=1.0), ["x"], **ENDS)
    with pytest.raises(rs.EstimationError, match="nobody is seen past the interval"):
        rs.interval_cox(data.assign(lower=0.0, upper=4.0), ["x"], **ENDS)
    with pytest.raises(rs.EstimationError, match="lies beyond the last follow-up"):
        rs.interval_cox(data, ["x"], **ENDS).predict_survival({"x": 0}, 9.0)


def test_refusals() -> None:
    data = looks().assign(start=0.0, unit=np.arange(240))
    late = data.assign(start=data["lower"].where(data.index != 3, 9.0))

    def fit(rows: pd.DataFrame, **options: object) -> object:
        return rs.interval_parametric(rows, ["x"], **ENDS, **options)

    with pytest.raises(rs.EstimationError, match=r"'start' \(9\) is after 'lower'.* in row 3"):
        fit(late, start="start")
    with pytest.raises(rs.EstimationError, match="every 'upper' is infinite"):
        fit(data.assign(upper=np.inf))
    with pytest.raises(rs.EstimationError, match="goes on in row"):
        fit(pd.concat([data.assign(start=0.0), data.assign(start=4.0, lower=4.0, upper=5.0)],
                      ignore_index=True), start="start", unit="unit")  # fmt: skip
    with pytest.raises(rs.EstimationError, match="knots do not increase"):
        fit(data.assign(lower=1.0, upper=2.0))
    with pytest.raises(rs.EstimationError, match="time_varying names 'z'"):
        fit(data, time_varying={"z": 1})
    with pytest.raises(rs.EstimationError, match=r"hazard is negative near time .* smaller df"):
        fit(bare_stretch(), df=4)


def test_late_entry_without_a_maximum_is_refused() -> None:
    """Of the first year only those seen from the beginning were kept: its hazard seems negative."""
    rng = np.random.default_rng(1)
    n = 300
    time = 30 * rng.weibull(1.4, n)
    data = pd.DataFrame({"lower": 12 * np.floor(time / 12), "x": rng.normal(size=n)})
    data["upper"] = data["lower"] + 12
    data["start"] = np.where(rng.random(n) < 0.3, rng.uniform(0, 10, n), 0.0)
    kept = data[data["start"] <= data["lower"]]
    with pytest.raises(rs.EstimationError, match="with late entry the likelihood rises"):
        rs.interval_parametric(kept, ["x"], **ENDS, start="start", df=3)


def bare_stretch() -> pd.DataFrame:
    """Nobody is looked at between 1 and 3, and hardly anyone has the event there."""
    ends = [(0.4, 0.5)] * 9 + [(0.5, 0.6)] * 9 + [(0.9, 1.0)] * 9 + [(1.0, 3.0)] + [(3.0, 3.1)] * 9
    ends += [(3.1, 3.2)] * 9 + [(3.3, np.inf)] * 5
    data = pd.DataFrame(ends, columns=["lower", "upper"])
    return data.assign(x=np.arange(len(data)) % 2)
