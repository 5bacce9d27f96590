"""The codebook: what each column means, where it stands, in which unit, and from which source.

It is generated. A raw column is defined in the Table Schema of each table that has it, in the same
words everywhere; a derived one in `collsec.tables.definitions`; a measure in its own docstring.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any, Protocol

import pandas as pd

from collsec.core.errors import BadTable, CollsecError
from collsec.core.project import Project
from collsec.tables import repeat_coding
from collsec.tables.clean import CLAIMS, read_json, resources
from collsec.tables.definitions import DERIVED, HERE, MADE_BY, PREFIXED, TITLES, Derived

# Units told by the end of a name (the beginning, for `is_` and the like), in the house's spelling.
UNITS = (
    (r"(is|has|was|cast)_.*", "true or false"),
    (r".*_days", "days"),
    (r".*_months?", "months"),
    (r".*_km", "kilometers"),
    (r".*_share", "share, 0 to 1"),
    (r".*_rank", "percentile, 0 to 1"),
    (r".*_thousands", "thousands"),
    (r"(.*_)?year", "calendar year"),
    (r".*_years", "years"),
    (r".*_code|.*gwno.*", "code"),
    (r".*_id", "identifier"),
)
TYPES = {"date": "day", "boolean": "true or false", "string": "text"}
# Types of Parquet columns, in the terms of a Table Schema.
PARQUET_TYPES = (
    (r"timestamp.*|date.*", "date"),
    (r"u?int.*", "integer"),
    (r"double|float.*", "number"),
    (r"bool", "boolean"),
    (r"(large_)?string|dictionary.*", "string"),
)
LAGGED = re.compile(r"(?P<measure>.+)_lag_(?P<months>\d+)")
#: How the values that a column may have are listed.
ONE_OF = "one of "
#: Stage of the public tables.
PUBLIC = "public"
MOST_SOURCES = 6  # named; further ones are counted
#: What a printed codebook says of a column in a table.
SAID = ("type", "unit", "values", "details", "repeated")
WIDTH, INDENT = 100, "    "  # of a printed codebook


class Described(Protocol):
    """What the codebook asks of a measure: a column of panels that no table defines."""

    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def function(self) -> Any: ...


class DescribedColumn(Protocol):
    """What the codebook asks of a column of a public table; the text is empty if it is carried."""

    @property
    def uses(self) -> tuple[str, ...]: ...
    @property
    def text(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def when(self) -> str: ...


class DescribedTable(Protocol):
    """What the codebook asks of a table that the study gives out."""

    @property
    def columns(self) -> Mapping[str, Any]: ...


class UnknownColumn(CollsecError):
    """No table has a column of that name."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A table that holds a column.

    Attributes
    ----------
    table : str
        Name; of a processed table ``stage/name``.
    file : str
        Path of the table, relative to the project.
    type, unit : str
        Type of the values, and their unit (or what they are).
    values : str
        The values allowed: categories, form, bounds; empty if any.
    details : str
        What is special to this table.
    source : str
        Sources of the values, or what derives them.
    repeated : str
        How far a second coding of the values agrees; empty if there was none.
    """

    table: str
    file: str
    type: str
    unit: str
    values: str = ""
    details: str = ""
    source: str = ""
    repeated: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One column: its name, definition, and the tables that hold it."""

    name: str
    title: str
    definition: str
    holders: list[Holder] = field(default_factory=list)


def alike(holders: list[Holder]) -> list[list[Holder]]:
    """Holders in groups of which everything but the table is the same, in order."""
    groups: dict[tuple[str, ...], list[Holder]] = {}
    for h in holders:
        said = (h.type, h.unit, h.values, h.details, h.source, h.repeated)
        groups.setdefault(said, []).append(h)
    return list(groups.values())


