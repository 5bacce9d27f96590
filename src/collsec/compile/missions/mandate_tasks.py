"""What each UN operation was charged with, from when to when, 1948–2015.

A row is a run of months in which the mandate had the same kinds of tasks: the unit is a change of
the mandate, not the month of the publication, and its 47 tasks are gathered into ten kinds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.missions.authorized_strength import runs
from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

LIBRARY, MANDATES = "un_library", "tamm"
CHAPTER_VII = "ch7"


class TaskKind(Strict):
    """A kind of task, and the tasks of the publication that belong to it."""

    name: str
    reason: str
    tasks: tuple[str, ...]


class TaskRules(RuleFile):
    """Kinds of tasks."""

    file: ClassVar[str] = "mandate_tasks.toml"
    kind: tuple[TaskKind, ...]


def mandate_tasks_from(
    path: Path,
    operations: frozenset[str],
    resolutions: pd.DataFrame,
    founded: dict[str, str],
    labels: LabelRules,
    rules: TaskRules,
) -> pd.DataFrame:
    """One row per operation and run of months with the same kinds of tasks.

    Parameters
    ----------
    path : Path
        The publication, a row per mission and month.
    operations : frozenset of str
        Ids of the UN's operations; others of the publication are left out.
    resolutions : DataFrame
        As `collsec.compile.council.resolutions.resolutions_from` gives it.
    founded : dict of str to str
        Operation → day of its founding. Earlier months belong to who was sent ahead.
    labels : LabelRules
    rules : TaskRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If it lacks a column, or has a task that is neither 0 nor 1.

    References
    ----------
    Lloyd, G. (2021). New data on UN mission mandates 1948–2015: Tasks Assigned to Missions in their
    Mandates (TAMM). Journal of Peace Research 58(5).
    """
    months = read_mandates(path, labels, rules)
    months = months[months["mission_id"].isin(operations)]
    first = months["mission_id"].map(founded).str[:7]
    months = months[months["month"].dt.strftime("%Y-%m") >= first]
    adopted = {int(r["number"]): r for r in records_of(resolutions)}
    kinds = [kind.name for kind in rules.kind]
    flags = [*(f"has_{kind}_task" for kind in kinds), "has_chapter_vii"]
    rows = []
    for mission, own in months.groupby("mission_id"):
        for run in runs(own, flags):
            first_month = run["month"].iloc[0]
            symbol = resolution_in_force(str(run["unsc_resolution"].iloc[0]), first_month, adopted)
            rows.append(
                {
                    "mission_id": mission,
                    "from_month": first_month.end_time.date(),
                    "to_month": run["month"].iloc[-1].end_time.date(),
                    "mandate_resolution": symbol,
                    **{flag: bool(run[flag].iloc[0]) for flag in flags},
                    "kinds_of_tasks": int(run[flags[:-1]].iloc[0].sum()),
                    "source": [MANDATES, *([LIBRARY] if symbol else [])],
                    "basis": "file",
                }
            )
    return pd.DataFrame(rows)


def resolution_in_force(
    number: str, month: pd.Period, adopted: dict[int, dict[str, Any]]
) -> str | None:
    """Symbol of the resolution that the publication names, if it is one and was adopted by then."""
    resolution = adopted.get(int(number)) if number.isdigit() else None
    if resolution is None or pd.Period(resolution["resolution_date"], "M") > month:
        return None
    return str(resolution["resolution_id"])


def read_mandates(path: Path, labels: LabelRules, rules: TaskRules) -> pd.DataFrame:
    """Months of the publication in order: mission, month, resolution in force, kinds of tasks.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If it lacks a column, or has a task that is neither 0 nor 1.
    """
    tasks = [task for kind in rules.kind for task in kind.tasks] + [CHAPTER_VII]
    raw = read_columns(path, ["mission", "year", "month", "unsc_resolution", *tasks])
    for task in tasks:
        strange = raw[~raw[task].isin(["0", "1"])]
        if len(strange):
            raise BadTable(
                path.name,
                "neither 0 nor 1.",
                row=int(strange.index[0]) + 2,
                column=task,
                value=strange[task].iloc[0],
            )
    out = pd.DataFrame(
        {
            "mission_id": raw["mission"].map(labels.mission_id),
            "month": pd.PeriodIndex(raw["year"] + "-" + raw["month"].str.zfill(2), freq="M"),
            "unsc_resolution": raw["unsc_resolution"],
        }
    )
    for kind in rules.kind:
        out[f"has_{kind.name}_task"] = (raw[list(kind.tasks)] == "1").any(axis=1)
    out["has_chapter_vii"] = raw[CHAPTER_VII] == "1"
    return out.sort_values(["mission_id", "month"], kind="stable").reset_index(drop=True)
