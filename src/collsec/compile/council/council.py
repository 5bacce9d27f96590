"""Resolutions of the Security Council, 1946 – June 2022, from the Library's tables of meetings.

The day is that of the meeting, except where a meeting ran past midnight (`DAYS`). The agenda item
is given as a key (`collsec.compile.agenda`); a hand-coded table says which wars a key means when.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd

from collsec.compile.council.agenda import agenda_key
from collsec.compile.council.meetings import Item, read_meetings
from collsec.core.errors import BadTable, MissingInput
from collsec.upstream.workbooks import read_sheet

LIBRARY, DATES, MANDATES, SANCTIONS = "un_library", "resolution_dates", "tamm", "eusanct"
FOLDER = Path("security_council") / "un_library_html"
TAMM = Path("un_missions") / "TAMM.csv"
EUSANCT = Path("sanctions") / "EUSANCT_Dataset_Case-level.xls"
LAST = 2640

RESOLUTION = re.compile(r"S/RES/\s*(\d+)")
VOTE = re.compile(r"\b(\d{1,2})-(\d{1,2})-(\d{1,2})\b")

# Numbers misprinted in the Library's tables: (meeting, printed) → adopted there, by the dates of
# the resolutions themselves (source `resolution_dates`).
MISPRINTS = {("S/PV.2939", 663): 666, ("S/PV.2990", 701): 695}
# Days on which resolutions were adopted after midnight, where the table gives the day on which the
# meeting began: the heading of the resolution is right.
DAYS = {
    46: date(1948, 4, 17),
    143: date(1960, 7, 14),
    145: date(1960, 7, 22),
    146: date(1960, 8, 9),
    161: date(1961, 2, 21),
    313: date(1972, 2, 28),
    338: date(1973, 10, 22),
    462: date(1980, 1, 9),
    521: date(1982, 9, 19),
    913: date(1994, 4, 22),
    918: date(1994, 5, 17),
}

# Targets of UN sanctions in EUSANCT and the agenda under which they were imposed.
TARGETS = {
    "South Africa": ("apartheid",),
    "Somalia": ("somalia",),
    "Iraq": ("kuwait",),
    "Yugoslavia": ("yugoslavia_1991", "kosovo"),
    "Haiti": ("haiti",),
    "Liberia": ("liberia",),
    "Rwanda": ("rwanda",),
    "Democratic Republic of the Congo": ("dr_congo",),
    "Sierra Leone": ("sierra_leone",),
    "Eritrea": ("eritrea_ethiopia", "djibouti_eritrea"),
    "Ivory Coast": ("cote_divoire",),
    "Sudan": ("darfur",),
    "North Korea": ("north_korea",),
    "Libya": ("libya",),
    "Guinea-Bissau": ("guinea_bissau",),
    "Yemen": ("yemen",),
    "Central African Republic": ("central_african_republic",),
    "South Sudan": ("south_sudan",),
}


def compile_resolutions(upstream: Path) -> pd.DataFrame:
    """One row per resolution.

    Parameters
    ----------
    upstream : Path
        Folder of upstream files.

    Returns
    -------
    DataFrame
        Columns as in the schema, by number. ``action_class`` is positive evidence only: a mandate
        in TAMM, or the day on which EUSANCT has UN sanctions begin; else ``unclassified``.

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

    Weber, P. M. and Schneider, G. (2022). Post-Cold War sanctioning by the EU, the UN, and the US.
    Conflict Management and Peace Science 39(1). https://doi.org/10.1177/0738894220948729
    """
    folder = upstream / FOLDER
    pages = sorted(folder.glob("scact[12]*_table_en.html"))
    if not pages:
        raise MissingInput(f"{FOLDER.as_posix()} has no yearly table of meetings.")
    mandates, chapter_vii = read_mandates(upstream)
    sanctioned = sanction_days(upstream)
    rows = []
    for number, item in adopted(read_meetings(pages)).items():
        day = DAYS.get(number, item.day)
        votes = votes_of(number, item.outcome)
        missions = mandates.get(number, [])
        key = agenda_key(number, item.topic)
        action = "enforcement_or_mission" if missions else "unclassified"
        if not missions and (key, day) in sanctioned:
            action = "sanctions"
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
                "action_class": action,
                "source": [
                    LIBRARY,
                    *([DATES] if number in DAYS or number in MISPRINTS.values() else []),
                    *([MANDATES] if missions else []),
                    *([SANCTIONS] if action == "sanctions" else []),
                ],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(["in_favor", "against", "abstaining"], "Int64"))


def adopted(items: list[Item]) -> dict[int, Item]:
    """Number → agenda item under which the resolution was adopted, by number."""
    found: dict[int, Item] = {}
    for item in items:
        for printed in RESOLUTION.findall(item.outcome):
            number = MISPRINTS.get((item.meeting, int(printed)), int(printed))
            found.setdefault(number, item)
    lacking = sorted(set(range(1, LAST + 1)) - set(found))
    if lacking:
        raise BadTable(
            FOLDER.as_posix(),
            "a resolution is missing.",
            column="S/RES",
            value=lacking[0],
            remedy="Is this the version in sources.toml?",
        )
    return dict(sorted(found.items()))


def votes_of(number: int, outcome: str) -> tuple[int | None, int | None, int | None]:
    """Votes for, against and abstaining; None where the table has no count.

    >>> votes_of(66, "S/RES/66 (1948) 8-0-3"), votes_of(5, "S/RES/5 (1946) adopted unanimously")
    ((8, 0, 3), (None, None, None))
    """
    parts = RESOLUTION.split(outcome)
    numbers = {v: k for (_, k), v in MISPRINTS.items()}
    printed = {str(number), str(numbers.get(number, number))}
    for symbol, text in zip(parts[1::2], parts[2::2], strict=True):
        if symbol in printed and (vote := VOTE.search(text)):
            return int(vote[1]), int(vote[2]), int(vote[3])
    return None, None, None


def read_mandates(upstream: Path) -> tuple[dict[int, list[str]], dict[int, bool]]:
    """Number → missions it gave a mandate, and whether the mandate was under Chapter VII."""
    path = upstream / TAMM
    if not path.exists():
        raise MissingInput(f"{TAMM.as_posix()} is missing from the upstream folder.")
    months = pd.read_csv(path, usecols=["mission", "unsc_resolution", "ch7"], dtype=str)
    missions: dict[int, set[str]] = {}
    chapter_vii: dict[int, bool] = {}
    for mission, named, under in months.itertuples(index=False, name=None):
        for number in re.findall(r"^\d+|(?<=^\d{3}/)\d+", str(named)):
            missions.setdefault(int(number), set()).add(str(mission))
            chapter_vii[int(number)] = chapter_vii.get(int(number), False) or under == "1"
    return {number: sorted(names) for number, names in missions.items()}, chapter_vii


def sanction_days(upstream: Path) -> set[tuple[str, date]]:
    """Agenda key and day of each imposition of UN sanctions."""
    columns = ["targetstate_name", "impositionUN", "impositionUN_start"]
    cases = read_sheet(upstream / EUSANCT, columns)
    imposed = cases[cases["impositionUN"] == "1"]
    days = pd.to_datetime(imposed["impositionUN_start"], format="%d%b%Y").dt.date
    return {
        (key, day)
        for target, day in zip(imposed["targetstate_name"], days, strict=True)
        for key in TARGETS.get(str(target), ())
    }
