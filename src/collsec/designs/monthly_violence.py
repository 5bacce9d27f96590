"""Deaths by month around an arrival: stacked event study by Poisson pseudo-likelihood.

Each arrival is a stack of its own: its host, and the hosts at war then that had nobody throughout
the window, month by month, with effects of stack × host and stack × month. The months 24 to 13
before the arrival are the reference, since what is to come may show in the last year. Each arrival
counts equally; the pooled count stands alongside. Inference redraws which host of a stack received
the arrival. Where deaths moved before the arrival, or where the record could not have shown that
they did, nothing is claimed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

from collsec.core.schema import Role
from collsec.designs.arrivals import BEFORE, arrivals
from collsec.designs.checks import ENGINE_TOLERANCE, LEVEL, rejections
from collsec.designs.comparison import identity
from collsec.designs.cox_based import RECENT_YEARS
from collsec.designs.estimate import Estimate, Quantity, Unit, seed_for, wald_interval
from collsec.designs.inputs import Inputs
from collsec.designs.log_linear import Ratio, log_ratio
from collsec.designs.matched_acts import wilson
from collsec.designs.months_at_war import with_error
from collsec.designs.parts import Part
from collsec.designs.redrawn_arrivals import (
    Laid,
    engine_gap,
    equal,
    inverted,
    picked,
    preference,
    statistics,
)
from collsec.designs.registry import DAY_STRATA, Task, design
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset.inference import Calibration

RERANDOMIZED, SANDWICH = "set_rerandomization", "cluster_sandwich"
RATIO = "rate_ratio"
EVE_WEIGHT, EVE_DRAWS = 5.0, 2000
FEWEST_ARRIVALS = 3


@design
class MonthlyViolence:
    """Arrivals as units; deaths by month in their hosts, against hosts at war without one."""

    name = "monthly_violence"
    kind = "exposure"
    honors = frozenset({DAY_STRATA})
    methods = (RERANDOMIZED,)
    further_methods = (RERANDOMIZED, SANDWICH)
    calibration_blocks = 1
    exposed_outcome = "arrival"
    unit = "host"
    clock = "in the same months"
    estimand = RATIO

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Laid:
        """Stacks of the arrivals of one exposure, each arrival counting alike."""
        return equal(arrivals(inputs, choices.measure or exposure.measure, choices))

    def counts(self, inputs: Inputs, prepared: Laid) -> dict[str, Any]:
        """The counts that stand alongside an estimate."""
        return prepared.counts()

    def panel(self, inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
        """One row per arrival × host, over its window; the deaths counted in it."""
        laid = self.prepare(inputs, inputs.spec.exposure)
        rows = []
        for place, (stack, hosts) in enumerate(zip(laid.stacks, laid.found.hosts, strict=True)):
            for row, host in enumerate(hosts):
                rows.append(
                    {
                        "unit_id": f"{place}-{host}",
                        "conflict_id": int(laid.found.events["conflict_id"][place]),
                        "start": 0.0,
                        "stop": float(stack.known[row].sum()),
                        "event": row == 0,
                        "deaths": float(stack.values[row].sum()),
                        "gwno_host": int(host),
                    }
                )
        return pd.DataFrame(rows), laid.found.attrition

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """Primary; the pooled count; controls of either kind; other exposures."""
        spec, study, name = inputs.spec, inputs.study, inputs.spec.hypothesis
        number = draws.rerandomization_draws

        def one(laid: Laid, suffix: str, role: Role, label: str, *, is_pooled: bool) -> Estimate:
            level = study.level_of(name) if suffix == "primary" else study.usual_level
            return self._redrawn(
                inputs,
                laid,
                spec.exposure,
                f"{name}.{suffix}",
                role,
                level,
                number,
                label,
                is_pooled=is_pooled,
            )

        def primary() -> Part:
            laid = self.prepare(inputs, spec.exposure)
            later, status = laid.found.later, laid.found.status
            alike = [
                one(
                    laid.only(lambda p: status[p] == status[p][0]),
                    "same_status",
                    Role.SECONDARY,
                    "Controls in the same strata on the day",
                    is_pooled=False,
                )
            ]
            return Part(
                [
                    one(laid, "primary", Role.PRIMARY, "", is_pooled=False),
                    *(alike if spec.strata else []),
                    one(
                        laid.pooled(), "pooled", Role.SECONDARY, "Every death alike", is_pooled=True
                    ),
                    one(
                        laid.only(lambda p: ~later[p]),
                        "never",
                        Role.SECONDARY,
                        "Controls that never had an arrival",
                        is_pooled=False,
                    ),
                    one(
                        laid.only(lambda p: later[p]),
                        "not_yet",
                        Role.SECONDARY,
                        "Controls whose arrival comes later",
                        is_pooled=False,
                    ),
                ]
            )

        def secondary(other: ExposureSpec) -> Callable[[], Part]:
            return lambda: Part(
                [
                    self._redrawn(
                        inputs,
                        self.prepare(inputs, other),
                        other,
                        f"{name}.{other.measure}",
                        Role.SECONDARY,
                        study.usual_level,
                        number,
                        "",
                        is_pooled=False,
                    )
                ]
            )

        return {
            "primary": primary,
            **{f"secondary.{e.measure}": secondary(e) for e in spec.secondary},
        }

    def _redrawn(
        self,
        inputs: Inputs,
        laid: Laid,
        exposure: ExposureSpec,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str,
        *,
        is_pooled: bool,
    ) -> Estimate:
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        known |= {"estimand": RATIO, "inference": RERANDOMIZED} | laid.counts()
        if len(laid.stacks) < FEWEST_ARRIVALS:
            why = f"arrivals {len(laid.stacks)}; at least {FEWEST_ARRIVALS} are required"
            return Estimate.missing(why, level=level, **known)
        found = log_ratio(laid.stacks, laid.after)
        if not (math.isfinite(found.estimate) and math.isfinite(found.std_error)):
            return Estimate.missing("no death counted or expected", level=level, **known)
        picks = picked(laid, draws, seed_for(inputs.study.seed, estimate_id))
        p, low, high = inverted(
            laid, laid.after, None, picks, level, found.estimate, is_pooled=is_pooled
        )
        around = wald_interval(found.estimate, found.std_error, level)
        half = float(scipy.stats.norm.ppf(0.5 + level / 2))
        width = (high - low) / (2 * half)
        return Estimate.from_fit(
            found.estimate,
            found.std_error,
            level=level,
            limits=(low, high),
            p_value=p,
            sandwich=around,
            power=inputs.study.power,
            detectable_error=width,
            **known,
        )

    def estimate(
        self,
        inputs: Inputs,
        prepared: Laid,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """Ratio of deaths after arrivals to those expected, each arrival alike."""
        return self._redrawn(
            inputs, prepared, exposure, estimate_id, role, level, draws, label, is_pooled=False
        )

    def without_draws(self, inputs: Inputs, prepared: Laid, level: float) -> Estimate:
        """The primary's ratio with the error between arrivals."""
        found = log_ratio(prepared.stacks, prepared.after)
        known = identity(inputs, inputs.spec.exposure, estimate_id="", role=Role.PRIMARY)
        known |= {"estimand": RATIO, "inference": SANDWICH} | prepared.counts()
        if not math.isfinite(found.std_error):
            return Estimate.missing("no death counted or expected", level=level, **known)
        return Estimate.from_fit(found.estimate, found.std_error, level=level, **known)

    def calibrate(self, inputs: Inputs, prepared: Laid, draws: int, block: int) -> Calibration:
        """Rejection rate where each arrival falls on any host of its stack alike."""
        rejected, ratios = self._rejected(inputs, prepared, draws, "calibration", None)
        return rejections(rejected, float(len(prepared.stacks)), ratios)

    def _rejected(
        self,
        inputs: Inputs,
        laid: Laid,
        draws: int,
        name: str,
        weights: Sequence[np.ndarray] | None,
    ) -> tuple[int, np.ndarray]:
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.{name}")
        values = statistics(laid, laid.after, None, 0.0, is_pooled=False)
        reference = sum(
            v[p] for v, p in zip(values, picked(laid, max(draws, EVE_DRAWS), seed), strict=True)
        )
        made = sum(
            v[p] for v, p in zip(values, picked(laid, draws, seed + 1, weights), strict=True)
        )
        made, reference = np.asarray(made), np.asarray(reference)
        above = (reference[None, :] >= made[:, None]).mean(axis=1)
        below = (reference[None, :] <= made[:, None]).mean(axis=1)
        return int((2 * np.minimum(above, below) < LEVEL).sum()), made / max(len(values), 1)

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Both arms are followed over the same months."""
        return math.nan

    def specified(self, inputs: Inputs, specifications: Sequence[Specification]) -> pd.DataFrame:
        """Ratios with errors between arrivals."""
        rows = []
        for one in specifications:
            laid = self.prepare(inputs, inputs.spec.exposure, choices=one.choices)
            enough = len(laid.stacks) >= FEWEST_ARRIVALS
            found = log_ratio(laid.stacks, laid.after) if enough else Ratio(math.nan, math.nan)
            rows.append(
                {
                    "specification": one.id,
                    "validity": one.validity,
                    "departures": len(one.departures),
                }
                | {f"axis_{axis}": option for axis, option in one.options.items()}
                | {"measure": one.measure, "lag_months": one.lag_months, "estimand": RATIO}
                | with_error(found.estimate, found.std_error, inputs.study.usual_level)
                | laid.counts()
            )
        return pd.DataFrame(rows)

    def robustness(self, inputs: Inputs) -> dict[str, Any]:
        """Without each arrival; a Poisson model with dummies; trends before; the eve of peace."""
        laid = self.prepare(inputs, inputs.spec.exposure)
        conflicts = laid.found.events["conflict_id"].astype(str).tolist()
        ratios = [
            math.exp(log_ratio(laid.without(place).stacks, laid.after).estimate)
            for place in range(len(conflicts))
        ]
        gap = engine_gap(laid)
        trend = self.trend_before(inputs, laid)
        eve = self.on_the_eve(inputs, laid)
        bound = inputs.study.calibration_bounds[1]
        effect = abs(log_ratio(laid.stacks, laid.after).estimate)
        reasons = []
        if trend["p"] < LEVEL:
            reasons.append({"code": "trend_before", "values": {"p": trend["p"]}})
        elif not trend["detectable"] <= effect:
            ratio = math.exp(trend["detectable"]) if math.isfinite(trend["detectable"]) else None
            reasons.append({"code": "trend_unseen", "values": {"ratio": ratio}})
        chosen = self.by_status(inputs, laid)
        if inputs.spec.strata and chosen["low"] > bound:
            reasons.append({"code": "by_status", "values": {"rate": chosen["rate"], "high": bound}})
        if eve["low"] > bound:
            reasons.append({"code": "on_the_eve", "values": {"rate": eve["rate"], "high": bound}})
        return {
            "without": {
                "kind": ["conflict"] * len(conflicts),
                "left_out": conflicts,
                "hazard_ratio": ratios,
            },
            "engines_agree": gap <= ENGINE_TOLERANCE,
            "engine_gap": gap,
            "proportional_hazards": math.nan,
            "describes": reasons,
        }

    def trend_before(self, inputs: Inputs, laid: Laid, draws: int = 2000) -> dict[str, float]:
        """The twelve months before the arrival against the reference, by the same redraws."""
        if len(laid.stacks) < FEWEST_ARRIVALS:
            return dict.fromkeys(("p", "ratio", "low", "high", "detectable"), math.nan)
        before = laid.found.relative < 0
        start = log_ratio(laid.stacks, laid.lead, before).estimate
        start = start if math.isfinite(start) else 0.0
        picks = picked(laid, draws, seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.trend"))
        p, low, high = inverted(laid, laid.lead, before, picks, 1 - LEVEL, start, is_pooled=False)
        half = float(scipy.stats.norm.ppf(1 - LEVEL / 2))
        power = float(scipy.stats.norm.ppf(inputs.study.power))
        detectable = (high - low) / (2 * half) * (half + power)
        return {"p": p, "ratio": start, "low": low, "high": high, "detectable": detectable}

    def on_the_eve(self, inputs: Inputs, laid: Laid) -> dict[str, float]:
        """Rejection rate of arrivals that change nothing but prefer wars about to end."""
        return self._preferring(inputs, laid, "eve", laid.found.ending, EVE_WEIGHT)

    def by_status(self, inputs: Inputs, laid: Laid) -> dict[str, float]:
        """Rejection rate of arrivals that change nothing but prefer hosts in a declared stratum.

        They prefer it as strongly as the arrivals on record did: by the odds of their own hosts
        against those of the controls in the same stacks.
        """
        status = [own > 0 for own in laid.found.status]
        return self._preferring(inputs, laid, "status", status, preference(status))

    def _preferring(
        self,
        inputs: Inputs,
        laid: Laid,
        name: str,
        preferred: Sequence[np.ndarray],
        weight: float,
    ) -> dict[str, float]:
        weights = [np.where(own, weight, 1.0) for own in preferred]
        rejected, _ = self._rejected(inputs, laid, EVE_DRAWS, name, weights)
        low, high = wilson(rejected, EVE_DRAWS)
        return {"rate": rejected / EVE_DRAWS, "low": low, "high": high}

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary's ratio over arrivals from a day on."""
        laid = self.prepare(inputs, inputs.spec.exposure)
        begin = day.year * 12 + day.month - 1
        late = [p for p, month in enumerate(laid.found.events["month"]) if month >= begin]
        events = laid.found.events.iloc[late].reset_index(drop=True)
        found = dataclasses.replace(
            laid.found, events=events, hosts=tuple(laid.found.hosts[p] for p in late)
        )
        return self.without_draws(inputs, Laid(found, tuple(laid.stacks[p] for p in late)), level)

    def outcomes_per_year(self, inputs: Inputs) -> float:
        """Arrivals a year, over the last ten years of deaths by month that have a window."""
        laid = self.prepare(inputs, inputs.spec.exposure)
        last = inputs.extents["deaths_by_month"].last_day
        end = last.year * 12 + last.month - 1
        months = laid.found.events["month"]
        return int((months > end - 12 * RECENT_YEARS).sum()) / RECENT_YEARS

    def groups(self, inputs: Inputs, prepared: Laid) -> np.ndarray:
        """Hosts of arrivals, and their controls."""
        return np.concatenate(
            [np.r_[["Arrival"], ["Control"] * (len(h) - 1)] for h in prepared.found.hosts]
        )

    def survival(self, inputs: Inputs, prepared: Laid) -> list[pd.DataFrame]:
        """Nothing is followed to an end."""
        return []

    def curves(
        self, inputs: Inputs, prepared: Laid
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """What a page says of arrivals, trends before them, and the eve of peace."""
        before = [float(s.values[0, :BEFORE].sum()) for s in prepared.stacks]
        after = [float(s.values[0, BEFORE:].sum()) for s in prepared.stacks]
        trend = self.trend_before(inputs, prepared)
        eve = self.on_the_eve(inputs, prepared)
        total = sum(before)
        return [], {
            "arrivals": Quantity(len(before), Unit.COUNT),
            "shared": Quantity(int(prepared.found.events["is_shared"].sum()), Unit.COUNT),
            "deaths.before": Quantity(total, Unit.COUNT),
            "deaths.after": Quantity(sum(after), Unit.COUNT),
            "deaths.largest_share": Quantity(
                max(before, default=math.nan) / total if total else math.nan, Unit.SHARE
            ),
            "trend_before.ratio": Quantity(math.exp(trend["ratio"]), Unit.RATIO),
            "trend_before.low": Quantity(math.exp(trend["low"]), Unit.RATIO),
            "trend_before.high": Quantity(math.exp(trend["high"]), Unit.RATIO),
            "trend_before.p": Quantity(trend["p"], Unit.P_VALUE),
            "eve_of_peace.rejection": Quantity(eve["rate"], Unit.SHARE, digits=1),
            "by_status.rejection": Quantity(
                self.by_status(inputs, prepared)["rate"], Unit.SHARE, digits=1
            ),
            "by_status.own": Quantity(
                float(np.mean([own[0] > 0 for own in prepared.found.status])), Unit.SHARE
            ),
            "by_status.others": Quantity(
                float(np.mean([(own[1:] > 0).mean() for own in prepared.found.status])), Unit.SHARE
            ),
        }
