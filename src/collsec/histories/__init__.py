"""Histories: episodes with all that is joined to them, extents, timelines, cohorts, and panels."""

# The modules register their frames, extents and timelines on import.
from collsec.histories import episodes, extents, peace_status, processes, timelines
from collsec.histories.registry import EXTENTS, FRAMES, TIMELINES

__all__ = [
    "EXTENTS",
    "FRAMES",
    "TIMELINES",
    "episodes",
    "extents",
    "peace_status",
    "processes",
    "timelines",
]
