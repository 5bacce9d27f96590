"""Terms of a partial likelihood: one per event moment, or one per tied event of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from riskset.arrays import Floats, Integers, scatter, sums_to
from riskset.columns import WeightKind
from riskset.errors import EstimationError
from riskset.risk_sets import RiskSets

Ties = Literal["efron", "breslow", "exact"]

#: Events, copies included, whose terms still fit into memory.
MOST_COPIES = 100_000_000


@dataclass(frozen=True, slots=True)
class TiedEvents:
    """The moments with several terms, and their events.

    Attributes
    ----------
    moments : ndarray of int, shape (q,)
    events : ndarray of int, shape (e,)
        Positions among the d events of the sample.
    event_place : ndarray of int, shape (e,)
        Which of the q moments is theirs.
    gather : scipy.sparse.csc_array, shape (q, e)
        Sums those events to their moments.
    terms, term_place : ndarray of int, shape (t,)
        Positions of the terms of those moments among all terms, and which of the q is theirs.
    """

    moments: Integers
    events: Integers
    event_place: Integers
    gather: sparse.csc_array
    terms: Integers
    term_place: Integers

    @classmethod
    def among(cls, count: Integers, failure_moment: Integers) -> TiedEvents | None:
        """Find the moments with more than one term, or return None where there is none."""
        several = count > 1
        if not several.any():
            return None
        events, moments = np.flatnonzero(several[failure_moment]), np.flatnonzero(several)
        place = (np.cumsum(several) - 1)[failure_moment[events]]
        return cls(
            moments=moments,
            events=events,
            event_place=place,
            gather=scatter(place, len(moments)),
            terms=np.flatnonzero(np.repeat(several, count)),
            term_place=np.repeat(np.arange(len(moments)), count[moments]),
        )

    def sums(self, values: Floats) -> Floats:
        """Sum values of all terms, shape (s,), to the moments with several, shape (q,)."""
        return sums_to(self.term_place, values[self.terms], len(self.moments))


@dataclass(frozen=True, slots=True)
class Slots:
    """Terms of the partial likelihood: under Efron's method one per tied event.

    Attributes
    ----------
    moment : ndarray of int, shape (s,)
        Event moment of the term.
    fraction : ndarray, shape (s,)
        Fraction of the tied events that has exited the risk set: 0, 1/d, …, (d−1)/d; 0 under
        Breslow.
    weight : ndarray, shape (s,)
        Mean weight of the tied events (their sum under Breslow).
    count : ndarray of int, shape (k,)
        Terms of each moment; none where its events carry no weight.
    tied : TiedEvents or None
        The moments with several terms; None where every fraction is zero.
    """

    moment: Integers
    fraction: Floats
    weight: Floats
    count: Integers
    tied: TiedEvents | None

    @classmethod
    def of(cls, sets: RiskSets, weights: Floats, ties: Ties, kind: WeightKind) -> Slots:
        """Lay out the terms of the partial likelihood for given weights, shape (m,)."""
        k = sets.moments
        weight = weights[sets.failures]
        total = sums_to(sets.failure_moment, weight, k)
        if kind == "frequency":
            if total.sum() > MOST_COPIES:
                raise EstimationError(
                    f"frequency weights that stand for {total.sum():.3g} events are too many; "
                    "are they weight_kind='case' weights?"
                )
            count = np.rint(total).astype(np.int64)
        else:
            count = np.bincount(sets.failure_moment, weight > 0, minlength=k).astype(np.int64)
        if ties == "breslow":
            moment = np.flatnonzero(count)
            once = np.minimum(count, 1)
            return cls(moment, np.zeros(moment.size), total[moment], once, None)
        moment = np.repeat(np.arange(k), count)
        order = np.arange(moment.size) - np.repeat(np.cumsum(count) - count, count)
        shared = count[moment].astype(np.float64)
        tied = TiedEvents.among(count, sets.failure_moment)
        return cls(moment, order / shared, total[moment] / shared, count, tied)

    def by_moment(self, values: Floats) -> Floats:
        """Sum values, shape (s,), to one per moment, shape (k,)."""
        if self._once:
            return values
        return sums_to(self.moment, values, len(self.count))

    def of_moment(self, values: Floats) -> Floats:
        """Return the value of each term's moment, shape (s,), given those of all, shape (k,)."""
        return values if self._once else values[self.moment]

    @property
    def _once(self) -> bool:
        """Whether each moment has one term: terms and moments are then the same."""
        return self.tied is None and len(self.moment) == len(self.count)
