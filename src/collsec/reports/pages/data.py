"""What the page on the data shows: the tables of facts, and pictures of what they cover."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from collsec.core.project import Project
from collsec.designs.estimate import Unit
from collsec.designs.printed import Column
from collsec.evidence import coverage
from collsec.reports.figures import coverage as figures
from collsec.reports.figures.world import Outline, world
from collsec.reports.pages.catalog import Item, alternatives
from collsec.reports.tables.table import Table
from collsec.reports.words import wording
from collsec.tables import crosschecks
from collsec.tables.clean import read_json, resources
from collsec.upstream.sources import read_sources

_TABLES = "data/processed/tables"
_LEDGERS = {"missions": "mission_conflicts", "vetoes": "draft_conflicts"}


def outline_of(project: Project) -> Outline:
    """Land and borders for maps; nothing where the study has no outline."""
    path = project.root / "reports" / "outline.json"
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {name: found[name] for name in ("land", "borders")}


def data_catalog(project: Project) -> tuple[dict[str, Item], dict[str, str]]:
    """Draw and tabulate what the data cover, with the variables that its page prints.

    Both are empty where the tables step has not run.
    """
    if not project.datapackage.exists():
        return {}, {}
    named = resources(project)
    if not all(project.stage("tables", name).exists() for name in named):
        return {}, {}
    tables = {name: project.read("tables", name) for name in named}
    sources = coverage.source_years(read_sources(project.raw / "sources.toml"), tables)
    missions, episodes = tables["missions"], tables["episodes"]
    active = coverage.activity(
        project.read("episodes", "episodes"), project.read("episodes", "missions")
    )
    places = coverage.world(episodes, missions, tables["states"], tables["state_positions"])
    drawn_world = world(places, outline_of(project))
    items = {
        item.name: item
        for item in (
            Item(
                "data-tables",
                "committed",
                "data/raw/datapackage.json",
                table_list(project, named, tables),
            ),
            Item(
                "data-council",
                "tables",
                f"{_TABLES}/resolutions.parquet",
                council_record(tables["resolutions"], tables["vetoes"]),
            ),
            Item("data-sources", "tables", _TABLES, figures.source_coverage(sources)),
            Item(
                "data-years",
                "tables",
                _TABLES,
                figures.table_coverage(coverage.table_years(tables)),
            ),
            Item(
                "data-precision",
                "tables",
                f"{_TABLES}/missions.parquet",
                figures.date_precision(coverage.date_precision(episodes, missions)),
            ),
            Item(
                "data-basis",
                "tables",
                f"{_TABLES}/missions.parquet",
                figures.mission_dates(coverage.mission_dates(missions)),
            ),
            Item(
                "data-activity",
                "episodes",
                "data/processed/episodes/missions.parquet",
                figures.activity(active),
            ),
            Item(
                "data-world",
                "tables",
                f"{_TABLES}/state_positions.parquet",
                drawn_world,
            ),
        )
    }
    return items, variables(tables, len(sources)) | alternatives(items)


def table_list(
    project: Project, named: dict[str, dict[str, Any]], tables: dict[str, pd.DataFrame]
) -> Table:
    """The raw tables: what a row is, how many there are, and where they come from."""
    frame = pd.DataFrame(
        [
            {
                "table": name,
                "kind": resource["path"].partition("/")[0],
                "content": first_sentence(read_json(project, project.raw / resource["schema"])),
                "rows": len(tables[name]),
                "columns": len(tables[name].columns),
            }
            for name, resource in named.items()
        ]
    )
    return Table(
        (
            Column("Table", "`{table}`", width=22, is_markup=True),
            Column("What it holds", "content", width=50, is_markup=True),
            Column("Made", "kind", width=10),
            Column("Rows", "rows", Unit.COUNT, width=8),
            Column("Columns", "columns", Unit.COUNT, width=10),
        ),
        frame,
        "The tables of facts. Compiled ones follow from published files by coding rules; coded "
        "ones are written by hand from the record.",
        "tbl-data-tables",
    )


def council_record(resolutions: pd.DataFrame, vetoes: pd.DataFrame) -> Table:
    """What is on record of the Council by decade, and of how much Chapter VII is known."""
    return Table(
        (
            Column("Decade", "{decade}s", width=14, align="left"),
            Column("Resolutions", "resolutions", Unit.COUNT, width=20),
            Column("Read for Chapter VII", "read", Unit.COUNT, width=26),
            Column("Under Chapter VII", "under", Unit.COUNT, width=22),
            Column("Vetoes", "vetoes", Unit.COUNT, width=18),
        ),
        coverage.council_record(resolutions, vetoes),
        "The record of the Security Council. Of resolutions that were not read it is not known "
        "whether the Council acted under Chapter VII.",
        "tbl-data-council",
    )


def first_sentence(schema: dict[str, Any]) -> str:
    """What a table holds, without its limits."""
    head, stop, _ = str(schema["description"]).partition(". ")
    return head + ("." if stop else "")


def variables(tables: dict[str, pd.DataFrame], n_sources: int) -> dict[str, str]:
    """The numbers that the page's prose prints."""
    un = tables["missions"][tables["missions"]["sponsor"] == "un"]
    counts = {
        "tables": len(tables),
        "rows": sum(len(frame) for frame in tables.values()),
        "sources": n_sources,
        "checks": len(crosschecks.CHECKS) + 1,  # and that every source is declared
        "episodes": len(tables["episodes"]),
        "missions": len(tables["missions"]),
        "un_missions": len(un),
        "un_authorized": int(un["authorized_date"].notna().sum()),
        "un_first_personnel": int(un["first_personnel_date"].notna().sum()),
        "vetoes": len(tables["vetoes"]),
        "resolutions": len(tables["resolutions"]),
    }
    for family, ledger in _LEDGERS.items():
        counts[f"{family}_recalled"] = int((tables[ledger]["basis"] == "recalled").sum())
    return {f"data.{name}": wording.count(n) for name, n in counts.items()}
