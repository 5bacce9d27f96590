"""What the modules beside the pages measure, by hand."""

from __future__ import annotations

import functools
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from collsec import Hypothesis
from collsec.designs import DESIGNS, Inputs
from collsec.hypothesis.validation import load
from collsec.measures import get
from riskset.regression.two_way_poisson import fit_with_controls
from study import PROJECT, known, study_inputs


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name, known()))


def days(*texts: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(text) for text in texts]


def test_sanctions_without_force_end_when_troops_come() -> None:
    inputs("h10")
    sanctions = pd.DataFrame(
        {
            "conflict_id": [1, 1],
            "known_from": days("2000-01-01", "2005-01-01"),
            "sanctions_in_force": [1, 0],
        }
    )
    deployment = pd.DataFrame(
        {
            "conflict_id": [1, 1, 2],
            "known_from": days("2001-01-01", "2002-01-01", "2000-01-01"),
            "peacekeepers": [1, 0, 1],
        }
    )
    found = get("sanctions_without_force").function(sanctions, deployment)
    assert found["on_date"].tolist() == days("2000-01-01", "2002-01-01")
    assert found["off_date"].tolist() == days("2001-01-01", "2005-01-01")


def test_the_first_act_is_one_during_the_war() -> None:
    inputs("h11")
    council = pd.DataFrame(
        {
            "conflict_id": [1, 1, 2],
            "known_from": days("1999-01-01", "2000-06-01", "2010-01-01"),
            "acts": [1, 2, 1],
        }
    )
    wars = pd.DataFrame(
        {
            "unit_id": ["1-1", "2-1"],
            "conflict_id": [1, 2],
            "onset_date": days("2000-01-01", "2000-01-01"),
            "exit_date": days("2001-01-01", "2001-01-01"),
        }
    )
    found = get("first_act").function(wars, council)
    assert found["exit_date"].tolist() == days("2000-06-01", "2001-01-01")
    assert found["is_event"].tolist() == [True, False]


def test_nuclear_parties_and_patrons_are_those_before_onset() -> None:
    prepared = DESIGNS["first_act_by_covariate"].prepare(inputs("h11"), inputs("h11").spec.exposure)
    units = prepared.units.set_index("unit_id")
    episodes = inputs("h11").episodes.set_index("episode_id")
    # Nobody had nuclear weapons before 16 July 1945; all wars begin later, some in 1946.
    assert set(units["nuclear_party_or_patron"].unique()) == {0.0, 1.0}
    russia = episodes[(episodes["gwno_host"] == 365) & (episodes["onset_year"] > 1950)].index
    own = units.index.intersection(russia)
    assert len(own) and (units.loc[own, "nuclear_party_or_patron"] == 1).all()


def test_a_war_passes_a_thousand_deaths_on_the_first_day_of_the_month() -> None:
    inputs("h12")
    ends = pd.date_range("2000-01-31", periods=4, freq="ME")
    violence = pd.DataFrame(
        {
            "gwno_host": 1,
            "from_date": ends,
            "known_from": ends,
            "deaths_in_month": [400.0, 500.0, 100.0, 9.0],
        }
    )
    war = pd.DataFrame(
        {
            "gwno_host": [1, 1, 2, 1],
            "onset_date": days("2000-01-10", "2000-02-10", "2000-01-10", "2000-01-10"),
            "exit_date": days("2003-01-01", "2003-01-01", "2003-01-01", "2000-02-20"),
        }
    )
    found = get("passes_1000_deaths").function(war, violence)
    assert found["is_event"].tolist() == [True, False, False, False]
    ends = days("2000-03-01", "2000-04-30", "2000-01-09", "2000-02-20")
    assert found["exit_date"].tolist() == ends
    # An act on 2 March, or on the 1st (it counts from the 2nd), is none before the event.
    violence["deaths_in_month"] = [1000.0, 1.0, 1.0, 1.0]
    at_once = get("passes_1000_deaths").function(war[:1], violence)
    assert at_once["exit_date"].tolist() == days("2000-01-09")


def test_no_exposed_event_of_the_study_has_its_act_in_the_month_of_the_event() -> None:
    own = inputs("h12")
    prepared = DESIGNS["time_varying"].prepare(own, own.spec.exposure)
    passed = prepared.outcome["is_event"].to_numpy(bool)
    month = prepared.outcome["exit_date"].dt.to_period("M").to_numpy()
    zero = prepared.units["time_zero"]
    acts = prepared.spells
    counted = 0
    for unit, day in zip(acts.unit, acts.on, strict=True):
        begins = zero.iloc[unit] + pd.Timedelta(days=float(day))
        if passed[unit] and begins < prepared.outcome["exit_date"].iloc[unit]:
            counted += 1
            assert begins.to_period("M") < month[unit]
    assert counted >= 5


