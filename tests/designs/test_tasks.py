"""Tasks: how they are split over shards, and that nothing is lost on the way."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import pickle

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import DESIGNS, Inputs, checks, tasks
from collsec.designs.estimate import Quantity, Unit, tidy
from collsec.designs.inputs import prepare
from collsec.designs.parts import PARTS, Part
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import load
from for_all_tests import LAST_DIGITS
from study import PROJECT, study_inputs

FEW = Draws(
    rerandomization_draws=240, calibration_draws=24, bootstrap_draws=199, imputation_draws=2
)


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_every_task_belongs_to_one_shard(name: str, shards: int) -> None:
    names = list(tasks.tasks(inputs(name), FEW))
    given = [n for k in range(1, shards + 1) for n in tasks.of_shard(names, k, shards)]
    assert sorted(given) == sorted(names)
    spec = inputs(name).spec
    assert {n for n in names if n.startswith("part.")} == {
        f"part.{p}" for p in spec.parts if not PARTS[p].after_primary
    }
    assert {"primary", "robustness", "calibration.0"} <= set(names)


def test_done_tasks_come_back_from_json_as_they_were() -> None:
    every = tasks.tasks(inputs("h3"), FEW)
    done = {name: every[name]() for name in ("primary", "robustness", "calibration.3")}
    first = dataclasses.replace(done["primary"].estimates[0], ci_high=math.inf, mde_low=math.nan)
    curve = pd.DataFrame({"time": [0.1 + 0.2, 1.0], "group": ["a", "b"]})
    quantities = {
        "n": Quantity(3, Unit.COUNT),
        "set": Quantity([[-math.inf, 0.5]], Unit.CONFIDENCE_SET),
        "p": Quantity(math.nan, Unit.P_VALUE, digits=2),
    }
    records = {"x": np.float64(1 / 3), "y": np.arange(2)}
    done["further"] = Part([first], curve, quantities, records)
    back = tasks.from_json(json.loads(json.dumps(tasks.to_json(done))))
    pd.testing.assert_frame_equal(
        tidy(back["primary"].estimates), tidy(done["primary"].estimates), check_exact=True
    )
    again = back["further"].estimates[0]
    assert again.role is Role.PRIMARY
    assert math.isinf(again.ci_high) and math.isnan(again.mde_low)
    pd.testing.assert_frame_equal(back["further"].curves, curve, check_exact=True)
    found = back["further"].quantities
    assert (found["n"], found["set"]) == (quantities["n"], quantities["set"])
    assert math.isnan(found["p"].value) and found["p"].digits == 2
    assert back["further"].records == {"x": 1 / 3, "y": [0, 1]}
    assert back["robustness"].records["without"] == done["robustness"].records["without"]


def test_blocks_of_a_calibration_are_those_of_one_run() -> None:
    given = inputs("h3")
    prepared = prepare(given, given.spec.exposure)
    design = DESIGNS["fixed_at_onset"]
    blocks = [design.calibrate(given, prepared, 16, b) for b in (0, 1)]
    assert [b.draws for b in blocks] == [2, 2]
    # Draw 9 stands in block 1 whatever the number of draws.
    longer = design.calibrate(given, prepared, 32, 1)
    np.testing.assert_allclose(longer.estimates[:2], blocks[1].estimates, rtol=LAST_DIGITS)
    both = checks.pooled(blocks)
    assert both.draws == 4
    assert both.rejection_rate == sum(b.rejection_rate for b in blocks) / 2
    np.testing.assert_array_equal(both.estimates[2:], blocks[1].estimates)


@pytest.mark.parametrize("name", ["h1", "h3", "h4"])
def test_what_is_made_once_is_what_a_task_would_make_alone(name: str) -> None:
    whole = study_inputs(load(PROJECT, name))
    design, spec = DESIGNS[whole.spec.design], whole.spec
    first = design.prepare(whole, spec.exposure)
    kept = {key: pickle.dumps(value) for key, value in whole.made.items()}
    assert kept
    every = tasks.tasks(whole, FEW)
    chosen = ["robustness", *(n for n in every if n.startswith(("secondary.", "outcome.")))][:3]
    together = json.dumps(tasks.to_json({n: every[n]() for n in chosen}))
    alone = {n: tasks.tasks(dataclasses.replace(whole), FEW)[n]() for n in chosen}
    assert json.dumps(tasks.to_json(alone)) == together
    # No task has changed what another one is given.
    assert {key: pickle.dumps(whole.made[key]) for key in kept} == kept
    again = design.prepare(whole, spec.exposure)
    pd.testing.assert_frame_equal(again.rows, first.rows, check_exact=True)


def test_inputs_that_are_replaced_begin_with_nothing_made() -> None:
    whole = study_inputs(load(PROJECT, "h1"))
    rows = prepare(whole, whole.spec.exposure).rows
    fewer = dataclasses.replace(whole, episodes=whole.episodes.iloc[::2].reset_index(drop=True))
    assert whole.made and not fewer.made
    assert prepare(fewer, whole.spec.exposure).rows["unit_id"].nunique() < (
        rows["unit_id"].nunique()
    )
