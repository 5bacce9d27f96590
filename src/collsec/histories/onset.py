"""table → episodes: the value of a column of a table as it was known some years before onset."""

from __future__ import annotations

import pandas as pd

from collsec.core.errors import BadSpec

#: What ties a row of a table to an episode, and the column of episodes that it is compared with.
KEYS = {
    "episode_id": "episode_id",
    "conflict_id": "conflict_id",
    "gwno_host": "gwno_host",
    "gwno": "gwno_host",
}
YEAR = "year"


def key_of(table: str, columns: list[str]) -> str:
    """The column that ties a table to episodes: the first of :data:`KEYS` that it has.

    Raises
    ------
    BadSpec
        If it has none.
    """
    key = next((name for name in KEYS if name in columns), None)
    if key is None:
        raise BadSpec(
            f"table {table}: has no column that ties it to wars; it needs one of {', '.join(KEYS)}."
        )
    return key


def known_before_onset(
    episodes: pd.DataFrame, table: pd.DataFrame, column: str, lag_years: int, name: str
) -> pd.Series:
    """Value of a column for each episode, so many years before the year of its onset.

    A yearly table gives the value of exactly that year, and none where it has no such row: an
    older value is not carried forward. A table without years holds for all time.

    Parameters
    ----------
    episodes : DataFrame
        With ``onset_year`` and the column that :func:`key_of` the table names.
    table : DataFrame
        One row per key, and per ``year`` where it has years.
    column : str
    lag_years : int
        One or more: a year's value is known only after the year.
    name : str
        Of the table, for messages.

    Returns
    -------
    Series of float
        Aligned with ``episodes``.

    Raises
    ------
    BadSpec
        If the table has several rows for one key (and year), or values that are no numbers.
    """
    key = key_of(name, list(table.columns))
    keys = [key, YEAR] if YEAR in table else [key]
    values = table.dropna(subset=keys).set_index(keys)[column]
    if not values.index.is_unique:
        twice = values.index[values.index.duplicated()][0]
        raise BadSpec(f"table {name}: several rows for {' and '.join(keys)} {twice}.")
    asked = episodes[KEYS[key]]
    at = (
        pd.MultiIndex.from_arrays([asked, episodes["onset_year"] - lag_years])
        if YEAR in table
        else pd.Index(asked)
    )
    try:
        numbers = values.astype("Float64").astype(float)
    except (TypeError, ValueError):
        raise BadSpec(f"table {name}, column {column}: must hold numbers, or yes and no.") from None
    return pd.Series(numbers.reindex(at).to_numpy(), index=episodes.index, name=column)
