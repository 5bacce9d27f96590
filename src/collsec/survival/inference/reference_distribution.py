"""p-values and critical values of a statistic from draws of its reference distribution."""

from __future__ import annotations

import numpy as np

from collsec.survival.inference.errors import InferenceError
from collsec.survival.inference.partial_likelihood import FloatArray

#: A p-value of exactly 0.05 is not below 0.05, though 1 - 0.95 exceeds 0.05 in binary.
_ROUNDING = 1e-9


def equal_tailed_p_values(score: FloatArray, reference: FloatArray) -> FloatArray:
    """Return two-sided, equal-tailed p-values with the +1 rule.

    Parameters
    ----------
    score : ndarray of float, shape (n,)
    reference : ndarray of float, shape (draws,)

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> equal_tailed_p_values(np.array([3.0]), np.arange(-9.0, 10.0)).tolist()
    [0.8]
    """
    ordered = np.sort(reference)
    above = ordered.size - np.searchsorted(ordered, score, side="left")
    below = np.searchsorted(ordered, score, side="right")
    return np.minimum(1.0, 2.0 * (np.minimum(above, below) + 1) / (ordered.size + 1))


def critical_values(reference: FloatArray, alpha: float) -> tuple[float, float]:
    """Return the bounds within which a score is not rejected at ``alpha``.

    Parameters
    ----------
    reference : ndarray of float, shape (draws,)
    alpha : float
        Level of the two-sided test, in (0, 1).

    Returns
    -------
    low, high : float
        Order statistics of the reference: a score has a p-value below ``alpha`` exactly if it
        is less than ``low`` or greater than ``high``.

    Raises
    ------
    InferenceError
        If no score, however extreme, could be rejected.
    """
    if not 0.0 < alpha < 1.0:
        raise InferenceError(f"The level must lie between 0 and 1, not {alpha:g}.")
    size = reference.size
    tails = 2.0 * np.arange(1, size + 1) / (size + 1)  # p-value by number of draws beyond
    rejecting = int(np.count_nonzero(tails < alpha - _ROUNDING))
    if rejecting == 0:
        needed = int(2.0 / (alpha - _ROUNDING))
        raise InferenceError(f"{size} draws cannot reject at {alpha:g}: {needed} are needed.")
    ordered = np.sort(reference)
    return float(ordered[rejecting - 1]), float(ordered[size - rejecting])
