"""How one compiled table is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from collsec.compile.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one compiled table is made.

    Attributes
    ----------
    sources : tuple of str
        Keys of the sources that it is made from.
    build : callable
        Workbench → the table.
    """

    sources: tuple[str, ...]
    build: Callable[[Workbench], pd.DataFrame]
