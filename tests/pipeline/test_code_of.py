"""The modules on which a stage rests follow from the imports, wherever the package is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collsec import pipeline

STAGES = (
    "tables",
    "episodes",
    "timelines",
    "public",
    "panel",
    "shard",
    "estimate",
    "synthesis",
    "reports",
)


def names(stage: str) -> set[str]:
    package = Path(pipeline.__file__).parent
    return {p.relative_to(package).as_posix() for p in pipeline.code_of(stage)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_rests_on_how_its_files_are_written(stage: str) -> None:
    found = names(stage)
    assert {"pipeline.py", "core/project.py", "core/schema.py", "core/errors.py"} <= found
    assert not {name for name in found if name.startswith("cli/")}


def test_early_stages_rest_on_no_later_room() -> None:
    rooms = {name.partition("/")[0] for name in names("tables")}
    assert "tables" in rooms and not rooms & {"designs", "reports", "evidence", "survival"}
    rooms = {name.partition("/")[0] for name in names("timelines")}
    assert "histories" in rooms and not rooms & {"designs", "reports", "evidence"}
    assert {"survival", "designs", "subjects"} <= {n.partition("/")[0] for n in names("shard")}


def test_an_installed_package_knows_its_own_files(tmp_path: Path) -> None:
    source = Path(pipeline.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    installed = shutil.copytree(source, tmp_path / "site-packages" / "collsec", ignore=ignored)
    code = (
        "import json\n"
        "from collsec.pipeline import code_of\n"
        f"print(json.dumps({{s: [str(p) for p in code_of(s)] for s in {STAGES!r}}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(installed.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    for stage, paths in json.loads(done.stdout).items():
        assert {Path(p).relative_to(installed).as_posix() for p in paths} == names(stage)
        assert all(Path(p).is_file() for p in paths)
