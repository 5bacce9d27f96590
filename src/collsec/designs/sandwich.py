"""Cox estimates with cluster-robust inference: the primary of H3, and every declared variant."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.time_varying import exposed_counts, seed_for
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures import get
from collsec.survival import CoxDesign, EstimationError, cox_ph
from collsec.survival.inference import (
    InferenceError,
    cluster_bootstrap,
    cluster_jackknife,
    minimum_detectable_effect,
)


def sandwich(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    *,
    estimate_id: str,
    role: str,
    level: float,
    label: str = "",
    lag_months: int = 0,
) -> Estimate:
    """Hazard ratio with a Lin–Wei cluster-sandwich interval.

    The effect of a covariate is per unit of its measure: one standard deviation over the cohort
    for the interest indices, absence to presence for an exposure.
    """
    spec = inputs.spec
    measure = get(exposure.measure)
    common: dict[str, Any] = dict(
        estimate_id=estimate_id,
        hypothesis=spec.hypothesis,
        role=role,
        label=label or measure.title,
        measure=measure.name,
        lag_months=lag_months,
        estimand="hazard_ratio",
        ci_level=level,
        inference="cluster_sandwich",
        validity=exposure.validity,
        **exposed_counts(prepared, spec.cluster),
    )
    try:
        fit = cox_ph(
            prepared.rows,
            [prepared.column, *prepared.adjustment],
            start="start",
            stop="stop",
            event="event",
            strata=list(prepared.strata) or None,
            cluster=spec.cluster,
        )
    except EstimationError as error:
        nothing: dict[str, Any] = dict.fromkeys(
            ("estimate", "ci_low", "ci_high", "p_value", "std_error"), math.nan
        )
        return Estimate(**common, **nothing, note=f"Not estimable: {error}")
    beta = float(fit.params[prepared.column])
    std_error = float(fit.std_errors[prepared.column])
    z = float(stats.norm.ppf(0.5 + level / 2))
    low, high = math.exp(beta - z * std_error), math.exp(beta + z * std_error)
    mde = minimum_detectable_effect(std_error, alpha=1 - level, power=inputs.study.power)
    return Estimate(
        **common,
        estimate=math.exp(beta),
        ci_low=low,
        ci_high=high,
        p_value=float(2 * stats.norm.sf(abs(beta / std_error))),
        std_error=std_error,
        cluster_low=low,
        cluster_high=high,
        mde_low=mde.low,
        mde_high=mde.high,
    )


def by_own_method(
    inputs: Inputs,
    prepared: Prepared,
    exposure: ExposureSpec,
    *,
    estimate_id: str,
    role: str,
    level: float,
    label: str = "",
    lag_months: int = 0,
) -> Estimate:
    """Hazard ratio with the interval of the hypothesis' own method, where that is the jackknife.

    Otherwise, and where no jackknife exists, the interval is the sandwich's.
    """
    beside = sandwich(
        inputs,
        prepared,
        exposure,
        estimate_id=estimate_id,
        role=role,
        level=level,
        label=label,
        lag_months=lag_months,
    )
    is_asked = inputs.spec.inference.method == "cluster_jackknife"
    if not is_asked or math.isnan(beside.estimate):
        return beside
    try:
        return jackknifed(inputs, prepared, beside, estimate_id=estimate_id, role=role)
    except (EstimationError, InferenceError) as error:
        return dataclasses.replace(beside, note=f"No jackknife: {error}")


def jackknifed(
    inputs: Inputs, prepared: Prepared, beside: Estimate, *, estimate_id: str, role: str
) -> Estimate:
    """The hazard ratio with a cluster-jackknife interval, the sandwich interval beside it.

    Conflicts are spread so unevenly over countries that the sandwich rejects too often under
    random ties; the jackknife does not (see the null calibration).
    """
    rows, names = prepared.rows, [prepared.column, *prepared.adjustment]
    design = CoxDesign.from_frame(
        rows,
        names,
        start="start",
        stop="stop",
        event="event",
        strata=list(prepared.strata) or None,
    )
    found = cluster_jackknife(
        refit_without(design), rows[inputs.spec.cluster].to_numpy(), level=beside.ci_level
    )
    mde = minimum_detectable_effect(
        found.std_error, alpha=1 - beside.ci_level, power=inputs.study.power
    )
    return dataclasses.replace(
        beside,
        estimate_id=estimate_id,
        role=role,
        inference="cluster_jackknife",
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
        p_value=found.p_value,
        std_error=found.std_error,
        mde_low=mde.low,
        mde_high=mde.high,
    )


def refit_without(design: CoxDesign) -> Callable[[np.ndarray], float]:
    """A refit of the first log hazard ratio on the rows kept, without sorting again.

    A row left out is a row of frequency zero: as a case weight of zero it would still count
    among Efron's ties.
    """
    start = design.estimate()

    def fit(kept: np.ndarray) -> float:
        drawn = design.reweighted(kept.astype(float), "frequency")
        return float(drawn.estimate(start)[0])

    return fit


def bootstrapped(
    inputs: Inputs, prepared: Prepared, base: Estimate, *, estimate_id: str, draws: int
) -> Estimate:
    """The same hazard ratio with a cluster-bootstrap interval (whole countries redrawn)."""
    rows = prepared.rows
    names = [prepared.column, *prepared.adjustment]
    design = CoxDesign.from_frame(
        rows,
        names,
        start="start",
        stop="stop",
        event="event",
        strata=list(prepared.strata) or None,
    )
    start = design.estimate()

    def refit(weights: np.ndarray) -> np.ndarray:
        return design.reweighted(weights, "frequency").estimate(start)[:1]

    found = cluster_bootstrap(
        refit,
        rows[inputs.spec.cluster].to_numpy(),
        draws=draws,
        seed=seed_for(inputs.study.seed, estimate_id),
        level=base.ci_level,
    )
    return dataclasses.replace(
        base,
        estimate_id=estimate_id,
        role="secondary",
        inference="cluster_bootstrap",
        label=f"{base.label} (cluster bootstrap)",
        p_value=float(found.percentile.p_value[0]),
        std_error=float(found.std_error[0]),
        ci_low=math.exp(found.percentile.low[0]),
        ci_high=math.exp(found.percentile.high[0]),
        note=f"{found.failures} of {found.draws} draws could not be fitted"
        if found.failures
        else "",
    )
