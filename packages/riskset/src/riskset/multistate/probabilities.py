"""Probabilities of states over time: tables, mean time in states, and where they are unsure."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskset import plotting
from riskset.arrays import Floats
from riskset.errors import EstimationError, EstimationWarning, shown
from riskset.multistate.product_integral import Jumps, follow
from riskset.multistate.states import StateRows
from riskset.nonparametric.event_sample import NOBODY, IntervalScale, interval_of
from riskset.results import Printed, critical_value
from riskset.times import times_within

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def probabilities_of(
    rows: StateRows,
    jumps: Jumps,
    *,
    model: str,
    counts: pd.DataFrame,
    since: float | None,
    initial: Hashable | Mapping[Hashable, float] | None,
    interval: IntervalScale,
    level: float,
) -> TransitionProbabilities:
    """Return the probabilities that follow from jumps of the hazards."""
    begin = rows.since(since)
    share, moved = rows.initial(initial, begin)
    found = TransitionProbabilities(
        rows=rows,
        jumps=jumps,
        counts=counts,
        since=begin,
        initial=pd.Series(share, index=pd.Index(rows.labels, name="state"), name="probability"),
        initial_influence=moved,
        interval=interval,
        level=level,
        model=model,
    )
    found.warn_of_gaps()
    return found


@dataclass(frozen=True, slots=True, repr=False)
class TransitionProbabilities(Printed):
    """Probabilities of states over time: step functions.

    Attributes
    ----------
    rows : StateRows
    jumps : Jumps
    counts : DataFrame
        One row per transition: ``from_state, to_state, n_events`` (weights).
    since : float
        Time from which probabilities run.
    initial : Series, shape (s,)
        Distribution over the states at ``since``.
    initial_influence : ndarray, shape (g, s)
    interval : {"log-log", "log", "plain"}
    level : float
    model : str
    """

    rows: StateRows
    jumps: Jumps
    counts: pd.DataFrame
    since: float
    initial: pd.Series[float]
    initial_influence: Floats
    interval: IntervalScale
    level: float
    model: str

    @property
    def states(self) -> list[Hashable]:
        """The states."""
        return list(self.rows.labels)

    @property
    def nobs(self) -> int:
        """Rows."""
        return len(self.rows.stop)

    @property
    def n_events(self) -> float:
        """Transitions, or their weight."""
        return float(self.counts["n_events"].sum())

    @property
    def n_clusters(self) -> int:
        """Clusters; units where none were named."""
        return len(self.rows.cluster_labels)

    @property
    def end(self) -> float:
        """The last follow-up."""
        return float(self.rows.stop[self.rows.weights > 0].max())

    def at(self, times: object) -> pd.DataFrame:
        """Return the probability of each state at given times, given each state at ``since``.

        Returns
        -------
        DataFrame
            ``from_state, to_state, time, probability, std_error, ci_low, ci_high``.

        Raises
        ------
        EstimationError
            A time lies before ``since``, or beyond the last follow-up.
        """
        return self._table(*self._beginnings(occupation=False), self._grid(times))

    def occupation(self, times: object = None) -> pd.DataFrame:
        """Return the probability to be in each state, from the initial distribution.

        Parameters
        ----------
        times : float or sequence of float, optional
            All times of transitions by default.

        Returns
        -------
        DataFrame
            ``state, time, probability, std_error, ci_low, ci_high``.
        """
        grid = None if times is None else self._grid(times)
        table = self._table(*self._beginnings(occupation=True), grid)
        return table.drop(columns="from_state").rename(columns={"to_state": "state"})

    def time_in_state(self, horizon: float, *, occupation: bool = False) -> pd.DataFrame:
        """Return the mean time spent in each state between ``since`` and a horizon.

        Parameters
        ----------
        horizon : float
            On the clock of the rows.
        occupation : bool
            From the initial distribution, not given each state.

        Returns
        -------
        DataFrame
            ``from_state`` (unless ``occupation``), ``to_state`` (or ``state``), ``time_in_state,
            std_error, ci_low, ci_high``; Wald's interval, cut at zero and the length of the window.
        """
        end = float(self._grid(horizon)[0])
        begin, moved = self._beginnings(occupation)
        course = follow(self.jumps, begin, moved, self.since, end)
        mean, error = course.area.ravel(), np.sqrt(course.area_variance.ravel())
        half, most = critical_value(self.level) * error, end - self.since
        table = self._pairs(len(begin)).assign(
            time_in_state=mean,
            std_error=error,
            ci_low=np.maximum(mean - half, 0.0),
            ci_high=np.minimum(mean + half, most),
        )
        if occupation:
            return table.drop(columns="from_state").rename(columns={"to_state": "state"})
        return table

    def plot(self, *, axes: Axes | None = None) -> Axes:
        """Draw the occupation of states over time, stacked."""
        begin = np.asarray(self.initial, dtype=np.float64)
        return plotting.stacked(self.occupation(), begin, axes=axes, start=self.since, end=self.end)

    def tidy(self) -> pd.DataFrame:
        """Return the probabilities at all times of transitions, given each state at ``since``."""
        return self._table(*self._beginnings(occupation=False), None)

    def gaps(self) -> pd.DataFrame:
        """Return when nobody was under observation in a state that some would then be in.

        Transitions out of that state could not be seen meanwhile, so that its probability is too
        large from then on.

        Returns
        -------
        DataFrame
            ``state, from_time, to_time, probability`` (that it then has, from the initial
            distribution).
        """
        rows, found = self.rows, []
        course = follow(self.jumps, *self._beginnings(occupation=True), self.since)
        edges = np.concatenate(([self.since], course.time, [self.end]))
        for code in sorted({origin for origin, _ in rows.transitions}):
            for low, high in rows.unobserved(code, self.since, self.end):
                during = (edges[:-1] < high - rows.width) & (edges[1:] > low + rows.width)
                most = float(course.probability[during, 0, code].max(initial=0.0))
                if most > NOBODY:
                    found.append((rows.labels[code], low, high, most))
        return pd.DataFrame(found, columns=["state", "from_time", "to_time", "probability"])

    def warn_of_gaps(self) -> None:
        """Warn where nobody was under observation in a state that some would be in."""
        gaps = self.gaps()
        if len(gaps):
            worst = gaps.iloc[int(gaps["probability"].to_numpy().argmax())]
            warnings.warn(
                f"nobody is under observation in state {shown(worst['state'])} between "
                f"{worst['from_time']:g} and {worst['to_time']:g}, where its probability is "
                f"{worst['probability']:.3g}: leaving it could not be seen, so probabilities after "
                f"that lean to it ({len(gaps)} such times: gaps())",
                EstimationWarning,
                stacklevel=4,
            )

    def _grid(self, times: object) -> Floats:
        grid = times_within(times, self.end)
        if (early := grid[grid < self.since]).size:
            raise EstimationError(f"time {early[0]:g} lies before since={self.since:g}")
        return grid

    def _beginnings(self, occupation: bool) -> tuple[Floats, Floats]:
        if occupation:
            begin: Floats = np.asarray(self.initial, dtype=np.float64)
            return begin[None, :], self.initial_influence[:, None, :]
        size = len(self.rows.labels)
        return np.eye(size), np.zeros((len(self.rows.cluster_labels), size, size))

    def _pairs(self, beginnings: int) -> pd.DataFrame:
        labels, size = self.rows.labels, len(self.rows.labels)
        origin = labels[np.repeat(np.arange(size), size)] if beginnings > 1 else None
        target = labels[np.tile(np.arange(size), beginnings)]
        return pd.DataFrame({"from_state": origin, "to_state": target})

    def _table(self, begin: Floats, moved: Floats, grid: Floats | None) -> pd.DataFrame:
        """Tabulate the probabilities from some beginnings, by pair of states, over time."""
        course = follow(self.jumps, begin, moved, self.since)
        times = course.time if grid is None else grid
        place = np.searchsorted(course.time, times + self.rows.width, side="right")
        probability = course.probability[place]
        error = np.sqrt(course.variance[place])
        low, high = interval_of(probability.ravel(), error.ravel(), self.level, self.interval)
        pairs = self._pairs(len(begin))
        # Beginning by beginning and state by state, each over all times.
        by_pair = np.moveaxis(np.arange(probability.size).reshape(probability.shape), 0, -1).ravel()
        table = pairs.take(np.repeat(np.arange(len(pairs)), len(times))).reset_index(drop=True)
        return table.assign(
            time=np.tile(times, len(pairs)),
            probability=probability.ravel()[by_pair],
            std_error=error.ravel()[by_pair],
            ci_low=low[by_pair],
            ci_high=high[by_pair],
        )

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", f"transition probabilities, {self.model}"),
            ("states", ", ".join(map(str, self.rows.labels))),
            ("since", f"{self.since:g}"),
            ("rows", self.nobs),
            ("transitions", f"{self.n_events:g}"),
            ("standard errors", f"clustered ({self.n_clusters} clusters)"),
        ]
