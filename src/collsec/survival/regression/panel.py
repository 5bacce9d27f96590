"""Linear regression on a panel with effects of units and of times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats, Integers, crossproduct, dot, product, sum_by_group
from collsec.survival.columns import Names, as_frame, clusters, codes, numbers, require_columns
from collsec.survival.covariates import matrix
from collsec.survival.errors import EstimationError, shown
from collsec.survival.formulas import Covariates, covariates_of
from collsec.survival.maximum_likelihood import check_information
from collsec.survival.regression.absorption import (
    EXACT,
    Absorption,
    check_absorbed,
    require_residual,
    require_rows,
)
from collsec.survival.regression.linear import LinearResult, least_squares


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
    The effects are taken out of outcome and covariates at once, exactly, and what remains is
    regressed by least squares. Errors are those of linearmodels' ``PanelOLS`` with
    ``group_debias=True``: the cluster covariance carries ``G/(G − 1) · (n − 1)/(n − k)``, effects
    counted in k unless they are those of one factor nested in the clusters. Intervals are of
    Student's t with G − 1 degrees of freedom [1]_.

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
    coded = {entity: (units, len(entities)), time: (moments, len(times))}
    effects = [entity] * entity_effects + [time] * time_effects
    absorption = Absorption.of_levels(effects, [coded[name] for name in effects])
    n, p = x.shape
    require_rows(n, p + absorption.effects)
    both = absorption.residual(np.column_stack((y, x)))
    rest, own = both[:, 0], both[:, 1:]
    check_absorbed(x, own, made.names, effects)
    names, scale = list(made.names), own.std(axis=0)
    unit = own / scale
    gram = crossproduct(unit, np.ones(n))
    check_information(gram, names, float(n), "within the effects")
    if not effects:
        names, scale = ["const", *names], np.concatenate(([1.0], scale))
        rest, unit = y, np.column_stack((np.ones(n), x)) / scale
        gram = crossproduct(unit, np.ones(n))
    params, residual = least_squares(unit, rest, gram)
    require_residual(residual, y - y.mean(), outcome)
    groups, absorbed = None, _counted(effects, coded)
    factor, counted, scores = 1.0, absorbed, unit * residual[:, None]
    if cluster is not None:
        found, labels = clusters(data, cluster)
        groups = len(labels)
        scores = sum_by_group(unit, found, groups, residual)
        factor = groups / (groups - 1) * (n - 1) / n
        if absorption.nested_in(found.astype(np.float64)):
            counted = 0
    require_rows(n, absorbed + len(names))
    left = n - counted - len(names)
    bread = np.linalg.inv(gram)
    cov = bread @ crossproduct(scores, np.ones(len(scores))) @ bread
    cov *= factor * n / left / np.outer(scale, scale)
    params /= scale
    slopes = params[len(params) - p :]
    within = Absorption.of_levels([entity], [coded[entity]]).residual(np.column_stack((y, x)))
    unexplained = within[:, 0] - product(np.ascontiguousarray(within[:, 1:]), slopes)
    index = pd.Index(names, name="term")
    return PanelResult(
        params=pd.Series(params, index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        nobs=n,
        n_entities=len(entities),
        n_times=len(times),
        effects=tuple(effects),
        n_clusters=groups,
        rsquared_within=_share(within[:, 0], unexplained, y),
        residual_df=float(n - absorbed - len(names) if groups is None else groups - 1),
        covariates=made,
    )


def _require_one_row(data: pd.DataFrame, entity: str, time: str, place: Integers) -> None:
    """Raise where a unit has two rows at one time; ``place`` numbers units and times, (n,)."""
    order = np.argsort(place, kind="stable")
    repeated = np.flatnonzero(np.diff(place[order]) == 0)
    if repeated.size:
        at = int(order[repeated + 1].min())
        who, when = data[entity].iloc[at], data[time].iloc[at]
        raise EstimationError(f"{entity!r} {shown(who)} has two rows at {time!r} {shown(when)}")


def _counted(effects: Sequence[str], coded: Mapping[str, tuple[Integers, int]]) -> int:
    """Return the degrees of freedom of effects: all levels, less one of a second factor.

    Where units and times fall into unconnected parts the rank is lower; linearmodels, Stata's
    ``xtreg`` and this function count as if they did not.
    """
    return sum(coded[name][1] for name in effects) - (len(effects) == 2)


def _share(whole: Floats, rest: Floats, outcome: Floats) -> float:
    """Return the share of the squares of a column that is explained, NaN where there are none."""
    total = dot(whole, whole)
    if total <= EXACT * max(dot(outcome, outcome), 1e-300):
        return float("nan")
    return 1 - dot(rest, rest) / total
