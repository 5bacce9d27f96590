"""The pieces of a hypothesis gathered: its estimates, its checks, and its verdict."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs import calibration, curves, multiverse, robustness
from collsec.designs.estimate import result_id, rounded, tidy
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.parts import PARTS, Context, Part
from collsec.designs.work import main_estimates
from collsec.evidence import diagnostics as record
from collsec.evidence.verdict import Facts, Rules, decide
from collsec.hypothesis.specification import Draws
from collsec.reports.words import wording
from collsec.survival.inference import Calibration


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that the estimate step writes."""

    estimates: pd.DataFrame
    curves: pd.DataFrame
    record: dict[str, Any]


def estimate_hypothesis(
    inputs: Inputs,
    panel: pd.DataFrame,
    specifications: pd.DataFrame,
    done: Mapping[str, Part],
    draws: Draws,
) -> Made:
    """Gather what a hypothesis' file declares, check it, and draw the verdict.

    Parameters
    ----------
    inputs : Inputs
    panel : DataFrame
        The primary's panel as written by the panel step; it enters the result id.
    specifications : DataFrame
        The multiverse: the verdict asks whether its principled specifications agree.
    done : mapping
        Every piece of :func:`collsec.designs.work.pieces`, done.
    draws : Draws
        Draw counts of the profile, for the parts that restate the primary.
    """
    spec, study = inputs.spec, inputs.study
    estimates = main_estimates(spec, done)
    calibrated = calibration.pooled(
        [
            Calibration(**one | {"estimates": np.asarray(one["estimates"], dtype=float)})
            for one in (
                done[f"calibration.{b}"].records["calibration"]
                for b in range(calibration.blocks(inputs))
            )
        ]
    )
    primary = dataclasses.replace(
        estimates[0], null_rejection=calibrated.rejection_rate, null_draws=calibrated.draws
    )
    known_biased = done["known_biased"].records["known_biased"]
    falsification = [
        robustness.judged(e, spec.estimand.no_effect, exposure.fails_if)
        for exposure in spec.falsification
        for e in done[f"placebo.{exposure.measure}"].estimates
    ]
    variants = multiverse.variants(inputs, specifications)
    checked = done["robustness"].records
    without = pd.DataFrame(checked["without"])
    flips = robustness.sign_flips(primary.estimate, without, robustness.places(inputs.episodes))
    agreement = multiverse.agreement(primary, specifications)
    verdict = decide(
        Facts(
            hazard_ratio=primary.estimate,
            ci_low=primary.ci_low,
            ci_high=primary.ci_high,
            expected=spec.estimand.expected,
            exposed_ends=primary.exposed_ends,
            exposed_clusters=primary.exposed_clusters,
            engines_agree=checked["engines_agree"],
            null_rejection=primary.null_rejection,
            failed_falsifications=tuple(
                p.estimate.label for p in falsification if p.outcome == "failed"
            ),
            sign_flips=tuple(flips),
            principled_agreement=agreement,
        ),
        Rules(
            minimum_exposed_ends=study.minimum_exposed_ends,
            minimum_exposed_clusters=study.minimum_exposed_clusters,
            calibration_bounds=study.calibration_bounds,
            no_effect=spec.estimand.no_effect,
            agreement=study.agreement,
        ),
    )
    biased = [
        dataclasses.replace(e, null_rejection=known_biased, null_draws=draws.calibration_draws)
        if e.validity == "known-biased"
        else e
        for e in estimates[1:]
    ]
    prepared = prepare(inputs, spec.exposure)
    parts = [
        PARTS[name].function(Context(inputs, prepared, draws), primary)
        if PARTS[name].after_primary
        else done[f"part.{name}"]
        for name in spec.parts
    ]
    further = [e for p in parts for e in p.estimates]
    everything = [primary, *biased, *further, *(p.estimate for p in falsification), *variants]
    rows = tidy(everything)
    drawn, extras = curves.of(inputs, prepared)
    drawn = pd.concat(
        [drawn, *(p.curves for p in parts if p.curves is not None)], ignore_index=True
    )
    for part in parts:
        extras |= part.strings
    extras |= multiverse.strings(agreement, specifications)
    if not math.isnan(known_biased):
        extras["known_biased.null_rejection"] = wording.percent(known_biased)
    identity = result_id(f"{spec.hypothesis}.primary", spec.normalized(), panel, rows)
    return Made(
        rows,
        drawn,
        {
            "hypothesis": spec.hypothesis,
            "spec": spec.normalized(),
            "result_id": identity,
            "verdict": rounded(verdict.plain()),
            "variables": record.variables(inputs, primary, verdict, extras),
            "diagnostics": record.checks(
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
            "parts": rounded({k: v for p in parts for k, v in p.records.items()}),
        },
    )
