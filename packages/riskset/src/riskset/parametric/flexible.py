"""Royston and Parmar's flexible parametric model: the log cumulative hazard as a spline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers, crossproduct, sum_by_group
from riskset.clustered import Errors, Linear, check_debias
from riskset.columns import Names, as_frame, case_weights, indicator
from riskset.covariates import matrix, require_squares
from riskset.errors import EstimationError
from riskset.formulas import covariates_of
from riskset.maximum_likelihood import COLLINEAR, Expansion, maximize
from riskset.parametric.flexible_result import (
    FlexibleParametricResult,
    SplineDesign,
)
from riskset.times import (
    require_last_events,
    require_no_overlap,
    require_positive_times,
    survival_times,
)


def flexible_parametric(
    data: pd.DataFrame,
    covariates: Names,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    df: int = 3,
    time_varying: Mapping[str, int] | None = None,
    cluster: Names | None = None,
    unit: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> FlexibleParametricResult:
    """Fit a flexible parametric model of the hazard.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``. A unit may have several, whose covariates then follow time.
    covariates : str or sequence of str
        Numeric columns, or a formula.
    start, stop : str
        Columns of the interval's ends; rows count from ``start`` on (left truncation).
    event : str
        Column that is 1 where the row ends in the event.
    df : int
        Parameters of the baseline's shape: 1 is the Weibull model, each more an inner knot at an
        even quantile of the logarithms of the event times.
    time_varying : mapping of str to int, optional
        Covariates whose effect changes with time, each with the number of parameters of the change.
    cluster : str or sequence of str, optional
        Groups of dependent rows: sandwich errors.
    unit : str or sequence of str, optional
        Whose row it is: rows of one unit that overlap, or follow its event, are refused.
    weights : str, optional
        Column of case weights; errors are then only right with ``cluster``.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does.

    Returns
    -------
    FlexibleParametricResult
        ``params`` holds the intercept and the spline of log time (``log(time)``, ``log(time) 2``,
        …), then the covariates' log hazard ratios, then changes of them (``x:log(time)``, …).

    Raises
    ------
    EstimationError
        As in `aft`; fewer distinct event times than the knots need; a time-varying effect of what
        is no covariate.

    Notes
    -----
    ``log Λ(t | x) = s(log t; γ) + xβ + Σ_j x_j s_j(log t; δ_j)`` with restricted cubic splines,
    linear beyond the first and the last event time [1]_ [2]_. Each row contributes
    ``δ log λ(stop) − Λ(stop) + Λ(start)``.

    References
    ----------
    .. [1] Royston, P., & Parmar, M. K. B. (2002). Flexible parametric proportional-hazards and
       proportional-odds models for censored survival data. Stat. Med. 21, 2175–2197.
       https://doi.org/10.1002/sim.1203
    .. [2] Lambert, P. C., & Royston, P. (2009). Further development of flexible parametric models
       for survival analysis. Stata J. 9, 265–290. https://doi.org/10.1177/1536867X0900900206

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [3.0, 5, 5, 8, 12], "ended": [1, 1, 0, 1, 0]})
    >>> fit = flexible_parametric(wars, [], stop="months", event="ended", df=1)
    >>> fit.params.round(3).tolist()  # the Weibull model: log scale to the power −p, and shape p
    [-4.084, 1.813]
    """
    data = as_frame(data)
    check_debias(group_debias, cluster is not None)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    require_positive_times(data, start, stop, spells)
    ended = indicator(data, event)
    require_last_events(data, unit, spells, ended)
    given = case_weights(data, weights)
    weight = np.ones(len(data)) if given is None else given
    happened = ended & (weight > 0)
    if not happened.any():
        raise EstimationError(f"no event: column {event!r} is 0 in all {len(data)} rows")
    data, made = covariates_of(data, covariates)
    design = SplineDesign.of(made, np.log(spells.stop[happened]), df, time_varying or {})
    x = matrix(data, made.names)
    require_squares(x, made.names)
    likelihood = FlexibleLikelihood.build(design, x, spells.start, spells.stop, happened, weight)
    best = maximize(likelihood.evaluate, likelihood.begin(design), design.names, likelihood.reach())
    errors = Errors.of(
        likelihood, best, Linear(likelihood.back), design.names, likelihood.reach(), data, cluster,
        group_debias=group_debias,
    )  # fmt: skip
    return FlexibleParametricResult.of(
        best,
        errors,
        design,
        longest=float(spells.stop.max()),
        nobs=len(data),
        n_events=int(ended.sum()),
    )


def orthonormal(columns: Floats, kept: Booleans, names: Sequence[str]) -> Floats:
    """Return the matrix that makes columns orthonormal over the rows kept, shape (q, q).

    Raises
    ------
    EstimationError
        A column is constant or collinear with those before it.
    """
    most = np.abs(columns).max(axis=0)
    most[most == 0] = 1.0
    size = most * np.sqrt(((columns / most) ** 2).mean(axis=0))
    size[size == 0] = 1.0
    root = np.linalg.qr(columns[kept] / size / np.sqrt(kept.sum()), mode="r")
    diagonal = np.abs(np.diag(root))
    if len(diagonal) < columns.shape[1] or (bad := np.flatnonzero(diagonal**2 < COLLINEAR)).size:
        name = names[int(bad[0])] if len(diagonal) == columns.shape[1] else names[-1]
        raise EstimationError(
            f"the effect of {name!r} is not determined: its column is constant, or collinear "
            "with those before it; drop it, or take fewer knots (df=)"
        )
    return np.asarray(np.linalg.inv(root) / size[:, None], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FlexibleLikelihood:
    """The likelihood in columns that are orthonormal over the rows.

    Attributes
    ----------
    ends, begins : ndarray, shape (n, q)
        Columns of the log cumulative hazard at the rows' ends, and at the starts of late entrants
        (zero for the others).
    slopes : ndarray, shape (d, q)
        Derivatives of the columns by log time at the events.
    happened : ndarray of int, shape (d,)
    late : ndarray of bool, shape (n,)
    weights : ndarray, shape (n,)
    log_time : float
        Weighted sum of the logarithms of the event times.
    back : ndarray, shape (q, q)
        From parameters of these columns to those of the model.
    level : float
        Logarithm of the events per time at risk.
    """

    ends: Floats
    begins: Floats
    slopes: Floats
    happened: Integers
    late: Booleans
    weights: Floats
    log_time: float
    back: Floats
    level: float

    @classmethod
    def build(
        cls,
        design: SplineDesign,
        x: Floats,
        start: Floats,
        stop: Floats,
        happened: Booleans,
        weights: Floats,
    ) -> FlexibleLikelihood:
        """Lay out the columns.

        Raises
        ------
        EstimationError
            A column is constant or collinear with those before it.
        """
        late = start > 0
        events = np.flatnonzero(happened).astype(np.int64)
        ends, _ = design.columns(x, np.log(stop))
        begins = np.zeros_like(ends)
        begins[late], _ = design.columns(x[late], np.log(start[late]))
        _, slopes = design.columns(x[events], np.log(stop[events]))
        back = orthonormal(ends, weights > 0, design.names)
        waited = float((weights * (stop - np.where(late, start, 0.0))).sum())
        return cls(
            ends=ends @ back,
            begins=begins @ back,
            slopes=slopes @ back,
            happened=events,
            late=late,
            weights=weights,
            log_time=float(weights[events] @ np.log(stop[events])),
            back=back,
            level=float(np.log(weights[events].sum() / waited)),
        )

    def begin(self, design: SplineDesign) -> Floats:
        """Return the constant hazard, shape (q,)."""
        params = np.zeros(len(design.names))
        params[0], params[1] = self.level, 1.0
        return np.asarray(np.linalg.solve(self.back, params), dtype=np.float64)

    def reach(self) -> Floats:
        """Return the largest absolute value of each column, shape (q,)."""
        return np.asarray(np.abs(self.ends).max(axis=0))

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def evaluate(self, params: Floats) -> Expansion:
        """Evaluate the log-likelihood; minus infinity where a hazard is not positive."""
        hazard, early, slope, eta = self._parts(params)
        own = self.weights[self.happened]
        loglik = float(own @ (np.log(np.maximum(slope, 0.0)) + eta[self.happened]))
        loglik -= self.log_time + float(hazard.sum()) - float(early.sum())
        if not np.isfinite(loglik):
            loglik = -np.inf
        ratio = own / slope
        gradient = self.slopes.T @ ratio + self.ends[self.happened].T @ own
        gradient += self.begins.T @ early - self.ends.T @ hazard
        information = crossproduct(self.ends, hazard) - crossproduct(self.begins, early)
        information += crossproduct(self.slopes, ratio / slope)
        return Expansion(loglik, gradient, information)

    @property
    def row_weights(self) -> Floats:
        """Weights in the order of the data, shape (n,)."""
        return self.weights

    def reweighted(self, weights: Floats) -> FlexibleLikelihood:
        """Return the likelihood with other weights, shape (n,)."""
        return replace(self, weights=weights)

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""
        hazard, early, slope, _ = self._parts(params)
        out = early[:, None] * self.begins - hazard[:, None] * self.ends
        own = self.weights[self.happened][:, None]
        out[self.happened] += own * (self.slopes / slope[:, None] + self.ends[self.happened])
        return sum_by_group(out, cluster, n_clusters)

    def _parts(self, params: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return weighted cumulative hazards at ends and starts, slopes, and log hazards."""
        eta = self.ends @ params
        early = np.where(self.late, np.exp(self.begins @ params), 0.0)
        return self.weights * np.exp(eta), self.weights * early, self.slopes @ params, eta
