"""The Cox partial likelihood of one binary time-varying exposure, from counts alone.

With a single 0/1 exposure the partial likelihood depends on the data only through four counts
at each event time of each stratum: the number at risk ``n``, the exposed at risk ``n1``, the
events ``d`` and the exposed events ``d1``. The counts ``n`` and ``d`` do not change when exposure
is redrawn, so thousands of redrawn exposures cost one pass over a matrix of ``n1``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskset.arrays import Floats, Integers, blocks
from riskset.errors import InferenceError

#: Beyond this log hazard ratio (e^40) the score has reached its limit in double precision.
_BETA_LIMIT = 40.0


def float_array(values: npt.ArrayLike, label: str) -> Floats:
    """Return values as floats, missing ones as NaN; raise where one is no number.

    Raises
    ------
    InferenceError
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InferenceError(f"{label} must be numbers.") from None


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Risk totals at the distinct event times of each stratum.

    Attributes
    ----------
    stratum : ndarray of int, shape (n_times,)
        Stratum of the risk set, ascending.
    time : ndarray of float, shape (n_times,)
        Event time (duration scale), ascending within the stratum.
    at_risk : ndarray of float, shape (n_times,)
        Units with ``entry < time <= exit`` in the stratum.
    events : ndarray of float, shape (n_times,)
        Units of the stratum whose event falls on ``time``.
    """

    stratum: Integers
    time: Floats
    at_risk: Floats
    events: Floats


def event_counts(
    entry: Floats,
    exit: Floats,
    event: npt.NDArray[np.bool_],
    strata: Integers,
) -> EventCounts:
    """Count who is at risk and who fails at each event time of each stratum.

    Parameters
    ----------
    entry, exit : ndarray of float, shape (n_units,)
        Follow-up ``(entry, exit]`` on the duration scale. Times are compared exactly: days, and
        halves of days, are exact in binary.
    event : ndarray of bool, shape (n_units,)
        Whether the unit has the event at ``exit``.
    strata : ndarray of int, shape (n_units,)

    Returns
    -------
    EventCounts

    Examples
    --------
    >>> totals = event_counts(
    ...     np.zeros(3), np.array([2.0, 2.0, 5.0]), np.array([True, True, False]),
    ...     np.zeros(3, dtype=np.int64),
    ... )
    >>> totals.at_risk.tolist(), totals.events.tolist()
    ([3.0], [2.0])
    """
    parts: list[tuple[Integers, Floats, Floats, Floats]] = []
    for code in np.unique(strata):
        inside = strata == code
        times, events = np.unique(exit[inside & event], return_counts=True)
        entered = np.searchsorted(np.sort(entry[inside]), times, side="left")
        left = np.searchsorted(np.sort(exit[inside]), times, side="left")
        parts.append(
            (
                np.full(times.size, code, dtype=np.int64),
                times,
                (entered - left).astype(np.float64),
                events.astype(np.float64),
            )
        )
    return EventCounts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def event_positions(totals: EventCounts, strata: Integers, times: Floats) -> Integers:
    """Count the risk totals that precede or fall on a time, within the unit's stratum.

    Parameters
    ----------
    totals : EventCounts
    strata : ndarray of int, shape (n_units,)
    times : ndarray of float, shape (..., n_units)

    Returns
    -------
    ndarray of int, shape (..., n_units)
        Position in ``sets`` of the first risk set of the stratum that is later than the time:
        an exposure ``(a, b]`` covers the positions from that of ``a`` to that of ``b``,
        exclusive.
    """
    positions = np.empty(times.shape, dtype=np.int64)
    for code in np.unique(strata):
        inside = strata == code
        first, last = np.searchsorted(totals.stratum, [code, code + 1])
        positions[..., inside] = first + np.searchsorted(
            totals.time[first:last], times[..., inside], side="right"
        )
    return positions


def studentized_scores(
    totals: EventCounts,
    exposed: Floats,
    events: Floats,
    *,
    shared: Floats,
    real: Floats,
    beta: float,
) -> Floats:
    r"""Return the studentized score of added exposures, given the effect of the real one.

    Parameters
    ----------
    totals : EventCounts
    exposed : ndarray of float, shape (n_draws, n_times)
        Units at risk with the exposure that is scored.
    events : ndarray of float, shape (n_draws,)
        Ends with that exposure, over all times.
    shared : ndarray of float, shape (n_draws, n_times)
        Units at risk with that exposure and the real one.
    real : ndarray of float, shape (n_times,)
        Units at risk with the real exposure.
    beta : float
        Log hazard ratio of the real exposure.

    Returns
    -------
    ndarray of float, shape (n_draws,)
        The score; 0 where no risk set mixes exposed and unexposed units, for such a draw holds
        no evidence either way. Rounded to ten decimals, so that two draws with the same counts
        tie whatever the order of summation.

    Notes
    -----
    Let :math:`x_j` be the real and :math:`x^*_j` the scored exposure. With
    :math:`p_t = \sum_j x^*_j e^{\beta x_j} / \sum_j e^{\beta x_j}` over the risk set,

    .. math:: z = \frac{\sum_t (d^*_t - d_t p_t)}
       {\sqrt{\sum_t d_t\, p_t (1 - p_t)\, (n_t - d_t)/(n_t - 1)}}.

    At :math:`\beta = 0` this is the log-rank statistic of the scored exposure with the
    hypergeometric variance of tied events. With the real exposure as the scored one it is the
    score of the Cox model at :math:`\beta`.
    """
    n, d = totals.at_risk, totals.events
    factor = float(np.exp(beta))
    total = (n - real) + factor * real
    spread = d * (n - d) / np.maximum(n - 1, 1)
    score, information = np.empty(len(exposed)), np.empty(len(exposed))
    # In blocks that stay in the cache, in place: draws by times are many numbers.
    for rows in blocks(*exposed.shape):
        share = exposed[rows] - shared[rows]
        rest = (n - real) - share
        own = factor * shared[rows]
        share += own
        share /= total
        np.subtract(real, shared[rows], out=own)
        own *= factor
        rest += own
        rest /= total
        score[rows] = events[rows] - share @ d
        rest *= share
        information[rows] = rest @ spread
    informative = information > 0
    root = np.sqrt(np.where(informative, information, 1.0))
    scores: Floats = np.where(informative, score / root, 0.0)
    return scores.round(10)


def efron_estimate(
    totals: EventCounts, exposed: Floats, exposed_events: Floats
) -> tuple[Floats, Floats]:
    r"""Maximize the partial likelihood, ties after Efron, for many exposures at once.

    Parameters
    ----------
    totals : EventCounts
    exposed : ndarray of float, shape (n_draws, n_times)
        Exposed units at risk.
    exposed_events : ndarray of float, shape (n_draws, n_times)
        Ends while exposed.

    Returns
    -------
    estimate : ndarray of float, shape (n_draws,)
        Log hazard ratio; ``-inf`` without exposed events, ``inf`` where every end of a mixed risk
        set is exposed, NaN where no risk set is mixed.
    std_error : ndarray of float, shape (n_draws,)
        From the observed information; NaN where the estimate is not finite.

    Notes
    -----
    Term :math:`l = 0, \dots, d_t - 1` of event time :math:`t` has
    :math:`c_k = n_{kt} - (l/d_t) d_{kt}` and contributes
    :math:`-\log(c_0 + c_1 e^\beta)` to the log likelihood, next to
    :math:`d_{1t}\beta` per event time. The score falls monotonically in :math:`\beta`; Newton
    steps that leave the bracket of its root are replaced by bisection.

    References
    ----------
    Efron, B. (1977). The efficiency of Cox's likelihood function for censored data. *Journal of
    the American Statistical Association*, 72(359), 557–565. doi:10.1080/01621459.1977.10480613
    """
    count = totals.events.astype(np.int64)
    row = np.repeat(np.arange(count.size), count)
    first = np.cumsum(count) - count
    fraction = (np.arange(row.size) - first[row]) / totals.events[row]
    c1 = exposed[:, row] - fraction * exposed_events[:, row]
    unexposed_events = totals.events - exposed_events
    c0 = (totals.at_risk - exposed)[:, row] - fraction * unexposed_events[:, row]
    events = exposed_events.sum(axis=1)
    has_exposed, has_unexposed = c1 > 0, c0 > 0
    no_exposed_event = events <= (has_exposed & ~has_unexposed).sum(axis=1)
    all_exposed_events = events >= has_exposed.sum(axis=1)

    beta = np.zeros(events.size)
    low, high = np.full(events.size, -_BETA_LIMIT), np.full(events.size, _BETA_LIMIT)
    active = ~(no_exposed_event | all_exposed_events)
    information = np.full(events.size, np.nan)
    for _ in range(100):
        if not active.any():
            break
        weighted = c1[active] * np.exp(beta[active])[:, None]
        share = weighted / (weighted + c0[active])
        score = events[active] - share.sum(axis=1)
        info = (share * (1.0 - share)).sum(axis=1)
        information[active] = info
        low[active] = np.where(score > 0, beta[active], low[active])
        high[active] = np.where(score < 0, beta[active], high[active])
        step = beta[active] + score / np.maximum(info, 1e-300)
        inside = (step > low[active]) & (step < high[active])
        following = np.where(inside, step, (low[active] + high[active]) / 2)
        done = (np.abs(following - beta[active]) < 1e-12) | (score == 0)
        beta[active] = np.where(score == 0, beta[active], following)
        active[np.flatnonzero(active)[done]] = False
    finite = ~(no_exposed_event | all_exposed_events)
    limit = np.where(
        no_exposed_event & all_exposed_events, np.nan, np.where(no_exposed_event, -np.inf, np.inf)
    )
    root = np.sqrt(np.where(finite, information, 1.0))
    return np.where(finite, beta, limit), np.where(finite, 1.0 / root, np.nan)
