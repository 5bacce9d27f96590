"""What a page brings along: modules and tables that lie beside it, named in its front matter.

A module registers measures, timelines, designs and parts when it is loaded. A table is read as
strictly as the study's own, by the Table Schema that lies beside it. Both belong to the hypothesis:
what is made of them enters no stage that others read, so that adding one makes nothing else again.
"""

from __future__ import annotations

import sys
import traceback
import types
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core.documents import Document, read_json
from collsec.core.errors import BadDocument, BadSpec, MissingInput
from collsec.core.project import Project
from collsec.core.provenance import (
    digest_file,
)
from collsec.histories.registry import PAGES
from collsec.hypothesis.specification import Spec, from_json
from collsec.measures import covariate_from_table
from collsec.tables import clean
from collsec.tables.clean import resources, typed, validate_cells
from collsec.tables.rawfile import read_cells

SCHEMA = ".schema.json"
#: Digest of each module that is loaded, by the package of its page and its path.
_LOADED: dict[tuple[str, Path], str] = {}


def load_modules(project: Project, spec: Spec, document: Document) -> None:
    """Load the modules of a page in their order; what is loaded already is not loaded again.

    A module may import from those before it (``from .ties import TIES``), and is loaded again where
    one of those was.

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
    package = f"{PAGES}.{spec.hypothesis}"
    is_loaded = True
    for place, name in enumerate(spec.modules):
        path = _beside(project, spec, document, ("modules", place), name, ".py")
        digest = digest_file(path)
        is_loaded = is_loaded and _LOADED.get((package, path)) == digest
        if is_loaded:
            continue
        try:
            _execute(path, package)
        except (Exception, SystemExit) as error:
            raise BadSpec(_of_module(project.relative(path), path, error)) from None
        for other in [one for one in _LOADED if one[1] == path]:
            del _LOADED[other]  # what it entered is of this page now
        _LOADED[package, path] = digest


def _execute(path: Path, package: str) -> None:
    """Run a module under a name of its own, in the package of its page.

    Not by the import system: its cache of bytecode goes by time stamp and size, and a second page
    may bring a module of the same name.
    """
    for name in (PAGES, package):
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = []  # only what has been loaded is in it
    name = f"{package}.{path.stem}"
    module = types.ModuleType(name)
    module.__file__, module.__package__ = str(path), package
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
    missing = getattr(error, "name", None) or ""
    if isinstance(error, ModuleNotFoundError) and missing.startswith(f"{PAGES}."):
        said = f"{missing.rpartition('.')[2]}.py does not come before it under `modules`"
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
        schema, where = _schema(project, document, place, path), project.relative(path)
        cells = read_cells(path, where, schema)
        validate_cells(cells, where, schema)
        frames[path.stem] = typed(cells, schema)
    return frames


def own_schemas(project: Project, spec: Spec, document: Document) -> dict[str, dict[str, Any]]:
    """Table Schemas of the tables of a page, by the names of their files.

    Raises
    ------
    BadSpec
        If a table or its schema is absent, or the schema is not readable.
    """
    paths = [
        _beside(project, spec, document, ("tables", place), name, ".csv")
        for place, name in enumerate(spec.tables)
    ]
    return {path.stem: _schema(project, document, place, path) for place, path in enumerate(paths)}


def _schema(project: Project, document: Document, place: int, path: Path) -> dict[str, Any]:
    beside = path.with_name(f"{path.stem}{SCHEMA}")
    try:
        schema = read_json(beside, project.relative(beside)).content
    except MissingInput:
        raise BadSpec(
            document.fault(
                ("tables", place),
                f"its schema {beside.name} is missing beside the page.",
                path.name,
                "Write its columns, types and units there, as data/raw/schemas does.",
            )
        ) from None
    except BadDocument as error:
        raise BadSpec(*error.faults) from None
    if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
        raise BadSpec(f"{project.relative(beside)}: must be a Table Schema with `fields`.")
    return schema


def own_covariates(project: Project, spec: Spec, document: Document) -> None:
    """Register the covariates that a hypothesis takes from columns of tables.

    Raises
    ------
    BadSpec
        If a table has no such column or no key to wars.
    """
    if not spec.covariates:
        return
    schemas, known = own_schemas(project, spec, document), resources(project)
    for name, one in spec.covariates.items():
        schema = schemas.get(one.table)
        if schema is None:
            schema = clean.read_json(project, project.raw / known[one.table]["schema"])
        covariate_from_table(name, one.table, one.column, one.lag_years, schema=schema)


def register_made(project: Project, hypothesis: str | None = None) -> None:
    """Register what pages bring along, as their panels were made with it.

    Whoever reads results needs the titles, tables and sentences that measures and parts declare.

    Parameters
    ----------
    project : Project
    hypothesis : str, optional
        Whose; by default that of every panel there is.
    """
    found = [hypothesis] if hypothesis else _with_panels(project)
    for name in found:
        path = project.spec_json(name)
        if path.exists():
            document = Document(project.relative(path), project.read_json(path))
            spec = from_json(document.content)
            load_modules(project, spec, document)
            own_covariates(project, spec, document)


def _with_panels(project: Project) -> list[str]:
    return sorted(path.stem for path in project.processed.glob("specs/*.json"))


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
