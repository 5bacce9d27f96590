"""Units at risk, exposure spells, and who could have been exposed.

Exposure is a set of spells. A spell is assigned on a calendar day to a unit that is at risk on
that day, counts from ``on`` and ends on ``off``. Redrawing moves each spell, whole, to another
unit that was at risk and free on the same calendar day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import InferenceError
from riskset.inference.event_counts import (
    EventCounts,
    event_counts,
    event_positions,
    float_array,
)


@dataclass(frozen=True, slots=True)
class ExposureDesign:
    """Units, spells, and where each spell would fall on each unit.

    Attributes
    ----------
    origin, entry, exit : ndarray of float, shape (n_units,)
        Calendar day of time zero, and follow-up ``(entry, exit]`` in days since then.
    event : ndarray of bool, shape (n_units,)
    outcome_strata : ndarray of int, shape (n_units,)
    assignment_strata : ndarray of int, shape (n_units, n_levels)
        Finest level first; the last column is constant (all units).
    unit : ndarray of int, shape (n_spells,)
        Unit that really received the spell. Spells stand in calendar order of ``assigned``.
    assigned, on, off : ndarray of float, shape (n_spells,)
        Calendar days.
    coarsening : ndarray of int, shape (n_spells,)
        Column of ``assignment_strata`` at which the spell is redrawn given the real history;
        above 0 means coarsened.
    event_counts : EventCounts
    first, last : ndarray of int, shape (n_spells, n_units + 1)
        The spell on that unit is exposed in the risk totals ``first`` to ``last``, exclusive. The
        last column stands for "on no unit".
    end_position : ndarray of int, shape (n_spells, n_units + 1)
        Risk set at which that unit would have its event while exposed to that spell, or -1.
    status : ndarray of int, shape (n_spells, n_units), or None
        What each unit was on the eve of each spell, within which it is redrawn.
    """

    origin: Floats
    entry: Floats
    exit: Floats
    event: Booleans
    outcome_strata: Integers
    assignment_strata: Integers
    unit: Integers
    assigned: Floats
    on: Floats
    off: Floats
    coarsening: Integers
    event_counts: EventCounts
    first: Integers
    last: Integers
    end_position: Integers
    status: Integers | None = None

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.origin.size)

    @property
    def n_spells(self) -> int:
        """Number of exposure spells."""
        return int(self.unit.size)


def exposure_design(
    *,
    origin: npt.ArrayLike,
    entry: npt.ArrayLike,
    exit: npt.ArrayLike,
    event: npt.ArrayLike,
    outcome_strata: npt.ArrayLike,
    assignment_strata: npt.ArrayLike,
    spell_unit: npt.ArrayLike,
    spell_assigned: npt.ArrayLike,
    spell_on: npt.ArrayLike,
    spell_off: npt.ArrayLike,
    spell_status: npt.ArrayLike | None = None,
) -> ExposureDesign:
    """Lay out units and exposure spells for estimation and re-randomization.

    Parameters
    ----------
    origin : array_like of float, shape (n_units,)
        Calendar day of time zero (any day count).
    entry, exit : array_like of float, shape (n_units,)
        Days since ``origin``; the unit is at risk on ``(entry, exit]``.
    event : array_like of bool, shape (n_units,)
        Whether the unit has the event at ``exit``.
    outcome_strata : array_like of int, shape (n_units,)
        Strata of the Cox model.
    assignment_strata : array_like of int, shape (n_units,) or (n_units, n_levels)
        Codes within which a spell is redrawn, finest level first, for example region × period
        of onset, then region. "All units" is always added as the last resort. The calendar
        period of the *assignment* needs no code: a spell is redrawn among units at risk on the
        very same day.
    spell_unit : array_like of int, shape (n_spells,)
        Row number of the unit that received the spell.
    spell_assigned : array_like of float, shape (n_spells,)
        Calendar day of the deployment, veto or other act: after entry and before exit. An act on
        the day of the exit exposes nobody, and no redrawn spell falls on a unit that exits that
        day.
    spell_on, spell_off : array_like of float, shape (n_spells,)
        Exposure covers the calendar days ``(on, off]``; ``off`` may be ``inf``. ``on`` is the
        day of the act plus the lag (or minus the lead, in a falsification test).
    spell_status : array_like of int, shape (n_spells, n_units), optional
        A code for each unit on the eve of each spell, such as whether an agreement had been
        signed: a spell is redrawn among units with that of the unit that received it. Coarsening
        gives the assignment strata up first, and the status last.

    Returns
    -------
    ExposureDesign

    Raises
    ------
    InferenceError
        Where follow-up is empty, a spell ends before it starts, or a unit was not at risk or
        not free when it received a spell.

    Notes
    -----
    A unit is *free* for a spell if its earlier spells are over: their ``off`` lies before the
    day of assignment and not after ``on``. A unit with overlapping spells must have them merged
    first.

    ``off`` must be the end of the exposure whatever becomes of the unit. Where presence lasted
    until the unit ended, its own end was not observed: give ``inf``. With the day on which the
    unit ended, a spell moved to a longer unit would be cut short for no reason.
    """
    start = float_array(origin, "Origins")
    entry_, exit_ = float_array(entry, "Entries"), float_array(exit, "Exits")
    failed = np.asarray(event, dtype=np.bool_)
    strata = _codes(outcome_strata)
    levels = _codes(assignment_strata)
    levels = levels[:, None] if levels.ndim == 1 else levels
    levels = np.column_stack([levels, np.zeros(start.size, dtype=np.int64)])
    if not start.shape == entry_.shape == exit_.shape == failed.shape == strata.shape:
        raise InferenceError("origin, entry, exit, event and outcome_strata differ in length.")
    if not np.all(np.isfinite(start) & (entry_ < exit_) & np.isfinite(exit_)):
        row = int(np.flatnonzero(~(np.isfinite(start) & (entry_ < exit_) & np.isfinite(exit_)))[0])
        raise InferenceError(f"Unit {row} has no follow-up: ({entry_[row]}, {exit_[row]}].")
    if not failed.any():
        raise InferenceError("No unit has the event: there is nothing to compare.")

    order = np.argsort(float_array(spell_assigned, "Days of assignment"), kind="stable")
    unit = np.asarray(spell_unit, dtype=np.int64)[order]
    assigned, on, off = (
        np.asarray(column, dtype=np.float64)[order]
        for column in (spell_assigned, spell_on, spell_off)
    )
    if unit.size == 0:
        raise InferenceError("There is no exposure spell.")
    if np.any((unit < 0) | (unit >= start.size)):
        raise InferenceError("A spell names a unit that does not exist.")
    if not np.all(on <= off):
        row = int(np.flatnonzero(~(on <= off))[0])
        raise InferenceError(
            f"The spell of unit {unit[row]} assigned on day {assigned[row]:g} ends before it "
            f"starts: ({on[row]:g}, {off[row]:g}]."
        )

    totals = event_counts(entry_, exit_, failed, strata)
    begin = np.maximum(on[:, None] - start, entry_)
    finish = np.minimum(off[:, None] - start, exit_)
    covered = begin < finish
    first = np.where(covered, event_positions(totals, strata, begin), 0)
    last = np.where(covered, event_positions(totals, strata, finish), 0)
    fails = covered & failed & (finish == exit_)
    nowhere = np.zeros((unit.size, 1), dtype=np.int64)
    first, last = np.hstack([first, nowhere]), np.hstack([last, nowhere])
    end_position = np.hstack([np.where(fails, last[:, :-1] - 1, -1), nowhere - 1])
    status = None
    if spell_status is not None:
        status = _codes(spell_status)
        if status.shape != (unit.size, start.size):
            raise InferenceError(
                f"spell_status must have the shape (spells, units) = {(unit.size, start.size)}, "
                f"not {status.shape}."
            )
        status = status[order]
    coarsening = _observed_coarsening(start, entry_, exit_, levels, unit, assigned, on, off, status)
    return ExposureDesign(
        start,
        entry_,
        exit_,
        failed,
        strata,
        levels,
        unit,
        assigned,
        on,
        off,
        coarsening,
        totals,
        first,
        last,
        end_position,
        status,
    )


def _codes(values: npt.ArrayLike) -> Integers:
    codes = np.asarray(values)
    if not np.issubdtype(codes.dtype, np.integer):
        raise InferenceError("Strata must be integer codes without missing values.")
    return codes.astype(np.int64)


def at_risk_on(origin: Floats, entry: Floats, exit: Floats, day: float) -> Booleans:
    """Units that can receive a spell on a calendar day: a unit that exits that very day cannot."""
    return (origin + entry < day) & (day < origin + exit)


def alike(strata: Integers, own: int, pool: Integers, status: Integers | None) -> Booleans:
    """Which units of a pool share each level with the unit that received a spell.

    Parameters
    ----------
    strata : ndarray of int, shape (n_units, n_levels)
    own : int
        The unit that received it.
    pool : ndarray of int, shape (m,)
    status : ndarray of int, shape (n_units,), or None
        Codes on the eve of the spell.

    Returns
    -------
    ndarray of bool, shape (m, n_levels), or (m, n_levels + 1) with a status
    """
    same: Booleans = strata[pool] == strata[own]
    if status is None:
        return same
    shared = (status[pool] == status[own])[:, None]
    return np.hstack([same & shared, np.ones((pool.size, 1), dtype=np.bool_)])


def is_free(busy_until: Floats, day: float, on: float) -> Booleans:
    """Units whose earlier spells are over before a spell is assigned and counts."""
    return (busy_until < day) & (busy_until <= on)


def finest_level(counts: Integers) -> Integers:
    """Finest column with at least two candidates, else the coarsest."""
    enough = counts >= 2
    enough[:, -1] = True
    finest: Integers = np.argmax(enough, axis=1).astype(np.int64)
    return finest


def _observed_coarsening(
    origin: Floats,
    entry: Floats,
    exit: Floats,
    strata: Integers,
    unit: Integers,
    assigned: Floats,
    on: Floats,
    off: Floats,
    status: Integers | None,
) -> Integers:
    """Check that the real assignment is one the mechanism could make; return its coarsening."""
    busy_until = np.full(origin.size, -np.inf)
    coarsening = np.empty(unit.size, dtype=np.int64)
    for spell, (own, day) in enumerate(zip(unit, assigned, strict=True)):
        at_risk = at_risk_on(origin, entry, exit, day)
        if not at_risk[own]:
            raise InferenceError(
                f"Unit {own} was not at risk on day {day:g}, when it received a spell: follow-up "
                f"is ({origin[own] + entry[own]:g}, {origin[own] + exit[own]:g}]. Leave out "
                "spells that begin outside follow-up."
            )
        free = is_free(busy_until, day, on[spell])
        if not free[own]:
            raise InferenceError(
                f"Unit {own} received a spell on day {day:g} while another one was in force. "
                "Merge overlapping spells."
            )
        pool = np.flatnonzero(at_risk & free)
        same = alike(strata, int(own), pool, None if status is None else status[spell])
        coarsening[spell] = finest_level(same.sum(axis=0)[None, :])[0]
        busy_until[own] = max(off[spell], day)
    return coarsening
