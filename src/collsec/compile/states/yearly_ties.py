"""Yearly ties between a state and a great power: trade, votes, troops.

Each tie is read into a `YearlyTie`: the value of each pair in each year, and the pool of values of
all states with the five permanent members (or with the five powers of the negative control) in
that year. A pair's rank is its percentile in that pool, so that a strong tie to one power and a
weak one to another stay comparable.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.states.powers import Group, Powers
from collsec.compile.states.states import StateCodes, StateSystem
from collsec.upstream.readers import read_columns

FIRST_YEAR = 1940

Pair = tuple[int, int]  # codes of host and power


@dataclass(frozen=True, slots=True)
class YearlyTie:
    """A tie by pair and year.

    Attributes
    ----------
    values : mapping
        (host, power) → {year: value}.
    pools : mapping
        (group, year) → sorted values of all pairs of the group (``p5`` or ``controls``).
    is_closeness : bool
        Whether a high value means a strong tie; if not, ranks count from the top.
    """

    values: Mapping[Pair, Mapping[int, float]]
    pools: Mapping[tuple[Group, int], list[float]]
    is_closeness: bool

    def latest(self, pair: Pair, first: int, last: int) -> tuple[int, float] | None:
        """Latest year and value from `first` to `last`, both included; None if there is none."""
        years = self.values.get(pair, {})
        known = [y for y in years if first <= y <= last]
        return (max(known), years[max(known)]) if known else None

    def rank(self, group: Group, year: int, value: float) -> float | None:
        """Percentile (0 to 1) of a value in its group's pool of a year; 1 = strongest tie.

        Notes
        -----
        Mid-rank: the share of the pool with a weaker tie plus half the share with the same one.
        """
        pool = self.pools.get((group, year))
        if not pool:
            return None
        below, upto = bisect_left(pool, value), bisect_right(pool, value)
        share = (below + upto) / 2 / len(pool)
        return share if self.is_closeness else 1 - share


def yearly_tie(
    rows: Iterable[tuple[int, int, int, float]],
    system: StateSystem,
    powers: Powers,
    *,
    is_closeness: bool,
) -> YearlyTie:
    """Index rows of (host, power, year, value) and form the pools.

    Notes
    -----
    China is in a year's pool with the state that held its seat on 31 December.
    """
    values: dict[Pair, dict[int, float]] = {}
    pools: dict[tuple[Group, int], list[float]] = {}
    in_pool: dict[int, dict[int, Group]] = {}
    for host, power, year, value in rows:
        values.setdefault((host, power), {})[year] = value
        if year not in in_pool:
            in_pool[year] = group_of_holder(year, powers)
        group = in_pool[year].get(power)
        if group and host != power and system.existed_in(host, year):
            pools.setdefault((group, year), []).append(value)
    for pool in pools.values():
        pool.sort()
    return YearlyTie(values, pools, is_closeness)


def group_of_holder(year: int, powers: Powers) -> dict[int, Group]:
    """State code → group, of the states that stand for a power at the end of a year."""
    day = date(year, 12, 31)
    held = {powers.holder(power, day): group for power, group in powers.groups.items()}
    return {code: group for code, group in held.items() if code is not None}


def trade_shares(path: Path, codes: StateCodes, system: StateSystem, powers: Powers) -> YearlyTie:
    """Share of the host's trade (imports and exports, current US dollars) that is with a power.

    Notes
    -----
    A pair is covered if one of its two flows is known and the host trades at all. The total is the
    sum of the known flows with all partners. Flows are rounded to millions by the source.
    """
    trade = read_columns(path, ["ccode1", "ccode2", "year", "flow1", "flow2"])
    trade = trade[(trade["year"] >= FIRST_YEAR)]
    known = trade[trade["flow1"].notna() | trade["flow2"].notna()]
    amount = known["flow1"].fillna(0) + known["flow2"].fillna(0)
    long = pd.DataFrame(
        {
            "host": pd.concat([known["ccode1"], known["ccode2"]]).astype(int),
            "partner": pd.concat([known["ccode2"], known["ccode1"]]).astype(int),
            "year": pd.concat([known["year"], known["year"]]).astype(int),
            "amount": pd.concat([amount, amount]).astype(float),
        }
    )
    long["total"] = long.groupby(["host", "year"])["amount"].transform("sum")
    long = long[long["total"] > 0]
    aliases = {meaning.cow for meaning in codes.cow_meaning if meaning.gwno in powers.codes}
    long = long[long["partner"].isin(powers.codes | aliases)]
    rows = (
        (codes.gwno_of_cow(host, year), codes.gwno_of_cow(partner, year), year, amount / total)
        for host, partner, year, amount, total in zip(
            long["host"].tolist(),
            long["partner"].tolist(),
            long["year"].tolist(),
            long["amount"].tolist(),
            long["total"].tolist(),
            strict=True,
        )
    )
    return yearly_tie(rows, system, powers, is_closeness=True)


def ideal_point_distances(
    path: Path, codes: StateCodes, system: StateSystem, powers: Powers
) -> YearlyTie:
    """Distance of ideal points in the General Assembly, by session (the year it opened).

    References
    ----------
    Bailey, M. A., A. Strezhnev and E. Voeten (2017). Estimating dynamic state preferences from
    United Nations voting data. Journal of Conflict Resolution 61(2).
    https://doi.org/10.1177/0022002715595700
    """
    points = read_columns(path, ["ccode", "year", "idealpointall"])
    points = points[points["idealpointall"].notna()]
    by_year: dict[int, dict[int, float]] = {}
    for cow, year, point in zip(
        points["ccode"].tolist(),
        points["year"].tolist(),
        points["idealpointall"].tolist(),
        strict=True,
    ):
        code = codes.gwno_of_cow(int(cow), int(year))
        by_year.setdefault(int(year), {})[code] = float(point)
    rows = []
    for year, of_states in by_year.items():
        for power in sorted(powers.codes):
            own = of_states.get(power, of_states.get(powers.voted_as(power, year)))
            if own is None:
                continue
            rows += [(s, power, year, abs(p - own)) for s, p in of_states.items() if s != power]
    return yearly_tie(rows, system, powers, is_closeness=False)


def us_troops(path: Path, codes: StateCodes, system: StateSystem, powers: Powers) -> YearlyTie:
    """Active-duty troops of the United States in a state, persons at the yearly count.

    Notes
    -----
    A state that the source lists under two names in a year has the sum of both. A state that is not
    listed in a year is not covered in that year.
    """
    troops = read_columns(path, ["ccode", "year", "troops_ad"])
    troops = troops[troops["ccode"].str.fullmatch(r"\d{1,3}")]
    troops = troops[troops["troops_ad"].str.fullmatch(r"\d+(\.0)?")]
    count: dict[Pair, float] = {}
    for cow, year, number in zip(troops["ccode"], troops["year"], troops["troops_ad"], strict=True):
        key = (codes.gwno_of_cow(int(cow), int(year)), int(year))
        count[key] = count.get(key, 0.0) + float(number)
    rows = ((host, 2, year, number) for (host, year), number in count.items())
    return yearly_tie(rows, system, powers, is_closeness=True)
