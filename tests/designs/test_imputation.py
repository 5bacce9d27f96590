"""The primary over several sets of dates, combined by Rubin's rules."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.date_imputation import date_imputation, redated
from collsec.designs.inputs import prepare
from collsec.designs.parts import Context, Part
from collsec.designs.registry import get
from collsec.hypothesis.validation import load
from for_all_tests import first
from riskset.inference import rubin_combine
from study import PROJECT, study_inputs, texts_of


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


def made(given: Inputs, draws: int) -> Part:
    prepared = prepare(given, given.spec.exposure)
    # Its interval enters nowhere: only identity, level and scale of the primary do.
    primary = sandwich_ratio(
        Comparison.of(prepared, given.spec.cluster),
        level=given.study.primary_level,
        power=given.study.power,
        **identity(given, given.spec.exposure, estimate_id="x", role=Role.PRIMARY),
    )
    profile = dataclasses.replace(given.study.draws("quick"), imputation_draws=draws)
    return date_imputation(Context(given, prepared, profile), primary)


@functools.cache
def real(name: str) -> Part:
    return made(inputs(name), 3)


@pytest.mark.parametrize("name", first("h1", "h2"))
def test_the_combination_is_rubins_over_the_estimates_of_each_draw(name: str) -> None:
    given, found = inputs(name), real(name).estimates[0]
    each = []
    for draw in range(3):
        moved = redated(given, draw)
        prepared = prepare(moved, given.spec.exposure)
        each.append(get("time_varying").without_draws(moved, prepared, given.study.primary_level))
    assert [e.estimate for e in each] == real(name).records["imputation"]["estimates"]
    pooled = rubin_combine(
        [math.log(e.estimate) for e in each],
        [e.std_error**2 for e in each],
        level=given.study.primary_level,
        complete_dof=min(e.n_clusters for e in each) - 1,
    )
    assert math.log(found.estimate) == pytest.approx(pooled.estimate)
    assert math.log(found.ci_high) == pytest.approx(pooled.ci_high)
    assert len({e.estimate for e in each}) == 3
    assert (found.role, found.estimate_id) == ("imputation", f"{name}.imputation")
    assert found.exposed_events == round(np.median([e.exposed_events for e in each]))


def test_where_every_day_is_known_nothing_is_added() -> None:
    given = inputs("h1")
    precise = given.episodes.assign(onset_precision="day", end_precision="day")
    missions = given.missions.copy()
    for column in [c for c in missions.columns if c.endswith("_precision")]:
        missions[column] = missions[column].mask(missions[column].notna(), "day")
    known = dataclasses.replace(given, episodes=precise, missions=missions)
    part = made(known, 2)
    prepared = prepare(known, known.spec.exposure)
    alone = get("time_varying").without_draws(known, prepared, 0.95)
    assert part.estimates[0].estimate == pytest.approx(alone.estimate)
    assert part.estimates[0].std_error == pytest.approx(alone.std_error)
    assert texts_of("date_imputation", part)["imputation.missing"] == "0 %"
    assert texts_of("date_imputation", part)["imputation.unknown_ends"] == "0"


def test_a_tie_before_onset_is_judged_by_the_jackknife_as_its_primary_is() -> None:
    found, record = real("h3").estimates[0], real("h3").records["imputation"]
    assert 0.8 < found.estimate < 1.5
    # Days move within the year of the onset alone: nobody enters or leaves the cohort.
    assert (
        found.n_units == prepare(inputs("h3"), inputs("h3").spec.exposure).rows["unit_id"].nunique()
    )
    assert 0 <= record["missing_information"] < 0.5
    assert record["unknown_onsets"] > 100


def test_draws_without_a_hazard_ratio_leave_the_counts_and_no_number() -> None:
    given = inputs("h1")
    nobody = given.missions.assign(sponsor="nobody")
    part = made(dataclasses.replace(given, missions=nobody), 2)
    assert math.isnan(part.estimates[0].estimate)
    assert part.estimates[0].note.startswith("Not estimable: in 2 of 2 draws")
    assert part.estimates[0].n_units > 400
    assert texts_of("date_imputation", part)["imputation.hr"] == "not estimable"
