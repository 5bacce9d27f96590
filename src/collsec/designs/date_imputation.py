"""The primary with days that nobody knows drawn anew, combined by Rubin's rules."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.designs.sandwich import jackknifed, sandwich
from collsec.designs.time_varying import seed_for
from collsec.histories import timelines
from collsec.histories.variants import redraw_episodes, redraw_missions
from collsec.reports.words import wording
from collsec.survival.inference import minimum_detectable_effect, rubin_combine

COUNTS = (
    "nobs",
    "n_units",
    "n_events",
    "n_clusters",
    "exposed_units",
    "exposed_ends",
    "exposed_clusters",
)


@part(after_primary=True)
def date_imputation(context: Context, primary: Estimate) -> Part:
    """The primary's hazard ratio over several sets of dates, with the error that they add.

    Within a set of dates the error is that of the jackknife where the primary's is, else that of
    the cluster sandwich. Counts are medians over the sets.
    """
    inputs = context.inputs
    made = [_estimated(redated(inputs, draw)) for draw in range(context.draws.imputation_draws)]
    spread = {name: [getattr(one, name) for one in made] for name in COUNTS}
    counts: dict[str, Any] = {k: round(float(np.median(v))) for k, v in spread.items()}
    common = dataclasses.replace(
        primary,
        estimate_id=f"{context.name}.imputation",
        role="imputation",
        label=f"Unknown days drawn anew ({len(made)} times)",
        inference="multiple_imputation",
        cluster_low=math.nan,
        cluster_high=math.nan,
        mde_low=math.nan,
        mde_high=math.nan,
        centered=math.nan,
        null_rejection=math.nan,
        null_draws=0,
        **counts,
    )
    record = {
        "draws": len(made),
        "estimates": [one.estimate for one in made],
        "exposed_ends": [min(spread["exposed_ends"]), max(spread["exposed_ends"])],
        "unknown_onsets": _unknown(context.prepared.units, "onset"),
        "unknown_ends": _unknown(context.prepared.units, "end"),
    }
    lost = [one for one in made if not math.isfinite(one.estimate)]
    if lost:
        reason = f"in {len(lost)} of {len(made)} draws no hazard ratio exists ({lost[0].note})"
        combined = dataclasses.replace(common, **without_estimate(reason))
        return Part(
            [combined], strings=_strings(combined, math.nan, record), records={"imputation": record}
        )
    pooled = rubin_combine(
        [math.log(one.estimate) for one in made],
        [one.std_error**2 for one in made],
        level=primary.ci_level,
        complete_dof=min(spread["n_clusters"]) - 1,
    )
    detectable = minimum_detectable_effect(
        pooled.std_error, alpha=1 - primary.ci_level, power=inputs.study.power
    )
    combined = dataclasses.replace(
        common,
        estimate=math.exp(pooled.estimate),
        std_error=pooled.std_error,
        ci_low=math.exp(pooled.ci_low),
        ci_high=math.exp(pooled.ci_high),
        p_value=pooled.p_value,
        mde_low=detectable.low,
        mde_high=detectable.high,
    )
    record |= {"missing_information": pooled.missing_information, "dof": pooled.dof}
    return Part(
        [combined],
        strings=_strings(combined, pooled.missing_information, record),
        records={"imputation": record},
    )


def redated(inputs: Inputs, draw: int) -> Inputs:
    """The same inputs with another set of dates; one draw is the same for every hypothesis."""
    rng = np.random.default_rng(seed_for(inputs.study.seed, f"imputation.{draw}"))
    episodes = redraw_episodes(inputs.episodes, rng)
    missions = redraw_missions(inputs.missions, rng)
    moved = {
        "deployment": timelines.deployment(missions),
        "host_deployment": timelines.host_deployment(missions),
    }
    return dataclasses.replace(
        inputs, episodes=episodes, missions=missions, timelines=inputs.timelines | moved
    )


def _estimated(inputs: Inputs) -> Estimate:
    """The primary's hazard ratio and error on one set of dates."""
    spec = inputs.spec
    prepared = prepare(inputs, spec.exposure)
    found = sandwich(
        inputs,
        prepared,
        spec.exposure,
        estimate_id="",
        role="imputation",
        level=inputs.study.level_of(spec.hypothesis),
    )
    if spec.inference.method == "cluster_jackknife" and math.isfinite(found.estimate):
        return jackknifed(inputs, prepared, found, estimate_id="", role="imputation")
    return found


def _unknown(units: pd.DataFrame, what: str) -> int:
    """Units of which the day of the onset, or of the end, is not known."""
    return int(units[f"{what}_precision"].isin(["month", "year"]).sum())


def _strings(combined: Estimate, missing: float, record: dict[str, object]) -> dict[str, str]:
    return {
        "imputation.draws": str(record["draws"]),
        "imputation.hr": wording.number(combined.estimate),
        "imputation.ci": wording.interval(combined.ci_low, combined.ci_high),
        "imputation.missing": wording.percent(missing),
        "imputation.unknown_onsets": str(record["unknown_onsets"]),
        "imputation.unknown_ends": str(record["unknown_ends"]),
    }
