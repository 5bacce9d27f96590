"""upstream → raw: the compiled tables, written by coding rules and never by hand.

One module per family of upstream files; each table is a function of the upstream folder. The rules
are explained in ``data/raw/CODING.md``; what of them is data stands in ``data/raw/rules``. Nothing
here writes to ``data/raw/coded``.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import shutil
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from collsec.compile.corrections import read_corrections
from collsec.compile.package import FILE as PACKAGE
from collsec.compile.package import package_text
from collsec.compile.recipes import RECIPES
from collsec.compile.text import csv_text
from collsec.compile.workbench import Workbench
from collsec.core.errors import BadTable, CollsecError, MissingInput
from collsec.core.project import whole
from collsec.upstream.sources import Upstream, read_sources

FOLDER = "data/raw/compiled"
DIFF_LINES = 40  # of each table, in the message of a failed check


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of one table.

    Attributes
    ----------
    name : str
        Name of the table; ``datapackage`` for the description of all of them.
    file : str
        Its file, as the user knows it.
    path : Path
        The same, as a path.
    diff : str
        Unified diff from the file as it stood to the table as compiled; empty if they agree.
    """

    name: str
    file: str
    path: Path
    diff: str

    @property
    def is_changed(self) -> bool:
        """Whether the file differed from the table as compiled."""
        return bool(self.diff)


class StaleTables(CollsecError):
    """Committed tables that differ from what the coding rules make of the upstream files.

    Parameters
    ----------
    compiled : sequence of Compiled
        Every table; those that agree are left out of the message.
    """

    def __init__(self, compiled: Sequence[Compiled]) -> None:
        self.stale = tuple(c for c in compiled if c.is_changed)
        names = ", ".join(c.file for c in self.stale)
        super().__init__(
            f"{names}: not what the rules make of the upstream files. Run `collsec compile` "
            "without --check and review the difference, or undo the edit by hand.\n"
            + "\n".join(shortened(c.diff) for c in self.stale)
        )


def shortened(diff: str) -> str:
    """The first lines of a diff, and how many more there are."""
    lines = diff.splitlines()
    more = len(lines) - DIFF_LINES
    return "\n".join(lines[:DIFF_LINES] + ([f"… {more} more lines"] if more > 0 else []))


def compile_all(
    upstream: Path, raw: Path, *, check: bool = False, vintage: str | None = None
) -> list[Compiled]:
    """Compile every table; write all of them, or with `check` only compare.

    Parameters
    ----------
    upstream : Path
        Folder of the published files, one folder per source.
    raw : Path
        ``data/raw``: holds ``sources.toml``, ``corrections.toml``, ``rules``, ``schemas``,
        ``coded`` and ``compiled``.
    check : bool
        Write nothing; report where the committed tables differ.
    vintage : str or None
        Release of the conflict data, as ``rules/vintages.toml`` names it; the study's own by
        default.

    Returns
    -------
    list of Compiled
        One per table, in the order of the registry, and one for the data package.

    Raises
    ------
    MissingInput, BadSource
        If the folder or a file of it is absent or is not the declared one.
    BadCorrection
        If a correction no longer fits its file.
    BadRule
        If a file of coding rules is malformed.
    BadTable
        If an upstream file or a compiled table is not as expected.
    StaleTables
        If `check` finds a committed table that differs from the compiled one.
    """
    out = _compile_tables(upstream, raw, check=check, vintage=vintage)
    out.append(put(raw, PACKAGE, package_text(raw), check=check))
    if check and any(c.is_changed for c in out):
        raise StaleTables(out)
    return out


def _compile_tables(
    upstream: Path, raw: Path, *, check: bool, vintage: str | None
) -> list[Compiled]:
    """Compile every table, then write or compare all of them."""
    bench = bench_of(upstream, raw, vintage)
    texts = {}
    for name, recipe in RECIPES.items():
        table = recipe.build(bench)
        check_columns(name, table, raw)
        texts[name] = csv_text(table)
    return [put(raw, f"{FOLDER}/{name}.csv", text, check=check) for name, text in texts.items()]


def put(raw: Path, file: str, text: str, *, check: bool) -> Compiled:
    """Compare a text with what stands in its file, and write it unless only asked to check."""
    path = raw / Path(file).relative_to("data/raw")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before != text and not check:
        with whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return Compiled(path.stem, file, path, difference(file, before, text))


