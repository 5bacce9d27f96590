"""Duration: when a war ends, and how."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure

# Termination v3-2021 tells how an episode ended for ends up to this day.
OUTCOMES_END = pd.Timestamp("2019-12-31")


def _cause(episodes: pd.DataFrame, *outcomes: str) -> pd.DataFrame:
    """End by one of ``outcomes``; other ends censor, and so does the last year covered."""
    exit_date = episodes["exit_date"].where(episodes["exit_date"] <= OUTCOMES_END, OUTCOMES_END)
    ended = episodes["is_ended"].astype(bool) & (episodes["exit_date"] <= OUTCOMES_END)
    return pd.DataFrame(
        {"exit_date": exit_date, "is_event": ended & episodes["outcome"].isin(outcomes)}
    )


@measure("outcome", "End of the episode (any cause)")
def episode_end(episodes: pd.DataFrame) -> pd.DataFrame:
    """A year below 25 battle deaths follows the end."""
    return pd.DataFrame(
        {"exit_date": episodes["exit_date"], "is_event": episodes["is_ended"].astype(bool)}
    )


@measure("outcome", "End by peace agreement")
def end_by_agreement(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by a peace agreement."""
    return _cause(episodes, "peace_agreement")


@measure("outcome", "End by ceasefire")
def end_by_ceasefire(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by a ceasefire."""
    return _cause(episodes, "ceasefire")


@measure("outcome", "End by government victory")
def end_by_government_victory(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by victory of side A."""
    return _cause(episodes, "government_victory")


@measure("outcome", "End by rebel victory")
def end_by_rebel_victory(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by victory of side B."""
    return _cause(episodes, "rebel_victory")


@measure("outcome", "End by low activity or actor ceasing")
def end_by_low_activity(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended because fighting ebbed away or an actor ceased to exist."""
    return _cause(episodes, "low_activity", "actor_ceases")
