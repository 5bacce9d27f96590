"""Linear regression on a panel with effects of units and of times."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers, crossproduct, dot, product, sum_by_group
from riskset.columns import Names, as_frame, clusters, codes, numbers, require_columns
from riskset.covariates import matrix
from riskset.errors import EstimationError, require_extra, shown
from riskset.formulas import Covariates, covariates_of
from riskset.maximum_likelihood import check_information
from riskset.regression.absorption import (
    EXACT,
    Absorption,
    check_absorbed,
    require_residual,
    require_rows,
)
from riskset.regression.linear import LinearResult, least_squares

#: From so many rows on linearmodels takes several times as long as one absorption.
ABSORBED_ROWS = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class PanelResult(LinearResult):
    """A fitted panel regression.

    Attributes
    ----------
    params : Series, shape (p,)
    cov : DataFrame, shape (p, p)
    nobs : int
    n_entities, n_times : int
    effects : tuple of str
        The columns whose effects are taken out.
    n_clusters : int or None
    rsquared_within : float
        Share of the variance within units that the covariates explain.
    residual_df : float
    covariates : Covariates
        How the columns are made from a frame.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    nobs: int
    n_entities: int
    n_times: int
    effects: tuple[str, ...]
    n_clusters: int | None
    rsquared_within: float
    residual_df: float | None
    covariates: Covariates

    def _matrix(self, data: pd.DataFrame) -> Floats:
        x = self.covariates.matrix(data)
        return np.column_stack((np.ones(len(data)), x)) if "const" in self.params else x

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "heteroskedastic" if self.n_clusters is None else "clustered"
        return [
            ("model", "panel OLS, effects of " + (" and ".join(self.effects) or "none")),
            ("rows", self.nobs),
            ("units, times", f"{self.n_entities}, {self.n_times}"),
            ("standard errors", f"{errors} ({self.n_clusters or self.nobs} groups)"),
        ]


