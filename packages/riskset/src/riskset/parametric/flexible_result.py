"""The spline of log time, and what a fitted flexible parametric model can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.clustered import ClusteredSample, Errors
from riskset.errors import EstimationError, check_positive, listed
from riskset.formulas import Covariates
from riskset.maximum_likelihood import Expansion, Maximum
from riskset.predictions import (
    Rows,
    check_what,
    cumulative_table,
    per_row,
    per_time,
    rows_of,
    spread_of,
)
from riskset.results import Coefficients, critical_value
from riskset.times import times_within

NODES = 60  #: of Gauss and Legendre's quadrature of survival


@dataclass(frozen=True, slots=True)
class LogTimeSpline:
    """A restricted cubic spline of log time.

    Attributes
    ----------
    knots : ndarray, shape (df + 1,)
        The first and the last logarithm of the event times, and inner ones.
    """

    knots: Floats

    @classmethod
    def of(cls, log_times: Floats, df: object) -> LogTimeSpline:
        """Set knots at even quantiles of the distinct logarithms of the event times."""
        if isinstance(df, bool) or not isinstance(df, int | np.integer) or not 1 <= df <= 10:
            raise EstimationError(f"df must be a whole number from 1 to 10, not {df!r}")
        knots = np.quantile(log_times, np.linspace(0, 1, int(df) + 1))
        if df > 1 and (np.diff(knots) <= 1e-9 * max(float(np.ptp(knots)), 1e-300)).any():
            raise EstimationError(
                f"{df + 1} knots do not increase: too few distinct event times; take a smaller df"
            )
        return cls(np.asarray(knots, dtype=np.float64))

    @property
    def df(self) -> int:
        """Columns, the intercept left out."""
        return len(self.knots) - 1

    def columns(self, log_times: Floats) -> tuple[Floats, Floats]:
        """Return the basis and its derivative by log time, shape (n, df) each.

        Notes
        -----
        Column one is log time; with knots ``k_0 < … < k_m``, ``u = (log t − k_0)/(k_m − k_0)`` and
        inner knots κ on the same scale, the others are ``(u − κ)₊³ − (1 − κ) u₊³ − κ (u − 1)₊³``.
        """
        low, high = self.knots[0], self.knots[-1]
        value = np.empty((len(log_times), self.df))
        slope = np.ones_like(value)
        value[:, 0] = log_times
        if self.df == 1:
            return value, slope
        width = high - low
        u = (log_times - low) / width
        inner = (self.knots[1:-1] - low) / width
        for j, knot in enumerate(inner, 1):
            parts = ((1.0, knot), (knot - 1.0, 0.0), (-knot, 1.0))
            value[:, j] = sum(a * np.maximum(u - b, 0) ** 3 for a, b in parts)
            slope[:, j] = sum(3 * a * np.maximum(u - b, 0) ** 2 for a, b in parts) / width
        return value, slope


@dataclass(frozen=True, slots=True)
class SplineDesign:
    """Columns of the log cumulative hazard: intercept, spline, covariates, changes of effects.

    Attributes
    ----------
    covariates : Covariates
    spline : LogTimeSpline
    changes : mapping of str to LogTimeSpline
        Of the covariates whose effect changes.
    """

    covariates: Covariates
    spline: LogTimeSpline
    changes: Mapping[str, LogTimeSpline]

    @classmethod
    def of(
        cls, covariates: Covariates, log_times: Floats, df: int, changes: Mapping[str, int]
    ) -> SplineDesign:
        """Lay out splines with knots at quantiles of the events' log times, shape (d,).

        Raises
        ------
        EstimationError
            A change is named of what is no covariate.
        """
        if unknown := [name for name in changes if name not in covariates.names]:
            raise EstimationError(
                f"time_varying names {unknown[0]!r}, which is no covariate: "
                f"{listed(covariates.names)}"
            )
        return cls(
            covariates,
            LogTimeSpline.of(log_times, df),
            {name: LogTimeSpline.of(log_times, own) for name, own in changes.items()},
        )

    @property
    def names(self) -> list[str]:
        """Names of the q columns."""
        out = ["const", *_spline_names(self.spline.df), *map(str, self.covariates.names)]
        for name, spline in self.changes.items():
            out += [f"{name}:{part}" for part in _spline_names(spline.df)]
        return out

    def columns(self, x: Floats, log_times: Floats) -> tuple[Floats, Floats]:
        """Return the columns and their derivatives by log time, shape (n, q) each."""
        value, slope = self.spline.columns(log_times)
        one = np.ones((len(x), 1))
        values, slopes = [one, value, x], [0 * one, slope, 0 * x]
        for name, spline in self.changes.items():
            own = x[:, [self.covariates.names.index(name)]]
            value, slope = spline.columns(log_times)
            values.append(own * value)
            slopes.append(own * slope)
        return np.hstack(values), np.hstack(slopes)


@dataclass(frozen=True, slots=True, repr=False)
class FlexibleParametricResult(Coefficients):
    """A fitted flexible parametric model.

    Attributes
    ----------
    params : Series, shape (q,)
        Intercept, spline of log time, log hazard ratios, and changes of them.
    cov, model_cov : DataFrame, shape (q, q)
        Covariance: clustered where clusters were named, and from the observed information.
    loglik : float
        Of densities of time.
    design : SplineDesign
        Knots, and how the columns are made from a frame.
    longest : float
        The longest follow-up.
    nobs, n_events : int
    n_clusters : int or None
    n_within : int
        Events known to lie within an interval; the others are dated.
    sample : ClusteredSample or None
        The rows, kept where clusters were named: for `cluster_inference`.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    model_cov: pd.DataFrame
    loglik: float
    design: SplineDesign
    longest: float
    nobs: int
    n_events: int
    n_clusters: int | None
    n_within: int = 0
    sample: ClusteredSample | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        best: Maximum[Expansion],
        errors: Errors,
        design: SplineDesign,
        *,
        longest: float,
        nobs: int,
        n_events: int,
        n_within: int = 0,
    ) -> FlexibleParametricResult:
        """Return the result of a search whose parameters were those of ``errors``."""
        names = pd.Index(design.names, name="term")
        return cls(
            params=pd.Series(errors.params, index=names, name="estimate"),
            cov=pd.DataFrame(errors.cov, index=names, columns=names),
            model_cov=pd.DataFrame(errors.model_cov, index=names, columns=names),
            loglik=best.fitted.loglik,
            design=design,
            longest=longest,
            nobs=nobs,
            n_events=n_events,
            n_clusters=errors.n_clusters,
            n_within=n_within,
            sample=errors.sample,
        )

    def _bic_size(self) -> float:
        return float(self.n_events)

    def predict(
        self,
        rows: Rows,
        what: str = "survival",
        *,
        times: float | Sequence[float],
        level: float = 0.95,
        extrapolate: bool = False,
    ) -> pd.DataFrame:
        """Predict for the rows of a frame, covariates held from time zero on.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
            The columns that the model was fitted with; others are ignored. A mapping is one row.
        what : {"survival", "cumulative hazard", "incidence", "hazard", "restricted mean"}
            The restricted mean is the area under survival from zero to each of the times.
        times : float or sequence of float
            Above zero and within the longest follow-up.
        level : float
            Of the intervals, by the delta method on the scale of the logarithm of the (cumulative)
            hazard; Wald's for the restricted mean.
        extrapolate : bool
            Answer for times beyond the longest follow-up, which rests on the last piece of the
            spline alone.

        Returns
        -------
        DataFrame
            ``row, time, estimate, std_error, ci_low, ci_high``, one row per row and time.

        Raises
        ------
        EstimationError
            A column is absent or missing a value; a time lies beyond follow-up.
        """
        known = ("survival", "cumulative hazard", "incidence", "hazard", "restricted mean")
        check_what(what, known)
        z, data = critical_value(level), rows_of(rows)
        x, grid = self.design.covariates.matrix(data), self._grid(times, extrapolate)
        if what == "restricted mean":
            mean, gradient = self._area(x, grid)
            error = spread_of(gradient, self.cov.to_numpy())
            limits = (np.maximum(mean - z * error, 0.0), np.minimum(mean + z * error, grid))
            return per_time(data.index, grid, mean, error, limits)
        value, slope = self._columns(x, grid)
        params = self.params.to_numpy(dtype=np.float64)
        log_value, gradient = value @ params, value
        if what == "hazard":
            rate = slope @ params
            if (rate <= 0).any():
                raise EstimationError(
                    "the hazard at these covariates and times is not positive: the changes of "
                    "effects do not hold there; take fewer knots, or nearer covariates"
                )
            log_value = log_value + np.log(rate) - np.log(grid)
            gradient = value + slope / rate[..., None]
        error = spread_of(gradient, self.cov.to_numpy())
        estimate = np.exp(log_value)
        limits = (np.exp(log_value - z * error), np.exp(log_value + z * error))
        if what == "hazard":
            return per_time(data.index, grid, estimate, estimate * error, limits)
        return cumulative_table(what, data.index, grid, estimate, estimate * error, limits)

    def _covariates(self) -> Covariates:
        return self.design.covariates

    def _terms(self) -> dict[str, list[str]]:
        every = self.design.names
        changes = {
            n: [m for m in every if m.startswith(f"{n}:log(time)")] for n in self.design.changes
        }
        return {
            term: [*names, *(m for n in names for m in changes.get(n, ()))]
            for term, names in self.design.covariates.terms().items()
        }

    def _time_varying(self) -> tuple[str, ...]:
        return tuple(self.design.changes)

    def hazard_ratio(
        self,
        rows: Rows,
        reference: Rows,
        *,
        times: float | Sequence[float],
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Return the ratio of the hazards of two rows over time.

        Parameters
        ----------
        rows, reference : DataFrame of one row, or mapping of str to float
            Covariates of the numerator and of the denominator.
        times : float or sequence of float
            Above zero and within the longest follow-up.
        level : float

        Returns
        -------
        DataFrame
            ``time, estimate, std_error`` (of the logarithm), ``ci_low, ci_high``.
        """
        z, grid = critical_value(level), self._grid(times, False)
        params, parts = self.params.to_numpy(dtype=np.float64), []
        for given in (rows, reference):
            data = rows_of(given)
            if len(data) != 1:
                raise EstimationError(f"a hazard ratio compares one row with one, not {len(data)}")
            value, slope = self._columns(self.design.covariates.matrix(data), grid)
            rate = slope[0] @ params
            parts.append((value[0] @ params + np.log(rate), value[0] + slope[0] / rate[:, None]))
        away = parts[0][0] - parts[1][0]
        error = spread_of(parts[0][1] - parts[1][1], self.cov.to_numpy())
        limits = (np.exp(away - z * error), np.exp(away + z * error))
        table = per_row(pd.RangeIndex(len(grid)), np.exp(away), error, limits)
        table.insert(0, "time", grid)
        return table

    def _columns(self, x: Floats, grid: Floats) -> tuple[Floats, Floats]:
        """Return columns and slopes of each row at each time, shape (n, t, q)."""
        shape = (len(x), len(grid), len(self.params))
        value, slope = self.design.columns(
            np.repeat(x, len(grid), axis=0), np.tile(np.log(grid), len(x))
        )
        return value.reshape(shape), slope.reshape(shape)

    def _area(self, x: Floats, grid: Floats) -> tuple[Floats, Floats]:
        """Return areas under survival, shape (n, t), and their gradients, shape (n, t, q)."""
        params = self.params.to_numpy(dtype=np.float64)
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        area = np.empty((len(x), len(grid)))
        gradient = np.empty((*area.shape, len(params)))
        for k, end in enumerate(grid):
            root = (nodes + 1) / 2  # in squares of time: survival may fall steeply at zero
            at, weight = end * root**2, weights * end * root
            value, _ = self._columns(x, at)
            hazard = np.exp(value @ params)
            survival = np.exp(-hazard) * weight
            area[:, k] = survival.sum(axis=1)
            gradient[:, k] = -np.einsum("nt,ntq->nq", survival * hazard, value)
        return area, gradient

    def _grid(self, times: object, extrapolate: bool) -> Floats:
        grid = times_within(times, np.inf if extrapolate else self.longest)
        check_positive(float(grid.min()), "a time")
        return grid

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "model" if self.n_clusters is None else f"clustered ({self.n_clusters} clusters)"
        return [
            ("model", "flexible parametric (Royston–Parmar), log cumulative hazard"),
            ("knots", ", ".join(f"{k:.4g}" for k in np.exp(self.design.spline.knots))),
            ("rows", self.nobs),
            ("events", self.n_events),
            *([("of them within intervals", self.n_within)] if self.n_within else []),
            ("standard errors", errors),
            ("log-likelihood", f"{self.loglik:.6g}"),
            ("AIC", f"{self.aic:.6g}"),
        ]


def _spline_names(df: int) -> list[str]:
    return ["log(time)", *(f"log(time) {j}" for j in range(2, df + 1))]
