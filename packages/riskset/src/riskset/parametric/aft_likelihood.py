"""The likelihood of an accelerated failure time model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import special

from riskset.arrays import (
    Booleans,
    Floats,
    Integers,
    blocks,
    crossproduct,
    dot,
    largest,
    product,
    sum_by_group,
    weighted_total,
)
from riskset.maximum_likelihood import Expansion

Distribution = Literal["exponential", "weibull", "lognormal", "loglogistic"]

#: A function of z with its first and second derivative.
Jet = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class LogTime:
    """The distribution of ``W`` in ``log T = xβ + σ W``.

    Attributes
    ----------
    log_density, log_survival : callable
        Map z, shape (n,), to value, first and second derivative, each of shape (n,).
    quantile : callable
        Maps a probability to the value of W that is not exceeded with it.
    mean : float
        Of W.
    mean_factor : callable
        Maps σ to ``E exp(σ W)``, infinite where the mean does not exist.
    scale_is_free : bool
        Whether σ is estimated; one otherwise.
    """

    log_density: Callable[[Floats], Jet]
    log_survival: Callable[[Floats], Jet]
    quantile: Callable[[float], float]
    mean_factor: Callable[[float], float]
    mean: float = 0.0
    scale_is_free: bool = True


def _gumbel_density(z: Floats) -> Jet:
    risk = np.exp(z)
    return z - risk, 1 - risk, -risk


def _gumbel_survival(z: Floats) -> Jet:
    risk = np.exp(z)
    return -risk, -risk, -risk


def _logistic_density(z: Floats) -> Jet:
    value, slope, curve = _logistic_survival(z)
    return z + 2 * value, 1 + 2 * slope, 2 * curve


def _logistic_survival(z: Floats) -> Jet:
    tail = np.exp(-np.abs(z))
    rest = 1 / (1 + tail)
    share = np.where(z > 0, rest, tail * rest)
    return -np.maximum(z, 0) - np.log1p(tail), -share, -tail * rest**2


def _normal_log_density(z: Floats) -> Floats:
    return np.asarray(-0.5 * z**2 - 0.5 * np.log(2 * np.pi))


def _normal_density(z: Floats) -> Jet:
    return _normal_log_density(z), -z, -np.ones_like(z)


def _normal_survival(z: Floats) -> Jet:
    value = np.asarray(special.log_ndtr(-z))
    hazard = np.exp(_normal_log_density(z) - value)
    return value, -hazard, -hazard * (hazard - z)


def _gumbel_quantile(p: float) -> float:
    return float(np.log(-np.log1p(-p)))


def _loglogistic_mean(sigma: float) -> float:
    return float(np.pi * sigma / np.sin(np.pi * sigma)) if sigma < 1 else np.inf


def _weibull_mean(sigma: float) -> float:
    return float(special.gamma(1 + sigma))


_GUMBEL = (
    _gumbel_density,
    _gumbel_survival,
    _gumbel_quantile,
    _weibull_mean,
    -float(np.euler_gamma),
)

DISTRIBUTIONS: dict[str, LogTime] = {
    "exponential": LogTime(
        _gumbel_density,
        _gumbel_survival,
        _gumbel_quantile,
        _weibull_mean,
        -float(np.euler_gamma),
        scale_is_free=False,
    ),
    "weibull": LogTime(
        _gumbel_density, _gumbel_survival, _gumbel_quantile, _weibull_mean, -float(np.euler_gamma)
    ),
    "lognormal": LogTime(
        _normal_density,
        _normal_survival,
        lambda p: float(special.ndtri(p)),
        lambda sigma: float(np.exp(sigma**2 / 2)),
    ),
    "loglogistic": LogTime(
        _logistic_density, _logistic_survival, lambda p: float(special.logit(p)), _loglogistic_mean
    ),
}


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
    failed : int
        How many rows end in the event.
    x : ndarray, shape (n, p)
    log_stop, log_start : ndarray, shape (n,)
        Logarithms of the ends; the start's is minus infinity where it is zero.
    weights : ndarray, shape (n,)
    """

    family: LogTime
    order: Integers
    failed: int
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
            failed=int(event.sum()),
            x=np.take(x, order, axis=0),
            log_stop=np.log(stop[order]),
            log_start=log_start,
            weights=weights[order],
        )

    def begin(self) -> Floats:
        """Return the exponential model without covariates as a start."""
        exposed = np.exp(self.log_stop) - np.exp(self.log_start)
        rate = self.weights[: self.failed].sum() / dot(self.weights, exposed)
        out = np.zeros(self.x.shape[1] + self.family.scale_is_free)
        out[0] = -np.log(rate)
        if self.family.scale_is_free:
            out[-1] = 1.0
        return out

    def reach(self) -> Floats:
        """Return the largest size of z's derivative by each parameter, shape (q,)."""
        most = largest(self.x)
        return np.append(most, np.abs(self.log_stop).max()) if self.family.scale_is_free else most

    def _jets(self, params: Floats, rows: slice) -> _Jets:
        """Evaluate consecutive rows."""
        free = self.family.scale_is_free
        theta = float(params[-1]) if free else 1.0
        eta = product(self.x[rows], params[:-1] if free else params)
        w, log_stop, log_start = self.weights[rows], self.log_stop[rows], self.log_start[rows]
        failed = min(max(self.failed - rows.start, 0), len(w))
        z = theta * log_stop - eta
        value, slope, curve = np.empty((3, len(w)))
        for part, jet in (
            (slice(0, failed), self.family.log_density),
            (slice(failed, len(w)), self.family.log_survival),
        ):
            value[part], slope[part], curve[part] = jet(z[part])
        total = dot(w, value) - dot(w[:failed], log_stop[:failed])
        slope *= w
        curve *= w
        by_theta, by_both = slope * log_stop, curve * log_stop
        twice = dot(by_both, log_stop)
        late = np.flatnonzero(log_start > -np.inf)
        if late.size:
            begun, early = log_start[late], w[late]
            entered, entry_slope, entry_curve = self.family.log_survival(theta * begun - eta[late])
            entry_slope *= early
            entry_curve *= early
            total -= dot(early, entered)
            slope[late] -= entry_slope
            curve[late] -= entry_curve
            by_theta[late] -= entry_slope * begun
            by_both[late] -= entry_curve * begun
            twice -= dot(entry_curve * begun, begun)
        return _Jets(total, slope, curve, by_theta, by_both, twice)

    def evaluate(self, params: Floats) -> Expansion:
        """Evaluate log-likelihood, gradient and information, block by block."""
        p, free = self.x.shape[1], self.family.scale_is_free
        theta = float(params[-1]) if free else 1.0
        failed = float(self.weights[: self.failed].sum())
        with np.errstate(all="ignore"):
            loglik = failed * float(np.log(theta))
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
            gradient[-1] += failed / theta
            information[-1, -1] += failed / theta**2
        return Expansion(loglik, gradient, information)

    @property
    def row_weights(self) -> Floats:
        """Weights in the order of the data, shape (n,)."""
        out = np.empty_like(self.weights)
        out[self.order] = self.weights
        return out

    def reweighted(self, weights: Floats) -> AftLikelihood:
        """Return the likelihood with other weights, in the order of the data, shape (n,)."""
        return replace(self, weights=weights[self.order])

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""
        jets, group = self._jets(params, slice(0, len(self.x))), cluster[self.order]
        out = -sum_by_group(self.x, group, n_clusters, jets.slope)
        if not self.family.scale_is_free:
            return out
        by_theta = np.bincount(group, jets.by_theta, minlength=n_clusters)
        failed = np.bincount(
            group[: self.failed], self.weights[: self.failed], minlength=n_clusters
        )
        return np.column_stack((out, by_theta + failed / params[-1]))
