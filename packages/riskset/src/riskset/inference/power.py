"""What effect a study of this size could detect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from riskset.arrays import Floats
from riskset.errors import InferenceError
from riskset.inference.event_counts import float_array


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """Smallest hazard ratios that a two-sided test detects with the requested power.

    Attributes
    ----------
    high, low : float
        Detectable hazard ratios above and below 1; ``low = 1 / high``.
    std_error : float
        Standard error of the log hazard ratio that was assumed.
    alpha, power : float
    """

    high: float
    low: float
    std_error: float
    alpha: float
    power: float


def schoenfeld_std_error(exposed_events: float, unexposed_events: float) -> float:
    r"""Return the standard error of a log hazard ratio from numbers of events.

    Parameters
    ----------
    exposed_events, unexposed_events : float
        Events under exposure and without it, positive. Count only events that compare the two: one
        in a risk set without any exposed unit says nothing.

    Returns
    -------
    float

    Notes
    -----
    With :math:`D` events in all and :math:`\pi` the exposed share of them,

    .. math:: \sigma = \frac{1}{\sqrt{D\,\pi(1 - \pi)}}.

    References
    ----------
    Schoenfeld, D. A. (1983). Sample-size formula for the proportional-hazards regression model.
    *Biometrics*, 39(2), 499–503. doi:10.2307/2531021

    Examples
    --------
    >>> round(schoenfeld_std_error(50, 50), 3)
    0.2
    """
    if exposed_events <= 0 or unexposed_events <= 0:
        raise InferenceError("Both exposed and unexposed events are needed to compare them.")
    return float(np.sqrt(1 / exposed_events + 1 / unexposed_events))


def minimum_detectable_effect(std_error: float, *, alpha: float, power: float) -> DetectableEffect:
    r"""Return the hazard ratios that a test can detect.

    Parameters
    ----------
    std_error : float
        Standard error of the log hazard ratio at no effect: from
        :func:`schoenfeld_std_error`, as ``1 / sqrt(information)``, or from the width of an
        interval.
    alpha : float
        Level of the two-sided test, in (0, 1).
    power : float
        Probability of rejecting, in (0, 1).

    Returns
    -------
    DetectableEffect

    Notes
    -----
    .. math:: |\log \mathrm{HR}| = (z_{1 - \alpha/2} + z_{power})\,\sigma

    With 20 exposed events and an exposed share of 14 % in the risk totals that compare, the
    information is :math:`20 \times 0.86`. At the Bonferroni level of three primaries, 0.05/3,
    and power 0.8 the detectable hazard ratio is then 2.2, or 0.46. Among 466 events of equal
    weight (an exposed share of 4 %) it would be 2.1, or 0.48.

    Examples
    --------
    >>> effect = minimum_detectable_effect(
    ...     schoenfeld_std_error(20, 20 * 0.86 / 0.14), alpha=0.05 / 3, power=0.8
    ... )
    >>> round(effect.high, 2), round(effect.low, 2)
    (2.18, 0.46)
    """
    if not (0 < alpha < 1 and 0 < power < 1):
        raise InferenceError("Level and power must lie between 0 and 1.")
    if not 0 < std_error < np.inf:
        raise InferenceError(f"The standard error must be positive and finite, not {std_error:g}.")
    size = (scipy.stats.norm.isf(alpha / 2) + scipy.stats.norm.ppf(power)) * std_error
    return DetectableEffect(
        high=float(np.exp(size)),
        low=float(np.exp(-size)),
        std_error=std_error,
        alpha=alpha,
        power=power,
    )


def needed_events(hazard_ratio: float, *, alpha: float, power: float) -> int:
    r"""Return how many exposed events a test needs to detect a hazard ratio.

    Parameters
    ----------
    hazard_ratio : float
        Positive, not 1.
    alpha : float
        Level of the two-sided test, in (0, 1).
    power : float
        Probability of rejecting, in (0, 1).

    Returns
    -------
    int
        Rounded up.

    Notes
    -----
    With few exposed units at risk at any time, an exposed event carries an information of nearly
    one on the log hazard ratio (see :func:`schoenfeld_std_error` with :math:`\pi \to 0`), so that

    .. math:: n = \frac{(z_{1 - \alpha/2} + z_{power})^2}{(\log \mathrm{HR})^2}.

    A share :math:`\pi` of exposed units takes :math:`n / (1 - \pi)`; dependent units, and redraws
    among few candidates, take more. It is a least number.

    References
    ----------
    Schoenfeld, D. A. (1983). Sample-size formula for the proportional-hazards regression model.
    *Biometrics*, 39(2), 499–503. doi:10.2307/2531021

    Examples
    --------
    >>> [needed_events(ratio, alpha=0.05 / 3, power=0.8) for ratio in (1.5, 2.0, 0.5)]
    [64, 22, 22]
    """
    unit = minimum_detectable_effect(1.0, alpha=alpha, power=power)
    if not 0 < hazard_ratio < np.inf or hazard_ratio == 1:
        raise InferenceError(
            f"A hazard ratio to detect must be positive and not 1, not {hazard_ratio:g}."
        )
    return int(np.ceil((np.log(unit.high) / np.log(hazard_ratio)) ** 2))


def power_curve(hazard_ratio: npt.ArrayLike, std_error: float, *, alpha: float) -> Floats:
    """Return the power of a two-sided test at each hazard ratio.

    Parameters
    ----------
    hazard_ratio : array_like of float, shape (n,)
        Positive.
    std_error : float
        Standard error of the log hazard ratio.
    alpha : float
        Level, in (0, 1).

    Returns
    -------
    ndarray of float, shape (n,)
        Probability of rejecting in either direction; ``alpha`` at a hazard ratio of 1.

    Examples
    --------
    >>> power_curve([1.0, 2.0], 0.25, alpha=0.05).round(3).tolist()
    [0.05, 0.792]
    """
    ratio = float_array(hazard_ratio, "Hazard ratios")
    if np.any(ratio <= 0):
        raise InferenceError("Hazard ratios must be positive.")
    shift = np.log(ratio) / std_error
    critical = scipy.stats.norm.isf(alpha / 2)
    power: Floats = scipy.stats.norm.sf(critical - shift) + scipy.stats.norm.cdf(-critical - shift)
    return power


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests against the bounds of the effects that do not matter.

    Attributes
    ----------
    p_value : float
        The larger of the two one-sided p-values.
    p_low, p_high : float
        Of the hypotheses "at or below ``low``" and "at or above ``high``".
    ci_low, ci_high : float
        Interval at ``1 - 2 alpha``: inside the bounds exactly when equivalence is shown.
    equivalent : bool
        Whether ``p_value`` is below ``alpha``.
    """

    p_value: float
    p_low: float
    p_high: float
    ci_low: float
    ci_high: float
    equivalent: bool


