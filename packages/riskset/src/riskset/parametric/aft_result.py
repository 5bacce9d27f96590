"""What a fitted accelerated failure time model can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.clustered import ClusteredSample
from riskset.errors import EstimationError
from riskset.formulas import Covariates
from riskset.parametric.aft_likelihood import DISTRIBUTIONS, Distribution, LogTime
from riskset.predictions import (
    Rows,
    check_quantile,
    check_what,
    cumulative_table,
    per_row,
    per_time,
    rows_of,
    spread_of,
)
from riskset.results import Coefficients, critical_value
from riskset.times import times_within

LOG_SCALE = "log(scale)"


@dataclass(frozen=True, slots=True, repr=False)
class AftResult(Coefficients):
    """A fitted accelerated failure time model.

    Attributes
    ----------
    params : Series, shape (q,)
        Intercept ``const``, covariates, and ``log(scale)`` except for the exponential.
    cov, model_cov : DataFrame, shape (q, q)
        Covariance: clustered where clusters were named, and from the observed information.
    loglik : float
        Of densities of time.
    distribution : str
    covariates : Covariates
        How the columns are made from a frame.
    longest : float
        The longest follow-up.
    log_times : float
        Sum of the logarithms of the event times, weighted.
    nobs, n_events : int
    n_clusters : int or None
    sample : ClusteredSample or None
        The rows, kept where clusters were named: for `cluster_inference`.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: float
    distribution: Distribution
    covariates: Covariates
    longest: float
    log_times: float
    nobs: int
    n_events: int
    n_clusters: int | None
    sample: ClusteredSample | None = field(default=None, compare=False)

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """Standard errors from the information, clusters ignored."""
        root = np.sqrt(np.diag(self.model_cov))
        return pd.Series(root, index=self.params.index, name="std_error")

    @property
    def scale(self) -> float:
        """The scale σ; one for the exponential."""
        return float(np.exp(self.params[LOG_SCALE])) if LOG_SCALE in self.params else 1.0

    @property
    def loglik_of_log_time(self) -> float:
        """Log-likelihood of densities of log time, as Stata's ``streg`` reports it."""
        return self.loglik + self.log_times

    def _bic_size(self) -> float:
        return float(self.n_events)

    def predict(
        self,
        rows: Rows,
        what: str = "median",
        *,
        times: float | Sequence[float] | None = None,
        q: float = 0.5,
        level: float = 0.95,
        extrapolate: bool = False,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
            The columns that the model was fitted with; others are ignored. A mapping is one row.
        what : str
            ``"linear predictor"`` (xβ), ``"mean log time"``, ``"median"``, ``"quantile"``,
            ``"mean"`` (infinite for a log-logistic model with a scale of one or more); over times
            ``"hazard"``, ``"cumulative hazard"``, ``"survival"``, ``"density"``.
        times : float or sequence of float
            Above zero and within the longest follow-up; for what depends on time.
        q : float
            Which quantile: the time by which a share of q has had the event.
        level : float
            Of the intervals, by the delta method: on the scale of log time for times, of the
            logarithm for hazards.
        extrapolate : bool
            Answer for times beyond the longest follow-up, which rests on the distribution alone.

        Returns
        -------
        DataFrame
            ``estimate, std_error, ci_low, ci_high``, one row per row of the frame; over time one
            row per row and time, with ``row`` and ``time``. The standard error is that of the
            estimate; for times that of its logarithm times the estimate.

        Raises
        ------
        EstimationError
            A column is absent or missing a value; a time lies beyond follow-up.
        """
        check_what(what, (*OF_TIME, *OVER_TIME))
        z, data = critical_value(level), rows_of(rows)
        x = np.column_stack((np.ones(len(data)), self.covariates.matrix(data)))
        if what in OVER_TIME:
            return self._over_time(x, data.index, what, self._grid(times, extrapolate), z)
        family, shift, slope = DISTRIBUTIONS[self.distribution], 0.0, 0.0
        if what == "mean log time":
            shift, slope = self.scale * family.mean, family.mean
        elif what in ("median", "quantile"):
            slope = family.quantile(0.5 if what == "median" else check_quantile(q))
            shift = self.scale * slope
        elif what == "mean":
            shift, slope = _log_mean(family, self.scale)
        params, free = self.params.to_numpy(dtype=np.float64), LOG_SCALE in self.params
        eta = x @ params[: x.shape[1]] + shift
        gradient = np.column_stack((x, np.full(len(x), slope * self.scale))) if free else x
        error = spread_of(gradient, self.cov.to_numpy())
        low, high = eta - z * error, eta + z * error
        if what in ("linear predictor", "mean log time"):
            return per_row(data.index, eta, error, (low, high))
        with np.errstate(over="ignore"):
            middle, low, high = np.exp(eta), np.exp(low), np.exp(high)
        if np.isinf(shift):
            middle = low = high = error = np.full(len(x), np.inf)
            return per_row(data.index, middle, error, (low, high))
        return per_row(data.index, middle, middle * error, (low, high))

    def _grid(self, times: object, extrapolate: bool) -> Floats:
        if times is None:
            raise EstimationError("give times=, at which to predict")
        grid = times_within(times, np.inf if extrapolate else self.longest)
        if (grid <= 0).any():
            raise EstimationError("times must lie above zero")
        return grid

    def _over_time(
        self, x: Floats, index: pd.Index, what: str, grid: Floats, z: float
    ) -> pd.DataFrame:
        """Predict hazards or survival of rows at times; errors are those of the logarithm."""
        family, sigma = DISTRIBUTIONS[self.distribution], self.scale
        eta = x @ self.params.to_numpy(dtype=np.float64)[: x.shape[1]]
        place: Floats = (np.log(grid) - eta[:, None]) / sigma
        log_survival, slope, _ = (
            part.reshape(place.shape) for part in family.log_survival(place.ravel())
        )
        by_place, by_log_scale = slope / log_survival, 0.0
        log_value = np.log(-log_survival)
        if what in ("hazard", "density"):
            density, density_slope, _ = (
                part.reshape(place.shape) for part in family.log_density(place.ravel())
            )
            spent = log_survival if what == "hazard" else 0.0
            log_value = density - spent - np.log(sigma) - np.log(grid)
            by_place = density_slope - (slope if what == "hazard" else 0.0)
            by_log_scale = -1.0
        gradient = -by_place[:, :, None] * x[:, None, :] / sigma
        if LOG_SCALE in self.params:
            last = by_log_scale - by_place * place
            gradient = np.concatenate((gradient, last[:, :, None]), axis=2)
        error = spread_of(gradient, self.cov.to_numpy())
        value = np.exp(log_value)
        limits = (np.exp(log_value - z * error), np.exp(log_value + z * error))
        if what in ("hazard", "density"):
            return per_time(index, grid, value, value * error, limits)
        return cumulative_table(what, index, grid, value, value * error, limits)

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "model" if self.n_clusters is None else f"clustered ({self.n_clusters} clusters)"
        return [
            ("model", f"accelerated failure time, {self.distribution}"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("standard errors", errors),
            ("log-likelihood", f"{self.loglik:.6g}"),
            ("AIC", f"{self.aic:.6g}"),
        ]


#: What is predicted of the distribution of time, and what at given times.
OF_TIME = ("linear predictor", "mean log time", "median", "quantile", "mean")
OVER_TIME = ("hazard", "cumulative hazard", "survival", "density")


def _log_mean(family: LogTime, scale: float) -> tuple[float, float]:
    """Return the logarithm of the mean factor and its derivative by the scale."""
    factor, step = family.mean_factor(scale), 1e-6 * scale
    if not np.isfinite(factor):
        return np.inf, 0.0
    above, below = family.mean_factor(scale + step), family.mean_factor(scale - step)
    return float(np.log(factor)), float(np.log(above / below)) / (2 * step)
