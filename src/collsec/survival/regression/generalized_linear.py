"""Logit, complementary log-log and Poisson regression with clustered errors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats
from collsec.survival.columns import (
    Names,
    as_frame,
    case_weights,
    indicator,
    names_of,
    numbers,
    row_label,
)
from collsec.survival.errors import EstimationError
from collsec.survival.regression.fitting import (
    DISPERSION,
    RegressionDesign,
    RegressionResult,
    fit_regression,
)


def logit(
    data: pd.DataFrame,
    covariates: Names,
    *,
    outcome: str,
    cluster: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> RegressionResult:
    """Fit a logit of a 0/1 outcome.

    Parameters
    ----------
    data : DataFrame
    covariates : str or sequence of str
        Numeric columns; an intercept is added.
    outcome : str
        Column of 0 and 1.
    cluster : str or sequence of str, optional
        Groups of dependent rows: sandwich errors.
    weights : str, optional
        Column of case weights; errors are then only right with ``cluster``.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does.

    Returns
    -------
    RegressionResult

    Raises
    ------
    EstimationError
        A value is missing; covariates are collinear; a covariate separates the outcomes.

    Notes
    -----
    ``P(y = 1 | x) = 1 / {1 + exp(−xβ)}``; the likelihood is that of statsmodels, maximized here so
    that separation is found and named.
    """
    return fit_binary(data, covariates, outcome, "logit", cluster, weights, group_debias)


def poisson(
    data: pd.DataFrame,
    covariates: Names,
    *,
    outcome: str,
    cluster: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> RegressionResult:
    """Fit a Poisson regression of a count with a log link.

    Parameters
    ----------
    data, covariates, cluster, weights, group_debias
        As in `logit`.
    outcome : str
        Column of counts, zero or more. They need not be Poisson: with ``cluster`` the estimate is
        that of the conditional mean, its errors robust.

    Returns
    -------
    RegressionResult
    """
    from statsmodels.genmod.families import Poisson

    data, covariates = as_frame(data), names_of(covariates)
    y = counts(data, outcome)
    return _fit_glm(data, covariates, y, Poisson(), "poisson", cluster, weights, group_debias)


def fit_binary(
    data: pd.DataFrame,
    covariates: Names,
    outcome: str,
    link: Literal["logit", "cloglog"],
    cluster: Names | None,
    weights: str | None,
    group_debias: bool,
) -> RegressionResult:
    """Fit a regression of a 0/1 outcome with a given link; parameters as in `logit`."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.families.links import CLogLog, Logit

    data, covariates = as_frame(data), names_of(covariates)
    links = {"logit": Logit, "cloglog": CLogLog}
    if link not in links:
        raise EstimationError(f"link must be 'logit' or 'cloglog', not {link!r}")
    y = indicator(data, outcome).astype(np.float64)
    if y.min() == y.max():
        raise EstimationError(f"outcome {outcome!r} is {y[0]:g} in all {len(y)} rows")
    family = Binomial(link=links[link]())
    return _fit_glm(data, covariates, y, family, link, cluster, weights, group_debias)


@dataclass(frozen=True, slots=True)
class _Glm:
    """The likelihood of a statsmodels GLM with dispersion one."""

    model: Any

    def loglik(self, params: Floats) -> float:
        return float(self.model.loglike(params, scale=1.0))

    def scores(self, params: Floats) -> Floats:
        return np.asarray(self.model.score_obs(params, scale=1.0), dtype=np.float64)

    def hessian(self, params: Floats) -> Floats:
        return np.asarray(self.model.hessian(params, scale=1.0, observed=True), dtype=np.float64)


def _fit_glm(
    data: pd.DataFrame,
    covariates: Sequence[str],
    y: Floats,
    family: Any,
    label: str,
    cluster: Names | None,
    weights: str | None,
    group_debias: bool,
) -> RegressionResult:
    from statsmodels.genmod.generalized_linear_model import GLM

    design = RegressionDesign.from_frame(data, covariates)
    given = case_weights(data, weights)
    begin = np.zeros(len(design.names))
    begin[0] = float(family.link(np.average(y, weights=given)))
    return fit_regression(
        _Glm(GLM(y, design.x, family=family, var_weights=given)),
        design,
        begin,
        data,
        y,
        family=label,
        cluster=cluster,
        group_debias=group_debias,
    )


def counts(data: pd.DataFrame, outcome: str) -> Floats:
    """Return a column of counts, zero or more and not all zero, shape (n,)."""
    y = numbers(data, outcome)
    bad = np.flatnonzero(y < 0)
    if bad.size:
        at = int(bad[0])
        raise EstimationError(f"count {outcome!r} is negative ({y[at]:g}) in {row_label(data, at)}")
    if (bad := np.flatnonzero(y != np.round(y))).size:
        at = int(bad[0])
        raise EstimationError(
            f"count {outcome!r} is no whole number ({y[at]:g}) in {row_label(data, at)}; for rates "
            "give the counts and the logarithm of the exposure as offset="
        )
    if not y.any():
        raise EstimationError(f"count {outcome!r} is zero in all {len(y)} rows")
    return y


@dataclass(frozen=True, slots=True)
class _NegativeBinomial:
    """The likelihood of a statsmodels NB2 regression."""

    model: Any

    def loglik(self, params: Floats) -> float:
        return float(self.model.loglike(params))

    def scores(self, params: Floats) -> Floats:
        return np.asarray(self.model.score_obs(params), dtype=np.float64)

    def hessian(self, params: Floats) -> Floats:
        return np.asarray(self.model.hessian(params), dtype=np.float64)


def negative_binomial(
    data: pd.DataFrame,
    covariates: Names,
    *,
    outcome: str,
    cluster: Names | None = None,
    group_debias: bool = False,
) -> RegressionResult:
    """Fit a negative binomial (NB2) regression of a count with a log link.

    Parameters
    ----------
    data, covariates, outcome, cluster, group_debias
        As in `poisson`.

    Returns
    -------
    RegressionResult
        Its last parameter ``alpha`` is the dispersion: ``Var(y | x) = μ + α μ²``.

    Raises
    ------
    EstimationError
        The counts show no overdispersion, so that ``alpha`` lies on its boundary.
    """
    from statsmodels.discrete.discrete_model import NegativeBinomial

    data, covariates = as_frame(data), names_of(covariates)
    y = counts(data, outcome)
    design = RegressionDesign.from_frame(data, covariates)
    start = poisson(data, covariates, outcome=outcome).params.to_numpy(dtype=np.float64)
    begin = np.linalg.solve(design.back(), start)
    mean = np.exp(np.clip(design.x @ begin, -30, 30))
    moment = float(((y - mean) ** 2 - y).sum() / (mean**2).sum())
    if moment <= 0:
        raise EstimationError(
            f"outcome {outcome!r} varies no more than a Poisson count (moment estimate of alpha "
            f"{moment:.3g}); use poisson with cluster="
        )
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = NegativeBinomial(y, design.x)
        # The likelihood is not concave in alpha: a quasi-Newton search first, Newton's at the end.
        search = model.fit(
            start_params=np.append(begin, moment), method="bfgs", maxiter=1000, disp=0
        )
    found = np.asarray(search.params, dtype=np.float64)
    if not np.isfinite(found).all() or found[-1] <= 1e-8:
        raise EstimationError(f"alpha runs to zero for {outcome!r}; use poisson with cluster=")
    return fit_regression(
        _NegativeBinomial(model),
        design,
        found,
        data,
        y,
        family="negative binomial",
        extra=[DISPERSION],
        cluster=cluster,
        group_debias=group_debias,
    )
