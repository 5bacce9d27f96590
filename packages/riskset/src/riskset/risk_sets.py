"""Risk sets of ``(start, stop]`` rows: who is at risk at which event time, ranked once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from riskset.arrays import (
    Booleans,
    Floats,
    Integers,
    accumulate,
    scatter,
    sum_by_group,
    sums_to,
    weighted,
)
from riskset.compiled import compiled
from riskset.times import count_up_to, tie_width, times_up_to, untied

Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True)
class RiskSets:
    """Risk sets over the event moments of a sample.

    A *moment* is a distinct event time in one stratum; moments are numbered by stratum, then
    time. A row is at risk at the moments ``first <= k < past``. Rows at risk at no moment stay
    out of ``rows``: no likelihood, gradient or residual depends on them. The others stand in the
    order in which they leave, so that sums over them go through memory once.

    Attributes
    ----------
    n : int
        Rows of the sample.
    rows : ndarray of int, shape (m,)
        Sample positions of the rows at risk at some moment, in increasing order of ``past``.
    first, past : ndarray of int, shape (m,)
        Half-open range of moments at which each row is at risk.
    failures : ndarray of int, shape (d,)
        Positions within ``rows`` of the rows that end in an event.
    failure_moment : ndarray of int, shape (d,)
        Moment of each such event, in increasing order.
    time, stratum : ndarray, shape (k,)
        Time and stratum of each moment.
    width : float
        Times no further apart than this are one time.
    """

    n: int
    rows: Integers
    first: Integers
    past: Integers
    failures: Integers
    failure_moment: Integers
    time: Floats
    stratum: Integers
    width: float

    @property
    def moments(self) -> int:
        """Number of distinct event times over all strata."""
        return len(self.time)

    @cached_property
    def crossings(self) -> sparse.csc_array:
        """Matrix that sums a row with +1 at ``past`` and with −1 at ``first``, shape (k + 1, m).

        Sums from the last place back are those of the rows at risk.
        """
        width = np.int32 if self.moments < 2**31 - 1 else np.int64
        both = np.empty((len(self.rows), 2), dtype=width)
        both[:, 0], both[:, 1] = self.past, self.first
        crossings = scatter(both, self.moments + 1)
        crossings.data[1::2] = -1.0
        return crossings

    @classmethod
    def build(
        cls,
        start: Floats,
        stop: Floats,
        event: Booleans,
        stratum: Integers,
        width: float | None = None,
    ) -> RiskSets:
        """Rank the ends of the rows among the event times.

        Parameters
        ----------
        start, stop : ndarray, shape (n,)
            Rows are at risk on ``(start, stop]``; ``start`` may be minus infinity.
        event : ndarray of bool, shape (n,)
            The row ends in an event at ``stop``.
        stratum : ndarray of int, shape (n,)
            Rows of different strata never share a risk set.
        width : float, optional
            As in `Spells`; worked out from the times by default.
        """
        width = tie_width(start, stop) if width is None else width
        time = untied(stop[event], width)
        past = times_up_to(time, stop, width)
        first = _starts_up_to(time, start, stop, past, width)
        stratum_of = np.zeros(len(time), dtype=np.int64)
        if stratum.any():
            span = len(time) + 1
            leave, enter = stratum * span + past, stratum * span + first
            keys = np.unique(leave[event])
            ranked = keys.astype(np.float64)
            past = count_up_to(ranked, leave.astype(np.float64))
            first = count_up_to(ranked, enter.astype(np.float64))
            time, stratum_of = time[keys % span - 1], keys // span
        rows, first, past, failures = _in_order(first, past, event, len(time) + 1)
        return cls(
            n=len(stop),
            rows=rows,
            first=first,
            past=past,
            failures=failures,
            failure_moment=past[failures] - 1,
            time=time,
            stratum=stratum_of,
            width=width,
        )

    def take(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return values of the sample, shape (n, ...), for the rows at risk at some moment."""
        return values[self.rows]

    def at_risk(self, values: Floats, x: Floats | None = None) -> Floats:
        """Sum values over the rows at risk at each moment.

        Parameters
        ----------
        values : ndarray, shape (m,) or (m, c)
        x : ndarray, shape (m, p), optional
            Sum ``values``, shape (m,), times these columns, without forming the products.

        Returns
        -------
        ndarray, shape (k,), (k, c) or (k, p)

        Notes
        -----
        Sums run from the last moment back, so that for right-censored data they only grow.
        """
        if x is not None:
            signed = np.empty((len(values), 2))
            signed[:, 0] = values
            np.negative(values, out=signed[:, 1])
            net = weighted(self.crossings, signed.ravel()) @ x
        elif values.ndim == 1:
            net = sums_to(self.past, values, self.moments + 1)
            net -= sums_to(self.first, values, self.moments + 1)
        else:
            net = self.crossings @ values
        backward = net[:0:-1]
        if net.ndim == 1:
            return np.cumsum(backward, out=backward)[::-1]
        return accumulate(backward)[::-1]

    def of_failures(self, values: Floats) -> Floats:
        """Sum values, shape (m, c), over the events of each moment, (k, c)."""
        return sum_by_group(values[self.failures], self.failure_moment, self.moments)

    def exposure(self, increments: Floats) -> Floats:
        """Sum increments over the moments at which each row is at risk.

        Parameters
        ----------
        increments : ndarray, shape (k,) or (k, c)

        Returns
        -------
        ndarray, shape (m,) or (m, c)
        """
        total = running(increments)
        out = np.take(total, self.past, axis=0)
        out -= np.take(total, self.first, axis=0)
        return out


