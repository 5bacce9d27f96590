"""Everything that a person writes is checked at once, and all that is wrong is listed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collsec.core.project import Project
from collsec.hypothesis.faults import written_by_hand
from collsec.pipeline import faults
from for_all_tests import first
from mini.raw import build_raw
from study import PROJECT


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study without a fault: raw tables, pages, and no case of another conflict."""
    root = build_raw(tmp_path_factory.mktemp("whole"))
    claims = Path("data/raw/coded/claims.csv")
    shutil.copy(PROJECT.root / claims, root / claims)
    shutil.copytree(PROJECT.root / "analyses", root / "analyses")
    conflict = (root / "data/raw/compiled/episodes.csv").read_text("utf-8").split("\n")[1]
    number = conflict.split(",")[1]
    (root / "analyses" / "_cases.yml").write_text(
        f"one: {{title: One, years: [1800, 2100], conflicts: {{{number}: One}}}}\n", "utf-8"
    )
    return root


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Project:
    """A copy to be damaged."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


def damage(study: Project, file: str, old: str, new: str) -> None:
    path = study.root / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_nothing_is_wrong_with_a_whole_study_and_nothing_is_written(study: Project) -> None:
    before = sorted(study.root.rglob("*"))
    assert faults(study) == []
    assert sorted(study.root.rglob("*")) == before


def test_all_faults_are_listed_by_file_and_line(study: Project) -> None:
    damage(study, "analyses/_cases.yml", "[1800, 2100]", "[2100, 1800]")
    damage(study, "analyses/h1-deployment-delay.qmd", "cluster: gwno_host", "cluster: gwno")
    damage(study, "analyses/h1-deployment-delay.qmd", "claims: [C01a,", "claims: [C99,")
    damage(study, "analyses/h3-p5-interest.qmd", "cites: [ucdp_acd]", "cites: [ucdp]")
    damage(study, "data/raw/sources.toml", 'doi = "10.', 'doi = "11.')
    damage(study, "data/raw/coded/claims.csv", ",tested,", ",testd,")
    damage(study, "data/raw/coded/missions.csv", "true", "yes")
    damage(study, "data/raw/compiled/states.csv", "gwno", "gwnoo")
    found = faults(study)
    assert [(f.file.rsplit("/", 1)[-1], f.key) for f in found if f.file] == [
        ("_cases.yml", "one.years"),
        ("h1-deployment-delay.qmd", "cluster"),
        ("claims.csv", "verdict_class"),
        ("missions.csv", found[3].key),
        ("states.csv", "gwnoo"),
        ("sources.toml", "ucdp_acd.doi"),
    ]
    assert all("\n" not in str(f) and f.line for f in found)


def test_faults_of_names_are_told_once_the_tables_can_be_read(study: Project) -> None:
    damage(study, "analyses/h1-deployment-delay.qmd", "claims: [C01a,", "claims: [C99,")
    damage(study, "analyses/h3-p5-interest.qmd", "cites: [ucdp_acd]", "cites: [ucdp]")
    damage(study, "analyses/h2-veto-use.qmd", "parts: [", "parts: [parts_unknown, ")
    assert [(f.line, f.key, f.value) for f in faults(study)] == [
        (5, "claims[0]", "'C99'"),
        (faults(study)[1].line, "parts[0]", "'parts_unknown'"),
        (faults(study)[2].line, "cites[0]", "'ucdp'"),
    ]


def test_the_files_that_are_read_are_listed(study: Project) -> None:
    listed = {path.relative_to(study.root).as_posix() for path in written_by_hand(study)}
    assert {
        "analyses/_study.yml",
        "analyses/_cases.yml",
        "analyses/h1-deployment-delay.qmd",
        "data/raw/sources.toml",
        "data/raw/coded/claims.csv",
        "data/raw/schemas/claims.json",
    } <= listed


@pytest.mark.parametrize(
    ("file", "message"),
    first(
        ("data/raw/sources.toml", "data/raw/sources.toml is missing"),
        ("data/raw/datapackage.json", "datapackage.json is missing"),
        ("analyses/_study.yml", "analyses/_study.yml is missing"),
        ("analyses/h2-veto-use.qmd", "analyses/h2-*.qmd: 0 files found"),
    ),
)
def test_a_file_that_is_missing_is_told(study: Project, file: str, message: str) -> None:
    (study.root / file).unlink()
    assert any(message in str(fault) for fault in faults(study))
