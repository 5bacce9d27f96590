"""Deaths by month around an arrival: stacked event study by Poisson pseudo-likelihood.

Each arrival is a stack of its own: its host, and the hosts at war then that had nobody throughout
the window, month by month, with effects of stack × host and stack × month. The months 24 to 13
before the arrival are the reference, since what is to come may show in the last year. Each arrival
counts equally; the pooled count stands alongside. Inference redraws which host of a stack received
the arrival. Where deaths moved before the arrival, or where the record could not have shown that
they did, nothing is claimed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from collsec.core.schema import Role
from collsec.designs.arrivals import BEFORE, MONTHS, StackedDesign, arrivals, engine_gap
from collsec.designs.checks import LEVEL
from collsec.designs.comparison import identity
from collsec.designs.estimate import Estimate, Quantity, Unit, seed_for
from collsec.designs.inputs import Inputs
from collsec.designs.multiverse import Ratio
from collsec.designs.parts import Context, Part, TableOf, part
from collsec.designs.printed import EventStudyOf
from collsec.designs.redrawn import EVE_DRAWS, EVE_WEIGHT, RedrawnDesign
from collsec.designs.registry import DAY_STRATA, RECENT_YEARS, SANDWICH, design
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from collsec.measures.months import HOST_MONTHS
from riskset import EstimationError, stacked_jackknife, stacked_poisson
from riskset.inference import Calibration, InvertedInterval, moved_events
from riskset.inference.moved_events import moved_rejections, preference
from riskset.regression.stacked_poisson import stack_means

RERANDOMIZED = "set_rerandomization"
RATIO = "rate_ratio"
FEWEST_ARRIVALS = 3
TREND_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Trend:
    """How deaths moved before the arrival.

    Attributes
    ----------
    log_ratio : float
        Of the last twelve months against the reference.
    detectable : float
        Smallest log ratio that would have been detected, at the study's power.
    interval : InvertedInterval
    """

    log_ratio: float
    detectable: float
    interval: InvertedInterval


@design
class MonthlyViolence(RedrawnDesign[StackedDesign]):
    """Arrivals as units; deaths by month in their hosts, against hosts at war without one."""

    name = "monthly_violence"
    kind = "exposure"
    honors = frozenset({DAY_STRATA})
    methods = (RERANDOMIZED,)
    further_methods = (RERANDOMIZED, SANDWICH)
    exposed_outcome = "arrival"
    unit = "host"
    clock = "in the same months"
    counted_in = HOST_MONTHS
    estimand = RATIO

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> StackedDesign:
        """Stacks of the arrivals of one exposure, each arrival counting alike."""
        name = choices.measure or exposure.measure
        return StackedDesign.equal(arrivals(inputs, name, outcome or inputs.spec.outcome, choices))

    def rows(self, inputs: Inputs, laid_out: StackedDesign) -> pd.DataFrame:
        """One row per arrival × host, over its window; the deaths counted in it."""
        conflict = laid_out.arrivals.events["conflict_id"]
        return pd.DataFrame(
            [
                {
                    "unit_id": f"{place}-{host}",
                    "conflict_id": int(conflict[place]),
                    "start": 0.0,
                    "stop": float(stack.known[row].sum()),
                    "event": row == 0,
                    "deaths": float(stack.values[row].sum()),
                    "gwno_host": int(host),
                }
                for place, stack in enumerate(laid_out.stacks)
                for row, host in enumerate(laid_out.arrivals.hosts[place])
            ]
        )

    def counts(self, inputs: Inputs, laid_out: StackedDesign) -> dict[str, Any]:
        """Arrivals, hosts and months."""
        return laid_out.counts()

    def recent_outcomes(self, inputs: Inputs, laid_out: StackedDesign) -> int:
        """Arrivals of the last ten years of deaths by month that have a window."""
        last = inputs.extents["deaths_by_month"].last_day
        end = last.year * MONTHS + last.month - 1
        return int((laid_out.arrivals.events["month"] > end - MONTHS * RECENT_YEARS).sum())

    def too_few(self, inputs: Inputs, laid_out: StackedDesign) -> str:
        """Why there are too few arrivals."""
        number = len(laid_out.stacks)
        few = f"arrivals {number}; at least {FEWEST_ARRIVALS} are required"
        return few if number < FEWEST_ARRIVALS else ""

    def log_ratio(self, inputs: Inputs, laid_out: StackedDesign) -> Ratio:
        """The log ratio of deaths after arrivals to those expected, with its error between them."""
        if few := self.too_few(inputs, laid_out):
            raise EstimationError(few)
        found = stacked_poisson(laid_out.stacks, laid_out.after)
        if not (math.isfinite(found.estimate) and math.isfinite(found.std_error)):
            raise EstimationError("no death counted or expected")
        return found.estimate, found.std_error

    def leave_one_out(self, inputs: Inputs, laid_out: StackedDesign) -> pd.DataFrame:
        """The ratio without each arrival."""
        return pd.DataFrame(
            [
                (
                    "conflict",
                    conflict,
                    math.exp(stacked_poisson(laid_out.without(p).stacks, laid_out.after).estimate),
                )
                for p, conflict in enumerate(laid_out.arrivals.events["conflict_id"].astype(str))
            ],
            columns=["kind", "left_out", "hazard_ratio"],
        )

    def engine_gap(self, inputs: Inputs, laid_out: StackedDesign) -> float:
        """Distance from a Poisson regression with dummies."""
        return engine_gap(laid_out)

    def inverted(
        self, laid_out: StackedDesign, estimate: float, *, draws: int, level: float, seed: int
    ) -> InvertedInterval:
        """By redrawing which host of each stack received the arrival."""
        window = laid_out.window(laid_out.after)
        return moved_events(window, draws=draws, level=level, seed=seed, estimate=estimate)

    def rejected(
        self, laid_out: StackedDesign, draws: int, seed: int, chances: Any = None
    ) -> tuple[int, np.ndarray]:
        """Arrivals that fall on any host of their stack, alike or by weights."""
        window = laid_out.window(laid_out.after)
        number, made = moved_rejections(window, draws, LEVEL, seed, chances)
        return number, made / max(len(laid_out.stacks), 1)

    def anticipation(self, inputs: Inputs, laid_out: StackedDesign) -> Calibration:
        """Rejection rate of arrivals that change nothing but prefer wars about to end."""
        chances = [np.where(own, EVE_WEIGHT, 1.0) for own in laid_out.arrivals.ending]
        return self.placebo(inputs, laid_out, "eve", EVE_DRAWS, chances)

    def by_status(self, inputs: Inputs, laid_out: StackedDesign) -> Calibration:
        """Rejection rate of arrivals that change nothing but prefer hosts in a declared stratum.

        They prefer it as strongly as the arrivals on record did: by the odds of their own hosts
        against those of the controls in the same stacks.
        """
        status = [own > 0 for own in laid_out.arrivals.status]
        weight = preference(status)
        chances = [np.where(own, weight, 1.0) for own in status]
        return self.placebo(inputs, laid_out, "status", EVE_DRAWS, chances)

    def trend_before(self, inputs: Inputs, laid_out: StackedDesign) -> Trend:
        """The twelve months before the arrival against the reference, by the same redraws."""
        if self.too_few(inputs, laid_out):
            return Trend(math.nan, math.nan, InvertedInterval(math.nan, math.nan, math.nan))
        used = laid_out.arrivals.relative < 0
        start = stacked_poisson(laid_out.stacks, laid_out.lead, used).estimate
        start = start if math.isfinite(start) else 0.0
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.trend")
        window = laid_out.window(laid_out.lead, used)
        found = moved_events(window, draws=TREND_DRAWS, level=1 - LEVEL, seed=seed, estimate=start)
        quantiles = sum(float(scipy.stats.norm.ppf(q)) for q in (1 - LEVEL / 2, inputs.study.power))
        return Trend(start, found.std_error(1 - LEVEL) * quantiles, found)

    def alongside(
        self, inputs: Inputs, laid_out: StackedDesign, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """The pooled count, and controls of one kind alone."""
        later, status = laid_out.arrivals.later, laid_out.arrivals.status
        alike = laid_out.only(lambda place: status[place] == status[place][0])
        never = laid_out.only(lambda place: ~later[place])
        not_yet = laid_out.only(lambda place: later[place])
        made = [("same_status", alike, "Controls in the same strata on the day")]
        made = [
            *(made if inputs.spec.strata else []),
            ("pooled", laid_out.pooled(), "Every death alike"),
            ("never", never, "Controls that never had an arrival"),
            ("not_yet", not_yet, "Controls whose arrival comes later"),
        ]
        return [
            self.estimate(
                inputs,
                one,
                inputs.spec.exposure,
                estimate_id=f"{inputs.spec.hypothesis}.{name}",
                role=Role.SECONDARY,
                level=inputs.study.usual_level,
                draws=draws.rerandomization_draws,
                label=label,
            )
            for name, one, label in made
        ]

    def doubts(
        self, inputs: Inputs, laid_out: StackedDesign
    ) -> tuple[list[dict[str, Any]], dict[str, Quantity]]:
        """Trends before the arrival, seen or not to be seen, and a preference for a stratum."""
        trend = self.trend_before(inputs, laid_out)
        chosen, bound = self.by_status(inputs, laid_out), inputs.study.calibration_bounds[1]
        effect = abs(stacked_poisson(laid_out.stacks, laid_out.after).estimate)
        reasons = []
        if trend.interval.p_value < LEVEL:
            reasons.append({"code": "trend_before", "values": {"p": trend.interval.p_value}})
        elif not trend.detectable <= effect:
            ratio = math.exp(trend.detectable) if math.isfinite(trend.detectable) else None
            reasons.append({"code": "trend_unseen", "values": {"ratio": ratio}})
        if inputs.spec.strata and chosen.ci_low > bound:
            values = {"rate": chosen.rejection_rate, "high": bound}
            reasons.append({"code": "by_status", "values": values})
        return reasons, {
            "trend_before.ratio": Quantity(math.exp(trend.log_ratio), Unit.RATIO),
            "trend_before.low": Quantity(math.exp(trend.interval.low), Unit.RATIO),
            "trend_before.high": Quantity(math.exp(trend.interval.high), Unit.RATIO),
            "trend_before.p": Quantity(trend.interval.p_value, Unit.P_VALUE),
            "by_status.rejection": Quantity(chosen.rejection_rate, Unit.SHARE, digits=1),
        }

    def groups(self, inputs: Inputs, prepared: StackedDesign) -> np.ndarray:
        """Hosts of arrivals, and their controls."""
        hosts = prepared.arrivals.hosts
        return np.concatenate([np.r_[["Arrival"], ["Control"] * (len(h) - 1)] for h in hosts])

    def curves(
        self, inputs: Inputs, prepared: StackedDesign
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """What a page says of arrivals, deaths, and the strata of hosts."""
        before = [float(s.values[0, :BEFORE].sum()) for s in prepared.stacks]
        after = [float(s.values[0, BEFORE:].sum()) for s in prepared.stacks]
        status, total = prepared.arrivals.status, sum(before)
        own = float(np.mean([one[0] > 0 for one in status]))
        others = float(np.mean([(one[1:] > 0).mean() for one in status]))
        largest = max(before, default=math.nan) / total if total else math.nan
        shared = int(prepared.arrivals.events["is_shared"].sum())
        return [], {
            "arrivals": Quantity(len(before), Unit.COUNT),
            "shared": Quantity(shared, Unit.COUNT),
            "deaths.before": Quantity(total, Unit.COUNT),
            "deaths.after": Quantity(sum(after), Unit.COUNT),
            "deaths.largest_share": Quantity(largest, Unit.SHARE),
            "by_status.own": Quantity(own, Unit.SHARE),
            "by_status.others": Quantity(others, Unit.SHARE),
        }


#: Groups of months of the event study, first and last month since the arrival.
PERIODS = ((-12, -7), (-6, -1), (0, 5), (6, 11), (12, 23), (24, 35))


@part(
    roles=(Role.DESCRIPTIVE,),
    tables=(
        TableOf(
            "event-study",
            (Role.DESCRIPTIVE,),
            "Deaths in the host of an arrival against those expected, by months since the arrival; "
            "the months 24 to 13 before it are the reference. Every arrival counts alike. "
            "Intervals allow for the spread between arrivals.",
        ),
    ),
    figures=(EventStudyOf("around-arrival", "event_study"),),
    counts="{exposed_events} arrivals in {exposed_clusters} {cluster}",
    designs=("monthly_violence",),
    uses=("violence.gwno_host", "violence.known_from", "violence.deaths_in_month"),
)
def event_study(context: Context) -> Part:
    """Ratios of deaths by months before and after the arrival, all in one model."""
    laid: Any = context.prepared
    group = periods_of(laid.arrivals.relative)
    ratios, errors = stacked_jackknife(laid.stacks, group)
    size = len(laid.stacks)
    level = context.inputs.study.usual_level
    made = []
    for place, (first, last) in enumerate(PERIODS):
        known = identity(
            context.inputs,
            context.inputs.spec.exposure,
            estimate_id=f"{context.name}.months.{place}",
            role=Role.DESCRIPTIVE,
            label=f"Months {first} to {last}".replace("-", "−"),
        )
        known |= {"estimand": RATIO, "inference": "cluster_jackknife"} | laid.counts()
        error = float(errors[place])
        if not math.isfinite(ratios[place]) or not math.isfinite(error) or error == 0:
            made.append(Estimate.missing("no death counted or expected", level=level, **known))
            continue
        made.append(
            Estimate.from_fit(float(ratios[place]), error, level=level, degrees=size - 1, **known)
        )
    periods = [
        {
            "first": first,
            "last": last,
            "estimate": one.estimate,
            "ci_low": one.ci_low,
            "ci_high": one.ci_high,
        }
        for (first, last), one in zip(PERIODS, made, strict=True)
    ]
    months = by_month(laid, group, ratios)
    record = {"level": level, "periods": periods, "months": months}
    return Part(made, records={"event_study": record})


def periods_of(relative: np.ndarray) -> np.ndarray:
    """The period of each month since the arrival, by its place; −1 for the reference."""
    group = np.full(len(relative), -1)
    for place, (first, last) in enumerate(PERIODS):
        group[(relative >= first) & (relative <= last)] = place
    return group


def by_month(laid: StackedDesign, group: np.ndarray, ratios: np.ndarray) -> list[dict[str, float]]:
    """What the model of all periods expects of each month without an effect, and what it counted.

    Returns
    -------
    list of dict
        ``month`` since the arrival; ``arrivals`` whose host has a count in it; ``deaths`` in those
        hosts; ``ratio`` of deaths to those expected, every arrival alike. Over a period, or over
        the reference, the ratios average to that of the model.
    """
    factor = np.where(group >= 0, np.exp(ratios[np.maximum(group, 0)]), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = [stack_means(one, factor)[0] / factor for one in laid.stacks]
    weights = [one.weight for one in laid.stacks]
    own = [one.values[0] for one in laid.stacks]
    rows = []
    for place, month in enumerate(laid.arrivals.relative):
        without = sum(w * f[place] for w, f in zip(weights, fitted, strict=True))
        counted = sum(w * y[place] for w, y in zip(weights, own, strict=True))
        rows.append(
            {
                "month": int(month),
                "arrivals": sum(int(one.known[0, place]) for one in laid.stacks),
                "deaths": float(sum(y[place] for y in own)),
                "ratio": float(counted / without) if without > 0 else math.nan,
            }
        )
    return rows
