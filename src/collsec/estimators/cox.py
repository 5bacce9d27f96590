"""Cox's proportional hazards model for ``(start, stop]`` rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from collsec.estimators.coefficients import Coefficients
from collsec.estimators.columns import Floats
from collsec.estimators.cox_design import CoxDesign
from collsec.estimators.cox_residuals import (
    cluster_sandwich,
    martingale_residuals,
    schoenfeld_residuals,
    score_residuals,
)
from collsec.estimators.partial_likelihood import Likelihood
from collsec.estimators.risk_sets import Ties, WeightKind


def cox_ph(
    data: pd.DataFrame,
    covariates: Sequence[str],
    *,
    start: str | None = None,
    stop: str,
    event: str,
    strata: str | Sequence[str] | None = None,
    cluster: str | Sequence[str] | None = None,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    ties: Ties = "efron",
    group_debias: bool = False,
) -> CoxResult:
    """Fit Cox's proportional hazards model.

    Parameters
    ----------
    data : DataFrame
        One row per unit and interval ``(start, stop]``; a unit may have many.
    covariates : sequence of str
        Numeric or boolean columns. May be empty: the null model, for its baseline hazard.
    start, stop : str
        Columns of the interval's ends, in one unit of time. A row is at risk of the events at
        ``start < t <= stop``. Without ``start`` all rows are at risk from the beginning. Times
        within 1e-9 of each other (relative) are ties.
    event : str
        Column that is 1 where the row ends in the event.
    strata : str or sequence of str, optional
        Each combination of values gets a baseline hazard of its own.
    cluster : str or sequence of str, optional
        Groups of dependent rows; standard errors are then those of Lin and Wei. Name it whenever a
        unit has several rows *and* may have several events, or when units share a country.
    weights : str, optional
        Column of weights, zero or more.
    weight_kind : {"case", "frequency"}
        A case weight (sampling, inverse probability) scales a row's contribution; a frequency
        weight of 2 means two equal rows, which under Efron's method tie with each other.
    ties : {"efron", "breslow"}
        How tied events enter the likelihood.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does. R does not, nor does this
        function unless asked.

    Returns
    -------
    CoxResult

    Raises
    ------
    EstimationError
        A value is missing; ``stop`` is not after ``start``; no event; a covariate is constant,
        collinear, or separates the events.

    Notes
    -----
    The hazard is ``λ(t | x) = λ₀(t) exp(x(t) β)``; β maximizes the partial likelihood [1]_ ::

        Π_events  exp(x_i β) / Σ_{j: start_j < t_i <= stop_j} w_j exp(x_j β)

    with Efron's correction for ties [2]_. The cluster covariance is that of [3]_.

    References
    ----------
    .. [1] Cox, D. R. (1972). Regression models and life-tables. JRSS B 34, 187–220.
       https://doi.org/10.1111/j.2517-6161.1972.tb00899.x
    .. [2] Efron, B. (1977). The efficiency of Cox's likelihood function for censored data.
       JASA 72, 557–565. https://doi.org/10.1080/01621459.1977.10480613
    .. [3] Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards
       model. JASA 84, 1074–1078. https://doi.org/10.1080/01621459.1989.10478874

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame(
    ...     {"months": [1, 1, 6, 6, 8, 9], "ended": [1, 0, 1, 1, 0, 1], "aid": [1, 1, 1, 0, 0, 0]}
    ... )
    >>> fit = cox_ph(spells, ["aid"], stop="months", event="ended", ties="breslow")
    >>> round(float(fit.params["aid"]), 6)
    1.475285
    """
    design = CoxDesign.from_frame(
        data,
        list(covariates),
        start=start,
        stop=stop,
        event=event,
        strata=strata if strata is None or isinstance(strata, str) else list(strata),
        cluster=cluster if cluster is None or isinstance(cluster, str) else list(cluster),
        weights=weights,
        weight_kind=weight_kind,
        ties=ties,
    )
    return fit_design(design, group_debias=group_debias)


def fit_design(
    design: CoxDesign, *, beta: Floats | None = None, group_debias: bool = False
) -> CoxResult:
    """Fit a Cox model on a sample that is sorted already.

    Parameters
    ----------
    design : CoxDesign
    beta : ndarray, shape (p,), optional
        Where to begin: the estimate of a neighboring sample saves a step or two.
    group_debias : bool
        As in `cox_ph`.
    """
    null = design.evaluate(np.zeros(len(design.names)))
    best = design.maximize(beta)
    units = np.outer(design.scale, design.scale)
    model = np.linalg.inv(best.fitted.information) / units
    cov = model
    if design.cluster is not None and design.n_clusters is not None:
        scores = score_residuals(design, best.fitted)
        if design.sample_weights is not None:
            scores = scores * design.sample_weights[:, None]
        cov = cluster_sandwich(
            scores, model, design.cluster, design.n_clusters, group_debias=group_debias
        )
    score = 0.0
    if design.names:
        score = float(null.gradient @ np.linalg.solve(null.information, null.gradient))
    names = pd.Index(design.names, name="term")
    return CoxResult(
        params=pd.Series(best.beta / design.scale, index=names, name="estimate"),
        cov=pd.DataFrame(cov, index=names, columns=names),
        model_cov=pd.DataFrame(model, index=names, columns=names),
        loglik=(null.loglik, best.fitted.loglik),
        score_test=score,
        steps=best.steps,
        design=design,
        fitted=best.fitted,
    )


@dataclass(frozen=True, slots=True, repr=False)
class CoxResult(Coefficients):
    """A fitted Cox model.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios.
    cov, model_cov : DataFrame, shape (p, p)
        Covariance: clustered where clusters were named, and from the information.
    loglik : tuple of float
        Log partial likelihood at zero and at the estimate.
    score_test : float
        χ² of the score test of all coefficients.
    steps : int
        Newton steps taken.
    design : CoxDesign
        The sorted sample; ``design.reweighted(...)`` refits without sorting.
    fitted : Likelihood
        The likelihood at the estimate.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: tuple[float, float]
    score_test: float
    steps: int
    design: CoxDesign
    fitted: Likelihood

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """Standard errors from the information, clusters left aside."""
        root = np.sqrt(np.diag(self.model_cov))
        return pd.Series(root, index=self.params.index, name="std_error")

    @property
    def nobs(self) -> int:
        """Rows."""
        return self.design.risk_sets.n

    @property
    def n_events(self) -> int:
        """Events; under frequency weights, events counted as often as they weigh."""
        weights = self.design.sample_weights
        if weights is not None and self.design.weight_kind == "frequency":
            return round(float(weights[self.design.event].sum()))
        return int(self.design.event.sum())

    @property
    def n_clusters(self) -> int | None:
        """Clusters, or None where none were named."""
        return self.design.n_clusters

    @property
    def likelihood_ratio(self) -> tuple[float, int, float]:
        """χ², degrees of freedom and p-value against the null model (invalid under clusters)."""
        chi2 = 2 * (self.loglik[1] - self.loglik[0])
        return chi2, len(self.params), float(stats.chi2.sf(chi2, len(self.params)))

    def schoenfeld(self, *, scaled: bool = False) -> pd.DataFrame:
        """Return Schoenfeld residuals, one row per event, by stratum and time.

        Parameters
        ----------
        scaled : bool
            Multiply by the number of events and the model covariance and add the coefficients: the
            mean at time t then estimates β(t) [1]_.

        Returns
        -------
        DataFrame
            Column ``time`` and one column per covariate; the index is that of the data.

        References
        ----------
        .. [1] Grambsch, P. M., & Therneau, T. M. (1994). Proportional hazards tests and
           diagnostics based on weighted residuals. Biometrika 81, 515–526.
           https://doi.org/10.1093/biomet/81.3.515
        """
        rows, residuals = schoenfeld_residuals(self.design, self.fitted)
        if scaled:
            residuals = len(rows) * residuals @ self.model_cov.to_numpy() + self.params.to_numpy()
        table = pd.DataFrame(residuals, index=self.design.index[rows], columns=self.design.names)
        table.insert(0, "time", self.design.stop[rows])
        return table

    def martingale(self) -> pd.Series[float]:
        """Return martingale residuals, one per row; sum them over the rows of a unit."""
        residuals = martingale_residuals(self.design, self.fitted)
        return pd.Series(residuals, index=self.design.index, name="martingale")

    def score_residuals(self) -> pd.DataFrame:
        """Return each row's unweighted contribution to the gradient, one column per covariate."""
        residuals = score_residuals(self.design, self.fitted)
        return pd.DataFrame(residuals, index=self.design.index, columns=self.design.names)

    def test_proportional_hazards(self, transform: str = "km") -> pd.DataFrame:
        """Test whether coefficients change with time; see `proportional_hazards_test`."""
        from collsec.estimators.proportional_hazards import proportional_hazards_test

        return proportional_hazards_test(self, transform)

    def baseline(self) -> pd.DataFrame:
        """Return the baseline hazard at covariates of zero; see `baseline_hazard`."""
        from collsec.estimators.cox_baseline import baseline_hazard

        return baseline_hazard(self)

    def predict_survival(
        self,
        covariates: Mapping[str, float] | None = None,
        *,
        path: pd.DataFrame | None = None,
        times: Sequence[float] | None = None,
        stratum: Any = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Predict survival for fixed covariates or a stated path; see `predict_survival`."""
        from collsec.estimators.cox_baseline import predict_survival

        return predict_survival(
            self, covariates, path=path, times=times, stratum=stratum, level=level
        )

    def _facts(self) -> list[tuple[str, Any]]:
        chi2, df, p = self.likelihood_ratio
        errors = "model" if self.n_clusters is None else f"clustered ({self.n_clusters} clusters)"
        return [
            ("model", f"Cox proportional hazards, {self.design.ties} ties"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("strata", len(self.design.strata_labels)),
            ("standard errors", errors),
            ("log-likelihood", f"{self.loglik[0]:.6g} (null), {self.loglik[1]:.6g}"),
            ("likelihood ratio", f"χ²({df}) = {chi2:.4g}, p = {p:.4g}"),
        ]
