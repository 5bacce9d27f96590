"""Exploratory: does the exposure work otherwise where the five have more at stake, or diverge more?

The cohort is split at its median of salience or of divergence. Each half has a baseline of its own,
and exposures are redrawn within it. With a handful of exposed ends in each, only a ratio of hazard
ratios of about four could be detected: nothing here carries a verdict.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.designs.time_varying import cluster_interval, exposed_counts, lay_out, seed_for
from collsec.histories.panels import UnitSpells
from collsec.measures import get
from collsec.measures.interest import divergence_index, salience_index
from collsec.reports.words import wording
from collsec.subjects.veto.action_class import MOST_DRAWS, too_few_exposed
from collsec.survival.inference import (
    Counts,
    ExposureDesign,
    InferenceError,
    Integers,
    RerandomizedEffect,
    Split,
    minimum_detectable_effect,
    rerandomized_pair,
)
from collsec.survival.inference import exposed_counts as counts_at_risk

# The halves, in the order of the re-randomization.
HALVES = ("high", "low")


@dataclass(frozen=True, slots=True)
class Interaction:
    """An index whose median splits the cohort.

    Attributes
    ----------
    name : str
        Prefix of the estimates' ids and of the page's strings.
    word : str
        The index, as a reader knows it.
    """

    name: str
    word: str

    def words(self, kind: str) -> str:
        """What a reader sees of a half, or of their ratio."""
        return {
            "high": f"{self.word} above the median",
            "low": f"{self.word} up to the median",
            "ratio": f"{self.word}, above the median over up to it",
        }[kind]


SALIENCE = Interaction("interaction", "salience")
DIVERGENCE = Interaction("divergence_interaction", "divergence")


@part()
def salience_interaction(context: Context) -> Part:
    """The primary's exposure where salience is above its median, where it is not, and the ratio."""
    return _interaction(context, salience_index(context.inputs.ties), SALIENCE)


@part()
def divergence_interaction(context: Context) -> Part:
    """As :func:`salience_interaction`, by how far apart the five stand."""
    return _interaction(context, divergence_index(context.inputs.ties), DIVERGENCE)


def _interaction(context: Context, index: pd.Series, asked: Interaction) -> Part:
    prepared = split_at_median(context.prepared, index)
    made = by_half(
        context.inputs, prepared, asked, draws=min(context.draws.rerandomization_draws, MOST_DRAWS)
    )
    high, low, ratio = made
    strings = {
        f"{asked.name}.ratio": wording.number(ratio.estimate),
        f"{asked.name}.ratio_ci": wording.interval(ratio.ci_low, ratio.ci_high),
        f"{asked.name}.detectable": wording.number(ratio.mde_high, 1),
    }
    for half, found in (("high", high), ("low", low)):
        strings |= {
            f"{asked.name}.{half}.hr": wording.number(found.estimate),
            f"{asked.name}.{half}.ci": wording.interval(found.ci_low, found.ci_high),
            f"{asked.name}.{half}.ends": str(found.exposed_ends),
            f"{asked.name}.{half}.units": str(found.exposed_units),
        }
    return Part(made, strings=strings)


def restricted(prepared: Prepared, kept: np.ndarray) -> Prepared:
    """The same cohort with only some of its units.

    Parameters
    ----------
    prepared : Prepared
        Of a time-varying exposure.
    kept : ndarray of bool, shape (n_units,)
    """
    assert prepared.spells is not None
    place, spells = np.cumsum(kept) - 1, prepared.spells
    own = kept[spells.unit]
    units = prepared.units[kept].reset_index(drop=True)
    return dataclasses.replace(
        prepared,
        units=units,
        outcome=prepared.outcome[kept].reset_index(drop=True),
        rows=prepared.rows[prepared.rows["unit_id"].isin(units["unit_id"])].reset_index(drop=True),
        spells=UnitSpells(
            place[spells.unit[own]], spells.assigned[own], spells.on[own], spells.off[own]
        ),
    )


