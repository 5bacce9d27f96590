"""The designs on the study's own data: counts, two engines, calibration, traps."""

from __future__ import annotations

import dataclasses
import functools
import json
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import DESIGNS, PARTS, Inputs, checks
from collsec.designs.checks import engines_agree, judge
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.parts import Context
from collsec.designs.registry import Design, exposed_outcome, get
from collsec.designs.standardization import fitted, from_month, held_at, mean_months
from collsec.designs.time_varying import lay_out, rerandomized
from collsec.histories.panels import clock
from collsec.hypothesis.validation import load
from riskset import cox_ph, kaplan_meier
from riskset.inference import risk_set_rerandomization
from study import PROJECT, linked, raw_tables, study_inputs

# Both maximize the same partial likelihood; they differ by the last step of Newton's method.
SAME_MAXIMUM = 1e-8


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


@functools.cache
def primary(name: str) -> Prepared:
    return prepare(inputs(name), inputs(name).spec.exposure)


def test_the_frame_is_the_one_of_the_study_design() -> None:
    episodes = linked().episodes
    assert len(episodes) == 620
    assert episodes["is_ended"].sum() == 559
    assert (~episodes["is_ended"]).sum() == 61
    civil = episodes[episodes["type_at_onset"].isin(["intrastate", "internationalized"])]
    assert (len(civil), civil["is_ended"].sum(), civil["conflict_id"].nunique()) == (523, 466, 230)
    data = pd.DataFrame(
        {
            "stop": clock(civil.assign(time_zero=civil["onset_date"])),
            "event": civil["is_ended"].astype(bool),
        }
    )
    assert (data["stop"] == 0.5).sum() == 68
    assert kaplan_meier(data, stop="stop", event="event").quantile()[0] == 477


def test_every_coded_key_resolves() -> None:
    assert (linked().links["n_unmatched"] == 0).all()


def test_no_admission_and_no_secretary_general_is_a_veto_on_a_war() -> None:
    tables = raw_tables()
    subject = tables["vetoes"].set_index("veto_id")["subject_class"]
    on_wars = linked().acts.loc[linked().acts["act"] == "veto", "item_id"]
    assert not set(subject[on_wars]) & {"admission", "secretary_general"}
    assert (subject == "admission").sum() >= 41


def test_troops_of_un_missions_are_no_warring_parties() -> None:
    ties = linked().ties
    episodes = linked().episodes.set_index("episode_id")
    congo = episodes[episodes["conflict_id"].isin([265, 283, 429, 14692])]
    recent = congo[congo["onset_year"] >= 2010].index
    rows = ties[ties["episode_id"].isin(recent) & ties["is_p5"]]
    assert len(rows) > 0
    assert not rows["is_belligerent"].any()


@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_two_engines_agree_on_the_primary(name: str) -> None:
    agree, gap = engines_agree(primary(name))
    assert agree
    assert gap < 1e-6


