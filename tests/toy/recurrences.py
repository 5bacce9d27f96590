"""The same comparison among first wars, and among wars that recur."""

from __future__ import annotations

from collsec.core.schema import Role
from collsec.designs.estimate import Quantity, Unit
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.registry import get


@part(
    roles=(Role.SECONDARY,),
    tables=(
        TableOf("recurrences", (Role.SECONDARY,), "First wars, and wars with earlier episodes."),
    ),
    variables=(VariablesOf("recurrent", {"recurrent.hr": "estimate"}),),
    uses=("episodes.earlier_episodes",),
    counts="{events} of {units} wars ended",
)
def recurrences(context: Context) -> Part:
    """The primary's estimate by whether the conflict had an earlier episode."""
    inputs, prepared = context.inputs, context.prepared
    found = []
    for name, label, recurs in (
        ("first", "First wars", False),
        ("recurrent", "Wars with earlier episodes", True),
    ):
        chosen = prepared.only(lambda rows, r=recurs: (rows["earlier_episodes_group"] > 0) == r)
        found.append(
            get(inputs.spec.design).estimate(
                inputs,
                chosen,
                inputs.spec.exposure,
                estimate_id=f"{context.name}.{name}",
                role=Role.SECONDARY,
                level=inputs.study.usual_level,
                draws=context.draws.rerandomization_draws,
                label=label,
            )
        )
    share = float((prepared.units["earlier_episodes_group"] > 0).mean())
    return Part(found, quantities={"recurrences.share": Quantity(share, Unit.SHARE)})
