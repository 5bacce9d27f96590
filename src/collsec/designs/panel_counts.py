"""Counts of units by period, with effects of both, against an exposure that comes and goes.

The estimator is a two-way Poisson regression; its reference shifts each unit's path around the
calendar by a random number of periods, so that its length and its clustering stay. Units whose
measure says that they share a path (its column ``path``) are shifted together, as they were exposed
together: they are one cluster, wherever clusters are counted. A series of one unit has as many
shifts as periods, and its result is described: anything that moves with time would do as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.designs.checks import LEVEL
from collsec.designs.estimate import Quantity
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.designs.multiverse import Ratio
from collsec.designs.redrawn import RedrawnDesign
from collsec.designs.registry import RECENT_YEARS, SANDWICH, design
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from riskset import CountPanel, EstimationError
from riskset.inference import InvertedInterval
from riskset.inference.circular_shifts import ShiftedPaths, shift_paths, shift_rejections
from riskset.regression.two_way_poisson import fit_panel

SHIFTED = "turned_paths"
RATIO = "rate_ratio"
#: What the cell of an outcome that is counted by month calls its period.
MONTH, MONTHS = "month", 12
#: Units below which a result is described, whatever its interval.
FEWEST_UNITS = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts and exposure of units by period.

    Attributes
    ----------
    units, periods : ndarray
    counts : ndarray of float, shape (n_units, n_periods)
        NaN where a unit is not on record.
    exposure : ndarray of float, shape (n_units, n_periods)
        Known outside the record of the counts too, where the measure tells it.
    attrition : DataFrame
    shared : ndarray of int, shape (n_units,), or None
        Code of the path that a unit shares with others, which are shifted together; None if each
        unit has a path of its own.
    cluster : ndarray of int, shape (n_units,), or None
        Code of the cluster of each unit; None if each is its own.
    per_year : int
        Periods of a year: 1, or 12, and then a period is a month since year 0.
    """

    units: np.ndarray
    periods: np.ndarray
    counts: np.ndarray
    exposure: np.ndarray
    attrition: pd.DataFrame
    shared: np.ndarray | None = None
    cluster: np.ndarray | None = None
    per_year: int = 1

    @property
    def cells(self) -> CountPanel:
        """Counts and exposure, as the estimator takes them."""
        return CountPanel(self.counts, self.exposure, self.cluster)

    @property
    def paths(self) -> ShiftedPaths:
        """The cells with the paths that are shifted."""
        return ShiftedPaths(self.cells, self.shared)

    def numbers(self) -> dict[str, int]:
        """Cells, units, and counts; exposed cells are the exposed outcomes.

        An exposure in degrees that are never below zero exposes where it is above: months without
        any troops have none. One that takes either sign, such as an index, exposes every cell.
        """
        known = self.cells.known
        x = np.where(known, self.exposure, 0.0)
        has_none = bool((x[known] >= 0).all()) or len(np.unique(x[known])) <= 2
        exposed = known & ((x > 0) | (not has_none))
        with_any = exposed.any(axis=1)
        cluster = np.arange(len(self.units)) if self.cluster is None else self.cluster
        return {
            "nobs": int(known.sum()),
            "n_units": int(known.any(axis=1).sum()),
            "n_events": int(np.where(known, self.counts, 0).sum()),
            "n_clusters": len(np.unique(cluster[known.any(axis=1)])),
            "exposed_units": int(with_any.sum()),
            "exposed_events": int(exposed.sum()),
            "exposed_clusters": len(np.unique(cluster[with_any])),
        }

    def since(self, day: pd.Timestamp) -> Panel:
        """The same panel in the periods from the year, or the month, of a day on."""
        first = day.year * self.per_year + (day.month - 1) * (self.per_year > 1)
        late = self.periods >= first
        return replace(
            self,
            periods=self.periods[late],
            counts=self.counts[:, late],
            exposure=self.exposure[:, late],
        )


