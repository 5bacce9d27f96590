"""Terms of a partial likelihood: one per event moment, or one per tied event of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from collsec.survival.blocked_sums import scatter
from collsec.survival.columns import Floats, Integers

Ties = Literal["efron", "breslow", "exact"]
WeightKind = Literal["case", "frequency"]


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
    def among(cls, count: Integers, death_moment: Integers) -> TiedEvents | None:
        """Find the moments with more than one term, or return None where there is none."""
        several = count > 1
        if not several.any():
            return None
        events = np.flatnonzero(several[death_moment])
        moments = np.flatnonzero(several)
        place = (np.cumsum(several) - 1)[death_moment[events]]
        each = count[moments]
        return cls(
            moments=moments,
            events=events,
            event_place=place,
            gather=scatter(place, len(moments)),
            terms=np.flatnonzero(np.repeat(several, count)),
            term_place=np.repeat(np.arange(len(moments)), each),
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
        Share of the tied events that has left the risk set: 0, 1/d, …, (d−1)/d; 0 under Breslow.
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


def sums_to(place: Integers, values: Floats, size: int) -> Floats:
    """Sum values to places, shape (size,)."""
    return np.bincount(place, values, minlength=size).astype(np.float64, copy=False)
