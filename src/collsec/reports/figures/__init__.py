"""Figures: each function takes a tidy frame and returns its picture and its data.

No function here reads a file, fits a model or knows where its picture goes.
"""

from collsec.reports.figures.answers import answers
from collsec.reports.figures.curves import (
    cumulative_incidence,
    ends_by_kind,
    incidence_curves,
    state_curves,
    survival_curves,
)
from collsec.reports.figures.design import design_flow
from collsec.reports.figures.event_study import event_study
from collsec.reports.figures.forest import forest
from collsec.reports.figures.hundred import hundred
from collsec.reports.figures.influence import leave_one_out, null_calibration
from collsec.reports.figures.power import detectable_effects
from collsec.reports.figures.response import response_curves
from collsec.reports.figures.specification import options, specification_curve
from collsec.reports.figures.style import Drawing
from collsec.reports.figures.swimmer import swimmer
from collsec.reports.figures.timeline import case_timeline
from collsec.reports.figures.withheld import withheld
from collsec.reports.figures.world import delays

__all__ = [
    "Drawing",
    "answers",
    "case_timeline",
    "cumulative_incidence",
    "delays",
    "design_flow",
    "detectable_effects",
    "ends_by_kind",
    "event_study",
    "forest",
    "hundred",
    "incidence_curves",
    "leave_one_out",
    "null_calibration",
    "options",
    "response_curves",
    "specification_curve",
    "state_curves",
    "survival_curves",
    "swimmer",
    "withheld",
]
