"""Render the assembled project with Quarto, where it is on PATH."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from collsec.core.errors import CollsecError


class QuartoFailed(CollsecError):
    """Quarto ended with an error, or with a warning that it does not count as one."""


def is_available() -> bool:
    """Whether Quarto is on PATH."""
    return shutil.which("quarto") is not None


def render(project: Path, site: Path) -> None:
    """Render a project and move its output into an empty folder.

    Quarto ends with 0 at an unresolved reference, a missing citation or image and an unknown
    variable, and only warns; so its log is searched, and a warning is an error here.

    Raises
    ------
    QuartoFailed
        At an error or a warning.
    """
    executable = shutil.which("quarto")
    if executable is None:
        raise QuartoFailed("quarto is not on PATH.")
    done = subprocess.run(
        [executable, "render", "--no-execute"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    log = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode("utf-8", "replace"))
    complaints = [line.strip() for line in log.splitlines() if re.search(r"\bWARN|\bERROR", line)]
    if done.returncode or complaints:
        shown = complaints[0] if complaints else log.strip()[-500:]
        for left in ("_site", ".quarto"):
            shutil.rmtree(project / left, ignore_errors=True)
        raise QuartoFailed(f"quarto render: {shown.rstrip('.')}.")
    output = project / "_site"
    if not (output / "index.html").is_file():
        raise QuartoFailed("quarto render: it ended well, but there is no _site/index.html.")
    shutil.copytree(output, site, dirs_exist_ok=True)
    shutil.rmtree(output)
    shutil.rmtree(project / ".quarto", ignore_errors=True)
