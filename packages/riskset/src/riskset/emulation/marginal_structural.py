"""Marginal structural Cox models: treatment that changes, weighted against its confounders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import Names, as_frame, clusters, indicator, names_of, row_label
from riskset.covariates import matrix
from riskset.cox.model import cox_ph
from riskset.cox.result import CoxResult
from riskset.cox.terms import Ties
from riskset.emulation.treatment_histories import (
    BEFORE,
    BEGIN,
    END,
    ENDED,
    LOST,
    TREATED,
    TreatmentRows,
    describe,
    likelihood_ratio,
    truncated,
)
from riskset.errors import EstimationError, check_level
from riskset.formulas import Covariates, covariates_of
from riskset.results import Coefficients

WEIGHT, GROUP = "_weight", "_group"


def marginal_structural_cox(
    data: pd.DataFrame,
    treatment: str,
    *,
    time_varying: Names,
    baseline: Names = (),
    start: str,
    stop: str,
    event: str,
    unit: Names,
    cluster: Names | None = None,
    clock: Names | None = None,
    absorbing: bool = True,
    lost: str | None = None,
    truncate: float | None = None,
    ties: Ties = "efron",
    draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
) -> MarginalStructuralResult:
    """Estimate the effect of a treatment that depends on what it changes.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``, at each of whose beginnings treatment is decided: months or years.
    treatment : str
        Column that is 1 on rows under treatment.
    time_varying : str or sequence of str
        What the decision depends on, known at the row's start: columns or a formula.
    baseline : str or sequence of str
        What is known at the beginning, the same in all rows of a unit: enters the weights'
        numerator and the model of the hazard.
    start, stop, event, unit
        As in `cox_ph`; rows of a unit follow one another without gaps.
    cluster : str or sequence of str, optional
        Groups of dependent units; each unit by default.
    clock : str or sequence of str, optional
        How the chance of treatment depends on time; by default linear in ``start``.
    absorbing : bool
        Treatment that has begun goes on: only its beginning is a decision. Otherwise every row is
        one, and depends on the treatment before.
    lost : str, optional
        Column that is 1 where follow-up is broken off at the row's end for reasons that depend on
        the covariates: weights then also undo that.
    truncate : float, optional
        Quantile (such as 0.99) at which weights are cut off, and its counterpart below.
    ties : {"efron", "breslow"}
    draws : int
        Resamples of clusters in which weights and hazard are fitted anew.
    seed : int
    level : float
        Coverage of the interval from the draws.

    Returns
    -------
    MarginalStructuralResult

    Raises
    ------
    EstimationError
        A gap; treatment that ends although ``absorbing``; a covariate that separates treatment; one
        of ``baseline`` that changes within a unit.

    Notes
    -----
    Row j of a unit weighs ``Π_{k <= j} P(A_k | A_{k−1}, V, t_k) / P(A_k | A_{k−1}, V, L_k, t_k)``
    [1]_, from pooled logits; the weighted Cox model of ``A`` and ``V`` then estimates the effect of
    treatment itself if all confounders are in ``V`` and ``L``, every treatment is possible at all
    their values, and the logits hold. Adjusting for ``L`` in the hazard instead would take away
    what runs through it. Cluster errors take the weights as known, which is conservative; the draws
    do not.

    References
    ----------
    .. [1] Hernán, M. A., Brumback, B., & Robins, J. M. (2000). Marginal structural models to
       estimate the causal effect of zidovudine on the survival of HIV-positive men. Epidemiology
       11, 561–570. https://doi.org/10.1097/00001648-200009000-00012
    """
    check_level(level)
    frame = as_frame(data)
    prepared = TreatmentRows.from_frame(
        frame,
        unit=unit,
        start=start,
        stop=stop,
        event=event,
        treatment=treatment,
        absorbing=absorbing,
    )
    _require_baseline(prepared, names_of(baseline), unit)
    groups, labels = clusters(frame, unit if cluster is None else cluster)
    plan = WeightPlan(
        baseline=names_of(baseline),
        time_varying=names_of(time_varying),
        clock=[BEGIN] if clock is None else names_of(clock),
        absorbing=absorbing,
        lost=lost is not None,
        truncate=truncate,
    )
    if lost is not None:
        away = indicator(frame, lost)[prepared.order]
        prepared = TreatmentRows(
            prepared.data.assign(**{LOST: away}), prepared.order, prepared.first
        )
    rows = TreatmentRows(
        prepared.data.assign(**{GROUP: groups[prepared.order]}), prepared.order, prepared.first
    )
    weights = plan.weights(rows)
    cox = plan.fit(rows, weights, treatment, ties)
    drawn = np.full((draws, len(cox.params)), np.nan)
    generator = np.random.default_rng(seed)
    for b in range(draws):
        try:
            again = rows.resampled(GROUP, generator, len(labels))
            drawn[b] = plan.fit(again, plan.weights(again), treatment, ties).params
        except EstimationError:
            continue
    restored = rows.restored(weights)
    return MarginalStructuralResult(
        params=cox.params,
        cov=cox.cov,
        cox=cox,
        weights=pd.Series(restored, index=frame.index, name="weight"),
        draws=drawn,
        level=level,
    )


def _require_baseline(rows: TreatmentRows, baseline: list[str], unit: Names) -> None:
    """Raise where what is said to be known at the beginning changes within a unit.

    The hazard would be adjusted for what treatment changes, which is what the weights are to avoid.
    """
    if not baseline:
        return
    data, made = covariates_of(rows.data, baseline)
    values, first = matrix(data, made.names), np.flatnonzero(rows.first)
    changed = np.argwhere(values != values[first][np.cumsum(rows.first) - 1])
    if changed.size:
        row, column = changed[0]
        raise EstimationError(
            f"baseline {made.names[column]!r} changes within its {names_of(unit)[0]!r} in "
            f"{row_label(data, int(row))}: name it in time_varying=, or give its value at the "
            "unit's first row in all of them"
        )


@dataclass(frozen=True, slots=True)
class WeightPlan:
    """How weights are made: covariates of the logits, and what they undo."""

    baseline: list[str]
    time_varying: list[str]
    clock: list[str]
    absorbing: bool
    lost: bool
    truncate: float | None

    def weights(self, rows: TreatmentRows) -> Floats:
        """Return the weight of each sorted row, shape (n,)."""
        data = rows.data
        common = [*self.clock, *self.baseline]
        before = data[BEFORE].to_numpy(dtype=bool)
        among = ~before if self.absorbing else np.ones(len(data), dtype=np.bool_)
        history = [] if self.absorbing else [BEFORE]
        ratio = likelihood_ratio(
            data.assign(**{BEFORE: before * 1.0}),
            TREATED,
            among,
            common + history,
            common + history + self.time_varying,
            "treatment",
        )
        out = rows.along(ratio)
        if self.lost:
            among = ~data[ENDED].to_numpy(dtype=bool)
            history = [TREATED]
            kept = data.assign(
                **{
                    LOST: ~data[LOST].to_numpy(dtype=bool),
                    TREATED: data[TREATED].to_numpy(dtype=bool) * 1.0,
                }
            )
            ratio = likelihood_ratio(
                kept,
                LOST,
                among,
                common + history,
                common + history + self.time_varying,
                "staying under observation",
            )
            out = out * rows.along(ratio, lagged=True)
        return truncated(out, self.truncate)

    def fit(self, rows: TreatmentRows, weights: Floats, treatment: str, ties: Ties) -> CoxResult:
        """Fit the weighted Cox model of treatment and baseline covariates."""
        return cox_ph(
            rows.data.assign(**{WEIGHT: weights}),
            [treatment, *self.baseline],
            start=BEGIN,
            stop=END,
            event=ENDED,
            cluster=GROUP,
            weights=WEIGHT,
            ties=ties,
        )


@dataclass(frozen=True, slots=True, repr=False)
class MarginalStructuralResult(Coefficients):
    """A marginal structural Cox model.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios: of treatment, then of baseline covariates.
    cov : DataFrame, shape (p, p)
        Clustered, weights taken as known.
    cox : CoxResult
        The weighted model.
    weights : Series
        The weight of each row.
    draws : ndarray, shape (draws, p)
        Estimates in resamples; NaN where a resample could not be estimated.
    level : float
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    cox: CoxResult
    weights: pd.Series[float]
    draws: Floats
    level: float

    @property
    def nobs(self) -> int:
        """Rows."""
        return len(self.weights)

    @property
    def n_events(self) -> int:
        """Events."""
        return self.cox.n_events

    @property
    def n_clusters(self) -> int | None:
        """Clusters; units where none were named."""
        return self.cox.n_clusters

    def _covariates(self) -> Covariates:
        return self.cox.design.covariates

    def diagnostics(self) -> pd.Series[float]:
        """Return mean (near one where the logits hold), spread and extremes of the weights."""
        return describe(np.asarray(self.weights, dtype=np.float64))

    def bootstrap(self) -> pd.DataFrame:
        """Return the interval from the draws: ``std_error, ci_low, ci_high`` (percentiles).

        Raises
        ------
        EstimationError
            No draws were requested, or hardly any could be estimated.
        """
        kept = self.draws[~np.isnan(self.draws).any(axis=1)]
        if len(kept) < 20:
            raise EstimationError(f"{len(kept)} usable draws are too few; ask for draws=")
        tail = (1 - self.level) / 2
        low, high = np.quantile(kept, [tail, 1 - tail], axis=0)
        columns = {"std_error": kept.std(axis=0, ddof=1), "ci_low": low, "ci_high": high}
        return pd.DataFrame(columns, index=self.params.index)

    def _facts(self) -> list[tuple[str, Any]]:
        about = self.diagnostics()
        return [
            ("model", "marginal structural Cox"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("standard errors", f"clustered ({self.n_clusters} clusters)"),
            (
                "weights",
                f"mean {about['mean']:.3g}, {about['least']:.3g} to {about['largest']:.3g}",
            ),
        ]
