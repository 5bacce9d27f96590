"""The primary without the few places that hold most of its exposure, one after the other.

Which places they are stands in the hypothesis file, on the axis ``left_out`` of its multiverse.
Here each is asked by the primary's own inference, where the multiverse has the sandwich's.
"""

from __future__ import annotations

from collsec.designs.inputs import prepare
from collsec.designs.parts import Context, Part, part
from collsec.reports.words import wording
from collsec.subjects.veto.action_class import MOST_DRAWS, where_enough

AXIS = "left_out"


@part()
def named_exclusions(context: Context) -> Part:
    """Hazard ratio without each named place, by re-randomization among the wars that are left."""
    inputs, exposure = context.inputs, context.inputs.spec.exposure
    draws = min(context.draws.rerandomization_draws, MOST_DRAWS)
    places = {
        name: option
        for name, option in inputs.spec.multiverse[AXIS].items()
        if option.drop_countries
    }
    made = [
        where_enough(
            inputs,
            prepare(inputs, exposure, choices=option),
            exposure,
            role="exclusion",
            estimate_id=f"{context.name}.without.{name}",
            draws=draws,
            label=option.label,
        )
        for name, option in places.items()
    ]
    strings: dict[str, str] = {}
    for name, found in zip(places, made, strict=True):
        strings |= {
            f"without.{name}.hr": wording.number(found.estimate),
            f"without.{name}.ci": wording.interval(found.ci_low, found.ci_high),
            f"without.{name}.ends": str(found.exposed_ends),
        }
    return Part(made, strings=strings)
