"""What a contributor is given: hooks that stop a bad commit, a container, forms, and rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from pre_commit.clientlib import load_config
from typer.main import get_command

import ready
from collsec.cli.main import app
from collsec.core import __version__

HOOKS = ".pre-commit-config.yaml"
#: Where the version stands.
VERSIONED = (
    *("pyproject.toml", "packages/riskset/pyproject.toml", "CITATION.cff"),
    *("src/collsec/core/__init__.py", "packages/riskset/src/riskset/__init__.py"),
)


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = ("-c", "user.name=A", "-c", "user.email=a@b.c", *arguments)
    return subprocess.run(["git", *own], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def activated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of these tests is active, as CONTRIBUTING says."""
    programs = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([programs, os.environ["PATH"]]))


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A repository with the hooks of this one, installed as CONTRIBUTING.md says."""
    if shutil.which("git") is None or shutil.which("pre-commit") is None:
        pytest.skip("no git or pre-commit here")
    assert git(tmp_path, "init", "-q").returncode == 0
    for name in (HOOKS, "pyproject.toml"):
        shutil.copy(repository / name, tmp_path / name)
    git(tmp_path, "add", "-A")
    subprocess.run(["pre-commit", "install"], cwd=tmp_path, capture_output=True, check=True)
    return tmp_path


def test_a_commit_that_is_not_formatted_is_stopped(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKIP", "mypy,rooms,raw-tables")  # they need the whole package
    module = clone / "module.py"
    module.write_text("import os\nx = {'a':1}\n", encoding="utf-8")
    git(clone, "add", "module.py")
    stopped = git(clone, "commit", "-qm", "Not formatted")
    assert stopped.returncode == 1
    said = re.findall(r"^(ruff \w+)\.+(\w+)", stopped.stdout + stopped.stderr, re.MULTILINE)
    assert said == [("ruff check", "Failed"), ("ruff format", "Failed")]
    assert module.read_text(encoding="utf-8") == 'x = {"a": 1}\n'  # repaired at once
    git(clone, "add", "module.py")
    passed = git(clone, "commit", "-qm", "Formatted")
    assert passed.returncode == 0, passed.stdout + passed.stderr


def test_each_hook_runs_what_the_locked_environment_has(repository: Path) -> None:
    (local,) = load_config(str(repository / HOOKS))["repos"]
    assert local["repo"] == "local"  # nothing is fetched, no version differs
    hooks = {hook["id"]: hook for hook in local["hooks"]}
    assert set(hooks) == {"ruff-format", "ruff-check", "mypy", "rooms", "raw-tables"}
    for hook in hooks.values():
        program, *arguments = hook["entry"].split()
        # Newer pre-commit calls a program of the environment unsupported, which it runs as before.
        assert hook["language"] in ("system", "unsupported") and shutil.which(program), hook[
            "entry"
        ]
        files = [a for a in arguments if a.endswith(".py")]
        assert all((repository / name).is_file() for name in files)
    assert re.search(hooks["raw-tables"]["files"], "data/raw/coded/missions.csv")


def test_the_container_has_what_the_checks_use(repository: Path) -> None:
    folder = repository / ".devcontainer"
    declared = json.loads((folder / "devcontainer.json").read_text(encoding="utf-8"))
    recipe = (folder / declared["build"]["dockerfile"]).read_text(encoding="utf-8")
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    supported = re.search(r'requires-python = "(.+)"', project)
    python = re.search(r"^FROM python:(\d+\.\d+)-", recipe, re.MULTILINE)
    assert supported and python and python[1] in SpecifierSet(supported[1])
    assert f"Python :: {python[1]}" in project
    ci = (repository / ".ci" / "run").read_text(encoding="utf-8")
    wanted = set(re.findall(r"missing\+=\(([\w-]+)\)", ci)) | {"make", "git", "nodejs"}
    wanted |= {f"r-cran-{name.lower()}" for name in ("survival", "MASS")}
    assert wanted == set(re.findall(r"(?<=\s)[a-z][\w-]+", recipe.split("recommends")[1])) & wanted
    assert f"useradd --create-home --shell /bin/bash {declared['remoteUser']}" in recipe
    make, install = declared["postCreateCommand"].split(" && ")
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    assert make == "make .venv/.ready" and "\n$(READY): requirements.lock" in makefile
    assert install == ".venv/bin/pre-commit install"


def test_forms_are_whole_and_name_commands_that_exist(repository: Path) -> None:
    folder = repository / ".github"
    forms = sorted(path for path in (folder / "ISSUE_TEMPLATE").glob("*.yml"))
    assert [path.stem for path in forms] == ["config", "fact", "fault", "number"]
    for path in forms[1:]:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "labels", "body"} == set(form)
        asked = [part["id"] for part in form["body"]]
        assert len(asked) == len(set(asked)) >= 3
        assert all(part["attributes"]["label"] for part in form["body"])
        assert any(part.get("validations", {}).get("required") for part in form["body"])
    texts = [path.read_text(encoding="utf-8") for path in (*forms, *folder.glob("*.md"))]
    commands = {name for text in texts for name in re.findall(r"`collsec (\w+)", text)}
    assert len(commands) >= 5
    assert commands <= set(get_command(app).commands)  # type: ignore[attr-defined]
    targets = {name for text in texts for name in re.findall(r"`make ([\w-]+)", text)}
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    assert targets and all(f"\n{name}:" in makefile for name in targets)


@pytest.fixture
def releasable(repository: Path, tmp_path: Path) -> Path:
    """A repository of what `make release` asks about, ready for version 1.2.3."""
    if shutil.which("git") is None:
        pytest.skip("no git here")
    names = [*VERSIONED, "CHANGELOG.md", ready.MANIFEST]
    for name in names:
        text = (repository / name).read_text(encoding="utf-8")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace(__version__, "1.2.3"), encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] – 2026-12-03\n\n### Added\n\n- All.\n\n"
        "## [1.2.2] – 2026-11-03\n\n### Results that changed\n\n- None.\n"
    )
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "Ready")
    return tmp_path


def test_a_repository_that_is_ready_has_no_fault(releasable: Path) -> None:
    assert list(ready.before(releasable)) == []
    assert list(ready.after(releasable)) == []


@pytest.mark.parametrize("name", VERSIONED)
def test_a_version_that_differs_is_named(releasable: Path, name: str) -> None:
    path = releasable / name
    path.write_text(path.read_text("utf-8").replace("1.2.3", "1.2.4"), encoding="utf-8")
    git(releasable, "commit", "-qam", "Another version")
    found = list(ready.before(releasable))
    assert found
    if name == "pyproject.toml":
        assert all("pyproject.toml has 1.2.4" in line for line in found if "is 1.2.3" in line)
        assert "CHANGELOG.md: no section [1.2.4]" in found[-1]
    else:
        assert all(line.startswith(name) and "is 1.2.4" in line for line in found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n", "entries under [Unreleased]"),
        ("1.2.3] – 2026-12-03", "1.2.3]", "[1.2.3]: has no day"),
        ("## [1.2.3] –", "## [1.2.4] – 2026-12-04\n\n## [1.2.3] –", "is not the first section"),
    ],
)
def test_a_changelog_that_is_not_ready_is_named(
    releasable: Path, old: str, new: str, said: str
) -> None:
    path = releasable / "CHANGELOG.md"
    path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    git(releasable, "commit", "-qam", "Changelog")
    (found,) = ready.before(releasable)
    assert said in found


def test_what_is_not_committed_or_was_released_is_named(releasable: Path) -> None:
    (releasable / "stray.txt").write_text("x")
    (found,) = ready.before(releasable)
    assert found.startswith("stray.txt: is not committed (1 in all)")
    (releasable / "stray.txt").unlink()
    git(releasable, "tag", "v1.2.3")
    (found,) = ready.before(releasable)
    assert found.startswith("v1.2.3: this version has been released")


def test_a_number_that_moved_must_be_told(releasable: Path) -> None:
    path = releasable / ready.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    content["results"]["h1"]["primary"]["estimate"] = 123.5
    path.write_text(json.dumps(content), encoding="utf-8")
    (found,) = ready.after(releasable)
    assert "no *Results that changed*, but 1 numbers moved, such as h1 estimate: 2.4" in found
    log = releasable / "CHANGELOG.md"
    told = "### Results that changed\n\n- h1.\n\n### Added"
    log.write_text(log.read_text("utf-8").replace("### Added", told, 1), encoding="utf-8")
    assert list(ready.after(releasable)) == []


def test_a_release_is_one_command_whose_steps_are_in_order(repository: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make here")
    command = ["make", "--dry-run", "--old-file=.venv/.ready", "release"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    steps = (
        *("tests/ready.py", "collsec check", "ruff check", "(full or examples)", "sphinx"),
        *("run --profile full", "release --replace", "ready.py --after", "pip wheel"),
        *("collsec bundle dist/deposit.zip", "collsec verify dist/deposit.zip"),
    )
    places = [done.stdout.index(step) for step in steps]
    assert places == sorted(places)


def test_a_contributor_is_told_of_them(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in ("CODE_OF_CONDUCT.md", ".devcontainer", ".github/ISSUE_TEMPLATE"):
        assert name in text and (repository / name).exists()
