"""Outcomes and controls: when a war ends and how, and what was known of its host before onset."""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.measures.registry import measure


@measure("covariate", "Log GDP per capita", uses=("episodes.gdp_per_capita",))
def log_gdp_per_capita(episodes: pd.DataFrame) -> pd.Series:
    """Log of GDP per capita in the last year known before onset."""
    return pd.Series(np.log(episodes["gdp_per_capita"].astype(float)), index=episodes.index)


@measure("covariate", "Log population", uses=("episodes.population_thousands",))
def log_population(episodes: pd.DataFrame) -> pd.Series:
    """Log of population in the last year known before onset."""
    return pd.Series(np.log(episodes["population_thousands"].astype(float)), index=episodes.index)


@measure("covariate", "Democracy (electoral, V-Dem)", uses=("episodes.polyarchy_index",))
def democracy(episodes: pd.DataFrame) -> pd.Series:
    """Democracy index in the last year known before onset."""
    return episodes["polyarchy_index"].astype(float)


@measure("covariate", "War over territory", uses=("episodes.incompatibility",))
def over_territory(episodes: pd.DataFrame) -> pd.Series:
    """1 where the incompatibility is (also) over territory."""
    return episodes["incompatibility"].isin(["territory", "both"]).astype(float)


@measure("covariate", "Onset in the Cold War", uses=("episodes.onset_year",))
def cold_war(episodes: pd.DataFrame) -> pd.Series:
    """1 where the episode began before 1990."""
    return (episodes["onset_year"] < 1990).astype(float)


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
