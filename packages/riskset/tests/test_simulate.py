"""Samples drawn from a Cox model: the curve that it predicts, its coefficients, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import riskset as rs

COLUMNS = {"stop": "stop", "event": "event"}
#: Binomial errors within which a share of draws must lie.
ERRORS = 4.0


def spells(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"x": rng.normal(size=n), "place": rng.integers(0, 2, n)})
    time = rng.exponential(4 / np.exp(0.7 * data["x"])) * (1 + data["place"])
    end = rng.uniform(2, 9, n)
    data["known"] = rng.normal(0, 0.3, n)
    return data.assign(stop=np.minimum(time, end), event=(time <= end).astype(int))


@pytest.mark.parametrize("options", [{}, {"strata": "place"}, {"offset": "known"}])
def test_draws_follow_the_predicted_curve(options: dict[str, str]) -> None:
    fit = rs.cox_ph(spells(), ["x"], **COLUMNS, **options)
    row = pd.DataFrame({"x": [0.4], "place": 1, "known": 0.5, "until": 5.0})
    drawn = rs.simulate(fit, row.loc[[0] * 4000], until="until", seed=1)
    for when in (1.0, 3.0, 5.0):
        want = float(fit.predict(row, "survival", times=when)["estimate"].iloc[0])
        left = 1 - ((drawn["stop"] <= when) & (drawn["event"] == 1)).mean()
        assert left == pytest.approx(want, abs=ERRORS * np.sqrt(want * (1 - want) / 4000))
    assert (drawn.loc[drawn["event"] == 0, "stop"] == 5.0).all()


def test_those_who_enter_late_have_come_so_far() -> None:
    fit = rs.cox_ph(spells(), ["x"], **COLUMNS)
    row = pd.DataFrame({"x": [0.4], "from": 2.0, "until": 6.0})
    drawn = rs.simulate(fit, row.loc[[0] * 4000], start="from", until="until", seed=2)
    survival = fit.predict(row, "survival", times=[2.0, 4.0])["estimate"].to_numpy()
    want = survival[1] / survival[0]
    left = 1 - ((drawn["stop"] <= 4.0) & (drawn["event"] == 1)).mean()
    assert left == pytest.approx(want, abs=ERRORS * np.sqrt(want * (1 - want) / 4000))
    assert (drawn["stop"] > 2.0).all()


def test_a_refit_finds_the_coefficient() -> None:
    fit = rs.cox_ph(spells(), ["x"], **COLUMNS)
    rng = np.random.default_rng(3)
    cohort = pd.DataFrame({"x": rng.normal(size=3000), "until": 8.0})
    again = rs.cox_ph(rs.simulate(fit, cohort, until="until", seed=rng), ["x"], **COLUMNS)
    away = again.params["x"] - fit.params["x"]
    assert abs(away) < ERRORS * again.std_errors["x"]


def test_refusals() -> None:
    data = spells().assign(until=1.0, late=2.0, far=99.0, unit=range(400))
    fit = rs.cox_ph(data, ["x"], **COLUMNS)
    with pytest.raises(rs.EstimationError, match="'until' is not after 'late' in row 0"):
        rs.simulate(fit, data, until="until", start="late", seed=1)
    with pytest.raises(rs.EstimationError, match="beyond the last follow-up"):
        rs.simulate(fit, data, until="far", seed=1)
    with pytest.raises(rs.EstimationError, match="without estimated weights"):
        other = rs.fine_gray(data, ["x"], unit="unit", stop="stop", cause="event")
        rs.simulate(other, data, until="until", seed=1)
    same = [rs.simulate(fit, data, until="until", seed=7)["stop"] for _ in range(2)]
    pd.testing.assert_series_equal(*same)
