"""The distributions that a study runs with: their versions, and the files that a deposit may bring.

A wheelhouse holds files that `requirements.lock` names by their checksums, and no others, so that
it is the same wherever it was filled, and an environment can be set up without a network.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from collsec.core.errors import CollsecError

LOCK = "requirements.lock"
#: How a folder is filled.
FILLED = f"Fill it by `pip download --require-hashes -r {LOCK} -d FOLDER`."
_PIN = re.compile(r"^(\S.*?)\s*\\?\n((?:[ \t]+--hash=.*\n?)+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
#: Of what is missing, how many are named.
NAMED = 5


def environment() -> list[str]:
    """Distributions that the study runs with, ``name==version``."""
    found: dict[str, str] = {}
    wanted = ["collsec"]
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in found:
            continue
        try:
            one = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra or of another platform
        found[name] = one.version
        asked = [r for r in one.requires or () if "extra ==" not in r or name == "collsec"]
        wanted += [Requirement(line).name for line in asked]
    return sorted(f"{name}=={version}" for name, version in found.items())


def locked(text: str) -> dict[Requirement, tuple[str, ...]]:
    """What a lock pins, and the SHA-256 of each file that may be installed for it.

    Parameters
    ----------
    text : str
        Requirements with ``--hash``.
    """
    return {Requirement(pin): tuple(_HASH.findall(hashes)) for pin, hashes in _PIN.findall(text)}


def wheelhouse(root: Path, folder: Path) -> Iterator[Path]:
    """Files of a folder in order, once all that this platform needs are found to be there.

    Parameters
    ----------
    root : Path
        Folder of the study.
    folder : Path
        Filled by ``pip download``, for one Python or several.

    Raises
    ------
    CollsecError
        If the study has no lock, if a file is none that the lock names, or if one is missing.
    """
    lock = root / LOCK
    if not lock.is_file():
        raise CollsecError(f"--wheelhouse: this study has no {LOCK}, by which files are known.")
    if not folder.is_dir():
        raise CollsecError(f"--wheelhouse {folder}: no such folder. {FILLED}")
    pins = locked(lock.read_text(encoding="utf-8"))
    wanted = {digest: pin for pin, digests in pins.items() for digest in digests}
    there: dict[Path, Requirement] = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest not in wanted:
            raise CollsecError(f"{path}: no file that {LOCK} names by its SHA-256. {FILLED}")
        there[path] = wanted[digest]
    needed = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    missing = [f"{pin.name}{pin.specifier}" for pin in needed if pin not in there.values()]
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise CollsecError(f"{folder}: {', '.join(missing[:NAMED])}{more} missing. {FILLED}")
    yield from there
