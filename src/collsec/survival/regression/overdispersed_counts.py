"""Negative binomial regression with a covariance joint over coefficients and dispersion."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.survival.columns import Floats, Names, as_frame, names_of
from collsec.survival.errors import EstimationError
from collsec.survival.regression.generalized_linear import counts, poisson
from collsec.survival.regression.regression import (
    DISPERSION,
    RegressionDesign,
    RegressionResult,
    fit_regression,
)


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
