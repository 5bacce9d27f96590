"""Transition probabilities by Aalen and Johansen, with late entry, weights and clusters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd

from riskset.columns import Names
from riskset.errors import check_level
from riskset.multistate.probabilities import (
    TransitionProbabilities,
    probabilities_of,
)
from riskset.multistate.product_integral import observed_jumps
from riskset.multistate.states import StateRows
from riskset.nonparametric.event_sample import IntervalScale


def transition_probabilities(
    data: pd.DataFrame,
    *,
    start: str,
    stop: str,
    state: str,
    to: str,
    unit: Names,
    censored: Hashable = 0,
    since: float | None = None,
    initial: Hashable | Mapping[Hashable, float] | None = None,
    cluster: Names | None = None,
    weights: str | None = None,
    interval: IntervalScale = "log-log",
    level: float = 0.95,
) -> TransitionProbabilities:
    """Estimate how probable each state is at each time, given the state at one time.

    Parameters
    ----------
    data : DataFrame
        One row per unit and interval ``(start, stop]`` in one state. A unit may enter late, leave
        early, have gaps, and return to states.
    start, stop : str
        Columns of the interval's ends, on one clock that runs on through all states.
    state, to : str
        Columns of the state that the row is spent in, and of the state entered at its end;
        ``censored``, or the same state, where it is none. States that no row is spent in are
        absorbing.
    unit : str or sequence of str
        Whose row it is.
    censored : hashable
        The value of ``to`` that means no transition.
    since : float, optional
        Time from which probabilities run; the first start by default.
    initial : hashable or mapping of hashable to float, optional
        State, or probabilities of states, at ``since``, for the occupation of states; the share of
        the rows then under observation by default (whose own error enters).
    cluster : str or sequence of str, optional
        Groups of dependent units; each unit by default.
    weights : str, optional
        Column of case weights.
    interval : {"log-log", "log", "plain"}
        Scale of the pointwise interval.
    level : float
        Coverage of the interval.

    Returns
    -------
    TransitionProbabilities

    Raises
    ------
    EstimationError
        Rows of a unit overlap, or do not continue in the state that was entered; a state is
        missing; no transition.

    Notes
    -----
    ``P(s, t) = Π_{s < u <= t} {I + dA(u)}`` with ``dA_hj(u) = d_hj(u) / n_h(u)`` [1]_. It is the
    probability given the state at ``s`` if the process is Markov; the occupation of states is
    right without that, if censoring and entry are independent [2]_. Errors are those of the
    infinitesimal jackknife over clusters, as in R's ``survfit``.

    References
    ----------
    .. [1] Aalen, O. O., & Johansen, S. (1978). An empirical transition matrix for non-homogeneous
       Markov chains based on censored observations. Scand. J. Statist. 5, 141–150.
       https://www.jstor.org/stable/4615704
    .. [2] Datta, S., & Satten, G. A. (2001). Validity of the Aalen–Johansen estimators of stage
       occupation probabilities. Stat. Prob. Lett. 55, 403–411.
       https://doi.org/10.1016/S0167-7152(01)00155-9

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame(
    ...     [(1, 0, 2, "war", "talks"), (1, 2, 5, "talks", "peace"), (2, 0, 3, "war", "peace"),
    ...      (3, 0, 4, "war", "talks"), (3, 4, 6, "talks", 0)],
    ...     columns=["war", "start", "stop", "in", "to"],
    ... )
    >>> found = transition_probabilities(
    ...     wars, start="start", stop="stop", state="in", to="to", unit="war"
    ... )
    >>> found.at([4])["probability"].round(3).tolist()  # peace, talks, war given peace, talks, war
    [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.333, 0.667, 0.0]
    """
    check_level(level)
    rows = StateRows.from_frame(
        data,
        start=start,
        stop=stop,
        state=state,
        to=to,
        unit=unit,
        censored=censored,
        cluster=cluster,
        weights=weights,
    )
    jumps, counts = observed_jumps(rows)
    return probabilities_of(
        rows,
        jumps,
        model="Aalen–Johansen",
        counts=counts,
        since=since,
        initial=initial,
        interval=interval,
        level=level,
    )
