"""What regressions by maximum likelihood share: design, maximization, clustered errors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from scipy import special

from riskset.arrays import Floats, Integers, largest, sum_by_group
from riskset.clustered import ClusteredSample, Errors, Linear, check_debias
from riskset.columns import Names, numbers
from riskset.covariates import standardized
from riskset.errors import EstimationError
from riskset.formulas import Covariates, covariates_of
from riskset.maximum_likelihood import INTERCEPT, Expansion, check_information, maximize
from riskset.predictions import Rows, check_what, linear_prediction, per_row, rows_of
from riskset.results import Coefficients

DISPERSION = "alpha"


@dataclass(frozen=True, slots=True, repr=False)
class RegressionResult(Coefficients):
    """A fitted regression.

    Attributes
    ----------
    params : Series, shape (p,)
        The intercept ``const`` first; for the negative binomial the dispersion ``alpha`` last.
    cov, model_cov : DataFrame, shape (p, p)
        Covariance: clustered where clusters were named, and from the observed information.
    loglik : float
    family : str
    nobs : int
    n_events : float
        Sum of the outcome.
    n_clusters : int or None
    covariates : Covariates
        How the columns are made from a frame.
    offset : str or None
        Column of a known part of the linear predictor.
    sample : ClusteredSample or None
        The rows, kept where clusters were named: for `cluster_inference`.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: float
    family: str
    nobs: int
    n_events: float
    n_clusters: int | None
    covariates: Covariates
    offset: str | None = None
    sample: ClusteredSample | None = field(default=None, compare=False)

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """Standard errors from the information, clusters ignored."""
        root = np.sqrt(np.diag(self.model_cov))
        return pd.Series(root, index=self.params.index, name="std_error")

    @property
    def ln_alpha(self) -> tuple[float, float]:
        """Logarithm of the dispersion with its standard error, as Stata reports it."""
        if DISPERSION not in self.params:
            raise EstimationError(f"a {self.family} model has no dispersion")
        alpha = float(self.params[DISPERSION])
        return float(np.log(alpha)), float(self.std_errors[DISPERSION]) / alpha

    def predict(self, rows: Rows, what: str = "mean", *, level: float = 0.95) -> pd.DataFrame:
        """Predict for the rows of a frame.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
            The columns that the model was fitted with, its offset among them; others are ignored.
        what : {"mean", "linear predictor"}
            The probability of a one, or the expected count; or the linear predictor.
        level : float
            Of the interval, on the scale of the linear predictor.

        Returns
        -------
        DataFrame
            ``estimate, std_error, ci_low, ci_high``, one row per row of the frame.
        """
        check_what(what, ("mean", "linear predictor"))
        data = rows_of(rows)
        x = np.column_stack((np.ones(len(data)), self.covariates.matrix(data)))
        p = x.shape[1]
        known = 0.0 if self.offset is None else numbers(data, self.offset)
        params, cov = np.asarray(self.params, dtype=np.float64)[:p], self.cov.to_numpy()[:p, :p]
        table = linear_prediction(x, params, cov, data.index, level, offset=known)
        if what == "linear predictor":
            return table
        eta = table["estimate"].to_numpy()
        slope = mean_of(self.family, eta, derivative=True)
        mean, low, high = (
            mean_of(self.family, table[c].to_numpy()) for c in ("estimate", "ci_low", "ci_high")
        )
        return per_row(data.index, mean, slope * table["std_error"].to_numpy(), (low, high))

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "model" if self.n_clusters is None else f"clustered ({self.n_clusters} clusters)"
        return [
            ("model", self.family),
            ("rows", self.nobs),
            ("sum of the outcome", f"{self.n_events:g}"),
            ("standard errors", errors),
            ("log-likelihood", f"{self.loglik:.6g}"),
        ]


@dataclass(frozen=True, slots=True)
class RegressionDesign:
    """Intercept and standardized covariates.

    Attributes
    ----------
    names : tuple of str
        ``const``, then the covariates.
    covariates : Covariates
        How these are made from a frame.
    x : ndarray, shape (n, p)
    center, scale : ndarray, shape (p,)
        0 and 1 for the intercept.
    """

    names: tuple[str, ...]
    covariates: Covariates
    x: Floats
    center: Floats
    scale: Floats

    @classmethod
    def from_frame(
        cls, data: pd.DataFrame, covariates: Names, weights: Floats | None = None
    ) -> RegressionDesign:
        """Check the covariates; a constant one is an error, as an intercept is fitted.

        Parameters
        ----------
        data : DataFrame
        covariates : str or sequence of str
        weights : ndarray, shape (n,), optional
            Rows of weight zero do not count when it is checked whether covariates vary.
        """
        data, made = covariates_of(data, covariates)
        if INTERCEPT in made.names or DISPERSION in made.names:
            raise EstimationError(
                f"{INTERCEPT!r} and {DISPERSION!r} name parameters; rename the column"
            )
        x, center, scale, _ = standardized(data, made.names, intercept=True)
        names, squares = (INTERCEPT, *made.names), x.T @ x
        # Scaled columns have a mean square of one; a constant one, left as it is, of zero.
        flat = np.flatnonzero(np.diag(squares) < 0.5 * len(x))
        if flat.size:
            raise EstimationError(
                f"covariate {names[flat[0]]!r} is constant and an intercept is fitted; drop it"
            )
        check_information(squares, names, float(len(x)), "in the data")
        if weights is not None and not weights.all():
            _require_weighted(x[weights > 0], names)
        return cls(names=names, covariates=made, x=x, center=center, scale=scale)

    def back(self, extra: int = 0) -> Floats:
        """Return the matrix that turns coefficients to the units given, (p + extra, p + extra)."""
        p = len(self.names)
        out = np.eye(p + extra)
        out[:p, :p] = np.diag(1 / self.scale)
        out[0, :p] -= self.center / self.scale
        return out


