"""The sources of the study, declared in `data/raw/sources.toml`, and the folder of their files.

A file counts only if its checksum is the declared one: another release is another source. A
release that appeared after the study was made may be declared without a checksum: it is had from
its publisher alone, only when it is asked for, and counts as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from collsec.core.documents import Document, read_toml
from collsec.core.errors import BadDocument, Fault, MissingInput
from collsec.core.models import IDENTIFIER, STRICT, Name, Text, Whole, build, checked

FILE = "data/raw/sources.toml"


class BadSource(BadDocument):
    """`sources.toml` is malformed, or a file is not the one that it declares."""


def _below(file: str) -> str:
    path = PurePosixPath(file)
    is_below = not path.is_absolute() and ".." not in path.parts and "\\" not in file
    return "" if is_below else "does not lie below the upstream folder."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source."""

    __pydantic_config__ = STRICT

    file: Annotated[
        Name,
        checked(_below),
        Field(description="Path below the upstream folder, with forward slashes."),
    ]
    mirror_path: Annotated[
        Text,
        Field(description="Path in the mirror's repository; absent for an unpinned file."),
    ] = ""
    bytes: Annotated[
        Whole, Field(ge=0, description="Size of the file; absent for an unpinned file.")
    ] = 0
    sha256: Annotated[
        str,
        Field(
            strict=True,
            pattern=r"^([0-9a-f]{64})?$",
            description="Checksum of the file, 64 hex digits; absent for an unpinned file, which "
            "only its publisher has.",
        ),
    ] = ""
    published: Annotated[
        Text,
        Field(
            pattern=r"^$|^https://",
            examples=["https://example.org/data.csv"],
            description="Address of the file itself at its publisher, or of the zip archive that "
            "holds it; empty if none is known.",
        ),
    ] = ""
    member: Annotated[
        Text,
        Field(
            description="Path of the file in that archive, or a pattern that it alone fits "
            "(`*.csv`); empty if the address is its own."
        ),
    ] = ""

    published_sha256: Annotated[
        str,
        Field(
            strict=True,
            pattern=r"^([0-9a-f]{64})?$",
            description="Checksum of what that address gives, the archive or the file itself, as "
            "others have recorded it; empty if none is known.",
        ),
    ] = ""

    @property
    def is_pinned(self) -> bool:
        """Whether the very file is known, by its checksum."""
        return bool(self.sha256)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A public repository on GitHub, at one commit."""

    __pydantic_config__ = STRICT

    repository: Annotated[
        Name, Field(pattern=r"^[\w.-]+/[\w.-]+$", description="Owner and name.", examples=["o/n"])
    ]
    commit: Annotated[
        Name, Field(pattern=r"^[0-9a-f]{7,40}$", description="7 to 40 hex digits of the commit.")
    ]

    def address(self, path: str) -> str:
        """Address of the raw file at `path`."""
        from urllib.parse import quote

        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{quote(path)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One published data set in one version, as its block declares it."""

    __pydantic_config__ = STRICT

    producer: Annotated[Text, Field(description="Who made it.")]
    title: Annotated[Text, Field(description="What it is called.")]
    version: Annotated[Text, Field(description="Its release.")]
    coverage: Annotated[Text, Field(description="Years that it covers.")]
    citation: Annotated[Text, Field(min_length=1, description="Full reference.")]
    doi: Annotated[
        Text,
        Field(
            pattern=r"^$|^10\.\d{4,9}/\S+$",
            examples=["10.1177/0022343302039005"],
            description="DOI of the article or the data set; empty if there is none.",
        ),
    ]
    licence: Annotated[Text, Field(min_length=1, description="Terms of use.")]
    publisher: Annotated[
        Text, Field(description="Address of the landing page; empty if there is none.")
    ]
    mirror: Annotated[
        Mirror | None, Field(description="Where the very files can be had; absent if nowhere.")
    ] = None
    files: Annotated[
        tuple[SourceFile, ...],
        Field(description="Its files; absent for what is cited and never read by a program."),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Block):
    """A block of `sources.toml` with its key, by which rows of raw tables cite it."""

    key: str

    @property
    def is_pinned(self) -> bool:
        """Whether the very files are known; others are had only when they are asked for."""
        return all(f.is_pinned for f in self.files)


#: The whole file: blocks by key.
Blocks = dict[
    Annotated[str, Field(pattern=IDENTIFIER, max_length=60, examples=["ucdp_acd"])], Block
]


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
        Holding every fault: a block that lacks a field or has an unknown or malformed one, a file
        that stands twice.

    Notes
    -----
    A source with files has a mirror and a publisher; one with unpinned files has their addresses
    and no mirror. A source without (an article, what no document backs) has neither `mirror` nor
    `files`.
    """
    if not path.exists():
        raise MissingInput(f"{FILE} is missing: is this the project's folder?")
    try:
        document = read_toml(path, FILE)
    except BadDocument as error:
        raise BadSource(*error.faults) from None
    blocks: Mapping[str, Block] = build(Blocks, document, BadSource)
    if faults := _contradictions(blocks, document):
        raise BadSource(*faults)
    return {key: _keyed(key, block) for key, block in blocks.items()}


def _keyed(key: str, block: Block) -> Source:
    return Source(key=key, **{f.name: getattr(block, f.name) for f in fields(Block)})


def _contradictions(blocks: Mapping[str, Block], document: Document) -> list[Fault]:
    """What no single field shows."""
    faults = []
    owner: dict[str, str] = {}
    for key, block in blocks.items():
        is_pinned = any(f.is_pinned for f in block.files)
        if (block.mirror is None) == is_pinned:
            problem = "`mirror` and `files` come together, or neither stands there."
            faults.append(document.fault((key,), problem))
        elif block.files and not block.publisher:
            problem = "a source with files names its publisher."
            faults.append(document.fault((key, "publisher"), problem, block.publisher))
        for place, f in enumerate(block.files):
            at = (key, "files", place)
            if f.file in owner:
                problem = f"stands in [{owner[f.file]}] already."
                faults.append(document.fault((*at, "file"), problem, f.file))
            owner[f.file] = key
            if f.is_pinned != bool(f.mirror_path) or f.is_pinned != is_pinned:
                problem = (
                    "has a checksum and a path in the mirror, or neither, as all of its block."
                )
                faults.append(document.fault(at, problem, f.file))
            if not f.is_pinned and not f.published:
                problem = "has no checksum and no address, `published`."
                faults.append(document.fault((*at, "file"), problem, f.file))
            if f.published_sha256 and not f.published:
                problem = "lacks the address that it is the checksum of, `published`."
                faults.append(document.fault((*at, "published_sha256"), problem, f.file))
            if f.member and not f.published:
                problem = "lacks the address of its archive, `published`."
                faults.append(document.fault((*at, "member"), problem, f.member))
    return faults


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
                f"Get it with `collsec fetch{'' if declared.is_pinned else ' ' + key}`, or from "
                f"{self.sources[key].publisher}."
            )
        is_other = path.stat().st_size != declared.bytes or digest(path) != declared.sha256
        if declared.is_pinned and is_other:
            raise BadSource(
                f"{declared.file} is not the file that {FILE} declares in [{key}]: its checksum "
                "differs. Get the declared one with `collsec fetch`; for another release, change "
                "the block."
            )
        self._checked[declared.file] = path
        return path
