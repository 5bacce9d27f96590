"""Adjusted curves of groups, and their differences with the errors of clusters."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import scipy

from riskset import plotting
from riskset.arrays import Floats
from riskset.errors import EstimationError, check_positive, listed, shown
from riskset.nonparametric.event_sample import IntervalScale, interval_of
from riskset.nonparametric.restricted_mean import area_to
from riskset.results import Printed, critical_value
from riskset.times import times_within

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Quantity = Literal["survival", "restricted mean"]


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """The curve of one group.

    Attributes
    ----------
    time, survival : ndarray, shape (k,)
        Event times and survival after each.
    influence : ndarray, shape (g, k)
        Of each cluster on survival.
    start, stop : ndarray, shape (n,)
        The group's rows.
    weights : ndarray, shape (u,)
        Inverse probabilities of its units; empty for the g-formula.
    """

    time: Floats
    survival: Floats
    influence: Floats
    start: Floats
    stop: Floats
    weights: Floats

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        start: str,
        stop: str,
        time: Floats,
        survival: Floats,
        influence: Floats,
        weights: Floats | None = None,
    ) -> GroupCurve:
        """Keep the ends of the rows, to count who is at risk."""
        begins, ends = (rows[name].to_numpy(dtype=np.float64) for name in (start, stop))
        kept = np.empty(0) if weights is None else weights
        return cls(time, survival, influence, begins, ends, kept)

    def follow_up(self) -> float:
        """Return the last time at which survival is known."""
        return np.inf if self.survival[-1] <= 0 else float(self.stop.max())

    def at(self, times: Floats) -> tuple[Floats, Floats]:
        """Return survival at times, shape (t,), and its influence, shape (g, t)."""
        place = np.searchsorted(self.time, times, side="right")
        survival = np.concatenate(([1.0], self.survival))[place]
        none = np.zeros((len(self.influence), 1))
        return survival, np.hstack((none, self.influence))[:, place]

    def mean(self, horizon: float) -> tuple[float, Floats]:
        """Return the restricted mean and its influence, shape (g,)."""
        edges = np.clip(np.append(self.time, horizon), 0.0, horizon)
        area = float(area_to(horizon, self.time, self.survival)[0])
        return area, np.asarray(self.influence @ np.diff(edges))

    def count_at_risk(self, times: Floats) -> Floats:
        """Count the rows at risk just before each time (at zero: just after), shape (t,)."""
        when = np.maximum(times, np.nextafter(0, 1))[:, None]
        there = (self.start < when) & (when <= self.stop)
        return np.asarray(there.sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True, repr=False)
class AdjustedSurvival(Printed):
    """Survival had the whole cohort been in each group.

    Attributes
    ----------
    curves : dict of hashable to GroupCurve
    group : str
        Column of the group.
    method : {"g-formula", "weights"}
    clusters : pandas.Index
    nobs, n_units, n_events : int
    interval : {"log-log", "log", "plain"}
    level : float
    """

    curves: dict[Hashable, GroupCurve]
    group: str
    method: str
    clusters: pd.Index
    nobs: int
    n_units: int
    n_events: int
    interval: IntervalScale
    level: float

    @property
    def n_clusters(self) -> int:
        """Clusters; units where none were named."""
        return len(self.clusters)

    def tidy(self) -> pd.DataFrame:
        """Return the curves at their event times: ``group, time, survival, std_error, …``."""
        return pd.concat(
            [self._rows(name, curve.time) for name, curve in self.curves.items()],
            ignore_index=True,
        )

    def at(self, times: object) -> pd.DataFrame:
        """Return the curves at given times, with the rows at risk there.

        Raises
        ------
        EstimationError
            A time lies beyond the last follow-up of a group.
        """
        grid = times_within(times, self._end())
        parts = [
            self._rows(name, grid).assign(at_risk=curve.count_at_risk(grid).astype(int))
            for name, curve in self.curves.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def restricted_means(self, horizon: float) -> pd.DataFrame:
        """Return the area under each curve from zero to a horizon, with Wald's intervals."""
        end = self._horizon(horizon)
        rows = []
        for name, curve in self.curves.items():
            mean, influence = curve.mean(end)
            rows.append((name, *self._wald(mean, influence)[:4]))
        columns = ["group", "restricted_mean", "std_error", "ci_low", "ci_high"]
        return pd.DataFrame(rows, columns=columns)

    def differences(
        self, at: float, what: Quantity = "survival", *, reference: Hashable | None = None
    ) -> pd.DataFrame:
        """Return differences between groups at one time.

        Parameters
        ----------
        at : float
            The time, or the horizon of the restricted mean.
        what : {"survival", "restricted mean"}
        reference : hashable, optional
            The group that the others are compared with; the first by default.

        Returns
        -------
        DataFrame
            ``group, reference, estimate, std_error, ci_low, ci_high, p_value``; clusters with units
            in both groups and the shared models are allowed for.
        """
        if what not in ("survival", "restricted mean"):
            raise EstimationError(f"what must be 'survival' or 'restricted mean', not {what!r}")
        names = list(self.curves)
        base = names[0] if reference is None else reference
        if base not in self.curves:
            raise EstimationError(f"no group {shown(base)}; groups are {listed(names)}")
        found: dict[Hashable, tuple[float, Floats]] = {}
        for name, curve in self.curves.items():
            if what == "survival":
                value, influence = curve.at(times_within(at, self._end())[:1])
                found[name] = (float(value[0]), influence[:, 0])
            else:
                found[name] = curve.mean(self._horizon(at))
        rows = []
        for name in names:
            if name != base:
                away = found[name][0] - found[base][0]
                rows.append((name, base, *self._wald(away, found[name][1] - found[base][1])))
        columns = ["group", "reference", "estimate", "std_error", "ci_low", "ci_high", "p_value"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, *, at_risk: bool = True, axes: Axes | None = None, xlabel: str = "Time") -> Axes:
        """Draw the curves of all groups with their bands, and the rows at risk below them."""
        table = self.tidy()
        axes = plotting.curves(
            table,
            value="survival",
            by="group",
            axes=axes,
            ylabel="Adjusted survival",
            xlabel=xlabel,
        )
        if at_risk:
            end = max(float(curve.stop.max()) for curve in self.curves.values())
            times = plotting.ticks(0.0, end)
            counts = {str(n): c.count_at_risk(times).tolist() for n, c in self.curves.items()}
            plotting.risk_table(axes, counts, times.tolist())
        return axes

    def diagnostics(self) -> pd.DataFrame:
        """Return, by group, the units, their effective number, and the largest share of one."""
        rows = []
        for name, curve in self.curves.items():
            weight = curve.weights
            if not weight.size:
                raise EstimationError("the g-formula has no weights to look at")
            effective = float(weight.sum() ** 2 / (weight**2).sum())
            rows.append((name, len(weight), effective, float(weight.max() / weight.sum())))
        return pd.DataFrame(rows, columns=["group", "units", "effective_units", "largest_share"])

    def _rows(self, name: Hashable, times: Floats) -> pd.DataFrame:
        survival, influence = self.curves[name].at(times)
        error = np.sqrt((influence**2).sum(axis=0))
        low, high = interval_of(survival, error, self.level, self.interval)
        return pd.DataFrame(
            {
                "group": [name] * len(times),
                "time": times,
                "survival": survival,
                "std_error": error,
                "ci_low": low,
                "ci_high": high,
            }
        )

    def _wald(self, value: float, influence: Floats) -> tuple[float, float, float, float, float]:
        error = float(np.sqrt((influence**2).sum()))
        half = critical_value(self.level) * error
        p = float(2 * scipy.stats.norm.sf(abs(value) / error)) if error > 0 else np.nan
        return value, error, value - half, value + half, p

    def _end(self) -> float:
        return min(curve.follow_up() for curve in self.curves.values())

    def _horizon(self, given: object) -> float:
        return float(times_within(check_positive(given, "the horizon"), self._end())[0])

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", f"adjusted survival by {self.group}, {self.method}"),
            ("rows", self.nobs),
            ("units", self.n_units),
            ("events", self.n_events),
            ("standard errors", f"clustered ({self.n_clusters} clusters)"),
        ]
