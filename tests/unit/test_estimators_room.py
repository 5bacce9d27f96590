"""The room: it imports no other, imports late what is slow, and its examples hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import collsec.estimators as room

FILES = sorted(Path(room.__path__[0]).glob("*.py"))
MODULES = [f"collsec.estimators.{m.name}" for m in pkgutil.iter_modules(room.__path__)]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_nothing_is_imported_from_another_room(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert not name.startswith("collsec") or name.startswith("collsec.estimators"), name


def test_slow_libraries_are_imported_late() -> None:
    code = (
        "import sys, collsec.estimators; print({'statsmodels', 'linearmodels'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", room.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    assert (getattr(room, name).__doc__ or "").strip()


def test_modules_hold_one_idea() -> None:
    for file in FILES:
        assert len(file.read_text().splitlines()) <= 300, file.name
