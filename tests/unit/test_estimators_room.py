"""Two rooms that could be a library: they import no other, late what is slow; examples hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import collsec.estimators as estimators
import collsec.inference as inference

ROOMS = (estimators, inference)
#: What each room may import of the package.
OPEN = {
    "estimators": ("collsec.estimators",),
    "inference": ("collsec.inference", "collsec.estimators"),
}
FILES = sorted(file for room in ROOMS for file in Path(room.__path__[0]).glob("*.py"))
MODULES = [
    f"{room.__name__}.{m.name}" for room in ROOMS for m in pkgutil.iter_modules(room.__path__)
]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_nothing_is_imported_from_another_room(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            own = any(f"{name}.".startswith(f"{room}.") for room in OPEN[file.parent.name])
            assert own or name.split(".")[0] != "collsec", name


def test_the_rooms_stand_without_the_house() -> None:
    """Imported alone, they bring in no other module of the package, directly or through others."""
    code = (
        "import sys, collsec.inference; "
        "rooms = {'.'.join(m.split('.')[:2]) for m in sys.modules if m.startswith('collsec.')}; "
        "print(sorted(rooms))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['collsec.estimators', 'collsec.inference']"


def test_slow_libraries_are_imported_late() -> None:
    code = (
        "import sys, collsec.inference; print({'statsmodels', 'linearmodels'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    ("room", "name"), [(r, name) for r in ROOMS for name in r.__all__], ids=lambda v: str(v)[-30:]
)
def test_every_public_name_is_documented(room: object, name: str) -> None:
    assert (getattr(room, name).__doc__ or "").strip()


def test_modules_hold_one_idea() -> None:
    for file in FILES:
        assert len(file.read_text().splitlines()) < 300, file.name
