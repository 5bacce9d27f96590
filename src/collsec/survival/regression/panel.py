"""Linear regression on a panel with effects of units and of times."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats
from collsec.survival.columns import Names, as_frame, clusters, codes, numbers, require_columns
from collsec.survival.covariates import matrix
from collsec.survival.errors import EstimationError, shown
from collsec.survival.formulas import Covariates, covariates_of
from collsec.survival.maximum_likelihood import check_information
from collsec.survival.regression.absorption import (
    Absorption,
    check_absorbed,
    require_residual,
    require_rows,
)
from collsec.survival.regression.linear import LinearResult


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
    linearmodels' ``PanelOLS`` with ``group_debias=True``: the cluster covariance carries
    ``G/(G − 1) · (n − 1)/(n − k)``, effects counted in k unless they are those of one factor nested
    in the clusters. Intervals are of Student's t with G − 1 degrees of freedom [1]_.

    References
    ----------
    .. [1] Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust
       inference. Journal of Human Resources 50, 317–372. https://doi.org/10.3368/jhr.50.2.317
    """
    from linearmodels.panel import PanelOLS

    data, made = covariates_of(as_frame(data), covariates)
    covariates = list(made.names)
    require_columns(data, [entity, time])
    x, y = matrix(data, covariates), numbers(data, outcome)
    twice = data.duplicated([entity, time]).to_numpy()
    if twice.any():
        at = int(np.flatnonzero(twice)[0])
        who, when = data[entity].iloc[at], data[time].iloc[at]
        raise EstimationError(f"{entity!r} {shown(who)} has two rows at {time!r} {shown(when)}")
    effects = [entity] * entity_effects + [time] * time_effects
    absorption = Absorption.from_frame(data, effects)
    require_rows(len(y), x.shape[1] + absorption.effects)
    remaining = absorption.residual(x)
    check_absorbed(x, remaining, covariates, effects)
    unit = remaining / remaining.std(axis=0)
    check_information(unit.T @ unit, covariates, float(len(y)), "within the effects")
    place = pd.MultiIndex.from_arrays([codes(data, entity)[0], codes(data, time)[0]])
    frame = pd.DataFrame(x, index=place, columns=pd.Index(covariates))
    if not effects:
        frame.insert(0, "const", 1.0)
    model = PanelOLS(
        pd.Series(y, index=place, name="outcome"),
        frame,
        entity_effects=entity_effects,
        time_effects=time_effects,
    )
    options: dict[str, Any] = {"cov_type": "robust"}
    groups = None
    if cluster is not None:
        found, labels = clusters(data, cluster)
        groups = len(labels)
        grouped = pd.DataFrame({"cluster": found}, index=place)
        options = {"cov_type": "clustered", "clusters": grouped, "group_debias": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(debiased=True, **options)
    require_residual(np.asarray(fit.resids, dtype=np.float64), y - y.mean(), outcome)
    index = pd.Index(fit.params.index, name="term")
    return PanelResult(
        params=pd.Series(fit.params.to_numpy(), index=index, name="estimate"),
        cov=pd.DataFrame(fit.cov.to_numpy(), index=index, columns=index),
        nobs=len(y),
        n_entities=data[entity].nunique(),
        n_times=data[time].nunique(),
        effects=tuple(effects),
        n_clusters=groups,
        rsquared_within=float(fit.rsquared_within),
        residual_df=float(fit.df_resid if groups is None else groups - 1),
        covariates=made,
    )
