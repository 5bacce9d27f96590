"""Fixtures and hooks of the library's tests."""

from __future__ import annotations

import pytest

from for_all_tests import mark, shared

__all__ = ["shared"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs more than this folder or more than a moment."""
    mark(items)
