"""The data package: what ``datapackage.json`` says of each table and file of coding rules.

By hand stand the name, title, path, schema, licenses and the pinned number of rows of a table, and
sources that are documents. The rest follows from the tables, their schemas, the rules and
``sources.toml``, and Frictionless writes it.
"""

from __future__ import annotations

import csv
import functools
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collsec.core.errors import BadTable, MissingInput
from collsec.upstream.sources import Source, read_sources

if TYPE_CHECKING:
    from frictionless import Package

FILE = "data/raw/datapackage.json"
TABLE = {
    "type": "table",
    "profile": "tabular-data-resource",
    "scheme": "file",
    "format": "csv",
    "mediatype": "text/csv",
    "encoding": "utf-8",
}
RULES = {
    "type": "file",
    "scheme": "file",
    "format": "toml",
    "mediatype": "application/toml",
    "encoding": "utf-8",
}


def package_text(raw: Path, *, of: Path | None = None, rows_reason: str | None = None) -> str:
    """Text of the data package with all that follows from the other files filled in.

    Parameters
    ----------
    raw : Path
        ``data/raw``: its package is taken as it is written.
    of : Path or None
        Folder whose tables are described; `raw` by default.
    rows_reason : str or None
        If given, the rows of every table that is there are counted and pinned, with this reason.

    Raises
    ------
    MissingInput
        If the package is absent.
    BadTable
        If it is not readable, or Frictionless refuses it.
    """
    descriptor, tables_of = read_package(raw), of or raw
    sources = read_sources(raw / "sources.toml")
    tables = [one for one in descriptor["resources"] if "schema" in one]
    for table in tables:
        table |= TABLE
        table["sources"] = sources_of_table(tables_of, table, sources)
        if rows_reason is not None and (tables_of / table["path"]).exists():
            with (tables_of / table["path"]).open(encoding="utf-8-sig", newline="") as file:
                table |= {"rows": sum(1 for _ in csv.reader(file)) - 1, "rows_reason": rows_reason}
    licenses = descriptor["licenses"]
    rules = [rules_resource(path, licenses, sources) for path in sorted(raw.glob("rules/*.toml"))]
    descriptor |= {"profile": "data-package", "resources": [*tables, *rules]}
    whole = package_from(descriptor, raw).to_descriptor()
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def read_package(raw: Path) -> dict[str, Any]:
    """The descriptor of the data package as it is written, its metadata checked by Frictionless.

    Schemas are left for whoever reads a table.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If it is no JSON, or no data package.
    """
    path = raw / "datapackage.json"
    if not path.exists():
        raise MissingInput(f"{FILE} is missing: is this the project's folder?")
    try:
        descriptor: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BadTable(
            FILE,
            f"not readable JSON ({error.msg}).",
            row=error.lineno,
            remedy="Correct it, or take it back from git.",
        ) from None
    except UnicodeDecodeError:
        raise BadTable(FILE, "not UTF-8.", remedy="Take it back from git.") from None
    named = descriptor.get("resources")
    for number, one in enumerate(named if isinstance(named, list) else (), start=1):
        is_rules = isinstance(one, dict) and one.get("type") == "file"
        for key in ("name", "path") if is_rules else ("name", "path", "schema"):
            if not isinstance(one, dict) or not isinstance(one.get(key), str):
                raise BadTable(
                    FILE,
                    f"table {number} has no {key}.",
                    value=one.get("name") if isinstance(one, dict) else one,
                    remedy="Add it.",
                )
    plain = [
        {k: v if k != "schema" else {"fields": []} for k, v in one.items()} for one in named or ()
    ]
    _accept(json.dumps(descriptor | {"resources": plain}), raw)
    return descriptor


@functools.lru_cache(maxsize=4)
def _accept(descriptor: str, raw: Path) -> None:
    """Have a descriptor checked, once as long as it stays the same."""
    package_from(json.loads(descriptor), raw)


def package_from(descriptor: dict[str, Any], raw: Path) -> Package:
    """A package that Frictionless accepts.

    Raises
    ------
    BadTable
        If it does not.
    """
    from frictionless import FrictionlessException, Package

    try:
        return Package.from_descriptor(descriptor, basepath=str(raw))
    except FrictionlessException as error:
        note = (error.reasons or [error.error])[0].note
        raise BadTable(
            FILE, f"is no data package ({note}).", remedy="Correct it, or take it back from git."
        ) from None


def sources_of_table(
    raw: Path, table: Mapping[str, Any], sources: Mapping[str, Source]
) -> list[dict[str, str]]:
    """Sources that the rows or the schema of a table cite, then those that stand there by hand."""
    declared = {credit(source)["title"] for source in sources.values()}
    by_hand = [one for one in table.get("sources", ()) if one["title"] not in declared]
    named = {one["title"] for one in table.get("sources", ())}
    cited = cited_keys(raw / table["path"]) | schema_keys(raw / table["schema"])
    kept = [s for key, s in sources.items() if key in cited or credit(s)["title"] in named]
    return [*(credit(s) for s in kept), *by_hand]


def cited_keys(path: Path) -> set[str]:
    """Keys in the columns of sources of a table, whatever else stands there."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = [c for c in rows.fieldnames or () if c == "source" or c.endswith("_source")]
        return {part.strip() for row in rows for c in columns for part in row[c].split(";")}


def schema_keys(path: Path) -> set[str]:
    """Keys that the fields of a schema name as their sources."""
    if not path.exists():
        raise MissingInput(f"data/raw/schemas/{path.name} is missing. Take it back from git.")
    fields = json.loads(path.read_text(encoding="utf-8-sig"))["fields"]
    return {key for field in fields for key in field.get("sources", ())}


def rules_resource(
    path: Path, licenses: list[dict[str, str]], sources: Mapping[str, Source]
) -> dict[str, Any]:
    """What the package says of a file of coding rules."""
    rules = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return {
        "name": f"rules-{path.stem.replace('_', '-')}",
        "title": rules["title"],
        "path": f"rules/{path.name}",
        **RULES,
        "licenses": licenses,
        "sources": [credit(sources[key]) for key in rules["sources"]],
    }


def credit(source: Source) -> dict[str, str]:
    """How the package names a source."""
    title = f"{source.title} {source.version}".strip()
    return {"title": title, **({"path": source.publisher} if source.publisher else {})}
