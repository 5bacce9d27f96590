"""What commands print: progress while files come in, and tables of what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from collsec.compile.text import records_of
from collsec.evidence.diff import Difference
from collsec.replications import Replicated, Replication
from collsec.upstream.fetch import Fetched, fetch, requested_keys
from collsec.upstream.sources import Source, digest

if TYPE_CHECKING:
    from rich.console import Console

    from collsec.compile import Compiled

SIDES = ("old", "new")
# What stands below each primary.
ROWS = {
    "p_value": "p-value",
    "n_units": "wars",
    "n_events": "ends",
    "exposed_events": "exposed ends",
}
PLACES = {
    "present": "in place already",
    "folder": "copied from the folder",
    "mirror": "downloaded",
}


def fetch_with_progress(
    sources: Mapping[str, Source],
    folder: Path,
    keys: Sequence[str] | None,
    local: Path | None,
    console: Console,
) -> list[Fetched]:
    """Fetch upstream files behind a progress bar, and tell where they came from."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    wanted = [sources[key] for key in requested_keys(sources, keys)]
    total = sum(f.bytes for source in wanted for f in source.files)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task("upstream files", total=total)

        def advance(file: str, count: int) -> None:
            progress.update(task, advance=count, description=file)

        fetched = fetch(sources, folder, keys=keys, local=local, on_bytes=advance)
    for place, words in PLACES.items():
        if count := sum(f.place == place for f in fetched):
            console.print(f"{count} {'file' if count == 1 else 'files'} {words}.")
    for source in wanted:
        for declared in source.files:
            if not declared.is_pinned:
                path = folder / declared.file
                told = f"bytes = {path.stat().st_size}, sha256 = {digest(path)}"
                console.print(f"{declared.file}: not pinned in sources.toml ({told}).")
        if keys and not source.files:
            console.print(f"{source.key}: cited only, nothing to fetch.")
    return fetched


def show_replications(studies: Mapping[str, Replication]) -> None:
    """Print which earlier studies can be computed again, and from which file."""
    from rich.console import Console
    from rich.table import Table

    table = Table("study", "what it asks", "file", box=None, pad_edge=False)
    for study in studies.values():
        table.add_row(study.name, study.title, study.file)
    Console(highlight=False).print(table)


def show_replication(study: Replication, rows: Sequence[Replicated]) -> None:
    """Print the published numbers of a study, ours, and their differences."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=study.title, box=None, pad_edge=False, title_justify="left")
    for head in ("model", "quantity"):
        table.add_column(head)
    for head in ("published", "ours", "difference"):
        table.add_column(head, justify="right")
    for row in rows:
        is_printed = row.agrees is not None
        printed = f"{row.published:.{row.decimals}f}" if is_printed else "not available"
        difference = f"{row.difference:g}" if is_printed else ""
        table.add_row(row.model, row.quantity, printed, f"{row.ours:.5f}", difference)
    Console(highlight=False).print(table)


def show_compiled(compiled: Sequence[Compiled], console: Console) -> None:
    """Print per table what compiling changed."""
    from rich.table import Table

    table = Table("table", "lines added", "lines removed", box=None, pad_edge=False)
    for c in compiled:
        added, removed = changed_lines(c.diff)
        cells = (str(added), str(removed)) if c.is_changed else ("unchanged", "")
        table.add_row(c.name, *cells)
    console.print(table)


def show_left_out(rows: Mapping[str, Sequence[str]], console: Console) -> None:
    """Print the coded rows that a release leaves out, by table."""
    if rows:
        console.print("\nLeft out, for the release does not have their conflicts:")
    for name, keys in rows.items():
        console.print(f"{name} ({len(keys)}): {', '.join(keys)}", soft_wrap=True, markup=False)


def changed_lines(diff: str) -> tuple[int, int]:
    """Lines added and removed in a unified diff.

    >>> changed_lines("--- a\\n+++ b\\n@@ -1 +1,2 @@\\n-x\\n+y\\n+z\\n")
    (2, 1)
    """
    lines = diff.splitlines()[2:]
    return sum(x.startswith("+") for x in lines), sum(x.startswith("-") for x in lines)


def show_difference(found: Difference, console: Console) -> None:
    """Print episodes that moved, then verdicts and estimates where both sides have them."""
    from rich.table import Table

    counts = found.episodes["change"].value_counts()
    told = ", ".join(f"{counts.get(c, 0)} {c}" for c in ("added", "dropped", "ended", "re-dated"))
    console.print(f"Episodes: {found.n_old} → {found.n_new}; {found.n_same} the same, {told}.")
    episodes = Table(
        "episode",
        "change",
        "onset, old",
        "new",
        "end, old",
        "new",
        "location",
        box=None,
        pad_edge=False,
    )
    for e in records_of(found.episodes):
        cells = [
            e[c] for c in ("episode_id", "change", "onset_old", "onset_new", "end_old", "end_new")
        ]
        episodes.add_row(*map(cell_text, cells), e["location"].replace(";", ", "))
    if len(found.episodes):
        console.print(episodes)
    if found.estimates is None or found.verdicts is None:
        console.print("No estimates to compare: both sides need data/processed/estimates.")
        return
    console.print(f"Profile: {found.profile_old} → {found.profile_new}.")
    if found.profile_old != found.profile_new:
        console.print("Intervals and p-values differ by the number of draws alone, too.")
    verdicts = Table(
        "hypothesis", "verdict, old", "new", "result, old", "new", "", box=None, pad_edge=False
    )
    for v in records_of(found.verdicts):
        verdicts.add_row(*map(cell_text, v.values()))
    console.print(verdicts)
    primaries, others = (
        Table(*columns, "old", "new", *more, box=None, pad_edge=False)
        for columns, more in ((("primary", ""), ()), (("estimate", "estimand"), ("",)))
    )
    for r in records_of(found.estimates):
        sides = [interval(r, side) for side in SIDES]
        if not r["is_primary"]:
            others.add_row(
                r["estimate_id"],
                r["estimand"].replace("_", " "),
                *sides,
                "" if r["is_same"] else "differs",
            )
            continue
        primaries.add_row(r["estimate_id"], r["estimand"].replace("_", " "), *sides)
        for column, name in ROWS.items():
            primaries.add_row("", name, *(number(r[f"{column}_{side}"]) for side in SIDES))
    others.columns[0].overflow = "fold"
    console.print(primaries)
    console.print(others)


def cell_text(value: Any) -> str:
    """Text of one cell; a dash where there is nothing."""
    return "–" if pd.isna(value) else str(value)


def number(value: Any) -> str:
    """A count as it is, a probability to two digits; a dash where there is nothing.

    >>> number(479), number(0.069138), number(None)
    ('479', '0.069', '–')
    """
    return f"{value:.2g}" if isinstance(value, float) and not pd.isna(value) else cell_text(value)


def interval(row: Mapping[str, Any], side: str) -> str:
    """An estimate with its interval; a dash where there is none.

    >>> interval({"estimate_old": 2.5, "ci_low_old": 0.7, "ci_high_old": 12.0}, "old")
    '2.50 (0.70 to 12.00)'
    """
    estimate, low, high = (row[f"{c}_{side}"] for c in ("estimate", "ci_low", "ci_high"))
    if pd.isna(estimate):
        return "–"
    return f"{estimate:.2f}" + ("" if pd.isna(low) else f" ({low:.2f} to {high:.2f})")
