"""The work of a hypothesis as tasks that need nothing of one another, to run side by side.

Each task has seeds of its own, so that its numbers do not depend on how tasks are split over
shards.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import checks
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Inputs
from collsec.designs.parts import PARTS, Context, Part
from collsec.designs.registry import Design, Row, Task, get
from collsec.hypothesis.specification import Spec
from collsec.hypothesis.study import Draws
from riskset import EstimationError
from riskset.inference import InferenceError


def tasks(inputs: Inputs, draws: Draws) -> dict[str, Task]:
    """Every task of a specification, by name, in the order of the results.

    Parameters
    ----------
    inputs : Inputs
    draws : Draws
        Draw counts of the profile.

    Returns
    -------
    dict of callables
        The primary, its lags, other exposures and outcomes; placebos; blocks of the null
        calibration; robustness; and the parts that do not wait for the primary.
    """
    spec, design = inputs.spec, get(inputs.spec.design)
    rows = {row.task: row for row in design.estimates(inputs)}
    made = {
        name: partial(_or_reason, task, inputs, rows[name]) if name in rows else task
        for name, task in design.tasks(inputs, draws).items()
    }
    for exposure in spec.falsification:
        name = f"placebo.{exposure.measure}"
        row = Row(name, name, Role.FALSIFICATION, exposure, inputs.study.usual_level)
        made[name] = partial(_or_reason, partial(design.made, inputs, row, draws), inputs, row)
    for block in range(design.calibration_blocks):
        made[f"calibration.{block}"] = partial(_calibrated, inputs, design, draws, block)
    made["known_biased"] = partial(_known_biased, inputs, design, draws)
    made["robustness"] = partial(design.robustness, inputs)
    for name in spec.parts:
        if not PARTS[name].after_primary:
            made[f"part.{name}"] = partial(_part, inputs, design, draws, name)
    return made


def _or_reason(task: Task, inputs: Inputs, row: Row) -> Part:
    """What a task gives, or a row that says why there is no estimate."""
    try:
        return task()
    except (EstimationError, InferenceError) as error:
        return Part([not_estimable(inputs, row, error)])


def not_estimable(inputs: Inputs, row: Row, why: object) -> Estimate:
    """The row of an estimate that the data cannot give: its counts, and the reason."""
    design = get(inputs.spec.design)
    known = design.described(
        inputs,
        design.prepare(inputs, row.exposure, outcome=row.outcome),
        row.exposure,
        estimate_id=f"{inputs.spec.hypothesis}.{row.name}",
        role=row.role,
        label=row.label,
        outcome=row.outcome,
    )
    return Estimate.missing(why, level=row.level, **known)


def of_shard(names: list[str], shard: int, shards: int) -> list[str]:
    """The tasks of one shard: every ``shards``-th, so that like ones spread over all shards."""
    return names[shard - 1 :: shards]


def to_json(done: Mapping[str, Part]) -> dict[str, Any]:
    """Parts as plain JSON; numbers keep all their digits, infinite and missing ones included."""
    return {
        name: _plain(
            {
                "estimates": [dataclasses.asdict(e) for e in part.estimates],
                "curves": None if part.curves is None else part.curves.to_dict(orient="list"),
                "quantities": {k: dataclasses.asdict(q) for k, q in part.quantities.items()},
                "records": part.records,
            }
        )
        for name, part in done.items()
    }


def from_json(record: Mapping[str, Any]) -> dict[str, Part]:
    """Parts back from :func:`to_json`."""
    return {
        name: Part(
            [Estimate(**one | {"role": Role(one["role"])}) for one in part["estimates"]],
            None if part["curves"] is None else pd.DataFrame(part["curves"]),
            {
                key: Quantity(q["value"], Unit(q["unit"]), q["digits"])
                for key, q in part["quantities"].items()
            },
            part["records"],
        )
        for name, part in record.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def _calibrated(inputs: Inputs, design: Design[Any], draws: Draws, block: int) -> Part:
    prepared = design.prepare(inputs, inputs.spec.exposure)
    try:
        found = design.calibrate(inputs, prepared, draws.calibration_draws, block)
    except (EstimationError, InferenceError):
        found = checks.NOT_CALIBRATED
    return Part(records={"calibration": dataclasses.asdict(found)})


def _known_biased(inputs: Inputs, design: Design[Any], draws: Draws) -> Part:
    try:
        rate = design.calibrate_biased(inputs, draws.calibration_draws)
    except (EstimationError, InferenceError):
        rate = math.nan
    return Part(records={"known_biased": rate})


def _part(inputs: Inputs, design: Design[Any], draws: Draws, name: str) -> Part:
    return made_by(name, Context(inputs, design.prepare(inputs, inputs.spec.exposure), draws))


def made_by(name: str, context: Context, *primary: Estimate) -> Part:
    """What a part gives, or one row that says why it gives nothing."""
    part = PARTS[name]
    try:
        return part.made(context, *primary)
    except (EstimationError, InferenceError) as error:
        if not part.roles:
            return Part()
        inputs, role = context.inputs, part.roles[0]
        row = Row(name, name, role, inputs.spec.exposure, inputs.study.usual_level)
        return Part([not_estimable(inputs, row, error)])


def main_estimates(spec: Spec, done: Mapping[str, Part]) -> list[Estimate]:
    """The primary and what is reported alongside it, in the order of the specification."""
    made = list(done["primary"].estimates)
    for lag in spec.lags_months:
        if lag == spec.exposure.lag_months:
            made.append(
                dataclasses.replace(
                    made[0],
                    estimate_id=f"{spec.hypothesis}.lag_{lag:02d}",
                    role=Role.LAG,
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
