"""Resolutions of the Security Council: day, matter, votes, mandates, Chapter VII.

The Library's tables of meetings have them up to a number; later ones are coded by hand, each with
its document, and so is what the texts say of Chapter VII. The matter is a short key for the agenda
item; a hand-coded table says which wars a key stands for, and when.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pandas as pd

from collsec.compile.council.meetings import AgendaItem, read_meetings
from collsec.compile.rules import RuleFile, Strict
from collsec.core.errors import BadTable, MissingInput
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns

LIBRARY, DATES, MANDATES = "un_library", "resolution_dates", "tamm"
YEARLY_TABLE = re.compile(r"scact[12].*_table_en\.html")
LATER = "data/raw/coded/resolutions_since_2022.csv"
CHAPTER_VII = "data/raw/coded/chapter_vii.csv"
RESOLUTION = re.compile(r"S/RES/\s*(\d+)")
VOTE = re.compile(r"\b(\d{1,2})-(\d{1,2})-(\d{1,2})\b")
SHARED_WITH_LATER = (
    "resolution_id",
    "number",
    "resolution_precision",
    "agenda_key",
    "in_favor",
    "against",
    "abstaining",
    "basis",
)


class Numbered(Strict):
    """Resolutions under omnibus items, whose number decides on the matter."""

    key: str
    reason: str
    numbers: tuple[Whole, ...]


class Pattern(Strict):
    """Words of the Library that name a matter, as a regular expression."""

    key: str
    words: str


class AgendaRules(RuleFile):
    """Short keys for the Council's agenda items."""

    file: ClassVar[str] = "agenda.toml"
    other: str
    numbered: tuple[Numbered, ...]
    pattern: tuple[Pattern, ...]

    @cached_property
    def _by_number(self) -> dict[int, str]:
        return {number: block.key for block in self.numbered for number in block.numbers}

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(p.key, re.compile(p.words, re.IGNORECASE)) for p in self.pattern]

    def key_of(self, number: int, topic: str) -> str:
        """Key of the matter that a resolution concerns, from its number and the Library's words."""
        if number in self._by_number:
            return self._by_number[number]
        return next((key for key, words in self._patterns if words.search(topic)), self.other)


class Misprint(Strict):
    """A number that the Library's tables misprint, and the one adopted at that meeting."""

    meeting: str
    printed: Whole
    adopted: Whole
    reason: str


class DayOf(Strict):
    """The day of a resolution where it is not the one of the Library's table."""

    number: Whole
    day: date
    reason: str


class ResolutionRules(RuleFile):
    """How the Library's tables of meetings are read."""

    file: ClassVar[str] = "resolutions.toml"
    last_number: Whole
    misprint: tuple[Misprint, ...]
    day: tuple[DayOf, ...]

    @cached_property
    def days(self) -> dict[int, date]:
        """Number → day, where it is not the one of the Library's table."""
        return {entry.number: entry.day for entry in self.day}

    @cached_property
    def adopted(self) -> dict[tuple[str, int], int]:
        """(meeting, number printed) → number adopted there."""
        return {(m.meeting, m.printed): m.adopted for m in self.misprint}

    @cached_property
    def printed(self) -> dict[int, int]:
        """Number adopted → number printed in its place."""
        return {m.adopted: m.printed for m in self.misprint}


