"""Figures: each function takes a tidy frame and returns its picture and its data.

No function here reads a file, fits a model or knows where its picture goes.
"""

from collsec.figures.ends import ends_by_kind
from collsec.figures.forest import forest
from collsec.figures.influence import leave_one_out, null_calibration
from collsec.figures.power import detectable_effects
from collsec.figures.response import response_curves
from collsec.figures.specification import options, specification_curve
from collsec.figures.style import Drawing
from collsec.figures.survival import cumulative_incidence, incidence_curves, survival_curves
from collsec.figures.timeline import case_timeline

__all__ = [
    "Drawing",
    "case_timeline",
    "cumulative_incidence",
    "detectable_effects",
    "ends_by_kind",
    "forest",
    "incidence_curves",
    "leave_one_out",
    "null_calibration",
    "options",
    "response_curves",
    "specification_curve",
    "survival_curves",
]
