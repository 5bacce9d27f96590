"""What persons may write: names that specifications may use, faults, and schemas of documents."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from collsec.core.errors import CollsecError, Fault
from collsec.core.project import Project

if TYPE_CHECKING:
    from collsec.hypothesis.registries import Registries

Known = TypeVar("Known")


def registered() -> Registries:
    """What a specification may name of the code: all but tables, claims, and sources."""
    from collsec.designs import DESIGNS, PARTS
    from collsec.evidence.verdict import CODES
    from collsec.histories.cohorts import CLUSTERS, DAY_STRATA, RULES, STRATA
    from collsec.hypothesis.registries import Registries
    from collsec.measures import SHARED

    return Registries(
        measures=SHARED,
        designs=DESIGNS,
        parts=PARTS,
        rules=RULES,
        strata=STRATA,
        day_strata=DAY_STRATA,
        clusters=CLUSTERS,
        verdicts=CODES,
        tables={},
        claims=None,
        sources=None,
    )


def registries(project: Project) -> Registries:
    """Everything that a specification may name."""
    from collsec.tables.clean import CLAIMS, read_json, read_raw, resources
    from collsec.upstream.sources import read_sources

    tables = {
        name: [f["name"] for f in read_json(project, project.raw / one["schema"])["fields"]]
        for name, one in (_known(lambda: resources(project)) or {}).items()
    }
    has_claims = (project.raw / CLAIMS["path"]).exists()
    return dataclasses.replace(
        registered(),
        tables=tables,
        claims=_known(lambda: set(read_raw(project, CLAIMS)["claim_id"])) if has_claims else (),
        sources=_known(lambda: set(read_sources(project.raw / "sources.toml"))),
    )


def _known(read: Callable[[], Known]) -> Known | None:
    """What a file holds; nothing where it is at fault, which is told of the file itself."""
    try:
        return read()
    except CollsecError:
        return None


def faults(project: Project) -> list[Fault]:
    """Everything that is wrong with what a person writes, by file and line.

    Raw tables, sources, claims, `_study.yml`, specifications, cases, withdrawals, and names in
    prose are checked, each as the stage that reads it would; nothing is written.
    """
    from collsec.evidence import cases, claims, questions, withheld
    from collsec.hypothesis.faults import faults
    from collsec.reports.pages import vocabulary

    further = [
        cases.check,
        questions.check,
        withheld.check,
        *([claims.read] if claims.are_listed(project) else []),
        vocabulary.check,
    ]
    return faults(project, registries, further)


def schemas() -> dict[str, Any]:
    """Models of the documents of a study, by the name of their JSON Schema."""
    from collsec.evidence.cases import Entries
    from collsec.evidence.questions import Questions
    from collsec.evidence.record import StoredRecord
    from collsec.evidence.withheld import Entries as Withdrawals
    from collsec.hypothesis.specification import FrontMatter
    from collsec.hypothesis.study import Study
    from collsec.upstream.sources import Blocks

    return {
        "hypothesis": FrontMatter,
        "study": Study,
        "cases": Entries,
        "questions": Questions,
        "withdrawn": Withdrawals,
        "sources": Blocks,
        "record": StoredRecord,
    }


def publish_schemas(project: Project) -> list[Path]:
    """Write the JSON Schemas of ``docs/schemas`` and the page of all keys."""
    from collsec.hypothesis.schemas import published

    written = []
    for name, text in published(schemas()).items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
