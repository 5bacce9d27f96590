"""Cases show what the tables hold: clipped to their years, each act once, weak links left out."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import study
from collsec.core.errors import BadSpec
from collsec.evidence import cases
from collsec.evidence.cases import Case, CaseTables, events, read_cases
from collsec.histories.timelines import presence_spells
from collsec.reports.words.cases import sentence

CASE = Case("atlantis", "Atlantis, 2001", 2001, 2005, {7: "Atlantis, over government"})


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def episode(**changes: Any) -> dict[str, Any]:
    return {
        "episode_id": "7-1",
        "conflict_id": 7,
        "onset_date": day("2001-03-01"),
        "onset_precision": "day",
        "exit_date": day("2003-08-31"),
        "is_ended": True,
        "first_year": 2001,
        "last_year": 2003,
    } | changes


def mission(**changes: Any) -> dict[str, Any]:
    row = {
        "mission_id": "unma",
        "acronym": "UNMA",
        "conflict_id": 7,
        "sponsor": "un",
        "link_basis": "file",
        "link_confidence": 3,
        "has_troops": True,
        "from_date": day("2002-05-31"),
        "to_date": pd.NaT,
        "resolution": "S/RES/1 (2002)",
        "authorized_date": day("2002-04-10"),
        "first_personnel_date": day("2002-05-31"),
        "first_troops_date": day("2002-06-30"),
        "last_troops_date": day("2004-01-31"),
        "end_date": day("2004-03-31"),
        "has_troops_in_mission": True,
    }
    bases = ("authorized", "first_personnel", "first_troops", "last_troops")
    return row | {f"{name}_basis": "document" for name in bases} | changes


def act(**changes: Any) -> dict[str, Any]:
    return {
        "item_id": "S/RES/9 (2002)",
        "conflict_id": 7,
        "act": "resolution",
        "action_class": "condemnation",
        "confidence": 3,
        "basis": "file",
        "date": day("2002-01-10"),
        **{f"cast_{m}": False for m in cases.MEMBERS},
    } | changes


def sitting(**changes: Any) -> dict[str, Any]:
    return {
        "conflict_id": 7,
        "sitting_id": "ES-12/1",
        "session": "ES-12",
        "from_date": day("2002-05-01"),
        "to_date": day("2002-05-03"),
        "convened_by": "council",
        "resolution_id": "S/RES/9 (2002)",
        "veto_id": pd.NA,
        "confidence": 3,
        "basis": "document",
    } | changes


def evidence(
    episodes: list[dict[str, Any]] | None = None,
    missions: list[dict[str, Any]] | None = None,
    acts: list[dict[str, Any]] | None = None,
    sittings: list[dict[str, Any]] | None = None,
    wars: tuple[int, ...] = (2002,),
) -> CaseTables:
    war = pd.DataFrame(
        [(7, pd.Timestamp(y, 1, 1), y in wars) for y in range(2001, 2010)],
        columns=["conflict_id", "from_date", "is_war"],
    )
    return CaseTables(
        pd.DataFrame(episodes if episodes is not None else [episode()]),
        pd.DataFrame(missions if missions is not None else [], columns=list(mission())).astype(
            {c: "datetime64[s]" for c in mission() if c.endswith("_date")}
            | {"has_troops": "boolean", "has_troops_in_mission": "boolean"}
        ),
        pd.DataFrame(acts if acts is not None else [], columns=list(act())),
        pd.DataFrame(sittings if sittings is not None else [], columns=list(sitting())),
        war,
        pd.Timestamp("2026-01-27"),
    )


def rows(found: pd.DataFrame, kind: str) -> list[tuple[str, str, bool]]:
    own = found[found["kind"] == kind]
    return [
        (f"{r.from_date:%Y-%m-%d}", f"{r.to_date:%Y-%m-%d}", bool(r.is_open))
        for r in own.itertuples()
    ]


# Violence -----------------------------------------------------------------------------------------


def test_an_episode_is_a_bar_and_its_years_of_war_lie_within_it() -> None:
    found = events(CASE, evidence(wars=(2001, 2003)))
    assert rows(found, "episode") == [("2001-03-01", "2003-08-31", False)]
    assert rows(found, "war") == [
        ("2001-03-01", "2001-12-31", False),
        ("2003-01-01", "2003-08-31", False),
    ]


def test_what_goes_on_after_the_years_of_the_case_is_clipped_and_open() -> None:
    censored = episode(exit_date=day("2007-12-31"), is_ended=False, last_year=2007)
    found = events(CASE, evidence([censored], wars=(2005,)))
    assert rows(found, "episode") == [("2001-03-01", "2005-12-31", True)]
    assert rows(found, "war") == [("2005-01-01", "2005-12-31", False)]


@pytest.mark.parametrize(
    ("onset", "last", "expected"),
    [
        ("2001-01-01", "2005-12-31", [("2001-01-01", "2005-12-31", False)]),
        ("2000-12-31", "2006-01-01", [("2001-01-01", "2005-12-31", True)]),
        ("2000-01-01", "2001-01-01", [("2001-01-01", "2001-01-01", False)]),
        ("2005-12-31", "2007-03-04", [("2005-12-31", "2005-12-31", True)]),
        ("2000-01-01", "2000-12-31", []),
        ("2006-01-01", "2007-03-04", []),
    ],
)
def test_the_first_and_the_last_day_belong_to_the_case(
    onset: str, last: str, expected: list[tuple[str, str, bool]]
) -> None:
    edges = episode(onset_date=day(onset), exit_date=day(last))
    assert rows(events(CASE, evidence([edges], wars=())), "episode") == expected


def test_an_ongoing_year_of_war_is_open_too() -> None:
    ongoing = episode(exit_date=day("2005-12-31"), is_ended=False, last_year=2005)
    assert rows(events(CASE, evidence([ongoing], wars=(2005,))), "war")[0][2]


def test_other_episodes_of_the_conflict_stay_out_of_the_years() -> None:
    early = episode(
        episode_id="7-0",
        onset_date=day("1990-01-01"),
        exit_date=day("1991-01-01"),
        first_year=1990,
        last_year=1991,
    )
    found = events(CASE, evidence([early, episode()], wars=(1990, 2002)))
    assert set(found["item"]) == {"7-1"}


# The Council --------------------------------------------------------------------------------------


def test_an_act_on_two_of_the_conflicts_counts_once() -> None:
    case = Case("atlantis", "Atlantis", 2001, 2005, {7: "one", 8: "two"})
    told = evidence(acts=[act(), act(conflict_id=8), act(conflict_id=9)])
    found = events(case, told)
    assert found.loc[found["kind"] == "resolution", "conflict_ids"].tolist() == ["7;8"]


@pytest.mark.parametrize("left_out", [{"confidence": 1}, {"basis": "recalled"}])
def test_acts_that_exposures_do_not_count_are_not_drawn(left_out: dict[str, Any]) -> None:
    found = events(CASE, evidence(acts=[act(**left_out)]))
    assert "resolution" not in set(found["kind"])


def test_acts_and_sittings_stand_in_the_order_of_their_dates() -> None:
    """The names of later ones come first in the alphabet."""
    acts = [act(), act(item_id="S/RES/10 (2002)", date=day("2002-03-05"))]
    vetoes = [
        act(item_id=item, act="veto", date=day(date))
        for item, date in (("v3", "2001-05-01"), ("v2", "2002-05-01"), ("v1", "2003-05-01"))
    ]
    held = [
        sitting(sitting_id=name, from_date=day(date), to_date=day(date))
        for name, date in (("ES-9/1", "2001-06-01"), ("ES-10/1", "2002-06-01"))
    ]
    found = events(CASE, evidence(acts=[*acts[::-1], *vetoes], sittings=held))
    items = {kind: own["item"].tolist() for kind, own in found.groupby("kind")}
    assert items["resolution"] == ["S/RES/9 (2002)", "S/RES/10 (2002)"]
    assert items["veto"] == ["v3", "v2", "v1"]
    assert items["assembly"] == ["ES-9/1", "ES-10/1"]


def test_what_is_well_enough_known_is_drawn() -> None:
    told = evidence(
        acts=[act(confidence=2)],
        sittings=[sitting(confidence=2)],
        missions=[mission(link_confidence=2)],
    )
    kinds = set(events(CASE, told)["kind"])
    assert kinds == {
        *("episode", "war", "resolution", "assembly", "authorized", "personnel", "troops")
    }


def test_a_veto_names_who_cast_it() -> None:
    veto = act(item_id="2002-02-02-a", act="veto", cast_russia=True, cast_china=True)
    found = events(CASE, evidence(acts=[veto]))
    assert found.loc[found["kind"] == "veto", "detail"].tolist() == ["Russia, China"]


def test_where_the_record_of_resolutions_ends_the_axis_says_so() -> None:
    late = Case("atlantis", "Atlantis", 2001, 2027, CASE.conflicts)
    found = events(late, evidence())
    start, end, _ = rows(found, "not_on_record")[0]
    assert (start, end) == ("2026-01-28", "2027-12-31")
    assert sentence(late, found).endswith("Resolutions are on record up to January 2026.")
    assert rows(events(CASE, evidence()), "not_on_record") == []
    # The record reaches to the last day of the case, or lacks that one day.
    for until, missing in (("2005-12-31", []), ("2005-12-30", [("2005-12-31", "2005-12-31")])):
        told = dataclasses.replace(evidence(), resolutions_until=day(until))
        assert [row[:2] for row in rows(events(CASE, told), "not_on_record")] == missing


def test_an_emergency_session_is_shown_once_with_what_convened_it() -> None:
    case = Case("atlantis", "Atlantis", 2001, 2005, {7: "one", 8: "two"})
    again = sitting(
        sitting_id="ES-12/2",
        from_date=day("2003-01-05"),
        to_date=pd.NaT,
        convened_by="resumed",
        resolution_id=pd.NA,
    )
    told = evidence(sittings=[sitting(), sitting(conflict_id=8), again])
    found = events(case, told)
    assert rows(found, "assembly") == [
        ("2002-05-01", "2002-05-03", False),
        ("2003-01-05", "2003-01-05", False),
    ]
    drawn = found[found["kind"] == "assembly"]
    assert drawn["detail"].tolist() == ["convened by S/RES/9 (2002)", "resumed"]
    assert drawn["conflict_ids"].tolist() == ["7;8", "7"]
    assert (
        "The General Assembly met on it in one emergency special session, opened 14 months after "
        "its onset and resumed once."
    ) in sentence(case, found)


@pytest.mark.parametrize("left_out", [{"confidence": 1}, {"basis": "recalled"}])
def test_weak_links_of_emergency_sessions_are_not_drawn(left_out: dict[str, Any]) -> None:
    found = events(CASE, evidence(sittings=[sitting(**left_out)]))
    assert "assembly" not in set(found["kind"])
    assert "Assembly" not in sentence(CASE, found)


# Peacekeepers -------------------------------------------------------------------------------------


def test_a_mission_has_its_milestones() -> None:
    found = events(CASE, evidence(missions=[mission()]))
    assert rows(found, "authorized") == [("2002-04-10", "2002-05-31", False)]
    assert rows(found, "personnel") == [("2002-05-31", "2004-03-31", False)]
    assert rows(found, "troops") == [("2002-06-30", "2004-01-31", False)]
    assert set(found.loc[found["lane"] == "boots", "line"]) == {"UNMA (UN)"}


def test_a_mission_without_an_end_is_open() -> None:
    ongoing = mission(end_date=pd.NaT, last_troops_date=pd.NaT)
    # Another war tells that the release goes on to 2007.
    other = episode(episode_id="8-1", conflict_id=8, last_year=2007)
    found = events(CASE, evidence([episode(), other], missions=[ongoing]))
    assert rows(found, "troops") == [("2002-06-30", "2005-12-31", True)]


def test_a_mission_is_open_on_the_last_day_of_the_release_too() -> None:
    ongoing = mission(end_date=pd.NaT, last_troops_date=pd.NaT)
    followed = episode(exit_date=day("2005-12-31"), last_year=2005)
    found = events(CASE, evidence([followed], missions=[ongoing]))
    assert rows(found, "personnel") == [("2002-05-31", "2005-12-31", True)]
    assert rows(found, "troops") == [("2002-06-30", "2005-12-31", True)]
    # One that ends on that day is not.
    over = mission(end_date=day("2005-12-31"), last_troops_date=day("2005-12-31"))
    found = events(CASE, evidence([followed], missions=[over]))
    assert rows(found, "personnel") == [("2002-05-31", "2005-12-31", False)]
    assert rows(found, "troops") == [("2002-06-30", "2005-12-31", False)]


def test_observers_are_no_troops() -> None:
    observers = mission(has_troops=False, has_troops_in_mission=False, first_troops_date=pd.NaT)
    found = events(CASE, evidence(missions=[observers]))
    assert rows(found, "troops") == []
    assert "No peacekeeping troops were sent to it." in sentence(CASE, found)


@pytest.mark.parametrize("left_out", [{"link_confidence": 1}, {"link_basis": "recalled"}])
def test_missions_that_exposures_do_not_count_are_not_drawn(left_out: dict[str, Any]) -> None:
    found = events(CASE, evidence(missions=[mission(**left_out)]))
    assert "boots" not in set(found["lane"])


def test_a_date_of_general_knowledge_is_not_drawn() -> None:
    found = events(CASE, evidence(missions=[mission(first_troops_basis="recalled")]))
    assert rows(found, "troops") == [] and rows(found, "personnel") != []


def test_a_mission_serves_a_war_within_the_dates_of_its_links() -> None:
    links = [
        mission(from_date=day("2002-10-31"), to_date=day("2003-02-28")),
        mission(conflict_id=8, from_date=day("2003-05-31"), to_date=day("2003-09-30")),
    ]
    case = Case("atlantis", "Atlantis", 2001, 2005, {7: "one", 8: "two"})
    found = events(case, evidence(missions=links))
    assert rows(found, "troops") == [("2002-10-31", "2003-09-30", False)]
    assert rows(found, "personnel") == [("2002-10-31", "2003-09-30", False)]


def test_missions_stand_in_the_order_of_their_arrival() -> None:
    other = mission(
        mission_id="eurof",
        acronym="EUROF",
        sponsor="regional",
        first_personnel_date=day("2001-09-30"),
        from_date=day("2001-09-30"),
    )
    found = events(CASE, evidence(missions=[mission(), other]))
    lines = list(dict.fromkeys(found.loc[found["lane"] == "boots", "line"]))
    assert lines == ["EUROF (regional)", "UNMA (UN)"]


# In words -----------------------------------------------------------------------------------------


def test_the_sentence_counts_and_times_from_the_onset() -> None:
    veto = act(item_id="v", act="veto", date=day("2001-03-01"), cast_usa=True)
    resolutions = [act(), act(item_id="S/RES/10 (2002)", date=day("2002-03-05"))]
    told = evidence(missions=[mission()], acts=[*resolutions, veto])
    assert sentence(CASE, events(CASE, told)) == (
        "Its onset, the 25th death in battle, is dated to 1 March 2001. "
        "Within these years the Council adopted 2 resolutions on it, the first 10 months after "
        "its onset; 1 draft fell to a veto, on the day of its onset. UN troops came 16 months "
        "after its onset (UNMA)."
    )


@pytest.mark.parametrize(("precision", "said"), [("month", "March 2001"), ("year", "2001")])
def test_an_onset_is_said_as_well_as_it_is_known(precision: str, said: str) -> None:
    found = events(CASE, evidence([episode(onset_precision=precision)]))
    assert sentence(CASE, found).startswith(
        f"Its onset, the 25th death in battle, is dated to {said}. "
    )


def test_acts_before_the_onset_are_counted_apart_from_those_since() -> None:
    acts = [
        act(item_id=f"S/RES/{n}", date=day(date))
        for n, date in enumerate(("2001-01-09", "2001-02-09", "2001-06-01"))
    ]
    text = sentence(CASE, events(CASE, evidence(acts=acts)))
    assert "3 resolutions on it, 2 of them before its onset and the next 3 months after" in text
    text = sentence(CASE, events(CASE, evidence(acts=acts[:2])))
    assert "adopted 2 resolutions on it, all of them before its onset;" in text


def test_an_event_of_a_later_conflict_is_timed_from_the_onset_of_that_one() -> None:
    case = Case("atlantis", "Atlantis", 2001, 2005, {7: "one", 8: "the islands"})
    later = episode(
        episode_id="8-1", conflict_id=8, onset_date=day("2003-05-01"), exit_date=day("2005-03-01")
    )
    acts = [act(conflict_id=8, date=day("2003-05-05"))]
    text = sentence(case, events(case, evidence([episode(), later], acts=acts)))
    assert "(one, the first of the conflicts shown)" in text
    assert "adopted 1 resolution on it, 4 days after the onset of the islands;" in text


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2001-03-05", "4 days after its onset"),
        ("2001-02-27", "2 days before its onset"),
        ("2001-04-02", "1 month after its onset"),
        ("2000-09-01", None),
        ("2005-12-01", "57 months after its onset"),
    ],
)
def test_a_delay_is_told_in_days_months_or_years(date: str, words: str | None) -> None:
    text = sentence(CASE, events(CASE, evidence(acts=[act(date=day(date))])))
    expected = f"the Council adopted 1 resolution on it, {words}" if words else "no resolution"
    assert expected in text


def test_troops_that_come_after_the_end_are_said_to() -> None:
    late = mission(first_troops_date=day("2003-10-31"), sponsor="coalition", acronym="COAL")
    text = sentence(CASE, events(CASE, evidence(missions=[late])))
    assert text.endswith(
        "Troops of others came 32 months after its onset (COAL), when it had ended."
    )


def test_troops_without_a_documented_day_are_not_denied() -> None:
    recalled = mission(first_troops_basis="recalled")
    text = sentence(CASE, events(CASE, evidence(missions=[recalled])))
    assert text.endswith("Troops came, but no document has the day (UNMA).")
    assert sentence(CASE, events(CASE, evidence())).endswith("troops were sent to it.")


# The declared list --------------------------------------------------------------------------------

BLOCK = {"title": "Atlantis", "years": [2001, 2005], "conflicts": {7: "one"}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "a b"}, "line 1, key a b, value 'a b': a name has lower-case letters"),
        (
            {"colour": "red"},
            "line 2, key atlantis.colour: unknown key.*: conflicts, marks, title, years",
        ),
        ({"years": [2005]}, r"years, value \[2005\]"),
        ({"years": [2005, 2001]}, "must be two years"),
        ({"conflicts": {}}, "line 2, key atlantis.conflicts, value {}: is empty"),
        ({"conflicts": {8: "two"}}, "value 8: no episode has this conflict_id"),
        ({"years": [1990, 1995]}, "conflict 7 has no episode in them"),
        ({"marks": {"2006-01-01": "Late"}}, "the axis covers 2001 to 2005"),
        ({"marks": {"2001-13-01": "Never"}}, "2001-13-01"),
    ],
)
def test_a_mistake_in_the_list_is_one_message(
    tmp_path: Path, change: dict[Any, Any], message: str
) -> None:
    name = change.pop("name", "atlantis")
    path = tmp_path / "_cases.yml"
    path.write_text(yaml.safe_dump({name: BLOCK | change}))
    with pytest.raises(BadSpec, match=rf"analyses/_cases\.yml, .*{message}"):
        read_cases(path, evidence().episodes)


@pytest.mark.parametrize("text", ["a: [", "- 1"])
def test_what_is_no_list_of_cases_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "_cases.yml"
    path.write_text(text)
    with pytest.raises(BadSpec, match=r"analyses/_cases\.yml, line 1"):
        read_cases(path, evidence().episodes)


def test_conflicts_of_another_release_have_no_line(tmp_path: Path) -> None:
    path = tmp_path / "_cases.yml"
    path.write_text(
        "a: {title: A, years: [2001, 2005], conflicts: {7: one, 8: two}}\n"
        "b: {title: B, years: [2001, 2005], conflicts: {8: two}}\n"
    )
    with pytest.raises(BadSpec, match="value 8: no episode has this conflict_id"):
        read_cases(path, evidence().episodes)
    [case] = read_cases(path, evidence().episodes, {8})
    assert (case.name, case.conflicts) == ("a", {7: "one"})


def test_a_marked_day_has_a_line_of_its_own() -> None:
    case = dataclasses.replace(CASE, marks={"2002-04-06": "It is shot down"})
    found = events(case, evidence())
    [row] = found[found["kind"] == "mark"].itertuples()
    assert (row.lane, row.line, row.from_date) == (
        "violence",
        "It is shot down",
        day("2002-04-06"),
    )


def test_a_strength_cut_to_less_than_half_is_marked_on_the_day_of_its_resolution() -> None:
    strengths = pd.DataFrame(
        {
            "mission_id": ["unma"] * 4,
            "from_month": [
                day(d) for d in ("2002-05-31", "2002-08-31", "2002-10-31", "2003-01-31")
            ],
            "authorized": [1000, 500, 249, 100],
            "resolution_date": [day("2002-05-01"), day("2002-08-02"), day("2002-10-07"), pd.NaT],
        }
    )
    told = dataclasses.replace(evidence(missions=[mission()]), strengths=strengths)
    found = events(CASE, told)
    cuts = found[found["kind"] == "cut"]
    assert [f"{d:%Y-%m-%d}" for d in cuts["from_date"]] == ["2002-10-07", "2003-01-31"]
    assert cuts["detail"].tolist() == ["from 500 to 249", "from 249 to 100"]
    assert set(cuts["line"]) == {"UNMA (UN)"}
    assert (
        "The strength authorized for UNMA was cut from 500 to 249 on 7 October 2002."
        in sentence(CASE, found)
    )


def force(**changes: Any) -> dict[str, Any]:
    return {
        "force_id": "dawn",
        "name": "Operation Dawn",
        "force_kind": "party",
        "sender": "Lemuria",
        "conflict_ids": "7;9",
        "from_date": day("2002-01-11"),
        "to_date": day("2002-07-15"),
        "resolution": pd.NA,
        "basis": "document",
    } | changes


def test_a_party_of_the_war_is_shown_and_is_no_peacekeeper() -> None:
    political = force(
        force_id="unpol", name="UN Office", force_kind="political", sender="United Nations",
        conflict_ids="7", to_date=pd.NaT,
    )  # fmt: skip
    forces = [force(), force(conflict_ids="8"), force(basis="recalled"), political]
    told = dataclasses.replace(evidence(), forces=pd.DataFrame(forces))
    found = events(CASE, told)
    assert rows(found, "party") == [("2002-01-11", "2002-07-15", False)]
    [(since, _, is_open)] = rows(found, "political")
    assert (since, is_open) == ("2002-01-11", True)
    words = sentence(CASE, found)
    assert "No peacekeeping troops were sent to it." in words
    assert "Not counted as peacekeepers: Operation Dawn (a party of the war)." in words
    assert "Not counted as peacekeepers: UN Office (a political mission)." in words


# The study's own cases ----------------------------------------------------------------------------


def _told(name: str) -> pd.DataFrame:
    """A committed raw table, typed."""
    return study.raw_tables()[name]


@pytest.fixture(scope="module")
def own() -> list[tuple[Case, pd.DataFrame]]:
    """Each declared case with its events, from the committed tables."""
    linked = study.linked()
    told = CaseTables(
        linked.episodes,
        linked.missions,
        linked.acts,
        linked.assembly,
        study.study_timelines()["war"],
        study.study_extents()["resolutions"].last_day,
        _told("authorized_strength").merge(
            _told("resolutions")[["resolution_id", "resolution_date"]],
            left_on="strength_resolution",
            right_on="resolution_id",
            how="left",
        ),
        _told("other_forces"),
    )
    declared = read_cases(study.REPOSITORY / cases.FILE, linked.episodes)
    return [(case, events(case, told)) for case in declared]


def test_the_cases_that_the_study_promises_are_declared(own: list[Any]) -> None:
    assert [case.name for case, _ in own] == [
        "korea",
        "suez",
        "kuwait",
        "rwanda",
        "iraq",
        "syria",
        "mali",
        "ukraine",
    ]
    assert 374 in own[3][0].conflicts


def test_suez_and_ukraine_went_to_the_general_assembly(own: list[Any]) -> None:
    sittings = {case.name: found[found["kind"] == "assembly"] for case, found in own}
    assert {name: len(rows) for name, rows in sittings.items() if len(rows)} == {
        "suez": 1,
        "ukraine": 6,
    }
    assert sittings["suez"]["detail"].tolist() == ["convened by S/RES/119 (1956)"]
    assert sittings["ukraine"]["detail"].iloc[0] == "convened by S/RES/2623 (2022)"


def test_rwanda_iraq_and_mali_say_who_else_was_there(own: list[Any]) -> None:
    found = {case.name: events_of for case, events_of in own}
    cuts = found["rwanda"][found["rwanda"]["kind"] == "cut"]
    first = cuts.iloc[0]
    assert (first["item"], f"{first['from_date']:%Y-%m-%d}") == ("unamir", "1994-04-21")
    assert first["detail"] == "from 2,608 to 270"
    [mark] = found["rwanda"][found["rwanda"]["kind"] == "mark"].itertuples()
    assert mark.from_date == day("1994-04-06")
    others = {
        name: set(rows.loc[rows["kind"].isin(["party", "political"]), "item"])
        for name, rows in found.items()
    }
    assert others["iraq"] == {"mnf-iraq", "unami"}
    assert others["mali"] == {"serval", "barkhane", "g5-sahel"}
    assert others["kuwait"] == {"kuwait-coalition"}
    assert "serval" not in set(found["mali"].loc[found["mali"]["kind"] == "troops", "item"])


def test_acts_are_the_steps_of_the_council_timeline(own: list[Any]) -> None:
    council = study.study_timelines()["council"]
    for case, found in own:
        for act_kind, column in (("resolution", "resolutions"), ("veto", "vetoes")):
            drawn = found[found["kind"] == act_kind]
            for conflict in case.conflicts:
                steps = council[council["conflict_id"] == conflict].set_index("from_date")[column]
                rises = steps.diff().fillna(steps)
                rises = rises[
                    (rises > 0) & (rises.index >= case.first_day) & (rises.index <= case.last_day)
                ]
                is_on = [str(conflict) in ids.split(";") for ids in drawn["conflict_ids"]]
                counts = drawn.loc[is_on, "from_date"].value_counts()
                assert counts.to_dict() == rises.astype(int).to_dict(), (case.name, conflict)


def test_troops_are_there_when_the_deployment_timeline_counts_them(own: list[Any]) -> None:
    missions = study.linked().missions
    for case, found in own:
        spells = presence_spells(
            missions[missions["conflict_id"].isin(list(case.conflicts))], "peacekeepers"
        )
        drawn = found[found["kind"] == "troops"].set_index("item")
        assert set(drawn.index) == set(spells["mission_id"])
        for name, of_mission in spells.groupby("mission_id"):
            assert drawn.loc[name, "from_date"] == of_mission["first"].min()


def test_each_case_has_its_figure_and_its_words_on_the_page(own: list[Any]) -> None:
    page = (study.REPOSITORY / "reports" / "cases.qmd").read_text(encoding="utf-8")
    assert re.findall(r"figures/case-(\w+)\.svg", page) == [case.name for case, _ in own]
    for case, _ in own:
        assert f"{{{{< var case.{case.name}.sentence >}}}}" in page
