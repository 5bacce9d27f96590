"""Peace agreements and the episode of the conflict that each belongs to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.conflicts.spans import Spans, episode_near, spans_by_conflict
from collsec.compile.conflicts.ucdp import cells_of
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

COLUMNS = ("paid", "conflict_id", "pa_name", "pa_date", "pa_type", "cease", "pko")
KINDS = {"1": "full", "2": "partial", "3": "process"}
YES_NO = {"1": True, "0": False}


def peace_agreements_from(
    path: Path, episodes: pd.DataFrame, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per agreement and conflict.

    Parameters
    ----------
    path : Path
        UCDP Peace Agreement Dataset (``.xlsx``).
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    sources : tuple of str
        Keys of the sources of agreements and episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by day, agreement and conflict. Agreements on a
        conflict without an episode have no episode.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, an agreement stands twice, or a code or date is unknown.

    References
    ----------
    Pettersson, T., S. Högbladh and M. Öberg (2019). Organized violence, 1989–2018 and peace
    agreements. Journal of Peace Research 56(4). https://doi.org/10.1177/0022343319856046
    """
    raw = read_columns(path, COLUMNS)
    check(raw, path.name)
    spans = spans_by_conflict(episodes)
    rows = [
        row_of(agreement, int(conflict), spans, sources)
        for agreement in records_of(raw)
        for conflict in cells_of(agreement["conflict_id"])
    ]
    table = pd.DataFrame(rows).sort_values(
        ["signed_date", "agreement_id", "conflict_id"], ignore_index=True
    )
    return table.astype({"days_since_onset": "Int64", "days_to_end": "Int64"})


def check(raw: pd.DataFrame, file: str) -> None:
    """Refuse doubled agreements and unknown codes or dates."""
    for column, wrong, what in (
        ("paid", raw.duplicated("paid"), "an agreement stands twice."),
        ("pa_type", ~raw["pa_type"].isin(KINDS), "unknown code."),
        ("cease", ~raw["cease"].isin(YES_NO), "unknown code."),
        ("pko", ~raw["pko"].isin(YES_NO), "unknown code."),
        ("pa_date", ~raw["pa_date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}"), "not a date."),
    ):
        if wrong.any():
            row = raw.index[wrong][0]
            raise BadTable(file, what, row=int(row) + 2, column=column, value=raw[column][row])


def row_of(
    agreement: dict[str, str], conflict_id: int, spans: Spans, sources: tuple[str, str]
) -> dict[str, Any]:
    """One row of `peace_agreements_from`."""
    signed = date.fromisoformat(agreement["pa_date"])
    found = episode_near(spans, conflict_id, agreement["pa_date"])
    episode, timing = found if found else (None, None)
    onset = episode and date.fromisoformat(episode["onset_date"])
    end = date.fromisoformat(episode["end_date"]) if episode and episode["is_ended"] else None
    return {
        "link_id": f"{agreement['paid']}/{conflict_id}",
        "agreement_id": int(agreement["paid"]),
        "conflict_id": conflict_id,
        "name": " ".join(agreement["pa_name"].split()),
        "signed_date": signed,
        "kind": KINDS[agreement["pa_type"]],
        "has_ceasefire": YES_NO[agreement["cease"]],
        "has_peacekeeping": YES_NO[agreement["pko"]],
        "episode_id": episode and episode["episode_id"],
        "timing": timing,
        "days_since_onset": onset and (signed - onset).days,
        "days_to_end": end and (end - signed).days,
        "source": list(sources),
        "basis": "file",
    }
