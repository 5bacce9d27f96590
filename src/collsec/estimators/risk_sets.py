"""Risk sets of ``(start, stop]`` rows: who is at risk at which event time, sorted once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from collsec.estimators.columns import Booleans, Floats, Integers, times_up_to, untied

Ties = Literal["efron", "breslow"]
WeightKind = Literal["case", "frequency"]


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Risk sets over the event moments of a sample.

    A *moment* is a distinct event time in one stratum; moments are numbered by stratum, then
    time. A row is at risk at the moments ``first <= k < past``. Rows at risk at no moment stay
    out of ``rows``: no likelihood, gradient or residual depends on them.

    Attributes
    ----------
    n : int
        Rows of the sample.
    rows : ndarray of int, shape (m,)
        Sample positions of the rows at risk at some moment.
    first, past : ndarray of int, shape (m,)
        Half-open range of moments at which each row is at risk.
    deaths : ndarray of int, shape (d,)
        Positions within ``rows`` of the rows that end in an event.
    death_moment : ndarray of int, shape (d,)
        Moment of each such event.
    time, stratum : ndarray, shape (k,)
        Time and stratum of each moment.
    crossings, gather : scipy.sparse.csr_array
        ``(k, m)`` with +1 where a row is last at risk and −1 just before it is first at risk, and
        ``(k, d)`` with 1 where an event happens.
    """

    n: int
    rows: Integers
    first: Integers
    past: Integers
    deaths: Integers
    death_moment: Integers
    time: Floats
    stratum: Integers
    crossings: sparse.csr_array
    gather: sparse.csr_array

    @property
    def moments(self) -> int:
        """Number of distinct event times over all strata."""
        return len(self.time)

    @classmethod
    def build(cls, start: Floats, stop: Floats, event: Booleans, stratum: Integers) -> RiskSets:
        """Sort the sample.

        Parameters
        ----------
        start, stop : ndarray, shape (n,)
            Rows are at risk on ``(start, stop]``; ``start`` may be minus infinity.
        event : ndarray of bool, shape (n,)
            The row ends in an event at ``stop``.
        stratum : ndarray of int, shape (n,)
            Rows of different strata never share a risk set.
        """
        clock = untied(stop[event])
        span = len(clock) + 1
        offset = stratum * span
        leave = offset + times_up_to(clock, stop)
        enter = offset + times_up_to(clock, start)
        keys, moment_of_event = np.unique(leave[event], return_inverse=True)
        past = np.searchsorted(keys, leave, side="right")
        first = np.searchsorted(keys, enter, side="right")
        rows = np.flatnonzero(first < past)
        is_death = event[rows]
        full = np.empty(len(stop), dtype=np.int64)
        full[event] = moment_of_event
        first, past = first[rows], past[rows]
        deaths = np.flatnonzero(is_death)
        death_moment = full[rows[is_death]]
        k, m = len(keys), len(rows)
        entered = np.flatnonzero(first > 0)
        crossings = sparse.csr_array(
            (
                np.concatenate((np.ones(m), -np.ones(entered.size))),
                (
                    np.concatenate((past - 1, first[entered] - 1)),
                    np.concatenate((np.arange(m), entered)),
                ),
            ),
            shape=(k, m),
        )
        gather = sparse.csr_array(
            (np.ones(deaths.size), (death_moment, np.arange(deaths.size))), shape=(k, deaths.size)
        )
        return cls(
            n=len(stop),
            rows=rows,
            first=first,
            past=past,
            deaths=deaths,
            death_moment=death_moment,
            time=clock[keys % span - 1],
            stratum=keys // span,
            crossings=crossings,
            gather=gather,
        )

    def at_risk(self, values: Floats) -> Floats:
        """Sum values over the rows at risk at each moment.

        Parameters
        ----------
        values : ndarray, shape (m,) or (m, c)

        Returns
        -------
        ndarray, shape (k,) or (k, c)

        Notes
        -----
        Sums run from the last moment back, so that for right-censored data they only grow.
        """
        net = np.asarray(self.crossings @ values)
        return np.cumsum(net[::-1], axis=0)[::-1]

    def exposure(self, increments: Floats) -> Floats:
        """Sum increments over the moments at which each row is at risk.

        Parameters
        ----------
        increments : ndarray, shape (k,) or (k, c)

        Returns
        -------
        ndarray, shape (m,) or (m, c)
        """
        total = np.zeros((len(increments) + 1, *increments.shape[1:]))
        np.cumsum(increments, axis=0, out=total[1:])
        return np.asarray(total[self.past] - total[self.first])

    def slots(self, weights: Floats, ties: Ties, kind: WeightKind) -> Slots:
        """Lay out the terms of the partial likelihood for given weights, shape (m,)."""
        k = self.moments
        weight = weights[self.deaths]
        total: Floats = np.bincount(self.death_moment, weight, minlength=k).astype(np.float64)
        if kind == "frequency":
            count = np.rint(total).astype(np.int64)
        else:
            count = np.bincount(self.death_moment, weight > 0, minlength=k).astype(np.int64)
        if ties == "breslow":
            moment = np.flatnonzero(count)
            return Slots(moment, np.zeros(moment.size), total[moment], k)
        moment = np.repeat(np.arange(k), count)
        order = np.arange(moment.size) - np.repeat(np.cumsum(count) - count, count)
        shared = count[moment].astype(np.float64)
        return Slots(moment, order / shared, total[moment] / shared, k)


@dataclass(frozen=True, slots=True)
class Slots:
    """Terms of the partial likelihood: under Efron's method one per tied event.

    Attributes
    ----------
    moment : ndarray of int, shape (s,)
        Event moment of the term.
    fraction : ndarray, shape (s,)
        Share of the tied events that has left the risk set: 0, 1/d, …, (d−1)/d; 0 under Breslow.
    weight : ndarray, shape (s,)
        Mean weight of the tied events (their sum under Breslow).
    moments : int
        Number of event moments k.
    """

    moment: Integers
    fraction: Floats
    weight: Floats
    moments: int

    @property
    def has_ties(self) -> bool:
        """Whether any term leaves out a share of its events."""
        return bool(self.fraction.any())

    def by_moment(self, values: Floats) -> Floats:
        """Sum values, shape (s,) or (s, c), to one row per moment, shape (k,) or (k, c)."""
        if values.ndim == 1:
            return np.bincount(self.moment, values, minlength=self.moments).astype(np.float64)
        columns = [np.bincount(self.moment, v, minlength=self.moments) for v in values.T]
        return np.column_stack(columns) if columns else np.empty((self.moments, 0))
