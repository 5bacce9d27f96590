"""A sample sorted for Cox models, to be fitted once or many times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.columns import (
    Names,
    WeightKind,
    case_weights,
    codes,
    indicator,
    names_of,
    numbers,
)
from riskset.columns import clusters as cluster_codes
from riskset.compiled import compiled
from riskset.covariates import center_and_scale, standardized
from riskset.cox.partial_likelihood import Likelihood, exact_likelihood, partial_likelihood
from riskset.cox.terms import Slots, Ties
from riskset.errors import EstimationError
from riskset.formulas import Covariates, covariates_of
from riskset.maximum_likelihood import STEP_TOLERANCE, Maximum, check_information, maximize
from riskset.risk_sets import RiskSets
from riskset.times import require_no_overlap, survival_times

#: Standard errors from the maximum at which one of many refits stops.
REFIT_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class CoxDesign:
    """A sample sorted for Cox models: refits with other weights or columns do not sort again.

    Attributes
    ----------
    names : tuple of str
        The p covariates.
    covariates : Covariates
        How they are made from a frame.
    strata_columns : tuple of str
    offset_column : str or None
        Column of the known part of the linear predictor.
    x : ndarray, shape (m, p)
        Covariates of the rows at risk at some moment, centered and divided by ``scale``.
    center, scale : ndarray, shape (p,)
        Mean and standard deviation of each covariate over those rows.
    reach : ndarray, shape (p,)
        Largest absolute value of each column of ``x``, up to rounding.
    offset : ndarray, shape (m,)
        Known part of the linear predictor of those rows.
    weights : ndarray, shape (m,)
        Weights of those rows.
    risk_sets : RiskSets
    ties : {"efron", "breslow", "exact"}
    weight_kind : {"case", "frequency"}
    slots : Slots
        Terms of the likelihood under the weights.
    start, stop : ndarray, shape (n,)
    event : ndarray of bool, shape (n,)
    sample_weights : ndarray or None, shape (n,)
    cluster : ndarray of int or None, shape (n,)
    cluster_labels : pandas.Index or None, length g
    stratum : ndarray of int, shape (n,)
    strata_labels : pandas.Index
    index : pandas.Index
        Labels of the n rows.
    """

    names: tuple[str, ...]
    covariates: Covariates
    strata_columns: tuple[str, ...]
    offset_column: str | None
    x: Floats
    center: Floats
    scale: Floats
    reach: Floats
    offset: Floats
    weights: Floats
    risk_sets: RiskSets
    ties: Ties
    weight_kind: WeightKind
    slots: Slots
    start: Floats
    stop: Floats
    event: Booleans
    sample_weights: Floats | None
    cluster: Integers | None
    cluster_labels: pd.Index | None
    stratum: Integers
    strata_labels: pd.Index
    index: pd.Index

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        covariates: Names,
        *,
        start: str | None,
        stop: str,
        event: str,
        strata: Names | None = None,
        unit: Names | None = None,
        cluster: Names | None = None,
        weights: str | None = None,
        weight_kind: WeightKind = "case",
        offset: str | None = None,
        ties: Ties = "efron",
    ) -> CoxDesign:
        """Check and sort the sample; parameters as in `cox_ph`."""
        if ties not in ("efron", "breslow", "exact"):
            raise EstimationError(f"ties must be 'efron', 'breslow' or 'exact', not {ties!r}")
        if ties == "exact" and (weights is not None or cluster is not None):
            raise EstimationError(
                "the exact method for ties takes neither weights nor cluster; use ties='efron'"
            )
        if weight_kind not in ("case", "frequency"):
            raise EstimationError(f"weight_kind must be 'case' or 'frequency', not {weight_kind!r}")
        data, made = covariates_of(data, covariates)
        known = None if offset is None else numbers(data, offset)
        spells = survival_times(data, start, stop)
        require_no_overlap(data, unit, spells)
        ended = indicator(data, event)
        sample_weights = case_weights(data, weights, whole=weight_kind == "frequency")
        if not ended.any():
            raise EstimationError(
                f"no event in the data: column {event!r} is 0 in all {len(data)} rows"
            )
        groups, labels = (
            (np.zeros(len(data), dtype=np.int64), pd.Index([0]))
            if strata is None
            else codes(data, strata)
        )
        clusters, cluster_labels = (None, None) if cluster is None else cluster_codes(data, cluster)
        risk_sets = RiskSets.build(spells.start, spells.stop, ended, groups, spells.width)
        m = len(risk_sets.rows)
        kept = np.ones(m) if sample_weights is None else risk_sets.take(sample_weights)
        columns = standardized(data, made.names, rows=risk_sets.rows)
        return cls(
            names=made.names,
            covariates=made,
            strata_columns=() if strata is None else tuple(names_of(strata)),
            offset_column=offset,
            x=columns.x,
            center=columns.center,
            scale=columns.scale,
            reach=columns.reach,
            offset=np.zeros(m) if known is None else risk_sets.take(known),
            weights=kept,
            risk_sets=risk_sets,
            ties=ties,
            weight_kind=weight_kind,
            slots=Slots.of(risk_sets, kept, ties, weight_kind),
            start=spells.start,
            stop=spells.stop,
            event=ended,
            sample_weights=sample_weights,
            cluster=clusters,
            cluster_labels=cluster_labels,
            stratum=groups,
            strata_labels=labels,
            index=data.index,
        )

    @property
    def n_clusters(self) -> int | None:
        """Clusters, or None where none were named."""
        return None if self.cluster_labels is None else len(self.cluster_labels)

    def reweighted(self, weights: Floats, kind: WeightKind | None = None) -> CoxDesign:
        """Return the same sorted sample under other weights, shape (n,).

        A cluster bootstrap passes the number of times that each row's cluster was drawn with
        ``kind="frequency"``: the estimate is that of the resampled rows, ties included.
        """
        kind = self.weight_kind if kind is None else kind
        weights = np.asarray(weights, dtype=np.float64)
        if weights.shape != (self.risk_sets.n,):
            raise EstimationError(f"{len(weights)} weights for {self.risk_sets.n} rows")
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise EstimationError("weights must be finite and not negative")
        kept = self.risk_sets.take(weights)
        slots = Slots.of(self.risk_sets, kept, self.ties, kind)
        if self.ties == "exact":
            raise EstimationError("the exact method for ties takes no weights; use ties='efron'")
        if not slots.moment.size:
            raise EstimationError("no event carries weight")
        return replace(self, weights=kept, sample_weights=weights, weight_kind=kind, slots=slots)

    def with_column(self, name: str, values: Floats) -> CoxDesign:
        """Return the same sorted sample with other values, shape (n,), of one covariate."""
        if name not in self.names:
            have = ", ".join(map(str, self.names))
            raise EstimationError(f"no covariate {name!r}; covariates are: {have}")
        j = self.names.index(name)
        values = np.asarray(values, dtype=np.float64)
        if values.shape != (self.risk_sets.n,) or not np.isfinite(values).all():
            raise EstimationError(f"{name!r} needs {self.risk_sets.n} finite values")
        column = self.risk_sets.take(values)
        x, center, scale = self.x.copy(), self.center.copy(), self.scale.copy()
        reach = self.reach.copy()
        center[j], scale[j], reach[j] = center_and_scale(column)
        x[:, j] = (column - center[j]) / scale[j]
        return replace(self, x=x, center=center, scale=scale, reach=reach)

    def offset_of(self, data: pd.DataFrame) -> Floats:
        """Return the known part of the linear predictor of other rows, shape (r,).

        Raises
        ------
        EstimationError
            The model has an offset, and the rows lack its column.
        """
        if self.offset_column is None:
            return np.zeros(len(data))
        if self.offset_column not in data.columns:
            raise EstimationError(
                f"the model has the offset {self.offset_column!r}, and the rows to predict for "
                "lack it: give its value there"
            )
        return numbers(data, self.offset_column)

    def evaluate(self, beta: Floats) -> Likelihood:
        """Evaluate log-likelihood, gradient and information at ``beta`` (scale of ``x``)."""
        if self.ties == "exact":
            return cast(Likelihood, exact_likelihood(beta, self.x, self.offset, self.risk_sets))
        sample = (self.offset, self.weights, self.risk_sets, self.slots)
        if self.is_large:
            from riskset.cox.many_rows import likelihood_of_many

            return likelihood_of_many(beta, self.x, self.reach, *sample)
        return partial_likelihood(beta, self.x, *sample)

    @property
    def is_large(self) -> bool:
        """Whether compiled loops evaluate the likelihood."""
        return bool(self.names) and compiled(self.risk_sets.n)

    def maximize(
        self, beta: Floats | None = None, *, tolerance: float = STEP_TOLERANCE
    ) -> Maximum[Likelihood]:
        """Maximize the partial likelihood by Newton's method with step halving.

        Parameters
        ----------
        beta : ndarray, shape (p,), optional
            Where to begin, on the scale of the covariates as given; zero by default.
        tolerance : float
            Distance from the maximum, in standard errors, at which to stop.

        Raises
        ------
        EstimationError
            A covariate is constant or collinear within the risk sets; an estimate is infinite
            (separation); the steps do not converge.
        """
        begin = np.zeros(len(self.names))
        if beta is not None:
            begin = np.asarray(beta, dtype=np.float64) * self.scale
        events = float(self.slots.weight.sum())
        return maximize(
            self.evaluate,
            begin,
            self.names,
            self.reach,
            check=lambda information: check_information(information, self.names, events),
            tolerance=tolerance,
            remedy=", estimate it with a penalty (firth_cox)",
        )

    def estimate(self, beta: Floats | None = None, *, tolerance: float = REFIT_TOLERANCE) -> Floats:
        """Return the coefficients alone, in the units of the covariates: for many refits.

        Parameters
        ----------
        beta : ndarray, shape (p,), optional
            The estimate of a neighboring sample.
        tolerance : float
            Distance from the maximum, in standard errors, at which to stop. That step is taken
            unseen, which leaves about its square.
        """
        best = self.maximize(beta, tolerance=tolerance)
        return np.asarray((best.beta + best.residual) / self.scale)


class FittedCox(Protocol):
    """What baseline hazards and tests need of a fitted Cox model."""

    @property
    def design(self) -> CoxDesign:
        """The sorted sample."""

    @property
    def fitted(self) -> Likelihood:
        """The likelihood at the estimate."""

    @property
    def params(self) -> pd.Series[float]:
        """Log hazard ratios, shape (p,)."""

    @property
    def model_cov(self) -> pd.DataFrame:
        """Covariance from the information, shape (p, p)."""
