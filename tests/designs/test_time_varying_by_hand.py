"""Exposures that begin during made-up wars: rows, redraws, war-months, curves."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.agreement_clock import AgreementBuilder, redraw_on_the_eve
from collsec.designs.curves import first_exposure, incidence_of_act, survival_by, thirds
from collsec.designs.discrete_time import (
    country_cells,
    fit_country_months,
    fit_monthly_hazard,
    stratum_indicators,
    unit_months,
)
from collsec.designs.inputs import Cohort, Prepared
from collsec.designs.time_varying import TimeVarying, calendar_day, lay_out, within_window
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from collsec.survival import cox_ph
from made_up_cohorts import SPEC, STUDY, episodes_of, inputs_of, prepared_of

DESIGN = TimeVarying()


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[s]")


def cohort(*wars: tuple[str, int, str, str, bool, int]) -> pd.DataFrame:
    names = ["unit_id", "conflict_id", "time_zero", "exit_date", "is_event", "region"]
    frame = pd.DataFrame(list(wars), columns=names)
    frame = frame.astype({"time_zero": "datetime64[s]", "exit_date": "datetime64[s]"})
    return frame.assign(gwno_host=frame["conflict_id"] // 10)


def calendar(*spells: tuple[int, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(list(spells), columns=["conflict_id", "on_date", "off_date"])
    return frame.astype({"on_date": "datetime64[s]", "off_date": "datetime64[s]"})


# A record that begins and ends --------------------------------------------------------------------

UNITS = cohort(
    ("a", 10, "2000-01-01", "2002-12-31", True, 1),  # ends on the record's last day
    ("b", 11, "2000-01-01", "2002-06-01", True, 1),  # exposed on its first day: left out
    ("c", 20, "2000-01-01", "2003-06-01", True, 1),  # ends after it
    ("d", 30, "2003-01-01", "2004-01-01", True, 2),  # begins after it
    ("e", 40, "2001-06-01", "2002-01-01", True, 2),  # begins and ends within it
    ("f", 50, "2000-01-01", "2000-12-31", True, 2),  # ends before it
)
SPELLS = calendar(
    (10, "2001-03-02", None),
    (11, "2001-01-01", None),
    (20, "2001-01-02", "2001-02-01"),
    (40, "2001-07-01", "2001-09-01"),
)
RECORD = (pd.Timestamp("2001-01-01"), pd.Timestamp("2002-12-31"))


def test_rows_are_cut_to_the_days_of_a_record() -> None:
    found = within_window(prepared_of(UNITS, SPELLS, lag=0), RECORD)
    told = found.rows[["unit_id", "start", "stop", "event", "x"]].to_numpy().tolist()
    assert told == [
        # Day 366 is the first of 2001, day 1095 the last of 2002.
        ["a", 366, 426, False, 0],
        ["a", 426, 1095, True, 1],
        ["c", 366, 367, False, 0],
        ["c", 367, 397, False, 1],
        ["c", 397, 1095, False, 0],
        ["e", 0, 30, False, 0],
        ["e", 30, 92, False, 1],
        ["e", 92, 214, True, 0],
    ]
    assert "b" not in set(found.units["unit_id"])


def test_units_and_spells_are_laid_out_on_the_calendar() -> None:
    spec = dataclasses.replace(
        SPEC, inference=InferenceSpec("risk_set_rerandomization", assignment_strata=("region",))
    )
    inputs = inputs_of(spec=spec)
    prepared = within_window(prepared_of(UNITS, SPELLS, lag=1), RECORD)
    asked: list[list[str]] = []

    def status(units: pd.DataFrame, on: pd.Series) -> np.ndarray:
        asked.append([f"{day:%Y-%m-%d}" for day in on])
        return np.arange(len(on) * len(units)).reshape(len(on), len(units))

    found = lay_out(inputs, prepared, window=RECORD, status=status)
    zero = calendar_day(days("2000-01-01", "2000-01-01", "2001-06-01")).tolist()
    assert zero[0] == 54 * 365 + 13  # thirteen leap days between 1946 and 2000
    assert found.origin.tolist() == zero
    assert found.entry.tolist() == [366, 366, 0] and found.exit.tolist() == [1095, 1095, 214]
    assert found.event.tolist() == [True, False, True]
    order = np.argsort([zero[0] + 426, zero[0] + 367, zero[2] + 30])
    assert found.unit.tolist() == [[0, 1, 2][i] for i in order]
    assert found.assigned.tolist() == sorted([zero[0] + 426, zero[0] + 367, zero[2] + 30])
    assert (found.on - found.assigned).tolist() == [30.0, 30.0, 30.0]
    assert found.off.tolist()[1] == math.inf and found.off.tolist()[0] == zero[0] + 397 + 30
    # Days asked for each spell as it stands; units d and f, which have no day in it, are gone.
    assert asked == [["2001-03-02", "2001-01-02", "2001-07-01"]]
    assert found.status is not None and found.status.shape == (3, 3)
    codes = found.assignment_strata[:, 0]
    assert codes[0] == codes[1] != codes[2]
    plain = lay_out(inputs_of(), prepared_of(UNITS, SPELLS, lag=0))
    assert plain.entry.tolist() == [0.0] * 6 and plain.event.all() and plain.status is None


# Redrawn before a war ends ------------------------------------------------------------------------


def test_a_war_about_to_end_is_five_times_as_likely_to_receive_troops() -> None:
    units = cohort(
        ("own", 10, "2000-01-01", "2004-01-01", True, 1),
        ("eve", 20, "2000-01-01", "2001-07-03", True, 1),  # 183 days after the act
        ("not", 30, "2000-01-01", "2001-07-04", True, 1),  # 184 days after it
        ("far", 40, "2000-01-01", "2001-02-01", True, 2),  # another region
        ("day", 50, "2000-01-01", "2001-01-01", True, 1),  # ends on the day itself
    )
    spec = dataclasses.replace(
        SPEC, inference=InferenceSpec("risk_set_rerandomization", assignment_strata=("region",))
    )
    acts = calendar((10, "2001-01-01", "2001-03-01"), (10, "2001-05-01", None))
    design = lay_out(inputs_of(spec=spec), prepared_of(units, acts, lag=0))
    drawn = redraw_on_the_eve(design, 20_000, np.random.default_rng(1))
    first = np.bincount(drawn[:, 0], minlength=5) / 20_000
    assert first == pytest.approx([1 / 7, 5 / 7, 1 / 7, 0, 0], abs=0.012)
    # In May two wars are about to end, and whoever had the first spell is free again.
    second = np.bincount(drawn[:, 1], minlength=5) / 20_000
    assert second == pytest.approx([1 / 11, 5 / 11, 5 / 11, 0, 0], abs=0.012)
    # Had the first spell gone on, its war could not receive the second.
    overlapping = dataclasses.replace(design, off=np.array([design.assigned[1], np.inf]))
    drawn = redraw_on_the_eve(overlapping, 5000, np.random.default_rng(1))
    assert (drawn[:, 0] != drawn[:, 1]).all() and (drawn >= 0).all()
    alone = lay_out(inputs_of(), prepared_of(units[:1], acts, lag=0))
    never_free = dataclasses.replace(alone, off=np.array([np.inf, np.inf]))
    drawn = redraw_on_the_eve(never_free, 3, np.random.default_rng(1))
    assert drawn.tolist() == [[0, -1]] * 3


def test_a_war_is_followed_from_its_first_agreement() -> None:
    wars = cohort(
        ("a", 10, "2000-01-01", "2002-01-01", True, 1),
        ("b", 20, "2000-01-01", "2002-01-01", True, 1),
        ("c", 30, "2000-01-01", "2002-01-01", False, 1),
    )
    units = wars.assign(onset_date=wars["time_zero"], is_ended=wars["is_event"])
    signed = pd.DataFrame(
        {
            "conflict_id": [10, 10, 10, 20, 20, 30],
            # On the days of onset and of the end, and on those next to them.
            "from_date": days(
                *("2000-01-01", "2000-01-02", "2001-01-01"),
                *("2000-01-01", "2002-01-01", "2001-12-31"),
            ),
        }
    )
    attrition = pd.DataFrame(
        [{"step": "all", "rule": "", "n_units": 3, "n_events": 2, "dropped": 0}]
    )
    builder = AgreementBuilder(inputs_of(timelines={"peace_process": signed}), ())
    found = builder.units_of(Cohort(units, attrition), pd.DataFrame())
    assert found.units["unit_id"].tolist() == ["a", "c"]
    assert found.units["time_zero"].tolist() == days("2000-01-02", "2001-12-31").tolist()
    last = found.attrition.iloc[-1]
    assert (last["n_units"], last["n_events"], last["dropped"]) == (2, 1, 1)


# War-months ---------------------------------------------------------------------------------------

SHORT = cohort(
    ("a", 10, "2000-01-31", "2000-03-01", True, 1),  # 30 days: one month
    ("b", 11, "2000-12-15", "2001-01-15", False, 1),  # 31 days: two months
    ("c", 20, "1999-12-01", "2000-03-01", True, 2),  # 91 days: three months
    ("d", 30, "2000-01-01", "1999-12-31", True, 2),  # not followed
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
    ]
    cells = country_cells(rows, "gwno_host", "x")
    assert cells.to_numpy().tolist()[0] == [1, 54 * 12, 1.0, 0.0] and len(cells) == 6
    names = stratum_indicators(rows.assign(k=[1, 2, 3, 1, 2, 3], one=[5] * 6), ["k", "one"])
    assert list(names) == ["k_2", "k_3"] and names["k_3"].tolist() == [0, 0, 1, 0, 0, 1]
    assert stratum_indicators(rows, []).shape == (6, 0)


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
        assert fitted.note.startswith("Not estimable") and fitted.nobs == 6


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
    by = survival_by(prepared, np.array(["Colonial", "Within states", "Other", "Colonial"]), 3)
    assert list(dict.fromkeys(by["group"])) == ["Other", "Within states", "Colonial"]
    colonial = by[by["group"] == "Colonial"].set_index("time_months")["estimate"]
    assert colonial.tolist() == [1.0, 1.0, 0.5, 0.5]
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


# Tasks --------------------------------------------------------------------------------------------


def world() -> Inputs:
    rng = np.random.default_rng(8)
    wars, steps = [], []
    for i in range(30):
        on = pd.Timestamp("2000-01-01") + pd.Timedelta(days=int(rng.integers(400)))
        length = int(rng.integers(300, 1500))
        end = str((on + pd.Timedelta(days=length)).date())
        wars.append((f"{i:02d}-1", i, i % 8, str(on.date()), end, i % 6 > 0))
        if i % 2:
            steps.append((i, on + pd.Timedelta(days=length // 4)))
    troops = pd.DataFrame(steps, columns=["conflict_id", "known_from"])
    troops = troops.astype({"known_from": "datetime64[s]"}).assign(un_troops=1, peacekeepers=1)
    spec = dataclasses.replace(
        SPEC,
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("un_troops", lag_months=6),
        secondary=(ExposureSpec("peacekeepers"),),
        outcomes=(),
        lags_months=(0, 6),
    )
    return inputs_of(spec=spec, episodes=episodes_of(*wars), timelines={"deployment": troops})


def test_every_task_estimates_its_own_exposure_and_lag() -> None:
    inputs = world()
    tasks = DESIGN.tasks(inputs, Draws(400, 0, 0, 0))
    assert list(tasks) == ["primary", "lag.0", "secondary.peacekeepers"]
    found = {name: task().estimates[0] for name, task in tasks.items()}
    told = {n: (e.estimate_id, e.role, e.lag_months, e.label) for n, e in found.items()}
    assert told == {
        "primary": ("h1.primary", Role.PRIMARY, 6, "UN troops present"),
        "lag.0": ("h1.lag_00", Role.LAG, 0, "Lag of 0 months"),
        "secondary.peacekeepers": (
            *("h1.peacekeepers", Role.SECONDARY, 0),
            "Any peacekeeping troops present (UN, regional, coalition)",
        ),
    }
    levels = [round(e.level, 6) for e in found.values()]
    assert levels == [0.983333, 0.983333, 0.95]
    whole = {"start": "start", "stop": "stop", "event": "event"}
    for name, lag in (("primary", 6), ("lag.0", 0)):
        prepared = DESIGN.prepare(inputs, ExposureSpec("un_troops", lag_months=lag))
        fit = cox_ph(prepared.rows, prepared.column, **whole, cluster="gwno_host")
        one, log = found[name], float(fit.params.iloc[0])
        assert math.log(one.estimate) == pytest.approx(log, abs=1e-7)
        assert one.std_error == pytest.approx(float(fit.std_errors.iloc[0]), rel=1e-6)
        assert one.ci_low < one.estimate < one.ci_high and one.inference.startswith("risk_set")
        # The level of one of three primaries is not the usual one, whose interval stands beside.
        assert one.ci_low <= one.low_95 < one.high_95 <= one.ci_high
        assert math.isfinite(one.expected_events) and math.isfinite(one.centered)
    assert math.isnan(found["secondary.peacekeepers"].low_95)
    without = DESIGN.without_draws(inputs, DESIGN.prepare(inputs, inputs.spec.exposure), 0.9)
    assert (without.inference, without.role) == ("cluster_sandwich", Role.PRIMARY)
    assert without.estimate == pytest.approx(found["primary"].estimate)
    rows, _ = DESIGN.panel(inputs)
    assert {"un_troops_lag_00", "un_troops_lag_06"} <= set(rows)
    assert (rows["un_troops_lag_06"] <= rows["un_troops_lag_00"]).all()
    made = DESIGN.calibrate(inputs, DESIGN.prepare(inputs, inputs.spec.exposure), 100, 0)
    assert made.draws == 100 and made.rejection_rate < 0.15
    assert math.isnan(DESIGN.calibrate_biased(inputs, 5))
    nobody = DESIGN.prepare(inputs, inputs.spec.exposure)
    groups = DESIGN.groups(inputs, dataclasses.replace(nobody, strata=("type_group",)))
    assert set(groups) == {"Within states"}
    assert set(DESIGN.groups(inputs, nobody)) == {"All wars of the cohort"}
