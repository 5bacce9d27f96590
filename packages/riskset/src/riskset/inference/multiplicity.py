"""Adjusted p-values for families of tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskset.arrays import Floats
from riskset.errors import InferenceError, require_extra
from riskset.inference.event_counts import float_array


def holm(p_values: npt.ArrayLike) -> Floats:
    r"""Adjust p-values for the family-wise error rate (Holm's step-down method).

    Parameters
    ----------
    p_values : array_like of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        In the order given; reject where at most the family-wise level.

    Notes
    -----
    With :math:`p_{(1)} \le \dots \le p_{(n)}`,
    :math:`\tilde p_{(i)} = \min\{1, \max_{j \le i} (n - j + 1)\, p_{(j)}\}`.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scandinavian
    Journal of Statistics*, 6(2), 65–70. https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    r"""Adjust p-values for the false discovery rate (Benjamini–Hochberg's step-up method).

    Parameters
    ----------
    p_values : array_like of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        In the order given; reject where at most the false discovery rate accepted.

    Notes
    -----
    :math:`\tilde p_{(i)} = \min\{1, \min_{j \ge i} (n / j)\, p_{(j)}\}`. Controls the rate for
    independent or positively dependent tests.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. *Journal of the
    Royal Statistical Society B*, 57(1), 289–300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjusted(p_values, "fdr_bh")


def _adjusted(p_values: npt.ArrayLike, method: str) -> Floats:
    """Return adjusted p-values by a method of statsmodels."""
    require_extra("statsmodels", "regression", "adjusted p-values")
    from statsmodels.stats.multitest import multipletests

    values = float_array(p_values, "p-values")
    if values.ndim != 1 or not np.all((values >= 0) & (values <= 1)):
        raise InferenceError("p-values must form one row of numbers between 0 and 1.")
    if not values.size:
        return values
    return np.asarray(multipletests(values, method=method)[1], dtype=np.float64)
