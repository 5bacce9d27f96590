"""Every row of every raw table cites what is declared."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from collsec.upstream.sources import read_sources

RAW = Path(__file__).resolve().parents[2] / "data" / "raw"
TABLES = sorted(p.relative_to(RAW).as_posix() for p in RAW.glob("co*/*.csv"))
SEPARATOR = ";"


def is_cited_well(part: str, known: set[str]) -> bool:
    """Whether one part of a cell is a declared key or an address."""
    return part in known or part.startswith(("https://", "http://"))


@pytest.mark.parametrize("table", TABLES)
def test_every_source_is_declared_or_an_address(table: str) -> None:
    known = set(read_sources(RAW / "sources.toml"))
    with (RAW / table).open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = [c for c in reader.fieldnames or [] if c.endswith("source")]
        assert "source" in columns
        seen = set()
        for line, row in enumerate(reader, start=2):
            assert row["source"], (table, line)
            for column in columns:
                for part in row[column].split(SEPARATOR) if row[column] else []:
                    assert is_cited_well(part, known), (table, line, column, part)
                    seen.add(part)
    assert seen


def test_an_undeclared_key_is_found() -> None:
    assert is_cited_well("ucdp_acd", {"ucdp_acd"}) and is_cited_well("https://un.org/", set())
    assert not is_cited_well("ucdp_adc", {"ucdp_acd"}) and not is_cited_well("", {"ucdp_acd"})


def test_both_folders_are_looked_at() -> None:
    assert {t.split("/")[0] for t in TABLES} == {"compiled", "coded"} and len(TABLES) >= 15
