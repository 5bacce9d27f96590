"""Courses of exposure that change nothing, exchanged among wars: how often a test rejects them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from collsec.designs.agreement_clock import EVE_MONTHS, EVE_WEIGHT
from collsec.designs.checks import rejected_by_jackknife
from collsec.designs.inputs import Prepared, codes
from collsec.designs.jackknife import Refit
from collsec.histories.panels import clock, days_of
from riskset import BinaryExposure
from riskset.inference import Calibration


def refits(prepared: Prepared, cluster: pd.Series) -> tuple[BinaryExposure, np.ndarray]:
    """All refits at once, and each war's exposure at every event time, beyond its exit too."""
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    quick = BinaryExposure.of(
        clock(units.assign(exit_date=prepared.outcome["exit_date"])),
        prepared.outcome["is_event"].to_numpy(bool),
        pd.Series(codes(units, prepared.strata)),
        cluster,
    )
    paths = np.zeros((len(units), len(quick.times)), dtype=bool)
    inside = (spells.on[:, None] < quick.times) & (quick.times <= spells.off[:, None])
    np.logical_or.at(paths, spells.unit, inside)
    return quick, paths


def redraw_on_the_eve(
    prepared: Prepared, stratum: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Give each course of exposure to a war of its stratum, to one about to end more often.

    Parameters
    ----------
    prepared : Prepared
    stratum : ndarray of int, shape (n_units,)
    draws : int
    rng : Generator

    Returns
    -------
    donors : ndarray of int, shape (n_donors,)
        Wars with any exposure.
    receivers : ndarray of int, shape (draws, n_donors)
        Who gets the course of each: a war still in the state on the day, on its own clock, on which
        the exposure came to the donor; −1 where none was free.
    """
    spells = prepared.spells
    assert spells is not None
    exits = clock(prepared.units.assign(exit_date=prepared.outcome["exit_date"]))
    came = pd.Series(spells.assigned).groupby(spells.unit).min().sort_values(kind="stable")
    donors = came.index.to_numpy()
    receivers = np.full((draws, len(donors)), -1, dtype=np.int64)
    free = np.ones((draws, len(exits)), dtype=bool)
    for place, (donor, day) in enumerate(zip(donors, came.to_numpy(), strict=True)):
        candidates = free & ((exits > day) & (stratum == stratum[donor]))
        weight = np.where(exits - day <= days_of(EVE_MONTHS), math.log(EVE_WEIGHT), 0.0)
        noise = weight + rng.gumbel(size=candidates.shape)
        pick = np.where(candidates, noise, -np.inf).argmax(axis=1)
        placed = np.flatnonzero(candidates.any(axis=1))
        receivers[placed, place] = pick[placed]
        free[placed, pick[placed]] = False
    return donors, receivers


def tested(quick: BinaryExposure, cluster: pd.Series, courses: Iterable[np.ndarray]) -> Calibration:
    """How often the primary's test rejects, of courses of exposure that change nothing."""

    def made(course: np.ndarray) -> tuple[Refit, float]:
        return quick.refit(course), float((quick.fails * course).sum())

    return rejected_by_jackknife(courses, made, cluster.to_numpy())
