"""What regressions by maximum likelihood share: design, maximization, clustered errors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats, largest
from collsec.survival.clustered import check_debias, cluster_sandwich
from collsec.survival.columns import Names, clusters
from collsec.survival.covariates import standardized
from collsec.survival.errors import EstimationError
from collsec.survival.maximum_likelihood import INTERCEPT, Expansion, check_information, maximize
from collsec.survival.results import Coefficients

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
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: float
    family: str
    nobs: int
    n_events: float
    n_clusters: int | None

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """Standard errors from the information, clusters ignored."""
        root = np.sqrt(np.diag(self.model_cov))
        return pd.Series(root, index=self.params.index, name="std_error")

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
    x : ndarray, shape (n, p)
    center, scale : ndarray, shape (p,)
        0 and 1 for the intercept.
    """

    names: tuple[str, ...]
    x: Floats
    center: Floats
    scale: Floats

    @classmethod
    def from_frame(cls, data: pd.DataFrame, covariates: Sequence[str]) -> RegressionDesign:
        """Check the covariates; a constant one is an error, as an intercept is fitted."""
        if INTERCEPT in covariates or DISPERSION in covariates:
            raise EstimationError(
                f"{INTERCEPT!r} and {DISPERSION!r} name parameters; rename the column"
            )
        x, center, scale = standardized(data, covariates, intercept=True)
        names, squares = (INTERCEPT, *covariates), x.T @ x
        # Scaled columns have a mean square of one; a constant one, left as it is, of zero.
        flat = np.flatnonzero(np.diag(squares) < 0.5 * len(x))
        if flat.size:
            raise EstimationError(
                f"covariate {names[flat[0]]!r} is constant and an intercept is fitted; drop it"
            )
        check_information(squares, names, float(len(x)), "in the data")
        return cls(names=names, x=x, center=center, scale=scale)

    def back(self, extra: int = 0) -> Floats:
        """Return the matrix that turns coefficients to the units given, (p + extra, p + extra)."""
        p = len(self.names)
        out = np.eye(p + extra)
        out[:p, :p] = np.diag(1 / self.scale)
        out[0, :p] -= self.center / self.scale
        return out


class Model(Protocol):
    """A log-likelihood with its derivatives, coefficients on the standardized design."""

    def loglik(self, params: Floats) -> float:
        """Return the log-likelihood."""

    def scores(self, params: Floats) -> Floats:
        """Return each row's contribution to the gradient, shape (n, q)."""

    def hessian(self, params: Floats) -> Floats:
        """Return the second derivative, shape (q, q)."""


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
    """

    def evaluate(params: Floats) -> Expansion:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gradient = model.scores(params).sum(axis=0)
            return Expansion(model.loglik(params), gradient, -model.hessian(params))

    check_debias(group_debias, cluster is not None)
    names = [*design.names, *extra]
    reach = np.append(largest(design.x), np.ones(len(extra)))
    best = maximize(evaluate, begin, names, reach)
    back = design.back(len(extra))
    bread = back @ np.linalg.inv(best.fitted.information) @ back.T
    cov, groups = bread, None
    if cluster is not None:
        found, labels = clusters(data, cluster)
        groups = len(labels)
        scores = model.scores(best.beta) @ np.linalg.inv(back)
        cov = cluster_sandwich(scores, bread, found, groups, group_debias=group_debias)
    index = pd.Index(names, name="term")
    return RegressionResult(
        params=pd.Series(back @ best.beta, index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        model_cov=pd.DataFrame(bread, index=index, columns=index),
        loglik=best.fitted.loglik,
        family=family,
        nobs=len(outcome),
        n_events=float(outcome.sum()),
        n_clusters=groups,
    )
