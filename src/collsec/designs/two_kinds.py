"""Presence of two kinds, such as early and late: each against none, and one against the other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import without_estimate
from collsec.designs.time_varying import exposed_counts, lay_out, seed_for
from collsec.histories.panels import UnitSpells, arrange
from collsec.hypothesis.specification import ExposureSpec
from collsec.reports.words import wording
from collsec.survival import CoxResult, EstimationError, cox_ph
from collsec.survival.inference import (
    ExposureDesign,
    InferenceError,
    RerandomizedEffect,
    Split,
    minimum_detectable_effect,
    rerandomized_pair,
)

QUESTIONS = ("first", "second", "ratio")
# Columns of the Cox model by question; the effect asked for comes first.
MODELS = {
    "first": ("first", "second"),
    "second": ("second", "first"),
    "ratio": ("first", "present"),
}


@dataclass(frozen=True, slots=True)
class TwoKinds:
    """An exposure split in two.

    Attributes
    ----------
    names, titles : mapping of str to str
        End of the estimate's id, and its label, for ``first``, ``second`` and their ``ratio``.
    first, second : UnitSpells
        When each kind really was in force.
    split : callable
        From the design of the whole exposure to the split of its redrawn assignments.
    """

    names: Mapping[str, str]
    titles: Mapping[str, str]
    first: UnitSpells
    second: UnitSpells
    split: Callable[[ExposureDesign], Split]


def estimate_two(
    inputs: Inputs, prepared: Prepared, exposure: ExposureSpec, kinds: TwoKinds, *, draws: int
) -> list[Estimate]:
    """Hazard ratios of both kinds against no presence, and their ratio.

    The ratio's counts are those of the rarer kind: no more is known of it than of that one.

    Parameters
    ----------
    prepared : Prepared
        The whole exposure, of whatever kind.
    draws : int
        Redrawn exposures.
    """
    name, level = inputs.spec.hypothesis, 1 - inputs.study.alpha
    rows = rows_of(prepared, kinds)
    counts = {
        kind: exposed_counts(
            dataclasses.replace(prepared, rows=rows, column=kind), inputs.spec.cluster
        )
        for kind in ("first", "second")
    }
    counts["ratio"] = min(counts.values(), key=lambda c: (c["exposed_ends"], c["exposed_units"]))
    base: dict[str, dict[str, Any]] = {
        kind: dict(
            estimate_id=f"{name}.{kinds.names[kind]}",
            hypothesis=name,
            role="interaction",
            label=kinds.titles[kind],
            measure=exposure.measure,
            lag_months=exposure.lag_months,
            estimand="ratio_of_hazard_ratios" if kind == "ratio" else "hazard_ratio",
            ci_level=level,
            inference="rerandomized_likelihood_ratio",
            validity=exposure.validity,
            **counts[kind],
        )
        for kind in QUESTIONS
    }
    try:
        design = lay_out(inputs, prepared)
        answers = rerandomized_pair(
            design,
            kinds.split(design),
            draws=draws,
            level=level,
            seed=seed_for(inputs.study.seed, str(base["ratio"]["estimate_id"])),
        )
    except InferenceError as error:
        return [Estimate(**base[kind], **without_estimate(error)) for kind in QUESTIONS]
    split = dataclasses.replace(prepared, rows=rows)
    return [_estimate(inputs, split, base[kind], kind, answers[kind]) for kind in QUESTIONS]


def rows_of(prepared: Prepared, kinds: TwoKinds) -> pd.DataFrame:
    """Rows with the kinds in the columns ``first`` and ``second``, and either in ``present``."""
    own = {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}
    carried = [c for c in prepared.rows.columns if c not in own]
    rows = arrange(
        prepared.units, prepared.outcome, {"first": kinds.first, "second": kinds.second}, carried
    )
    rows["present"] = rows["first"] + rows["second"]
    return rows


def _sandwich(inputs: Inputs, split: Prepared, kind: str, level: float) -> tuple[float, ...]:
    """Cluster-sandwich interval of an effect in the Cox model of both kinds, and its error."""
    columns = MODELS[kind]
    try:
        fit: CoxResult = cox_ph(
            split.rows,
            [*columns, *split.adjustment],
            start="start",
            stop="stop",
            event="event",
            strata=list(split.strata) or None,
            cluster=inputs.spec.cluster,
        )
    except EstimationError:
        return math.nan, math.nan, math.nan
    beta, error = float(fit.params[columns[0]]), float(fit.std_errors[columns[0]])
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    return math.exp(beta - half), math.exp(beta + half), error


def _estimate(
    inputs: Inputs, split: Prepared, base: dict[str, Any], kind: str, answer: RerandomizedEffect
) -> Estimate:
    """One effect with its likelihood-ratio interval, the cluster sandwich beside it."""
    level = 1 - inputs.study.alpha
    low, high, error = _sandwich(inputs, split, kind, level)
    mde = minimum_detectable_effect(
        1 / math.sqrt(answer.information), alpha=1 - level, power=inputs.study.power
    )
    return Estimate(
        **base,
        estimate=math.exp(answer.estimate),
        ci_low=math.exp(answer.ci_low),
        ci_high=math.exp(answer.ci_high),
        p_value=answer.p_value,
        std_error=error,
        cluster_low=low,
        cluster_high=high,
        mde_low=mde.low,
        mde_high=mde.high,
    )


def strings_of(estimates: Sequence[Estimate], names: Mapping[str, str]) -> dict[str, str]:
    """What a page prints of both kinds and their ratio."""
    made: dict[str, str] = {}
    for estimate, kind in zip(estimates, QUESTIONS, strict=True):
        made |= {
            f"{names[kind]}.hr": wording.number(estimate.estimate),
            f"{names[kind]}.ci": wording.interval(estimate.ci_low, estimate.ci_high),
            f"{names[kind]}.p": wording.p_value(estimate.p_value),
            f"{names[kind]}.units": str(estimate.exposed_units),
            f"{names[kind]}.ends": str(estimate.exposed_ends),
            f"{names[kind]}.mde_high": wording.number(estimate.mde_high),
        }
    return made
