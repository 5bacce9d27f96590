"""Lineage and citation: the columns that a hypothesis used → their sources → their references.

Every measure, cohort rule, stratum, and part that a specification names says in its decorator
which columns of linked frames, timelines, or raw tables it uses; timelines and linked frames say
from which raw columns theirs are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.core.project import Project
from collsec.designs import PARTS
from collsec.histories.cohorts import DAY_STRATA, RULES, STRATA
from collsec.histories.registry import raw_columns
from collsec.hypothesis.extension import own_schemas, own_tables, register_made
from collsec.hypothesis.specification import read
from collsec.measures import MEASURES
from collsec.tables.clean import read_json, read_raw, resources
from collsec.upstream.sources import Source, read_sources


@dataclass(frozen=True, slots=True)
class Used:
    """A source, and what was taken from it.

    Attributes
    ----------
    key : str
        Key of ``sources.toml``, or the address of a document.
    columns : tuple of str
        Such as ``host_states.gdp_per_capita``.
    source : Source or None
        None for a document.
    """

    key: str
    columns: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw table: its fields by name, and the rows that concern the wars of a hypothesis."""

    fields: Mapping[str, Mapping[str, Any]]
    rows: pd.DataFrame


def references(project: Project, hypothesis: str) -> list[Used]:
    """Return the sources of the columns that a hypothesis read, in the order of ``sources.toml``.

    Parameters
    ----------
    project : Project
    hypothesis : str

    Returns
    -------
    list of Used
        Data sets first, then documents by their addresses. Only rows about the wars that the
        hypothesis follows count.

    Raises
    ------
    MissingInput
        If the panel of the hypothesis has not been made.
    """
    spec, document = read(project, hypothesis)
    register_made(project, hypothesis)
    followed = set(project.read("panels", hypothesis)["unit_id"])
    schemas = {
        name: {f["name"]: f for f in read_json(project, project.raw / resource["schema"])["fields"]}
        for name, resource in resources(project).items()
    }
    own = own_tables(project, spec, document)
    schemas |= {
        name: {f["name"]: f for f in schema["fields"]}
        for name, schema in own_schemas(project, spec, document).items()
    }
    of_wars = keys_of(
        followed, *(project.read("episodes", name) for name in ("episodes", "missions", "acts"))
    )
    taken: dict[str, set[str]] = {}
    for name, columns in raw_columns_used(spec.normalized(), schemas).items():
        table = own[name] if name in own else project.read("tables", name)
        rows = rows_about(table, of_wars)
        for column in columns:
            for key in sources_of(RawTable(schemas[name], rows), column):
                taken.setdefault(key, set()).add(f"{name}.{column}")
    declared = read_sources(project.raw / "sources.toml")
    order = [*(k for k in declared if k in taken), *sorted(taken.keys() - declared.keys())]
    return [Used(key, tuple(sorted(taken[key])), declared.get(key)) for key in order]


def of_raw_columns(
    project: Project,
    rests_on: Mapping[str, Iterable[str]],
    fields: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, list[Used]]:
    """Sources of raw columns, all their rows, in the order of ``sources.toml``.

    Parameters
    ----------
    project : Project
    rests_on : mapping of str to iterable of str
        Whatever is asked → ``"<table>.<column>"``.
    fields : mapping
        Fields of each raw table by name, as their schemas have them.

    Returns
    -------
    dict of list of Used
        By what was asked.
    """
    declared = read_sources(project.raw / "sources.toml")
    raw = resources(project)
    known: dict[str, list[str]] = {}
    tables: dict[str, RawTable] = {}
    out = {}
    for asked, columns in rests_on.items():
        taken: dict[str, set[str]] = {}
        for used in columns:
            table, _, field = used.partition(".")
            if table not in tables:
                tables[table] = RawTable(fields[table], read_raw(project, raw[table]))
            if used not in known:
                known[used] = sources_of(tables[table], field)
            for key in known[used]:
                taken.setdefault(key, set()).add(used)
        order = [*(k for k in declared if k in taken), *sorted(taken.keys() - declared.keys())]
        out[asked] = [Used(key, tuple(sorted(taken[key])), declared.get(key)) for key in order]
    return out


def keys_of(
    followed: set[str], episodes: pd.DataFrame, missions: pd.DataFrame, acts: pd.DataFrame
) -> dict[str, set[Any]]:
    """By key column of the raw tables, the values that belong to some episodes."""
    conflicts = set(episodes.loc[episodes["episode_id"].isin(followed), "conflict_id"])
    items = set(acts.loc[acts["conflict_id"].isin(conflicts), "item_id"])
    return {
        "episode_id": followed,
        "conflict_id": conflicts,
        "mission_id": set(missions.loc[missions["conflict_id"].isin(conflicts), "mission_id"]),
        "veto_id": items,
        "resolution_id": items,
    }


