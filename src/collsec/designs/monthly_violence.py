"""Deaths by month around an arrival: stacked event study by Poisson pseudo-likelihood.

Each arrival is a stack of its own: its host, and the hosts at war then that had nobody throughout
the window, month by month, with effects of stack × host and stack × month. The months 24 to 13
before the arrival are the reference, since what is to come may show in the last year. Each arrival
has a ratio of its own, and the estimate is their geometric mean; the arithmetic mean and the pooled
count stand alongside. Inference redraws which host of a stack received the arrival. Where deaths
moved before the arrival, or where the record could not have shown that they did, nothing is
claimed; how much more than before the arrival they would have had to part ways by themselves is
given as a multiple.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from collsec.core.schema import Role
from collsec.designs.arrivals import BEFORE, MONTHS, Mean, StackedDesign, arrivals, engine_gap
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
from riskset import EstimationError
from riskset.inference import Calibration, InvertedInterval, moved_events
from riskset.inference.moved_events import moved_rejections, preference
from riskset.regression.stacked_log_ratios import (
    HALF,
    expected_by_unit,
    mean_log_ratio,
    treated_log_ratios,
)

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
        """Stacks of the arrivals of one exposure, each of which speaks once."""
        name = choices.measure or exposure.measure
        found = arrivals(inputs, name, outcome or inputs.spec.outcome, choices)
        return StackedDesign(found, found.stacks)

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
        found = laid_out.ratio(laid_out.after)
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
                    math.exp(laid_out.without(p).ratio(laid_out.after).estimate),
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
        start = laid_out.ratio(laid_out.lead).estimate
        start = start if math.isfinite(start) else 0.0
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.trend")
        window = laid_out.window(laid_out.lead)
        found = moved_events(window, draws=TREND_DRAWS, level=1 - LEVEL, seed=seed, estimate=start)
        quantiles = math.fsum(
            float(scipy.stats.norm.ppf(q)) for q in (1 - LEVEL / 2, inputs.study.power)
        )
        return Trend(start, found.std_error(1 - LEVEL) * quantiles, found)

    def alongside(
        self, inputs: Inputs, laid_out: StackedDesign, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """Other means over arrivals, and controls of one kind alone."""
        later, status = laid_out.arrivals.later, laid_out.arrivals.status
        alike = laid_out.only(lambda place: status[place] == status[place][0])
        never = laid_out.only(lambda place: ~later[place])
        not_yet = laid_out.only(lambda place: later[place])
        made = [("same_status", alike, "Controls in the same strata on the day")]
        made = [
            *(made if inputs.spec.strata else []),
            ("arithmetic", laid_out.averaged(Mean.ARITHMETIC), "Arithmetic mean over arrivals"),
            ("pooled", laid_out.averaged(Mean.POOLED), "Every death alike"),
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
        effect = abs(laid_out.ratio(laid_out.after).estimate)
        reasons = []
        if trend.interval.p_value < LEVEL:
            reasons.append({"code": "trend_before", "values": {"p": trend.interval.p_value}})
        elif not trend.detectable <= effect:
            ratio = math.exp(trend.detectable) if math.isfinite(trend.detectable) else None
            reasons.append({"code": "trend_unseen", "values": {"ratio": ratio}})
        if inputs.spec.strata and chosen.ci_low > bound:
            values = {"rate": chosen.rejection_rate, "high": bound}
            reasons.append({"code": "by_status", "values": values})
        level = inputs.study.usual_level
        return reasons, violation(laid_out, level).quantities() | {
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
        before = [float(s.values[0, prepared.reference].sum()) for s in prepared.stacks]
        after = [float(s.values[0, BEFORE:].sum()) for s in prepared.stacks]
        status, total = prepared.arrivals.status, math.fsum(before)
        own = float(np.mean([one[0] > 0 for one in status]))
        others = float(np.mean([(one[1:] > 0).mean() for one in status]))
        largest = max(before, default=math.nan) / total if total else math.nan
        shared = int(prepared.arrivals.events["is_shared"].sum())
        return [], {
            "arrivals": Quantity(len(before), Unit.COUNT),
            "shared": Quantity(shared, Unit.COUNT),
            "deaths.before": Quantity(total, Unit.COUNT),
            "deaths.after": Quantity(math.fsum(after), Unit.COUNT),
            "deaths.largest_share": Quantity(largest, Unit.SHARE),
            "by_status.own": Quantity(own, Unit.SHARE),
            "by_status.others": Quantity(others, Unit.SHARE),
        }


#: Half-years around an arrival: the reference is the first two of them.
HALF_YEARS = tuple((first, first + 5) for first in range(-24, 36, 6))


@dataclass(frozen=True, slots=True)
class Violation:
    """How far deaths would have had to part ways without the arrival to make up the estimate.

    Attributes
    ----------
    largest : float
        Largest step from one half-year to the next before the arrival: log ratio, absolute.
    estimate : float
        Mean log ratio of the half-years from the arrival on, less that of the last one before it.
    std_error : float
        Between arrivals.
    multiple : float
        Steps of so many times the largest one, all in one direction, give the estimate.
    multiple_of_interval : float
        The same for the limit of the interval that is nearer to no effect; zero where it holds it.

    Notes
    -----
    Relative magnitudes [1]_: from one half-year to the next, hosts of arrivals and their controls
    part ways by at most :math:`M \\max_{s<0} |\\delta_s - \\delta_{s-1}|`. The k-th half-year after
    the arrival has then moved by at most k steps, their mean by (K + 1) / 2. The largest step is
    taken as it was measured: its own error is not in the interval.

    References
    ----------
    .. [1] Rambachan, A., & Roth, J. (2023). A more credible approach to parallel trends. *Review of
       Economic Studies*, 90(5), 2555–2591. doi:10.1093/restud/rdad018
    """

    largest: float
    estimate: float
    std_error: float
    multiple: float
    multiple_of_interval: float

    def quantities(self) -> dict[str, Quantity]:
        """What a page prints of it."""
        return {
            "violation.largest": Quantity(math.exp(self.largest), Unit.RATIO),
            "violation.ratio": Quantity(math.exp(self.estimate), Unit.RATIO),
            "violation.multiple": Quantity(self.multiple, Unit.RATIO),
            "violation.multiple_of_interval": Quantity(self.multiple_of_interval, Unit.RATIO),
        }


def violation(laid: StackedDesign, level: float) -> Violation:
    """What violation of parallel trends would explain the estimate; NaN without two arrivals."""
    relative, by_half = laid.arrivals.relative, []
    for first, last in HALF_YEARS:
        months = (relative >= first) & (relative <= last)
        by_half.append(treated_log_ratios(laid.stacks, months, laid.reference))
    path = np.array(by_half)  # half-years × arrivals
    if path.shape[1] < 2:
        return Violation(*[math.nan] * 5)
    is_later = np.array([first >= 0 for first, _ in HALF_YEARS])
    before = np.array([mean_log_ratio(one).estimate for one in path[~is_later]])
    largest = float(np.abs(np.diff(before)).max())
    # A half-year that is not on record has no part in its arrival's mean.
    after = np.nanmean(path[is_later], axis=0)
    found = mean_log_ratio(after - path[~is_later][-1])
    steps = (is_later.sum() + 1) / 2
    spread = float(scipy.stats.t.ppf((1 + level) / 2, path.shape[1] - 1)) * found.std_error
    size = abs(found.estimate)
    return Violation(
        largest,
        found.estimate,
        found.std_error,
        size / (steps * largest),
        max(size - spread, 0.0) / (steps * largest),
    )


#: Groups of months of the event study, first and last month since the arrival.
PERIODS = ((-12, -7), (-6, -1), (0, 5), (6, 11), (12, 23), (24, 35))


@part(
    roles=(Role.DESCRIPTIVE,),
    tables=(
        TableOf(
            "event-study",
            (Role.DESCRIPTIVE,),
            "Deaths in the host of an arrival against those expected, by months since the arrival; "
            "the months 24 to 13 before it are the reference. Geometric means over arrivals; "
            "intervals allow for the spread between them.",
        ),
    ),
    figures=(EventStudyOf("around-arrival", "event_study"),),
    counts="{exposed_events} arrivals in {exposed_clusters} {cluster}",
    designs=("monthly_violence",),
    uses=("violence.gwno_host", "violence.known_from", "violence.deaths_in_month"),
)
def event_study(context: Context) -> Part:
    """Ratios of deaths by months before and after the arrival: geometric means over arrivals."""
    laid: Any = context.prepared
    level = context.inputs.study.usual_level
    relative, made = laid.arrivals.relative, []
    for place, (first, last) in enumerate(PERIODS):
        known = identity(
            context.inputs,
            context.inputs.spec.exposure,
            estimate_id=f"{context.name}.months.{place}",
            role=Role.DESCRIPTIVE,
            label=f"Months {first} to {last}".replace("-", "−"),
        )
        known |= {"estimand": RATIO, "inference": "cluster_jackknife"} | laid.counts()
        months = (relative >= first) & (relative <= last)
        ratios = treated_log_ratios(laid.stacks, months, laid.reference)
        # Leaving each arrival out of a mean gives its error between them.
        found, size = mean_log_ratio(ratios), int((~np.isnan(ratios)).sum())
        if not math.isfinite(found.estimate) or not found.std_error > 0:
            made.append(Estimate.missing("no death counted or expected", level=level, **known))
            continue
        made.append(
            Estimate.from_fit(
                found.estimate, found.std_error, level=level, degrees=size - 1, **known
            )
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
    record = {"level": level, "periods": periods, "months": by_month(laid)}
    return Part(made, records={"event_study": record})


def by_month(laid: StackedDesign) -> list[dict[str, float]]:
    """What each month counted, and how it compares with what the reference leads to expect.

    Returns
    -------
    list of dict
        ``month`` since the arrival; ``arrivals`` whose host has a count in it; ``deaths`` in those
        hosts; ``ratio`` of deaths to those expected: the geometric mean over arrivals, half a death
        added to either.
    """
    rows = []
    for place, month in enumerate(laid.arrivals.relative):
        one = np.arange(len(laid.arrivals.relative)) == place
        both = [expected_by_unit(stack, one, laid.reference, 1) for stack in laid.stacks]
        observed, expected = (np.array([pair[k][0] for pair in both]) for k in (0, 1))
        ratio = mean_log_ratio(np.log((observed + HALF) / (expected + HALF))).estimate
        rows.append(
            {
                "month": int(month),
                "arrivals": int((~np.isnan(observed)).sum()),
                "deaths": float(np.nansum(observed)),
                "ratio": math.exp(ratio),
            }
        )
    return rows
