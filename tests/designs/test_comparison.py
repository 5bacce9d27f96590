"""Clustered comparisons: what is counted, what is refused, and known answers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, with_indicators
from collsec.designs.jackknife import CoxRefits, difference, hazard_ratio, jackknife
from collsec.designs.standardization import difference_in_months
from riskset import EstimationError, cox_ph, least_squares_refit

COMMON = {
    "estimate_id": "h2.x",
    "hypothesis": "h2",
    "role": Role.DRAFT,
    "label": "x",
    "measure": "x",
    "lag_months": 0,
}
EVEN = np.repeat([0.0, 1.0], 200)


def rows(
    hazard: np.ndarray, exposed: np.ndarray, seed: int = 1, clusters: int = 40
) -> pd.DataFrame:
    """Exponential durations in days, censored after ten years."""
    rng = np.random.default_rng(seed)
    time = rng.exponential(1 / hazard)
    return pd.DataFrame(
        {
            "unit_id": np.arange(len(time)),
            "start": 0.0,
            "stop": np.minimum(time, 3650.0),
            "event": time < 3650.0,
            "x": exposed,
            "cluster": rng.integers(0, clusters, len(time)),
        }
    )


def test_expected_events_are_the_exposed_share_of_those_at_risk_at_each_end() -> None:
    """By hand: at 2, one of three at risk is exposed; at 3, one of two; stratum b has one each."""
    frame = pd.DataFrame(
        [
            (1, 0.0, 1.0, False, 0.0, "a"),
            (1, 1.0, 3.0, True, 1.0, "a"),
            (2, 0.0, 2.0, True, 0.0, "a"),
            (3, 0.0, 5.0, False, 0.0, "a"),
            (4, 0.0, 4.0, True, 1.0, "b"),
            (5, 0.0, 4.0, True, 0.0, "b"),
        ],
        columns=["unit_id", "start", "stop", "event", "x", "s"],
    ).assign(cluster=1)
    compared = Comparison(frame, "x", strata=("s",), cluster="cluster")
    assert compared.expected() == pytest.approx(1 / 3 + 1 / 2 + 2 / 2)
    assert math.isnan(Comparison(frame, "x", cluster="cluster", is_continuous=True).expected())


def test_the_expected_events_add_up_to_all_where_everyone_is_exposed_or_not() -> None:
    frame = rows(np.full(400, 1 / 900), EVEN)
    one = Comparison(frame, "x", cluster="cluster").expected()
    other = Comparison(frame.assign(x=1 - frame["x"]), "x", cluster="cluster").expected()
    assert one + other == pytest.approx(frame["event"].sum())


def test_counts_tell_the_exposed_apart_only_where_exposure_is_yes_or_no() -> None:
    frame = pd.DataFrame(
        {
            "unit_id": [1, 1, 2],
            "start": 0.0,
            "stop": 1.0,
            "cluster": [1, 1, 2],
            "event": [False, True, True],
            "x": [0.0, 1.0, 0.0],
        }
    )
    found = Comparison(frame, "x", cluster="cluster").counts()
    assert found == {
        "nobs": 3,
        "n_units": 2,
        "n_events": 2,
        "n_clusters": 2,
        "exposed_units": 1,
        "exposed_events": 1,
        "exposed_clusters": 1,
    }
    is_continuous = Comparison(frame.assign(x=[-1.0, 0.5, 2.0]), "x", cluster="cluster").counts()
    assert (is_continuous["exposed_units"], is_continuous["exposed_events"]) == (2, 2)


def test_a_known_hazard_ratio_is_recovered_with_both_intervals() -> None:
    found = hazard_ratio(
        Comparison(rows(0.002 * np.exp(-0.7 * EVEN), EVEN), "x", cluster="cluster"),
        level=0.95,
        power=0.8,
        **COMMON,
    )
    assert math.log(found.estimate) == pytest.approx(-0.7, abs=0.25)
    assert found.ci_low < math.exp(-0.7) < found.ci_high < 1
    assert found.cluster_low < found.estimate < found.cluster_high
    assert found.exposed_units == 200
    assert found.mde_high > 1 > found.mde_low


def test_two_exposed_terminations_are_counted_and_not_estimated() -> None:
    frame = rows(np.full(400, 0.002), EVEN)
    frame.loc[frame["x"] == 1, "event"] = False
    frame.loc[frame.index[frame["x"] == 1][:2], "event"] = True
    found = hazard_ratio(Comparison(frame, "x", cluster="cluster"), level=0.95, power=0.8, **COMMON)
    assert math.isnan(found.estimate)
    assert found.exposed_events == 2
    assert found.note.startswith("Not estimable: exposed terminations 2,")


def test_an_effect_that_rests_on_one_cluster_is_no_estimate() -> None:
    frame = rows(np.full(400, 0.002), EVEN)
    # All exposed ends lie in cluster 0; without it the exposed never end.
    exposed = frame["x"] == 1
    frame.loc[exposed, "event"] = False
    frame.loc[frame.index[exposed][:8], ["event", "cluster"]] = [True, 0]
    found = hazard_ratio(Comparison(frame, "x", cluster="cluster"), level=0.95, power=0.8, **COMMON)
    assert math.isnan(found.estimate)
    assert "without cluster 0" in found.note


def test_the_sandwich_beside_may_have_clusters_of_its_own() -> None:
    frame = rows(np.full(400, 0.002), EVEN)
    frame["country"] = frame["unit_id"] // 40
    ours = hazard_ratio(
        Comparison(frame, "x", cluster="cluster", alongside="country"),
        level=0.95,
        power=0.8,
        **COMMON,
    )
    fit = cox_ph(frame, ["x"], start="start", stop="stop", event="event", cluster="country")
    assert ours.cluster_high == pytest.approx(
        float(np.exp(fit.params["x"] + 1.959964 * fit.std_errors["x"])), rel=1e-6
    )


def test_least_squares_without_covariates_is_the_difference_of_two_shares() -> None:
    frame = pd.DataFrame({"y": [1, 0, 0, 1, 1, 1, 0], "x": [0, 0, 0, 0, 1, 1, 1], "c": range(7)})
    refit = least_squares_refit(frame, "y", "x", [])
    assert refit(np.ones(7, bool)) == pytest.approx(2 / 3 - 2 / 4)
    assert refit(np.array([True] * 6 + [False])) == pytest.approx(1 - 2 / 4)


def test_least_squares_gives_the_coefficient_of_a_full_regression() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.standard_normal((60, 4)), columns=["y", "x", "a", "b"])
    design = np.column_stack([np.ones(60), frame[["x", "a", "b"]]])
    full = np.linalg.lstsq(design, frame["y"].to_numpy(), rcond=None)[0]
    found = least_squares_refit(frame, "y", "x", ["a", "b"])(np.ones(60, bool))
    assert found == pytest.approx(full[1], abs=1e-10)


def test_a_column_that_the_others_explain_has_no_coefficient() -> None:
    frame = pd.DataFrame({"y": [1.0, 0, 1, 0], "x": [0.0, 1, 0, 1], "a": [0.0, 2, 0, 2]})
    with pytest.raises(EstimationError, match="does not vary"):
        least_squares_refit(frame, "y", "x", ["a"])(np.ones(4, bool))
    found = difference(
        frame.assign(c=[1, 2, 3, 4]),
        least_squares_refit(frame, "y", "x", ["a"]),
        cluster="c",
        level=0.95,
        **COMMON,
        estimand="probability_difference",
        nobs=4,
        n_units=4,
        n_events=2,
        n_clusters=4,
        exposed_units=2,
        exposed_events=0,
        exposed_clusters=2,
    )
    assert math.isnan(found.estimate)
    assert found.note.startswith("Not estimable")


def test_the_jackknife_refits_without_each_cluster() -> None:
    frame = rows(0.002 * np.exp(-0.7 * EVEN), EVEN, clusters=8)
    refit = CoxRefits(Comparison(frame, "x", cluster="cluster").design())
    found = jackknife(refit, frame["cluster"], 0.95)
    without = cox_ph(frame[frame["cluster"] != 3], ["x"], start="start", stop="stop", event="event")
    assert found.influence.estimates[3] == pytest.approx(float(without.params["x"]), abs=1e-7)


def test_months_of_two_exponentials_match_their_means() -> None:
    hazard = np.where(EVEN == 1, 0.001, 0.002)
    exposed = np.repeat([0.0, 1.0], 1000)
    frame = rows(np.repeat(hazard, 5), exposed)
    found = difference_in_months(
        Comparison(frame, "x", cluster="cluster"),
        {"x": 1.0},
        {"x": 0.0},
        horizon_months=60,
        level=0.95,
        **COMMON,
    )
    days = 60 * 30.4375
    means = [(1 - math.exp(-rate * days)) / rate for rate in (0.001, 0.002)]
    truth = (means[0] - means[1]) / 30.4375
    assert found.estimate == pytest.approx(truth, abs=1.5)
    assert found.ci_low < truth < found.ci_high
    assert found.ci_high - found.ci_low < 7


def test_indicators_leave_out_the_first_value() -> None:
    frame, names = with_indicators(pd.DataFrame({"region": [1, 2, 2, 5]}), "region")
    assert names == ("region_2", "region_5")
    assert frame["region_2"].tolist() == [0, 1, 1, 0]
