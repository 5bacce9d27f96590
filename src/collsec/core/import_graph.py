"""Which module of a package imports which, worked out once for each content of its files."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
from contextlib import suppress
from pathlib import Path

#: File beside the bytecode of a package, which is derived from its sources too.
REMEMBERED = "import-graph.json"


@functools.cache
def file_digests(folder: Path) -> dict[Path, str]:
    """SHA-256 of each Python file of a package, in hex."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.py"))
    }


def imports_of(package: str, folder: Path) -> dict[str, list[str]]:
    """Modules of a package → those of it that each imports, imports for types alone left out.

    To read all imports takes half a second, which each step would pay. They are remembered under
    a digest of every file's content, whatever the time stamps say; a folder that cannot be
    written is no fault.

    Parameters
    ----------
    package : str
    folder : Path
        Where its files lie.
    """
    content = {p.relative_to(folder).as_posix(): d for p, d in file_digests(folder).items()}
    stamped = [package, importlib.metadata.version("grimp"), content]
    key = hashlib.sha256(json.dumps(stamped).encode()).hexdigest()
    file = folder / "__pycache__" / REMEMBERED
    with suppress(OSError, ValueError, TypeError, KeyError):
        remembered = json.loads(file.read_text(encoding="utf-8"))
        if remembered["of"] == key:
            return {str(name): list(taken) for name, taken in remembered["imports"].items()}
    found = _read(package)
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        temporary = file.with_name(f".{REMEMBERED}.{os.getpid()}")
        temporary.write_text(json.dumps({"of": key, "imports": found}), encoding="utf-8")
        os.replace(temporary, file)
    return found


def _read(package: str) -> dict[str, list[str]]:
    """The imports as they stand in the files."""
    import grimp

    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    return {
        name: sorted(graph.find_modules_directly_imported_by(name))
        for name in sorted(graph.modules)
    }


def files_reached(package: str, folder: Path, entries: set[str]) -> list[Path]:
    """Files of those modules, of what they import, and of what that imports in turn, in order.

    Parameters
    ----------
    package : str
    folder : Path
    entries : set of str
        Names that are no modules of the package are passed over.
    """
    imports = imports_of(package, folder)
    files = []
    for module in reached_from(imports, entries & imports.keys()):
        path = folder.joinpath(*module.split(".")[1:])
        files.append(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
    return sorted(files)


def reached_from(imports: dict[str, list[str]], entries: set[str]) -> set[str]:
    """Those modules, what they import, and what that imports in turn."""
    reached, waiting = set(entries), list(entries)
    while waiting:
        new = set(imports[waiting.pop()]) - reached
        reached |= new
        waiting += new
    return reached
