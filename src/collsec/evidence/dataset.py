"""The data release: public tables as CSV, Parquet, and Stata files, described for any tool.

`datapackage.json` follows Frictionless, `croissant.json` version 1.1 of Croissant, the format of
machine-learning archives; both list every column with its definition. Nothing in a file depends on
the clock.

References
----------
Benjelloun, O., E. Simperl, P. Marcenac et al. (2025). *Croissant format specification*, version
1.1. MLCommons. http://mlcommons.org/croissant/1.1
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.package import credit
from collsec.core import __version__
from collsec.core.errors import CollsecError, nearest
from collsec.core.project import Project, whole
from collsec.core.provenance import data_vintage
from collsec.evidence import citation
from collsec.evidence.formats import FORMATS, R_SCRIPT, FileColumn, write_table
from collsec.evidence.software import Software, kind_of_author, software
from collsec.histories.public import PUBLIC, PublicTable, raw_columns_of
from collsec.tables.clean import read_json, resources
from collsec.tables.codebook import ONE_OF, Entry

MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "stata": "application/x-stata-dta",
}
LICENSE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
#: License of facts that others publish under it; it goes before the study's own.
SHARED_ALIKE = "GPL-2.0"
#: Column → table whose key it is.
KEYS = {
    "episode_id": "episodes",
    "latest_episode_id": "episodes",
    "dyad_id": "dyads",
    "mission_id": "missions",
}
#: Types of a Table Schema, in the words of Croissant.
CROISSANT = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "string": "sc:Text",
}


def write(
    project: Project,
    frames: Mapping[str, pd.DataFrame],
    folder: Path,
    entries: Mapping[str, Entry],
    *,
    names: Sequence[str] = (),
    formats: Sequence[str] = (),
) -> list[Path]:
    """Write public tables with their descriptions and references into a folder.

    Parameters
    ----------
    project : Project
    frames : mapping of str to DataFrame
        Every public table by name.
    folder : Path
    entries : mapping of str to Entry
        The codebook.
    names, formats : sequence of str
        All by default; see :data:`FORMATS`.

    Returns
    -------
    list of Path
        What was written: ``<format>/<table>.<ending>``, ``datapackage.json``, ``croissant.json``,
        ``codebook.csv``, ``references.bib``, ``README.md``, ``read.R``.

    Raises
    ------
    CollsecError
        If there is no such table or format; the nearest is named.
    """
    chosen = [_known(name, PUBLIC, "table") for name in names] or list(PUBLIC)
    kinds = [_known(kind, FORMATS, "format") for kind in formats] or list(FORMATS)
    written = []
    origin = f"collsec {__version__}, data {data_vintage(project)}"
    for name in chosen:
        title = PUBLIC[name].title
        for kind in kinds:
            path = folder / kind / f"{name}{FORMATS[kind]}"
            with whole(path) as temporary:
                columns = _columns(PUBLIC[name], entries)
                write_table(frames[name], temporary, kind, columns, title, origin)
            written.append(path)
    used = _used(project, chosen)
    own = software(project)
    described = _Described(
        project, folder, chosen, kinds, entries, used, own, licenses_of(project, chosen)
    )
    texts = {
        "datapackage.json": _as_json(described.data_package(frames)),
        "croissant.json": _as_json(described.croissant()),
        "codebook.csv": described.codebook().to_csv(index=False, lineterminator="\n"),
        "references.bib": described.references(),
        "README.md": described.readme(frames),
        "read.R": R_SCRIPT,
    }
    for name, text in texts.items():
        with whole(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
        written.append(folder / name)
    return written


def _known(name: str, known: Mapping[str, Any], what: str) -> str:
    if name not in known:
        hint = nearest(name, list(known))
        raise CollsecError(f"no {what} {name!r}.{hint} There are: {', '.join(known)}.")
    return name


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _columns(table: PublicTable, entries: Mapping[str, Entry]) -> dict[str, FileColumn]:
    """What the files say of each column of a public table."""
    found = {}
    for name in table.columns:
        [holder] = [h for h in entries[name].holders if h.table == f"public/{table.name}"]
        values = holder.values.removeprefix(ONE_OF).split(", ")
        is_listed = holder.values.startswith(ONE_OF) and holder.type == "string"
        found[name] = FileColumn(entries[name].title, tuple(values) if is_listed else ())
    return found


def _used(project: Project, names: Sequence[str]) -> dict[str, list[citation.Used]]:
    """Sources of each table."""
    fields = {
        name: {f["name"]: f for f in read_json(project, project.raw / one["schema"])["fields"]}
        for name, one in resources(project).items()
    }
    rests_on = {n: raw_columns_of(PUBLIC[n], PUBLIC[n].columns, fields) for n in names}
    return citation.of_raw_columns(project, rests_on, fields)


def licenses_of(project: Project, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """License of each public table: that of facts which others publish under theirs, else the own.

    A table that has one column made from a raw table under another license is under it as a whole.
    """
    named = resources(project)
    fields = {
        name: [f["name"] for f in read_json(project, project.raw / one["schema"])["fields"]]
        for name, one in named.items()
    }
    found = {}
    for name in names:
        columns = raw_columns_of(PUBLIC[name], PUBLIC[name].columns, fields)
        behind = dict.fromkeys(column.partition(".")[0] for column in columns)
        every = [license_ for raw in behind for license_ in named[raw].get("licenses", ())]
        found[name] = next((one for one in every if one["name"] == SHARED_ALIKE), LICENSE)
    return found


class _Described:
    """What the files of a release say of its tables."""

    def __init__(
        self,
        project: Project,
        folder: Path,
        names: Sequence[str],
        kinds: Sequence[str],
        entries: Mapping[str, Entry],
        used: Mapping[str, list[citation.Used]],
        own: Software,
        licenses: Mapping[str, dict[str, str]],
    ) -> None:
        self.folder, self.names, self.kinds = folder, names, kinds
        self.entries, self.used, self.own = entries, used, own
        self.licenses = licenses
        self.vintage = data_vintage(project)

    @property
    def name(self) -> str:
        return "collsec-data"

    @property
    def text(self) -> str:
        return (
            "Armed conflicts since 1946 and what the United Nations did about them: episodes, "
            "dyads, conflicts and states by month and year, peace operations, acts and votes of "
            "the Security Council. Every column is defined; what no record covers is missing. "
            f"Data vintage {self.vintage}."
        )

    @property
    def every_license(self) -> list[dict[str, str]]:
        """Licenses of the tables, each once."""
        return list({one["name"]: one for one in self.licenses.values()}.values())

    def _file(self, name: str, kind: str) -> Path:
        return self.folder / kind / f"{name}{FORMATS[kind]}"

    def _sha256(self, name: str, kind: str) -> str:
        return hashlib.sha256(self._file(name, kind).read_bytes()).hexdigest()

    def _fields(self, table: PublicTable) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        columns = _columns(table, self.entries)
        for name, column in table.columns.items():
            entry = self.entries[name]
            [holder] = [h for h in entry.holders if h.table == f"public/{table.name}"]
            said: dict[str, Any] = {"name": name, "type": holder.type}
            said |= {"title": entry.title} if entry.title else {}
            said |= {"description": " ".join(t for t in (entry.definition, column.when) if t)}
            values = columns[name].values
            said |= {"constraints": {"enum": list(values)}} if values else {}
            found.append(said | {"unit": holder.unit})
        return found

    def data_package(self, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
        """The descriptor of a Frictionless data package."""
        tables = []
        for name in self.names:
            table = PUBLIC[name]
            schema: dict[str, Any] = {"fields": self._fields(table), "primaryKey": list(table.key)}
            schema["missingValues"] = [""]
            foreign = [
                {"fields": [c], "reference": {"resource": to, "fields": [PUBLIC[to].key[0]]}}
                for c, to in KEYS.items()
                if c in table.columns and to != name and to in self.names
            ]
            if foreign:
                schema["foreignKeys"] = foreign
            for kind in self.kinds:
                is_first = kind == self.kinds[0]
                tables.append(
                    {
                        "name": (name if is_first else f"{name}-{kind}").replace("_", "-"),
                        "type": "table" if kind == "csv" else "file",
                        "title": table.title,
                        "description": table.text,
                        "path": f"{kind}/{name}{FORMATS[kind]}",
                        "format": FORMATS[kind].lstrip("."),
                        "mediatype": MEDIA[kind],
                        "bytes": self._file(name, kind).stat().st_size,
                        "hash": f"sha256:{self._sha256(name, kind)}",
                        "licenses": [self.licenses[name]],
                        "sources": [
                            credit(u.source) for u in self.used[name] if u.source is not None
                        ],
                    }
                    | (
                        {"encoding": "utf-8", "rows": len(frames[name]), "schema": _hyphens(schema)}
                        if kind == "csv"
                        else {}
                    )
                )
        return {
            "name": self.name,
            "title": self.own.title,
            "description": self.text,
            "profile": "data-package",
            "version": __version__,
            "licenses": self.every_license,
            "contributors": [{"title": who, "role": "author"} for who in self.own.authors],
            "resources": tables,
        }

    def croissant(self) -> dict[str, Any]:
        """The description in the Croissant format; columns are those of the first format.

        A study without an address of its own names none, one without a year of publication no day.
        """
        kind = self.kinds[0]
        files = [
            {
                "@type": "cr:FileObject",
                "@id": f"{name}{FORMATS[k]}",
                "name": f"{name}{FORMATS[k]}",
                "description": PUBLIC[name].text,
                "contentUrl": f"{k}/{name}{FORMATS[k]}",
                "encodingFormat": MEDIA[k],
                "contentSize": f"{self._file(name, k).stat().st_size} B",
                "sha256": self._sha256(name, k),
                "license": self.licenses[name]["path"],
            }
            for name in self.names
            for k in self.kinds
        ]
        records = [
            {
                "@type": "cr:RecordSet",
                "@id": name,
                "name": name,
                "description": PUBLIC[name].text,
                "key": [{"@id": f"{name}/{column}"} for column in PUBLIC[name].key],
                "field": [
                    self._croissant_field(name, field, f"{name}{FORMATS[kind]}")
                    for field in self._fields(PUBLIC[name])
                ],
            }
            for name in self.names
        ]
        return {
            "@context": CONTEXT,
            "@type": "sc:Dataset",
            "name": self.name,
            "description": self.text,
            "conformsTo": "http://mlcommons.org/croissant/1.1",
            "license": [one["path"] for one in self.every_license],
            **({"url": self.own.url} if self.own.url else {}),
            **({"datePublished": self.own.released} if self.own.released else {}),
            "version": __version__,
            "citeAs": self.own.bibtex,
            "inLanguage": "en",
            "creator": [
                {"@type": f"sc:{kind_of_author(who)}", "name": who} for who in self.own.authors
            ],
            "distribution": files,
            "recordSet": records,
        }

    def _croissant_field(self, table: str, field: dict[str, Any], file: str) -> dict[str, Any]:
        """A column: its definition with unit and values, and the key that it refers to."""
        name = field["name"]
        values = field.get("constraints", {}).get("enum", ())
        told = (
            field["description"],
            f"Unit: {field['unit']}." if field["type"] in ("integer", "number") else "",
            f"Values: {', '.join(values)}." if values else "",
        )
        said: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"{table}/{name}",
            "name": name,
            "description": " ".join(one for one in told if one),
            "dataType": CROISSANT[field["type"]],
            "source": {"fileObject": {"@id": file}, "extract": {"column": name}},
        }
        if (to := KEYS.get(name, table)) != table and to in self.names:
            said["references"] = {"field": {"@id": f"{to}/{PUBLIC[to].key[0]}"}}
        return said

    def codebook(self) -> pd.DataFrame:
        """One row per table and column."""
        return pd.DataFrame(
            [
                {
                    "table": name,
                    "column": field["name"],
                    "type": field["type"],
                    "unit": field["unit"],
                    "title": field.get("title", ""),
                    "values": ";".join(field.get("constraints", {}).get("enum", ())),
                    "definition": field["description"],
                }
                for name in self.names
                for field in self._fields(PUBLIC[name])
            ]
        )

    def references(self) -> str:
        """The study itself, then every source, as BibTeX."""
        merged = {u.key: u for used in self.used.values() for u in used}
        return f"{self.own.bibtex}\n\n{citation.bibtex(list(merged.values()))}\n"

    def readme(self, frames: Mapping[str, pd.DataFrame]) -> str:
        """What there is, how it is read, and how it is cited."""
        rows = "\n".join(
            f"| `{name}` | {len(frames[name]):,} | `{', '.join(PUBLIC[name].key)}` | "
            f"{PUBLIC[name].text} |"
            for name in self.names
        )
        first = self.names[0]
        ways = {
            "csv": f'- R: `source("read.R"); d <- read_collsec("{first}")`, with factors and days',
            "parquet": f'- Python: `d = pandas.read_parquet("parquet/{first}.parquet")`',
            "stata": f'- Stata: `use "stata/{first}.dta"`; R: '
            f'`d <- haven::read_dta("stata/{first}.dta")`',
        }
        reading = "\n".join(ways[kind] for kind in self.kinds)
        return (
            f"# {self.own.title}\n\n{self.text}\n\n"
            f"| table | rows | key | one row |\n| --- | --- | --- | --- |\n{rows}\n\n"
            f"## Reading\n\n{reading}\n\n"
            "Every column is defined in `codebook.csv`, `datapackage.json` (Frictionless) and "
            "`croissant.json`. Empty means not known or not covered, never zero.\n\n"
            f"## Citing\n\n{self.own.reference}\n\nThe sources of the tables are in "
            "`references.bib`; please cite those whose columns you use. License"
            f"{self._licensed()}\n"
        )

    def _licensed(self) -> str:
        """The license of every table, in a sentence."""
        under = {
            one["name"]: [
                f"`{name}`" for name in self.names if self.licenses[name]["name"] == one["name"]
            ]
            for one in self.every_license
        }
        told = (f"[{one['title']}]({one['path']})" for one in self.every_license)
        if len(under) == 1:
            return f" of the tables: {next(told)}."
        each = (
            f"{', '.join(under[one['name']])}: {said}"
            for one, said in zip(self.every_license, told, strict=True)
        )
        return f"s: {'; '.join(each)}."


def _hyphens(schema: dict[str, Any]) -> dict[str, Any]:
    """Names of resources have hyphens; foreign keys name resources."""
    for key in schema.get("foreignKeys", ()):
        key["reference"]["resource"] = key["reference"]["resource"].replace("_", "-")
    return schema


#: The context that the specification of Croissant 1.1 gives.
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
