"""The committed coding rules, as the tests of the compilers use them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TypeVar

from collsec.compile.rules import RuleFile, read_rules

FOLDER = Path(__file__).resolve().parents[1] / "data" / "raw" / "rules"
R = TypeVar("R", bound=RuleFile)


@functools.cache
def rules(model: type[R]) -> R:
    """One file of committed rules."""
    return read_rules(FOLDER, model)
