"""The declaration of sources, the upstream folder, and fetching into it."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collsec.core.errors import CollsecError, MissingInput
from collsec.upstream.fetch import Fetched, FetchFailed, NoConnection, download_with_pooch, fetch
from collsec.upstream.sources import BadSource, Mirror, Source, Upstream, read_sources

GOOD = b"a,b\n1,2\n"
SHA = hashlib.sha256(GOOD).hexdigest()
BLOCK = f"""
[one]
producer = "P"
title = "T"
version = "1"
coverage = "1946-2024"
citation = "P (2020). T."
doi = "10.1177/0022343302039005007"
licence = "CC BY 4.0"
publisher = "https://example.org/"
mirror = {{ repository = "o/n", commit = "{"a" * 40}" }}
files = [
  {{ file = "one/x y.csv", mirror_path = "data/x y.csv", bytes = {len(GOOD)}, sha256 = "{SHA}" }},
]
"""


def declared(folder: Path, text: str = BLOCK) -> Path:
    """Write a ``sources.toml``."""
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def put(folder: Path, content: bytes = GOOD) -> Path:
    """Write the declared file below a folder."""
    path = folder / "one" / "x y.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_block_becomes_a_source(tmp_path: Path) -> None:
    source = read_sources(declared(tmp_path))["one"]
    assert source.key == "one"
    assert source.files[0].bytes == len(GOOD)
    assert source.mirror.address(source.files[0].mirror_path) == (
        f"https://raw.githubusercontent.com/o/n/{'a' * 40}/data/x%20y.csv"
    )
    with pytest.raises(AttributeError):
        source.title = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "T"\n', "", "line 2, key one.title: is missing"),
        ('title = "T"', 'title = "T"\nurl = "x"', "line 5, key one.url: unknown key"),
        ("[one]", "[One-2]", "line 2, key One-2, value 'One-2': a name has lower-case"),
        (
            'doi = "10.1177/0022343302039005007"',
            'doi = "doi.org/10.1"',
            "line 8, key one.doi, value 'doi.org/10.1': does not read like 10.1177/",
        ),
        ('title = "T"', "title = 3", "line 4, key one.title, value 3: must be text"),
        (
            'citation = "P (2020). T."',
            'citation = ""',
            "line 7, key one.citation, value '': is empty",
        ),
        (
            f'commit = "{"a" * 40}"',
            'commit = "main"',
            "line 11, key one.mirror.commit, value 'main': .*7 to 40 hex digits",
        ),
        (
            f'sha256 = "{SHA}"',
            'sha256 = "abc"',
            r"line 13, key one.files\[0\].sha256, value 'abc': .*64 hex digits",
        ),
        ('file = "one/x y.csv"', 'file = "../x.csv"', "does not lie below the upstream folder"),
        ('file = "one/x y.csv"', 'file = "/etc/x.csv"', "does not lie below the upstream folder"),
        (
            'mirror_path = "data/x y.csv", ',
            "",
            r"line 13, key one.files\[0\].*: has a checksum and a path in the mirror, or neither",
        ),
        ('title = "T"', "title = T", "line 4: not readable TOML"),
        (
            f'"{SHA}"',
            f'"{SHA}", published = "http://p.org/"',
            "value 'http://p.org/': does not read like https://",
        ),
        (
            f'"{SHA}"',
            f'"{SHA}", member = "x.csv"',
            r"line 13, key one.files\[0\].member, value 'x.csv': lacks the address",
        ),
        ("files = [", "filed = [", "line 12, key one.filed: unknown key. Did you mean 'files'"),
        (
            "mirror = {",
            "mirrors = {",
            "line 11, key one.mirrors: unknown key. Did you mean 'mirror'",
        ),
        (
            'publisher = "https://example.org/"',
            'publisher = ""',
            "line 10, key one.publisher, value '': .*names its publisher",
        ),
    ],
)
def test_malformed_blocks_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BLOCK
    with pytest.raises(BadSource, match=message):
        read_sources(declared(tmp_path, BLOCK.replace(old, new)))


@pytest.mark.parametrize("part", ["mirror", "files"])
def test_mirror_and_files_come_together(tmp_path: Path, part: str) -> None:
    head = BLOCK[: BLOCK.index("mirror = ")]
    mirror, files = BLOCK[len(head) :].split("files = ", 1)
    kept = mirror if part == "mirror" else f"files = {files}"
    with pytest.raises(BadSource, match=r"line 2, key one: .*come together"):
        read_sources(declared(tmp_path, head + kept))
    with pytest.raises(BadSource, match=r"line 12, key one\.files, value 3: must be a list"):
        read_sources(declared(tmp_path, f"{head}{mirror}files = 3"))


def test_a_source_may_have_no_file(tmp_path: Path) -> None:
    head = BLOCK[: BLOCK.index("mirror = ")].replace("[one]", "[book]")
    path = declared(tmp_path, head.replace("https://example.org/", "") + BLOCK)
    sources = read_sources(path)
    assert sources["book"].mirror is None and sources["book"].files == ()
    assert Upstream(tmp_path, sources).files("book") == ()
    with pytest.raises(BadSource, match=r"\[book\]: 0 files, one expected"):
        Upstream(tmp_path, sources).file("book")
    put(tmp_path / "local")
    fetched = fetch(sources, tmp_path / "up", local=tmp_path / "local")
    assert [f.source for f in fetched] == ["one"]


def test_a_file_belongs_to_one_source(tmp_path: Path) -> None:
    twice = BLOCK + BLOCK.replace("[one]", "[two]")
    with pytest.raises(
        BadSource, match=r"line 27, key two.*value 'one/x y.csv': stands in \[one\]"
    ):
        read_sources(declared(tmp_path, twice))
    with pytest.raises(MissingInput, match=r"sources\.toml is missing"):
        read_sources(tmp_path / "none.toml")


def test_upstream_files_are_checked_before_they_are_read(tmp_path: Path) -> None:
    sources = read_sources(declared(tmp_path))
    with pytest.raises(MissingInput, match=r"one/x y\.csv is missing .*https://example\.org/"):
        Upstream(tmp_path, sources).file("one")
    put(tmp_path, GOOD.replace(b"2", b"3"))
    with pytest.raises(BadSource, match="checksum differs"):
        Upstream(tmp_path, sources).file("one")
    path = put(tmp_path)
    assert Upstream(tmp_path, sources).file("one") == path
    with pytest.raises(BadSource, match=r"has no source 'two'\. It has: one"):
        Upstream(tmp_path, sources).file("two")


def test_fetch_copies_from_a_folder_and_keeps_what_is_there(tmp_path: Path) -> None:
    sources = read_sources(declared(tmp_path))
    put(tmp_path / "local")
    into = tmp_path / "upstream"
    assert fetch(sources, into, local=tmp_path / "local") == [
        Fetched("one", "one/x y.csv", "folder")
    ]
    assert (into / "one" / "x y.csv").read_bytes() == GOOD
    assert fetch(sources, into)[0].place == "present"
    put(into, b"spoiled")
    assert fetch(sources, into, local=tmp_path / "local")[0].place == "folder"
    assert (into / "one" / "x y.csv").read_bytes() == GOOD


def test_fetch_downloads_nothing_if_a_folder_is_given(tmp_path: Path) -> None:
    sources = read_sources(declared(tmp_path))

    def never(address: str, path: Path, *_: object) -> None:
        raise AssertionError(address)

    (tmp_path / "local").mkdir()
    with pytest.raises(FetchFailed, match="not in the folder given"):
        fetch(sources, tmp_path / "up", local=tmp_path / "local", download=never)
    put(tmp_path / "local", b"other")
    with pytest.raises(FetchFailed, match="another file stands in the folder given"):
        fetch(sources, tmp_path / "up", local=tmp_path / "local", download=never)
    assert not (tmp_path / "up" / "one" / "x y.csv").exists()
    with pytest.raises(MissingInput, match="no such folder"):
        fetch(sources, tmp_path / "up", local=tmp_path / "nowhere")


def test_fetch_names_every_file_that_failed_and_keeps_the_others(tmp_path: Path) -> None:
    two = BLOCK.replace("[one]", "[two]").replace("x y.csv", "z.csv")
    sources = read_sources(declared(tmp_path, BLOCK + two))

    def half(address: str, path: Path, *_: object) -> None:
        if "z.csv" in address:
            raise FetchFailed(f"{address} failed (404).")
        path.write_bytes(GOOD)

    into = tmp_path / "up"
    with pytest.raises(FetchFailed) as caught:
        fetch(sources, into, download=half)
    assert "1 of 2 upstream files" in str(caught.value)
    assert "one/z.csv" in str(caught.value) and "https://example.org/" in str(caught.value)
    assert [p.name for p in (into / "one").iterdir()] == ["x y.csv"]
    with pytest.raises(BadSource, match="no source three"):
        fetch(sources, into, keys=["three"])


def test_fetch_refuses_another_file_from_the_mirror(tmp_path: Path) -> None:
    sources = read_sources(declared(tmp_path))

    def wrong(address: str, path: Path, *_: object) -> None:
        path.write_bytes(b"not the file")

    with pytest.raises(FetchFailed, match="the mirror has another file"):
        fetch(sources, tmp_path / "up", download=wrong)
    assert list((tmp_path / "up" / "one").iterdir()) == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A mirror on this machine."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "x y.csv").write_bytes(GOOD)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


def test_fetch_downloads_and_checks(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"{server}/x%20y.csv")
    sources = read_sources(declared(tmp_path))
    shown: list[tuple[str, int]] = []
    fetched = fetch(sources, tmp_path / "up", on_bytes=lambda f, n: shown.append((f, n)))
    assert fetched[0].place == "mirror" and shown == [("one/x y.csv", len(GOOD))]
    assert (tmp_path / "up" / "one" / "x y.csv").read_bytes() == GOOD
    file = sources["one"].files[0]
    with pytest.raises(FetchFailed, match=r"failed .*404"):
        download_with_pooch(f"{server}/none.csv", tmp_path / "none.csv", file)
    with pytest.raises(FetchFailed, match=r"failed .*hash"):
        download_with_pooch(
            f"{server}/x%20y.csv", tmp_path / "bad.csv", replace(file, sha256="0" * 64)
        )
    with pytest.raises(FetchFailed, match="larger than 3 bytes"):
        download_with_pooch(f"{server}/x%20y.csv", tmp_path / "big.csv", replace(file, bytes=3))
    assert not any((tmp_path / name).exists() for name in ("none.csv", "bad.csv", "big.csv"))


def archived(tmp_path: Path, server: str, members: dict[str, bytes]) -> dict[str, Source]:
    """Sources whose mirror has nothing and whose publisher packs the file into an archive."""
    with zipfile.ZipFile(tmp_path / "served" / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    at = 'published = "https://p.org/x.zip", member = "x.csv"'
    sources = read_sources(declared(tmp_path, BLOCK.replace(f'"{SHA}"', f'"{SHA}", {at}')))
    file = replace(sources["one"].files[0], published=f"{server}/x.zip")
    return {"one": replace(sources["one"], files=(file,))}


def test_the_publisher_is_asked_after_the_mirror(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"{server}/none.csv")
    shown: list[tuple[str, int]] = []
    fetched = fetch(
        archived(tmp_path, server, {"note.pdf": b"%PDF", "x.csv": GOOD}),
        tmp_path / "up",
        on_bytes=lambda f, n: shown.append((f, n)),
    )
    assert fetched[0].place == "publisher" and shown == [("one/x y.csv", len(GOOD))]
    assert [p.read_bytes() for p in (tmp_path / "up" / "one").iterdir()] == [GOOD]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"x.csv": GOOD, "../y.csv": b"y"}, "unsafe member '../y.csv'"),
        ({"x.csv": GOOD[:-1]}, "the publisher has another file"),
        ({"x.csv": GOOD * 9}, f"x.csv is larger than {len(GOOD)} bytes"),
        ({"y.csv": GOOD}, "holds x.csv 0 times"),
    ],
)
def test_the_publishers_archive_is_not_trusted(
    tmp_path: Path,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, bytes],
    message: str,
) -> None:
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"{server}/none.csv")
    with pytest.raises(FetchFailed) as caught:
        fetch(archived(tmp_path, server, members), tmp_path / "up")
    assert message in str(caught.value) and "404" in str(caught.value)
    assert [p for p in tmp_path.rglob("*") if p.is_file() and p.parent.name in ("one", "up")] == []


UNPINNED = BLOCK[: BLOCK.index("mirror = ")].replace("[one]", "[next]") + (
    'files = [\n  { file = "next/z.csv", published = "https://p.org/z.zip", '
    'member = "*.csv" },\n]\n'
)


def test_a_release_without_a_checksum_is_had_from_its_publisher_when_asked(
    tmp_path: Path, server: str
) -> None:
    sources = read_sources(declared(tmp_path, BLOCK + UNPINNED))
    assert not sources["next"].is_pinned and sources["next"].mirror is None
    put(tmp_path / "up")
    assert [f.source for f in fetch(sources, tmp_path / "up")] == ["one"]  # not asked for
    with pytest.raises(MissingInput, match="with `collsec fetch next`"):
        Upstream(tmp_path / "up", sources).file("next")
    with zipfile.ZipFile(tmp_path / "served" / "z.zip", "w") as archive:
        archive.writestr("folder/Release.csv", GOOD * 3)
        archive.writestr("readme.pdf", b"%PDF")
    file = replace(sources["next"].files[0], published=f"{server}/z.zip")
    served = {**sources, "next": replace(sources["next"], files=(file,))}
    fetched = fetch(served, tmp_path / "up", keys=["next"])
    assert fetched == [Fetched("next", "next/z.csv", "publisher")]
    assert Upstream(tmp_path / "up", served).file("next").read_bytes() == GOOD * 3
    assert fetch(served, tmp_path / "up", keys=["next"])[0].place == "present"


def test_what_a_publisher_gives_is_held_against_its_recorded_checksum(
    tmp_path: Path, server: str
) -> None:
    sources = read_sources(declared(tmp_path, UNPINNED))
    served = tmp_path / "served"
    with zipfile.ZipFile(served / "z.zip", "w") as archive:
        archive.writestr("Release.csv", GOOD)
    (served / "plain.csv").write_bytes(GOOD)
    for name, member in (("z.zip", "*.csv"), ("plain.csv", "")):
        right = hashlib.sha256((served / name).read_bytes()).hexdigest()
        for recorded, is_refused in (("0" * 64, True), (right, False)):
            file = replace(
                sources["next"].files[0],
                published=f"{server}/{name}",
                member=member,
                published_sha256=recorded,
            )
            one = {"next": replace(sources["next"], files=(file,))}
            into = tmp_path / f"{name}-{is_refused}"
            if is_refused:
                with pytest.raises(FetchFailed, match=f"gives another file.*{right}.*{recorded}"):
                    fetch(one, into, keys=["next"])
                assert not list(into.rglob("*.csv"))
            else:
                assert fetch(one, into, keys=["next"])[0].place == "publisher"
                assert (into / "next" / "z.csv").read_bytes() == GOOD


def test_a_recorded_checksum_is_of_an_address(tmp_path: Path) -> None:
    block = BLOCK.replace("sha256 =", f'published_sha256 = "{"0" * 64}", sha256 =', 1)
    assert block != BLOCK
    with pytest.raises(BadSource, match=r"published_sha256.*lacks the address"):
        read_sources(declared(tmp_path, block))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('published = "https://p.org/z.zip", member = "*.csv"', 'bytes = 3', "no address, `publ"),
        ("files = [", f'mirror = {{ repository = "o/n", commit = "{"a" * 40}" }}\nfiles = [',
         "come together"),
        ('file = "next/z.csv",', 'file = "next/z.csv", mirror_path = "z.csv",', "or neither"),
    ],
)  # fmt: skip
def test_a_file_without_a_checksum_needs_its_publisher_alone(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in UNPINNED
    with pytest.raises(BadSource, match=message):
        read_sources(declared(tmp_path, UNPINNED.replace(old, new)))


def test_an_archive_with_two_fitting_members_is_refused(tmp_path: Path, server: str) -> None:
    sources = read_sources(declared(tmp_path, UNPINNED))
    with zipfile.ZipFile(tmp_path / "served" / "z.zip", "w") as archive:
        archive.writestr("a.csv", GOOD)
        archive.writestr("b.csv", GOOD)
    file = replace(sources["next"].files[0], published=f"{server}/z.zip")
    with pytest.raises(FetchFailed, match=r"holds \*\.csv 2 times"):
        fetch({"next": replace(sources["next"], files=(file,))}, tmp_path / "up", keys=["next"])


def test_without_a_connection_there_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = BLOCK.replace("[one]", "[two]").replace("x y.csv", "z.csv")
    sources = read_sources(declared(tmp_path, BLOCK + two))
    put(tmp_path / "up")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"http://127.0.0.1:{port}/{path}")
    with pytest.raises(NoConnection) as caught:
        fetch(sources, tmp_path / "up")
    message = str(caught.value)
    assert f"127.0.0.1:{port} cannot be reached. 1 of 2 upstream files are in place." in message
    assert "--from" in message and "\n" not in message
    assert not list((tmp_path / "up").glob("two/*"))


def test_the_studys_own_sources(repository: Path) -> None:
    sources = read_sources(repository / "data" / "raw" / "sources.toml")
    assert len(sources) >= 40
    for source in sources.values():
        assert source.publisher.startswith("http") or not source.files, source.key
        assert source.title and source.producer and source.coverage, source.key
    # The locations by month are an extract that no address gives: two coded tables hold it.
    assert {k for k, s in sources.items() if not s.files} == {
        "article",
        "general_knowledge",
        "geo_pko_locations",
    }


def test_every_declared_file_is_the_shared_one(shared: Path, repository: Path) -> None:
    sources = read_sources(repository / "data" / "raw" / "sources.toml")
    upstream = Upstream(shared / "upstream", sources)
    pinned = [key for key, source in sources.items() if source.is_pinned]
    checked = [path for key in pinned for path in upstream.files(key)]
    listed = {p for p in (shared / "upstream").rglob("*") if p.is_file()}
    # Not declared: a copy of release 25.1 that a spreadsheet re-saved, and alliance data whose
    # maintainers ask software not to pass them on.
    left_out = ("ucdp_acd/UcdpPrioConflict_v25_1.csv", "peacesciencer_history/cow_alliance.rda")
    undeclared = {shared / "upstream" / name for name in ("SOURCES.csv", *left_out)}
    assert listed - set(checked) == undeclared
    assert issubclass(BadSource, CollsecError)
