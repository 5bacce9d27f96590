"""The likelihood of an accelerated failure time model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collsec.estimators.aft_distributions import LogTime
from collsec.estimators.blocked_sums import (
    blocks,
    crossproduct,
    sum_by_group,
    weighted_total,
)
from collsec.estimators.columns import Booleans, Floats, Integers


@dataclass(frozen=True, slots=True)
class _Evaluated:
    loglik: float
    gradient: Floats
    information: Floats


@dataclass(frozen=True, slots=True)
class AftLikelihood:
    """The log-likelihood in ``γ = β/σ`` and ``θ = 1/σ``: ``z = θ log t − xγ`` is linear in both.

    Attributes
    ----------
    family : LogTime
    order : ndarray of int, shape (n,)
        Positions in the sample of the rows in the order of the arrays below: events first.
    died : int
        How many rows end in the event.
    truncated : ndarray of int, shape (m,)
        Places, in that order, of the rows that begin after zero.
    log_stop, log_start : ndarray, shape (n,) and (m,)
    by_stop, by_start : ndarray, shape (n, q) and (m, q)
        Derivatives of z at the ends of the rows by the parameters.
    weights : ndarray, shape (n,)
    """

    family: LogTime
    order: Integers
    died: int
    truncated: Integers
    log_stop: Floats
    log_start: Floats
    by_stop: Floats
    by_start: Floats
    weights: Floats

    @classmethod
    def build(
        cls,
        family: LogTime,
        x: Floats,
        start: Floats,
        stop: Floats,
        event: Booleans,
        weights: Floats,
    ) -> AftLikelihood:
        order = np.concatenate((np.flatnonzero(event), np.flatnonzero(~event)))
        start = start[order]
        truncated = np.flatnonzero(start > 0)
        log_stop = np.log(stop)[order]
        by_stop = np.empty((len(x), x.shape[1] + family.scale_is_free))
        for rows in blocks(*by_stop.shape):
            np.negative(x[order[rows]], out=by_stop[rows, : x.shape[1]])
        by_start = by_stop[truncated]
        log_start = np.log(start[truncated])
        if family.scale_is_free:
            by_stop[:, -1], by_start[:, -1] = log_stop, log_start
        return cls(
            family=family,
            order=order,
            died=int(event.sum()),
            truncated=truncated,
            log_stop=log_stop,
            log_start=log_start,
            by_stop=by_stop,
            by_start=by_start,
            weights=weights[order],
        )

    def begin(self) -> Floats:
        """Return the exponential model without covariates as a start."""
        time = np.exp(self.log_stop)
        time[self.truncated] -= np.exp(self.log_start)
        rate = self.weights[: self.died].sum() / (self.weights @ time)
        out = np.zeros(self.by_stop.shape[1])
        out[0] = -np.log(rate)
        if self.family.scale_is_free:
            out[-1] = 1.0
        return out

    def _jets(self, params: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Return value and derivatives by z of each row, at its end and (truncated) its start."""
        end, begin = self.by_stop @ params, self.by_start @ params
        if not self.family.scale_is_free:
            end += self.log_stop
            begin += self.log_start
        ended = self.family.log_density(end[: self.died])
        lasted = self.family.log_survival(end[self.died :])
        value, slope, curve = (np.concatenate(jet) for jet in zip(ended, lasted, strict=True))
        return value, slope, curve, *self.family.log_survival(begin)

    def evaluate(self, params: Floats) -> _Evaluated:
        """Evaluate log-likelihood, gradient and information."""
        theta = float(params[-1]) if self.family.scale_is_free else 1.0
        with np.errstate(all="ignore"):
            value, slope, curve, left, left_slope, left_curve = self._jets(params)
            w, early = self.weights, self.weights[self.truncated]
            loglik = float(w @ value - early @ left)
            died = float(w[: self.died].sum())
            loglik += died * float(np.log(theta)) - float(
                w[: self.died] @ self.log_stop[: self.died]
            )
            gradient = weighted_total(self.by_stop, w * slope)
            gradient -= weighted_total(self.by_start, early * left_slope)
            information = crossproduct(self.by_start, early * left_curve)
            information -= crossproduct(self.by_stop, w * curve)
        if self.family.scale_is_free:
            gradient[-1] += died / theta
            information[-1, -1] += died / theta**2
        return _Evaluated(loglik, gradient, information)

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""
        _, slope, _, _, left_slope, _ = self._jets(params)
        group, early = cluster[self.order], self.weights[self.truncated]
        out = sum_by_group(self.by_stop, group, n_clusters, self.weights * slope)
        out -= sum_by_group(self.by_start, group[self.truncated], n_clusters, early * left_slope)
        if self.family.scale_is_free:
            died = np.bincount(group[: self.died], self.weights[: self.died], minlength=n_clusters)
            out[:, -1] += died / params[-1]
        return out
