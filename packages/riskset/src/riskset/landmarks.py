"""Landmarks: those still at risk at a time, with what is known then, and what follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from riskset.columns import Names, as_frame, codes, names_of, number_array
from riskset.errors import EstimationError, check_positive, shown
from riskset.histories import (
    Ends,
    as_before,
    happens_in,
    nothing_of,
    require_new,
    with_start,
)
from riskset.times import require_last_events, require_no_overlap


def landmark(
    data: pd.DataFrame,
    *,
    at: float | Sequence[float],
    unit: Names,
    start: str | None = None,
    stop: str,
    event: Ends,
    horizon: float | None = None,
    name: str = "landmark",
) -> pd.DataFrame:
    """Take those still at risk at a landmark, with what is known then, and follow them from there.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; those of one unit follow one another.
    at : float or sequence of float
        The landmark, or several, whose rows are stacked: fit them with ``strata="landmark"`` and
        ``cluster=`` the unit.
    unit : str or sequence of str
        Whose row it is.
    start, stop, event
        As in `split_episodes`.
    horizon : float, optional
        How long units are followed, from each landmark on; to their end by default.
    name : str
        Of the new column of landmarks.

    Returns
    -------
    DataFrame
        One row per landmark and unit at risk right after it: the columns of the row in which the
        unit is then, its ``start`` the landmark, its ``stop`` and events those of the unit's last
        row, or the horizon.

    Raises
    ------
    EstimationError
        As in `split_episodes`; rows of one unit overlap, or go on after its event; a unit leaves
        after a landmark and comes back; nobody is at risk, or no event follows.

    Notes
    -----
    Comparing groups that are defined by what comes later, such as those that ever saw a mission,
    credits the time until then to the mission (immortal time). At a landmark ``s`` groups are those
    known at ``s``, and only what follows counts [1]_. A covariate that changes at ``s`` itself is
    known. Several landmarks in one model, each with a baseline of its own, give dynamic
    predictions [2]_.

    References
    ----------
    .. [1] Anderson, J. R., Cain, K. C., & Gelber, R. D. (1983). Analysis of survival by tumor
       response. Journal of Clinical Oncology 1, 710–719. https://doi.org/10.1200/JCO.1983.1.11.710
    .. [2] van Houwelingen, H. C. (2007). Dynamic prediction by landmarking in event history
       analysis. Scandinavian Journal of Statistics 34, 70–85.
       https://doi.org/10.1111/j.1467-9469.2006.00529.x

    Examples
    --------
    >>> wars = pd.DataFrame(
    ...     {"war": ["a", "a", "b", "c"], "start": [0, 6, 0, 0], "stop": [6, 30, 8, 40],
    ...      "ended": [0, 1, 1, 1], "troops": [0, 1, 0, 0]}
    ... )  # fmt: skip
    >>> names = {"unit": "war", "start": "start", "stop": "stop", "event": "ended"}
    >>> landmark(wars, at=12, horizon=24, **names).to_numpy().tolist()
    [['a', 12, 30, 1, 1, 12.0], ['c', 12, 36, 0, 0, 12.0]]
    """
    data = as_frame(data)
    data, start, spells = with_start(data, start, stop)
    nothing = nothing_of(data, event)
    require_new(data, name)
    require_no_overlap(data, unit, spells)
    happened = np.zeros(len(data), dtype=np.bool_)
    for column, none in nothing.items():
        happened |= happens_in(data, column, none)
    require_last_events(data, unit, spells, happened)
    follow = np.inf if horizon is None else check_positive(horizon, "horizon")
    owner, labels = codes(data, unit)
    order = np.lexsort((spells.start, owner))
    own = owner[order]
    is_last = np.append(own[1:] != own[:-1], True)
    last = order[is_last]
    # Where each row's unit leaves for a while before its next row, the time of that.
    leaves = np.full(len(data), False)
    leaves[order[:-1]] = ~is_last[:-1] & (
        spells.start[order[1:]] > spells.stop[order[:-1]] + spells.width
    )
    parts = []
    for moment in dict.fromkeys(number_array(at, "at").tolist()):
        later = spells.stop > moment + spells.width
        there = np.flatnonzero(later & (spells.start <= moment + spells.width))
        end = moment + follow
        if (bad := np.flatnonzero(leaves & later & np.isin(owner, owner[there])
                                  & (spells.stop < end - spells.width))).size:  # fmt: skip
            who = shown(labels[owner[bad[0]]])
            raise EstimationError(
                f"{' × '.join(map(repr, names_of(unit)))} {who} leaves at "
                f"{spells.stop[bad[0]]:g} and comes back: after a landmark it has one end. End it "
                "there, or make each stay a unit of its own"
            )
        final = last[owner[there]]
        is_cut = spells.stop[final] > end + spells.width
        part = data.iloc[there].copy()
        begins, ends = np.full(len(there), moment), np.where(is_cut, end, spells.stop[final])
        part[start] = as_before(begins, data[start])
        part[stop] = as_before(ends, data[stop])
        for column, none in nothing.items():
            kept = data[column].iloc[final].set_axis(part.index)
            part[column] = kept.where(~is_cut, none)
        if not (happened[final] & ~is_cut).any():
            what = (
                "nobody is at risk" if not len(there) else f"no event follows ({len(there)} rows)"
            )
            raise EstimationError(
                f"{what} after the landmark {moment:g}"
                + ("" if horizon is None else f" within {follow:g}")
            )
        part[name] = moment
        parts.append(part)
    return pd.concat(parts)
