"""Vetoes by the age of the war and at onset; ties per power: numbers by a second route."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from collsec_page.h2 import war_age
from collsec_page.h2.exchanged_votes import compared, followed, vote_days
from collsec_page.h3 import powers

from collsec.designs import Inputs
from collsec.designs.comparison import Comparison
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.parts import Context
from collsec.designs.split_exposure import by_clock, rows_of, split_by_clock
from collsec.designs.time_varying import lay_out
from collsec.histories.cohorts.votes import ADJUSTMENT, votes_on_wars
from collsec.hypothesis.validation import load
from collsec.measures.interest import COMPONENTS, P5
from riskset import cox_ph
from study import PROJECT, study_inputs

CoxByR = Callable[..., "pd.Series[float]"]


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


@functools.cache
def primary(name: str) -> Prepared:
    return prepare(inputs(name), inputs(name).spec.exposure)


def context(name: str) -> Context:
    return Context(inputs(name), primary(name), inputs(name).study.draws("quick"))


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_r_gives_the_ratio_that_leads_the_page(name: str, cox_by_r: CoxByR) -> None:
    prepared = primary(name)
    own = Comparison.of(prepared, "gwno_host").fit()
    found = cox_by_r(prepared.rows, [prepared.column], prepared.strata, "gwno_host")
    assert float(own.params.iloc[0]) == pytest.approx(found["x1"], abs=1e-6)


def test_r_gives_the_primary_of_the_ties(cox_by_r: CoxByR) -> None:
    prepared = primary("h3")
    names = [prepared.column, *prepared.adjustment]
    own = Comparison.of(prepared, "gwno_host").fit()
    found = cox_by_r(prepared.rows, names, prepared.strata, "gwno_host")
    assert float(own.params[prepared.column]) == pytest.approx(found["x1"], abs=1e-6)


def test_r_gives_the_next_act_within_the_same_war(cox_by_r: CoxByR) -> None:
    made = inputs("h2")
    votes = votes_on_wars(
        made.episodes, made.acts, made.timelines["council"], made.extents, made.spec.cohort.types
    )
    days = vote_days(votes, votes["is_blocked"] == 0, made.extents["resolutions"].last_day)
    rows = followed(days, days["kind"].to_numpy(str))
    own = compared(rows).fit()
    found = cox_by_r(rows, ["is_blocked", *ADJUSTMENT], ["episode_id"], "conflict_id")
    assert float(own.params["is_blocked"]) == pytest.approx(found["x1"], abs=1e-6)


# the age of the war ----------------------------------------------------------------------------


def test_both_ages_are_those_of_two_separate_models() -> None:
    """Risk sets are of one age, so follow-up cut at the age gives the same two ratios."""
    prepared = primary("h2")
    halves = by_clock(prepared, "veto_12m", 12)
    rows = rows_of(prepared, halves)
    strata = list(prepared.strata)
    known = {"start": "start", "stop": "stop", "event": "event", "strata": strata}
    both = cox_ph(rows, ["first", "second"], **known).params
    cut = 12 * 30.4375
    young = prepared.rows.assign(
        stop=prepared.rows["stop"].clip(upper=cut),
        event=prepared.rows["event"] & (prepared.rows["stop"] <= cut),
    )
    old = prepared.rows.assign(start=prepared.rows["start"].clip(lower=cut))
    for name, own in (("first", young), ("second", old)):
        alone = cox_ph(own[own["start"] < own["stop"]], [prepared.column], **known).params
        assert float(both[name]) == pytest.approx(float(alone.iloc[0]), abs=1e-6)


def test_the_split_of_redrawn_exposures_adds_up() -> None:
    design = lay_out(inputs("h2"), primary("h2"))
    first, second = split_by_clock(design, 365.25)(design.unit[None, :])
    rows = rows_of(primary("h2"), by_clock(primary("h2"), "veto_12m", 12))
    assert first[1].sum() == (rows["event"] & (rows["first"] > 0)).sum()
    assert second[1].sum() == (rows["event"] & (rows["second"] > 0)).sum()


def test_vetoes_at_onset_are_listed_with_their_days() -> None:
    listed = war_age.at_onset(inputs("h2").acts, inputs("h2").episodes)
    places = {row["place"] for row in listed}
    assert any("Egypt" in place for place in places), "Suez"
    assert any("Panama" in place for place in places), "Panama"
    suez = next(row for row in listed if "Egypt" in row["place"] and "Israel" in row["place"])
    assert suez["cast_by"] == "United Kingdom, France"
    for row in listed:
        assert -365 <= row["days"] <= 7 and row["cast_by"]


# ties per power --------------------------------------------------------------------------------


def test_components_weigh_alike_and_troops_are_americas_own() -> None:
    ties = inputs("h3").ties
    episodes = primary("h3").units["episode_id"]
    strength = powers.amended(ties, episodes)
    over = ties["power"].isin(P5) & ties["episode_id"].isin(episodes)
    # By hand, for one row of another power and one of the United States.
    for power in ("france", "usa"):
        chosen = ties[over & (ties["power"] == power) & strength.notna()].iloc[5]
        scores = []
        for name in COMPONENTS:
            if name == "us_troops_rank" and power != "usa":
                continue
            column = ties[name].astype("Float64").astype(float)
            among = column[over & ((ties["power"] == "usa") | (name != "us_troops_rank"))]
            value = column[chosen.name]
            if not math.isnan(value):
                scores.append((value - among.mean()) / among.std(ddof=0))
        assert strength[chosen.name] == pytest.approx(np.mean(scores))
    changed = ties.assign(us_troops_rank=ties["us_troops_rank"].where(ties["power"] == "usa", 1.0))
    assert np.allclose(powers.amended(changed, episodes), strength, equal_nan=True)


def test_r_gives_the_ratio_of_each_power(cox_by_r: CoxByR) -> None:
    ties, prepared = inputs("h3").ties, primary("h3")
    strength = powers.amended(ties, prepared.units["episode_id"])
    for members in (("usa",), tuple(p for p in P5 if p != "usa"), ("russia",)):
        own = ties["power"].isin(members)
        index = strength[own].groupby(ties.loc[own, "episode_id"]).max()
        rows = powers.with_index(context("h3"), index)
        fit = powers.comparison(context("h3"), rows).fit()
        names = [powers.INDEX, *prepared.adjustment]
        found = cox_by_r(rows, names, prepared.strata, "gwno_host")
        assert float(fit.params[powers.INDEX]) == pytest.approx(found["x1"], abs=1e-6)


def test_every_war_has_one_strongest_tie_and_the_contrast_is_the_ratio_over_its_distance() -> None:
    part = powers.powers(context("h3"))
    wars = part.quantities["strongest.wars"].value
    assert sum(part.quantities[f"strongest.{p}"].value for p in P5) == wars
    by_id = {e.estimate_id: e for e in part.estimates}
    column = primary("h3").column
    values = primary("h3").units[column].to_numpy(float)
    distance = np.quantile(values, 0.9) - np.quantile(values, 0.1)
    beta = float(Comparison.of(primary("h3"), "gwno_host").fit().params[column])
    assert math.log(by_id["h3.contrast.primary"].estimate) == pytest.approx(beta * distance)
    assert 0 < part.quantities["equivalence.primary.p"].value < 1