def codebook(
    project: Project,
    measures: Mapping[str, Described],
    public: Mapping[str, DescribedTable] | None = None,
) -> dict[str, Entry]:
    """Every column of raw and public tables, and of the processed files that are there, by name.

    Parameters
    ----------
    project : Project
    measures : mapping
        The registered measures, whose names are columns of panels.
    public : mapping, optional
        The public tables by name.

    Raises
    ------
    BadTable
        If a processed column has no definition.
    """
    entries: dict[str, Entry] = {}
    for name, title, definition, holder in raw_columns(project):
        entries.setdefault(name, Entry(name, title, definition)).holders.append(holder)
    raw = set(entries)
    for name, derived in sorted(DERIVED.items()):
        entries.setdefault(name, Entry(name, TITLES.get(name, ""), derived.text))
    for table, name, type_ in processed_columns(project):
        known = entries if name in raw else {}
        holder, definition = processed_holder(table, name, type_, known, measures)
        entries.setdefault(name, Entry(name, TITLES.get(name, ""), definition)).holders.append(
            holder
        )
    for name, derived in DERIVED.items():
        if not entries[name].holders:  # the pipeline has not run yet
            entries[name].holders.extend(
                Holder(t, f"data/processed/{t}.parquet", "", derived.unit, source=made_by(t))
                for t in derived.tables
            )
    for table, columns in (public or {}).items():
        for name, column in columns.columns.items():
            _enter_public(entries, table, name, column)
    return dict(sorted(entries.items()))


def _enter_public(
    entries: dict[str, Entry], table: str, name: str, column: DescribedColumn
) -> None:
    """Enter a column of a public table; a name that is defined already keeps its definition."""
    known = entries.get(name)
    defined = DERIVED[name].text if name in DERIVED else ""
    text = column.text or defined or (known.definition if known else "")
    if not text or (column.text and known is not None and known.definition != column.text):
        raise BadTable(
            f"{PUBLIC}/{table}",
            "another definition than elsewhere." if text else "the column has no definition.",
            column=name,
            remedy="One name has one definition.",
        )
    raw = _behind(column, known.holders if known else ())
    type_ = column.type or (raw[0].type if raw else "")
    unit = column.unit or (DERIVED[name].unit if name in DERIVED else raw[0].unit if raw else "")
    file = f"data/processed/{PUBLIC}/{table}.parquet"
    holder = Holder(
        f"{PUBLIC}/{table}", file, type_, unit, _values(raw), column.when,
        "as in the raw table" if raw and not column.text else made_by(f"{PUBLIC}/{table}"),
        "" if column.text else next((h.repeated for h in raw if h.repeated), ""),
    )  # fmt: skip
    entries.setdefault(name, Entry(name, TITLES.get(name, ""), text)).holders.append(holder)


def _behind(column: DescribedColumn, holders: Sequence[Holder]) -> list[Holder]:
    """Raw tables that a column of a public table is from, or all with its name if none is."""
    raw = [h for h in holders if h.file.startswith("data/raw/")]
    named = {use.partition(".")[0] for use in column.uses}
    return [h for h in raw if h.table in named] or raw


def _values(raw: Sequence[Holder]) -> str:
    """The values that raw tables allow together."""
    if not raw or not all(h.values.startswith(ONE_OF) for h in raw):
        return raw[0].values if raw else ""
    lists = [h.values.removeprefix(ONE_OF).split(", ") for h in raw]
    return ONE_OF + ", ".join(dict.fromkeys(value for values in lists for value in values))


def raw_columns(project: Project) -> Iterator[tuple[str, str, str, Holder]]:
    """Name, title, definition and holder of each column of the raw tables."""
    repeated = _repeated(project)
    for resource in (*resources(project).values(), CLAIMS):
        path, file = project.raw / resource["schema"], resource["path"]
        there = (project.raw / file).exists()  # a study of one's own lists no claims
        rows = (
            pd.read_csv(project.raw / file, dtype=str, keep_default_na=False)
            if there
            else pd.DataFrame()
        )
        of_rows = cited(rows["source"]) if "source" in rows else ""
        for column in read_json(project, path)["fields"]:
            name = column["name"]
            own = f"{name.removesuffix('_date')}_source"
            source = ", ".join(column.get("sources", ())) or (
                cited(rows[own]) if name.endswith("_date") and own in rows else of_rows
            )
            yield (
                name,
                column.get("title", ""),
                column["description"],
                Holder(
                    path.stem,
                    f"data/raw/{file}",
                    column["type"],
                    unit_of(column),
                    allowed(column),
                    column.get("details", ""),
                    source,
                    repeated.get((path.stem, name), ""),
                ),
            )


