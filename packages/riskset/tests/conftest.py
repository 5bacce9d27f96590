"""Fixtures and hooks of the library's tests."""

from for_all_tests import pytest_collection_modifyitems, shared

__all__ = ["pytest_collection_modifyitems", "shared"]
