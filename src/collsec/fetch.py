"""Get the upstream files: from a folder at hand, or from the public mirror, checked and whole.

Three places are tried in turn: the upstream folder itself, a local folder, the mirror pinned in
``sources.toml``. A file is kept only if its checksum is the declared one. The publisher's page is
named where all of them fail, since newer releases appear there and some ask for a name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collsec.errors import CollsecError, MissingInput
from collsec.sources import FILE, BadSource, Source, SourceFile, digest
from collsec.store import whole

TIMEOUT_SECONDS = 60

Download = Callable[[str, Path, str], None]


class FetchFailed(CollsecError):
    """Some upstream files could not be had; the message says where each may be found."""


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
        ``present``, ``folder`` or ``mirror``.
    """

    source: str
    file: str
    place: str


def fetch(
    sources: Mapping[str, Source],
    folder: Path,
    *,
    keys: Iterable[str] | None = None,
    local: Path | None = None,
    download: Download | None = None,
) -> list[Fetched]:
    """Bring every declared file into the upstream folder.

    Parameters
    ----------
    sources : mapping of str to Source
        As `collsec.sources.read_sources` gives them.
    folder : Path
        The upstream folder; made if it is absent.
    keys : iterable of str or None
        Only these sources; all by default.
    local : Path or None
        A folder of upstream files to copy from. If it is given, nothing is downloaded.
    download : callable or None
        (address, path, sha256) → None; `download_with_pooch` by default.

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
    FetchFailed
        If a file could not be had. All others are in place.
    """
    wanted = list(sources) if keys is None else list(keys)
    if unknown := [k for k in wanted if k not in sources]:
        raise BadSource(f"{FILE} has no source {', '.join(unknown)}. It has: {', '.join(sources)}.")
    if local is not None and not local.is_dir():
        raise MissingInput(f"{local}: no such folder. Give the folder of upstream files.")
    done, failed = [], []
    for key in wanted:
        source = sources[key]
        for declared in source.files:
            try:
                place = fetch_file(source, declared, folder, local, download)
            except CollsecError as error:
                failed.append(f"  {declared.file}: {error} Publisher: {source.publisher}")
            else:
                done.append(Fetched(key, declared.file, place))
    if failed:
        raise FetchFailed(
            f"{len(failed)} of {len(failed) + len(done)} upstream files could not be had:\n"
            + "\n".join(failed)
        )
    return done


def fetch_file(
    source: Source,
    declared: SourceFile,
    folder: Path,
    local: Path | None,
    download: Download | None,
) -> str:
    """Bring one file into place and tell where from."""
    path = folder / declared.file
    if is_declared(path, declared):
        return "present"
    if local is not None:
        if not (local / declared.file).is_file():
            raise MissingInput("not in the folder given.")
        if not is_declared(local / declared.file, declared):
            raise BadSource(f"another file stands in the folder given; {FILE} declares its sha256.")
        with whole(path) as temporary:
            shutil.copyfile(local / declared.file, temporary)
        return "folder"
    assert source.mirror is not None  # a source with files has one
    address = source.mirror.address(declared.mirror_path)
    with whole(path) as temporary:
        (download or download_with_pooch)(address, temporary, declared.sha256)
        if not is_declared(temporary, declared):
            raise BadSource(f"the mirror has another file at {address}.")
    return "mirror"


def is_declared(path: Path, declared: SourceFile) -> bool:
    """Whether a file is there and is the declared one."""
    return (
        path.is_file()
        and path.stat().st_size == declared.bytes
        and digest(path) == declared.sha256
    )


def download_with_pooch(address: str, path: Path, sha256: str) -> None:
    """Download one file and check it.

    Raises
    ------
    FetchFailed
        If the address does not answer, or answers with another file.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            address,
            known_hash=f"sha256:{sha256}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS),
        )
    except (requests.RequestException, ValueError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FetchFailed(f"{address} failed ({reason}).") from None
