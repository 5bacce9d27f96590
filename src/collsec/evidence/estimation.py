"""The tasks of a hypothesis gathered: its estimates, its diagnostics, and its verdict."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs import checks, curves, multiverse
from collsec.designs.checks import ENGINE_TOLERANCE, Placebo
from collsec.designs.estimate import Estimate, Quantity, Unit, result_id, rounded, tidy
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import PARTS, Context, Part
from collsec.designs.registry import exposed_outcome, get
from collsec.designs.tasks import made_by, main_estimates
from collsec.evidence import posterior
from collsec.evidence.verdict import Facts, Reason, Rules, counted, decide
from collsec.hypothesis.study import Draws
from riskset.inference import Calibration, e_value

#: Ratios of which it is said how many exposed outcomes they would need.
RATIOS_TO_DETECT = (1.5, 2.0)
WITHIN = "posterior.skeptical.within"


@dataclass(frozen=True, slots=True)
class Estimated:
    """Everything that the estimate step writes.

    Attributes
    ----------
    estimates, curves : DataFrame
    record : dict
        Plain JSON. ``quantities`` holds ``{value, unit[, digits]}`` by the name of the page's
        variable, without the hypothesis; ``made_by`` the part that made an estimate, by its id.
    """

    estimates: pd.DataFrame
    curves: pd.DataFrame
    record: dict[str, Any]


def estimate_hypothesis(
    inputs: Inputs,
    panel: pd.DataFrame,
    specifications: pd.DataFrame,
    done: Mapping[str, Part],
    draws: Draws,
) -> Estimated:
    """Gather what a hypothesis' file declares, check it, and draw the verdict.

    Parameters
    ----------
    inputs : Inputs
    panel : DataFrame
        The primary's panel as written by the panel step; it enters the result id.
    specifications : DataFrame
        The multiverse: the verdict asks whether its principled specifications agree.
    done : mapping
        Every task of :func:`collsec.designs.tasks.tasks`, done.
    draws : Draws
        Draw counts of the profile, for the parts that restate the primary.
    """
    spec = inputs.spec
    estimates = main_estimates(spec, done)
    calibrated = _calibration(inputs, done)
    primary = dataclasses.replace(
        estimates[0], null_rejection=calibrated.rejection_rate, null_draws=calibrated.draws
    )
    known_biased = done["known_biased"].records["known_biased"]
    falsification = [
        checks.judged(e, primary, exposure.fails_if)
        for exposure in spec.falsification
        for e in done[f"placebo.{exposure.measure}"].estimates
    ]
    checked = done["robustness"].records
    without = pd.DataFrame(checked["without"])
    flips = checks.sign_flips(primary.estimate, without, checks.places(inputs.episodes))
    agreement = multiverse.agreement(primary, specifications)
    held = posterior.quantities(
        primary, spec.estimand.no_effect, spec.estimand.literature, power=inputs.study.power
    )
    facts = Facts(
        hazard_ratio=primary.estimate,
        ci_low=primary.ci_low,
        ci_high=primary.ci_high,
        expected=spec.estimand.expected,
        exposed_events=primary.exposed_events,
        exposed_clusters=primary.exposed_clusters,
        engines_agree=checked["engines_agree"],
        null_rejection=primary.null_rejection,
        null_interval=(calibrated.ci_low, calibrated.ci_high),
        failed_falsifications=tuple(
            p.estimate.label for p in falsification if p.outcome == "failed"
        ),
        sign_flips=tuple(flips),
        principled_agreement=agreement,
        exposed_outcome=exposed_outcome(spec.normalized()),
        expected_events=primary.expected_events,
        needed_events=needed_outcomes(primary),
        level=primary.level,
        equivalence_low=primary.equivalence_low,
        equivalence_high=primary.equivalence_high,
        within=float(held[WITHIN].value) if WITHIN in held else math.nan,
        doubts=tuple(Reason(d["code"], d["values"]) for d in checked["describes"]),
    )
    verdict = decide(facts, _rules(inputs))
    biased = [
        dataclasses.replace(e, null_rejection=known_biased, null_draws=draws.calibration_draws)
        if e.validity == "known-biased"
        else e
        for e in estimates[1:]
    ]
    prepared = get(spec.design).prepare(inputs, spec.exposure)
    parts = {
        name: made_by(name, Context(inputs, prepared, draws), primary)
        if PARTS[name].after_primary
        else done[f"part.{name}"]
        for name in spec.parts
    }
    further = [e for p in parts.values() for e in p.estimates]
    variants = multiverse.variants(inputs, specifications)
    rows = tidy([primary, *biased, *further, *(p.estimate for p in falsification), *variants])
    drawn, quantities = _curves(inputs, prepared, parts)
    quantities |= done["robustness"].quantities
    for part in parts.values():
        quantities |= part.quantities
    quantities |= multiverse.quantities(agreement, specifications)
    quantities |= e_values(primary)
    quantities |= held
    quantities |= {
        f"primary.needed_{ratio.replace('.', '_')}": Quantity(n, Unit.COUNT)
        for ratio, n in facts.needed_events.items()
    }
    quantities["primary.expected"] = Quantity(primary.expected_events, Unit.NUMBER, digits=1)
    if not math.isnan(known_biased):
        quantities["known_biased.null_rejection"] = Quantity(known_biased, Unit.SHARE)
    return Estimated(
        rows,
        drawn,
        {
            "hypothesis": spec.hypothesis,
            "spec": spec.normalized(),
            "result_id": result_id(f"{spec.hypothesis}.primary", spec.normalized(), panel, rows),
            "verdict": rounded(verdict.plain()),
            "minimum": [inputs.study.minimum_exposed_events, inputs.study.minimum_exposed_clusters],
            "quantities": {name: quantity.plain() for name, quantity in quantities.items()},
            "made_by": {e.estimate_id: name for name, p in parts.items() for e in p.estimates},
            "diagnostics": primary_checks(
                checked["engine_gap"],
                dataclasses.asdict(calibrated),
                falsification,
                flips,
                agreement,
                checked["proportional_hazards"],
                known_biased,
            )
            | {"leave_one_out": rounded(without.to_dict(orient="records"))},
            "multiverse": rounded(
                multiverse.summary(specifications)
                | {"options": multiverse.by_option(inputs, specifications)}
            ),
            "parts": rounded({k: v for p in parts.values() for k, v in p.records.items()}),
        },
    )


def _calibration(inputs: Inputs, done: Mapping[str, Part]) -> Calibration:
    """The blocks of the null calibration as one."""
    blocks = [
        done[f"calibration.{b}"].records["calibration"]
        for b in range(get(inputs.spec.design).calibration_blocks)
    ]
    return checks.pooled(
        [
            Calibration(**one | {"estimates": np.asarray(one["estimates"], dtype=float)})
            for one in blocks
        ]
    )


def _rules(inputs: Inputs) -> Rules:
    """The thresholds that the study and the hypothesis declare."""
    study = inputs.study
    return Rules(
        minimum_exposed_events=study.minimum_exposed_events,
        minimum_exposed_clusters=study.minimum_exposed_clusters,
        calibration_bounds=study.calibration_bounds,
        no_effect=inputs.spec.estimand.no_effect,
        agreement=study.agreement,
        least_exposed_events=study.least_exposed_events,
        least_exposed_clusters=study.least_exposed_clusters,
    )


def needed_outcomes(found: Estimate) -> dict[str, int]:
    """Exposed outcomes that each of some ratios would need to be detected, by the ratio.

    Empty where the estimate has no smallest detectable effect.

    Notes
    -----
    The error that gives the detectable ratio :math:`d` belongs to the :math:`n` exposed outcomes
    of the same estimate, expected or, where these are not known, observed. Each then carries the
    same information, and a ratio :math:`r` needs :math:`n (\\log d / \\log r)^2` of them: with
    just so many, :math:`r` is the detectable ratio.
    """
    n = counted(found.exposed_events, found.expected_events)
    if not (n > 0 and math.isfinite(found.mde_high)):
        return {}
    size = math.log(found.mde_high)
    return {f"{r:g}": math.ceil(n * (size / math.log(r)) ** 2) for r in RATIOS_TO_DETECT}


def _curves(
    inputs: Inputs, prepared: Prepared, parts: Mapping[str, Part]
) -> tuple[pd.DataFrame, dict[str, Quantity]]:
    """Survival by group, the design's own curves, and those of the parts."""
    design = get(inputs.spec.design)
    own, quantities = design.curves(inputs, prepared)
    drawn = [*design.survival(inputs, prepared), *own]
    further = [p.curves for p in parts.values() if p.curves is not None]
    if not drawn and not further:
        return pd.DataFrame(columns=curves.COLUMNS).astype(
            dict.fromkeys(curves.COLUMNS[:2], "string")
            | dict.fromkeys(curves.COLUMNS[2:], "float64")
        ), quantities
    made = pd.concat(drawn, ignore_index=True)[curves.COLUMNS] if drawn else pd.DataFrame()
    return pd.concat([made, *further], ignore_index=True), quantities


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


def primary_checks(
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
