"""The sources of the study, declared in `data/raw/sources.toml`, and the folder of their files.

A file counts only if its checksum is the declared one: another release is another source.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from collsec.core.errors import CollsecError, MissingInput

FILE = "data/raw/sources.toml"
KEY = re.compile(r"[a-z][a-z0-9_]*")
DOI = re.compile(r"10\.\d{4,9}/\S+")
COMMIT = re.compile(r"[0-9a-f]{7,40}")
SHA256 = re.compile(r"[0-9a-f]{64}")


class BadSource(CollsecError):
    """`sources.toml` is malformed, or a file is not the one that it declares."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    Attributes
    ----------
    file : str
        Path below the upstream folder, with forward slashes.
    mirror_path : str
        Path in the mirror's repository.
    bytes : int
        Size of the file.
    sha256 : str
        Checksum of the file, 64 hex digits.
    published : str
        Address of the file itself at its publisher, or of the zip archive that holds it; empty if
        none is known.
    member : str
        Path of the file in that archive; empty if the address is the file's own.
    """

    file: str
    mirror_path: str
    bytes: int
    sha256: str
    published: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A public repository on GitHub, at one commit.

    Attributes
    ----------
    repository : str
        ``owner/name``.
    commit : str
        7 to 40 hex digits.
    """

    repository: str
    commit: str

    def address(self, path: str) -> str:
        """Address of the raw file at `path`."""
        from urllib.parse import quote

        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{quote(path)}"


@dataclass(frozen=True, slots=True)
class Source:
    """One published data set in one version.

    Attributes
    ----------
    key : str
        Name by which rows of raw tables cite it.
    producer, title, version, coverage : str
        Who made it, what it is called, its release, the years it covers.
    citation : str
        Full reference.
    doi : str
        DOI of the article or the data set; empty if there is none.
    licence : str
        Terms of use.
    publisher : str
        Address of the landing page; empty if there is none.
    mirror : Mirror or None
        Where the very files can be had; None if there are none.
    files : tuple of SourceFile
        Empty for what is cited and never read by a program.
    """

    key: str
    producer: str
    title: str
    version: str
    coverage: str
    citation: str
    doi: str
    licence: str
    publisher: str
    mirror: Mirror | None = None
    files: tuple[SourceFile, ...] = ()


def read_sources(path: Path) -> dict[str, Source]:
    """Read and check `sources.toml`.

    Returns
    -------
    dict
        Key → source, in the order of the file.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadSource
        If a block lacks a field or has an unknown or malformed one, or a file stands twice.

    Notes
    -----
    A source with files has a mirror and a publisher. A source without (an article, what no
    document backs) has neither `mirror` nor `files`.
    """
    if not path.exists():
        raise MissingInput(f"{FILE} is missing: is this the project's folder?")
    try:
        blocks = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadSource(f"{FILE}: not readable TOML ({error}).") from None
    sources = {key: source_from(key, block) for key, block in blocks.items()}
    owner: dict[str, str] = {}
    for source in sources.values():
        for f in source.files:
            if f.file in owner:
                raise BadSource(
                    f"{FILE}, [{source.key}]: {f.file} stands in [{owner[f.file]}] already."
                )
            owner[f.file] = source.key
    return sources


