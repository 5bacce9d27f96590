"""Get the upstream files: from a local folder, the mirror or the publisher, checked and whole.

These places are tried in turn: the upstream folder itself, a local folder, the mirror pinned in
``sources.toml``, and the publisher where an address of the very file is declared. A file is kept
only if its checksum is the declared one, so a second run goes on where the first stopped. A file
without a declared checksum is had from the publisher alone, and only when its source is named. The
publisher's page is named where all of them fail, since newer releases appear there and some ask for
a name. No server can hold a command up: a download that gives nothing for a while, or takes more
than its time, is ended and named, and the next file is tried.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import whole
from collsec.upstream.archives import BadArchive, take_member
from collsec.upstream.sources import FILE, BadSource, Source, SourceFile, digest

TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.2
CHUNK_BYTES = 1 << 16
# Most bytes of a publisher's archive, whose checksum is not known beforehand.
ARCHIVE_BYTES = 100_000_000
# Most bytes of a file of which no size is declared.
UNPINNED_BYTES = 2_000_000_000

OnBytes = Callable[[str, int], None]  # (file, further bytes received)
Download = Callable[[str, Path, SourceFile, OnBytes], None]


class FetchFailed(CollsecError):
    """Some upstream files could not be had; the message says where each may be found."""


class NoConnection(FetchFailed):
    """The mirror cannot be reached at all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long downloads may take, in seconds.

    Attributes
    ----------
    stall : float
        Without a byte.
    source : float
        All files of one source.
    total : float
        Everything.
    """

    stall: float = TIMEOUT_SECONDS
    source: float = 900.0
    total: float = 7200.0


@dataclass(slots=True)
class _Watch:
    """Ends downloads that stall or run out of time, and asks no host twice that is not there."""

    take: Download
    limits: Limits
    ends: float
    until: float = 0.0
    absent: set[str] = field(default_factory=set)

    def begin_source(self) -> None:
        """The time of a source begins."""
        self.until = min(self.ends, time.monotonic() + self.limits.source)

    def __call__(self, address: str, path: Path, declared: SourceFile, on_bytes: OnBytes) -> None:
        """Download in a thread of its own, which is left behind where it does not end.

        Raises
        ------
        NoConnection
            If the host cannot be reached, or could not be before.
        FetchFailed
            If it stalls or takes too long, and as the download says.
        """
        host = address.split("/")[2] if address.count("/") > 2 else address
        if host in self.absent:
            raise NoConnection(f"{host} cannot be reached.")
        if self.until <= time.monotonic():
            raise FetchFailed(f"{address}: not tried, {self._spent()} had passed.")
        received, last, raised = 0, time.monotonic(), list[BaseException]()

        def count(file: str, further: int) -> None:
            nonlocal received, last
            received, last = received + further, time.monotonic()
            if thread in watched:
                on_bytes(file, further)

        def work() -> None:
            try:
                self.take(address, path, declared, count)
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=work, daemon=True)
        watched = {thread}
        thread.start()
        while thread.is_alive():
            thread.join(POLL_SECONDS)
            now = time.monotonic()
            if not thread.is_alive():
                break
            got = f"after {received:,} of {declared.bytes:,} bytes"
            if now - last > self.limits.stall:
                watched.clear()
                raise FetchFailed(
                    f"{address}: stalled, no byte for {self.limits.stall:.0f} s {got}."
                )
            if now > self.until:
                watched.clear()
                raise FetchFailed(f"{address}: too slow, {self._spent()} had passed {got}.")
        if raised:
            if isinstance(raised[0], NoConnection):
                self.absent.add(host)
            raise raised[0]

    def _spent(self) -> str:
        if self.until >= self.ends:
            return f"the {self.limits.total:.0f} s for everything"
        return f"the {self.limits.source:.0f} s for this source"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where one file came from.

    Attributes
    ----------
    source : str
        Key of the source.
    file : str
        Path below the upstream folder.
    place : str
        ``present``, ``folder``, ``mirror`` or ``publisher``.
    """

    source: str
    file: str
    place: str


