"""A room that could be a library: it imports no other, late what is slow; its examples hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import collsec.survival as survival
import collsec.survival.inference as inference

ROOMS = (survival, inference)
#: Each part imports only parts before it; "" are the modules that all share.
ORDER = ("", "cox", "nonparametric", "regression", "parametric", "multistate", "emulation")
ORDER = (*ORDER, "inference")
HERE = Path(survival.__path__[0])
FILES = sorted(HERE.rglob("*.py"))
MODULES = [m.name for m in pkgutil.walk_packages(survival.__path__, "collsec.survival.")]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(HERE).as_posix())
def test_nothing_is_imported_from_another_room(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            own = f"{name}.".startswith("collsec.survival.")
            assert own or name.split(".")[0] != "collsec", name


def imported_by(file: Path) -> set[str]:
    """Return the room's modules that a module imports, lazily or for types alone included."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("collsec.survival."):
            found.add((node.module or "").removeprefix("collsec.survival."))
    return found


GRAPH = {
    ".".join(file.relative_to(HERE).with_suffix("").parts): imported_by(file)
    for file in FILES
    if file.name != "__init__.py"
}


def test_no_modules_import_one_another_in_a_circle() -> None:
    TopologicalSorter(GRAPH).prepare()


@pytest.mark.parametrize("module", GRAPH)
def test_parts_of_the_room_are_imported_in_one_direction(module: str) -> None:
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


def test_the_room_stands_without_the_house() -> None:
    """With an empty package around it, it brings in no other module of that package."""
    code = (
        "import sys, types\n"
        "house = types.ModuleType('collsec')\n"
        f"house.__path__ = [{str(HERE.parent)!r}]\n"
        "sys.modules['collsec'] = house\n"
        "import collsec.survival.inference\n"
        "rooms = {'.'.join(m.split('.')[:2]) for m in sys.modules if m.startswith('collsec.')}\n"
        "print(sorted(rooms))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['collsec.survival']"


def test_slow_libraries_are_imported_late() -> None:
    code = (
        "import sys, collsec.survival.inference; "
        "print({'statsmodels', 'linearmodels', 'numba'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    if name.endswith(("loops", "kernels", "many_rows")):
        pytest.importorskip("numba", reason="compiled loops need the extra collsec[fast]")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    ("room", "name"),
    [
        (room, name)
        for room in ROOMS
        for name in room.__all__
        if inspect.isclass(getattr(room, name)) or inspect.isfunction(getattr(room, name))
    ],
    ids=lambda v: str(v)[-30:],
)
def test_every_public_name_is_documented(room: object, name: str) -> None:
    assert (getattr(room, name).__doc__ or "").strip()


def test_modules_hold_one_idea() -> None:
    for file in FILES:
        assert len(file.read_text().splitlines()) < 300, file.name
