"""Poisson pseudo-likelihood of counts by unit and period, with effects of both.

The mean of a count is a product of an effect of the unit, one of the period (where there are
several units), and a ratio per unit of the exposure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import EstimationError

_SWEEPS, _CONVERGED, _NEWTON = 20, 1e-13, 40
#: Gap, as a share of all counts, that rounding may leave; a larger one is no solution.
TOLERATED = 1e-9
#: Log ratio beyond which a likelihood that still rises is taken to have no maximum.
_LARGEST = 6.0
#: Variation of the exposure, given unit and period, below which it does not vary.
_LEAST_INFORMATION = 1e-8


@dataclass(frozen=True, slots=True)
class CountPanel:
    """Counts and exposure of units by period.

    Attributes
    ----------
    counts : ndarray of float, shape (n_units, n_periods)
        NaN where a unit is not on record.
    exposure : ndarray of float, shape (n_units, n_periods)
        Known outside the record of the counts too, where it can be.
    cluster : ndarray of int, shape (n_units,), or None
        Units of one cluster depend on one another; each is its own unless given.

    Raises
    ------
    EstimationError
        If shapes differ, or a count is negative.
    """

    counts: Floats
    exposure: Floats
    cluster: Integers | None = None

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or self.counts.shape != self.exposure.shape:
            shapes = f"{self.counts.shape} and {self.exposure.shape}"
            raise EstimationError(
                f"counts and exposure need one shape by unit and period: {shapes}"
            )
        if (self.counts < 0).any():
            raise EstimationError(f"counts reach {np.nanmin(self.counts):g}; none is below zero.")

    @property
    def known(self) -> Booleans:
        """Cells on record."""
        found: Booleans = ~(np.isnan(self.counts) | np.isnan(self.exposure))
        return found


@dataclass(frozen=True, slots=True)
class TwoWayPoisson:
    """A log ratio with its error between clusters; NaN where the exposure does not vary.

    Attributes
    ----------
    estimate, std_error : float
    n_clusters : int
        Units, clusters of units, or the periods of a single series.
    """

    estimate: float
    std_error: float
    n_clusters: int


def _effects(weight: Floats, row: Floats, column: Floats) -> Floats:
    """Effects of unit and period that solve weighted normal equations, added up cell by cell.

    The longer side is eliminated: what is left to solve has the size of the shorter one.
    """
    if 1 < len(weight) < weight.shape[1]:
        return _effects(weight.T, column, row).T
    size = weight.sum(axis=1)
    over = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    if len(weight) == 1:
        found: Floats = np.broadcast_to((over * row)[:, None], weight.shape)
        return found
    scaled = over[:, None] * weight
    matrix = np.diag(weight.sum(axis=0)) - weight.T @ scaled
    period = np.linalg.lstsq(matrix, column - scaled.T @ row, rcond=1e-12)[0]
    unit = over * row - scaled @ period
    effects: Floats = unit[:, None] + period
    return effects


def two_way_means(panel: CountPanel, log_ratio: float, further: Floats | None = None) -> Floats:
    """Return the means of all cells under a ratio, with effects of unit and of period fitted.

    A few sweeps of proportional fitting, then Newton's method on all effects at once: panels whose
    units share few periods would need thousands of sweeps. A step is shortened as a whole, so that
    means stay products of an effect of the unit, one of the period, and the ratio.

    Parameters
    ----------
    panel : CountPanel
    log_ratio : float
    further : ndarray of float, shape (n_units, n_periods), optional
        What is added to the logarithm of the means besides, in cells on record.

    Returns
    -------
    ndarray of float, shape (n_units, n_periods)
        Zero in cells that are not on record.

    Raises
    ------
    EstimationError
        If sums of the means over units and periods are not those of the counts after all steps.
    """
    known = panel.known
    y = np.where(known, panel.counts, 0.0)
    added = np.zeros_like(y) if further is None else further
    scale = np.where(known, np.exp(log_ratio * np.where(known, panel.exposure, 0.0) + added), 0.0)
    row, column = y.sum(axis=1), y.sum(axis=0)
    unit, period = np.ones(len(y)), np.ones(y.shape[1])
    for _ in range(_SWEEPS):
        size = scale @ period
        unit = np.divide(row, size, out=np.zeros_like(row), where=size > 0)
        if len(y) == 1:
            found: Floats = unit[:, None] * scale
            return found
        size = scale.T @ unit
        period = np.divide(column, size, out=np.zeros_like(column), where=size > 0)
    mean = unit[:, None] * scale * period
    for _ in range(_NEWTON):
        short, under = row - mean.sum(axis=1), column - mean.sum(axis=0)
        gap = max(np.abs(short).max(), np.abs(under).max()) / (1 + y.sum())
        if gap <= _CONVERGED:
            break
        step = np.where(mean > 0, _effects(mean, short, under), 0.0)
        mean = mean * np.exp(step / max(1.0, float(np.abs(step).max())))
    if not gap <= TOLERATED:
        raise EstimationError("effects of units and periods did not converge")
    return mean


def _partialled(panel: CountPanel, mean: Floats, values: Floats | None = None) -> Floats:
    """The exposure, or other values, less effects of unit and period, weighted by the means."""
    weight = np.where(panel.known, mean, 0.0)
    x = np.where(panel.known, panel.exposure if values is None else values, 0.0)
    total = weight * x
    rest = x - _effects(weight, total.sum(axis=1), total.sum(axis=0))
    found: Floats = np.where(weight > 0, rest, 0.0)
    return found


def two_way_poisson(
    counts: ArrayLike, exposure: ArrayLike, *, cluster: ArrayLike | None = None
) -> TwoWayPoisson:
    """Fit a log ratio of counts by exposure, within units and periods.

    Parameters
    ----------
    counts : array_like, shape (n_units, n_periods)
        Zero or more, whole or not; NaN where a unit is not on record.
    exposure : array_like, shape (n_units, n_periods)
    cluster : array_like, shape (n_units,), optional
        Units of one cluster depend on one another; each is its own unless given. A single series
        has no clusters but its periods.

    Raises
    ------
    EstimationError
        If the effects of units and periods do not converge, shapes differ, or a count is negative.

    Notes
    -----
    :math:`E(y_{it} \\mid x_{it}) = \\exp(a_i + b_t + x_{it} \\beta)` by Poisson pseudo-likelihood,
    which needs no Poisson counts [1]_. The effects are profiled out at each Newton step. The error
    is the sandwich over clusters with :math:`G/(G-1)`; R's ``fepois`` has another factor for the
    number of coefficients.

    References
    ----------
    .. [1] Santos Silva, J. M. C., & Tenreyro, S. (2006). The log of gravity. *Review of Economics
       and Statistics*, 88(4), 641–658. doi:10.1162/rest.88.4.641

    Examples
    --------
    >>> found = two_way_poisson([[2, 8], [3, 4]], [[0, 1], [0, 0]])
    >>> round(math.exp(found.estimate), 6), found.n_clusters
    (3.0, 2)
    """
    code = None if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    panel = CountPanel(
        np.asarray(counts, dtype=np.float64), np.asarray(exposure, dtype=np.float64), code
    )
    return fit_panel(panel)


def fit_panel(panel: CountPanel) -> TwoWayPoisson:
    """Fit a log ratio to a panel that is laid out, as :func:`two_way_poisson` does."""
    y = np.where(panel.known, panel.counts, 0.0)
    units = len(y)
    groups = y.shape[1] if units == 1 else units
    beta = 0.0
    for _ in range(_NEWTON):
        mean = two_way_means(panel, beta)
        x = _partialled(panel, mean)
        information = float((mean * x**2).sum())
        if information < _LEAST_INFORMATION:
            return TwoWayPoisson(math.nan, math.nan, groups)
        step = float((x * (y - mean)).sum()) / information
        beta += max(min(step, 1.0), -1.0)
        if abs(step) < 1e-10:
            break
    if abs(beta) > _LARGEST:
        return TwoWayPoisson(math.nan, math.nan, groups)
    own = _by_cluster(panel, x * (y - mean))
    groups = len(own)
    if groups < 2:
        return TwoWayPoisson(beta, math.nan, groups)
    error = math.sqrt(groups / (groups - 1) * float((own**2).sum())) / information
    return TwoWayPoisson(beta, error, groups)


def _by_cluster(panel: CountPanel, score: Floats) -> Floats:
    """Sums of a score over clusters of units, or over the periods of a single series.

    A cluster, or a period, without a cell that is known is none.
    """
    if len(score) == 1:
        single: Floats = score[0, panel.known[0]]
        return single
    is_known = panel.known.any(axis=1)
    of_unit: Floats = score[is_known].sum(axis=1)
    if panel.cluster is None:
        return of_unit
    code = np.unique(panel.cluster[is_known], return_inverse=True)[1]
    return np.bincount(code, weights=of_unit).astype(np.float64)


def fit_with_controls(panel: CountPanel, controls: ArrayLike) -> TwoWayPoisson:
    """Fit the log ratio of the exposure where further variables are held fixed.

    Parameters
    ----------
    panel : CountPanel
    controls : array_like, shape (n_controls, n_units, n_periods)
        A cell in which one of them is NaN is left out.

    Returns
    -------
    TwoWayPoisson
        Of the exposure; NaN where it does not vary once the controls are known.

    Raises
    ------
    EstimationError
        If shapes differ, or the effects of units and periods do not converge.

    Notes
    -----
    As :func:`two_way_poisson` with :math:`x_{it} \\beta + z_{it}' \\gamma`. The error is an element
    of the sandwich over clusters, with :math:`G/(G-1)`.
    """
    z = np.asarray(controls, dtype=np.float64)
    if z.ndim != 3 or z.shape[1:] != panel.counts.shape:
        raise EstimationError(
            f"controls need the shape of the counts by unit and period: {z.shape} and "
            f"{panel.counts.shape}"
        )
    lacking = np.isnan(z).any(axis=0)
    panel = replace(panel, counts=np.where(lacking, np.nan, panel.counts))
    known = panel.known
    values = np.where(known, np.concatenate([panel.exposure[None], z]), 0.0)
    y, beta = np.where(known, panel.counts, 0.0), np.zeros(len(values))
    for _ in range(_NEWTON):
        mean = two_way_means(panel, 0.0, np.tensordot(beta, values, axes=1))
        x = np.array([_partialled(panel, mean, one) for one in values])
        information = np.einsum("kit,lit,it->kl", x, x, mean)
        if np.linalg.eigvalsh(information)[0] < _LEAST_INFORMATION:
            return TwoWayPoisson(math.nan, math.nan, len(y))
        step = np.linalg.solve(information, (x * (y - mean)).sum(axis=(1, 2)))
        beta = beta + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    if abs(beta[0]) > _LARGEST:
        return TwoWayPoisson(math.nan, math.nan, len(y))
    own = np.array([_by_cluster(panel, one * (y - mean)) for one in x])
    groups = own.shape[1]
    if groups < 2:
        return TwoWayPoisson(float(beta[0]), math.nan, groups)
    inverse = np.linalg.inv(information)
    variance = groups / (groups - 1) * (inverse @ own @ own.T @ inverse)[0, 0]
    return TwoWayPoisson(float(beta[0]), math.sqrt(float(variance)), groups)


def freed_residuals(panel: CountPanel, log_effect: float) -> Floats:
    """Return counts less their means, once they are freed of an effect of the exposure.

    Parameters
    ----------
    panel : CountPanel
    log_effect : float

    Returns
    -------
    ndarray of float, shape (n_units, n_periods)
        Zero in cells that are not on record.
    """
    known = panel.known
    x = np.where(known, panel.exposure, 0.0)
    y = np.where(known, panel.counts, 0.0) * np.exp(-log_effect * x)
    freed = replace(panel, counts=np.where(known, y, np.nan))
    rest: Floats = np.where(known, y - two_way_means(freed, 0.0), 0.0)
    return rest
