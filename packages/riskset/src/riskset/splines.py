"""Restricted cubic splines: nonlinear between the outer knots, linear beyond them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.errors import EstimationError

#: Beyond this the cube of a value exceeds any number.
LARGEST = 1e100

# Quantiles at which Harrell sets the knots, by their number.
KNOT_QUANTILES = {
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
}


def spline_knots(values: Floats, number: int = 4) -> Floats:
    """Return knots at the usual quantiles of the values that are known.

    Parameters
    ----------
    values : ndarray, shape (n,)
    number : int
        Three, four or five.

    Returns
    -------
    ndarray, shape (number,)

    Raises
    ------
    EstimationError
        If there is no such rule, or the values are too few to give knots that increase.
    """
    if number not in KNOT_QUANTILES:
        raise EstimationError(f"{number} knots; known are {', '.join(map(str, KNOT_QUANTILES))}")
    values = as_floats(values)
    known = values[~np.isnan(values)]
    knots = np.quantile(known, KNOT_QUANTILES[number]) if len(known) else np.zeros(number)
    if (np.diff(knots) <= 0).any():
        raise EstimationError(f"{number} knots do not increase: too few distinct values")
    return np.asarray(knots, dtype=np.float64)


def as_floats(values: object) -> Floats:
    """Return values as numbers, missing ones as NaN, shape (n,)."""
    try:
        column = pd.Series(values).astype("Float64")
    except (TypeError, ValueError):
        raise EstimationError("a spline needs a column of numbers") from None
    found: Floats = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if np.isinf(found).any():
        raise EstimationError("a spline needs finite values")
    return found


def restricted_cubic(values: Floats, knots: Floats) -> Floats:
    """Return the basis of a restricted cubic spline; its first column are the values themselves.

    Parameters
    ----------
    values : ndarray, shape (n,)
    knots : ndarray, shape (k,)
        Increasing, three at least.

    Returns
    -------
    ndarray, shape (n, k − 1)

    Raises
    ------
    EstimationError
        If there are fewer than three knots, or they do not increase.

    Notes
    -----
    With knots ``t_1 < … < t_k`` and ``(·)₊`` the positive part, column ``j + 1`` is [1]_ ::

        {(x − t_j)₊³ − (x − t_{k−1})₊³ (t_k − t_j)/(t_k − t_{k−1})
                     + (x − t_k)₊³ (t_{k−1} − t_j)/(t_k − t_{k−1})} / (t_k − t_1)²

    for ``j = 1 … k − 2``: cubic between knots, a straight line below the first and above the last.

    References
    ----------
    .. [1] Harrell, F. E. (2015). Regression Modeling Strategies, 2nd ed., section 2.4.5. Springer.
       https://doi.org/10.1007/978-3-319-19425-7

    Examples
    --------
    >>> restricted_cubic(np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [[0.0, 0.0], [1.0, 0.25], [2.0, 1.5], [4.0, 4.5]]
    """
    if len(knots) < 3 or (np.diff(knots) <= 0).any():
        raise EstimationError(f"a spline needs three knots or more that increase, not {knots}")
    last, before = float(knots[-1]), float(knots[-2])
    width = last - float(knots[0])
    x = as_floats(values)

    def cube(knot: float) -> Floats:
        # In widths of the knots, so that no cube of a large number overflows.
        return np.asarray((np.maximum(x - knot, 0.0) / width) ** 3)

    if (size := float(np.nanmax(np.abs(x), initial=0.0))) > LARGEST:
        raise EstimationError(f"a spline needs values that can be cubed, not {size:.3g}")
    nonlinear = [
        width
        * (
            cube(knot)
            - cube(before) * (last - knot) / (last - before)
            + cube(last) * (before - knot) / (last - before)
        )
        for knot in knots[:-2]
    ]
    return np.column_stack([x, *nonlinear])
