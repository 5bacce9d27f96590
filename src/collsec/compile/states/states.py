"""The study's list of state codes: Gleditsch–Ward, with the codes of Correlates of War (COW).

Which state existed when follows from the list; which state a COW code means from the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile, Strict
from collsec.compile.states.powers import Powers
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.core.models import Whole
from collsec.upstream.readers import r_date, read_columns


class Region(Strict):
    """A range of codes, both ends included, and UCDP's region of it."""

    low: Whole
    high: Whole
    region: Whole


class CowCode(Strict):
    """The code under which COW lists a state, where it is not the Gleditsch–Ward code.

    Attributes
    ----------
    gwno : int
    first : date
        First day from which COW uses `code`.
    code : int or None
        None where COW does not list the state at all.
    reason : str
    """

    gwno: Whole
    first: date = date.min
    code: Whole | None = None
    reason: str


class CowMeaning(Strict):
    """The state that COW means by a code of its own from a year on."""

    cow: Whole
    gwno: Whole
    first_year: Whole = 0
    reason: str


class FurtherState(Strict):
    """A state that UCDP counts and the list of states does not."""

    gwno: Whole
    name: str
    first: date
    last: date
    reason: str


class StateCodes(RuleFile):
    """Regions and codes of states."""

    file: ClassVar[str] = "states.toml"
    first_day: date
    region: tuple[Region, ...]
    cow_code: tuple[CowCode, ...]
    cow_meaning: tuple[CowMeaning, ...]
    further_state: tuple[FurtherState, ...]
    capital_codes: dict[int, Whole]
    iso3: dict[int, str]

    @cached_property
    def _meanings(self) -> dict[int, CowMeaning]:
        return {meaning.cow: meaning for meaning in self.cow_meaning}

    def gwno_of_cow(self, cow: int, year: int) -> int:
        """Gleditsch–Ward code of the state that COW lists under a code in a year."""
        meaning = self._meanings.get(cow)
        return meaning.gwno if meaning is not None and year >= meaning.first_year else cow

    def region_of(self, gwno: int) -> int:
        """UCDP's region of a state: 1 Europe, 2 Middle East, 3 Asia, 4 Africa, 5 Americas.

        Raises
        ------
        BadTable
            If the code lies in no region.
        """
        for region in self.region:
            if region.low <= gwno <= region.high:
                return region.region
        raise BadTable(
            "data/raw/compiled/states.csv", "unknown state code.", column="gwno", value=gwno
        )


class StateNames(RuleFile):
    """Codes of states by the names that the United Nations give them."""

    file: ClassVar[str] = "un_names.toml"
    gwno: dict[str, Whole]


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
    """The lookup of a table of states (see `states_from`)."""
    spans: dict[int, list[Span]] = {}
    for state in records_of(states):
        last = state["valid_to"]
        spans.setdefault(state["gwno"], []).append(
            Span(state["valid_from"], date.max if last is None or pd.isna(last) else last)
        )
    return StateSystem({g: tuple(s) for g, s in spans.items()})


def states_from(
    system: Path, ideal_points: Path, codes: StateCodes, powers: Powers, sources: dict[str, str]
) -> pd.DataFrame:
    """One row per state and span of independence under one COW code.

    Parameters
    ----------
    system : Path
        Gleditsch–Ward state system (``.rda``).
    ideal_points : Path
        UN ideal points (``.dta``), for ISO codes.
    codes : StateCodes
    powers : Powers
    sources : dict
        Keys of the sources: ``system``, ``iso3`` and ``further``.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, sorted by code and first day. Spans that reach the end
        of the list go on.

    References
    ----------
    Gleditsch, K. S. and M. D. Ward (1999). A revised list of independent states since the Congress
    of Vienna. International Interactions 25(4). https://doi.org/10.1080/03050629908434958
    """
    listed = read_columns(system, ["gwcode", "gw_name", "microstate", "start", "end"])
    list_end = r_date(listed["end"].max())
    iso3 = iso3_by_cow(ideal_points)
    spans = [
        (
            int(s["gwcode"]),
            str(s["gw_name"]),
            bool(s["microstate"]),
            r_date(s["start"]),
            r_date(s["end"]),
            sources["system"],
        )
        for s in records_of(listed)
    ] + [(s.gwno, s.name, False, s.first, s.last, sources["further"]) for s in codes.further_state]
    rows = []
    for gwno, name, microstate, first, last, source in sorted(spans):
        if last < codes.first_day:
            continue
        for start, end, cow in split(codes, gwno, first, last if last < list_end else None):
            rows.append(
                {
                    "gwno": gwno,
                    "name": name,
                    "valid_from": start,
                    "valid_to": end,
                    "cow_code": cow,
                    "iso3": codes.iso3.get(gwno, iso3.get(cow or 0)) or None,
                    "region": codes.region_of(gwno),
                    "is_microstate": microstate,
                    "is_p5": powers.has_stood(gwno, "p5"),
                    "is_control_power": powers.has_stood(gwno, "controls"),
                    "source": [source, sources["iso3"]],
                    "basis": "file",
                }
            )
    return pd.DataFrame(rows).astype({"cow_code": "Int64"})


def split(
    codes: StateCodes, gwno: int, first: date, last: date | None
) -> list[tuple[date, date | None, int | None]]:
    """Split a span where COW changes its code."""
    changes = [c for c in codes.cow_code if c.gwno == gwno and (last is None or c.first <= last)]
    if not changes:
        return [(first, last, gwno)]
    change = changes[0]
    if change.first <= first:
        return [(first, last, change.code)]
    return [(first, change.first - timedelta(days=1), gwno), (change.first, last, change.code)]


def iso3_by_cow(path: Path) -> dict[int, str]:
    """COW code → ISO 3166 alpha-3 code, the one that stands in most sessions."""
    points = read_columns(path, ["ccode", "iso3c"])
    named = points[points["iso3c"].fillna("") != ""]
    most = named.groupby("ccode")["iso3c"].agg(lambda codes: sorted(codes.mode())[0])
    return {int(cow): str(iso) for cow, iso in most.items()}  # type: ignore[call-overload]
