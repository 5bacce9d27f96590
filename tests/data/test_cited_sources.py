"""Every row of every raw table cites what is declared."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from collsec.core.errors import CollsecError
from collsec.upstream.readers import read_columns
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
            assert row["source"] or row.get("is_read") == "false", (table, line)
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


@pytest.mark.full
def test_files_are_of_the_release_and_the_years_that_their_source_says(shared: Path) -> None:
    """What a file says of itself: its column `version`, and the years of its rows."""
    sources = read_sources(RAW / "sources.toml")
    versions, years = {}, {}
    for key, source in sources.items():
        if len(source.files) != 1 or not source.is_pinned:
            continue
        path = shared / "upstream" / source.files[0].file
        if path.suffix not in (".csv", ".rda") or path.stat().st_size > MOST_BYTES:
            continue  # workbooks take long to read
        for column in ("year", "Year"):
            found = _column(path, column)
            if found is not None and key not in PLACES_OF_YEARS:
                years[key] = (int(found.min()), int(found.max()))
        stated = _column(path, "version")
        if stated is not None:
            versions[key] = {str(v).removesuffix(".0") for v in stated.unique()}
    assert {"ucdp_acd", "cow_capabilities", "ucdp_dyadic", "tamm", "geo_pko"} <= years.keys()
    for key, (first, last) in years.items():
        assert sources[key].coverage == f"{first}-{last}", key
    assert {"ucdp_acd", "ucdp_acd_201", "ucdp_dyadic"} <= versions.keys()
    for key, found in versions.items():
        assert found == {sources[key].version.partition("-")[0]} or found == {
            sources[key].version
        }, key


#: Sources whose `year` is not that of a row: it is that of a state's begin, or of an episode.
PLACES_OF_YEARS = {"cow_majors"}
MOST_BYTES = 3_000_000


def _column(path: Path, column: str) -> pd.Series | None:
    """A column of a file as numbers where it holds them; none where the file has no such column."""
    try:
        found = read_columns(path, [column])[column]
    except (CollsecError, UnicodeDecodeError):
        return None
    numbers = pd.to_numeric(found, errors="coerce")
    kept = numbers[numbers.between(1700, 2100)] if column != "version" else found.dropna()
    return kept if len(kept) else None
