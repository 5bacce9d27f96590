"""Regressions of pseudo-values: effects on survival itself."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from riskset.arrays import Floats, sum_by_group
from riskset.clustered import sandwich
from riskset.columns import Names, as_frame, clusters
from riskset.covariates import matrix, require_free
from riskset.errors import EstimationError
from riskset.formulas import Covariates, covariates_of
from riskset.maximum_likelihood import COLLINEAR
from riskset.nonparametric.pseudo_values import What, pseudo_values
from riskset.results import Coefficients

Link = Literal["identity", "log", "logit", "cloglog"]
#: Gauss–Newton steps, of which five or six are needed.
MOST_STEPS = 50


def pseudo_regression(
    data: pd.DataFrame,
    covariates: Names,
    *,
    stop: str,
    event: str,
    times: object,
    what: What = "survival",
    cause: Hashable = 1,
    censored: Hashable = 0,
    link: Link = "identity",
    cluster: Names | None = None,
    group_debias: bool = False,
) -> PseudoRegression:
    """Regress survival at given times, incidence, or the restricted mean on covariates.

    Parameters
    ----------
    data, stop, event, times, what, cause, censored
        As in `pseudo_values`. Several times share the coefficients, each with its own intercept.
    covariates : str or sequence of str
        Numeric columns, or a formula.
    link : {"identity", "log", "logit", "cloglog"}
        ``identity``: differences of survival (risk differences, or months). ``cloglog``, log(−log)
        of one minus the value: for survival the coefficients of a proportional hazards model with
        their sign reversed, for incidence those of Fine and Gray.
    cluster : str or sequence of str, optional
        Groups of dependent units; each unit by default.
    group_debias : bool
        Multiply the covariance by G/(G − 1).

    Returns
    -------
    PseudoRegression

    Notes
    -----
    Solves ``Σ_i (∂μ_i/∂β)' (θ_i − μ_i) = 0`` with working independence; the covariance is the
    sandwich over clusters, as R's ``geepack::geese`` has it.
    """
    data = as_frame(data)
    values = pseudo_values(
        data, stop=stop, event=event, times=times, what=what, cause=cause, censored=censored
    )
    if link not in ("identity", "log", "logit", "cloglog"):
        raise EstimationError(f"link must be identity, log, logit or cloglog, not {link!r}")
    data, made = covariates_of(data, covariates)
    number = values.shape[1]
    x = np.repeat(matrix(data, made.names), number, axis=0)
    place = np.tile(np.arange(number), len(data))
    design = np.column_stack((np.eye(number)[place], x))
    intercepts = ["const"] if number == 1 else _intercepts(values.columns.to_numpy())
    require_free(made.names, intercepts)
    names = [*intercepts, *map(str, made.names)]
    y = values.to_numpy().ravel()
    groups, labels = (
        (np.arange(len(data)), data.index) if cluster is None else clusters(data, cluster)
    )
    beta, slope, away = _solve(design, y, link, names)
    bread = np.asarray(np.linalg.inv(slope.T @ slope), dtype=np.float64)
    sums = sum_by_group(slope * away[:, None], np.repeat(groups, number), len(labels))
    cov = sandwich(sums, bread, group_debias=group_debias)
    index = pd.Index(names, name="term")
    return PseudoRegression(
        params=pd.Series(beta, index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        values=values,
        what=what,
        link=link,
        covariates=made,
        n_clusters=len(labels),
    )


@dataclass(frozen=True, slots=True, repr=False)
class PseudoRegression(Coefficients):
    """A regression of pseudo-values.

    Attributes
    ----------
    params : Series, shape (q,)
    cov : DataFrame, shape (q, q)
    values : DataFrame
        The pseudo-values.
    what, link : str
    covariates : Covariates
    n_clusters : int
        Clusters; units where none were named.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    values: pd.DataFrame
    what: str
    link: str
    covariates: Covariates
    n_clusters: int

    @property
    def nobs(self) -> int:
        """Units."""
        return len(self.values)

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", f"pseudo-values of {self.what}, {self.link} link"),
            ("times", ", ".join(f"{time:g}" for time in self.values.columns)),
            ("units", self.nobs),
            ("standard errors", f"clustered ({self.n_clusters} clusters)"),
        ]


def _intercepts(times: Floats) -> list[str]:
    """Name the intercept of each time.

    Raises
    ------
    EstimationError
        A time is named twice.
    """
    if (twice := times[np.isin(times, times[pd.Index(times).duplicated()])]).size:
        raise EstimationError(f"times holds {twice[0]:g} twice; name each time once")
    short = [f"{time:g}" for time in times]
    digits = short if len({*short}) == len(short) else [repr(float(time)) for time in times]
    return [f"const at {time}" for time in digits]


def _mean(eta: Floats, link: Link) -> tuple[Floats, Floats]:
    """Return the mean at linear predictors and its derivative."""
    if link == "identity":
        return eta, np.ones_like(eta)
    if link == "log":
        return np.exp(eta), np.exp(eta)
    if link == "logit":
        mean = np.asarray(special.expit(eta))
        return mean, mean * (1 - mean)
    rate = np.exp(eta)
    return -np.expm1(-rate), rate * np.exp(-rate)


@np.errstate(over="ignore", invalid="ignore")
def _solve(
    design: Floats, y: Floats, link: Link, names: list[str]
) -> tuple[Floats, Floats, Floats]:
    """Solve the estimating equations; return coefficients, slopes (n, q), and residuals (n,)."""
    root = np.linalg.qr(design / np.maximum(np.abs(design).max(axis=0), 1e-300), mode="r")
    diagonal = np.abs(np.diag(root))
    if (bad := np.flatnonzero(diagonal**2 < COLLINEAR * len(design))).size:
        raise EstimationError(
            f"covariate {names[int(bad[0])]!r} is constant or collinear with those before it"
        )
    middle = float(np.clip(y.mean(), 0.02, None if link in ("identity", "log") else 0.98))
    first = {"identity": middle, "log": np.log(middle), "logit": special.logit(middle)}
    level = first.get(link, np.log(-np.log1p(-min(middle, 0.98))))
    beta = np.linalg.lstsq(design, np.full(len(y), level), rcond=None)[0]
    for _ in range(MOST_STEPS):
        mean, factor = _mean(design @ beta, link)
        slope = design * factor[:, None]
        try:
            step = np.linalg.solve(slope.T @ slope, slope.T @ (y - mean))
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all():
            break
        most = float(np.abs(design @ step).max())
        beta = beta + step * min(1.0, 2.0 / max(most, 1e-300))
        if most < 1e-10 * max(1.0, float(np.abs(design @ beta).max())):
            mean, factor = _mean(design @ beta, link)
            return beta, design * factor[:, None], y - mean
    raise EstimationError(
        f"the equations have no solution with link={link!r}: some group has (nearly) all or "
        "none of the events by then; use link='identity', or other times"
    )
