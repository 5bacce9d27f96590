"""raw → tables: one typed Parquet per raw table, validated; nothing joined.

`collsec.tables.rawfile` reads each CSV strictly; Frictionless checks each cell against the table's
schema in ``data/raw/schemas``; keys and state codes are followed across tables;
`collsec.tables.crosschecks` asks whether the facts fit one another. The first fault is reported
with file, row, column and value.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.package import FILE as PACKAGE
from collsec.compile.package import read_package
from collsec.compile.rules import read_rules
from collsec.core import errors
from collsec.core.errors import BadDocument, BadTable, Fault, MissingInput
from collsec.core.project import Project
from collsec.core.provenance import (
    record,
)
from collsec.tables import consistency, crosschecks
from collsec.tables.columns import are_whole
from collsec.tables.consistency import Encyclopedias
from collsec.tables.rawfile import read_cells, remedy_for, shown
from collsec.upstream.sources import read_sources

# Claims and literature are no tables of facts: no stage but the last rests on them.
CLAIMS = {"path": "coded/claims.csv", "schema": "schemas/claims.json"}
LITERATURE = {"path": "coded/literature.csv", "schema": "schemas/literature.json"}
#: Tables that are read by what is written last, and stand in no package of facts.
FOR_REPORTS = (CLAIMS["path"], LITERATURE["path"], "coded/replications.csv")
LIST_SEPARATOR = ";"
# Word in the names of raw columns that hold one Gleditsch–Ward code, or a list of them.
STATE_CODE_WORD = "gwno"


# Tables that later stages and the cross-checks read; a study may have more.
REQUIRED = (
    "episodes",
    "outcomes",
    "states",
    "host_states",
    "p5_ties",
    "missions",
    "mission_conflicts",
    "mission_milestones",
    "mission_strength",
    "authorized_strength",
    "monthly_strength",
    "vetoes",
    "mandate_tasks",
    "draft_conflicts",
    "council_members",
    "council_terms",
    "assembly_sittings",
    "assembly_conflicts",
    "resolutions",
    "resolutions_since_2022",
    "chapter_vii",
    "resolution_actions",
    "resolution_conflicts",
    "agenda_conflicts",
    "un_sanctions",
    "regional_arrangements",
)


def resources(project: Project) -> dict[str, dict[str, Any]]:
    """The tables that ``datapackage.json`` names, by name.

    Raises
    ------
    MissingInput
        If the package, one of its files or one of the required tables is absent.
    BadTable
        If the package is not readable, or Frictionless refuses it.
    """
    named: dict[str, dict[str, Any]] = {}
    for resource in read_package(project.raw)["resources"]:
        for key in sorted({"path", "schema"} & set(resource)):
            if not (project.raw / resource[key]).is_file():
                raise MissingInput(
                    f"data/raw/{resource[key]} is missing, but {PACKAGE} names it "
                    f"as the {key} of {resource['name']}. Restore your earlier copy."
                )
        if "schema" in resource:
            named[resource["name"]] = resource
    for name in REQUIRED:
        if name not in named:
            raise MissingInput(f"{PACKAGE} names no table {name}. Restore your earlier copy.")
    return named


def unlisted(project: Project) -> None:
    """Refuse tables that lie among the raw ones, and that nothing reads.

    Raises
    ------
    BadDocument
        One fault for each.
    """
    listed = {one["path"] for one in read_package(project.raw)["resources"]} | {*FOR_REPORTS}
    found = []
    for path in sorted(project.raw.rglob("*.csv")):
        if (name := path.relative_to(project.raw).as_posix()) not in listed:
            problem = f"is no table of {PACKAGE}, and nothing reads it."
            near = errors.nearest(name, listed).strip()
            remedy = f"{near} List it there with its schema, or delete it.".strip()
            found.append(Fault(project.relative(path), problem, remedy=remedy))
    if found:
        raise BadDocument(*found)


def read_json(project: Project, path: Path) -> dict[str, Any]:
    """Read a JSON file of the raw folder."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BadTable(
            project.relative(path),
            f"not readable JSON ({error.msg}).",
            row=error.lineno,
            remedy="Correct it, or restore an earlier copy of it.",
        ) from None
    except UnicodeDecodeError:
        raise BadTable(
            project.relative(path), "not UTF-8.", remedy="Restore your earlier copy."
        ) from None
    return content


