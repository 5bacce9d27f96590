"""Resolutions after those of the Library's tables, from the hand-coded table.

The Library's tables at hand end with S/RES/2640 (29 June 2022). Later resolutions are coded in
``coded/resolutions_since_2022.csv``, each with its document; here they are put below the others.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from collsec.compile.council.council import LAST
from collsec.core.errors import BadTable, MissingInput

CODED = "data/raw/coded/resolutions_since_2022.csv"
SHARED = (
    "resolution_id",
    "number",
    "resolution_precision",
    "agenda_key",
    "in_favor",
    "against",
    "abstaining",
    "basis",
)


def with_later(compiled: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The compiled resolutions and, below them, those coded by hand.

    Parameters
    ----------
    compiled : DataFrame
        As `collsec.compile.council.compile_resolutions` gives it.
    path : Path
        The hand-coded table of later resolutions.

    Returns
    -------
    DataFrame
        The same columns, by number. Of a later resolution neither meeting nor mandate is known,
        and its action is ``unclassified``.

    Raises
    ------
    MissingInput
        If the coded table is absent.
    BadTable
        If a number is missing or doubled, or a day lies before that of a lower number.
    """
    if not path.exists():
        raise MissingInput(f"{CODED} is missing.")
    coded = pd.read_csv(path, parse_dates=["resolution_date"])
    _check_order(coded, pd.Timestamp(compiled["resolution_date"].iloc[-1]))
    later = coded[list(SHARED)].assign(
        resolution_date=coded["resolution_date"].dt.date,
        meeting=None,
        missions=pd.Series([[]] * len(coded), index=coded.index, dtype=object),
        is_chapter_vii=None,
        action_class="unclassified",
        source=coded["source"].str.split(";"),
    )
    later = later[list(compiled.columns)].astype({"is_chapter_vii": object})
    votes = dict.fromkeys(["in_favor", "against", "abstaining"], "Int64")
    return pd.concat([compiled, later.astype(votes)], ignore_index=True)


def _check_order(coded: pd.DataFrame, last_day: pd.Timestamp) -> None:
    """Refuse a gap in the numbers, or a day before that of a lower number."""
    due = LAST + 1
    for row, number in enumerate(coded["number"]):
        if number != due:
            raise BadTable(
                CODED,
                f"{due} is due here: numbers have no gap.",
                row=row + 2,
                column="number",
                value=int(number),
            )
        day = coded["resolution_date"].iloc[row]
        if day < last_day:
            raise BadTable(
                CODED,
                "lies before the day of the resolution before it.",
                row=row + 2,
                column="resolution_date",
                value=day.date(),
            )
        due, last_day = due + 1, day
