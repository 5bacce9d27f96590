"""Parts of a hypothesis beyond its primary: one decorated function each, named in its file.

A part takes the primary's cohort and gives further estimates, curves and strings for the page.
Those that need nothing else can run side by side; those that restate the primary wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.hypothesis.specification import Draws


@dataclass(frozen=True, slots=True)
class Context:
    """What a part may use.

    Attributes
    ----------
    inputs : Inputs
    prepared : Prepared
        The primary's cohort and rows.
    draws : Draws
        Draw counts of the profile.
    """

    inputs: Inputs
    prepared: Prepared
    draws: Draws

    @property
    def name(self) -> str:
        """The hypothesis, with which every estimate id begins."""
        return self.inputs.spec.hypothesis


@dataclass(frozen=True, slots=True)
class Part:
    """What a part gives.

    Attributes
    ----------
    estimates : list of Estimate
    curves : DataFrame or None
        Rows of the curves table.
    strings : dict
        Formatted strings by name (without the hypothesis), for the page.
    records : dict
        Plain JSON for the record's ``parts``, by name.
    """

    estimates: list[Estimate] = field(default_factory=list)
    curves: pd.DataFrame | None = None
    strings: dict[str, str] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)


def without_estimate(why: object) -> dict[str, Any]:
    """The fields of an :class:`Estimate` that the data cannot give, with the reason in its note."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("estimate", "ci_low", "ci_high", "p_value", "std_error"), math.nan
    )
    return nothing | {"note": f"Not estimable: {why}"}


PARTS: dict[str, Callable[..., Part]] = {}
# Names of the parts that take the estimated primary beside their context.
AFTER_PRIMARY: set[str] = set()


def part(function: Callable[[Context], Part]) -> Callable[[Context], Part]:
    """Register a part under its function's name."""
    PARTS[function.__name__] = function
    return function


def part_of_primary(
    function: Callable[[Context, Estimate], Part],
) -> Callable[[Context, Estimate], Part]:
    """Register a part that restates the primary: it is made once that is estimated."""
    PARTS[function.__name__] = function
    AFTER_PRIMARY.add(function.__name__)
    return function
