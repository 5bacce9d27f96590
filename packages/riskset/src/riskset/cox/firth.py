"""Firth's penalized Cox model: finite even where no event, or every event, falls on one group."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Floats
from riskset.columns import Names, as_frame, names_of
from riskset.cox.design import CoxDesign
from riskset.errors import EstimationError, check_level
from riskset.maximum_likelihood import check_information

#: Log hazard ratios (per standard deviation) beyond which a limit counts as infinite.
FARTHEST = 30.0


@dataclass(frozen=True, slots=True)
class FirthResult:
    """The first covariate's log hazard ratio under Firth's penalty.

    Attributes
    ----------
    estimate : float
    ci_low, ci_high : float
        Profile limits of the penalized likelihood; infinite where it never falls that far.
    p_value : float
        Two-sided, by the penalized likelihood ratio.
    params : Series
        All log hazard ratios.
    """

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    params: pd.Series[float]


def firth_cox(
    data: pd.DataFrame,
    covariates: Names,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    strata: Names | None = None,
    unit: Names | None = None,
    level: float = 0.95,
) -> FirthResult:
    """Fit a Cox model whose partial likelihood carries Jeffreys' penalty.

    Parameters
    ----------
    data : DataFrame
        One row per spell at risk.
    covariates : str or sequence of str
        The first is the one in question.
    start, stop, event, strata, unit
        As in `cox_ph`; ties by Efron's method.
    level : float
        Confidence level of the profile limits.

    Returns
    -------
    FirthResult

    Raises
    ------
    EstimationError
        There is no covariate; one does not vary within the risk sets, or is collinear; as in
        `cox_ph`.

    Notes
    -----
    The penalized log-likelihood is ``l(β) + ½ log |I(β)|`` [1]_. It has a finite maximum under
    separation, when no event or every event falls on one group, where the ordinary estimate is
    infinite [2]_. Limits and p-value come from its profile, which keeps the whole information.
    Errors are those of independent events: there is no cluster-robust form.

    References
    ----------
    .. [1] Firth, D. (1993). Bias reduction of maximum likelihood estimates. Biometrika 80, 27–38.
       https://doi.org/10.1093/biomet/80.1.27
    .. [2] Heinze, G., & Schemper, M. (2001). A solution to the problem of monotone likelihood in
       Cox regression. Biometrics 57, 114–119. https://doi.org/10.1111/j.0006-341X.2001.00114.x
    """
    check_level(level)
    if not names_of(covariates):
        raise EstimationError("no covariate: name the one whose effect is in question first")
    design = CoxDesign.from_frame(
        as_frame(data), covariates, start=start, stop=stop, event=event, strata=strata, unit=unit
    )
    center = np.zeros(len(design.names))
    events = float(design.slots.weight.sum())
    check_information(design.evaluate(center).information, design.names, events)
    best = _maximum(design, center, fixed=None)
    top = _penalized(design, best)
    drop = float(scipy.stats.chi2.ppf(level, 1)) / 2

    def short_of(value: float) -> float:
        held = best.copy()
        held[0] = value
        return top - _penalized(design, _maximum(design, held, fixed=value)) - drop

    limits = [_limit(short_of, float(best[0]), side) for side in (-1.0, 1.0)]
    null = best.copy()
    null[0] = 0.0
    ratio = 2 * (top - _penalized(design, _maximum(design, null, fixed=0.0)))
    scale = float(design.scale[0])
    return FirthResult(
        estimate=float(best[0]) / scale,
        ci_low=limits[0] / scale,
        ci_high=limits[1] / scale,
        p_value=float(scipy.stats.chi2.sf(max(ratio, 0.0), 1)),
        params=pd.Series(best / design.scale, index=list(design.names)),
    )


def _penalized(design: CoxDesign, beta: Floats) -> float:
    """Return ``l + ½ log |I|``, minus infinity where the information vanishes."""
    at = design.evaluate(beta)
    sign, logdet = np.linalg.slogdet(at.information)
    if sign <= 0 or not math.isfinite(at.loglik):
        return -math.inf
    return float(at.loglik + logdet / 2)


def _maximum(design: CoxDesign, begin: Floats, fixed: float | None) -> Floats:
    """Return where the penalized likelihood is largest, the first coefficient fixed or free."""
    free = np.arange(len(begin)) >= (0 if fixed is None else 1)
    if not free.any():
        return begin

    def loss(values: Floats) -> float:
        beta = begin.copy()
        beta[free] = values
        value = _penalized(design, beta)
        return -value if math.isfinite(value) else 1e10

    found = scipy.optimize.minimize(
        loss,
        begin[free],
        method="Nelder-Mead",
        options={
            "xatol": 1e-9,
            "fatol": 1e-11,
            "maxiter": 4000 * len(begin),
            "maxfev": 8000 * len(begin),
        },
    )
    out = begin.copy()
    out[free] = found.x
    return out


def _limit(short_of: Callable[[float], float], best: float, side: float) -> float:
    """Return the limit on one side of the estimate: where the profile has fallen far enough."""
    step = 0.5
    while short_of(best + side * step) < 0:
        step *= 2
        if step > FARTHEST:
            return side * math.inf
    low, high = sorted((best, best + side * step))
    return float(scipy.optimize.brentq(short_of, low, high, xtol=1e-9))
