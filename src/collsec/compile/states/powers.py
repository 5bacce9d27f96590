"""The five permanent members of the Council, and five great powers that are none."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import ClassVar, Literal

from collsec.compile.rules import RuleFile, Strict
from collsec.core.models import Whole

Group = Literal["p5", "controls"]


class Holding(Strict):
    """A state that stands for a power from one day to another.

    Attributes
    ----------
    gwno : int
        Gleditsch–Ward code.
    first, last : date
        First and last day; `last` is `date.max` if it still does.
    """

    gwno: Whole
    first: date
    last: date = date.max


class Power(Strict):
    """One power, the states that stood for it, and why those."""

    name: str
    group: Group
    holdings: tuple[Holding, ...]
    reason: str = ""


class VotedAs(Strict):
    """A state whose votes in the General Assembly a source lists under another code."""

    gwno: Whole
    code: Whole
    before_year: Whole
    reason: str


class Powers(RuleFile):
    """Great powers: with a permanent seat (``p5``), and without (``controls``)."""

    file: ClassVar[str] = "powers.toml"
    power: tuple[Power, ...]
    voted: tuple[VotedAs, ...]

    @cached_property
    def holdings(self) -> dict[str, tuple[Holding, ...]]:
        """Power → its holdings, in the order of the file."""
        return {power.name: power.holdings for power in self.power}

    @cached_property
    def groups(self) -> dict[str, Group]:
        """Power → its group."""
        return {power.name: power.group for power in self.power}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all powers, the permanent members first."""
        return tuple(self.holdings)

    @cached_property
    def p5(self) -> tuple[str, ...]:
        """Names of the permanent members."""
        return tuple(name for name, group in self.groups.items() if group == "p5")

    @cached_property
    def codes(self) -> frozenset[int]:
        """Codes of all states that ever stand for a power."""
        return frozenset(h.gwno for holdings in self.holdings.values() for h in holdings)

    def of(self, group: Group) -> tuple[str, ...]:
        """Names of the powers of a group."""
        return tuple(name for name in self.names if self.groups[name] == group)

    def has_stood(self, gwno: int, group: Group) -> bool:
        """Whether a state has stood for a power of a group."""
        return any(h.gwno == gwno for name in self.of(group) for h in self.holdings[name])

    def holder(self, power: str, day: date) -> int | None:
        """Code of the state that stands for a power on a day; None if none does."""
        for holding in self.holdings[power]:
            if holding.first <= day <= holding.last:
                return holding.gwno
        return None

    def voted_as(self, gwno: int, year: int) -> int:
        """Code under which the votes of a state in a year are listed, where not under its own."""
        codes = (v.code for v in self.voted if v.gwno == gwno and year < v.before_year)
        return next(codes, gwno)

    def seats(self, day: date) -> list[int]:
        """Codes of the permanent members on a day, in order."""
        found = (self.holder(power, day) for power in self.p5)
        return sorted(code for code in found if code is not None)
