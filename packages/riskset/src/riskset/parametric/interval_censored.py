"""Flexible parametric models of events that are known to lie within an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers, crossproduct, sum_by_group
from riskset.clustered import Errors, Linear, check_debias
from riskset.columns import Names, as_frame, case_weights, numbers, row_label
from riskset.covariates import matrix, require_squares
from riskset.errors import EstimationError
from riskset.formulas import covariates_of
from riskset.maximum_likelihood import Expansion, Maximum, maximize
from riskset.parametric.flexible import orthonormal
from riskset.parametric.flexible_result import (
    FlexibleParametricResult,
    SplineDesign,
)
from riskset.times import (
    Spells,
    interval_ends,
    require_last_events,
    require_no_overlap,
    tie_width,
)

#: Times between the outer knots at which the hazard is seen to be positive.
LOOKS = 200
#: By which a cumulative hazard may fall short of itself.
ROUNDING = 1e-9


def interval_parametric(
    data: pd.DataFrame,
    covariates: Names,
    *,
    lower: str,
    upper: str,
    start: str | None = None,
    df: int = 3,
    time_varying: Mapping[str, int] | None = None,
    cluster: Names | None = None,
    unit: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> FlexibleParametricResult:
    """Fit a flexible parametric model to events of which only an interval is known.

    Parameters
    ----------
    data : DataFrame
    covariates : str or sequence of str
        Numeric columns, or a formula.
    lower, upper : str
        Columns of the interval ``(lower, upper]`` that holds the event: a date known to the year,
        or found between two visits. Equal where the date is known; ``lower`` zero where the event
        had come by the first look; ``upper`` infinite where it had not come by ``lower``.
    start : str, optional
        Column of the entry (left truncation), at or before ``lower``. A unit may have several
        rows, whose covariates then follow time: all but the last have an infinite ``upper``.
    df : int
        Parameters of the baseline's shape: 1 is the Weibull model, each more an inner knot at an
        even quantile of the logarithms of the intervals' middles.
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
        As `flexible_parametric` gives it; ``loglik`` adds logarithms of probabilities of the
        intervals to those of densities of the dated events.

    Raises
    ------
    EstimationError
        As in `turnbull` and `flexible_parametric`; ``lower`` is before ``start``; the fitted hazard
        is negative somewhere, which intervals alone do not rule out.

    Notes
    -----
    With ``log Λ(t | x)`` the spline of `flexible_parametric`, a row contributes [1]_ ::

        log{exp(−Λ(lower)) − exp(−Λ(upper))} + Λ(start)    where the event lies within
        log λ(upper) − Λ(upper) + Λ(start)                 where it is dated

    with ``Λ(∞) = ∞``. Given the knots and without late entry the log-likelihood is concave.
    Intervals must not depend on the time of the event but through what was seen before.

    References
    ----------
    .. [1] Sun, J. (2006). The Statistical Analysis of Interval-censored Failure Time Data.
       Springer. https://doi.org/10.1007/0-387-37119-2

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"after": [0, 1, 2, 4.0], "by": [2, 3, 5, float("inf")]})
    >>> interval_parametric(wars, [], lower="after", upper="by", df=1).params.round(3).tolist()
    [-2.114, 1.752]
    """
    data = as_frame(data)
    check_debias(group_debias, cluster is not None)
    low, high = interval_ends(data, lower, upper)
    begin = _entries(data, start, lower, low)
    given = case_weights(data, weights)
    weight = np.ones(len(data)) if given is None else given
    ended = np.isfinite(high)
    spells = Spells(begin, np.where(ended, high, low), tie_width(begin, low, high))
    require_no_overlap(data, unit, spells)
    require_last_events(data, unit, spells, ended)
    happened = ended & (weight > 0)
    if not happened.any():
        raise EstimationError(f"no event in {len(data)} rows: every {upper!r} is infinite")
    data, made = covariates_of(data, covariates)
    when = np.log((low[happened] + high[happened]) / 2)
    design = SplineDesign.of(made, when, df, time_varying or {})
    x = matrix(data, made.names)
    require_squares(x, made.names)
    likelihood = IntervalLikelihood.build(design, x, begin, low, high, weight)
    best = likelihood.maximum(design)
    errors = Errors.of(
        likelihood, best, Linear(likelihood.back), design.names, likelihood.reach(), data, cluster,
        group_debias=group_debias,
    )  # fmt: skip
    edges = np.log([low[low > 0].min(initial=np.inf), high[ended].max()])
    _require_hazard(design, x, errors.params, edges)
    return FlexibleParametricResult.of(
        best,
        errors,
        design,
        longest=float(spells.stop.max()),
        nobs=len(data),
        n_events=int(ended.sum()),
        n_within=int((ended & (low < high)).sum()),
    )


def _entries(data: pd.DataFrame, start: str | None, lower: str, low: Floats) -> Floats:
    """Return when rows enter, zero without a column of it, shape (n,)."""
    if start is None:
        return np.zeros(len(data))
    begin = np.maximum(numbers(data, start, allowed=-np.inf), 0.0)
    if (bad := np.flatnonzero(begin > low)).size:
        at = int(bad[0])
        raise EstimationError(
            f"{start!r} ({begin[at]:g}) is after {lower!r} ({low[at]:g}) in {row_label(data, at)}: "
            "the event would have been able to come before the row entered; raise the lower end "
            "to the entry, or drop a row whose event may have come before"
        )
    return begin


def _require_hazard(design: SplineDesign, x: Floats, params: Floats, ends: Floats) -> None:
    """Raise where the hazard of a row of the sample is negative between the ends of intervals."""
    knots = design.spline.knots
    grid = np.linspace(min(ends[0], knots[0]), max(ends[1], knots[-1]), LOOKS)
    own = [design.covariates.names.index(name) for name in design.changes]
    patterns = np.zeros((len(x), x.shape[1]))
    patterns[:, own] = x[:, own]
    for row in np.unique(patterns, axis=0) if own else patterns[:1]:
        _, slope = design.columns(np.repeat(row[None, :], LOOKS, axis=0), grid)
        if (slope @ params < 0).any():
            at = float(np.exp(grid[int(np.argmin(slope @ params))]))
            raise EstimationError(
                f"the fitted hazard is negative near time {at:.4g}: the intervals do not say when "
                "events come as finely as the spline asks; take a smaller df"
            )


@dataclass(frozen=True, slots=True)
class IntervalLikelihood:
    """The likelihood of intervals in columns that are orthonormal over the rows.

    Attributes
    ----------
    starts, lows, highs : ndarray, shape (n, q)
        Columns of the log cumulative hazard at the entry and at both ends, zero where the
        cumulative hazard is none or infinite.
    late, begun, ended : ndarray of bool, shape (n,)
        Where the entry and the lower end are above zero, and the upper end is finite.
    dated : ndarray of int, shape (d,)
        Rows whose event has a date.
    slopes : ndarray, shape (d, q)
        Derivatives of the columns by log time at their dates.
    dates : ndarray, shape (d,)
        Logarithms of these dates.
    weights : ndarray, shape (n,)
    back : ndarray, shape (q, q)
        From parameters of these columns to those of the model.
    level : float
        Logarithm of the events per time at risk.
    """

    starts: Floats
    lows: Floats
    highs: Floats
    late: Booleans
    begun: Booleans
    ended: Booleans
    dated: Integers
    slopes: Floats
    dates: Floats
    weights: Floats
    back: Floats
    level: float

    @classmethod
    def build(
        cls,
        design: SplineDesign,
        x: Floats,
        start: Floats,
        low: Floats,
        high: Floats,
        weights: Floats,
    ) -> IntervalLikelihood:
        """Lay out the columns.

        Raises
        ------
        EstimationError
            A column is constant or collinear with those before it.
        """
        late, begun, ended = start > 0, low > 0, np.isfinite(high)
        dated = np.flatnonzero(low == high).astype(np.int64)

        def columns(times: Floats, there: Booleans) -> Floats:
            out = np.zeros((len(x), len(design.names)))
            out[there], _ = design.columns(x[there], np.log(times[there]))
            return out

        starts, lows, highs = columns(start, late), columns(low, begun), columns(high, ended)
        dates = np.log(high[dated])
        _, slopes = design.columns(x[dated], dates)
        kept = (weights > 0) & (begun | ended)
        back = orthonormal(np.where(ended[:, None], highs, lows), kept, design.names)
        middle = np.where(ended, (low + np.where(ended, high, 0.0)) / 2, low)
        events = float(weights[ended].sum())
        return cls(
            starts=starts @ back,
            lows=lows @ back,
            highs=highs @ back,
            late=late,
            begun=begun,
            ended=ended,
            dated=dated,
            slopes=slopes @ back,
            dates=dates,
            weights=weights,
            back=back,
            level=float(np.log(events / (weights @ (middle - start)))),
        )

    def begin(self, design: SplineDesign) -> Floats:
        """Return the constant hazard, shape (q,)."""
        params = np.zeros(len(design.names))
        params[0], params[1] = self.level, 1.0
        return np.asarray(np.linalg.solve(self.back, params), dtype=np.float64)

    def maximum(self, design: SplineDesign) -> Maximum[Expansion]:
        """Return the maximum, sought from that without late entry, which is the only one there.

        Raises
        ------
        EstimationError
            A coefficient is infinite; with late entry the likelihood has no maximum inside.
        """
        names, reach = design.names, self.reach()
        at_risk = replace(self, late=np.zeros_like(self.late))
        best = maximize(at_risk.evaluate, self.begin(design), names, reach)
        if not self.late.any():
            return best
        try:
            return maximize(self.evaluate, best.beta, names, reach)
        except EstimationError:
            raise EstimationError(
                "with late entry the likelihood rises until a hazard is zero or infinite: too few "
                "rows are seen from the beginning, or enter long before their interval; take a "
                "smaller df, or look at whether rows entered because of their event"
            ) from None

    def reach(self) -> Floats:
        """Return the largest absolute value of each column, shape (q,)."""
        return np.asarray(np.maximum(np.abs(self.lows), np.abs(self.highs)).max(axis=0))

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def evaluate(self, params: Floats) -> Expansion:
        """Evaluate the log-likelihood; minus infinity where an interval holds no probability, or
        the cumulative hazard falls after an entry.
        """
        early, first, last, odds = self._parts(params)
        w, own = self.weights, self.weights[self.dated]
        rate = self.slopes @ params
        value = np.where(self.ended, np.log(-np.expm1(first - last)), 0.0) - first
        value[self.dated] = np.log(np.maximum(rate, 0.0)) + np.log(last[self.dated]) - self.dates
        value[self.dated] -= last[self.dated]
        loglik = float(w[w > 0] @ (value + early)[w > 0])
        # A spline whose hazard is negative after an entry would gain without bound.
        least = first.copy()
        least[self.dated] = last[self.dated]
        if not np.isfinite(loglik) or (early > least * (1 + ROUNDING)).any():
            loglik = -np.inf
        gradient = self._scores(params).sum(axis=0)
        within = np.where(self.ended, w * odds, 0.0)
        change = last[:, None] * self.highs - first[:, None] * self.lows
        information = crossproduct(change, within * (1 + odds))
        information -= crossproduct(self.highs, within * last)
        information += crossproduct(self.lows, (w + within) * first)
        # A dated event has Λ(upper) alone, not the probability of an interval.
        information += crossproduct(self.highs[self.dated], own * last[self.dated])
        information -= crossproduct(self.starts, w * early)
        information += crossproduct(self.slopes, own / rate**2)
        return Expansion(loglik, gradient, information)

    @property
    def row_weights(self) -> Floats:
        """Weights in the order of the data, shape (n,)."""
        return self.weights

    def reweighted(self, weights: Floats) -> IntervalLikelihood:
        """Return the likelihood with other weights, shape (n,)."""
        return replace(self, weights=weights)

    def cluster_scores(self, params: Floats, cluster: Integers, n_clusters: int) -> Floats:
        """Return the rows' weighted contributions to the gradient, by cluster, shape (g, q)."""
        return sum_by_group(self._scores(params), cluster, n_clusters)

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def _scores(self, params: Floats) -> Floats:
        """Return each row's weighted contribution to the gradient, shape (n, q)."""
        early, first, last, odds = self._parts(params)
        out = early[:, None] * self.starts - ((1 + odds) * first)[:, None] * self.lows
        out += (odds * last)[:, None] * self.highs
        rate = self.slopes @ params
        out[self.dated] += (1 - last[self.dated])[:, None] * self.highs[self.dated]
        out[self.dated] += self.slopes / rate[:, None]
        return np.asarray(self.weights[:, None] * out)

    def _parts(self, params: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return cumulative hazards at entry and at both ends, and odds, shape (n,) each.

        The odds are those of the event after the interval to one within it, given that it comes
        past the lower end; zero where it has no upper end, or has a date.
        """
        early = np.where(self.late, np.exp(self.starts @ params), 0.0)
        first = np.where(self.begun, np.exp(self.lows @ params), 0.0)
        last = np.where(self.ended, np.exp(self.highs @ params), 0.0)
        first[self.dated] = 0.0
        odds = np.where(self.ended, 1 / np.expm1(last - first), 0.0)
        odds[self.dated] = 0.0
        return early, first, last, odds
