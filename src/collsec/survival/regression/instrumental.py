"""Two-stage least squares with absorbed effects, clustered errors and weak-instrument checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.survival.arrays import Floats, Integers, sum_by_group
from collsec.survival.columns import Names, as_frame, clusters, names_of, numbers
from collsec.survival.covariates import matrix
from collsec.survival.errors import EstimationError
from collsec.survival.maximum_likelihood import check_information, quadratic_form
from collsec.survival.regression.absorption import Absorption, check_absorbed
from collsec.survival.regression.weak_instruments import AndersonRubin
from collsec.survival.results import Coefficients

#: Share of the endogenous column's variance below which a first stage is rounding.
IRRELEVANT = 1e-20


@dataclass(frozen=True, slots=True, repr=False)
class LinearEquation(Coefficients):
    """One least-squares equation: a reduced form or a first stage.

    Attributes
    ----------
    params : Series
    cov : DataFrame
    residual_df : float
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    residual_df: float

    @property
    def df_resid(self) -> float | None:
        """Clusters less one, or rows less parameters where none were named."""
        return self.residual_df


@dataclass(frozen=True, slots=True, repr=False)
class IVResult(Coefficients):
    """A fitted instrumental-variables regression.

    Attributes
    ----------
    params : Series, shape (p,)
        The endogenous column first, then the exogenous ones.
    cov : DataFrame, shape (p, p)
    reduced_form, first_stage : LinearEquation
        Outcome and endogenous column on instruments and exogenous columns.
    kleibergen_paap : float
        The F statistic of the excluded instruments in the first stage, with the covariance of the
        model (clustered where clusters were named): the Kleibergen–Paap rk F for one endogenous
        column.
    anderson_rubin : AndersonRubin
        Test and confidence set that weak instruments do not distort.
    nobs : int
    n_clusters : int or None
    effects : int
        Degrees of freedom of what was absorbed, the mean included.
    absorbed : tuple of str
    residual_df : float
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    reduced_form: LinearEquation
    first_stage: LinearEquation
    kleibergen_paap: float
    anderson_rubin: AndersonRubin
    nobs: int
    n_clusters: int | None
    effects: int
    absorbed: tuple[str, ...]
    residual_df: float

    @property
    def df_resid(self) -> float | None:
        """Clusters less one, or rows less parameters where none were named."""
        return self.residual_df

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "heteroskedastic" if self.n_clusters is None else "clustered"
        region = self.anderson_rubin.confidence_set()
        shown = " ∪ ".join(f"[{low:.4g}, {high:.4g}]" for low, high in region) or "empty"
        return [
            ("model", "two-stage least squares"),
            ("absorbed", " and ".join(self.absorbed) or "the mean"),
            ("rows", self.nobs),
            ("standard errors", f"{errors} ({self.n_clusters or self.nobs} groups)"),
            ("Kleibergen–Paap F", f"{self.kleibergen_paap:.4g}"),
            ("Anderson–Rubin 95 % set", shown),
        ]


def iv_2sls(
    data: pd.DataFrame,
    *,
    outcome: str,
    endogenous: Names,
    instruments: Names,
    exogenous: Names = (),
    absorb: Names = (),
    cluster: Names | None = None,
) -> IVResult:
    """Fit a linear regression of one endogenous column by two-stage least squares.

    Parameters
    ----------
    data : DataFrame
    outcome : str
        Numeric column.
    endogenous : str
        Numeric column. A list may name it, but no second one.
    instruments : str or sequence of str
        Excluded instruments, one or more.
    exogenous : str or sequence of str
        Further covariates, their own instruments.
    absorb : str or sequence of str
        Up to two factors whose effects are taken out (country and month); the mean otherwise.
    cluster : str or sequence of str, optional
        Groups of dependent rows. Without it errors allow for heteroskedasticity only.

    Returns
    -------
    IVResult

    Raises
    ------
    EstimationError
        No instrument, or none that moves the endogenous column; a column does not vary within the
        effects; columns are collinear; values are missing.

    Notes
    -----
    Estimates are those of linearmodels' ``IV2SLS`` on what the effects leave. The covariance
    carries ``G/(G − 1) · (n − 1)/(n − k)``, k counting the absorbed effects unless they are those
    of one factor nested in the clusters. Report the reduced form first: it needs no exclusion
    restriction. Below an F of about 10 (for one instrument and 5 % size: 104.7 [1]_) rely on the
    Anderson–Rubin set.

    References
    ----------
    .. [1] Lee, D. S., McCrary, J., Moreira, M. J., & Porter, J. (2022). Valid t-ratio inference for
       IV. American Economic Review 112, 3260–3290. https://doi.org/10.1257/aer.20211063
    """
    from linearmodels.iv import IV2SLS

    data = as_frame(data)
    instruments, exogenous, absorb = names_of(instruments), names_of(exogenous), names_of(absorb)
    treated = names_of(endogenous)
    if len(treated) != 1:
        raise EstimationError(
            f"one endogenous column is estimated, not {len(treated)}; make the others exogenous, "
            "or fit one model each"
        )
    endogenous = treated[0]
    if not instruments:
        raise EstimationError(f"no instrument for {endogenous!r}")
    columns = [outcome, endogenous, *instruments, *exogenous]
    given = np.column_stack(
        [numbers(data, outcome), matrix(data, [endogenous, *instruments, *exogenous])]
    )
    absorption = Absorption.from_frame(data, absorb)
    remaining = absorption.residual(given)
    check_absorbed(given, remaining, columns, absorb)
    y, d = remaining[:, 0], remaining[:, 1]
    z = remaining[:, 2:]
    unit = z / z.std(axis=0)
    within = "within the effects" if absorb else "in the data"
    check_information(unit.T @ unit, columns[2:], float(len(y)), within)
    _check_relevance(d, z, len(instruments), endogenous, instruments)
    groups, n_clusters = None, None
    if cluster is not None:
        found, labels = clusters(data, cluster)
        groups, n_clusters = found, len(labels)
    nested = groups is not None and absorption.nested_in(groups.astype(np.float64))
    counted = 0 if nested else absorption.effects
    q, p = len(instruments), len(exogenous)
    names = [endogenous, *exogenous]
    frame = pd.DataFrame(remaining, columns=pd.Index(columns))
    covered = (
        {"cov_type": "robust"} if groups is None else {"cov_type": "clustered", "clusters": groups}
    )
    fit = IV2SLS(
        frame[outcome],
        frame[list(exogenous)] if p else None,
        frame[[endogenous]],
        frame[list(instruments)],
    ).fit(debiased=False, **covered)
    inflation = _small_sample(len(y), 1 + p + counted, n_clusters)
    df = float(len(y) - 1 - p - absorption.effects if n_clusters is None else n_clusters - 1)
    both, cov = _joint_least_squares(z, np.column_stack((y, d)), groups, n_clusters)
    cov *= _small_sample(len(y), q + p + counted, n_clusters)
    width = q + p
    pick = np.concatenate((np.arange(q), width + np.arange(q)))
    first = both[:q, 1]
    first_cov = cov[width : width + q, width : width + q]
    few = (
        f"the covariance of the {q} instruments is singular: {n_clusters or len(y)} "
        f"{'rows' if groups is None else 'clusters'} do not tell their effects apart"
    )
    index = pd.Index(names, name="term")
    order = [endogenous, *exogenous]
    stages = [
        LinearEquation(
            params=pd.Series(both[:, j], index=pd.Index(columns[2:], name="term")),
            cov=pd.DataFrame(
                cov[j * width : (j + 1) * width, j * width : (j + 1) * width],
                index=columns[2:],
                columns=columns[2:],
            ),
            residual_df=df,
        )
        for j in (0, 1)
    ]
    return IVResult(
        params=pd.Series(fit.params[order].to_numpy(), index=index, name="estimate"),
        cov=pd.DataFrame(
            fit.cov.loc[order, order].to_numpy() * inflation, index=index, columns=index
        ),
        reduced_form=stages[0],
        first_stage=stages[1],
        kleibergen_paap=quadratic_form(first, first_cov, few) / q,
        anderson_rubin=AndersonRubin(both[:q, 0], first, cov[np.ix_(pick, pick)], df),
        nobs=len(y),
        n_clusters=n_clusters,
        effects=absorption.effects,
        absorbed=tuple(absorb),
        residual_df=df,
    )


def _check_relevance(
    d: Floats, z: Floats, q: int, endogenous: str, instruments: Sequence[str]
) -> None:
    """Raise where the first q columns, given the others, move the endogenous column not at all."""
    both = np.column_stack((d, z[:, :q]))
    if z.shape[1] > q:
        both = both - z[:, q:] @ np.linalg.lstsq(z[:, q:], both, rcond=None)[0]
    remaining, own = both[:, 0], both[:, 1:]
    moved = own @ np.linalg.lstsq(own, remaining, rcond=None)[0]
    if moved @ moved <= IRRELEVANT * (remaining @ remaining):
        raise EstimationError(
            f"{', '.join(map(str, instruments))} and {endogenous!r} are uncorrelated to the last "
            "digit: without a first stage nothing is identified; find an instrument that moves it"
        )


def _small_sample(n: int, parameters: int, groups: int | None) -> float:
    """Return the factor of a covariance for few rows and few clusters."""
    if n <= parameters:
        raise EstimationError(f"{n} rows are too few for {parameters} parameters")
    if groups is None:
        return n / (n - parameters)
    return groups / (groups - 1) * (n - 1) / (n - parameters)


def _joint_least_squares(
    z: Floats, outcomes: Floats, groups: Integers | None, n_groups: int | None
) -> tuple[Floats, Floats]:
    """Regress two outcomes on the same columns.

    Returns
    -------
    coefficients : ndarray, shape (k, 2)
    cov : ndarray, shape (2k, 2k)
        Sandwich of the stacked coefficients, no small-sample factor.
    """
    bread = np.linalg.inv(z.T @ z)
    coefficients = bread @ (z.T @ outcomes)
    residuals = outcomes - z @ coefficients
    influence = np.hstack([(z * residuals[:, [j]]) @ bread for j in (0, 1)])
    if groups is not None and n_groups is not None:
        influence = sum_by_group(influence, groups, n_groups)
    return coefficients, influence.T @ influence
