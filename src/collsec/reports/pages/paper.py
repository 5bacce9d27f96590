"""What the paper on the data shows next to the page on the data: comparisons, and agreement."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from collsec.core.project import Project
from collsec.designs.estimate import Unit
from collsec.designs.printed import Column
from collsec.evidence import second_sources
from collsec.reports.pages.catalog import Item
from collsec.reports.tables.table import Table
from collsec.reports.words import wording
from collsec.tables import repeat_coding
from collsec.tables.clean import resources
from collsec.upstream.sources import Source, read_sources

_TABLES = "data/processed/tables"
#: Tables that are held against another publication, or against a second coding.
COMPARED = {
    *("mission_labels", "personnel_months", "monthly_strength", "mission_locations"),
    *("contributor_years", "mapped_contributors", "missions", "mission_conflicts", "episodes"),
    *("external_support", "mandate_tasks", "further_mandates", repeat_coding.TABLE),
}
#: Kappa below which a kind of task depends on who codes it, as `CODING` says.
DOUBTFUL = 0.5
KINDS = {"total": "All in uniform"}
POWERS = {"usa": "United States", "uk": "United Kingdom"}
RULES = {
    "named_in_mandate": "The mandate names conflict, parties, or their agreement",
    "mandate_scope": "The mandate covers its territory",
    "host_and_parties": "Same territory, one party named",
    "bara_hultman": "As Bara and Hultman link it",
    "mullenbach": "By the dispute that Mullenbach names",
}


def paper_catalog(project: Project) -> tuple[dict[str, Item], dict[str, str]]:
    """Tables and variables of the paper; both empty for a study without one.

    The tables step must have run.
    """
    if not project.paper.is_file() or not project.datapackage.exists():
        return {}, {}
    named = resources(project)
    if not named.keys() >= COMPARED or not all(
        project.stage("tables", name).exists() for name in named
    ):
        return {}, {}
    tables = {name: project.read("tables", name) for name in named}
    again = pd.read_csv(
        project.raw / named[repeat_coding.TABLE]["path"], dtype=str, keep_default_na=False
    )
    items, texts = catalog(tables, again, read_sources(project.raw / "sources.toml"))
    for made in ("coded", "compiled"):
        n = sum(one["path"].startswith(f"{made}/") for one in named.values())
        texts[f"paper.{made}"] = wording.count(n)
    return items, texts


def catalog(
    tables: Mapping[str, pd.DataFrame], again: pd.DataFrame, sources: Mapping[str, Source]
) -> tuple[dict[str, Item], dict[str, str]]:
    """Tables and variables of the paper.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The typed raw tables.
    again : DataFrame
        The table of second values, its cells as text.
    sources : mapping of str to Source
    """
    labels = second_sources.operations_known(tables)
    labels["title"] = [sources[name].title for name in labels["publication"]]
    people = second_sources.people_counted(tables)
    people["kind"] = people["kind"].map(KINDS).fillna(people["kind"].str.capitalize())
    rules = second_sources.links_by_rule(tables)
    n_links = int(rules[["un", "other"]].to_numpy().sum())
    of_bara_hultman = rules[rules["rule"] == "bara_hultman"][["un", "other"]].to_numpy()
    rules["rule"] = rules["rule"].map(RULES)
    sent = second_sources.own_troops(tables)
    totals = sent.drop(columns="power").sum()
    sent["power"] = sent["power"].map(POWERS).fillna(sent["power"].str.capitalize())
    tasks = second_sources.tasks_coded(tables)
    n_tasks = {name: int(tasks[name].iloc[0]) for name in ("operations", "months")}
    tasks["kind"] = tasks["kind"].str.replace("_", " ").str.capitalize()
    second = second_sources.coded_again(again)
    contributors = second_sources.contributors_found(tables).iloc[0]
    on_maps = second_sources.troops_on_maps(tables).iloc[0]
    made = {
        "paper-operations": (
            "mission_labels",
            (Column("Publication", "title", width=60), _count("Operations", "operations")),
            labels,
            "Operations of the United Nations that each publication knows.",
        ),
        "paper-people": (
            "personnel_months",
            (
                Column("People", "kind", width=18),
                _count("Operations", "operations"),
                _count("Months", "months"),
                Column("Same number", "equal_share", Unit.SHARE),
                Column("Within 5 %", "nearly_share", Unit.SHARE),
                Column("Correlation", "correlation", Unit.NUMBER, digits=4),
            ),
            people,
            "People by operation and month, IPI against Bara and Hultman: months that both have.",
        ),
        "paper-links": (
            "mission_conflicts",
            (
                Column("Rule that settles the link", "rule", width=50),
                _count("UN", "un"),
                _count("Others", "other"),
            ),
            rules,
            "Links of operations to conflicts, by the rule that settles them.",
        ),
        "paper-support": (
            "external_support",
            (
                Column("Permanent member", "power", width=24),
                _count("In both", "in_both"),
                _count("ESD alone", "in_esd_alone"),
                _count("UCDP/PRIO alone", "in_acd_alone"),
            ),
            sent,
            "Episodes within states in which a permanent member had troops of its own.",
        ),
        "paper-tasks": (
            "further_mandates",
            (
                Column("Task", "kind", width=24),
                Column("In TAMM", "first_share", Unit.SHARE),
                Column("In PEMA", "second_share", Unit.SHARE),
                Column("Same code", "equal_share", Unit.SHARE),
                Column("Kappa", "kappa", Unit.NUMBER, digits=2),
            ),
            tasks,
            "Tasks of operations by month, as two publications code them.",
        ),
        "paper-again": (
            "repeat_coding",
            (
                Column("Table", "`{table}`", width=28, is_markup=True),
                _count("Columns", "columns"),
                _count("Values drawn", "values"),
                _count("Read", "read"),
                _count("Agree", "agreeing"),
                Column("Share", "agreeing_share", Unit.SHARE),
                Column("Lowest kappa", "lowest_kappa", Unit.NUMBER, digits=2),
            ),
            second,
            "Repeat coding. Read: values for which a document was read. Kappa is the lowest of "
            "a table's columns of categories.",
        ),
    }
    items = {
        name: Item(
            name,
            "tables",
            f"{_TABLES}/{table}.parquet",
            Table(columns, rows, caption, f"tbl-{name}"),
        )
        for name, (table, columns, rows, caption) in made.items()
    }
    counts = {
        "links": n_links,
        "links_bara_hultman": int(of_bara_hultman.sum()),
        "links_bara_hultman_un": int(of_bara_hultman[:, 0].sum()),
        "support_both": int(totals["in_both"]),
        "support_acd": int(totals["in_acd_alone"]),
        "support_covered": int(totals["in_acd_alone_covered"]),
        "support_esd": int(totals["in_esd_alone"]),
        "task_operations": n_tasks["operations"],
        "task_months": n_tasks["months"],
        "tasks_doubtful": int((tasks["kappa"] < DOUBTFUL).sum()),
        "again_tables": len(second),
        "again_values": int(second["values"].sum()),
        "again_read": int(second["read"].sum()),
        "again_agreeing": int(second["agreeing"].sum()),
        "again_unread": int((second["read"] == 0).sum()),
        "again_days": repeat_coding.TOLERANCE_DAYS,
        "map_operations": int(on_maps["operations"]),
        "map_months": int(on_maps["months"]),
        **{
            f"contributors_{name}": int(contributors[name])
            for name in contributors.index
            if name != "correlation"
        },
        **{f"rows_{name}": len(frame) for name, frame in tables.items()},
    }
    texts = {name: wording.count(n) for name, n in counts.items()}
    texts["map_correlation"] = f"{on_maps['correlation']:.2f}"
    texts["contributors_correlation"] = f"{contributors['correlation']:.2f}"
    return items, {f"paper.{name}": text for name, text in texts.items()}


def _count(heading: str, cell: str) -> Column:
    return Column(heading, cell, Unit.COUNT)
