"""Distributions of log time for accelerated failure time models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from collsec.survival.columns import Floats

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
    mean_factor : callable
        Maps σ to ``E exp(σ W)``, infinite where the mean does not exist.
    scale_is_free : bool
        Whether σ is estimated; one otherwise.
    """

    log_density: Callable[[Floats], Jet]
    log_survival: Callable[[Floats], Jet]
    quantile: Callable[[float], float]
    mean_factor: Callable[[float], float]
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


def _normal_density(z: Floats) -> Jet:
    return -0.5 * z**2 - 0.5 * np.log(2 * np.pi), -z, -np.ones_like(z)


def _normal_survival(z: Floats) -> Jet:
    value = np.asarray(special.log_ndtr(-z))
    hazard = np.exp(_normal_density(z)[0] - value)
    return value, -hazard, -hazard * (hazard - z)


def _gumbel_quantile(p: float) -> float:
    return float(np.log(-np.log1p(-p)))


def _loglogistic_mean(sigma: float) -> float:
    return float(np.pi * sigma / np.sin(np.pi * sigma)) if sigma < 1 else np.inf


def _weibull_mean(sigma: float) -> float:
    return float(special.gamma(1 + sigma))


DISTRIBUTIONS: dict[str, LogTime] = {
    "exponential": LogTime(
        _gumbel_density, _gumbel_survival, _gumbel_quantile, _weibull_mean, scale_is_free=False
    ),
    "weibull": LogTime(_gumbel_density, _gumbel_survival, _gumbel_quantile, _weibull_mean),
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
