"""Logit, complementary log-log and Poisson regression with clustered errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskset.arrays import Floats, crossproduct
from riskset.columns import Names, as_frame, case_weights, indicator, numbers, row_label
from riskset.errors import EstimationError, require_extra
from riskset.regression.fitting import RegressionDesign, RegressionResult, fit_regression


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
    offset: str | None = None,
    group_debias: bool = False,
) -> RegressionResult:
    """Fit a Poisson regression of a count with a log link.

    Parameters
    ----------
    data, covariates, cluster, weights, group_debias
        As in `logit`.
    outcome : str
        Column of counts, whole numbers of zero or more. They need not be Poisson: with ``cluster``
        the estimate is that of the conditional mean, its errors robust.
    offset : str, optional
        Column of a known part of the log mean, such as the logarithm of the exposure.

    Returns
    -------
    RegressionResult
    """
    require_extra("statsmodels", "regression", "Poisson models")
    from statsmodels.genmod.families import Poisson

    data = as_frame(data)
    y = counts(data, outcome)
    return _fit_glm(
        data, covariates, y, Poisson(), "poisson", cluster, weights, group_debias, offset
    )


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
    require_extra("statsmodels", "regression", "models of a 0/1 outcome")
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.families.links import CLogLog, Logit

    data = as_frame(data)
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
        factor = np.asarray(self.model.hessian_factor(params, scale=1.0, observed=True))
        # Rows of weight zero, by which it divides, have none.
        return -crossproduct(self.model.exog, np.where(self.row_weights > 0, factor, 0.0))

    @property
    def row_weights(self) -> Floats:
        return np.asarray(self.model.var_weights, dtype=np.float64)

    def reweighted(self, weights: Floats) -> _Glm:
        old = self.model
        known = getattr(old, "offset", None)
        return _Glm(
            type(old)(old.endog, old.exog, family=old.family, var_weights=weights, offset=known)
        )


def _fit_glm(
    data: pd.DataFrame,
    covariates: Names,
    y: Floats,
    family: Any,
    label: str,
    cluster: Names | None,
    weights: str | None,
    group_debias: bool,
    offset: str | None = None,
) -> RegressionResult:
    from statsmodels.genmod.generalized_linear_model import GLM

    given = case_weights(data, weights)
    design = RegressionDesign.from_frame(data, covariates, given)
    begin = np.zeros(len(design.names))
    known = None if offset is None else numbers(data, offset)
    mean = np.average(y, weights=given)
    begin[0] = float(family.link(mean))
    if known is not None:
        begin[0] -= float(np.average(known, weights=given))
    return fit_regression(
        _Glm(GLM(y, design.x, family=family, var_weights=given, offset=known)),
        design,
        begin,
        data,
        y,
        family=label,
        cluster=cluster,
        group_debias=group_debias,
        offset=offset,
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
