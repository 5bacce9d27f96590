"""Does it matter how many come? The hazard of the end by thousands of UN troops on the conflict.

Numbers are those of the UN's monthly counts, never filled backwards: a count holds from its own day
to the next one. They count after the lag of the primary, as presence does. Wars are followed until
troops come that were never counted, and at most to the end of the record of counts.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared, followed_until, prepare
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.designs.time_varying import calendar_day, exposed_counts, lay_out, seed_for
from collsec.histories.panels import days_of
from collsec.reports.words import wording
from collsec.subjects.deployment.dose import counted_only, laid_out_anew
from collsec.survival import EstimationError, cox_ph
from collsec.survival.inference import (
    DosePath,
    InferenceError,
    minimum_detectable_effect,
    rerandomized_dose,
)

THOUSAND = 1000.0
COLUMN = "troop_thousands"


@dataclasses.dataclass(frozen=True, slots=True)
class Troops:
    """A cohort with the troops on each war.

    Attributes
    ----------
    prepared : Prepared
        The primary's cohort, followed while troops are counted.
    paths : dict of DosePath
        Thousands of troops by conflict, after the lag.
    last_day : Timestamp
        Last day on which a number counts.
    """

    prepared: Prepared
    paths: dict[int, DosePath]
    last_day: pd.Timestamp


@part()
def dose_troops(context: Context) -> Part:
    """Hazard ratio of the end per thousand UN troops."""
    troops = counted_troops(context.inputs)
    found = per_thousand(context.inputs, troops, draws=context.draws.rerandomization_draws)
    rows = dosed_rows(troops)
    present = rows.loc[rows[COLUMN] > 0, COLUMN]
    return Part(
        [found],
        strings={
            "dose_troops.hr": wording.number(found.estimate),
            "dose_troops.ci": wording.interval(found.ci_low, found.ci_high),
            "dose_troops.p": wording.p_value(found.p_value),
            "dose_troops.units": str(found.exposed_units),
            "dose_troops.ends": str(found.exposed_ends),
            "dose_troops.mde_high": wording.number(found.mde_high),
            "dose_troops.largest": wording.number(float(present.max()), 1),
            "dose_troops.last_day": f"{troops.last_day:%B %Y}",
        },
    )


def counted_troops(inputs: Inputs) -> Troops:
    """The cohort of the primary and the numbers of troops on its wars."""
    lag = days_of(inputs.spec.exposure.lag_months)
    last_day = inputs.extents["troop_counts"].last_day + pd.Timedelta(days=lag)
    counted, _ = counted_only(inputs, prepare(inputs, inputs.spec.exposure))
    counted = laid_out_anew(counted, followed_until(counted.outcome, last_day))
    return Troops(counted, troop_paths(inputs.timelines["troop_strength"], lag), last_day)


def troop_paths(strength: pd.DataFrame, lag: int) -> dict[int, DosePath]:
    """Thousands of troops on each conflict, days shifted by the lag.

    Parameters
    ----------
    strength : DataFrame
        The timeline ``troop_strength``: ``conflict_id, known_from, troops``.
    lag : int
        Days.

    Returns
    -------
    dict of DosePath
        By conflict, in days since the epoch of the study; a number counts from the day after.
    """
    steps = strength.sort_values(["conflict_id", "known_from"])
    return {
        int(own["conflict_id"].iloc[0]): DosePath(
            calendar_day(own["known_from"]) + lag, own["troops"].to_numpy(float) / THOUSAND
        )
        for _, own in steps.groupby("conflict_id")
    }


def per_thousand(inputs: Inputs, troops: Troops, *, draws: int) -> Estimate:
    """Hazard ratio per thousand troops; histories of numbers move along with redrawn spells."""
    study, spec, prepared = inputs.study, inputs.spec, troops.prepared
    level, name = 1 - study.alpha, f"{spec.hypothesis}.dose_troops"
    rows = dosed_rows(troops)
    base: dict[str, Any] = dict(
        estimate_id=name,
        hypothesis=spec.hypothesis,
        role="dose",
        label="Per thousand UN troops",
        measure=spec.exposure.measure,
        lag_months=spec.exposure.lag_months,
        estimand="hazard_ratio",
        ci_level=level,
        inference="rerandomized_likelihood_ratio",
        validity=spec.exposure.validity,
        **exposed_counts(
            dataclasses.replace(
                prepared, rows=rows.assign(dose=(rows[COLUMN] > 0).astype(int)), column="dose"
            ),
            spec.cluster,
        ),
    )
    try:
        design = lay_out(inputs, prepared)
        followed = (prepared.outcome["exit_date"] >= prepared.units["time_zero"]).to_numpy()
        conflicts = prepared.units["conflict_id"].to_numpy()[followed][design.unit]
        nobody = DosePath(np.zeros(0), np.zeros(0))
        found = rerandomized_dose(
            design,
            [troops.paths.get(int(c), nobody) for c in conflicts],
            draws=draws,
            level=level,
            seed=seed_for(study.seed, name),
        )
    except InferenceError as error:
        return Estimate(**base, **without_estimate(error))
    low, high, std_error = _sandwich(rows, prepared, spec.cluster, level)
    mde = minimum_detectable_effect(
        1 / math.sqrt(found.information), alpha=1 - level, power=study.power
    )
    return Estimate(
        **base,
        estimate=math.exp(found.estimate),
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
        p_value=found.p_value,
        std_error=std_error,
        cluster_low=low,
        cluster_high=high,
        mde_low=mde.low,
        mde_high=mde.high,
    )


def dosed_rows(troops: Troops) -> pd.DataFrame:
    """Rows of the cohort with the troops in thousands, cut where their number changes."""
    prepared = troops.prepared
    rows, units = prepared.rows, prepared.units.set_index("unit_id")
    zero = calendar_day(units["time_zero"])
    origin = pd.Series(zero, index=units.index)[rows["unit_id"]].to_numpy()
    pieces = []
    for row, (conflict, begin, end, shift, is_on) in enumerate(
        zip(
            rows["conflict_id"],
            rows["start"],
            rows["stop"],
            origin,
            rows[prepared.column],
            strict=True,
        )
    ):
        path = troops.paths.get(int(conflict)) if is_on else None
        changes = path.day - shift if path is not None else np.zeros(0)
        cuts = np.r_[begin, changes[(changes > begin) & (changes < end)], end]
        dose = path.at(cuts[1:] + shift) if path is not None else np.zeros(len(cuts) - 1)
        pieces.append(
            pd.DataFrame({"row": row, "start": cuts[:-1], "stop": cuts[1:], COLUMN: dose})
        )
    cut = pd.concat(pieces, ignore_index=True)
    out = rows.drop(columns=["start", "stop"]).iloc[cut["row"]].reset_index(drop=True)
    is_last = ~cut.duplicated("row", keep="last")
    return pd.concat([out, cut.drop(columns="row")], axis=1).assign(
        event=out["event"].to_numpy(bool) & is_last.to_numpy()
    )


def _sandwich(
    rows: pd.DataFrame, prepared: Prepared, cluster: str, level: float
) -> tuple[float, float, float]:
    """Cluster-sandwich interval of the hazard ratio, and the error of its logarithm."""
    try:
        fit = cox_ph(
            rows,
            [COLUMN],
            start="start",
            stop="stop",
            event="event",
            strata=list(prepared.strata) or None,
            cluster=cluster,
        )
    except EstimationError:
        return math.nan, math.nan, math.nan
    beta, error = float(fit.params[COLUMN]), float(fit.std_errors[COLUMN])
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    return math.exp(beta - half), math.exp(beta + half), error
