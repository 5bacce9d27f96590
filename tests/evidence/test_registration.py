"""Declared before a release is seen: what is written, and what the registered rule says."""

from __future__ import annotations

import functools
import json
import math
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs import DESIGNS, Inputs
from collsec.designs.estimate import Estimate
from collsec.evidence.registration import FILE, confirmed, decided, registered
from collsec.hypothesis.specification import specification_digest
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import load
from study import PROJECT, study_inputs

NAMES = ("h1", "h3", "h4", "h5", "h7")
LISTED = ("h1", "h2", *NAMES[1:])  # with every primary
MINIMUM = {"exposed_outcomes": 10, "exposed_clusters": 8}
ONE = {"expected": "above_one", "no_effect": [0.8, 1.25]}


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


def found(low: float, high: float, events: int = 20, clusters: int = 12) -> Estimate:
    return Estimate(
        "",
        "h",
        Role.PRIMARY,
        "",
        "x",
        0,
        "hazard_ratio",
        estimate=math.sqrt(low * high),
        ci_low=low,
        ci_high=high,
        level=0.95,
        p_value=0.1,
        std_error=0.1,
        inference="cluster_jackknife",
        nobs=1,
        n_units=1,
        n_events=1,
        n_clusters=1,
        exposed_units=1,
        exposed_events=events,
        exposed_clusters=clusters,
    )


@pytest.mark.parametrize(
    ("estimate", "expected", "standing"),
    [
        (found(1.2, 3.0), "above_one", "confirmed"),
        (found(1.2, 3.0), "below_one", "not confirmed"),
        (found(0.3, 0.9), "below_one", "confirmed"),
        (found(0.85, 1.2), "above_one", "not confirmed"),
        (found(0.7, 1.4), "above_one", "undecided"),
        # On a border: a ratio is within the range of no interest, and not above one.
        (found(0.8, 1.25), "above_one", "not confirmed"),
        (found(0.79, 1.25), "above_one", "undecided"),
        (found(0.8, 1.26), "below_one", "undecided"),
        (found(1.0, 3.0), "above_one", "undecided"),
        (found(1.0, 3.0), "below_one", "undecided"),
        (found(0.3, 1.0), "below_one", "undecided"),
        (found(0.3, 1.0), "above_one", "undecided"),
        (found(1.2, 3.0, events=10, clusters=8), "above_one", "confirmed"),
        (found(1.2, 3.0, events=9), "above_one", "not estimable"),
        (found(1.2, 3.0, clusters=7), "above_one", "not estimable"),
        (found(math.nan, math.nan), "above_one", "not estimable"),
    ],
)
def test_the_registered_rule(estimate: Estimate, expected: str, standing: str) -> None:
    assert decided(estimate, ONE | {"expected": expected}, MINIMUM) == standing


def test_follow_up_from_a_day_on_lets_units_enter_late() -> None:
    day = pd.Timestamp("2010-01-01")
    design = DESIGNS["time_varying"]
    prepared = design.prepare(inputs("h1"), inputs("h1").spec.exposure)
    later = prepared.since(day).rows
    zero = prepared.units.set_index("unit_id")["time_zero"]
    begins = zero[later["unit_id"]].to_numpy() + pd.to_timedelta(later["start"], unit="D")
    assert (begins >= day).all()
    ends = zero[prepared.rows["unit_id"]].to_numpy() + pd.to_timedelta(
        prepared.rows["stop"], unit="D"
    )
    assert later["event"].sum() == (prepared.rows["event"] & (ends > day).to_numpy()).sum()
    alone = design.since(inputs("h1"), day, 0.95)
    assert alone.n_events == later["event"].sum()


def test_nothing_is_followed_after_the_record() -> None:
    day = pd.Timestamp("2025-01-01")
    for name in NAMES:
        given = inputs(name)
        alone = DESIGNS[given.spec.design].since(given, day, 0.95)
        assert math.isnan(alone.estimate) and alone.exposed_events == 0, name


