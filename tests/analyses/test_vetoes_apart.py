"""Vetoes by class and state, vetoes on no war, hidden vetoes, and halves of salience."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.divergence import divergence_interaction
from collsec_page.h2.casters import SALIENCE, salience_interaction
from collsec_page.h2.negative_controls import (
    calendar_placebo,
    calendar_rows,
    number_on,
    usual_count,
)
from collsec_page.h2.vetoes import BY_CLASS, BY_STATE, by_action_class

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.comparison import Comparison, too_few_exposed
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.parts import Context
from collsec.designs.registry import get
from collsec.designs.split_exposure import split_by
from collsec.histories.panels import clock, exposure_column, unit_spells
from collsec.hypothesis.validation import load
from collsec.measures.interest import divergence_index, salience_index
from study import PROJECT, linked, raw_tables, study_inputs, texts_of

DAY = pd.Timestamp


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


@functools.cache
def primary(name: str) -> Prepared:
    return prepare(inputs(name), inputs(name).spec.exposure)


def context(name: str) -> Context:
    from test_draft_votes import context as any_context

    draws = dataclasses.replace(inputs(name).study.draws("quick"), rerandomization_draws=399)
    return dataclasses.replace(
        any_context(), inputs=inputs(name), prepared=primary(name), draws=draws
    )


def test_every_veto_counts_in_exactly_one_class_and_for_each_state_that_cast_it() -> None:
    made = by_action_class(context("h2"))
    by_measure = {e.measure: e for e in made.estimates}
    assert set(by_measure) == {*BY_CLASS, *BY_STATE}
    for name, estimate in by_measure.items():
        alone = prepare(inputs("h2"), dataclasses.replace(inputs("h2").spec.exposure, measure=name))
        assert (
            estimate.exposed_events == Comparison.of(alone, "gwno_host").counts()["exposed_events"]
        )
        assert math.isnan(estimate.estimate) == estimate.note.startswith("Not estimable")


def test_three_ends_in_three_clusters_are_the_least() -> None:
    counts = {"exposed_events": 3, "exposed_clusters": 3}
    assert too_few_exposed(counts) == ""
    assert too_few_exposed(counts | {"exposed_events": 2}).startswith("exposed terminations 2,")
    assert too_few_exposed(counts | {"exposed_clusters": 2})


# vetoes on no war ----------------------------------------------------------------------------


def test_a_negative_control_concerns_no_conflict() -> None:
    dates = linked().vetoes_on_no_war["date"]
    vetoes = raw_tables()["vetoes"].set_index("veto_id")
    subject = vetoes["subject_class"].isin(["admission", "secretary_general", "thematic"])
    assert 60 < len(dates) <= int(subject.sum())
    assert dates.is_monotonic_increasing


def test_spells_that_begin_on_a_day_hold_just_after_it() -> None:
    on, off = np.array([10, 20]), np.array([30, 40])
    days = np.array([9, 10, 19, 20, 29, 30, 39, 40])
    assert number_on(days, on, off).tolist() == [0, 1, 1, 2, 2, 1, 1, 0]
    # 10 days with one, 10 with two, 10 with one.
    assert usual_count(on, off) == 1


def test_rows_are_cut_at_each_veto_and_each_year() -> None:
    units = pd.DataFrame(
        {
            "unit_id": ["1-1"],
            "conflict_id": [1],
            "gwno_host": [1],
            "type_group": ["intrastate"],
            "time_zero": [DAY("2000-06-01")],
            "exit_date": [DAY("2001-03-01")],
        }
    )
    outcome = pd.DataFrame({"exit_date": [DAY("2001-03-01")], "is_event": [True]})
    of = dataclasses.replace(primary("h2"), units=units, outcome=outcome)
    rows = calendar_rows(of, pd.Series([DAY("2000-07-01"), DAY("2000-07-01"), DAY("1999-08-01")]))
    #  to 1 July: one veto; to 1 August: three; to the year's end: two; to the end of the war: two
    assert rows["stop"].tolist() == [30, 61, 213, 273]
    count = [1, 3, 2, 2]
    assert rows["controls"].to_numpy() == pytest.approx(np.log1p(count) / rows_unit(rows, count))
    assert rows["calendar_year"].tolist() == [2000, 2000, 2000, 2001]
    assert rows["event"].tolist() == [False, False, False, True]


def rows_unit(rows: pd.DataFrame, count: list[int]) -> float:
    """What one unit of the scale stands for, from the first row."""
    return float(np.log1p(count[0]) / rows["controls"].iloc[0])


def test_the_placebo_follows_every_war_of_the_primary_to_its_end() -> None:
    prepared = primary("h2")
    rows = calendar_rows(prepared, linked().vetoes_on_no_war["date"])
    length = (rows["stop"] - rows["start"]).groupby(rows["unit_id"]).sum()
    exits = pd.Series(clock(prepared.units), index=prepared.units["unit_id"])
    assert length.sort_index().to_dict() == exits.sort_index().to_dict()
    assert rows["event"].sum() == prepared.rows["event"].sum()
    assert (rows["has_control"] == (rows["controls"] > 0)).all()


def test_the_placebo_is_the_same_for_all_wars_of_a_day() -> None:
    rows = calendar_rows(primary("h2"), linked().vetoes_on_no_war["date"])
    zero = primary("h2").units.set_index("unit_id")["time_zero"]
    rows["begins"] = rows["unit_id"].map(zero) + pd.to_timedelta(rows["start"], unit="D")
    spread = rows.groupby("begins")["controls"].agg(["min", "max"])
    assert (spread["min"] == spread["max"]).all()


def test_each_placebo_is_judged() -> None:
    exposure, made = inputs("h2").spec.exposure, inputs("h2")
    sandwich = dataclasses.replace(exposure, inference="cluster_sandwich")
    beside = get("time_varying").estimate(
        made, primary("h2"), sandwich, estimate_id="", role=Role.PRIMARY, level=0.95, draws=0
    )
    made = calendar_placebo(context("h2"), beside)
    assert len(made.estimates) == 3
    assert {e.role for e in made.estimates} == {"falsification"}
    record = made.records["calendar_placebo"]
    assert isinstance(record, dict)
    assert set(record["outcomes"].values()) <= {"passed", "failed", "uninformative"}


# halves of salience --------------------------------------------------------------------------


def test_a_part_of_a_cohort_is_what_laying_it_out_alone_gives() -> None:
    prepared = primary("h1")
    kept = np.arange(len(prepared.units)) % 2 == 0
    units = prepared.units.loc[kept, "unit_id"]
    half = prepared.only(lambda frame: frame["unit_id"].isin(units))
    assert len(half.units) == kept.sum()
    assert half.spells is not None

    calendar = inputs("h1").calendar("un_troops")
    again = unit_spells(half.units, calendar, 6)
    for field in ("unit", "assigned", "on", "off"):
        assert getattr(half.spells, field).tolist() == getattr(again, field).tolist()
    column = exposure_column("un_troops", 6)
    assert half.column == column
    assert set(half.rows["unit_id"]) <= set(half.units["unit_id"])


def test_two_halves_hold_the_cohort_whose_salience_is_known() -> None:
    made = salience_interaction(context("h1"))
    high, low, ratio = made.estimates
    known = salience_index(inputs("h1").ties).reindex(primary("h1").units["episode_id"]).notna()
    assert low.n_units + high.n_units == ratio.n_units == int(known.sum())
    assert abs(low.n_units - high.n_units) <= 1
    assert low.exposed_events + high.exposed_events == ratio.exposed_events
    assert {e.validity for e in made.estimates} == {"plausible"}
    assert all("exploratory" in e.label for e in made.estimates)


def test_divergence_splits_the_cohort_as_salience_does_under_names_of_its_own() -> None:
    made = divergence_interaction(context("h1"))
    high, low, ratio = made.estimates
    known = divergence_index(inputs("h1").ties).reindex(primary("h1").units["episode_id"]).notna()
    assert low.n_units + high.n_units == ratio.n_units == int(known.sum())
    assert [e.estimate_id for e in made.estimates] == [
        f"h1.divergence_interaction.{kind}" for kind in ("high", "low", "ratio")
    ]
    assert all("divergence" in e.label and "exploratory" in e.label for e in made.estimates)
    assert texts_of("divergence_interaction", made)["divergence_interaction.high.ends"] == str(
        high.exposed_events
    )


def test_a_half_without_ends_gives_no_ratio() -> None:
    made = salience_interaction(context("h2"))
    _, low, ratio = made.estimates
    assert low.exposed_events < 3
    assert math.isnan(low.estimate)
    assert math.isnan(ratio.estimate)
    assert ratio.note.startswith("Not estimable")


def test_each_half_is_compared_with_its_own_wars_only() -> None:
    """The upper half's ratio is that of a Cox model fitted to the upper half alone."""
    from collsec.designs.time_varying import lay_out
    from riskset import cox_ph
    from riskset.inference import rerandomized_pair

    prepared = SALIENCE.of(primary("h1"), salience_index(inputs("h1").ties))
    is_high = np.r_[prepared.units["is_above_median"].to_numpy(bool), False]
    design = lay_out(inputs("h1"), prepared)
    found = rerandomized_pair(
        design, split_by(design, lambda unit: is_high[unit]), draws=19, level=0.9, seed=1
    )
    for kind, value in (("first", 1), ("second", 0)):
        own = prepared.rows[prepared.rows["is_above_median"] == value]
        alone = cox_ph(
            own,
            [prepared.column],
            start="start",
            stop="stop",
            event="event",
            strata=list(primary("h1").strata),
        )
        assert found[kind].estimate == pytest.approx(float(alone.params.iloc[0]), abs=1e-5)
    assert found["ratio"].estimate == pytest.approx(
        found["first"].estimate - found["second"].estimate, abs=1e-6
    )