def silent(file: str, count: int) -> None:
    """Show no progress."""


def fetch(
    sources: Mapping[str, Source],
    folder: Path,
    *,
    keys: Iterable[str] | None = None,
    local: Path | None = None,
    download: Download | None = None,
    on_bytes: OnBytes = silent,
    limits: Limits | None = None,
) -> list[Fetched]:
    """Bring every declared file into the upstream folder.

    Parameters
    ----------
    sources : mapping of str to Source
        As `collsec.upstream.sources.read_sources` gives them.
    folder : Path
        The upstream folder; made if it is absent.
    keys : iterable of str or None
        Only these sources; by default all whose files are pinned.
    local : Path or None
        A folder of upstream files to copy from. If it is given, nothing is downloaded.
    download : callable or None
        (address, path, declared file, on_bytes) → None; `download_with_pooch` by default.
    on_bytes : callable
        Called with a file and the number of its bytes received.
    limits : Limits, optional
        How long downloads may take.

    Returns
    -------
    list of Fetched
        One per file, in the order of ``sources.toml``.

    Raises
    ------
    BadSource
        If a key is unknown.
    MissingInput
        If `local` is no folder.
    NoConnection
        If no mirror and no publisher of any file that is missing can be reached.
    FetchFailed
        If a file could not be had. All others are in place.
    """
    requested = {key: sources[key] for key in requested_keys(sources, keys)}
    if local is not None and not local.is_dir():
        raise MissingInput(f"{local}: no such folder. Give the folder of upstream files.")
    done: list[Fetched] = []
    failed: list[str] = []
    refused: list[CollsecError] = []
    limits = limits or Limits()
    watch = _Watch(download or download_with_pooch, limits, time.monotonic() + limits.total)
    total = sum(len(source.files) for source in requested.values())
    for key, source in requested.items():
        watch.begin_source()
        for declared in source.files:
            try:
                place = fetch_file(source, declared, folder, local, watch, on_bytes)
            except CollsecError as error:
                refused.append(error)
                failed.append(f"  {declared.file}: {error} Publisher: {source.publisher}")
            else:
                done.append(Fetched(key, declared.file, place))
    if refused and all(isinstance(error, NoConnection) for error in refused):
        hosts = " ".join(dict.fromkeys(str(error) for error in refused))
        raise NoConnection(
            f"{hosts} {len(done)} of {total} upstream files are in place. Connect and run "
            "the command again, or give a folder that holds them with --from."
        )
    if failed:
        raise FetchFailed(
            f"{len(failed)} of {total} upstream files could not be had:\n" + "\n".join(failed)
        )
    return done


def requested_keys(sources: Mapping[str, Source], keys: Iterable[str] | None) -> list[str]:
    """The keys asked for, each known and once; by default all whose files are pinned.

    Raises
    ------
    BadSource
        If a key is unknown.
    """
    pinned = [key for key, source in sources.items() if source.is_pinned]
    requested = pinned if keys is None else list(dict.fromkeys(keys))
    if unknown := [k for k in requested if k not in sources]:
        raise BadSource(f"{FILE} has no source {', '.join(unknown)}. It has: {', '.join(sources)}.")
    return requested


