"""Veto: the months after a draft on this conflict was vetoed."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure
from collsec.measures.spells import absorbing, merged, where_positive

Timelines = dict[str, pd.DataFrame]
WINDOW_MONTHS = 12


def _after_each(council: pd.DataFrame, column: str) -> pd.DataFrame:
    """Spells of twelve months after each rise of a running count, overlaps merged."""
    steps = council.sort_values(["conflict_id", "known_from"])
    rises = steps.groupby("conflict_id")[column].diff().fillna(steps[column]) > 0
    on = steps.loc[rises, ["conflict_id", "known_from"]].rename(columns={"known_from": "on_date"})
    on["off_date"] = on["on_date"] + pd.DateOffset(months=WINDOW_MONTHS)
    return merged(on)


@measure("exposure", "Draft on the conflict vetoed in the past 12 months")
def veto_12m(timelines: Timelines) -> pd.DataFrame:
    """A veto on this conflict in the twelve months before."""
    return _after_each(timelines["council"], "vetoes")


@measure("exposure", "Draft on the conflict ever vetoed so far")
def veto_so_far(timelines: Timelines) -> pd.DataFrame:
    """A veto on this conflict has been cast at some time before."""
    return absorbing(where_positive(timelines["council"], "vetoes"))


@measure("exposure", "Draft on another war of the region vetoed in the past 12 months")
def veto_on_other_war_12m(timelines: Timelines) -> pd.DataFrame:
    """A placebo: a veto that concerned another war of the same region, not this one."""
    return _after_each(timelines["council_elsewhere"], "vetoes")


@measure("exposure", "Resolution on the conflict adopted in the past 12 months")
def resolution_12m(timelines: Timelines) -> pd.DataFrame:
    """A resolution on this conflict was adopted in the twelve months before."""
    return _after_each(timelines["council"], "resolutions")


@measure("exposure", "Veto by Russia or the Soviet Union in the past 12 months")
def veto_russia_12m(timelines: Timelines) -> pd.DataFrame:
    """As ``veto_12m``, cast by the Soviet Union or Russia."""
    return _after_each(timelines["council"], "vetoes_russia")


@measure("exposure", "Veto by the United States in the past 12 months")
def veto_usa_12m(timelines: Timelines) -> pd.DataFrame:
    """As ``veto_12m``, cast by the United States."""
    return _after_each(timelines["council"], "vetoes_usa")


@measure("ever", "Ever had a draft vetoed (frozen at onset)")
def ever_vetoed(timelines: Timelines) -> pd.DataFrame:
    """Known biased: a veto that came later counted from the first day of war."""
    return veto_so_far(timelines)
