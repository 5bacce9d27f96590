"""Cohorts of a few wars made by hand: who enters, at which step the others leave, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.cohorts import CLUSTERS, DAY_STRATA, RULES, STRATA, Cohort
from collsec.histories.cohorts.episodes import select, with_strata
from collsec.histories.cohorts.matched import MatchedSets, match, months_at_war
from collsec.histories.cohorts.peace import peace_after
from collsec.histories.cohorts.votes import first_of_each_war, followed_for, votes_on_wars
from collsec.histories.registry import Extent

DAY = pd.Timestamp

# Episodes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column", "values", "kept"),
    [
        ("onset_since_1989", "onset_year", [1988, 1989, 1990], [False, True, True]),
        ("more_than_one_day", "duration_days", [0.5, 1.0, 2.0], [False, True, True]),
        ("dates_known_to_the_month", "onset_precision", ["day", "month", "year"],
         [True, True, False]),
        ("no_p5_party", "has_p5_party", [True, False, False], [False, True, True]),
    ],
)  # fmt: skip
def test_a_rule_keeps_what_is_at_its_edge(
    name: str, column: str, values: list[object], kept: list[bool]
) -> None:
    assert RULES[name]({"episodes": pd.DataFrame({column: values})}).tolist() == kept


def test_troops_on_the_day_of_the_onset_had_not_been_there() -> None:
    episodes = rows(
        "gwno_host onset_date",
        (10, "2000-01-01"),
        (10, "2000-01-02"),
        (10, "2001-01-01"),
        (10, "2001-01-02"),
        (20, "2000-06-01"),
    )
    steps = rows("gwno_host known_from un_troops", (10, "2000-01-01", 1), (10, "2001-01-01", 0))
    found = RULES["no_un_troops_in_host_at_onset"]({"episodes": episodes, "host_deployment": steps})
    assert found.tolist() == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("name", "column", "values", "groups"),
    [
        ("region", "region", [1, 4], [1, 4]),
        (
            "period",
            "onset_year",
            [1946, 1959, 1960, 1974, 1975, 1989, 1990, 2004, 2005, 2024],
            [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
        ),
        ("earlier_episodes_group", "earlier_episodes", [0, 1, 2, 3, 9], [0, 1, 2, 2, 2]),
        (
            "type_group",
            "type_at_onset",
            ["intrastate", "internationalized", "interstate", "extrasystemic"],
            ["intrastate", "intrastate", "interstate", "extrasystemic"],
        ),
    ],
)
def test_a_stratum_groups_as_it_says(
    name: str, column: str, values: list[object], groups: list[object]
) -> None:
    found = STRATA[name]({"episodes": pd.DataFrame({column: values})})
    assert list(found) == groups


UNITS = rows(
    "episode_id conflict_id type_at_onset onset_year onset_date exit_date region "
    "earlier_episodes is_ended first_year last_year duration_days",
    ("3-1", 3, "interstate", 1995, "1995-01-01", "1996-01-01", 2, 0, True, 1995, 1996, 365.0),
    ("2-1", 2, "internationalized", 1988, "1988-01-01", "1989-12-31", 1, 3, True, 1988, 1989, 1.0),
    ("1-4", 1, "intrastate", 2006, "2006-05-01", "2010-12-31", 1, 3, False, 2006, 2010, 99.0),
    ("1-1", 1, "intrastate", 1950, "1950-01-01", "1951-12-31", 1, 0, True, 1950, 1951, 9.0),
)


def test_strata_stand_beside_the_units() -> None:
    found = with_strata(UNITS)
    assert told(found, "episode_id", "period", "earlier_episodes_group", "type_group") == [
        ("3-1", 4, 0, "interstate"),
        ("2-1", 3, 2, "intrastate"),
        ("1-4", 5, 2, "intrastate"),
        ("1-1", 1, 0, "intrastate"),
    ]
    assert CLUSTERS == ("gwno_host", "conflict_id")


def test_a_cohort_tells_at_which_step_episodes_leave() -> None:
    found = select(
        UNITS, {}, ["intrastate", "internationalized"], ["more_than_one_day", "onset_since_1989"]
    )
    assert told(found.attrition) == [
        ("all episodes", "every UCDP/PRIO episode 1950–2010", 4, 3, 0),
        ("type at onset", "intrastate, internationalized", 3, 2, 1),
        ("more than one day", "The episode lasted more than one day", 3, 2, 0),
        ("onset since 1989", "The episode began in 1989 or later", 1, 0, 2),
    ]
    assert list(found.attrition.columns) == ["step", "rule", "n_units", "n_events", "dropped"]
    both = select(UNITS, {}, ["intrastate", "interstate"], [])
    assert told(both.units, "unit_id", "time_zero") == [
        ("1-1", "1950-01-01"),
        ("1-4", "2006-05-01"),
        ("3-1", "1995-01-01"),
    ]
    assert both.units.index.tolist() == [0, 1, 2]
    assert list(both.units.columns) == [*UNITS.columns, "unit_id", "time_zero"]


def test_the_troops_of_a_step_are_the_un_s() -> None:
    steps = rows("gwno_host known_from un_troops", (3, "1990-01-01", 1))
    wars = UNITS.assign(gwno_host=UNITS["conflict_id"].astype("int64"))
    rule = "no_un_troops_in_host_at_onset"
    found = select(wars, {"host_deployment": steps}, ["intrastate", "interstate"], [rule])
    assert told(found.attrition)[-1] == (
        "no UN troops in host at onset",
        "UN troops were not yet in the host state when the episode began",
        2,
        1,
        1,
    )


# Peace ------------------------------------------------------------------------------------------


def test_peace_is_followed_from_twelve_months_after_the_end() -> None:
    wars = rows(
        "episode_id conflict_id type_at_onset onset_date exit_date is_ended last_year region "
        "earlier_episodes onset_year",
        ("1-3", 1, "intrastate", "1999-06-01", "2004-12-31", False, 2004, 1, 2, 1999),
        ("1-1", 1, "intrastate", "1990-01-01", "1991-05-01", True, 1991, 1, 0, 1990),
        ("1-2", 1, "intrastate", "1993-02-01", "1998-06-01", True, 1998, 1, 1, 1993),
        ("2-1", 2, "intrastate", "2001-01-01", "2003-12-31", True, 2003, 1, 3, 2001),
        ("3-1", 3, "intrastate", "2001-01-01", "2003-12-30", True, 2003, 1, 3, 2001),
        ("4-1", 4, "intrastate", "1980-01-01", "1980-06-01", True, 1980, 1, 0, 1980),
        ("4-2", 4, "interstate", "1982-01-01", "1982-06-01", True, 1982, 1, 1, 1982),
    )
    units = wars[wars["type_at_onset"] == "intrastate"]
    units = units.assign(unit_id=units["episode_id"], time_zero=units["onset_date"])
    before = rows("step rule n_units n_events dropped", ("type", "intrastate", 6, 5, 1))
    found = peace_after(Cohort(units, before), wars)
    # War 1-2 is followed by one that begins on its very landmark; peace after 2-1 has no day.
    columns = "unit_id end_date time_zero exit_date is_ended onset_year duration_days"
    assert told(found.units, *columns.split()) == [
        ("1-1", "1991-05-01", "1992-05-01", "1993-02-01", True, 1991, 276.0),
        ("3-1", "2003-12-30", "2004-12-30", "2004-12-31", False, 2003, 1.0),
        ("4-1", "1980-06-01", "1981-06-01", "1982-01-01", True, 1980, 214.0),
    ]
    assert told(found.units, "period", "earlier_episodes_group") == [(4, 0), (4, 2), (3, 0)]
    assert told(found.attrition) == [
        ("type", "intrastate", 6, 5, 1),
        ("the war ended", "Followed from the end of the war", 5, 3, 1),
        (
            "at peace after twelve months",
            "Neither resumed nor beyond the record by then: an end is a quiet calendar year",
            3,
            2,
            2,
        ),
    ]
    assert found.units.index.tolist() == [0, 1, 2]
    assert found.attrition.index.tolist() == [0, 1, 2]
    made = {"end_date", "duration_days", *STRATA}
    assert set(found.units.columns) == {*units.columns, *made}


def test_peace_is_followed_to_the_last_day_of_any_war() -> None:
    wars = UNITS.assign(
        unit_id=UNITS["episode_id"],
        time_zero=UNITS["onset_date"],
        exit_date=UNITS["exit_date"].where(UNITS["episode_id"] != "1-4", DAY("2011-03-01")),
    )
    before = rows("step rule n_units n_events dropped", ("all", "all", 4, 3, 0))
    found = peace_after(Cohort(wars[:1], before), wars)
    assert told(found.units, "exit_date", "is_ended") == [("2011-03-01", False)]
    found = peace_after(Cohort(UNITS.assign(unit_id=UNITS["episode_id"])[:1], before), UNITS)
    assert told(found.units, "exit_date", "is_ended") == [("2010-12-31", False)]


# Votes ------------------------------------------------------------------------------------------

EXTENTS = {
    "resolutions": Extent(DAY("1946-01-01"), DAY("2005-06-30")),
    "wars": Extent(DAY("1946-01-01"), DAY("2006-12-31")),
    "action_classes": Extent(DAY("1948-01-01"), DAY("2004-12-31")),
}
VOTED = rows(
    "episode_id conflict_id type_at_onset gwno_host region onset_date onset_year "
    "earlier_episodes exit_date is_ended",
    ("1-1", 1, "internationalized", 10, 1, "1989-12-01", 1989, 0, "1991-01-01", True),
    ("1-4", 1, "intrastate", 10, 1, "2000-01-01", 2000, 3, "2006-12-31", False),
    ("2-1", 2, "interstate", 20, 2, "2000-01-01", 2000, 0, "2006-12-31", False),
)


def votes(*values: tuple[object, ...]) -> pd.DataFrame:
    acts = rows("item_id conflict_id date act action_class basis confidence", *values)
    council = rows(
        "conflict_id known_from acts",
        (1, "1989-12-31", 1),
        (1, "1990-01-01", 2),
        (2, "1990-01-01", 9),
    )
    return votes_on_wars(VOTED, acts, council, EXTENTS, ["intrastate", "internationalized"])


def test_votes_fall_on_wars_from_their_first_day_to_the_day_before_their_last() -> None:
    found = votes(
        ("r3", 1, "1990-01-01", "resolution", "sanctions", "file", 2),
        ("v1", 1, "1989-12-01", "veto", "other", "file", 3),
        ("r0", 1, "1989-11-30", "resolution", None, "file", 3),
        ("r4", 1, "1990-12-31", "resolution", None, "file", 3),
        ("r5", 1, "1991-01-01", "resolution", None, "file", 3),
        ("v6", 1, "2005-06-30", "veto", "other", "file", 3),
        ("v7", 1, "2005-07-01", "veto", "other", "file", 3),
        ("v8", 1, "2001-01-01", "veto", "other", "recalled", 3),
        ("v9", 1, "2001-01-01", "veto", "other", "file", 1),
        ("va", 2, "2001-01-01", "veto", "other", "file", 3),
        ("vb", None, "2001-01-01", "veto", "other", "file", 3),
    )
    assert told(found, "vote_id", "date", "is_blocked", "in_cold_war", "prior_acts", "stop") == [
        ("v1/1", "1989-12-01", 1.0, 1.0, 0.0, 396.0),
        ("r3/1", "1990-01-01", 0.0, 0.0, 1.0, 365.0),
        ("r4/1", "1990-12-31", 0.0, 0.0, 2.0, 1.0),
        ("v6/1", "2005-06-30", 1.0, 0.0, 2.0, 549.0),
    ]
    assert told(found, "episode_id", "event", "start", "type_group", "earlier_episodes_group") == [
        ("1-1", True, 0.0, "intrastate", 0),
        ("1-1", True, 0.0, "intrastate", 0),
        ("1-1", True, 0.0, "intrastate", 0),
        ("1-4", False, 0.0, "intrastate", 2),
    ]
    # Thirty-one days of December 1989 are 31 / 30.4375 months.
    assert found["log_age"].tolist()[:2] == pytest.approx([0.0, np.log(1 + 31 / 30.4375)])
    assert found["log_prior_acts"].tolist() == pytest.approx(np.log([1, 2, 3, 3]))
    assert set(found["followed_until"]) == {DAY("2006-12-31")}
    assert set(found["classified_until"]) == {DAY("2004-12-31")}
    assert found.index.tolist() == [0, 1, 2, 3]
    made = (
        "vote_id is_blocked log_age prior_acts log_prior_acts in_cold_war start stop event "
        "followed_until classified_until"
    )
    own = ["item_id", "date", "act", "action_class"]
    assert set(found.columns) == {*VOTED.columns, *own, *STRATA, *made.split()}


def test_a_vote_is_followed_so_many_months_or_it_is_left_out() -> None:
    found = votes(
        ("v1", 1, "2004-12-31", "veto", "other", "file", 3),
        ("v2", 1, "2005-01-01", "veto", "other", "file", 3),
    )
    assert told(followed_for(found, 24), "item_id") == [("v1",)]
    assert told(followed_for(found, 23), "item_id") == [("v1",), ("v2",)]
    assert list(followed_for(found, 24).columns) == list(found.columns)


def test_the_first_votes_of_a_war_are_one_of_each_kind() -> None:
    found = votes(
        ("v2", 1, "2002-01-01", "veto", "other", "file", 3),
        ("v1", 1, "2001-01-01", "veto", "other", "file", 3),
        ("r1", 1, "2003-01-01", "resolution", None, "file", 3),
        ("r2", 1, "2004-01-01", "resolution", None, "file", 3),
        ("r3", 1, "1990-06-01", "resolution", None, "file", 3),
    )
    first = first_of_each_war(found)
    assert told(first, "item_id") == [("r3",), ("v1",), ("r1",)]
    assert first.index.tolist() == [0, 1, 2]
    assert list(first.columns) == list(found.columns)


# Strata of the day ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "days", "signed"),
    [
        (
            "agreement_24m",
            ["2000-01-15", "2000-01-16", "2002-01-15", "2002-01-16", "2003-01-01"],
            [0, 1, 1, 0, 0],
        ),
        (
            "agreement_48m",
            ["2000-01-15", "2000-01-16", "2003-01-01", "2004-01-15", "2004-01-16"],
            [0, 1, 1, 1, 0],
        ),
    ],
)
def test_an_agreement_counts_for_so_many_months(
    name: str, days: list[str], signed: list[int]
) -> None:
    steps = rows("conflict_id known_from agreements", (1, "1990-01-01", 3), (1, "2000-01-15", 4))
    asked = rows("conflict_id date", *((1, day) for day in days), (2, "2000-06-01"))
    found = DAY_STRATA[name]({"asked": asked, "peace_process": steps})
    assert found.tolist() == [*signed, 0]


def test_a_stratum_of_the_day_says_what_it_rests_on() -> None:
    one = DAY_STRATA["agreement_24m"]
    assert (one.known, one.looks_back_months) == ("agreements", 24)
    assert DAY_STRATA["agreement_48m"].looks_back_months == 48
    columns = ("conflict_id", "known_from", "agreements")
    assert one.uses == tuple(f"peace_process.{column}" for column in columns)
    assert one.takes == ("asked", "peace_process")


# Matched sets -----------------------------------------------------------------------------------

AT_WAR = rows(
    "unit_id conflict_id gwno_host onset_date exit_date",
    ("a", 1, 10, "2000-01-01", "2002-01-01"),
    ("b", 2, 20, "2000-02-29", "2000-03-02"),
    ("c", 3, 30, "2000-03-01", "2002-01-01"),  # begins on the day
    ("d", 4, 40, "2000-01-01", "2000-03-01"),  # ends on the day
    ("e", 5, 50, "1999-01-01", "2002-01-01"),
    ("f", 6, 60, "1999-01-01", "2002-01-01"),
)
ACT = rows("day conflict_id unit_id gwno_host", ("2000-03-01", 1, "a", 10)).astype(
    {"day": "datetime64[s]"}
)
NO_SPELLS = rows("conflict_id on_date off_date").astype({"conflict_id": "int64"})


def matched(
    spells: pd.DataFrame = NO_SPELLS,
    acts: pd.DataFrame = ACT,
    units: pd.DataFrame = AT_WAR,
    **strata: list[list[int]],
) -> MatchedSets:
    values = {name: np.array(value) for name, value in strata.items()}
    return match(units, spells, list(strata), acts, values, [("acts", "All acts", 5)])


def test_wars_at_risk_are_those_that_go_on_that_day() -> None:
    found = matched()
    assert told(found.members) == [
        (0, "a", 1, 10, True, 60.0, 671.0),
        (0, "b", 2, 20, False, 1.0, 1.0),
        (0, "e", 5, 50, False, 425.0, 671.0),
        (0, "f", 6, 60, False, 425.0, 671.0),
    ]
    assert list(found.members.columns) == [
        "act", "unit_id", "conflict_id", "gwno_host", "is_own", "age_days", "days_to_end",
    ]  # fmt: skip
    assert told(found.acts) == [("2000-03-01", 1, "a", 10, 0, 3)]
    assert told(found.attrition) == [
        ("acts", "All acts", 5, 5, 0),
        ("a comparable war", "Another war was at risk on that day", 1, 1, 4),
    ]


def test_an_exposed_war_is_no_comparison_but_the_act_s_own_stays() -> None:
    spells = rows(
        "conflict_id on_date off_date",
        (1, "2000-02-01", None),
        (2, "2000-03-01", None),
        (5, "2000-02-01", "2000-03-01"),
        (6, "2000-02-01", "2000-02-29"),
    )
    assert told(matched(spells).members, "unit_id") == [("a",), ("f",)]
    later = spells.assign(on_date=pd.Timestamp("2000-03-02").as_unit("s"))
    assert len(matched(later).members) == 4


@pytest.mark.parametrize(
    ("first", "second", "strata", "members"),
    [
        ([1, 1, 1, 1, 1, 2], [1, 2, 1, 1, 1, 1], 2, ["a", "e"]),
        # No other war is in both: the second is dropped, then both.
        ([1, 1, 1, 1, 1, 2], [1, 2, 1, 1, 2, 1], 1, ["a", "b", "e"]),
        ([1, 2, 1, 1, 2, 2], [1, 2, 1, 1, 1, 1], 0, ["a", "b", "e", "f"]),
    ],
)
def test_strata_are_dropped_from_the_last(
    first: list[int], second: list[int], strata: int, members: list[str]
) -> None:
    found = matched(first=[first], second=[second])
    assert found.members["unit_id"].tolist() == members
    assert told(found.acts, "strata", "comparable") == [(strata, len(members) - 1)]


def test_an_act_without_a_comparable_war_is_left_out_and_the_rest_are_counted_on() -> None:
    acts = rows(
        "day conflict_id unit_id gwno_host",
        ("1999-06-01", 5, "e", 50),
        ("2001-12-31", 6, "f", 60),
        ("2000-01-02", 1, "a", 10),
    ).astype({"day": "datetime64[s]"})
    alone = AT_WAR[AT_WAR["unit_id"] != "f"].reset_index(drop=True)
    found = matched(acts=acts[::2].reset_index(drop=True), units=alone)
    assert told(found.acts, "day", "unit_id", "comparable") == [("2000-01-02", "a", 2)]
    assert told(found.members, "act", "unit_id") == [(0, "a"), (0, "d"), (0, "e")]
    both = matched(acts=acts, one=[[1] * 6, [1] * 6, [1, 2, 2, 2, 2, 2]])
    assert told(both.acts, "unit_id", "strata", "comparable") == [
        ("e", 1, 1),
        ("f", 1, 3),
        ("a", 0, 3),
    ]
    assert told(both.members, "act", "unit_id") == [
        (0, "e"), (0, "f"),
        (1, "a"), (1, "c"), (1, "e"), (1, "f"),
        (2, "a"), (2, "d"), (2, "e"), (2, "f"),
    ]  # fmt: skip
    assert both.members.index.tolist() == list(range(10))
    nobody = matched(acts=acts[:1], units=alone)
    assert nobody.acts.empty and nobody.members.empty
    assert told(nobody.attrition, "n_units", "dropped") == [(5, 0), (0, 5)]
    assert list(nobody.members.columns)[:2] == ["act", "unit_id"]


def test_months_at_war_are_of_all_wars_of_the_conflict_within_the_window() -> None:
    wars = rows(
        "conflict_id onset_date exit_date",
        (1, "1999-12-01", "2000-01-11"),  # ten days of the window
        (1, "2000-12-21", "2001-06-01"),  # ten more: it holds 365 days
        (1, "1998-01-01", "1999-01-01"),  # over before
        (1, "2002-01-01", "2003-01-01"),  # begins after it
        (2, "1999-01-01", "2005-01-01"),
    )
    begin = np.array(["2000-01-01", "2000-01-01", "2000-01-01", "1990-01-01"], "datetime64[D]")
    found = months_at_war(wars, np.array([1, 2, 3, 1]), begin, 12)
    assert (found * 30.4375).tolist() == pytest.approx([20, 365, 0, 0])
    assert (months_at_war(wars, np.array([2]), begin[:1], 6) * 30.4375) == pytest.approx([183])
