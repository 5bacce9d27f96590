"""Fixtures of the library's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data, or skip where it is absent."""
    named = os.environ.get("COLLSEC_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    if not folder.is_dir():
        where = f"COLLSEC_SHARED={named} is no folder" if named else "no shared folder beside"
        pytest.skip(f"reference data are absent ({where} the repository)")
    return folder
