"""Errors that allow for dependence within clusters: the sandwich, and influence over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd
from scipy.linalg import null_space

from riskset.arrays import Floats, Integers, crossproduct, product
from riskset.columns import Names, clusters
from riskset.errors import EstimationError, warn
from riskset.maximum_likelihood import Expansion, Maximum, maximize
from riskset.risk_sets import RiskSets

#: A clustered variance below this fraction of the model's is rounding, not an error.
NO_SPREAD = 1e-16


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
    """Return the covariance of an estimate whose rows are dependent within clusters, (p, p).

    Parameters
    ----------
    sums : ndarray, shape (g, p)
        Weighted contributions to the gradient, by cluster.
    bread : ndarray, shape (p, p)
        Inverse information.
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
    check_cluster_number(len(sums), len(bread))
    influence = product(sums, bread)
    meat = crossproduct(influence, np.ones(len(sums)))
    require_spread(meat, bread)
    if group_debias:
        groups = len(sums)
        meat *= groups / (groups - 1)
    return np.asarray(meat)


class Weighted(Protocol):
    """A log-likelihood that is a weighted sum over rows."""

    @property
    def row_weights(self) -> Floats:
        """Weights in the order of the data, shape (n,)."""

    def evaluate(self, params: Floats) -> Expansion:
        """Return the log-likelihood to second order."""

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""

    def reweighted(self, weights: Floats) -> Self:
        """Return the likelihood with other weights, shape (n,)."""


class Reported(Protocol):
    """How the parameters of a likelihood become those that are reported."""

    def params(self, inner: Floats) -> Floats:
        """Return the parameters reported, shape (p,)."""

    def jacobian(self, inner: Floats) -> Floats:
        """Return their derivative by those of the likelihood, shape (p, p)."""

    def condition(self, place: int, value: float) -> tuple[Floats, float]:
        """Return a, shape (p,), and c: a parameter has the value where ``a · inner = c``."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Parameters that are linear in those of the likelihood.

    Attributes
    ----------
    back : ndarray, shape (p, p)
    """

    back: Floats

    def params(self, inner: Floats) -> Floats:
        return np.asarray(self.back @ inner)

    def jacobian(self, inner: Floats) -> Floats:
        return self.back

    def condition(self, place: int, value: float) -> tuple[Floats, float]:
        return self.back[place], value


@dataclass(frozen=True, slots=True)
class ClusteredSample:
    """A likelihood at its maximum, and the clusters of its rows.

    Parameters and scores that leave it are those of the parameters reported.

    Attributes
    ----------
    likelihood : Weighted
    reported : Reported
    inner : ndarray, shape (p,)
        The maximum, in the parameters of the likelihood.
    names : tuple of str
    reach : ndarray, shape (p,)
        Largest size of each column, for the search.
    cluster : ndarray of int, shape (n,)
    labels : Index
    index : Index
        Of the data.
    """

    likelihood: Weighted
    reported: Reported
    inner: Floats
    names: tuple[str, ...]
    reach: Floats
    cluster: Integers
    labels: pd.Index
    index: pd.Index

    def scores(self) -> Floats:
        """Return scores by cluster, shape (g, p)."""
        return self._scores(self.cluster, len(self.labels))

    def row_scores(self) -> Floats:
        """Return weighted scores by row, shape (n, p)."""
        return self._scores(np.arange(len(self.cluster)), len(self.cluster))

    def _scores(self, groups: Integers, number: int) -> Floats:
        inner = self.likelihood.cluster_scores(self.inner, groups, number)
        return np.asarray(inner @ np.linalg.inv(self.reported.jacobian(self.inner)))

    def information(self) -> Floats:
        """Return each cluster's part of the information, shape (g, p, p); they add up to it."""
        turn = np.linalg.inv(self.reported.jacobian(self.inner))
        weights = self.likelihood.row_weights
        parts = []
        for g in range(len(self.labels)):
            own = self.likelihood.reweighted(np.where(self.cluster == g, weights, 0.0))
            parts.append(turn.T @ own.evaluate(self.inner).information @ turn)
        return np.array(parts)

    def without(self, cluster: int, move: Floats) -> Floats:
        """Return the parameters without a cluster, sought from the estimate less a move, (p,)."""
        weights = np.where(self.cluster == cluster, 0.0, self.likelihood.row_weights)
        begin = self.inner - np.linalg.solve(self.reported.jacobian(self.inner), move)
        less = self.likelihood.reweighted(weights)
        return self.reported.params(maximize(less.evaluate, begin, self.names, self.reach).beta)

    def held_scores(self, place: int, value: float) -> Floats:
        """Return scores by cluster of a parameter held at a value, the others' part off, (g,).

        Notes
        -----
        With the others at their maximum given ``a · inner = c``, ``d`` a direction that leaves the
        condition and ``N`` those within it, ``U_g d − U_g N (N'IN)⁻¹ N'I d``.
        """
        a, c = self.reported.condition(place, value)
        free = null_space(a[None, :])
        size = float(a @ a)
        origin = self.inner + a * (c - float(a @ self.inner)) / size

        def within(steps: Floats) -> Expansion:
            at = self.likelihood.evaluate(origin + free @ steps)
            return Expansion(at.loglik, free.T @ at.gradient, free.T @ at.information @ free)

        names = [f"direction {k}" for k in range(free.shape[1])]
        reach = np.abs(free).T @ self.reach
        found = maximize(within, np.zeros(free.shape[1]), names, reach).beta
        point = origin + free @ found
        scores = self.likelihood.cluster_scores(point, self.cluster, len(self.labels))
        information, away = self.likelihood.evaluate(point).information, a / size
        own = scores @ away
        if free.shape[1]:
            mixed = np.linalg.solve(free.T @ information @ free, free.T @ information @ away)
            own = own - scores @ free @ mixed
        return np.asarray(own)


@dataclass(frozen=True, slots=True)
class Errors:
    """What is reported of a maximum of a likelihood.

    Attributes
    ----------
    params : ndarray, shape (p,)
    cov, model_cov : ndarray, shape (p, p)
        By cluster where there are some, and from the observed information.
    n_clusters : int or None
    sample : ClusteredSample or None
    """

    params: Floats
    cov: Floats
    model_cov: Floats
    n_clusters: int | None
    sample: ClusteredSample | None

    @classmethod
    def of(
        cls,
        likelihood: Weighted,
        best: Maximum[Expansion],
        reported: Reported,
        names: Sequence[str],
        reach: Floats,
        data: pd.DataFrame,
        cluster: Names | None,
        *,
        group_debias: bool,
    ) -> Errors:
        """Return the covariances at a maximum; columns of ``cluster`` are those of the data."""
        params, turn = reported.params(best.beta), reported.jacobian(best.beta)
        bread: Floats = np.asarray(np.linalg.inv(best.fitted.information), dtype=np.float64)
        model: Floats = turn @ bread @ turn.T
        if cluster is None:
            return cls(params, model, model, None, None)
        found, labels = clusters(data, cluster)
        sums = likelihood.cluster_scores(best.beta, found, len(labels))
        cov = turn @ sandwich(sums, bread, group_debias=group_debias) @ turn.T
        sample = ClusteredSample(
            likelihood=likelihood,
            reported=reported,
            inner=best.beta,
            names=tuple(map(str, names)),
            reach=reach,
            cluster=found,
            labels=pd.Index(labels),
            index=data.index,
        )
        return cls(params, cov, model, len(labels), sample)


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
