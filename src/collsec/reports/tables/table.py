"""One table model: columns say heading and unit, a frame holds the rows, and five renderers print.

Markdown for pandoc (pages and PDF), plain Markdown (Word, and readers without extensions), HTML,
the terminal, and CSV. Cells follow from the unit of their column, so that every print agrees.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from collsec.designs.estimate import Unit
from collsec.designs.printed import Column, RecordTable
from collsec.reports.words import wording

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_NAME = re.compile(r"\{([^{}]+)\}")
_MARKUP = re.compile(r"([\\*_`\[\]{}<>$@#^~])")
_MARKS = {"left": ":{}-", "right": "-{}:", "center": ":{}:"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report.

    Attributes
    ----------
    columns : tuple of Column
    rows : pandas.DataFrame
        The values that the columns name, unrounded.
    caption : str
        What a reader must know to read it, as inline Markdown.
    identifier : str
        What prose refers to, such as ``tbl-h1-checks``; empty for a table that is not referred to.
    is_transposed : bool
        Whether rows are printed side by side, headed by the first column.
    published : pandas.DataFrame or None
        The rows of the CSV file, where they are not `rows`.
    """

    columns: tuple[Column, ...]
    rows: pd.DataFrame
    caption: str = ""
    identifier: str = ""
    is_transposed: bool = False
    published: pd.DataFrame | None = field(default=None)

    @property
    def data(self) -> pd.DataFrame:
        """The unrounded rows that are published alongside the table."""
        return self.rows if self.published is None else self.published

    def cells(self) -> list[list[str]]:
        """Return the printed cells, one list a row; those of columns with markup are Markdown."""
        lines: list[list[str]] = []
        above: list[str] = []
        for row in self.rows.to_dict(orient="records"):
            full = [_cell(column, row) for column in self.columns]
            repeats = [c.is_grouped and full[: i + 1] == above[: i + 1] for i, c in self._places]
            lines.append(["" if r else text for r, text in zip(repeats, full, strict=True)])
            above = full
        return lines

    @property
    def _places(self) -> list[tuple[int, Column]]:
        return list(enumerate(self.columns))

    def _printed(self) -> tuple[list[str], list[list[str]], list[str], list[int]]:
        """Head, Markdown cells, alignment and widths, as they stand on the page."""
        head = [column.heading for column in self.columns]
        lines = [
            [text if column.is_markup else escaped(text) for column, text in self._pairs(line)]
            for line in self.cells()
        ]
        sides = [_side(column) for column in self.columns]
        widths = [column.width for column in self.columns]
        if not self.is_transposed:
            return head, lines, sides, widths
        turned = [list(line) for line in zip(head, *lines, strict=True)]
        n = len(lines)
        return turned[0], turned[1:], ["left", *["right"] * n], [widths[0], *widths[1:2] * n]

    def _pairs(self, line: Sequence[str]) -> list[tuple[Column, str]]:
        return list(zip(self.columns, line, strict=True))

    def markdown(self) -> str:
        """Return a pipe table with caption and identifier, which pandoc and Quarto read."""
        head, lines, sides, widths = self._printed()
        rules = [_MARKS[s].format("-" * w) for s, w in zip(sides, widths, strict=True)]
        table = "\n".join(map(_pipes, [head, rules, *lines]))
        if not self.caption:
            return f"{table}\n"
        name = f" {{#{self.identifier}}}" if self.identifier else ""
        return f"{table}\n\n: {self.caption}{name}\n"

    def plain_markdown(self) -> str:
        """Return a pipe table without extensions: no attributes, and no empty head.

        It becomes a Word table with a heading row, and is read by every Markdown viewer.
        """
        head, lines, _, _ = self._printed()
        named = [text or "–" for text in head]
        table = "\n".join(map(_pipes, [named, ["---"] * len(head), *lines]))
        return f"{table}\n\n{self.caption}\n" if self.caption else f"{table}\n"

    def html(self, label: str) -> str:
        """Return an HTML table in a frame that scrolls.

        Parameters
        ----------
        label : str
            What a screen reader calls the frame.
        """
        head = "".join(f'<th scope="col">{_inline(column.heading)}</th>' for column in self.columns)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{_inline(text) if c.is_markup else html.escape(text, quote=False)}</td>"
                for c, text in self._pairs(line)
            )
            + "</tr>"
            for line in self.cells()
        )
        return (
            f'<div class="wide" role="region" aria-label="{html.escape(label)}" tabindex="0">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    def terminal(
        self,
        *,
        title: str = "",
        styles: Sequence[str] = (),
        has_lines: bool = False,
        is_cut: bool = False,
    ) -> RichTable:
        """Return the table for a terminal: text as wide as there is room, numbers never broken.

        Parameters
        ----------
        title : str
        styles : sequence of str
            Style of each row, as rich names it.
        has_lines : bool
            Whether rows are separated by lines.
        is_cut : bool
            Whether text stays on one line, and what is too long is cut.
        """
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        shown = RichTable(
            box=box.HEAVY_HEAD if has_lines else None,
            pad_edge=has_lines,
            padding=(0, 1),
            show_lines=has_lines,
            show_header=any(column.heading for column in self.columns),
            title=title or None,
            title_justify="left",
            title_style="bold",
            caption=unmarked(self.caption) or None,
            caption_justify="left",
            expand=True,
        )
        for column in self.columns:
            is_text = _side(column) == "left" and column.width > _SHORT
            shown.add_column(
                unmarked(column.heading),
                justify="left" if _side(column) == "left" else "right",
                no_wrap=is_cut or not is_text,
                ratio=column.width if is_text else None,
                overflow="ellipsis" if is_cut else "fold",
            )
        for place, line in enumerate(self.cells()):
            style = styles[place] if styles else ""
            texts = [unmarked(t) if c.is_markup else t for c, t in self._pairs(line)]
            shown.add_row(*(Text(text) for text in texts), style=style)
        return shown

    def csv(self) -> str:
        """Return the unrounded rows as CSV."""
        return str(self.data.to_csv(index=False))


