"""panels → estimates: the designs by which a hypothesis is put to the data."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec import wording

# The modules of parts register themselves on import.
from collsec.designs import (
    action_class,  # noqa: F401
    alternatives,
    authorization_trial,  # noqa: F401
    curves,
    date_imputation,  # noqa: F401
    dose,  # noqa: F401
    dose_troops,  # noqa: F401
    drafts,  # noqa: F401
    duration_models,  # noqa: F401
    early_late,  # noqa: F401
    exclusions,  # noqa: F401
    grace_trial,  # noqa: F401
    interactions,  # noqa: F401
    marginal_structural,  # noqa: F401
    multiverse,
    negative_controls,  # noqa: F401
    next_action,  # noqa: F401
    record,
    robustness,
    rotating_seats,  # noqa: F401
    stages,  # noqa: F401
    standardization,  # noqa: F401
)
from collsec.designs.calibration import calibrate, calibrate_known_biased
from collsec.designs.engines import engines_agree
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import PARTS, Context, Part
from collsec.designs.sandwich import bootstrapped, jackknifed, sandwich
from collsec.designs.time_varying import rerandomized
from collsec.hypothesis import Draws, ExposureSpec
from collsec.panels import exposure_column, unit_spells
from collsec.results import Estimate, result_id, rounded, tidy
from collsec.verdict import Facts, Rules, decide


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that the estimate step writes."""

    estimates: pd.DataFrame
    curves: pd.DataFrame
    record: dict[str, Any]


