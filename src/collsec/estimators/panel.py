"""Linear regression on a panel with effects of units and of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.estimators.absorption import Absorption, check_absorbed
from collsec.estimators.coefficients import Coefficients
from collsec.estimators.columns import codes, matrix, numbers, require_columns
from collsec.estimators.errors import EstimationError, shown
from collsec.estimators.identification import check_information
from collsec.estimators.least_squares import joint_least_squares, small_sample


@dataclass(frozen=True, slots=True, repr=False)
class PanelResult(Coefficients):
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
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    nobs: int
    n_entities: int
    n_times: int
    effects: tuple[str, ...]
    n_clusters: int | None
    rsquared_within: float
    residual_df: float

    @property
    def df_resid(self) -> float | None:
        """Clusters less one, or rows less parameters where none were named."""
        return self.residual_df

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
    covariates: Sequence[str],
    *,
    outcome: str,
    entity: str,
    time: str,
    entity_effects: bool = True,
    time_effects: bool = True,
    cluster: str | Sequence[str] | None = None,
) -> PanelResult:
    """Fit a linear regression with effects of units and of times.

    Parameters
    ----------
    data : DataFrame
        One row per unit and time; the panel may be unbalanced.
    covariates : sequence of str
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
    Least squares on what the effects leave, taken out exactly. The cluster covariance carries
    ``G/(G − 1) · (n − 1)/(n − k)``, effects counted in k unless they are those of one factor nested
    in the clusters, as in linearmodels' ``PanelOLS`` with ``group_debias=True``. Intervals are of
    Student's t with G − 1 degrees of freedom [1]_.

    References
    ----------
    .. [1] Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust
       inference. Journal of Human Resources 50, 317–372. https://doi.org/10.3368/jhr.50.2.317
    """
    require_columns(data, [entity, time])
    x, y = matrix(data, list(covariates)), numbers(data, outcome)
    if data.duplicated([entity, time]).any():
        at = int(np.flatnonzero(data.duplicated([entity, time]).to_numpy())[0])
        who, when = data[entity].iloc[at], data[time].iloc[at]
        raise EstimationError(f"{entity!r} {shown(who)} has two rows at {time!r} {shown(when)}")
    effects = [entity] * entity_effects + [time] * time_effects
    absorption = Absorption.from_frame(data, effects)
    given = np.column_stack((y, x))
    left = absorption.residual(given)
    check_absorbed(x, left[:, 1:], covariates, effects)
    unit = left[:, 1:] / left[:, 1:].std(axis=0)
    check_information(unit.T @ unit, list(covariates), float(len(y)), "within the effects")
    names = list(covariates)
    groups, n_clusters = None, None
    if cluster is not None:
        found, labels = codes(data, cluster if isinstance(cluster, str) else list(cluster))
        groups, n_clusters = found, len(labels)
        if n_clusters < 2:
            raise EstimationError(f"cluster {cluster!r} holds one group; its errors need two")
    regressors = left[:, 1:]
    if not effects:
        names, left = ["const", *names], given
        regressors = np.column_stack((np.ones(len(y)), x))
    nested = groups is not None and absorption.nested_in(groups)
    counted = absorption.effects if effects and not nested else 0
    coefficients, cov = joint_least_squares(regressors, left[:, :1], groups, n_clusters)
    cov *= small_sample(len(y), len(names) + counted, n_clusters)
    entities = Absorption.from_frame(data, [entity]).residual(given)
    beta = coefficients[len(names) - x.shape[1] :, 0]
    away = entities[:, 0] - entities[:, 1:] @ beta
    index = pd.Index(names, name="term")
    used = len(names) + (absorption.effects if effects else 0)
    return PanelResult(
        params=pd.Series(coefficients[:, 0], index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        nobs=len(y),
        n_entities=data[entity].nunique(),
        n_times=data[time].nunique(),
        effects=tuple(effects),
        n_clusters=n_clusters,
        rsquared_within=float(1 - (away @ away) / (entities[:, 0] @ entities[:, 0])),
        residual_df=float(len(y) - used if n_clusters is None else n_clusters - 1),
    )
