"""An exposure split in two, such as early and late: each against none, and one against the other.

The split may follow the exposure (when it came, in which strength) or the unit (which half of the
cohort it lies in). Both effects are judged by re-randomization of the whole exposure: a redrawn
spell is split as its new unit makes it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, too_few_exposed
from collsec.designs.estimate import Estimate, seed_for
from collsec.designs.exclusions import MOST_DRAWS
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, VariablesOf
from collsec.designs.time_varying import followed, lay_out
from collsec.histories.panels import DAYS_PER_MONTH, UnitSpells, arrange
from collsec.hypothesis.specification import ExposureSpec
from riskset.inference import (
    Counts,
    ExposureDesign,
    InferenceError,
    Integers,
    RerandomizedEffect,
    Split,
    exposed_counts,
    rerandomized_pair,
)

QUESTIONS = ("first", "second", "ratio")
# Columns of the Cox model by question; the effect asked for comes first.
MODELS = {
    "first": ("first", "second"),
    "second": ("second", "first"),
    "ratio": ("first", "present"),
}
#: What a page prints of each of the three, by the end of the variable's name.
PRINTED = {
    "{name}.hr": "estimate",
    "{name}.ci": "interval",
    "{name}.p": "p_value",
    "{name}.units": "exposed_units",
    "{name}.ends": "exposed_events",
    "{name}.expected": "expected_events",
    "{name}.mde_high": "mde_high",
}


@dataclass(frozen=True, slots=True)
class SplitExposure:
    """An exposure split in two.

    Attributes
    ----------
    names, titles : mapping of str to str
        End of the estimate's id, and its label, for ``first``, ``second`` and their ``ratio``.
    first, second : UnitSpells
        When each of the two really was in force.
    split : callable
        From the design of the whole exposure to the split of its redrawn assignments.
    """

    names: Mapping[str, str]
    titles: Mapping[str, str]
    first: UnitSpells
    second: UnitSpells
    split: Callable[[ExposureDesign], Split]


def chosen(spells: UnitSpells, which: np.ndarray) -> UnitSpells:
    """Some of the spells: ``which`` is an array of bool, shape (n_spells,)."""
    return UnitSpells(*(getattr(spells, f.name)[which] for f in dataclasses.fields(spells)))


def split_by(design: ExposureDesign, is_first: Callable[[Integers], np.ndarray]) -> Split:
    """A split of whole spells: ``is_first(unit)`` says which go to the first, given their units.

    Parameters
    ----------
    design : ExposureDesign
    is_first : callable
        From the unit of each spell (−1 = on none), shape (n_spells,), or many assignments at
        once, to an array of bool of the same shape.
    """

    def split(unit: Integers) -> tuple[Counts, Counts]:
        first = is_first(unit)
        return (
            exposed_counts(design, np.where(first, unit, -1)),
            exposed_counts(design, np.where(first, -1, unit)),
        )

    return split


def by_arrival(
    prepared: Prepared, measure: str, months: int, *, is_own: bool = True
) -> SplitExposure:
    """Split presence by whether it came within so many months of onset.

    Parameters
    ----------
    is_own : bool
        Whether it is the primary's own exposure; another one is named in the ids.
    """
    assert prepared.spells is not None
    title, end = measures.get(measure).title, "" if is_own else f".{measure}"
    is_early = prepared.spells.assigned <= months * DAYS_PER_MONTH
    return SplitExposure(
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
        first=chosen(prepared.spells, is_early),
        second=chosen(prepared.spells, ~is_early),
        split=lambda design: by_age(design, months),
    )


def by_age(design: ExposureDesign, months: int) -> Split:
    """Split assignments into early and late by the age of the unit that was drawn."""
    spell = np.arange(design.n_spells)
    # The last place stands for "on no unit".
    origin = np.r_[design.origin, 0.0]

    def is_early(unit: Integers) -> np.ndarray:
        early: np.ndarray = design.assigned[spell] - origin[unit] <= months * DAYS_PER_MONTH
        return early

    return split_by(design, is_early)


def by_clock(prepared: Prepared, measure: str, months: int) -> SplitExposure:
    """Split exposure by whether the unit is younger than so many months while it lasts.

    Unlike :func:`by_arrival` a spell may pass from the first part to the second.
    """
    spells, cut = prepared.spells, months * DAYS_PER_MONTH
    assert spells is not None
    title = measures.get(measure).title
    begins, lasts = spells.on < cut, spells.off > cut
    young, old = chosen(spells, begins), chosen(spells, lasts)
    return SplitExposure(
        names={
            "first": f"young_{months}",
            "second": f"old_{months}",
            "ratio": f"young_against_old_{months}",
        },
        titles={
            "first": f"{title}: wars under {months} months old",
            "second": f"{title}: older wars",
            "ratio": f"{title}: wars under {months} months old against older ones",
        },
        first=dataclasses.replace(young, off=np.minimum(young.off, cut)),
        second=dataclasses.replace(old, on=np.maximum(old.on, cut)),
        split=lambda design: split_by_clock(design, cut),
    )


def split_by_clock(design: ExposureDesign, cut: float) -> Split:
    """A split at an age of the units: exposure up to it, and after it."""
    is_young = design.event_counts.time <= cut

    def split(unit: Integers) -> tuple[Counts, Counts]:
        at_risk, events = exposed_counts(design, unit)
        return (at_risk * is_young, events * is_young), (at_risk * ~is_young, events * ~is_young)

    return split


def estimate_split(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    halves: SplitExposure,
    *,
    draws: int,
) -> list[Estimate]:
    """Hazard ratios of both against no exposure, and their ratio.

    The ratio's counts are those of the rarer one: no more is known of it than of that one.

    Parameters
    ----------
    prepared : Prepared
        The whole exposure.
    draws : int
        Redrawn exposures.
    """
    name, cluster = inputs.spec.hypothesis, inputs.spec.cluster
    rows = rows_of(prepared, halves)
    split = dataclasses.replace(prepared, rows=rows)
    compared = {
        half: dataclasses.replace(Comparison.of(split, cluster), column=half)
        for half in ("first", "second")
    }
    counts = {
        half: own.counts() | {"expected_events": own.expected()} for half, own in compared.items()
    }
    counts["ratio"] = min(counts.values(), key=lambda c: (c["exposed_events"], c["exposed_units"]))
    known: dict[str, dict[str, Any]] = {
        question: {
            "estimate_id": f"{name}.{halves.names[question]}",
            "hypothesis": name,
            "role": Role.INTERACTION,
            "label": halves.titles[question],
            "measure": exposure.measure,
            "lag_months": exposure.lag_months,
            "estimand": "ratio_of_hazard_ratios" if question == "ratio" else "hazard_ratio",
            "level": inputs.study.usual_level,
            "inference": "rerandomized_likelihood_ratio",
            "validity": exposure.validity,
            **counts[question],
        }
        for question in QUESTIONS
    }
    try:
        design = lay_out(inputs, prepared)
        answers = rerandomized_pair(
            design,
            halves.split(design),
            draws=draws,
            level=inputs.study.usual_level,
            seed=seed_for(inputs.study.seed, str(known["ratio"]["estimate_id"])),
        )
    except InferenceError as error:
        return [Estimate.missing(error, **known[question]) for question in QUESTIONS]
    made = []
    for question in QUESTIONS:
        column, *others = MODELS[question]
        comparison = dataclasses.replace(
            Comparison.of(split, cluster),
            column=column,
            adjustment=(*others, *split.adjustment),
        )
        made.append(_answered(answers[question], inputs.study.power, comparison, **known[question]))
    return made


def rows_of(prepared: Prepared, halves: SplitExposure) -> pd.DataFrame:
    """Rows with the two in the columns ``first`` and ``second``, and either in ``present``."""
    own = {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}
    carried = [c for c in prepared.rows.columns if c not in own]
    rows = arrange(
        prepared.units, prepared.outcome, {"first": halves.first, "second": halves.second}, carried
    )
    rows["present"] = rows["first"] + rows["second"]
    return rows


def _answered(
    answer: RerandomizedEffect,
    power: float,
    alongside: Comparison | None,
    *,
    level: float,
    **known: Any,
) -> Estimate:
    """One effect with its likelihood-ratio interval, the cluster sandwich alongside."""
    nothing = (math.nan, math.nan), math.nan
    limits, error = alongside.sandwich(level) if alongside else nothing
    return Estimate.from_fit(
        answer.estimate,
        error,
        level=level,
        limits=(answer.ci_low, answer.ci_high),
        p_value=answer.p_value,
        sandwich=limits,
        power=power,
        detectable_error=1 / math.sqrt(answer.information),
        **known,
    )


@dataclass(frozen=True, slots=True)
class MedianSplit:
    """A cohort split at the median of an index of its units.

    Attributes
    ----------
    name : str
        Prefix of the estimates' ids.
    word : str
        The index, as a reader knows it.
    column : str
        Column of the units that says whether they lie above: one more stratum.
    """

    name: str
    word: str
    column: str = "is_above_median"

    @property
    def words(self) -> dict[str, str]:
        """What a reader sees of each half and of their ratio."""
        return {
            "high": f"{self.word} above the median",
            "low": f"{self.word} up to the median",
            "ratio": f"{self.word}, above the median over up to it",
        }

    @property
    def variables(self) -> tuple[VariablesOf, ...]:
        """What a page prints of the halves and of their ratio."""
        own = {
            "{name}.hr": "estimate",
            "{name}.ci": "interval",
            "{name}.ends": "exposed_events",
            "{name}.units": "exposed_units",
        }
        ratio, detectable = f"{self.name}.ratio", f"{self.name}.detectable"
        return (
            VariablesOf(f"{self.name}.high", own),
            VariablesOf(f"{self.name}.low", own),
            VariablesOf(ratio, {"{name}": "estimate", "{name}_ci": "interval"}),
            VariablesOf(ratio, {detectable: "mde_high"}, digits=1),
        )

    def of(self, prepared: Prepared, index: pd.Series) -> Prepared:
        """The cohort without units of unknown index, with the half as one more stratum.

        Parameters
        ----------
        prepared : Prepared
        index : Series
            By episode.
        """
        values = index.reindex(prepared.units["episode_id"]).to_numpy(float)
        is_above = pd.Series(
            np.where(np.isnan(values), np.nan, values > np.nanmedian(values)),
            index=prepared.units["unit_id"].to_numpy(),
        )
        marked = dataclasses.replace(
            prepared,
            units=prepared.units.assign(**{self.column: is_above.to_numpy()}),
            rows=prepared.rows.assign(
                **{self.column: prepared.rows["unit_id"].map(is_above).to_numpy()}
            ),
            strata=(*prepared.strata, self.column),
        )
        known = marked.only(lambda frame: frame[self.column].notna())
        return dataclasses.replace(
            known,
            units=known.units.astype({self.column: int}),
            rows=known.rows.astype({self.column: int}),
        )


def exploratory_halves(context: Context, index: pd.Series, asked: MedianSplit) -> Part:
    """The primary's exposure in each half of the cohort by an index, and the ratio of the two.

    With a handful of exposed ends in each half only a ratio of hazard ratios of about four could be
    detected: nothing here carries a verdict.
    """
    draws = min(context.draws.rerandomization_draws, MOST_DRAWS)
    halved = asked.of(context.prepared, index)
    return Part(estimate_halves(context.inputs, halved, asked, draws=draws))


def estimate_halves(
    inputs: Inputs, prepared: Prepared, asked: MedianSplit, *, draws: int
) -> list[Estimate]:
    """Hazard ratios of the exposure in the upper and the lower half, and the ratio of the two.

    Each half has a baseline of its own, and exposures are redrawn within it.
    """
    spec, study = inputs.spec, inputs.study
    title = measures.get(spec.exposure.measure).title
    halves = {
        half: Comparison.of(prepared.only(lambda f, v=value: f[asked.column] == v), spec.cluster)  # type: ignore[misc]
        for half, value in (("high", 1), ("low", 0))
    }
    counts = {half: own.counts() for half, own in halves.items()}
    counts["ratio"] = Comparison.of(prepared, spec.cluster).counts()
    known: dict[str, dict[str, Any]] = {
        kind: {
            "estimate_id": f"{spec.hypothesis}.{asked.name}.{kind}",
            "hypothesis": spec.hypothesis,
            "role": Role.INTERACTION,
            "label": f"{title}: {words} (exploratory)",
            "measure": spec.exposure.measure,
            "lag_months": spec.exposure.lag_months,
            "estimand": "ratio_of_hazard_ratios" if kind == "ratio" else "hazard_ratio",
            "level": study.usual_level,
            "inference": "rerandomized_likelihood_ratio",
            "validity": "plausible",
            **counts[kind],
        }
        for kind, words in asked.words.items()
    }
    thin = {half: too_few_exposed(counts[half]) for half in halves}
    thin["ratio"] = next((reason for reason in thin.values() if reason), "")
    # The last place stands for "on no unit".
    is_high = np.r_[prepared.units[asked.column].to_numpy(bool)[followed(prepared)], False]
    try:
        design = lay_out(inputs, prepared, within=(asked.column,))
        answers = rerandomized_pair(
            design,
            split_by(design, lambda unit: is_high[unit]),
            draws=draws,
            level=study.usual_level,
            seed=seed_for(study.seed, known["ratio"]["estimate_id"]),
        )
    except InferenceError as error:
        return [Estimate.missing(error, **fields) for fields in known.values()]
    found = dict(zip(("high", "low", "ratio"), QUESTIONS, strict=True))
    return [
        Estimate.missing(thin[kind], **fields)
        if thin[kind]
        else _answered(answers[found[kind]], study.power, halves.get(kind), **fields)
        for kind, fields in known.items()
    ]
