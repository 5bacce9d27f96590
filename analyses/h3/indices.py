"""The indices of interest put to the test: constructed otherwise, and alongside other powers' ties.

*Is it the five, or great powers at large?* Germany, Japan, India, Italy and Brazil hold no veto.
Each index alone says little: ties to one power go with ties to another. In one model they compete,
and the ratio of their hazard ratios says whether the five's does more. Alongside it each power's
own ties, one power at a time.

*Alternative indices*: salience without each component in turn, weighed by its first principal
component, and for fewer powers, as the multiverse declares them; divergence by votes or pacts
alone, and as a standard deviation in place of a range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import prepare
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.hypothesis.options import Choices
from collsec.measures.interest import (
    COMPONENTS,
    CONTROL_POWERS,
    P5,
    TIES,
    dispersion_index,
    divergence_index,
    salience_index,
    standardized,
)
from riskset import EstimationError, joint_effects

NAMES = {
    "usa": "the United States",
    "uk": "the United Kingdom",
    "france": "France",
    "russia": "Russia (the Soviet Union)",
    "china": "China",
    "germany": "Germany",
    "japan": "Japan",
    "india": "India",
    "italy": "Italy",
    "brazil": "Brazil",
}
# American troops are no tie of any other power: the control index never had that component.
SHARED = tuple(name for name in COMPONENTS if name != "us_troops_rank")
FIVE, OTHERS = "index_of_five", "index_of_others"
PAIRS = {
    "joint": ("Both indices in one model", COMPONENTS),
    "joint_shared": ("… the five without American troops", SHARED),
}
WORDS = {
    "five": "the five permanent members",
    "others": "five powers without a veto",
    "ratio": "the five over the others",
}
WEIGHTS = {"five": (1.0, 0.0), "others": (0.0, 1.0), "ratio": (1.0, -1.0)}
# Axis of the multiverse whose options are other indices.
AXIS = "index"
INDEX = "index_in_question"
IN_DEGREES = "A tie in degrees exposes every unit: units, events and clusters are all there are."


@part(
    roles=(Role.OTHER_POWERS,),
    tables=(
        TableOf(
            "other-powers",
            (Role.OTHER_POWERS,),
            "Ties to the five alongside ties to Germany, Japan, India, Italy and Brazil, and to "
            "each power alone: hazard ratios of the end per standard deviation. Intervals at 95 %, "
            f"by a jackknife over countries. {IN_DEGREES}",
        ),
    ),
    variables=(
        VariablesOf("*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),
        VariablesOf("*", {"{name}.says": "direction"}),
    ),
    uses=TIES,
    exposures=("salience",),
)
def other_powers(context: Context) -> Part:
    """Both indices in one model, and the ties of each power by itself."""
    made = [
        e
        for name, (label, components) in PAIRS.items()
        for e in together(context, name, label, components)
    ]
    return Part(made + [_alone(context, power) for power in (*P5, *CONTROL_POWERS)])


def with_indices(context: Context, indices: dict[str, pd.Series]) -> pd.DataFrame:
    """The cohort's rows where every index is known, each in standard deviations over them.

    Parameters
    ----------
    context : Context
    indices : dict of Series
        By name of the column; each by episode.
    """
    units = context.prepared.units
    values = pd.DataFrame(
        {
            name: index.reindex(units["episode_id"]).to_numpy(float)
            for name, index in indices.items()
        },
        index=units["unit_id"].to_numpy(),
    )
    values = values[values.notna().all(axis=1)].apply(standardized)
    return context.prepared.rows.merge(values, left_on="unit_id", right_index=True)


def together(
    context: Context, name: str, label: str, components: tuple[str, ...]
) -> list[Estimate]:
    """Hazard ratios of both indices, each adjusted for the other, and their ratio."""
    ties, prepared, study = context.inputs.ties, context.prepared, context.inputs.study
    rows = with_indices(
        context,
        {
            FIVE: salience_index(ties, P5, components),
            OTHERS: salience_index(ties, CONTROL_POWERS, SHARED),
        },
    )
    cluster = context.inputs.spec.cluster
    known: dict[str, dict[str, Any]] = {
        which: {
            "estimate_id": f"{context.name}.{name}.{which}",
            "hypothesis": context.name,
            "role": Role.OTHER_POWERS,
            "measure": "salience",
            "lag_months": 0,
            "level": study.usual_level,
            "label": f"{label}: {words}",
            "inference": "cluster_jackknife",
            "estimand": "ratio_of_hazard_ratios" if which == "ratio" else "hazard_ratio",
            **Comparison(rows, FIVE, cluster=cluster).counts(),
        }
        for which, words in WORDS.items()
    }
    try:
        found = joint_effects(
            rows,
            [FIVE, OTHERS],
            adjustment=prepared.adjustment,
            strata=prepared.strata,
            cluster=cluster,
        )
    except EstimationError as error:
        return [Estimate.missing(error, **fields) for fields in known.values()]
    return [
        Estimate.from_fit(
            *found.of(np.array(WEIGHTS[which])),
            degrees=found.degrees,
            power=study.power,
            **fields,
        )
        for which, fields in known.items()
    ]


def _alone(context: Context, power: str) -> Estimate:
    """Hazard ratio per standard deviation of one power's own ties."""
    components = COMPONENTS if power in P5 else SHARED
    rows = with_indices(context, {FIVE: salience_index(context.inputs.ties, (power,), components)})
    return _asked(
        context,
        rows,
        FIVE,
        estimate_id=f"{context.name}.power.{power}",
        role=Role.OTHER_POWERS,
        measure="salience",
        label=f"Ties to {NAMES[power]} alone",
        validity="principled" if power in P5 else "plausible",
    )


