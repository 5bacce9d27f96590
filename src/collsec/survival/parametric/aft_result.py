"""What a fitted accelerated failure time model can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats
from collsec.survival.columns import number_array
from collsec.survival.covariates import stated
from collsec.survival.errors import EstimationError
from collsec.survival.parametric.aft_likelihood import DISTRIBUTIONS, Distribution
from collsec.survival.results import Coefficients, critical_value

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
    covariates : tuple of str
    nobs, n_events : int
    n_clusters : int or None
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: float
    distribution: Distribution
    covariates: tuple[str, ...]
    nobs: int
    n_events: int
    n_clusters: int | None

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
    def aic(self) -> float:
        """Akaike's information criterion; compare models of the same rows."""
        return 2 * len(self.params) - 2 * self.loglik

    def predict(
        self,
        covariates: Mapping[str, float],
        quantity: Literal["median", "mean"] = "median",
        level: float = 0.95,
    ) -> tuple[float, float, float]:
        """Return the median or mean time and its interval.

        Parameters
        ----------
        covariates : mapping of str to float
            One value per covariate.
        quantity : {"median", "mean"}
            The mean is infinite for a log-logistic model with a scale of one or more.
        level : float
            Coverage of the interval, by the delta method on the scale of log time.
        """
        family = DISTRIBUTIONS[self.distribution]
        if quantity == "median":
            middle = family.quantile(0.5)
            shift, slope = self.scale * middle, middle
        elif quantity == "mean":
            factor = family.mean_factor(self.scale)
            if not np.isfinite(factor):
                return np.inf, np.inf, np.inf
            step = 1e-6 * self.scale
            shift = float(np.log(factor))
            above, below = (
                family.mean_factor(self.scale + step),
                family.mean_factor(self.scale - step),
            )
            slope = float(np.log(above / below)) / (2 * step)
        else:
            raise EstimationError(f"quantity must be 'median' or 'mean', not {quantity!r}")
        x = self._x(covariates)
        log_time = float(x @ self.params.to_numpy()[: len(x)]) + shift
        gradient = np.append(x, slope * self.scale) if LOG_SCALE in self.params else x
        error = float(np.sqrt(gradient @ self.cov.to_numpy() @ gradient))
        half = critical_value(level) * error
        return (
            float(np.exp(log_time)),
            float(np.exp(log_time - half)),
            float(np.exp(log_time + half)),
        )

    def curve(self, covariates: Mapping[str, float], times: Sequence[float]) -> pd.DataFrame:
        """Return survival, density and hazard at given times.

        Parameters
        ----------
        covariates : mapping of str to float
            One value per covariate.
        times : sequence of float
            Above zero.

        Returns
        -------
        DataFrame
            ``time, survival, density, hazard``.
        """
        grid = number_array(times, "times")
        if (grid <= 0).any():
            raise EstimationError("times must lie above zero")
        x = self._x(covariates)
        eta = float(x @ self.params.to_numpy()[: len(x)])
        z: Floats = (np.log(grid) - eta) / self.scale
        family = DISTRIBUTIONS[self.distribution]
        log_survival = family.log_survival(z)[0]
        log_density = family.log_density(z)[0] - np.log(self.scale) - np.log(grid)
        return pd.DataFrame(
            {
                "time": grid,
                "survival": np.exp(log_survival),
                "density": np.exp(log_density),
                "hazard": np.exp(log_density - log_survival),
            }
        )

    def _x(self, covariates: Mapping[str, float]) -> Floats:
        return np.array([1.0, *stated(covariates, self.covariates)])

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