def arrange_panel(inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The primary's panel, with the exposure at every declared lag, and the attrition table."""
    from collsec import measures
    from collsec.panels import arrange

    spec = inputs.spec
    prepared = prepare(inputs, spec.exposure)
    if prepared.spells is None:
        return prepared.rows, prepared.attrition
    calendar = measures.get(spec.exposure.measure).function(inputs.timelines)
    lags = sorted({spec.exposure.lag_months, *spec.lags_months})
    exposures = {
        exposure_column(spec.exposure.measure, lag): unit_spells(prepared.units, calendar, lag)
        for lag in lags
    }
    carried = [c for c in prepared.rows.columns
               if c not in {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}]
    return arrange(prepared.units, prepared.outcome, exposures, carried), prepared.attrition


def estimate_hypothesis(
    inputs: Inputs, panel: pd.DataFrame, specifications: pd.DataFrame, profile: str
) -> Made:
    """Estimate a hypothesis as its file declares, check it, and draw the verdict.

    Parameters
    ----------
    inputs : Inputs
    panel : DataFrame
        The primary's panel as written by the panel step; it enters the result id.
    specifications : DataFrame
        The multiverse as written by its own step: the verdict asks whether its principled
        specifications agree.
    profile : str
        Which draw counts to use.
    """
    spec, study = inputs.spec, inputs.study
    draws = study.draws(profile)
    prepared = prepare(inputs, spec.exposure)
    if spec.design == "time_varying":
        estimates = _time_varying(inputs, prepared, draws)
    else:
        estimates = _fixed(inputs, prepared, draws)
    primary = estimates[0]

    calibration = calibrate(inputs, prepared, draws.calibration_draws)
    primary = dataclasses.replace(
        primary, null_rejection=calibration.rejection_rate, null_draws=calibration.draws
    )
    known_biased = calibrate_known_biased(inputs, draws.calibration_draws)
    falsification = robustness.placebos(inputs, draws.rerandomization_draws)
    variants = multiverse.variants(inputs, specifications)
    without = robustness.leave_one_out(inputs, prepared)
    flips = robustness.sign_flips(primary.estimate, without)
    agree, gap = engines_agree(prepared)
    agreement = multiverse.agreement(primary, specifications)
    verdict = decide(
        Facts(
            hazard_ratio=primary.estimate, ci_low=primary.ci_low, ci_high=primary.ci_high,
            expected=spec.estimand.expected,
            exposed_ends=primary.exposed_ends, exposed_clusters=primary.exposed_clusters,
            engines_agree=agree, null_rejection=primary.null_rejection,
            failed_falsifications=tuple(
                p.estimate.label for p in falsification if p.outcome == "failed"),
            sign_flips=tuple(flips),
            principled_agreement=agreement,
        ),
        Rules(
            minimum_exposed_ends=study.minimum_exposed_ends,
            minimum_exposed_clusters=study.minimum_exposed_clusters,
            calibration_bounds=study.calibration_bounds,
            no_effect=spec.estimand.no_effect, agreement=study.agreement,
        ),
    )
    biased = [
        dataclasses.replace(e, null_rejection=known_biased, null_draws=draws.calibration_draws)
        if e.validity == "known-biased" else e
        for e in estimates[1:]
    ]
    further, drawn_by_parts, parts = _parts(Context(inputs, prepared, primary, draws))
    everything = [primary, *biased, *further, *(p.estimate for p in falsification), *variants]
    rows = tidy(everything)
    drawn, extras = curves.of(inputs, prepared)
    drawn = pd.concat([drawn, *drawn_by_parts], ignore_index=True)
    extras |= parts.strings | multiverse.strings(agreement, specifications)
    extras |= alternatives.texts(everything, drawn, without)
    if not math.isnan(known_biased):
        extras["known_biased.null_rejection"] = wording.percent(known_biased)
    identity = result_id(f"{spec.hypothesis}.primary", spec.normalized(), panel, rows)
    return Made(rows, drawn, {
        "hypothesis": spec.hypothesis,
        "spec": spec.normalized(),
        "result_id": identity,
        "verdict": dataclasses.asdict(verdict),
        "variables": record.variables(inputs, primary, verdict, extras),
        "diagnostics": record.checks(
            gap, dataclasses.asdict(calibration), falsification, flips, agreement,
            robustness.proportional_hazards(prepared), known_biased,
        ) | {"leave_one_out": rounded(without.to_dict(orient="records"))},
        "multiverse": rounded(
            multiverse.summary(specifications)
            | {"options": multiverse.by_option(inputs, specifications)}
        ),
        "parts": rounded(parts.records),
    })


def _time_varying(inputs: Inputs, prepared: Prepared, draws: Draws) -> list[Estimate]:
    """Primary, lags, secondary exposures, other outcomes, other models of a timed exposure."""
    spec, study = inputs.spec, inputs.study
    name, exposure = spec.hypothesis, spec.exposure
    usual = 1 - study.level

    def timed(
        prepared: Prepared, exposure: ExposureSpec, suffix: str, role: str, level: float,
        label: str = "", lag: int | None = None,
    ) -> Estimate:
        return rerandomized(
            inputs, prepared, exposure, estimate_id=f"{name}.{suffix}", role=role,
            draws=draws.rerandomization_draws, level=level, label=label, lag_months=lag,
        )[0]

    made = [timed(prepared, exposure, "primary", "primary", study.primary_level)]
    for lag in spec.lags_months:
        if lag == exposure.lag_months:  # the primary itself: one estimate, one interval
            made.append(dataclasses.replace(made[0], estimate_id=f"{name}.lag_{lag:02d}",
                                            role="lag", label=f"Lag of {lag} months"))
            continue
        lagged = dataclasses.replace(exposure, lag_months=lag)
        made.append(timed(prepare(inputs, lagged), lagged, f"lag_{lag:02d}", "lag",
                          study.primary_level, f"Lag of {lag} months", lag))
    for other in spec.secondary:
        if other.validity == "known-biased":
            made.append(sandwich(
                inputs, prepare(inputs, other), other, estimate_id=f"{name}.{other.measure}",
                role="known_biased", level=usual,
            ))
        else:
            made.append(timed(prepare(inputs, other), other, other.measure, "secondary", usual))
    for outcome in spec.outcomes:
        made.append(timed(
            prepare(inputs, exposure, outcome=outcome), exposure, outcome, "outcome", usual,
            curves.kind_label(outcome),
        ))
    return made


def _fixed(inputs: Inputs, prepared: Prepared, draws: Draws) -> list[Estimate]:
    """Primary, its cluster bootstrap, other indices and other outcomes of a tie before onset."""
    spec, study = inputs.spec, inputs.study
    name, usual = spec.hypothesis, 1 - study.level
    beside = sandwich(inputs, prepared, spec.exposure, estimate_id=f"{name}.sandwich",
                      role="secondary", level=study.primary_level)
    made = [jackknifed(inputs, prepared, beside, estimate_id=f"{name}.primary", role="primary")]
    made.append(bootstrapped(inputs, prepared, made[0], estimate_id=f"{name}.bootstrap",
                             draws=draws.bootstrap_draws))
    for other in spec.secondary:
        made.append(sandwich(inputs, prepare(inputs, other), other,
                             estimate_id=f"{name}.{other.measure}", role="secondary", level=usual))
    for outcome in spec.outcomes:
        made.append(sandwich(
            inputs, prepare(inputs, spec.exposure, outcome=outcome), spec.exposure,
            estimate_id=f"{name}.{outcome}", role="outcome", level=usual,
            label=curves.kind_label(outcome),
        ))
    return made


def _parts(context: Context) -> tuple[list[Estimate], list[pd.DataFrame], Part]:
    """Every part that the file names: their estimates, curves, and strings with records."""
    made = [PARTS[name](context) for name in context.inputs.spec.parts]
    together = Part(
        strings={k: v for p in made for k, v in p.strings.items()},
        records={k: v for p in made for k, v in p.records.items()},
    )
    return (
        [e for p in made for e in p.estimates],
        [p.curves for p in made if p.curves is not None], together,
    )


__all__ = ["PARTS", "Inputs", "Made", "arrange_panel", "estimate_hypothesis"]
