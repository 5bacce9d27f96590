"""Accelerated failure time models with left truncation and clustered errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.clustered import Errors, check_debias
from riskset.columns import Names, as_frame, case_weights, indicator
from riskset.covariates import require_free
from riskset.errors import EstimationError
from riskset.maximum_likelihood import maximize
from riskset.parametric.aft_likelihood import DISTRIBUTIONS, AftLikelihood, Distribution
from riskset.parametric.aft_result import LOG_SCALE, AftResult
from riskset.regression.fitting import RegressionDesign
from riskset.times import (
    require_last_events,
    require_no_overlap,
    require_positive_times,
    survival_times,
)


def aft(
    data: pd.DataFrame,
    covariates: Names,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    distribution: Distribution = "exponential",
    cluster: Names | None = None,
    unit: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> AftResult:
    """Fit an accelerated failure time model.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``.
    covariates : str or sequence of str
        Numeric columns; an intercept is added.
    start, stop : str
        Columns of the interval's ends. Rows count from ``start`` on: left truncation. A unit may
        have several rows; the hazard then follows the covariates of the moment.
    event : str
        Column that is 1 where the row ends in the event.
    distribution : {"exponential", "weibull", "lognormal", "loglogistic"}
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
    AftResult
        Coefficients of log time: positive means longer. Except for the exponential the last
        parameter is the logarithm of the scale σ (the Weibull shape is 1/σ).

    Raises
    ------
    EstimationError
        ``stop`` is zero or less, ``start`` is negative; no event; values are missing; covariates
        are collinear or constant.

    Notes
    -----
    ``log T = xβ + σ W``; each row contributes
    ``δ log f(stop) + (1 − δ) log S(stop) − log S(start)`` with densities of time, not of log time
    (Stata's log-likelihood adds the sum of log t over the events: ``loglik_of_log_time``). In
    ``γ = β/σ, θ = 1/σ`` the log-likelihood without truncation is concave [1]_; Newton's method
    runs there.

    References
    ----------
    .. [1] Burridge, J. (1981). A note on maximum likelihood estimation for regression models using
       grouped data. JRSS B 43, 41–45. https://doi.org/10.1111/j.2517-6161.1981.tb01146.x

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [3.0, 5, 5, 8, 12], "ended": [1, 1, 0, 1, 0]})
    >>> fit = aft(wars, [], stop="months", event="ended")
    >>> round(float(np.exp(fit.params["const"])), 4)  # months per event: 33 / 3
    11.0
    """
    data = as_frame(data)
    if distribution not in DISTRIBUTIONS:
        raise EstimationError(
            f"distribution must be one of {', '.join(DISTRIBUTIONS)}, not {distribution!r}"
        )
    check_debias(group_debias, cluster is not None)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    begins, ends = spells.start, spells.stop
    require_positive_times(data, start, stop, spells)
    happened = indicator(data, event)
    require_last_events(data, unit, spells, happened)
    given = case_weights(data, weights)
    if not happened[slice(None) if given is None else given > 0].any():
        counted = "all" if given is None else "all rows that carry weight, of"
        raise EstimationError(f"no event: column {event!r} is 0 in {counted} {len(data)} rows")
    design = RegressionDesign.from_frame(data, covariates, given)
    family = DISTRIBUTIONS[distribution]
    require_free(design.names, [LOG_SCALE])
    if family.scale_is_free and float(np.ptp(ends)) <= spells.width:
        raise EstimationError(
            f"all rows end at one time ({stop!r} is {ends[0]:g}): the spread of log time is not "
            "determined; use distribution='exponential'"
        )
    # In units of their typical size the logarithms of times are near zero, whatever the clock.
    typical = float(np.log(ends).mean())
    model = AftLikelihood.build(
        family,
        design.x,
        begins / np.exp(typical),
        ends / np.exp(typical),
        happened,
        np.ones(len(data)) if given is None else given,
    )
    names = [*design.names, LOG_SCALE] if family.scale_is_free else list(design.names)
    best = maximize(model.evaluate, model.begin(), names, model.reach())
    reported = AftScale(design.back(), typical, family.scale_is_free)
    errors = Errors.of(
        model, best, reported, names, model.reach(), data, cluster, group_debias=group_debias
    )
    index = pd.Index(names, name="term")
    return AftResult(
        params=pd.Series(errors.params, index=index, name="estimate"),
        cov=pd.DataFrame(errors.cov, index=index, columns=index),
        model_cov=pd.DataFrame(errors.model_cov, index=index, columns=index),
        loglik=best.fitted.loglik - typical * float(model.weights[: model.failed].sum()),
        distribution=distribution,
        covariates=design.covariates,
        longest=float(ends.max()),
        log_times=float((model.weights * np.log(ends[model.order]))[: model.failed].sum()),
        nobs=len(data),
        n_events=int(happened.sum()),
        n_clusters=errors.n_clusters,
        sample=errors.sample,
    )


@dataclass(frozen=True, slots=True)
class AftScale:
    """From ``γ = β/σ, θ = 1/σ`` of centered covariates to β, and log σ where it is free.

    Attributes
    ----------
    back : ndarray, shape (p, p)
        From coefficients of centered covariates to those of covariates as given.
    typical : float
        Logarithm of the unit of time.
    scale_is_free : bool
    """

    back: Floats
    typical: float
    scale_is_free: bool

    def params(self, inner: Floats) -> Floats:
        """Return the coefficients and the logarithm of the scale."""
        p = len(self.back)
        theta = float(inner[-1]) if self.scale_is_free else 1.0
        coefficients = self.back @ (inner[:p] / theta)
        coefficients[0] += self.typical
        return np.append(coefficients, -np.log(theta)) if self.scale_is_free else coefficients

    def jacobian(self, inner: Floats) -> Floats:
        """Return the derivative of the reported parameters by those of the likelihood, (q, q)."""
        if not self.scale_is_free:
            return self.back
        p = len(self.back)
        theta = inner[p]
        out = np.zeros((p + 1, p + 1))
        out[:p, :p] = self.back / theta
        out[:p, p] = -self.back @ inner[:p] / theta**2
        out[p, p] = -1 / theta
        return out

    def condition(self, place: int, value: float) -> tuple[Floats, float]:
        """Return a and c: ``β_j = v`` where ``γ_j − vθ = 0``, and ``log σ = v`` where θ = e⁻ᵛ."""
        p = len(self.back)
        if place == p:
            return np.eye(p + 1)[p], float(np.exp(-value))
        away = value - self.typical if place == 0 else value
        if not self.scale_is_free:
            return self.back[place], away
        return np.append(self.back[place], -away), 0.0
