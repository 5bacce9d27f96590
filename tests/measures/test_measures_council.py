"""Measures of Council acts: spells by hand, and the day on which the record of resolutions ends."""

from __future__ import annotations

import dataclasses
import functools

import pandas as pd

from collsec import measures
from collsec.designs import Inputs
from collsec.designs.inputs import followed_until, prepare
from collsec.histories.extents import last_day_followed
from collsec.histories.registry import Extent
from collsec.histories.timelines import ACTION_CLASSES
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.validation import load
from study import PROJECT, linked, raw_tables, study_extents, study_inputs, study_timelines

DAY = pd.Timestamp


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h2"))


def council(*acts: tuple[str, int, int]) -> dict[str, pd.DataFrame]:
    """A timeline of one conflict: day, vetoes and resolutions of that day."""
    frame = pd.DataFrame(acts, columns=["from_date", "vetoes", "resolutions"])
    frame["from_date"] = pd.to_datetime(frame["from_date"])
    frame[["vetoes", "resolutions"]] = frame[["vetoes", "resolutions"]].cumsum()
    frame.insert(0, "conflict_id", 1)
    return {"council": frame.assign(known_from=frame["from_date"])}


def spells(timelines: dict[str, pd.DataFrame]) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    out = measures.get("veto_until_resolution")(timelines)
    return list(zip(out["on_date"], out["off_date"], strict=True))


def test_a_veto_blocks_until_something_is_adopted() -> None:
    found = spells(council(("2000-01-01", 1, 0), ("2000-06-01", 1, 0), ("2001-01-01", 0, 1)))
    assert found == [(DAY("2000-01-01"), DAY("2001-01-01"))]


def test_a_resolution_of_the_same_day_leaves_nothing_blocked() -> None:
    assert spells(council(("2000-01-01", 1, 1))) == []


def test_a_block_after_the_last_resolution_stays() -> None:
    found = spells(council(("2000-01-01", 0, 1), ("2000-06-01", 1, 0)))
    assert len(found) == 1
    assert found[0][0] == DAY("2000-06-01")
    assert pd.isna(found[0][1])


def test_every_veto_on_a_war_has_one_class_of_action() -> None:
    timeline = study_timelines()["council"]
    by_class = timeline[[f"vetoes_{c}" for c in ACTION_CLASSES]].sum(axis=1)
    pd.testing.assert_series_equal(by_class, timeline["vetoes"], check_names=False)
    assert (timeline[[f"vetoes_{c}" for c in ACTION_CLASSES]].max() > 0).all()


def test_the_record_of_resolutions_ends_where_it_is_said_to_end() -> None:
    acts = linked().acts
    last = acts.loc[acts["act"] == "resolution", "date"].max()
    ends = study_extents()["resolutions"].last_day
    assert ends - pd.DateOffset(months=1) <= last <= ends
    assert raw_tables()["resolutions"]["resolution_date"].max() == ends == DAY("2026-01-27")
    assert acts.loc[acts["act"] == "veto", "date"].max() > ends


def test_the_record_of_resolutions_outlasts_the_follow_up_of_wars() -> None:
    found = prepare(inputs(), ExposureSpec("resolution_12m"))
    assert found.outcome["exit_date"].max() == last_day_followed(inputs().episodes)
    assert last_day_followed(inputs().episodes) < study_extents()["resolutions"].last_day
    # Nobody is left out for having begun after the record.
    left = found.attrition.set_index("step")
    assert left["n_units"]["begun while the record goes on"] == left["n_units"]["type at onset"]


def test_nobody_is_unexposed_to_resolutions_that_nobody_compiled() -> None:
    ends = DAY("2022-06-30")
    shorter = inputs().extents | {"resolutions": Extent(DAY("1946-01-01"), ends)}
    cut = dataclasses.replace(inputs(), extents=shorter)
    found = prepare(cut, ExposureSpec("resolution_12m"))
    assert (found.outcome["exit_date"] <= ends).all()
    assert (found.units["time_zero"] < ends).all()
    assert found.attrition["step"].eq("begun while the record goes on").any()
    later = prepare(cut, ExposureSpec("veto_12m"))
    assert (later.outcome["exit_date"] > ends).any()


def test_an_end_on_the_last_day_of_a_record_counts_and_a_later_one_does_not() -> None:
    outcome = pd.DataFrame(
        {
            "exit_date": pd.to_datetime(["2022-06-30", "2022-07-01", "2020-01-01"]),
            "is_event": [True, True, False],
        }
    )
    ends = DAY("2022-06-30")
    found = followed_until(outcome, ends)
    assert found["is_event"].tolist() == [True, False, False]
    assert found["exit_date"].tolist() == [ends, ends, DAY("2020-01-01")]
