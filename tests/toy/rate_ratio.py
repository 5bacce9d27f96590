"""Terminations per day of war, exposed to unexposed: a constant hazard on either side."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
from scipy import stats

from collsec.core.schema import Role
from collsec.designs.checks import LEVEL, rejections
from collsec.designs.comparison import Comparison, identity
from collsec.designs.estimate import Estimate, seed_for
from collsec.designs.fixed_at_onset import FixedAtOnset
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Part
from collsec.designs.registry import Task, design
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset.inference import Calibration


def log_rate_ratio(rows: pd.DataFrame, exposed: np.ndarray) -> tuple[float, float]:
    """Logarithm of the ratio of two rates, and its standard error; NaN where one is zero."""
    days, event = (rows["stop"] - rows["start"]).to_numpy(), rows["event"].to_numpy(bool)
    ends, others = int((event & exposed).sum()), int((event & ~exposed).sum())
    if not ends or not others:
        return math.nan, math.nan
    ratio = (ends / days[exposed].sum()) / (others / days[~exposed].sum())
    return math.log(ratio), math.sqrt(1 / ends + 1 / others)


@design
class RateRatio(FixedAtOnset):
    """A condition at onset, yes or no; follow-up, secondary exposures, and outcomes as declared."""

    name = "rate_ratio"
    honors = frozenset()
    methods = further_methods = ("constant_rate",)
    calibration_blocks = 1

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """As for any condition at onset, without the bootstrap of the Cox model."""
        spec, level = inputs.spec, inputs.study.level_of(inputs.spec.hypothesis)

        def primary() -> Part:
            found = self.without_draws(inputs, prepare(inputs, spec.exposure), level)
            return Part([dataclasses.replace(found, estimate_id=f"{spec.hypothesis}.primary")])

        return super().tasks(inputs, draws) | {"primary": primary}

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
        """The ratio of the two rates, with Wald limits on the log scale."""
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        known |= {"estimand": "hazard_ratio", "inference": "constant_rate"}
        known |= Comparison.of(prepared, inputs.spec.cluster).counts()
        exposed = prepared.rows[prepared.column].to_numpy() > 0
        ratio, error = log_rate_ratio(prepared.rows, exposed)
        if math.isnan(ratio):
            return Estimate.missing("no war ended on one of the two sides", level=level, **known)
        return Estimate.from_fit(ratio, error, level=level, power=inputs.study.power, **known)

    def without_draws(self, inputs: Inputs, prepared: Prepared, level: float) -> Estimate:
        """The primary, which needs no draws."""
        return self.estimate(
            inputs,
            prepared,
            inputs.spec.exposure,
            estimate_id="",
            role=Role.PRIMARY,
            level=level,
            draws=0,
        )

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """Rejection rate where the condition is shuffled among the wars."""
        rows = prepared.rows
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.calibration")
        rng = np.random.default_rng(seed)
        exposed = rows[prepared.column].to_numpy() > 0
        found = np.array([log_rate_ratio(rows, rng.permutation(exposed)) for _ in range(draws)])
        found = found[~np.isnan(found[:, 0])]
        is_rejected = np.abs(found[:, 0] / found[:, 1]) > stats.norm.ppf(1 - LEVEL / 2)
        events = float(rows["event"].mean() * exposed.sum())
        return rejections(int(is_rejected.sum()), events, found[:, 0])
