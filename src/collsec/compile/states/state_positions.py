"""Where states lie, for a map: the degree of the capital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from collsec.compile.states.geography import Capital


def state_positions_from(
    states: pd.DataFrame, capitals: Mapping[int, Sequence[Capital]], sources: tuple[str, ...]
) -> pd.DataFrame:
    """One row per state code with a capital on file.

    Parameters
    ----------
    states : DataFrame
        State codes, as `collsec.compile.states.states_from` gives them.
    capitals : mapping of int to sequence of Capital
        As `collsec.compile.geography.read_capitals` gives them.
    sources : tuple of str
        Keys of the sources.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by code: the last capital, to the whole degree.
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
