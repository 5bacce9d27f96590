"""`load`, `catalog` and `cite` of the public tables: kept, current, credited by column."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import collsec as cs
from collsec import api as session
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.histories.public import PUBLIC
from mini.raw import build_raw
from study import REPOSITORY


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of a small study: raw tables and no run."""
    folder = build_raw(tmp_path_factory.mktemp("clone"))
    (folder / "analyses").symlink_to(REPOSITORY / "analyses")
    (folder / "CITATION.cff").symlink_to(REPOSITORY / "CITATION.cff")
    (folder / "Snakefile").symlink_to(REPOSITORY / "Snakefile")
    return folder


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_LOADED", {})
    monkeypatch.setattr(session, "_MADE", {})


def test_a_clean_clone_makes_every_table_and_keeps_it(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PUBLIC:
        table = cs.load(name, root=small)
        assert list(table.columns) == list(PUBLIC[name].columns) and len(table), name
    project = Project(small)
    monkeypatch.setattr(session, "_MADE", {})
    monkeypatch.setattr(session, "_build", lambda _: pytest.fail("made again"))
    pd.testing.assert_frame_equal(cs.load("dyads", root=small), table_of(project, "dyads"))
    assert cs.load("dyads", root=small)["first_death_date"].dtype == "datetime64[s]"


def table_of(project: Project, name: str) -> pd.DataFrame:
    return session._read(project, session._digest(project), name)


@pytest.mark.full
def test_an_edit_of_a_raw_table_makes_them_again(small: Path) -> None:
    before = cs.load("missions", root=small)
    path = small / "data" / "raw" / "coded" / "missions.csv"
    text = path.read_text(encoding="utf-8")
    name = str(before["acronym"].iloc[0])
    try:
        path.write_text(text.replace(f",{name},", f",{name}X,", 1), encoding="utf-8")
        after = cs.load("missions", root=small)
    finally:
        path.write_text(text, encoding="utf-8")
    assert after["acronym"].iloc[0] == f"{name}X"
    assert len(list((small / ".snakemake" / "collsec" / "public").glob("*/*.parquet"))) == len(
        PUBLIC
    )


def test_a_folder_that_cannot_be_written_is_no_fault(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(session, "_keep", refused)
    monkeypatch.setattr(session, "_read", lambda *_: (_ for _ in ()).throw(MissingInput("none")))
    first = cs.load("votes", root=small)
    monkeypatch.setattr(session, "_build", lambda _: pytest.fail("made again"))
    pd.testing.assert_frame_equal(first, cs.load("votes", root=small))


def test_the_raw_table_of_that_name_is_there_too() -> None:
    raw = cs.load("tables/episodes")
    assert "duration_days" not in raw and len(raw) == 620


def test_the_catalog_lists_them(small: Path) -> None:
    found = cs.catalog(root=small).set_index("table")
    assert list(found.index) == list(PUBLIC)
    assert found.loc["conflict_months", "key"] == "conflict_id, month"


def test_what_was_loaded_is_cited_column_by_column(small: Path) -> None:
    columns = ["gwno", "month", "deaths"]
    table = cs.load("country_months", columns=columns, root=REPOSITORY)
    assert list(table.columns) == columns
    keys = {use.key for use in cs.cite(root=REPOSITORY).used}
    assert {"violence_country_months", "gw_system"} <= keys
    assert not keys & {"atop", "cow_trade", "un_library", "peace_agreements_complete"}
    asked = cs.cite("country_months", columns=["p5_pacts"], root=small)
    assert "atop" in {use.key for use in asked.used}
    assert "atop" not in {use.key for use in cs.cite(root=small).used}  # asked, not loaded
    every = {use.key for use in cs.cite("country_months", root=small).used}
    assert keys | {"atop", "un_library", "peace_agreements_complete"} <= every


def test_unknown_names_are_answered_with_the_nearest(small: Path) -> None:
    with pytest.raises(CollsecError, match="'country_months'"):
        cs.load("country_month", root=small)
    with pytest.raises(CollsecError, match="'deaths'"):
        cs.load("country_months", columns=["death"], root=small)
    with pytest.raises(CollsecError, match="'votes'"):
        cs.cite("vote", root=small)


def test_tables_of_an_earlier_state_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw").symlink_to(REPOSITORY / "data" / "raw")
    project = Project(tmp_path)
    assert not session._is_made(project)
    key = session._digest(project)
    assert key == session._digest(project)
    dyads = cs.load("dyads")
    frames = {"dyads": dyads, "votes": cs.load("votes")}
    session._keep(project, key, frames)
    pd.testing.assert_frame_equal(session._read(project, key, "dyads"), dyads)
    session._keep(project, "later", {"dyads": dyads})
    assert not project.kept(key, "votes").exists()
    with pytest.raises(MissingInput, match="cannot be read"):
        session._read(project, key, "votes")
