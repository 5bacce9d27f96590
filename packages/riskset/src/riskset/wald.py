"""Intervals and p-values of a coefficient from its error."""

from __future__ import annotations

import scipy


def wald_interval(
    coefficient: float, std_error: float, level: float, degrees: float | None = None
) -> tuple[float, float]:
    """Return the interval of a coefficient by the normal distribution, or by Student's t.

    Parameters
    ----------
    coefficient, std_error : float
    level : float
        Level of the interval, in (0, 1).
    degrees : float, optional
        Degrees of freedom of Student's t.

    Examples
    --------
    >>> low, high = wald_interval(0.5, 0.2, 0.95)
    >>> round(low, 3), round(high, 3)
    (0.108, 0.892)
    """
    middle = 0.5 + level / 2
    quantile = (
        scipy.stats.norm.ppf(middle) if degrees is None else scipy.stats.t.ppf(middle, degrees)
    )
    half = float(quantile) * std_error
    return coefficient - half, coefficient + half


def wald_p_value(coefficient: float, std_error: float, degrees: float | None = None) -> float:
    """Return the two-sided p-value of a coefficient, as :func:`wald_interval`.

    Examples
    --------
    >>> round(wald_p_value(0.5, 0.2), 4)
    0.0124
    """
    size = abs(coefficient / std_error)
    return float(
        2 * (scipy.stats.norm.sf(size) if degrees is None else scipy.stats.t.sf(size, degrees))
    )