def _require_weighted(x: Floats, names: Sequence[str]) -> None:
    """Raise where covariates do not vary among the rows that carry weight, shape (m, p)."""
    rows = "among the rows whose weight is above zero"
    flat = np.flatnonzero(np.ptp(x[:, 1:], axis=0) == 0) if len(x) else np.arange(len(names) - 1)
    if flat.size:
        raise EstimationError(
            f"covariate {names[flat[0] + 1]!r} is constant {rows} ({len(x)}), and an intercept is "
            "fitted; drop it, or look at the weights"
        )
    own = x[:, 1:] - x[:, 1:].mean(axis=0)
    squares = np.column_stack((np.ones(len(x)), own / np.sqrt((own**2).mean(axis=0))))
    check_information(squares.T @ squares, names, float(len(x)), rows)


def mean_of(family: str, eta: Floats, *, derivative: bool = False) -> Floats:
    """Return the mean at linear predictors, shape (n,), or its derivative by them."""
    with np.errstate(over="ignore"):
        if family == "logit":
            mean = special.expit(eta)
            return np.asarray(mean * (1 - mean) if derivative else mean)
        if family == "cloglog":
            rate = np.exp(eta)
            return np.asarray(np.exp(eta - rate) if derivative else -np.expm1(-rate))
        return np.asarray(np.exp(eta))


class Model(Protocol):
    """A log-likelihood with its derivatives, coefficients on the standardized design."""

    def loglik(self, params: Floats) -> float:
        """Return the log-likelihood."""

    def scores(self, params: Floats) -> Floats:
        """Return each row's contribution to the gradient, shape (n, q)."""

    def hessian(self, params: Floats) -> Floats:
        """Return the second derivative, shape (q, q)."""

    @property
    def row_weights(self) -> Floats:
        """Weights, shape (n,)."""

    def reweighted(self, weights: Floats) -> Self:
        """Return the model with other weights, shape (n,)."""


@dataclass(frozen=True, slots=True)
class RegressionLikelihood:
    """A model as a likelihood to be maximized.

    Attributes
    ----------
    model : Model
    """

    model: Model

    @property
    def row_weights(self) -> Floats:
        """Weights, shape (n,)."""
        return self.model.row_weights

    def evaluate(self, params: Floats) -> Expansion:
        """Return the log-likelihood to second order."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gradient = self.model.scores(params).sum(axis=0)
            return Expansion(self.model.loglik(params), gradient, -self.model.hessian(params))

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""
        return sum_by_group(self.model.scores(params), cluster, n_clusters)

    def reweighted(self, weights: Floats) -> RegressionLikelihood:
        """Return the likelihood with other weights, shape (n,)."""
        return RegressionLikelihood(self.model.reweighted(weights))


def fit_regression(
    model: Model,
    design: RegressionDesign,
    begin: Floats,
    data: pd.DataFrame,
    outcome: Floats,
    *,
    family: str,
    extra: Sequence[str] = (),
    cluster: Names | None,
    group_debias: bool,
    offset: str | None = None,
) -> RegressionResult:
    """Maximize a likelihood, turn to the units of the covariates, and cluster the scores.

    Parameters
    ----------
    model : Model
    design : RegressionDesign
    begin : ndarray, shape (q,)
        Where to begin, on the standardized design.
    data : DataFrame
        Holds the columns of ``cluster``.
    outcome : ndarray, shape (n,)
    family : str
        Name of the model.
    extra : sequence of str
        Parameters after the coefficients.
    cluster : str or sequence of str or None
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1).
    offset : str, optional
        Column of a known part of the linear predictor.
    """
    check_debias(group_debias, cluster is not None)
    names = [*design.names, *extra]
    reach = np.append(largest(design.x), np.ones(len(extra)))
    likelihood = RegressionLikelihood(model)
    best = maximize(likelihood.evaluate, begin, names, reach)
    reported = Linear(design.back(len(extra)))
    errors = Errors.of(
        likelihood, best, reported, names, reach, data, cluster, group_debias=group_debias
    )
    index = pd.Index(names, name="term")
    return RegressionResult(
        params=pd.Series(errors.params, index=index, name="estimate"),
        cov=pd.DataFrame(errors.cov, index=index, columns=index),
        model_cov=pd.DataFrame(errors.model_cov, index=index, columns=index),
        loglik=best.fitted.loglik,
        family=family,
        nobs=len(outcome),
        n_events=float(outcome.sum()),
        n_clusters=errors.n_clusters,
        covariates=design.covariates,
        offset=offset,
        sample=errors.sample,
    )
