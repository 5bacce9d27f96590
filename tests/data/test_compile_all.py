"""The registry: what is committed is what the rules make of the upstream files."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import collsec.compile as compile_
from collsec.compile import RECIPES, StaleTables, compile_all
from collsec.compile.recipes import Recipe
from collsec.compile.text import cell_text, csv_text
from collsec.core.errors import BadTable, MissingInput
from collsec.core.project import Project
from collsec.tables.clean import read_raw
from collsec.upstream.sources import BadSource, read_sources


@pytest.fixture
def raw(repository: Path, tmp_path: Path) -> Path:
    """A copy of the raw folder."""
    folder = tmp_path / "data" / "raw"
    shutil.copytree(repository / "data" / "raw", folder)
    return folder


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> dict[str, Recipe]:
    """Two quick tables instead of all."""
    recipes = {name: RECIPES[name] for name in ("outcomes", "states")}
    monkeypatch.setattr(compile_, "RECIPES", recipes)
    return recipes


@pytest.mark.full
def test_committed_tables_are_what_the_rules_make(shared: Path, repository: Path) -> None:
    raw = repository / "data" / "raw"
    before = {p: p.read_bytes() for p in (raw / "compiled").glob("*.csv")}
    compiled = compile_all(shared / "upstream", raw, check=True)
    assert [c.name for c in compiled] == [*RECIPES, "datapackage"]
    assert not any(c.is_changed for c in compiled)
    assert {p.stem for p in before} == set(RECIPES)
    assert {p: p.read_bytes() for p in (raw / "compiled").glob("*.csv")} == before


def test_a_change_by_hand_is_found_and_mended(
    shared: Path, raw: Path, few: dict[str, Recipe]
) -> None:
    path = raw / "compiled" / "outcomes.csv"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"200-1,rebel_victory", b"200-1,government_victory"))
    with pytest.raises(StaleTables) as caught:
        compile_all(shared / "upstream", raw, check=True)
    message = str(caught.value)
    assert [c.name for c in caught.value.stale] == ["outcomes"]
    assert "-200-1,government_victory" in message and "+200-1,rebel_victory" in message
    assert b"government_victory" in path.read_bytes().splitlines()[1]
    (raw / "compiled" / "states.csv").unlink()
    coded = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (raw / "coded").iterdir()}
    compiled = compile_all(shared / "upstream", raw)
    assert {c.name for c in compiled if c.is_changed} == {"outcomes", "states"}
    assert path.read_bytes() == good
    assert coded == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (raw / "coded").iterdir()}


def test_another_upstream_file_stops_everything(
    shared: Path, raw: Path, tmp_path: Path, few: dict[str, Recipe]
) -> None:
    upstream = tmp_path / "upstream"
    sources = read_sources(raw / "sources.toml")
    # The dyads of the release are asked for whichever tables are made.
    keys = {"ucdp_dyadic"}.union(*(r.sources for r in few.values()))
    needed = {f.file for key in keys for f in sources[key].files}
    for file in needed:
        (upstream / file).parent.mkdir(parents=True, exist_ok=True)
        (upstream / file).symlink_to(shared / "upstream" / file)
    assert not any(c.is_changed for c in compile_all(upstream, raw, check=True))
    index = upstream / "isard" / "gw_system.rda"
    index.unlink()
    with pytest.raises(MissingInput, match=r"isard/gw_system\.rda is missing"):
        compile_all(upstream, raw)
    index.write_bytes(b"other")
    with pytest.raises(BadSource, match=r"gw_system\.rda is not the file .* \[gw_system\]"):
        compile_all(upstream, raw)


def test_a_failing_table_leaves_all_as_they_were(
    shared: Path,
    raw: Path,
    few: dict[str, Recipe],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (raw / "compiled" / "states.csv").write_text("old\n", encoding="utf-8")

    def fail(bench: object) -> pd.DataFrame:
        raise BadTable("x", "broken.")

    broken = {**few, "zz": Recipe(("ucdp_acd",), fail)}
    monkeypatch.setattr(compile_, "RECIPES", broken)
    with pytest.raises(BadTable, match="broken"):
        compile_all(shared / "upstream", raw)
    assert (raw / "compiled" / "states.csv").read_text(encoding="utf-8") == "old\n"


def test_columns_must_be_those_of_the_schema(raw: Path) -> None:
    with pytest.raises(BadTable, match="has columns a, b"):
        compile_.check_columns("states", pd.DataFrame({"a": [1], "b": [2]}), raw)
    with pytest.raises(MissingInput, match=r"schemas/none\.json is missing"):
        compile_.check_columns("none", pd.DataFrame(), raw)


def test_no_upstream_folder(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no such folder"):
        compile_all(tmp_path / "nowhere", raw)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_committed_tables_are_valid_and_cite_declared_sources(repository: Path, name: str) -> None:
    project = Project(repository)
    table = read_raw(project, {"path": f"compiled/{name}.csv", "schema": f"schemas/{name}.json"})
    known = set(read_sources(project.raw / "sources.toml"))
    of_files = table[table["basis"] == "file"]
    # A row of a file names, with the file, the document in which one of its cells was read.
    named = of_files["source"].str.split(";").explode()
    cited = set(named[~named.str.startswith("http")])
    assert cited and cited <= known
    assert cited <= set(RECIPES[name].sources)
    documents = table[table["basis"] == "document"]
    assert len(of_files) + len(documents) == len(table)
    assert documents["source"].str.startswith(("https://", "http://")).all()
    schema = json.loads((project.raw / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    for field in schema["fields"]:
        assert field["title"] and field["description"].rstrip(".")


def test_cells_are_written_one_way() -> None:
    frame = pd.DataFrame(
        {
            "codes": [["2", "200"], []],
            "day": [date(1990, 1, 2), None],
            "flag": [True, False],
            "whole": pd.array([3, None], dtype="Int64"),
            "share": [0.25, np.nan],
            "name": ['says "no", twice', None],
        }
    )
    assert csv_text(frame) == (
        "codes,day,flag,whole,share,name\n"
        '2;200,1990-01-02,true,3,0.25,"says ""no"", twice"\n'
        ",,false,,,\n"
    )
    assert cell_text(pd.Timestamp("1990-01-02")) == "1990-01-02"
    assert cell_text(np.bool_(True)) == "true"
