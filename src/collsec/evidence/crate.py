"""What a deposit says of itself: README, licenses, and the records that archives read.

The README follows the template of the social-science data editors; the records are a Workflow Run
RO-Crate, CodeMeta, DataCite, and Zenodo.

References
----------
Leo, S. et al. (2024). Recording provenance of workflow runs with RO-Crate. *PLOS ONE* 19(9):
e0309210. https://doi.org/10.1371/journal.pone.0309210
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

from collsec.core import __version__
from collsec.evidence.software import Software, kind_of_author
from collsec.upstream.sources import Source


class License(NamedTuple):
    """Name and address."""

    name: str
    url: str


class Piece(NamedTuple):
    """A folder of a bundle, which ends in a slash, or a file."""

    name: str
    what: str
    license: License


MIT = License("MIT License", "https://spdx.org/licenses/MIT")
CC_BY = License(
    "Creative Commons Attribution 4.0 International", "https://creativecommons.org/licenses/by/4.0/"
)
OF_EACH = License("as each file states in its metadata", "https://spdx.org/licenses/")
CRATE = "https://w3id.org/ro/crate/1.1"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    WORKFLOW_CRATE,
)


@dataclass(frozen=True, slots=True)
class Deposit:
    """What the texts of a bundle name.

    Attributes
    ----------
    own : Software
    published : str
        Day or year, ISO 8601.
    vintage, profile : str
        Of the results.
    sources : tuple of Source
    tables : License
        Of the raw tables, but for
    others : tuple of Piece
        those of another license.
    code : tuple of Piece
        The packages.
    has_lock : bool
        Whether the study has the locked versions of the package.
    has_wheels : bool
        Whether the files of those versions are brought along.
    swhids : mapping
        Folder → its Software Heritage identifier; empty where they could not be computed.
    """

    own: Software
    published: str
    vintage: str
    profile: str
    sources: tuple[Source, ...]
    tables: License
    others: tuple[Piece, ...]
    code: tuple[Piece, ...]
    has_lock: bool
    has_wheels: bool
    swhids: Mapping[str, str]


def texts(deposit: Deposit) -> dict[str, str]:
    """Every text of a bundle by its name."""
    records = {
        "ro-crate-metadata.json": ro_crate(deposit),
        "codemeta.json": codemeta(deposit),
        "datacite.json": datacite(deposit),
        ".zenodo.json": zenodo(deposit),
    }
    return {
        "README.md": readme(deposit),
        "LICENSES.md": licenses(deposit),
        **{n: json.dumps(r, indent=1, ensure_ascii=False) + "\n" for n, r in records.items()},
    }


def parts(deposit: Deposit) -> list[Piece]:
    """Folders of a bundle, and files with a license of their own."""
    return [
        Piece("study/data/raw/", "the tables of facts, each row with its source", deposit.tables),
        *deposit.others,
        Piece("study/analyses/", "the specifications and the prose of the reports", CC_BY),
        Piece("study/reports/", "the sources of the further pages", CC_BY),
        *deposit.code,
        Piece("outputs/data/", "panels, estimates, and public tables", CC_BY),
        Piece("outputs/reports/", "the pages, figures, tables, and PDFs", CC_BY),
        *([Piece("wheelhouse/", "the libraries", OF_EACH)] if deposit.has_wheels else []),
    ]


def licenses(deposit: Deposit) -> str:
    """The license of each part."""
    rows = "\n".join(
        f"| `{one.name}` | {one.what} | [{one.license.name}]({one.license.url}) |"
        for one in parts(deposit)
    )
    return (
        "# Licenses\n\n| part | what it is | license |\n| --- | --- | --- |\n"
        f"{rows}\n"
        f"| all else in `study/` | what runs it, and documentation | [{MIT.name}]({MIT.url}) |\n\n"
        "The outline of land and borders (`reports/outline.json`) is Natural Earth's, in the "
        "public domain. Terms of the publishers' files, which are not part of this deposit, are "
        "in README.md.\n"
    )


def readme(deposit: Deposit) -> str:
    """The README after the social-science data editors' template."""
    own = deposit.own
    rows = "\n".join(
        f"| {s.title} | {s.version or '–'} | {s.licence} | {s.publisher or '–'} |"
        for s in deposit.sources
    )
    packages = "study/requirements.lock" if deposit.has_lock else "environment.txt"
    install = "Install the packages above in an environment of its own."
    if deposit.has_wheels:
        install += " `collsec verify --wheelhouse` does so itself, from the files in `wheelhouse/`."
    identifiers = (
        "`swhids.txt` has their Software Heritage identifiers (ISO/IEC 18670), which follow from "
        "the content alone."
    )
    folders = "\n".join(
        f"| `{one.name}` | {one.what} | {one.license.name} |" for one in parts(deposit)
    )
    template = files("collsec.evidence").joinpath("deposit-readme.md").read_text(encoding="utf-8")
    return Template(template).substitute(
        title=own.title,
        reference=own.reference,
        profile=deposit.profile,
        vintage=deposit.vintage,
        version=__version__,
        folders=folders,
        sources=rows,
        packages=packages,
        install=install,
        identifiers=identifiers if deposit.swhids else "",
    )


