"""Months at war after an act, against wars at risk on the same day in the same strata.

No hazard is modeled: what is compared is how many of the months that follow are months of war,
relapses included, in the war that received the act and in those that might have. Acts need a
complete window. Comparison wars are unexposed on that day and keep what comes later. Beside the
window that begins with the act stand windows that begin some months after it, in both arms, since
an act may fall on a war that is about to end: how often the test rejects where acts that change
nothing fall on such wars is computed and printed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.schema import Role
from collsec.designs import curves as drawn_curves
from collsec.designs.checks import ENGINE_TOLERANCE, LEVEL, rejections
from collsec.designs.comparison import identity
from collsec.designs.cox_based import RECENT_YEARS
from collsec.designs.estimate import (
    Estimate,
    Quantity,
    Scale,
    Unit,
    seed_for,
    wald_interval,
    wald_p_value,
    without_estimate,
)
from collsec.designs.inputs import Inputs, PanelBuilder
from collsec.designs.matched_acts import Sets, rejection, rerandomized, wilson
from collsec.designs.matched_layout import Matched, lay_out
from collsec.designs.parts import Part
from collsec.designs.registry import DAY_STRATA, LAG, LAGS, Task, design
from collsec.histories.extents import last_day_followed
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset.inference import Calibration

RERANDOMIZED, SANDWICH = "set_rerandomization", "cluster_sandwich"
RATIO = "ratio_of_months"
#: A war on the eve of peace is so many times as likely to receive an act that changes nothing.
EVE_WEIGHT, EVE_MONTHS = 5.0, 6
FEWEST_ACTS = 3
EVE_DRAWS = 2000


@design
class MonthsAtWar:
    """Acts as units; what followed in the wars that might have received them as comparison."""

    name = "months_at_war"
    kind = "exposure"
    honors = frozenset({LAG, LAGS, DAY_STRATA})
    methods = (RERANDOMIZED,)
    further_methods = (RERANDOMIZED, SANDWICH)
    calibration_blocks = 1
    exposed_outcome = "act with a complete window"
    unit = "war"
    clock = "going on that day"
    estimand = RATIO

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Matched:
        """Matched sets of one exposure, with the months at war in one window."""
        return lay_out(inputs, exposure, outcome or inputs.spec.outcome, choices)

    def counts(self, inputs: Inputs, prepared: Matched) -> dict[str, Any]:
        """The counts that stand alongside an estimate."""
        return prepared.counts(inputs.spec.cluster)

    def panel(self, inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
        """One row per act × war at risk: days at war within the window, and whose act it was."""
        found = self.prepare(inputs, inputs.spec.exposure)
        members, window = found.sets.members, days_of(found.window)
        rows = pd.DataFrame(
            {
                "unit_id": members["unit_id"].astype(str)
                + "@"
                + members["act"].astype(int).astype(str),
                "conflict_id": members["conflict_id"],
                "start": 0.0,
                "stop": float(window),
                "event": members["is_own"].astype(bool),
                "months_at_war": found.outcome,
                "gwno_host": members["gwno_host"],
            }
        )
        return rows, found.attrition

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """Primary with its difference in months, shifted windows, other acts, other windows."""
        spec, study, name = inputs.spec, inputs.study, inputs.spec.hypothesis

        def task(
            exposure: ExposureSpec,
            suffix: str,
            role: Role,
            level: float = study.usual_level,
            label: str = "",
            outcome: str | None = None,
        ) -> Task:
            def made() -> Part:
                matched = self.prepare(inputs, exposure, outcome=outcome)
                found = self.estimate(
                    inputs,
                    matched,
                    exposure,
                    estimate_id=f"{name}.{suffix}",
                    role=role,
                    level=level,
                    draws=draws.rerandomization_draws,
                    label=label,
                )
                if suffix != "primary":
                    return Part([found])
                draws_ = draws.rerandomization_draws
                further = [
                    _difference(inputs, matched, found),
                    self._still(inputs, matched, draws_),
                ]
                return Part([found, *further])

            return made

        made = {"primary": task(spec.exposure, "primary", Role.PRIMARY, study.level_of(name))}
        for lag in spec.lags_months:
            if lag != spec.exposure.lag_months:
                made[f"lag.{lag}"] = task(
                    dataclasses.replace(spec.exposure, lag_months=lag),
                    f"lag_{lag:02d}",
                    Role.LAG,
                    study.level_of(name),
                    f"Window from month {lag} after the act",
                )
        for other in spec.secondary:
            made[f"secondary.{other.measure}"] = task(other, other.measure, Role.SECONDARY)
        for outcome in spec.outcomes:
            title = measures.get(outcome).title
            made[f"outcome.{outcome}"] = task(
                spec.exposure, outcome, Role.OUTCOME, label=title, outcome=outcome
            )
        return made

    def estimate(
        self,
        inputs: Inputs,
        prepared: Matched,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """The ratio of months at war, by redrawing each act within its set."""
        cluster = inputs.spec.cluster
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        method = exposure.inference or inputs.spec.inference.method
        known |= {"estimand": RATIO, "inference": method} | prepared.counts(cluster)
        if len(prepared.sets.acts) < FEWEST_ACTS:
            why = f"acts with a complete window {len(prepared.sets.acts)}; at least {FEWEST_ACTS}"
            return Estimate.missing(f"{why} are required", level=level, **known)
        numbers = prepared.numbers(cluster)
        error, log = numbers.cluster_error(), numbers.log_ratio()
        if math.isnan(log):
            return Estimate.missing("no month at war on one of the sides", level=level, **known)
        around = wald_interval(log, error, level)
        if method == SANDWICH or not draws:
            return Estimate.from_fit(
                log, error, level=level, sandwich=around, power=inputs.study.power, **known
            )
        found = rerandomized(numbers, draws, level, seed_for(inputs.study.seed, estimate_id))
        width = found.high - found.low
        detectable = width / (around[1] - around[0]) * error if math.isfinite(width) else math.inf
        return Estimate.from_fit(
            found.estimate,
            error,
            level=level,
            limits=(found.low, found.high),
            p_value=found.p_value,
            sandwich=around,
            power=inputs.study.power,
            detectable_error=detectable,
            **known,
        )

    def _still(self, inputs: Inputs, matched: Matched, draws: int) -> Estimate:
        """Months at war from month six on, in sets of wars that were still going on then."""
        exposure = dataclasses.replace(inputs.spec.exposure, lag_months=EVE_MONTHS)
        later = self.prepare(inputs, exposure).going_on_after(EVE_MONTHS)
        return self.estimate(
            inputs,
            later,
            exposure,
            estimate_id=f"{inputs.spec.hypothesis}.still_at_war",
            role=Role.SECONDARY,
            level=inputs.study.usual_level,
            draws=draws,
            label=f"Still at war in month {EVE_MONTHS}: window from then on",
        )

    def without_draws(self, inputs: Inputs, prepared: Matched, level: float) -> Estimate:
        """The primary's ratio with the error between clusters."""
        exposure = dataclasses.replace(inputs.spec.exposure, inference=SANDWICH)
        return self.estimate(
            inputs, prepared, exposure, estimate_id="", role=Role.PRIMARY, level=level, draws=0
        )

    def calibrate(self, inputs: Inputs, prepared: Matched, draws: int, block: int) -> Calibration:
        """Rejection rate where each act falls on any member of its set alike."""
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.calibration")
        numbers = prepared.numbers(inputs.spec.cluster)
        rejected, ratios = rejection(numbers, draws, 1 - LEVEL, seed)
        return rejections(rejected, float(len(prepared.sets.acts)), ratios)

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Both arms are followed from the same day: no time is immortal."""
        return math.nan

    def specified(self, inputs: Inputs, specifications: Sequence[Specification]) -> pd.DataFrame:
        """Ratios with errors between clusters."""
        spec = inputs.spec
        rows, builder = [], PanelBuilder(inputs, ())
        for one in specifications:
            matched = lay_out(inputs, spec.exposure, spec.outcome, one.choices, builder)
            numbers = matched.numbers(spec.cluster)
            rows.append(
                {
                    "specification": one.id,
                    "validity": one.validity,
                    "departures": len(one.departures),
                }
                | {f"axis_{axis}": option for axis, option in one.options.items()}
                | {"measure": one.measure, "lag_months": one.lag_months, "estimand": RATIO}
                | with_error(numbers.log_ratio(), numbers.cluster_error(), inputs.study.usual_level)
                | matched.counts(spec.cluster)
            )
        return pd.DataFrame(rows)

    def robustness(self, inputs: Inputs) -> dict[str, Any]:
        """Without each conflict that received an act; a Poisson model; acts on the eve of peace."""
        spec = inputs.spec
        matched = self.prepare(inputs, spec.exposure)
        conflicts = matched.sets.acts["conflict_id"].to_numpy()
        without = [
            (str(one), math.exp(matched.numbers(spec.cluster).log_ratio(conflicts != one)))
            for one in np.unique(conflicts)
        ]
        gap = _engine_gap(matched.numbers(spec.cluster))
        eve, bound = self.on_the_eve(inputs, matched), inputs.study.calibration_bounds[1]
        return {
            "without": {
                "kind": ["conflict"] * len(without),
                "left_out": [name for name, _ in without],
                "hazard_ratio": [ratio for _, ratio in without],
            },
            "engines_agree": gap <= ENGINE_TOLERANCE,
            "engine_gap": gap,
            "proportional_hazards": math.nan,
            "describes": [{"code": "on_the_eve", "values": {"rate": eve["rate"], "high": bound}}]
            if eve["low"] > bound
            else [],
        }

    def on_the_eve(self, inputs: Inputs, matched: Matched, landmark: int = 0) -> dict[str, float]:
        """Rejection rate of acts that change nothing but prefer wars about to end."""
        seed = seed_for(
            inputs.study.seed, f"{inputs.spec.hypothesis}.eve.{matched.shift}.{landmark}"
        )
        to_end = matched.sets.members["days_to_end"].to_numpy(float)
        weight = np.where(to_end <= days_of(EVE_MONTHS), EVE_WEIGHT, 1.0)
        numbers = matched.numbers(inputs.spec.cluster)
        rejected, _ = rejection(numbers, EVE_DRAWS, 1 - LEVEL, seed, weight)
        low, high = wilson(rejected, EVE_DRAWS)
        return {"rate": rejected / EVE_DRAWS, "low": low, "high": high, "draws": EVE_DRAWS}

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary's ratio over acts from a day on that have a complete window."""
        matched = self.prepare(inputs, inputs.spec.exposure).of_acts_since(day)
        return self.without_draws(inputs, matched, level)

    def outcomes_per_year(self, inputs: Inputs) -> float:
        """Acts with a complete window a year, over the last ten years that have one."""
        matched = self.prepare(inputs, inputs.spec.exposure)
        window = days_of(matched.window + matched.shift)
        last = last_day_followed(inputs.episodes) - pd.Timedelta(days=window)
        recent = matched.sets.acts["day"] > last - pd.DateOffset(years=RECENT_YEARS)
        return int(recent.sum()) / RECENT_YEARS

    def groups(self, inputs: Inputs, prepared: Matched) -> np.ndarray:
        """Those that received the act, and those that might have."""
        own = prepared.sets.members["is_own"].to_numpy(bool)
        return np.where(own, "After the act", "Wars at risk on the same day")

    def survival(self, inputs: Inputs, prepared: Matched) -> list[pd.DataFrame]:
        """Share at war by month since the act, relapses included, in either arm."""
        horizon = prepared.window + prepared.shift
        members = prepared.sets.members
        day = prepared.sets.acts["day"].to_numpy("datetime64[D]")[members["act"].to_numpy(int)]
        at_war = _at_war(inputs.episodes, members["conflict_id"].to_numpy(np.int64), day, horizon)
        own = members["is_own"].to_numpy(bool)
        size = np.bincount(members["act"].to_numpy(int))[members["act"].to_numpy(int)]
        made = []
        for name, weight in (
            ("After the act", own.astype(float)),
            ("Wars at risk on the same day", np.where(own, 0.0, 1.0 / (size - 1))),
        ):
            share = weight @ at_war / weight.sum()
            at = pd.DataFrame(
                {
                    "share": share,
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "at_risk": float((weight > 0).sum()),
                }
            )
            months = drawn_curves.whole_months(horizon)
            made.append(drawn_curves.family("survival", name, months, at, "share"))
        return made

    def curves(
        self, inputs: Inputs, prepared: Matched
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """What a page says of the acts, the comparison, and acts on the eve of peace."""
        members, spec = prepared.sets.members, inputs.spec
        own = members["is_own"].to_numpy(bool)
        numbers = prepared.numbers(spec.cluster)
        age = members["age_days"].to_numpy(float) / DAYS_PER_MONTH
        others = dataclasses.replace(numbers, outcome=age)
        found = {
            "acts": Quantity(len(prepared.sets.acts), Unit.COUNT),
            "window": Quantity(prepared.window, Unit.MONTHS, digits=0),
            "coarsened": Quantity(
                int((prepared.sets.acts["strata"] < len(spec.strata)).sum()), Unit.COUNT
            ),
            "own.months": Quantity(float(numbers.own.mean()), Unit.MONTHS),
            "others.months": Quantity(
                float((numbers.others / (numbers.size - 1)).mean()), Unit.MONTHS
            ),
            "own.age": Quantity(float(age[own].mean()), Unit.MONTHS, digits=0),
            "others.age": Quantity(
                float((others.others / (others.size - 1)).mean()), Unit.MONTHS, digits=0
            ),
        }
        later = dataclasses.replace(spec.exposure, lag_months=EVE_MONTHS)
        still = self.on_the_eve(
            inputs, self.prepare(inputs, later).going_on_after(EVE_MONTHS), EVE_MONTHS
        )
        found["eve_of_peace.still_at_war.rejection"] = Quantity(still["rate"], Unit.SHARE, digits=1)
        eve = self.on_the_eve(inputs, prepared)
        found["eve_of_peace.rejection"] = Quantity(eve["rate"], Unit.SHARE, digits=1)
        for lag in spec.lags_months:
            if lag != spec.exposure.lag_months:
                shifted = dataclasses.replace(spec.exposure, lag_months=lag)
                rate = self.on_the_eve(inputs, self.prepare(inputs, shifted))["rate"]
                found[f"eve_of_peace.lag_{lag:02d}.rejection"] = Quantity(
                    rate, Unit.SHARE, digits=1
                )
        return [], found


def with_error(log: float, error: float, level: float) -> dict[str, Any]:
    """The fields of a specification's ratio, or why it has none."""
    if not (math.isfinite(log) and math.isfinite(error) and error > 0):
        return {"level": level} | without_estimate("too few acts with a complete window")
    low, high = wald_interval(log, error, level)
    return {
        "level": level,
        "note": "",
        "estimate": math.exp(log),
        "std_error": error,
        "ci_low": math.exp(low),
        "ci_high": math.exp(high),
        "p_value": wald_p_value(log, error),
    }


def _difference(inputs: Inputs, matched: Matched, ratio: Estimate) -> Estimate:
    """The primary as a difference in months at war, with its error between clusters."""
    known: dict[str, Any] = {
        **prepared_identity(ratio),
        "estimate_id": f"{inputs.spec.hypothesis}.difference",
        "role": Role.SECONDARY,
        "label": "Difference in months at war",
        "estimand": "difference_in_months",
        "inference": SANDWICH,
        **matched.counts(inputs.spec.cluster),
    }
    level = inputs.study.usual_level
    if len(matched.sets.acts) < FEWEST_ACTS:
        return Estimate.missing("too few acts with a complete window", level=level, **known)
    numbers = matched.numbers(inputs.spec.cluster)
    apart = numbers.difference()
    sums = np.bincount(numbers.cluster, weights=apart - apart.mean())
    groups = len(sums)
    if groups < 2:
        return Estimate.missing("all acts in one cluster", level=level, **known)
    error = math.sqrt(groups / (groups - 1) * float((sums**2).sum())) / len(apart)
    return Estimate.from_fit(
        float(apart.mean()),
        error,
        level=level,
        scale=Scale.DIFFERENCE,
        degrees=groups - 1,
        **known,
    )


def prepared_identity(found: Estimate) -> dict[str, Any]:
    """The fields that two estimates of one exposure share."""
    return {n: getattr(found, n) for n in ("hypothesis", "measure", "lag_months", "validity")}


def _engine_gap(numbers: Sets) -> float:
    """Distance of the log ratio from that of a weighted Poisson regression."""
    import statsmodels.api as sm

    if math.isnan(numbers.log_ratio()):
        return 0.0
    weight = np.where(numbers.is_own, 1.0, 1.0 / (numbers.size[numbers.act] - 1))
    x = np.column_stack([np.ones(len(weight)), numbers.is_own.astype(float)])
    model = sm.GLM(numbers.outcome, x, family=sm.families.Poisson(), freq_weights=weight)
    fitted = model.fit(tol=1e-12, maxiter=100)
    return abs(float(fitted.params[1]) - numbers.log_ratio())


def _at_war(
    episodes: pd.DataFrame, conflict: np.ndarray, day: np.ndarray, horizon: int
) -> np.ndarray:
    """Whether each conflict is at war so many months after a day: shape (n, horizon + 1)."""
    wars = episodes.groupby("conflict_id")
    spans: dict[Any, tuple[np.ndarray, np.ndarray]] = {
        name: (
            own["onset_date"].to_numpy("datetime64[D]"),
            own["exit_date"].to_numpy("datetime64[D]"),
        )
        for name, own in wars
    }
    offsets = np.round(np.arange(horizon + 1) * DAYS_PER_MONTH).astype(int)
    found = np.zeros((len(conflict), horizon + 1))
    for row, (one, begin) in enumerate(zip(conflict, day, strict=True)):
        first, last = spans[int(one)]
        moment = (begin + offsets.astype("timedelta64[D]"))[:, None]
        found[row] = ((first <= moment) & (moment < last)).any(axis=1)
    return found
