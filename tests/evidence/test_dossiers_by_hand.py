"""What is on record of two conflicts made by hand: every event, and the wars that were exposed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from by_hand import told
from collsec.core.project import Project
from collsec.evidence.dossiers import Dossier, dossiers, name_of
from collsec.evidence.exposed import exposed_wars
from collsec.evidence.record import Record
from evidence.dossier_world import project_of


def events(one: Dossier, *kinds: str) -> list[tuple[object, ...]]:
    return told(one.events[one.events["kind"].isin(kinds)])


@pytest.fixture
def both(tmp_path: Path) -> list[Dossier]:
    return dossiers(project_of(tmp_path, {}))


def test_a_conflict_has_its_first_name_and_the_sides_of_each_episode(both: list[Dossier]) -> None:
    assert [(one.conflict, one.name, one.kind, one.region, one.hosts) for one in both] == [
        (1, "One, over Rock", "internationalized", 1, (10, 20)),
        (2, "Two, over government", "interstate", 4, (20,)),
    ]
    assert both[0].sides == ("A against B", "C against D")
    onset = "A against B; onset known to the"
    assert events(both[0], "episode") == [
        ("episode", "1-1", "2000-01-01", "2001-01-01", False, f"{onset} year", False, "s"),
        (
            "episode",
            "1-2",
            "2002-01-01",
            "2002-12-31",
            False,
            "C against D; onset known to the day",
            False,
            "s",
        ),
    ]
    assert events(both[1], "episode") == [
        ("episode", "2-1", "2003-01-01", "2005-12-31", True, f"{onset} month", False, "s"),
    ]


def test_a_territory_names_a_conflict_only_where_it_is_fought_over() -> None:
    named = {"location": "X", "territory_name": "Y"}
    assert name_of(named | {"incompatibility": "government"}) == "X, over government"
    assert name_of(named | {"incompatibility": "territory"}) == "X, over Y"
    assert name_of({"location": "X", "incompatibility": "territory"}) == "X, over government"


def test_acts_are_shown_and_weak_ones_marked(both: list[Dossier]) -> None:
    assert events(both[0], "resolution", "veto", "assembly") == [
        ("resolution", "r1", "2000-02-01", "2000-02-01", False, "arms embargo", False, "l"),
        ("resolution", "r2", "2000-02-02", "2000-02-02", False, "", True, ""),
        ("resolution", "r3", "2000-02-03", "2000-02-03", False, "sanctions", True, ""),
        ("veto", "Draft of 4 March 2000", "2000-03-04", "2000-03-04", False,
         "vetoed by Russia, China", False, "k"),
        ("assembly", "s1", "2000-04-01", "2000-04-05", False, "opened", False, ""),
        ("assembly", "s2", "2000-05-01", "2000-05-01", False, "resumed", False, ""),
    ]  # fmt: skip


def test_agreements_and_talks_have_their_days(both: list[Dossier]) -> None:
    assert events(both[0], "agreement", "talks") == [
        ("talks", "Talks", "2000-09-01", "2000-09-30", False, "mediated", False, "n"),
        ("agreement", "Pact", "2000-10-01", "2000-10-01", False,
         "full, with a clause on peacekeeping", False, "p"),
        ("agreement", "Accord", "2000-11-01", "2000-11-01", False, "partial", False, "p"),
        ("talks", "Talks", "2000-12-01", "2000-12-31", False, "not known to be mediated", False,
         "n"),
    ]  # fmt: skip


def presence(tmp_path: Path, **link: object) -> list[tuple[object, ...]]:
    """Kind, first and last day, whether it goes on, and whether it is weak."""
    [one, _] = dossiers(project_of(tmp_path, link))
    own = one.events[one.events["kind"].isin(["authorized", "personnel", "troops"])]
    return told(own, "kind", "from_date", "to_date", "is_open", "is_weak")


VOTE = ("authorized", "2000-06-01", "2000-06-01", False, False)
PEOPLE = ("personnel", "2000-06-10", "2001-07-01", False, False)
TROOPS = ("troops", "2000-06-20", "2001-06-01", False, False)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({}, [VOTE, PEOPLE, TROOPS]),
        ({"has_troops": False}, [VOTE, PEOPLE]),
        ({"has_troops": None}, [VOTE, PEOPLE]),
        ({"authorized_date": None, "first_troops_date": None}, [PEOPLE]),
        ({"first_personnel_date": None}, [VOTE, TROOPS]),
        ({"conflict_id": 2}, []),
        ({"conflict_id": None}, []),
        (
            {"from_date": "2000-06-15", "to_date": "2001-05-01"},
            [
                VOTE,
                ("personnel", "2000-06-15", "2001-05-01", False, False),
                ("troops", "2000-06-20", "2001-05-01", False, False),
            ],
        ),
        ({"end_date": "2001-05-05"}, [VOTE, (*PEOPLE[:2], "2001-05-05", False, False),
                                      (*TROOPS[:2], "2001-05-05", False, False)]),
        ({"end_date": None}, [VOTE, (*PEOPLE[:2], "2005-12-31", True, False), TROOPS]),
        ({"link_confidence": 1}, [(*one[:4], True) for one in (VOTE, PEOPLE, TROOPS)]),
        ({"link_basis": "recalled"}, [(*one[:4], True) for one in (VOTE, PEOPLE, TROOPS)]),
        ({"authorized_basis": "recalled"}, [(*VOTE[:4], True), PEOPLE, TROOPS]),
        ({"first_personnel_basis": "recalled"}, [VOTE, (*PEOPLE[:4], True), TROOPS]),
        ({"first_troops_basis": "recalled"}, [VOTE, PEOPLE, (*TROOPS[:4], True)]),
    ],
)  # fmt: skip
def test_people_are_there_within_their_dates_and_those_of_the_link(
    tmp_path: Path, link: dict[str, object], expected: list[tuple[object, ...]]
) -> None:
    assert presence(tmp_path, **link) == expected


def test_an_operation_is_named_with_its_sender_vote_and_sources(both: list[Dossier]) -> None:
    kinds = ("authorized", "personnel", "troops")
    own = both[0].events[both[0].events["kind"].isin(kinds)]
    assert set(own["name"]) == {"UNX (UN)"}
    assert told(own, "detail", "source") == [("S/RES/1", "a"), ("", "b"), ("", "c")]


def test_deaths_are_of_the_hosts_two_years_around_and_of_the_conflict(both: list[Dossier]) -> None:
    assert told(both[0].months, "gwno_host", "from_month", "deaths", "is_shared") == [
        (10, "1998-01-31", 2, False),
        (10, "2004-12-31", 4, False),
        (20, "2000-03-31", 3, True),
    ]
    # Nothing is shown of the time after the record of wars.
    assert told(both[1].months, "deaths") == [(6,)]
    assert told(both[0].years, "year", "deaths") == [(2000, 100), (2001, 80)]
    assert both[1].years.empty


def test_ties_are_those_of_the_five_with_the_first_host(both: list[Dossier]) -> None:
    assert told(both[0].ties) == [
        ("1-1", "usa", True, 0.5, False, False, 1.0),
        ("1-2", "russia", None, None, False, True, 2.0),
    ]
    assert both[1].ties.empty


# Wars that were exposed -------------------------------------------------------------------------

SPEC = {"design": "time_varying", "exposure": {"measure": "x", "lag_months": 6}}


def exposed_of(project: Project, panel: pd.DataFrame | None, spec: Any = SPEC) -> Any:
    if panel is not None:
        path = project.stage("panels", "h")
        path.parent.mkdir(parents=True, exist_ok=True)
        panel.to_parquet(path)
    record = cast(Record, SimpleNamespace(spec=spec, hypothesis="h"))
    return exposed_wars(project, record, {one.conflict: one for one in dossiers(project)})


def test_exposed_wars_stand_in_the_order_of_their_exposure(tmp_path: Path) -> None:
    panel = pd.DataFrame(
        {
            "unit_id": ["2-1", "2-1", "1-1", "1-1", "1-1", "1-2"],
            "start": [0.0, 487.0, 0.0, 200.0, 300.0, 0.0],
            "stop": [487.0, 1095.0, 200.0, 300.0, 366.0, 364.0],
            "event": [False, False, False, False, True, True],
            "x_lag_06": [0, 1, 0, 1, 1, 0],
        }
    )
    wars, found = exposed_of(project_of(tmp_path, {}), panel)
    columns = (
        "episode_id conflict_id war gwno_host vote_date talks_date agreement_date exposed_date "
        "end_date ended_exposed"
    )
    assert told(wars, *columns.split()) == [
        ("1-1", 1, "One, over Rock", 10, "2000-06-01", "2000-09-01", "2000-10-01", "2000-07-19",
         "2001-01-01", True),
        ("2-1", 2, "Two, over government", 20, None, None, None, "2004-05-02", None, False),
    ]  # fmt: skip
    month = 30.4375
    assert (wars["months"] * month).tolist() == pytest.approx([200, 487])
    assert (wars["months_in_all"] * month).tolist() == pytest.approx([366, 1095])
    days = [
        (kind, round(first * month), round(last * month))
        for episode, kind, first, last in told(found)
        if episode == "1-1"
    ]
    assert days == [
        ("war", 0, 366),
        ("exposed", 200, 300),
        ("exposed", 300, 366),
        ("vote", 152, 152),
        ("troops", 171, 366),
        ("talks", 244, 273),
        ("agreement", 274, 274),
        ("agreement", 305, 305),
        ("talks", 335, 365),
    ]


def test_weak_links_and_what_was_before_or_after_are_left_out(tmp_path: Path) -> None:
    panel = pd.DataFrame(
        {"unit_id": ["1-2"], "start": [0.0], "stop": [364.0], "event": [True], "x_lag_06": [1]}
    )
    edges = {"first_troops_date": "2001-12-01", "last_troops_date": "2002-01-01", "end_date": None}
    _, found = exposed_of(project_of(tmp_path / "a", edges), panel)
    assert told(found, "kind", "from_months", "to_months")[2:] == [("troops", 0.0, 0.0)]
    gone = edges | {"last_troops_date": "2001-12-31"}
    _, found = exposed_of(project_of(tmp_path / "b", gone), panel)
    assert found["kind"].tolist() == ["war", "exposed"]
    last = edges | {"first_troops_date": "2002-12-31", "last_troops_date": None}
    _, found = exposed_of(project_of(tmp_path / "c", last), panel)
    assert found["kind"].tolist() == ["war", "exposed", "troops"]
    _, found = exposed_of(project_of(tmp_path / "d", last | {"link_confidence": 1}), panel)
    assert found["kind"].tolist() == ["war", "exposed"]


def test_where_there_is_no_war_in_time_there_is_no_list(tmp_path: Path) -> None:
    project = project_of(tmp_path, {})
    assert exposed_of(project, None) is None
    panel = pd.DataFrame(
        {"unit_id": ["1-2"], "start": [0.0], "stop": [364.0], "event": [True], "x_lag_06": [0]}
    )
    assert exposed_of(project, panel) is None
    assert exposed_of(project, panel.assign(x_lag_06=1)) is not None
    assert exposed_of(project, panel.assign(x_lag_06=1, unit_id="m/1")) is None
    assert exposed_of(project, panel.rename(columns={"x_lag_06": "x_lag_12"})) is None
    by_degree = SPEC | {"design": "fixed_at_onset"}
    assert exposed_of(project, panel.assign(x_lag_06=1), by_degree) is None
