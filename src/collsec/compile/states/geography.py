"""Where states lie: distance and contiguity, ties that no war changes, and positions for a map."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.states.powers import Group, Powers
from collsec.compile.states.states import StateCodes, StateSystem
from collsec.compile.text import records_of
from collsec.upstream.readers import r_date, read_columns

EARTH_RADIUS_KM = 6371.0
# COW's kinds of contiguity: 1 land, 2–5 up to 12, 24, 150 and 400 miles of water.
KINDS = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True, slots=True)
class Capital:
    """A capital from one day to another; coordinates in degrees."""

    first: date
    last: date
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Geography:
    """Capitals and contiguity.

    Attributes
    ----------
    capitals : dict
        State code → its capitals, in order.
    contiguous : dict
        (state, state) → spans of days of contiguity by land or up to 400 miles of water.
    system : StateSystem
    powers : Powers
    """

    capitals: dict[int, tuple[Capital, ...]]
    contiguous: dict[tuple[int, int], tuple[tuple[date, date], ...]]
    system: StateSystem
    powers: Powers

    def capital(self, gwno: int, day: date) -> Capital | None:
        """The capital on a day; of a state that does not exist yet, its first one after it."""
        known = self.capitals.get(gwno, ())
        for c in known:
            if c.first <= day <= c.last:
                return c
        later = [c for c in known if c.first > day]
        return later[0] if later else (known[-1] if known else None)

    def distance_km(self, host: int, power: int, day: date) -> float | None:
        """Great-circle distance between the capitals, km."""
        a, b = self.capital(host, day), self.capital(power, day)
        if a is None or b is None:
            return None
        return great_circle_km(a.latitude, a.longitude, b.latitude, b.longitude)

    def is_contiguous(self, host: int, power: int, day: date) -> bool | None:
        """Whether the two are contiguous on a day; None if a state never enters the system.

        A territory that is no state yet has the contiguity of the first day of the later state:
        where a country lies is known before it is independent.
        """
        if power not in self.system.spans or host not in self.system.spans:
            return None
        starts = [s.first for s in self.system.spans[host] if s.last >= day]
        if not starts:
            return None
        when = max(day, min(starts))
        return any(a <= when <= b for a, b in self.contiguous.get((host, power), ()))

    def pool(self, group: Group, day: date) -> list[float]:
        """Sorted distances from all states to the powers of a group on a day, km."""
        held = (self.powers.holder(power, day) for power in self.powers.of(group))
        holders = [code for code in held if code is not None]
        out = []
        for state in self.system.alive(day):
            for power in holders:
                d = None if state == power else self.distance_km(state, power, day)
                if d is not None:
                    out.append(d)
        return sorted(out)


def nearness_rank(pool: list[float], distance: float) -> float:
    """Percentile (0 to 1) of a distance in a pool (see `Geography.pool`); 1 = nearest."""
    return 1 - (bisect_left(pool, distance) + bisect_right(pool, distance)) / 2 / len(pool)


def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Distance on the sphere by the haversine formula; degrees in, km out.

    >>> round(great_circle_km(0, 0, 0, 90))
    10008
    """
    p1, p2 = math.radians(lat1), math.radians(lat2)
    half = (
        math.sin((p2 - p1) / 2) ** 2
        + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


def read_geography(
    capitals: Path, contiguity: Path, codes: StateCodes, system: StateSystem, powers: Powers
) -> Geography:
    """Read capitals and contiguity.

    Notes
    -----
    Both files end before the last wars; what holds on their last day goes on.

    References
    ----------
    Stinnett, D. M., J. Tir, P. Schafer, P. F. Diehl and C. Gochman (2002). The Correlates of War
    project direct contiguity data, version 3.0. Conflict Management and Peace Science 19(2).
    https://doi.org/10.1177/073889420201900203
    """
    lines = read_columns(contiguity, ["ccode1", "ccode2", "conttype", "stdate", "enddate"])
    stop = r_date(lines["enddate"].max())
    spans: dict[tuple[int, int], list[tuple[date, date]]] = {}
    for c in records_of(lines):
        if int(c["conttype"]) not in KINDS:
            continue
        first, last = r_date(c["stdate"]), r_date(c["enddate"])
        last = date.max if last >= stop else last
        for a, b in pairs_in_gwno(codes, int(c["ccode1"]), int(c["ccode2"]), first, last):
            spans.setdefault((a, b), []).append((first, last))
            spans.setdefault((b, a), []).append((first, last))
    return Geography(
        read_capitals(capitals, codes),
        {pair: tuple(sorted(set(s))) for pair, s in spans.items()},
        system,
        powers,
    )


def read_capitals(path: Path, codes: StateCodes) -> dict[int, tuple[Capital, ...]]:
    """State code → its capitals, in order; the last one of the file goes on."""
    frame = read_columns(path, ["gwcode", "stdate", "enddate", "lat", "lng"])
    end = r_date(frame["enddate"].max())
    by_state: dict[int, list[Capital]] = {}
    for c in records_of(frame):
        gwno = codes.capital_codes.get(int(c["gwcode"]), int(c["gwcode"]))
        last = r_date(c["enddate"])
        by_state.setdefault(gwno, []).append(
            Capital(
                r_date(c["stdate"]),
                date.max if last >= end else last,
                float(c["lat"]),
                float(c["lng"]),
            )
        )
    return {g: tuple(sorted(c, key=lambda x: x.first)) for g, c in by_state.items()}


def pairs_in_gwno(
    codes: StateCodes, cow1: int, cow2: int, first: date, last: date
) -> set[tuple[int, int]]:
    """Pairs of state codes that a pair of COW codes means at some time of a span."""
    years = (first.year, last.year)
    return {(codes.gwno_of_cow(cow1, y), codes.gwno_of_cow(cow2, y)) for y in years}


def state_positions_from(
    states: pd.DataFrame, capitals: Mapping[int, Sequence[Capital]], sources: tuple[str, ...]
) -> pd.DataFrame:
    """One row per state code with a capital on file.

    Parameters
    ----------
    states : DataFrame
        State codes, as `collsec.compile.states.states.states_from` gives them.
    capitals : mapping of int to sequence of Capital
        As `read_capitals` gives them.
    sources : tuple of str
        Keys of the sources.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by code: the last capital, to the whole degree: enough
        for a map of the world.
    """
    rows = [
        {
            "gwno": gwno,
            "latitude": round(capitals[gwno][-1].latitude),
            "longitude": round(capitals[gwno][-1].longitude),
            "source": list(sources),
            "basis": "file",
        }
        for gwno in sorted(set(states["gwno"].astype(int)) & set(capitals))
    ]
    return pd.DataFrame(rows)
