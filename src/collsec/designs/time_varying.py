"""Exposures that begin while a war is going on: deployment, veto.

The hazard ratio is that of a counting-process Cox model. Primary inference is risk-set
re-randomization; cluster-robust errors stand beside it.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared, codes
from collsec.histories.panels import clock
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures import get
from collsec.survival import EstimationError, cox_ph
from collsec.survival.inference import (
    ExposureDesign,
    InferenceError,
    RerandomizationResult,
    exposure_design,
    minimum_detectable_effect,
    risk_set_rerandomization,
)

EPOCH = pd.Timestamp("1946-01-01")


def calendar_day(dates: pd.Series) -> np.ndarray:
    """Days since 1 January 1946."""
    return (dates - EPOCH).dt.days.to_numpy(float)


def lay_out(inputs: Inputs, prepared: Prepared) -> ExposureDesign:
    """Units, spells and strata as the re-randomization needs them.

    Raises
    ------
    InferenceError
        If there is no exposure spell at all.
    """
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    origin = calendar_day(units["time_zero"])
    exits = clock(units.assign(exit_date=prepared.outcome["exit_date"]))
    followed = (prepared.outcome["exit_date"] >= units["time_zero"]).to_numpy()
    row = np.cumsum(followed) - 1
    concerns = followed[spells.unit] & (spells.assigned < exits[spells.unit])
    unit = spells.unit[concerns]
    names = inputs.spec.inference.assignment_strata
    levels = [codes(units, names[: len(names) - i]) for i in range(len(names))]
    assignment = np.column_stack(levels) if levels else codes(units, ())
    return exposure_design(
        origin=origin[followed],
        entry=np.zeros(int(followed.sum())),
        exit=exits[followed],
        event=prepared.outcome["is_event"].to_numpy(bool)[followed],
        outcome_strata=codes(units, prepared.strata)[followed],
        assignment_strata=assignment[followed],
        spell_unit=row[unit],
        spell_assigned=origin[unit] + spells.assigned[concerns],
        spell_on=origin[unit] + spells.on[concerns],
        spell_off=origin[unit] + spells.off[concerns],
    )


def rerandomized(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    *,
    estimate_id: str,
    role: str,
    draws: int,
    level: float,
    label: str = "",
    lag_months: int | None = None,
) -> tuple[Estimate, RerandomizationResult | None]:
    """Estimate of one exposure with re-randomization interval and cluster interval beside it."""
    study, spec = inputs.study, inputs.spec
    measure = get(exposure.measure)
    lag = exposure.lag_months if lag_months is None else lag_months
    common: dict[str, Any] = dict(
        estimate_id=estimate_id,
        hypothesis=spec.hypothesis,
        role=role,
        label=label or measure.title,
        measure=measure.name,
        lag_months=lag,
        estimand="hazard_ratio",
        ci_level=level,
        inference="risk_set_rerandomization",
        validity=exposure.validity,
    )
    counts: dict[str, Any] = exposed_counts(prepared, spec.cluster)
    try:
        found = risk_set_rerandomization(
            lay_out(inputs, prepared),
            draws=draws,
            level=level,
            seed=seed_for(study.seed, estimate_id),
        )
    except InferenceError as error:
        return Estimate(
            **common,
            estimate=math.nan,
            ci_low=math.nan,
            ci_high=math.nan,
            p_value=math.nan,
            std_error=math.nan,
            note=f"Not estimable: {error}",
            **counts,
        ), None
    low, high, std_error = cluster_interval(prepared, spec.cluster, level)
    mde_low, mde_high = math.nan, math.nan  # an open interval could have shown no finite effect
    if math.isfinite(found.interval_std_error):
        mde = minimum_detectable_effect(
            found.interval_std_error, alpha=1 - level, power=study.power
        )
        mde_low, mde_high = mde.low, mde.high
    return Estimate(
        **common,
        estimate=math.exp(found.estimate),
        centered=math.exp(found.median_unbiased),
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
        p_value=found.p_value,
        std_error=std_error,
        cluster_low=low,
        cluster_high=high,
        mde_low=mde_low,
        mde_high=mde_high,
        **counts,
    ), found


def seed_for(seed: int, name: str) -> int:
    """A seed of its own for each estimate: adding one never moves another."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8])


def exposed_counts(prepared: Prepared, cluster: str) -> dict[str, int]:
    """Counts that stand beside every estimate; a tie in degrees exposes every unit."""
    rows, column = prepared.rows, prepared.column
    is_exposed = (rows[column] > 0) | (prepared.spells is None and rows[column].nunique() > 2)
    return {
        "nobs": len(rows),
        "n_units": int(rows["unit_id"].nunique()),
        "n_events": int(rows["event"].sum()),
        "n_clusters": int(rows[cluster].nunique()),
        "exposed_units": int(rows.loc[is_exposed, "unit_id"].nunique()),
        "exposed_ends": int((rows["event"] & is_exposed).sum()),
        "exposed_clusters": int(rows.loc[is_exposed, cluster].nunique()),
    }


def cluster_interval(prepared: Prepared, cluster: str, level: float) -> tuple[float, float, float]:
    """Cluster-sandwich interval of the hazard ratio, and the log-scale standard error."""
    try:
        fit = cox_ph(
            prepared.rows,
            [prepared.column, *prepared.adjustment],
            start="start",
            stop="stop",
            event="event",
            strata=list(prepared.strata) or None,
            cluster=cluster,
        )
    except EstimationError:
        return math.nan, math.nan, math.nan
    beta = float(fit.params[prepared.column])
    std_error = float(fit.std_errors[prepared.column])
    z = float(stats.norm.ppf(0.5 + level / 2))
    return math.exp(beta - z * std_error), math.exp(beta + z * std_error), std_error