def equivalence_test(
    estimate: float,
    std_error: float,
    *,
    low: float,
    high: float,
    alpha: float,
    dof: float = float("inf"),
) -> Equivalence:
    r"""Test whether an effect lies within bounds.

    Parameters
    ----------
    estimate, std_error : float
        On the scale of the bounds (log hazard ratio: bounds ``log(0.8)`` and ``log(1.25)``).
    low, high : float
        Bounds of the effects that do not matter.
    alpha : float
        Level of each one-sided test, in (0, 0.5).
    dof : float
        Degrees of freedom; infinite for the normal distribution.

    Returns
    -------
    Equivalence

    Notes
    -----
    :math:`p_{low} = P(T > (\hat\theta - low)/\hat\sigma)` and
    :math:`p_{high} = P(T < (\hat\theta - high)/\hat\sigma)`; the larger one is the p-value of
    "outside the bounds".

    References
    ----------
    Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power
    approach for assessing the equivalence of average bioavailability. *Journal of
    Pharmacokinetics and Biopharmaceutics*, 15(6), 657–680. doi:10.1007/BF01068419

    Examples
    --------
    >>> equivalence_test(0.0, 0.1, low=-0.2, high=0.2, alpha=0.05).equivalent
    True
    """
    if not (low < high and std_error > 0 and 0 < alpha < 0.5):
        raise InferenceError("Bounds must be ordered, the error positive, the level below 0.5.")
    distribution = scipy.stats.t(dof)
    p_low = float(distribution.sf((estimate - low) / std_error))
    p_high = float(distribution.cdf((estimate - high) / std_error))
    reach = float(distribution.isf(alpha)) * std_error
    return Equivalence(
        p_value=max(p_low, p_high),
        p_low=p_low,
        p_high=p_high,
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        equivalent=max(p_low, p_high) < alpha,
    )
