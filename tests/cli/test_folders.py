"""Where a command works: the folder of the study, found or named; answers in JSON; exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import report_study as study
from collsec.cli.main import app
from collsec.cli.progress import Progress, duration
from collsec.cli.run import cores_from
from collsec.core import __version__
from collsec.core.errors import CollsecError, MissingInput
from study import REPOSITORY

#: Every command that works on a study, as it is called.
COMMANDS = [
    *(["run"], ["check"], ["show", "h1"], ["compare", "h1", "h2"], ["cite"], ["cite", "h1"]),
    *(["claims"], ["codebook"], ["power"], ["release"], ["release", "--check"]),
    *(["compile", "--check"], ["fetch"], ["diff", "20.1", "25.1"]),
    *(["step", "tables"], ["step", "panel", "h1"], ["step", "reports"]),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    return study.write_study(tmp_path_factory.mktemp("study") / "made", repository)


@pytest.fixture(autouse=True)
def no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLLSEC_ROOT", raising=False)


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, repr(done.exception)
    return done.stdout


def test_a_study_is_found_from_any_folder_below(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made / "data" / "processed" / "deep").mkdir(exist_ok=True)
    monkeypatch.chdir(made / "data" / "processed" / "deep")
    below = printed("show", "h1")
    monkeypatch.chdir(made.parent)
    monkeypatch.setenv("COLLSEC_ROOT", str(made))
    assert printed("show", "h1") == below
    monkeypatch.setenv("COLLSEC_ROOT", str(made.parent))
    done = CliRunner().invoke(app, ["show", "h1"])
    assert isinstance(done.exception, MissingInput)
    assert "no study there" in str(done.exception)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_outside_a_study_every_command_refuses_in_one_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, CollsecError), repr(done.exception)
    message = str(done.exception)
    assert "no study here" in message and "COLLSEC_ROOT" in message and "\n" not in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["cite", "--bibtex"], "@software{collsec,"),
        (["power", "9"], "9"),
        (["codebook", "chapter_vii_adopted"], "Chapter VII"),
        (["codebook", "episode_hosts"], "host_ordinal"),
        pytest.param(["export", "out", "dyads", "--format", "csv"], "dyads.csv",
                     marks=pytest.mark.full),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)  # fmt: skip
def test_what_needs_no_study_of_ones_own_works_after_installing(
    command: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the wheel lays it out: the study within the package, and nobody in a folder of one."""
    inside, here = tmp_path / "package" / "_study", tmp_path / "here"
    (inside / "data").mkdir(parents=True)
    here.mkdir()
    for name in ("analyses", "data/raw", "CITATION.cff"):
        (inside / name).symlink_to(REPOSITORY / name)
    (inside / "data" / "processed").symlink_to(REPOSITORY / "reports" / "published")
    monkeypatch.setattr("collsec.core.project.shipped", lambda: inside)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(here)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, repr(done.exception)
    assert said in done.output
    # What a study of one's own is needed for is refused as before.
    assert isinstance(CliRunner().invoke(app, ["check"]).exception, MissingInput)
    assert [path.name for path in here.iterdir()] == (["out"] if command[0] == "export" else [])


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (["show", "h1"], {"hypothesis", "result_id", "estimates", "verdict"}),
        (["compare", "h1", "h2"], {"h1", "h2"}),
        (["cite"], {"software", "reference", "used"}),
        (["power"], {"rows", "study", "power", "alpha", "share"}),
        (["codebook"], {"onset_date"}),
        (["codebook", "onset_date"], {"name", "definition", "holders"}),
        (["diff", "20.1", "25.1"], {"n_old", "n_new", "episodes"}),
    ],
    ids=lambda one: " ".join(sorted(one)),
)
def test_reading_commands_answer_in_json(
    command: list[str], keys: set[str], repository: Path, made: Path
) -> None:
    root = made if command[0] in ("show", "compare", "power", "cite") else repository
    found = json.loads(printed(*command, "--json", "--root", str(root)))
    assert keys <= set(found)


def test_the_version_is_the_packages() -> None:
    assert printed("--version") == f"collsec {__version__}\n"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "", "٣"])
def test_cores_below_one_are_refused(text: str) -> None:
    with pytest.raises(CollsecError, match="whole number of at least 1"):
        cores_from(text)
    assert cores_from("3") == 3 and cores_from("all") >= 1


