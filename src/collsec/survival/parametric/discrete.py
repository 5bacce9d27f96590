"""Discrete-time hazard: one row per unit and period at risk, with duration dependence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats
from collsec.survival.columns import (
    Names,
    as_frame,
    indicator,
    names_of,
    number_array,
    numbers,
    row_label,
)
from collsec.survival.covariates import stated
from collsec.survival.errors import EstimationError
from collsec.survival.regression.fitting import RegressionResult
from collsec.survival.regression.generalized_linear import fit_binary
from collsec.survival.results import Coefficients, critical_value
from collsec.survival.splines import KNOT_QUANTILES, restricted_cubic
from collsec.survival.times import times_within

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


def discrete_hazard(
    data: pd.DataFrame,
    covariates: Names,
    *,
    duration: str,
    event: str,
    link: Literal["cloglog", "logit"] = "cloglog",
    dependence: Dependence = "cubic",
    knots: Sequence[float] | None = None,
    cluster: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> DiscreteHazardResult:
    """Fit a discrete-time hazard model.

    Parameters
    ----------
    data : DataFrame
        One row per unit and period (month) in which the unit was at risk.
    covariates : str or sequence of str
        Numeric columns; intercept and duration terms are added.
    duration : str
        Periods since time zero, 1 in the first.
    event : str
        Column that is 1 in the period of the event.
    link : {"cloglog", "logit"}
        Under ``cloglog`` coefficients are log hazard ratios of a proportional hazards model in
        continuous time observed by periods [1]_; under ``logit`` they are log odds ratios.
    dependence : {"constant", "linear", "quadratic", "cubic", "spline"}
        Polynomial [2]_ or restricted cubic spline of duration.
    knots : sequence of float, optional
        Knots of the spline, three or more; by default the 5th, 35th, 65th and 95th percentiles of
        the event durations.
    cluster : str or sequence of str, optional
        Groups of dependent rows. (Rows of one unit with one event need no clustering as such.)
    weights : str, optional
        Column of case weights; errors are then only right with ``cluster``.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does.

    Returns
    -------
    DiscreteHazardResult

    Raises
    ------
    EstimationError
        A duration below 1; missing values; collinear or separating covariates.

    References
    ----------
    .. [1] Prentice, R. L., & Gloeckler, L. A. (1978). Regression analysis of grouped survival data.
       Biometrics 34, 57–67. https://doi.org/10.2307/2529588
    .. [2] Carter, D. B., & Signorino, C. S. (2010). Back to the future: modeling time dependence in
       binary data. Political Analysis 18, 271–292. https://doi.org/10.1093/pan/mpq013
    """
    data, covariates = as_frame(data), names_of(covariates)
    elapsed = numbers(data, duration)
    bad = np.flatnonzero(elapsed < 1)
    if bad.size:
        at = int(bad[0])
        raise EstimationError(
            f"duration {duration!r} is {elapsed[at]:g} in {row_label(data, at)}; the first period "
            "at risk counts as 1"
        )
    if dependence != "spline" and dependence not in DEGREE:
        raise EstimationError(f"dependence must be spline or one of {', '.join(DEGREE)}")
    shape = DurationDependence(dependence, ())
    if dependence == "spline":
        when = elapsed[indicator(data, event)]
        if not when.size:
            raise EstimationError(f"no event: column {event!r} is 0 in all {len(data)} rows")
        chosen = np.quantile(when, KNOT_QUANTILES[4]) if knots is None else np.asarray(knots)
        if len(chosen) < 3 or (np.diff(chosen) <= 0).any():
            raise EstimationError(
                f"a spline needs three or more increasing knots, not {chosen.tolist()}; "
                "give knots= or use a polynomial"
            )
        shape = DurationDependence("spline", tuple(float(k) for k in chosen))
    terms = shape.columns(elapsed)
    clash = [name for name in terms if name in covariates]
    if clash:
        raise EstimationError(f"covariate {clash[0]!r} is the name of a duration term; rename it")
    rows = data.assign(**terms)
    fit = fit_binary(rows, [*terms, *covariates], event, link, cluster, weights, group_debias)
    return DiscreteHazardResult(
        params=fit.params,
        cov=fit.cov,
        fit=fit,
        dependence=shape,
        link=link,
        covariates=tuple(covariates),
        longest=float(elapsed.max()),
    )


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
    covariates : tuple of str
    longest : float
        The longest duration in the data.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    fit: RegressionResult
    dependence: DurationDependence
    link: Literal["cloglog", "logit"]
    covariates: tuple[str, ...]
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
        self, covariates: Mapping[str, float], durations: Sequence[int], level: float = 0.95
    ) -> pd.DataFrame:
        """Return the hazard of given periods and survival to the end of each.

        Parameters
        ----------
        covariates : mapping of str to float
            One value per covariate.
        durations : sequence of int
            Periods in order from the first; survival multiplies over those given.
        level : float
            Coverage of the interval of the hazard, on the scale of the link.

        Returns
        -------
        DataFrame
            ``duration, hazard, ci_low, ci_high, survival``.
        """
        fixed = stated(covariates, self.covariates)
        when = number_array(durations, "durations")
        if (when < 1).any() or (when > self.longest).any():
            times_within(when, self.longest)
            raise EstimationError("durations count from 1, the first period at risk")
        x = np.column_stack(
            [
                np.ones(len(when)),
                *self.dependence.columns(when).values(),
                np.tile(fixed, (len(when), 1)),
            ]
        )
        eta: Floats = np.asarray(x @ self.params.to_numpy(), dtype=np.float64)
        spread = np.sqrt(np.einsum("ip,pq,iq->i", x, self.cov.to_numpy(), x))
        z = critical_value(level)
        half = np.asarray(z * spread, dtype=np.float64)
        hazard, low, high = (self._hazard(e) for e in (eta, eta - half, eta + half))
        return pd.DataFrame(
            {
                "duration": when,
                "hazard": hazard,
                "ci_low": low,
                "ci_high": high,
                "survival": np.cumprod(1 - hazard),
            }
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
