"""What the record of a hypothesis says of its primary: quantities and diagnostics, plain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from collsec.designs.checks import ENGINE_TOLERANCE, Placebo
from collsec.designs.estimate import Estimate, Quantity, Unit, rounded
from collsec.survival.inference import e_value


def e_values(primary: Estimate) -> dict[str, Quantity]:
    """E-values of the estimate and of the limit next to no effect (one where that is inside)."""
    point = limit = math.nan
    if math.isfinite(primary.estimate) and primary.estimate > 0:
        found = e_value(primary.estimate, primary.ci_low, primary.ci_high, common_outcome=True)
        point, limit = found.estimate, found.limit
    return {
        "primary.e_value": Quantity(point, Unit.RATIO),
        "primary.e_value_limit": Quantity(limit, Unit.RATIO),
    }


def checks(
    engine_gap: float,
    calibration: dict[str, Any],
    falsification: list[Placebo],
    flips: list[str],
    agreement: float,
    ph_p_value: float,
    known_biased_rejection: float,
) -> dict[str, Any]:
    """Diagnostics of a primary, plain."""
    plain: dict[str, Any] = rounded(
        {
            "engine_gap": engine_gap,
            # Hazard ratios that a figure bins: four decimals do.
            "null_calibration": calibration
            | {"estimates": np.exp(calibration["estimates"]).round(4).tolist()},
            "falsification": [
                {"measure": p.estimate.measure, "label": p.estimate.label, "outcome": p.outcome}
                for p in falsification
            ],
            "sign_flips": flips,
            "principled_agreement": agreement,
            "proportional_hazards_p": ph_p_value,
            "known_biased_rejection": known_biased_rejection,
        }
    )
    # The gap between two engines is rounding noise of linear algebra: it is judged, not printed.
    side = "below" if engine_gap <= ENGINE_TOLERANCE else "above"
    plain["engine_gap"] = f"{side} 1e-6"
    return plain