def panel_ols(
    data: pd.DataFrame,
    covariates: Names,
    *,
    outcome: str,
    entity: str,
    time: str,
    entity_effects: bool = True,
    time_effects: bool = True,
    cluster: Names | None = None,
) -> PanelResult:
    """Fit a linear regression with effects of units and of times.

    Parameters
    ----------
    data : DataFrame
        One row per unit and time; the panel may be unbalanced.
    covariates : str or sequence of str
        Numeric columns.
    outcome : str
        Numeric column.
    entity, time : str
        Columns of units (countries) and times (a number or a date).
    entity_effects, time_effects : bool
        Take out an effect of each unit, of each time.
    cluster : str or sequence of str, optional
        Groups of dependent rows. Without it errors allow for heteroskedasticity only.

    Returns
    -------
    PanelResult

    Raises
    ------
    EstimationError
        A unit has two rows at one time; a covariate does not vary within the effects or is
        collinear with others.

    Notes
    -----
    Computed by linearmodels' ``PanelOLS`` with ``group_debias=True``; from 10,000 rows on, where
    that takes several times as long, by one absorption of the effects out of outcome and
    covariates, with the same errors. The cluster covariance carries
    ``G/(G − 1) · (n − 1)/(n − k)``, effects counted in k unless they are those of one factor nested
    in the clusters. Intervals are of Student's t with G − 1 degrees of freedom [1]_.

    References
    ----------
    .. [1] Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust
       inference. Journal of Human Resources 50, 317–372. https://doi.org/10.3368/jhr.50.2.317
    """
    data, made = covariates_of(as_frame(data), covariates)
    require_columns(data, [entity, time])
    x, y = matrix(data, made.names), numbers(data, outcome)
    (units, entities), (moments, times) = codes(data, entity), codes(data, time)
    _require_one_row(data, entity, time, units * len(times) + moments)
    panel = _Panel(
        x=x,
        y=y,
        units=(units, len(entities)),
        times=(moments, len(times)),
        by_unit=entity_effects,
        by_time=time_effects,
        groups=None if cluster is None else clusters(data, cluster)[0],
    )
    effects = [entity] * entity_effects + [time] * time_effects
    absorption = Absorption.of_levels(effects, panel.effects)
    require_rows(len(y), x.shape[1] + absorption.effects)
    both = absorption.residual(np.column_stack((y, x)))
    check_absorbed(x, both[:, 1:], made.names, effects)
    unit = both[:, 1:] / both[:, 1:].std(axis=0)
    gram = crossproduct(unit, np.ones(len(y)))
    check_information(gram, list(made.names), float(len(y)), "within the effects")
    names = list(made.names) if effects else ["const", *made.names]
    fit = panel.by_library() if len(y) < ABSORBED_ROWS else panel.by_absorption(absorption, both)
    require_residual(fit.residual, y - y.mean(), outcome)
    index = pd.Index(names, name="term")
    n_clusters = None if panel.groups is None else int(panel.groups.max()) + 1
    return PanelResult(
        params=pd.Series(fit.params, index=index, name="estimate"),
        cov=pd.DataFrame(fit.cov, index=index, columns=index),
        nobs=len(y),
        n_entities=len(entities),
        n_times=len(times),
        effects=tuple(effects),
        n_clusters=n_clusters,
        rsquared_within=fit.rsquared_within,
        residual_df=float(fit.residual_df if n_clusters is None else n_clusters - 1),
        covariates=made,
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """Coefficients, covariance, residuals, and what a summary says of them."""

    params: Floats
    cov: Floats
    residual: Floats
    rsquared_within: float
    residual_df: float


@dataclass(frozen=True, slots=True)
class _Panel:
    """Arrays of a panel, and the two ways to fit it; a constant comes first without effects."""

    x: Floats
    y: Floats
    units: tuple[Integers, int]
    times: tuple[Integers, int]
    by_unit: bool
    by_time: bool
    groups: Integers | None

    @property
    def effects(self) -> list[tuple[Integers, int]]:
        """Codes and number of levels of each factor whose effects are taken out."""
        return [self.units] * self.by_unit + [self.times] * self.by_time

    def by_library(self) -> _Fit:
        """Fit by linearmodels."""
        require_extra("linearmodels", "regression", "panel regressions")
        from linearmodels.panel import PanelOLS

        place = pd.MultiIndex.from_arrays([self.units[0], self.times[0]])
        frame = pd.DataFrame(self.x, index=place).add_prefix("x")
        if not self.effects:
            frame.insert(0, "const", 1.0)
        model = PanelOLS(
            pd.Series(self.y, index=place, name="outcome"),
            frame,
            entity_effects=self.by_unit,
            time_effects=self.by_time,
        )
        options: dict[str, Any] = {"cov_type": "robust"}
        if self.groups is not None:
            grouped = pd.DataFrame({"cluster": self.groups}, index=place)
            options = {"cov_type": "clustered", "clusters": grouped, "group_debias": True}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = model.fit(debiased=True, **options)
        return _Fit(
            params=fit.params.to_numpy(),
            cov=fit.cov.to_numpy(),
            residual=np.asarray(fit.resids, dtype=np.float64),
            rsquared_within=float(fit.rsquared_within),
            residual_df=float(fit.df_resid),
        )

    def by_absorption(self, absorption: Absorption, both: Floats) -> _Fit:
        """Fit by least squares of what the effects leave of outcome and covariates, ``both``."""
        (n, p), k = self.x.shape, both.shape[1] - 1
        rest, own, scale = both[:, 0], both[:, 1:], both[:, 1:].std(axis=0)
        if not self.effects:
            rest, own, k = self.y, np.column_stack((np.ones(n), self.x)), k + 1
            scale = np.concatenate(([1.0], scale))
        unit = own / scale
        gram = crossproduct(unit, np.ones(n))
        params, residual = least_squares(unit, rest, gram)
        # All levels, less one of a second factor. Where units and times fall into unconnected
        # parts the rank is lower; linearmodels and Stata's xtreg count as if they did not.
        absorbed = sum(levels for _, levels in self.effects) - (len(self.effects) == 2)
        factor, counted, scores = 1.0, absorbed, unit * residual[:, None]
        if self.groups is not None:
            groups = int(self.groups.max()) + 1
            scores = sum_by_group(unit, self.groups, groups, residual)
            factor = groups / (groups - 1) * (n - 1) / n
            if absorption.nested_in(self.groups.astype(np.float64)):
                counted = 0
        require_rows(n, absorbed + k)
        bread = np.linalg.inv(gram)
        cov = bread @ crossproduct(scores, np.ones(len(scores))) @ bread
        cov *= factor * n / (n - counted - k) / np.outer(scale, scale)
        params /= scale
        columns = np.column_stack((self.y, self.x))
        within = Absorption.of_levels(["entity"], [self.units]).residual(columns)
        slopes = params[len(params) - p :]
        unexplained = within[:, 0] - product(np.ascontiguousarray(within[:, 1:]), slopes)
        return _Fit(
            params=params,
            cov=cov,
            residual=residual,
            rsquared_within=_share(within[:, 0], unexplained, self.y),
            residual_df=float(n - absorbed - k),
        )


def _require_one_row(data: pd.DataFrame, entity: str, time: str, place: Integers) -> None:
    """Raise where a unit has two rows at one time; ``place`` numbers units and times, (n,)."""
    order = np.argsort(place, kind="stable")
    repeated = np.flatnonzero(np.diff(place[order]) == 0)
    if repeated.size:
        at = int(order[repeated + 1].min())
        who, when = data[entity].iloc[at], data[time].iloc[at]
        raise EstimationError(f"{entity!r} {shown(who)} has two rows at {time!r} {shown(when)}")


def _share(whole: Floats, rest: Floats, outcome: Floats) -> float:
    """Return the share of the squares of a column that is explained, NaN where there are none."""
    total = dot(whole, whole)
    if total <= EXACT * max(dot(outcome, outcome), 1e-300):
        return float("nan")
    return 1 - dot(rest, rest) / total
