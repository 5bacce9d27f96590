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
from collsec.core.import_graph import within_package
from collsec.core.project import Project
from collsec.hypothesis.specification import specification_digest
from collsec.pipeline.code import digest_of_imports

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
    """Modules of the study by their paths in it, those of the library with its name in front."""
    return {within_package(p).removeprefix("collsec/") for p in pipeline.code_of(stage)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_rests_on_how_its_files_are_written(stage: str) -> None:
    found = names(stage)
    assert {"pipeline/stages.py", "core/project.py", "core/schema.py", "core/errors.py"} <= found
    assert not {name for name in found if name.startswith("cli/")}


def test_early_stages_rest_on_no_later_room() -> None:
    rooms = {name.partition("/")[0] for name in names("tables")}
    assert "tables" in rooms and not rooms & {"designs", "reports", "evidence", "riskset"}
    rooms = {name.partition("/")[0] for name in names("timelines")}
    assert "histories" in rooms and not rooms & {"designs", "reports", "evidence"}
    assert {"riskset", "designs", "measures"} <= {n.partition("/")[0] for n in names("shard")}


def test_what_the_modules_of_a_page_import_is_known_with_what_that_imports() -> None:
    nothing = digest_of_imports(("import numpy\n", "def broken(:\n"))
    designs = digest_of_imports(("from collsec.designs.parts import part\n",))
    assert (
        len({nothing, designs, digest_of_imports(("from riskset.emulation import trials\n",))}) == 3
    )
    assert designs == digest_of_imports(
        ("import collsec.designs.parts as p\n", "from .a import b\n")
    )


def test_an_installed_package_knows_its_own_files(tmp_path: Path) -> None:
    source = Path(pipeline.__file__).parents[1]
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
        own = {
            Path(p).relative_to(installed).as_posix() for p in paths if installed in Path(p).parents
        }
        assert own == {name for name in names(stage) if not name.startswith("riskset/")}
        assert all(Path(p).is_file() for p in paths)


def test_what_units_rest_on_follows_content_within_one_process(tmp_path: Path) -> None:
    project = Project(tmp_path)
    page, study = tmp_path / "analyses" / "own-page.qmd", project.study_file
    page.parent.mkdir(parents=True)
    page.write_text("---\nhypothesis: own\nmodules: [a.py]\n---\nProse.\n")
    page.with_name("a.py").write_text("1\n")
    study.write_text("hypotheses: [own]\nseed: 1\n")

    def digests() -> list[str]:
        whole = [pipeline.study_digest(project, is_whole=each) for each in (True, False)]
        return [specification_digest(project, "own"), *whole]

    first = digests()
    page.write_text(page.read_text().replace("Prose", "Other prose"))
    assert digests() == first
    page.with_name("a.py").write_text("2\n")
    second = digests()
    assert second[0] != first[0]
    page.write_text(page.read_text().replace("own\n", "other\n", 1))
    assert digests()[0] not in (first[0], second[0])
    study.write_text("hypotheses: [own, another]\nseed: 1\n")
    assert digests()[1] != first[1] and digests()[2] == first[2]
    page.write_text("no front matter")
    broken = digests()[0]
    page.write_text("---\n[\n---\n")
    assert digests()[0] not in (broken, first[0])
