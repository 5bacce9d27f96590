"""The Kaplan–Meier estimate of survival, with entry times, weights and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskset import plotting
from riskset.arrays import Floats
from riskset.columns import Names, WeightKind, as_frame, indicator
from riskset.nonparametric.event_sample import (
    EventSample,
    IntervalScale,
    interval_of,
    per_event,
)
from riskset.predictions import check_quantile
from riskset.results import Printed
from riskset.times import times_up_to, times_within

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def kaplan_meier(
    data: pd.DataFrame,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    cluster: Names | None = None,
    unit: Names | None = None,
    interval: IntervalScale = "log-log",
    level: float = 0.95,
) -> SurvivalCurve:
    """Estimate survival by the product of the conditional probabilities to survive.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; a unit may have several that follow one another.
    start, stop : str
        Columns of the interval's ends. ``start`` later than zero is left truncation. Without it,
        rows are at risk from zero.
    event : str
        Column that is 1 where the row ends in the event.
    weights : str, optional
        Column of weights; case weights need ``cluster``.
    weight_kind : {"case", "frequency"}
        A frequency weight of 2 stands for two equal rows.
    cluster : str or sequence of str, optional
        Groups of dependent rows (with case weights at least the unit). Errors are then those of
        the infinitesimal jackknife over clusters; otherwise Greenwood's.
    unit : str or sequence of str, optional
        Whose row it is: rows of one unit that overlap, or follow its event, are refused.
    interval : {"log-log", "log", "plain"}
        Scale of the pointwise interval. The default, log(−log S), keeps its coverage in the small
        samples and late times of this field.
    level : float
        Coverage of the interval.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    EstimationError
        No event; nobody at risk for a while before others enter; early risk sets that die out
        before others enter.

    Notes
    -----
    ``S(t) = Π_{t_k <= t} (1 − d_k / n_k)`` [1]_ with Greenwood's variance
    ``S(t)² Σ d_k / {n_k (n_k − d_k)}``. Where survival reaches zero error and interval are NaN.

    References
    ----------
    .. [1] Kaplan, E. L., & Meier, P. (1958). Nonparametric estimation from incomplete observations.
       JASA 53, 457–481. https://doi.org/10.1080/01621459.1958.10501452

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [3, 5, 5, 8, 12], "ended": [1, 1, 0, 1, 0]})
    >>> kaplan_meier(wars, stop="months", event="ended").table["survival"].round(4).tolist()
    [0.8, 0.6, 0.3]
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
    survival = survival_of(sample)
    error = survival_error(sample, survival)
    low, high = interval_of(survival, error, level, interval)
    table = pd.DataFrame(
        {
            "time": sample.sets.time,
            "n_risk": at_risk,
            "n_event": events,
            "survival": survival,
            "std_error": error,
            "ci_low": low,
            "ci_high": high,
        }
    )
    return SurvivalCurve(table=table, sample=sample, level=level, interval=interval)


@dataclass(frozen=True, slots=True, repr=False)
class SurvivalCurve(Printed):
    """A survival curve: a step function that starts at one.

    Attributes
    ----------
    table : DataFrame
        One row per event time: ``time, n_risk, n_event`` (weights), ``survival, std_error, ci_low,
        ci_high``.
    sample : EventSample
    level : float
    interval : {"log-log", "log", "plain"}
    """

    table: pd.DataFrame
    sample: EventSample
    level: float
    interval: IntervalScale

    @property
    def nobs(self) -> int:
        """Rows."""
        return len(self.sample.stop)

    @property
    def n_events(self) -> float:
        """Events, or their weight."""
        return float(self.sample.events().sum())

    @property
    def n_clusters(self) -> int | None:
        """Clusters, or None where none were named."""
        return self.sample.n_clusters

    def tidy(self) -> pd.DataFrame:
        """Return the table of the estimates."""
        return self.table.copy()

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Return the curve at given times, with the rows at risk there.

        Raises
        ------
        EstimationError
            A time lies beyond the last follow-up while survival is above zero.
        """
        ended = self.table["survival"].iloc[-1] == 0
        grid = times_within(times, np.inf if ended else self.sample.end)
        columns = ["survival", "std_error", "ci_low", "ci_high"]
        steps = np.vstack(([1.0, 0.0, 1.0, 1.0], self.table[columns].to_numpy()))
        rows = steps[times_up_to(self.sample.sets.time, grid, self.sample.sets.width)]
        table = pd.DataFrame(rows, columns=columns)
        table.insert(0, "time", grid)
        table["at_risk"] = self.sample.count_at_risk(grid)
        return table

    def plot(
        self,
        *,
        label: str = "",
        at_risk: bool = True,
        axes: Axes | None = None,
        xlabel: str = "Time",
    ) -> Axes:
        """Draw the curve with its band, and below it the rows at risk.

        Parameters
        ----------
        label : str
            Name of the curve.
        at_risk : bool
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure (``axes.figure``) by default.
        xlabel : str
        """
        begin = max(self.sample.begin, 0.0)
        axes = plotting.curves(
            self.table.assign(label=label), value="survival", by="label" if label else None,
            start=begin, axes=axes, ylabel="Survival", xlabel=xlabel,
        )  # fmt: skip
        if at_risk:
            times = plotting.ticks(begin, self.sample.end)
            counts = self.sample.count_at_risk(times)
            plotting.risk_table(axes, {label: counts.tolist()}, times.tolist())
        return axes

    def quantile(self, q: float = 0.5) -> tuple[float, float, float]:
        """Return the first time at which survival is 1 − q or less, and its interval.

        Infinity stands for a time that is not reached within follow-up. The interval holds the
        times whose pointwise interval covers 1 − q [1]_.

        References
        ----------
        .. [1] Brookmeyer, R., & Crowley, J. (1982). A confidence interval for the median survival
           time. Biometrics 38, 29–41. https://doi.org/10.2307/2530286
        """
        q = check_quantile(q)
        found = []
        for column in ("survival", "ci_low", "ci_high"):
            curve = self.table[column].to_numpy()
            below = np.flatnonzero(curve <= 1 - q + 1e-12)
            found.append(float(self.table["time"].iloc[below[0]]) if below.size else np.inf)
        return found[0], found[1], found[2]

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "Greenwood's" if self.n_clusters is None else "clustered"
        return [
            ("model", "Kaplan–Meier"),
            ("rows", self.nobs),
            ("events", f"{self.n_events:g}"),
            ("standard errors", errors),
        ]


def survival_of(sample: EventSample) -> Floats:
    """Return the product-limit estimate after each event time, shape (k,)."""
    return np.asarray(np.cumprod(sample.remaining() / sample.at_risk()), dtype=np.float64)


def survival_error(sample: EventSample, survival: Floats) -> Floats:
    """Return the standard error of survival, shape (k,): Greenwood's, or clustered."""
    at_risk, events, remaining = sample.at_risk(), sample.events(), sample.remaining()
    if sample.cluster is None:
        error = survival * np.sqrt(np.cumsum(per_event(events, at_risk * remaining)))
    else:
        scaled = sample.excess(events / at_risk) * per_event(np.ones_like(remaining), remaining)
        error = survival * np.sqrt((np.cumsum(scaled, axis=1) ** 2).sum(axis=0))
    return np.where(survival > 0, error, np.nan)
