"""Cox models with a gamma frailty that the rows of a group share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from collsec.survival.arrays import Floats
from collsec.survival.columns import Names, as_frame, clusters, names_of
from collsec.survival.cox.design import CoxDesign
from collsec.survival.cox.model import fit_design
from collsec.survival.cox.terms import Ties
from collsec.survival.errors import EstimationError, check_positive
from collsec.survival.maximum_likelihood import Expansion, check_information, maximize
from collsec.survival.results import Coefficients

#: Groups whose effects are estimated together, each a column.
MOST_GROUPS = 1000
#: Variances of the frailty between which the likelihood is searched.
SMALLEST, LARGEST = 1e-6, 100.0


@dataclass(frozen=True, slots=True, repr=False)
class FrailtyResult(Coefficients):
    """A Cox model with shared gamma frailty.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios given the frailty.
    cov : DataFrame, shape (p, p)
        From the penalized information, the variance of the frailty taken as known.
    variance : float
        θ, the variance of the frailty; its mean is one.
    frailty : Series, shape (g,)
        Posterior mean of each group's frailty.
    loglik : tuple of float
        Integrated log-likelihood without covariates and frailty, and at the estimate.
    loglik_without : float
        Log partial likelihood of the same covariates without frailty.
    nobs, n_events, n_clusters : int
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    variance: float
    frailty: pd.Series[float]
    loglik: tuple[float, float]
    loglik_without: float
    nobs: int
    n_events: int
    n_clusters: int

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """The standard errors: there are no others."""
        return self.std_errors

    @property
    def variance_test(self) -> tuple[float, float]:
        """χ² of no frailty by likelihood ratio, and its p-value.

        No frailty lies on the border of what is possible: half of the χ² has no degree of freedom.
        """
        chi2 = max(2 * (self.loglik[1] - self.loglik_without), 0.0)
        return chi2, float(stats.chi2.sf(chi2, 1)) / 2 if chi2 > 0 else 1.0

    def _facts(self) -> list[tuple[str, Any]]:
        chi2, p = self.variance_test
        return [
            ("model", "Cox proportional hazards, shared gamma frailty"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("groups", self.n_clusters),
            ("variance of the frailty", f"{self.variance:.4g}"),
            ("test of no frailty", f"χ²(0, 1) = {chi2:.4g}, p = {p:.4g}"),
            ("integrated log-likelihood", f"{self.loglik[1]:.6g}"),
        ]


def frailty_cox(
    data: pd.DataFrame,
    covariates: Names,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    group: Names,
    strata: Names | None = None,
    unit: Names | None = None,
    variance: float | None = None,
    ties: Ties = "efron",
) -> FrailtyResult:
    """Fit a Cox model in which all rows of a group share an unobserved factor of their hazard.

    Parameters
    ----------
    data, covariates, start, stop, event, strata, unit
        As in `cox_ph`.
    group : str or sequence of str
        Who shares a frailty.
    variance : float, optional
        Of the frailty; estimated by default.
    ties : {"efron", "breslow"}

    Returns
    -------
    FrailtyResult

    Raises
    ------
    EstimationError
        As in `cox_ph`; the variance is not above zero; too many groups.

    Notes
    -----
    Given θ the coefficients maximize the penalized partial likelihood [1]_ ::

        ℓ(β, ω) + Σ_g (ω_g − exp ω_g)/θ

    whose solution is that of the EM algorithm; θ maximizes the integrated likelihood. Errors are
    those of the full penalized information, the effects of all groups included, and take θ as
    known: those of R's ``frailty(sparse = FALSE)``. R's default keeps only the diagonal of the
    groups' block, which can be far off for a covariate that does not vary within groups. With
    gamma frailty hazards are proportional only within a group.

    References
    ----------
    .. [1] Therneau, T. M., Grambsch, P. M., & Pankratz, V. S. (2003). Penalized survival models and
       frailty. J. Comput. Graph. Stat. 12, 156–175. https://doi.org/10.1198/1061860031365
    """
    if ties not in ("efron", "breslow"):
        raise EstimationError(f"ties must be 'efron' or 'breslow', not {ties!r}")
    if variance is not None:
        check_positive(variance, "the variance of a frailty")
    data = as_frame(data)
    found, labels = clusters(data, group)
    if len(labels) > MOST_GROUPS:
        raise EstimationError(
            f"{len(labels)} groups are too many for their effects ({MOST_GROUPS} at most); "
            "use cluster= in cox_ph, or coarser groups"
        )
    design = CoxDesign.from_frame(
        data,
        covariates,
        start=start,
        stop=stop,
        event=event,
        strata=None if strata is None else names_of(strata),
        unit=unit,
        ties=ties,
    )
    without = fit_design(design)
    events = np.bincount(found[design.event], minlength=len(labels)).astype(np.float64)
    model = _Penalized.build(design, found, events)
    begin = np.append(without.params.to_numpy() * design.scale, np.zeros(len(labels)))

    def short_of(log_variance: float) -> float:
        nonlocal begin
        theta = float(np.exp(log_variance))
        begin = model.maximize(theta, begin)
        return -model.integrated(theta, begin)

    if variance is None:
        search = optimize.minimize_scalar(
            short_of,
            bounds=(np.log(SMALLEST), np.log(LARGEST)),
            method="bounded",
            options={"xatol": 1e-9},
        )
        variance = float(np.exp(search.x))
    params = model.maximize(variance, begin)
    p = len(design.names)
    cov = model.covariance(variance, params) / np.outer(design.scale, design.scale)
    index = pd.Index(design.names, name="term")
    return FrailtyResult(
        params=pd.Series(params[:p] / design.scale, index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        variance=variance,
        frailty=pd.Series(np.exp(params[p:]), index=labels, name="frailty"),
        loglik=(without.loglik[0], model.integrated(variance, params)),
        loglik_without=without.loglik[1],
        nobs=design.risk_sets.n,
        n_events=int(design.event.sum()),
        n_clusters=len(labels),
    )


@dataclass(frozen=True, slots=True)
class _Penalized:
    """The partial likelihood with an effect ω of each group, and its gamma penalty.

    Attributes
    ----------
    design : CoxDesign
        Covariates, then one indicator per group.
    events : ndarray, shape (g,)
        Events of each group.
    """

    design: CoxDesign
    events: Floats

    @classmethod
    def build(cls, design: CoxDesign, group: np.ndarray, events: Floats) -> _Penalized:
        """Add the indicators of groups, shape (n,), to a design."""
        member = design.risk_sets.take(group)[:, None] == np.arange(len(events))
        x = np.hstack((design.x, member.astype(np.float64)))
        one = np.ones(len(events))
        both = replace(
            design,
            names=(*design.names, *(f"group {g}" for g in range(len(events)))),
            x=x,
            center=np.append(design.center, 0 * one),
            scale=np.append(design.scale, one),
            reach=np.append(design.reach, one),
        )
        return cls(both, events)

    def maximize(self, theta: float, begin: Floats) -> Floats:
        """Return coefficients and effects, shape (p + g,), for a variance of the frailty."""
        p = len(begin) - len(self.events)

        def evaluate(params: Floats) -> Expansion:
            at, frailty = self.design.evaluate(params), np.exp(params[p:])
            gradient, information = at.gradient.copy(), at.information.copy()
            gradient[p:] += (1 - frailty) / theta
            information[range(p, len(params)), range(p, len(params))] += frailty / theta
            penalty = float((params[p:] - frailty).sum()) / theta
            return Expansion(at.loglik + penalty, gradient, information)

        return maximize(evaluate, begin, self.design.names, self.design.reach).beta

    def integrated(self, theta: float, params: Floats) -> float:
        """Return the log-likelihood with the frailty integrated out; without frailty, ℓ itself."""
        nu, d = 1 / theta, self.events
        effects = params[len(params) - len(d) :]
        gamma = special.gammaln(nu + d) - special.gammaln(nu) - d * np.log(nu)
        parts = nu * effects + gamma - (nu + d) * np.log1p(d / nu) + d
        return self.design.evaluate(params).loglik + float(parts.sum())

    def covariance(self, theta: float, params: Floats) -> Floats:
        """Return the covariance of the coefficients, shape (p, p): that of the full information."""
        p = len(params) - len(self.events)
        information = self.design.evaluate(params).information.copy()
        places = np.arange(p, len(params))
        information[places, places] += np.exp(params[p:]) / theta
        check_information(
            information[:p, :p], self.design.names[:p], float(self.design.slots.weight.sum())
        )
        covariance = np.linalg.inv(information)[:p, :p]
        if not (np.isfinite(covariance).all() and (np.diag(covariance) > 0).all()):
            raise EstimationError(
                "the penalized information is singular: groups and covariates nearly determine one "
                "another. Drop a covariate, or state a smaller variance="
            )
        return np.asarray(covariance)
