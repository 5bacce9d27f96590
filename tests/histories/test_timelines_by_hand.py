"""Timelines of a few missions and acts made by hand: each step, and the days next to it."""

from __future__ import annotations

import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.registry import TIMELINES
from collsec.histories.timelines import (
    PRESENCES,
    arrange_timelines,
    as_of,
    council,
    council_elsewhere,
    counted_acts,
    deployment,
    host_deployment,
    presence_spells,
    regional_seats,
    troop_strength,
    war,
)

ONE = {
    "mission_id": "m",
    "conflict_id": 1,
    "sponsor": "un",
    "host_gwno": "10",
    "from_date": "2000-02-01",
    "to_date": None,
    "link_basis": "document",
    "link_confidence": 3,
    "has_troops": True,
    "has_troops_in_mission": True,
    "authorized_date": "2000-01-10",
    "authorized_basis": "document",
    "first_personnel_date": "2000-02-01",
    "first_personnel_basis": "document",
    "first_troops_date": "2000-03-01",
    "first_troops_basis": "document",
    "strength_50pct_date": "2000-05-15",
    "strength_50pct_basis": "file",
    "last_troops_date": "2001-06-30",
    "end_date": "2001-08-31",
}
FROM_TROOPS = [("2000-03-01", 1), ("2001-07-01", 0)]


def missions(*others: dict[str, object]) -> pd.DataFrame:
    """Links of missions to conflicts, each as the one above but for what is said of it."""
    made = [ONE | other for other in others]
    return rows(" ".join(ONE), *(tuple(row.values()) for row in made))


def steps(measure: str, *others: dict[str, object]) -> list[tuple[object, ...]]:
    """Changes of one count, without the days on which it stays as it was."""
    found = deployment(missions(*others))
    before = found.groupby("conflict_id")[measure].shift(fill_value=0)
    return told(found[found[measure] != before], "from_date", measure)


# Who is there -----------------------------------------------------------------------------------


def test_presence_begins_on_its_first_day_and_ends_the_day_after_its_last() -> None:
    found = deployment(missions({}))
    assert list(found.columns) == ["conflict_id", "from_date", "known_from", *PRESENCES]
    assert told(found) == [
        (1, "2000-01-10", "2000-01-10", 0, 0, 0, 0, 0, 1),
        (1, "2000-02-01", "2000-02-01", 0, 0, 0, 1, 0, 1),
        (1, "2000-03-01", "2000-03-01", 1, 1, 0, 1, 1, 1),
        (1, "2000-05-15", "2000-05-15", 1, 1, 1, 1, 1, 1),
        (1, "2001-07-01", "2001-07-01", 0, 0, 0, 1, 0, 1),
        (1, "2001-09-01", "2001-09-01", 0, 0, 0, 0, 0, 0),
    ]


def test_missions_add_up_by_conflict_and_a_link_to_none_is_left_out() -> None:
    later = {"mission_id": "n", "first_troops_date": "2001-01-01", "last_troops_date": None}
    other = {"mission_id": "o", "conflict_id": 2, "end_date": None, "last_troops_date": None}
    found = deployment(missions({}, later, other, {"mission_id": "p", "conflict_id": None}))
    own = found[found["conflict_id"] == 1]
    change = own["un_troops"].diff().fillna(0) != 0
    assert told(own[change], "from_date", "un_troops") == [
        ("2000-03-01", 1),
        ("2001-01-01", 2),
        ("2001-07-01", 1),
        ("2001-09-01", 0),
    ]
    # A mission that has not ended has no last step.
    assert told(found[found["conflict_id"] == 2], "from_date", "un_troops", "un_authorized") == [
        ("2000-01-10", 0, 1),
        ("2000-02-01", 0, 1),
        ("2000-03-01", 1, 1),
        ("2000-05-15", 1, 1),
    ]
    assert set(found["conflict_id"]) == {1, 2}


