"""Delay: does presence work better where it comes early, and what does a year of delay cost?

Presence is split by the age of the war at arrival. Both halves are compared with wars of the same
age without troops, and only after they have come: a war is never counted as "early" for the months
in which it waited. The cost of delay is the primary's hazard ratio in months of war.
"""

from __future__ import annotations

import dataclasses
import math

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import RESTATED, Estimate, Quantity, Unit, without_estimate
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, VariablesOf, part
from collsec.designs.split_exposure import PRINTED, by_arrival, estimate_split
from collsec.designs.standardization import from_month, in_months, mean_months, strategy_curves
from collsec.histories.panels import DAYS_PER_MONTH
from riskset import CoxResult

from .grace_trial import LEAST_CLUSTERS, LEAST_TREATED

SPLITS_MONTHS = (12, 24)
# The primary's exposure, and the wider one that gives more arrivals to compare.
MEASURES = ("un_troops", "peacekeepers")
EARLY_MONTH, LATE_MONTH = 6, 18
COST = f"Cost of delay: months of war, month {LATE_MONTH} against month {EARLY_MONTH}"
#: What an estimate that was not made has of the primary's intervals.
NOTHING = dict.fromkeys(
    ("centered", "cluster_low", "cluster_high", "mde_low", "mde_high", "null_rejection", *RESTATED),
    math.nan,
)
DELAYS = {
    "Deployed in month 6": EARLY_MONTH,
    "Deployed in month 18": LATE_MONTH,
    "Never deployed": math.inf,
}


@part(
    roles=(Role.INTERACTION,),
    variables=tuple(
        declared
        for months in SPLITS_MONTHS
        for declared in (
            *(
                VariablesOf(name, PRINTED)
                for name in (
                    f"early_{months}",
                    f"late_{months}",
                    f"early_against_late_{months}",
                )
            ),
            VariablesOf(f"early_against_late_{months}", {"{name}.says": "direction"}),
        )
    ),
    uses=MEASURES,
    exposures=MEASURES,
)
def early_late(context: Context) -> Part:
    """Early and late presence, each against none, and their ratio with its interval."""
    inputs, own = context.inputs, context.inputs.spec.exposure
    made: list[Estimate] = []
    for measure in MEASURES:
        exposure = dataclasses.replace(own, measure=measure)
        prepared = prepare(inputs, exposure)
        for months in SPLITS_MONTHS:
            halves = by_arrival(prepared, measure, months, is_own=measure == own.measure)
            made += estimate_split(
                inputs, prepared, exposure, halves, draws=context.draws.rerandomization_draws
            )
    return Part(made)


@part(
    roles=(Role.SECONDARY,),
    curves=(
        CurveOf(
            "standardized_survival",
            CurveKind.SURVIVAL,
            "Wars still going on",
            is_shaded_between=True,
        ),
    ),
    variables=(
        VariablesOf(
            "cost_of_delay",
            {"cost.months": "estimate", "cost.ci": "interval", "cost.says": "finding"},
        ),
    ),
    after_primary=True,
    designs=("time_varying",),
)
def cost_of_delay(context: Context, primary: Estimate) -> Part:
    """Months of war per year of delay, where wars got troops both early and late; else the counts.

    Without such wars the cost would only restate the ratio of presence over the whole cohort.
    """
    inputs, prepared = context.inputs, context.prepared
    treated = arrivals(prepared)
    quantities = {
        "cost.early": Quantity(treated["early"][0], Unit.COUNT),
        "cost.late": Quantity(treated["late"][0], Unit.COUNT),
        "cost.horizon": Quantity(inputs.study.horizon_months, Unit.MONTHS, digits=0),
    }
    if any(n < LEAST_TREATED or clusters < LEAST_CLUSTERS for n, clusters in treated.values()):
        why = (
            f"{treated['early'][0]} wars had troops within {EARLY_MONTH} months of onset and "
            f"{treated['late'][0]} between then and month {LATE_MONTH}; the gate asks for "
            f"{LEAST_TREATED} of each, in {LEAST_CLUSTERS} countries"
        )
        known = dataclasses.asdict(primary) | {
            "estimate_id": f"{context.name}.cost_of_delay",
            "role": Role.SECONDARY,
            "label": COST,
            "estimand": "months_per_year_of_delay",
        }
        return Part([Estimate(**known | without_estimate(why) | NOTHING)], quantities=quantities)
    paths = {name: from_month(inputs, month) for name, month in DELAYS.items()}
    return Part(
        [months_per_year(inputs, prepared, primary)],
        strategy_curves(inputs, prepared, paths),
        quantities,
    )


def arrivals(prepared: Prepared) -> dict[str, tuple[int, int]]:
    """Wars, and countries, that had troops by the early month, and between it and the late one."""
    spells, units = prepared.spells, prepared.units
    assert spells is not None
    first = pd.Series(spells.assigned).groupby(spells.unit).min() / DAYS_PER_MONTH
    came = {
        "early": first <= EARLY_MONTH,
        "late": (first > EARLY_MONTH) & (first <= LATE_MONTH),
    }
    hosts = units["gwno_host"]
    return {
        name: (int(is_.sum()), int(hosts.iloc[first.index[is_]].nunique()))
        for name, is_ in came.items()
    }


def months_per_year(inputs: Inputs, prepared: Prepared, primary: Estimate) -> Estimate:
    """Months of war per year of delay, with the limits that the primary's interval implies."""

    def cost(fit: CoxResult) -> float:
        late, early = (
            mean_months(inputs, prepared, fit, from_month(inputs, month))[0]
            for month in (LATE_MONTH, EARLY_MONTH)
        )
        return late - early

    return in_months(
        inputs,
        prepared,
        primary,
        cost,
        estimate_id=f"{inputs.spec.hypothesis}.cost_of_delay",
        estimand="months_per_year_of_delay",
        label=COST,
    )
