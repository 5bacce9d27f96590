"""The list of cases as it is declared: its limits, and what a study shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import report_study as made_up
import study
from by_hand import rows
from collsec.core.errors import BadSpec
from collsec.core.project import Project
from collsec.evidence.cases import FILE, check, read_cases, shown

EPISODES = rows("conflict_id first_year last_year", (7, 2001, 2003), (1, 1990, 2005))


def entry(years: tuple[int, int] = (2001, 2005), conflict: int = 7) -> dict[str, Any]:
    return {"title": "Atlantis", "years": list(years), "conflicts": {conflict: "one"}}


def declared(folder: Path, **entries: dict[str, Any]) -> Path:
    path = folder / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(entries))
    return path


def test_a_name_has_forty_letters_at_most(tmp_path: Path) -> None:
    [case] = read_cases(declared(tmp_path, **{"a" * 40: entry()}), EPISODES)
    assert case.name == "a" * 40
    with pytest.raises(BadSpec, match=r"a{41}"):
        read_cases(declared(tmp_path, **{"a" * 41: entry()}), EPISODES)


@pytest.mark.parametrize(
    ("years", "refused"),
    [
        ((1800, 2001), None),
        ((2003, 2200), None),
        ((2002, 2002), None),
        ((1990, 2000), "conflict 7 has no episode in them"),
        ((2004, 2010), "conflict 7 has no episode in them"),
        ((1799, 2001), "years.*1799"),
        ((2003, 2201), "years.*2201"),
    ],
)
def test_an_episode_lies_in_the_years_of_a_case(
    tmp_path: Path, years: tuple[int, int], refused: str | None
) -> None:
    path = declared(tmp_path, atlantis=entry(years))
    if refused is not None:
        with pytest.raises(BadSpec, match=refused):
            read_cases(path, EPISODES)
        return
    [case] = read_cases(path, EPISODES)
    assert case.first_day == pd.Timestamp(years[0], 1, 1)
    assert case.last_day == pd.Timestamp(years[1], 12, 31)


def test_a_conflict_has_a_number_from_one_on(tmp_path: Path) -> None:
    [case] = read_cases(declared(tmp_path, atlantis=entry(conflict=1)), EPISODES)
    assert case.conflicts == {1: "one"}
    with pytest.raises(BadSpec, match="conflicts"):
        read_cases(declared(tmp_path, atlantis=entry(conflict=0)), EPISODES)


# A study with its files ---------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    return Project(made_up.write_study(tmp_path / "study", repository, ("h1",)))


def spans(found: pd.DataFrame, kind: str) -> list[tuple[str, str, bool]]:
    return [
        (f"{row.from_date:%Y-%m-%d}", f"{row.to_date:%Y-%m-%d}", bool(row.is_open))
        for row in found[found["kind"] == kind].itertuples()
    ]


def test_a_study_shows_what_its_files_hold(project: Project) -> None:
    [(case, found)] = shown(project)
    assert (case.name, case.first_year, case.last_year) == ("atlantis", 2001, 2005)
    assert spans(found, "episode") == [
        ("2001-03-01", "2004-02-29", False),
        ("2003-06-30", "2005-12-31", True),
    ]
    assert spans(found, "resolution") == [
        (date, date, False) for date in ("2001-03-20", "2002-02-04", "2003-07-01", "2003-07-03")
    ]
    assert spans(found, "veto") == [("2001-09-12", "2001-09-12", False)]
    assert spans(found, "assembly") == [("2001-09-20", "2001-09-22", False)]
    assert spans(found, "troops") == [
        ("2001-11-30", "2004-05-31", False),
        ("2003-08-31", "2005-12-31", True),
    ]
    assert spans(found, "not_on_record") == []


def test_a_case_of_conflicts_of_another_release_alone_is_left_out(project: Project) -> None:
    declared(project.root, cloud=entry(conflict=77))
    with pytest.raises(BadSpec, match="value 77: no episode has this conflict_id"):
        shown(project)
    released = rows("conflict_id", (1,), (77,))
    released.to_parquet(project.stage("tables", "episode_crosswalk"))
    assert shown(project) == []


def test_without_a_list_there_are_no_cases(tmp_path: Path) -> None:
    assert shown(Project(tmp_path)) == []
    check(Project(tmp_path))


def test_a_list_is_checked_against_the_raw_tables(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw").symlink_to(study.PROJECT.raw)
    known = study.raw_tables()["episodes"].iloc[0]
    years, conflict = (int(known["first_year"]), int(known["last_year"])), int(known["conflict_id"])
    declared(tmp_path, one=entry(years, conflict))
    check(Project(tmp_path))
    declared(tmp_path, one=entry(years, conflict), two=entry(years, 999999))
    with pytest.raises(BadSpec, match="value 999999: no episode has this conflict_id"):
        check(Project(tmp_path))