def _asked(context: Context, rows: pd.DataFrame, column: str, **known: Any) -> Estimate:
    """Hazard ratio of one index by the primary's own inference, adjustment and strata."""
    study, prepared = context.inputs.study, context.prepared
    return hazard_ratio(
        Comparison(
            rows,
            column,
            prepared.adjustment,
            prepared.strata,
            cluster=context.inputs.spec.cluster,
            is_continuous=True,
        ),
        level=study.usual_level,
        power=study.power,
        hypothesis=context.name,
        lag_months=0,
        **known,
    )


@part(
    roles=(Role.ALTERNATIVE_INDEX,),
    tables=(
        TableOf(
            "index-forms",
            (Role.ALTERNATIVE_INDEX,),
            "Salience and divergence constructed otherwise: hazard ratios of the end per standard "
            "deviation of each. Intervals at 95 %, by a jackknife over countries. "
            f"{IN_DEGREES}",
        ),
    ),
    variables=(VariablesOf("index_form.*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),),
    uses=TIES,
    exposures=("salience",),
)
def index_forms(context: Context) -> Part:
    """Hazard ratios per standard deviation of each alternative to the indices."""
    inputs = context.inputs
    made = []
    for name, option in inputs.spec.multiverse[AXIS].items():
        if is_other_form(option):
            prepared = prepare(inputs, inputs.spec.exposure, choices=option)
            label = f"Salience: {option.label[0].lower()}{option.label[1:]}"
            made.append(
                _alternative(
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
        made.append(_alternative(context, rows, INDEX, f"divergence.{name}", label, "plausible"))
    quantities: dict[str, Quantity] = {}
    for form in ("salience", "divergence"):
        ratios = [e.estimate for e in made if e.measure == form and e.estimate == e.estimate]
        quantities |= {
            f"index_form.{form}.lowest": Quantity(min(ratios), Unit.RATIO),
            f"index_form.{form}.highest": Quantity(max(ratios), Unit.RATIO),
            f"index_form.{form}.n": Quantity(len(ratios), Unit.COUNT),
        }
    return Part(made, quantities=quantities)


def _alternative(
    context: Context, rows: pd.DataFrame, column: str, name: str, label: str, validity: str
) -> Estimate:
    return _asked(
        context,
        rows,
        column,
        estimate_id=f"{context.name}.index_form.{name}",
        role=Role.ALTERNATIVE_INDEX,
        measure=name.partition(".")[0],
        label=label,
        validity=validity,
    )


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
