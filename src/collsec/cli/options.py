"""Arguments that several commands share, the folder that they work on, and how they answer."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collsec.core.errors import CollsecError, MissingInput

if TYPE_CHECKING:
    from collsec.core.project import Project

#: Files by which a folder is known to be one of the study.
MARKS = ("analyses/_study.yml", "data/raw/datapackage.json")
#: Names the folder of the study where the command is given outside it.
ROOT_VARIABLE = "COLLSEC_ROOT"


class Kind(StrEnum):
    """What can be begun."""

    STUDY = "study"
    HYPOTHESIS = "hypothesis"
    MEASURE = "measure"
    DESIGN = "design"
    PART = "part"
    TABLE = "table"
    SOURCE = "source"


def hypotheses_of(incomplete: str) -> list[str]:
    """Hypotheses of the study, for completion on the command line."""
    from collsec.hypothesis.study import load_study

    try:
        return [h for h in load_study(project_at(None)).hypotheses if h.startswith(incomplete)]
    except CollsecError:
        return []


Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        help=f"Folder of the study; else ${ROOT_VARIABLE}, or the nearest one upwards from here.",
        show_default=False,
    ),
]
Profile = Annotated[
    str, typer.Option(help="`quick` (few draws, minutes) or `full` (the published draws).")
]
Hypothesis = Annotated[
    str, typer.Argument(help="Such as `h1`.", show_default=False, autocompletion=hypotheses_of)
]
Hypotheses = Annotated[
    list[str],
    typer.Argument(
        metavar="HYPOTHESIS...",
        help="Such as `h1 h3`; at least two.",
        autocompletion=hypotheses_of,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def project_at(root: Path | None) -> Project:
    """The study in a folder: the one named, else that of the environment, else the nearest above.

    Raises
    ------
    MissingInput
        If no folder is named and none from here upwards is one of the study.
    """
    from collsec.core.project import Project

    if root is not None:
        return Project(root)
    if named := os.environ.get(ROOT_VARIABLE):
        if not any((Path(named) / mark).is_file() for mark in MARKS):
            raise MissingInput(f"{ROOT_VARIABLE}={named}: no study there (no {MARKS[0]}).")
        return Project(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / mark).is_file() for mark in MARKS):
            return Project(folder)
    raise MissingInput(
        f"no study here: no folder from here upwards holds {MARKS[0]}. "
        f"Go to one, name it with --root, or set {ROOT_VARIABLE}."
    )


def answer(value: Any) -> None:
    """Print a value as JSON; what is missing or infinite is null."""
    typer.echo(json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict(orient="records")]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str) else str(value)
