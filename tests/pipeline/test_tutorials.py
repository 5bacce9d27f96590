"""The tutorials, followed to the letter: files written, commands run, in the order of the page.

A block of `sh` is run; a file is a path in backticks above a block of four backticks; a block of
`text` below commands stands in what they print, a line in each. Blocks of `console` install the
package, which is here already.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mini.small_study import DRAWS, REPOSITORY, environment

pytestmark = [pytest.mark.pipeline, pytest.mark.full]

BLOCK = re.compile(
    r"^`(?P<path>[\w./-]+)`\n\n````\w+\n(?P<file>.*?)^````$"
    r"|^```(?P<kind>sh|text|console)\n(?P<lines>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
TUTORIALS = sorted((REPOSITORY / "docs").glob("tutorial-*.md"))


class Reader:
    """Somebody who follows a tutorial in a shell that remembers its folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home
        self.printed = ""

    def write(self, path: str, text: str) -> None:
        """Write a file of the page over the start that is there."""
        place = self.folder / path
        assert place.is_file(), f"{path} is not what `collsec new` began"
        place.write_text(text, encoding="utf-8")

    def run(self, lines: str) -> None:
        """Run a block; the folder in which it ends is that of the next one."""
        note = self.folder / "folder-of-the-reader"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{lines}\npwd > '{note}'"],
            cwd=self.folder,
            env=environment(REPOSITORY),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.folder = Path(note.read_text(encoding="utf-8").strip())
        note.unlink()
        self.printed = done.stdout + done.stderr
        self.take_fewer_draws()

    def take_fewer_draws(self) -> None:
        """The one thing that is not to the letter: as many draws as a test has time for."""
        study = self.folder / "analyses" / "_study.yml"
        if study.is_file():
            text = study.read_text(encoding="utf-8")
            few = ", ".join(f"{name}: {number}" for name, number in DRAWS.items())
            fewer = re.sub(r"(quick|full): \{.*\}", rf"\1: {{{few}}}", text)
            if fewer != text:
                study.write_text(fewer, encoding="utf-8")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if "mediation" in page.stem else [])
        for page in TUTORIALS
    ],
    ids=lambda page: page.stem,
)
def test_a_tutorial_can_be_followed(page: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    found = list(BLOCK.finditer(page.read_text(encoding="utf-8")))
    assert sum(block["kind"] == "sh" for block in found) >= 4
    for block in found:
        if block["path"]:
            reader.write(block["path"], block["file"])
        elif block["kind"] == "sh":
            reader.run(block["lines"])
        elif block["kind"] == "text":
            flat = " ".join(reader.printed.split())
            for line in block["lines"].splitlines():
                assert " ".join(line.split()) in flat, (line, reader.printed)
    site = reader.folder / "reports" / "site"
    pages = {path.name for path in site.glob("*.html")}
    assert {"index.html", "data.html"} < pages and "claims.html" not in pages
    assert list(site.glob("*.pdf"))


def test_there_are_two_tutorials_and_the_guide_names_them() -> None:
    guide = (REPOSITORY / "docs" / "extend.md").read_text(encoding="utf-8")
    assert len(TUTORIALS) == 2
    for page in TUTORIALS:
        assert page.name in guide
