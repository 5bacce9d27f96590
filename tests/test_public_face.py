"""`import collsec`: the estimators by name, and the study's own tables, hypotheses and results."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

import collsec as cs
import report_study as study
import riskset
from collsec import api as session
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.reports.words import questions

PAGE = "analyses/h1/h1-deployment-delay.qmd"


@pytest.fixture(autouse=True)
def at_home(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The study is this repository; nothing has been loaded."""
    monkeypatch.delenv("COLLSEC_ROOT", raising=False)
    monkeypatch.chdir(repository / "tests")
    session._LOADED.clear()
    yield
    session._LOADED.clear()


def loaded_by(code: str) -> set[str]:
    """Modules that a new interpreter has loaded after some code."""
    code = f"import sys, json, {code}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_brings_no_heavy_library() -> None:
    heavy = {"pandas", "numpy", "scipy", "pyarrow", "yaml", "typer", "riskset"}
    assert not heavy & loaded_by("collsec; dir(collsec)")


def test_distributions_are_loaded_when_one_is_asked_for() -> None:
    # Half a second that `collsec check`, which needs the names of all designs, does without.
    assert "scipy.stats" not in loaded_by("collsec.designs")


def test_every_public_name_is_there_and_the_same_object() -> None:
    assert set(cs.__all__) == set(session.__all__) <= set(dir(cs))
    for name in session.__all__:
        assert getattr(cs, name) is getattr(session, name), name
    with pytest.raises(AttributeError, match="no attribute 'cox_hp'"):
        cs.cox_hp  # noqa: B018


