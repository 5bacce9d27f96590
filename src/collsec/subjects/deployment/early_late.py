"""Does presence work better where it comes early? Presence split by the age of the war at arrival.

Both kinds are compared with wars of the same age without troops, and only after they have come: a
war is never counted as "early" for the months in which it waited.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.parts import Context, Part, part
from collsec.designs.two_kinds import TwoKinds, estimate_two, strings_of
from collsec.histories.panels import DAYS_PER_MONTH, UnitSpells
from collsec.measures import get
from collsec.reports.words import wording
from collsec.survival.inference import Counts, ExposureDesign, Integers, Split, exposed_counts

SPLITS_MONTHS = (12, 24)
# The primary's exposure, and the wider one that gives more arrivals to compare.
MEASURES = ("un_troops", "peacekeepers")


@part()
def early_late(context: Context) -> Part:
    """Early and late presence, each against none, and their ratio with its interval."""
    inputs, own = context.inputs, context.inputs.spec.exposure
    made: list[Estimate] = []
    strings: dict[str, str] = {}
    for measure in MEASURES:
        exposure = dataclasses.replace(own, measure=measure)
        prepared = prepare(inputs, exposure)
        for months in SPLITS_MONTHS:
            kinds = by_arrival(prepared, measure, months, is_own=measure == own.measure)
            three = estimate_two(
                inputs, prepared, exposure, kinds, draws=context.draws.rerandomization_draws
            )
            made += three
            if measure == own.measure:
                strings |= strings_of(three, kinds.names)
                ratio = three[-1]
                strings[f"{kinds.names['ratio']}.says"] = wording.exploratory(
                    ratio.ci_low, ratio.ci_high, "above_one"
                )
    return Part(made, strings=strings)


def by_arrival(prepared: Prepared, measure: str, months: int, *, is_own: bool = True) -> TwoKinds:
    """Split presence by whether it came within so many months of onset.

    Parameters
    ----------
    is_own : bool
        Whether it is the primary's own exposure; another one is named in the ids.
    """
    assert prepared.spells is not None
    title, end = get(measure).title, "" if is_own else f".{measure}"
    is_early = prepared.spells.assigned <= months * DAYS_PER_MONTH
    return TwoKinds(
        names={
            "first": f"early_{months}{end}",
            "second": f"late_{months}{end}",
            "ratio": f"early_against_late_{months}{end}",
        },
        titles={
            "first": f"{title}: came within {months} months of onset",
            "second": f"{title}: came after {months} months",
            "ratio": f"{title}: early against late ({months} months)",
        },
        first=_chosen(prepared.spells, is_early),
        second=_chosen(prepared.spells, ~is_early),
        split=lambda design: by_age(design, months),
    )


def by_age(design: ExposureDesign, months: int) -> Split:
    """Split assignments into early and late by the age of the unit that was drawn."""
    spell = np.arange(design.n_spells)
    # The last column stands for "on no unit".
    origin = np.r_[design.origin, 0.0]

    def split(unit: Integers) -> tuple[Counts, Counts]:
        is_early = design.assigned[spell] - origin[unit] <= months * DAYS_PER_MONTH
        return (
            exposed_counts(design, np.where(is_early, unit, -1)),
            exposed_counts(design, np.where(is_early, -1, unit)),
        )

    return split


def _chosen(spells: UnitSpells, which: np.ndarray) -> UnitSpells:
    return UnitSpells(*(getattr(spells, f.name)[which] for f in dataclasses.fields(spells)))
