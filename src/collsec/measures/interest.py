"""Interest: how close the five permanent members stand to a conflict's host before onset.

Two indices, never one. *Salience* is the strongest tie of any one member; *divergence* is how far
apart the members stand from one another towards the host government.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from collsec.measures.registry import measure

P5 = ("usa", "uk", "france", "russia", "china")
CONTROL_POWERS = ("germany", "japan", "india", "italy", "brazil")
# Each component as a share between 0 and 1, higher = closer tie.
COMPONENTS = (
    "tie_pact", "tie_trade", "tie_colony", "tie_proximity", "tie_affinity", "tie_troops",
)
# Components that say how much a power favors the government, for divergence.
AFFINITIES = ("tie_pact", "tie_affinity")


def tie_strength(ties: pd.DataFrame, components: Sequence[str] = COMPONENTS) -> pd.Series:
    """Mean of the covered components of one power's tie to one host.

    A power that *is* the host has no tie to itself: its row is left out (missing).
    """
    strength = ties[list(components)].astype(float).mean(axis=1, skipna=True)
    return strength.where(~ties["is_host_itself"].astype(bool))


def salience_index(
    ties: pd.DataFrame, powers: Sequence[str] = P5, components: Sequence[str] = COMPONENTS
) -> pd.Series:
    """S: maximum over the powers of the tie, one value per episode."""
    rows = ties[ties["power"].isin(powers)]
    return tie_strength(rows, components).groupby(rows["episode_id"]).max()


def divergence_index(
    ties: pd.DataFrame, powers: Sequence[str] = P5, components: Sequence[str] = AFFINITIES
) -> pd.Series:
    """V: range over the powers of affinity with the host, one value per episode."""
    rows = ties[ties["power"].isin(powers)]
    grouped = tie_strength(rows, components).groupby(rows["episode_id"])
    return grouped.max() - grouped.min()


def standardized(values: pd.Series) -> pd.Series:
    """Mean zero, standard deviation one, over the episodes given."""
    return (values - values.mean()) / values.std(ddof=0)


@measure("covariate", "Salience: strongest tie of any P5 member before onset")
def salience(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """S per standard deviation over the cohort."""
    return standardized(salience_index(ties).reindex(episodes["episode_id"]))


@measure("covariate", "Divergence: distance between P5 members' affinities before onset")
def divergence(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """V per standard deviation over the cohort."""
    return standardized(divergence_index(ties).reindex(episodes["episode_id"]))


@measure("covariate", "Salience for Germany, Japan, India, Italy, Brazil (negative control)")
def control_salience(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """S of five powers without a veto."""
    values = salience_index(ties, powers=CONTROL_POWERS)
    return standardized(values.reindex(episodes["episode_id"]))


@measure("covariate", "A P5 state is a warring party at onset")
def p5_party(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """1 where a permanent member fights in the episode's first year (UN contributors removed)."""
    rows = ties[ties["power"].isin(P5)]
    fights = rows["is_belligerent"].astype(bool).groupby(rows["episode_id"]).any()
    return fights.reindex(episodes["episode_id"]).fillna(False).astype(float)


def _component(name: str, title: str) -> None:
    def component(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
        values = salience_index(ties, components=(name,))
        return standardized(values.reindex(episodes["episode_id"]))

    component.__name__ = f"salience_{name.removeprefix('tie_')}"
    component.__doc__ = f"Salience from one component alone: {title}."
    measure("covariate", f"Salience: {title} alone")(component)


for _name, _title in {
    "tie_pact": "defense pact", "tie_trade": "trade", "tie_colony": "former colony",
    "tie_proximity": "proximity", "tie_affinity": "UN voting affinity", "tie_troops": "US troops",
}.items():
    _component(_name, _title)

__all__ = [
    "AFFINITIES", "COMPONENTS", "CONTROL_POWERS", "P5", "control_salience", "divergence",
    "divergence_index", "p5_party", "salience", "salience_index", "standardized",
    "tie_strength",
]
