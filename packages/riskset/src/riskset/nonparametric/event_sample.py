"""A sample of event times for nonparametric estimates: who is at risk, who has the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.clustered import at_risk_by_cluster, failures_by_cluster
from riskset.columns import Names, WeightKind, case_weights, clusters, row_label
from riskset.errors import EstimationError
from riskset.results import critical_value
from riskset.risk_sets import RiskSets
from riskset.times import require_last_events, require_no_overlap, survival_times

#: A smaller share of the weight at risk is rounding of the sums, not a survivor.
NOBODY = 1e-12

IntervalScale = Literal["log-log", "log", "plain"]


@dataclass(frozen=True, slots=True)
class EventSample:
    """Checked rows ``(start, stop]`` with their risk sets, in one stratum.

    Attributes
    ----------
    sets : RiskSets
    weights : ndarray, shape (n,)
    cluster : ndarray of int or None, shape (n,)
        Groups whose influence is summed for standard errors; None for Greenwood's.
    cluster_labels : pandas.Index or None
    begin, end : float
        First start (zero where no row states one) and last stop.
    start, stop : ndarray, shape (n,)
    counts : ndarray, shape (n,)
        How many rows each stands for: its frequency weight, or one.
    """

    sets: RiskSets
    weights: Floats
    cluster: Integers | None
    cluster_labels: pd.Index | None
    begin: float
    end: float
    start: Floats
    stop: Floats
    counts: Floats

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        event: Booleans,
        *,
        start: str | None,
        stop: str,
        weights: str | None,
        weight_kind: WeightKind,
        cluster: Names | None,
        unit: Names | None = None,
    ) -> EventSample:
        """Check and sort the sample.

        Raises
        ------
        EstimationError
            As in `survival_times`; case weights without clusters; a time at which nobody is at
            risk before others enter; everybody at risk has the event while others enter later.
        """
        spells = survival_times(data, start, stop)
        require_no_overlap(data, unit, spells)
        require_last_events(data, unit, spells, event)
        begins, ends = spells.start, spells.stop
        if start is None and (bad := np.flatnonzero(ends < 0)).size:
            at = int(bad[0])
            raise EstimationError(f"{stop!r} is negative ({ends[at]:g}) in {row_label(data, at)}")
        given = case_weights(data, weights, whole=weight_kind == "frequency")
        if given is not None and weight_kind == "case" and cluster is None:
            raise EstimationError(
                "case weights need cluster=: Greenwood's variance does not hold for weighted rows. "
                "Name the unit (or the country) whose rows depend on one another"
            )
        groups, labels = (None, None) if cluster is None else clusters(data, cluster)
        kept = np.ones(len(data)) if given is None else given
        there = kept > 0
        if not event[there].any():
            raise EstimationError(f"no event in {len(data)} rows")
        if start is not None:
            _check_gap(begins[there], ends[there], spells.width)
        none = np.zeros(len(data), dtype=np.int64)
        sets = RiskSets.build(begins, ends, event & there, none, spells.width)
        sample = cls(
            sets=sets,
            weights=kept,
            cluster=groups,
            cluster_labels=labels,
            begin=0.0 if start is None else float(begins[there].min()),
            end=float(ends[there].max()),
            start=begins,
            stop=ends,
            counts=np.asarray(kept if weight_kind == "frequency" else there, dtype=np.float64),
        )
        _check_exhaustion(sample)
        return sample

    @property
    def n_clusters(self) -> int | None:
        """Clusters, or None where none were named."""
        return None if self.cluster_labels is None else len(self.cluster_labels)

    def at_risk(self) -> Floats:
        """Weight at risk at each event time, shape (k,)."""
        return self.sets.at_risk(self.weights[self.sets.rows])

    def events(self, which: Booleans | None = None) -> Floats:
        """Weight of the events at each event time, shape (k,), of all rows or some, shape (n,)."""
        rows = self.sets.rows[self.sets.failures]
        weight = self.weights[rows] if which is None else self.weights[rows] * which[rows]
        sums = np.bincount(self.sets.failure_moment, weight, minlength=self.sets.moments)
        return sums.astype(np.float64)

    def remaining(self) -> Floats:
        """Weight at risk that survives each event time, shape (k,); rounding counts as nobody."""
        at_risk = self.at_risk()
        remaining = at_risk - self.events()
        return np.where(remaining > NOBODY * at_risk, remaining, 0.0)

    def excess(self, hazard: Floats, which: Booleans | None = None) -> Floats:
        """Events less expected events of each cluster at each event time, shape (g, k)."""
        if self.cluster is None or self.n_clusters is None:
            raise EstimationError("no cluster was named")
        rows = self.sets.rows[self.sets.failures]
        weight = self.weights[rows] if which is None else self.weights[rows] * which[rows]
        groups = (self.cluster, self.n_clusters)
        exposed = at_risk_by_cluster(self.sets, self.weights[self.sets.rows], *groups)
        return failures_by_cluster(self.sets, weight, *groups) - exposed * hazard

    def count_at_risk(self, times: Floats) -> Integers:
        """Count the rows at risk just before each time (at the beginning: just after), (t,).

        A row counts as often as its frequency weight says, and not at all where a weight is zero.
        """
        first = np.nextafter(self.begin, np.inf)
        when = np.maximum(times, first)[:, None]
        there = (self.start < when) & (when <= np.maximum(self.stop, first))
        return np.rint(there @ self.counts).astype(np.int64)


def _check_gap(start: Floats, stop: Floats, width: float) -> None:
    """Raise where nobody is at risk for a while and others enter later."""
    order = np.argsort(start, kind="stable")
    reached = np.maximum.accumulate(stop[order])
    later = start[order][1:]
    gap = np.flatnonzero(later > reached[:-1] + width)
    if gap.size:
        low, high = reached[gap[0]], later[gap[0]]
        raise EstimationError(
            f"nobody is at risk between {low:g} and {high:g}: the risk set is empty and survival "
            "over that time is unknown. Begin at the later time, or end at the earlier"
        )


def _check_exhaustion(sample: EventSample) -> None:
    """Raise where all at risk have the event although others enter later."""
    exhausted = np.flatnonzero(sample.remaining() == 0)
    if exhausted.size and exhausted[0] < sample.sets.moments - 1:
        raise EstimationError(
            f"everybody at risk at time {sample.sets.time[exhausted[0]]:g} has the event, and "
            "others enter later: early risk sets are too small for left truncation, survival stays "
            f"zero. Begin later (survival given survival to some time after "
            f"{sample.sets.time[exhausted[0]]:g})"
        )


def interval_of(
    probability: Floats, std_error: Floats, level: float, interval: IntervalScale
) -> tuple[Floats, Floats]:
    """Return pointwise intervals of a probability, each of shape (k,).

    Parameters
    ----------
    probability, std_error : ndarray, shape (k,)
    level : float
    interval : {"log-log", "log", "plain"}
        Scale on which the estimate is taken as normal. Only ``log-log`` stays within 0 and 1 of
        itself; the others are cut there.

    Notes
    -----
    Where the estimate is 0 or 1 there is no interval: NaN.
    """
    z = critical_value(level)
    inside = (probability > NOBODY) & (probability < 1 - NOBODY)
    p = np.where(inside, probability, 0.5)
    if interval == "log-log":
        half = np.minimum(z * std_error / (p * np.abs(np.log(p))), 700.0)  # exp() overflows at 710
        low, high = p ** np.exp(half), p ** np.exp(-half)
    elif interval == "log":
        half = z * std_error / p
        low, high = p * np.exp(-half), np.minimum(p * np.exp(half), 1.0)
    elif interval == "plain":
        low = np.maximum(p - z * std_error, 0.0)
        high = np.minimum(p + z * std_error, 1.0)
    else:
        raise EstimationError(f"interval must be 'log-log', 'log' or 'plain', not {interval!r}")
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def per_event(numerator: Floats, remaining: Floats) -> Floats:
    """Divide, taking zero where nobody remains at risk after the event."""
    return np.divide(numerator, remaining, out=np.zeros_like(numerator), where=remaining > 0)