def _agents(own: Software) -> list[dict[str, Any]]:
    return [
        {
            "@id": f"#author-{number}",
            "@type": kind_of_author(name),
            "name": name,
        }
        for number, name in enumerate(own.authors, 1)
    ]


def ro_crate(deposit: Deposit) -> dict[str, Any]:
    """A Workflow Run RO-Crate: the workflow, its run, what it read, and what it made."""
    own, agents = deposit.own, _agents(deposit.own)
    listed = parts(deposit)
    by = [{"@id": one["@id"]} for one in agents]
    files = [
        ("README.md", "How to use this package", "text/markdown"),
        ("LICENSES.md", "The license of each part", "text/markdown"),
        ("results.json", "Result ids, verdicts, and primaries", "application/json"),
        ("manifest-sha256.txt", "SHA-256 of every file", "text/plain"),
        ("environment.txt", "Versions of the libraries", "text/plain"),
    ]
    if deposit.swhids:
        files.append(("swhids.txt", "Software Heritage identifiers of the folders", "text/plain"))
    workflow = {
        "@id": "study/Snakefile",
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": f"Workflow of {own.title}",
        "description": "Raw tables, episodes, timelines, panels, estimates, reports.",
        "programmingLanguage": {"@id": "#snakemake"},
        "encodingFormat": "text/plain",
        "license": {"@id": MIT.url},
        "creator": by,
        "version": own.version,
        "sdPublisher": by[0],
        "url": own.url or "https://snakemake.github.io",
        "input": [{"@id": "#raw-tables"}],
        "output": [{"@id": "#outputs"}],
    }
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of the study, profile {deposit.profile}",
        "description": f"Data vintage {deposit.vintage}, collsec {__version__}.",
        "instrument": {"@id": "study/Snakefile"},
        "object": [{"@id": "study/data/raw/"}],
        "result": [{"@id": "outputs/data/"}, {"@id": "outputs/reports/"}],
        "agent": by[0],
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "endTime": deposit.published,
    }
    return {
        "@context": [f"{CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"],
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": [{"@id": CRATE}, {"@id": WORKFLOW_CRATE}],
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": own.title,
                "description": f"Replication package of {own.title}: inputs, code, and outputs.",
                "datePublished": deposit.published,
                "license": {"@id": CC_BY.url},
                "author": by,
                "publisher": by[0],
                "version": own.version,
                "conformsTo": [{"@id": one} for one in PROFILES],
                "mainEntity": {"@id": "study/Snakefile"},
                "mentions": {"@id": "#run"},
                "hasPart": [
                    {"@id": "study/Snakefile"},
                    *({"@id": one.name} for one in listed),
                    *({"@id": name} for name, *_ in files),
                ],
                **({"identifier": f"https://doi.org/{own.doi}"} if own.doi else {}),
            },
            *(
                {
                    "@id": one,
                    "@type": "CreativeWork",
                    "name": f"{one.split('/')[-2].replace('-', ' ').capitalize()} profile",
                    "version": one.rpartition("/")[2],
                }
                for one in PROFILES
            ),
            workflow,
            {
                "@id": "#snakemake",
                "@type": "ComputerLanguage",
                "name": "Snakemake",
                "alternateName": "Snakemake",
                "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
                "url": {"@id": "https://snakemake.github.io"},
            },
            run,
            {
                "@id": "#raw-tables",
                "@type": "FormalParameter",
                "additionalType": "Dataset",
                "conformsTo": {
                    "@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
                },
                "name": "raw tables",
                "workExample": {"@id": "study/data/raw/"},
            },
            {
                "@id": "#outputs",
                "@type": "FormalParameter",
                "additionalType": "Dataset",
                "conformsTo": {
                    "@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
                },
                "name": "outputs",
                "workExample": [{"@id": "outputs/data/"}, {"@id": "outputs/reports/"}],
            },
            *(
                {
                    "@id": one.name,
                    "@type": "Dataset" if one.name.endswith("/") else "File",
                    "name": one.name.rstrip("/"),
                    "description": one.what[0].upper() + one.what[1:] + ".",
                    "license": {"@id": one.license.url},
                    **({"encodingFormat": "text/csv"} if one.name.endswith(".csv") else {}),
                    **_example(one.name),
                }
                for one in listed
            ),
            *(
                {
                    "@id": name,
                    "@type": "File",
                    "name": name,
                    "description": f"{what}.",
                    "encodingFormat": kind,
                    "license": {"@id": CC_BY.url},
                }
                for name, what, kind in files
            ),
            *agents,
            *(
                {"@id": url, "@type": "CreativeWork", "name": name, "identifier": url}
                for name, url in sorted({one.license for one in listed})
            ),
        ],
    }


