"""Curves that accumulate: the cumulative hazard, and the mean number of recurrent events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskset import plotting
from riskset.arrays import Booleans, Floats, Integers
from riskset.clustered import at_risk_by_cluster, failures_by_cluster
from riskset.columns import Names, WeightKind, as_frame, clusters, codes, indicator
from riskset.errors import EstimationError
from riskset.nonparametric.event_sample import NOBODY, EventSample, per_event
from riskset.results import Printed, critical_value
from riskset.risk_sets import RiskSets
from riskset.times import (
    require_last_events,
    require_no_overlap,
    survival_times,
    times_up_to,
    times_within,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, repr=False)
class CumulativeCurve(Printed):
    """A step function that starts at zero and accumulates.

    Attributes
    ----------
    table : DataFrame
        One row per event time: ``time, n_risk, n_event`` (weights), ``estimate, std_error, ci_low,
        ci_high``.
    kind : str
        What accumulates.
    end, width : float
        The last follow-up; times no further apart than ``width`` are one.
    nobs : int
        Rows.
    n_clusters : int or None
    """

    table: pd.DataFrame
    kind: str
    end: float
    width: float
    nobs: int
    n_clusters: int | None

    def tidy(self) -> pd.DataFrame:
        """Return the table of the estimates."""
        return self.table.copy()

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Return the curve at given times.

        Raises
        ------
        EstimationError
            A time lies beyond the last follow-up.
        """
        grid = times_within(times, self.end)
        columns = ["estimate", "std_error", "ci_low", "ci_high"]
        steps = np.vstack((np.zeros(4), self.table[columns].to_numpy()))
        rows = steps[times_up_to(self.table["time"].to_numpy(), grid, self.width)]
        table = pd.DataFrame(rows, columns=columns)
        table.insert(0, "time", grid)
        return table

    def plot(self, *, axes: Axes | None = None, xlabel: str = "Time") -> Axes:
        """Draw the curve with its band."""
        return plotting.curves(
            self.table, value="estimate", by=None, begin=0.0, axes=axes, xlabel=xlabel,
            ylabel=self.kind[0].upper() + self.kind[1:],
        )  # fmt: skip

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "Aalen's" if self.n_clusters is None else f"clustered ({self.n_clusters})"
        return [
            ("estimate", self.kind),
            ("rows", self.nobs),
            ("events", f"{self.table['n_event'].sum():g}"),
            ("standard errors", errors),
        ]


def _with_interval(
    time: Floats, at_risk: Floats, events: Floats, estimate: Floats, error: Floats, level: float
) -> pd.DataFrame:
    """Return the table of a curve, with intervals on the scale of its logarithm."""
    z = critical_value(level)
    above = estimate > 0
    ratio = np.exp(z * np.divide(error, estimate, out=np.zeros_like(error), where=above))
    return pd.DataFrame(
        {
            "time": time,
            "n_risk": at_risk,
            "n_event": events,
            "estimate": estimate,
            "std_error": error,
            "ci_low": estimate / ratio,
            "ci_high": estimate * ratio,
        }
    )


def nelson_aalen(
    data: pd.DataFrame,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    cluster: Names | None = None,
    unit: Names | None = None,
    level: float = 0.95,
) -> CumulativeCurve:
    """Estimate the cumulative hazard.

    Parameters
    ----------
    data, start, stop, event, weights, weight_kind, cluster, unit, level
        As in `kaplan_meier`; the interval is on the scale of the logarithm.

    Returns
    -------
    CumulativeCurve

    Raises
    ------
    EstimationError
        As in `kaplan_meier`.

    Notes
    -----
    ``H(t) = Σ_{t_k <= t} d_k / n_k`` with variance ``Σ d_k / n_k²`` [1]_; with clusters, their
    squared influence ``∫ dM_g / n``.

    References
    ----------
    .. [1] Aalen, O. (1978). Nonparametric inference for a family of counting processes. Annals of
       Statistics 6, 701–726. https://doi.org/10.1214/aos/1176344247

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [3, 5, 5, 8, 12], "ended": [1, 1, 0, 1, 0]})
    >>> nelson_aalen(wars, stop="months", event="ended").table["estimate"].round(4).tolist()
    [0.2, 0.45, 0.95]
    """
    data = as_frame(data)
    sample = EventSample.from_frame(
        data,
        indicator(data, event),
        start=start,
        stop=stop,
        weights=weights,
        weight_kind=weight_kind,
        cluster=cluster,
        unit=unit,
    )
    at_risk, events = sample.at_risk(), sample.events()
    hazard = events / at_risk
    if sample.cluster is None:
        spread = np.cumsum(events / at_risk**2)
    else:
        spread = (np.cumsum(sample.excess(hazard) / at_risk, axis=1) ** 2).sum(axis=0)
    table = _with_interval(
        sample.sets.time, at_risk, events, np.cumsum(hazard), np.sqrt(spread), level
    )
    return CumulativeCurve(
        table=table,
        kind="cumulative hazard",
        end=sample.end,
        width=sample.sets.width,
        nobs=len(data),
        n_clusters=sample.n_clusters,
    )