#: Text columns up to this width keep their words together on a terminal.
_SHORT = 16


def of_record(declared: RecordTable, record: Any, identifier: str) -> Table:
    """Return the table that a part declares of its record.

    Parameters
    ----------
    declared : RecordTable
    record : list or mapping
        As the part has kept it.
    identifier : str
    """
    listed = pd.DataFrame(record[declared.rows] if declared.rows else record)
    caption = declared.caption
    if isinstance(record, Mapping):
        caption = caption.format(**record)
    if not declared.spread:
        return Table(declared.columns, listed, caption, identifier)
    values = list(dict.fromkeys(listed[declared.spread]))
    keys = [name for column in declared.columns for name in _names(column)]
    wide: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in listed.to_dict(orient="records"):
        line = wide.setdefault(tuple(row[k] for k in keys), {k: row[k] for k in keys})
        line |= {f"{name} {row[declared.spread]}": value for name, value in row.items()}
    spread = [
        replace(
            column,
            heading=column.heading.format(declared.spread_labels.get(value, value)),
            cell=_NAME.sub(rf"{{\1 {value}}}", _template(column)),
        )
        for value in values
        for column in declared.repeated
    ]
    columns = (*declared.columns, *spread)
    return Table(columns, pd.DataFrame(wide.values()), caption, identifier, published=listed)


def escaped(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return _MARKUP.sub(r"\\\1", text)


def unmarked(text: str) -> str:
    """Drop the markup of inline Markdown: emphasis, code, links."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\\(?=[\\*_`\[\]{}<>$@#^~])|(?<!\\)[*`]", "", text)


def _template(column: Column) -> str:
    return column.cell if "{" in column.cell else f"{{{column.cell}}}"


def _names(column: Column) -> list[str]:
    return _NAME.findall(_template(column))


def _cell(column: Column, row: Mapping[Any, Any]) -> str:
    """Return one cell: every value in its column's unit, a dash where the first is missing."""
    names = _names(column)
    first = row[names[0]]
    is_missing = first is None or (not isinstance(first, str) and pd.isna(first))
    if is_missing or (column.is_blank_at_zero and first == 0):
        return wording.NONE

    def printed(found: re.Match[str]) -> str:
        value = row[found[1]]
        if found[1] in column.labels:
            return column.labels[found[1]].get(value, str(value))
        if isinstance(value, str):
            return value
        if column.unit_of:
            return wording.in_unit(value, str(row[column.unit_of]))
        return wording.cell(value, column.unit, column.digits)

    text = _NAME.sub(printed, _template(column))
    return text or ("" if column.is_grouped else wording.NONE)


def _side(column: Column) -> str:
    if column.align != "auto":
        return column.align
    return "left" if column.unit is Unit.TEXT and not column.unit_of else "right"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _inline(text: str) -> str:
    """Escape a text, and set what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
