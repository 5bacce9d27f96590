"""The JSON record of a hypothesis: verdict, diagnostics and every string that its page prints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from collsec.designs.estimate import Estimate, rounded
from collsec.designs.inputs import Inputs
from collsec.designs.robustness import Placebo
from collsec.evidence.verdict import Verdict
from collsec.reports.words import verdicts, wording
from collsec.survival.inference import e_value


def variables(
    inputs: Inputs,
    primary: Estimate,
    verdict: Verdict,
    extras: dict[str, str],
) -> dict[str, str]:
    """Formatted strings by dotted name; the pages hold no other result."""
    name = inputs.spec.hypothesis
    contrast = (f"wars with “{primary.label}”", "other wars")
    values = {
        "primary.sentence": verdicts.primary_sentence(primary, verdict, contrast),
        "primary.plain": verdicts.plain_sentence(primary, verdict, contrast),
        "primary.hr": wording.number(primary.estimate),
        "primary.centered": wording.number(primary.centered),
        "primary.ci": wording.interval(primary.ci_low, primary.ci_high),
        "primary.level": wording.level(primary.ci_level),
        "primary.p": wording.p_value(primary.p_value),
        "primary.exposed_ends": str(primary.exposed_ends),
        "primary.exposed_clusters": str(primary.exposed_clusters),
        "primary.exposed_units": str(primary.exposed_units),
        "primary.units": str(primary.n_units),
        "primary.events": str(primary.n_events),
        "primary.clusters": str(primary.n_clusters),
        "primary.mde_low": wording.number(primary.mde_low),
        "primary.mde_high": wording.number(primary.mde_high),
        "primary.null_rejection": wording.percent(primary.null_rejection, 1),
        **_e_values(primary),
        "verdict.code": verdict.code,
        "verdict.sentence": verdicts.sentence(verdict),
        "verdict.reasons": verdicts.with_reasons(verdict),
        **extras,
    }
    return {f"{name}.{key}": value for key, value in values.items()}


def _e_values(primary: Estimate) -> dict[str, str]:
    """E-values of the estimate and of the limit next to no effect (one where that is inside)."""
    point = limit = math.nan
    if math.isfinite(primary.estimate) and primary.estimate > 0:
        found = e_value(primary.estimate, primary.ci_low, primary.ci_high, common_outcome=True)
        point, limit = found.estimate, found.limit
    return {
        "primary.e_value": wording.number(point),
        "primary.e_value_limit": wording.number(limit),
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
    plain["engine_gap"] = "below 1e-6" if engine_gap <= 1e-6 else "above 1e-6"
    return plain
