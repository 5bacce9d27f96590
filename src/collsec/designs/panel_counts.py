"""Counts of units by period, with effects of both, against an exposure that comes and goes.

The mean of a count is a product of an effect of the unit, one of the period (where there are
several units), and a ratio per unit of the exposure: Poisson pseudo-likelihood. What is redrawn is
when the exposure came: each unit's path is turned around its calendar by a random number of
periods, so that its length and its clustering stay. Units whose measure says that they share a
path (its column ``path``) are turned together, as they were exposed together. A series of one unit
has as many turns as periods, and its result is described: anything that moves with time would do
as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy

from collsec import measures
from collsec.core.schema import Role
from collsec.designs.checks import ENGINE_TOLERANCE, LEVEL, rejections
from collsec.designs.comparison import identity
from collsec.designs.cox_based import RECENT_YEARS
from collsec.designs.estimate import Estimate, Quantity, seed_for
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.designs.months_at_war import with_error
from collsec.designs.parts import Part
from collsec.designs.registry import Task, design
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset import EstimationError
from riskset.inference import Calibration

TURNED, SANDWICH = "turned_paths", "cluster_sandwich"
RATIO = "rate_ratio"
SWEEPS, CONVERGED, NEWTON = 20, 1e-13, 40
#: Gap, as a share of all counts, that rounding may leave; a larger one is no solution.
TOLERATED = 1e-9
#: Units below which a result is described, whatever its interval.
FEWEST_UNITS = 5
OPEN, STEPS = 6.0, 20


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
        Code of the path that a unit shares with others, which are turned together; None if each
        unit has a path of its own.
    """

    units: np.ndarray
    periods: np.ndarray
    counts: np.ndarray
    exposure: np.ndarray
    attrition: pd.DataFrame
    shared: np.ndarray | None = None

    @property
    def path(self) -> np.ndarray:
        """Code of each unit's path, from 0 on."""
        return np.arange(len(self.units)) if self.shared is None else self.shared

    @property
    def n_paths(self) -> int:
        """How many paths there are to turn."""
        return int(self.path.max()) + 1 if len(self.units) else 0

    @property
    def known(self) -> np.ndarray:
        """Cells on record."""
        found: np.ndarray = ~(np.isnan(self.counts) | np.isnan(self.exposure))
        return found

    def only(self, rows: np.ndarray) -> Panel:
        """Some of the units."""
        return Panel(
            self.units[rows],
            self.periods,
            self.counts[rows],
            self.exposure[rows],
            self.attrition,
            None if self.shared is None else np.unique(self.shared[rows], return_inverse=True)[1],
        )

    def numbers(self) -> dict[str, int]:
        """Cells, units, and counts; exposed cells are the exposed outcomes."""
        known, x = self.known, np.where(self.known, self.exposure, 0.0)
        is_yes = len(np.unique(x[known])) <= 2
        exposed = known & ((x > 0) | (not is_yes))
        with_any = exposed.any(axis=1)
        return {
            "nobs": int(known.sum()),
            "n_units": len(self.units),
            "n_events": int(np.where(known, self.counts, 0).sum()),
            "n_clusters": len(self.units),
            "exposed_units": int(with_any.sum()),
            "exposed_events": int(exposed.sum()),
            "exposed_clusters": int(with_any.sum()),
        }