def source_from(key: str, block: Any) -> Source:
    """One checked source from its block."""
    where = f"{FILE}, [{key}]"
    if not KEY.fullmatch(key):
        raise BadSource(f"{where}: a key has lower-case letters, digits and underscores only.")
    check_fields(where, block, Source, given={"key"})
    if ("mirror" in block) != bool(block.get("files")):
        raise BadSource(f"{where}: `mirror` and `files` come together, or neither stands there.")
    mirror = None
    if "mirror" in block:
        check_fields(f"{where}, mirror", block["mirror"], Mirror)
        mirror = Mirror(**block["mirror"])
    entries = block.get("files", [])
    if not isinstance(entries, list):
        raise BadSource(f"{where}: files must be a list.")
    for i, entry in enumerate(entries, start=1):
        check_fields(f"{where}, file {i}", entry, SourceFile)
    files = tuple(SourceFile(**entry) for entry in entries)
    source = Source(**{**block, "key": key, "mirror": mirror, "files": files})
    if source.doi and not DOI.fullmatch(source.doi):
        raise BadSource(f"{where}: doi {source.doi!r} does not read like 10.1177/0022343302039005.")
    if not source.citation or not source.licence:
        raise BadSource(f"{where}: citation and licence may not be empty.")
    if source.mirror is not None:
        if not COMMIT.fullmatch(source.mirror.commit):
            raise BadSource(f"{where}: the mirror's commit is not 7 to 40 hex digits.")
        if not source.publisher:
            raise BadSource(f"{where}: a source with files names its publisher.")
    for f in source.files:
        if not SHA256.fullmatch(f.sha256):
            raise BadSource(f"{where}: sha256 of {f.file} is not 64 hex digits.")
        parts = PurePosixPath(f.file)
        if parts.is_absolute() or ".." in parts.parts or "\\" in f.file:
            raise BadSource(f"{where}: {f.file} does not lie below the upstream folder.")
        if f.published and not f.published.startswith("https://"):
            raise BadSource(f"{where}: {f.published!r} is no https address.")
        if f.member and not f.published:
            raise BadSource(f"{where}: member {f.member} lacks the address of its archive.")
    return source


def check_fields(where: str, block: Any, kind: type[Any], given: Set[str] = frozenset()) -> None:
    """Refuse missing, unknown and wrongly typed fields of one block."""
    if not isinstance(block, Mapping):
        raise BadSource(f"{where}: a table of fields is expected.")
    wanted = {f.name: str(f.type) for f in fields(kind) if f.name not in given}
    needed = [f.name for f in fields(kind) if f.name in wanted and f.default is MISSING]
    if missing := [name for name in needed if name not in block]:
        raise BadSource(f"{where}: lacks {', '.join(missing)}.")
    if unknown := sorted(set(block) - set(wanted)):
        raise BadSource(
            f"{where}: unknown field {', '.join(unknown)}. Fields: {', '.join(wanted)}."
        )
    plain = {"str": str, "bool": bool, "int": int}
    for name, annotation in wanted.items():
        expected = plain.get(annotation)
        if expected and name in block and type(block[name]) is not expected:
            raise BadSource(f"{where}: {name} must be a {annotation}, not {block[name]!r}.")


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Upstream:
    """The upstream folder: published files, never edited, each checked before it is read.

    Parameters
    ----------
    folder : Path
        Holds one folder per source.
    sources : mapping of str to Source
        As `read_sources` gives them.
    """

    folder: Path
    sources: Mapping[str, Source]

    @cached_property
    def _checked(self) -> dict[str, Path]:
        return {}

    def files(self, key: str) -> tuple[Path, ...]:
        """Paths of all files of a source, checked.

        Raises
        ------
        BadSource
            If the key is unknown or a file differs from the declared one.
        MissingInput
            If a file is absent.
        """
        if key not in self.sources:
            raise BadSource(f"{FILE} has no source {key!r}. It has: {', '.join(self.sources)}.")
        return tuple(self._check(key, f) for f in self.sources[key].files)

    def file(self, key: str) -> Path:
        """Path of the one file of a source, checked.

        Raises
        ------
        BadSource
            If the source has several files, and as in `files`.
        MissingInput
            If the file is absent.
        """
        paths = self.files(key)
        if len(paths) != 1:
            raise BadSource(f"{FILE}, [{key}]: {len(paths)} files, one expected.")
        return paths[0]

    def _check(self, key: str, declared: SourceFile) -> Path:
        if declared.file in self._checked:
            return self._checked[declared.file]
        path = self.folder / declared.file
        if not path.is_file():
            raise MissingInput(
                f"{declared.file} is missing from the upstream folder. "
                f"Get it with `collsec fetch`, or from {self.sources[key].publisher}."
            )
        if path.stat().st_size != declared.bytes or digest(path) != declared.sha256:
            raise BadSource(
                f"{declared.file} is not the file that {FILE} declares in [{key}]: its checksum "
                "differs. Get the declared one with `collsec fetch`; for another release, change "
                "the block."
            )
        self._checked[declared.file] = path
        return path
