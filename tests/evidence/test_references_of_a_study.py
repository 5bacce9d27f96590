"""The sources of what a hypothesis read: of its own wars alone, data sets first, then documents."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from by_hand import rows
from collsec.core.project import Project
from collsec.evidence.citation import keys_of, of_raw_columns, references, rows_about
from collsec.tables.clean import read_json, resources
from evidence.dossier_world import PAGE
from study import PROJECT, raw_tables

EPISODES = rows("episode_id conflict_id", ("1-1", 1), ("1-2", 1), ("2-1", 2))
MISSIONS = rows("mission_id conflict_id", ("ours", 1), ("theirs", 2))
ACTS = rows("item_id conflict_id", ("r1", 1), ("r2", 2))


def changed(table: str, **columns: list[object]) -> pd.DataFrame:
    """The first two rows of a raw table, with some columns of one's own."""
    return raw_tables()[table].head(2).reset_index(drop=True).assign(**columns)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A study in which a page asks of troops, and follows the first war of the first conflict."""
    troops = pd.to_datetime(["2001-01-01", "2001-01-01"])
    gone = pd.to_datetime([None, None])
    frames = {
        "panels/q1": rows("unit_id", ("1-1",)),
        "episodes/episodes": EPISODES,
        "episodes/missions": MISSIONS,
        "episodes/acts": ACTS,
        "tables/episodes": changed("episodes", episode_id=["1-1", "2-1"]),
        "tables/missions": changed(
            "missions",
            mission_id=["ours", "theirs"],
            source=["article", "https://never.org/a"],
            first_troops_date=troops,
            first_troops_source=["https://b.org/1; dpo_missions", "https://never.org/b"],
            last_troops_date=gone,
            last_troops_source=["https://never.org/c", "https://never.org/d"],
            end_date=troops,
            end_source=["https://a.org/2;article", "https://never.org/e"],
        ),
        "tables/mission_conflicts": changed(
            "mission_conflicts",
            mission_id=["ours", "theirs"],
            conflict_id=[1, 2],
            source=["bara_hultman", "https://never.org/f"],
        ),
    }
    for name, frame in frames.items():
        path = tmp_path / "data" / "processed" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path)
    (tmp_path / "data" / "raw").symlink_to(PROJECT.raw)
    (tmp_path / "analyses").mkdir()
    (tmp_path / "analyses" / "q1-troops.qmd").write_text(PAGE)
    return Project(tmp_path)


def test_data_sets_stand_as_declared_and_documents_after_them(project: Project) -> None:
    found = references(project, "q1")
    columns = {use.key: use.columns for use in found}
    assert list(columns) == [
        *("ucdp_acd", "bara_hultman", "dpo_missions", "article"),
        *("https://a.org/2", "https://b.org/1"),
    ]
    assert columns["dpo_missions"] == columns["https://b.org/1"] == ("missions.first_troops_date",)
    assert columns["https://a.org/2"] == ("missions.end_date",)
    assert "missions.end_date" in columns["article"]
    assert "episodes.onset_date" in columns["ucdp_acd"]
    assert all(name.startswith("mission_conflicts.") for name in columns["bara_hultman"])
    assert [use.source is None for use in found] == [False] * 4 + [True] * 2


def test_the_sources_of_a_raw_column_are_those_of_all_its_rows() -> None:
    fields = {
        name: {f["name"]: f for f in read_json(PROJECT, PROJECT.raw / resource["schema"])["fields"]}
        for name, resource in resources(PROJECT).items()
        if name in ("p5_ties", "missions")
    }
    asked = {"ties": ["p5_ties.was_colony", "p5_ties.has_defense_pact"], "no": []}
    asked["all"] = [*asked["ties"], "missions.strength_10pct_date"]
    found = of_raw_columns(PROJECT, asked, fields)
    told = {name: [(use.key, use.columns) for use in used] for name, used in found.items()}
    assert told["ties"] == [
        ("atop", ("p5_ties.has_defense_pact",)),
        ("coldat", ("p5_ties.was_colony",)),
        ("colonial_dummies", ("p5_ties.was_colony",)),
    ]
    assert told["no"] == []
    # The file of sources has the shortfall of personnel after the colonies.
    strength = ("missions.strength_10pct_date",)
    assert told["all"] == [
        *told["ties"],
        ("bara_hultman", strength),
        ("personnel_shortfall", strength),
    ]


def test_rows_are_about_a_war_by_its_episode_its_conflict_or_its_missions() -> None:
    keys = keys_of({"1-1"}, EPISODES, MISSIONS, ACTS)
    assert keys["conflict_id"] == {1} and keys["mission_id"] == {"ours"}
    assert keys["veto_id"] == keys["resolution_id"] == {"r1"}
    assert rows_about(EPISODES, keys)["episode_id"].tolist() == ["1-1"]
    assert rows_about(MISSIONS, keys)["mission_id"].tolist() == ["ours"]
    assert rows_about(MISSIONS[["mission_id"]], keys)["mission_id"].tolist() == ["ours"]
    lists = rows("veto_id state", ("r1", "a"), ("r2", "b"))
    assert rows_about(lists, keys)["state"].tolist() == ["a"]
    assert rows_about(lists[["state"]], keys)["state"].tolist() == ["a", "b"]