@design
class PanelCounts(RedrawnDesign[Panel]):
    """Units × periods; when the exposure came is redrawn within each unit."""

    name = "panel_counts"
    kind = "by_period"
    methods: tuple[str, ...] = (SHIFTED,)
    further_methods: tuple[str, ...] = (SHIFTED, SANDWICH)
    exposed_outcome = "exposed {period}"
    unit = "{unit}"
    clock = "in the same periods"
    estimand = RATIO
    has_sandwich = False

    def takes(self, outcome: str) -> bool:
        """Counts of any unit by any period."""
        return bool(measures.get(outcome).cell)

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Panel:
        """Counts and exposure, where both are on record.

        Units that share a path are a cluster: five regions are five, however many wars they had.
        Others are clustered by the column that the page's ``cluster`` names, where the outcome's
        measure gives it; otherwise each unit is a cluster.
        """
        wars = PanelBuilder(inputs, ()).cohort(cohort_of(inputs.spec, choices)).units
        frames = inputs.following(wars)
        name = choices.measure or exposure.measure
        counts = measures.get(outcome or inputs.spec.outcome)(frames)
        cell = measures.get(outcome or inputs.spec.outcome).cell
        values = measures.get(name)(frames)
        both = counts.merge(values, on=["unit_id", "period"], validate="1:1")
        steps = [
            ("counted", measures.get(outcome or inputs.spec.outcome).title, counts),
            ("exposure on record", measures.get(name).title, both),
        ]
        table = both.pivot_table(index="unit_id", columns="period", values="count", aggfunc="first")
        x = values.pivot_table(
            index="unit_id", columns="period", values="exposure", aggfunc="first"
        ).reindex(index=table.index, columns=table.columns)
        shared = None
        if "path" in values:
            path = values.drop_duplicates("unit_id").set_index("unit_id")["path"]
            shared = np.unique(path.reindex(table.index).astype(str), return_inverse=True)[1]
        cluster = shared
        if shared is None and inputs.spec.cluster in counts:
            own = counts.drop_duplicates("unit_id").set_index("unit_id")[inputs.spec.cluster]
            cluster = np.unique(own.reindex(table.index), return_inverse=True)[1]
        attrition = pd.DataFrame(
            [(s, r, len(cells), round(cells["count"].sum())) for s, r, cells in steps],
            columns=["step", "rule", "n_units", "n_events"],
        )
        attrition["dropped"] = -attrition["n_units"].diff().fillna(0).astype(int)
        return Panel(
            table.index.to_numpy(),
            table.columns.to_numpy(),
            table.to_numpy(float),
            x.to_numpy(float),
            attrition,
            shared,
            cluster,
            MONTHS if cell[1:] == (MONTH,) else 1,
        )

    def rows(self, inputs: Inputs, laid_out: Panel) -> pd.DataFrame:
        """One row per unit and period."""
        unit, period = np.nonzero(laid_out.cells.known)
        first = laid_out.periods[period] - laid_out.periods.min()
        return pd.DataFrame(
            {
                "unit_id": laid_out.units[unit].astype(str),
                "start": first.astype(float),
                "stop": first.astype(float) + 1.0,
                "event": laid_out.counts[unit, period] > 0,
                "count": laid_out.counts[unit, period],
                "exposure": laid_out.exposure[unit, period],
            }
        )

    def counts(self, inputs: Inputs, laid_out: Panel) -> dict[str, Any]:
        """Cells on record, units and counts."""
        return laid_out.numbers()

    def recent_outcomes(self, inputs: Inputs, laid_out: Panel) -> int:
        """Exposed cells of the last ten years."""
        last = laid_out.periods.max()
        recent = laid_out.periods > last - RECENT_YEARS * laid_out.per_year
        x = np.where(laid_out.cells.known, laid_out.exposure, 0.0)[:, recent]
        return int((x > 0).sum())

    def too_few(self, inputs: Inputs, laid_out: Panel) -> str:
        """Nothing is counted in a panel without a period."""
        return "" if len(laid_out.periods) else "nothing is counted in these years"

    def degrees(self, laid_out: Panel) -> int:
        """Clusters less one."""
        return max(laid_out.numbers()["n_clusters"] - 1, 1)

    def log_ratio(self, inputs: Inputs, laid_out: Panel) -> Ratio:
        """The log ratio of a two-way Poisson regression."""
        found = fit_panel(laid_out.cells)
        if np.isnan(found.estimate):
            raise EstimationError("the exposure does not vary")
        return found.estimate, found.std_error

    def engine_gap(self, inputs: Inputs, laid_out: Panel) -> float:
        """Distance from a Poisson regression with dummies."""
        return engine_gap(laid_out)

    def inverted(
        self, laid_out: Panel, estimate: float, *, draws: int, level: float, seed: int
    ) -> InvertedInterval:
        """By shifting paths around the calendar."""
        return shift_paths(laid_out.paths, estimate, draws=draws, level=level, seed=seed)

    def rejected(
        self, laid_out: Panel, draws: int, seed: int, chances: Any = None
    ) -> tuple[int, np.ndarray]:
        """Shifted paths, which change nothing."""
        number, scores = shift_rejections(laid_out.paths, draws, LEVEL, seed)
        spread = float(scores.std()) or 1.0
        return number, (scores - scores.mean()) / spread * 0.1

    def doubts(
        self, inputs: Inputs, laid_out: Panel
    ) -> tuple[list[dict[str, Any]], dict[str, Quantity]]:
        """A single series, or few units, are described."""
        units = len(laid_out.units)
        few = [{"code": "one_series", "values": {"units": units}}] if units < FEWEST_UNITS else []
        return few, {}

    def groups(self, inputs: Inputs, prepared: Panel) -> np.ndarray:
        """All units alike."""
        return np.full(len(prepared.units), "All units")


def engine_gap(panel: Panel) -> float:
    """Distance of the log ratio from that of a Poisson regression with dummies."""
    import statsmodels.api as sm

    log = fit_panel(panel.cells).estimate
    if np.isnan(log):
        return 0.0
    known = panel.cells.known
    counted = np.where(known, panel.counts, 0)
    known = known & (counted.sum(axis=1) > 0)[:, None]
    if len(panel.units) > 1:
        known &= (counted.sum(axis=0) > 0)[None, :]
    rows, columns = np.nonzero(known)
    parts = [panel.exposure[rows, columns][:, None], pd.get_dummies(rows, dtype=float).to_numpy()]
    if len(panel.units) > 1:
        parts.append(pd.get_dummies(columns, dtype=float).iloc[:, 1:].to_numpy())
    model = sm.GLM(
        panel.counts[rows, columns], np.column_stack(parts), family=sm.families.Poisson()
    )
    return abs(float(model.fit(tol=1e-12, maxiter=200).params[0]) - log)
