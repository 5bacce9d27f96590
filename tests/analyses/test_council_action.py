"""The first act of the Council on a war: who is at risk, what comes first, and known answers."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from collsec_page.h3 import council_action as module
from collsec_page.h3.council_action import (
    ACTS,
    FirstAct,
    act_days,
    council_action,
    incidence_by_third,
    until_first,
)

from collsec.core.project import Project
from collsec.designs.curves import THIRDS
from collsec.designs.inputs import prepare
from collsec.designs.parts import Context
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import load
from made_up_cohorts import inputs_of
from study import study_inputs, texts_of

DAY = pd.Timestamp
END = DAY("2022-06-30")
ACT = FirstAct("resolution", "First resolution", "resolutions")


def wars(*rows: tuple[int, str, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "time_zero", "exit_date", "is_ended"])
    return frame.assign(
        time_zero=pd.to_datetime(frame["time_zero"]), exit_date=pd.to_datetime(frame["exit_date"])
    )


def acts(*rows: tuple[int, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "date"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


@pytest.mark.parametrize(
    ("act_date", "cause", "stop"),
    [
        ("2000-01-11", "act", 10.0),
        ("2000-02-01", "end", 31.0),  # on the last day of the war: too late for it
        ("2001-01-01", "end", 31.0),  # after it
    ],
)
def test_an_act_before_the_last_day_of_the_war_comes_first(
    act_date: str, cause: str, stop: float
) -> None:
    found = until_first(wars((1, "2000-01-01", "2000-02-01", True)), acts((1, act_date)), END)
    assert found["cause"].tolist() == [cause]
    assert found["stop"].tolist() == [stop]
    assert found["event"].tolist() == [cause == "act"]


def test_a_conflict_with_an_act_up_to_its_onset_is_no_longer_at_risk_of_a_first() -> None:
    units = wars(
        (1, "2000-01-01", "2000-02-01", True),
        (2, "2000-01-01", "2000-02-01", True),
        (3, "2000-01-01", "2000-02-01", True),
    )
    found = until_first(units, acts((1, "1990-01-01"), (1, "2000-01-05"), (2, "2000-01-01")), END)
    assert found["conflict_id"].tolist() == [3]


def test_the_record_of_acts_ends_the_follow_up_of_a_war_that_goes_on() -> None:
    units = wars(
        (1, "2022-06-20", "2024-12-31", False),
        (2, "2022-06-30", "2024-12-31", False),
        (3, "2022-06-20", "2022-07-15", True),
        (4, "2022-06-29", "2022-06-29", True),
    )
    found = until_first(units, acts((1, "2023-01-01")), END)
    assert found["conflict_id"].tolist() == [1, 3, 4], "a war begun when the record had ended"
    assert found["stop"].tolist() == [10.0, 10.0, 0.5]
    assert found["cause"].tolist() == ["", "", "end"]


def test_weak_and_recalled_resolutions_and_vetoes_are_no_first_acts() -> None:
    rows = pd.DataFrame(
        {
            "conflict_id": pd.array([1, 2, 3, 4, 5], dtype="Int64"),
            "date": DAY("2000-01-01"),
            "act": ["resolution", "veto", "resolution", "resolution", "resolution"],
            "action_class": ["sanctions", "sanctions", "other", "sanctions", "sanctions"],
            "basis": ["file", "file", "file", "recalled", "file"],
            "confidence": [3, 3, 2, 3, 1],
            "is_chapter_vii": pd.array([None, None, True, True, True], dtype="boolean"),
        }
    )
    inputs = inputs_of(acts=rows)
    assert act_days(inputs, ACTS[0])["conflict_id"].tolist() == [1, 3]
    of = {act.name: act_days(inputs, act)["conflict_id"].tolist() for act in ACTS[:3]}
    assert of == {"resolution": [1, 3], "chapter_vii": [3], "measure": [1]}


def test_the_incidence_of_the_act_is_worked_by_hand() -> None:
    """Four wars: act at 30, end at 60, act at 90 days, one goes on; no censoring before."""
    rows = pd.DataFrame(
        {
            "third": THIRDS[0],
            "gwno_host": [1, 2, 3, 4],
            "stop": [30.0, 60.0, 90.0, 3650.0],
            "cause": ["act", "end", "act", ""],
            "event": [True, False, True, False],
        }
    )
    found = incidence_by_third(rows, ACT, 6)
    first = found[found["group"] == THIRDS[0]].set_index("time_months")["estimate"]
    assert first.loc[[0, 1, 2, 3, 6]].tolist() == pytest.approx([0, 0.25, 0.25, 0.5, 0.5])
    rest = found[found["group"] != THIRDS[0]]
    assert (rest["estimate"] == 0).all() and rest["ci_low"].isna().all()


def test_a_known_effect_on_the_rate_of_action_is_recovered_on_the_study_s_wars(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acts drawn at a rate that doubles per standard deviation of salience."""
    inputs = study_inputs(load(Project(repository), "h3"))
    prepared = prepare(inputs, inputs.spec.exposure)
    units = prepared.units
    rng = np.random.default_rng(5)
    rate = 0.0004 * np.exp(math.log(2) * units["salience"].to_numpy())
    day = units["time_zero"] + pd.to_timedelta(1 + rng.exponential(1 / rate), unit="D")
    drawn = pd.DataFrame({"conflict_id": units["conflict_id"].astype("int64"), "date": day})
    drawn = drawn[drawn["date"] < DAY("2100-01-01")].sort_values("date")
    drawn = drawn.drop_duplicates("conflict_id").astype({"date": "datetime64[s]"})
    monkeypatch.setattr(module, "act_days", lambda *_: drawn)
    monkeypatch.setattr(module, "ACTS", (ACTS[0],))
    made = council_action(Context(inputs, prepared, Draws(480, 40, 49, 2)))
    found = {e.estimate_id: e for e in made.estimates}
    bare = found["h3.resolution.salience_bare"]
    assert bare.ci_low < 2 < bare.ci_high
    assert bare.ci_low > 1
    assert (
        texts_of("council_action", made)["resolution.salience_bare.says"] == "as the claim implies"
    )
    assert dataclasses.asdict(bare)["estimand"] == "hazard_ratio_of_action"


def test_the_part_gives_each_act_each_model_and_the_curves(repository: Path) -> None:
    inputs = study_inputs(load(Project(repository), "h3"))
    prepared = prepare(inputs, inputs.spec.exposure)
    made = council_action(Context(inputs, prepared, Draws(480, 40, 49, 2)))
    assert len(made.estimates) == 28
    assert {e.role for e in made.estimates} == {"council_action"}
    record = made.records["council_action"]
    for act in ACTS:
        counts = record[act.name]
        assert counts["acts"] + counts["ends_first"] <= counts["at_risk"] < counts["wars"]
    assert made.curves is not None
    assert set(made.curves["curve"]) == {f"first_{act.name}" for act in ACTS}
