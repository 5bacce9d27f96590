"""How many people each UN operation was authorized to have, from when to when, 1990–2015.

A row is a run of months with the same authorized strength: the unit is a decision on strength, not
the month of the publication. Where the publication draws a straight line between two decisions
(UNMIL from 2012) most months have fractions of people; the line is left out.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from collsec.compile.missions.counts import SHORTFALL, CountRules, whole_number
from collsec.compile.missions.labels import LabelRules
from collsec.compile.text import records_of

LIBRARY, MANDATES, TEXTS = "un_library", "tamm", "resolution_texts"
PARTS = ["authorized_military", "authorized_police"]
# A strength is published by the month after the resolution at the latest.
LATEST_MONTHS = 1
MANDATE_CHANGED, ALONE_ON_THE_MATTER = 3, 2  # confidence


def authorized_strength_from(
    monthly: pd.DataFrame, resolutions: pd.DataFrame, labels: LabelRules, rules: CountRules
) -> pd.DataFrame:
    """One row per operation and run of months with the same authorized strength.

    Parameters
    ----------
    monthly : DataFrame
        As `collsec.compile.missions.counts.monthly_counts` gives it.
    resolutions : DataFrame
        As `collsec.compile.council.resolutions.resolutions_from` gives it.
    labels : LabelRules
    rules : CountRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month.
    """
    adopted = by_operation(resolutions, labels)
    known = {(d.mission_id, d.month): d.resolution for d in rules.decision}
    stated = {(s.mission_id, s.first): s.resolution for s in rules.strength}
    matters = {mission: {r["agenda_key"] for r in own} for mission, own in adopted.items()}
    of_matter: dict[str, list[dict[str, Any]]] = {}
    for resolution in records_of(resolutions):
        of_matter.setdefault(resolution["agenda_key"], []).append(resolution)
    rows = []
    for mission, months in whole_strengths(monthly).groupby("mission_id"):
        for number, run in enumerate(runs(months, PARTS)):
            first = run["month"].iloc[0]
            about = (
                [r for key in sorted(matters.get(str(mission), set())) for r in of_matter[key]]
                if number
                else []
            )
            own = adopted.get(str(mission), [])
            key = (str(mission), str(first))
            found: str | None
            confidence: int | None
            if key in stated:
                found, confidence = stated[key], MANDATE_CHANGED
            else:
                found, confidence = decision(known.get(key), first, own, about)
            military, police = (whole_number(run[part].iloc[0]) for part in PARTS)
            assert military is not None and police is not None
            status = worst(run["strength_status"])
            rows.append(
                {
                    "mission_id": mission,
                    "from_month": first.end_time.date(),
                    "to_month": run["month"].iloc[-1].end_time.date(),
                    "authorized": military + police,
                    "authorized_military": military,
                    "authorized_police": police,
                    "strength_status": status,
                    "strength_resolution": found,
                    "confidence": confidence,
                    "source": [
                        SHORTFALL,
                        *([LIBRARY] if found else []),
                        *([MANDATES] if confidence == MANDATE_CHANGED else []),
                        *([TEXTS] if status == "text" else []),
                    ],
                    "basis": "file",
                }
            )
    return pd.DataFrame(rows).astype({"confidence": "Int64"})


def worst(status: pd.Series) -> str:
    """Status of a run: doubtful if one of its months is, set from a text if all of them are."""
    return next((s for s in ("doubtful", "published") if status.eq(s).any()), "text")


def whole_strengths(monthly: pd.DataFrame) -> pd.DataFrame:
    """Months with an authorized strength in whole people, in order."""
    known = monthly.dropna(subset=PARTS)
    known = known[known[PARTS].sum(axis=1) > 0].sort_values(["mission_id", "month"])
    drawn = (known[PARTS] % 1 != 0).any(axis=1)
    mission = known["mission_id"]
    amid = drawn.groupby(mission).shift(1, fill_value=False) & drawn.groupby(mission).shift(
        -1, fill_value=False
    )
    return known[~drawn & ~amid & known["authorized"].notna()]


def runs(months: pd.DataFrame, columns: list[str]) -> list[pd.DataFrame]:
    """Split the months of one operation where one of the columns changes.

    Empty cells are the same as empty cells. A missing month does not split a run.
    """
    values = months[columns].astype("Float64")
    same = (values == values.shift()).fillna(False) | (values.isna() & values.shift().isna())
    number = (~same.all(axis=1)).cumsum()
    return [run for _, run in months.groupby(number.to_numpy())]


def by_operation(resolutions: pd.DataFrame, labels: LabelRules) -> dict[str, list[dict[str, Any]]]:
    """Resolutions that set or changed the mandate of each operation."""
    out: dict[str, list[dict[str, Any]]] = {}
    for resolution in records_of(resolutions):
        for label in resolution["missions"]:
            out.setdefault(labels.mission_id(label), []).append(resolution)
    return out


def decision(
    known: str | None,
    first: pd.Period,
    mandates: list[dict[str, Any]],
    about: list[dict[str, Any]],
) -> tuple[str | None, int | None]:
    """The resolution of a strength that first stands in a month, and how sure that is.

    Parameters
    ----------
    known : str or None
        The resolution, where the rules name it.
    first : Period
        First month of the strength.
    mandates : list of dict
        Resolutions that set or changed the mandate of the operation.
    about : list of dict
        All resolutions on its matter.

    Returns
    -------
    resolution : str or None
        The only one of that month or the month before that changed the mandate; failing that, the
        only one on the matter; else None.
    confidence : int or None
    """
    if known is not None:
        return known, ALONE_ON_THE_MATTER
    for candidates, confidence in ((mandates, MANDATE_CHANGED), (about, ALONE_ON_THE_MATTER)):
        near = {
            str(r["resolution_id"])
            for r in candidates
            if 0 <= (first - pd.Period(r["resolution_date"], "M")).n <= LATEST_MONTHS
        }
        if len(near) == 1:
            return near.pop(), confidence
    return None, None