def test_deaths_before_a_month_are_those_since_onset_up_to_its_eve() -> None:
    inputs("h12")
    module = sys.modules[get("passes_1000_deaths").function.__module__]
    ends = pd.date_range("2000-01-31", periods=4, freq="ME")
    violence = pd.DataFrame(
        {"gwno_host": 1, "from_date": ends, "deaths_in_month": [4.0, None, 10.0, 9.0]}
    )
    january = 2000 * 12
    hosts = np.array([[1, 1, 7]])
    since = np.array([[january, january + 1, january]])
    until = np.array([[january + 3], [january + 1]])
    found = module.deaths_before(hosts, since, until, violence)
    # January to March, and February to March; until the eve of February: January, and nothing.
    assert found.tolist() == [[14.0, 10.0, 0.0], [4.0, 0.0, 0.0]]


def test_an_act_is_weighted_by_the_deaths_before_its_month() -> None:
    own = inputs("h12")
    module = sys.modules[get("passes_1000_deaths").function.__module__]
    prepared = DESIGNS["time_varying"].prepare(own, own.spec.exposure)
    months = module.history(own, prepared)
    assert months["event"].sum() == 70 and months["arrives"].sum() >= 9
    first = months[months["month"] == 1]
    # Nothing has been counted before the first month of a war.
    assert (first["log_deaths_so_far"] == 0).all() and (first["log_deaths_last_month"] == 0).all()
    # A war ends its follow-up in the month in which it passes a thousand: fewer before.
    assert np.expm1(months["log_deaths_so_far"]).max() < 1000
    rising = months.groupby("unit")["log_deaths_so_far"].diff().dropna()
    assert (rising >= 0).all()


def test_troops_are_means_over_the_months_of_each_operation() -> None:
    inputs("h13")
    contributors = pd.DataFrame(
        {
            "mission_id": ["a", "a", "a", "b"],
            "month": days("2000-01-31", "2000-02-29", "2000-01-31", "2000-05-31"),
            "gwno": [10, 10, 2, 10],
            "mapped_troops": [100, 200, 50, 30],
        }
    )
    members = pd.DataFrame({"gwno": [2, 10], "year": [2000, 2000], "is_permanent": [True, False]})
    found = get("troops_given").function(contributors, members)
    assert found.to_dict(orient="records") == [{"unit_id": 10, "period": 2000, "count": 180.0}]
    seat = get("elected_seat").function(contributors, members)
    assert seat["exposure"].tolist() == [1.0]


@pytest.mark.parametrize(("name", "fewest"), [("h13", 80), ("h14", 90), ("h16", 5)])
def test_panels_have_one_cell_per_unit_and_period(name: str, fewest: int) -> None:
    rows, _ = DESIGNS["panel_counts"].panel(inputs(name))
    assert not rows.duplicated(["unit_id", "start"]).any()
    assert rows["unit_id"].nunique() >= fewest and rows["count"].min() >= 0


def test_a_victory_counts_for_the_five_years_after_it() -> None:
    inputs("h17")
    disputes = pd.DataFrame(
        {
            "start_date": days("1990-01-01", "1991-05-01", "2000-01-01"),
            "end_date": days("1990-06-01", "1992-05-01", "2000-02-01"),
            "gwno_initiators": ["1", "2", "1"],
            "dispute_outcome": ["victory_a", "stalemate", "yield_a"],
        }
    )
    found = get("recent_victory").function(disputes)
    years = found[(found["unit_id"] == 1) & (found["exposure"] > 0)]["period"].tolist()
    assert years == [1995]  # the grid begins five years after the first dispute
    assert found.loc[found["unit_id"] == 2, "exposure"].sum() == 0


def test_support_is_counted_by_war_and_member_that_is_no_party() -> None:
    wars = pd.DataFrame(
        {
            "episode_id": ["1-1", "2-1", "3-1", "4-1"],
            "onset_date": days("1990-01-01", "2000-01-01", "1960-01-01", "1995-01-01"),
            "type_at_onset": ["intrastate", "internationalized", "intrastate", "interstate"],
        }
    )
    no, yes = False, True
    ties = pd.DataFrame(
        [
            ("1-1", "usa", yes, yes, no, no, yes),
            ("1-1", "usa", yes, yes, no, no, no),  # a second host: a pact with either counts
            ("1-1", "france", yes, yes, no, no, no),
            ("1-1", "russia", yes, yes, no, yes, yes),  # a party at onset
            ("1-1", "china", yes, yes, yes, no, no),  # the host itself
            ("1-1", "germany", no, yes, no, no, yes),  # no permanent member
            ("2-1", "uk", yes, yes, no, no, no),
            ("2-1", "china", yes, no, no, no, no),  # pacts are not on record
            ("3-1", "usa", yes, yes, no, no, yes),  # before support is on record
            ("4-1", "usa", yes, yes, no, no, yes),  # between states
        ],
        columns=[
            *("episode_id", "power", "is_p5", "has_pact_coverage"),
            *("is_host_itself", "is_belligerent", "has_defense_pact"),
        ],
    )
    support = pd.DataFrame(
        [
            ("1-1", "usa", "government", yes, no),
            ("1-1", "france", "rebels", yes, no),  # the other side
            ("2-1", "uk", "government", no, no),
            ("1-1", "france", "government", no, yes),  # alleged alone
        ],
        columns=["episode_id", "power", "side", "has_own_troops", "is_alleged_only"],
    )
    module = Hypothesis.from_file(PROJECT.root / "analyses" / "h11" / "h11-first-act.qmd").module(
        "first_act"
    )
    found = module.supported(wars, ties, support).set_index(["episode_id", "power"])
    assert found.index.tolist() == [("1-1", "france"), ("1-1", "usa"), ("2-1", "uk")]
    assert found["has_defense_pact"].tolist() == [no, yes, no]
    assert found["sent_troops"].tolist() == [no, yes, no]
    assert found["gave_support"].tolist() == [no, yes, yes]


