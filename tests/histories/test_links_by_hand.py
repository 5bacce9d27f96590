"""Joins of tables made by hand: wars with their clock, missions, acts, sittings, and the report."""

from __future__ import annotations

import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.episodes import (
    acts,
    assembly,
    episodes,
    link,
    links,
    missions,
    ties,
    vetoes_on_no_war,
)
from collsec.histories.registry import FRAMES, of_study

WARS = rows(
    "episode_id conflict_id ordinal gwno_loc onset_date end_date is_ended first_year last_year "
    "region source basis",
    ("2-1", 2, 1, "30", "2001-05-01", None, False, 2001, 2003, 4, "ucdp", "file"),
    ("1-2", 1, 2, "20;10", "2000-03-01", "2000-03-01", True, 2000, 2000, 1, "ucdp", "file"),
    ("1-1", 1, 1, "10;20", "1990-03-01", "1991-03-02", True, 1990, 1991, 1, "ucdp", "file"),
)
OUTCOMES = rows(
    "episode_id outcome termination_end_date source",
    ("1-1", "ceasefire", "1991-03-02", "terminations"),
    ("1-2", "not_covered", None, "terminations"),
    ("9-9", "ceasefire", None, "terminations"),
)
HOSTS = rows(
    "episode_id region polyarchy_index source basis",
    ("1-1", 77, 0.5, "v-dem", "file"),
    ("2-1", 77, 0.25, "v-dem", "file"),
)
TIES = rows(
    "episode_id power is_p5 is_belligerent",
    ("1-1", "usa", True, False),
    ("1-1", "india", False, True),
    ("1-2", "uk", True, True),
)
DRAFTS = rows(
    "item_kind item_id role date conflict_id action_class confidence basis",
    ("veto", "v2", "subject", "2001-06-01", 2, "sanctions", 3, "file"),
    ("veto", "v1", "subject", "2001-05-01", 2, "other", 1, "recalled"),
    ("veto", "v1", "subject", "2001-05-01", 1, "other", 2, "document"),
    ("veto", "v3", "negative_control", "2002-01-01", None, "other", 3, "document"),
    ("veto", "v3", "negative_control", "2002-01-01", None, "other", 3, "document"),
    ("veto", "v4", "negative_control", "2000-01-01", None, "other", 3, "document"),
    ("veto", "v5", "negative_control", "2000-01-01", None, "other", 3, "recalled"),
    ("veto", "v6", "negative_control", "2000-01-01", 1, "other", 3, "document"),
    ("veto", "v7", "none", "2000-01-01", None, "other", 3, "document"),
    ("failed", "f1", "negative_control", "2000-01-01", None, "other", 3, "recalled"),
)
VETOES = rows(
    "veto_id veto_date cast_china cast_france cast_uk cast_russia cast_usa",
    ("v1", "2001-05-01", True, False, False, False, None),
    ("v2", "2001-06-01", False, False, False, True, True),
    ("v6", "2000-01-01", False, True, True, False, False),
)
ADOPTED = rows(
    "item_id conflict_id date action_class confidence basis",
    ("r1", 2, "2001-06-01", "condemnation", 2, "file"),
    ("r2", None, "2001-06-02", None, 3, "file"),
    ("r3", 8, "1999-01-01", None, 3, "recalled"),
)
RESOLUTIONS = rows("resolution_id is_chapter_vii", ("r1", True), ("r2", False), ("r3", None))


def test_a_war_runs_to_its_end_or_to_the_end_of_the_release() -> None:
    found = episodes(WARS, OUTCOMES, HOSTS, TIES)
    columns = (
        "episode_id exit_date duration_days earlier_episodes gwno_host onset_year outcome "
        "termination_end_date has_p5_party region polyarchy_index source basis"
    )
    assert told(found, *columns.split()) == [
        ("1-1", "1991-03-02", 366.0, 0, 10, 1990, "ceasefire", "1991-03-02", False, 1, 0.5,
         "ucdp", "file"),
        ("1-2", "2000-03-01", 0.5, 1, 20, 2000, "not_covered", None, True, 1, None, "ucdp",
         "file"),
        ("2-1", "2003-12-31", 974.0, 0, 30, 2001, None, None, False, 4, 0.25, "ucdp", "file"),
    ]  # fmt: skip
    assert len(found.columns) == len(WARS.columns) + 5 + 2 + 1 + 1


def test_a_war_of_one_day_and_one_of_two_have_half_a_day_and_one() -> None:
    two = WARS[1:].assign(end_date=pd.to_datetime(["2000-03-02", "1990-03-01"]).as_unit("s"))
    found = episodes(two, OUTCOMES, HOSTS, TIES)
    assert told(found, "episode_id", "duration_days") == [("1-1", 0.5), ("1-2", 1.0)]


def test_no_key_of_a_war_may_stand_twice() -> None:
    for name, twice in (("outcomes", OUTCOMES), ("hosts", HOSTS)):
        doubled = {"outcomes": OUTCOMES, "hosts": HOSTS} | {
            name: pd.concat([twice, twice[:1]], ignore_index=True)
        }
        with pytest.raises(pd.errors.MergeError):
            episodes(WARS, doubled["outcomes"], doubled["hosts"], TIES)


