"""The likelihood of a split-population model, and what a fitted one can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from riskset.arrays import Booleans, Floats
from riskset.errors import EstimationError
from riskset.formulas import Covariates
from riskset.maximum_likelihood import Expansion
from riskset.parametric.aft_likelihood import DISTRIBUTIONS, Distribution, LogTime
from riskset.predictions import Rows, check_what, per_row, per_time, rows_of, spread_of
from riskset.results import Coefficients, critical_value
from riskset.times import (
    times_within,
)

#: Step of the central differences of the gradient: its square is the relative error.
STEP = 1e-5


@dataclass(frozen=True, slots=True)
class PopulationLikelihood:
    """The likelihood, in α, β and the logarithm of the scale.

    Attributes
    ----------
    family : LogTime
    z, x : ndarray, shape (n, p) and (n, q)
        Columns of the logit of being at risk, and of log time.
    start, stop : ndarray, shape (n,)
    happened : ndarray of bool, shape (n,)
    weights : ndarray, shape (n,)
    """

    family: LogTime
    z: Floats
    x: Floats
    start: Floats
    stop: Floats
    happened: Booleans
    weights: Floats

    def evaluate(self, params: Floats) -> Expansion:
        """Evaluate the log-likelihood; the information is a difference of its gradient."""
        with np.errstate(all="ignore"):
            loglik, scores = self.rows(params)
            information = np.empty((len(params), len(params)))
            for j in range(len(params)):
                step = np.zeros(len(params))
                step[j] = STEP
                high, low = (self.rows(params + s * step)[1].sum(axis=0) for s in (1, -1))
                information[j] = (low - high) / (2 * STEP)
            total, gradient = float(loglik.sum()), scores.sum(axis=0)
            symmetric = (information + information.T) / 2
        return Expansion(total if np.isfinite(total) else -np.inf, gradient, symmetric)

    def scores(self, params: Floats) -> Floats:
        """Return each row's weighted contribution to the gradient, shape (n, q)."""
        return self.rows(params)[1]

    def rows(self, params: Floats) -> tuple[Floats, Floats]:
        """Return each row's log-likelihood, shape (n,), and its gradient, shape (n, q)."""
        p, q = self.z.shape[1], self.x.shape[1]
        share = np.asarray(special.expit(self.z @ params[:p]))
        log_scale = float(params[-1]) if self.family.scale_is_free else 0.0
        center = self.x @ params[p : p + q]
        still, gradient = self._without(share, center, log_scale, self.stop)
        place = (np.log(self.stop) - center) / np.exp(log_scale)
        density, slope, _ = self.family.log_density(place)
        log_share = np.asarray(special.log_expit(self.z @ params[:p]))
        event = log_share + density - log_scale - np.log(self.stop)
        value = np.where(self.happened, event, still)
        at_event = self._columns(1 - share, slope, place, log_scale)
        if self.family.scale_is_free:
            at_event[:, -1] -= 1
        gradient = np.where(self.happened[:, None], at_event, gradient)
        late = self.start > 0
        if late.any():
            early, moved = self._without(share, center, log_scale, np.where(late, self.start, 1.0))
            value = value - np.where(late, early, 0.0)
            gradient = gradient - np.where(late[:, None], moved, 0.0)
        return self.weights * value, self.weights[:, None] * gradient

    def _without(
        self, share: Floats, center: Floats, log_scale: float, times: Floats
    ) -> tuple[Floats, Floats]:
        """Return the log probability of no event by given times, and its gradient."""
        place = (np.log(times) - center) / np.exp(log_scale)
        log_survival, slope, _ = self.family.log_survival(place)
        survival = np.exp(log_survival)
        total = 1 - share + share * survival
        by_share = share * (1 - share) * (survival - 1) / total
        return np.log(total), self._columns(
            by_share, share * survival * slope / total, place, log_scale
        )

    def _columns(self, by_eta: Floats, by_place: Floats, place: Floats, log_scale: float) -> Floats:
        """Return a gradient from the derivatives by the logit and by the place."""
        parts = [by_eta[:, None] * self.z, -by_place[:, None] * self.x / np.exp(log_scale)]
        if self.family.scale_is_free:
            parts.append(-(by_place * place)[:, None])
        return np.hstack(parts)


