"""From a printed number back to the raw rows and the documents that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.core.errors import CollsecError, nearest
from collsec.core.project import Project
from collsec.evidence.citation import Used, references
from collsec.evidence.dossiers import EVENTS, dossiers
from collsec.evidence.exposed import exposed_wars
from collsec.evidence.record import Record


@dataclass(frozen=True, slots=True)
class TraceStage:
    """One file on the way.

    Attributes
    ----------
    stage, file : str
    holds : str
        What of it counts here, such as its row, or how many rows.
    """

    stage: str
    file: str
    holds: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The chain behind one number, from the estimate to documents.

    Attributes
    ----------
    result_id : str
        Such as ``h1.primary@3f9c2a``.
    values : dict
        The row of the estimate, or the quantity with its unit.
    stages : list of TraceStage
        From the estimate back to the raw tables.
    used : list of Used
        Sources with the raw columns that were taken from each.
    wars : DataFrame
        The exposed wars, where exposure is a matter of time; else empty.
    rows : DataFrame
        What is on record of them, a row each, with its source: `war`, and the columns of
        :data:`~collsec.evidence.dossiers.EVENTS`.
    """

    result_id: str
    values: dict[str, Any]
    stages: list[TraceStage]
    used: list[Used]
    wars: pd.DataFrame
    rows: pd.DataFrame


def trace(project: Project, record: Record, name: str) -> Trace:
    """Follow an estimate, or a quantity, back to what it rests on.

    Parameters
    ----------
    project : Project
    record : Record
    name : str
        Of the estimate (``h1.primary``) or of the quantity (``h1.cost.months``).

    Raises
    ------
    CollsecError
        If the hypothesis has neither.
    """
    h = record.hypothesis
    rows = record.estimates.set_index("estimate_id", drop=False)
    short = name.removeprefix(f"{h}.")
    if name in rows.index:
        values = {str(k): v for k, v in rows.loc[name].items()}
        place = project.stage("estimates", h)
        first = TraceStage("estimate", project.relative(place), f"row estimate_id = {name}")
    elif short in record.quantities:
        values = dict(record.quantities[short])
        where = project.relative(project.record(h))
        first = TraceStage("estimate", where, f"quantities, {short}")
    else:
        known = [*rows.index.astype(str), *(f"{h}.{q}" for q in record.quantities)]
        raise CollsecError(f"no estimate and no quantity {name!r}.{nearest(name, known)}")
    panel = project.read("panels", h)
    spec, page = project.spec_json(h), project.spec_file(h)
    used = references(project, h)
    tables: dict[str, set[str]] = {}
    for one in used:
        for column in one.columns:
            table, _, field = column.partition(".")
            tables.setdefault(table, set()).add(field)
    stages = [
        first,
        TraceStage("specification", project.relative(spec), f"from {project.relative(page)}"),
        TraceStage(
            "panel",
            project.relative(project.stage("panels", h)),
            f"{len(panel):,} start-stop rows of {panel['unit_id'].nunique():,} units",
        ),
        *(
            TraceStage("raw", f"data/raw: {table}", ", ".join(sorted(columns)))
            for table, columns in sorted(tables.items())
        ),
    ]
    by_conflict = {one.conflict: one for one in dossiers(project)}
    found = exposed_wars(project, record, by_conflict)
    wars, facts = pd.DataFrame(), pd.DataFrame(columns=["war", *EVENTS])
    if found is not None:
        wars = found[0]
        conflicts = dict(zip(wars["conflict_id"], wars["war"], strict=True))
        facts = pd.concat(
            [by_conflict[c].events.assign(war=war) for c, war in conflicts.items()],
            ignore_index=True,
        )[["war", *EVENTS]]
    digest = record.result_id.partition("@")[2]
    return Trace(f"{name}@{digest}", values, stages, used, wars, facts)