def mean_cumulative(
    data: pd.DataFrame,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    terminal: str | None = None,
    unit: Names,
    cluster: Names | None = None,
    level: float = 0.95,
) -> CumulativeCurve:
    """Estimate the mean number of recurrent events by each time, death allowed for.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; a unit has one for each stretch between its events, and may enter
        late.
    start, stop : str
        As in `kaplan_meier`.
    event : str
        Column that is 1 where the row ends in the recurrent event; the unit goes on.
    terminal : str, optional
        Column that is 1 where the row ends in what ends all events (a state's end, a death); the
        unit does not go on. Named, its units count with the events they had and no more; left out,
        they count as censored, which answers how many there would be without it.
    unit : str or sequence of str
        Whose row it is. Standard errors sum the rows of a unit.
    cluster : str or sequence of str, optional
        Groups of dependent units, for standard errors.
    level : float
        Of the intervals, on the scale of the logarithm.

    Returns
    -------
    CumulativeCurve

    Raises
    ------
    EstimationError
        No event; rows of a unit overlap; a unit goes on after its terminal event.

    Notes
    -----
    With ``S`` the Kaplan–Meier curve of the terminal event, ``μ(t) = Σ_{t_k <= t} S(t_k−) d_k/n_k``
    [1]_; without one, ``S = 1`` [2]_. The error is that of the influence of each unit,
    ``∫ S(u−) dM_i/n − ∫ {μ(t) − μ(u)} dM_i^D/(n (1 − ΔΛ^D))``, whatever the dependence of its
    events.

    References
    ----------
    .. [1] Ghosh, D., & Lin, D. Y. (2000). Nonparametric analysis of recurrent events and death.
       Biometrics 56, 554–562. https://doi.org/10.1111/j.0006-341X.2000.00554.x
    .. [2] Lawless, J. F., & Nadeau, C. (1995). Some simple robust methods for the analysis of
       recurrent events. Technometrics 37, 158–168.
       https://doi.org/10.1080/00401706.1995.10484300

    Examples
    --------
    >>> import pandas as pd
    >>> coups = pd.DataFrame(
    ...     {"state": [1, 1, 2, 3], "start": [0, 2, 0, 0], "stop": [2, 5, 3, 5],
    ...      "coup": [1, 1, 0, 0], "gone": [0, 0, 1, 0]}
    ... )
    >>> found = mean_cumulative(coups, start="start", stop="stop", event="coup", terminal="gone",
    ...                         unit="state")
    >>> found.at(5)["estimate"].round(6).tolist()  # 1/3, and 1/2 of the 2/3 that are left
    [0.666667]
    """
    data = as_frame(data)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    recurrent = indicator(data, event)
    ends = np.zeros(len(data), dtype=np.bool_)
    if terminal is not None:
        ends = indicator(data, terminal)
        require_last_events(data, unit, spells, ends)
    if not recurrent.any():
        raise EstimationError(f"no event in {len(data)} rows")
    groups, labels = clusters(data, cluster) if cluster is not None else codes(data, unit)
    none = np.zeros(len(data), dtype=np.int64)
    sets = RiskSets.build(spells.start, spells.stop, recurrent | ends, none, spells.width)
    at_risk = sets.at_risk(np.ones(len(sets.rows)))
    had, gone = _events(sets, recurrent), _events(sets, ends)
    left = 1 - gone / at_risk
    survival = np.cumprod(np.where(left > NOBODY, left, 0.0))
    before = np.concatenate(([1.0], survival[:-1]))
    mean = np.cumsum(before * had / at_risk)
    of_events = _excess(sets, recurrent, had / at_risk, groups, len(labels))
    influence = np.cumsum(of_events * (before / at_risk), axis=1)
    if terminal is not None:
        lost = _excess(sets, ends, gone / at_risk, groups, len(labels))
        lost *= per_event(np.ones_like(left), at_risk * np.where(left > NOBODY, left, 0.0))
        influence -= np.cumsum(lost, axis=1) * mean - np.cumsum(lost * mean, axis=1)
    error = np.sqrt((influence**2).sum(axis=0))
    table = _with_interval(sets.time, at_risk, had, mean, error, level)
    return CumulativeCurve(
        table=table[had > 0].reset_index(drop=True),
        kind="mean number of events",
        end=float(spells.stop.max()),
        width=spells.width,
        nobs=len(data),
        n_clusters=len(labels),
    )


def _events(sets: RiskSets, which: Booleans) -> Floats:
    """Count some events at each moment, shape (k,)."""
    own = which[sets.rows[sets.failures]].astype(np.float64)
    return np.bincount(sets.failure_moment, own, minlength=sets.moments).astype(np.float64)


def _excess(
    sets: RiskSets, which: Booleans, hazard: Floats, groups: Integers, number: int
) -> Floats:
    """Return events less expected events of each group at each moment, shape (g, k)."""
    own = which[sets.rows[sets.failures]].astype(np.float64)
    exposed = at_risk_by_cluster(sets, np.ones(len(sets.rows)), groups, number)
    return failures_by_cluster(sets, own, groups, number) - exposed * hazard
