"""A `.qmd` file as written: front matter and body, and where in the file a thing stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collsec.core.errors import CollsecError


class BadProse(CollsecError):
    """A report's text cannot be published as it stands."""


@dataclass(frozen=True, slots=True)
class Source:
    """One `.qmd` file.

    Attributes
    ----------
    name : str
        Path relative to the project, for messages.
    stem : str
        File name without suffix; the name of the page.
    front : dict
        Front matter.
    body : str
        What follows it.
    first_line : int
        Line of the file on which the body begins.
    """

    name: str
    stem: str
    front: dict[str, Any]
    body: str
    first_line: int

    def at(self, text: str, *, pattern: bool = False) -> str:
        """Return `file, line n` of the first occurrence of a text in the body."""
        found = re.search(text if pattern else re.escape(text), self.body)
        if found is None:
            return self.name
        line = self.first_line + self.body.count("\n", 0, found.start())
        return f"{self.name}, line {line}"


def read_source(path: Path, name: str) -> Source:
    """Read a `.qmd` file.

    Raises
    ------
    BadProse
        If it does not begin with YAML front matter.
    """
    text = path.read_text(encoding="utf-8")
    found = re.match(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", text, re.DOTALL)
    if found is None:
        raise BadProse(f"{name}: no front matter. The file must begin with YAML between two `---`.")
    try:
        front = yaml.safe_load(found.group(1))
    except yaml.YAMLError as error:
        raise BadProse(f"{name}: the front matter is not valid YAML: {error}") from error
    if not isinstance(front, dict) or not front.get("title"):
        raise BadProse(f"{name}: the front matter has no `title`.")
    first_line = text.count("\n", 0, found.end()) + 1
    return Source(name, path.stem, front, text[found.end() :], first_line)