def _example(name: str) -> dict[str, Any]:
    """Which parameter of the workflow a folder was given for, or came from."""
    if name == "study/data/raw/":
        return {"exampleOfWork": {"@id": "#raw-tables"}}
    return {"exampleOfWork": {"@id": "#outputs"}} if name.startswith("outputs/") else {}


def codemeta(deposit: Deposit) -> dict[str, Any]:
    """CodeMeta 3.0."""
    own = deposit.own
    record = {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": own.title,
        "version": own.version,
        "author": [{"@type": a["@type"], "name": a["name"]} for a in _agents(own)],
        "license": MIT.url,
        "programmingLanguage": "Python",
        "datePublished": deposit.published,
        "runtimePlatform": "Python 3.11 to 3.13",
        "identifier": [
            *([f"https://doi.org/{own.doi}"] if own.doi else []),
            *deposit.swhids.values(),
        ],
        "codeRepository": own.url,
    }
    return {key: value for key, value in record.items() if value}


def cited(citation: str, swhids: Mapping[str, str]) -> str:
    """A CITATION.cff with the identifiers of what is deposited, unless it has some of its own."""
    if not swhids or re.search(r"^identifiers:", citation, re.MULTILINE):
        return citation
    entries = [
        f"  - type: swh\n    value: {one}\n    description: The folder {name} of the deposit\n"
        for name, one in swhids.items()
    ]
    return f"{citation.rstrip()}\nidentifiers:\n{''.join(entries)}"


def datacite(deposit: Deposit) -> dict[str, Any]:
    """DataCite 4; without a DOI until an archive has given one."""
    own = deposit.own
    record = {
        "creators": [
            {
                "name": a["name"],
                "nameType": "Personal" if a["@type"] == "Person" else "Organizational",
            }
            for a in _agents(own)
        ],
        "titles": [{"title": own.title}],
        "publisher": "",
        "publicationYear": deposit.published[:4],
        "types": {"resourceTypeGeneral": "Collection", "resourceType": "Replication package"},
        "version": own.version,
        "rightsList": [
            {"rights": name, "rightsUri": url}
            for name, url in sorted({one.license for one in parts(deposit)})
        ],
        "relatedIdentifiers": [
            {
                "relatedIdentifier": s.doi,
                "relatedIdentifierType": "DOI",
                "relationType": "IsDerivedFrom",
            }
            for s in deposit.sources
            if s.doi
        ],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }
    return {key: value for key, value in record.items() if value}


def zenodo(deposit: Deposit) -> dict[str, Any]:
    """The metadata that Zenodo reads from a deposit."""
    own = deposit.own
    return {
        "title": own.title,
        "upload_type": "dataset",
        "description": f"Replication package of {own.title}: inputs, code, and outputs.",
        "creators": [{"name": name} for name in own.authors],
        "version": own.version,
        "license": "cc-by-4.0",
        "related_identifiers": [
            {"identifier": s.doi, "relation": "isDerivedFrom", "scheme": "doi"}
            for s in deposit.sources
            if s.doi
        ],
    }