def test_a_war_is_exposed_by_the_first_weapons_that_there_are() -> None:
    """Of weapons in 1990 those of 2 and 750 count; 710 is a member, and has none on record."""
    inputs("h11")
    module = sys.modules[get("nuclear_party").function.__module__]
    wars = pd.DataFrame(
        {
            "unit_id": list("abcdef"),
            "onset_date": days(*["1990-01-01"] * 6),
            "gwno_a": ["2;5", "750", "5", "5", "5", "5"],
            "gwno_b": ["6", "2", "6", None, "6", "710"],
        }
    )
    pacts = [("c", 2, True), ("c", 750, False), ("d", 750, False), ("e", 710, True)]
    ties = pd.DataFrame(pacts, columns=["episode_id", "gwno_power", "is_p5"])
    ties = pd.concat([ties, pd.DataFrame([("f", 2, True)], columns=ties.columns)])
    ties = ties.assign(has_defense_pact=[True] * 4 + [False])
    weapons = pd.DataFrame(
        {
            "gwno": [2, 750, 710],
            "from_date": days("1945-07-16", "1974-05-18", "1990-06-01"),
            "to_date": [pd.NaT] * 3,
        }
    )
    found = module.whose_weapons(wars, ties, weapons)
    assert found["whose"].tolist() == [
        "member_fights",
        "member_fights",
        "member_pact",
        "other_pact",
        "nobody",
        "nobody",
    ]
    assert found["members"].tolist() == [set(), set(), {2}, set(), set(), set()]
    assert found["has_member"].tolist() == [True, True, True, False, True, True]


def test_disputes_of_the_year_before_are_held_fixed_where_acts_are_turned() -> None:
    inputs("h16")
    module = sys.modules[get("disputes_begun").function.__module__]
    panel = DESIGNS["panel_counts"].prepare(inputs("h16"), inputs("h16").spec.exposure)
    before = module.year_before(panel)
    assert np.isnan(before[:, 0]).all()
    assert np.expm1(before[:, 1:]) == pytest.approx(panel.counts[:, :-1])
    kept = replace(panel, counts=np.where(np.isnan(before), np.nan, panel.counts))
    fit = fit_with_controls(kept.cells, before[None])
    # Freed of its own estimate the path as it is has no score left; freed of nothing it has one.
    rest = module.shifted_scores(kept, before, fit.estimate)[:, 0].sum()
    assert abs(rest) < abs(module.shifted_scores(kept, before, 0.0)[:, 0].sum()) / 10
    # A path turned by two years has its exposure two years later.
    turned = replace(kept, exposure=np.roll(kept.exposure, 2, axis=1))
    assert module.shifted_scores(turned, before, 0.0)[:, 0] == pytest.approx(
        module.shifted_scores(kept, before, 0.0)[:, 2]
    )


def test_the_clock_runs_from_the_latest_agreement_before_troops() -> None:
    inputs("h18")
    module = sys.modules[type(DESIGNS["from_agreement"]).__module__]
    wars = pd.DataFrame(
        {
            "unit_id": ["a", "b", "c"],
            "conflict_id": [1, 2, 3],
            "onset_date": days(*["1990-01-01"] * 3),
            "exit_date": days("2000-01-01", "2001-01-01", "2030-01-01"),
            "is_ended": [True, True, True],
        }
    )
    signed = pd.DataFrame(
        {
            "conflict_id": [1, 1, 1, 2, 3, 3],
            "from_date": days(
                "1992-01-01", "1995-01-01", "1997-01-01", "2001-01-01", "2010-01-01", "2012-01-01"
            ),
        }
    )
    # Troops come to war a after its second agreement, to war c before its first.
    arrivals = pd.Series({"a": days("1996-01-01")[0], "c": days("2009-01-01")[0]})
    last = pd.Timestamp("2021-12-31")
    found = module.since_latest(wars, signed, arrivals, last).set_index("unit_id")
    assert found.index.tolist() == ["a@0", "a@1", "c@0"]
    # Not set back by the agreement after troops, and none on the day of the end.
    assert found["time_zero"].tolist() == days("1992-01-01", "1995-01-01", "2010-01-01")
    assert found["exit_date"].tolist() == [*days("1995-01-01", "2000-01-01"), last]
    assert found["is_ended"].tolist() == [False, True, False]
    never = arrivals.mask(arrivals.notna())
    every = module.since_latest(wars, signed, never, last).set_index("unit_id")
    assert every.index.tolist() == ["a@0", "a@1", "a@2", "c@0", "c@1"]
    assert every["is_ended"].tolist() == [False, False, True, False, False]
