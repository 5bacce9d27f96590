"""What effect a study of this size could detect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from collsec.survival.inference.errors import InferenceError
from collsec.survival.inference.partial_likelihood import FloatArray


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """Smallest hazard ratios that a two-sided test detects with the power asked for.

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


def schoenfeld_std_error(exposed_ends: float, unexposed_ends: float) -> float:
    r"""Return the standard error of a log hazard ratio from numbers of ends.

    Parameters
    ----------
    exposed_ends, unexposed_ends : float
        Ends while exposed and while not, positive. Count only ends that compare the two: an end
        in a risk set without any exposed unit says nothing.

    Returns
    -------
    float

    Notes
    -----
    With :math:`D` ends in all and :math:`\pi` the exposed share of them,

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
    if exposed_ends <= 0 or unexposed_ends <= 0:
        raise InferenceError("Both exposed and unexposed ends are needed to compare them.")
    return float(np.sqrt(1 / exposed_ends + 1 / unexposed_ends))


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

    With 20 ends while exposed and an exposed share of 14 % in the risk sets that compare, the
    information is :math:`20 \times 0.86`. At the Bonferroni level of three primaries, 0.05/3,
    and power 0.8 the detectable hazard ratio is then 2.2, or 0.46. Among 466 ends of equal
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
    size = (stats.norm.isf(alpha / 2) + stats.norm.ppf(power)) * std_error
    return DetectableEffect(
        high=float(np.exp(size)),
        low=float(np.exp(-size)),
        std_error=std_error,
        alpha=alpha,
        power=power,
    )


def power_curve(hazard_ratio: npt.ArrayLike, std_error: float, *, alpha: float) -> FloatArray:
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
    ratio = np.asarray(hazard_ratio, dtype=np.float64)
    if np.any(ratio <= 0):
        raise InferenceError("Hazard ratios must be positive.")
    shift = np.log(ratio) / std_error
    critical = stats.norm.isf(alpha / 2)
    power: FloatArray = stats.norm.sf(critical - shift) + stats.norm.cdf(-critical - shift)
    return power
