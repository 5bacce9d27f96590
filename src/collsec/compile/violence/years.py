"""Battle-related deaths by conflict and year, 1946–2024, from three publications.

PRIO's and UCDP's estimates to 2015 stand under the earlier ids of conflicts; a bridge leads to
today's. From 2016 on UCDP's deaths are by country, and a conflict gets them only where it is alone
in every country in which it killed in that year.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path

import pandas as pd

from collsec.compile.conflicts.spans import episode_of_year, spans_by_conflict
from collsec.compile.conflicts.ucdp import cells_of
from collsec.compile.text import records_of
from collsec.compile.violence.country_years import CountryYear, CountryYears
from collsec.compile.violence.months import ViolenceRules
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

OLD_COLUMNS = ("ConflictId", "Year", "SideB", "Incompatibility", "TerritoryName", "GWNoLoc")
PRIO_COLUMNS = ("id", "year", "bdeadbes", "bdeadlow", "bdeadhig")
UCDP_COLUMNS = ("ConflictID", "Year", "BdBest", "BdLow", "BdHigh")
UNKNOWN = frozenset({"-999", "-99"})  # marks of an estimate that is not made, PRIO's and UCDP's
ESTIMATES = ("best", "low", "high")
Deaths = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class YearSources:
    """Keys of the sources: of PRIO's deaths, UCDP's by conflict and by country, and the years."""

    prio: str
    conflict: str
    country: str
    years: str


def violence_years_from(
    prio: Path,
    ucdp: Path,
    bridge: Mapping[str, int],
    countries: CountryYears,
    conflict_years: pd.DataFrame,
    episodes: pd.DataFrame,
    rules: ViolenceRules,
    sources: YearSources,
) -> pd.DataFrame:
    """One row per active year of each conflict.

    Parameters
    ----------
    prio : Path
        PRIO Battle Deaths Dataset 3.1 (``.xls``), conflict-years under earlier ids.
    ucdp : Path
        UCDP Battle-Related Deaths 5.0-2016 (CSV), conflict-years under earlier ids.
    bridge : mapping
        Earlier id → today's, as `bridge_from` gives it.
    countries : CountryYears
        UCDP's deaths by country and year.
    conflict_years, episodes : DataFrame
        Of the release that is compiled.
    rules : ViolenceRules
    sources : YearSources

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by conflict and year. A year without an estimate has
        empty cells: it is not known, not zero.

    References
    ----------
    Lacina, B. and N. P. Gleditsch (2005). Monitoring trends in global combat. European Journal of
    Population 21. https://doi.org/10.1007/s10680-005-6851-6
    """
    of_prio = by_conflict(read_prio(prio), bridge)
    of_ucdp = by_conflict(read_ucdp(ucdp), bridge)
    last = max(year for _, year in of_ucdp)
    of_countries = by_country(countries.years, after=last)
    spans = spans_by_conflict(episodes)
    rows = []
    for y in records_of(conflict_years):
        key = int(y["conflict_id"]), int(y["year"])
        own, theirs = of_prio.get(key), of_ucdp.get(key)
        alone, is_shared = of_countries.get(key, (None, False))
        cited = [
            *([sources.prio] if own else []),
            *([sources.conflict] if theirs else []),
            *([sources.country] if alone or is_shared else []),
        ]
        episode = episode_of_year(spans, *key)
        rows.append(
            {
                "conflict_id": key[0],
                "year": key[1],
                "episode_id": episode and episode["episode_id"],
                **named("prio", rounded(own, rules.significant_digits)),
                **named("ucdp", theirs or alone),
                "ucdp_level": "conflict" if theirs else "country" if alone else None,
                "is_shared": is_shared,
                "source": [*cited, sources.years],
                "basis": "file",
            }
        )
    numbers = {f"{name}_deaths_{e}": "Int64" for name in ("prio", "ucdp") for e in ESTIMATES}
    return pd.DataFrame(rows).astype(numbers)


def named(name: str, deaths: Deaths | None) -> dict[str, int | None]:
    """Columns of the three estimates of one publication."""
    values = deaths or (None, None, None)
    return {f"{name}_deaths_{e}": v for e, v in zip(ESTIMATES, values, strict=True)}


def rounded(deaths: Deaths | None, digits: int) -> Deaths | None:
    """Estimates to so many significant digits.

    >>> rounded((1234, 25, None), 2)
    (1200, 25, None)
    """
    if deaths is None:
        return None
    best, low, high = (
        None if v is None else int(round(v, digits - 1 - floor(log10(v)))) if v else 0
        for v in deaths
    )
    return best, low, high


def bridge_from(path: Path, conflict_years: pd.DataFrame, rules: ViolenceRules) -> dict[str, int]:
    """Earlier id of a conflict → today's.

    A year of an earlier conflict is one of today's if both have the year, a state of the location,
    the stake and a name of side B in common, and no other of today's has (or only one has the name
    of the territory too). The conflict goes where its years go; what no year leads to is bridged by
    hand.

    Parameters
    ----------
    path : Path
        UCDP/PRIO Armed Conflict Dataset 4-2016, with the earlier ids.
    conflict_years : DataFrame
        Of the release that is compiled.
    rules : ViolenceRules

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If years of one earlier conflict lead to several of today's, or a conflict is bridged
        neither by its years nor by hand, or by both.
    """
    old = read_columns(path, OLD_COLUMNS)
    today: dict[str, list[dict[str, str]]] = {}
    for y in records_of(conflict_years):
        today.setdefault(y["year"], []).append(y)
    votes: dict[str, Counter[int]] = {c: Counter() for c in old["ConflictId"]}
    for y in records_of(old):
        found = same_war(y, today.get(y["Year"], ()))
        if found is not None:
            votes[y["ConflictId"]][found] += 1
    by_hand = {r.id: r.conflict_id for r in rules.old_conflict}
    bridge = {}
    for conflict, ids in votes.items():
        if len(ids) > 1 or bool(ids) == (conflict in by_hand):
            raise BadTable(
                path.name,
                "an earlier conflict that is not bridged to one of today's.",
                value=f"{conflict}: {', '.join(map(str, ids)) or 'none'}",
                remedy="Look it up, and correct old_conflict in data/raw/rules/violence.toml.",
            )
        one = next(iter(ids), None) or by_hand.get(conflict)
        if one is not None:
            bridge[conflict] = one
    return bridge


def same_war(old: Mapping[str, str], today: Iterable[Mapping[str, str]]) -> int | None:
    """Today's conflict that an earlier conflict-year is; None if none is, or several are."""
    names, states = names_of(old["SideB"]), set(cells_of(old["GWNoLoc"]))
    alike = [
        y
        for y in today
        if y["incompatibility"] == old["Incompatibility"]
        and states & set(cells_of(y["gwno_loc"]))
        and names & names_of(y["side_b"])
    ]
    if len(alike) > 1:
        alike = [y for y in alike if y["territory_name"] == old["TerritoryName"].strip()]
    return int(alike[0]["conflict_id"]) if len(alike) == 1 else None


