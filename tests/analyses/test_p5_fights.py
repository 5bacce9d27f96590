"""Wars in which a permanent member fights: whose war it is, what is counted, what Firth says."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from collsec_page.h3.p5_fights import (
    GROUPS,
    VETO,
    days_of_act,
    p5_fights,
    penalized,
    tally,
    with_kinds,
)

from collsec.core.project import Project
from collsec.designs.comparison import Comparison
from collsec.designs.inputs import prepare
from collsec.designs.parts import Context
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import load
from made_up_cohorts import STUDY, inputs_of
from study import study_inputs, texts_of

DAY = pd.Timestamp


def world() -> object:
    """One war of each kind, one with a UN contributor that is no member, one without anyone."""
    kinds = [
        "intrastate",
        "extrasystemic",
        "interstate",
        "internationalized",
        "intrastate",
        "interstate",
    ]
    episodes = pd.DataFrame(
        {
            "episode_id": [f"{i}-1" for i in range(6)],
            "conflict_id": range(6),
            "type_at_onset": kinds,
            "onset_date": DAY("2000-01-01"),
            "exit_date": DAY("2001-01-01"),
            "onset_year": 2000,
            "first_year": 2000,
            "last_year": 2001,
            "is_ended": True,
            "earlier_episodes": 0,
            "gwno_host": 1,
            "region": 1,
        }
    )
    ties = pd.DataFrame(
        [
            ("0-1", "russia", True, True, True),
            ("1-1", "uk", True, False, True),
            ("2-1", "usa", True, False, True),
            ("3-1", "france", True, False, True),
            ("3-1", "russia", True, False, False),
            ("4-1", "germany", False, False, True),
            ("5-1", "china", True, True, False),
        ],
        columns=["episode_id", "power", "is_p5", "is_host_itself", "is_belligerent"],
    )
    return inputs_of(episodes=episodes, ties=ties)


def test_each_war_has_the_kind_of_the_member_s_part_in_it() -> None:
    found = with_kinds(world())  # type: ignore[arg-type]
    assert found["kind"].tolist() == ["own", "colonial", "between", "intervenes", "none", "none"]
    assert found["is_russia_or_china"].tolist() == [True, False, False, False, False, False]


def test_the_tally_counts_wars_and_events_by_kind() -> None:
    frame = pd.DataFrame({"kind": ["own", "own", "none"], "event": [True, False, True]})
    assert tally(frame) == {"own": {"wars": 2, "events": 1}, "none": {"wars": 1, "events": 1}}


def test_only_sure_vetoes_are_first_vetoes() -> None:
    acts = pd.DataFrame(
        {
            "conflict_id": pd.array([1, 2, 3], dtype="Int64"),
            "date": DAY("2000-06-01"),
            "act": ["veto", "resolution", "veto"],
            "basis": ["file", "file", "recalled"],
            "confidence": [3, 3, 3],
        }
    )
    assert days_of_act(inputs_of(acts=acts), VETO)["conflict_id"].tolist() == [1]


def test_without_an_event_among_the_exposed_the_ratio_is_the_one_on_paper() -> None:
    """Nine strata, one event each, never on the 2 exposed of 8: odds of (½/10) over 2 : 6."""
    rows = pd.DataFrame(
        [
            (s, float(i < 2), 2.0 if i != 7 else 1.0, i == 7, 8 * s + i)
            for s in range(9)
            for i in range(8)
        ],
        columns=["stratum", "fights", "stop", "event", "unit_id"],
    ).assign(start=0.0)
    comparison = Comparison(rows, "fights", strata=("stratum",), cluster="stratum")
    found = penalized(
        comparison,
        0.95,
        {
            "estimate_id": "h3.x",
            "hypothesis": "h3",
            "role": "p5_fights",
            "label": "x",
            "measure": "p5_party",
            "lag_months": 0,
            "estimand": "hazard_ratio_of_action",
        },
    )
    share = 0.5 / 10
    assert found.estimate == pytest.approx(share / (1 - share) * 6 / 2, rel=1e-5)
    assert 0 < found.ci_low < found.estimate < found.ci_high < math.inf
    assert (found.exposed_events, found.n_events, found.exposed_units) == (0, 9, 18)
    assert found.inference == "firth_profile"


def test_the_study_s_wars_are_parted_without_rest(repository: Path) -> None:
    inputs = study_inputs(load(Project(repository), "h3"))
    made = p5_fights(Context(inputs, prepare(inputs, inputs.spec.exposure), Draws(480, 40, 49, 2)))
    record = made.records["p5_fights"]
    flagged = int(inputs.episodes["has_p5_party"].sum())
    fought = {k: v for k, v in record["end"].items() if k != "none"}
    assert sum(v["wars"] for v in fought.values()) == flagged
    assert sum(v["wars"] for v in record["end"].values()) == len(inputs.episodes)
    found = {e.estimate_id: e for e in made.estimates}
    for name in GROUPS:
        assert f"h3.p5_fights.end.{name}" in found
    acts = found["h3.p5_fights.mission.any"]
    assert acts.exposed_events == sum(record["mission"][k]["events"] for k in fought)
    assert texts_of("p5_fights", made)["p5_fights.mission.events"] == str(acts.exposed_events)
    assert STUDY.alpha == 0.05