def test_troops_end_with_the_mission_where_that_is_earlier() -> None:
    assert steps("un_troops", {"end_date": "2001-05-01"})[-1] == ("2001-05-02", 0)
    assert steps("un_troops", {"last_troops_date": None})[-1] == ("2001-09-01", 0)
    assert steps("un_troops", {"end_date": None})[-1] == ("2001-07-01", 0)
    assert steps("un_personnel", {"last_troops_date": None})[-1] == ("2001-09-01", 0)


def test_a_link_narrows_presence_to_its_own_days() -> None:
    late = {"from_date": "2000-08-01", "to_date": "2000-12-31"}
    for measure in PRESENCES:
        assert steps(measure, late) == [("2000-08-01", 1), ("2001-01-01", 0)], measure
    # A link of one day counts that day; one that ends before the troops come, none.
    day = {"from_date": "2000-03-01", "to_date": "2000-03-01"}
    assert steps("un_troops", day) == [("2000-03-01", 1), ("2000-03-02", 0)]
    assert steps("un_troops", {"to_date": "2000-02-29"}) == []
    assert steps("un_personnel", {"to_date": "2000-02-29"})[-1] == ("2000-03-01", 0)


def test_a_link_from_the_first_day_of_a_mission_begins_with_the_vote() -> None:
    assert steps("un_authorized", {})[0] == ("2000-01-10", 1)
    assert steps("un_authorized", {"from_date": "2000-02-02"})[0] == ("2000-02-02", 1)
    assert steps("un_authorized", {"from_date": "2000-01-20"})[0] == ("2000-01-10", 1)


@pytest.mark.parametrize(
    ("change", "measures"),
    [
        ({"sponsor": "regional"}, {"peacekeepers"}),
        ({"sponsor": "coalition"}, {"peacekeepers"}),
        ({"sponsor": "other"}, set()),
        ({"link_confidence": 2}, set(PRESENCES)),
        ({"link_confidence": 1}, {"un_troops_with_uncertain"}),
        ({"link_basis": "recalled"}, {"un_troops_with_uncertain"}),
        (
            {"first_troops_basis": "recalled"},
            {"un_troops_with_uncertain", "un_personnel", "un_authorized"},
        ),
        ({"first_personnel_basis": "recalled"}, set(PRESENCES) - {"un_personnel"}),
        ({"authorized_basis": "recalled"}, set(PRESENCES) - {"un_authorized"}),
        ({"has_troops": False}, {"un_personnel", "un_authorized"}),
        ({"has_troops": None}, {"un_personnel", "un_authorized"}),
        ({"has_troops_in_mission": False}, set(PRESENCES)),
        ({"first_troops_date": None}, {"un_personnel", "un_authorized"}),
        ({"first_personnel_date": None}, set(PRESENCES) - {"un_personnel"}),
        ({"authorized_date": None}, set(PRESENCES) - {"un_authorized"}),
        ({"strength_50pct_date": None}, set(PRESENCES) - {"un_troops_at_half_strength"}),
        ({"strength_50pct_basis": "recalled"}, set(PRESENCES) - {"un_troops_at_half_strength"}),
        ({"strength_50pct_basis": None}, set(PRESENCES) - {"un_troops_at_half_strength"}),
        (
            {"strength_50pct_basis": "recalled", "strength_50pct_date": None},
            set(PRESENCES) - {"un_troops_at_half_strength"},
        ),
    ],
)
def test_what_is_not_sure_enters_no_primary_count(
    change: dict[str, object], measures: set[str]
) -> None:
    found = deployment(missions(change, {"mission_id": "z", "conflict_id": 9}))
    own = found[found["conflict_id"] == 1]
    assert {name for name in PRESENCES if own[name].sum() > 0} == measures


