"""Interest: how close the five permanent members stand to a conflict's host before onset.

Two indices, never one. *Salience* is the strongest tie of any one member; *divergence* is how far
apart the members stand from one another towards the host government.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from collsec.measures.registry import measure

P5 = ("usa", "uk", "france", "russia", "china")
CONTROL_POWERS = ("germany", "japan", "india", "italy", "brazil")
# Each component between 0 and 1, higher = closer: pact and colony are yes or no, the others ranks
# of the tie among all states of the year before onset.
COMPONENTS = (
    "has_defense_pact",
    "trade_rank",
    "was_colony",
    "distance_rank",
    "ideal_point_rank",
    "us_troops_rank",
)
#: Columns on which an index of ties rests.
TIES = (*(f"ties.{name}" for name in COMPONENTS), "ties.is_host_itself")
# How an index weighs its components.
WEIGHTS = ("equal", "principal_component")
# Components that say how much a power favors the government, for divergence.
AFFINITIES = ("has_defense_pact", "ideal_point_rank")

_TIES = ("episodes.episode_id", "ties.episode_id", "ties.power", "ties.is_host_itself")


def tie_strength(
    ties: pd.DataFrame, components: Sequence[str] = COMPONENTS, weights: str = "equal"
) -> pd.Series:
    """Weighted mean of the covered components of one power's tie to one host.

    Missing where fewer than half of the components are covered, and for a power that is itself
    the host: it has no tie to itself.

    Parameters
    ----------
    ties : DataFrame
        One row per episode, host and power.
    components : sequence of str
        Columns of ``ties``.
    weights : str
        ``equal``, or ``principal_component``: components are standardized over the rows and
        weighed by their loadings on the first principal component.
    """
    covered = ties[list(components)].astype("Float64").astype(float)
    enough = covered.notna().sum(axis=1) >= len(components) / 2
    is_tie = enough & ~ties["is_host_itself"].astype(bool)
    if weights == "equal":
        return covered.mean(axis=1).where(is_tie)
    scores, loadings = principal_component(covered[is_tie])
    share = scores.notna() @ np.abs(loadings)
    weighed: pd.Series = scores.fillna(0.0) @ loadings / share
    return weighed.reindex(ties.index)


def principal_component(values: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Standardized columns, and their loadings on the first principal component.

    Correlations are those of the rows that have both columns. The loadings' sign is such that
    they add up to more than zero.
    """
    scores = (values - values.mean()) / values.std(ddof=0)
    # A column that no row covers, or that never varies, has no correlations and no weight.
    correlations = np.nan_to_num(scores.corr().to_numpy(copy=True))
    loadings = np.linalg.eigh(correlations)[1][:, -1]
    return scores, loadings * (1.0 if loadings.sum() >= 0 else -1.0)


def salience_index(
    ties: pd.DataFrame,
    powers: Sequence[str] = P5,
    components: Sequence[str] = COMPONENTS,
    weights: str = "equal",
) -> pd.Series:
    """S: the strongest tie of any of the powers to any host of the episode."""
    rows = ties[ties["power"].isin(powers)]
    return tie_strength(rows, components, weights).groupby(rows["episode_id"]).max()


def divergence_index(
    ties: pd.DataFrame, powers: Sequence[str] = P5, components: Sequence[str] = AFFINITIES
) -> pd.Series:
    """V: range over the powers of affinity with the (first) host's government.

    Missing where fewer than three powers' affinities are known.
    """
    rows = ties[ties["power"].isin(powers) & (ties["host_ordinal"] == 1)]
    grouped = tie_strength(rows, components).groupby(rows["episode_id"])
    return (grouped.max() - grouped.min()).where(grouped.count() >= 3)


def dispersion_index(
    ties: pd.DataFrame, powers: Sequence[str] = P5, components: Sequence[str] = AFFINITIES
) -> pd.Series:
    """As :func:`divergence_index`, but the standard deviation over the powers, not the range."""
    rows = ties[ties["power"].isin(powers) & (ties["host_ordinal"] == 1)]
    grouped = tie_strength(rows, components).groupby(rows["episode_id"])
    return grouped.std(ddof=0).where(grouped.count() >= 3)


def standardized(values: pd.Series) -> pd.Series:
    """Mean zero, standard deviation one, over the episodes given."""
    return (values - values.mean()) / values.std(ddof=0)


@measure(
    "covariate",
    "Salience: strongest tie of any P5 member before onset",
    uses=(*_TIES, *(f"ties.{c}" for c in COMPONENTS)),
    options={"powers": P5, "components": COMPONENTS, "weights": WEIGHTS},
    contrast=(
        "wars in states one standard deviation closer to a permanent member",
        "otherwise similar wars",
    ),
)
def salience(
    episodes: pd.DataFrame,
    ties: pd.DataFrame,
    *,
    powers: Sequence[str] = P5,
    components: Sequence[str] = COMPONENTS,
    weights: str = "equal",
) -> pd.Series:
    """S per standard deviation over the cohort."""
    values = salience_index(ties, powers, components, weights)
    return standardized(values.reindex(episodes["episode_id"]))


@measure(
    "covariate",
    "Divergence: distance between P5 members' affinities before onset",
    uses=(*_TIES, "ties.host_ordinal", *(f"ties.{c}" for c in AFFINITIES)),
)
def divergence(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """V per standard deviation over the cohort."""
    return standardized(divergence_index(ties).reindex(episodes["episode_id"]))


@measure(
    "covariate",
    "Salience for Germany, Japan, India, Italy, Brazil (negative control)",
    uses=(*_TIES, *(f"ties.{c}" for c in COMPONENTS)),
)
def control_salience(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """S of five powers without a veto."""
    values = salience_index(ties, powers=CONTROL_POWERS)
    return standardized(values.reindex(episodes["episode_id"]))


@measure(
    "covariate",
    "A P5 state is a warring party at onset",
    uses=("episodes.episode_id", "ties.episode_id", "ties.power", "ties.is_belligerent"),
)
def p5_party(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """1 where a permanent member fights in the episode's first year (UN contributors removed)."""
    rows = ties[ties["power"].isin(P5)]
    fights = rows["is_belligerent"].astype(bool).groupby(rows["episode_id"]).any()
    return fights.reindex(episodes["episode_id"]).fillna(False).astype(float)


def _component(column: str, short: str, title: str) -> None:
    def component(episodes: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
        values = salience_index(ties, components=(column,))
        return standardized(values.reindex(episodes["episode_id"]))

    component.__name__ = f"salience_{short}"
    component.__doc__ = f"Salience from one component alone: {title}."
    measure("covariate", f"Salience: {title} alone", uses=(*_TIES, f"ties.{column}"))(component)


for _column, _short, _title in (
    ("has_defense_pact", "pact", "defense pact"),
    ("trade_rank", "trade", "trade"),
    ("was_colony", "colony", "former colony"),
    ("distance_rank", "proximity", "proximity"),
    ("ideal_point_rank", "affinity", "UN voting affinity"),
    ("us_troops_rank", "troops", "US troops"),
):
    _component(_column, _short, _title)
