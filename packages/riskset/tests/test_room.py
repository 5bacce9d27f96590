"""The library stands on its own: it imports no study, late what is slow; its examples hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import itertools
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import riskset

#: Each part imports only parts before it; "" are the modules that all share.
ORDER = ("", "cox", "nonparametric", "regression", "parametric", "multistate", "emulation")
ORDER = (*ORDER, "inference")
HERE = Path(riskset.__path__[0])
FILES = sorted(HERE.rglob("*.py"))
MODULES = [m.name for m in pkgutil.walk_packages(riskset.__path__, "riskset.")]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(HERE).as_posix())
def test_only_declared_libraries_are_imported(file: Path) -> None:
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    declared = [
        *project["dependencies"],
        *itertools.chain(*project["optional-dependencies"].values()),
    ]
    allowed = {re.split(r"[^\w-]", name)[0] for name in declared} | sys.stdlib_module_names
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        assert {name.split(".")[0] for name in names} <= allowed, names


def imported_by(file: Path) -> set[str]:
    """Return the library's modules that a module imports, lazily or for types alone included."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("riskset."):
            found.add((node.module or "").removeprefix("riskset."))
    return found


GRAPH = {
    ".".join(file.relative_to(HERE).with_suffix("").parts): imported_by(file)
    for file in FILES
    if file.name != "__init__.py"
}


def test_no_modules_import_one_another_in_a_circle() -> None:
    TopologicalSorter(GRAPH).prepare()


@pytest.mark.parametrize("module", GRAPH)
def test_parts_of_the_library_are_imported_in_one_direction(module: str) -> None:
    def place(name: str) -> int:
        return ORDER.index(name.split(".")[0] if "." in name else "")

    assert {name for name in GRAPH[module] if place(name) > place(module)} == set()


def test_a_class_name_means_one_thing() -> None:
    names = [
        node.name
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_an_interval_has_a_level() -> None:
    """No argument and no attribute is called confidence or ci_level."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            named = [node.arg] if isinstance(node, ast.arg) else []
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                named.append(node.target.id)
            assert not {"confidence", "ci_level"} & set(named), file.name


def test_slow_libraries_are_imported_late() -> None:
    code = (
        "import sys, riskset; "
        "late = {'statsmodels', 'linearmodels', 'numba', 'formulaic', 'matplotlib', 'collsec'}; "
        "print(late & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    if name.endswith(("loops", "kernels", "many_rows")):
        pytest.importorskip("numba", reason="compiled loops need the extra riskset[fast]")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in riskset.__all__
        if inspect.isclass(getattr(riskset, name)) or inspect.isfunction(getattr(riskset, name))
    ],
)
def test_every_public_name_is_documented(name: str) -> None:
    assert (getattr(riskset, name).__doc__ or "").strip()


def test_modules_hold_one_idea() -> None:
    for file in FILES:
        assert len(file.read_text().splitlines()) < 500, file.name
