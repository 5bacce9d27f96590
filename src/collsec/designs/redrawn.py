"""Ratios that are tested by redrawing the exposure: what such designs share.

A log ratio with its error between clusters; limits of the interval are the ratios that redrawn
exposures do not reject. What is redrawn, and how, is the design's own.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from collsec.core.schema import Role
from collsec.designs.checks import rejections
from collsec.designs.estimate import Estimate, equivalence_level, seed_for
from collsec.designs.inputs import Inputs
from collsec.designs.registry import SANDWICH, Design, Layout
from collsec.hypothesis.specification import ExposureSpec
from riskset import EstimationError, wald_interval
from riskset.inference import Calibration, InvertedInterval

#: A war on the eve of peace is so many times as likely to receive an exposure that changes nothing.
EVE_WEIGHT, EVE_MONTHS, EVE_DRAWS = 5.0, 6, 2000
Laid = TypeVar("Laid", bound=Layout)


class RedrawnDesign(Design[Laid]):
    """A design whose primary is a ratio, and whose reference redraws who was exposed or when.

    Attributes
    ----------
    has_sandwich : bool
        Whether the cluster interval is reported with the redrawn one.
    """

    has_sandwich = True

    def too_few(self, inputs: Inputs, laid_out: Laid) -> str:
        """Why there are too few exposed outcomes for a number; empty where there are enough."""
        return ""

    def degrees(self, laid_out: Laid) -> int | None:
        """Degrees of freedom of the cluster interval; None for the normal distribution."""
        return None

    def inverted(
        self, laid_out: Laid, estimate: float, *, draws: int, level: float, seed: int
    ) -> InvertedInterval:
        """p-value of no effect, and the log ratios that redrawn exposures do not reject."""
        raise NotImplementedError

    def rejected(
        self, laid_out: Laid, draws: int, seed: int, chances: Any = None
    ) -> tuple[int, np.ndarray]:
        """How many of so many exposures that change nothing are rejected, and their estimates.

        ``chances`` says who is more likely to be exposed; alike if None.
        """
        raise NotImplementedError

    def estimate(
        self,
        inputs: Inputs,
        prepared: Laid,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """The ratio by redraws; by the error between clusters where asked, or without draws."""
        known = self.described(
            inputs, prepared, exposure, estimate_id=estimate_id, role=role, label=label
        )
        if not draws:
            known["inference"] = SANDWICH
        if few := self.too_few(inputs, prepared):
            return Estimate.missing(few, level=level, **known)
        try:
            log, error = self.log_ratio(inputs, prepared)
        except EstimationError as reason:
            return Estimate.missing(reason, level=level, **known)
        degrees, power = self.degrees(prepared), inputs.study.power
        around = wald_interval(log, error, level, degrees) if self.has_sandwich else None
        if known["inference"] == SANDWICH:
            return Estimate.from_fit(
                log, error, level=level, degrees=degrees, sandwich=around, power=power, **known
            )
        seed = seed_for(inputs.study.seed, estimate_id)
        redrawn = self.inverted(prepared, log, draws=draws, level=level, seed=seed)
        width = redrawn.std_error(level)
        equivalence = None
        inner = equivalence_level(level)
        # The primary alone is held against the range of no interest.
        if role is Role.PRIMARY and inner > 0:
            narrower = self.inverted(prepared, log, draws=draws, level=inner, seed=seed)
            equivalence = (narrower.low, narrower.high)
        return Estimate.from_fit(
            log,
            error if math.isfinite(error) else width,
            level=level,
            limits=(redrawn.low, redrawn.high),
            equivalence=equivalence,
            p_value=redrawn.p_value,
            sandwich=around,
            power=power,
            detectable_error=width,
            **known,
        )

    def calibrate(self, inputs: Inputs, prepared: Laid, draws: int, block: int) -> Calibration:
        """Rejection rate where the exposure falls on anyone, or at any time, alike."""
        return self.placebo(inputs, prepared, "calibration", draws)

    def placebo(
        self, inputs: Inputs, laid_out: Laid, name: str, draws: int, chances: Any = None
    ) -> Calibration:
        """Rejection rate of exposures that change nothing, by the primary's own test."""
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.{name}")
        number, estimates = self.rejected(laid_out, draws, seed, chances)
        exposed = float(self.counts(inputs, laid_out)["exposed_events"])
        return rejections(number, exposed, estimates)