def test_half_strength_before_the_first_soldier_counts_from_the_soldier() -> None:
    early = {"strength_50pct_date": "2000-02-15"}
    assert steps("un_troops_at_half_strength", early) == FROM_TROOPS
    assert steps("un_troops_at_half_strength", {}) == [("2000-05-15", 1), ("2001-07-01", 0)]
    # Half that was reached after the last had left was never there.
    assert steps("un_troops_at_half_strength", {"strength_50pct_date": "2001-07-01"}) == []


def test_spells_are_narrowed_by_a_link_unless_told_otherwise() -> None:
    link = missions({"from_date": "2000-08-01", "to_date": "2000-12-31", "has_troops": False})
    spans = presence_spells(link, "un_troops", by_link=False)
    assert told(spans, "first", "last") == [("2000-03-01", "2001-06-30")]
    assert presence_spells(link, "un_troops").empty
    sent = missions({"from_date": "2000-08-01", "to_date": "2000-12-31"})
    assert told(presence_spells(sent, "un_troops"), "first", "last") == [
        ("2000-08-01", "2000-12-31")
    ]


def test_troops_in_a_host_count_once_for_each_mission() -> None:
    found = host_deployment(
        missions(
            {"host_gwno": "10;20", "link_confidence": 1, "has_troops": False},
            {"host_gwno": "10;20", "conflict_id": 2, "from_date": "2001-01-01"},
            {"mission_id": "n", "conflict_id": None, "last_troops_date": "2002-01-31",
             "end_date": None},
            {"mission_id": "o", "has_troops_in_mission": False},
            {"mission_id": "p", "sponsor": "regional"},
        )
    )  # fmt: skip
    assert told(found) == [
        (10, "2000-03-01", "2000-03-01", 2),
        (10, "2001-07-01", "2001-07-01", 1),
        (10, "2002-02-01", "2002-02-01", 0),
        (20, "2000-03-01", "2000-03-01", 1),
        (20, "2001-07-01", "2001-07-01", 0),
    ]


@pytest.mark.parametrize(
    ("measure", "columns"),
    [
        ("un_authorized", "authorized_date first_personnel_date end_date authorized_basis"),
        ("un_personnel", "first_personnel_date end_date first_personnel_basis"),
        (
            "un_troops",
            "first_troops_date last_troops_date end_date has_troops first_troops_basis",
        ),
        (
            "un_troops_at_half_strength",
            "first_troops_date last_troops_date end_date strength_50pct_date "
            "strength_50pct_basis has_troops first_troops_basis",
        ),
    ],
)
def test_a_count_names_the_columns_on_which_it_rests(measure: str, columns: str) -> None:
    common = ["sponsor", "conflict_id", "from_date", "to_date"]
    named = [*common, *columns.split(), "link_basis", "link_confidence"]
    found = TIMELINES["deployment"].rests_on(measure)
    assert found == tuple(f"missions.{column}" for column in named)
    uncertain = TIMELINES["deployment"].rests_on("un_troops_with_uncertain")
    assert not {"missions.link_confidence", "missions.first_troops_basis"} & set(uncertain)


# How many ---------------------------------------------------------------------------------------

COUNTS = rows(
    "mission_id from_month troops total",
    ("m", "2000-01-31", 5, 6),
    ("m", "2000-02-29", 10, 12),
    ("m", "2000-03-31", 100, 110),
    ("m", "2001-06-30", 300, 310),
    ("m", "2001-07-31", 400, 410),
    ("m", "2000-04-30", None, 150),
    ("x", "2000-04-30", 7000, 7000),
)


def test_the_last_count_holds_until_the_next_and_ends_with_the_troops() -> None:
    found = troop_strength(missions({}), COUNTS)
    assert list(found.columns) == ["conflict_id", "from_date", "known_from", "troops"]
    assert told(found) == [
        (1, "2000-03-01", "2000-03-01", 10),
        (1, "2000-03-31", "2000-03-31", 100),
        (1, "2000-04-30", "2000-04-30", 150),
        (1, "2001-06-30", "2001-06-30", 300),
        (1, "2001-07-01", "2001-07-01", 0),
    ]


