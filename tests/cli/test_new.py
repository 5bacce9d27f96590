"""`collsec new`: each start passes the check and its own test, and can be estimated."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collsec.api import Hypothesis
from collsec.cli.main import app
from collsec.cli.new import with_item
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.hypothesis.validation import load
from collsec.pipeline import faults, registries
from mini.small_study import DRAWS, build, environment

#: What is begun, in this order, and what its page must then say, as the command tells.
BEGUN: list[tuple[list[str], tuple[str, str]]] = [
    (["hypothesis", "own-peace"], ("", "")),
    (
        ["measure", "own_exposure", "--for", "own"],
        ("measure: peacekeepers", "measure: own_exposure"),
    ),
    (["design", "own_design", "--for", "own"], ("design: time_varying", "design: own_design")),
    (["part", "own_part", "--for", "own"], ("cites:", "parts: [own_part]\ncites:")),
    (["table", "own_table", "--for", "own"], ("", "")),
    (["source", "own_source"], ("cites: [ucdp_acd]", "cites: [ucdp_acd, own_source]")),
    (["hypothesis", "fixed", "--at-onset"], ("", "")),
    (
        ["measure", "own_covariate", "--for", "fixed"],
        ("measure: log_population", "measure: own_covariate"),
    ),
    (
        ["design", "own_comparison", "--for", "fixed"],
        ("design: fixed_at_onset", "design: own_comparison"),
    ),
]


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one's own before its first hypothesis, on few conflicts and with few draws."""
    folder = tmp_path_factory.mktemp("new") / "study"
    assert "collsec new hypothesis" in run("new", "study", str(folder), "--title", "Own study")
    cut = build(tmp_path_factory.mktemp("cut"))
    shutil.rmtree(folder / "data")
    shutil.move(cut / "data", folder / "data")
    (folder / "data" / "raw" / "coded" / "claims.csv").unlink()
    study = folder / "analyses" / "_study.yml"
    text = study.read_text(encoding="utf-8")
    few = ", ".join(f"{name}: {number}" for name, number in DRAWS.items())
    study.write_text(re.sub(r"(quick|full): \{.*\}", rf"\1: {{{few}}}", text), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def begun(empty: Path) -> Path:
    """The study with one of everything, its page accepted after each, and all of it at the end."""
    project = Project(empty)
    for arguments, (old, new) in BEGUN:
        said = run("new", *arguments, "--root", str(empty))
        assert "New: " in said and "Next: " in said
        name = arguments[-1] if "--for" in arguments else "own"
        page = next((empty / "analyses" / name).glob("*.qmd"))
        text = page.read_text(encoding="utf-8")
        assert old in text
        load(project, name, registries(project))
        page.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
        load(project, name, registries(project))
    assert not faults(project)
    return empty


def test_a_study_without_a_hypothesis_says_so_and_lacks_nothing_else(
    tmp_path: Path, empty: Path
) -> None:
    folder = tmp_path / "bare"
    run("new", "study", str(folder))
    found = faults(Project(folder))
    assert {fault.key for fault in found} == {"hypotheses", "primaries"}
    assert "claims.csv" not in {path.name for path in folder.rglob("*")}


def test_comments_stay_and_lists_grow(begun: Path) -> None:
    study = (begun / "analyses" / "_study.yml").read_text(encoding="utf-8")
    assert re.search(r"^hypotheses: \[own, fixed\] +# ", study, re.MULTILINE)
    assert re.search(r"^primaries: \[own\] +# ", study, re.MULTILINE)
    page = next((begun / "analyses" / "own").glob("*.qmd")).read_text(encoding="utf-8")
    assert "modules: [own_exposure.py, own_design.py, own_part.py]" in page
    assert "tables: [own_table.csv]" in page


@pytest.mark.full
def test_every_start_passes_its_test(begun: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "analyses", "tests"],
        cwd=begun,
        env=environment(Path(__file__).parents[2]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Two of each page, four of an exposure, two of a covariate, one of all else.
    assert "15 passed" in done.stdout


@pytest.mark.full
def test_a_measure_that_looks_ahead_fails_the_test_that_was_begun_with_it(begun: Path) -> None:
    module = begun / "analyses" / "own" / "own_exposure.py"
    honest = module.read_text(encoding="utf-8")
    ahead = 'deployment[deployment["known_from"] > "1995-01-01"]'
    # Nobody is exposed before 1995 unless no peacekeeper comes after 2000.
    module.write_text(
        honest.replace(
            'return where_positive(deployment, "peacekeepers")',
            f"late = {ahead}\n    return where_positive("
            'late if (late["known_from"] > "2000-01-01").any() else deployment, "peacekeepers")',
        ),
        encoding="utf-8",
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "analyses/own"],
            cwd=begun,
            env=environment(Path(__file__).parents[2]),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        module.write_text(honest, encoding="utf-8")
    assert done.returncode == 1
    assert "test_nothing_that_was_known_later_moves_what_had_begun[1992-01-01]" in done.stdout


@pytest.mark.full
@pytest.mark.parametrize("name", ["own", "fixed"])
def test_what_was_begun_can_be_estimated(begun: Path, name: str) -> None:
    page = next((begun / "analyses" / name).glob("*.qmd"))
    record = Hypothesis.from_file(page, root=begun).fit()
    ids = set(record.estimates["estimate_id"])
    expected = {"own": {"own.primary", "own.own_part"}, "fixed": {"fixed.primary"}}
    assert expected[name] <= ids
    measure = {"own": "own_exposure", "fixed": "own_covariate"}[name]
    assert record.primary["measure"] == measure
    assert record.primary["n_events"] > 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["measure", "anything"], "--for is missing"),
        (["measure", "anything", "--for", "nobody"], "no such hypothesis"),
        (["measure", "un_troops", "--for", "own"], "is the name of a measure"),
        (["design", "time_varying", "--for", "own"], "is the name of a design"),
        (["part", "own_part", "--for", "own"], "is the name of a part"),
        (["table", "missions", "--for", "own"], "is the name of a table"),
        (["table", "own_table", "--for", "own"], "is the name of a table"),
        (["design", "another", "--for", "own"], "has a design of its own already"),
        (["source", "ucdp_acd"], "is the name of a source"),
        (["hypothesis", "own"], "is the name of a hypothesis"),
        (["hypothesis", "study"], "is the name of a hypothesis"),
        (["hypothesis", "H4"], "is no name"),
        (["hypothesis", "../h4"], "is no name"),
        (["hypothesis", "h4-Two Words"], "words are lower case"),
        (["measure", "class", "--for", "own"], "is no name"),
        (["hypothesis", "h4", "--title", 'A "title"'], "--title"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_start_writes_nothing(begun: Path, arguments: list[str], said: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in begun.rglob("*") if path.is_file()}
    with pytest.raises(CollsecError, match=said):
        run("new", *arguments, "--root", str(begun))
    after = {path: path.stat().st_mtime_ns for path in begun.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["study", "another", "--for", "own"], "--for own: a study belongs to no page"),
        (["study", "another", "--at-onset"], "--at-onset: says of a hypothesis, not of a study"),
        (["hypothesis", "another", "--for", "own"], "a hypothesis belongs to no page"),
        (["measure", "another", "--for", "own", "--at-onset"], "not of a measure"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_without_a_meaning_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CollsecError, match=said):
        run("new", *arguments)
    assert not list(tmp_path.iterdir())


def test_a_study_of_ones_own_cites_the_package_besides(begun: Path) -> None:
    cited = run("cite", "--root", str(begun)).splitlines()
    assert cited[0].startswith("The authors of Own study. Own study, version 0.1.0")
    assert cited[1].startswith("The collsec authors (")
    entries = re.findall(r"@software\{(\w+),", run("cite", "--bibtex", "--root", str(begun)))
    assert entries == ["own_study", "collsec"]


def test_a_study_without_claims_says_so(begun: Path) -> None:
    assert "lists no claims" in run("claims", "--root", str(begun))
    assert json.loads(run("claims", "--json", "--root", str(begun))) == []


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CollsecError, match="is not empty"):
        run("new", "study", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [x]  # why\nb: 1\n", "a: [x, y]  # why\nb: 1\n"),
        ("a: []\n", "a: [y]\n"),
        ("a: [x,\n    z]\nb: 1\n", "a: [x,\n    z, y]\nb: 1\n"),
        ("a:  # why\n  - x\n  - z\nb: 1\n", "a:  # why\n  - x\n  - z\n  - y\nb: 1\n"),
        ("a:\n- x\nb: 1\n", "a:\n- x\n- y\nb: 1\n"),
        ("b: 1\nc: 2\n", "b: 1\na: [y]\nc: 2\n"),
        ("---\nb: 1\n---\na: [x]\n", "---\nb: 1\na: [y]\n---\na: [x]\n"),
    ],
)
def test_an_item_is_added_to_a_list(text: str, expected: str) -> None:
    assert with_item(text, "a", "y", after="b") == expected


@pytest.mark.parametrize("text", ["a: x\nb: 1\n", '"a": [x]\nb: 1\n', "a: {x: 1}\nb: 1\n"])
def test_a_list_in_a_rare_form_is_left_to_its_author(text: str) -> None:
    with pytest.raises(CollsecError, match="by hand"):
        with_item(text, "a", "y", after="b")
