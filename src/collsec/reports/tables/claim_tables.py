"""The claims ledger for readers: on a page, in a terminal, and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from collsec.reports.tables.pipetables import Exhibit, pipe_table

if TYPE_CHECKING:
    from rich.table import Table

#: Classes of verdict, in the order in which they are shown, and how each is headed.
CLASSES = {
    "tested": "Claims that an estimate speaks to",
    "deferred": "Claims that can be tested and are not yet",
    "not-testable": "Claims that no data could decide",
    "not-empirical": "Premises, norms, statements of law and recommendations",
}
QUICK = "Quick profile: fewer draws than the published numbers need; do not cite."
#: Columns of the page's tables by class, with their widths; tested claims are cards.
_COLUMNS = {
    "deferred": {"The article": 28, "As the study reads it": 26, "Planned as": 9, "Obstacle": 32},
    "not-testable": {"The article": 32, "As the study reads it": 30, "Why": 34},
    "not-empirical": {"The article": 36, "As the study reads it": 32, "What it is": 28},
}
#: The short column of the terminal's tables, by class.
_SHORT = {"tested": "Verdict", "deferred": "Planned as"}


def label(standing: str) -> str:
    """How a standing is headed: ``secondary`` estimates are exploratory."""
    return "Exploratory" if standing == "secondary" else standing.replace("-", " ").capitalize()


def exhibits(table: pd.DataFrame, pages: Mapping[str, str]) -> dict[str, Exhibit]:
    """Return what a page shows of each class of verdict, by name (``claims-tested``).

    Parameters
    ----------
    table : DataFrame
        The ledger.
    pages : mapping of str to str
        Name of the report of each hypothesis, for links.
    """
    made = {}
    for name, caption in CLASSES.items():
        rows = table[table["verdict_class"] == name]
        records = rows.fillna("").to_dict(orient="records")
        if name == "tested":
            markdown = _cards(records, pages)
        else:
            markdown = pipe_table(
                list(_COLUMNS[name]),
                [_cells(record) for record in records],
                caption=f"{caption}.",
                identifier=f"tbl-claims-{name}",
                align="l" * len(_COLUMNS[name]),
                widths=list(_COLUMNS[name].values()),
            )
        made[f"claims-{name}"] = Exhibit(markdown, rows)
    return made


def _cards(rows: Sequence[Mapping[Hashable, Any]], pages: Mapping[str, str]) -> str:
    """One block a claim, as the overview has one a hypothesis."""
    cards = []
    for row in rows:
        h = row["hypothesis"]
        place = f"[{h.upper()}]({pages[h]}.qmd)" if h in pages else h.upper()
        cards.append(
            f"::: {{.verdict .verdict-{row['standing']}}}\n"
            f"[{label(row['standing'])}]{{.verdict-label}} "
            f"[{row['claim_id']}, {place}]{{.verdict-number}}\n\n"
            f"**{_plain(row['statement'])}**\n\n"
            f"The article: “{_plain(row['quote'])}” (*{_plain(row['section'])}*). "
            f"{_plain(row['reason'])}\n\n"
            f"{_plain(row['finding'])}\n\n"
            f"*How sure?* {_plain(row['how_sure'])}\n\n"
            f"*What would change it?* {_plain(row['what_would_change'])}\n:::\n"
        )
    quick = f"{QUICK}\n\n" if any(row["is_quick"] for row in rows) else ""
    return f"{quick}::: {{.verdicts}}\n" + "\n".join(cards) + ":::\n"


def _cells(row: Mapping[Hashable, Any]) -> list[str]:
    planned = [row["hypothesis"].upper()] if row["verdict_class"] == "deferred" else []
    return [
        f"{row['claim_id']} “{_plain(row['quote'])}”",
        _plain(row["statement"]),
        *planned,
        _plain(row["reason"]),
    ]


def _plain(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return re.sub(r"([\\*_`\[\]<>$@#^~])", r"\\\1", text)


def as_json(table: pd.DataFrame) -> str:
    """Return the ledger as a JSON list of objects, missing cells as null."""
    rows = table.astype(object).where(table.notna() & (table != ""), None)
    return json.dumps(rows.to_dict(orient="records"), ensure_ascii=False, indent=1)


def terminal_tables(table: pd.DataFrame) -> list[Table]:
    """Return one table per class of verdict for a terminal of 100 columns."""
    from rich.table import Table
    from rich.text import Text

    made = []
    for name, caption in CLASSES.items():
        rows = table[table["verdict_class"] == name]
        shown = Table(
            title=f"{caption} ({len(rows)})",
            caption=QUICK if rows["is_quick"].any() else None,
            title_justify="left",
            caption_justify="left",
            show_lines=True,
            expand=True,
        )
        shown.add_column("Claim", no_wrap=True)
        shown.add_column("As the study reads it", ratio=3)
        if name in _SHORT:
            shown.add_column(_SHORT[name], no_wrap=True)
        shown.add_column("Finding" if name == "tested" else "Why", ratio=4)
        for row in rows.fillna("").to_dict(orient="records"):
            cells = [Text(row["claim_id"]), Text(row["statement"]), Text(row["reason"])]
            if name == "deferred":
                cells.insert(2, Text(row["hypothesis"].upper()))
            if name == "tested":
                told = Text.assemble(
                    row["finding"],
                    (f"\nHow sure? {row['how_sure']}", "dim"),
                    (f"\nWhat would change it? {row['what_would_change']}", "dim"),
                )
                cells[2:] = [Text(label(row["standing"])), told]
            shown.add_row(*cells)
        made.append(shown)
    return made
