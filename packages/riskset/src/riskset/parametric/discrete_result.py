"""A fitted discrete-time hazard model, its dependence on duration, and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import numbers
from riskset.errors import EstimationError
from riskset.formulas import Covariates
from riskset.predictions import (
    Rows,
    check_what,
    cumulative_table,
    per_row,
    per_time,
    rows_of,
    spread_of,
)
from riskset.regression.fitting import RegressionResult
from riskset.results import Coefficients, critical_value
from riskset.splines import restricted_cubic
from riskset.times import times_within

Dependence = Literal["constant", "linear", "quadratic", "cubic", "spline"]
DEGREE = {"constant": 0, "linear": 1, "quadratic": 2, "cubic": 3}


@dataclass(frozen=True, slots=True)
class DurationDependence:
    """How the baseline hazard changes with duration.

    Attributes
    ----------
    kind : {"constant", "linear", "quadratic", "cubic", "spline"}
    knots : tuple of float
        Of the spline; empty otherwise.
    """

    kind: Dependence
    knots: tuple[float, ...]

    def columns(self, duration: Floats) -> dict[str, Floats]:
        """Return the terms of duration by name, each of shape (n,).

        Notes
        -----
        The spline is cubic between its knots and linear beyond the outer ones.
        """
        if self.kind != "spline":
            powers = range(1, DEGREE[self.kind] + 1)
            return {f"duration^{k}" if k > 1 else "duration": duration**k for k in powers}
        linear, *nonlinear = restricted_cubic(duration, np.asarray(self.knots)).T
        return {"duration": linear} | {
            f"duration spline {j}": term for j, term in enumerate(nonlinear, start=1)
        }


@dataclass(frozen=True, slots=True, repr=False)
class DiscreteHazardResult(Coefficients):
    """A fitted discrete-time hazard model.

    Attributes
    ----------
    params : Series, shape (p,)
        Intercept, duration terms, covariates.
    cov : DataFrame, shape (p, p)
    fit : RegressionResult
        The binary regression.
    dependence : DurationDependence
    link : {"cloglog", "logit"}
    covariates : Covariates
        How the columns are made from a frame.
    duration : str
    longest : float
        The longest duration in the data.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    fit: RegressionResult
    dependence: DurationDependence
    link: Literal["cloglog", "logit"]
    covariates: Covariates
    duration: str
    longest: float

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """Standard errors from the information, clusters ignored."""
        return self.fit.model_std_errors

    @property
    def loglik(self) -> float:
        """Log-likelihood."""
        return self.fit.loglik

    @property
    def nobs(self) -> int:
        """Unit-periods."""
        return self.fit.nobs

    @property
    def n_events(self) -> int:
        """Events."""
        return round(self.fit.n_events)

    @property
    def n_clusters(self) -> int | None:
        """Clusters, or None where none were named."""
        return self.fit.n_clusters

    def predict(
        self,
        rows: Rows,
        what: str = "hazard",
        *,
        times: float | Sequence[float] | None = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
            The columns that the model was fitted with; others are ignored. A mapping is one row.
        what : {"linear predictor", "hazard", "cumulative hazard", "survival"}
            The hazard is the probability of the event in a period; the cumulative hazard −log S.
        times : float or sequence of float, optional
            Periods, from 1 to the longest duration in the data. For the first two by default the
            row's own, of its column of duration; for the others needed, and counted from the
            first period on with the row's covariates as they are.
        level : float
            Of the intervals: on the scale of the link, and of log(−log S).

        Returns
        -------
        DataFrame
            ``estimate, std_error, ci_low, ci_high``, one row per row of the frame; with ``times``
            one row per row and time, with ``row`` and ``time``.

        Raises
        ------
        EstimationError
            A column is absent or missing a value; a period lies beyond follow-up.
        """
        check_what(what, ("linear predictor", "hazard", "cumulative hazard", "survival"))
        z, data = critical_value(level), rows_of(rows)
        fixed = self.covariates.matrix(data)
        if times is None and what in ("cumulative hazard", "survival"):
            raise EstimationError("give times=, at which to predict")
        if times is None:
            own = self._periods(numbers(data, self.duration))
            x = self._design(own)
            x = np.column_stack((x, fixed))
            return self._pointwise(what, data.index, None, x[:, None, :], z)
        grid = self._periods(times)
        if what in ("linear predictor", "hazard"):
            return self._pointwise(what, data.index, grid, self._both(grid, fixed), z)
        periods = np.arange(1.0, grid.max() + 1)
        x = self._both(periods, fixed)
        eta = x @ self.params.to_numpy(dtype=np.float64)
        if self.link == "cloglog":
            charge, slope = np.exp(eta), np.exp(eta)
        else:
            charge, slope = np.logaddexp(0.0, eta), self._hazard(eta)
        upto = np.searchsorted(periods, grid, side="right") - 1
        hazard = np.cumsum(charge, axis=1)[:, upto]
        gradient = np.cumsum(slope[:, :, None] * x, axis=1)[:, upto] / hazard[:, :, None]
        error = spread_of(gradient, self.cov.to_numpy())
        limits = (hazard * np.exp(-z * error), hazard * np.exp(z * error))
        return cumulative_table(what, data.index, grid, hazard, hazard * error, limits)

    def _pointwise(
        self, what: str, index: pd.Index, grid: Floats | None, x: Floats, z: float
    ) -> pd.DataFrame:
        """Return hazard or linear predictor for designs, shape (n, t, p)."""
        eta = x @ self.params.to_numpy(dtype=np.float64)
        error = spread_of(x, self.cov.to_numpy())
        low, high = eta - z * error, eta + z * error
        if what == "hazard":
            hazard = self._hazard(eta)
            slope = hazard * (1 - hazard)
            if self.link == "cloglog":
                # Where the hazard is one to the last digit the curve is flat.
                charge = -np.log1p(-hazard, out=np.zeros_like(eta), where=hazard < 1)
                slope = (1 - hazard) * charge
            eta, error, low, high = hazard, slope * error, self._hazard(low), self._hazard(high)
        if grid is None:
            return per_row(index, eta[:, 0], error[:, 0], (low[:, 0], high[:, 0]))
        return per_time(index, grid, eta, error, (low, high))

    def _periods(self, times: object) -> Floats:
        grid = times_within(times, self.longest)
        if (grid < 1).any() or (grid != np.round(grid)).any():
            raise EstimationError("periods count in whole numbers from 1, the first at risk")
        return grid

    def _design(self, periods: Floats) -> Floats:
        """Return intercept and duration terms of periods, shape (t, q)."""
        terms = self.dependence.columns(periods).values()
        return np.column_stack([np.ones(len(periods)), *terms])

    def _both(self, periods: Floats, fixed: Floats) -> Floats:
        """Return the design of each row in each period, shape (n, t, p)."""
        own = self._design(periods)
        n, t = len(fixed), len(periods)
        return np.concatenate(
            (
                np.broadcast_to(own, (n, t, own.shape[1])),
                np.broadcast_to(fixed[:, None, :], (n, t, fixed.shape[1])),
            ),
            axis=2,
        )

    def _hazard(self, eta: Floats) -> Floats:
        if self.link == "cloglog":
            return np.asarray(-np.expm1(-np.exp(eta)))
        return np.asarray(1 / (1 + np.exp(-eta)))

    def _facts(self) -> list[tuple[str, Any]]:
        facts = dict(self.fit._facts())
        knots = ", ".join(f"{k:g}" for k in self.dependence.knots)
        shape = self.dependence.kind + (f" (knots {knots})" if knots else "")
        facts |= {"model": f"discrete-time hazard, {self.link} link", "duration": shape}
        return list(facts.items())
