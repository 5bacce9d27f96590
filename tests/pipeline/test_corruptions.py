"""A hundred corrupted inputs: each ends in one clear error that names the place; nothing written.

The cases are drawn by `mini.corruptions` with a fixed seed, on a small raw folder.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

import pytest

from for_all_tests import first

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collsec.core.errors import BadTable, CollsecError
from collsec.core.project import Project
from collsec.tables.clean import REQUIRED, clean
from collsec.upstream.fetch import FetchFailed, fetch
from collsec.upstream.sources import BadSource, Mirror, Source, SourceFile, Upstream
from mini.corruptions import FACTS, Corruption, Damage, corruptions
from mini.raw import build_raw
from mini.small_study import collsec

COUNT = 100
CASES = corruptions(list(REQUIRED), COUNT)
# `make test` runs one in ten of them; the kinds follow each other in order.
IN_TURN = [c if c.number % 10 == 0 else pytest.param(c, marks=pytest.mark.full) for c in CASES]
# Cases that go through the real command line too.
SPOKEN = [case for case in CASES if case.number in (1, 8, 12, 15, 22, 31, 47, 60)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small raw folder without a fault."""
    return build_raw(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    return tmp_path


def written(root: Path) -> list[Path]:
    """Everything below the folder of processed files."""
    folder = root / "data" / "processed"
    return sorted(folder.rglob("*")) if folder.exists() else []


def contents(root: Path) -> dict[str, str]:
    """Digest of every file of the raw folder."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted((root / "data" / "raw").rglob("*"))
        if p.is_file()
    }


def refuse(message: str, damage: Damage) -> None:
    """Hold a message against the place of the damage."""
    assert "\n" not in message, "one error is one line"
    assert damage.file in message
    if damage.row is not None:
        assert f"row {damage.row}," in message or f"row {damage.row}:" in message, message
    if damage.columns:
        named = [f"column {c}" for c in damage.columns]
        assert any(f"{n}," in message or f"{n}:" in message for n in named), message
    if damage.value is not None:
        assert damage.value[:40] in message.replace("\\\\", "\\"), message
    assert message.rstrip().endswith((".", "?", ")", "…")), message


def test_the_sound_folder_is_clean(folder: Path) -> None:
    assert {p.stem for p in clean(Project(folder))} >= set(REQUIRED)


def test_there_are_a_hundred_different_cases() -> None:
    assert len(CASES) == COUNT == len({(c.kind, c.table) for c in CASES})
    assert {kind for _, kind in FACTS} <= {c.kind for c in CASES}


@pytest.mark.parametrize("case", IN_TURN, ids=str)
def test_a_corrupted_input_is_one_clear_error_and_writes_nothing(
    folder: Path, case: Corruption
) -> None:
    before = contents(folder)
    damage = case.apply(folder)
    damaged = contents(folder)
    assert damaged != before, "the corruption changed nothing"
    with pytest.raises(CollsecError) as caught:
        clean(Project(folder))
    refuse(str(caught.value), damage)
    if isinstance(caught.value, BadTable):
        assert caught.value.file == damage.file
    assert written(folder) == []
    assert contents(folder) == damaged


@pytest.mark.pipeline
@pytest.mark.parametrize("case", first(*SPOKEN), ids=str)
def test_the_command_line_says_it_in_one_message(folder: Path, case: Corruption) -> None:
    (folder / "src").symlink_to(Path(__file__).resolve().parents[2] / "src")
    damage = case.apply(folder)
    done = collsec(folder, "step", "tables")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1
    refuse(" ".join(done.stderr.split()).removeprefix("error: "), damage)
    assert written(folder) == []


# Upstream files ---------------------------------------------------------------------------------
CONTENT = b"conflict_id,year\n" + b"".join(b"%d,1999\n" % i for i in range(200))
DECLARED = SourceFile("acd/acd.csv", "acd.csv", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
SOURCES = {
    "acd": Source(
        key="acd",
        producer="P",
        title="T",
        version="1",
        coverage="1946-2024",
        citation="C",
        doi="",
        licence="CC BY 4.0",
        publisher="https://example.org/",
        mirror=Mirror("owner/name", "a" * 40),
        files=(DECLARED,),
    )
}
DAMAGED = {
    "truncated": CONTENT[:1000],
    "one byte": CONTENT[:50] + b"8" + CONTENT[51:],
    "line ends": CONTENT.replace(b"\n", b"\r\n"),
    "empty": b"",
    "a page that says sorry": b"<!doctype html><title>404: Not Found</title>",
    "a newer release": CONTENT + b"999,2025\n",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_upstream_file_is_not_taken_from_a_folder(tmp_path: Path, content: bytes) -> None:
    given, folder = tmp_path / "given", tmp_path / "upstream"
    (given / "acd").mkdir(parents=True)
    (given / "acd" / "acd.csv").write_bytes(content)
    with pytest.raises(FetchFailed, match=r"acd/acd\.csv: .*sha256"):
        fetch(SOURCES, folder, local=given)
    assert not [p for p in folder.rglob("*") if p.is_file()]


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_download_is_not_kept(tmp_path: Path, content: bytes) -> None:
    def download(address: str, path: Path, *declared: object) -> None:
        path.write_bytes(content)

    with pytest.raises(FetchFailed, match=r"acd/acd\.csv: .*Publisher: https://example\.org/"):
        fetch(SOURCES, tmp_path, download=download)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_upstream_file_is_not_compiled(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "acd").mkdir()
    (tmp_path / "acd" / "acd.csv").write_bytes(content)
    with pytest.raises(BadSource, match=r"acd/acd\.csv"):
        Upstream(tmp_path, SOURCES).file("acd")
