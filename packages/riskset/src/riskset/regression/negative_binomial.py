"""Negative binomial regression with a covariance joint over coefficients and dispersion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy
from scipy import special

from riskset.arrays import Floats, crossproduct
from riskset.columns import Names, as_frame, case_weights, numbers
from riskset.errors import EstimationError
from riskset.regression.fitting import (
    DISPERSION,
    RegressionDesign,
    RegressionResult,
    fit_regression,
)
from riskset.regression.generalized_linear import counts, poisson


@dataclass(frozen=True, slots=True)
class _NegativeBinomial:
    """The NB2 likelihood in coefficients and dispersion α.

    Attributes
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    offset, weights : ndarray, shape (n,)

    Notes
    -----
    With ``a = 1/α`` a count contributes ``log Γ(y + a) − log Γ(a) − log y! + a log{a/(a + μ)} +
    y log{μ/(a + μ)}``.
    """

    y: Floats
    x: Floats
    offset: Floats
    weights: Floats

    def _parts(self, params: Floats) -> tuple[Floats, float]:
        """Return means and ``a``."""
        return np.exp(self.x @ params[:-1] + self.offset), 1 / float(params[-1])

    def loglik(self, params: Floats) -> float:
        """Return the log-likelihood; minus infinity where α is not above zero."""
        if params[-1] <= 0:
            return -np.inf
        mu, a = self._parts(params)
        own = special.gammaln(self.y + a) - special.gammaln(a) - special.gammaln(self.y + 1)
        own += a * np.log(a / (a + mu)) + special.xlogy(self.y, mu / (a + mu))
        return float(self.weights @ own)

    def scores(self, params: Floats) -> Floats:
        """Return each row's contribution to the gradient, shape (n, p + 1)."""
        mu, a = self._parts(params)
        by_eta = a * (self.y - mu) / (a + mu)
        by_a = special.digamma(self.y + a) - special.digamma(a) + np.log(a / (a + mu))
        by_a += 1 - (a + self.y) / (a + mu)
        both = np.column_stack((self.x * by_eta[:, None], -(a**2) * by_a))
        return np.asarray(both * self.weights[:, None])

    def hessian(self, params: Floats) -> Floats:
        """Return the second derivative, shape (p + 1, p + 1)."""
        mu, a = self._parts(params)
        whole = a + mu
        by_a = special.digamma(self.y + a) - special.digamma(a) + np.log(a / whole)
        by_a += 1 - (a + self.y) / whole
        twice = special.polygamma(1, self.y + a) - special.polygamma(1, a) + 1 / a
        twice += -2 / whole + (a + self.y) / whole**2
        w = self.weights
        coefficients = -crossproduct(self.x, w * a * mu * (a + self.y) / whole**2)
        mixed = self.x.T @ (w * -(a**2) * mu * (self.y - mu) / whole**2)
        dispersion = float(w @ (a**3 * (2 * by_a + a * twice)))
        last = np.append(mixed, dispersion)
        return np.column_stack((np.vstack((coefficients, mixed)), last))

    @property
    def row_weights(self) -> Floats:
        """Weights, shape (n,)."""
        return self.weights

    def reweighted(self, weights: Floats) -> _NegativeBinomial:
        """Return the model with other weights, shape (n,)."""
        return replace(self, weights=weights)


def negative_binomial(
    data: pd.DataFrame,
    covariates: Names,
    *,
    outcome: str,
    cluster: Names | None = None,
    weights: str | None = None,
    offset: str | None = None,
    group_debias: bool = False,
) -> RegressionResult:
    """Fit a negative binomial (NB2) regression of a count with a log link.

    Parameters
    ----------
    data, covariates, outcome, cluster, weights, offset, group_debias
        As in `poisson`.

    Returns
    -------
    RegressionResult
        Its last parameter ``alpha`` is the dispersion: ``Var(y | x) = μ + α μ²``; ``ln_alpha`` is
        its logarithm.

    Raises
    ------
    EstimationError
        The counts show no overdispersion, so that ``alpha`` lies on its boundary.
    """
    data = as_frame(data)
    y = counts(data, outcome)
    given, n = case_weights(data, weights), len(y)
    design = RegressionDesign.from_frame(data, covariates, given)
    w = np.ones(n) if given is None else given
    known = np.zeros(n) if offset is None else numbers(data, offset)
    start = poisson(data, covariates, outcome=outcome, weights=weights, offset=offset).params
    begin = np.linalg.solve(design.back(), start.to_numpy(dtype=np.float64))
    mean = np.exp(np.clip(design.x @ begin + known, -30, 30))
    moment = float((w * ((y - mean) ** 2 - y)).sum() / (w * mean**2).sum())
    if moment <= 0:
        raise EstimationError(
            f"outcome {outcome!r} varies no more than a Poisson count (moment estimate of alpha "
            f"{moment:.3g}); use poisson with cluster="
        )
    model = _NegativeBinomial(y, design.x, known, w)

    def loss(values: Floats) -> tuple[float, Floats]:
        params = np.append(values[:-1], np.exp(np.clip(values[-1], -25, 25)))
        with np.errstate(all="ignore"):
            gradient = model.scores(params).sum(axis=0)
            gradient[-1] *= params[-1]
            value = model.loglik(params)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return 1e300, np.zeros_like(values)
        return -value, -gradient

    # The likelihood is not concave in alpha: a quasi-Newton search first, Newton's at the end.
    search = scipy.optimize.minimize(
        loss, np.append(begin, np.log(moment)), jac=True, method="BFGS", options={"maxiter": 1000}
    )
    found = np.append(search.x[:-1], np.exp(np.clip(search.x[-1], -25, 25)))
    if not np.isfinite(found).all() or found[-1] <= 1e-8:
        raise EstimationError(f"alpha runs to zero for {outcome!r}; use poisson with cluster=")
    return fit_regression(
        model,
        design,
        found,
        data,
        y,
        family="negative binomial",
        extra=[DISPERSION],
        cluster=cluster,
        group_debias=group_debias,
        offset=offset,
    )
