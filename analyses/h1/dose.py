"""Does presence in strength work better than a thin one? Presence split at half of the mandate.

Strength is people counted over people authorized in that month, from real monthly counts. Troops
whose strength was never counted (before November 1990, after 2016) say nothing here: a war is
followed until they come.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Quantity, Unit
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.designs.split_exposure import PRINTED, SplitExposure, estimate_split
from collsec.designs.time_varying import calendar_day, followed
from collsec.histories.panels import UnitSpells, arrange, days_of, unit_spells
from collsec.histories.timelines import presence_spells
from collsec.measures.spells import where_positive
from riskset.inference import (
    Counts,
    ExposureDesign,
    Integers,
    Split,
    exposed_counts,
    exposure_design,
)

NAMES = {"first": "half_strength", "second": "below_half", "ratio": "half_against_below"}
TITLES = {
    "first": "UN troops, half of authorized strength reached",
    "second": "UN troops, half of authorized strength not yet reached",
    "ratio": "UN troops: half strength reached against not yet",
}


@part(
    roles=(Role.INTERACTION,),
    variables=tuple(VariablesOf(name, PRINTED) for name in NAMES.values()),
    uses=(
        "deployment.un_troops",
        "deployment.un_troops_at_half_strength",
        "missions.strength_10pct_date",
        "missions.strength_50pct_date",
    ),
    exposures=("un_troops",),
)
def dose(context: Context) -> Part:
    """Presence before and after half of the authorized strength, and the ratio of the two."""
    inputs = context.inputs
    prepared, uncounted = counted_only(inputs, prepare(inputs, inputs.spec.exposure))
    three = estimate_split(
        inputs,
        prepared,
        inputs.spec.exposure,
        by_strength(inputs, prepared),
        draws=context.draws.rerandomization_draws,
    )
    return Part(three, quantities={"dose.uncounted": Quantity(uncounted, Unit.COUNT)})


def counted_only(inputs: Inputs, prepared: Prepared) -> tuple[Prepared, int]:
    """Follow each war until UN troops come whose strength was never counted.

    Returns
    -------
    prepared : Prepared
    uncounted : int
        Wars whose follow-up that cuts short.
    """
    missions = inputs.missions
    is_counted = missions["strength_10pct_date"].notna() | missions["strength_50pct_date"].notna()
    spells = presence_spells(missions[~is_counted & missions["conflict_id"].notna()], "un_troops")
    calendar = spells[["conflict_id", "first", "last"]].set_axis(
        ["conflict_id", "on_date", "off_date"], axis=1
    )
    came = unit_spells(prepared.units, calendar, 0)
    first = pd.Series(came.assigned).groupby(came.unit).min()
    outcome = prepared.outcome.reset_index(drop=True)
    at = prepared.units["time_zero"].iloc[first.index] + pd.to_timedelta(first.to_numpy(), unit="D")
    outcome.loc[first.index, "exit_date"] = at.to_numpy()
    outcome.loc[first.index, "is_event"] = False
    return followed_to(prepared, outcome), len(first)


def followed_to(prepared: Prepared, outcome: pd.DataFrame) -> Prepared:
    """The same cohort and exposure, followed to other days."""
    own = {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}
    carried = [c for c in prepared.rows.columns if c not in own]
    assert prepared.spells is not None
    rows = arrange(prepared.units, outcome, {prepared.column: prepared.spells}, carried)
    return dataclasses.replace(prepared, outcome=outcome, rows=rows)


def half_strength_calendar(inputs: Inputs) -> pd.DataFrame:
    """Spells on conflicts from the day on which UN troops had reached half of their strength."""
    return where_positive(inputs.timelines["deployment"], "un_troops_at_half_strength")


def by_strength(inputs: Inputs, prepared: Prepared) -> SplitExposure:
    """Split each spell of presence on the day from which half strength counts."""
    assert prepared.spells is not None
    spells, units = prepared.spells, prepared.units
    half = half_strength_calendar(inputs)
    lag = days_of(inputs.spec.exposure.lag_months)
    zero = calendar_day(units["time_zero"])[spells.unit]
    conflicts = units["conflict_id"].to_numpy(np.int64)
    turn = (
        turning_day(half, conflicts[spells.unit], zero + spells.assigned, zero + spells.off, lag)
        - zero
    )
    kept = followed(prepared)

    def split(design: ExposureDesign) -> Split:
        return moving_together(
            design,
            turning_day(half, conflicts[kept][design.unit], design.assigned, design.off, lag),
        )

    return SplitExposure(
        names=NAMES,
        titles=TITLES,
        split=split,
        first=UnitSpells(spells.unit, spells.assigned, turn, spells.off),
        second=UnitSpells(spells.unit, spells.assigned, spells.on, turn),
    )


def turning_day(
    half: pd.DataFrame, conflict: np.ndarray, assigned: np.ndarray, off: np.ndarray, lag: int
) -> np.ndarray:
    """Day from which each spell counts as at half strength; the day of its end if it never does.

    Parameters
    ----------
    half : DataFrame
        ``conflict_id, on_date``: when half strength was reached.
    conflict, assigned, off : ndarray, shape (n_spells,)
        The conflict of each spell, the day of arrival, and the day on which it ceases to count.
    lag : int
        Days from a change to its effect.

    Returns
    -------
    ndarray, shape (n_spells,)
    """
    reached = half.assign(day=calendar_day(half["on_date"]))
    out = off.copy()
    for spell, (where, day) in enumerate(zip(conflict, assigned, strict=True)):
        days = reached.loc[(reached["conflict_id"] == where) & (reached["day"] >= day), "day"]
        if len(days):
            out[spell] = min(days.min() + lag, off[spell])
    return out


def moving_together(design: ExposureDesign, turn: np.ndarray) -> Split:
    """Split assignments into the stretches after and before a day; both move with the spell."""

    def part_of(on: np.ndarray, off: np.ndarray) -> ExposureDesign:
        return exposure_design(
            origin=design.origin,
            entry=design.entry,
            exit=design.exit,
            event=design.event,
            outcome_strata=design.outcome_strata,
            assignment_strata=design.assignment_strata,
            spell_unit=design.unit,
            spell_assigned=design.assigned,
            spell_on=on,
            spell_off=off,
        )

    after, before = part_of(turn, design.off), part_of(design.on, turn)

    def split(unit: Integers) -> tuple[Counts, Counts]:
        return exposed_counts(after, unit), exposed_counts(before, unit)

    return split
