"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collsec.core.project import Project

Root = Annotated[Path, typer.Option("--root", help="Folder of the study.", show_default=False)]
Profile = Annotated[
    str, typer.Option(help="`quick` (few draws, minutes) or `full` (the published draws).")
]
Hypothesis = Annotated[str, typer.Argument(help="Such as `h1`.", show_default=False)]
HERE = Path()


def project_at(root: Path) -> Project:
    """The files of the study in ``root``."""
    from collsec.core.project import Project

    return Project(root)
