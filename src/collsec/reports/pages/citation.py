"""Authors, licence and citation, from `CITATION.cff`; the front matter that a page carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.evidence.record import Record
from collsec.reports.words.wording import harmless

#: Of the text, the tables, and the figures; code has that of `CITATION.cff`.
TEXT_LICENSE = "CC BY 4.0"
_ANONYMOUS = "The collsec authors"


@dataclass(frozen=True, slots=True)
class Author:
    """A person or a body.

    Attributes
    ----------
    given, family : str
        A body has an empty given name.
    orcid, affiliation : str
        Empty where there is none.
    """

    given: str
    family: str
    orcid: str = ""
    affiliation: str = ""

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Imprint:
    """What `CITATION.cff` says about the study as a whole."""

    authors: tuple[Author, ...] = (Author("", _ANONYMOUS),)
    license: str = "MIT"
    doi: str = ""
    url: str = ""
    repository: str = ""
    released: str = ""
    keywords: tuple[str, ...] = field(default_factory=tuple)


def read_imprint(project: Project) -> Imprint:
    """Read `CITATION.cff`, or state the package's own authors where there is none.

    Raises
    ------
    CollsecError
        If the file is not valid YAML or names no author.
    """
    path = project.root / "CITATION.cff"
    if not path.exists():
        return Imprint()
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CollsecError(f"CITATION.cff: not valid YAML: {error}") from error
    if not isinstance(content, dict) or not content.get("authors"):
        raise CollsecError("CITATION.cff: no authors.")
    return Imprint(
        authors=tuple(_author(entry) for entry in content["authors"]),
        license=str(content.get("license", "MIT")),
        doi=str(content.get("doi", "")),
        url=str(content.get("url", "")),
        repository=str(content.get("repository-code", "")),
        released=str(content.get("date-released", "")),
        keywords=tuple(str(k) for k in content.get("keywords", ())),
    )


def _author(entry: Mapping[str, Any]) -> Author:
    return Author(
        given=str(entry.get("given-names", "")),
        family=str(entry.get("family-names") or entry.get("name") or ""),
        orcid=str(entry.get("orcid", "")).removeprefix("https://orcid.org/"),
        affiliation=str(entry.get("affiliation", "")),
    )


def front_matter(
    head: Mapping[str, Any], imprint: Imprint, site_title: str, record: Record | None
) -> dict[str, Any]:
    """Return the resolved front matter of a page, in Quarto's terms and without a shortcode.

    Parameters
    ----------
    head : mapping
        The keys of the source that are text (title, subtitle, abstract, ...), resolved.
    imprint : Imprint
    site_title : str
        What the report is a part of.
    record : Record or None
        None for the overview.
    """
    citation: dict[str, Any] = {
        "type": "report",
        "title": head["title"],
        "container-title": site_title,
    }
    if record is not None:
        citation["version"] = str(record.provenance["collsec_version"])
        citation["number"] = record.result_id
    for key, value in (("doi", imprint.doi), ("url", imprint.url), ("issued", imprint.released)):
        if value:
            citation[key] = value
    return {
        **head,
        "lang": "en",
        "author": [_quarto_author(author) for author in imprint.authors],
        "license": TEXT_LICENSE,
        "code-license": imprint.license,
        **({"date": imprint.released} if imprint.released else {}),
        "citation": citation,
        "google-scholar": True,
    }


def _quarto_author(author: Author) -> dict[str, Any]:
    name: Any = author.name
    if author.given:
        name = {"given": author.given, "family": author.family, "literal": author.name}
    entry: dict[str, Any] = {"name": name}
    if author.orcid:
        entry["orcid"] = author.orcid
    if author.affiliation:
        entry["affiliation"] = author.affiliation
    return entry


def reference(front: Mapping[str, Any]) -> str:
    """Return how a page is cited, as one line of Markdown."""
    citation = front["citation"]
    names = [
        a["name"]["literal"] if isinstance(a["name"], dict) else a["name"] for a in front["author"]
    ]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    parts = [f"{harmless(listed)}."]
    if citation.get("issued"):
        parts.append(f"{citation['issued'][:4]}.")
    title = front["title"]
    parts.append(f"“{title}”" if title[-1] in "?!" else f"“{title}.”")
    parts.append(f"*{harmless(str(citation['container-title']))}*.")
    if citation.get("version"):
        parts.append(f"Version {citation['version']}, result `{citation['number']}`.")
    if citation.get("doi"):
        parts.append(f"<https://doi.org/{citation['doi']}>")
    elif citation.get("url"):
        parts.append(f"<{citation['url']}>")
    return " ".join(parts)
