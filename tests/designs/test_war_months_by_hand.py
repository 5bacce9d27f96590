"""War-months and curves of made-up wars, counted by hand or by regressions with dummies."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from collsec.core.schema import Role
from collsec.designs.curves import first_exposure, incidence_of_act, survival_by, thirds
from collsec.designs.discrete_time import (
    country_cells,
    fit_country_months,
    fit_monthly_hazard,
    stratum_indicators,
    unit_months,
)
from collsec.designs.inputs import Prepared
from collsec.designs.time_varying import TimeVarying
from made_up_cohorts import SPEC, STUDY, calendar, cohort, days, inputs_of, prepared_of

DESIGN = TimeVarying()


# War-months ---------------------------------------------------------------------------------------

SHORT = cohort(
    ("a", 10, "2000-01-31", "2000-03-01", True, 1),  # 30 days: one month
    ("b", 11, "2000-12-15", "2001-01-15", False, 1),  # 31 days: two months
    ("c", 20, "1999-12-01", "2000-03-01", True, 2),  # 91 days: three months
    ("d", 30, "2000-01-01", "1999-12-31", True, 2),  # not followed
    ("e", 31, "2000-05-05", "2000-05-05", True, 2),  # a single day: one month
)


def test_a_war_has_a_row_for_every_month_begun() -> None:
    # Exposed after 30 days: the second month, from day 30.4375, is the first exposed one.
    prepared = prepared_of(
        SHORT, calendar((11, "2001-01-14", None), (20, "1999-12-02", "2000-01-30")), 0
    )
    rows = unit_months(prepared, ["gwno_host"])
    told = rows[["unit", "month", "calendar_month", "event", "x", "gwno_host"]].to_numpy().tolist()
    assert told == [
        [0, 1, 54 * 12, True, 0, 1],
        [1, 1, 54 * 12 + 11, False, 0, 1],
        [1, 2, 54 * 12 + 12, False, 1, 1],
        [2, 1, 54 * 12 - 1, False, 0, 2],
        [2, 2, 54 * 12, False, 1, 2],
        [2, 3, 54 * 12 + 1, True, 0, 2],
        [4, 1, 54 * 12 + 4, True, 0, 3],
    ]
    cells = country_cells(rows, "gwno_host", "x")
    assert cells.to_numpy().tolist()[0] == [1, 54 * 12, 1.0, 0.0] and len(cells) == 7
    names = stratum_indicators(rows.assign(k=[1, 2, 3, 1, 2, 3, 1], one=[5] * 7), ["k", "one"])
    assert list(names) == ["k_2", "k_3"] and names["k_3"].tolist() == [0, 0, 1, 0, 0, 1, 0]
    assert stratum_indicators(rows, []).shape == (7, 0)


def many(number: int = 40) -> Prepared:
    """Wars of ten hosts and two regions, of which every third receives troops."""
    rng = np.random.default_rng(5)
    wars, acts = [], []
    for i in range(number):
        zero = pd.Timestamp("2000-01-01") + pd.Timedelta(days=int(rng.integers(900)))
        length = int(rng.integers(40, 900))
        end = zero + pd.Timedelta(days=length)
        wars.append((f"u{i}", i * 10 + i % 10, str(zero), str(end), i % 7 > 0, 1 + i % 2))
        if i % 3 == 0:
            acts.append((i * 10 + i % 10, str(zero + pd.Timedelta(days=length // 3)), None))
    units = cohort(*wars).assign(gwno_host=np.arange(number) % 10)
    return dataclasses.replace(prepared_of(units, calendar(*acts), 0), strata=("region",))


def test_monthly_models_are_those_of_regressions_with_dummies() -> None:
    prepared, inputs = many(), inputs_of()
    rows = unit_months(prepared, ["gwno_host", "region"])
    month = rows["month"].to_numpy(float) / rows["month"].max()
    x = np.column_stack(
        [rows["x"], rows["region"] == 2, np.ones(len(rows)), month, month**2, month**3]
    ).astype(float)
    family = sm.families.Binomial(sm.families.links.CLogLog())
    fit = sm.GLM(rows["event"].to_numpy(float), x, family).fit(tol=1e-12, maxiter=200)
    found = fit_monthly_hazard(inputs, prepared)
    assert math.log(found.estimate) == pytest.approx(float(fit.params[0]), abs=1e-5)
    assert (found.estimate_id, found.role) == ("h1.monthly_hazard", Role.MODEL)
    assert (found.nobs, found.n_units, found.exposed_units) == (
        len(rows),
        40,
        rows.loc[rows["x"] > 0, "unit"].nunique(),
    )
    assert found.exposed_events == int((rows["event"] & (rows["x"] > 0)).sum()) < found.n_events
    cells = rows.groupby(["gwno_host", "calendar_month"], as_index=False)[["event", "x"]].mean()
    parts = [pd.get_dummies(cells[n], dtype=float) for n in ("gwno_host", "calendar_month")]
    design = np.column_stack([cells["x"], parts[0], parts[1].iloc[:, 1:]])
    slope = np.linalg.lstsq(design, cells["event"].to_numpy(float), rcond=None)[0][0]
    panel = fit_country_months(inputs, prepared)
    assert panel.estimate == pytest.approx(slope, abs=1e-8)
    assert panel.estimand == "probability_difference" and panel.std_error > 0
    # Nobody is exposed: there are counts, and no number.
    none = dataclasses.replace(prepared_of(SHORT, calendar((99, "2000-01-01", None)), 0))
    for fitted in (fit_monthly_hazard(inputs, none), fit_country_months(inputs, none)):
        assert fitted.note.startswith("Not estimable") and fitted.nobs == 7


# Curves -------------------------------------------------------------------------------------------


def test_what_comes_first_is_counted_war_by_war() -> None:
    units = cohort(
        ("a", 10, "2000-01-01", "2000-02-15", True, 1),  # ends in the second month
        ("b", 20, "2000-01-01", "2001-01-01", True, 1),  # troops in the first
        ("c", 30, "2000-01-01", "2000-12-31", True, 1),  # troops on the day of its end
        ("d", 40, "2000-01-01", "2001-01-01", False, 1),
    )
    troops = pd.DataFrame(
        {
            "conflict_id": [20, 20, 20, 30],
            "known_from": days("2000-01-20", "2000-02-01", "2000-06-01", "2000-12-31"),
            "un_troops": [1, 0, 1, 1],
        }
    )
    inputs = inputs_of(timelines={"deployment": troops})
    prepared = prepared_of(units, inputs.calendar("un_troops"), 6)
    curve = first_exposure(inputs, prepared, 12).set_index(["curve", "time_months"])["estimate"]
    came, ended = (f"cumulative_incidence_{name}" for name in ("exposure", "end"))
    assert [curve[came, m] for m in (0, 1, 12)] == pytest.approx([0, 0.25, 0.25])
    assert [curve[ended, m] for m in (1, 2, 12)] == pytest.approx([0, 0.25, 0.5])
    year = dataclasses.replace(STUDY, horizon_months=12)
    asked = dataclasses.replace(inputs, study=year, spec=dataclasses.replace(SPEC, outcomes=()))
    made, told = DESIGN.curves(asked, prepared)
    assert len(made) == 1
    values = {name: q.value for name, q in told.items()}
    assert values == {"incidence.horizon": 12, "incidence.deployed": 0.25, "incidence.ended": 0.5}
    assert told["incidence.horizon"].digits == 0
    # Where nobody has troops, or no war ends, its share is zero; b ends a day after the year.
    none = dataclasses.replace(asked, timelines={"deployment": troops.iloc[:0]})
    _, told = DESIGN.curves(none, prepared)
    assert (told["incidence.deployed"].value, told["incidence.ended"].value) == (0.0, 0.5)
    going = dataclasses.replace(prepared, outcome=prepared.outcome.assign(is_event=False))
    _, told = DESIGN.curves(asked, going)
    assert (told["incidence.deployed"].value, told["incidence.ended"].value) == (0.25, 0.0)
    by = survival_by(prepared, np.array(["Colonial", "Within states", "Other", "Colonial"]), 3)
    assert list(dict.fromkeys(by["group"])) == ["Other", "Within states", "Colonial"]
    colonial = by[by["group"] == "Colonial"].set_index("time_months")["estimate"]
    assert colonial.tolist() == [1.0, 1.0, 0.5, 0.5]
    without_rank = survival_by(prepared, np.array(["South", "North", "South", "North"]), 3)
    assert list(dict.fromkeys(without_rank["group"])) == ["South", "North"]
    ranked = dataclasses.replace(prepared, units=units.assign(x=[4.0, 4.0, 1.0, 9.0]))
    assert thirds(ranked).tolist() == [
        "Lowest third",
        "Middle third",
        "Lowest third",
        "Highest third",
    ]


def test_an_act_that_nobody_saw_has_no_incidence() -> None:
    data = pd.DataFrame({"stop": [10.0, 400.0], "cause": ["end", ""], "event": [False, False]})
    none = incidence_of_act(data.assign(host=[1, 2]), np.array([0.0, 12.0]), "host")
    assert none["incidence"].tolist() == [0.0, 0.0] and none["ci_low"].isna().all()
    seen = pd.DataFrame({"stop": [10.0, 40.0, 90.0, 90.0], "cause": ["end", "act", "act", ""]})
    seen = seen.assign(event=seen["cause"] == "act", host=[1, 2, 3, 4])
    held = incidence_of_act(seen, np.array([1.0, 2.0, 3.0, 12.0]), "host", is_held=True)
    assert held["incidence"].tolist() == pytest.approx([0.0, 0.25, 0.5, 0.5])
