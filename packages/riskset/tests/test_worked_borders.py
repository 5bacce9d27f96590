"""Small cases worked by hand on the border of a rule: ties of times, empty groups, zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import EstimationError, aalen_johansen, discrete_hazard, iv_2sls, kaplan_meier
from riskset.inference import (
    ever_exposed_test,
    exposure_design,
    risk_set_rerandomization,
)
from riskset.inference.event_counts import (
    EventCounts,
    efron_estimate,
    studentized_scores,
)
from riskset.inference.reference_distribution import limit_of_effect
from riskset.nonparametric.event_sample import interval_of
from riskset.times import times_up_to

#: Rounding of a few operations.
SAME = 1e-12
#: Coefficients at which a search stopped.
FOUND = 1e-6


def test_a_time_within_reach_of_two_event_times_belongs_to_the_earlier() -> None:
    """Event times 2 apart, a width of 1: time 1 is as near to 0 as to 2."""
    found = times_up_to(np.array([0.0, 2.0]), np.array([-1.5, -1.0, 1.0, 1.5, 3.0]), 1.0)
    assert found.tolist() == [0, 1, 1, 2, 2]


def test_rows_of_no_weight_are_as_absent() -> None:
    weighted = {"stop": "stop", "event": "event", "weights": "copies", "weight_kind": "frequency"}
    rows = pd.DataFrame(
        {"stop": [2.0, 3, 5, 9], "event": [1, 0, 1, 1], "copies": [1, 1, 2, 0], "start": 0.0}
    )
    found, want = kaplan_meier(rows, **weighted), kaplan_meier(rows.head(3), **weighted)
    assert found.at([4.0])["survival"].tolist() == [0.75]
    pd.testing.assert_frame_equal(found.tidy(), want.tidy())
    with pytest.raises(EstimationError, match="no event in 4 rows"):
        kaplan_meier(rows.assign(event=[0, 0, 0, 1]), **weighted)
    # The row without weight is alone at risk between 3 and 4.
    gap = rows.assign(start=[0.0, 0, 4, 2])
    with pytest.raises(EstimationError, match="nobody is at risk between 3 and 4"):
        kaplan_meier(gap, **weighted, start="start")


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_limits_of_a_cumulative_hazard_of_constant_hazard(link: str) -> None:
    """Five events in 40 periods: h = 1/8, and log H(t) = log t + log(−log(1 − h)).

    The variance of h is h(1 − h)/40, and d log(−log(1 − h))/dh = 1/{−(1 − h) log(1 − h)}.
    """
    rows = pd.DataFrame({"period": np.tile(np.arange(1, 9), 5), "event": np.arange(40) % 8 == 7})
    fit = discrete_hazard(
        rows.assign(event=rows["event"].astype(int)),
        [],
        duration="period",
        event="event",
        dependence="constant",
        link=link,
    )
    charge = -np.log1p(-1 / 8)
    spread = np.sqrt(1 / 8 * 7 / 8 / 40) / (7 / 8 * charge)
    for time in (1, 6):
        found = fit.predict({}, "cumulative hazard", times=time, level=0.9).iloc[0]
        want = time * charge * np.exp(np.array([-1, 1]) * 1.6448536269514722 * spread)
        assert found["estimate"] == pytest.approx(time * charge, rel=FOUND)
        assert found["std_error"] == pytest.approx(time * charge * spread, rel=FOUND)
        assert found[["ci_low", "ci_high"]].tolist() == pytest.approx(want.tolist(), rel=FOUND)


def test_ends_that_no_exposure_could_have_changed_do_not_bound_an_effect() -> None:
    """The risk sets, in order: two of five exposed, one of one, none of one.

    The end of the second is exposed whatever the effect. Where that is the only exposed end, the
    likelihood rises without bound as the effect falls, and where all others are exposed, as it
    rises; where no risk set is mixed it is flat.
    """

    def effect(exposed: list[float], exposed_events: list[float]) -> tuple[float, float]:
        totals = EventCounts(
            stratum=np.zeros(3, dtype=np.int64),
            time=np.array([1.0, 2.0, 3.0]),
            at_risk=np.array([5.0, 1.0, 1.0]),
            events=np.ones(3),
        )
        estimate, error = efron_estimate(totals, np.array([exposed]), np.array([exposed_events]))
        return float(estimate[0]), float(error[0])

    assert effect([2, 1, 0], [0, 1, 0]) == (-np.inf, pytest.approx(np.nan, nan_ok=True))
    assert effect([2, 1, 0], [1, 1, 0]) == (np.inf, pytest.approx(np.nan, nan_ok=True))
    assert np.isnan(effect([5, 1, 0], [1, 1, 0])).all()
    assert np.isnan(effect([0, 1, 0], [0, 1, 0])).all()


def test_an_exposure_that_begins_as_follow_up_ends_exposes_nobody() -> None:
    """Unit 0 ends on day −80, from which its spell counts; units 1 and 2 are ever exposed.

    At time 10, at which unit 2 enters, unit 1 is one of three and ends; at 20 unit 2 is one of
    three; at 30 one of two, and ends: U = 2/3 − 1/3 + 1/2 and V = 2/9 + 2/9 + 1/4 = U².
    """
    design = exposure_design(
        origin=np.array([-100.0, -50.0, 0.0, 0.0]),
        entry=np.array([0.0, 0.0, 10.0, 0.0]),
        exit=np.array([20.0, 10.0, 30.0, 40.0]),
        event=np.array([True, True, True, False]),
        outcome_strata=np.zeros(4, dtype=int),
        assignment_strata=np.zeros(4, dtype=int),
        spell_unit=np.array([0, 1, 2]),
        spell_assigned=np.array([-95.0, -44.0, 12.0]),
        spell_on=np.array([-80.0, -44.0, 12.0]),
        spell_off=np.array([-75.0, -35.0, 35.0]),
    )
    p_value = ever_exposed_test(design)(design.unit[None, :])[0]
    assert p_value == pytest.approx(2 * stats.norm.sf(1.0), abs=1e-10)
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    assert result.exposed_units.tolist() == [1, 2]


def test_after_all_have_ended_curves_stay_where_they_are() -> None:
    rows = pd.DataFrame({"stop": [1.0, 2, 3, 4], "how": [1, 2, 1, 2]}).assign(event=1)
    table = aalen_johansen(rows, stop="stop", cause="how").at([0.5, 4.0, 90.0])
    assert table["incidence"].tolist() == [0, 0.5, 0.5, 0, 0.5, 0.5]
    curve = kaplan_meier(rows, stop="stop", event="event").at([0.5, 4.0, 90.0])
    assert curve["survival"].tolist() == [1, 0, 0]
    lasting = rows.assign(how=[1, 2, 1, 0], event=[1, 1, 1, 0])
    for ask in (
        aalen_johansen(lasting, stop="stop", cause="how"),
        kaplan_meier(lasting, stop="stop", event="event"),
    ):
        assert len(ask.at([4.0])) >= 1
        with pytest.raises(EstimationError, match="beyond the last follow-up"):
            ask.at([4.1])


def test_a_first_stage_whose_clusters_add_up_to_no_score_is_refused() -> None:
    """Each cluster holds an instrument once with a residual of one and once with minus one."""
    rng = np.random.default_rng(3)
    pair = np.repeat(np.arange(30), 2)
    rows = pd.DataFrame({"pair": pair, "z": rng.normal(size=30)[pair]})
    rows["d"] = rows["z"] + np.tile([1.0, -1.0], 30)
    rows["y"] = rows["d"] + rng.normal(size=60)
    model = {"outcome": "y", "endogenous": "d", "instruments": "z"}
    assert iv_2sls(rows, **model).first_stage.params["z"] == pytest.approx(1.0, abs=SAME)
    with pytest.raises(EstimationError, match="clustered error of a coefficient is zero"):
        iv_2sls(rows, **model, cluster="pair")


def test_an_effect_that_reached_the_end_of_the_search_has_no_limit_there() -> None:
    """Effects are searched up to 16 either way; those of 15 and more count as open."""
    for side in (-1.0, 1.0):
        assert limit_of_effect(lambda v: 100.0, side * 15.0, 1.0, side) == side * np.inf
        assert limit_of_effect(lambda v: 100.0, side * 15.5, 1.0, side) == side * np.inf
        found = limit_of_effect(lambda v, at=side: (v - at) ** 2, side, 4.0, side)
        assert found == pytest.approx(side * 3, abs=1e-5)
        # A statistic that stays at the critical value does not exceed it.
        assert limit_of_effect(lambda v: min(v * v, 4.0), 0.0, 4.0, side) == side * np.inf


@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [
        ("plain", [0.3, 0, 0.7], [0.7, 0.3, 1]),
        ("log", [0.5 * np.exp(-0.4), 0.1 * np.exp(-2), 0.9 * np.exp(-2 / 9)],
         [0.5 * np.exp(0.4), 0.1 * np.exp(2), 1]),
        ("log-log", [0.5 ** np.exp(0.4 / np.log(2)), 0.1 ** np.exp(2 / np.log(10)),
                     0.9 ** np.exp(2 / 9 / -np.log(0.9))],
         [0.5 ** np.exp(-0.4 / np.log(2)), 0.1 ** np.exp(-2 / np.log(10)),
          0.9 ** np.exp(-2 / 9 / -np.log(0.9))]),
    ],
)  # fmt: skip
def test_intervals_of_probabilities_on_each_scale(
    interval: Any, low: list[float], high: list[float]
) -> None:
    """Of 0.5, 0.1 and 0.9 with z times the error 0.2; of 0 and 1 there are none."""
    error = np.full(5, 0.2) / stats.norm.ppf(0.9)
    found = interval_of(np.array([0.5, 0.1, 0.9, 0.0, 1.0]), error, 0.8, interval)
    np.testing.assert_allclose(found[0], [*low, np.nan, np.nan], rtol=SAME, atol=SAME)
    np.testing.assert_allclose(found[1], [*high, np.nan, np.nan], rtol=SAME, atol=SAME)


def test_an_interval_on_a_scale_of_logarithms_may_hold_all() -> None:
    """The largest error leaves all between 0 and 1, and no warning."""
    low, high = interval_of(np.array([0.5]), np.array([1e6]), 0.95, "log-log")
    assert (low[0], high[0]) == (0.0, 1.0)


def test_an_exposure_of_all_or_none_has_a_score_of_zero() -> None:
    """Two of four end at 1, one of two at 2; an exposure of all, of none, and of one of four."""
    totals = EventCounts(
        stratum=np.zeros(2, dtype=np.int64),
        time=np.array([1.0, 2.0]),
        at_risk=np.array([4.0, 2.0]),
        events=np.array([2.0, 1.0]),
    )
    exposed = np.array([[4.0, 2.0], [0, 0], [1, 0]])
    found = studentized_scores(
        totals,
        exposed,
        np.array([3.0, 0, 1]),
        shared=np.zeros((3, 2)),
        real=np.zeros(2),
        beta=0.0,
    )
    variance = 2 * 1 / 4 * 3 / 4 * 2 / 3
    assert found.tolist() == pytest.approx([0, 0, (1 - 2 / 4) / np.sqrt(variance)], abs=1e-9)


def test_knots_one_period_apart_make_a_spline() -> None:
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"period": np.tile(np.arange(1, 7), 60), "event": rng.integers(0, 2, 360)})
    options = {"duration": "period", "event": "event", "dependence": "spline"}
    fit = discrete_hazard(rows, [], **options, knots=[2, 3, 4])
    assert fit.dependence.knots == (2, 3, 4) and len(fit.params) == 3
    for knots in ([2, 2, 4], [2, 4]):
        with pytest.raises(EstimationError, match="three or more increasing knots"):
            discrete_hazard(rows, [], **options, knots=knots)
