"""Another order of files, and of the tests of each file: `pytest -p shuffled`, `SEED=7` for one."""

from __future__ import annotations

import os
import random

import pytest

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10_000)


def pytest_report_header() -> str:
    return f"order: SEED={SEED}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shuffle; files stay whole, since what a file's fixtures make is made once for its tests."""
    draw = random.Random(SEED)
    files: dict[str, list[pytest.Item]] = {}
    for item in sorted(items, key=lambda one: one.nodeid):
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = list(files)
    draw.shuffle(names)
    for name in names:
        draw.shuffle(files[name])
    items[:] = [item for name in names for item in files[name]]
