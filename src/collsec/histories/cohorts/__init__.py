"""Cohorts: who is followed and from when; one module for each kind of unit."""

from collsec.histories.cohorts.episodes import CLUSTERS, RULES, STRATA, Cohort, select, with_strata
from collsec.histories.cohorts.on_day import DAY_STRATA
from collsec.histories.cohorts.peace import peace_after

__all__ = [
    "CLUSTERS",
    "DAY_STRATA",
    "RULES",
    "STRATA",
    "Cohort",
    "peace_after",
    "select",
    "with_strata",
]
