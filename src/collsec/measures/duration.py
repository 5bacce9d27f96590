"""Duration: when a war ends, and how."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure

_END = ("episodes.exit_date", "episodes.is_ended")
_CAUSE = (*_END, "episodes.outcome")


def _cause(episodes: pd.DataFrame, *outcomes: str) -> pd.DataFrame:
    """End by one of ``outcomes``; other ends censor."""
    is_event = episodes["is_ended"].astype(bool) & episodes["outcome"].isin(outcomes)
    return pd.DataFrame({"exit_date": episodes["exit_date"], "is_event": is_event})


@measure("outcome", "End of the episode (any cause)", uses=_END)
def episode_end(episodes: pd.DataFrame) -> pd.DataFrame:
    """A year below 25 battle deaths follows the end."""
    return pd.DataFrame(
        {"exit_date": episodes["exit_date"], "is_event": episodes["is_ended"].astype(bool)}
    )


@measure("outcome", "End by peace agreement", uses=_CAUSE, known_until="outcomes")
def end_by_agreement(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by a peace agreement."""
    return _cause(episodes, "peace_agreement")


@measure("outcome", "End by ceasefire", uses=_CAUSE, known_until="outcomes")
def end_by_ceasefire(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by a ceasefire."""
    return _cause(episodes, "ceasefire")


@measure("outcome", "End by government victory", uses=_CAUSE, known_until="outcomes")
def end_by_government_victory(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by victory of side A."""
    return _cause(episodes, "government_victory")


@measure("outcome", "End by rebel victory", uses=_CAUSE, known_until="outcomes")
def end_by_rebel_victory(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended by victory of side B."""
    return _cause(episodes, "rebel_victory")


@measure("outcome", "End by low activity or actor ceasing", uses=_CAUSE, known_until="outcomes")
def end_by_low_activity(episodes: pd.DataFrame) -> pd.DataFrame:
    """Ended because fighting ebbed away or an actor ceased to exist."""
    return _cause(episodes, "low_activity", "actor_ceases")