def test_an_unknown_profile_is_refused_before_anything(made: Path) -> None:
    done = CliRunner().invoke(app, ["run", "--profile", "quik", "--root", str(made)])
    assert isinstance(done.exception, CollsecError)


def test_an_error_stands_last_and_has_its_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "collsec", "show", "h1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: no study here") and done.stderr.count("\n") == 1


LINES = """Job stats:
job       count
------  -------
tables        1
share         4
all           1
total         6

rule tables:
    jobid: 1
Finished jobid: 1 (Rule: tables)
localrule share:
    jobid: 2
rule share:
    jobid: 3
Finished jobid: 3 (Rule: share)
error: h1: cannot be estimated.
Finished jobid: 2 (Rule: share)
"""


def test_progress_is_read_from_snakemake(tmp_path: Path) -> None:
    from rich.console import Console

    times = tmp_path / "times.json"
    times.write_text("{broken", encoding="utf-8")
    console = Console(record=True, width=80, quiet=False)
    with Progress(console, times, cores=2, is_dry=False, is_last=True) as progress:
        for line in LINES.splitlines(keepends=True):
            progress.feed(line)
    assert progress.counts == {"tables": 1, "share": 4}
    assert progress.finished == {"tables": 1, "share": 2}
    assert progress.errors == ["h1: cannot be estimated."]
    assert progress.remaining < 1
    assert "tables     1/1" in console.export_text()
    assert set(json.loads(times.read_text(encoding="utf-8"))) == {"tables", "share"}
    assert (duration(59.4), duration(61), duration(3600)) == ("59 s", "1 min", "1 h 0 min")


def test_a_long_step_is_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("collsec.cli.progress.SILENCE", 0.02)
    console = Console(record=True, width=80, quiet=False)
    with Progress(console, tmp_path / "t", cores=2, is_dry=False, is_last=True) as progress:
        for line in LINES.splitlines(keepends=True):
            progress.feed(line)
        time.sleep(0.2)
    assert "at work: share 2/4" in console.export_text()


def test_a_step_that_breaks_names_its_module_and_line_not_a_dump(tmp_path: Path) -> None:
    from collsec.cli.run import _cause
    from collsec.core.project import Project

    (tmp_path / "log").write_text(
        "collsec step shard own\nTraceback (most recent call last):\n"
        '  File "/x/collsec/designs/a.py", line 7, in estimate\n    x\n'
        f'  File "{tmp_path}/analyses/own/mine.py", line 12, in mine\n    y\n'
        '  File "/x/site-packages/pandas/core.py", line 99, in get\n    z\n'
        "KeyError: 'no_column'\n",
        encoding="utf-8",
    )
    assert _cause(Project(tmp_path), "log") == (
        "collsec step shard own: KeyError: 'no_column' (analyses/own/mine.py, line 12). "
        "The whole of it: log"
    )
    assert "does not say why" in _cause(Project(tmp_path), "absent")


def test_an_error_of_a_command_that_answers_in_json_is_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "collsec"]
    for arguments, code, said in (
        (["todo", "--json", "--root", str(tmp_path)], 1, "datapackage.json"),
        (["todo", "--json", "--wrong"], 2, "--wrong"),
    ):
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert said in json.loads(done.stdout)["error"] and not done.stderr


def test_a_check_is_passed_over_only_while_nothing_has_changed(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collsec import pipeline
    from collsec.cli.checked import faults
    from collsec.core.errors import Fault
    from collsec.core.project import Project

    asked: list[Project] = []

    def found(project: Project) -> list[Fault]:
        asked.append(project)
        text = (project.root / "analyses" / "_study.yml").read_text(encoding="utf-8")
        return [Fault("analyses/_study.yml", "is wrong.")] if "wrong" in text else []

    monkeypatch.setattr(pipeline, "faults", found)
    study_file = tmp_path / "analyses" / "_study.yml"
    study_file.parent.mkdir()
    study_file.write_text("right", encoding="utf-8")
    project = Project(tmp_path)
    assert faults(project) == [] and faults(project) == [] and len(asked) == 1
    study_file.write_text("wrong", encoding="utf-8")
    assert faults(project) and faults(project) and len(asked) == 3
    study_file.write_text("right", encoding="utf-8")
    assert faults(project) == []
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "new.csv").write_text("a\n", encoding="utf-8")
    before = len(asked)
    assert faults(project) == [] and len(asked) == before + 1
