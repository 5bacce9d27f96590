"""Exploratory: does the exposure work otherwise where the five have more at stake, or diverge more?

The cohort is split at its median of salience or of divergence. With a handful of exposed ends in
each half, only a ratio of hazard ratios of about four could be detected: nothing here carries a
verdict.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.exclusions import MOST_DRAWS
from collsec.designs.parts import Context, Part, part
from collsec.designs.split_exposure import MedianSplit, estimate_halves
from collsec.measures.interest import divergence_index, salience_index
from collsec.subjects.interest.indices import TIES

SALIENCE = MedianSplit("interaction", "salience")
DIVERGENCE = MedianSplit("divergence_interaction", "divergence")


@part(
    roles=(Role.INTERACTION,),
    variables=SALIENCE.variables,
    uses=TIES,
    designs=("time_varying",),
)
def salience_interaction(context: Context) -> Part:
    """The primary's exposure where salience is above its median, where it is not, and the ratio."""
    return _interaction(context, salience_index, SALIENCE)


@part(
    roles=(Role.INTERACTION,),
    variables=DIVERGENCE.variables,
    uses=TIES,
    designs=("time_varying",),
)
def divergence_interaction(context: Context) -> Part:
    """As :func:`salience_interaction`, by how far apart the five stand."""
    return _interaction(context, divergence_index, DIVERGENCE)


def _interaction(
    context: Context, index: Callable[[pd.DataFrame], pd.Series], asked: MedianSplit
) -> Part:
    inputs = context.inputs
    return Part(
        estimate_halves(
            inputs,
            asked.of(context.prepared, index(inputs.ties)),
            asked,
            draws=min(context.draws.rerandomization_draws, MOST_DRAWS),
        )
    )
