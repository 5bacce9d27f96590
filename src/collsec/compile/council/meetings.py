"""The Library's yearly tables of Council meetings, read row by row.

Each yearly page lists meetings, newest first: record, date, topic, outcome; from 1994 also a press
release, and for the written votes of 2020 the letters exchanged. Rows that continue a meeting leave
the first cells out or empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

from collsec.core.errors import BadTable

YEAR_OF_PAGE = re.compile(r"scact(\d{4})_")
MEETING = re.compile(r"S/PV\.\d+")
DAY = re.compile(r"(?:\d{1,2}\s*[/–-]\s*)?(\d{1,2})(?:st|nd|rd|th)?\s+([A-Z][a-z]+)")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WRITTEN_VOTE_CELLS = 7  # cells of a row in the table of written votes of 2020
TOPIC_OF_WRITTEN_VOTE = 3


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One agenda item of one meeting.

    Attributes
    ----------
    day : date
        Day of the meeting; the last one where it ran over several.
    meeting : str
        Symbol of the record; empty for written votes.
    topic : str
        Agenda item as the Library words it.
    outcome : str
        What was decided, with the votes.
    """

    day: date
    meeting: str
    topic: str
    outcome: str


class TableRows(HTMLParser):
    """Texts of the cells of every table row of a page; tags may be left unclosed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._cells: list[str] | None = None
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._end_row()
            self._cells = []
        elif tag in {"td", "th"}:
            self._end_cell()
            self._cells = self._cells if self._cells is not None else []
            self._text = []
        elif tag in {"br", "p"}:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "br":
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._end_row()

    def _end_cell(self) -> None:
        if self._text is not None and self._cells is not None:
            self._cells.append(" ".join("".join(self._text).split()))
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self.rows.append(self._cells)
        self._cells = None


def read_meetings(pages: Iterable[Path]) -> list[AgendaItem]:
    """Agenda items of all meetings, page by page in the order of the pages.

    Parameters
    ----------
    pages : iterable of Path
        Yearly pages; the year is read from the name of the file.

    Returns
    -------
    list of AgendaItem

    Raises
    ------
    BadTable
        If a page has no year in its name, or a row no day.
    """
    return [item for page in sorted(pages) for item in items_of(page)]


def items_of(page: Path) -> list[AgendaItem]:
    """Agenda items of one page."""
    named = YEAR_OF_PAGE.search(page.name)
    if named is None:
        raise BadTable(page.name, "has no year in its name.", remedy="Name it scactYYYY_….html.")
    parser = TableRows()
    parser.feed(page.read_text(encoding="utf-8", errors="replace"))
    parser.close()
    items: list[AgendaItem] = []
    meeting, day = "", None
    for cells in parser.rows:
        if len(cells) >= 4:
            found = DAY.search(cells[1])
            if found and found[2][:3] in MONTHS:
                symbol = MEETING.search(cells[0])
                meeting = symbol[0] if symbol else ""
                day = date(int(named[1]), MONTHS.index(found[2][:3]) + 1, int(found[1]))
            elif cells[0] or cells[1]:
                continue  # a heading
        if len(cells) < 2 or not cells[-1]:
            continue
        if day is None:
            raise BadTable(page.name, "a row stands before any date.", value=cells[-1][:60])
        topic = cells[TOPIC_OF_WRITTEN_VOTE] if len(cells) == WRITTEN_VOTE_CELLS else cells[-2]
        items.append(AgendaItem(day, meeting, topic, cells[-1]))
    return items
