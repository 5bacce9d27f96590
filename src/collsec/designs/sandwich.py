"""Cox estimates with cluster-robust inference: the primary of H3, and every declared variant."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.time_varying import exposed_counts, seed_for
from collsec.estimators import EstimationError, cox_ph
from collsec.hypothesis import ExposureSpec
from collsec.inference import cluster_bootstrap, minimum_detectable_effect
from collsec.measures import get
from collsec.results import Estimate


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
    common = dict(
        estimate_id=estimate_id, hypothesis=spec.hypothesis, role=role,
        label=label or measure.title, measure=measure.name, lag_months=lag_months,
        estimand="hazard_ratio", ci_level=level, inference="cluster_sandwich",
        validity=exposure.validity, **exposed_counts(prepared, spec.cluster),
    )
    try:
        fit = cox_ph(
            prepared.rows, [prepared.column, *prepared.adjustment], start="start", stop="stop",
            event="event", strata=list(prepared.strata) or None, cluster=spec.cluster,
        )
    except EstimationError as error:
        nothing = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value", "std_error"), math.nan)
        return Estimate(**common, **nothing, note=f"Not estimable: {error}")
    beta = float(fit.params[prepared.column])
    std_error = float(fit.std_errors[prepared.column])
    z = float(stats.norm.ppf(0.5 + level / 2))
    low, high = math.exp(beta - z * std_error), math.exp(beta + z * std_error)
    mde = minimum_detectable_effect(
        std_error=std_error, level=1 - level, power=inputs.study.power
    )
    return Estimate(
        **common, estimate=math.exp(beta), ci_low=low, ci_high=high,
        p_value=float(2 * stats.norm.sf(abs(beta / std_error))), std_error=std_error,
        cluster_low=low, cluster_high=high, mde_low=mde.hr_low, mde_high=mde.hr_high,
    )


def bootstrapped(
    inputs: Inputs, prepared: Prepared, base: Estimate, *, estimate_id: str, draws: int
) -> Estimate:
    """The same hazard ratio with a cluster-bootstrap interval (countries drawn with replacement)."""
    import dataclasses

    from collsec.estimators import CoxDesign, fit_design

    rows = prepared.rows
    names = [prepared.column, *prepared.adjustment]
    design = CoxDesign.from_frame(
        rows, names, start="start", stop="stop", event="event",
        strata=list(prepared.strata) or None,
    )
    full = fit_design(design)

    def refit(weights: np.ndarray) -> np.ndarray:
        drawn = design.reweighted(weights, "frequency")
        return fit_design(drawn, beta=full.fitted_beta).params.to_numpy()[:1]

    found = cluster_bootstrap(
        refit, rows[inputs.spec.cluster].to_numpy(), draws=draws,
        seed=seed_for(inputs.study.seed, estimate_id), confidence=base.ci_level,
    )
    return dataclasses.replace(
        base, estimate_id=estimate_id, role="secondary", inference="cluster_bootstrap",
        label=f"{base.label} (cluster bootstrap)", p_value=math.nan,
        std_error=float(found.std_error[0]), ci_low=math.exp(found.ci_low[0]),
        ci_high=math.exp(found.ci_high[0]),
    )