def rows_about(rows: pd.DataFrame, keys: Mapping[str, set[Any]]) -> pd.DataFrame:
    """Rows of a raw table by the first of the keys that it has; all rows where it has none."""
    key = next((k for k in keys if k in rows), None)
    return rows if key is None else rows[rows[key].isin(keys[key])]


def sources_of(table: RawTable, column: str) -> list[str]:
    """Return the sources of a column: of its own dates, as declared, or those of its rows."""
    rows, own = table.rows, f"{column.removesuffix('_date')}_source"
    if not (column.endswith("_date") and own in rows):
        # Where columns name their sources, one that names none is the study's own.
        if any("sources" in field for field in table.fields.values()):
            return list(table.fields[column].get("sources", ()))
        own = "source"
        if own not in rows:
            return []
    cells = rows.loc[rows[column].notna(), own].dropna().astype(str)
    return sorted({part.strip() for cell in cells for part in cell.split(";") if part.strip()})


def reference_of(source: Source) -> str:
    """Return the reference of a source, with its version and DOI."""
    version = "" if source.version in ("", "–", "-") else f", version {source.version}"
    is_cited = not source.doi or source.doi in source.citation
    doi = "" if is_cited else f" https://doi.org/{source.doi}"
    return f"{source.title}{version}. {source.citation}{doi}"


def bibtex(used: list[Used]) -> str:
    """Return the references as BibTeX, one ``@misc`` a source or document.

    A reference is kept whole in its note, so that nothing of it is lost in fields.
    """
    entries = []
    for number, use in enumerate(used, 1):
        if use.source is None:
            fields = {"title": use.key, "url": use.key}
            entries.append(_entry(f"document{number}", fields))
            continue
        source = use.source
        fields = {
            "author": " and ".join(f"{{{p.strip()}}}" for p in source.producer.split(";")),
            "title": f"{{{source.title}}}",
            "version": source.version,
            "doi": source.doi,
            "url": source.publisher,
            "note": source.citation,
        }
        entries.append(_entry(use.key, {k: v for k, v in fields.items() if v}))
    return "\n\n".join(entries)


def _entry(key: str, fields: Mapping[str, str]) -> str:
    lines = ",\n".join(
        f"  {name} = {{{value if name in ('url', 'doi') else _escaped(value)}}}"
        for name, value in fields.items()
    )
    return f"@misc{{{key},\n{lines}\n}}"


def _escaped(text: str) -> str:
    """Escape what TeX reads as a command."""
    return re.sub(r"([&%$#_])", r"\\\1", text)


#: Asked of every hypothesis: who is followed, from when, to which end.
ALWAYS = tuple(
    f"episodes.{column}"
    for column in ("conflict_id", "type_at_onset", "onset_date", "exit_date", "is_ended")
)


def columns_used(spec: Mapping[str, Any]) -> list[str]:
    """Columns of linked frames, timelines, and raw tables that a hypothesis uses.

    Parameters
    ----------
    spec : mapping
        The normalized specification. Whatever it names counts, wherever in it that stands.

    Returns
    -------
    list of str
        ``"<frame>.<column>"``, in order.
    """
    names = set(_strings(spec))
    found = {*ALWAYS, f"episodes.{spec['cluster']}"}
    for part in names & PARTS.keys():
        found |= set(of_part(PARTS[part].uses))
    for registry in (MEASURES, RULES, STRATA, DAY_STRATA):
        found |= {column for name in names & registry.keys() for column in registry[name].uses}
    return sorted(found)


def of_part(uses: Iterable[str]) -> Iterator[str]:
    """Columns that a part declares; the name of a measure stands for all that the measure uses."""
    for used in uses:
        if "." in used:
            yield used
        else:
            yield from MEASURES[used].uses


def raw_columns_used(
    spec: Mapping[str, Any], fields: Mapping[str, Iterable[str]]
) -> dict[str, list[str]]:
    """Raw columns that a hypothesis rests on, by table.

    Parameters
    ----------
    spec : mapping
        The normalized specification.
    fields : mapping of str to iterable of str
        Columns of each raw table.

    Returns
    -------
    dict of str to list of str
        Tables and columns in order.
    """
    found: dict[str, set[str]] = {}
    for column in columns_used(spec):
        for raw in raw_columns(column, fields):
            table, _, name = raw.partition(".")
            found.setdefault(table, set()).add(name)
    return {table: sorted(found[table]) for table in sorted(found)}


def _strings(value: Any) -> Iterator[str]:
    """Every string in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
