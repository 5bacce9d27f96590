"""Every source is credited where a reader looks: citation file, data package, and row by row."""

from __future__ import annotations

import json
import tomllib

import yaml

from study import REPOSITORY

RAW = REPOSITORY / "data" / "raw"
SOURCES = tomllib.loads((RAW / "sources.toml").read_text(encoding="utf-8"))
# What no document backs: a basis, not something to cite.
NOT_CITED = {"general_knowledge"}


def test_the_citation_file_credits_every_source() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    noted = {reference["notes"] for reference in citation["references"]}
    missing = {k for k, b in SOURCES.items() if k not in NOT_CITED and b["citation"] not in noted}
    assert not missing


def test_every_table_of_the_package_names_its_sources_license_and_schema() -> None:
    package = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        assert resource["licenses"], resource["name"]
        assert (RAW / resource["path"]).exists()
        schema = json.loads((RAW / resource["schema"]).read_text(encoding="utf-8"))
        assert schema["primaryKey"], resource["name"]
        for field in schema["fields"]:
            assert field["title"] and field["description"], (resource["name"], field["name"])


def test_the_data_package_validates() -> None:
    """Frictionless accepts the package and every table in it, keys and all."""
    from frictionless import Package, system

    system.trusted = True
    report = Package(str(RAW / "datapackage.json")).validate(limit_errors=3)
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "message"])
    assert report.stats["tasks"] >= 10
