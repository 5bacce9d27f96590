"""The codebook: one definition per column, for every column there is."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collsec.core.errors import BadTable
from collsec.core.project import Project
from collsec.designs.curves import COLUMNS
from collsec.designs.estimate import Estimate
from collsec.histories.episodes import link
from collsec.histories.extents import tabulate
from collsec.histories.panels import exposure_column
from collsec.histories.timelines import arrange_timelines
from collsec.measures import MEASURES
from collsec.reports.tables.codebook import entries_of, markdown, page, write
from collsec.tables.clean import read_raw, resources
from collsec.tables.codebook import (
    UnknownColumn,
    cited,
    derived_column,
    entry,
    processed_columns,
    unit_of,
)
from collsec.tables.definitions import DERIVED, HERE, MADE_BY, PREFIXED
from collsec.upstream.sources import read_sources

PROJECT = Project(Path(__file__).resolve().parents[2])
SCHEMAS = {
    p.stem: json.loads(p.read_text(encoding="utf-8"))["fields"]
    for p in sorted((PROJECT.raw / "schemas").glob("*.json"))
}
RAW_NAMES = {f["name"] for fields in SCHEMAS.values() for f in fields}


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    """Every processed table that can be made in a moment: episodes and timelines."""
    raw = {name: read_raw(PROJECT, resource) for name, resource in resources(PROJECT).items()}
    linked = link(raw)
    out = {f"episodes/{name}": frame for name, frame in linked.items()}
    out["episodes/extents"] = tabulate(raw)
    steps = arrange_timelines({**raw, **linked})
    return out | {f"timelines/{name}": frame for name, frame in steps.items()}


def test_one_name_has_one_definition_in_all_raw_tables() -> None:
    told: dict[str, dict[tuple[str, str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for table, fields in SCHEMAS.items():
        for f in fields:
            told[f["name"]][f["type"], f["title"], f["description"]].append(table)
    differing = {name: dict(texts) for name, texts in told.items() if len(texts) > 1}
    assert differing == {}, "one name, two definitions: put what is special into `details`"


@pytest.mark.parametrize("table", SCHEMAS)
def test_each_raw_column_is_described_with_its_unit(table: str) -> None:
    for f in SCHEMAS[table]:
        assert f["title"] and f["description"].rstrip().endswith((".", "?")), f["name"]
        assert f.get("details", "x").strip(), f"{f['name']}: empty details"
        assert unit_of(f), f"{f['name']}: no unit; give one in the schema (`unit`)"


def test_sources_of_columns_are_declared() -> None:
    declared = set(read_sources(PROJECT.raw / "sources.toml"))
    for fields in SCHEMAS.values():
        for f in fields:
            assert set(f.get("sources", [])) <= declared, f["name"]


def test_no_derived_column_takes_the_name_of_a_raw_one() -> None:
    assert not RAW_NAMES & set(DERIVED), "define it once: in the schema; details go to HERE"
    assert {name for _, name in HERE} <= RAW_NAMES
    stages = {t.partition("/")[0] for d in DERIVED.values() for t in d.tables}
    assert stages <= set(MADE_BY)


def test_every_column_of_episodes_and_timelines_is_defined(made: dict[str, pd.DataFrame]) -> None:
    for table, frame in made.items():
        for column in frame.columns:
            if column not in RAW_NAMES:
                assert derived_column(table, column, MEASURES).text, f"{table}: {column}"


def test_every_definition_of_episodes_and_timelines_is_of_a_column(
    made: dict[str, pd.DataFrame],
) -> None:
    for name, derived in DERIVED.items():
        for table in derived.tables:
            if table in made:
                assert name in made[table].columns, f"{table} has no {name}"
            elif table == "timelines/*":
                assert all(name in f.columns for t, f in made.items() if t.startswith("timelines"))


def test_columns_of_panels_and_estimates_are_defined() -> None:
    for f in dataclasses.fields(Estimate):
        if f.name not in RAW_NAMES:
            assert derived_column("estimates/h1", f.name, MEASURES).text
    for column in COLUMNS:
        assert derived_column("estimates/h1-curves", column, MEASURES).text
    for name, measure in MEASURES.items():
        defined = derived_column("panels/h1", name, MEASURES)
        assert defined.text.startswith(measure.title)
        lagged = derived_column("panels/h1", exposure_column(name, 6), MEASURES)
        assert lagged.text.endswith("As it stood 6 months before.")


def test_every_column_of_every_processed_file_is_defined(pristine: Path) -> None:
    project = Project(pristine)
    entries = entries_of(project)
    held = {(h.table, one.name) for one in entries.values() for h in one.holders}
    processed = {(table, name) for table, name, _ in processed_columns(project)}
    assert {"panels/h1", "estimates/h3", "estimates/h1-curves"} <= {table for table, _ in processed}
    assert processed - held == set()


def store_with(tmp_path: Path, table: str, **columns: list) -> Project:
    """The committed raw folder, and one processed file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw").symlink_to(PROJECT.raw)
    path = tmp_path / "data" / "processed" / f"{table}.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table(columns), path)
    return Project(tmp_path)