def clean(project: Project) -> list[Path]:
    """Validate every raw table and write its typed Parquet; all of them or none.

    Returns
    -------
    list of Path
        The files written.
    """
    named = resources(project)
    frames = {name: read_raw(project, resource) for name, resource in named.items()}
    check_foreign_keys(project, named, frames)
    check_state_codes(project, named, frames)
    files = {
        name: project.relative(project.raw / resource["path"]) for name, resource in named.items()
    }
    crosschecks.check(
        frames,
        files,
        read_sources(project.raw / "sources.toml"),
        read_rules(project.raw / "rules", Encyclopedias),
    )
    written = []
    for name, resource in named.items():
        inputs = [project.raw / resource["path"], project.raw / resource["schema"]]
        written.append(
            project.write(frames[name], "tables", name, record(project, "tables", inputs))
        )
    return written


def read_raw(project: Project, resource: dict[str, Any]) -> pd.DataFrame:
    """Validate one CSV against its schema and return it typed."""
    path = project.raw / resource["path"]
    where = project.relative(path)
    schema = read_json(project, project.raw / resource["schema"])
    cells = read_cells(path, where, schema)
    validate_cells(cells, where, schema)
    if (pinned := resource.get("rows", len(cells))) != len(cells):
        raise BadTable(
            where,
            f"{len(cells)} rows where data/raw/datapackage.json says {pinned}.",
            remedy="If rows were added or taken out on purpose, say so there (`rows`, and why in "
            "`rows_reason`); if not, take the file back from git.",
        )
    return typed(cells, schema)


def validate_cells(cells: pd.DataFrame, where: str, schema: dict[str, Any]) -> None:
    """Raise the first cell of a table that breaks its Table Schema."""
    if are_whole(cells, schema):
        return
    from frictionless import FrictionlessException, Resource, Schema

    local = {k: v for k, v in schema.items() if k != "foreignKeys"}  # checked across tables below
    try:
        rule = Schema.from_descriptor(local)
    except FrictionlessException as error:
        raise BadTable(
            where,
            f"its schema is not a Table Schema ({error.error.note}).",
            remedy="Correct it in data/raw/schemas.",
        ) from None
    rows = [list(cells.columns), *cells.to_numpy().tolist()]
    report = Resource(data=rows, schema=rule).validate(limit_errors=1)
    if report.valid:
        return
    first = next(error for task in report.tasks for error in task.errors)
    row, value = getattr(first, "row_number", 1), getattr(first, "cell", None)
    column: str | None = getattr(first, "field_name", None)
    problem = first.note.rstrip(".") + "."
    remedy = remedy_for(where, "Correct it, or the rule in data/raw/schemas if that is wrong.")
    if first.type in {"primary-key", "unique-error"}:
        stated = [column] if column else schema["primaryKey"]
        keys: list[str] = [stated] if isinstance(stated, str) else stated
        column, value = ", ".join(keys), ", ".join(cells[k].iloc[row - 2] for k in keys)
        problem, remedy = "the key stands twice.", "Keep one row per key."
    elif column is not None:
        field = next(f for f in schema["fields"] if f["name"] == column)
        problem = broken_rule(field, value, cells[column])
    raise BadTable(
        where,
        problem,
        row=row,
        column=column,
        value=None if value is None else shown(str(value)),
        remedy=remedy,
    )


