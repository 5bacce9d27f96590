"""The partial likelihood of a Cox model with a penalized effect of each group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from riskset.arrays import Floats, Integers
from riskset.cox.design import CoxDesign
from riskset.cox.partial_likelihood import Likelihood
from riskset.errors import EstimationError
from riskset.maximum_likelihood import Expansion, check_information, maximize

FrailtyDistribution = Literal["gamma", "gaussian"]

#: Nodes of the quadrature over a Gaussian frailty; more change no digit up to a variance of 9.
NODES = 64


@dataclass(frozen=True, slots=True)
class Conditional:
    """A Cox model given the effects of groups, which are further coefficients.

    Attributes
    ----------
    design : CoxDesign
        Covariates, then one indicator per group.
    fitted : Likelihood
    params : Series, shape (p + g,)
    model_cov : DataFrame, shape (p + g, p + g)
        Inverse of the penalized information.
    """

    design: CoxDesign
    fitted: Likelihood
    params: pd.Series[float]
    model_cov: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Penalized:
    """The partial likelihood with an effect ω of each group, and its penalty.

    Attributes
    ----------
    design : CoxDesign
        Covariates, then one indicator per group.
    events : ndarray, shape (g,)
        Events of each group.
    distribution : {"gamma", "gaussian"}
    """

    design: CoxDesign
    events: Floats
    distribution: FrailtyDistribution

    @classmethod
    def build(
        cls, design: CoxDesign, group: Integers, events: Floats, distribution: FrailtyDistribution
    ) -> Penalized:
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
        return cls(both, events, distribution)

    def penalty(self, effects: Floats, theta: float) -> tuple[float, Floats, Floats]:
        """Return the penalty of effects, its slope and its curvature (negative), shape (g,)."""
        if self.distribution == "gamma":
            frailty = np.exp(effects)
            value = float((effects - frailty).sum()) / theta
            return value, (1 - frailty) / theta, frailty / theta
        value = -float(effects @ effects) / (2 * theta)
        return value, -effects / theta, np.full(len(effects), 1 / theta)

    def maximize(self, theta: float, begin: Floats) -> Floats:
        """Return coefficients and effects, shape (p + g,), for a variance of the frailty."""
        p = len(begin) - len(self.events)

        def evaluate(params: Floats) -> Expansion:
            at = self.design.evaluate(params)
            gradient, information = at.gradient.copy(), at.information.copy()
            value, slope, curvature = self.penalty(params[p:], theta)
            gradient[p:] += slope
            information[range(p, len(params)), range(p, len(params))] += curvature
            return Expansion(at.loglik + value, gradient, information)

        return maximize(evaluate, begin, self.design.names, self.design.reach).beta

    def integrated(self, theta: float, params: Floats) -> float:
        """Return the log-likelihood with the frailty integrated out; without frailty, ℓ itself."""
        p = len(params) - len(self.events)
        effects, at = params[p:], self.design.evaluate(params)
        if self.distribution == "gaussian":
            value, _, curvature = self.penalty(effects, theta)
            block = at.information[p:, p:] + np.diag(curvature)
            # Laplace: the determinant is one where the variance of the effects is zero.
            return float(at.loglik + value - np.linalg.slogdet(theta * block)[1] / 2)
        nu, d = 1 / theta, self.events
        gamma = special.gammaln(nu + d) - special.gammaln(nu) - d * np.log(nu)
        parts = nu * effects + gamma - (nu + d) * np.log1p(d / nu) + d
        return at.loglik + float(parts.sum())

    def conditional(self, theta: float, params: Floats) -> Conditional:
        """Return the model given the effects, with the inverse of the full information.

        Raises
        ------
        EstimationError
            Groups and covariates nearly determine one another.
        """
        design, p = self.design, len(params) - len(self.events)
        at = design.evaluate(params)
        information, places = at.information.copy(), np.arange(p, len(params))
        information[places, places] += self.penalty(params[p:], theta)[2]
        if p:
            events = float(design.slots.weight.sum())
            check_information(at.information[:p, :p], design.names[:p], events)
        covariance = np.linalg.inv(information) / np.outer(design.scale, design.scale)
        if not (np.isfinite(covariance).all() and (np.diag(covariance) > 0).all()):
            raise EstimationError(
                "the penalized information is singular: groups and covariates nearly determine one "
                "another. Drop a covariate, or state a smaller variance="
            )
        names = pd.Index(design.names)
        return Conditional(
            design=design,
            fitted=at,
            params=pd.Series(params / design.scale, index=names),
            model_cov=pd.DataFrame(covariance, index=names, columns=names),
        )


def averaged(
    distribution: FrailtyDistribution, theta: float
) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Return what turns a cumulative hazard given a frailty of one into that of the population.

    The function returns minus the logarithm of mean survival, and its derivative.
    """
    if distribution == "gamma":
        return lambda hazard: (np.log1p(theta * hazard) / theta, 1 / (1 + theta * hazard))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    factor, weights = np.exp(np.sqrt(theta) * nodes), weights / weights.sum()

    def over(hazard: Floats) -> tuple[Floats, Floats]:
        each = weights * np.exp(-hazard[..., None] * factor)
        survival = each.sum(axis=-1)
        return -np.log(survival), (each * factor).sum(axis=-1) / survival

    return over