def _repeated(project: Project) -> dict[tuple[str, str], str]:
    """Agreement of the two codings of a column in words, by table and column."""
    named = resources(project).get(repeat_coding.TABLE)
    if named is None:  # a study of one's own need not code twice
        return {}
    rows = pd.read_csv(project.raw / named["path"], dtype=str, keep_default_na=False)
    return {key: repeat_coding.said(one) for key, one in repeat_coding.agreement(rows).items()}


def processed_columns(project: Project) -> Iterator[tuple[str, str, str]]:
    """Table, name and type of each column of the processed files.

    Typed raw tables, public tables, and shards of work that estimates gather, are left out.
    """
    import pyarrow.parquet as pq

    for path in sorted(project.processed.glob("*/*.parquet")):
        if path.parent.name not in {"tables", "shards", PUBLIC}:
            for column in pq.read_schema(path):
                found = next(t for form, t in PARQUET_TYPES if re.fullmatch(form, str(column.type)))
                yield f"{path.parent.name}/{path.stem}", column.name, found


def processed_holder(
    table: str,
    name: str,
    type_: str,
    raw: Mapping[str, Entry],
    measures: Mapping[str, Described],
) -> tuple[Holder, str]:
    """The holder of a processed column, and the column's definition."""
    details = next(
        (
            text
            for (pattern, n), text in HERE.items()
            if n == name and fnmatch.fnmatchcase(table, pattern)
        ),
        "",
    )
    if name in raw:
        unit, definition = raw[name].holders[0].unit, raw[name].definition
        source = made_by(table) if details else "as in the raw table"
    else:
        derived = derived_column(table, name, measures)
        unit, definition = derived.unit, derived.text
        source = made_by(table)
    file = f"data/processed/{table}.parquet"
    return Holder(table, file, type_, unit, "", details, source), definition


def derived_column(table: str, name: str, measures: Mapping[str, Described]) -> Derived:
    """The definition of a column that no raw table has."""
    if name in DERIVED and any(fnmatch.fnmatchcase(table, t) for t in DERIVED[name].tables):
        return DERIVED[name]
    for prefix, derived in PREFIXED.items():
        if name.startswith(prefix):
            return derived
    lagged = LAGGED.fullmatch(name)
    measure = measures.get(lagged["measure"] if lagged else name)
    if measure is None:
        raise BadTable(
            f"data/processed/{table}.parquet",
            "the column has no definition.",
            column=name,
            remedy="Define it in collsec.tables.definitions.",
        )
    text = " ".join((measure.function.__doc__ or measure.title).split("\n\n")[0].split())
    unit = "1 if so" if measure.kind in {"exposure", "ever"} else "see the definition"
    after = f" As it stood {int(lagged['months'])} months before." if lagged else ""
    return Derived((table,), unit, f"{measure.title}. {text}{after}")


def made_by(table: str) -> str:
    """What derives a processed table."""
    return f"derived by {MADE_BY[table.partition('/')[0]]}"


def unit_of(column: dict[str, Any]) -> str:
    """Unit of a raw column: declared, told by the name, or by the type; empty if none is known."""
    if "unit" in column:
        return str(column["unit"])
    by_name = next((u for form, u in UNITS if re.fullmatch(form, column["name"])), "")
    by_type: str = TYPES.get(column["type"], by_name)
    return by_name if by_name and column["type"] == "string" else by_type