def test_a_column_without_a_definition_is_named(tmp_path: Path) -> None:
    project = store_with(tmp_path, "panels/h9", unit_id=["a"], wisdom=[1.0])
    with pytest.raises(BadTable, match=r"panels/h9\.parquet, column wisdom: .*no definition"):
        entries_of(project)


def test_a_definition_holds_only_for_its_tables() -> None:
    with pytest.raises(BadTable):
        derived_column("timelines/war", "duration_days", MEASURES)


def test_an_entry_tells_table_type_unit_and_source(tmp_path: Path) -> None:
    project = store_with(tmp_path, "episodes/ties", trade_share=[0.5], power=["usa"])
    share = entry(entries_of(project), "trade_share")
    assert share.definition.startswith("Imports and exports")
    raw, processed = share.holders
    assert (raw.table, raw.type, raw.unit, raw.source) == (
        "p5_ties",
        "number",
        "share, 0 to 1",
        "cow_trade",
    )
    assert raw.values == "from 0 to 1"
    assert (processed.table, processed.type, processed.unit) == (
        "episodes/ties",
        "number",
        "share, 0 to 1",
    )
    assert processed.source == "as in the raw table"


def test_derived_columns_are_known_before_the_pipeline_has_run(tmp_path: Path) -> None:
    project = store_with(tmp_path, "episodes/ties", power=["usa"])
    one = entry(entries_of(project), "duration_days")
    assert [(h.table, h.unit, h.source) for h in one.holders] == [
        ("episodes/episodes", "days", "derived by collsec.histories.episodes"),
        ("public/episodes", "days", "derived by collsec.histories.public"),
    ]


def test_the_source_of_a_coded_date_is_its_own() -> None:
    dates = {h.table: h for h in entry(entries_of(PROJECT), "first_personnel_date").holders}
    assert "documents" in dates["missions"].source and dates["missions"].unit == "day"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("onset_dat", "onset_date"),
        ("duration", "duration_days"),
        ("conflict", "conflict_id"),
        ("ROLE", "role"),
        ("trade shares", "trade_share"),
    ],
)
def test_an_unknown_column_is_met_with_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(UnknownColumn, match=rf"'{name}'\. Did you mean .*\b{near}\b"):
        entry(entries_of(PROJECT), name)


def test_a_name_like_no_other_is_met_without_a_guess() -> None:
    with pytest.raises(UnknownColumn, match=r"no table has a column 'qqqqqq'\.$"):
        entry(entries_of(PROJECT), "qqqqqq")


def test_sources_are_ordered_by_rows_and_addresses_are_documents() -> None:
    rows = pd.Series(["b;a", "b", "https://x.org/1", "b;https://y.org", "", "c; a"])
    assert cited(rows) == "b, a, documents, c"
    assert cited(pd.Series(list("abcdefgh"))) == "a, b, c, d, e, f and 2 more"


class Links(html.parser.HTMLParser):
    """Identifiers and internal links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if tag == "a":
            self.targets.append(str(known["href"]).removeprefix("#"))


def test_the_pages_hold_every_column_and_are_the_same_each_time(tmp_path: Path) -> None:
    entries = entries_of(PROJECT)
    text, web = markdown(entries), page(entries)
    for name in entries:
        assert f"\n## `{name}`" in text
    links = Links()
    links.feed(web)
    assert links.ids == links.targets == list(entries)
    assert not re.search(r"<(script|link|img)|url\(", web), "the page needs another file"
    written = write(PROJECT, tmp_path / "book")
    assert [p.name for p in written] == ["codebook.md", "codebook.html"]
    assert written[0].read_text(encoding="utf-8") == text
    assert written[1].read_text(encoding="utf-8") == page(entries_of(PROJECT))


def test_prefixed_names_are_defined() -> None:
    for prefix in PREFIXED:
        assert derived_column("specs/h1-multiverse", f"{prefix}lag", MEASURES).text