def test_counts_of_missions_add_up_on_each_conflict_that_they_serve() -> None:
    two = missions(
        {"last_troops_date": None, "end_date": None},
        {"conflict_id": 2, "from_date": "2000-04-01", "to_date": "2000-12-31"},
        {"mission_id": "x", "conflict_id": 2},
        {"mission_id": "y", "conflict_id": 3},
        {"mission_id": "x", "conflict_id": 4, "link_confidence": 1},
        {"mission_id": "x", "conflict_id": None},
    )
    found = troop_strength(two, COUNTS)
    assert told(found[found["conflict_id"] != 1], "conflict_id", "from_date", "troops") == [
        (2, "2000-04-01", 100),
        (2, "2000-04-30", 7150),
        (2, "2001-01-01", 7000),
        (2, "2001-07-01", 0),
    ]
    assert told(found[found["conflict_id"] == 1], "from_date", "troops")[-1] == ("2001-07-31", 400)


def test_troops_that_were_never_counted_leave_no_step() -> None:
    # The one count is of the day after the last soldier has left, then of the last day.
    counts = rows("mission_id from_month troops total", ("m", "2000-03-31", 100, 100))
    gone = missions({"last_troops_date": "2000-03-30"})
    assert troop_strength(gone, counts).empty
    there = missions({"last_troops_date": "2000-03-31"})
    assert told(troop_strength(there, counts), "from_date", "troops") == [
        ("2000-03-31", 100),
        ("2000-04-01", 0),
    ]
    # Counted on the very first day: nothing held before.
    first = missions({"first_troops_date": "2000-03-31"})
    assert told(troop_strength(first, counts), "from_date", "troops")[0] == ("2000-03-31", 100)


# The Council ------------------------------------------------------------------------------------

_ACTS = (
    "item_id conflict_id date act basis confidence action_class "
    "cast_china cast_france cast_uk cast_russia cast_usa"
)
_NONE = (False,) * 5
ACTS = rows(
    _ACTS,
    ("v2", 1, "2001-01-01", "veto", "file", 3, "sanctions", True, False, False, True, False),
    ("v1", 1, "2000-01-01", "veto", "file", 2, "other", False, False, False, False, True),
    ("r1", 1, "2001-01-01", "resolution", "document", 3, "sanctions", *_NONE),
    ("r2", 1, "2002-01-01", "resolution", "document", 3, None, *_NONE),
    ("v3", 1, "2003-01-01", "veto", "recalled", 3, "other", *_NONE),
    ("v4", 1, "2003-01-02", "veto", "file", 1, "other", *_NONE),
    ("v5", 2, "2004-01-01", "veto", "file", 3, "condemnation", False, True, True, False, False),
    ("v6", 2, "2004-01-02", "veto", "file", 3, "enforcement_or_mission", *_NONE),
)


def test_acts_that_count_are_strong_and_backed() -> None:
    assert told(counted_acts(ACTS), "item_id") == [
        (i,) for i in ("v2", "v1", "r1", "r2", "v5", "v6")
    ]


def test_acts_of_the_council_are_running_counts() -> None:
    found = council(ACTS)
    assert list(found.columns) == [
        "conflict_id", "from_date", "known_from", "vetoes", "resolutions", "acts",
        "vetoes_china", "vetoes_france", "vetoes_uk", "vetoes_russia", "vetoes_usa",
        "vetoes_enforcement_or_mission", "vetoes_sanctions", "vetoes_condemnation", "vetoes_other",
    ]  # fmt: skip
    assert told(found) == [
        (1, "2000-01-01", "2000-01-01", 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1),
        (1, "2001-01-01", "2001-01-01", 2, 1, 3, 1, 0, 0, 1, 1, 0, 1, 0, 1),
        (1, "2002-01-01", "2002-01-01", 2, 2, 4, 1, 0, 0, 1, 1, 0, 1, 0, 1),
        (2, "2004-01-01", "2004-01-01", 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0),
        (2, "2004-01-02", "2004-01-02", 2, 0, 2, 0, 1, 1, 0, 0, 1, 0, 1, 0),
    ]


