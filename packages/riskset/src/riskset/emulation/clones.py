"""Clones of units under two strategies: when each is followed, censored, and with what weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.columns import codes, indicator
from riskset.covariates import matrix
from riskset.errors import EstimationError, shown
from riskset.nonparametric.event_sample import NOBODY
from riskset.risk_sets import RiskSets
from riskset.times import survival_times


@dataclass(frozen=True, slots=True)
class Trial:
    """Units from time zero on: when treatment begins, when follow-up ends, and how.

    Attributes
    ----------
    labels : pandas.Index
        The u units.
    covariates : ndarray, shape (u, p)
        At time zero.
    treated_at : ndarray, shape (u,)
        When treatment begins; infinity where it does not within follow-up.
    end : ndarray, shape (u,)
    event : ndarray of bool, shape (u,)
    cluster : ndarray of int, shape (u,)
    n_clusters : int
    """

    labels: pd.Index
    covariates: Floats
    treated_at: Floats
    end: Floats
    event: Booleans
    cluster: Integers
    n_clusters: int

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        covariates: list[str],
        *,
        unit: str,
        start: str,
        stop: str,
        event: str,
        treatment: str,
        cluster: str | list[str],
    ) -> Trial:
        """Fold ``(start, stop]`` rows to units.

        Raises
        ------
        EstimationError
            A unit does not begin at zero, has a gap, is treated at time zero, has an event before
            its last row, or a covariate or cluster that changes.
        """
        spells = survival_times(data, start, stop)
        begins, ends = spells.start, spells.stop
        owner, labels = codes(data, unit)
        order = np.lexsort((begins, owner))
        owner, begins, ends = owner[order], begins[order], ends[order]
        happened = indicator(data, event)[order]
        treated = indicator(data, treatment)[order]
        x = matrix(data, covariates)[order]
        groups, group_labels = codes(data, cluster)
        groups = groups[order]
        first = np.concatenate(([True], owner[1:] != owner[:-1]))
        last = np.concatenate((first[1:], [True]))
        opening = np.flatnonzero(first)

        def refuse(wrong: Booleans, why: str) -> None:
            if wrong.any():
                who = labels[owner[np.flatnonzero(wrong)[0]]]
                raise EstimationError(f"{unit!r} {shown(who)} {why}")

        refuse(first & (begins != 0), "does not begin at time zero; a trial has no late entry")
        gap = np.zeros_like(first)
        gap[1:] = ~first[1:] & (begins[1:] != ends[:-1])
        refuse(gap, "has a gap or an overlap between its rows")
        refuse(first & treated, "is treated at time zero; it is not eligible, select the untreated")
        refuse(~last & happened, "has an event before its last row")
        base = opening[owner]
        refuse(
            (x != x[base]).any(axis=1),
            "has a covariate that changes; weights rest on values at time zero",
        )
        refuse(groups != groups[base], f"lies in two clusters {cluster!r}")
        when = np.where(treated, begins, np.inf)
        treated_at = np.minimum.reduceat(when, opening)
        return cls(
            labels=labels,
            covariates=x[opening],
            treated_at=treated_at,
            end=ends[last],
            event=happened[last],
            cluster=groups[opening],
            n_clusters=len(group_labels),
        )

    def treated_by(self, time: float) -> Booleans:
        """Return who is treated by a time while followed, shape (u,)."""
        return np.asarray((self.treated_at <= time) & (self.treated_at < self.end))


@dataclass(frozen=True, slots=True)
class Clones:
    """Follow-up of the clones of one strategy, cut where their weights change.

    Attributes
    ----------
    unit : ndarray of int, shape (r,)
    treated : ndarray of bool, shape (r,)
        Whether the row lies after the beginning of treatment within the grace period.
    passed : ndarray of int, shape (r,)
        How many of the treatment times have passed when the row begins.
    stop : ndarray, shape (r,)
    sets : RiskSets
        Of the rows.
    """

    unit: Integers
    treated: Booleans
    passed: Integers
    stop: Floats
    sets: RiskSets

    @classmethod
    def within(cls, trial: Trial, times: Floats, grace: float) -> Clones:
        """Follow those who begin treatment within the grace period.

        A clone is censored at the end of the grace period unless treated by then.
        """
        begun = np.where(trial.treated_by(grace), trial.treated_at, np.inf)
        waiting = np.minimum(np.minimum(begun, trial.end), grace)
        treated = np.isfinite(begun)
        return cls._cut(trial, times, waiting, waiting < trial.end, treated, begun)

    @classmethod
    def without(cls, trial: Trial, times: Floats, grace: float) -> Clones:
        """Follow those who do not begin treatment within the grace period.

        A clone is censored when treated within it; what happens later is left to take its course.
        """
        begun = np.where(trial.treated_by(grace), trial.treated_at, np.inf)
        followed = np.minimum(begun, trial.end)
        nobody = np.zeros(len(followed), dtype=np.bool_)
        return cls._cut(trial, times, followed, followed < trial.end, nobody, begun)

    @classmethod
    def _cut(
        cls,
        trial: Trial,
        times: Floats,
        waiting: Floats,
        stopped: Booleans,
        treated: Booleans,
        begun: Floats,
    ) -> Clones:
        """Cut the untreated time of each unit at the treatment times, and add the treated time."""
        edges = np.concatenate(([0.0], times))
        unit, interval = np.nonzero(edges[None, :] < waiting[:, None])
        following = np.concatenate((times, [np.inf]))[interval]
        stop = np.minimum(following, waiting[unit])
        event = trial.event[unit] & ~stopped[unit] & (stop == waiting[unit])
        after = np.flatnonzero(treated)
        start = np.concatenate((edges[interval], begun[after]))
        stop = np.concatenate((stop, trial.end[after]))
        event = np.concatenate((event, trial.event[after]))
        none = np.zeros(len(start), dtype=np.int64)
        return cls(
            unit=np.concatenate((unit, after)),
            treated=np.concatenate((np.zeros(len(unit), np.bool_), np.ones(len(after), np.bool_))),
            passed=np.concatenate((interval, np.full(len(after), len(times)))),
            stop=stop,
            sets=RiskSets.build(start, stop, event, none),
        )

    def survival(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return event times and weighted survival after each, shapes (k,).

        Parameters
        ----------
        weights : ndarray, shape (r,)
            Weight of each row.
        """
        sets = self.sets
        own = weights[sets.rows]
        at_risk = sets.at_risk(own)
        events = np.bincount(sets.failure_moment, own[sets.failures], minlength=sets.moments)
        present = at_risk > NOBODY * max(float(own.sum()), 1e-300)
        hazard = np.divide(events, at_risk, out=np.zeros_like(at_risk), where=present)
        return sets.time, np.cumprod(np.maximum(1 - hazard, 0.0))
