"""Cross-checks: the committed tables pass; each contradiction is found where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coding_rules import rules
from collsec.core.project import Project
from collsec.tables import consistency, crosschecks, statecodes
from collsec.tables.clean import REQUIRED, read_raw, resources
from collsec.tables.consistency import Encyclopedias
from collsec.tables.crosschecks import Contradiction
from collsec.tables.issues import Issue
from collsec.upstream.sources import read_sources

PROJECT = Project(Path(__file__).resolve().parents[2])
ENCYCLOPEDIAS = rules(Encyclopedias)
SOURCES = read_sources(PROJECT.raw / "sources.toml")
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def committed() -> Tables:
    """The committed raw tables, typed."""
    return {name: read_raw(PROJECT, resource) for name, resource in resources(PROJECT).items()}


@pytest.fixture
def tables(committed: Tables) -> Tables:
    """Copies that a test may change."""
    return {name: frame.copy() for name, frame in committed.items()}


def files(tables: Tables) -> dict[str, str]:
    return {name: f"data/raw/{name}.csv" for name in tables}


def test_the_committed_tables_contradict_nothing(committed: Tables) -> None:
    crosschecks.check(committed, files(committed), SOURCES, ENCYCLOPEDIAS)


@pytest.mark.parametrize("check", crosschecks.CHECKS, ids=lambda c: c.name)
def test_each_check_alone_finds_nothing_in_the_committed_tables(
    committed: Tables, check: crosschecks.Check
) -> None:
    assert list(check.function(committed)) == []


def row_of(frame: pd.DataFrame, **where: Any) -> int:
    """Position of the only row with these values."""
    found = pd.Series(True, index=frame.index)
    for column, value in where.items():
        found &= frame[column] == value
    assert found.sum() == 1, f"{where} describes {found.sum()} rows"
    return int(found.to_numpy().argmax())


def put(tables: Tables, table: str, column: str, value: Any, **where: Any) -> int:
    """Set one cell; return its position."""
    at = row_of(tables[table], **where)
    tables[table].iloc[at, tables[table].columns.get_loc(column)] = value
    return at


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


CASES: list[tuple[Callable[..., Any], str, str, Any, dict[str, Any], str, str]] = [
    # check, table, changed column, new value, row, column found, words of the problem
    (
        crosschecks.people_come_after_authorization,
        "missions",
        "first_personnel_date",
        day("1992-02-20"),
        {"mission_id": "unprofor"},
        "first_personnel_date",
        "1992-02-21",
    ),
    (
        crosschecks.people_come_after_authorization,
        "missions",
        "first_troops_date",
        day("1992-02-01"),
        {"mission_id": "unprofor"},
        "first_troops_date",
        "1992-02-21",
    ),
    (
        crosschecks.people_come_after_authorization,
        "missions",
        "note",
        pd.NA,
        {"mission_id": "ungomap"},
        "first_personnel_date",
        "1988-10-31",
    ),
    (
        crosschecks.strength_stays_within_what_was_authorized,
        "missions",
        "note",
        pd.NA,
        {"mission_id": "untmih"},
        "mean_total",
        "1.5 times",
    ),
    (
        crosschecks.strength_stays_within_what_was_authorized,
        "mission_strength",
        "mean_total",
        99999,
        {"mission_id": "minusma", "year": 2015},
        "mean_total",
        "1.5 times",
    ),
    (
        crosschecks.strength_stays_within_what_was_authorized,
        "monthly_strength",
        "over_reason",
        pd.NA,
        {"mission_id": "untmih", "from_month": day("1997-08-31")},
        "total",
        "1.5 times",
    ),
    (
        crosschecks.vetoes_are_of_permanent_members,
        "vetoes",
        "china_seat",
        "prc",
        {"veto_id": "1946-02-16-a"},
        "china_seat",
        "1946-02-16",
    ),
    (
        crosschecks.vetoes_are_of_permanent_members,
        "vetoes",
        "cast_russia",
        False,
        {"veto_id": "1946-02-16-a"},
        "veto_id",
        "nobody cast",
    ),
    (
        crosschecks.vetoes_are_of_permanent_members,
        "council_members",
        "is_permanent",
        False,
        {"year": 1946, "gwno": 365},
        "cast_russia",
        "no permanent seat",
    ),
    (
        crosschecks.chinas_seat_changes_hands_once,
        "council_members",
        "gwno",
        710,
        {"year": 1955, "gwno": 713},
        "to_date",
        "did not hold",
    ),
    (
        crosschecks.chinas_seat_changes_hands_once,
        "council_members",
        "gwno",
        713,
        {"year": 1990, "gwno": 710},
        "to_date",
        "did not hold",
    ),
    (
        crosschecks.sittings_follow_what_convened_them,
        "assembly_sittings",
        "convened_by",
        "members",
        {"sitting_id": "ES-1/1"},
        "resolution_id",
        "convened by `council`",
    ),
    (
        crosschecks.sittings_follow_what_convened_them,
        "assembly_sittings",
        "convened_by",
        "resumed",
        {"sitting_id": "ES-5/1"},
        "requested_by",
        "convened by `members`",
    ),
    (
        crosschecks.sittings_follow_what_convened_them,
        "assembly_sittings",
        "from_date",
        day("1956-10-30"),
        {"sitting_id": "ES-1/1"},
        "resolution_id",
        "later than the sitting",
    ),
    (
        crosschecks.sittings_follow_what_convened_them,
        "assembly_sittings",
        "veto_id",
        "2025-06-04-a",
        {"sitting_id": "ES-10/2"},
        "veto_id",
        "later than the sitting",
    ),
    (
        crosschecks.resolutions_are_in_order,
        "resolutions",
        "resolution_date",
        day("1992-02-01"),
        {"number": 743},
        "resolution_date",
        "1992-02-",
    ),
    (
        crosschecks.resolutions_are_in_order,
        "resolutions_since_2022",
        "number",
        2700,
        {"number": 2699},
        "number",
        "leaves out",
    ),
    (
        crosschecks.resolutions_are_in_order,
        "resolutions_since_2022",
        "in_favor",
        14,
        {"number": 2700},
        "in_favor",
        "do not make 15",
    ),
    (
        crosschecks.resolutions_are_in_order,
        "resolutions_since_2022",
        "note",
        pd.NA,
        {"number": 2756},
        "in_favor",
        "do not make 15",
    ),
    (
        crosschecks.episodes_lie_in_their_years,
        "episodes",
        "first_year",
        1945,
        {"episode_id": "200-1"},
        "onset_date",
        "first_year, 1945",
    ),
    (
        crosschecks.episodes_lie_in_their_years,
        "episodes",
        "last_year",
        1948,
        {"episode_id": "200-1"},
        "end_date",
        "last_year, 1948",
    ),
    (
        crosschecks.episodes_lie_in_their_years,
        "episodes",
        "war_years",
        "1946;1953",
        {"episode_id": "200-1"},
        "war_years",
        "outside",
    ),
    (
        crosschecks.episodes_lie_in_their_years,
        "episodes",
        "is_ended",
        False,
        {"episode_id": "200-1"},
        "is_ended",
        "end_date",
    ),
    (
        crosschecks.ends_match_termination,
        "outcomes",
        "mismatch_reason",
        pd.NA,
        {"episode_id": "403-1"},
        "termination_end_date",
        "31 days",
    ),
    (
        crosschecks.ends_match_termination,
        "outcomes",
        "end_difference_days",
        3,
        {"episode_id": "200-1"},
        "end_difference_days",
        "difference",
    ),
    (
        crosschecks.ends_match_termination,
        "outcomes",
        "mismatch_reason",
        pd.NA,
        {"episode_id": "343-2"},
        "mismatch_reason",
        "needs a reason",
    ),
    (
        statecodes.states_have_not_ended,
        "un_sanctions",
        "gwno_target",
        "680",
        {"link_id": "yemen-2014/230"},
        "gwno_target",
        "2014-02-26",
    ),
    (
        statecodes.hosts_are_the_same,
        "regional_arrangements",
        "gwno_host",
        2,
        {"episode_id": "200-1"},
        "gwno_host",
        "145",
    ),
    (
        consistency.dates_within_the_span,
        "missions",
        "end_date",
        day("2095-03-31"),
        {"mission_id": "unprofor"},
        "end_date",
        "2026",
    ),
    (
        consistency.dates_in_order,
        "missions",
        "strength_10pct_date",
        day("1999-01-31"),
        {"mission_id": "unamir"},
        "strength_50pct_date",
        "strength_10pct_date",
    ),
    (
        consistency.dates_in_order,
        "mission_milestones",
        "strength_50pct_month",
        day("1991-01-31"),
        {"mission_id": "unamir"},
        "strength_50pct_month",
        "strength_10pct_month",
    ),
    (
        consistency.precision_fits_date,
        "missions",
        "first_troops_precision",
        "year",
        {"mission_id": "unprofor"},
        "first_troops_date",
        "no last day",
    ),
    (
        consistency.precision_fits_date,
        "missions",
        "end_precision",
        pd.NA,
        {"mission_id": "unprofor"},
        "end_precision",
        "or neither",
    ),
    (
        consistency.keys_spell_their_parts,
        "resolutions",
        "number",
        99999,
        {"resolution_id": "S/RES/743 (1992)"},
        "resolution_id",
        "S/RES/99999 (1992)",
    ),
    (
        consistency.keys_spell_their_parts,
        "vetoes",
        "veto_date",
        day("1946-02-17"),
        {"veto_id": "1946-02-16-a"},
        "veto_id",
        "1946-02-17-",
    ),
    (
        consistency.copies_agree,
        "missions",
        "authorized_date",
        day("1992-02-22"),
        {"mission_id": "unprofor"},
        "authorized_date",
        "1992-02-21",
    ),
    (
        consistency.links_lead_somewhere_or_nowhere,
        "mission_conflicts",
        "is_none",
        True,
        {"link_id": "aceh-amm:366"},
        "is_none",
        "only there",
    ),
    (
        statecodes.states_have_not_ended,
        "missions",
        "host_gwno",
        "265",
        {"mission_id": "minusma"},
        "host_gwno",
        "ended",
    ),
    (
        statecodes.members_exist,
        "council_members",
        "gwno",
        265,
        {"year": 1995, "gwno": 260},
        "gwno",
        "no state",
    ),
    (
        statecodes.members_exist,
        "council_members",
        "is_permanent",
        True,
        {"year": 1995, "gwno": 260},
        "is_permanent",
        "260",
    ),
    (
        statecodes.hosts_are_independent_when_said,
        "host_states",
        "is_independent",
        False,
        {"episode_id": "200-1"},
        "is_independent",
        "1946-07-21",
    ),
]


@pytest.mark.parametrize(
    ("check", "table", "changed", "value", "where", "column", "words"),
    CASES,
    ids=[f"{c[0].__name__}-{c[2]}-{i}" for i, c in enumerate(CASES)],
)
def test_a_contradiction_is_found_where_it_stands(
    tables: Tables,
    check: Callable[..., Any],
    table: str,
    changed: str,
    value: Any,
    where: dict[str, Any],
    column: str,
    words: str,
) -> None:
    at = put(tables, table, changed, value, **where)
    found: list[Issue] = list(check(tables))
    assert found, "the contradiction is not found"
    assert words in found[0].problem and found[0].remedy
    assert found[0].column == column
    if table == found[0].table:
        assert {f.position for f in found} == {at}
    with pytest.raises(Contradiction) as caught:
        crosschecks.check(tables, files(tables), SOURCES, ENCYCLOPEDIAS)
    error = caught.value
    assert error.file == f"data/raw/{found[0].table}.csv" and error.check
    assert f"row {error.row}" in str(error) and f"column {error.column}" in str(error)


def test_a_power_that_is_no_state_is_found(tables: Tables) -> None:
    ties = tables["p5_ties"]
    at = int((ties["episode_id"].eq("200-1") & ties["power"].eq("russia")).to_numpy().argmax())
    ties.iloc[at, ties.columns.get_loc("gwno_power")] = 369  # Ukraine, in 1946
    assert [f.position for f in statecodes.powers_exist(tables)] == [at]


def test_an_undeclared_source_is_found_and_an_address_is_not(tables: Tables) -> None:
    put(tables, "missions", "end_source", "un_library;hearsay", mission_id="unprofor")
    put(tables, "missions", "source", "https://docs.un.org/x", mission_id="unamir")
    found = list(consistency.sources_are_declared(tables, SOURCES))
    assert [(f.column, f.value) for f in found] == [("end_source", "un_library;hearsay")]


def test_the_authorization_counts_from_its_earliest_day(tables: Tables) -> None:
    """A month that is known only as such may have begun with the authorization."""
    put(tables, "missions", "authorized_date", day("1992-03-31"), mission_id="unprofor")
    put(tables, "missions", "authorized_precision", "month", mission_id="unprofor")
    assert list(crosschecks.people_come_after_authorization(tables)) == []
    put(tables, "missions", "first_personnel_date", day("1992-02-29"), mission_id="unprofor")
    assert len(list(crosschecks.people_come_after_authorization(tables))) == 1


def test_a_force_that_changed_hats_may_have_been_there_before(tables: Tables) -> None:
    put(tables, "missions", "first_personnel_date", day("1992-01-31"), mission_id="unprofor")
    assert len(list(crosschecks.people_come_after_authorization(tables))) == 1
    put(tables, "missions", "rehatted_from", "regional:ecmm", mission_id="unprofor")
    assert list(crosschecks.people_come_after_authorization(tables)) == []


def test_states_exist_from_their_first_to_their_last_day() -> None:
    states = pd.DataFrame(
        {
            "gwno": [1, 1, 2],
            "valid_from": pd.to_datetime(["1950-01-01", "1970-01-01", "1960-06-01"]),
            "valid_to": pd.to_datetime(["1959-12-31", None, "1980-05-31"]),
        }
    )
    codes = pd.Series([1, 1, 1, 1, 2, 2, 2, 3, pd.NA, 1], dtype="Int64")
    days = pd.Series(
        pd.to_datetime(
            [
                "1949-12-31",
                "1950-01-01",
                "1959-12-31",
                "1960-01-01",
                "1960-05-31",
                "1980-05-31",
                "1980-06-01",
                "1970-01-01",
                "1970-01-01",
                None,
            ]
        )
    )
    exist = statecodes.exists(states, codes, days)
    assert exist.tolist() == [False, True, True, False, False, True, False, False, pd.NA, pd.NA]
    later = statecodes.has_not_ended(states, codes, days)
    assert later.tolist() == [True, True, True, True, True, True, False, False, pd.NA, pd.NA]


def test_every_table_with_states_and_days_is_checked(committed: Tables) -> None:
    """A new table with state codes and dates must be entered among the dated codes."""
    checked = {name for name, _, _ in statecodes.DATED_CODES}
    # In checks of their own.
    checked |= {"council_members", "p5_ties", "host_states", "regional_arrangements"}
    checked |= {"council_votes"}
    checked |= {"states"}  # it is what the others are checked against
    for name, frame in committed.items():
        has_codes = any("gwno" in c.split("_") for c in frame.columns)
        has_dates = "episode_id" in frame or len(frame.select_dtypes("datetime").columns)
        if has_codes and has_dates:
            assert name in checked, f"{name} has state codes and dates, and no check of the two"


def test_row_counts_are_pinned_with_a_reason() -> None:
    for name, resource in resources(PROJECT).items():
        assert isinstance(resource.get("rows"), int), f"{name} has no pinned number of rows"
        assert resource.get("rows_reason"), f"{name}: why so many rows?"


def test_the_checks_read_required_tables_alone(committed: Tables) -> None:
    required = {name: committed[name] for name in REQUIRED}
    crosschecks.check(required, files(required), SOURCES, ENCYCLOPEDIAS)


def test_the_coding_rules_list_every_check_and_every_table() -> None:
    text = (PROJECT.raw / "CODING.md").read_text(encoding="utf-8")
    for name in (*(c.name for c in crosschecks.CHECKS), "sources are declared"):
        assert f"\n| {name} | " in text, f"CODING.md does not tell of the check {name!r}"
    parts = sorted(p.name for p in PROJECT.raw.glob("CODING-*.md"))
    told = [text, *((PROJECT.raw / p).read_text(encoding="utf-8") for p in parts)]
    assert all(f"]({part})" in text for part in parts)
    for name in resources(PROJECT):
        assert any(f"`{name}`" in t or f"## {name}" in t for t in told), f"no rules of {name}"
