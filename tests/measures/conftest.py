"""The register of measures is as it was after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from collsec.measures import MEASURES


@pytest.fixture(autouse=True)
def unregistered() -> Iterator[None]:
    """Take out what a test enters."""
    before = dict(MEASURES)
    yield
    MEASURES.clear()
    MEASURES.update(before)
