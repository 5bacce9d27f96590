"""Rows cut at marks and at records, and landmarks: worked by hand, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, cox_ph, kaplan_meier, landmark, merge_events, split_episodes

ROWS = {"start": "start", "stop": "stop", "event": "ended"}


def wars() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "war": ["a", "a", "b", "c", "d"],
            "start": [0, 10, 4, 0, 0],
            "stop": [10, 24, 30, 12, 50],
            "ended": [0, 1, 1, 1, 0],
            "how": ["", "talks", "victory", "talks", ""],
            "size": [1, 2, 3, 4, 5],
        }
    )


def lists(frame: pd.DataFrame, *names: str) -> list[list[Any]]:
    return frame[list(names)].to_numpy().tolist()


def test_marks_at_the_ends_of_a_row_cut_nothing() -> None:
    cut = split_episodes(wars(), at=[10, 24], interval="part", **ROWS | {
        "event": {"ended": 0, "how": ""}})  # fmt: skip
    assert lists(cut, "war", "start", "stop", "ended", "how", "part") == [
        ["a", 0, 10, 0, "", 1],
        ["a", 10, 24, 1, "talks", 2],
        ["b", 4, 10, 0, "", 1],
        ["b", 10, 24, 0, "", 2],
        ["b", 24, 30, 1, "victory", 3],
        ["c", 0, 10, 0, "", 1],
        ["c", 10, 12, 1, "talks", 2],
        ["d", 0, 10, 0, "", 1],
        ["d", 10, 24, 0, "", 2],
        ["d", 24, 50, 0, "", 3],
    ]
    assert cut.index.tolist() == [0, 1, 2, 2, 2, 3, 3, 4, 4, 4]
    assert cut["stop"].dtype.kind == "i"
    near = split_episodes(wars(), at=10 + 1e-9, **ROWS)
    assert len(near) == 5 + 3  # the ends of the first two rows are that mark


def test_cuts_change_no_estimate() -> None:
    whole = cox_ph(wars(), ["size"], **ROWS, ties="breslow")
    cut = split_episodes(wars(), at="events", **ROWS)
    assert len(cut) > len(wars())
    assert cox_ph(cut, ["size"], **ROWS, ties="breslow").params["size"] == pytest.approx(
        whole.params["size"], rel=1e-12
    )
    by_how = split_episodes(wars(), at="events", **ROWS | {"event": {"how": "", "ended": 0}})
    pd.testing.assert_frame_equal(by_how[cut.columns], cut.assign(how=by_how["how"]))


def test_beginnings_of_minus_infinity_stay() -> None:
    cut = split_episodes(wars().assign(start=-np.inf).iloc[2:], at=[20.0], **ROWS)
    assert lists(cut, "start", "stop") == [
        [-np.inf, 20], [20, 30], [-np.inf, 12], [-np.inf, 20], [20, 50]]  # fmt: skip


def test_records_hold_from_right_after_their_time() -> None:
    records = pd.DataFrame(
        {
            "war": ["b", "a", "a", "d", "d", "c", "d"],
            "when": [1, 24, 10, 20, 20, 12, 35],
            "troops": [7, 9, 8, 5, 5, 6, 0],
            "who": ["un", "au", "un", "un", "un", "au", "eu"],
        }
    )
    found = merge_events(
        wars(), records, unit="war", time="when", values=["troops", "who"],
        before={"troops": 0}, count="records", **ROWS,
    )  # fmt: skip
    assert lists(found.fillna({"who": "none"}), "war", "start", "stop", "ended", "troops", "who",
                 "records") == [
        ["a", 0, 10, 0, 0, "none", 0],
        ["a", 10, 24, 1, 8, "un", 1],
        ["b", 4, 30, 1, 7, "un", 1],
        ["c", 0, 12, 1, 0, "none", 0],
        ["d", 0, 20, 0, 0, "none", 0],
        ["d", 20, 35, 0, 5, "un", 2],
        ["d", 35, 50, 0, 0, "eu", 3],
    ]  # fmt: skip
    assert found["troops"].dtype.kind == "i"


def test_records_that_are_events() -> None:
    records = pd.DataFrame({"war": ["a", "b", "d", "d"], "when": [10, 9, 9, 50]})
    marked = {"unit": "war", "time": "when"} | ROWS
    attacks = merge_events(wars(), records, mark="attacked", **marked)
    assert lists(attacks, "war", "stop", "ended", "attacked") == [
        ["a", 10, 0, 1], ["a", 24, 1, 0], ["b", 9, 0, 1], ["b", 30, 1, 0], ["c", 12, 1, 0],
        ["d", 9, 0, 1], ["d", 50, 0, 1],
    ]  # fmt: skip
    joined = merge_events(wars(), records, mark="ended", **marked)
    assert joined["ended"].tolist() == [1, 1, 1, 1, 1, 1, 1]
    # Entry of b is at 4: what came by then is not seen, nor what comes after the end of c.
    late = pd.DataFrame({"war": ["b", "c", "x", "d"], "when": [4, 13, 1, 2]})
    with pytest.raises(EstimationError, match="'war' 'x', which the data do not hold"):
        merge_events(wars(), late, mark="attacked", **marked)
    with pytest.raises(EstimationError, match=r"row 0 of the records, 'when' 4, lies .*\(2 such"):
        merge_events(wars(), late.drop(2), mark="attacked", **marked)
    kept = merge_events(wars(), late, mark="attacked", outside="drop", **marked)
    assert kept["attacked"].sum() == 1 and len(kept) == 6


def test_a_landmark_by_hand() -> None:
    names = {"unit": "war"} | ROWS | {"event": {"ended": 0, "how": ""}}
    at_ten = landmark(wars(), at=10, horizon=15, **names)
    assert lists(at_ten, "war", "start", "stop", "ended", "how", "size", "landmark") == [
        ["a", 10, 24, 1, "talks", 2, 10.0],  # what changes at the landmark is known
        ["b", 10, 25, 0, "", 3, 10.0],
        ["c", 10, 12, 1, "talks", 4, 10.0],
        ["d", 10, 25, 0, "", 5, 10.0],
    ]
    stacked = landmark(wars(), at=[2, 12], **names)
    assert lists(stacked, "war", "start", "stop", "ended", "size", "landmark") == [
        ["a", 2, 24, 1, 1, 2.0], ["c", 2, 12, 1, 4, 2.0], ["d", 2, 50, 0, 5, 2.0],
        ["a", 12, 24, 1, 2, 12.0], ["b", 12, 30, 1, 3, 12.0], ["d", 12, 50, 0, 5, 12.0],
    ]  # fmt: skip
    curve = kaplan_meier(at_ten, **ROWS)
    assert curve.at([24])["survival"].tolist() == pytest.approx([3 / 4 * 2 / 3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: split_episodes(d, at=[], **ROWS), "names no time"),
        (lambda d: split_episodes(d, at="event", **ROWS), "times or 'events'"),
        (lambda d: split_episodes(d, at=[5], stop="stop", event="ended"), "column 'start'"),
        (lambda d: split_episodes(d, at=[5], interval="size", **ROWS), "already have a column"),
        (lambda d: split_episodes(d, at=[5], start="start", stop="stop", event="how"),
         r"event=\{'how': …\}"),
        (lambda d: split_episodes(d, at=[5], start="start", stop="stop", event="size"), "0 and 1"),
        (lambda d: landmark(d, at=60, unit="war", **ROWS), "nobody is at risk after the landmark"),
        (lambda d: landmark(d, at=40, unit="war", **ROWS), r"no event follows \(1 rows\)"),
        (lambda d: landmark(d.assign(start=[0, 12, 4, 0, 0]), at=5, unit="war", **ROWS),
         "'war' 'a' leaves at 10 and comes back"),
        (lambda d: landmark(d.assign(ended=1), at=5, unit="war", **ROWS), "goes on in row 1"),
        (lambda d: landmark(d.assign(start=0), at=5, unit="war", **ROWS), "overlap"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_refused(call: Any, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        call(wars())


@pytest.mark.parametrize(
    ("records", "options", "message"),
    [
        ({"when": [5], "troops": [1]}, {}, "nothing is asked"),
        ({"when": [5, 5], "troops": [1, 2]}, {"values": "troops"},
         "row 0 and row 1 of the records are of one unit and one 'when'"),
        ({"when": [np.nan], "troops": [1]}, {"values": "troops"}, "'when' is missing"),
        ({"when": [5], "troops": [np.nan]}, {"values": "troops"}, "'troops' of the rec"),
        ({"when": [5], "size": [1]}, {"values": "size"}, "already have a column 'size'"),
        ({"when": [5], "troops": [1]}, {"values": "troops", "before": {"x": 0}}, "states 'x'"),
        ({"when": [5]}, {"mark": "size"}, "not in event="),
        ({"when": [5]}, {"mark": "m", "outside": "keep"}, "'refuse' or 'drop'"),
    ],
)  # fmt: skip
def test_records_that_say_nothing_clear_are_refused(
    records: dict[str, list[Any]], options: dict[str, Any], message: str
) -> None:
    given = pd.DataFrame({"war": "d"} | records)
    with pytest.raises(EstimationError, match=message):
        merge_events(wars(), given, unit="war", time="when", **ROWS | options)


def test_no_record_of_any_unit() -> None:
    strange = pd.DataFrame({"war": ["x"], "when": [3]})
    with pytest.raises(EstimationError, match="no record is of a unit"):
        merge_events(wars(), strange, unit="war", time="when", count="n", outside="drop", **ROWS)
