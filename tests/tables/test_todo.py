"""What needs a coder's hand: listed from the raw tables, by the file that is edited."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from collsec.cli.main import app
from collsec.core.project import Project
from collsec.tables.todo import Todo, todo
from mini.raw import RAW, build_raw, read_text, write_text
from study import PROJECT


def of_kind(found: list[Todo], what: str) -> list[str]:
    return [one.which for one in found if one.what == what]


def test_the_study_has_nothing_that_links_are_missing_of() -> None:
    found = todo(PROJECT)
    assert {one.what for one in found} == {
        "resolutions not read",
        "end without an outcome",
        "recalled",
        "second coding",
    }
    assert of_kind(found, "end without an outcome") == ["267-3", "343-2", "374-5", "11345-1"]
    for one in found:
        assert one.why.endswith((".", "?")), one
        for file in one.where.split(", "):
            assert (PROJECT.raw / file).exists(), one


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return build_raw(tmp_path)


def changed(folder: Path, file: str, **cells: tuple[str, str]) -> None:
    """Drop rows of a raw table: by column, the value of those that go."""
    path = folder / RAW / file
    frame = read_text(path)
    for column, (old, new) in cells.items():
        frame = frame[frame[column] != old] if not new else frame.replace({column: {old: new}})
    write_text(frame, path)
    package = json.loads((folder / RAW / "datapackage.json").read_text(encoding="utf-8"))
    for one in package["resources"]:
        if one["path"] == file:
            one["rows"] = len(frame)
    (folder / RAW / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")


def test_new_wars_missions_and_vetoes_are_listed(small: Path) -> None:
    episodes = pd.read_csv(small / RAW / "compiled/episodes.csv", dtype=str)
    one = episodes.loc[episodes["ordinal"] == "1", "episode_id"].iloc[0]
    own = episodes[episodes["conflict_id"] == one.partition("-")[0]]
    for episode in own["episode_id"]:
        changed(small, "compiled/episode_crosswalk.csv", episode_id=(episode, ""))
    before = {(o.what, o.which) for o in todo(Project(small))}
    links = read_text(small / RAW / "coded/draft_conflicts.csv")
    veto = links["item_id"].iloc[0]
    changed(small, "coded/draft_conflicts.csv", item_id=(veto, ""))
    missions = read_text(small / RAW / "coded/mission_conflicts.csv")
    mission = missions["mission_id"].iloc[0]
    changed(small, "coded/mission_conflicts.csv", mission_id=(mission, ""))
    changed(small, "compiled/resolutions.csv", missions=("UNEF II", "UNXYZ"))
    found = todo(Project(small))
    assert of_kind(found, "new war") == list(own["episode_id"])
    assert {(o.what, o.which) for o in found} - before == {
        ("veto without a link", veto),
        ("mission without a link", mission),
        ("new mission", "UNXYZ"),
    }


def test_records_that_end_early_and_resolutions_after_the_agenda(small: Path) -> None:
    path = small / RAW / "compiled/episodes.csv"
    frame = read_text(path)
    frame.loc[frame["last_year"] == "2024", "last_year"] = "2030"
    write_text(frame, path)
    agenda = read_text(small / RAW / "coded/agenda_conflicts.csv")
    agenda["to_date"] = "2020-01-01"
    write_text(agenda, small / RAW / "coded/agenda_conflicts.csv")
    found = todo(Project(small))
    assert "vetoes" in of_kind(found, "record that ends early")
    later = of_kind(found, "resolution without a link")
    assert later and all(int(name[-5:-1]) >= 2020 for name in later)


def test_the_command_lists_them() -> None:
    done = CliRunner().invoke(app, ["todo", "--json", "--root", str(PROJECT.root)])
    assert done.exit_code == 0
    assert len(json.loads(done.output)) == len(todo(PROJECT))
    told = CliRunner().invoke(app, ["todo", "--root", str(PROJECT.root)], env={"COLUMNS": "160"})
    assert "267-3" in told.output and "coded/chapter_vii.csv" in told.output
