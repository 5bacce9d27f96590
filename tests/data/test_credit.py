"""Every source is credited where a reader looks: citation file, data package, and row by row."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from collsec.compile.package import package_text, read_package
from collsec.core.errors import BadTable
from study import REPOSITORY

RAW = REPOSITORY / "data" / "raw"
SOURCES = tomllib.loads((RAW / "sources.toml").read_text(encoding="utf-8"))
# What no document backs: a basis, not something to cite.
NOT_CITED = {"general_knowledge"}


def test_the_citation_file_credits_every_source() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    noted = {reference["notes"] for reference in citation["references"]}
    # A release that is only declared, for who wants to build on it, is used by nothing here.
    declared = {k for k, b in SOURCES.items() if not all("sha256" in f for f in b.get("files", ()))}
    cited = SOURCES.keys() - NOT_CITED - declared
    missing = {k for k in cited if SOURCES[k]["citation"] not in noted}
    assert not missing


def test_every_table_of_the_package_names_its_sources_license_and_schema() -> None:
    package = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
    described = {r["path"] for r in package["resources"]}
    assert {f"rules/{p.name}" for p in (RAW / "rules").iterdir()} < described
    for resource in package["resources"]:
        assert resource["licenses"] and resource["sources"], resource["name"]
        assert (RAW / resource["path"]).exists()
        if resource["type"] == "file":
            continue
        schema = json.loads((RAW / resource["schema"]).read_text(encoding="utf-8"))
        assert schema["primaryKey"], resource["name"]
        for field in schema["fields"]:
            assert field["title"] and field["description"], (resource["name"], field["name"])


@pytest.mark.full
def test_the_data_package_validates() -> None:
    """Frictionless accepts the package and every table in it, keys and all."""
    from frictionless import Package, system

    with system.use_context(trusted=True):  # the path of the package is absolute
        report = Package(str(RAW / "datapackage.json")).validate(limit_errors=3)
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "message"])
    assert report.stats["tasks"] >= 10


def test_what_follows_from_the_tables_is_written_into_the_package(
    repository: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(repository / "data" / "raw", raw)
    committed = (raw / "datapackage.json").read_text(encoding="utf-8")
    assert package_text(raw) == committed
    package = json.loads(committed)
    first = package["resources"][0]
    document = {"title": "A document named row by row"}
    first["sources"] = [document]
    del first["format"], package["resources"][-1]
    (raw / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    again = json.loads(package_text(raw))
    assert again["resources"][0]["format"] == "csv"
    assert again["resources"][0]["sources"][-1] == document
    assert len(again["resources"]) == len(package["resources"]) + 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, "table 1 has no name"),
        ({"schema": None}, "value 'episodes': table 1 has no schema"),
        ({"licenses": "free"}, "is no data package .*not of type 'array'"),
    ],
)
def test_a_package_that_is_none_is_refused(
    repository: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    package = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"][0] |= change
    (tmp_path / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    with pytest.raises(BadTable, match=message):
        read_package(tmp_path)
