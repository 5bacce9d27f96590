"""The Aalen–Johansen estimate of cumulative incidence under competing events."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskset import plotting
from riskset.arrays import Booleans, Floats
from riskset.causes import events_of
from riskset.columns import Names, WeightKind, as_frame, codes
from riskset.nonparametric.event_sample import (
    EventSample,
    IntervalScale,
    interval_of,
    per_event,
)
from riskset.nonparametric.kaplan_meier import survival_of
from riskset.results import Printed
from riskset.times import times_up_to, times_within

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def aalen_johansen(
    data: pd.DataFrame,
    *,
    start: str | None = None,
    stop: str,
    cause: str,
    censored: Hashable = 0,
    weights: str | None = None,
    weight_kind: WeightKind = "case",
    cluster: Names | None = None,
    unit: Names | None = None,
    interval: IntervalScale = "log-log",
    level: float = 0.95,
) -> CumulativeIncidence:
    """Estimate the probability that each cause has ended the spell by each time.

    Parameters
    ----------
    data, start, stop, weights, weight_kind, cluster, unit, interval, level
        As in `kaplan_meier`; the interval is on the scale of log(−log F).
    cause : str
        Column that names the event at the row's end.
    censored : hashable
        The value of ``cause`` that means no event; None where every row ends in one.

    Returns
    -------
    CumulativeIncidence

    Raises
    ------
    EstimationError
        As in `kaplan_meier`, or a cause is missing.

    Notes
    -----
    ``F_j(t) = Σ_{t_k <= t} S(t_k−) d_jk / n_k`` [1]_. Without clusters the variance is that of the
    delta method with multinomial events [2]_ (for a single cause, Greenwood's)::

        Σ_k {ΔF_k² d_k/[n_k(n_k − d_k)] + S_k² d_jk(n_k − d_jk)/n_k³ − 2 ΔF_k S_k d_jk/n_k²},

    with ``ΔF_k = F_j(t) − F_j(t_k)`` and ``S_k = S(t_k−)``; with clusters, their squared influence.
    One minus Kaplan–Meier with competing events censored is larger, and no probability.

    References
    ----------
    .. [1] Aalen, O. O., & Johansen, S. (1978). An empirical transition matrix for non-homogeneous
       Markov chains based on censored observations. Scand. J. Statist. 5, 141–150.
       https://www.jstor.org/stable/4615704
    .. [2] Marubini, E., & Valsecchi, M. G. (1995). Analysing Survival Data from Clinical Trials and
       Observational Studies, ch. 10. Wiley.
    """
    data = as_frame(data)
    happened = events_of(data, cause, censored)
    named = data[cause]
    sample = EventSample.from_frame(
        data,
        happened,
        start=start,
        stop=stop,
        weights=weights,
        weight_kind=weight_kind,
        cluster=cluster,
        unit=unit,
    )
    at_risk = sample.at_risk()
    survival = survival_of(sample)
    before = np.concatenate(([1.0], survival[:-1]))
    parts = []
    for label in codes(data[happened], cause)[1]:
        which = (named == label).to_numpy(dtype=bool)
        own = sample.events(which)
        incidence = np.cumsum(before * own / at_risk)
        error = incidence_error(sample, which, at_risk, before, incidence)
        low, high = interval_of(incidence, error, level, interval)
        parts.append(
            pd.DataFrame(
                {
                    "cause": label,
                    "time": sample.sets.time,
                    "n_risk": at_risk,
                    "n_event": own,
                    "incidence": incidence,
                    "std_error": error,
                    "ci_low": low,
                    "ci_high": high,
                }
            )
        )
    return CumulativeIncidence(
        table=pd.concat(parts, ignore_index=True),
        survival=pd.Series(survival, index=pd.Index(sample.sets.time, name="time")),
        sample=sample,
    )


@dataclass(frozen=True, slots=True, repr=False)
class CumulativeIncidence(Printed):
    """Cumulative incidence of each cause: step functions that start at zero.

    Attributes
    ----------
    table : DataFrame
        One row per cause and event time (of any cause): ``cause, time, n_risk, n_event, incidence,
        std_error, ci_low, ci_high``.
    survival : Series
        Probability of no event yet, indexed by time: one minus the sum over causes.
    sample : EventSample
    """

    table: pd.DataFrame
    survival: pd.Series[float]
    sample: EventSample

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

    def plot(self, *, axes: Axes | None = None, xlabel: str = "Time") -> Axes:
        """Draw the incidence of each cause with its band."""
        return plotting.curves(
            self.table, value="incidence", by="cause", begin=0.0, axes=axes, xlabel=xlabel,
            start=max(self.sample.begin, 0.0), ylabel="Cumulative incidence",
        )  # fmt: skip

    def _facts(self) -> list[tuple[str, Any]]:
        errors = "delta method" if self.n_clusters is None else "clustered"
        return [
            ("model", "Aalen–Johansen"),
            ("rows", self.nobs),
            ("events", f"{self.n_events:g}"),
            ("standard errors", errors),
        ]

    @property
    def causes(self) -> list[Hashable]:
        """The causes that occur, sorted."""
        return list(pd.unique(self.table["cause"]))

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Return the incidence of each cause at given times, with the rows at risk there."""
        ended = self.survival.iloc[-1] == 0
        grid = times_within(times, np.inf if ended else self.sample.end)
        columns = ["incidence", "std_error", "ci_low", "ci_high"]
        upto = times_up_to(self.sample.sets.time, grid, self.sample.sets.width)
        parts = []
        for label, part in self.table.groupby("cause"):
            steps = np.vstack((np.zeros((1, 4)), part[columns].to_numpy()))[upto]
            rows = pd.DataFrame(steps, columns=columns)
            rows.insert(0, "time", grid)
            rows.insert(0, "cause", label)
            parts.append(rows.assign(at_risk=self.sample.count_at_risk(grid)))
        return pd.concat(parts, ignore_index=True)


def incidence_error(
    sample: EventSample, which: Booleans, at_risk: Floats, before: Floats, incidence: Floats
) -> Floats:
    """Return the standard error of the incidence of one cause, shape (k,).

    Notes
    -----
    The square over ``ΔF_k = F(t) − F(t_k)`` is expanded, so that running sums serve all times.
    """
    events, own = sample.events(), sample.events(which)
    remaining = sample.remaining()
    if sample.cluster is None:
        total = per_event(events, at_risk * remaining)
        direct = before**2 * own * (at_risk - own) / at_risk**3
        mixed = before * own / at_risk**2
        variance = incidence**2 * np.cumsum(total)
        variance -= 2 * incidence * np.cumsum(incidence * total + mixed)
        variance += np.cumsum(incidence**2 * total + direct + 2 * incidence * mixed)
        return np.sqrt(np.maximum(variance, 0.0))
    share = per_event(np.ones_like(remaining), remaining)
    all_causes = sample.excess(events / at_risk) * share
    this_cause = sample.excess(own / at_risk, which) * (before / at_risk)
    influence = np.cumsum(this_cause + incidence * all_causes, axis=1)
    influence -= incidence * np.cumsum(all_causes, axis=1)
    return np.asarray(np.sqrt((influence**2).sum(axis=0)))