@dataclass(frozen=True, slots=True, repr=False)
class SplitPopulationResult(Coefficients):
    """A fitted split-population model.

    Attributes
    ----------
    params : Series, shape (q,)
        Of being at risk (``at risk: …``), of log time, and ``log(scale)``.
    cov, model_cov : DataFrame, shape (q, q)
    loglik : float
        Of densities of time.
    distribution : str
    at_risk, covariates : Covariates
    longest : float
    nobs, n_events : int
    n_clusters : int or None
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: float
    distribution: Distribution
    at_risk: Covariates
    covariates: Covariates
    longest: float
    nobs: int
    n_events: int
    n_clusters: int | None

    def _terms(self) -> dict[str, list[str]]:
        risk = {
            f"at risk: {term}": [f"at risk: {name}" for name in names]
            for term, names in self.at_risk.terms().items()
        }
        return risk | self.covariates.terms()

    def _bic_size(self) -> float:
        return float(self.n_events)

    def predict(
        self,
        rows: Rows,
        what: str = "at risk",
        *,
        times: float | Sequence[float] | None = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
        what : {"at risk", "survival"}
            The probability to be at risk at all; survival of the whole population at times.
        times : float or sequence of float
            Above zero and within the longest follow-up, for ``survival``.
        level : float
            Of the intervals: on the scale of the logit of the probability.

        Returns
        -------
        DataFrame
            ``estimate, std_error, ci_low, ci_high``, with ``row`` and ``time`` for survival.
        """
        check_what(what, ("at risk", "survival"))
        data, z = rows_of(rows), critical_value(level)
        one = np.ones((len(data), 1))
        risk, time = (
            np.hstack((one, made.matrix(data))) for made in (self.at_risk, self.covariates)
        )
        params = self.params.to_numpy(dtype=np.float64)
        if what == "at risk":
            gradient = np.zeros((len(data), len(params)))
            gradient[:, : risk.shape[1]] = risk
            eta = gradient @ params
            error = spread_of(gradient, self.cov.to_numpy())
            low, middle, high = (special.expit(eta + s * z * error) for s in (-1, 0, 1))
            return per_row(data.index, middle, middle * (1 - middle) * error, (low, high))
        if times is None:
            raise EstimationError("give times=, at which to predict")
        grid = times_within(times, self.longest)
        if (grid <= 0).any():
            raise EstimationError("times must lie above zero")
        number = len(grid)
        model = PopulationLikelihood(
            family=DISTRIBUTIONS[self.distribution],
            z=np.repeat(risk, number, axis=0),
            x=np.repeat(time, number, axis=0),
            start=np.zeros(len(data) * number),
            stop=np.tile(grid, len(data)),
            happened=np.zeros(len(data) * number, dtype=np.bool_),
            weights=np.ones(len(data) * number),
        )
        value, slope = model.rows(np.asarray(params, dtype=np.float64))
        survival = np.exp(value)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = spread_of(slope, self.cov.to_numpy()) / -np.expm1(value)
            logit = value - np.log(-np.expm1(value))
        low, high = (special.expit(logit + s * z * error) for s in (-1, 1))
        shape = (len(data), number)
        return per_time(
            data.index,
            grid,
            survival.reshape(shape),
            (survival * (1 - survival) * error).reshape(shape),
            (low.reshape(shape), high.reshape(shape)),
        )

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "model" if self.n_clusters is None else f"clustered ({self.n_clusters} clusters)"
        return [
            ("model", f"split population, {self.distribution}"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("standard errors", errors),
            ("log-likelihood", f"{self.loglik:.6g}"),
            ("AIC", f"{self.aic:.6g}"),
        ]
