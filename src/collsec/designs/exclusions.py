"""Hazard ratios where they are few: one exposure alone, or the primary without some places."""

from __future__ import annotations

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, identity, too_few_exposed
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.designs.time_varying import rerandomized
from collsec.hypothesis.specification import ExposureSpec

# A finer p-value than this serves nobody with so few events.
MOST_DRAWS = 999


def where_enough(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    *,
    estimate_id: str,
    role: Role,
    draws: int,
    label: str = "",
) -> Estimate:
    """Hazard ratio by re-randomization, or the counts where they are too few."""
    level = inputs.study.usual_level
    counts = Comparison.of(prepared, inputs.spec.cluster).counts()
    thin = too_few_exposed(counts)
    if thin:
        return Estimate.missing(
            thin,
            **identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label),
            **counts,
            estimand="hazard_ratio",
            inference="risk_set_rerandomization",
            level=level,
        )
    return rerandomized(
        inputs,
        prepared,
        exposure,
        estimate_id=estimate_id,
        role=role,
        draws=draws,
        level=level,
        label=label,
    )


@part(
    roles=(Role.EXCLUSION,),
    variables=(
        VariablesOf(
            "without.*",
            {"{name}.hr": "estimate", "{name}.ci": "interval", "{name}.ends": "exposed_events"},
        ),
    ),
    designs=("time_varying",),
)
def named_exclusions(context: Context) -> Part:
    """The primary without the few places that hold most of its exposure, one after the other.

    Which places they are stands in the hypothesis file: options of its multiverse that leave
    countries out. Here each is asked by the primary's own inference, where the multiverse has the
    sandwich's.
    """
    inputs, exposure = context.inputs, context.inputs.spec.exposure
    return Part(
        [
            where_enough(
                inputs,
                prepare(inputs, exposure, choices=option),
                exposure,
                role=Role.EXCLUSION,
                estimate_id=f"{context.name}.without.{name}",
                draws=min(context.draws.rerandomization_draws, MOST_DRAWS),
                label=option.label,
            )
            for options in inputs.spec.multiverse.values()
            for name, option in options.items()
            if option.drop_countries
        ]
    )
