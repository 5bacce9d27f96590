"""Readers of the publishers' formats: columns by name, and one clear error for a damaged file."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import rdata

from collsec.core.errors import BadTable, MissingInput
from collsec.upstream.readers import read_columns, read_texts

COLUMNS = ["year", "name"]
ROWS = pd.DataFrame({"name": [f"state {i}" for i in range(80)], "year": list(range(1946, 2026))})


def write_rda(path: Path) -> None:
    rdata.write_rda(path, {"frame": ROWS.astype({"name": object})})


def write_stata(path: Path) -> None:
    ROWS.to_stata(path, write_index=False)


def write_workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [list(ROWS), *ROWS.itertuples(index=False)]:
        book.active.append(list(row))
    book.save(path)


def write_parquet(path: Path) -> None:
    ROWS.to_parquet(path)


def write_csv(path: Path) -> None:
    ROWS.rename(columns={"name": " name "}).to_csv(path, index=False)


FORMATS: dict[str, Callable[[Path], None]] = {
    "t.rda": write_rda,
    "t.dta": write_stata,
    "t.xlsx": write_workbook,
    "t.parquet": write_parquet,
}
DAMAGES = 60


@pytest.mark.parametrize("name", [*FORMATS, "t.csv"])
def test_columns_come_by_name_and_in_the_order_asked(name: str, tmp_path: Path) -> None:
    read = read_columns
    (FORMATS | {"t.csv": write_csv})[name](tmp_path / name)
    frame = read(tmp_path / name, COLUMNS)
    assert list(frame.columns) == COLUMNS and len(frame) == 80
    assert [int(float(y)) for y in frame["year"]] == list(range(1946, 2026))
    assert frame["name"].tolist() == ROWS["name"].tolist()
    with pytest.raises(BadTable, match="population"):
        read(tmp_path / name, ["year", "population"])
    with pytest.raises(MissingInput, match="is missing from the upstream folder"):
        read(tmp_path / f"no-{name}", COLUMNS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_one_clear_error_or_reads_whole(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    FORMATS[name](path)
    sound, rng = path.read_bytes(), random.Random(20261125)
    refused = 0
    for case in range(DAMAGES):
        at = rng.randrange(len(sound))
        if case % 3 == 0:  # a download that broke off
            damaged = sound[:at]
        elif case % 3 == 1:  # a changed byte
            damaged = sound[:at] + bytes([sound[at] ^ rng.randrange(1, 256)]) + sound[at + 1 :]
        else:  # another file altogether
            damaged = rng.randbytes(rng.randrange(400))
        path.write_bytes(damaged)
        try:
            frame = read_columns(path, COLUMNS)
        except BadTable as error:
            refused += 1
            assert str(error).startswith(f"{name}: ") and "\n" not in str(error)
        else:
            assert case % 3 == 1 and list(frame.columns) == COLUMNS
    assert refused >= 2 * DAMAGES // 3


def test_text_formats_keep_every_cell_as_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("code;share\n007;0,5\n;1\n", encoding="latin-1")
    assert read_columns(path, ["share", "code"], encoding="latin-1").to_numpy().tolist() == [
        ["0,5", "007"],
        ["1", ""],
    ]
    path.write_text("a,b\n1,2\n3\n", encoding="utf-8")
    with pytest.raises(BadTable, match=r"t\.csv, row 3, value '3': 1 cells in a record of 2"):
        read_columns(path, ["a"])
    path.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(BadTable, match="not text in utf-8"):
        read_columns(path, ["a"])
    other = tmp_path / "t.json"
    other.write_text("{}", encoding="utf-8")
    with pytest.raises(BadTable, match="no format that is read"):
        read_columns(other, ["a"])


def write_archive(path: Path, texts: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:xz") as archive:
        for name, data in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_texts_of_an_archive_are_read_without_unpacking_it(tmp_path: Path) -> None:
    path = tmp_path / "t.tar.xz"
    write_archive(path, {"./R-2.txt": b"two", "R-10.txt": b"caf\xe9", "note.md": b"no"})
    assert read_texts(path, r"R-(\d+)\.txt") == {"2": "two", "10": "café"}
    assert [p.name for p in tmp_path.iterdir()] == ["t.tar.xz"]
    write_archive(path, {"a/R-2.txt": b"two", "b/R-2.txt": b"again"})
    with pytest.raises(BadTable, match="two texts of one key"):
        read_texts(path, r"R-(\d+)\.txt")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(BadTable, match="not a readable archive"):
        read_texts(path, r"R-(\d+)\.txt")
    with pytest.raises(MissingInput):
        read_texts(tmp_path / "none.tar.xz", "(.*)")
