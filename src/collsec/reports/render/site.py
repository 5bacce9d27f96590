"""The whole site: project and pages appear complete, or stay as they were."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from collsec.core.project import Project
from collsec.reports.pages.assemble import assemble
from collsec.reports.render import fallback, quarto


def build(root: Path | str, hypotheses: Sequence[str]) -> None:
    """Write `reports/project/` and `reports/site/` of a study.

    Parameters
    ----------
    root : Path or str
        Folder of the study.
    hypotheses : sequence of str
        Identifiers, in the order of the navigation.

    Raises
    ------
    CollsecError
        If an input is missing or a text refers to what does not exist. Nothing is then replaced.
    """
    project = Project(root)
    reports = project.root / "reports"
    with tempfile.TemporaryDirectory(prefix=".build-", dir=reports) as name:
        project_folder, site = Path(name) / "project", Path(name) / "site"
        project_folder.mkdir()
        site.mkdir()
        assembled = assemble(project, hypotheses, project_folder)
        if quarto.is_available():
            quarto.render(project_folder, site)
        else:
            fallback.render(assembled, reports, site)
        _replace(reports / "project", project_folder, Path(name) / "old-project")
        _replace(reports / "site", site, Path(name) / "old-site")


def _replace(place: Path, new: Path, aside: Path) -> None:
    """Put a finished folder in the place of the old one."""
    if place.exists():
        os.replace(place, aside)
    os.replace(new, place)
    shutil.rmtree(aside, ignore_errors=True)