def _starts_up_to(
    time: Floats, start: Floats, stop: Floats, past: Integers, width: float
) -> Integers:
    """Count the event times up to each start; most rows begin where the row before them stopped."""
    follows = np.zeros(len(start), dtype=np.bool_)
    np.equal(start[1:], stop[:-1], out=follows[1:])
    if 2 * np.count_nonzero(follows) < len(start):
        return times_up_to(time, start, width)
    first = np.empty_like(past)
    first[1:] = past[:-1]
    others = np.flatnonzero(~follows)
    first[others] = times_up_to(time, start[others], width)
    return first


def _in_order(
    first: Integers, past: Integers, event: Booleans, size: int
) -> tuple[Integers, Integers, Integers, Integers]:
    """Return ``rows, first, past, failures`` as `RiskSets` holds them."""
    if compiled(len(past)):
        from riskset.loops import risk_order

        n = len(past)
        rows, enters, leaves = (np.empty(n, dtype=np.int64) for _ in range(3))
        ended = np.empty(n, dtype=np.bool_)
        m = risk_order(first, past, event, size, rows, enters, leaves, ended)
        return rows[:m], enters[:m], leaves[:m], np.flatnonzero(ended[:m])
    meets = first < past
    if meets.all():
        rows = by_target(past, size)
    else:
        rows = np.flatnonzero(meets)
        rows = rows[by_target(past[rows], size)]
    return rows, first[rows], past[rows], np.flatnonzero(event[rows])


def by_target(target: Integers, size: int) -> Integers:
    """Return the positions of integers below ``size`` in increasing order, equal ones as they are.

    The conversion of a sparse matrix is a counting sort: it takes time in proportion.
    """
    if compiled(len(target)):
        from riskset.loops import counting_order

        order = np.empty(len(target), dtype=np.int64)
        counting_order(target, size, order)
        return order
    return np.asarray(scatter(target, size).tocsr().indices, dtype=np.int64)


def running(increments: Floats) -> Floats:
    """Return running sums that begin with zero, shape (k + 1,) or (k + 1, c)."""
    total = np.zeros((len(increments) + 1, *increments.shape[1:]))
    if increments.ndim == 1:
        np.cumsum(increments, out=total[1:])
        return total
    total[1:] = increments
    accumulate(total[1:])
    return total
