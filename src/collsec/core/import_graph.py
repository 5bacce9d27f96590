"""Which module of the study and of its library imports which, worked out once for each content."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
from contextlib import suppress
from pathlib import Path

#: File beside the bytecode of a package, which is derived from its sources too.
REMEMBERED = "import-graph.json"


#: The study and its library: an edit of either makes what rests on it again.
PACKAGES = ("collsec", "riskset")


@functools.cache
def folders() -> dict[str, Path]:
    """Where the files of each package are."""
    found = {}
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.origin is not None, package
        found[package] = Path(spec.origin).parent
    return found


@functools.cache
def file_digests() -> dict[Path, str]:
    """SHA-256 of each Python file of the packages, in hex."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders().values()
        for path in sorted(folder.rglob("*.py"))
    }


def within_package(file: Path) -> str:
    """Path of a module from its package on: the same wherever that is installed."""
    folder = next(f for f in folders().values() if file.is_relative_to(f))
    return file.relative_to(folder.parent).as_posix()


@functools.cache
def imports() -> dict[str, list[str]]:
    """Modules of the packages → those of them that each imports, imports for types alone left out.

    To read all imports takes half a second, which each step would pay. They are remembered under
    a digest of every file's content, whatever the time stamps say; a folder that cannot be
    written is no fault.
    """
    content = {within_package(path): digest for path, digest in file_digests().items()}
    stamped = [PACKAGES, importlib.metadata.version("grimp"), content]
    key = hashlib.sha256(json.dumps(stamped).encode()).hexdigest()
    file = folders()[PACKAGES[0]] / "__pycache__" / REMEMBERED
    with suppress(OSError, ValueError, TypeError, KeyError):
        remembered = json.loads(file.read_text(encoding="utf-8"))
        if remembered["of"] == key:
            return {str(name): list(taken) for name, taken in remembered["imports"].items()}
    found = _read()
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        temporary = file.with_name(f".{REMEMBERED}.{os.getpid()}")
        temporary.write_text(json.dumps({"of": key, "imports": found}), encoding="utf-8")
        os.replace(temporary, file)
    return found


def _read() -> dict[str, list[str]]:
    """The imports as they stand in the files."""
    import grimp

    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    return {
        name: sorted(graph.find_modules_directly_imported_by(name))
        for name in sorted(graph.modules)
    }


def files_reached(entries: set[str]) -> list[Path]:
    """Files of those modules, of what they import, and of what that imports in turn, in order.

    Parameters
    ----------
    entries : set of str
        Names that are no modules of the packages are passed over.
    """
    known = imports()
    files = []
    for module in reached_from(known, entries & known.keys()):
        package, *parts = module.split(".")
        path = folders()[package].joinpath(*parts)
        files.append(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
    return sorted(files)


def reached_from(known: dict[str, list[str]], entries: set[str]) -> set[str]:
    """Those modules, what they import, and what that imports in turn."""
    reached, waiting = set(entries), list(entries)
    while waiting:
        new = set(known[waiting.pop()]) - reached
        reached |= new
        waiting += new
    return reached
