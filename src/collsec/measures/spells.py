"""From step functions to spells: the shape in which exposures are used."""

from __future__ import annotations

import pandas as pd


def where_positive(timeline: pd.DataFrame, column: str) -> pd.DataFrame:
    """Spells during which a step function is above zero.

    Returns
    -------
    DataFrame
        ``conflict_id, on_date, off_date`` (missing = still on), in order; the state holds *after*
        ``on_date`` up to and including ``off_date``.
    """
    steps = timeline.sort_values(["conflict_id", "known_from"])
    positive = steps[column] > 0
    before = positive.groupby(steps["conflict_id"]).shift(fill_value=False)
    changed = steps[positive != before]
    turns_on = positive[changed.index]
    on = changed.loc[turns_on, ["conflict_id", "known_from"]].reset_index(drop=True)
    following = changed.groupby("conflict_id")["known_from"].shift(-1)
    off = following[turns_on].reset_index(drop=True)
    return on.rename(columns={"known_from": "on_date"}).assign(off_date=off)


def absorbing(spells: pd.DataFrame) -> pd.DataFrame:
    """The first spell of each conflict, never ending."""
    first = spells.drop_duplicates("conflict_id").copy()
    first["off_date"] = pd.NaT
    return first.reset_index(drop=True)


def months_before(spells: pd.DataFrame, months: int) -> pd.DataFrame:
    """The months before each spell, from the end of an earlier one on if that lies within them."""
    lead = spells["on_date"] - pd.DateOffset(months=months)
    before = spells.groupby("conflict_id")["off_date"].shift()
    out = spells.assign(on_date=lead.where(~(before > lead), before), off_date=spells["on_date"])
    return out[out["on_date"] < out["off_date"]].reset_index(drop=True)


def merged(spells: pd.DataFrame) -> pd.DataFrame:
    """Union of overlapping or touching spells of each conflict (all spells must end)."""
    out = spells.sort_values(["conflict_id", "on_date"]).reset_index(drop=True)
    reach = out.groupby("conflict_id")["off_date"].cummax().groupby(out["conflict_id"]).shift()
    block = (out["on_date"] > reach) | reach.isna()
    out["block"] = block.cumsum()
    return (
        out.groupby("block")
        .agg(
            conflict_id=("conflict_id", "first"),
            on_date=("on_date", "first"),
            off_date=("off_date", "max"),
        )
        .reset_index(drop=True)
    )
