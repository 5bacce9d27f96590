"""Jackknives of ten wars in four countries, each country left out by a loop."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.jackknife import (
    CoxRefits,
    CoxResamples,
    by_method,
    difference,
    hazard_ratio,
    with_jackknife,
)
from made_up_cohorts import TEN_WARS
from riskset import EstimationError, JointEffects, cox_ph, joint_effects

KNOWN = {"estimate_id": "h.x", "hypothesis": "h", "role": Role.SECONDARY, "label": "x"}
KNOWN |= {"measure": "x", "lag_months": 0}


def log_ratio(rows: pd.DataFrame) -> float:
    fit = cox_ph(rows, ["x", "z"], start="start", stop="stop", event="event")
    return float(fit.params["x"])


ONE = Comparison(TEN_WARS, "x", adjustment=("z",))


def by_loop(level: float) -> tuple[float, float, float, float, float]:
    """Log ratio, error, limits and p-value with one country left out after the other."""
    whole = log_ratio(TEN_WARS)
    without = [log_ratio(TEN_WARS[TEN_WARS["gwno_host"] != host]) for host in (1, 2, 3, 4)]
    error = math.sqrt(3 / 4 * sum((one - whole) ** 2 for one in without))
    half = float(stats.t.ppf(0.5 + level / 2, 3)) * error
    p_value = float(2 * stats.t.sf(abs(whole) / error, 3))
    return whole, error, whole - half, whole + half, p_value


@pytest.mark.parametrize("level", [0.95, 0.98])
def test_a_jackknife_leaves_out_one_country_after_the_other(level: float) -> None:
    whole, error, low, high, p_value = by_loop(level)
    found = hazard_ratio(ONE, level=level, power=0.8, **KNOWN)
    logs = [math.log(v) for v in (found.estimate, found.ci_low, found.ci_high)]
    assert logs == pytest.approx([whole, low, high], abs=1e-6)
    assert (found.std_error, found.p_value) == pytest.approx((error, p_value), rel=1e-5)
    z = stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(0.8)
    assert math.log(found.mde_high) == pytest.approx(z * error, rel=1e-5)
    usual = by_loop(0.95)
    beside = by_method(ONE, "cluster_jackknife", level=level, power=0.8, **KNOWN)
    for one in (found, beside):
        if level == 0.95:
            assert math.isnan(one.low_95) and math.isnan(one.high_95)
        else:
            logs = [math.log(one.low_95), math.log(one.high_95)]
            assert logs == pytest.approx(usual[2:4], abs=1e-6)
    sandwich = by_method(ONE, "cluster_sandwich", level=level, power=0.8, **KNOWN)
    assert (sandwich.inference, beside.inference) == ("cluster_sandwich", "cluster_jackknife")
    same = ("estimate", "ci_low", "ci_high", "p_value", "std_error", "mde_low", "mde_high")
    assert [getattr(beside, n) for n in same] == pytest.approx([getattr(found, n) for n in same])
    for one in (found, beside):
        assert (one.cluster_low, one.cluster_high) == pytest.approx(
            (sandwich.ci_low, sandwich.ci_high)
        )
    again = with_jackknife(sandwich, ONE, power=0.8)
    assert (again.p_value, again.ci_low) == (beside.p_value, beside.ci_low)
    by_region = hazard_ratio(
        dataclasses.replace(ONE, alongside="unit_id"), level=level, power=0.8, **KNOWN
    )
    assert by_region.cluster_low != pytest.approx(found.cluster_low)
    assert by_region.ci_low == pytest.approx(found.ci_low)


def test_without_a_jackknife_the_sandwich_stands_with_a_note() -> None:
    """All exposed wars in one country: without it nothing is compared."""
    lone = Comparison(TEN_WARS.assign(gwno_host=np.where(TEN_WARS["x"] == 1, 1, 2)), "x")
    found = by_method(lone, "cluster_jackknife", level=0.95, power=0.8, **KNOWN)
    assert found.note.startswith("No jackknife: ") and found.inference == "cluster_sandwich"
    assert math.isfinite(found.estimate)
    few = hazard_ratio(lone, level=0.95, power=0.8, **KNOWN)
    assert few.note.startswith("Not estimable: exposed terminations 5, exposed clusters 1;")
    flat = by_method(
        Comparison(TEN_WARS.assign(x=1.0), "x"), "cluster_jackknife", level=0.95, power=0.8, **KNOWN
    )
    assert math.isnan(flat.estimate) and flat.note.startswith("Not estimable")


def test_refits_at_once_are_those_one_by_one() -> None:
    refit, kept = CoxRefits(ONE.design()), TEN_WARS["gwno_host"].to_numpy() != 2
    assert refit(kept) == pytest.approx(log_ratio(TEN_WARS[kept]), abs=1e-7)
    # A model as small as this gains nothing from being fitted beside others.
    assert np.isnan(refit.each(np.array([kept]))).all()
    resample, twice = CoxResamples(ONE.design()), np.array([2.0, 1, 1, 1, 1, 1, 1, 1, 1, 2])
    doubled = log_ratio(pd.concat([TEN_WARS, TEN_WARS.iloc[[0, 9]]], ignore_index=True))
    assert resample(twice).tolist() == pytest.approx([doubled], abs=1e-7)
    rng = np.random.default_rng(3)
    large = pd.DataFrame(rng.standard_normal((400, 2)), columns=["x", "z"])
    large = large.assign(start=0.0, stop=rng.permutation(400) + 1.0, event=rng.random(400) < 0.8)
    design = Comparison(large, "x", adjustment=("z",)).design()
    half = np.array([np.arange(400) % 2, np.ones(400)])
    expected = [log_ratio(large[half[0] == 1]), log_ratio(large)]
    assert CoxRefits(design).each(half).tolist() == pytest.approx(expected, abs=1e-7)
    found = CoxResamples(design).each(half)
    assert found.shape == (2, 1) and found[:, 0].tolist() == pytest.approx(expected, abs=1e-7)


def test_joint_effects_are_combined_over_three_clusters() -> None:
    """Away from (1, 2) by (−½, 0), (½, ½) and (0, −½): their products sum to ½, ½ and ¼."""
    found = JointEffects(np.array([1.0, 2.0]), np.array([[0.5, 2], [1.5, 2.5], [1, 1.5]]))
    assert found.degrees == 2
    log, error = found.of(np.array([1.0, -1.0]))
    assert (log, error) == pytest.approx((-1, math.sqrt(2 / 3 * (0.25 + 0 + 0.25))))
    ratio, low, high, p_value = found.interval(np.array([1.0, -1.0]), 0.95)
    half = 4.302652729911275 * error
    assert (ratio, low, high) == pytest.approx(
        (1 / math.e, math.exp(-1 - half), math.exp(half - 1))
    )
    assert p_value == pytest.approx(2 * stats.t.sf(1 / error, 2))
    # V = ⅔ (½ ¼; ¼ ½): of one, 1/V = 3 on (1, 2) degrees; of both, 12/2 on (2, 2).
    assert found.wald([0]) == pytest.approx(stats.f.sf(3, 1, 2))
    assert found.wald([0, 1]) == pytest.approx(1 / (1 + 6))


def test_joint_effects_leave_out_each_cluster_within_strata() -> None:
    found = joint_effects(TEN_WARS, ["x"], adjustment=["z"], strata=["region"], cluster="gwno_host")

    def fit(rows: pd.DataFrame) -> float:
        model = cox_ph(
            *(rows, ["x", "z"]), start="start", stop="stop", event="event", strata="region"
        )
        return float(model.params["x"])

    assert found.beta.tolist() == pytest.approx([fit(TEN_WARS)], abs=1e-7)
    expected = [fit(TEN_WARS[TEN_WARS["gwno_host"] != host]) for host in (1, 2, 3, 4)]
    assert found.without[:, 0].tolist() == pytest.approx(expected, abs=1e-6)
    lone = TEN_WARS.assign(gwno_host=np.where(TEN_WARS["x"] == 1, 1, 2))
    with pytest.raises(EstimationError):
        joint_effects(lone, ["x"], adjustment=[], strata=[], cluster="gwno_host")


def test_a_difference_keeps_its_scale_and_says_what_cannot_be_left_out() -> None:
    counts = Comparison(TEN_WARS, "x").counts()
    values = TEN_WARS["stop"].to_numpy()

    def refit(kept: np.ndarray) -> float:
        return float(values[kept].mean())

    found = difference(
        *(TEN_WARS, refit), cluster="gwno_host", level=0.98, estimand="e", **KNOWN, **counts
    )
    without = [values[TEN_WARS["gwno_host"] != host].mean() for host in (1, 2, 3, 4)]
    error = math.sqrt(3 / 4 * sum((one - values.mean()) ** 2 for one in without))
    assert (found.estimate, found.std_error) == pytest.approx((values.mean(), error))
    assert found.low_95 == pytest.approx(values.mean() - stats.t.ppf(0.975, 3) * error)
    assert found.ci_high == pytest.approx(values.mean() + stats.t.ppf(0.99, 3) * error)
    assert found.inference == "cluster_jackknife"

    def needs_the_third(kept: np.ndarray) -> float:
        if not kept[2]:
            raise EstimationError("nothing varies")
        return refit(kept)

    none = difference(
        *(TEN_WARS, needs_the_third),
        cluster="gwno_host",
        level=0.9,
        estimand="e",
        **KNOWN,
        **counts,
    )
    assert none.note == "Not estimable: without cluster 3 nothing remains to compare"
