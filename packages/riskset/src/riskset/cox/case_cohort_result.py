"""What a Cox model of a case-cohort sample can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.cox.baseline import baseline_hazard, baseline_influence
from riskset.cox.design import CoxDesign, FittedCox
from riskset.cox.prediction import (
    cumulative_hazards,
    hazard_parts,
    predict_rows,
    squared_influence,
    stratum_codes,
)
from riskset.cox.result import PREDICTED, CoxResult
from riskset.errors import EstimationError, check_level
from riskset.formulas import Covariates
from riskset.predictions import Rows, check_quantile, check_what, linear_prediction, rows_of
from riskset.results import Coefficients
from riskset.risk_sets import running


@dataclass(frozen=True, slots=True)
class SecondPhase:
    """The draw of the subcohort: what its members change.

    Attributes
    ----------
    design : CoxDesign
        The sample of the risk sets, each member a cluster, all other rows the first cluster.
    moved : ndarray, shape (m, p)
        Change of the estimate by each member.
    share : float
        One less the fraction of those drawn from.
    """

    design: CoxDesign
    moved: Floats
    share: float


@dataclass(frozen=True, slots=True, repr=False)
class CaseCohortResult(Coefficients):
    """A Cox model of a case-cohort sample.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios.
    cov, model_cov : DataFrame, shape (p, p)
        Covariance of the design, and from the information alone.
    method : str
    nobs, n_events : int
        Rows and events of the sample.
    n_units, n_subcohort, cohort_size : int
        Units of the sample, of the subcohort, and of the cohort.
    expanded : CoxResult
        The estimate on risk sets in which each member stands for as many as it was drawn from:
        baseline hazards and predictions of the whole cohort. Ask this result, whose errors allow
        for the draw.
    second_phase : SecondPhase
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    method: str
    nobs: int
    n_events: int
    n_units: int
    n_subcohort: int
    cohort_size: int
    expanded: CoxResult
    second_phase: SecondPhase

    def _covariates(self) -> Covariates:
        return self.expanded.design.covariates

    def baseline(self) -> pd.DataFrame:
        """Return the baseline hazard of the cohort at covariates of zero; see `baseline_hazard`.

        Raises
        ------
        EstimationError
            At an event nobody of the subcohort is at risk.
        """
        self._require_members()
        return baseline_hazard(self.expanded)

    def predict(
        self,
        rows: Rows,
        what: str = "linear predictor",
        *,
        times: float | Sequence[float] | None = None,
        q: float = 0.5,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame; as `CoxResult.predict`.

        Raises
        ------
        EstimationError
            As there; at an event nobody of the subcohort is at risk.

        Notes
        -----
        The cumulative hazard is ``Λ(t) = Σ_events exp(xβ) / {(N/n) Σ_subcohort exp(x_j β)}`` [1]_.
        To its variance in a cohort that is seen whole the draw adds
        ``(1 − n/N) Σ_i (d_i − d̄)²`` over the members, ``d_i`` the change of the hazard by each.

        References
        ----------
        .. [1] Self, S. G., & Prentice, R. L. (1988). Asymptotic distribution theory and efficiency
           results for case-cohort studies. Annals of Statistics 16, 64–81.
           https://doi.org/10.1214/aos/1176350691
        """
        check_what(what, PREDICTED)
        check_level(level)
        data = rows_of(rows)
        design = self.expanded.design
        x = design.covariates.matrix(data)
        if what == "linear predictor":
            params = np.asarray(self.params, dtype=np.float64)
            return linear_prediction(x, params, self.cov.to_numpy(), data.index, level)
        self._require_members()
        return predict_rows(
            self.expanded,
            x,
            np.zeros(len(data)),
            stratum_codes(self.expanded, data),
            data.index,
            what,
            times=times,
            q=check_quantile(q),
            level=level,
            hazards=self._hazards,
        )

    def _hazards(
        self, result: FittedCox, moments: Integers, x: Floats, offset: Floats, upto: Integers
    ) -> tuple[Floats, Floats]:
        hazard, variance = cumulative_hazards(result, moments, x, offset, upto)
        ratio, _, lean = hazard_parts(result, moments, x, offset, upto)
        drawn, moved = self.second_phase, self.second_phase.moved
        by_member = self._influence(moments)
        known = running(by_member.T)[upto]
        known = known - known.mean(axis=1, keepdims=True)
        added = squared_influence(lean, known, moved - moved.mean(axis=0))
        return hazard, variance + drawn.share * np.maximum(added, 0.0) * ratio[:, None] ** 2

    def _influence(self, moments: Integers) -> Floats:
        """Return each member's influence on hazard increments at known coefficients, (m, q)."""
        clustered = replace(self.expanded, design=self.second_phase.design)
        return baseline_influence(clustered, moments, np.ones(len(moments)))[1:]

    def _require_members(self) -> None:
        design, at = self.expanded.design, self.expanded.fitted
        # Where only rows at the logarithm of no weight are at risk, the hazard exceeds any other.
        jump = design.slots.by_moment(at.hazard)
        if (empty := np.flatnonzero(jump > np.exp(50.0) * np.median(jump))).size:
            raise EstimationError(
                "nobody of the subcohort is at risk at the event at time "
                f"{design.risk_sets.time[empty[0]]:g} ({empty.size} such times): the hazard there "
                "is not determined, and coefficients are all that this sample gives"
            )

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", f"Cox proportional hazards of a case-cohort sample ({self.method})"),
            ("rows", self.nobs),
            ("units", f"{self.n_units}, {self.n_subcohort} of them drawn from {self.cohort_size}"),
            ("events", self.n_events),
            ("standard errors", "of the design"),
        ]