def test_links_of_missions_keep_what_is_said_of_the_link_and_of_the_mission() -> None:
    own = rows(
        "mission_id sponsor has_troops source basis confidence note",
        ("m", "un", True, "s", "file", 1, None),
        ("n", "un", False, "s", "file", 1, "x"),
    )
    of_conflicts = rows(
        "mission_id conflict_id has_troops source basis confidence note",
        ("n", None, False, "s", "document", 3, None),
        ("n", 2, True, "s", "document", 3, None),
        ("m", 2, False, "s", "recalled", 2, None),
        ("m", 1, None, "s", "document", 3, None),
    )
    found = missions(of_conflicts, own)
    assert told(found) == [
        ("m", 1, None, "document", 3, "un", True),
        ("m", 2, False, "recalled", 2, "un", True),
        ("n", 2, True, "document", 3, "un", False),
        ("n", None, False, "document", 3, "un", False),
    ]
    assert list(found.columns) == [
        "mission_id", "conflict_id", "has_troops", "link_basis", "link_confidence", "sponsor",
        "has_troops_in_mission",
    ]  # fmt: skip
    assert found.index.tolist() == [0, 1, 2, 3]


def test_acts_are_vetoes_and_resolutions_in_order() -> None:
    found = acts(DRAFTS, VETOES, ADOPTED, RESOLUTIONS)
    none = (False,) * 5
    assert told(found, *(c for c in found.columns if not c.startswith("cast_"))) == [
        ("v6", 1, "other", 3, "document", "2000-01-01", "veto", None),
        ("v1", 1, "other", 2, "document", "2001-05-01", "veto", None),
        ("v1", 2, "other", 1, "recalled", "2001-05-01", "veto", None),
        ("r1", 2, "condemnation", 2, "file", "2001-06-01", "resolution", True),
        ("v2", 2, "sanctions", 3, "file", "2001-06-01", "veto", None),
        ("r3", 8, None, 3, "recalled", "1999-01-01", "resolution", None),
    ]
    casts = told(found, "cast_china", "cast_france", "cast_uk", "cast_russia", "cast_usa")
    assert casts == [
        (False, True, True, False, False),
        (True, False, False, False, False),
        (True, False, False, False, False),
        none,
        (False, False, False, True, True),
        none,
    ]
    assert found.index.tolist() == list(range(6))


def test_vetoes_on_no_war_are_coded_so_and_backed() -> None:
    found = vetoes_on_no_war(DRAFTS)
    assert told(found) == [("v4", "2000-01-01"), ("v3", "2002-01-01")]
    assert found.index.tolist() == [0, 1]


def test_ties_are_the_table_s_own_but_not_the_table() -> None:
    found = ties(TIES)
    assert found.equals(TIES) and found is not TIES


def test_sittings_are_of_each_conflict_of_their_session() -> None:
    sittings = rows(
        "sitting_id session from_date to_date convened_by resolution_id veto_id confidence basis "
        "source note",
        ("es2-1", "es2", "1958-08-08", None, "council", None, None, 3, "document", "s", None),
        ("es1-1", "es1", "1956-11-01", "1956-11-10", "council", "r", "v", 3, "recalled", "s", "x"),
        ("es3-1", "es3", "1960-09-17", None, "council", None, None, 3, "document", "s", None),
    )
    of_conflicts = rows(
        "session conflict_id confidence basis",
        ("es2", 2, 1, "document"),
        ("es2", 1, 2, "recalled"),
        ("es1", 1, 3, "document"),
        ("es3", None, 3, "document"),
    )
    assert told(assembly(of_conflicts, sittings)) == [
        (1, "es1-1", "es1", "1956-11-01", "1956-11-10", "council", "r", "v", 3, "recalled"),
        (1, "es2-1", "es2", "1958-08-08", None, "council", None, None, 2, "recalled"),
        (2, "es2-1", "es2", "1958-08-08", None, "council", None, None, 1, "document"),
    ]


TABLES = {
    "episodes": WARS,
    "outcomes": OUTCOMES,
    "host_states": HOSTS,
    "p5_ties": TIES,
    "mission_conflicts": rows(
        "conflict_id basis", (1, "file"), (2, "recalled"), (None, "recalled"), (9, "file")
    ),
    "draft_conflicts": DRAFTS,
    "resolution_conflicts": ADOPTED,
    "assembly_conflicts": rows("conflict_id basis", (1, "file"), (None, "file")),
}


def test_the_report_of_links_says_what_did_not_match() -> None:
    found = links(**TABLES)
    assert list(found.columns) == [
        "family", "n_rows", "n_linked", "n_none", "n_unmatched", "n_recalled",
    ]  # fmt: skip
    assert told(found) == [
        ("outcomes", 3, 1, 1, 1, 0),
        ("host states", 2, 2, 0, 0, 0),
        ("ties", 3, 3, 0, 0, 0),
        ("missions", 4, 2, 1, 1, 2),
        ("vetoes", 9, 4, 5, 0, 2),
        ("resolutions", 3, 1, 1, 1, 1),
        ("emergency sessions", 2, 1, 1, 0, 0),
    ]


def test_link_makes_every_frame_of_the_study() -> None:
    tables = TABLES | {
        "missions": rows("mission_id has_troops source basis confidence note").astype(
            {"mission_id": "string"}
        ),
        "mission_conflicts": rows("mission_id conflict_id has_troops source basis confidence note"),
        "vetoes": VETOES,
        "resolutions": RESOLUTIONS,
        "assembly_conflicts": rows("session conflict_id confidence basis"),
        "assembly_sittings": rows(
            "sitting_id session from_date to_date convened_by resolution_id veto_id confidence "
            "basis source note"
        ),
    }
    made = link(tables)
    frames = {"episodes", "missions", "acts", "ties", "vetoes_on_no_war", "assembly", "links"}
    assert set(made) == frames == set(of_study(FRAMES))
    assert len(made["episodes"]) == 3 and len(made["acts"]) == 6 and made["assembly"].empty
