"""One file is taken out of a publisher's archive; whatever could leave its folder is refused."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from collsec.upstream.archives import BadArchive, take_member

CONTENT = b"conflict_id,year\n1,1999\n"
Member = tuple[str | zipfile.ZipInfo, bytes]


def packed(path: Path, members: Iterable[Member]) -> Path:
    """A zip archive of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def link(name: str, target: bytes) -> Member:
    """A symbolic link, as zip archives hold it."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


def test_one_member_is_taken_and_no_other(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", [("readme.pdf", b"%PDF"), ("data/acd.csv", CONTENT)])
    take_member(archive, "data/acd.csv", tmp_path / "acd.csv", len(CONTENT))
    assert (tmp_path / "acd.csv").read_bytes() == CONTENT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "acd.csv"]


@pytest.mark.parametrize(
    "unsafe",
    [
        ("../acd.csv", b"x"),
        ("data/../../acd.csv", b"x"),
        ("/etc/acd.csv", b"x"),
        ("..\\acd.csv", b"x"),
        ("C:\\acd.csv", b"x"),
        ("\\\\host\\acd.csv", b"x"),
        link("acd", b"/etc/passwd"),
        link("data", b".."),
    ],
    ids=lambda member: str(getattr(member[0], "filename", member[0])),
)
def test_an_archive_with_an_unsafe_member_is_refused_whole(tmp_path: Path, unsafe: Member) -> None:
    archive = packed(tmp_path / "a.zip", [("acd.csv", CONTENT), unsafe])
    with pytest.raises(BadArchive, match="unsafe member"):
        take_member(archive, "acd.csv", tmp_path / "out" / "acd.csv", len(CONTENT))
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("content", [CONTENT + b"2", b"0" * 5_000_000], ids=["one byte", "bomb"])
def test_an_oversized_member_is_not_read_to_its_end(tmp_path: Path, content: bytes) -> None:
    archive = packed(tmp_path / "a.zip", [("acd.csv", content)])
    with pytest.raises(BadArchive, match=f"larger than {len(CONTENT)} bytes"):
        take_member(archive, "acd.csv", tmp_path / "acd.csv", len(CONTENT))
    assert (tmp_path / "acd.csv").stat().st_size <= len(CONTENT)


def test_a_member_that_is_absent_is_named_with_those_there(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", [("b.csv", CONTENT), ("a.csv", CONTENT)])
    with pytest.raises(BadArchive, match=r"holds acd\.csv 0 times; it has a\.csv, b\.csv"):
        take_member(archive, "acd.csv", tmp_path / "acd.csv", 99)


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.9, 0.99])
def test_a_torn_archive_is_one_error(tmp_path: Path, share: float) -> None:
    whole = packed(tmp_path / "a.zip", [("acd.csv", CONTENT * 50)]).read_bytes()
    torn = tmp_path / "torn.zip"
    torn.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(BadArchive, match="no readable zip archive"):
        take_member(torn, "acd.csv", tmp_path / "acd.csv", 10_000)


def test_a_member_whose_bytes_were_changed_is_refused(tmp_path: Path) -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("acd.csv", CONTENT)
    (tmp_path / "a.zip").write_bytes(stored.getvalue().replace(b"1999", b"2001", 1))
    with pytest.raises(BadArchive, match="CRC"):
        take_member(tmp_path / "a.zip", "acd.csv", tmp_path / "acd.csv", 99)
