"""References follow from declarations: used columns, their raw columns, and these' sources."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

import study
from collsec.designs import PARTS
from collsec.evidence.citation import (
    RawTable,
    Used,
    bibtex,
    columns_used,
    of_part,
    raw_columns_used,
    reference_of,
    sources_of,
)
from collsec.histories.registry import raw_columns
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import load
from collsec.measures import MEASURES
from collsec.tables.clean import read_json, resources
from collsec.upstream.sources import read_sources

HYPOTHESES = tuple(load_study(study.PROJECT).hypotheses)


@pytest.fixture(scope="module")
def fields() -> dict[str, list[str]]:
    """Return the columns of every raw table."""
    return {
        name: [
            f["name"] for f in read_json(study.PROJECT, study.PROJECT.raw / r["schema"])["fields"]
        ]
        for name, r in resources(study.PROJECT).items()
    }


def spec(**changes: Any) -> dict[str, Any]:
    plain = {
        "cluster": "gwno_host",
        "outcome": "episode_end",
        "exposure": {"measure": "un_troops"},
        "parts": [],
    }
    return plain | changes


# What is used -----------------------------------------------------------


def test_an_exposure_rests_on_its_own_dates(fields: dict[str, list[str]]) -> None:
    used = columns_used(spec())
    assert "deployment.un_troops" in used and "deployment.un_personnel" not in used
    raw = raw_columns_used(spec(), fields)
    assert set(raw) == {"episodes", "missions", "mission_conflicts"}
    assert "first_troops_date" in raw["missions"]
    assert not {"first_personnel_date", "strength_50pct_date"} & set(raw["missions"])
    assert {"conflict_id", "from_date", "to_date"} <= set(raw["mission_conflicts"])


def test_what_is_not_named_is_not_used(fields: dict[str, list[str]]) -> None:
    tied = spec(exposure={"measure": "salience_trade"})
    assert [c for c in columns_used(tied) if c.startswith("ties.")] == [
        "ties.episode_id",
        "ties.is_host_itself",
        "ties.power",
        "ties.trade_rank",
    ]
    assert set(raw_columns_used(tied, fields)) == {"episodes", "p5_ties"}
    raw = raw_columns_used(spec(exposure={"measure": "veto_russia_12m"}), fields)
    assert "cast_russia" in raw["vetoes"] and "cast_usa" not in raw["vetoes"]
    assert set(raw) == {"episodes", "vetoes", "draft_conflicts", "resolution_conflicts"}


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"outcome": "end_by_ceasefire"}, "episodes.outcome"),
        ({"adjustment": ["log_gdp_per_capita"]}, "episodes.gdp_per_capita"),
        ({"strata": ["region"]}, "episodes.region"),
        ({"cluster": "location"}, "episodes.location"),
        ({"cohort": {"rules": ["no_un_troops_in_host_at_onset"]}}, "host_deployment.un_troops"),
        ({"cohort": {"rules": ["no_p5_party"]}}, "episodes.has_p5_party"),
        ({"multiverse": [{"options": [{"measure": "salience"}]}]}, "ties.us_troops_rank"),
        ({"secondary": [{"measure": "council_act"}]}, "council.acts"),
    ],
)
def test_every_place_of_a_specification_counts(change: dict[str, Any], column: str) -> None:
    assert column in columns_used(spec(**change))
    assert column not in columns_used(spec())


def test_a_part_uses_columns_and_measures() -> None:
    used = list(of_part(["missions.strength_50pct_date", "salience_trade"]))
    assert used == ["missions.strength_50pct_date", *MEASURES["salience_trade"].uses]


def test_every_column_of_a_part_comes_from_a_raw_table(fields: dict[str, list[str]]) -> None:
    for name, part in PARTS.items():
        for column in of_part(part.uses):
            assert raw_columns(column, fields), (name, column)


@pytest.mark.parametrize("h", HYPOTHESES)
def test_the_studys_hypotheses_use_what_they_are_about(
    fields: dict[str, list[str]], h: str
) -> None:
    plain = load(study.PROJECT, h, study.known()).normalized()
    tables = set(raw_columns_used(plain, fields))
    about = {
        "h1": {"missions", "mission_conflicts"},
        "h2": {"vetoes", "draft_conflicts"},
        "h3": {"p5_ties", "host_states"},
        "h4": {"missions"},
        "h6": {"vetoes"},
    }
    assert {"episodes", *about.get(h, ())} <= tables


# From a column to its sources -----------------------------------------------------------

ROWS = pd.DataFrame(
    {
        "troops_date": ["2001-01-01", None, "2003-01-01"],
        "troops_source": ["atlas; https://example.org/a", "gazette", "atlas"],
        "name": ["a", "b", None],
        "source": ["atlas", "ledger;census", "lost"],
    }
)


def test_a_date_has_sources_of_its_own_where_it_is_known() -> None:
    table = RawTable({c: {"name": c} for c in ROWS}, ROWS)
    assert sources_of(table, "troops_date") == ["atlas", "https://example.org/a"]
    assert sources_of(table, "name") == ["atlas", "census", "ledger"]


def test_declared_sources_win_and_a_column_without_any_is_the_studys_own() -> None:
    fields = {c: {"name": c} for c in ROWS} | {"name": {"name": "name", "sources": ["register"]}}
    table = RawTable(fields, ROWS)
    assert sources_of(table, "name") == ["register"]
    assert sources_of(table, "source") == []
    assert sources_of(table, "troops_date") == ["atlas", "https://example.org/a"]


# In print -----------------------------------------------------------


def test_a_reference_has_its_version_and_its_doi_once() -> None:
    for source in read_sources(study.PROJECT.raw / "sources.toml").values():
        text = reference_of(source)
        assert text.startswith(source.title) and source.citation in text
        assert not source.doi or text.count(source.doi) == 1


def test_bibtex_is_one_entry_a_source_with_balanced_braces_and_no_bare_commands() -> None:
    declared = read_sources(study.PROJECT.raw / "sources.toml")
    used = [Used(k, ("a.b",), s) for k, s in declared.items()]
    used.append(Used("https://example.org/a_b&c", ("a.b",), None))
    text = bibtex(used)
    entries = text.split("\n\n")
    assert len(entries) == len(used)
    keys = [re.match(r"@misc\{([\w:-]+),", entry)[1] for entry in entries]  # type: ignore[index]
    assert len(set(keys)) == len(keys) and "ucdp_acd" in keys
    for entry in entries:
        assert entry.count("{") == entry.count("}")
        for line in entry.splitlines():
            if not re.match(r"@misc|  (url|doi) = ", line):
                assert not re.search(r"(?<!\\)[&%$#_]", line), line
    assert "url = {https://example.org/a_b&c}" in text
