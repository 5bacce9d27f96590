"""Arguments that several commands share, the folder that they work on, and how they answer."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collsec.core.errors import CollsecError
from collsec.core.project import ROOT_VARIABLE, project_at

if TYPE_CHECKING:
    pass


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
