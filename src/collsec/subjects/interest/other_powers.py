"""Is it the five, or great powers at large? Their index beside that of five without a veto.

Germany, Japan, India, Italy and Brazil hold no veto. Each index alone says little: ties to one
power go with ties to another. In one model they compete, and the ratio of their hazard ratios says
whether the five's does more. Beside it each power's own ties, one power at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.clustered import Comparison, counts, hazard_ratio
from collsec.designs.estimate import Estimate
from collsec.designs.joint_effects import joint_effects
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.measures.interest import COMPONENTS, CONTROL_POWERS, P5, salience_index, standardized
from collsec.reports.words import wording
from collsec.survival import EstimationError
from collsec.survival.inference import minimum_detectable_effect

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


@part()
def other_powers(context: Context) -> Part:
    """Both indices in one model, and the ties of each power by itself."""
    made = [
        e
        for name, (label, components) in PAIRS.items()
        for e in together(context, name, label, components)
    ]
    made += [_alone(context, power) for power in (*P5, *CONTROL_POWERS)]
    return Part(made, strings=_strings(made))


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
    """Hazard ratios of both indices, each beside the other, and their ratio."""
    ties, prepared, study = context.inputs.ties, context.prepared, context.inputs.study
    rows = with_indices(
        context,
        {
            FIVE: salience_index(ties, P5, components),
            OTHERS: salience_index(ties, CONTROL_POWERS, SHARED),
        },
    )
    level, cluster = 1 - study.alpha, context.inputs.spec.cluster
    known: dict[str, dict[str, Any]] = {
        which: {
            "estimate_id": f"{context.name}.{name}.{which}",
            "hypothesis": context.name,
            "role": "other_powers",
            "measure": "salience",
            "lag_months": 0,
            "ci_level": level,
            "label": f"{label}: {words}",
            "inference": "cluster_jackknife",
            "estimand": "ratio_of_hazard_ratios" if which == "ratio" else "hazard_ratio",
            **counts(Comparison(rows, FIVE, cluster=cluster)),
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
        return [Estimate(**fields, **without_estimate(error)) for fields in known.values()]
    made = []
    for which, fields in known.items():
        weights = np.array(WEIGHTS[which])
        ratio, low, high, p_value = found.interval(weights, level)
        error_of = found.of(weights)[1]
        mde = minimum_detectable_effect(error_of, alpha=study.alpha, power=study.power)
        made.append(
            Estimate(
                **fields,
                estimate=ratio,
                ci_low=low,
                ci_high=high,
                p_value=p_value,
                std_error=error_of,
                mde_low=mde.low,
                mde_high=mde.high,
            )
        )
    return made


def _alone(context: Context, power: str) -> Estimate:
    """Hazard ratio per standard deviation of one power's own ties."""
    prepared, study = context.prepared, context.inputs.study
    components = COMPONENTS if power in P5 else SHARED
    rows = with_indices(context, {FIVE: salience_index(context.inputs.ties, (power,), components)})
    return hazard_ratio(
        Comparison(
            rows, FIVE, prepared.adjustment, prepared.strata, cluster=context.inputs.spec.cluster
        ),
        level=1 - study.alpha,
        power=study.power,
        hypothesis=context.name,
        estimate_id=f"{context.name}.power.{power}",
        role="other_powers",
        measure="salience",
        lag_months=0,
        label=f"Ties to {NAMES[power]} alone",
        validity="principled" if power in P5 else "plausible",
    )


def _strings(made: list[Estimate]) -> dict[str, str]:
    strings = {}
    for estimate in made:
        name = estimate.estimate_id.partition(".")[2]
        strings[f"{name}.hr"] = wording.number(estimate.estimate)
        strings[f"{name}.ci"] = wording.interval(estimate.ci_low, estimate.ci_high)
        strings[f"{name}.says"] = wording.exploratory(
            estimate.ci_low, estimate.ci_high, "above_one"
        )
    return strings
