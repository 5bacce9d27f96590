"""Ties between the place of a war and the great powers, frozen before onset.

A yearly tie is the latest one of the five years before the year of the onset: what was known when
the war began. The war itself, and support given during it, cannot enter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import pandas as pd

from collsec.compile.states.colonies import Colonies
from collsec.compile.states.geography import Geography, nearness_rank
from collsec.compile.states.pacts import Pacts
from collsec.compile.states.powers import Group, Powers
from collsec.compile.states.states import StateSystem
from collsec.compile.states.yearly_ties import YearlyTie
from collsec.compile.text import records_of

WINDOW_YEARS = 5
USA = "usa"

Pools = Callable[[Group, date], list[float]]


@dataclass(frozen=True)
class Ties:
    """Everything that ties are read from.

    Attributes
    ----------
    trade, votes, troops : YearlyTie
    pacts : Pacts
    colonies : Colonies
    geography : Geography
    system : StateSystem
    powers : Powers
    sources : dict
        Component, or ``episodes`` → key of its source.
    """

    trade: YearlyTie
    votes: YearlyTie
    troops: YearlyTie
    pacts: Pacts
    colonies: Colonies
    geography: Geography
    system: StateSystem
    powers: Powers
    sources: dict[str, str]


def ties_from(episodes: pd.DataFrame, ties: Ties) -> pd.DataFrame:
    """One row per episode, host and power.

    Parameters
    ----------
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    ties : Ties

    Returns
    -------
    DataFrame
        Columns in the order of the schema; in the order of `episodes`, then of hosts and powers.
    """
    pools = cache(ties.geography.pool)
    rows = []
    for episode in records_of(episodes):
        for ordinal, host in enumerate(map(int, episode["gwno_loc"]), start=1):
            for power in ties.powers.names:
                rows.append(row_of(episode, ordinal, host, power, ties, pools))
    whole = (
        "gwno_power",
        "pact_year",
        "trade_year",
        "ideal_point_year",
        "us_troops_year",
        "us_troops",
    )
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def row_of(
    episode: dict[str, Any], ordinal: int, host: int, power: str, ties: Ties, pools: Pools
) -> dict[str, Any]:
    """Ties of one host with one power before one episode."""
    onset = date.fromisoformat(episode["onset_date"])
    eve = onset - timedelta(days=1)
    code = ties.powers.holder(power, onset)
    group = ties.powers.groups[power]
    first, last = onset.year - WINDOW_YEARS, onset.year - 1
    is_self = code == host
    pair = (host, code) if code is not None and not is_self else None
    pact_year = latest_pact_year(pair, first, last, ties)
    trade = ties.trade.latest(pair, first, last) if pair else None
    votes = ties.votes.latest(pair, first, last) if pair else None
    troops = ties.troops.latest(pair, first, last) if pair and power == USA else None
    colony = ties.colonies.was_colony(host, power, last) if pair else None
    contiguous = ties.geography.is_contiguous(*pair, eve) if pair else None
    distance = ties.geography.distance_km(*pair, eve) if pair else None
    has_pact = (
        pair is not None
        and pact_year is not None
        and bool({(*pair, pact_year), (*pair[::-1], pact_year)} & ties.pacts.promises)
    )
    sources = {**ties.sources, "colony": ties.colonies.source_of(power)}
    used = {
        "pact": pact_year is not None,
        "trade": trade is not None,
        "colony": colony is not None,
        "contiguity": contiguous is not None,
        "distance": distance is not None,
        "ideal_point": votes is not None,
        "us_troops": troops is not None,
    }
    return {
        "episode_id": episode["episode_id"],
        "host_ordinal": ordinal,
        "gwno_host": host,
        "power": power,
        "gwno_power": code,
        "is_p5": group == "p5",
        "is_host_itself": is_self,
        "is_belligerent": code is not None and str(code) in parties(episode),
        "has_pact_coverage": used["pact"],
        "has_defense_pact": None if pact_year is None else has_pact,
        "pact_year": pact_year,
        "has_trade_coverage": used["trade"],
        "trade_share": rounded(trade and trade[1]),
        "trade_rank": rank_of(ties.trade, group, trade),
        "trade_year": trade and trade[0],
        "has_colony_coverage": used["colony"],
        "was_colony": colony,
        "has_contiguity_coverage": used["contiguity"],
        "is_contiguous": contiguous,
        "has_distance_coverage": used["distance"],
        "distance_km": None if distance is None else round(distance, 1),
        "distance_rank": nearness(pools, group, last, distance),
        "has_ideal_point_coverage": used["ideal_point"],
        "ideal_point_distance": rounded(votes and votes[1]),
        "ideal_point_rank": rank_of(ties.votes, group, votes),
        "ideal_point_year": votes and votes[0],
        "has_us_troops_coverage": used["us_troops"],
        "us_troops": troops and int(troops[1]),
        "us_troops_rank": rank_of(ties.troops, group, troops),
        "us_troops_year": troops and troops[0],
        "source": list(
            dict.fromkeys([sources["episodes"], *(sources[c] for c in used if used[c])])
        ),
        "basis": "file",
    }


def parties(episode: dict[str, Any]) -> set[str]:
    """State codes of all parties of the first year, contributors to UN missions left out."""
    return {
        *episode["gwno_a"],
        *episode["gwno_b_at_onset"],
        *episode["gwno_a_secondary_at_onset"],
        *episode["gwno_b_secondary_at_onset"],
    }


def latest_pact_year(pair: tuple[int, int] | None, first: int, last: int, ties: Ties) -> int | None:
    """Latest year in which both states existed and the data know of pacts."""
    if pair is None:
        return None
    for year in range(min(last, ties.pacts.last_year), first - 1, -1):
        if all(ties.system.existed_in(state, year) for state in pair):
            return year
    return None


def rank_of(tie: YearlyTie, group: Group, found: tuple[int, float] | None) -> float | None:
    """Percentile of a value in the pool of its year."""
    return None if found is None else rounded(tie.rank(group, *found))


def nearness(pools: Pools, group: Group, year: int, distance: float | None) -> float | None:
    """Percentile of a distance among all pairs at the end of a year; 1 = nearest."""
    if distance is None:
        return None
    return rounded(nearness_rank(pools(group, date(year, 12, 31)), distance))


def rounded(value: float | None) -> float | None:
    """Four decimals: finer than any of the sources."""
    return None if value is None else round(value, 4)
