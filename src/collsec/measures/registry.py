"""The register of measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from collsec.core.errors import BadSpec
from collsec.core.names import nearest


@dataclass(frozen=True, slots=True)
class Measure:
    """A named measure.

    Attributes
    ----------
    name : str
        What a hypothesis file calls it.
    kind : str
        ``exposure`` (spells in calendar time), ``covariate`` (one value per episode, before
        onset), ``outcome``, or ``ever`` (a post-onset exposure frozen as if known at onset: it
        manufactures effects and is refused unless tagged ``known-biased``).
    title : str
        What a reader sees.
    function : callable
        The pure function behind it.
    known_until : Timestamp or None
        Last day of the record that an exposure rests on: later days are not unexposed but
        unknown, and follow-up ends with it.
    contrast : tuple of str
        Who is compared with whom where it is the primary's exposure: those, and others. Empty
        for the default, by the title.
    act : str
        What an exposure begins with, as a figure calls it.
    """

    name: str
    kind: str
    title: str
    function: Callable[..., Any]
    known_until: pd.Timestamp | None = None
    contrast: tuple[str, ...] = ()
    act: str = ""


MEASURES: dict[str, Measure] = {}
Function = TypeVar("Function", bound=Callable[..., Any])


def measure(
    kind: str,
    title: str,
    known_until: pd.Timestamp | None = None,
    *,
    contrast: tuple[str, ...] = (),
    act: str = "The act",
) -> Callable[[Function], Function]:
    """Register a function as a measure under its own name."""

    def register(function: Function) -> Function:
        name = function.__name__
        MEASURES[name] = Measure(name, kind, title, function, known_until, contrast, act)
        return function

    return register


def names(kind: str | None = None) -> list[str]:
    """Names of the registered measures, of one kind or all."""
    return sorted(n for n, m in MEASURES.items() if kind is None or m.kind == kind)


def get(name: str, *kinds: str) -> Measure:
    """A measure by name.

    Raises
    ------
    BadSpec
        If there is no such measure of the kinds asked for; the nearest name is given.
    """
    allowed = [n for n in names() if not kinds or MEASURES[n].kind in kinds]
    if name in allowed:
        return MEASURES[name]
    what = " or ".join(kinds) if kinds else "measure"
    raise BadSpec(f"unknown {what} {name!r}.{nearest(name, allowed)} Known: {', '.join(allowed)}.")
