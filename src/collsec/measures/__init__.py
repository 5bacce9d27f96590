"""Measures: one decorated function per idea.

An *exposure* turns a timeline into spells on conflicts; a *covariate* gives one value per episode,
known before onset; an *outcome* says when and how each episode ended. A hypothesis names measures;
an unknown name is refused with the nearest one.
"""

from collsec.measures import controls, deployment, interest, months, peace, veto
from collsec.measures.own import covariate_from_table
from collsec.measures.registry import MEASURES, SHARED, Measure, get, names

__all__ = [
    "MEASURES",
    "SHARED",
    "Measure",
    "controls",
    "covariate_from_table",
    "deployment",
    "get",
    "interest",
    "months",
    "names",
    "peace",
    "veto",
]
