"""Readers of the publishers' formats: columns by name, and one clear error for a damaged file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import rdata

from collsec.core.errors import BadTable, MissingInput
from collsec.upstream.r_data import read_rda
from collsec.upstream.stata import read_stata
from collsec.upstream.workbooks import read_sheet

Reader = Callable[[Path, list[str]], pd.DataFrame]
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


FORMATS: dict[str, tuple[Callable[[Path], None], Reader]] = {
    "t.rda": (write_rda, read_rda),
    "t.dta": (write_stata, read_stata),
    "t.xlsx": (write_workbook, read_sheet),
}
DAMAGES = 60


@pytest.mark.parametrize("name", FORMATS)
def test_columns_come_by_name_and_in_the_order_asked(name: str, tmp_path: Path) -> None:
    write, read = FORMATS[name]
    write(tmp_path / name)
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
    write, read = FORMATS[name]
    path = tmp_path / name
    write(path)
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
            frame = read(path, COLUMNS)
        except BadTable as error:
            refused += 1
            assert str(error).startswith(f"{name}: ") and "\n" not in str(error)
        else:
            assert case % 3 == 1 and list(frame.columns) == COLUMNS
    assert refused >= 2 * DAMAGES // 3