@functools.cache
def registration() -> dict[str, Any]:
    """The registration of the hypotheses that bring no module of their own along."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "data").mkdir()
        (root / "data" / "raw").symlink_to(PROJECT.root / "data" / "raw")
        shutil.copytree(PROJECT.root / "analyses", root / "analyses")
        study = root / "analyses" / "_study.yml"
        listed = f"hypotheses: [{', '.join(LISTED)}]"
        text = study.read_text(encoding="utf-8")
        study.write_text(re.sub(r"^hypotheses: .*$", listed, text, flags=re.MULTILINE))
        return registered(Project(root), "26.1", "ucdp_acd", "25.1", inputs)


def test_the_registration_holds_the_set_and_what_it_needs() -> None:
    made = registration()
    assert made["follow_up_from"] == "2025-01-01" and made["seen"]["last_day"] == "2024-12-31"
    rows = {row["hypothesis"]: row for row in made["hypotheses"]}
    assert list(rows) == list(LISTED)
    for row in rows.values():
        assert row["needed"]["2"] < row["needed"]["1.5"]
        assert row["expected_per_year"] >= 0
        assert row["declared"]["estimand"]["expected"] == row["expected"]
    assert json.loads(json.dumps(made)) == made
    written = json.loads((PROJECT.root / FILE).read_text(encoding="utf-8"))
    listed = [row["hypothesis"] for row in written["hypotheses"]]
    assert listed == list(load_study(PROJECT).hypotheses)
    assert written["rule"] == made["rule"] and written["release"] == "26.1"


def test_the_registered_specifications_are_those_of_the_study() -> None:
    """An edit of a front matter, or of what a page brings along, asks for a new registration."""
    written = json.loads((PROJECT.root / FILE).read_text(encoding="utf-8"))
    for row in written["hypotheses"]:
        now = specification_digest(PROJECT, row["hypothesis"])
        assert row["specification"] == now, f"{row['hypothesis']}: run `collsec register` again"


def test_only_follow_up_confirms_and_another_vintage_says_so() -> None:
    few = registration() | {
        "hypotheses": [r for r in registration()["hypotheses"] if r["hypothesis"] in NAMES]
    }
    here = confirmed(PROJECT, few, "25.1", inputs)
    assert not here["is_registered"]
    assert {row["follow_up"]["standing"] for row in here["hypotheses"]} == {"not estimable"}
    assert {row["all_years"]["standing"] for row in here["hypotheses"]} == {"updated"}
    assert confirmed(PROJECT, few, "26.1", inputs)["is_registered"]
    # A registration as of an earlier day finds follow-up, and still never more than it registered.
    early = confirmed(PROJECT, few | {"follow_up_from": "1995-01-01"}, "26.1", inputs)
    rows = {row["hypothesis"]: row for row in early["hypotheses"]}
    assert rows["h3"]["follow_up"]["standing"] in ("undecided", "not confirmed", "confirmed")
    assert rows["h3"]["follow_up"]["exposed_events"] > 100
    changed = [r | {"specification": "0"} for r in few["hypotheses"]]
    moved = confirmed(PROJECT, few | {"hypotheses": changed}, "26.1", inputs)
    assert not any(row["is_as_registered"] for row in moved["hypotheses"])


def test_each_design_counts_what_it_confirms_by() -> None:
    given = inputs("h4")
    design = DESIGNS["recurrence"]
    whole = design.without_draws(given, design.prepare(given, given.spec.exposure), 0.95)
    alone = design.since(given, pd.Timestamp("1995-01-01"), 0.95)
    assert 0 < alone.exposed_events <= whole.exposed_events
    assert alone.estimand == "hazard_ratio_of_recurrence"
    acts = DESIGNS["months_at_war"].since(inputs("h5"), pd.Timestamp("2000-01-01"), 0.95)
    every = DESIGNS["months_at_war"].prepare(inputs("h5"), inputs("h5").spec.exposure)
    assert acts.exposed_events == (every.sets.acts["day"] >= "2000-01-01").sum()
