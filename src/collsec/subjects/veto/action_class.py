"""Vetoes told apart: by what the draft would have done, and by who cast them."""

from __future__ import annotations

from typing import Any

from collsec.designs.clustered import FEWEST_CLUSTERS, FEWEST_ENDS
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.designs.time_varying import exposed_counts, rerandomized
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures import get
from collsec.reports.words import wording

BY_CLASS = (
    "veto_on_enforcement_12m",
    "veto_on_sanctions_12m",
    "veto_on_condemnation_12m",
    "veto_on_other_action_12m",
)
# The Soviet Union's (Russia's) and the United States' stand among the secondary exposures.
BY_STATE = ("veto_china_12m", "veto_uk_12m", "veto_france_12m")
# A finer p-value than this serves nobody with so few ends.
MOST_DRAWS = 999


@part()
def by_action_class(context: Context) -> Part:
    """The primary's question for vetoes of each class of action, and of each casting state."""
    draws = min(context.draws.rerandomization_draws, MOST_DRAWS)
    made = [
        exposure_alone(context.inputs, name, role, draws)
        for role, names in (("action_class", BY_CLASS), ("casting_state", BY_STATE))
        for name in names
    ]
    strings = {}
    for estimate in made:
        name = f"by_class.{estimate.measure.removeprefix('veto_').removesuffix('_12m')}"
        strings[f"{name}.hr"] = wording.number(estimate.estimate)
        strings[f"{name}.units"] = str(estimate.exposed_units)
        strings[f"{name}.ends"] = str(estimate.exposed_ends)
    return Part(made, strings=strings)


def too_few_exposed(counts: dict[str, int]) -> str:
    """Why an exposure has too few ends for a number; empty where it has enough."""
    ends, clusters = counts["exposed_ends"], counts["exposed_clusters"]
    if ends >= FEWEST_ENDS and clusters >= FEWEST_CLUSTERS:
        return ""
    return (
        f"{ends} ends while exposed, {clusters} clusters exposed; at least "
        f"{FEWEST_ENDS} and {FEWEST_CLUSTERS} are asked for"
    )


def exposure_alone(
    inputs: Inputs, name: str, role: str, draws: int, validity: str = "principled"
) -> Estimate:
    """Hazard ratio of one exposure by re-randomization, or the counts where they are too few."""
    exposure = ExposureSpec(name, validity=validity)
    return where_enough(
        inputs,
        prepare(inputs, exposure),
        exposure,
        role=role,
        draws=draws,
        estimate_id=f"{inputs.spec.hypothesis}.{role}.{name}",
    )


def where_enough(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    *,
    estimate_id: str,
    role: str,
    draws: int,
    label: str = "",
) -> Estimate:
    """Hazard ratio by re-randomization, or the counts where they are too few."""
    level, measure = 1 - inputs.study.alpha, get(exposure.measure)
    counts = exposed_counts(prepared, inputs.spec.cluster)
    known: dict[str, Any] = {
        "estimate_id": estimate_id,
        "role": role,
        "label": label or measure.title,
    }
    thin = too_few_exposed(counts)
    if thin:
        return Estimate(
            **known | counts,
            **without_estimate(thin),
            hypothesis=inputs.spec.hypothesis,
            measure=measure.name,
            lag_months=exposure.lag_months,
            estimand="hazard_ratio",
            inference="risk_set_rerandomization",
            ci_level=level,
            validity=exposure.validity,
        )
    return rerandomized(inputs, prepared, exposure, **known, draws=draws, level=level)[0]
