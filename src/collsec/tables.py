"""raw → tables: one typed Parquet per raw table, validated; nothing joined.

Frictionless checks each CSV against its schema in ``data/raw/schemas``; the first broken cell is
reported with file, row, column and value. State codes are checked against ``states``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.errors import BadTable, MissingInput
from collsec.provenance import record
from collsec.store import Store

LIST_SEPARATOR = ";"
# Raw columns that hold one Gleditsch–Ward code, or a list of them.
STATE_CODE_PREFIX = "gwno"


def resources(store: Store) -> dict[str, dict[str, Any]]:
    """The tables that ``datapackage.json`` names, by name.

    Raises
    ------
    MissingInput
        If the package or one of its files is absent.
    """
    if not store.datapackage.exists():
        raise MissingInput("data/raw/datapackage.json is missing: is this the project's folder?")
    package = json.loads(store.datapackage.read_text(encoding="utf-8"))
    for resource in package["resources"]:
        for key in ("path", "schema"):
            if not (store.raw / resource[key]).exists():
                raise MissingInput(
                    f"data/raw/{resource[key]} is missing, but data/raw/datapackage.json names it "
                    f"as the {key} of table {resource['name']}."
                )
    return {r["name"]: r for r in package["resources"]}


def clean(store: Store) -> list[Path]:
    """Validate every raw table and write its typed Parquet; all of them or none.

    Returns
    -------
    list of Path
        The files written.
    """
    named = resources(store)
    frames = {name: read_raw(store, resource) for name, resource in named.items()}
    check_foreign_keys(store, named, frames)
    check_state_codes(store, named, frames)
    written = []
    for name, resource in named.items():
        inputs = [store.raw / resource["path"], store.raw / resource["schema"]]
        written.append(
            store.write(frames[name], "tables", name, record(store, "tables", inputs))
        )
    return written


def read_raw(store: Store, resource: dict[str, Any]) -> pd.DataFrame:
    """Validate one CSV against its schema and return it typed."""
    path = store.raw / resource["path"]
    schema = json.loads((store.raw / resource["schema"]).read_text(encoding="utf-8"))
    try:
        text = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadTable(
            store.relative(path), f"not a readable UTF-8 CSV ({error}).",
            remedy="Save it as comma-separated UTF-8 text.",
        ) from None
    validate_cells(store, path, schema)
    return typed(text, schema)


def validate_cells(store: Store, path: Path, schema: dict[str, Any]) -> None:
    """Raise the first cell of a CSV that breaks its Table Schema."""
    from frictionless import Resource, Schema, system

    system.trusted = True  # files lie below the project's own data/raw
    columns = {field["name"] for field in schema["fields"]}
    local = {k: v for k, v in schema.items() if k != "foreignKeys"}  # checked across tables below
    resource = Resource(
        path=path.name, basepath=str(path.parent), schema=Schema.from_descriptor(local)
    )
    report = resource.validate(limit_errors=1)
    if report.valid:
        return
    where = store.relative(path)
    errors = [error for task in report.tasks for error in task.errors]
    if not errors:
        raise BadTable(where, "; ".join(w for task in report.tasks for w in task.warnings))
    error = errors[0]
    row = getattr(error, "row_number", None)
    column = getattr(error, "field_name", None) or getattr(error, "label", None) or None
    remedy = {
        "missing-label": f"Its columns must be: {', '.join(f['name'] for f in schema['fields'])}.",
        "primary-key": "Keep one row per key.",
    }.get(error.type, "Correct the cell, or the schema in data/raw/schemas if the rule is wrong.")
    if column is None and error.type == "primary-key":
        column = ", ".join(schema["primaryKey"]) if isinstance(
            schema["primaryKey"], list) else schema["primaryKey"]
    value = getattr(error, "cell", None)
    if value is None and error.type == "primary-key":
        value = ", ".join(str(c) for c in getattr(error, "cells", [])[: len(column.split(", "))])
    if column is not None and column not in columns and error.type not in {"primary-key"}:
        remedy = f"Columns of this table: {', '.join(sorted(columns))}."
    raise BadTable(where, error.note.rstrip(".") + ".", row=row, column=column, value=value,
                   remedy=remedy)


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
    store: Store, named: dict[str, dict[str, Any]], frames: dict[str, pd.DataFrame]
) -> None:
    """Raise the first row whose key stands in no row of the table it points to."""
    for name, resource in named.items():
        schema = json.loads((store.raw / resource["schema"]).read_text(encoding="utf-8"))
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
                    store.relative(store.raw / resource["path"]),
                    f"no such key in table {target['resource']} ({', '.join(theirs)}).",
                    row=int(first) + 2, column=", ".join(own),
                    value=", ".join(str(v) for v in rows.loc[first]),
                    remedy=f"Use a key of {target['resource']}, or add its row there.",
                )


def check_state_codes(
    store: Store, named: dict[str, dict[str, Any]], frames: dict[str, pd.DataFrame]
) -> None:
    """Raise the first state code that ``states`` does not list."""
    known = set(frames["states"]["gwno"].astype(int).astype(str))
    for name, resource in named.items():
        frame = frames[name]
        for column in (c for c in frame.columns if c.startswith(STATE_CODE_PREFIX)):
            codes = frame[column].astype("string").str.split(LIST_SEPARATOR).explode().dropna()
            unknown = codes[~codes.isin(known)]
            if len(unknown):
                raise BadTable(
                    store.relative(store.raw / resource["path"]),
                    "unknown state code.",
                    row=int(unknown.index[0]) + 2, column=column, value=unknown.iloc[0],
                    remedy="Use a Gleditsch–Ward code of data/raw/compiled/states.csv.",
                )
