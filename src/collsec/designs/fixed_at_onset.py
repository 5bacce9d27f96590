"""Covariates that are known before onset: ties of the powers to the host of a war.

Inference is by clusters of dependent wars: the cluster jackknife, the sandwich and the cluster
bootstrap alongside.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.checks import rejected_by_jackknife
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.cox_based import CoxBased
from collsec.designs.estimate import USUAL, Estimate, is_usual, seed_for
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.jackknife import CoxRefits, CoxResamples, Refit, by_method, with_jackknife
from collsec.designs.registry import ADJUSTMENT, STRATA, design
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset.inference import Calibration, cluster_bootstrap

JACKKNIFE, SANDWICH = "cluster_jackknife", "cluster_sandwich"


def bootstrapped(
    inputs: Inputs, prepared: Prepared, base: Estimate, *, estimate_id: str, draws: int
) -> Estimate:
    """The same hazard ratio with a cluster-bootstrap interval (whole clusters redrawn)."""
    found = cluster_bootstrap(
        CoxResamples(Comparison.of(prepared, inputs.spec.cluster).design()),
        prepared.rows[inputs.spec.cluster].to_numpy(),
        draws=draws,
        seed=seed_for(inputs.study.seed, estimate_id),
        level=base.level,
    )
    usual = found.percentile_at(USUAL)
    is_other = not is_usual(base.level)
    return dataclasses.replace(
        base,
        estimate_id=estimate_id,
        role=Role.SECONDARY,
        inference="cluster_bootstrap",
        label=f"{base.label} (cluster bootstrap)",
        p_value=float(found.percentile.p_value[0]),
        std_error=float(found.std_error[0]),
        ci_low=math.exp(found.percentile.low[0]),
        ci_high=math.exp(found.percentile.high[0]),
        low_95=math.exp(usual.low[0]) if is_other else math.nan,
        high_95=math.exp(usual.high[0]) if is_other else math.nan,
        note=f"{found.failures} of {found.draws} draws could not be fitted"
        if found.failures
        else "",
    )


@design
class FixedAtOnset(CoxBased):
    """A covariate frozen before onset, per standard deviation over the cohort."""

    name = "fixed_at_onset"
    kind = "covariate"
    honors = frozenset({ADJUSTMENT, STRATA})
    methods = (JACKKNIFE,)
    further_methods = (JACKKNIFE, SANDWICH)
    # Each draw is a jackknife of its own: many blocks spread over the cores.
    calibration_blocks = 8

    def alongside(
        self, inputs: Inputs, laid_out: Prepared, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """The primary by the cluster bootstrap."""
        name = f"{inputs.spec.hypothesis}.bootstrap"
        return [
            bootstrapped(inputs, laid_out, primary, draws=draws.bootstrap_draws, estimate_id=name)
        ]

    def estimate(
        self,
        inputs: Inputs,
        prepared: Prepared,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """By the jackknife; by the sandwich where asked, or where there is no jackknife.

        Raises
        ------
        EstimationError, InferenceError
            If the primary has no jackknife: it is not reported with another error.
        """
        comparison, power = Comparison.of(prepared, inputs.spec.cluster), inputs.study.power
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        if role is not Role.PRIMARY:
            method = exposure.inference or inputs.spec.inference.method
            return by_method(comparison, method, level=level, power=power, **known)
        found = sandwich_ratio(comparison, level=level, power=power, **known)
        if math.isnan(found.estimate):
            return found
        return with_jackknife(found, comparison, power=power)

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """Replace the covariate by noise with its variance between and within clusters."""
        rows, column, cluster = prepared.rows, prepared.column, inputs.spec.cluster
        values = rows.groupby(cluster)[column]
        within = float((rows[column] - values.transform("mean")).std(ddof=0))
        between = math.sqrt(max(float(rows[column].var(ddof=0)) - within**2, 0.0))
        country, n_countries = pd.factorize(rows[cluster], sort=True)
        laid_out, events = Comparison.of(prepared, cluster).design(), float(rows["event"].sum())

        def drawn(rng: np.random.Generator) -> tuple[Refit, float]:
            noise = between * rng.standard_normal(len(n_countries))[country]
            noise = noise + within * rng.standard_normal(len(rows))
            return CoxRefits(laid_out.with_column(column, noise)), events

        generators = self.generators(inputs, draws, block)
        return rejected_by_jackknife(generators, drawn, rows[cluster].to_numpy())

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """Thirds of the covariate."""
        return curves.thirds(prepared)
