"""Survival of events known to lie within an interval: Turnbull's estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Booleans, Floats
from riskset.columns import as_frame, case_weights
from riskset.errors import EstimationError
from riskset.results import Printed
from riskset.times import interval_ends, times_within

#: How far the likelihood may still rise per event moved, at the estimate.
CONVERGED = 1e-9
#: Newton steps; some ten are enough.
MOST_STEPS = 500
#: Mass that is rounding.
NO_MASS = 1e-12
#: Mass that may be what is left of none, where the likelihood is flat: tried without.
LITTLE = 1e-3


@dataclass(frozen=True, slots=True, repr=False)
class TurnbullCurve(Printed):
    """Survival where events are known to lie within intervals.

    Attributes
    ----------
    table : DataFrame
        One row per interval that holds mass: ``low, high`` (the event falls in ``(low, high]``, at
        ``high`` where they are equal), ``mass``, and ``survival`` past ``high``.
    loglik : float
    nobs : int
        Rows.
    steps : int
    """

    table: pd.DataFrame
    loglik: float
    nobs: int
    steps: int

    def tidy(self) -> pd.DataFrame:
        """Return the table of the estimates."""
        return self.table.copy()

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Return survival at given times: between two bounds within an interval that holds mass.

        Returns
        -------
        DataFrame
            ``time, survival_low, survival_high``: the likelihood says no more.
        """
        grid = times_within(times, np.inf)
        low, high = self.table["low"].to_numpy(), self.table["high"].to_numpy()
        mass = self.table["mass"].to_numpy()
        gone = (high <= grid[:, None]) @ mass
        begun = ((low < grid[:, None]) | (high <= grid[:, None])) @ mass
        return pd.DataFrame(
            {
                "time": grid,
                "survival_low": np.clip(1 - begun, 0.0, 1.0),
                "survival_high": np.clip(1 - gone, 0.0, 1.0),
            }
        )

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", "Turnbull, interval-censored"),
            ("rows", self.nobs),
            ("log-likelihood", f"{self.loglik:.6g}"),
        ]


def turnbull(
    data: pd.DataFrame, *, lower: str, upper: str, weights: str | None = None
) -> TurnbullCurve:
    """Estimate survival from events of which only an interval is known.

    Parameters
    ----------
    data : DataFrame
        One row per unit, all at risk from zero.
    lower, upper : str
        Columns of the interval ``(lower, upper]`` that holds the event: a date known to the year,
        or found between two visits. Equal where it is known exactly; ``upper`` infinite where it
        had not come by ``lower``.
    weights : str, optional
        Column of weights, zero or more.

    Returns
    -------
    TurnbullCurve
        Without standard errors: the estimate has no normal limit at the usual rate [2]_. Resample
        units (`cluster_bootstrap`) for an impression, or fit a parametric model.

    Raises
    ------
    EstimationError
        A value is missing; ``upper`` is below ``lower``; a time is negative; no row holds an event.

    Notes
    -----
    The masses ``p_j`` of the innermost intervals maximize ``Σ_i w_i log Σ_{j within i} p_j`` [1]_,
    found by Newton's method under ``p ≥ 0``, ``Σ p = 1`` [3]_. At the maximum the mean over rows of
    ``1{j within i} / Σ_{k within i} p_k`` is one where ``p_j > 0``, and at most one elsewhere.

    References
    ----------
    .. [1] Turnbull, B. W. (1976). The empirical distribution function with arbitrarily grouped,
       censored and truncated data. JRSS B 38, 290–295.
       https://doi.org/10.1111/j.2517-6161.1976.tb01597.x
    .. [2] Groeneboom, P., & Wellner, J. A. (1992). Information Bounds and Nonparametric Maximum
       Likelihood Estimation. Birkhäuser. https://doi.org/10.1007/978-3-0348-8621-5
    .. [3] Wang, Y. (2007). On fast computation of the non-parametric maximum likelihood estimate
       of a mixing distribution. JRSS B 69, 185–198.
       https://doi.org/10.1111/j.1467-9868.2007.00583.x

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"after": [0, 1, 2, 4], "by": [2, 3, 5, float("inf")]})
    >>> turnbull(wars, lower="after", upper="by").table["mass"].round(3).tolist()
    [0.5, 0.5]
    """
    data = as_frame(data)
    low, high = interval_ends(data, lower, upper)
    given = case_weights(data, weights)
    weight = np.ones(len(data)) if given is None else given
    kept = weight > 0
    low, high, weight = low[kept], high[kept], weight[kept]
    if np.isinf(high).all():
        raise EstimationError(f"no event in {len(data)} rows: every {upper!r} is infinite")
    begin, end, within = innermost(low, high)
    mass, steps = _maximize(within, weight / weight.sum())
    holds = mass > NO_MASS
    table = pd.DataFrame({"low": begin[holds], "high": end[holds], "mass": mass[holds]})
    table["survival"] = np.clip(1 - table["mass"].cumsum(), 0.0, 1.0)
    return TurnbullCurve(
        table=table,
        loglik=float(weight @ np.log(within @ mass)),
        nobs=len(data),
        steps=steps,
    )


