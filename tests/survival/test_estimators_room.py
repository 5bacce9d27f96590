"""A room that could be a library: it imports no other, late what is slow; its examples hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import collsec.survival as survival
import collsec.survival.inference as inference

ROOMS = (survival, inference)
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


def test_the_room_stands_without_the_house() -> None:
    """Imported alone, it brings in no other module of the package, directly or through others."""
    code = (
        "import sys, collsec.survival.inference; "
        "rooms = {'.'.join(m.split('.')[:2]) for m in sys.modules if m.startswith('collsec.')}; "
        "print(sorted(rooms))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['collsec.survival']"


def test_slow_libraries_are_imported_late() -> None:
    code = (
        "import sys, collsec.survival.inference; "
        "print({'statsmodels', 'linearmodels'} & set(sys.modules))"
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
