"""References follow from what is read: watched columns, their raw columns, and these' sources."""

from __future__ import annotations

import re
import sys
from typing import Any

import pandas as pd
import pytest

import study
from collsec import designs
from collsec.evidence import lineage as origins
from collsec.evidence.citation import Table, Used, bibtex, reference_of, sources_of
from collsec.evidence.lineage import DERIVED, Frames, columns_read, raw_columns
from collsec.hypothesis.specification import load, load_study
from collsec.measures import MEASURES
from collsec.tables.clean import read_json, resources
from collsec.upstream.sources import read_sources

HYPOTHESES = tuple(load_study(study.PROJECT).hypotheses)


@pytest.fixture(scope="module")
def frames() -> Frames:
    linked = study.linked()
    return Frames(
        {
            "episodes": linked.episodes,
            "missions": linked.missions,
            "acts": linked.acts,
            "ties": linked.ties,
        },
        study.all_timelines(linked),
        study.raw_tables(),
    )


@pytest.fixture(scope="module")
def fields() -> dict[str, list[str]]:
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


def tables_of(columns: list[origins.Column], fields: dict[str, list[str]]) -> set[str]:
    return {raw.split(".")[0] for column in columns for raw in raw_columns(column, fields)}


# What is read -----------------------------------------------------------


def test_an_exposure_rests_on_its_own_dates(frames: Frames, fields: dict[str, list[str]]) -> None:
    read = columns_read(spec(), frames)
    assert ("timelines/deployment", "un_troops") in read
    assert ("timelines/deployment", "un_personnel") not in read
    raw = {name for column in read for name in raw_columns(column, fields)}
    assert {"missions.first_troops_date", "mission_conflicts.conflict_id"} <= raw
    assert "missions.first_personnel_date" not in raw
    assert tables_of(read, fields) == {"episodes", "missions", "mission_conflicts"}


def test_what_is_not_named_is_not_read(frames: Frames, fields: dict[str, list[str]]) -> None:
    tied = columns_read(spec(exposure={"measure": "salience_trade"}), frames)
    assert [column for frame, column in tied if frame == "ties"] == [
        "episode_id",
        "is_host_itself",
        "power",
        "trade_rank",
    ]
    assert tables_of(tied, fields) == {"episodes", "p5_ties"}
    vetoed = columns_read(spec(exposure={"measure": "veto_russia_12m"}), frames)
    raw = {name for column in vetoed for name in raw_columns(column, fields)}
    assert "vetoes.cast_russia" in raw and "vetoes.cast_usa" not in raw
    assert tables_of(vetoed, fields) == {"episodes", "vetoes", "draft_conflicts"}


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"outcome": "end_by_ceasefire"}, ("episodes", "outcome")),
        ({"adjustment": ["log_gdp_per_capita"]}, ("episodes", "gdp_per_capita")),
        ({"strata": ["region"]}, ("episodes", "region")),
        ({"cluster": "conflict_id"}, ("episodes", "conflict_id")),
        (
            {"cohort": {"rules": ["no_un_troops_in_host_at_onset"]}},
            ("timelines/host_deployment", "un_troops"),
        ),
        ({"cohort": {"rules": ["no_p5_party"]}}, ("episodes", "has_p5_party")),
        (
            {"multiverse": [{"options": [{"components": ["us_troops_rank"]}]}]},
            ("ties", "us_troops_rank"),
        ),
        ({"secondary": [{"measure": "council_act"}]}, ("timelines/council", "acts")),
    ],
)
def test_every_place_of_a_specification_counts(
    frames: Frames, change: dict[str, Any], column: origins.Column
) -> None:
    without = columns_read(spec(), frames)
    read = columns_read(spec(**change), frames)
    assert column in read
    assert column not in without or column[1] == "conflict_id"


def test_a_part_adds_what_its_module_names(frames: Frames) -> None:
    read = columns_read(spec(parts=["stages"]), frames)
    assert ("missions", "strength_50pct_date") in read
    assert ("missions", "strength_50pct_date") not in columns_read(spec(), frames)


def test_watching_changes_no_result(frames: Frames) -> None:
    """A measure gives the same on watched frames as on plain ones."""
    seen: list[str] = []
    watched = {n: origins._watched(f, seen.append) for n, f in frames.timelines.items()}
    for name in ("un_troops", "veto_12m", "council_act"):
        plain = MEASURES[name].function(frames.timelines)
        pd.testing.assert_frame_equal(pd.DataFrame(MEASURES[name].function(watched)), plain)
    assert {"un_troops", "vetoes", "acts"} <= set(seen)


def test_every_column_that_can_be_read_comes_from_a_raw_table(
    frames: Frames, fields: dict[str, list[str]]
) -> None:
    for frame, table in frames.linked.items():
        for column in table.columns:
            for raw in raw_columns((frame, column), fields):
                name, _, field = raw.partition(".")
                assert field in fields[name], (frame, column, raw)
    for family, table in frames.timelines.items():
        for column in set(table.columns) - {"conflict_id", "gwno_host", "from_date", "known_from"}:
            assert raw_columns((f"timelines/{family}", column), fields), (family, column)
    with pytest.raises(KeyError):
        raw_columns(("episodes", "nothing"), fields)


def test_no_origin_is_stale(frames: Frames, fields: dict[str, list[str]]) -> None:
    for (frame, column), raws in DERIVED.items():
        kind, _, family = frame.partition("/")
        table = frames.timelines[family] if kind == "timelines" else frames.linked[frame]
        assert column in table.columns, (frame, column)
        for raw in raws:
            name, _, field = raw.partition(".")
            assert field in fields[name], raw


@pytest.mark.parametrize("h", HYPOTHESES)
def test_the_studys_hypotheses_read_what_they_are_about(
    frames: Frames, fields: dict[str, list[str]], h: str
) -> None:
    tables = tables_of(columns_read(load(study.PROJECT, h).normalized(), frames), fields)
    about = {
        "h1": {"missions", "mission_conflicts"},
        "h2": {"vetoes", "draft_conflicts"},
        "h3": {"p5_ties"},
    }
    assert {"episodes", *about[h]} <= tables
    if h == "h3":
        assert "host_states" in tables


def test_parts_are_found_by_their_modules() -> None:
    for name in designs.PARTS:
        found = origins._modules(sys.modules[designs.PARTS[name].function.__module__])
        rooms = ("collsec.designs.", "collsec.subjects.")
        assert found and all(m.__name__.startswith(rooms) for m in found)
        assert not {"collsec.designs.inputs", "collsec.evidence.diagnostics"} & {
            m.__name__ for m in found[1:]
        }


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
    table = Table({c: {"name": c} for c in ROWS}, ROWS)
    assert sources_of(table, "troops_date") == ["atlas", "https://example.org/a"]
    assert sources_of(table, "name") == ["atlas", "census", "ledger"]


def test_declared_sources_win_and_a_column_without_any_is_the_studys_own() -> None:
    fields = {c: {"name": c} for c in ROWS} | {"name": {"name": "name", "sources": ["register"]}}
    table = Table(fields, ROWS)
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
