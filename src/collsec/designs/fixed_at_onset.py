"""Covariates that are known before onset: ties of the powers to the host of a war.

Inference is by clusters of dependent wars: the cluster jackknife, the sandwich and the cluster
bootstrap alongside.
"""

from __future__ import annotations

import dataclasses
import math
from functools import partial

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.checks import LEVEL, rejections
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.cox_based import CoxBased
from collsec.designs.estimate import USUAL, Estimate, Quantity, is_usual, seed_for
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.jackknife import CoxRefits, CoxResamples, by_method, with_jackknife
from collsec.designs.parts import Part
from collsec.designs.registry import ADJUSTMENT, Task, design
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset import EstimationError
from riskset.inference import (
    Calibration,
    cluster_bootstrap,
    cluster_jackknife,
)

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
    honors = frozenset({ADJUSTMENT})
    methods = (JACKKNIFE,)
    further_methods = (JACKKNIFE, SANDWICH)
    # Each draw is a jackknife of its own: many blocks spread over the cores.
    calibration_blocks = 8

    def panel(self, inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The primary's rows; a covariate before onset has no lag."""
        prepared = prepare(inputs, inputs.spec.exposure)
        return prepared.rows, prepared.attrition

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """Primary with its cluster bootstrap, other indices, other outcomes."""
        spec, study = inputs.spec, inputs.study
        name = spec.hypothesis

        def primary() -> Part:
            prepared = prepare(inputs, spec.exposure)
            first = self.without_draws(inputs, prepared, study.level_of(inputs.spec.hypothesis))
            first = dataclasses.replace(first, estimate_id=f"{name}.primary")
            again = bootstrapped(
                inputs,
                prepared,
                first,
                draws=draws.bootstrap_draws,
                estimate_id=f"{name}.bootstrap",
            )
            return Part([first, again])

        def task(
            exposure: ExposureSpec, suffix: str, role: Role, label: str, outcome: str | None
        ) -> Part:
            prepared = prepare(inputs, exposure, outcome=outcome)
            found = self.estimate(
                inputs,
                prepared,
                exposure,
                estimate_id=f"{name}.{suffix}",
                role=role,
                level=study.usual_level,
                draws=0,
                label=label,
            )
            return Part([found])

        made: dict[str, Task] = {"primary": primary}
        for other in spec.secondary:
            made[f"secondary.{other.measure}"] = partial(
                task, other, other.measure, Role.SECONDARY, "", None
            )
        for outcome in spec.outcomes:
            label = curves.kind_label(outcome)
            made[f"outcome.{outcome}"] = partial(
                task, spec.exposure, outcome, Role.OUTCOME, label, outcome
            )
        return made

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
        """By the jackknife; by the sandwich where asked, or where there is no jackknife."""
        comparison, power = Comparison.of(prepared, inputs.spec.cluster), inputs.study.power
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        method = exposure.inference or inputs.spec.inference.method
        return by_method(comparison, method, level=level, power=power, **known)

    def without_draws(self, inputs: Inputs, prepared: Prepared, level: float) -> Estimate:
        """The primary's hazard ratio with the jackknife's error; where there is none, it fails."""
        comparison, power = Comparison.of(prepared, inputs.spec.cluster), inputs.study.power
        known = identity(inputs, inputs.spec.exposure, estimate_id="", role=Role.PRIMARY)
        found = sandwich_ratio(comparison, level=level, power=power, **known)
        if math.isnan(found.estimate):
            return found
        return with_jackknife(found, comparison, power=power)

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """Replace the covariate by noise with its variance between and within clusters.

        Each draw has a seed of its own, so that blocks of draws give what one run would.
        """
        rows, column, cluster = prepared.rows, prepared.column, inputs.spec.cluster
        name = f"{inputs.spec.hypothesis}.calibration"
        values = rows.groupby(cluster)[column]
        within = float((rows[column] - values.transform("mean")).std(ddof=0))
        between = math.sqrt(max(float(rows[column].var(ddof=0)) - within**2, 0.0))
        country, n_countries = pd.factorize(rows[cluster], sort=True)
        laid_out = Comparison.of(prepared, cluster).design()
        rejected, estimates = 0, []
        for draw in range(block, draws, self.calibration_blocks):
            rng = np.random.default_rng(seed_for(inputs.study.seed, f"{name}.{draw}"))
            noise = between * rng.standard_normal(len(n_countries))[country]
            noise = noise + within * rng.standard_normal(len(rows))
            try:
                refit = CoxRefits(laid_out.with_column(column, noise))
                found = cluster_jackknife(refit, rows[cluster].to_numpy(), level=1 - LEVEL)
            except EstimationError:
                continue
            estimates.append(found.estimate)
            rejected += found.p_value < LEVEL
        return rejections(rejected, float(rows["event"].sum()), np.array(estimates))

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Nothing that is known before onset can be immortal time."""
        return math.nan

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """Thirds of the covariate."""
        return curves.thirds(prepared)

    def curves(
        self, inputs: Inputs, prepared: Prepared
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """None beyond survival by thirds."""
        return [], {}