def names_of(side: str) -> set[str]:
    """Names on one side, for comparison: no capitals, single spaces.

    >>> sorted(names_of("KDP, PUK "))
    ['kdp', 'puk']
    """
    return {" ".join(part.lower().split()) for part in re.split(",", side) if part.strip()}


def read_prio(path: Path) -> dict[tuple[str, int], Deaths]:
    """(earlier id, year) → PRIO's best, low and high estimate."""
    raw = read_columns(path, PRIO_COLUMNS)
    return estimates(path, raw.set_axis(["id", "year", *ESTIMATES], axis=1))


def read_ucdp(path: Path) -> dict[tuple[str, int], Deaths]:
    """(earlier id, year) → UCDP's best, low and high estimate."""
    raw = read_columns(path, UCDP_COLUMNS)
    return estimates(path, raw.set_axis(["id", "year", *ESTIMATES], axis=1))


def estimates(path: Path, raw: pd.DataFrame) -> dict[tuple[str, int], Deaths]:
    """Estimates by conflict and year; UCDP's earlier ids begin with ``1-``."""
    if (double := raw.duplicated(["id", "year"])).any():
        raise BadTable(
            path.name, "a conflict-year stands twice.", row=int(raw.index[double][0]) + 2
        )
    out = {}
    for r in records_of(raw):
        best, low, high = (None if r[e] in UNKNOWN else int(r[e]) for e in ESTIMATES)
        out[f"1-{r['id']}", int(r["year"])] = (best, low, high)
    return out


def by_conflict(
    deaths: Mapping[tuple[str, int], Deaths], bridge: Mapping[str, int]
) -> dict[tuple[int, int], Deaths]:
    """Estimates under today's ids; where several earlier conflicts are one, their sum."""
    parts: dict[tuple[int, int], list[Deaths]] = {}
    for (old, year), values in deaths.items():
        if old in bridge:
            parts.setdefault((bridge[old], year), []).append(values)
    return {key: total(several) for key, several in parts.items()}


def total(parts: Sequence[Deaths]) -> Deaths:
    """Sum of estimates; one that is not known leaves the sum unknown."""
    best, low, high = (
        None if any(v is None for v in column) else sum(v for v in column if v is not None)
        for column in zip(*parts, strict=True)
    )
    return best, low, high


def by_country(
    years: Mapping[tuple[int, int], CountryYear], after: int
) -> dict[tuple[int, int], tuple[Deaths | None, bool]]:
    """(conflict, year) → deaths, and whether they are shared with another conflict.

    A conflict that is alone in every country in which it killed gets the sum of these countries;
    one that shares a country gets none.
    """
    places: dict[tuple[int, int], list[CountryYear]] = {}
    for (_, year), place in years.items():
        if year > after:
            for conflict in place.conflicts:
                places.setdefault((conflict, year), []).append(place)
    return {
        key: (
            (None, True)
            if any(len(p.conflicts) > 1 for p in own)
            else (
                (sum(p.best for p in own), sum(p.low for p in own), sum(p.high for p in own)),
                False,
            )
        )
        for key, own in places.items()
    }