def innermost(low: Floats, high: Floats) -> tuple[Floats, Floats, Booleans]:
    """Return the intervals that can hold mass, shapes (m,), and which rows hold them, (n, m).

    At one time an exact event begins first, then intervals end, then others begin.
    """
    exact = low == high
    starts = np.column_stack((low, np.where(exact, 0, 2)))
    stops = np.column_stack((high, np.ones(len(high))))
    ends = np.unique(np.vstack((starts, stops)), axis=0)
    is_stop = ends[:, 1] == 1
    place = np.flatnonzero(~is_stop[:-1] & is_stop[1:])

    def rank(points: Floats) -> Any:
        code = {tuple(point): k for k, point in enumerate(ends.tolist())}
        return np.array([code[tuple(point)] for point in points.tolist()])

    within = (rank(starts)[:, None] <= place) & (place + 1 <= rank(stops)[:, None])
    return ends[place, 0], ends[place + 1, 0], within


def _maximize(within: Booleans, weight: Floats) -> tuple[Floats, int]:
    """Return the masses of greatest likelihood, shape (m,), and the steps it took."""
    mass = np.full(within.shape[1], 1 / within.shape[1])
    root = np.sqrt(weight)
    inside = within.astype(np.float64)
    for step in range(1, MOST_STEPS + 1):
        chance = inside @ mass
        share = inside / chance[:, None]
        slope = weight @ share
        if slope.max() - 1 < CONVERGED:
            return _without_little(inside, weight, mass), step
        # Σ w (Σ_j share_j p_j − 2)² falls as the likelihood rises, to second order.
        rows = np.vstack((share * root[:, None], np.ones(len(mass))))
        target, _ = scipy.optimize.nnls(rows, np.append(2 * root, 1.0))
        target /= target.sum()
        found, value = _uphill(inside, weight, mass, target, chance)
        if value <= 0:
            # Rounding leaves Newton no way up: one step of the self-consistency equation.
            found = mass * slope
        mass = found
    raise EstimationError(f"the masses of intervals did not settle in {MOST_STEPS} steps")


def _without_little(inside: Floats, weight: Floats, mass: Floats) -> Floats:
    """Return the masses without the little ones, where the likelihood is no lower for it."""
    most = np.where(mass < LITTLE, 0.0, mass)
    most /= most.sum()
    with np.errstate(divide="ignore"):
        without = float(weight @ np.log(inside @ most))
    return most if without >= float(weight @ np.log(inside @ mass)) else mass


def _uphill(
    inside: Floats, weight: Floats, mass: Floats, target: Floats, chance: Floats
) -> tuple[Floats, float]:
    """Go from the masses toward others as far as the likelihood rises, and say by how much."""
    now = float(weight @ np.log(chance))
    length = 1.0
    while length > NO_MASS:
        tried = mass + length * (target - mass)
        with np.errstate(divide="ignore"):
            value = float(weight @ np.log(inside @ tried))
        if value > now:
            return tried, value - now
        length /= 2
    return mass, 0.0
