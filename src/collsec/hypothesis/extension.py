"""What a page brings along: modules and tables that lie beside it, named in its front matter.

A module registers measures, timelines, designs and parts when it is loaded. A table is read as
strictly as the study's own, by the Table Schema that lies beside it.
"""

from __future__ import annotations

import sys
import traceback
import types
from pathlib import Path

import pandas as pd

from collsec.core.documents import Document, read_json
from collsec.core.errors import BadDocument, BadSpec, MissingInput
from collsec.core.project import Project
from collsec.core.provenance import digest_file
from collsec.hypothesis.specification import Spec
from collsec.tables.clean import typed, validate_cells
from collsec.tables.rawfile import read_cells

SCHEMA = ".schema.json"
PACKAGE = "collsec_page"  # first word of the names of modules that pages bring along
_LOADED: dict[Path, str] = {}


def load_modules(project: Project, spec: Spec, document: Document) -> None:
    """Load the modules of a page by their paths; one that is loaded already is not loaded again.

    Parameters
    ----------
    project : Project
    spec : Spec
    document : Document
        The front matter that names them, for lines.

    Raises
    ------
    BadSpec
        If a module is absent or cannot be loaded: one line with its file, line and error.
    """
    for place, name in enumerate(spec.modules):
        path = _beside(project, spec, document, ("modules", place), name, ".py")
        digest = digest_file(path)
        if _LOADED.get(path) == digest:
            continue
        try:
            _execute(path, f"{PACKAGE}_{spec.hypothesis}_{path.stem}")
        except (Exception, SystemExit) as error:
            raise BadSpec(_of_module(project.relative(path), path, error)) from None
        _LOADED[path] = digest


def _execute(path: Path, name: str) -> None:
    """Run a module under a name of its own.

    Not by the import system: its cache of bytecode goes by time stamp and size, and a second page
    may bring a module of the same name.
    """
    module = types.ModuleType(name)
    module.__file__ = str(path)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        raise


def _of_module(file: str, path: Path, error: BaseException) -> str:
    """An error of a module as one line: where in it, and what."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, said = error.lineno, error.msg
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line, said = (frames[-1].lineno if frames else None), str(error)
    where = file if line is None else f"{file}, line {line}"
    said = " ".join(said.split())
    return f"{where}: the module cannot be loaded ({type(error).__name__}: {said})."


def own_tables(project: Project, spec: Spec, document: Document) -> dict[str, pd.DataFrame]:
    """Tables of a page, typed, by the names of their files.

    Raises
    ------
    BadSpec
        If a table or its schema is absent, or the schema is not readable.
    BadTable
        At the first cell that breaks its schema, with row, column and value.
    """
    frames = {}
    for place, name in enumerate(spec.tables):
        path = _beside(project, spec, document, ("tables", place), name, ".csv")
        beside = path.with_name(f"{path.stem}{SCHEMA}")
        try:
            schema = read_json(beside, project.relative(beside)).content
        except MissingInput:
            raise BadSpec(
                document.fault(
                    ("tables", place),
                    f"its schema {beside.name} is missing beside the page.",
                    name,
                    "Write its columns, types and units there, as data/raw/schemas does.",
                )
            ) from None
        except BadDocument as error:
            raise BadSpec(*error.faults) from None
        where = project.relative(path)
        if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
            raise BadSpec(f"{project.relative(beside)}: must be a Table Schema with `fields`.")
        cells = read_cells(path, where, schema)
        validate_cells(cells, where, schema)
        frames[path.stem] = typed(cells, schema)
    return frames


def _beside(
    project: Project,
    spec: Spec,
    document: Document,
    key: tuple[str | int, ...],
    name: str,
    suffix: str,
) -> Path:
    """A file beside the page, by its bare name."""
    path = project.spec_file(spec.hypothesis).parent / name
    if Path(name).name != name or path.suffix != suffix or not path.stem.isidentifier():
        problem = f"must be the name of a file beside the page, such as toy{suffix}."
        raise BadSpec(document.fault(key, problem, name))
    if not path.is_file():
        raise BadSpec(document.fault(key, "no such file beside the page.", name))
    return path
