"""Public tables of wars, dyads, operations, and the Council of a made-up history, row by row."""

from __future__ import annotations

import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.public import PUBLIC
from collsec.histories.public.registry import BadPublicTable
from collsec.histories.public.wars import STATES_OF_CONFLICTS
from histories.public_world import ACTS, AGREEMENTS, EPISODES, FRAMES, carried

# Wars -------------------------------------------------------------------------------------------


def with_rest(table: str, of: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that the public table only carries along; each holds its own name."""
    rest = [name for name in carried(table, of) if name not in frame]
    return frame.assign(**{n: pd.Series([n] * len(frame), dtype="string") for n in rest})


DYADS = with_rest(
    "dyads",
    "dyads",
    rows(
        "dyad_id conflict_id gwno_loc first_death_date",
        (12, 1, "10;20", "1990-02-10"),
        (3, 1, "40", "1990-10-02"),
        (4, 1, "40", "1990-10-03"),
    ),
)
DYAD_EPISODES = with_rest(
    "dyad_episodes",
    "dyad_episodes",
    rows(
        "dyad_episode_id dyad_id episode_id side_a_id side_b_id onset_date end_date is_ended",
        ("12-1", 12, "1-1", "7", "100;9", "1990-02-10", "1990-02-10", True),
        ("3-1", 3, "1-1", "7", "20", "1990-10-03", None, False),
        ("3-2", 3, "1-1", "7", "20", "1991-10-03", None, True),
        ("4-1", 4, "3-1", "8", "21", "1990-10-02", "1990-10-03", True),
    ),
)
FURTHER = FRAMES | {"dyads": DYADS, "dyad_episodes": DYAD_EPISODES}
_TIES = [
    "p5_pacts",
    "p5_colonizers",
    "p5_neighbors",
    "p5_trade_share_max",
    "p5_ideal_point_distance_min",
    "p5_distance_km_min",
]
NO_TIES = (None,) * 6


def test_episodes_have_codes_dyads_ties_and_a_spell() -> None:
    found = PUBLIC["episodes"](FURTHER)
    assert told(found, "episode_id", "cow_loc", "iso3_loc", "start", "stop", "event") == [
        ("1-1", "1;2", "TEN;TWE", 0.0, 84.0, True),
        ("1-2", "1", "TEN", 0.0, 335.0, False),
        ("2-1", "44", "FOR", 0.0, 0.5, True),
        ("3-1", "2;1", "TWE;TEN", 0.0, 246.0, True),
        ("4-1", "44", "FOR", 0.0, 29.0, True),
    ]
    assert told(found, "dyad_ids", "side_a_ids", "side_b_ids") == [
        ("3;12", "7", "9;20;100"),
        (None, None, None),
        (None, None, None),
        ("4", "8", "21"),
        (None, None, None),
    ]
    assert told(found, *_TIES) == [
        (2, 2, 1, 0.5, 0.5, 700.0),
        NO_TIES,
        NO_TIES,
        (None, 0, 0, None, 3.5, 400.0),
        NO_TIES,
    ]
    assert set(found["region"]) == {"region"} and len(found) == 5


def test_hosts_of_episodes_have_each_their_own_ties() -> None:
    found = PUBLIC["episode_hosts"](FRAMES)
    columns = "episode_id host_ordinal gwno cow_code iso3 onset_date exit_date is_ended"
    assert told(found, *columns.split()) == [
        ("1-1", 1, 10, 1, "TEN", "1990-02-10", "1990-05-05", True),
        ("1-1", 2, 20, 2, "TWE", "1990-02-10", "1990-05-05", True),
        ("1-2", 1, 10, 1, "TEN", "1992-01-31", "1992-12-31", False),
        ("2-1", 1, 40, 44, "FOR", "1991-03-31", "1991-03-31", True),
        ("3-1", 1, 20, 2, "TWE", "1990-04-30", "1991-01-01", True),
        ("3-1", 2, 10, 1, "TEN", "1990-04-30", "1991-01-01", True),
        ("4-1", 1, 40, 44, "FOR", "1992-06-01", "1992-06-30", True),
    ]
    assert told(found, *_TIES)[1:6:4] == [
        (0, None, 1, None, 2.5, 300.0),
        (0, 0, 0, 0.125, 4.5, 500.0),
    ]


_STATES = [name for names in STATES_OF_CONFLICTS.values() for name in names]


def test_spells_are_cut_where_anything_becomes_known() -> None:
    found = PUBLIC["episode_spells"](FRAMES)
    assert told(found, "episode_id", "from_date", "start", "stop", "event", "cow_code") == [
        ("1-1", "1990-02-10", 0.0, 18.0, False, 1),
        ("1-1", "1990-02-28", 18.0, 19.0, False, 1),
        ("1-1", "1990-03-01", 19.0, 49.0, False, 1),
        ("1-1", "1990-03-31", 49.0, 80.0, False, 1),
        ("1-1", "1990-05-01", 80.0, 84.0, True, 1),
        ("1-2", "1992-01-31", 0.0, 335.0, False, 1),
        ("2-1", "1991-03-31", 0.0, 0.5, True, 44),
        ("3-1", "1990-04-30", 0.0, 1.0, False, 2),
        ("3-1", "1990-05-01", 1.0, 246.0, True, 2),
        ("4-1", "1992-06-01", 0.0, 29.0, True, 44),
    ]
    assert told(found, *_STATES) == [
        (1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 0, 1, 0, 0, 0, 0, 0),
        (1, 1, 1, 1, 2, 0, 0, 0, 0, 0),
        (1, 1, 1, 1, 2, 0, 0, 0, 0, 1),
        (1, 1, 1, 1, 2, 0, 1, 1, 1, 1),
        (1, 1, 1, 2, 2, 0, None, None, None, 0),
        (0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
        (0, 0, 0, 0, 0, 0, 1, 1, 1, 2),
        (0, 0, 0, 0, 0, 0, None, None, None, 0),
    ]


@pytest.mark.parametrize(
    ("year", "spells"),
    [
        # A record of 1990 alone: on its last day what comes after is no longer known.
        (1990, [(0.0, 1.0, 0), (1.0, 245.0, 1), (245.0, 246.0, None), (246.0, 248.0, None)]),
        # A record of 1991 alone is known from its first day on.
        (1991, [(0.0, 1.0, None), (1.0, 246.0, None), (246.0, 248.0, 2)]),
    ],
)
def test_spells_are_cut_where_the_record_of_agreements_begins_and_ends(
    year: int, spells: list[tuple[float, float, int | None]]
) -> None:
    longer = EPISODES["exit_date"].where(
        EPISODES["episode_id"] != "3-1", pd.Timestamp("1991-01-03")
    )
    signed = AGREEMENTS[AGREEMENTS["signed_date"].dt.year == year]
    frames = FRAMES | {
        "episodes": EPISODES.assign(exit_date=longer),
        "peace_agreements": signed.reset_index(drop=True),
    }
    found = PUBLIC["episode_spells"](frames)
    own = found[found["episode_id"] == "3-1"]
    assert told(own, "start", "stop", "agreements") == spells


def test_a_war_that_ends_on_its_second_day_lasts_one() -> None:
    second = EPISODES["exit_date"].where(
        EPISODES["episode_id"] != "2-1", pd.Timestamp("1991-04-01")
    )
    found = PUBLIC["episode_spells"](FRAMES | {"episodes": EPISODES.assign(exit_date=second)})
    own = found[found["episode_id"] == "2-1"]
    assert told(own, "start", "stop", "event") == [(0.0, 1.0, True)]


def test_only_counts_of_agreements_rest_on_how_far_their_record_reaches() -> None:
    columns = PUBLIC["episode_spells"].columns
    resting = {n for n in _STATES if "peace_agreements.signed_date" in columns[n].uses}
    assert resting == {"agreements", "agreements_full", "agreements_ceasefire"}
    assert columns["vetoes"].uses == ("council.conflict_id", "council.known_from", "council.vetoes")


def test_dyads_have_the_codes_of_their_first_death() -> None:
    assert told(PUBLIC["dyads"](FURTHER), "dyad_id", "cow_loc", "iso3_loc") == [
        (3, "4", "FOR"),
        (4, "44", "FOR"),
        (12, "1;2", "TEN;TWE"),
    ]


def test_episodes_of_dyads_have_a_spell_where_their_days_are_known() -> None:
    found = PUBLIC["dyad_episodes"](FURTHER)
    columns = "dyad_episode_id gwno_loc cow_loc exit_date start stop event"
    assert told(found, *columns.split()) == [
        ("12-1", "10;20", "1;2", "1990-02-10", 0.0, 0.5, True),
        ("3-1", "40", "44", "1992-12-31", 0.0, 820.0, False),
        ("3-2", "40", "44", None, None, None, None),
        ("4-1", "40", "4", "1990-10-03", 0.0, 1.0, True),
    ]
    backwards = DYAD_EPISODES.assign(
        onset_date=pd.Series([pd.Timestamp("1990-10-04")] * 4).astype("datetime64[s]")
    )
    found = PUBLIC["dyad_episodes"](FURTHER | {"dyad_episodes": backwards})
    assert told(found, "dyad_episode_id", "stop")[3] == ("4-1", None)


# Operations -------------------------------------------------------------------------------------

LABELS = with_rest("missions", "mission_labels", rows("mission_id", ("m",))).assign(
    **{
        name: pd.Series([name], dtype="string")
        for name in PUBLIC["missions"].columns
        if name.endswith("_label")
    }
)


def test_operations_stand_once_with_their_conflicts_and_hosts() -> None:
    found = PUBLIC["missions"](FRAMES | {"mission_labels": LABELS})
    columns = "mission_id has_troops cow_hosts iso3_hosts conflict_ids tamm_label acronym"
    assert told(found, *columns.split()) == [
        ("m", True, "2;1", "TWE;TEN", "2;13", "tamm_label", "acronym"),
        ("n", False, "1", "TEN", None, None, "acronym"),
    ]


AUTHORIZED = rows(
    "mission_id from_month to_month authorized authorized_military authorized_police "
    "strength_status",
    ("m", "1990-03-31", "1990-05-31", 500, 400, 100, "text"),
)
LOCATIONS = rows(
    "mission_id month locations locations_with_troops mapped_troops largest_location_share",
    ("m", "1990-04-30", 5, 4, 70, 0.5),
)
CONTRIBUTORS = rows(
    "mission_id month gwno",
    ("m", "1990-04-30", 1),
    ("m", "1990-04-30", 1),
    ("m", "1990-04-30", 2),
    ("m", "1990-05-31", 2),
)
_MANDATE = [
    name
    for name, column in PUBLIC["mission_months"].columns.items()
    if f"mandate_tasks.{name}" in column.uses
]
MANDATES = rows(
    f"mission_id from_month to_month {' '.join(_MANDATE)}",
    ("m", "1990-06-30", "1990-06-30", "s/res/1", *[True] * (len(_MANDATE) - 2), 3),
)


def test_months_of_operations_run_from_the_vote_or_the_first_people_to_the_end() -> None:
    found = PUBLIC["mission_months"](
        FRAMES
        | {
            "authorized_strength": AUTHORIZED,
            "mission_locations": LOCATIONS,
            "mission_contributors": CONTRIBUTORS,
            "mandate_tasks": MANDATES,
        }
    )
    own = found[found["mission_id"] == "m"]
    columns = (
        "month month_id iso3_hosts authorized total troops mean_police mapped_troops "
        "contributors_on_map kinds_of_tasks"
    )
    assert told(own, *columns.split()) == [
        ("1990-02-28", 122, "TWE;TEN", None, None, None, None, None, None, None),
        ("1990-03-31", 123, "TWE;TEN", 500, 100, 80, 5, None, None, None),
        ("1990-04-30", 124, "TWE;TEN", 500, 100, 80, 5, 70, 2, None),
        ("1990-05-31", 125, "TWE;TEN", 500, 50, None, 5, None, 1, None),
        ("1990-06-30", 126, "TWE;TEN", None, 120, 70, 5, None, None, 3),
    ]
    other = found[found["mission_id"] == "n"]
    assert told(other, "month")[0] == ("1990-01-31",) and len(other) == 36
    assert other["total"].sum() == 7 + 7 + 8 + 8


# The Council ------------------------------------------------------------------------------------


def test_an_act_is_of_the_episode_that_runs_on_its_day() -> None:
    found = PUBLIC["acts"](FRAMES)
    assert told(found, "item_id", "conflict_id", "episode_id", "gwno_loc") == [
        ("r1", 1, "1-1", "10;20"),
        ("r1", 3, None, None),
        ("r2", 1, "1-1", "10;20"),
        ("r3", 2, "2-1", "40"),
        ("v1", 1, "1-1", "10;20"),
        ("v2", 1, None, None),
        ("v3", 1, None, None),
    ]
    later = ACTS[3:4].assign(date=pd.Timestamp("1991-04-01").as_unit("s"))
    assert told(PUBLIC["acts"](FRAMES | {"acts": later}), "episode_id") == [(None,)]


SEATS = rows(
    "gwno is_permanent from_date to_date",
    (10, True, "1946-01-01", None),
    (40, False, "1990-02-28", "1990-05-05"),
    (40, True, "1995-01-01", None),
)
VOTES = rows(
    "vote_id item_id date kind gwno vote rule source basis",
    ("5", "v9", "1996-01-01", "veto", 40, "no", "r", "s", "file"),
    ("4", "v1", "1990-05-06", "veto", 40, "no", "r", "s", "file"),
    ("3", "v1", "1990-05-05", "veto", 40, "no", "r", "s", "file"),
    ("2", "r1", "1990-02-28", "resolution", 40, "no", "r", "s", "file"),
    ("1", "r1", "1990-02-28", "resolution", 10, "yes", "r", "s", "file"),
    ("0", "r1", "1990-02-27", "resolution", 40, "no", "r", "s", "file"),
)


def test_votes_have_the_seat_of_the_day_and_what_was_voted_on() -> None:
    found = PUBLIC["votes"](
        FRAMES
        | {
            "council_votes": VOTES,
            "council_members": SEATS,
            "resolutions": rows(
                "resolution_id action_class agenda_key", ("r1", "sanctions", "the war")
            ),
            "vetoes": rows("veto_id action_class", ("v1", "other")),
        }
    )
    columns = "vote_id gwno cow_code is_permanent action_class agenda_key conflict_ids"
    assert told(found, *columns.split()) == [
        ("0", 40, 4, None, "sanctions", "the war", "1;3"),
        ("1", 10, 1, True, "sanctions", "the war", "1;3"),
        ("2", 40, 4, False, "sanctions", "the war", "1;3"),
        ("3", 40, 4, False, "other", None, "1"),
        ("4", 40, 4, None, "other", None, "1"),
        ("5", 40, 44, True, None, None, None),
    ]


# What is refused --------------------------------------------------------------------------------


def test_a_key_that_is_missing_or_stands_twice_is_refused() -> None:
    for states in (
        pd.concat([ACTS, ACTS[:1]], ignore_index=True),
        ACTS.assign(item_id=ACTS["item_id"].where(ACTS["item_id"] != "r2")),
    ):
        with pytest.raises(BadPublicTable, match="item_id, conflict_id do not name one row"):
            PUBLIC["acts"](FRAMES | {"acts": states})
