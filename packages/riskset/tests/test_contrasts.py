"""Contrasts and tests of terms: the same model with another reference answers directly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskset as rs
from test_options import CASES, SPELLS, rows

#: Two searches for one maximum, and their errors.
SEARCHES = 1e-5
#: Errors that are second differences over one standard error: the profile is no parabola,
#: and terms that are coded otherwise go another way through it.
SECOND_DIFFERENCES = {"interval_cox": 1e-3}
FITTED = [
    n for n, c in CASES.items() if c.covariates and n not in ("firth_cox", "adjusted_survival")
]
FORMULA = "x + z + C(place) + x:z"


def fitted(name: str, data: pd.DataFrame) -> Any:
    return CASES[name].fit(data, FORMULA)


@pytest.mark.parametrize("name", FITTED)
def test_a_contrast_is_the_coefficient_under_another_reference(name: str) -> None:
    fit = fitted(name, rows())
    alike = {"x": 0.4, "z": 1.0}
    found = rs.contrast(fit, alike | {"place": "west"}, alike | {"place": "south"})
    turned = rows().assign(z=lambda d: 1 - d["z"])
    turned["place"] = turned["place"].map({"south": "0", "west": "1", "north": "2"})
    other = fitted(name, turned)
    want = other.tidy().set_index("term")
    columns = ["estimate", "std_error", "p_value", "ci_low", "ci_high"]
    close = SECOND_DIFFERENCES.get(name, SEARCHES)
    assert found.tidy()["estimate"].iloc[0] == pytest.approx(
        want.loc["C(place)[T.1]", "estimate"], rel=SEARCHES, abs=SEARCHES
    )
    np.testing.assert_allclose(
        found.tidy()[columns].iloc[0], want.loc["C(place)[T.1]", columns], rtol=close,
        atol=SEARCHES,
    )  # fmt: skip
    slope = rs.contrast(
        fit, {"x": 2.5, "z": 1.0, "place": "west"}, {"x": 1.5, "z": 1.0, "place": "west"}
    )
    by_hand = rs.combination(fit, {"x": 1, "x:z": 1})
    for got in (slope, by_hand):
        np.testing.assert_allclose(
            got.tidy()[columns].iloc[0], want.loc["x", columns], rtol=close, atol=SEARCHES
        )


@pytest.mark.parametrize("name", FITTED)
def test_a_term_is_tested_by_all_its_coefficients(name: str) -> None:
    fit = fitted(name, rows())
    tests = rs.term_tests(fit)
    assert tests["df"].to_dict() == {
        **({"at risk: x": 1} if name == "split_population" else {}),
        "x": 1, "z": 1, "C(place)": 2, "x:z": 1,
    }  # fmt: skip
    names = ["C(place)[T.south]", "C(place)[T.west]"]
    away = fit.params[names].to_numpy()
    chi2 = away @ np.linalg.solve(fit.cov.loc[names, names].to_numpy(), away)
    assert tests.loc["C(place)", "statistic"] == pytest.approx(chi2, rel=1e-9)
    assert tests.loc["C(place)", "p_value"] == pytest.approx(np.exp(-chi2 / 2), rel=1e-9)
    assert tests.loc["x", "p_value"] == pytest.approx(fit.p_values["x"], rel=1e-9)


def test_several_profiles_against_one_are_tested_together() -> None:
    fit = rs.cox_ph(rows(), "x + C(place)", **SPELLS)
    others = pd.DataFrame({"x": 0.0, "place": ["south", "west"]}, index=["South", "West"])
    found = rs.contrast(fit, others, {"x": 0.0, "place": "north"})
    assert found.params.index.tolist() == ["South", "West"]
    chi2, df, p = found.wald_test(np.eye(2))
    joint = rs.term_tests(fit).loc["C(place)"]
    assert (chi2, df, p) == pytest.approx((joint["statistic"], 2, joint["p_value"]))
    ratio = found.tidy(exponentiate=True).set_index("term")["estimate"]
    assert ratio["West"] == pytest.approx(np.exp(fit.params["C(place)[T.west]"]))
    assert "South" in str(found)


def test_names_alone_need_what_differs() -> None:
    fit = rs.cox_ph(rows(), ["x", "z"], **SPELLS)
    found = rs.contrast(fit, {"z": 1}, {"z": 0})
    assert found.params.tolist() == pytest.approx([fit.params["z"]])
    assert rs.term_tests(fit)["df"].to_dict() == {"x": 1, "z": 1}
    named = rs.combination(fit, {"sum": {"x": 2, "z": -1}, "x": {"x": 1}})
    assert named.params["sum"] == pytest.approx(2 * fit.params["x"] - fit.params["z"])
    v = fit.cov.to_numpy()
    assert named.cov.loc["sum", "sum"] == pytest.approx(4 * v[0, 0] - 4 * v[0, 1] + v[1, 1])
    assert rs.combination(fit, {"x": 2, "z": -1}).params.index.tolist() == ["2·x − 1·z"]


def test_models_of_several_parts() -> None:
    spells = rows().assign(state="war", to=lambda d: d["cause"])
    several = rs.transition_hazards(spells, "x + C(place)", start="start", stop="stop",
                                    state="state", to="to", unit="unit")  # fmt: skip
    assert rs.term_tests(several)["df"].to_dict() == {
        "war → 1: x": 1, "war → 1: C(place)": 2, "war → 2: x": 1, "war → 2: C(place)": 2,
    }  # fmt: skip
    same = rs.combination(several, {"war → 1: x": 1, "war → 2: x": -1})
    assert same.params.iloc[0] == pytest.approx(
        several.params["war → 1: x"] - several.params["war → 2: x"]
    )
    changing = rs.flexible_parametric(rows(), ["x", "z"], **SPELLS, df=2, time_varying={"x": 1})
    assert rs.term_tests(changing)["df"].to_dict() == {"x": 2, "z": 1}
    assert rs.contrast(changing, {"z": 1}, {"z": 0}).params.iloc[0] == changing.params["z"]
    with pytest.raises(rs.EstimationError, match="effect of 'x' changes with time"):
        rs.contrast(changing, {"x": 1}, {"x": 0})


def test_students_t_of_the_model_is_kept() -> None:
    data = pd.DataFrame({"country": np.repeat(np.arange(24), 6), "year": np.tile(np.arange(6), 24)})
    rng = np.random.default_rng(7)
    data = data.assign(x=rng.normal(size=144), z=rng.normal(size=144),
                       y=lambda d: d["x"] + rng.normal(size=144))  # fmt: skip
    fit = rs.panel_ols(data, ["z", "x"], outcome="y", entity="country", time="year",
                       cluster="country")  # fmt: skip
    found = rs.contrast(fit, {"x": 1, "z": 0}, {"x": 0, "z": 0}).tidy()
    want = fit.tidy().set_index("term").loc["x"]
    assert found.loc[0, "p_value"] == pytest.approx(want["p_value"])
    assert found.loc[0, "ci_low"] == pytest.approx(want["ci_low"])
    assert rs.term_tests(fit)["reference"].tolist() == ["F", "F"]
    turned = rs.iv_2sls(data, outcome="y", endogenous="x", instruments="z", exogenous="C(year)",
                        cluster="country")  # fmt: skip
    assert rs.term_tests(turned)["df"].to_dict() == {"x": 1, "C(year)": 5}
    assert rs.term_tests(fit).loc["x", "p_value"] == pytest.approx(want["p_value"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, g: rs.contrast(f, {"zz": 1}, {"zz": 0}), "the model has no 'zz'"),
        (lambda f, g: rs.contrast(f, {"z": 1}, {"x": 1}), "no column 'z'|no column 'x'"),
        (lambda f, g: rs.contrast(f, {"z": 1}, {"z": 1}), "alike in all"),
        (lambda f, g: rs.contrast(f, {"z": np.nan}, {"z": 1}), "missing"),
        (lambda f, g: rs.contrast(f, rows().head(3), rows().head(2)), "3 profiles against 2"),
        (lambda f, g: rs.contrast(g, {"x": 1, "place": "east"}, {"x": 1, "place": "west"}),
         "were not in the data"),
        (lambda f, g: rs.contrast(g, {"place": "south"}, {"place": "west"}), "no column 'x'"),
        (lambda f, g: rs.combination(f, {"y": 1}), "no coefficient 'y'"),
        (lambda f, g: rs.combination(f, {"x": 0}), "other than zero"),
        (lambda f, g: rs.combination(f, {}), "other than zero"),
        (lambda f, g: rs.combination(f, {"x": "one"}), "must be a number"),
        (lambda f, g: rs.term_tests(rs.cox_ph(rows(), [], **SPELLS)), "no covariate"),
        (lambda f, g: rs.term_tests(rs.kaplan_meier(rows(), **SPELLS)), "SurvivalCurve has no"),
        (lambda f, g: rs.contrast(rs.firth_cox(rows(), ["x"], **SPELLS), {"x": 1}, {"x": 0}),
         "FirthResult has no coefficients with a covariance"),
    ],
)  # fmt: skip
def test_what_is_no_contrast_is_refused(call: Any, message: str) -> None:
    named = rs.cox_ph(rows(), ["x", "z"], **SPELLS)
    with pytest.raises(rs.EstimationError, match=message):
        call(named, rs.cox_ph(rows(), "x + C(place)", **SPELLS))
