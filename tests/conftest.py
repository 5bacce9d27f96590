"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collsec.histories.registry import FRAMES, TIMELINES
from collsec.hypothesis import extension
from collsec.measures import MEASURES

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of upstream and reference data, or skip where it is absent."""
    named = os.environ.get("COLLSEC_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    if not folder.is_dir():
        where = f"COLLSEC_SHARED={named} is no folder" if named else "no ../shared"
        pytest.skip(f"upstream and reference data are absent ({where})")
    return folder


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for the shared folder, so that `-m shared` selects it."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)
