"""Assignments of spells to units, and the exposure that follows from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskset.arrays import Booleans, Floats, Integers
from riskset.inference.exposure_design import (
    ExposureDesign,
    alike,
    at_risk_on,
    finest_level,
    is_free,
)


def redraw(design: ExposureDesign, draws: int, rng: np.random.Generator) -> tuple[Integers, float]:
    """Redraw which unit receives each spell.

    Parameters
    ----------
    design : ExposureDesign
    draws : int
        Number of independent draws.
    rng : numpy.random.Generator

    Returns
    -------
    unit : ndarray of int, shape (draws, n_spells)
        Unit that receives the spell; -1 where no unit was at risk and free.
    coarsened : float
        Mean number of spells per draw that could not be redrawn at the finest level.

    Notes
    -----
    In calendar order, each spell goes with equal probability to any unit that is at risk on the
    day of assignment, is free in this draw, and shares the assignment stratum of the unit that
    really received the spell. A stratum with fewer than two such units is replaced by the next
    coarser level. Where units have a status on the eve of each spell, every level but the last asks
    for the same status as well. Spells assigned on one day are drawn without replacement.
    """
    chosen = np.empty((draws, design.n_spells), dtype=np.int64)
    busy_until = np.full((draws, design.n_units), -np.inf)
    rows = np.arange(draws)
    coarsened = 0
    for spell in range(design.n_spells):
        day, own = design.assigned[spell], design.unit[spell]
        pool = np.flatnonzero(at_risk_on(design.origin, design.entry, design.exit, day))
        free = is_free(busy_until[:, pool], day, design.on[spell])
        status = None if design.status is None else design.status[spell]
        same = alike(design.assignment_strata, int(own), pool, status)
        level = finest_level(free.astype(np.int64) @ same.astype(np.int64))
        candidates = free & same.T[level]
        count = candidates.sum(axis=1)
        pick = np.floor(rng.random(draws) * count)
        position = np.argmax(np.cumsum(candidates, axis=1) > pick[:, None], axis=1)
        placed = count > 0
        chosen[:, spell] = np.where(placed, pool[position], -1)
        coarsened += int(np.count_nonzero(level))
        busy_until[rows[placed], chosen[placed, spell]] = max(design.off[spell], day)
    return chosen, coarsened / draws


def exposed_counts(design: ExposureDesign, unit: Integers) -> tuple[Floats, Floats]:
    """Count exposed units at risk, and exposed events, at every event time.

    Parameters
    ----------
    design : ExposureDesign
    unit : ndarray of int, shape (draws, n_spells)
        Unit that receives each spell (``design.unit[None, :]`` for the real exposure).

    Returns
    -------
    at_risk, events : ndarray of float, shape (draws, n_times)
    """
    spell = np.arange(design.n_spells)
    at_risk = _running_count(design, design.first[spell, unit], design.last[spell, unit])
    position = design.end_position[spell, unit]
    row, column = np.nonzero(position >= 0)
    events = np.zeros(at_risk.shape)
    np.add.at(events, (row, position[row, column]), 1.0)
    return at_risk, events


def shared_counts(design: ExposureDesign, unit: Integers) -> Floats:
    """Count units at risk that an assignment exposes and that really are exposed.

    Parameters
    ----------
    design : ExposureDesign
    unit : ndarray of int, shape (draws, n_spells)

    Returns
    -------
    ndarray of float, shape (draws, n_times)
    """
    spell = np.arange(design.n_spells)
    first, last = design.first[spell, unit], design.last[spell, unit]
    shared = np.zeros((unit.shape[0], design.event_counts.time.size))
    remaining = spell
    while remaining.size:  # the first real spell of each unit, then the second, ...
        owner, one = np.unique(design.unit[remaining], return_index=True)
        real_first, real_last = np.zeros((2, design.n_units + 1), dtype=np.int64)
        real_first[owner] = design.first[remaining[one], owner]
        real_last[owner] = design.last[remaining[one], owner]
        begin = np.maximum(first, real_first[unit])
        shared += _running_count(
            design, begin, np.maximum(begin, np.minimum(last, real_last[unit]))
        )
        remaining = np.delete(remaining, one)
    return shared


def _running_count(design: ExposureDesign, first: Integers, last: Integers) -> Floats:
    """Intervals of risk totals, shape (draws, n_spells), counted at each risk set."""
    draws, width = first.shape[0], design.event_counts.time.size + 1
    row = np.arange(draws)[:, None] * width
    change = np.bincount((row + first).ravel(), minlength=draws * width)
    change -= np.bincount((row + last).ravel(), minlength=draws * width)
    return np.cumsum(change.reshape(draws, width)[:, :-1], axis=1).astype(np.float64)


def split_rows(
    design: ExposureDesign, unit: Integers
) -> tuple[Integers, Floats, Floats, Booleans, Floats]:
    """Write one exposure as start–stop rows, cut wherever the exposure changes.

    Parameters
    ----------
    design : ExposureDesign
    unit : ndarray of int, shape (n_spells,)
        Unit that receives each spell (``design.unit`` for the real exposure).

    Returns
    -------
    row_unit : ndarray of int, shape (n_rows,)
    start, stop : ndarray of float, shape (n_rows,)
        At risk on ``(start, stop]``, days since the unit's origin.
    event : ndarray of bool, shape (n_rows,)
    exposed : ndarray of float, shape (n_rows,)
        0 or 1, constant on the row.
    """
    placed = np.flatnonzero(unit >= 0)
    owner = unit[placed]
    begin = np.maximum(design.on[placed] - design.origin[owner], design.entry[owner])
    finish = np.minimum(design.off[placed] - design.origin[owner], design.exit[owner])
    kept = begin < finish
    owner, begin, finish = owner[kept], begin[kept], finish[kept]
    everyone = np.arange(design.n_units)
    cut_unit = np.concatenate([everyone, everyone, owner, owner])
    cut_time = np.concatenate([design.entry, design.exit, begin, finish])
    cuts = np.unique(np.column_stack([cut_unit.astype(np.float64), cut_time]), axis=0)
    joined = cuts[1:, 0] == cuts[:-1, 0]
    row_unit = cuts[:-1, 0][joined].astype(np.int64)
    start, stop = cuts[:-1, 1][joined], cuts[1:, 1][joined]
    covers = (owner == row_unit[:, None]) & (begin <= start[:, None]) & (finish >= stop[:, None])
    event = design.event[row_unit] & (stop == design.exit[row_unit])
    return row_unit, start, stop, event, covers.any(axis=1).astype(np.float64)


def permute_within(values: ArrayLike, strata: ArrayLike, rng: np.random.Generator) -> NDArray[Any]:
    """Return values exchanged at random among the units of each stratum.

    Parameters
    ----------
    values : array_like, shape (n,) or (n, k)
        A row for each unit: a label, or its whole path.
    strata : array_like of int, shape (n,)
    rng : Generator

    Returns
    -------
    ndarray, of the shape of ``values``

    Examples
    --------
    >>> drawn = permute_within([1, 2, 3, 10, 20], [0, 0, 0, 1, 1], np.random.default_rng(1))
    >>> sorted(drawn[:3].tolist()), sorted(drawn[3:].tolist())
    ([1, 2, 3], [10, 20])
    """
    given, stratum = np.asarray(values), np.asarray(strata)
    drawn = given.copy()
    for code in np.unique(stratum):
        own = np.flatnonzero(stratum == code)
        drawn[own] = rng.permutation(given[own])
    return drawn