def split_at_median(prepared: Prepared, index: pd.Series) -> Prepared:
    """The cohort without units of unknown index, with ``is_salient`` (above) as one more stratum.

    Parameters
    ----------
    prepared : Prepared
    index : Series
        Salience or divergence by episode.
    """
    values = index.reindex(prepared.units["episode_id"]).to_numpy(float)
    known = restricted(prepared, ~np.isnan(values))
    is_salient = (values > np.nanmedian(values))[~np.isnan(values)].astype(int)
    by_unit = pd.Series(is_salient, index=known.units["unit_id"].to_numpy())
    return dataclasses.replace(
        known,
        units=known.units.assign(is_salient=is_salient),
        rows=known.rows.assign(is_salient=known.rows["unit_id"].map(by_unit).astype(int)),
        strata=(*known.strata, "is_salient"),
    )


def by_half(
    inputs: Inputs, prepared: Prepared, asked: Interaction = SALIENCE, *, draws: int
) -> list[Estimate]:
    """Hazard ratios of the exposure in the upper and the lower half, and the ratio of the two."""
    spec, level = inputs.spec, 1 - inputs.study.alpha
    title = get(spec.exposure.measure).title
    halves = {
        half: restricted(prepared, prepared.units["is_salient"].to_numpy() == value)
        for half, value in (("high", 1), ("low", 0))
    }
    counts = {half: exposed_counts(own, spec.cluster) for half, own in halves.items()}
    counts["ratio"] = exposed_counts(prepared, spec.cluster)
    base: dict[str, dict[str, Any]] = {
        kind: dict(
            estimate_id=f"{spec.hypothesis}.{asked.name}.{kind}",
            hypothesis=spec.hypothesis,
            role="interaction",
            label=f"{title}: {asked.words(kind)} (exploratory)",
            measure=spec.exposure.measure,
            lag_months=spec.exposure.lag_months,
            estimand="ratio_of_hazard_ratios" if kind == "ratio" else "hazard_ratio",
            ci_level=level,
            inference="rerandomized_likelihood_ratio",
            validity="plausible",
            **counts[kind],
        )
        for kind in (*HALVES, "ratio")
    }
    thin = {half: too_few_exposed(counts[half]) for half in HALVES}
    thin["ratio"] = next((reason for reason in thin.values() if reason), "")
    # Exposures are redrawn within their half.
    within = dataclasses.replace(
        spec.inference, assignment_strata=("is_salient", *spec.inference.assignment_strata)
    )
    try:
        design = lay_out(
            dataclasses.replace(inputs, spec=dataclasses.replace(spec, inference=within)), prepared
        )
        answers = rerandomized_pair(
            design,
            by_salience(design, is_salient_of(prepared)),
            draws=draws,
            level=level,
            seed=seed_for(inputs.study.seed, base["ratio"]["estimate_id"]),
        )
    except InferenceError as error:
        return [Estimate(**kind, **without_estimate(error)) for kind in base.values()]
    made = []
    for kind, answer in zip(base, (answers[n] for n in ("first", "second", "ratio")), strict=True):
        if thin[kind]:
            made.append(Estimate(**base[kind], **without_estimate(thin[kind])))
            continue
        beside = (math.nan, math.nan, math.nan)
        if kind in halves:
            beside = cluster_interval(halves[kind], spec.cluster, level)
        made.append(_estimate(inputs, base[kind], answer, beside))
    return made


def is_salient_of(prepared: Prepared) -> np.ndarray:
    """Whether each unit of the laid-out design (those followed) lies in the upper half."""
    followed = (prepared.outcome["exit_date"] >= prepared.units["time_zero"]).to_numpy()
    return prepared.units["is_salient"].to_numpy(bool)[followed]


def by_salience(design: ExposureDesign, is_salient: np.ndarray) -> Split:
    """The split of assignments by the half that the drawn unit lies in."""
    # The last place stands for "on no unit".
    is_high = np.r_[is_salient, False]

    def split(unit: Integers) -> tuple[Counts, Counts]:
        return (
            counts_at_risk(design, np.where(is_high[unit], unit, -1)),
            counts_at_risk(design, np.where(is_high[unit], -1, unit)),
        )

    return split


def _estimate(
    inputs: Inputs, base: dict[str, Any], answer: RerandomizedEffect, beside: Sequence[float]
) -> Estimate:
    """One effect with its likelihood-ratio interval, the cluster sandwich beside it."""
    mde = minimum_detectable_effect(
        1 / math.sqrt(answer.information), alpha=inputs.study.alpha, power=inputs.study.power
    )
    low, high, error = beside
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
