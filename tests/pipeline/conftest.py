"""A small study whose whole pipeline has run, made once for all tests of this folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from mini.small_study import build, collsec


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small study that no test changes; workers that run side by side share it."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "pristine"
    with FileLock(shared / "pristine.lock"):
        if not (shared / "pristine.made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            done = collsec(build(folder, with_code=True), "run", "--cores", "2")
            assert done.returncode == 0, done.stderr
            (shared / "pristine.made").touch()
    return folder


@pytest.fixture(scope="module")
def finished(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished study that a module's tests may change if they undo it."""
    return Path(shutil.copytree(pristine, tmp_path_factory.mktemp("finished") / "study"))
