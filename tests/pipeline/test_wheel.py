"""The built wheel in an environment of its own: a study in a folder outside the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from mini.small_study import DRAWS, REPOSITORY

PUBLISHED = REPOSITORY / "reports" / "published"

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published, built from a clean copy."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    generated = ("data/processed", "data/upstream", "reports/site", "reports/project")
    left_out = {str(REPOSITORY / name) for name in (*generated, ".git", ".snakemake")}

    def ignored(place: str, names: list[str]) -> set[str]:
        return {
            n for n in names if f"{place}/{n}" in left_out or n.startswith(("__pycache__", ".venv"))
        }

    shutil.copytree(REPOSITORY, source, ignore=ignored)
    command = [*(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True)
    return next(folder.glob("collsec-*.whl"))


def test_it_carries_the_tables_and_the_snakefile(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    raw = {
        f"collsec/_study/{path.relative_to(REPOSITORY).as_posix()}"
        for path in (REPOSITORY / "data" / "raw").rglob("*")
        if path.is_file()
    }
    assert raw <= names
    assert {"collsec/_study/Snakefile", "collsec/py.typed"} <= names
    assert "collsec/cli/starts/hypothesis.toml" in names
    assert {"collsec/_study/CITATION.cff", "collsec/_study/analyses/_study.yml"} <= names
    published = {
        f"collsec/_study/data/processed/{path.relative_to(PUBLISHED).as_posix()}"
        for path in PUBLISHED.rglob("*")
        if path.is_file()
    }
    assert published <= names
    assert not [name for name in names if "MANIFEST" in name or "/site/" in name]


def test_a_study_outside_the_repository_runs_from_it(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    place = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, wheel],
        check=True,
    )
    # The packages that it needs are those of this environment; collsec itself is the wheel's.
    (Path(place) / "of_this_environment.pth").write_text(
        sysconfig.get_path("purelib") + "\n", encoding="utf-8"
    )
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("COLLSEC_ROOT", "PYTHONPATH")},
        "PATH": os.pathsep.join([str(home / "bin"), os.environ.get("PATH", "")]),
    }

    def collsec(*arguments: str) -> str:
        done = subprocess.run(
            [str(python), "-m", "collsec", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = subprocess.run(
        [str(python), "-c", "import collsec; print(collsec.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.startswith(place)
    collsec("new", "study", "elsewhere")
    study = tmp_path / "elsewhere" / "analyses" / "_study.yml"
    few = ", ".join(f"{name}: {number}" for name, number in DRAWS.items())
    text = re.sub(r"(quick|full): \{.*\}", rf"\1: {{{few}}}", study.read_text(encoding="utf-8"))
    study.write_text(text, encoding="utf-8")
    collsec("new", "hypothesis", "own", "--root", "elsewhere")
    assert "Nothing is wrong." in collsec("check", "--root", "elsewhere")
    collsec("run", "--root", "elsewhere", "--cores", "2", "--", "--set-scatter", "work=1")
    assert "OWN" in collsec("show", "own", "--root", "elsewhere")
    assert (tmp_path / "elsewhere" / "reports" / "site" / "own-question.pdf").is_file()
    again = collsec("run", "--root", "elsewhere", "--", "--set-scatter", "work=1")
    assert "Nothing to be done" in again
