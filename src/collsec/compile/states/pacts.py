"""Defense pacts, and those of the host of a war with states of its own region before onset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateCodes, StateSystem
from collsec.compile.text import records_of
from collsec.upstream.readers import read_columns

FIRST_YEAR = 1940  # earlier pacts cannot be among the latest before an onset
WINDOW_YEARS = 5


@dataclass(frozen=True, slots=True)
class Pacts:
    """Promises of defense.

    Attributes
    ----------
    promises : frozenset of (state, state, year)
        The first has promised to defend the second; a mutual pact stands there both ways.
    last_year : int
        Last year of the data.
    """

    promises: frozenset[tuple[int, int, int]]
    last_year: int


def defense_pacts(path: Path, codes: StateCodes) -> Pacts:
    """Promises of defense by year.

    Parameters
    ----------
    path : Path
        ATOP, directed dyad-years (``.rda``).
    codes : StateCodes

    References
    ----------
    Leeds, B. A., J. M. Ritter, S. M. Mitchell and A. G. Long (2002). Alliance Treaty Obligations
    and Provisions, 1815–1944. International Interactions 28(3).
    https://doi.org/10.1080/03050620213653
    """
    dyads = read_columns(path, ["ccode1", "ccode2", "year", "atop_defense"])
    promised = dyads[(dyads["atop_defense"] == 1) & (dyads["year"] >= FIRST_YEAR)]
    return Pacts(
        frozenset(
            (codes.gwno_of_cow(int(a), int(y)), codes.gwno_of_cow(int(b), int(y)), int(y))
            for a, b, y in zip(
                promised["ccode1"], promised["ccode2"], promised["year"], strict=True
            )
        ),
        int(dyads["year"].max()),
    )


def regional_arrangements_from(
    episodes: pd.DataFrame,
    pacts: Pacts,
    codes: StateCodes,
    system: StateSystem,
    powers: Powers,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per episode: the first state of its location and its partners before onset.

    Parameters
    ----------
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    pacts : Pacts
    codes : StateCodes
    system : StateSystem
    powers : Powers
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
    for state, partner, pact_year in pacts.promises:
        partners.setdefault((state, pact_year), set()).add(partner)
        partners.setdefault((partner, pact_year), set()).add(state)
    rows = []
    for e in records_of(episodes):
        host, onset = int(e["gwno_loc"][0]), date.fromisoformat(e["onset_date"])
        year = latest_year(host, onset.year, pacts.last_year, system)
        rows.append(
            {
                "episode_id": e["episode_id"],
                "gwno_host": host,
                "region": codes.region_of(host),
                "has_pact_coverage": year is not None,
                "pact_year": year,
                **counts(host, year, partners, codes, system, powers),
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
    host: int,
    year: int | None,
    partners: Mapping[tuple[int, int], set[int]],
    codes: StateCodes,
    system: StateSystem,
    powers: Powers,
) -> dict[str, Any]:
    """Partners of a host in a year, in all and in its region."""
    if year is None:
        names = ("defense_partners", "regional_partners", "p5_partners", "regional_states")
        return {**dict.fromkeys(names), "has_regional_arrangement": None, "regional_share": None}
    day, region = date(year, 12, 31), codes.region_of(host)
    own = partners.get((host, year), set()) - {host}
    neighbors = {s for s in system.alive(day) if codes.region_of(s) == region} - {host}
    regional = own & neighbors
    return {
        "defense_partners": len(own),
        "regional_partners": len(regional),
        "p5_partners": len(own & set(powers.seats(day))),
        "regional_states": len(neighbors),
        "has_regional_arrangement": bool(regional),
        "regional_share": round(len(regional) / len(neighbors), 4) if neighbors else None,
    }
