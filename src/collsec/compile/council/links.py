"""Resolutions × conflicts: the agenda says which war is meant, UCDP whether it was on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from collsec.compile.text import records_of
from collsec.core.errors import BadTable, MissingInput

WINDOW = pd.DateOffset(months=12)
CODED = "data/raw/coded/agenda_conflicts.csv"


def read_agenda_conflicts(path: Path) -> pd.DataFrame:
    """The hand-coded table of agenda keys and conflicts, dates as timestamps.

    Raises
    ------
    MissingInput
        If the file is absent.
    """
    if not path.exists():
        raise MissingInput(f"{CODED} is missing.")
    table = pd.read_csv(path, dtype={"note": str}, keep_default_na=False)
    for column in ("from_date", "to_date"):
        table[column] = pd.to_datetime(table[column])
    return table


def resolution_conflicts(
    resolutions: pd.DataFrame, agenda: pd.DataFrame, episodes: pd.DataFrame, acd: str
) -> pd.DataFrame:
    """One row per resolution × conflict that it concerns.

    A resolution is linked to a conflict if its agenda key stands for that conflict on its day and
    an episode of the conflict is active on that day, or within 12 months before or after it.

    Parameters
    ----------
    resolutions : DataFrame
        As `collsec.compile.council.resolutions.resolutions_from` gives it.
    agenda : DataFrame
        As `read_agenda_conflicts` gives it.
    episodes : DataFrame
        Conflict episodes with ``conflict_id, onset_date, end_date``; an episode without an end is
        active on.
    acd : str
        Key of the source of the episodes.

    Returns
    -------
    DataFrame
        Columns as in the schema of ``resolution_conflicts``, by item and conflict.

    Raises
    ------
    BadTable
        If a key or a conflict of the coded table is unknown.
    """
    check_known(agenda, resolutions, episodes)
    spans = spans_of(episodes)
    rows = []
    for resolution in records_of(resolutions):
        day = pd.Timestamp(resolution["resolution_date"])
        meant = agenda[
            (agenda["agenda_key"] == resolution["agenda_key"])
            & (agenda["from_date"] <= day)
            & (day <= agenda["to_date"])
        ]
        for link in records_of(meant):
            if not is_active(spans[int(link["conflict_id"])], day):
                continue
            rows.append(
                {
                    "link_id": f"{resolution['resolution_id']}/{link['conflict_id']}",
                    "item_kind": "resolution",
                    "item_id": resolution["resolution_id"],
                    "date": day.date(),
                    "conflict_id": int(link["conflict_id"]),
                    "is_none": False,
                    "role": "concerns",
                    "action_class": resolution["action_class"],
                    "rule": link["rule"],
                    "confidence": int(link["confidence"]),
                    "reason": link["reason"],
                    "source": [*resolution["source"], acd],
                    "basis": resolution["basis"],
                    "note": "",
                }
            )
    table = pd.DataFrame(rows)
    doubled = table[table["link_id"].duplicated()]
    if len(doubled):
        raise BadTable(
            CODED,
            "two rows stand for one key, day and conflict.",
            column="agenda_key",
            value=doubled["link_id"].iloc[0],
            remedy="Let their spans not overlap.",
        )
    numbers = table["item_id"].str.extract(r"S/RES/(\d+)")[0].astype(int)
    order = pd.DataFrame({"number": numbers, "conflict": table["conflict_id"]})
    return table.loc[order.sort_values(["number", "conflict"]).index].reset_index(drop=True)


def spans_of(episodes: pd.DataFrame) -> dict[int, list[tuple[pd.Timestamp, pd.Timestamp | None]]]:
    """Conflict → first and last day of each of its episodes; None if it goes on."""
    spans: dict[int, list[tuple[pd.Timestamp, pd.Timestamp | None]]] = {}
    columns = ["conflict_id", "onset_date", "end_date"]
    for conflict, onset, end in episodes[columns].itertuples(index=False, name=None):
        last = None if end is None or pd.isna(end) else pd.Timestamp(end)
        spans.setdefault(int(conflict), []).append((pd.Timestamp(onset), last))
    return spans


def is_active(spans: list[tuple[pd.Timestamp, pd.Timestamp | None]], day: pd.Timestamp) -> bool:
    """Whether an episode is active within 12 months of a day.

    >>> war = [(pd.Timestamp("1990-08-02"), pd.Timestamp("1991-03-01"))]
    >>> is_active(war, pd.Timestamp("1992-03-01")), is_active(war, pd.Timestamp("1992-03-02"))
    (True, False)
    """
    return any(
        onset <= day + WINDOW and (end is None or end >= day - WINDOW) for onset, end in spans
    )


def check_known(agenda: pd.DataFrame, resolutions: pd.DataFrame, episodes: pd.DataFrame) -> None:
    """Refuse a coded row whose key no resolution has, or whose conflict UCDP does not list."""
    for column, known in (
        ("agenda_key", set(resolutions["agenda_key"])),
        ("conflict_id", set(episodes["conflict_id"].astype(int))),
    ):
        unknown = agenda.index[~agenda[column].isin(known)]
        if len(unknown):
            raise BadTable(
                CODED,
                "is unknown.",
                row=int(unknown[0]) + 2,
                column=column,
                value=agenda.loc[unknown[0], column],
            )