def allowed(column: dict[str, Any]) -> str:
    """The values that a raw column may take."""
    rules = column.get("constraints", {})
    if "enum" in rules:
        return ONE_OF + ", ".join(str(v) for v in rules["enum"])
    bounds = [
        f"{word} {rules[rule]}"
        for rule, word in (("minimum", "from"), ("maximum", "to"))
        if rule in rules
    ]
    return " ".join(bounds) or (f"form {rules['pattern']}" if "pattern" in rules else "")


def cited(sources: pd.Series) -> str:
    """The keys that rows cite, the most frequent first; addresses as `documents`."""
    parts = (part.strip() for cell in sources for part in cell.split(";") if part.strip())
    counts = Counter("documents" if part.startswith("http") else part for part in parts)
    names = sorted(counts, key=lambda name: (-counts[name], name))
    rest = len(names) - MOST_SOURCES
    return ", ".join(names[:MOST_SOURCES]) + (f" and {rest} more" if rest > 0 else "")


class Codebook(pd.DataFrame):
    """Columns and what they mean; printed with whole definitions, a paragraph each.

    As a table it is like any other: what is taken from it is a plain frame.
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __str__(self) -> str:
        paragraphs = []
        for rows in self._of_columns():
            first = rows[0]
            head = f"{first['column']}: {first['title']}" if first["title"] else first["column"]
            lines = [head, _paragraph(first["definition"], INDENT)]
            for row in rows:
                said = filter(None, (row[c] for c in SAID))
                lines.append(_paragraph(f"{row['table']}: {', '.join(said)}", INDENT * 2))
            paragraphs.append("\n".join(lines))
        return "\n\n".join(paragraphs)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            return pd.DataFrame(self).to_html(index=False)

    def _of_columns(self) -> list[list[dict[str, str]]]:
        rows: dict[str, list[dict[str, str]]] = {}
        for row in self.to_dict(orient="records"):
            rows.setdefault(row["column"], []).append({str(k): str(v) for k, v in row.items()})
        return list(rows.values())


def _paragraph(text: str, indent: str) -> str:
    return fill(text, WIDTH, initial_indent=INDENT, subsequent_indent=indent)


def of_table(entries: Mapping[str, Entry], table: str, order: Sequence[str] = ()) -> Codebook:
    """Entries of the columns of one table; those of the table that is given out, if it is one.

    Parameters
    ----------
    entries : mapping of str to Entry
    table : str
        As :func:`collsec.load` takes it.
    order : sequence of str
        Columns in the order in which they are wanted; by their names where it is empty.
    """
    names = [f"{PUBLIC}/{table}", table, table.removeprefix("tables/")]
    held = {holder.table for one in entries.values() for holder in one.holders}
    chosen = next((name for name in names if name in held), "")
    rows = [(e, h) for e in entries.values() for h in e.holders if h.table == chosen]
    place = {name: number for number, name in enumerate(order)}
    return as_frame(sorted(rows, key=lambda row: place.get(row[0].name, len(place))))


def as_frame(rows: Iterable[tuple[Entry, Holder]]) -> Codebook:
    """Entries as a table: one row for each column and table that holds it."""
    fields = ("table", "file", "type", "unit", "values", "details", "source", "repeated")
    return Codebook(
        [
            {"column": one.name, "title": one.title, "definition": one.definition}
            | {name: getattr(holder, name) for name in fields}
            for one, holder in rows
        ],
        columns=["column", "title", "definition", *fields],
    )


def entry(entries: Mapping[str, Entry], name: str) -> Entry:
    """The entry of one column.

    Raises
    ------
    UnknownColumn
        If no table has it; the nearest name is given.
    """
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, list(entries), n=3, cutoff=0.5)
    within = sorted(n for n in entries if name and name.lower() in n)[:3]
    offered = list(dict.fromkeys([*within, *near]))[:3]
    hint = f" Did you mean {' or '.join(offered)}?" if offered else ""
    raise UnknownColumn(f"no table has a column {name!r}.{hint}")