def test_the_second_engine_would_disagree_without_the_half_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In months, rows begin where other wars end: there the closed risk set of PHReg shows."""
    rows = primary("h1").rows.copy()
    rows["stop"] = np.ceil(rows["stop"] / 30)
    rows["start"] = np.floor(rows["start"] / 30)
    in_months = dataclasses.replace(primary("h1"), rows=rows)
    assert checks.engines_agree(in_months)[0]
    monkeypatch.setattr(checks, "HALF_STEP", 0.0)
    agree, gap = checks.engines_agree(in_months)
    assert not agree
    assert gap > 1e-3


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_rows_and_spells_are_two_views_of_one_exposure(name: str) -> None:
    prepared = primary(name)
    fit = cox_ph(
        prepared.rows,
        [prepared.column],
        start="start",
        stop="stop",
        event="event",
        strata=list(prepared.strata),
    )
    estimate = rerandomized(
        inputs(name),
        prepared,
        inputs(name).spec.exposure,
        estimate_id="test",
        role=Role.PRIMARY,
        draws=199,
        level=0.95,
    )
    found = risk_set_rerandomization(lay_out(inputs(name), prepared), draws=199, level=0.95, seed=1)
    assert math.log(estimate.estimate) == pytest.approx(float(fit.params.iloc[0]), abs=SAME_MAXIMUM)
    assert found.n_exposed_events == estimate.exposed_events
    assert found.n_exposed_units == estimate.exposed_units
    assert found.n_events == estimate.n_events


def test_nobody_is_exposed_before_the_lag_or_without_an_arrival() -> None:
    prepared = primary("h1")
    design = lay_out(inputs("h1"), prepared)
    assert np.all(design.on - design.assigned == 183)
    assert np.all(design.assigned > design.origin[design.unit])


def test_a_cohort_of_first_deployments_holds_nobody_with_troops_at_onset() -> None:
    rows = primary("h1").rows
    assert (rows.loc[rows["start"] == 0, primary("h1").column] == 0).all()
    attrition = primary("h1").attrition
    assert attrition["n_units"].iloc[0] == 620
    assert attrition["n_units"].iloc[1] == 523
    assert attrition["n_units"].iloc[-1] == rows["unit_id"].nunique()
    assert (attrition["n_units"].diff().iloc[1:] == -attrition["dropped"].iloc[1:]).all()


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_the_primary_is_calibrated_under_random_exposure(name: str) -> None:
    found = DESIGNS["time_varying"].calibrate(inputs(name), primary(name), 200, 0)
    low, high = inputs(name).study.calibration_bounds
    assert low <= found.rejection_rate <= high


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_two_routes_to_the_expected_exposed_ends_agree(name: str) -> None:
    made, exposure = inputs(name), inputs(name).spec.exposure
    redrawn = get("time_varying").estimate(
        made, primary(name), exposure, estimate_id="", role=Role.PRIMARY, level=0.95, draws=40
    )
    counted = Comparison.of(primary(name), "gwno_host").expected()
    assert redrawn.expected_events == pytest.approx(counted, rel=1e-9)


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_ever_exposed_rejects_nearly_always_under_random_exposure(name: str) -> None:
    assert DESIGNS["time_varying"].calibrate_biased(inputs(name), 200) > 0.95


def test_every_design_has_all_that_the_protocol_asks() -> None:
    """A decorator cannot see a missing attribute; a run would only where it is asked for."""
    asked = {*Design.__annotations__, *(n for n, v in vars(Design).items() if callable(v))}
    asked = {name for name in asked if not name.startswith("_")}
    assert {"counts", "estimand", "unit"} <= asked
    for name, one in DESIGNS.items():
        assert {a for a in asked if not hasattr(one, a)} == set(), name


@pytest.mark.parametrize(
    ("design", "outcome", "noun"),
    [
        ("time_varying", "episode_end", "exposed termination"),
        ("time_varying", "lull_6m", "exposed outcome"),
        ("recurrence", "recurrence", "exposed recurrence"),
        ("months_at_war", "months_at_war_36", "act with a complete window"),
        ("monthly_violence", "deaths_in_host_by_month", "arrival"),
    ],
)
def test_an_exposed_outcome_is_named_for_what_happens(design: str, outcome: str, noun: str) -> None:
    assert exposed_outcome({"design": design, "outcome": outcome}) == noun


def test_what_is_laid_out_knows_what_its_ratio_is_of() -> None:
    given = inputs("h1")
    assert prepare(given, given.spec.exposure).estimand == "hazard_ratio"
    lull = prepare(given, given.spec.exposure, outcome="lull_6m")
    assert lull.estimand == Comparison.of(lull, "gwno_host").estimand == "hazard_ratio_of_outcome"


#: Ends of the cohort's wars whose kind is known, to the end of 2023.
KINDS_KNOWN = 429


def test_kinds_of_end_add_up_to_the_ends_that_have_a_kind() -> None:
    spec = inputs("h1").spec
    by_kind = sum(
        int(prepare(inputs("h1"), spec.exposure, outcome=kind).rows["event"].sum())
        for kind in spec.outcomes
    )
    units = primary("h1").units
    known = units["outcome"].notna() & ~units["outcome"].isin(["ongoing", "not_covered"])
    last_day = inputs("h1").extents["outcomes"].last_day
    covered = units["is_ended"].astype(bool) & (units["exit_date"] <= last_day)
    assert by_kind == int((known & covered).sum()) == KINDS_KNOWN


def test_without_an_effect_delay_costs_nothing_and_with_one_it_does() -> None:
    fit, prepared = fitted(inputs("h1"), primary("h1")), primary("h1")

    def cost(beta: float) -> float:
        held = held_at(fit, prepared.column, beta)
        late, early = (
            mean_months(inputs("h1"), prepared, held, from_month(inputs("h1"), m))[0]
            for m in (18, 6)
        )
        return late - early

    assert cost(0.0) == pytest.approx(0.0, abs=1e-9)
    assert cost(math.log(2)) > 0.5
    assert cost(-math.log(2)) < -0.5


def test_holding_the_estimate_changes_nothing() -> None:
    fit, prepared = fitted(inputs("h1"), primary("h1")), primary("h1")
    held = held_at(fit, prepared.column, float(fit.params[prepared.column]))
    path = from_month(inputs("h1"), 6)
    free = mean_months(inputs("h1"), prepared, fit, path)[0]
    assert mean_months(inputs("h1"), prepared, held, path)[0] == pytest.approx(free, abs=1e-9)


@pytest.mark.parametrize(
    ("ratio", "low", "high"), [(0.5, 0.25, 0.9), (1.0, 0.5, 2.0), (2.0, 1.1, 4.0)]
)
def test_a_veto_adds_months_where_its_ratio_is_below_one_and_the_limits_keep_their_order(
    ratio: float, low: float, high: float
) -> None:
    held = dataclasses.replace(ESTIMATE, estimate=ratio, ci_low=low, ci_high=high)
    context = Context(inputs("h2"), primary("h2"), inputs("h2").study.draws("quick"))
    [found] = PARTS["months_of_a_veto"].function(context, held).estimates
    assert found.ci_low < found.estimate < found.ci_high
    if ratio == 1:
        assert found.estimate == pytest.approx(0.0, abs=1e-9)
    else:
        assert (found.estimate > 0) == (ratio < 1)
        assert found.ci_low > 0 or found.ci_high < 0  # as the ratio's interval leaves out one
    assert abs(found.estimate) < 12 and math.isnan(found.p_value)


ESTIMATE = Estimate(
    estimate_id="x",
    hypothesis="h1",
    role="falsification",
    label="",
    measure="",
    lag_months=0,
    estimand="hazard_ratio",
    estimate=1.0,
    ci_low=0.9,
    ci_high=1.1,
    level=0.95,
    p_value=1.0,
    std_error=0.1,
    inference="",
    nobs=1,
    n_units=1,
    n_events=1,
    n_clusters=1,
    exposed_units=1,
    exposed_events=1,
    exposed_clusters=1,
    mde_low=0.85,
    mde_high=1.2,
)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "passed"),
        ({"ci_low": 1.05, "ci_high": 2.0, "estimate": 1.5}, "failed"),
        ({"mde_high": 2.5}, "uninformative"),
        ({"mde_high": 2.5, "ci_low": 1.05, "ci_high": 9.0}, "failed"),
        ({"ci_low": math.nan, "ci_high": math.nan, "mde_high": math.nan}, "uninformative"),
    ],
)
def test_a_placebo_is_passed_failed_or_uninformative(
    change: dict[str, float], outcome: str
) -> None:
    """It is informative if it could have detected what the primary could, whatever that is."""
    primary = dataclasses.replace(ESTIMATE, mde_high=2.0)
    assert judge(dataclasses.replace(ESTIMATE, **change), primary) == outcome
    blind = dataclasses.replace(ESTIMATE, mde_high=math.nan)
    if outcome != "failed":
        assert judge(dataclasses.replace(ESTIMATE, **change), blind) == "uninformative"


def test_salience_ignores_everything_after_onset() -> None:
    """Every year that a tie rests on lies before the episode's first year."""
    ties = linked().ties.merge(linked().episodes[["episode_id", "onset_year"]], on="episode_id")
    for column in ("pact_year", "trade_year", "ideal_point_year", "us_troops_year"):
        known = ties[ties[column].notna()]
        assert (known[column] < known["onset_year"]).all()


def test_a_power_has_no_tie_to_itself() -> None:
    from collsec.measures.interest import tie_strength

    ties = linked().ties
    own = ties[ties["is_host_itself"].astype(bool)]
    assert len(own) > 0
    assert tie_strength(ties).loc[own.index].isna().all()


def test_an_inference_seed_belongs_to_its_estimate() -> None:
    from collsec.designs.time_varying import seed_for

    assert seed_for(1, "h1.primary") == seed_for(1, "h1.primary")
    others = {seed_for(1, "h1.primary"), seed_for(1, "h2.primary"), seed_for(2, "h1.primary")}
    assert len(others) == 3


def test_specs_are_plain_json() -> None:
    for name in ("h1", "h2", "h3"):
        plain = inputs(name).spec.normalized()
        assert json.loads(json.dumps(plain)) == plain
