"""Cells that a person should never meet: each is one error with row, column and value."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from collsec.core.errors import BadTable
from collsec.tables.rawfile import read_cells

SCHEMA = {
    "fields": [{"name": "id", "type": "integer"}, {"name": "note", "type": "string"}],
}


def read(tmp_path: Path, cell: str) -> BadTable:
    path = tmp_path / "t.csv"
    path.write_text(f'id,note\n1,fine\n2,"{cell}"\n', encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(BadTable) as caught:
        read_cells(path, "data/raw/coded/t.csv", SCHEMA)
    assert time.monotonic() - began < 1
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400
    assert "data/raw/coded/t.csv, row 3" in message
    return caught.value


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+2", "@SUM(A1)", "=HYPERLINK(1)", "-"])
def test_a_formula_is_refused(tmp_path: Path, cell: str) -> None:
    assert "as a formula of a spreadsheet" in str(read(tmp_path, cell))


@pytest.mark.parametrize(
    "code", [0x01, 0x08, 0x1B, 0x7F, 0x85, 0x200B, 0x200E, 0x202A, 0x202E, 0x2066, 0x2069, 0xFEFF]
)
def test_a_character_that_hides_or_turns_text_is_named_and_not_printed(
    tmp_path: Path, code: int
) -> None:
    message = str(read(tmp_path, f"UN{chr(code)}gpj.exe"))
    assert f"U+{code:04X}" in message or "control characters" in message
    assert chr(code) not in message


@pytest.mark.parametrize("length", [2001, 100_000, 200_000, 3_000_000])
def test_an_oversized_cell_is_refused(tmp_path: Path, length: int) -> None:
    assert "longer than 2,000 characters" in str(read(tmp_path, "x" * length))


@pytest.mark.parametrize("cell", ["a-b", "1 = 1", "e@mail", "S/RES/678 (1990)", "x" * 2000, "–"])
def test_what_is_text_is_read(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'id,note\n-1,"{cell}"\n', encoding="utf-8")
    assert read_cells(path, "t.csv", SCHEMA)["note"].tolist() == [cell]
