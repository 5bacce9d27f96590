"""Exploratory: do troops work otherwise where the five permanent members diverge more?"""

from __future__ import annotations

from collsec.core.schema import Role
from collsec.designs.parts import Context, Part, part
from collsec.designs.split_exposure import MedianSplit, exploratory_halves
from collsec.measures.interest import TIES, divergence_index

DIVERGENCE = MedianSplit("divergence_interaction", "divergence")


@part(
    roles=(Role.INTERACTION,),
    variables=DIVERGENCE.variables,
    uses=TIES,
    designs=("time_varying",),
)
def divergence_interaction(context: Context) -> Part:
    """The primary's exposure where the five diverge above the median, elsewhere, and the ratio."""
    return exploratory_halves(context, divergence_index(context.inputs.ties), DIVERGENCE)
