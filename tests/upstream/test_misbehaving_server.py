"""A server that does everything wrong: each misdeed is named in time, and stops no other file."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collsec.upstream.fetch import FetchFailed, Limits, fetch
from collsec.upstream.sources import Mirror, Source, SourceFile

GOOD = b"year,deaths\n1990,25\n"
SHA = hashlib.sha256(GOOD).hexdigest()
LIMITS = Limits(stall=1.0, source=2.5, total=30.0)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the name of the file that is asked for."""

    def do_GET(self) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            DEEDS[self.path.strip("/")](self)

    def head(self, length: int | None = len(GOOD), code: int = 200, **headers: str) -> None:
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def good(to: Handler) -> None:
    to.head()
    to.wfile.write(GOOD)


def stalls(to: Handler) -> None:
    to.head()
    to.wfile.write(GOOD[:5])
    time.sleep(6)


def says_nothing(to: Handler) -> None:
    time.sleep(6)


def dribbles(to: Handler) -> None:
    to.head(10_000)
    for _ in range(12):
        to.wfile.write(b"x")
        to.wfile.flush()
        time.sleep(0.5)


def dribbles_headers(to: Handler) -> None:
    to.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for i in range(60):
        to.wfile.write(b"X-%d: x\r\n" % i)
        to.wfile.flush()
        time.sleep(0.1)


def breaks_off(to: Handler) -> None:
    to.head(len(GOOD))
    to.wfile.write(GOOD[:5])


def never_ends(to: Handler) -> None:
    to.head(None)
    while True:
        to.wfile.write(b"x" * 1024)


def gives_another(to: Handler) -> None:
    to.head()
    to.wfile.write(GOOD.replace(b"25", b"26"))


def gives_a_page(to: Handler) -> None:
    to.head(6, **{"Content-Type": "text/html"})
    to.wfile.write(b"<html>")


def fails(to: Handler) -> None:
    to.head(0, 500)


def turns_in_circles(to: Handler) -> None:
    to.head(0, 302, Location=to.path)


def hangs_up(to: Handler) -> None:
    to.connection.close()


#: What is said of each misdeed.
SAID: dict[Callable[[Handler], None], str] = {
    stalls: "stalled, no byte for 1 s after",
    says_nothing: "stalled, no byte for 1 s after 0 of",
    dribbles: "2 s for this source had passed",
    dribbles_headers: "for 1 s",
    breaks_off: "failed",
    never_ends: f"larger than {len(GOOD)} bytes",
    gives_another: "failed",
    gives_a_page: "failed",
    fails: "500",
    turns_in_circles: "redirects",
}
DEEDS = {deed.__name__: deed for deed in (*SAID, good, hangs_up)}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()


def source(key: str) -> Source:
    """A source with one file, which the mirror serves by the name of the source."""
    file = SourceFile(f"{key}/x.csv", key, len(GOOD), SHA)
    text = {"producer": "P", "title": key, "version": "1", "coverage": "1990", "doi": ""}
    return Source(
        key=key,
        **text,
        citation="C.",
        licence="L",
        publisher="https://example.org/",
        mirror=Mirror("o/n", "0" * 40),
        files=(file,),
    )


def test_each_misdeed_is_named_and_none_stops_the_others(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"{server}/{path}")
    keys = [deed.__name__ for deed in SAID]
    order = [*keys[:5], "good", *keys[5:]]
    began = time.monotonic()
    with pytest.raises(FetchFailed) as caught:
        fetch({key: source(key) for key in order}, tmp_path, limits=LIMITS)
    assert time.monotonic() - began < LIMITS.total
    lines = {line.split("/")[0].strip(): line for line in str(caught.value).splitlines()[1:]}
    assert lines.keys() == set(keys)
    for deed, said in SAID.items():
        assert said in lines[deed.__name__], lines[deed.__name__]
    assert str(caught.value).startswith(f"{len(keys)} of {len(order)} upstream files")
    assert (tmp_path / "good" / "x.csv").read_bytes() == GOOD
    assert [path.name for path in tmp_path.glob("*/x.csv")] == ["x.csv"]


def test_the_time_for_everything_ends_it(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"{server}/dribbles")
    began = time.monotonic()
    with pytest.raises(FetchFailed) as caught:
        fetch(
            {key: source(key) for key in ("a", "b", "c")},
            tmp_path,
            limits=Limits(stall=5, source=60, total=1),
        )
    assert time.monotonic() - began < 5
    lines = str(caught.value).splitlines()
    assert "too slow, the 1 s for everything had passed after" in lines[1]
    assert "not tried, the 1 s for everything had passed" in lines[2]


def test_a_host_that_is_not_there_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collsec.upstream.fetch import NoConnection, OnBytes

    asked: list[str] = []

    def download(address: str, path: Path, declared: SourceFile, on_bytes: OnBytes) -> None:
        asked.append(address)
        if "one" in address:
            raise NoConnection("one.example cannot be reached.")
        path.write_bytes(GOOD)

    hosts = {"a": "one", "b": "one", "c": "two"}
    monkeypatch.setattr(Mirror, "address", lambda self, path: f"https://{hosts[path]}.example/x")
    with pytest.raises(FetchFailed, match="1 of 3 upstream files are in place"):
        fetch({key: source(key) for key in hosts}, tmp_path, download=download)
    assert asked == ["https://one.example/x", "https://two.example/x"]
    assert (tmp_path / "c" / "x.csv").is_file()