def test_names_of_the_library_answer_for_one_more_release() -> None:
    for name in {*riskset.__all__} - {"__version__"}:
        vars(cs).pop(name, None)
        with pytest.warns(DeprecationWarning, match=f"collsec.{name} is riskset.{name}"):
            assert getattr(cs, name) is getattr(riskset, name)
    code = (
        "import warnings; warnings.simplefilter('ignore'); import riskset\n"
        "from collsec.survival import cox_ph\n"
        "from collsec.survival.inference import holm\n"
        "print(cox_ph is riskset.cox_ph, holm is riskset.holm)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True"


def test_a_type_checker_sees_every_name(repository: Path) -> None:
    package = repository / "src" / "collsec"
    tree = ast.parse((package / "__init__.pyi").read_text(encoding="utf-8"))
    seen = {
        (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {("riskset", "*"), *(("collsec.api", name) for name in session.__all__)}
    assert (package / "py.typed").exists()


def test_a_raw_table_is_loaded_typed(repository: Path) -> None:
    missions = cs.load("missions")
    lines = (repository / "data/raw/coded/missions.csv").read_text(encoding="utf-8").splitlines()
    assert len(missions) == len(lines) - 1
    episodes = cs.load("episodes", root=repository)
    assert episodes["conflict_id"].dtype == "Int64"
    assert pd.api.types.is_datetime64_any_dtype(episodes["onset_date"])


def test_built_frames_are_made_where_no_run_has_made_them() -> None:
    linked, steps = cs.load("episodes/missions"), cs.load("timelines/deployment")
    assert {"mission_id", "conflict_id"} <= set(linked)
    assert (steps["known_from"] >= steps["from_date"]).all() and len(steps) > 100


@pytest.mark.parametrize(
    ("name", "near"),
    [("mision", "'missions'"), ("timelines/deploymnt", "'timelines/deployment'"), ("", "")],
)
def test_an_unknown_table_is_answered_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(CollsecError, match="no table") as caught:
        cs.load(name)
    assert near in str(caught.value)


def test_the_codebook_is_a_table() -> None:
    book = cs.codebook()
    assert book["definition"].str.len().gt(0).all()
    assert set(cs.codebook("onset_date")["column"]) == {"onset_date"}
    with pytest.raises(CollsecError, match="onset_date"):
        cs.codebook("onset_dat")


def test_citing_what_was_loaded_and_nothing_else() -> None:
    assert cs.cite().used == ()
    assert str(cs.cite()).splitlines() == [cs.cite().software.reference]
    assert cs.cite().software.reference.startswith("The collsec authors (")
    cs.load("p5_ties")
    ties = {use.key for use in cs.cite().used}
    assert "atop" in ties and "un_library" not in ties
    cs.load("vetoes")
    both = {use.key for use in cs.cite().used}
    assert ties < both and "un_library" in both
    assert cs.cite().bibtex().startswith("@software{collsec,")
    assert "@misc{atop," in cs.cite().bibtex()


def test_citing_a_built_frame_names_what_it_is_made_from() -> None:
    cs.load("timelines/council")
    found = {column for use in cs.cite().used for column in use.columns}
    assert any(column.startswith("vetoes.") for column in found)
    assert not any(column.startswith("p5_ties.") for column in found)


def test_a_page_is_checked_when_it_is_read(repository: Path, tmp_path: Path) -> None:
    assert cs.Hypothesis.from_file(repository / PAGE).spec.exposure.measure == "un_troops"
    text = (repository / PAGE).read_text(encoding="utf-8")
    text = text.replace("modules: [", "parts: [] #[").replace("parts: [p", "#[")
    page = tmp_path / "h9-elsewhere.qmd"
    page.write_text(text.replace("hypothesis: h1", "hypothesis: h9"), encoding="utf-8")
    assert cs.Hypothesis.from_file(page).name == "h9"
    page.write_text(
        text.replace("hypothesis: h1", "hypothesis: h9").replace("un_troops", "un_trops", 1),
        encoding="utf-8",
    )
    with pytest.raises(CollsecError, match="un_troops"):
        cs.Hypothesis.from_file(page)
    with pytest.raises(MissingInput, match="does not exist"):
        cs.Hypothesis.from_file("nowhere.qmd")


def test_results_are_those_of_the_last_run(tmp_path: Path, repository: Path) -> None:
    root = study.write_study(tmp_path / "made", repository)
    found = cs.results("h1", root=root)
    assert found.result_id == "h1.primary@3f9c2a"
    with pytest.raises(CollsecError, match="Known: h1, h2, h3"):
        cs.results("h9", root=root)


def test_outside_a_study_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingInput, match="no study here"):
        cs.load("missions")


def test_an_installed_package_answers_with_released_estimates_and_writes_to_the_cache(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collsec.core import __version__
    from collsec.evidence import release

    made = Project(study.write_study(tmp_path / "made", repository))
    expected = cs.results("h1", root=made.root)
    (made.published / "estimates").mkdir(parents=True)
    (made.published / "estimates" / "gone.json").touch()  # of an earlier release
    kept = release.publish(made)
    assert {p.relative_to(made.published).as_posix() for p in kept} >= {
        "estimates/h1.json",
        "estimates/h1.parquet",
        "estimates/study.json",
        "panels/h1-attrition.parquet",
    }
    assert sorted(made.published.glob("*/*")) == sorted(kept)

    # As the wheel lays it out; nobody stands in a folder of the study.
    inside = tmp_path / "package" / "_study"
    shutil.copytree(made.root / "analyses", inside / "analyses")
    shutil.copytree(made.published, inside / "data" / "processed")
    monkeypatch.setattr("collsec.core.project.shipped", lambda: inside)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what came with the package is not out of date
        found = cs.results("h1")
    assert found.result_id == expected.result_id
    pd.testing.assert_frame_equal(found.estimates, expected.estimates)
    assert Project(inside).state == tmp_path / "cache" / "collsec" / __version__
    assert made.state == made.root / ".snakemake" / "collsec"
    shutil.rmtree(inside / "data")
    with pytest.raises(MissingInput, match=f"collsec {__version__} came without released"):
        cs.results("h1")


def test_the_readme_counts_the_hypotheses_of_the_study(repository: Path) -> None:
    study = yaml.safe_load((repository / "analyses" / "_study.yml").read_text())
    words = {3: "three", 15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen"}
    main, further = len(study["primaries"]), len(study["hypotheses"]) - len(study["primaries"])
    readme = (repository / "README.md").read_text()
    assert f"{words[main]} main hypotheses and {words[further]} secondary ones" in readme


def test_the_readme_answers_as_the_release_does(tmp_path: Path, repository: Path) -> None:
    """Questions and headlines as the front page has them, from the published estimates."""
    (tmp_path / "data").mkdir()
    (tmp_path / "analyses").symlink_to(repository / "analyses")
    (tmp_path / "data" / "raw").symlink_to(repository / "data" / "raw")
    (tmp_path / "data" / "processed").symlink_to(repository / "reports" / "published")
    readme = " ".join((repository / "README.md").read_text(encoding="utf-8").split())
    for name in ("q1", "q2", "q3", "q4", "q5"):
        found = questions.read(Project(tmp_path), name)
        assert f"**{found.question}** {found.title}" in readme


def test_no_page_writes_a_sign_before_a_p_value_that_may_have_one(repository: Path) -> None:
    """Of a small p-value "p = < 0.001" would be printed: `.p_is` has the sign that fits."""
    pages = [*(repository / "analyses").rglob("*.qmd"), *(repository / "reports").glob("*.qmd")]
    assert len(pages) > 20
    for page in pages:
        assert not re.search(r"p = \{\{< var", page.read_text()), page.name
