"""Months at war: outcomes with a window, for designs that count what follows an act."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure

_SPAN = ("episodes.conflict_id", "episodes.onset_date", "episodes.exit_date")


def _at_war(episodes: pd.DataFrame) -> pd.DataFrame:
    return episodes[["conflict_id", "onset_date", "exit_date"]]


@measure("outcome", "Months at war in the 36 months that follow", uses=_SPAN)
def months_at_war_36(episodes: pd.DataFrame) -> pd.DataFrame:
    """Spells of war of each conflict; the months of them within 36 months, relapses included."""
    return _at_war(episodes)


@measure("outcome", "Months at war in the 60 months that follow", uses=_SPAN)
def months_at_war_60(episodes: pd.DataFrame) -> pd.DataFrame:
    """Spells of war of each conflict; the months of them within 60 months, relapses included."""
    return _at_war(episodes)


@measure(
    "outcome",
    "Deaths in the host, month by month",
    uses=("violence.gwno_host", "violence.known_from", "violence.deaths_in_month"),
    known_until="deaths_by_month",
)
def deaths_by_month(violence: pd.DataFrame) -> pd.DataFrame:
    """State-based deaths of each host and month; months without a count are not known."""
    return violence[["gwno_host", "known_from", "deaths_in_month"]]
