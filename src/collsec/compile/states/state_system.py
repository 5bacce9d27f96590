"""Which state existed when, and which state a COW code means in a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from collsec.compile.text import records_of


@dataclass(frozen=True, slots=True)
class Span:
    """One span of independence."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class StateSystem:
    """The states of ``compiled/states.csv`` as a lookup.

    Attributes
    ----------
    spans : dict
        State code → its spans, in order.
    """

    spans: dict[int, tuple[Span, ...]]

    def exists(self, gwno: int, day: date) -> bool:
        """Whether the state was independent on a day."""
        return any(s.first <= day <= s.last for s in self.spans.get(gwno, ()))

    def existed_in(self, gwno: int, year: int) -> bool:
        """Whether the state was independent on some day of a year."""
        return any(s.first.year <= year <= s.last.year for s in self.spans.get(gwno, ()))

    def alive(self, day: date) -> tuple[int, ...]:
        """Codes of all states on a day, in order."""
        return tuple(sorted(g for g in self.spans if self.exists(g, day)))

    def since(self, gwno: int, day: date) -> date | None:
        """First day of the span of independence that holds a day; None outside of any.

        Spans that follow each other without a gap (the COW code changed) are one.
        """
        first: date | None = None
        before: Span | None = None
        for span in self.spans.get(gwno, ()):
            follows = before is not None and (span.first - before.last).days == 1
            first = first if follows else span.first
            if span.first <= day <= span.last:
                return first
            before = span
        return None


def state_system(states: pd.DataFrame) -> StateSystem:
    """The lookup of a table of states (see `collsec.compile.states.states_from`)."""
    spans: dict[int, list[Span]] = {}
    for state in records_of(states):
        last = state["valid_to"]
        spans.setdefault(state["gwno"], []).append(
            Span(state["valid_from"], date.max if last is None or pd.isna(last) else last)
        )
    return StateSystem({g: tuple(s) for g, s in spans.items()})


def gwno_of_cow(cow: int, year: int) -> int:
    """Gleditsch–Ward code of the state that COW lists under a code in a year.

    >>> gwno_of_cow(255, 1995), gwno_of_cow(679, 1990), gwno_of_cow(345, 2010), gwno_of_cow(2, 1950)
    (260, 678, 340, 2)
    """
    if cow == 255 and year >= 1949:
        return 260
    if cow == 679:
        return 678
    if cow == 345 and year >= 2006:
        return 340
    return {946: 970, 970: 971, 955: 972, 947: 973}.get(cow, cow)
