"""How to cite the study itself, and the package it is made with, from ``CITATION.cff``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from collsec.core import __version__
from collsec.core.errors import CollsecError
from collsec.core.project import Project, shipped

#: Key of the package in a bibliography, and the name by which its title begins.
KEY = "collsec"


@dataclass(frozen=True, slots=True)
class Software:
    """What a reference to the study names.

    Attributes
    ----------
    title : str
    authors : tuple of str
        Family names with given names after a comma; bodies by their names.
    version : str
    released : str
        Day of publication, or its year where ``CITATION.cff`` has no day.
    year, doi, url : str
        Empty where ``CITATION.cff`` has none.
    made_with : tuple of Software
        The package, where the study is another's.
    """

    title: str
    authors: tuple[str, ...]
    version: str = __version__
    released: str = ""
    year: str = ""
    doi: str = ""
    url: str = ""
    made_with: tuple[Software, ...] = field(default=())

    @property
    def key(self) -> str:
        """Name in a bibliography: ``collsec``, or the words of the title."""
        if self.title.partition(":")[0] == KEY:
            return KEY
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        return "_".join(re.findall(r"[a-z0-9]+", plain.lower())) or "study"

    @property
    def reference(self) -> str:
        """One line, as a list of references has it; the package on a line of its own."""
        return "\n".join([self._line, *(one.reference for one in self.made_with)])

    @property
    def _line(self) -> str:
        year = f" ({self.year})" if self.year else ""
        address = f"https://doi.org/{self.doi}" if self.doi else self.url
        who = " and ".join(self.authors)
        return f"{who}{year}. {self.title}, version {self.version}. {address}".rstrip()

    @property
    def bibtex(self) -> str:
        """One ``@software`` entry, and one of the package."""
        fields = {
            "author": " and ".join(f"{{{name}}}" for name in self.authors),
            "title": f"{{{self.title}}}",
            "year": self.year,
            "version": self.version,
            "doi": self.doi,
            "url": self.url,
        }
        lines = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
        own = f"@software{{{self.key},\n{lines}\n}}"
        return "\n\n".join([own, *(one.bibtex for one in self.made_with)])


def software(project: Project) -> Software:
    """Read the preferred citation of ``CITATION.cff``.

    Where a folder has no such file, the package alone is cited. A study of one's own cites the
    package besides.

    Raises
    ------
    CollsecError
        If the file is not valid YAML, or names no title or author.
    """
    package = _read(shipped() / "CITATION.cff", ())
    path = project.root / "CITATION.cff"
    if not path.is_file() or project.root == shipped().resolve():
        return package
    own = _read(path, (package,))
    return package if own.title == package.title else own


def _read(path: Path, made_with: tuple[Software, ...]) -> Software:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "ill-formed"
        raise CollsecError(f"CITATION.cff: not valid YAML ({problem}).") from None
    whole = content if isinstance(content, dict) else {}
    stated = whole | (whole.get("preferred-citation") or {})
    authors = [_named(author) for author in stated.get("authors") or ()]
    if not stated.get("title") or not all(authors) or not authors:
        raise CollsecError("CITATION.cff: a title and authors are needed. Add them.")
    day = str(stated.get("date-released", ""))
    year = str(stated.get("year") or day[:4])
    return Software(
        title=str(stated["title"]),
        authors=tuple(authors),
        version=str(stated.get("version", __version__)),
        released=day or year,
        year=year,
        doi=str(stated.get("doi", "")),
        url=str(stated.get("url", "") or stated.get("repository-code", "")),
        made_with=made_with,
    )


def _named(author: Any) -> str:
    if not isinstance(author, dict):
        return ""
    parts = (author.get("family-names") or author.get("name"), author.get("given-names"))
    return ", ".join(str(part) for part in parts if part)


def kind_of_author(name: str) -> str:
    """Type that schema.org has for an author, by the form of the name.

    >>> kind_of_author("Doe, Jane"), kind_of_author("The collsec authors")
    ('Person', 'Organization')
    """
    return "Person" if ", " in name else "Organization"
