"""Rendering: Quarto, or pandoc and Typst in its place, also where Quarto fails.

Project and pages appear complete, or stay as they were.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from collsec.core.project import Project
from collsec.reports.kept import kept_in
from collsec.reports.pages.assemble import assemble
from collsec.reports.render import fallback, quarto


def build(project: Project, hypotheses: Sequence[str], workers: int | None = None) -> None:
    """Write `reports/project/` and `reports/site/` of a study.

    Parameters
    ----------
    project : Project
    hypotheses : sequence of str
        Identifiers, in the order of the navigation.
    workers : int, optional
        Processes that draw and tabulate; as many as there are processors without it.

    Raises
    ------
    CollsecError
        If an input is missing or a text refers to what does not exist. Nothing is then replaced.
    """
    reports = project.root / "reports"
    with tempfile.TemporaryDirectory(prefix=".build-", dir=reports) as name:
        project_folder, site = Path(name) / "project", Path(name) / "site"
        project_folder.mkdir()
        site.mkdir()
        with kept_in(project.state / "reports"), project.reading_once():
            assembled = assemble(project, hypotheses, project_folder, workers)
            if not _by_quarto(project_folder, site):
                fallback.render(assembled, reports, site)
        project.replace_tree(project_folder, reports / "project")
        project.replace_tree(site, reports / "site")


def _by_quarto(folder: Path, site: Path) -> bool:
    """Render by Quarto where it is there; whether it did. Why it could not is said."""
    if not quarto.is_available():
        return False
    try:
        quarto.render(folder, site)
    except quarto.QuartoFailed as error:
        print(f"note: {error} Pages and PDFs are made without Quarto.", file=sys.stderr)
        return False
    return True
