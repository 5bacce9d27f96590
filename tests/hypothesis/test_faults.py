"""Everything that a person writes is checked at once, and all that is wrong is listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from collsec.core.errors import BadDocument
from collsec.core.project import Project
from collsec.evidence import questions
from collsec.hypothesis.faults import written_by_hand
from collsec.pipeline import faults
from collsec.reports.pages import vocabulary
from collsec.tables.clean import read_raw, resources
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
    damage(study, "analyses/h1/h1-deployment-delay.qmd", "cluster: gwno_host", "cluster: gwno")
    damage(study, "analyses/h1/h1-deployment-delay.qmd", "claims: [C01a,", "claims: [C99,")
    damage(study, "analyses/h3/h3-p5-interest.qmd", "cites: [ucdp_acd]", "cites: [ucdp]")
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
    damage(study, "analyses/h1/h1-deployment-delay.qmd", "claims: [C01a,", "claims: [C99,")
    damage(study, "analyses/h3/h3-p5-interest.qmd", "cites: [ucdp_acd]", "cites: [ucdp]")
    damage(study, "analyses/h2/h2-veto-use.qmd", "parts: [", "parts: [parts_unknown, ")
    found = faults(study)
    assert [(f.key, f.value) for f in found] == [
        ("claims[0]", "'C99'"),
        ("parts[0]", "'parts_unknown'"),
        ("cites[0]", "'ucdp'"),
    ]
    assert found[0].line == 5


def test_the_files_that_are_read_are_listed(study: Project) -> None:
    listed = {path.relative_to(study.root).as_posix() for path in written_by_hand(study)}
    assert {
        "analyses/_study.yml",
        "analyses/_cases.yml",
        "analyses/h1/h1-deployment-delay.qmd",
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
        ("analyses/h2/h2-veto-use.qmd", "analyses/h2-*.qmd: 0 files found"),
    ),
)
def test_a_file_that_is_missing_is_told(study: Project, file: str, message: str) -> None:
    (study.root / file).unlink()
    assert any(message in str(fault) for fault in faults(study))


# What pages bring along -------------------------------------------------------------------------
MODULE = "analyses/h19/regional.py"


@pytest.mark.usefixtures("registers")
@pytest.mark.parametrize(
    ("old", "new", "key", "value", "said"),
    first(
        (
            '"regional_presence.missions",',
            '"regional_presence.mission",',
            "regional_peacekeepers",
            "'regional_presence.mission'",
            "regional_presence has no column 'mission'. Did you mean 'missions'?",
        ),
        (
            '*("sponsor", ',
            '*("sponsr", ',
            "regional_presence",
            "'missions.sponsr'",
            "missions has no column 'sponsr'. Did you mean 'sponsor'?",
        ),
        (
            '*("first_troops_basis", ',
            "*(",
            "regional_presence",
            "'missions.first_troops_basis'",
            "is read, and not declared in `uses`. Declare it there.",
        ),
        (
            'return where_positive(regional_presence, "missions")',
            'return where_positive(regional_presence, "missions")[["on_date", "conflict_id"]]',
            "regional_peacekeepers",
            None,
            "returns the columns on_date, conflict_id; this exposure must return conflict_id, "
            "on_date, off_date.",
        ),
        (
            'return where_positive(regional_presence, "missions")',
            "where_positive(regional_presence, 'missions')",
            "regional_peacekeepers",
            None,
            "returns nothing; this exposure must return",
        ),
        (
            "    return steps\n",
            "    return steps.drop(columns='known_from')\n",
            "regional_presence",
            None,
            "this timeline must return conflict_id, from_date, known_from.",
        ),
        (
            'return where_positive(regional_presence, "missions")',
            "return where_positive(regional_presence, 1 / 0)",
            "regional_peacekeepers",
            None,
            "cannot be computed (ZeroDivisionError: division by zero).",
        ),
    ),
)
def test_what_a_page_brings_along_is_tried_before_the_run(
    study: Project, old: str, new: str, key: str, value: str | None, said: str
) -> None:
    damage(study, MODULE, old, new)
    found = faults(study)[0]
    assert (found.file, found.key, found.value) == (MODULE, key, value)
    assert said in str(found)
    lines = (study.root / MODULE).read_text("utf-8").splitlines()
    assert found.line is not None
    if value is not None and "declared" not in said:
        column = value.strip("'").rpartition(".")[2]
        assert column in lines[found.line - 1] or lines[found.line - 1].startswith("@")


def own_table(study: Project, rows: str) -> str:
    """Give the page of H19 a table of its own; its file."""
    page, file = "analyses/h19/h19-regional-troops.qmd", "analyses/h19/rain.csv"
    damage(study, page, "modules: [", "tables: [rain.csv]\nmodules: [")
    days = [{"name": name, "type": "date"} for name in ("from_date", "to_date")]
    fields = [{"name": "gwno", "type": "integer"}, {"name": "year", "type": "integer"}, *days]
    schema = study.root / "analyses/h19/rain.schema.json"
    schema.write_text(json.dumps({"fields": fields}), "utf-8")
    (study.root / file).write_text(f"gwno,year,from_date,to_date\n{rows}\n", "utf-8")
    return file


@pytest.mark.usefixtures("registers")
@pytest.mark.parametrize(
    ("row", "column", "said"),
    first(
        ("2,1990,1990-01-01,1990-12-31", "", ""),
        ("3,1990,1990-01-01,1990-12-31", "gwno", "unknown state code."),
        ("2,2081,1990-01-01,1990-12-31", "year", "lies after 2026, the last year coded."),
        ("2,1990,1990-01-01,2081-12-31", "to_date", "lies outside of 1946-01-01 to 2026-12-31."),
        ("2,1990,1990-01-01,1989-12-31", "to_date", "lies before from_date, 1990-01-01."),
    ),
)
def test_a_table_of_a_page_names_states_and_days_that_can_be(
    study: Project, row: str, column: str, said: str
) -> None:
    file = own_table(study, f"2,1989,1989-01-01,1989-12-31\n{row}")
    found = faults(study)
    assert [(f.file, f.line, f.key) for f in found] == ([(file, 3, column)] if column else [])
    assert all(said in str(fault) for fault in found)


def test_a_table_that_nothing_reads_is_told(study: Project) -> None:
    (study.root / "data/raw/coded/vetos.csv").write_text("a,b\n1,2\n", "utf-8")
    (study.root / "analyses/h19/rain.csv").write_text("a,b\n1,2\n", "utf-8")
    beside, raw = faults(study)
    assert beside.file == "analyses/h19/rain.csv"
    assert "Name it in analyses/h19/h19-regional-troops.qmd" in beside.remedy
    assert raw.file == "data/raw/coded/vetos.csv"
    assert "Did you mean 'coded/vetoes.csv'?" in raw.remedy


@pytest.mark.parametrize("mark", first(b"", b"\xef\xbb\xbf"))
def test_marks_and_line_ends_of_editors_change_nothing(study: Project, mark: bytes) -> None:
    """A byte-order mark, Windows line ends, and no end of the last line are read."""
    for file in (
        "data/raw/coded/missions.csv",
        "data/raw/schemas/missions.json",
        "data/raw/datapackage.json",
        "data/raw/sources.toml",
        "analyses/_study.yml",
        "analyses/h1/h1-deployment-delay.qmd",
    ):
        path = study.root / file
        path.write_bytes(mark + path.read_bytes().replace(b"\n", b"\r\n").rstrip())
    assert faults(study) == []
    named = resources(study)["missions"]
    there = read_raw(Project(PROJECT.root), resources(PROJECT)["missions"])
    here = read_raw(study, named)
    assert [*here.columns] == [*there.columns]
    assert not any(str(value).endswith("\r") for value in here.iloc[:, -1])


PAGE = "analyses/h19/h19-regional-troops.qmd"


@pytest.mark.parametrize(
    ("old", "new", "value", "said"),
    first(
        ("h19.primary.sentence", "h19.primary.sentense", "h19.primary.sentense", "h19.primary.sen"),
        ("h19.primary.units", "h99.primary.units", "h99.primary.units", "'h99' is no hypothesis"),
        ("h19.primary.finding", "h19.verdict.finding", "h19.verdict.finding", "no result has"),
        ("_tbl-h19-checks", "_tbl-h19-cheks", "_tbl-h19-cheks.md", "Is it 'checks'?"),
        (
            "figures/h19-multiverse",
            "figures/h19-multiverze",
            "h19-multiverze",
            "Is it 'multiverse'",
        ),
        ("{{< var h19.primary.units", "{{< vr h19.primary.units", "h19.primary.units", "shortcode"),
    ),
)
def test_a_name_in_prose_that_nothing_bears_is_told(
    study: Project, old: str, new: str, value: str, said: str
) -> None:
    damage(study, PAGE, old, new)
    with pytest.raises(BadDocument) as caught:
        vocabulary.check(study)
    (found,) = caught.value.faults
    assert (found.file, found.value) == (PAGE, repr(value))
    assert said in str(found)
    lines = (study.root / PAGE).read_text("utf-8").splitlines()
    assert found.line is not None
    assert new in lines[found.line - 1]


def test_a_variable_that_is_also_a_group_of_others_is_told_with_both_places(study: Project) -> None:
    path = study.root / PAGE
    text = path.read_text("utf-8").rstrip("\n")
    n = text.count("\n") + 1
    text += "\n{{< var h19.primary.hr >}} {{< var h19.dose.wars >}}\n{{< var h19.dose >}}\n"
    path.write_text(text, "utf-8")
    with pytest.raises(BadDocument) as caught:
        vocabulary.check(study)
    (found,) = caught.value.faults
    assert str(found) == (
        f"{PAGE}, line {n + 2}, key var, value 'h19.dose': is a group of variables "
        f"('h19.dose.wars' in {PAGE}, line {n + 1}), and no value. Name one variable of the group."
    )


ASKED = "analyses/_questions.yml"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (ASKED, "- hypothesis: h11", "- hypothesis: h111", "outcomes[0].hypothesis, value 'h111'"),
        (ASKED, "wars: [h2]", "wars: [h22]", "questions.q3.wars[0], value 'h22': unknown. Did you"),
        (ASKED, "  hypothesis: h1\n  r", "  hypothesis: h0\n  r", "picture.hypothesis, value 'h0'"),
        (ASKED, "{h2.primary.expected}", "{h22.primary.expected}", "'h22' is no hypothesis"),
        (ASKED, "{h2.primary.expected}", "{h2.primary.expectd}", "Did you mean 'h2.primary.exp"),
        (ASKED, "{study.claims.all}", "{studdy.claims.all}", "'studdy' is no hypothesis"),
        (ASKED, "[C04, C05,", "[C04, C055,", "claims[1], value 'C055': unknown. Did you mean"),
        (ASKED, "  q4:", "  q6:", "analyses/questions/q6.qmd is missing"),
        ("analyses/questions/q1.qmd", "h11.first_act.wars", "h1l.first_act.wars", "Did you mean"),
        ("analyses/questions/q2.qmd", "_tbl-q2-wars", "_tbl-q2-warz", "Is it 'war'?"),
    ],
)
def test_a_name_that_a_question_cannot_rest_on_is_told(
    study: Project, file: str, old: str, new: str, said: str
) -> None:
    damage(study, file, old, new)
    with pytest.raises(BadDocument) as caught:
        questions.check(study)
        vocabulary.check(study)
    found = caught.value.faults[0]
    assert found.file == file
    assert said in str(found)
    assert found.line is not None
    line = (study.root / file).read_text("utf-8").splitlines()[found.line - 1]
    assert new.strip().split("\n")[0].partition(":")[2].strip() in line


def test_a_study_of_fewer_hypotheses_may_keep_all_questions(study: Project) -> None:
    """What the package's own study brings is known, though it is not listed here."""
    damage(study, "analyses/_study.yml", "h18, h19", "h18")
    questions.check(study)
    vocabulary.check(study)


def test_every_name_in_the_study_s_own_prose_may_be_borne() -> None:
    vocabulary.check(PROJECT)
