"""What each UN operation was charged with, from when to when, 1948–2015.

A row is a run of months in which the mandate had the same kinds of tasks: the unit is a change of
the mandate, not the month of the publication, and its 47 tasks are gathered into ten kinds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.missions.authorized_strength import runs
from collsec.compile.missions.mission_labels import mission_id_of
from collsec.compile.text import records_of
from collsec.core.errors import BadTable, MissingInput

LIBRARY, MANDATES = "un_library", "tamm"
CHAPTER_VII = "ch7"
# Kind of task → the tasks of the publication that belong to it. Cooperation with other bodies,
# public information, protection of the operation's own people and of relief workers, quick-impact
# projects and culture belong to none.
KINDS = {
    "ceasefire": (
        "peaceag_cease_monitor",
        "peaceag_cease_assist",
        "buffer_monitor",
        "liaise_warpart",
    ),
    "mediation": ("goodoffices", "reconciliation"),
    "civilian_protection": ("prociv", "children_protect", "women_protect"),
    "human_rights": ("humrts_monitor", "humrts_protect", "justice_warcrim"),
    "humanitarian": ("humaid_assist", "refugees_assist", "refugees_monitor", "demining_assist"),
    "arms_control": (
        "weaponstrade_monitor",
        "weaponsembargo_monitor",
        "cargoinspections",
        "borders_monitor",
        "resources_monitor",
    ),
    "disarmament": ("ddr_monitor", "ddr_assist"),
    "police_and_justice": (
        "securitysectorreform_assist",
        "policereform_assist",
        "police_monitor",
        "police_jointpatrols",
        "justice_assist",
    ),
    "election": ("election_monitor", "election_security", "election_assist"),
    "government": ("govcap_assist", "govpolicies_assist"),
}


def mandate_tasks_from(
    path: Path, operations: frozenset[str], resolutions: pd.DataFrame, founded: dict[str, str]
) -> pd.DataFrame:
    """One row per operation and run of months with the same kinds of tasks.

    Parameters
    ----------
    path : Path
        The publication, a row per mission and month.
    operations : frozenset of str
        Ids of the UN's operations; others of the publication are left out.
    resolutions : DataFrame
        As `collsec.compile.council.compile_resolutions` gives it.
    founded : dict of str to str
        Operation → day of its founding. Earlier months belong to who was sent ahead.

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
    months = read_mandates(path)
    months = months[months["mission_id"].isin(operations)]
    first = months["mission_id"].map(founded).str[:7]
    months = months[months["month"].dt.strftime("%Y-%m") >= first]
    adopted = {int(r["number"]): r for r in records_of(resolutions)}
    flags = [*(f"has_{kind}_task" for kind in KINDS), "has_chapter_vii"]
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


def read_mandates(path: Path) -> pd.DataFrame:
    """Months of the publication in order: mission, month, resolution in force, kinds of tasks.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If it lacks a column, or has a task that is neither 0 nor 1.
    """
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    tasks = [task for kind in KINDS.values() for task in kind] + [CHAPTER_VII]
    wanted = ["mission", "year", "month", "unsc_resolution", *tasks]
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := [name for name in wanted if name not in raw.columns]:
        raise BadTable(
            path.name,
            f"lacks column {', '.join(missing)}.",
            remedy="Is this the version in sources.toml?",
        )
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
            "mission_id": raw["mission"].map(mission_id_of),
            "month": pd.PeriodIndex(raw["year"] + "-" + raw["month"].str.zfill(2), freq="M"),
            "unsc_resolution": raw["unsc_resolution"],
        }
    )
    for kind, of_kind in KINDS.items():
        out[f"has_{kind}_task"] = (raw[list(of_kind)] == "1").any(axis=1)
    out["has_chapter_vii"] = raw[CHAPTER_VII] == "1"
    return out.sort_values(["mission_id", "month"], kind="stable").reset_index(drop=True)
