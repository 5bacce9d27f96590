"""Controls: what was known of the host state before onset."""

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
