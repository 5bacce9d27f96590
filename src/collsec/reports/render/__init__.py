"""Rendering: Quarto, or pandoc and Typst in its place.

Project and pages appear complete, or stay as they were.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from collsec.core.project import Project
from collsec.reports.figures.style import kept_in
from collsec.reports.pages.assemble import assemble
from collsec.reports.render import fallback, quarto


def build(project: Project, hypotheses: Sequence[str]) -> None:
    """Write `reports/project/` and `reports/site/` of a study.

    Parameters
    ----------
    project : Project
    hypotheses : sequence of str
        Identifiers, in the order of the navigation.

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
        with kept_in(project.state / "figures"):
            assembled = assemble(project, hypotheses, project_folder)
        if quarto.is_available():
            quarto.render(project_folder, site)
        else:
            fallback.render(assembled, reports, site)
        project.replace_tree(project_folder, reports / "project")
        project.replace_tree(site, reports / "site")
