"""What the tests of the library and those of the study share: budgets, marks, the shared folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[3]
#: Of the examples of a property, one in so many is tried by `make test`, at least ten.
FEWER, AT_LEAST = 5, 10
#: Relative: the same sums in another order, as the BLAS of another processor may take them.
LAST_DIGITS = 1e-12

# Which machine is how busy says nothing about a property: no deadline. `fast` draws the same
# examples each time; `full` (`make test-all`) draws others.
settings.register_profile("full", deadline=None, max_examples=100)
settings.register_profile("fast", deadline=None, max_examples=20, derandomize=True)
settings.load_profile("fast")


def first(*cases: Any) -> list[Any]:
    """Cases of a parametrization: the first runs in `make test`, the others in `make test-all`.

    A tuple holds the values of several names; a tuple that is one value stands in another.
    """
    spread = [case if type(case) is tuple else (case,) for case in cases]
    others = [pytest.param(*case, marks=pytest.mark.full) for case in spread[1:]]
    return [pytest.param(*spread[0]), *others]


def examples(number: int, *, suppress_health_check: Iterable[HealthCheck] = ()) -> settings:
    """Settings of a property of which the full profile tries so many examples."""
    if settings.get_current_profile_name() != "full":
        number = min(number, max(AT_LEAST, number // FEWER))
    return settings(max_examples=number, suppress_health_check=tuple(suppress_health_check))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of upstream and reference data, or skip where it is absent."""
    named = os.environ.get("COLLSEC_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    if not folder.is_dir():
        where = f"COLLSEC_SHARED={named} is no folder" if named else "no ../shared"
        pytest.skip(f"upstream and reference data are absent ({where})")
    return folder


def mark(items: list[pytest.Item]) -> None:
    """Mark what asks for the shared folder, what draws examples, and what is quick."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.examples)
        if not any(item.get_closest_marker(mark) for mark in ("full", "slow", "pipeline")):
            item.add_marker(pytest.mark.quick)
