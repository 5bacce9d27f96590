"""What every design shares whose units are followed in time and compared by a Cox model.

Another design says for itself how it is laid out, how the specifications of its multiverse are
estimated, and what is asked of its primary before it is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs import checks, curves
from collsec.designs.comparison import Comparison
from collsec.designs.inputs import Inputs, PanelBuilder, Prepared
from collsec.designs.multiverse import estimate_all
from collsec.hypothesis.multiverse import Specification, adjusted_for
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec


class CoxBased:
    """Units on clocks of their own, laid out by a panel builder.

    Attributes
    ----------
    builder : type
        Which units there are and from when they are followed.
    estimand : str
        What the primary's ratio is of.
    """

    builder: type[PanelBuilder] = PanelBuilder
    estimand = "hazard_ratio"

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Prepared:
        """The cohort laid out for one exposure and one outcome."""
        builder = self.builder(inputs, covariates=adjusted_for(inputs.spec, choices))
        return builder.prepare(exposure, outcome=outcome, choices=choices)

    def counts(self, inputs: Inputs, prepared: Prepared) -> dict[str, Any]:
        """Units, events and clusters, exposed ones among them."""
        return Comparison.of(prepared, inputs.spec.cluster).counts()

    def specified(self, inputs: Inputs, specifications: Sequence[Specification]) -> pd.DataFrame:
        """Hazard ratios with cluster-sandwich intervals."""
        return estimate_all(
            inputs, list(specifications), builder=self.builder, estimand=self.estimand
        )

    def robustness(self, inputs: Inputs) -> dict[str, Any]:
        """Leaving one conflict or mission out, a second engine, proportional hazards."""
        prepared = self.prepare(inputs, inputs.spec.exposure)
        agree, gap = checks.engines_agree(prepared)
        return {
            "without": checks.leave_one_out(inputs, prepared).to_dict(orient="list"),
            "engines_agree": agree,
            "engine_gap": gap,
            "proportional_hazards": checks.proportional_hazards(prepared),
        }

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """All units alike."""
        return np.full(len(prepared.units), "All wars of the cohort")

    def survival(self, inputs: Inputs, prepared: Prepared) -> list[pd.DataFrame]:
        """Kaplan–Meier by group."""
        group = self.groups(inputs, prepared)
        return [curves.survival_by(prepared, group, inputs.study.horizon_months)]
