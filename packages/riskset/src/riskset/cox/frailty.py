"""Cox models with a gamma or Gaussian frailty that the rows of a group share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy

from riskset.columns import Names, as_frame, clusters, codes, names_of
from riskset.cox.design import CoxDesign
from riskset.cox.model import fit_design
from riskset.cox.penalized import Conditional, FrailtyDistribution, Penalized, averaged
from riskset.cox.prediction import predict_rows, stratum_codes
from riskset.cox.result import PREDICTED
from riskset.cox.terms import Ties
from riskset.errors import EstimationError, check_level, check_positive, shown
from riskset.formulas import Covariates
from riskset.predictions import (
    Rows,
    check_quantile,
    check_what,
    linear_prediction,
    rows_of,
)
from riskset.results import Coefficients

#: Groups whose effects are estimated together, each a column.
MOST_GROUPS = 1000
#: Variances of the frailty between which the likelihood is searched.
SMALLEST, LARGEST = 1e-6, 100.0


@dataclass(frozen=True, slots=True, repr=False)
class FrailtyResult(Coefficients):
    """A Cox model with shared frailty.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios given the frailty.
    cov : DataFrame, shape (p, p)
        From the penalized information, the variance of the frailty taken as known.
    distribution : {"gamma", "gaussian"}
    variance : float
        θ, the variance of the frailty, whose mean is one; if Gaussian, of its logarithm.
    frailty : Series, shape (g,)
        Posterior mean of each group's frailty; if Gaussian, its mode.
    loglik : tuple of float
        Integrated log-likelihood without covariates and frailty, and at the estimate; if Gaussian,
        by Laplace's approximation.
    loglik_without : float
        Log partial likelihood of the same covariates without frailty.
    nobs, n_events, n_clusters : int
    group : tuple of str
        Columns of the groups.
    conditional : Conditional
        The model given the frailties, an indicator for each group, from which it predicts.
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
    distribution: FrailtyDistribution
    group: tuple[str, ...]
    conditional: Conditional

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """The standard errors: there are no others."""
        return self.std_errors

    def _bic_size(self) -> float:
        return float(self.n_events)

    @property
    def variance_test(self) -> tuple[float, float]:
        """χ² of no frailty by likelihood ratio, and its p-value.

        No frailty lies on the border of what is possible: half of the χ² has no degree of freedom.
        """
        chi2 = max(2 * (self.loglik[1] - self.loglik_without), 0.0)
        return chi2, float(scipy.stats.chi2.sf(chi2, 1)) / 2 if chi2 > 0 else 1.0

    def _covariates(self) -> Covariates:
        return self.conditional.design.covariates

    def predict(
        self,
        rows: Rows,
        what: str = "linear predictor",
        *,
        of: Literal["marginal", "one", "group"] = "marginal",
        times: float | Sequence[float] | None = None,
        q: float = 0.5,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame.

        Parameters
        ----------
        rows, what, times, q, level
            As in `CoxResult.predict`. The linear predictor is that of the covariates.
        of : {"marginal", "one", "group"}
            Over time: averaged over the distribution of the frailty (a row of a group not seen),
            at a frailty of one, or at that of the row's group.

        Returns
        -------
        DataFrame
            As `CoxResult.predict`; errors take θ as known.

        Raises
        ------
        EstimationError
            As in `CoxResult.predict`; a group was not in the data.
        """
        check_what(what, PREDICTED)
        if of not in ("marginal", "one", "group"):
            raise EstimationError(f"of must be 'marginal', 'one' or 'group', not {of!r}")
        check_level(level)
        data, model = rows_of(rows), self.conditional
        x = model.design.covariates.matrix(data)
        if what == "linear predictor":
            params = np.asarray(self.params, dtype=np.float64)
            return linear_prediction(x, params, self.cov.to_numpy(), data.index, level)
        member = np.zeros((len(data), len(self.frailty)))
        if of == "group":
            found, own = codes(data, self.group)
            place = self.frailty.index.get_indexer(own)
            if (place < 0).any():
                raise EstimationError(
                    f"group {shown(own[place < 0][0])} was not in the data of the model"
                )
            member[np.arange(len(data)), place[found]] = 1.0
        return predict_rows(
            model,
            np.hstack((x, member)),
            np.zeros(len(data)),
            stratum_codes(model, data),
            data.index,
            what,
            times=times,
            q=check_quantile(q),
            level=level,
            transform=averaged(self.distribution, self.variance) if of == "marginal" else None,
        )

    def _facts(self) -> list[tuple[str, Any]]:
        chi2, p = self.variance_test
        return [
            ("model", f"Cox proportional hazards, shared {self.distribution} frailty"),
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
    distribution: FrailtyDistribution = "gamma",
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
    distribution : {"gamma", "gaussian"}
        Of the frailty, or of its logarithm (a random intercept).
    variance : float, optional
        Of the frailty (of its logarithm, if Gaussian); estimated by default.
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

        ℓ(β, ω) + Σ_g (ω_g − exp ω_g)/θ          (gamma)
        ℓ(β, ω) − Σ_g ω_g²/(2θ)                  (Gaussian)

    whose solution for the gamma is that of the EM algorithm; θ maximizes the integrated likelihood,
    which for the Gaussian is Laplace's approximation [2]_ (R's ``frailty.gaussian`` takes REML).
    Errors are those of the full penalized information, the effects of all groups included, and take
    θ as known: those of R's ``frailty(sparse = FALSE)``. R's default keeps only the diagonal of the
    groups' block, which can be far off for a covariate that does not vary within groups. With
    frailty hazards are proportional only within a group.

    References
    ----------
    .. [1] Therneau, T. M., Grambsch, P. M., & Pankratz, V. S. (2003). Penalized survival models and
       frailty. J. Comput. Graph. Stat. 12, 156–175. https://doi.org/10.1198/1061860031365
    .. [2] Ripatti, S., & Palmgren, J. (2000). Estimation of multivariate frailty models using
       penalized partial likelihood. Biometrics 56, 1016–1022.
       https://doi.org/10.1111/j.0006-341X.2000.01016.x
    """
    if ties not in ("efron", "breslow"):
        raise EstimationError(f"ties must be 'efron' or 'breslow', not {ties!r}")
    if distribution not in ("gamma", "gaussian"):
        raise EstimationError(f"distribution must be 'gamma' or 'gaussian', not {distribution!r}")
    if variance is not None:
        check_positive(variance, "the variance of a frailty")
    data = as_frame(data)
    found, labels = clusters(data, group, for_errors=False)
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
    model = Penalized.build(design, found, events, distribution)
    begin = np.append(without.params.to_numpy() * design.scale, np.zeros(len(labels)))

    def short_of(log_variance: float) -> float:
        nonlocal begin
        theta = float(np.exp(log_variance))
        begin = model.maximize(theta, begin)
        return -model.integrated(theta, begin)

    if variance is None:
        search = scipy.optimize.minimize_scalar(
            short_of,
            bounds=(np.log(SMALLEST), np.log(LARGEST)),
            method="bounded",
            options={"xatol": 1e-9},
        )
        variance = float(np.exp(search.x))
    params = model.maximize(variance, begin)
    p = len(design.names)
    index = pd.Index(design.names, name="term")
    full = model.conditional(variance, params)
    cov = full.model_cov.to_numpy()[:p, :p]
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
        distribution=distribution,
        group=tuple(names_of(group)),
        conditional=full,
    )