def resolutions_from(
    library: Sequence[Path],
    tamm: Path,
    rules: ResolutionRules,
    agenda: AgendaRules,
) -> pd.DataFrame:
    """One row per resolution of the Library's tables.

    Parameters
    ----------
    library : sequence of Path
        The Library's pages; those that are no yearly table of meetings are left out.
    tamm : Path
        Tasks Assigned to Missions in their Mandates (CSV).
    rules : ResolutionRules
    agenda : AgendaRules

    Returns
    -------
    DataFrame
        Columns as in the schema but ``actions`` and ``action_class``, by number.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a number up to the last one is missing.

    References
    ----------
    Lloyd, G. (2021). New data on UN mission mandates 1948–2015: Tasks Assigned to Missions in their
    Mandates (TAMM). Journal of Peace Research 58(5).
    """
    pages = sorted(page for page in library if YEARLY_TABLE.fullmatch(page.name))
    if not pages:
        raise MissingInput("the upstream folder has no yearly table of the Council's meetings.")
    mandates, chapter_vii = read_mandates(tamm)
    rows = []
    for number, item in adopted(read_meetings(pages), rules).items():
        day = rules.days.get(number, item.day)
        votes = votes_of(number, item.outcome, rules)
        missions = mandates.get(number, [])
        key = agenda.key_of(number, item.topic)
        rows.append(
            {
                "resolution_id": f"S/RES/{number} ({day.year})",
                "number": number,
                "resolution_date": day,
                "resolution_precision": "day",
                "meeting": item.meeting,
                "agenda_key": key,
                "in_favor": votes[0],
                "against": votes[1],
                "abstaining": votes[2],
                "missions": missions,
                "is_chapter_vii": chapter_vii.get(number),
                "source": [
                    LIBRARY,
                    *([DATES] if number in rules.days or number in rules.printed else []),
                    *([MANDATES] if missions else []),
                ],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(["in_favor", "against", "abstaining"], "Int64"))


def adopted(items: list[AgendaItem], rules: ResolutionRules) -> dict[int, AgendaItem]:
    """Number → agenda item under which the resolution was adopted, by number."""
    found: dict[int, AgendaItem] = {}
    for item in items:
        for printed in RESOLUTION.findall(item.outcome):
            number = rules.adopted.get((item.meeting, int(printed)), int(printed))
            found.setdefault(number, item)
    lacking = sorted(set(range(1, rules.last_number + 1)) - set(found))
    if lacking:
        raise BadTable(
            "un_library_html",
            "a resolution is missing.",
            column="S/RES",
            value=lacking[0],
            remedy="Is this the version in sources.toml?",
        )
    return dict(sorted(found.items()))


def votes_of(
    number: int, outcome: str, rules: ResolutionRules
) -> tuple[int | None, int | None, int | None]:
    """Votes for, against and abstaining; None where the table has no count."""
    parts = RESOLUTION.split(outcome)
    printed = {str(number), str(rules.printed.get(number, number))}
    for symbol, text in zip(parts[1::2], parts[2::2], strict=True):
        if symbol in printed and (vote := VOTE.search(text)):
            return int(vote[1]), int(vote[2]), int(vote[3])
    return None, None, None


def read_mandates(tamm: Path) -> tuple[dict[int, list[str]], dict[int, bool]]:
    """Number → missions it gave a mandate, and whether the mandate was under Chapter VII."""
    months = read_columns(tamm, ["mission", "unsc_resolution", "ch7"])
    missions: dict[int, set[str]] = {}
    chapter_vii: dict[int, bool] = {}
    for mission, named, under in months.itertuples(index=False, name=None):
        for number in re.findall(r"^\d+|(?<=^\d{3}/)\d+", str(named)):
            missions.setdefault(int(number), set()).add(str(mission))
            chapter_vii[int(number)] = chapter_vii.get(int(number), False) or under == "1"
    return {number: sorted(names) for number, names in missions.items()}, chapter_vii


def with_later(compiled: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The compiled resolutions and, below them, those coded by hand.

    Parameters
    ----------
    compiled : DataFrame
        As `resolutions_from` gives it.
    path : Path
        The hand-coded table of later resolutions.

    Returns
    -------
    DataFrame
        The same columns, by number. Of a later resolution neither meeting nor mandate is known.

    Raises
    ------
    MissingInput
        If the coded table is absent.
    BadTable
        If a number is missing or doubled, or a day lies before that of a lower number.
    """
    if not path.exists():
        raise MissingInput(f"{LATER} is missing.")
    coded = pd.read_csv(path, parse_dates=["resolution_date"])
    _check_order(coded, compiled.iloc[-1])
    later = coded[list(SHARED_WITH_LATER)].assign(
        resolution_date=coded["resolution_date"].dt.date,
        meeting=None,
        missions=pd.Series([[]] * len(coded), index=coded.index, dtype=object),
        is_chapter_vii=None,
        source=coded["source"].str.split(";"),
    )
    later = later[list(compiled.columns)].astype({"is_chapter_vii": object})
    votes = dict.fromkeys(["in_favor", "against", "abstaining"], "Int64")
    return pd.concat([compiled, later.astype(votes)], ignore_index=True)


def _check_order(coded: pd.DataFrame, last: pd.Series) -> None:
    """Refuse a gap in the numbers, or a day before that of a lower number."""
    due, last_day = int(last["number"]) + 1, pd.Timestamp(last["resolution_date"])
    for row, number in enumerate(coded["number"]):
        if number != due:
            raise BadTable(
                LATER,
                f"{due} is due here: numbers have no gap.",
                row=row + 2,
                column="number",
                value=int(number),
            )
        day = coded["resolution_date"].iloc[row]
        if day < last_day:
            raise BadTable(
                LATER,
                "lies before the day of the resolution before it.",
                row=row + 2,
                column="resolution_date",
                value=day.date(),
            )
        due, last_day = due + 1, day


def with_chapter_vii(resolutions: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Resolutions with what their texts say of Chapter VII.

    What the text says comes before what TAMM says of the mandate in force: a text may carry a
    mandate on without naming the Chapter, or name it for a part that is no mandate.

    Parameters
    ----------
    resolutions : DataFrame
        Resolutions with ``number`` and ``is_chapter_vii`` (true, false or None).
    path : Path
        The hand-coded table.

    Returns
    -------
    DataFrame
        The same rows and columns; ``is_chapter_vii`` is None where nothing was read.

    Raises
    ------
    MissingInput
        If the coded table is absent.
    BadTable
        If it has a resolution that the others do not.
    """
    if not path.exists():
        raise MissingInput(f"{CHAPTER_VII} is missing.")
    coded = pd.read_csv(path, usecols=["number", "is_chapter_vii"])
    unknown = coded.index[~coded["number"].isin(resolutions["number"])]
    if len(unknown):
        raise BadTable(
            CHAPTER_VII,
            "no such resolution.",
            row=int(unknown[0]) + 2,
            column="number",
            value=int(coded.loc[unknown[0], "number"]),
        )
    read: dict[int, bool] = dict(zip(coded["number"], coded["is_chapter_vii"], strict=True))
    known = [
        bool(read[number]) if number in read else mandate
        for number, mandate in zip(
            resolutions["number"], resolutions["is_chapter_vii"], strict=True
        )
    ]
    return resolutions.assign(is_chapter_vii=pd.Series(known, resolutions.index, dtype=object))
