"""Influence of clusters on sums over event times: errors that allow for dependence."""

from __future__ import annotations

import numpy as np

from collsec.survival.columns import Floats, Integers
from collsec.survival.risk_sets import RiskSets


def at_risk_by_cluster(
    sets: RiskSets, values: Floats, cluster: Integers, n_clusters: int
) -> Floats:
    """Sum values, shape (m,), over the rows of each cluster at risk at each moment, (g, k).

    Parameters
    ----------
    sets : RiskSets
    values : ndarray, shape (m,)
    cluster : ndarray of int, shape (n,)
    n_clusters : int
    """
    own = cluster[sets.rows]
    edges = np.zeros((n_clusters, sets.moments + 1))
    np.add.at(edges, (own, sets.first), values)
    np.add.at(edges, (own, sets.past), -values)
    return np.cumsum(edges[:, :-1], axis=1)


def deaths_by_cluster(sets: RiskSets, values: Floats, cluster: Integers, n_clusters: int) -> Floats:
    """Sum values of the events, shape (d,), by cluster and moment, shape (g, k)."""
    out = np.zeros((n_clusters, sets.moments))
    np.add.at(out, (cluster[sets.rows[sets.deaths]], sets.death_moment), values)
    return out
