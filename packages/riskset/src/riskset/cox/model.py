"""Cox's proportional hazards model for ``(start, stop]`` rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.clustered import check_debias, sandwich
from riskset.columns import Names, WeightKind, as_frame, names_of
from riskset.cox.design import CoxDesign
from riskset.cox.residuals import cluster_scores
from riskset.cox.result import CoxResult
from riskset.cox.terms import Ties


def cox_ph(
    data: pd.DataFrame,
    covariates: Names,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    strata: Names | None = None,
    unit: Names | None = None,
    cluster: Names | None = None,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    offset: str | None = None,
    ties: Ties = "efron",
    group_debias: bool = False,
) -> CoxResult:
    """Fit Cox's proportional hazards model.

    Parameters
    ----------
    data : DataFrame
        One row per unit and interval ``(start, stop]``; a unit may have many.
    covariates : str or sequence of str
        Numeric or boolean columns, or a formula (``"x + C(region) + x:z + rcs(age, 4)"``, see
        `covariates_of`). May be empty: the null model, for its baseline hazard.
    start, stop : str
        Columns of the interval's ends, in one unit of time. A row is at risk of the events at
        ``start < t <= stop``. Without ``start``, or where it is minus infinity, rows are at risk
        from the beginning. Times within 1e-9 of the spread of all times are ties.
    event : str
        Column that is 1 where the row ends in the event.
    strata : str or sequence of str, optional
        Each combination of values gets a baseline hazard of its own.
    unit : str or sequence of str, optional
        Whose row it is. Nothing depends on it but a check: rows of one unit that overlap, such as
        repeated ones, are refused.
    cluster : str or sequence of str, optional
        Groups of dependent rows; standard errors are then those of Lin and Wei. Name it whenever a
        unit has several rows *and* may have several events, or when units share a country.
    weights : str, optional
        Column of weights, zero or more. Case weights without ``cluster`` give model errors, as if
        each weight were so many independent rows: with sampling or inverse-probability weights
        they are wrong, and ``cluster`` (the unit, at least) is needed. R's ``coxph`` switches to
        robust errors by itself; this function does not.
    weight_kind : {"case", "frequency"}
        A case weight (sampling, inverse probability) scales a row's contribution; a frequency
        weight of 2 means two equal rows, which under Efron's method tie with each other.
    offset : str, optional
        Column of a known part of the log hazard, its coefficient fixed at one. A fixed effect that
        is to be tested, times its covariate, is one way to invert a test.
    ties : {"efron", "breslow", "exact"}
        How tied events enter the likelihood. ``exact`` takes time as discrete, needs small risk
        sets, and gives coefficients with model errors only: no weights, clusters or residuals.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does. R does not, nor does this
        function unless asked.

    Returns
    -------
    CoxResult

    Raises
    ------
    EstimationError
        A value is missing; ``stop`` is not after ``start``; no event; a covariate is constant,
        collinear, or separates the events.

    Notes
    -----
    The hazard is ``λ(t | x) = λ₀(t) exp(x(t) β)``; β maximizes the partial likelihood [1]_ ::

        Π_events  exp(x_i β) / Σ_{j: start_j < t_i <= stop_j} w_j exp(x_j β)

    with Efron's correction for ties [2]_. The cluster covariance is that of [3]_.

    References
    ----------
    .. [1] Cox, D. R. (1972). Regression models and life-tables. JRSS B 34, 187–220.
       https://doi.org/10.1111/j.2517-6161.1972.tb00899.x
    .. [2] Efron, B. (1977). The efficiency of Cox's likelihood function for censored data.
       JASA 72, 557–565. https://doi.org/10.1080/01621459.1977.10480613
    .. [3] Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards
       model. JASA 84, 1074–1078. https://doi.org/10.1080/01621459.1989.10478874

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame(
    ...     {"months": [1, 1, 6, 6, 8, 9], "ended": [1, 0, 1, 1, 0, 1], "aid": [1, 1, 1, 0, 0, 0]}
    ... )
    >>> fit = cox_ph(spells, ["aid"], stop="months", event="ended", ties="breslow")
    >>> round(float(fit.params["aid"]), 6)
    1.475285
    """
    design = CoxDesign.from_frame(
        as_frame(data),
        covariates,
        start=start,
        stop=stop,
        event=event,
        strata=None if strata is None else names_of(strata),
        unit=unit,
        cluster=None if cluster is None else names_of(cluster),
        weights=weights,
        weight_kind=weight_kind,
        offset=offset,
        ties=ties,
    )
    return fit_design(design, group_debias=group_debias)


def fit_design(
    design: CoxDesign, *, beta: Floats | None = None, group_debias: bool = False
) -> CoxResult:
    """Fit a Cox model on a sample that is sorted already.

    Parameters
    ----------
    design : CoxDesign
    beta : ndarray, shape (p,), optional
        Where to begin: the estimate of a neighboring sample saves a step or two.
    group_debias : bool
        As in `cox_ph`.
    """
    check_debias(group_debias, design.cluster is not None)
    best = design.maximize(beta)
    null = best.begun if beta is None else design.evaluate(np.zeros(len(design.names)))
    units = np.outer(design.scale, design.scale)
    model = np.linalg.inv(best.fitted.information) / units
    cov = model
    if design.cluster is not None and design.n_clusters is not None:
        scores = cluster_scores(design, best.fitted)
        cov = sandwich(scores, model, group_debias=group_debias)
    score = 0.0
    if design.names:
        score = float(null.gradient @ np.linalg.solve(null.information, null.gradient))
    names = pd.Index(design.names, name="term")
    return CoxResult(
        params=pd.Series(best.beta / design.scale, index=names, name="estimate"),
        cov=pd.DataFrame(cov, index=names, columns=names),
        model_cov=pd.DataFrame(model, index=names, columns=names),
        loglik=(null.loglik, best.fitted.loglik),
        score_test=score,
        steps=best.steps,
        design=design,
        fitted=best.fitted,
    )