def _two_way(weight: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Effects of unit and period that solve weighted normal equations, added up cell by cell."""
    size = weight.sum(axis=1)
    over = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    if len(weight) == 1:
        found: np.ndarray = np.broadcast_to((over * row)[:, None], weight.shape)
        return found
    scaled = over[:, None] * weight
    matrix = np.diag(weight.sum(axis=0)) - weight.T @ scaled
    period = np.linalg.lstsq(matrix, column - scaled.T @ row, rcond=1e-12)[0]
    unit = over * row - scaled @ period
    effects: np.ndarray = unit[:, None] + period
    return effects


def fitted(panel: Panel, log_ratio: float) -> np.ndarray:
    """Means of all cells under a ratio, with effects of unit and of period fitted.

    A few sweeps of proportional fitting, then Newton's method on all effects at once: panels whose
    units share few periods would need thousands of sweeps. A step is shortened as a whole, so that
    means stay products of an effect of the unit, one of the period, and the ratio.

    Raises
    ------
    EstimationError
        If sums of the means over units and periods are not those of the counts after all steps.
    """
    known = panel.known
    y = np.where(known, panel.counts, 0.0)
    scale = np.where(known, np.exp(log_ratio * np.where(known, panel.exposure, 0.0)), 0.0)
    row, column = y.sum(axis=1), y.sum(axis=0)
    unit, month = np.ones(len(y)), np.ones(y.shape[1])
    for _ in range(SWEEPS):
        size = scale @ month
        unit = np.divide(row, size, out=np.zeros_like(row), where=size > 0)
        if len(y) == 1:
            found: np.ndarray = unit[:, None] * scale
            return found
        size = scale.T @ unit
        month = np.divide(column, size, out=np.zeros_like(column), where=size > 0)
    mean = unit[:, None] * scale * month
    for _ in range(NEWTON):
        short, under = row - mean.sum(axis=1), column - mean.sum(axis=0)
        gap = max(np.abs(short).max(), np.abs(under).max()) / (1 + y.sum())
        if gap <= CONVERGED:
            break
        step = np.where(mean > 0, _two_way(mean, short, under), 0.0)
        mean = mean * np.exp(step / max(1.0, float(np.abs(step).max())))
    if not gap <= TOLERATED:
        raise EstimationError("effects of units and periods did not converge")
    return mean


@dataclass(frozen=True, slots=True)
class PanelRatio:
    """A log ratio with its error between units; NaN where the exposure does not vary."""

    estimate: float
    std_error: float


def partialled(panel: Panel, mean: np.ndarray) -> np.ndarray:
    """The exposure less its effects of unit and period, weighted by the means."""
    weight = np.where(panel.known, mean, 0.0)
    x = np.where(panel.known, panel.exposure, 0.0)
    total = weight * x
    rest = x - _two_way(weight, total.sum(axis=1), total.sum(axis=0))
    found: np.ndarray = np.where(weight > 0, rest, 0.0)
    return found


def ratio_of(panel: Panel) -> PanelRatio:
    """Maximum of the pseudo-likelihood by Newton's method; sandwich error over units."""
    y = np.where(panel.known, panel.counts, 0.0)
    beta = 0.0
    for _ in range(NEWTON):
        mean = fitted(panel, beta)
        x = partialled(panel, mean)
        information = float((mean * x**2).sum())
        if information < 1e-8:
            return PanelRatio(math.nan, math.nan)
        step = float((x * (y - mean)).sum()) / information
        beta += max(min(step, 1.0), -1.0)
        if abs(step) < 1e-10:
            break
    if abs(beta) > OPEN:
        return PanelRatio(math.nan, math.nan)
    score = x * (y - mean)
    # A single series has no clusters but its periods.
    own = score.sum(axis=1) if len(panel.units) > 1 else score[0]
    groups = len(own)
    error = math.sqrt(groups / (groups - 1) * float((own**2).sum())) / information
    return PanelRatio(beta, error)


def log_ratio(panel: Panel) -> float:
    """The estimate of :func:`ratio_of`."""
    return ratio_of(panel).estimate


def turns(panel: Panel, log_effect: float) -> np.ndarray:
    """Score of every turn of every path, if the counts of its units are freed of an effect.

    Returns
    -------
    ndarray of float, shape (n_paths, n_periods)
        The path as it is in the first column.
    """
    known, x = panel.known, np.nan_to_num(panel.exposure)
    y = np.where(known, panel.counts, 0.0) * np.exp(-log_effect * np.where(known, x, 0.0))
    freed = replace(panel, counts=np.where(known, y, np.nan))
    rest = np.where(known, y - fitted(freed, 0.0), 0.0)
    size = x.shape[1]
    by_unit = np.stack([(np.roll(x, k, axis=1) * rest).sum(axis=1) for k in range(size)], axis=1)
    if panel.shared is None:
        return by_unit
    out = np.zeros((panel.n_paths, size))
    np.add.at(out, panel.shared, by_unit)
    return out


def p_of(scores: np.ndarray, picks: np.ndarray) -> float:
    """Equal-tailed p-value of the paths as they are against turned ones."""
    observed = float(scores[:, 0].sum())
    reference = scores[np.arange(len(scores))[None, :], picks].sum(axis=1)
    tie = 1e-9 * (1 + abs(observed))
    above = (np.count_nonzero(reference >= observed - tie) + 1) / (len(reference) + 1)
    below = (np.count_nonzero(reference <= observed + tie) + 1) / (len(reference) + 1)
    return min(1.0, 2 * min(above, below))


@design
class PanelCounts:
    """Units × periods; when the exposure came is redrawn within each unit."""

    name = "panel_counts"
    kind = "by_period"
    honors: frozenset[str] = frozenset()
    methods = (TURNED,)
    further_methods = (TURNED, SANDWICH)
    calibration_blocks = 1
    exposed_outcome = "exposed {period}"
    unit = "{unit}"
    clock = "in the same periods"
    estimand = RATIO

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Panel:
        """Counts and exposure, where both are on record."""
        wars = PanelBuilder(inputs, ()).cohort(cohort_of(inputs.spec, choices)).units
        frames = inputs.following(wars)
        name = choices.measure or exposure.measure
        counts = measures.get(outcome or inputs.spec.outcome)(frames)
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
        )

    def counts(self, inputs: Inputs, prepared: Panel) -> dict[str, Any]:
        """The counts that stand alongside an estimate."""
        return prepared.numbers()

    def panel(self, inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
        """One row per unit and period."""
        found = self.prepare(inputs, inputs.spec.exposure)
        rows, columns = np.nonzero(found.known)
        first = found.periods[columns] - found.periods.min()
        return (
            pd.DataFrame(
                {
                    "unit_id": found.units[rows].astype(str),
                    "start": first.astype(float),
                    "stop": first.astype(float) + 1.0,
                    "event": found.counts[rows, columns] > 0,
                    "count": found.counts[rows, columns],
                    "exposure": found.exposure[rows, columns],
                }
            ),
            found.attrition,
        )

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """Primary; other exposures; other outcomes."""
        spec, study, name = inputs.spec, inputs.study, inputs.spec.hypothesis

        def task(
            exposure: ExposureSpec,
            suffix: str,
            role: Role,
            level: float = study.usual_level,
            outcome: str | None = None,
        ) -> Callable[[], Part]:
            return lambda: Part(
                [
                    self.estimate(
                        inputs,
                        self.prepare(inputs, exposure, outcome=outcome),
                        exposure,
                        estimate_id=f"{name}.{suffix}",
                        role=role,
                        level=level,
                        draws=draws.rerandomization_draws,
                        label=measures.get(outcome).title if outcome else "",
                    )
                ]
            )

        made = {"primary": task(spec.exposure, "primary", Role.PRIMARY, study.level_of(name))}
        for other in spec.secondary:
            made[f"secondary.{other.measure}"] = task(other, other.measure, Role.SECONDARY)
        for outcome in spec.outcomes:
            made[f"outcome.{outcome}"] = task(spec.exposure, outcome, Role.OUTCOME, outcome=outcome)
        return made

    def estimate(
        self,
        inputs: Inputs,
        prepared: Panel,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """Ratio of rates, by turning paths; by the sandwich over units without draws."""
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        known |= {"estimand": RATIO, "inference": TURNED} | prepared.numbers()
        found = ratio_of(prepared)
        log, error = found.estimate, found.std_error
        if math.isnan(log):
            return Estimate.missing("the exposure does not vary", level=level, **known)
        if not draws:
            known["inference"] = SANDWICH
            return Estimate.from_fit(
                log, error, level=level, degrees=max(len(prepared.units) - 1, 1), **known
            )
        rng = np.random.default_rng(seed_for(inputs.study.seed, estimate_id))
        picks = rng.integers(prepared.counts.shape[1], size=(draws, prepared.n_paths))
        alpha = 1 - level

        def limit(side: float) -> float:
            inside, outside = log, side * OPEN
            if p_of(turns(prepared, outside), picks) > alpha:
                return side * math.inf
            for _ in range(STEPS):
                middle = (inside + outside) / 2
                is_in = p_of(turns(prepared, middle), picks) > alpha
                inside, outside = (middle, outside) if is_in else (inside, middle)
            return inside

        low, high = limit(-1.0), limit(1.0)
        half = float(scipy.stats.norm.ppf(0.5 + level / 2))
        return Estimate.from_fit(
            log,
            error if math.isfinite(error) else (high - low) / (2 * half),
            level=level,
            limits=(low, high),
            p_value=p_of(turns(prepared, 0.0), picks),
            power=inputs.study.power,
            detectable_error=(high - low) / (2 * half),
            **known,
        )

    def without_draws(self, inputs: Inputs, prepared: Panel, level: float) -> Estimate:
        """The primary's ratio with the sandwich over units."""
        return self.estimate(
            inputs,
            prepared,
            inputs.spec.exposure,
            estimate_id="",
            role=Role.PRIMARY,
            level=level,
            draws=0,
        )

    def calibrate(self, inputs: Inputs, prepared: Panel, draws: int, block: int) -> Calibration:
        """Rejection rate of turned paths, which change nothing."""
        rng = np.random.default_rng(
            seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.calibration")
        )
        scores = turns(prepared, 0.0)
        size, rows = scores.shape[1], np.arange(len(scores))[None, :]
        reference = scores[rows, rng.integers(size, size=(2000, len(scores)))].sum(axis=1)
        made = scores[rows, rng.integers(size, size=(draws, len(scores)))].sum(axis=1)
        above = (reference[None, :] >= made[:, None]).mean(axis=1)
        below = (reference[None, :] <= made[:, None]).mean(axis=1)
        rejected = int((2 * np.minimum(above, below) < LEVEL).sum())
        spread = float(made.std()) or 1.0
        events = float(prepared.numbers()["exposed_events"])
        return rejections(rejected, events, (made - made.mean()) / spread * 0.1)

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Every period counts as it was."""
        return math.nan

    def specified(self, inputs: Inputs, specifications: Sequence[Specification]) -> pd.DataFrame:
        """Ratios with errors between units; none for a single series."""
        rows = []
        for one in specifications:
            found = self.prepare(inputs, inputs.spec.exposure, choices=one.choices)
            ratio = ratio_of(found)
            fields = with_error(ratio.estimate, ratio.std_error, inputs.study.usual_level)
            rows.append(
                {
                    "specification": one.id,
                    "validity": one.validity,
                    "departures": len(one.departures),
                }
                | {f"axis_{axis}": option for axis, option in one.options.items()}
                | {"measure": one.measure, "lag_months": one.lag_months, "estimand": RATIO}
                | fields
                | found.numbers()
            )
        return pd.DataFrame(rows)

    def robustness(self, inputs: Inputs) -> dict[str, Any]:
        """A Poisson model with dummies; a single series, or few units, are described."""
        found = self.prepare(inputs, inputs.spec.exposure)
        try:
            gap = engine_gap(found)
        except EstimationError:  # nothing is estimated, and no engine can say otherwise
            gap = 0.0
        few = len(found.units) < FEWEST_UNITS
        return {
            "without": {"kind": [], "left_out": [], "hazard_ratio": []},
            "engines_agree": gap <= ENGINE_TOLERANCE,
            "engine_gap": gap,
            "proportional_hazards": math.nan,
            "describes": [{"code": "one_series", "values": {"units": len(found.units)}}]
            if few
            else [],
        }

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary's ratio in the years from a day on."""
        found = self.prepare(inputs, inputs.spec.exposure)
        late = found.periods >= day.year
        cut = replace(
            found,
            periods=found.periods[late],
            counts=found.counts[:, late],
            exposure=found.exposure[:, late],
        )
        known = identity(inputs, inputs.spec.exposure, estimate_id="", role=Role.PRIMARY)
        if not late.any():
            nothing = dict.fromkeys(cut.numbers(), 0)
            why = f"nothing is counted from {day:%Y} on"
            return Estimate.missing(
                why, level=level, **known, estimand=RATIO, inference=SANDWICH, **nothing
            )
        return self.without_draws(inputs, cut, level)

    def outcomes_per_year(self, inputs: Inputs) -> float:
        """Exposed cells a year, over the last ten years of the panel."""
        found = self.prepare(inputs, inputs.spec.exposure)
        recent = found.periods > found.periods.max() - RECENT_YEARS
        x = np.where(found.known, found.exposure, 0.0)[:, recent]
        return float((x > 0).sum()) / RECENT_YEARS

    def groups(self, inputs: Inputs, prepared: Panel) -> np.ndarray:
        """All units alike."""
        return np.full(len(prepared.units), "All units")

    def survival(self, inputs: Inputs, prepared: Panel) -> list[pd.DataFrame]:
        """Nothing is followed to an end."""
        return []

    def curves(
        self, inputs: Inputs, prepared: Panel
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """None."""
        return [], {}


def engine_gap(panel: Panel) -> float:
    """Distance of the log ratio from that of a Poisson regression with dummies."""
    import statsmodels.api as sm

    log = log_ratio(panel)
    if math.isnan(log):
        return 0.0
    known = panel.known & (np.where(panel.known, panel.counts, 0).sum(axis=1) > 0)[:, None]
    if len(panel.units) > 1:
        known &= (np.where(panel.known, panel.counts, 0).sum(axis=0) > 0)[None, :]
    rows, columns = np.nonzero(known)
    parts = [panel.exposure[rows, columns][:, None], pd.get_dummies(rows, dtype=float).to_numpy()]
    if len(panel.units) > 1:
        parts.append(pd.get_dummies(columns, dtype=float).iloc[:, 1:].to_numpy())
    model = sm.GLM(
        panel.counts[rows, columns], np.column_stack(parts), family=sm.families.Poisson()
    )
    return abs(float(model.fit(tol=1e-12, maxiter=200).params[0]) - log)
