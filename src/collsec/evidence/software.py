"""How to cite the study itself: its tables and its package, from ``CITATION.cff``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from collsec.core import __version__
from collsec.core.errors import CollsecError
from collsec.core.project import Project

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
    year, doi, url : str
        Empty where ``CITATION.cff`` has none.
    """

    title: str
    authors: tuple[str, ...]
    version: str = __version__
    year: str = ""
    doi: str = ""
    url: str = ""

    @property
    def reference(self) -> str:
        """One line, as a list of references has it."""
        year = f" ({self.year})" if self.year else ""
        address = f"https://doi.org/{self.doi}" if self.doi else self.url
        who = " and ".join(self.authors)
        return f"{who}{year}. {self.title}, version {self.version}. {address}".rstrip()

    @property
    def bibtex(self) -> str:
        """One ``@software`` entry."""
        fields = {
            "author": " and ".join(f"{{{name}}}" for name in self.authors),
            "title": f"{{{self.title}}}",
            "year": self.year,
            "version": self.version,
            "doi": self.doi,
            "url": self.url,
        }
        lines = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
        return f"@software{{{KEY},\n{lines}\n}}"


def software(project: Project) -> Software:
    """Read the preferred citation of ``CITATION.cff``.

    Where a folder has no such file, the package is cited by its name.

    Raises
    ------
    CollsecError
        If the file is not valid YAML, or names no title or author.
    """
    path = project.root / "CITATION.cff"
    if not path.is_file():
        return Software("collsec", ("The collsec authors",))
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
    year = stated.get("year") or str(stated.get("date-released", ""))[:4]
    return Software(
        title=str(stated["title"]),
        authors=tuple(authors),
        version=str(stated.get("version", __version__)),
        year=str(year),
        doi=str(stated.get("doi", "")),
        url=str(stated.get("url", "") or stated.get("repository-code", "")),
    )


def _named(author: Any) -> str:
    if not isinstance(author, dict):
        return ""
    parts = (author.get("family-names") or author.get("name"), author.get("given-names"))
    return ", ".join(str(part) for part in parts if part)
