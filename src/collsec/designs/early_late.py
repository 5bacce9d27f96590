"""Does presence work better where it comes early? Presence split by the age of the war at arrival.

Both kinds are compared with wars of the same age without troops, and only after they have come: a
war is never counted as "early" for the months in which it waited.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from collsec import wording
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.designs.time_varying import exposed_counts, lay_out, seed_for
from collsec.estimators import CoxResult, EstimationError, cox_ph
from collsec.hypothesis import ExposureSpec
from collsec.inference import (
    Answer,
    ExposureDesign,
    InferenceError,
    minimum_detectable_effect,
    rerandomized_pair,
)
from collsec.inference.assignment import exposed_counts as counts_at_risk
from collsec.inference.partial_likelihood import IntArray
from collsec.inference.two_exposures import Counts, Split
from collsec.measures import get
from collsec.panels import DAYS_PER_MONTH, UnitSpells, arrange
from collsec.results import Estimate

SPLITS_MONTHS = (12, 24)
# The primary's exposure, and the wider one that gives more arrivals to compare.
MEASURES = ("un_troops", "peacekeepers")
KINDS = {"first": "early", "second": "late", "ratio": "early_against_late"}


@part
def early_late(context: Context) -> Part:
    """Early and late presence, each against none, and their ratio with its interval."""
    inputs = context.inputs
    made, strings = [], {}
    for measure in MEASURES:
        exposure = dataclasses.replace(inputs.spec.exposure, measure=measure)
        prepared = prepare(inputs, exposure)
        for months in SPLITS_MONTHS:
            three = split_by_arrival(
                inputs, prepared, exposure, months, draws=context.draws.rerandomization_draws
            )
            made += three
            if measure == inputs.spec.exposure.measure:
                strings |= _strings(three, months)
    return Part(made, strings=strings)


def split_by_arrival(
    inputs: Inputs, prepared: Prepared, exposure: ExposureSpec, months: int, *, draws: int
) -> list[Estimate]:
    """Hazard ratios of early and of late presence, and the ratio of the two.

    Parameters
    ----------
    months : int
        Presence is early if the act came within so many months of onset.
    draws : int
        Redrawn exposures.
    """
    name, level = inputs.spec.hypothesis, 1 - inputs.study.level
    titles = {
        "first": f"{get(exposure.measure).title}: came within {months} months of onset",
        "second": f"{get(exposure.measure).title}: came after {months} months",
        "ratio": f"{get(exposure.measure).title}: early against late ({months} months)",
    }
    split, counts = as_two(inputs, prepared, months)
    stem = f"{name}.{{}}_{months}"
    if exposure.measure != inputs.spec.exposure.measure:
        stem = f"{name}.{{}}_{months}.{exposure.measure}"
    base = {
        kind: dict(
            estimate_id=stem.format(word), hypothesis=name, role="interaction",
            label=titles[kind], measure=exposure.measure, lag_months=exposure.lag_months,
            estimand="ratio_of_hazard_ratios" if kind == "ratio" else "hazard_ratio",
            ci_level=level, inference="rerandomized_likelihood_ratio", **counts[kind],
        )
        for kind, word in KINDS.items()
    }
    try:
        design = lay_out(inputs, prepared)
        answers = rerandomized_pair(
            design, by_age(design, months), draws=draws, confidence=level,
            seed=seed_for(inputs.study.seed, base["ratio"]["estimate_id"]),
        )
    except InferenceError as error:
        return [Estimate(**base[kind], **without_estimate(error)) for kind in KINDS]
    return [_estimate(inputs, split, base[kind], kind, answers[kind]) for kind in KINDS]


def as_two(
    inputs: Inputs, prepared: Prepared, months: int
) -> tuple[Prepared, dict[str, dict[str, int]]]:
    """Rows with early and late presence in two columns, and the counts of each kind.

    The ratio's counts are those of the rarer kind: no more is known of it than of that one.
    """
    assert prepared.spells is not None
    is_early = prepared.spells.assigned <= months * DAYS_PER_MONTH
    kinds = {"first": _chosen(prepared.spells, is_early),
             "second": _chosen(prepared.spells, ~is_early)}
    carried = [c for c in prepared.rows.columns
               if c not in {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}]
    rows = arrange(prepared.units, prepared.outcome, kinds, carried)
    rows["present"] = rows["first"] + rows["second"]
    split = dataclasses.replace(prepared, rows=rows)
    counts = {
        kind: exposed_counts(dataclasses.replace(split, column=kind), inputs.spec.cluster)
        for kind in kinds
    }
    rarer = min(counts.values(), key=lambda c: (c["exposed_ends"], c["exposed_units"]))
    return split, counts | {"ratio": rarer}


def by_age(design: ExposureDesign, months: int) -> Split:
    """The split of assignments into early and late by the age of the unit that was drawn."""
    spell = np.arange(design.n_spells)
    limit = months * DAYS_PER_MONTH
    # The last column stands for "on no unit".
    origin = np.r_[design.origin, 0.0]

    def split(unit: IntArray) -> tuple[Counts, Counts]:
        is_early = design.assigned[spell] - origin[unit] <= limit
        return (
            counts_at_risk(design, np.where(is_early, unit, -1)),
            counts_at_risk(design, np.where(is_early, -1, unit)),
        )

    return split


def _chosen(spells: UnitSpells, which: np.ndarray) -> UnitSpells:
    return UnitSpells(*(getattr(spells, f.name)[which] for f in dataclasses.fields(spells)))


def _sandwich(inputs: Inputs, split: Prepared, kind: str, level: float) -> tuple[float, ...]:
    """Cluster-sandwich interval of an effect in the Cox model of both kinds, and its error."""
    columns = {"first": ["first", "second"], "second": ["second", "first"],
               "ratio": ["first", "present"]}[kind]
    try:
        fit: CoxResult = cox_ph(
            split.rows, [*columns, *split.adjustment], start="start", stop="stop", event="event",
            strata=list(split.strata) or None, cluster=inputs.spec.cluster,
        )
    except EstimationError:
        return math.nan, math.nan, math.nan
    beta, error = float(fit.params[columns[0]]), float(fit.std_errors[columns[0]])
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    return math.exp(beta - half), math.exp(beta + half), error


def _estimate(
    inputs: Inputs, split: Prepared, base: dict[str, object], kind: str, answer: Answer,
) -> Estimate:
    """One effect with its likelihood-ratio interval, the cluster sandwich beside it."""
    level = 1 - inputs.study.level
    low, high, error = _sandwich(inputs, split, kind, level)
    mde = minimum_detectable_effect(
        1 / math.sqrt(answer.information), alpha=1 - level, power=inputs.study.power
    )
    return Estimate(
        **base, estimate=math.exp(answer.estimate), ci_low=math.exp(answer.ci_low),
        ci_high=math.exp(answer.ci_high), p_value=answer.p_value, std_error=error,
        cluster_low=low, cluster_high=high, mde_low=mde.low, mde_high=mde.high,
    )


def _strings(three: Sequence[Estimate], months: int) -> dict[str, str]:
    made = {}
    for estimate, word in zip(three, KINDS.values(), strict=True):
        name = f"{word}_{months}"
        made |= {
            f"{name}.hr": wording.number(estimate.estimate),
            f"{name}.ci": wording.interval(estimate.ci_low, estimate.ci_high),
            f"{name}.p": wording.p_value(estimate.p_value),
            f"{name}.units": str(estimate.exposed_units),
            f"{name}.ends": str(estimate.exposed_ends),
            f"{name}.mde_high": wording.number(estimate.mde_high),
        }
    return made
