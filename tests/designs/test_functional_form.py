"""A bent effect: the spline by hand, a known bend found, and what a straight line must give."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from collsec.designs.functional_form import FORMS, Form, curve, functional_form, months_between
from collsec.designs.inputs import Prepared
from collsec.designs.jackknife import CoxRefits
from collsec.designs.parts import Context
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, STUDY, inputs_of
from riskset import (
    CoxDesign,
    EstimationError,
    JointEffects,
    joint_effects,
    restricted_cubic,
    spline_knots,
)
from riskset.inference import cluster_jackknife
from study import texts_of

LINE = Form("line", ("index_1",), lambda x: x[:, None])


def test_the_basis_is_worked_by_hand() -> None:
    """Knots 0, 1, 2: at 2 it is (8 − 2·1)/4; beyond the last knot it rises by 3 a unit."""
    found = restricted_cubic(np.array([-5.0, 1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 2.0]))
    assert found[:, 1].tolist() == pytest.approx([0.0, 0.25, 1.5, 3.0, 4.5])
    assert found[:, 0].tolist() == [-5.0, 1.0, 2.0, 3.0, 4.0]


def test_a_spline_is_straight_beyond_its_outer_knots_and_smooth_at_each() -> None:
    knots = np.array([-1.2, -0.3, 0.4, 1.5])
    outside = restricted_cubic(np.array([1.5, 2.5, 3.5, 4.5, -4.0, -3.0, -2.0]), knots)
    assert np.diff(outside[:4], 2, axis=0) == pytest.approx(0, abs=1e-9)
    assert outside[4:, 1:] == pytest.approx(0)
    step = 1e-4
    for knot in knots:
        x = knot + step * np.arange(-2, 3)
        bent = restricted_cubic(x, knots)[:, 1:]
        slopes = np.diff(bent, axis=0) / step
        assert np.diff(slopes, axis=0) == pytest.approx(0, abs=5e-3)


def test_knots_stand_at_quantiles_and_must_increase() -> None:
    assert spline_knots(np.r_[np.arange(101.0), np.nan]).tolist() == [5.0, 35.0, 65.0, 95.0]
    with pytest.raises(EstimationError, match="do not increase"):
        spline_knots(np.repeat([0.0, 1.0], 50))
    with pytest.raises(EstimationError, match="7 knots"):
        spline_knots(np.arange(9.0), 7)
    with pytest.raises(EstimationError, match="that increase"):
        restricted_cubic(np.arange(3.0), np.array([0.0, 1.0]))


def prepared(effect: object, seed: int = 3, n: int = 900) -> Prepared:
    """Wars whose rate of ending depends on an index by a stated function."""
    rng = np.random.default_rng(seed)
    index = rng.standard_normal(n)
    time = np.ceil(rng.exponential(500 / np.exp(effect(index))))  # type: ignore[operator]
    rows = pd.DataFrame(
        {
            "unit_id": np.arange(n).astype(str),
            "start": 0.0,
            "stop": np.minimum(time, 3650.0),
            "event": time < 3650.0,
            "index": index,
            "gwno_host": rng.integers(0, 45, n),
            "region": rng.integers(1, 4, n),
            "period": rng.integers(1, 3, n),
        }
    )
    return Prepared(rows, pd.DataFrame(), rows, "index", (), (), None, pd.DataFrame())


def context(of: Prepared) -> Context:
    exposure = dataclasses.replace(SPEC.exposure, measure="salience")
    spec = dataclasses.replace(SPEC, exposure=exposure)
    return Context(inputs_of(spec=spec), of, Draws(480, 40, 49, 2))


def test_a_straight_effect_is_recovered_as_ratio_and_months_and_shows_no_departure() -> None:
    of = prepared(lambda x: 0.5 * x)
    made = functional_form(context(of))
    found = {e.estimate_id: e for e in made.estimates}
    low, high = np.quantile(of.units["index"], [0.1, 0.9])
    true = math.exp(0.5 * (high - low))
    for form in FORMS:
        ratio = found[f"h1.form.{form}_hazard"]
        assert abs(math.log(ratio.estimate / true)) < 3 * ratio.std_error
        assert ratio.ci_low > 1
        # Exponential wars: the restricted mean within a horizon is known in closed form.
        rate = np.exp(0.5 * np.array([low, high])) / 500 * 30.4375
        mean = (1 - np.exp(-rate * STUDY.horizon_months)) / rate
        months = found[f"h1.form.{form}_months"]
        assert abs(months.estimate - (mean[1] - mean[0])) < 3 * months.std_error
        assert months.ci_high < 0
        words = (ratio.label, months.label, ratio.lag_months, months.estimand)
        assert words == (
            f"{FORMS[form]}: ninetieth against tenth percentile",
            "… months of war within 60 months",
            0,
            "rmst_difference_months",
        )
    horizon = made.quantities["form.horizon"]
    assert (horizon.value, horizon.digits) == (60, 0)
    assert made.records["functional_form"]["bend_p"] > 0.05
    assert texts_of("functional_form", made)["form.nonlinearity"] == "not detectable"


def test_a_nonlinear_effect_is_found_and_the_contrast_follows_it() -> None:
    """A valley: both ends of the index end wars sooner than its middle."""
    made = functional_form(context(prepared(lambda x: 0.6 * x**2)))
    assert made.records["functional_form"]["bend_p"] < 0.001
    table = pd.DataFrame(made.records["functional_form"]["curve"])
    curved = table[table["group"] == FORMS["spline"]]
    assert curved["estimate"].iloc[0] > 1.5 and curved["estimate"].iloc[-1] > 1.5
    assert curved["estimate"].min() < 1.1


def test_the_error_of_a_contrast_is_that_of_the_library_s_jackknife() -> None:
    of = prepared(lambda x: 0.3 * x)
    ours = joint_effects(
        LINE.added(of.rows, "index"), ["index_1"], adjustment=(), strata=(), cluster="gwno_host"
    )
    design = CoxDesign.from_frame(of.rows, ["index"], start="start", stop="stop", event="event")
    theirs = cluster_jackknife(CoxRefits(design), of.rows["gwno_host"].to_numpy(), level=0.95)
    log, error = ours.of(np.array([2.0]))
    assert log == pytest.approx(2 * theirs.estimate)
    assert error == pytest.approx(2 * theirs.std_error)
    assert ours.degrees == theirs.degrees_of_freedom


def test_one_coefficient_s_wald_test_is_its_t_test() -> None:
    """Two clusters: b = 1, without them 0.5 and 1.5, so that V = 0.25, t = 2 with one degree."""
    fitted = JointEffects(np.array([1.0]), np.array([[0.5], [1.5]]))
    assert fitted.of(np.array([1.0])) == (1.0, 0.5)
    # P(|t_1| > 2) = 1 − (2/π) atan 2
    assert fitted.wald([0]) == pytest.approx(1 - 2 / math.pi * math.atan(2))


def test_the_curve_is_one_at_the_median() -> None:
    index = np.arange(-50.0, 51.0) / 64  # so that the middle of the curve is zero to the last bit
    drawn = curve(LINE, JointEffects(np.array([0.4]), np.array([[0.3], [0.5]])), index, 0.95)
    middle = drawn.iloc[(drawn["index"]).abs().argmin()]
    assert middle[["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx([1.0] * 3)
    assert drawn["estimate"].iloc[-1] == pytest.approx(math.exp(0.4 * drawn["index"].iloc[-1]))


def test_months_are_of_the_covariates_that_vary_among_the_rows_kept() -> None:
    """Without the wars of one region its indicator is no covariate; without index there is none."""
    of = prepared(lambda x: 0.5 * x, n=200)
    rows = LINE.added(of.rows, "index").assign(away=(of.rows["region"] == 3).astype(float))
    at_home = rows["away"].to_numpy() == 0
    both = months_between(rows, LINE, ("away",), of, -1.0, 1.0, 60)
    alone = months_between(rows, LINE, (), of, -1.0, 1.0, 60)
    assert both(at_home) == pytest.approx(alone(at_home), abs=1e-9)
    assert alone(at_home) < 0
    assert both(np.ones(200, bool)) != pytest.approx(alone(np.ones(200, bool)), abs=1e-9)
    flat = months_between(rows.assign(index_1=1.0), LINE, ("away",), of, -1.0, 1.0, 60)
    with pytest.raises(EstimationError, match="does not vary"):
        flat(at_home)
