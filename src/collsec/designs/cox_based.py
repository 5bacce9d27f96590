"""What every design shares whose units are followed in time and compared by a Cox model.

Another design says for itself how it is laid out, how the specifications of its multiverse are
estimated, and what is asked of its primary before it is believed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import checks, curves
from collsec.designs.comparison import Comparison, identity
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, PanelBuilder, Prepared
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.multiverse import estimate_all
from collsec.designs.registry import estimand_of
from collsec.hypothesis.multiverse import Specification, adjusted_for
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec

#: Years of the record over which exposed outcomes are counted for what another year may bring.
RECENT_YEARS = 10


def after(prepared: Prepared, day: pd.Timestamp) -> Prepared:
    """The same panel on follow-up from a day on: rows before it go, those around it enter late."""
    zero = pd.Series(
        prepared.units["time_zero"].to_numpy(), index=prepared.units["unit_id"].to_numpy()
    )
    entry = (day - zero[prepared.rows["unit_id"].to_numpy()]).dt.days.to_numpy(float)
    start = np.maximum(prepared.rows["start"].to_numpy(), entry)
    kept = start < prepared.rows["stop"].to_numpy()
    rows = prepared.rows.assign(start=start)[kept].reset_index(drop=True)
    return dataclasses.replace(prepared, rows=rows)


def with_time_zero(rows: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """Rows of a panel with the day on which the clock of their unit starts."""
    zero = prepared.units.set_index("unit_id")["time_zero"]
    return rows.assign(time_zero=zero[rows["unit_id"].to_numpy()].to_numpy())


class CoxBased:
    """Units on clocks of their own, laid out by a panel builder.

    Attributes
    ----------
    builder : type
        Which units there are and from when they are followed.
    estimand : str
        What the primary's ratio is of; empty for what the outcome declares.
    exposed_outcome : str
        As the protocol has it; what happens follows from the estimand.
    unit : str
        What is followed, in the singular.
    """

    builder: type[PanelBuilder] = PanelBuilder
    estimand = ""
    exposed_outcome = "exposed {event}"
    unit = "war"
    clock = "of the same age"

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
            inputs,
            list(specifications),
            builder=self.builder,
            estimand=estimand_of(self.estimand, inputs.spec.outcome),
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

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary's ratio on follow-up from a day on; units that began before enter late."""
        exposure = inputs.spec.exposure
        prepared = self.prepare(inputs, exposure)
        known = identity(inputs, exposure, estimate_id="", role=Role.PRIMARY)
        known |= {"estimand": estimand_of(self.estimand, inputs.spec.outcome)}
        later = after(prepared, day)
        if later.rows.empty:
            nothing = Comparison.of(later, inputs.spec.cluster).counts()
            why = f"nothing is followed after {day - pd.Timedelta(days=1):%Y-%m-%d}"
            return Estimate.missing(
                why, level=level, **known, **nothing, inference="cluster_jackknife"
            )
        comparison = Comparison.of(later, inputs.spec.cluster)
        return hazard_ratio(comparison, level=level, power=inputs.study.power, **known)

    def outcomes_per_year(self, inputs: Inputs) -> float:
        """Exposed events a year, over the last ten years of the record."""
        day = inputs.extents["wars"].last_day - pd.DateOffset(years=RECENT_YEARS)
        prepared = self.prepare(inputs, inputs.spec.exposure)
        later = after(prepared, day)
        counts = Comparison.of(later, inputs.spec.cluster).counts()
        return int(counts["exposed_events"]) / RECENT_YEARS

    def groups(self, inputs: Inputs, prepared: Prepared) -> np.ndarray:
        """All units alike."""
        return np.full(len(prepared.units), "All wars of the cohort")

    def survival(self, inputs: Inputs, prepared: Prepared) -> list[pd.DataFrame]:
        """Kaplan–Meier by group."""
        group = self.groups(inputs, prepared)
        return [curves.survival_by(prepared, group, inputs.study.horizon_months)]