def broken_rule(field: dict[str, Any], value: Any, column: pd.Series) -> str:
    """Say in words what the schema asks of a field, and an example of the column that has it."""
    rules = field.get("constraints", {})
    if not value and rules.get("required"):
        return "the cell is empty, and must not be."
    if field["type"] == "date" and not is_date(str(value)):
        return "is no day of the calendar."
    if "enum" in rules:
        near = difflib.get_close_matches(str(value), [str(v) for v in rules["enum"]], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return f"must be one of {', '.join(str(v) for v in rules['enum'])}.{hint}"
    if "pattern" in rules:
        good = column[column.str.fullmatch(rules["pattern"])]
        example = f", such as {good.iloc[0]}" if len(good) else ""
        return f"must have the form {rules['pattern']}{example}."
    words = {"minimum": "must not be below", "maximum": "must not be above"}
    return " and ".join(f"{words[r]} {rules[r]}" for r in words if r in rules) + "."


def is_date(text: str) -> bool:
    """Whether a text is a day of the calendar."""
    return not pd.isna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce"))


def typed(text: pd.DataFrame, schema: dict[str, Any]) -> pd.DataFrame:
    """Give each column of a validated all-text table the type of its schema field."""
    out = {}
    for field in schema["fields"]:
        column = text[field["name"]].where(text[field["name"]] != "")
        kind = field["type"]
        if kind == "integer":
            out[field["name"]] = pd.to_numeric(column).astype("Int64")
        elif kind == "number":
            out[field["name"]] = pd.to_numeric(column).astype("float64")
        elif kind == "boolean":
            out[field["name"]] = column.map({"true": True, "false": False}).astype("boolean")
        elif kind == "date":
            out[field["name"]] = pd.to_datetime(column, format="%Y-%m-%d").astype("datetime64[s]")
        else:
            out[field["name"]] = column.astype("string")
    return pd.DataFrame(out)


def check_foreign_keys(
    project: Project, named: dict[str, dict[str, Any]], frames: dict[str, pd.DataFrame]
) -> None:
    """Raise the first row whose key stands in no row of the table it points to."""
    for name, resource in named.items():
        schema = read_json(project, project.raw / resource["schema"])
        for key in schema.get("foreignKeys", []):
            fields, target = key["fields"], key["reference"]
            own = [fields] if isinstance(fields, str) else list(fields)
            there = target["fields"]
            theirs = [there] if isinstance(there, str) else list(there)
            known = pd.MultiIndex.from_frame(frames[target["resource"]][theirs].drop_duplicates())
            rows = frames[name][own].dropna()
            lost = ~pd.MultiIndex.from_frame(rows).isin(known)
            if lost.any():
                first = rows.index[lost][0]
                raise BadTable(
                    project.relative(project.raw / resource["path"]),
                    f"no such key in table {target['resource']} ({', '.join(theirs)}).",
                    row=int(first) + 2,
                    column=", ".join(own),
                    value=", ".join(str(v) for v in rows.loc[first]),
                    remedy=nearest(rows.loc[first], known)
                    + f"Use a key of {target['resource']}, or add its row there.",
                )


def check_state_codes(
    project: Project, named: dict[str, dict[str, Any]], frames: dict[str, pd.DataFrame]
) -> None:
    """Raise the first state code that ``states`` does not list."""
    for name, resource in named.items():
        where = project.relative(project.raw / resource["path"])
        check_codes(frames[name], where, frames["states"])


def check_codes(frame: pd.DataFrame, where: str, states: pd.DataFrame) -> None:
    """Raise the first state code of a table that ``states`` does not list."""
    known = set(states["gwno"].astype(int).astype(str))
    for column in (c for c in frame.columns if STATE_CODE_WORD in c.split("_")):
        codes = frame[column].astype("string").str.split(LIST_SEPARATOR).explode().dropna()
        unknown = codes[~codes.isin(known)]
        if len(unknown):
            raise BadTable(
                where,
                "unknown state code.",
                row=int(unknown.index[0]) + 2,
                column=column,
                value=unknown.iloc[0],
                remedy=f"{nearest_state(unknown.iloc[0], states)}"
                "Use a Gleditsch–Ward code of data/raw/compiled/states.csv.",
            )


def check_days(name: str, frame: pd.DataFrame, where: str) -> None:
    """Raise the first day or year of a table that cannot be: out of the span, an end too early."""
    for check, found in consistency.OF_ONE_TABLE.items():
        for issue in found({name: frame}):
            raise crosschecks.Contradiction(check, where, issue)


def nearest_state(code: str, states: pd.DataFrame) -> str:
    """A sentence that offers the state whose code an unknown one was meant to be.

    It may be one of the other lists that the table of states knows (Correlates of War, ISO 3166);
    else the nearest by its digits is offered, where one is near.
    """
    for column in ("cow_code", "iso3"):
        meant = states[states[column].astype("string") == code]
        if len(meant):
            other = "Correlates of War" if column == "cow_code" else "ISO 3166"
            one = meant.iloc[-1]
            return f"In the list of {other} it is {one['name']}, which is {one['gwno']} here. "
    names = dict(zip(states["gwno"].astype(str), states["name"], strict=True))
    near = difflib.get_close_matches(code, names, n=1)
    return f"Did you mean {near[0]} ({names[near[0]]})? " if near else ""


def nearest(key: pd.Series, known: Iterable[tuple[Any, ...]]) -> str:
    """A sentence that offers the known key closest to a lost one, where one is close."""
    lost = ", ".join(str(v) for v in key)
    names = sorted({", ".join(str(v) for v in k) for k in known})
    near = difflib.get_close_matches(lost, names, n=1, cutoff=0.7)
    return f"Did you mean {near[0]}? " if near else ""
