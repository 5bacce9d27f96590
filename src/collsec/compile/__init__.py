"""upstream → raw: the compiled tables, written by coding rules and never by hand.

One module per family of upstream files; each table is a function of the upstream folder. The rules
are told in ``data/raw/CODING.md``. Nothing here touches ``data/raw/coded``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from collsec.compile.corrections import read_corrections
from collsec.compile.states import states_from
from collsec.compile.termination import outcomes_from
from collsec.compile.text import csv_text
from collsec.compile.workbench import Workbench
from collsec.errors import BadTable, MissingInput
from collsec.sources import Upstream, read_sources
from collsec.store import whole

FOLDER = "data/raw/compiled"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one compiled table is made.

    Attributes
    ----------
    sources : tuple of str
        Keys of the sources that it is made from.
    build : callable
        Workbench → the table.
    """

    sources: tuple[str, ...]
    build: Callable[[Workbench], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of one table.

    Attributes
    ----------
    name : str
        Name of the table.
    path : Path
        Its file.
    diff : str
        Unified diff from the file as it stood to the table as compiled; empty if they agree.
    """

    name: str
    path: Path
    diff: str

    @property
    def is_changed(self) -> bool:
        """Whether the file differed from the table as compiled."""
        return bool(self.diff)


def outcomes(bench: Workbench) -> pd.DataFrame:
    """Outcome of each episode."""
    return outcomes_from(bench.episodes, bench.terminations, ("ucdp_acd", "ucdp_termination"))


def states(bench: Workbench) -> pd.DataFrame:
    """State codes."""
    return states_from(
        bench.upstream.file("gw_system"),
        bench.upstream.file("ideal_points"),
        {"system": "gw_system", "iso3": "ideal_points", "further": "ucdp_acd"},
    )


UCDP = ("ucdp_acd", "ucdp_termination")
RECIPES: dict[str, Recipe] = {
    "episodes": Recipe(UCDP, lambda bench: bench.episodes),
    "outcomes": Recipe(UCDP, outcomes),
    "states": Recipe(("gw_system", "ideal_points", "ucdp_acd"), states),
}


def compile_all(upstream: Path, raw: Path, *, check: bool = False) -> list[Compiled]:
    """Compile every table; write all of them, or with `check` only compare.

    Parameters
    ----------
    upstream : Path
        Folder of the published files, one folder per source.
    raw : Path
        ``data/raw``: holds ``sources.toml``, ``corrections.toml``, ``schemas`` and ``compiled``.
    check : bool
        Write nothing; tell where the committed tables differ.

    Returns
    -------
    list of Compiled
        One per table, in the order of the registry.

    Raises
    ------
    MissingInput, BadSource
        If the folder or a file of it is absent or is not the declared one.
    BadCorrection
        If a correction no longer fits its file.
    BadTable
        If an upstream file or a compiled table is not as expected.
    """
    if not upstream.is_dir():
        raise MissingInput(
            f"{upstream}: no such folder. Give the folder of upstream files with --from."
        )
    bench = Workbench(
        Upstream(upstream, read_sources(raw / "sources.toml")),
        read_corrections(raw / "corrections.toml"),
    )
    for recipe in RECIPES.values():
        for key in recipe.sources:
            bench.upstream.files(key)
    texts = {}
    for name, recipe in RECIPES.items():
        table = recipe.build(bench)
        check_columns(name, table, raw)
        texts[name] = csv_text(table)
    out = []
    for name, text in texts.items():
        path = raw / "compiled" / f"{name}.csv"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        out.append(Compiled(name, path, difference(f"{FOLDER}/{name}.csv", before, text)))
        if before != text and not check:
            with whole(path) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")
    return out


def check_columns(name: str, table: pd.DataFrame, raw: Path) -> None:
    """Refuse a table whose columns are not those of its schema."""
    path = raw / "schemas" / f"{name}.json"
    if not path.exists():
        raise MissingInput(f"data/raw/schemas/{name}.json is missing.")
    wanted = [field["name"] for field in json.loads(path.read_text(encoding="utf-8"))["fields"]]
    if list(table.columns) != wanted:
        raise BadTable(
            f"{FOLDER}/{name}.csv", f"has columns {', '.join(table.columns)}.",
            remedy=f"Its schema says: {', '.join(wanted)}.",
        )


def difference(file: str, before: str, after: str) -> str:
    """Unified diff of two texts of one file; empty if they are the same."""
    if before == after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True),
        f"{file} (committed)", f"{file} (compiled)", n=0,
    )  # fmt: skip
    return "".join(lines)
