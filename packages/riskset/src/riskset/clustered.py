"""Errors that allow for dependence within clusters: the sandwich, and influence over time."""

from __future__ import annotations

import numpy as np

from riskset.arrays import Floats, Integers, crossproduct, product, sum_by_group
from riskset.errors import EstimationError, warn
from riskset.risk_sets import RiskSets

#: A clustered variance below this fraction of the model's is rounding, not an error.
NO_SPREAD = 1e-16


def cluster_sandwich(
    scores: Floats,
    bread: Floats,
    cluster: Integers,
    n_clusters: int,
    *,
    group_debias: bool = False,
) -> Floats:
    """Return the covariance of an estimate whose rows are dependent within clusters, (p, p).

    Parameters
    ----------
    scores : ndarray, shape (n, p)
        Weighted contributions to the gradient.
    bread : ndarray, shape (p, p)
        Inverse information.
    cluster : ndarray of int, shape (n,)
    n_clusters : int
    group_debias : bool
        Multiply by G/(G − 1), as Stata does; R does not.

    Notes
    -----
    ``V (Σ_g U_g U_g') V`` with ``U_g`` the sum of the scores of cluster ``g`` [1]_.

    References
    ----------
    .. [1] Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards
       model. JASA 84, 1074–1078. https://doi.org/10.1080/01621459.1989.10478874
    """
    return sandwich(sum_by_group(scores, cluster, n_clusters), bread, group_debias=group_debias)


def require_spread(robust: Floats, model: Floats, what: str = "clustered") -> None:
    """Raise where a robust covariance leaves a coefficient no error at all, shapes (p, p)."""
    if (np.diag(robust) <= NO_SPREAD * np.diag(model)).any():
        raise EstimationError(
            f"the {what} error of a coefficient is zero: its rows or clusters add up to no score, "
            "as where all are alike, or each has a covariate of its own. Drop that covariate, or "
            "cluster more coarsely"
        )


def check_debias(group_debias: bool, clustered: bool) -> None:
    """Raise where the factor G/(G − 1) is requested although there are no clusters."""
    if group_debias and not clustered:
        raise EstimationError("group_debias=True multiplies cluster errors; name cluster= as well")


def check_cluster_number(groups: int, parameters: int) -> None:
    """Warn where clusters are no more than parameters: their covariance is then singular."""
    if groups <= parameters:
        warn(
            f"{groups} clusters for {parameters} parameters: the cluster covariance is singular, "
            "single errors rest on few clusters, and joint tests do not exist"
        )


def sandwich(sums: Floats, bread: Floats, *, group_debias: bool = False) -> Floats:
    """Return the covariance of an estimate from the scores of clusters, shape (g, p).

    Parameters and notes as in `cluster_sandwich`.
    """
    check_cluster_number(len(sums), len(bread))
    influence = product(sums, bread)
    meat = crossproduct(influence, np.ones(len(sums)))
    require_spread(meat, bread)
    if group_debias:
        groups = len(sums)
        meat *= groups / (groups - 1)
    return np.asarray(meat)


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


def failures_by_cluster(
    sets: RiskSets, values: Floats, cluster: Integers, n_clusters: int
) -> Floats:
    """Sum values of the events, shape (d,), by cluster and moment, shape (g, k)."""
    out = np.zeros((n_clusters, sets.moments))
    np.add.at(out, (cluster[sets.rows[sets.failures]], sets.failure_moment), values)
    return out
