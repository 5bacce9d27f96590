"""How material power is spread over the states of the world, by year."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.states.host_states import read_state_years
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateCodes

SOURCE = "cow_capabilities"
FIRST_YEAR = 1946
LARGE = 0.10  # "no state controls more than 10 %" of power: the article's condition


def world_power_from(path: Path, codes: StateCodes, powers: Powers) -> pd.DataFrame:
    """One row per year from 1946.

    Parameters
    ----------
    path : Path
        National Material Capabilities of the Correlates of War project (``.rda``).
    codes : StateCodes
    powers : Powers

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by year.

    Notes
    -----
    The composite index of a state is the mean of its shares of the world's population, urban
    population, iron and steel, energy, military spending and military personnel; over all states it
    sums to 1. Concentration is the sum of its squares.

    References
    ----------
    Singer, J. D. (1987). Reconstructing the Correlates of War dataset on material capabilities of
    states, 1816–1985. International Interactions 14(2). https://doi.org/10.1080/03050628808434695
    """
    by_year: dict[int, dict[int, float]] = {}
    for state, years in read_state_years(path, "ccode", "cinc", codes).items():
        for year, share in years.items():
            by_year.setdefault(year, {})[state] = share
    rows = []
    for year in sorted(y for y in by_year if y >= FIRST_YEAR):
        shares = by_year[year]
        ordered = sorted(shares, key=lambda state: (-shares[state], state))
        seats = powers.seats(date(year, 12, 31))
        rows.append(
            {
                "year": year,
                "states": len(shares),
                "concentration_index": round(sum(s**2 for s in shares.values()), 5),
                "top_share": round(shares[ordered[0]], 4),
                "gwno_top": ordered[0],
                "states_over_tenth": sum(s > LARGE for s in shares.values()),
                "p5_share": round(sum(shares[s] for s in seats if s in shares), 4),
                "gwno_p5": [str(s) for s in seats if s in shares],
                "source": SOURCE,
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)
