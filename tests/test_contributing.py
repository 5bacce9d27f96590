"""What a contributor is given: hooks that stop a bad commit, a container, forms, and rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from pre_commit.clientlib import load_config
from typer.main import get_command

from collsec.cli.main import app

HOOKS = ".pre-commit-config.yaml"


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = ("-c", "user.name=A", "-c", "user.email=a@b.c", *arguments)
    return subprocess.run(["git", *own], cwd=folder, capture_output=True, text=True, check=False)


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


def test_a_contributor_is_told_of_them(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in ("CODE_OF_CONDUCT.md", ".devcontainer", ".github/ISSUE_TEMPLATE"):
        assert name in text and (repository / name).exists()
