"""How strong unmeasured confounding would have to be to explain a result away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from riskset.errors import InferenceError


@dataclass(frozen=True, slots=True)
class EValue:
    """Strength of confounding that would explain an estimate, and its interval, away.

    Attributes
    ----------
    estimate : float
        Smallest risk ratio that an unmeasured confounder would need with both exposure and
        outcome to move the estimate to no effect; at least 1.
    limit : float
        The same for the interval limit nearest to no effect; 1 if the interval holds it.
    """

    estimate: float
    limit: float


def e_value(hazard_ratio: float, ci_low: float, ci_high: float, *, common_outcome: bool) -> EValue:
    r"""Return the E-value of a hazard ratio.

    Parameters
    ----------
    hazard_ratio, ci_low, ci_high : float
        Estimate and interval on the hazard-ratio scale; limits may be 0 or infinite.
    common_outcome : bool
        Whether more than about 15 % of the units end within follow-up. The hazard ratio is then
        first turned into an approximate risk ratio.

    Returns
    -------
    EValue

    Raises
    ------
    InferenceError
        If the hazard ratio is not positive or lies outside its interval.

    Notes
    -----
    With :math:`R` the risk ratio, inverted where below 1, the E-value is
    :math:`R + \sqrt{R(R - 1)}`. A rare outcome has :math:`R = \mathrm{HR}`; a common one

    .. math:: R = \frac{1 - 0.5^{\sqrt{\mathrm{HR}}}}{1 - 0.5^{\sqrt{1/\mathrm{HR}}}}.

    References
    ----------
    VanderWeele, T. J. & Ding, P. (2017). Sensitivity analysis in observational research:
    introducing the E-value. *Annals of Internal Medicine*, 167(4), 268–274.
    doi:10.7326/M16-2607

    Examples
    --------
    >>> result = e_value(2.0, 1.2, 3.3, common_outcome=False)
    >>> round(result.estimate, 2), round(result.limit, 2)
    (3.41, 1.69)
    """
    if not (hazard_ratio > 0 and 0 <= ci_low <= hazard_ratio <= ci_high):
        raise InferenceError(
            f"A hazard ratio of {hazard_ratio:g} with interval ({ci_low:g}, {ci_high:g}) is not "
            "possible."
        )
    limit = ci_low if hazard_ratio >= 1 else ci_high
    crosses = (limit - 1) * (hazard_ratio - 1) <= 0
    return EValue(
        estimate=_confounding(hazard_ratio, common_outcome),
        limit=1.0 if crosses else _confounding(limit, common_outcome),
    )


def _confounding(hazard_ratio: float, common_outcome: bool) -> float:
    ratio = max(hazard_ratio, 1 / hazard_ratio)
    if common_outcome:
        ratio = float((1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio)))
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


@dataclass(frozen=True, slots=True)
class OmittedVariableBounds:
    """Sensitivity of a linear regression coefficient to an omitted variable.

    Attributes
    ----------
    partial_r2 : float
        Partial R² of the exposure with the outcome.
    robustness_value : float
        Partial R² that a confounder would need with both exposure and outcome to bring the
        estimate to zero.
    robustness_value_alpha : float
        The same, to make it insignificant at ``alpha``.
    r2_exposure, r2_outcome : float
        Largest partial R² of a confounder as strong as the benchmark multiplied by ``multiple``,
        with exposure and with outcome.
    adjusted_estimate, adjusted_std_error : float
        Had that confounder been adjusted for, and worked against the estimate.
    ci_low, ci_high : float
        Interval of ``adjusted_estimate`` at ``1 - alpha``.
    """

    partial_r2: float
    robustness_value: float
    robustness_value_alpha: float
    r2_exposure: float
    r2_outcome: float
    adjusted_estimate: float
    adjusted_std_error: float
    ci_low: float
    ci_high: float


def omitted_variable_bounds(
    estimate: float,
    std_error: float,
    dof: int,
    *,
    benchmark_r2_exposure: float,
    benchmark_r2_outcome: float,
    multiple: float,
    alpha: float,
) -> OmittedVariableBounds:
    r"""Bound the effect of an omitted variable by the strength of a measured one.

    Parameters
    ----------
    estimate, std_error : float
        Coefficient of the exposure in a linear model and its conventional standard error.
    dof : int
        Residual degrees of freedom of that model, at least 2.
    benchmark_r2_exposure : float
        Partial R² of the benchmark covariate with the exposure, given the other covariates.
    benchmark_r2_outcome : float
        Partial R² of the benchmark covariate with the outcome, given exposure and the other
        covariates.
    multiple : float
        How many times as strong as the benchmark the omitted variable is, with both.
    alpha : float

    Returns
    -------
    OmittedVariableBounds

    Raises
    ------
    InferenceError
        If a confounder of that strength would explain all of the exposure.

    Notes
    -----
    An omitted :math:`Z` biases the coefficient by

    .. math:: |bias| = \sigma \sqrt{\nu\, \frac{R^2_{Y \sim Z | D, X} R^2_{D \sim Z | X}}
       {1 - R^2_{D \sim Z | X}}}

    and changes its standard error by the factor
    :math:`\sqrt{\frac{1 - R^2_{Y \sim Z | D, X}}{1 - R^2_{D \sim Z | X}} \frac{\nu}{\nu - 1}}`.
    With :math:`f = |t|/\sqrt\nu` the robustness value is
    :math:`\frac12(\sqrt{f^4 + 4f^2} - f^2)`; for significance, :math:`f` is lowered by
    :math:`t_{\alpha/2, \nu-1}/\sqrt{\nu - 1}`.

    References
    ----------
    Cinelli, C. & Hazlett, C. (2020). Making sense of sensitivity: extending omitted variable
    bias. *Journal of the Royal Statistical Society B*, 82(1), 39–67. doi:10.1111/rssb.12348
    """
    if dof < 2 or std_error <= 0:
        raise InferenceError("A standard error and at least two degrees of freedom are needed.")
    r2_dj, r2_yj = benchmark_r2_exposure, benchmark_r2_outcome
    if not (0 <= r2_dj < 1 and 0 <= r2_yj < 1):
        raise InferenceError("A partial R² of the benchmark lies outside [0, 1).")
    r2_exposure, left = multiple * r2_dj / (1 - r2_dj), 1 - multiple * r2_dj
    shared = multiple * r2_dj**2 / (left * (1 - r2_dj)) if left > 0 else np.inf
    if not (r2_exposure < 1 and shared < 1):
        raise InferenceError(
            f"An omitted variable {multiple:g} times as strong as the benchmark would explain all "
            "of the exposure: choose a smaller multiple."
        )
    strength = (np.sqrt(multiple) + np.sqrt(shared)) / np.sqrt(1 - shared)
    r2_outcome = min(1.0, float(strength**2 * r2_yj / (1 - r2_yj)))

    bias = std_error * np.sqrt(dof * r2_outcome * r2_exposure / (1 - r2_exposure))
    adjusted = float(np.sign(estimate) * (abs(estimate) - bias))
    inflation = (1 - r2_outcome) / (1 - r2_exposure) * dof / (dof - 1)
    adjusted_error = float(std_error * np.sqrt(inflation))
    critical = float(scipy.stats.t.isf(alpha / 2, dof - 1))
    t_value = abs(estimate) / std_error
    f_value = t_value / np.sqrt(dof)
    return OmittedVariableBounds(
        partial_r2=float(t_value**2 / (t_value**2 + dof)),
        robustness_value=_robustness(f_value, 0.0),
        robustness_value_alpha=_robustness(f_value, critical / np.sqrt(dof - 1)),
        r2_exposure=float(r2_exposure),
        r2_outcome=r2_outcome,
        adjusted_estimate=adjusted,
        adjusted_std_error=adjusted_error,
        ci_low=adjusted - critical * adjusted_error,
        ci_high=adjusted + critical * adjusted_error,
    )


def _robustness(f_value: float, f_critical: float) -> float:
    """Partial R² with both sides at which the statistic falls to its critical value."""
    excess = f_value - f_critical
    if excess <= 0:
        return 0.0
    if f_critical > 0 and f_value > 1 / f_critical:  # lower with a confounder of exposure alone
        return float((f_value**2 - f_critical**2) / (1 + f_value**2))
    return float((np.sqrt(excess**4 + 4 * excess**2) - excess**2) / 2)
