"""The work of a hypothesis in pieces that need nothing of one another, to run side by side.

Each piece has seeds of its own, so that its numbers do not depend on how the pieces are shared out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs import calibration, curves, robustness
from collsec.designs.engines import engines_agree
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.parts import PARTS, Context, Part
from collsec.designs.sandwich import bootstrapped, by_own_method, jackknifed, sandwich
from collsec.designs.time_varying import rerandomized
from collsec.hypothesis.specification import ExposureSpec, Spec
from collsec.hypothesis.study import Draws

Piece = Callable[[], Part]


def pieces(inputs: Inputs, draws: Draws) -> dict[str, Piece]:
    """Every piece of work that the specification asks for, by name, in the order of the results.

    Parameters
    ----------
    inputs : Inputs
    draws : Draws
        Draw counts of the profile.

    Returns
    -------
    dict of callables
        The primary, its lags, other exposures and outcomes; placebos; blocks of the null
        calibration; robustness; and the parts that need no primary.
    """
    spec = inputs.spec
    timed = _time_varying if spec.design == "time_varying" else _fixed
    made = timed(inputs, draws)
    for exposure in spec.falsification:
        made[f"placebo.{exposure.measure}"] = partial(_placebo, inputs, exposure, draws)
    for block in range(calibration.blocks(inputs)):
        made[f"calibration.{block}"] = partial(_calibrated, inputs, draws, block)
    made["known_biased"] = lambda: Part(
        records={
            "known_biased": calibration.calibrate_known_biased(inputs, draws.calibration_draws)
        }
    )
    made["robustness"] = partial(_robustness, inputs)
    for name in spec.parts:
        if not PARTS[name].after_primary:
            made[f"part.{name}"] = partial(_part, inputs, draws, name)
    return made


def shared_out(names: list[str], share: int, shares: int) -> list[str]:
    """The pieces of one share: every ``shares``-th, so that like ones spread over all shares."""
    return names[share - 1 :: shares]


def to_json(done: Mapping[str, Part]) -> dict[str, Any]:
    """Pieces as plain JSON; numbers keep all their digits, infinite and missing ones included."""
    return {
        name: _plain(
            {
                "estimates": [dataclasses.asdict(e) for e in part.estimates],
                "curves": None if part.curves is None else part.curves.to_dict(orient="list"),
                "strings": part.strings,
                "records": part.records,
            }
        )
        for name, part in done.items()
    }


def from_json(record: Mapping[str, Any]) -> dict[str, Part]:
    """Pieces back from :func:`to_json`."""
    return {
        name: Part(
            [Estimate(**fields) for fields in one["estimates"]],
            None if one["curves"] is None else pd.DataFrame(one["curves"]),
            one["strings"],
            one["records"],
        )
        for name, one in record.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def _placebo(inputs: Inputs, exposure: ExposureSpec, draws: Draws) -> Part:
    return Part([robustness.placebo(inputs, exposure, draws.rerandomization_draws)])


def _calibrated(inputs: Inputs, draws: Draws, block: int) -> Part:
    prepared = prepare(inputs, inputs.spec.exposure)
    found = calibration.calibrate_block(inputs, prepared, draws.calibration_draws, block)
    return Part(records={"calibration": dataclasses.asdict(found)})


def _part(inputs: Inputs, draws: Draws, name: str) -> Part:
    return PARTS[name].function(Context(inputs, prepare(inputs, inputs.spec.exposure), draws))


def _robustness(inputs: Inputs) -> Part:
    """Leaving one conflict or mission out, a second engine, proportional hazards."""
    prepared = prepare(inputs, inputs.spec.exposure)
    agree, gap = engines_agree(prepared)
    return Part(
        records={
            "without": robustness.leave_one_out(inputs, prepared).to_dict(orient="list"),
            "engines_agree": agree,
            "engine_gap": gap,
            "proportional_hazards": robustness.proportional_hazards(prepared),
        }
    )


def _time_varying(inputs: Inputs, draws: Draws) -> dict[str, Piece]:
    """Primary, lags, secondary exposures, other outcomes of a timed exposure."""
    spec, study = inputs.spec, inputs.study
    name, exposure = spec.hypothesis, spec.exposure
    usual = 1 - study.alpha

    def timed(
        exposure: ExposureSpec,
        suffix: str,
        role: str,
        level: float,
        *,
        label: str = "",
        lag: int | None = None,
        outcome: str | None = None,
    ) -> Piece:
        return lambda: Part(
            [
                rerandomized(
                    inputs,
                    prepare(inputs, exposure, outcome=outcome),
                    exposure,
                    estimate_id=f"{name}.{suffix}",
                    role=role,
                    draws=draws.rerandomization_draws,
                    level=level,
                    label=label,
                    lag_months=lag,
                )[0]
            ]
        )

    made = {"primary": timed(exposure, "primary", "primary", study.level_of(name))}
    for lag in spec.lags_months:
        if lag != exposure.lag_months:  # else the primary itself: one estimate, one interval
            made[f"lag.{lag}"] = timed(
                dataclasses.replace(exposure, lag_months=lag),
                f"lag_{lag:02d}",
                "lag",
                study.level_of(name),
                label=f"Lag of {lag} months",
                lag=lag,
            )
    for other in spec.secondary:
        if other.validity == "known-biased":
            made[f"secondary.{other.measure}"] = _undrawn(inputs, other, "known_biased", usual)
        else:
            made[f"secondary.{other.measure}"] = timed(other, other.measure, "secondary", usual)
    for outcome in spec.outcomes:
        made[f"outcome.{outcome}"] = timed(
            exposure, outcome, "outcome", usual, label=curves.kind_label(outcome), outcome=outcome
        )
    return made


def _fixed(inputs: Inputs, draws: Draws) -> dict[str, Piece]:
    """Primary, its cluster bootstrap, other indices and other outcomes of a tie before onset."""
    spec, study = inputs.spec, inputs.study
    name, usual = spec.hypothesis, 1 - study.alpha

    def primary() -> Part:
        prepared = prepare(inputs, spec.exposure)
        beside = sandwich(
            inputs,
            prepared,
            spec.exposure,
            estimate_id=f"{name}.sandwich",
            role="secondary",
            level=study.level_of(name),
        )
        first = jackknifed(inputs, prepared, beside, estimate_id=f"{name}.primary", role="primary")
        return Part(
            [
                first,
                bootstrapped(
                    inputs,
                    prepared,
                    first,
                    draws=draws.bootstrap_draws,
                    estimate_id=f"{name}.bootstrap",
                ),
            ]
        )

    made: dict[str, Piece] = {"primary": primary}
    for other in spec.secondary:
        made[f"secondary.{other.measure}"] = _undrawn(inputs, other, "secondary", usual)
    for outcome in spec.outcomes:
        made[f"outcome.{outcome}"] = partial(_outcome_undrawn, inputs, outcome, usual)
    return made


def _undrawn(inputs: Inputs, other: ExposureSpec, role: str, level: float) -> Piece:
    name = f"{inputs.spec.hypothesis}.{other.measure}"
    return lambda: Part(
        [
            by_own_method(
                inputs, prepare(inputs, other), other, estimate_id=name, role=role, level=level
            )
        ]
    )


def _outcome_undrawn(inputs: Inputs, outcome: str, level: float) -> Part:
    spec = inputs.spec
    return Part(
        [
            by_own_method(
                inputs,
                prepare(inputs, spec.exposure, outcome=outcome),
                spec.exposure,
                estimate_id=f"{spec.hypothesis}.{outcome}",
                role="outcome",
                level=level,
                label=curves.kind_label(outcome),
            )
        ]
    )


def main_estimates(spec: Spec, done: Mapping[str, Part]) -> list[Estimate]:
    """The primary and what stands beside it, in the order of the specification."""
    made = list(done["primary"].estimates)
    for lag in spec.lags_months:
        if lag == spec.exposure.lag_months:
            made.append(
                dataclasses.replace(
                    made[0],
                    estimate_id=f"{spec.hypothesis}.lag_{lag:02d}",
                    role="lag",
                    label=f"Lag of {lag} months",
                )
            )
        else:
            made += done[f"lag.{lag}"].estimates
    for kind, names in (
        ("secondary", [e.measure for e in spec.secondary]),
        ("outcome", list(spec.outcomes)),
    ):
        made += [e for name in names for e in done[f"{kind}.{name}"].estimates]
    return made