def test_vetoes_elsewhere_are_of_the_region_and_never_of_the_own_conflict() -> None:
    episodes = rows("conflict_id region", (1, 4), (2, 4), (3, 4), (3, 4), (5, 1))
    found = council_elsewhere(
        pd.concat([ACTS, ACTS[ACTS["item_id"] == "v1"].assign(conflict_id=2)], ignore_index=True),
        episodes,
    )
    assert list(found.columns) == ["conflict_id", "from_date", "known_from", "vetoes"]
    assert told(found) == [
        (1, "2004-01-01", "2004-01-01", 1),
        (1, "2004-01-02", "2004-01-02", 2),
        (2, "2001-01-01", "2001-01-01", 1),
        (2, "2003-01-02", "2003-01-02", 2),
        (3, "2000-01-01", "2000-01-01", 1),
        (3, "2001-01-01", "2001-01-01", 2),
        (3, "2003-01-02", "2003-01-02", 3),
        (3, "2004-01-01", "2004-01-01", 4),
        (3, "2004-01-02", "2004-01-02", 5),
    ]


def test_seats_are_of_the_elected_members_of_the_region() -> None:
    regions = rows("gwno african_region", (10, "west"), (11, "west"), (20, "east"))
    members = rows(
        "gwno is_permanent from_date to_date",
        (2, True, "1946-01-01", None),
        (10, False, "1950-01-01", "1951-12-31"),
        (11, False, "1951-01-01", None),
        (20, True, "1950-01-01", "1950-12-31"),
    )
    west = [
        ("1946-01-01", "1946-01-01", 0),
        ("1950-01-01", "1950-01-01", 1),
        ("1951-01-01", "1951-01-01", 2),
        ("1952-01-01", "1952-01-01", 1),
    ]
    found = regional_seats(regions, members)
    assert list(found.columns) == ["gwno", "from_date", "known_from", "seats"]
    assert told(found) == [
        *((10, *step) for step in west),
        *((11, *step) for step in west),
        (20, "1946-01-01", "1946-01-01", 0),
    ]


# States of a day --------------------------------------------------------------------------------


def test_the_intensity_of_a_year_is_known_after_it() -> None:
    episodes = rows(
        "conflict_id first_year last_year war_years",
        (2, 2000, 2000, None),
        (1, 1999, 2001, "1999;2001"),
    )
    assert told(war(episodes)) == [
        (1, "1999-01-01", "2000-01-01", True),
        (1, "2000-01-01", "2001-01-01", False),
        (1, "2001-01-01", "2002-01-01", True),
        (2, "2000-01-01", "2001-01-01", False),
    ]
    made = arrange_timelines({"episodes": episodes}, ["war"])
    assert list(made) == ["war"] and len(made["war"]) == 4


def test_a_state_is_asked_strictly_before_the_day() -> None:
    timeline = rows(
        "conflict_id known_from n",
        (1, "2001-01-01", 2),
        (1, "2000-01-01", 1),
        (2, "1990-01-01", 7),
    )
    asked = rows(
        "conflict_id date",
        (1, "2001-01-02"),
        (1, "2001-01-01"),
        (1, "2000-01-01"),
        (2, "1999-01-01"),
        (3, "1999-01-01"),
    ).set_index(pd.Index([9, 4, 7, 2, 1]))
    found = as_of(timeline, "conflict_id", asked, "n")
    assert found.to_dict() == {9: 2, 4: 1, 7: 0, 2: 7, 1: 0}
    assert found.index.tolist() == [9, 4, 7, 2, 1]
