"""The primary with days that nobody knows redrawn, combined by Rubin's rules."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import (
    USUAL,
    Estimate,
    Quantity,
    Unit,
    is_usual,
    seed_for,
    without_estimate,
)
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.designs.registry import get
from collsec.histories import timelines
from collsec.histories.variants import redraw_episodes, redraw_missions
from riskset import wald_interval
from riskset.inference import minimum_detectable_effect, rubin_combine

COUNTS = (
    "nobs",
    "n_units",
    "n_events",
    "n_clusters",
    "exposed_units",
    "exposed_events",
    "exposed_clusters",
)


@part(
    roles=(Role.IMPUTATION,),
    variables=(VariablesOf("imputation", {"{name}.hr": "estimate", "{name}.ci": "interval"}),),
    uses=("episodes.onset_precision", "episodes.end_precision"),
    after_primary=True,
)
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
        role=Role.IMPUTATION,
        label=f"Unknown days redrawn ({len(made)} times)",
        inference="multiple_imputation",
        cluster_low=math.nan,
        cluster_high=math.nan,
        mde_low=math.nan,
        mde_high=math.nan,
        centered=math.nan,
        null_rejection=math.nan,
        null_draws=0,
        low_95=math.nan,
        high_95=math.nan,
        **counts,
    )
    record = {
        "draws": len(made),
        "estimates": [one.estimate for one in made],
        "exposed_events": [min(spread["exposed_events"]), max(spread["exposed_events"])],
        "unknown_onsets": _unknown(context.prepared.units, "onset"),
        "unknown_ends": _unknown(context.prepared.units, "end"),
    }
    lost = [one for one in made if not math.isfinite(one.estimate)]
    if lost:
        reason = f"in {len(lost)} of {len(made)} draws no hazard ratio exists ({lost[0].note})"
        combined = dataclasses.replace(common, **without_estimate(reason))
        return Part([combined], quantities=_quantities(record), records={"imputation": record})
    pooled = rubin_combine(
        [math.log(one.estimate) for one in made],
        [one.std_error**2 for one in made],
        level=primary.level,
        complete_dof=min(spread["n_clusters"]) - 1,
    )
    detectable = minimum_detectable_effect(
        pooled.std_error, alpha=1 - primary.level, power=inputs.study.power
    )
    low_95, high_95 = (math.nan, math.nan)
    if not is_usual(primary.level):
        low_95, high_95 = wald_interval(pooled.estimate, pooled.std_error, USUAL, pooled.dof)
    combined = dataclasses.replace(
        common,
        estimate=math.exp(pooled.estimate),
        std_error=pooled.std_error,
        ci_low=math.exp(pooled.ci_low),
        ci_high=math.exp(pooled.ci_high),
        low_95=math.exp(low_95),
        high_95=math.exp(high_95),
        p_value=pooled.p_value,
        mde_low=detectable.low,
        mde_high=detectable.high,
    )
    record |= {"missing_information": pooled.missing_information, "dof": pooled.dof}
    return Part(
        [combined],
        quantities=_quantities(record),
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
    prepared = prepare(inputs, inputs.spec.exposure)
    return get(inputs.spec.design).without_draws(
        inputs, prepared, inputs.study.level_of(inputs.spec.hypothesis)
    )


def _unknown(units: pd.DataFrame, what: str) -> int:
    """Units of which the day of the onset, or of the end, is not known."""
    return int(units[f"{what}_precision"].isin(["month", "year"]).sum())


def _quantities(record: dict[str, Any]) -> dict[str, Quantity]:
    return {
        "imputation.draws": Quantity(record["draws"], Unit.COUNT),
        "imputation.missing": Quantity(record.get("missing_information", math.nan), Unit.SHARE),
        "imputation.unknown_onsets": Quantity(record["unknown_onsets"], Unit.COUNT),
        "imputation.unknown_ends": Quantity(record["unknown_ends"], Unit.COUNT),
    }
