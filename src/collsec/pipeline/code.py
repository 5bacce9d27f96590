"""The modules on which a stage rests, by the imports of its function."""

from __future__ import annotations

import ast
import functools
from contextlib import suppress
from pathlib import Path


@functools.cache
def code_digest(stage: str) -> str:
    """Digest of the modules on which a stage rests."""
    from collsec.core.import_graph import file_digests, within_package
    from collsec.core.provenance import DIGEST_LENGTH, digest_json

    known = file_digests()
    return digest_json({within_package(p): known[p][:DIGEST_LENGTH] for p in code_of(stage)})


@functools.lru_cache(maxsize=256)
def digest_of_imports(modules: tuple[str, ...]) -> str:
    """Digest of the packages' modules that a page's modules import, and of what those import.

    Parameters
    ----------
    modules : tuple of str
        Texts of the page's modules; one that is no Python imports nothing.
    """
    from collsec.core.import_graph import file_digests, files_reached, within_package
    from collsec.core.provenance import DIGEST_LENGTH, digest_json

    entries: set[str] = set()
    for text in modules:
        with suppress(SyntaxError):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and node.module:
                    entries |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
                elif isinstance(node, ast.Import):
                    entries |= {alias.name for alias in node.names}
    known = file_digests()
    return digest_json(
        {within_package(p): known[p][:DIGEST_LENGTH] for p in files_reached(entries)}
    )


def code_of(stage: str) -> list[Path]:
    """The modules on which a stage rests: what its function imports, and what those import in turn.

    Snakemake notices an edit of an imported module only where the module is an input of the rule.

    Parameters
    ----------
    stage : str
        Name of a stage's function in :mod:`collsec.pipeline.stages`.

    Returns
    -------
    list of Path
        Source files of the study and its library in alphabetical order, every module of
        :mod:`collsec.pipeline` among them.

    Raises
    ------
    KeyError
        If no function has that name.
    """
    from collsec.core.import_graph import files_reached

    folder = Path(__file__).parent
    package = folder.parent.name
    imports, functions, imported = _imports()
    called, waiting, entries = set(), [stage], {package}
    while waiting:
        function = waiting.pop()
        called.add(function)
        for node in (n for part in functions[function] for n in ast.walk(part)):
            if isinstance(node, ast.ImportFrom) and node.module in imports:
                entries |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                entries |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Name):
                if node.id in functions:
                    waiting += [node.id] if node.id not in called else []
                else:
                    entries.add(imported.get(node.id, package))
    return sorted({*files_reached(entries), *folder.glob("*.py")})


@functools.cache
def _imports() -> tuple[dict[str, list[str]], dict[str, list[ast.AST]], dict[str, str]]:
    """What each module imports; this package's functions in parts, and what it imports at its top.

    A function of the package counts by what it does, not by its module. A decorator is no part: it
    is the same for every stage.
    """
    from collsec.core.import_graph import imports as every_import

    imports = every_import()
    body = [
        node
        for path in sorted(Path(__file__).parent.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    ]
    functions: dict[str, list[ast.AST]] = {
        n.name: [n.args, *n.body] for n in body if isinstance(n, ast.FunctionDef)
    }
    imported = {
        alias.asname or alias.name: node.module or ""
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return imports, functions, imported
