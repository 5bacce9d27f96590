"""What a fitted Cox model can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Floats, weighted_total
from riskset.cox.baseline import baseline_hazard, predict_survival
from riskset.cox.design import CoxDesign
from riskset.cox.partial_likelihood import Likelihood
from riskset.cox.pictures import cox_picture
from riskset.cox.prediction import predict_rows, stratum_codes
from riskset.cox.proportional_hazards import proportional_hazards_test
from riskset.cox.residuals import (
    martingale_residuals,
    schoenfeld_residuals,
    score_residuals,
)
from riskset.errors import EstimationError, check_level
from riskset.formulas import Covariates
from riskset.predictions import (
    Rows,
    check_quantile,
    check_what,
    linear_prediction,
    rows_of,
)
from riskset.results import Coefficients

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Standard errors from the maximum at which a refit to drawn rows takes its last step: what is left
#: was at most 2e-7 of them over draws from 400, 2,000 and 20,000 rows.
DRAWN_TOLERANCE = 1e-3

#: What a Cox model predicts.
PREDICTED = ("linear predictor", "cumulative hazard", "survival", "incidence", "quantile")


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
    kind : str
        What is modeled.
    is_likelihood : bool
        False where weights that were estimated make ``loglik`` none: ratios of it, AIC and BIC
        do not hold.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: tuple[float, float]
    score_test: float
    steps: int
    design: CoxDesign
    fitted: Likelihood
    kind: str = "Cox proportional hazards"
    is_likelihood: bool = True

    @property
    def model_std_errors(self) -> pd.Series[float]:
        """Standard errors from the information, clusters ignored."""
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
        """χ², degrees of freedom and p-value against the null model (invalid under clusters).

        Raises
        ------
        EstimationError
            The model has no likelihood (Fine and Gray's); `wald_test` holds.
        """
        if not self.is_likelihood:
            raise EstimationError(
                f"a model of {self.kind} is weighted, and has no likelihood ratio; use wald_test"
            )
        chi2 = 2 * (self.loglik[1] - self.loglik[0])
        return chi2, len(self.params), float(scipy.stats.chi2.sf(chi2, len(self.params)))

    def _covariates(self) -> Covariates:
        return self.design.covariates

    def _fitted_loglik(self) -> float:
        if not self.is_likelihood:
            raise AttributeError("a weighted model has no likelihood, and no such criterion")
        return self.loglik[1]

    def _bic_size(self) -> float:
        return float(self.n_events)

    def schoenfeld(self, *, scaled: bool = False, robust: bool = False) -> pd.DataFrame:
        """Return Schoenfeld residuals, one row per event, by stratum and time.

        Parameters
        ----------
        scaled : bool
            Multiply by the number of events and the model covariance and add the coefficients: the
            mean at time t then estimates β(t) [1]_.
        robust : bool
            Scale by the clustered covariance instead.

        Returns
        -------
        DataFrame
            Column ``time`` (``(time)`` where a covariate is called so) and one column per
            covariate; the index is that of the data.

        References
        ----------
        .. [1] Grambsch, P. M., & Therneau, T. M. (1994). Proportional hazards tests and
           diagnostics based on weighted residuals. Biometrika 81, 515–526.
           https://doi.org/10.1093/biomet/81.3.515
        """
        rows, residuals = schoenfeld_residuals(self.design, self.fitted)
        if scaled:
            cov = self._clustered() if robust else self.model_cov
            residuals = len(rows) * residuals @ cov.to_numpy() + self.params.to_numpy()
        table = pd.DataFrame(residuals, index=self.design.index[rows], columns=self.design.names)
        table.insert(0, "(time)" if "time" in table else "time", self.design.stop[rows])
        return table

    def martingale(self) -> pd.Series[float]:
        """Return martingale residuals, one per row; sum them over the rows of a unit."""
        residuals = martingale_residuals(self.design, self.fitted)
        return pd.Series(residuals, index=self.design.index, name="martingale")

    def score_residuals(self) -> pd.DataFrame:
        """Return each row's unweighted contribution to the gradient, one column per covariate."""
        residuals = score_residuals(self.design, self.fitted)
        return pd.DataFrame(residuals, index=self.design.index, columns=self.design.names)

    def refitter(self) -> Callable[[Floats], Floats]:
        """Return a function from frequency weights, shape (n,), to coefficients, shape (p,).

        Hand it to a cluster bootstrap: a row of weight two counts as two rows, ties included. The
        rows are not ranked again, and each search begins at the first-order estimate.

        Raises
        ------
        EstimationError
            The model has weights of its own, which copies of rows cannot carry. (The function
            raises it where the drawn rows determine no estimate.)

        Notes
        -----
        The search begins at ``β + V Σ_i (w_i − 1) U_i``, with ``V`` the model covariance and
        ``U_i`` the score residuals: the infinitesimal jackknife. It ends within 1e-6 standard
        errors of the estimate of the drawn rows, far within what any number of draws can show.

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from riskset import cox_ph
        >>> spells = pd.DataFrame({"months": [1, 2, 3, 4], "ended": 1, "aid": [0, 1, 1, 0]})
        >>> refit = cox_ph(spells, ["aid"], stop="months", event="ended").refitter()
        >>> twice = cox_ph(
        ...     spells.loc[[0, 0, 1, 2, 3]], ["aid"], stop="months", event="ended"
        ... )
        >>> bool(np.isclose(refit(np.array([2.0, 1, 1, 1])), twice.params).all())
        True
        """
        design, params = self.design, self.params.to_numpy(dtype=np.float64)
        if design.sample_weights is not None:
            raise EstimationError(
                "a model with weights cannot be refitted to copies of rows; "
                "refit design.reweighted(weights, 'case') instead"
            )
        influence = score_residuals(design, self.fitted) @ self.model_cov.to_numpy()

        def refit(weights: Floats) -> Floats:
            drawn = design.reweighted(weights, "frequency")
            begin = params + weighted_total(influence, weights - 1)
            return drawn.estimate(begin, tolerance=DRAWN_TOLERANCE)

        return refit

    def _clustered(self) -> pd.DataFrame:
        if self.n_clusters is None:
            raise EstimationError("the model has no clusters; fit it with cluster=")
        return self.cov

    def test_proportional_hazards(
        self, transform: str = "km", *, robust: bool = False
    ) -> pd.DataFrame:
        """Test whether coefficients change with time; see `proportional_hazards_test`."""
        return proportional_hazards_test(self, transform, robust=robust)

    def baseline(self) -> pd.DataFrame:
        """Return the baseline hazard at covariates of zero; see `baseline_hazard`."""
        return baseline_hazard(self)

    def predict(
        self,
        rows: Rows,
        what: str = "linear predictor",
        *,
        times: float | Sequence[float] | None = None,
        q: float = 0.5,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
            The columns that the model was fitted with (covariates, or those of its formula,
            strata and offset); others are ignored. A mapping is one row.
        what : {"linear predictor", "cumulative hazard", "survival", "incidence", "quantile"}
            The linear predictor is ``xβ`` and the offset, covariates as given (R's ``predict``
            takes them less their means). The incidence is one less survival: the cumulative
            incidence of a `fine_gray` model. A quantile is the first time at which survival is
            1 − q or less.
        times : float or sequence of float, optional
            Within the follow-up of the row's stratum; all event times of it by default.
        q : float
            Which quantile of time; the median by default.
        level : float
            Of the intervals: Wald's for the linear predictor and the cumulative hazard (from which
            the others follow).

        Returns
        -------
        DataFrame
            ``estimate, std_error, ci_low, ci_high``, one row per row of the frame (quantiles have
            no ``std_error``, and are infinite where they lie beyond follow-up); over time one row
            per row and time, with ``row`` and ``time``.

        Raises
        ------
        EstimationError
            A column is absent or missing a value; a category or stratum was not in the data; a
            time lies beyond follow-up.
        """
        check_what(what, PREDICTED)
        check_level(level)
        data = rows_of(rows)
        x = self.design.covariates.matrix(data)
        if what == "linear predictor":
            params, cov = np.asarray(self.params, dtype=np.float64), self.cov.to_numpy()
            known = self.design.offset_of(data)
            return linear_prediction(x, params, cov, data.index, level, offset=known)
        strata = stratum_codes(self, data)
        q = check_quantile(q)
        known = self.design.offset_of(data)
        return predict_rows(self, x, known, strata, data.index, what, times=times, q=q, level=level)

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
        return predict_survival(
            self, covariates, path=path, times=times, stratum=stratum, level=level
        )

    def _picture(self, kind: str, term: str | None, axes: Axes | None) -> Axes:
        return cox_picture(self, kind, term, axes)

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "model" if self.n_clusters is None else f"clustered ({self.n_clusters} clusters)"
        return [
            ("model", f"{self.kind}, {self.design.ties} ties"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("strata", len(self.design.strata_labels)),
            ("standard errors", errors),
            *self._overall(),
        ]

    def _overall(self) -> list[tuple[str, Any]]:
        """Return the log-likelihood and the test of all coefficients that holds."""
        facts: list[tuple[str, Any]] = []
        if self.is_likelihood:
            value = f"{self.loglik[0]:.6g} (null), {self.loglik[1]:.6g}"
            facts.append(("log-likelihood", value))
        if self.n_clusters is None and self.is_likelihood:
            chi2, df, p = self.likelihood_ratio
            facts.append(("likelihood ratio", f"χ²({df}) = {chi2:.4g}, p = {p:.4g}"))
        elif 0 < len(self.params) < (self.n_clusters or np.inf):
            chi2, df, p = self.wald_test(np.eye(len(self.params)))
            facts.append(("Wald test", f"χ²({df}) = {chi2:.4g}, p = {p:.4g}"))
        return facts