def fetch_file(
    source: Source,
    declared: SourceFile,
    folder: Path,
    local: Path | None,
    take: Download,
    on_bytes: OnBytes,
) -> str:
    """Bring one file into place and say where from."""
    path = folder / declared.file
    if is_declared(path, declared):
        on_bytes(declared.file, declared.bytes)
        return "present"
    if local is not None:
        if not (local / declared.file).is_file():
            raise MissingInput("not in the folder given.")
        if not is_declared(local / declared.file, declared):
            raise BadSource(f"another file stands in the folder given; {FILE} declares its sha256.")
        with whole(path) as temporary:
            shutil.copyfile(local / declared.file, temporary)
        on_bytes(declared.file, declared.bytes)
        return "folder"
    places = []
    if source.mirror is not None:
        places.append(("mirror", source.mirror.address(declared.mirror_path), ""))
    if declared.published:
        places.append(("publisher", declared.published, declared.member))
    refused: list[CollsecError] = []
    for place, address, member in places:
        try:
            with whole(path) as temporary:
                if member:
                    take_archived(address, member, temporary, declared, take)
                    on_bytes(declared.file, declared.bytes)
                else:
                    take(address, temporary, declared, on_bytes)
                    if place == "publisher":
                        refuse_another(temporary, address, declared)
                if not is_declared(temporary, declared):
                    raise BadSource(f"the {place} has another file at {address}.")
        except CollsecError as error:
            refused.append(error)
        else:
            return place
    if all(isinstance(error, NoConnection) for error in refused):
        raise refused[0]
    raise FetchFailed(" ".join(str(error) for error in refused))


def take_archived(
    address: str, member: str, path: Path, declared: SourceFile, take: Download
) -> None:
    """Download the archive that holds a file, and take the file out of it.

    Raises
    ------
    FetchFailed
        If the archive cannot be had, is unsafe, or does not hold the file.
    BadSource
        If its checksum is not the recorded one.
    """
    archive = path.with_name(f"{path.name}.archive")
    try:
        take(address, archive, replace(declared, bytes=ARCHIVE_BYTES, sha256=""), silent)
        refuse_another(archive, address, declared)
        take_member(archive, member, path, declared.bytes or UNPINNED_BYTES)
    except BadArchive as error:
        raise FetchFailed(f"The archive at {address} {error}") from None
    finally:
        archive.unlink(missing_ok=True)


def refuse_another(path: Path, address: str, declared: SourceFile) -> None:
    """Refuse what a publisher's address gave if its recorded checksum is another.

    Raises
    ------
    BadSource
    """
    recorded = declared.published_sha256
    if recorded and (found := digest(path)) != recorded:
        raise BadSource(
            f"{address} gives another file (SHA-256 {found}) than {FILE} records "
            f"(`published_sha256`, {recorded})."
        )


def is_declared(path: Path, declared: SourceFile) -> bool:
    """Whether a file is there and is the declared one; any counts where none is declared."""
    if not path.is_file():
        return False
    size = path.stat().st_size
    if not declared.is_pinned:
        return size > 0
    return size == declared.bytes and digest(path) == declared.sha256


def download_with_pooch(
    address: str, path: Path, declared: SourceFile, on_bytes: OnBytes = silent
) -> None:
    """Download one file and check it; a file without a declared checksum is held to its size only.

    Raises
    ------
    NoConnection
        If the host cannot be reached.
    FetchFailed
        If the address does not answer, or answers with another file.
    """
    import pooch
    import requests
    from urllib3.exceptions import HTTPError

    def bounded(url: str, target: str, _: Any) -> None:
        """Write what the address gives, up to the declared size."""
        remaining = most = declared.bytes or UNPINNED_BYTES
        with requests.get(url, stream=True, timeout=TIMEOUT_SECONDS) as answer:
            answer.raise_for_status()
            with Path(target).open("wb") as out:
                # As bytes come in, not by whole chunks: a slow answer is told from none.
                while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=True):
                    remaining -= len(chunk)
                    if remaining < 0:
                        raise ValueError(f"it is larger than {most} bytes")
                    out.write(chunk)
                    on_bytes(declared.file, len(chunk))

    path.unlink(missing_ok=True)  # else an empty file passes where no checksum is known
    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            address,
            known_hash=f"sha256:{declared.sha256}" if declared.sha256 else None,
            fname=path.name,
            path=path.parent,
            downloader=bounded,
        )
    except requests.ConnectionError:
        host = address.split("/")[2]
        raise NoConnection(f"{host} cannot be reached.") from None
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FetchFailed(f"{address} failed ({reason}).") from None
