"""Defense pacts of the host of a war with states of its own region, before onset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from collsec.compile.states.powers import P5, holder
from collsec.compile.states.state_system import StateSystem
from collsec.compile.states.states import region_of
from collsec.compile.text import records_of

WINDOW_YEARS = 5
Pacts = frozenset[tuple[int, int, int]]


def regional_arrangements_from(
    episodes: pd.DataFrame,
    pacts: Pacts,
    last_year: int,
    system: StateSystem,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per episode: the first state of its location and its partners before onset.

    Parameters
    ----------
    episodes : DataFrame
        As `collsec.compile.episodes.episodes_from` gives it.
    pacts : frozenset of (state, state, year)
        As `collsec.compile.yearly_ties.defense_pacts` gives it.
    last_year : int
        Last year for which pacts are known.
    system : StateSystem
    sources : tuple of str
        Keys of the sources of episodes, pacts and states.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, in the order of `episodes`.

    Notes
    -----
    The year is the latest of the five before the year of the onset in which the host was a state
    and pacts are known. A multilateral pact counts once for each partner.
    """
    partners: dict[tuple[int, int], set[int]] = {}
    for state, partner, pact_year in pacts:
        partners.setdefault((state, pact_year), set()).add(partner)
        partners.setdefault((partner, pact_year), set()).add(state)
    rows = []
    for e in records_of(episodes):
        host, onset = int(e["gwno_loc"][0]), date.fromisoformat(e["onset_date"])
        year = latest_year(host, onset.year, last_year, system)
        rows.append(
            {
                "episode_id": e["episode_id"],
                "gwno_host": host,
                "region": region_of(host),
                "has_pact_coverage": year is not None,
                "pact_year": year,
                **counts(host, year, partners, system),
                "source": [sources[0], *(sources[1:] if year is not None else ())],
                "basis": "file",
            }
        )
    whole = ["pact_year", "defense_partners", "regional_partners", "p5_partners", "regional_states"]
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def latest_year(host: int, onset_year: int, last_year: int, system: StateSystem) -> int | None:
    """Latest year before the onset in which pacts of the host are known."""
    for year in range(min(onset_year - 1, last_year), onset_year - WINDOW_YEARS - 1, -1):
        if system.existed_in(host, year):
            return year
    return None


def counts(
    host: int, year: int | None, partners: Mapping[tuple[int, int], set[int]], system: StateSystem
) -> dict[str, Any]:
    """Partners of a host in a year, in all and in its region."""
    if year is None:
        names = ("defense_partners", "regional_partners", "p5_partners", "regional_states")
        return {**dict.fromkeys(names), "has_regional_arrangement": None, "regional_share": None}
    day, region = date(year, 12, 31), region_of(host)
    own = partners.get((host, year), set()) - {host}
    neighbors = {s for s in system.alive(day) if region_of(s) == region} - {host}
    regional = own & neighbors
    seats = {holder(power, day) for power in P5}
    return {
        "defense_partners": len(own),
        "regional_partners": len(regional),
        "p5_partners": len(own & seats),
        "regional_states": len(neighbors),
        "has_regional_arrangement": bool(regional),
        "regional_share": round(len(regional) / len(neighbors), 4) if neighbors else None,
    }
