"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from collsec.histories.registry import FRAMES, TIMELINES
from collsec.hypothesis import extension
from collsec.measures import MEASURES
from for_all_tests import REPOSITORY, mark, shared
from mini.small_study import build, collsec

__all__ = ["shared"]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study whose whole pipeline has run, made once for all workers; no test changes it.

    A test that reads what a run writes reads it here: what was built in the checkout is no test's.
    """
    common = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        common = common.parent
    folder = common / "pristine"
    with FileLock(common / "pristine.lock"):
        if not (common / "pristine.made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            done = collsec(build(folder, with_code=True), "run", "--cores", "2")
            assert done.returncode == 0, done.stderr
            (common / "pristine.made").touch()
    return folder


@pytest.fixture(scope="module")
def finished(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished study that a module's tests may change if they undo it."""
    return Path(shutil.copytree(pristine, tmp_path_factory.mktemp("finished") / "study"))


@pytest.fixture
def registers() -> Iterator[None]:
    """Take out what a test registers, and forget the modules that it loads.

    Both: a module that counts as loaded is not run again, and what it registers would stay away
    from every later test of the process.
    """
    kept: tuple[dict[Any, Any], ...] = (FRAMES, TIMELINES, MEASURES, extension._LOADED)
    before = [dict(register) for register in kept]
    yield
    for register, entries in zip(kept, before, strict=True):
        register.clear()
        register.update(entries)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reads a finished run, then all the rest."""
    for item in items:
        if "pristine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.pipeline)
    mark(items)
