"""The likelihood of an accelerated failure time model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collsec.survival.blocked_sums import (
    blocks,
    crossproduct,
    dot,
    product,
    sum_by_group,
    weighted_total,
)
from collsec.survival.columns import Booleans, Floats, Integers
from collsec.survival.parametric.aft_distributions import LogTime


@dataclass(frozen=True, slots=True)
class _Evaluated:
    loglik: float
    gradient: Floats
    information: Floats


@dataclass(frozen=True, slots=True)
class _Jets:
    """Log-likelihood of some rows with its derivatives by z at their ends and at their starts.

    Attributes
    ----------
    value : float
        Weighted sum over the rows, without the Jacobian of the events.
    slope, curve : ndarray, shape (n,)
        Weighted derivatives by the linear predictor: those at the end less those at the start.
    by_theta, by_both : ndarray, shape (n,)
        The first and second derivative with one ``log t`` each, as θ meets them.
    twice : float
        The second derivative by θ, summed over the rows.
    """

    value: float
    slope: Floats
    curve: Floats
    by_theta: Floats
    by_both: Floats
    twice: float


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
    x : ndarray, shape (n, p)
    log_stop, log_start : ndarray, shape (n,)
        Logarithms of the ends; the start's is minus infinity where it is zero.
    weights : ndarray, shape (n,)
    """

    family: LogTime
    order: Integers
    died: int
    x: Floats
    log_stop: Floats
    log_start: Floats
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
        with np.errstate(divide="ignore"):
            log_start = np.log(np.maximum(start[order], 0.0))
        return cls(
            family=family,
            order=order,
            died=int(event.sum()),
            x=np.take(x, order, axis=0),
            log_stop=np.log(stop[order]),
            log_start=log_start,
            weights=weights[order],
        )

    def begin(self) -> Floats:
        """Return the exponential model without covariates as a start."""
        exposed = np.exp(self.log_stop) - np.exp(self.log_start)
        rate = self.weights[: self.died].sum() / dot(self.weights, exposed)
        out = np.zeros(self.x.shape[1] + self.family.scale_is_free)
        out[0] = -np.log(rate)
        if self.family.scale_is_free:
            out[-1] = 1.0
        return out

    def reach(self) -> Floats:
        """Return the largest size of z's derivative by each parameter, shape (q,)."""
        most = np.maximum(self.x.max(axis=0), -self.x.min(axis=0))
        return np.append(most, np.abs(self.log_stop).max()) if self.family.scale_is_free else most

    def _jets(self, params: Floats, rows: slice) -> _Jets:
        """Evaluate consecutive rows."""
        free = self.family.scale_is_free
        theta = float(params[-1]) if free else 1.0
        eta = product(self.x[rows], params[:-1] if free else params)
        w, log_stop, log_start = self.weights[rows], self.log_stop[rows], self.log_start[rows]
        died = min(max(self.died - rows.start, 0), len(w))
        z = theta * log_stop - eta
        value, slope, curve = np.empty((3, len(w)))
        for part, jet in (
            (slice(0, died), self.family.log_density),
            (slice(died, len(w)), self.family.log_survival),
        ):
            value[part], slope[part], curve[part] = jet(z[part])
        total = dot(w, value) - dot(w[:died], log_stop[:died])
        slope *= w
        curve *= w
        by_theta, by_both = slope * log_stop, curve * log_stop
        twice = dot(by_both, log_stop)
        late = np.flatnonzero(log_start > -np.inf)
        if late.size:
            begun, early = log_start[late], w[late]
            left, left_slope, left_curve = self.family.log_survival(theta * begun - eta[late])
            left_slope *= early
            left_curve *= early
            total -= dot(early, left)
            slope[late] -= left_slope
            curve[late] -= left_curve
            by_theta[late] -= left_slope * begun
            by_both[late] -= left_curve * begun
            twice -= dot(left_curve * begun, begun)
        return _Jets(total, slope, curve, by_theta, by_both, twice)

    def evaluate(self, params: Floats) -> _Evaluated:
        """Evaluate log-likelihood, gradient and information, block by block."""
        p, free = self.x.shape[1], self.family.scale_is_free
        theta = float(params[-1]) if free else 1.0
        died = float(self.weights[: self.died].sum())
        with np.errstate(all="ignore"):
            loglik = died * float(np.log(theta))
            gradient, information = np.zeros(p + free), np.zeros((p + free, p + free))
            for rows in blocks(*self.x.shape):
                x, jets = self.x[rows], self._jets(params, rows)
                loglik += jets.value
                gradient[:p] -= weighted_total(x, jets.slope)
                information[:p, :p] -= crossproduct(x, jets.curve)
                if free:
                    gradient[-1] += jets.by_theta.sum()
                    information[:p, -1] += weighted_total(x, jets.by_both)
                    information[-1, -1] -= jets.twice
        if free:
            information[-1, :p] = information[:p, -1]
            gradient[-1] += died / theta
            information[-1, -1] += died / theta**2
        return _Evaluated(loglik, gradient, information)

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""
        jets, group = self._jets(params, slice(0, len(self.x))), cluster[self.order]
        out = -sum_by_group(self.x, group, n_clusters, jets.slope)
        if not self.family.scale_is_free:
            return out
        by_theta = np.bincount(group, jets.by_theta, minlength=n_clusters)
        died = np.bincount(group[: self.died], self.weights[: self.died], minlength=n_clusters)
        return np.column_stack((out, by_theta + died / params[-1]))