def bench_of(upstream: Path, raw: Path, vintage: str | None) -> Workbench:
    """The workbench of one release, with every file that a recipe needs checked."""
    if not upstream.is_dir():
        raise MissingInput(
            f"{upstream}: no such folder. Give the folder of upstream files with --from."
        )
    bench = Workbench(
        Upstream(upstream, read_sources(raw / "sources.toml")),
        read_corrections(raw / "corrections.toml"),
        raw,
        vintage,
    )
    bench.upstream.files(bench.acd)
    bench.upstream.files(bench.dyadic)
    for recipe in RECIPES.values():
        for key in recipe.sources:
            bench.upstream.files(key)
    return bench


def compile_vintage(upstream: Path, raw: Path, to: Path, vintage: str) -> list[Compiled]:
    """Write a whole ``data/raw`` as it is with another release of the conflict data.

    Everything is copied but ``compiled``, which is made again. Coded rows on a conflict that the
    release does not have are left out.

    Parameters
    ----------
    upstream : Path
        Folder of the published files.
    raw : Path
        The study's ``data/raw``; only read.
    to : Path
        The new ``data/raw``; made if it is absent.
    vintage : str
        Release of the conflict data.

    Returns
    -------
    list of Compiled
        One per table, compared with what stood in `to`.

    Raises
    ------
    CollsecError
        As `compile_all`, and if `to` is `raw` itself.
    """
    if to.resolve() == raw.resolve():
        raise CollsecError(
            f"{to}: the study's own tables stand there. Give another folder with --to."
        )
    known = set(bench_of(upstream, raw, vintage).episodes["conflict_id"].astype(int))
    for path in sorted(p for p in raw.rglob("*") if p.is_file()):
        inner = path.relative_to(raw)
        if inner.parts[0] == "compiled" or inner.name == "datapackage.json":
            continue
        with whole(to / inner) as temporary:
            if inner.parts[0] == "coded":
                temporary.write_text(of_conflicts(path, known), encoding="utf-8", newline="\n")
            else:
                shutil.copyfile(path, temporary)
    compiled = _compile_tables(upstream, to, check=False, vintage=vintage)
    text = package_text(raw, of=to, rows_reason=f"as compiled with release {vintage}")
    return [*compiled, put(to, PACKAGE, text, check=False)]


def of_conflicts(path: Path, known: Set[int]) -> str:
    """Text of a coded table without the rows on conflicts that are not known."""
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    header = rows[0]
    if "conflict_id" in header:
        place = header.index("conflict_id")
        rows = [rows[0], *(r for r in rows[1:] if not r[place] or int(r[place]) in known)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def left_out(raw: Path, to: Path) -> dict[str, list[str]]:
    """Rows of coded tables that another release leaves out, since it lacks their conflicts.

    Parameters
    ----------
    raw, to : Path
        The study's ``data/raw`` and that of the release.

    Returns
    -------
    dict of list of str
        Name of a table → first cells of the rows; tables that are whole are not in it.
    """
    found = {}
    for path in sorted((raw / "coded").glob("*.csv")):
        ours, theirs = (
            [tuple(row) for row in csv.reader(text.splitlines(keepends=True))]
            for text in (
                p.read_text(encoding="utf-8-sig") for p in (path, to / "coded" / path.name)
            )
        )
        kept = set(theirs)
        if gone := [row[0] for row in ours if row not in kept]:
            found[path.stem] = gone
    return found


def check_columns(name: str, table: pd.DataFrame, raw: Path) -> None:
    """Refuse a table whose columns are not those of its schema."""
    path = raw / "schemas" / f"{name}.json"
    if not path.exists():
        raise MissingInput(f"data/raw/schemas/{name}.json is missing.")
    columns = [field["name"] for field in json.loads(path.read_text(encoding="utf-8"))["fields"]]
    if list(table.columns) != columns:
        raise BadTable(
            f"{FOLDER}/{name}.csv",
            f"has columns {', '.join(table.columns)}.",
            remedy=f"Its schema says: {', '.join(columns)}.",
        )


def difference(file: str, before: str, after: str) -> str:
    """Unified diff of two texts of one file; empty if they are the same."""
    if before == after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"{file} (committed)",
        f"{file} (compiled)",
        n=0,
    )
    return "".join(lines)
