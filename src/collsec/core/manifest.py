"""What each unit of work wrote and from what: the list that every file is verified against.

A unit is one run of a stage: `tables`, the panel of a hypothesis, a shard of its work. Its
manifest lists the SHA-256 of what it wrote, of the processed files that it read, and of what
persons write, and digests of the settings it was run with. A unit is current while all of that
still holds, whatever the clock and the time stamps of the files say.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# A file changed less than this long ago may change again without a new time stamp.
SETTLED_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class WorkUnit:
    """One run of a stage.

    Attributes
    ----------
    stage : str
        Name of the stage's function in the pipeline.
    hypothesis : str
        Empty where the stage concerns all of them.
    shard : str
        Such as ``2-of-4``; empty where the stage has none.
    """

    stage: str
    hypothesis: str = ""
    shard: str = ""

    @property
    def name(self) -> str:
        """Such as ``shard/h1/2-of-4``."""
        return "/".join(part for part in (self.stage, self.hypothesis, self.shard) if part)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a unit wrote, and from what.

    Attributes
    ----------
    unit : WorkUnit
    outputs, inputs : dict
        Files written, and processed files read: path relative to the project → SHA-256.
    sources : dict
        The same for files that persons write.
    settings : dict
        Digests or names of all else that the outputs rest on: code, specification, profile.
    """

    unit: WorkUnit
    outputs: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The manifest as it is written."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def receipt(self) -> str:
        """What the workflow keeps of a finished unit: a digest of the whole manifest."""
        return digest_of(self.to_json().encode()) + "\n"


def manifest_from(text: str) -> Manifest | None:
    """Read a manifest; none where the text is not one."""
    try:
        content: dict[str, Any] = json.loads(text)
        unit = WorkUnit(**content.pop("unit"))
        tables = {k: {str(p): str(d) for p, d in v.items()} for k, v in content.items()}
        return Manifest(unit, **tables)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def digest_of(content: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


class Digests:
    """SHA-256 of files, computed again only where size, times, or inode of a file have changed.

    The time of an inode's last change cannot be set back by a program, so that a new content under
    an old time stamp is seen. A file that was changed within the last second is not remembered: it
    could change again within one tick of the file system's clock.

    Parameters
    ----------
    cache : Path
        Where digests are remembered between runs; may be absent or unreadable.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, list[Any]] = {}
        self._is_changed = False
        try:
            self._known = json.loads(cache.read_text(encoding="utf-8"))
            if not isinstance(self._known, dict):
                self._known = {}
        except (OSError, ValueError):
            pass

    def of(self, path: Path) -> str | None:
        """SHA-256 of a file; none where there is no such file."""
        try:
            stat = path.stat()
        except OSError:
            return None
        key = os.fspath(path)
        state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        match self._known.get(key):
            case [*known, str(digest)] if known == state:
                return digest
        try:
            digest = digest_of(path.read_bytes())
        except OSError:
            return None
        age = time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns)
        if age > SETTLED_NS:
            self._known[key] = [*state, digest]
            self._is_changed = True
        return digest

    def of_all(self, paths: Iterable[Path]) -> dict[Path, str]:
        """SHA-256 of those files that there are."""
        found = ((path, self.of(path)) for path in paths)
        return {path: digest for path, digest in found if digest is not None}

    def save(self) -> None:
        """Remember what was computed; a folder that cannot be written is no fault."""
        if not self._is_changed:
            return
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._cache.with_name(f".{self._cache.name}.{os.getpid()}")
            temporary.write_text(json.dumps(self._known), encoding="utf-8")
            os.replace(temporary, self._cache)
        except OSError:
            pass


def not_current(
    root: Path,
    manifests: Iterable[Manifest],
    digests: Digests,
    current: Callable[[WorkUnit], tuple[Mapping[str, str], Mapping[str, str]]],
) -> dict[WorkUnit, str]:
    """Units whose outputs are not whole or no longer follow from what is there, and why.

    Parameters
    ----------
    root : Path
        Folder of the project.
    manifests : iterable of Manifest
    digests : Digests
    current : callable
        Gives the ``sources`` and the ``settings`` that a unit would have if it were made now.

    Returns
    -------
    dict
        WorkUnit → the first reason found, as a clause such as "analyses/_cases.yml has changed". An
        input that no unit lists is a reason: what it was cannot be told.
    """
    every = list(manifests)
    written = {path: digest for one in every for path, digest in one.outputs.items()}
    found = {}
    for one in every:
        sources, settings = current(one.unit)
        reason = (
            _broken(root, one, digests)
            or _differing(one.sources, sources, "{} has changed")
            or _differing(one.settings, settings, "made with another {}")
            or next((f"{p} is listed by no unit" for p in one.inputs if p not in written), "")
            or _differing(one.inputs, {p: written[p] for p in one.inputs}, "{} has been made again")
        )
        if reason:
            found[one.unit] = reason
    return found


def _broken(root: Path, one: Manifest, digests: Digests) -> str:
    for path, digest in one.outputs.items():
        there = digests.of(root / path)
        if there is None:
            return f"{path} is missing"
        if there != digest:
            return f"{path} is not the file that was written"
    return ""


def _differing(was: Mapping[str, str], now: Mapping[str, str], words: str) -> str:
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) != now.get(key):
            return words.format(key)
    return ""
