"""The two indices made otherwise, each by the primary's own inference.

Salience without each component in turn, weighed by its first principal component, and for fewer
powers, as the multiverse declares them; divergence by votes or pacts alone, and as a standard
deviation in place of a range.
"""

from __future__ import annotations

import pandas as pd

from collsec.designs.clustered import Comparison, hazard_ratio
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import prepare
from collsec.designs.parts import Context, Part, part
from collsec.hypothesis.multiverse import Choices
from collsec.measures.interest import dispersion_index, divergence_index
from collsec.reports.words import wording
from collsec.subjects.interest.other_powers import with_indices

AXIS = "index"
INDEX = "index_in_question"


@part()
def index_forms(context: Context) -> Part:
    """Hazard ratios per standard deviation of each other form of the indices."""
    inputs = context.inputs
    made = []
    for name, option in inputs.spec.multiverse[AXIS].items():
        if is_other_form(option):
            prepared = prepare(inputs, inputs.spec.exposure, choices=option)
            label = f"Salience: {option.label[0].lower()}{option.label[1:]}"
            made.append(
                _asked(
                    context,
                    prepared.rows,
                    prepared.column,
                    f"salience.{name}",
                    label,
                    option.validity,
                )
            )
    for name, (label, index) in divergences(inputs.ties).items():
        rows = with_indices(context, {INDEX: index})
        made.append(_asked(context, rows, INDEX, f"divergence.{name}", label, "plausible"))
    return Part(made, strings=_strings(made))


def is_other_form(option: Choices) -> bool:
    """Whether an option is another form of the index, and not a component alone.

    A component alone stands among the secondary estimates already.
    """
    is_other = option.made().keys() & {"components", "powers", "weights"}
    return bool(is_other) and not (option.components and len(option.components) == 1)


def divergences(ties: pd.DataFrame) -> dict[str, tuple[str, pd.Series]]:
    """Other measures of how far apart the five stand, by name, with what a reader sees."""
    return {
        "votes": (
            "Divergence: range of UN voting affinity alone",
            divergence_index(ties, components=("ideal_point_rank",)),
        ),
        "pacts": (
            "Divergence: pacts alone (some of the five have one)",
            divergence_index(ties, components=("has_defense_pact",)),
        ),
        "deviation": (
            "Divergence: standard deviation in place of the range",
            dispersion_index(ties),
        ),
    }


def _asked(
    context: Context, rows: pd.DataFrame, column: str, name: str, label: str, validity: str
) -> Estimate:
    study, prepared = context.inputs.study, context.prepared
    return hazard_ratio(
        Comparison(
            rows, column, prepared.adjustment, prepared.strata, cluster=context.inputs.spec.cluster
        ),
        level=1 - study.alpha,
        power=study.power,
        hypothesis=context.name,
        estimate_id=f"{context.name}.index_form.{name}",
        role="alternative_index",
        measure=name.partition(".")[0],
        lag_months=0,
        label=label,
        validity=validity,
    )


def _strings(made: list[Estimate]) -> dict[str, str]:
    strings = {}
    for form in ("salience", "divergence"):
        ratios = [e.estimate for e in made if e.measure == form and e.estimate == e.estimate]
        strings[f"index_form.{form}.lowest"] = wording.number(min(ratios))
        strings[f"index_form.{form}.highest"] = wording.number(max(ratios))
        strings[f"index_form.{form}.n"] = str(len(ratios))
    for estimate in made:
        name = estimate.estimate_id.partition(".")[2]
        strings[f"{name}.hr"] = wording.number(estimate.estimate)
        strings[f"{name}.ci"] = wording.interval(estimate.ci_low, estimate.ci_high)
    return strings
