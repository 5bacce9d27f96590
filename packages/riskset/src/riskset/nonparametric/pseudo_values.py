"""Pseudo-values: what each unit contributes to a curve, for regressions of survival itself."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import numpy as np
import pandas as pd

from riskset.arrays import BLOCK, Booleans, Floats, Integers
from riskset.causes import events_of
from riskset.columns import as_frame, indicator
from riskset.errors import EstimationError, check_positive, listed, shown
from riskset.nonparametric.event_sample import EventSample
from riskset.times import times_up_to, times_within

What = Literal["survival", "incidence", "restricted mean"]


def pseudo_values(
    data: pd.DataFrame,
    *,
    stop: str,
    event: str,
    times: object,
    what: What = "survival",
    cause: Hashable = 1,
    censored: Hashable = 0,
) -> pd.DataFrame:
    """Return the pseudo-values of survival, incidence, or the restricted mean.

    Parameters
    ----------
    data : DataFrame
        One row per unit, followed from zero. (With late entry a unit can be the only one at risk,
        and the values mean nothing: use `adjusted_survival` or `flexible_parametric`.)
    stop : str
        Column of the end of follow-up.
    event : str
        Column that is 1 where the unit ends in the event; for ``incidence`` of how it ends.
    times : float or sequence of float
        At which to give survival or incidence; horizons of the restricted mean.
    what : {"survival", "incidence", "restricted mean"}
    cause, censored : hashable
        Values of ``event`` that mean the cause in question, and no event, for ``incidence``.

    Returns
    -------
    DataFrame
        One column per time, indexed as the data.

    Raises
    ------
    EstimationError
        A time lies beyond the last follow-up while survival is above zero; the cause never occurs.

    Notes
    -----
    ``n θ − (n − 1) θ_(−i)``, with ``θ_(−i)`` the estimate without unit i [1]_, exactly (R's
    ``survival::pseudo`` takes the infinitesimal jackknife, ``prodlim::jackknife`` the same as
    here). Without censoring they are the indicators themselves. Censoring must not depend on
    covariates.

    References
    ----------
    .. [1] Andersen, P. K., Klein, J. P., & Rosthøj, S. (2003). Generalised linear models for
       correlated pseudo-observations, with applications to multi-state models. Biometrika 90,
       15–27. https://doi.org/10.1093/biomet/90.1.15

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [3, 5, 5, 8, 12], "ended": [1, 1, 0, 1, 0]})
    >>> pseudo_values(wars, stop="months", event="ended", times=[6])[6].round(3).tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0]
    """
    data = as_frame(data)
    if what not in ("survival", "incidence", "restricted mean"):
        raise EstimationError(
            f"what must be 'survival', 'incidence' or 'restricted mean', not {what!r}"
        )
    if what == "incidence":
        happened = events_of(data, event, censored)
        which = (data[event] == cause).to_numpy(dtype=bool) & happened
        if not which.any():
            kinds = listed(pd.unique(data[event][happened]))
            raise EstimationError(f"no {event!r} is {shown(cause)}; events are {kinds}")
    else:
        happened = indicator(data, event)
        which = happened
    sample = EventSample.from_frame(
        data,
        happened,
        start=None,
        stop=stop,
        weights=None,
        weight_kind="case",
        cluster=None,
    )
    ended = sample.remaining()[-1] == 0
    grid = times_within(times, np.inf if ended else sample.end)
    if what == "restricted mean":
        for value in grid:
            check_positive(float(value), "a horizon")
    n, found = len(data), []
    whole = _estimates(sample, np.array([-1]), which, grid, what)[0]
    rows = max(BLOCK * 8 // max(sample.sets.moments, 1), 1)
    for low in range(0, n, rows):
        without = _estimates(sample, np.arange(low, min(low + rows, n)), which, grid, what)
        found.append(n * whole - (n - 1) * without)
    return pd.DataFrame(np.vstack(found), index=data.index, columns=pd.Index(grid, name="time"))


def _estimates(
    sample: EventSample, left_out: Integers, which: Booleans, grid: Floats, what: What
) -> Floats:
    """Estimate without each of some rows in turn (none for −1), shape (b, t)."""
    sets, k = sample.sets, sample.sets.moments
    moment = np.arange(k)
    upto = times_up_to(sets.time, sample.stop[left_out], sets.width)
    upto = np.where(left_out < 0, 0, upto)
    fails = np.zeros(len(sample.stop), dtype=bool)
    fails[sets.rows[sets.failures]] = True
    mine = (moment == upto[:, None] - 1) & (fails[left_out] & (left_out >= 0))[:, None]
    at_risk = sample.at_risk() - (moment < upto[:, None])
    events = sample.events() - mine
    hazard = np.divide(events, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
    survival = np.cumprod(1 - hazard, axis=1)
    start = np.ones((len(left_out), 1))
    before = np.hstack((start, survival[:, :-1]))
    place = times_up_to(sets.time, grid, sets.width)
    if what == "survival":
        return np.hstack((start, survival))[:, place]
    if what == "incidence":
        own = sample.events(which) - mine * which[left_out][:, None]
        share = np.divide(own, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
        curve = np.cumsum(before * share, axis=1)
        return np.hstack((0 * start, curve))[:, place]
    out = np.empty((len(left_out), len(grid)))
    for j, end in enumerate(grid):
        edges = np.clip(np.concatenate(([0.0], sets.time, [end])), 0.0, end)
        out[:, j] = np.hstack((start, survival)) @ np.diff(edges)
    return out
