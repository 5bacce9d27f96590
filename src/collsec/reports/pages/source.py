"""A `.qmd` file as written, and Quarto's shortcodes `include`, `var` and `meta` resolved."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collsec.core.errors import CollsecError

#: Keys of a front matter that readers see.
TEXT_KEYS = ("title", "subtitle", "abstract", "description", "keywords")
#: A printed result: digits, and at most a unit or an interval around them.
_NUMBER = re.compile(r"(?=.*\d)[^\[\]\n`*]{1,120}")
SHORTCODE = re.compile(r"\{\{<\s*(\S+)\s+(.*?)\s*>\}\}", re.DOTALL)


class BadProse(CollsecError):
    """A report's text cannot be published as it stands."""


@dataclass(frozen=True, slots=True)
class Qmd:
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


def read_qmd(path: Path, name: str) -> Qmd:
    """Read a `.qmd` file.

    Raises
    ------
    BadProse
        If it does not begin with YAML front matter.
    """
    text = path.read_text(encoding="utf-8-sig")
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
    return Qmd(name, path.stem, front, text[found.end() :], first_line)


def nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """Turn dotted names into the nested mapping that `_variables.yml` holds.

    Examples
    --------
    >>> nested({"h1.primary.hr": "1.21", "h1.n": "523"})
    {'h1': {'primary': {'hr': '1.21'}, 'n': '523'}}
    """
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, leaf = name.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
            if not isinstance(branch, dict):
                raise BadProse(f"variable {name!r}: {parent!r} is itself a variable.")
        if leaf in branch:
            raise BadProse(f"variable {name!r} is also the beginning of another variable's name.")
        branch[leaf] = value
    return tree


def resolve(
    text: str,
    *,
    variables: Mapping[str, str],
    where: Callable[[str], str],
    include: Callable[[str], str | None],
    meta: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> str:
    """Replace every shortcode by what it stands for.

    Parameters
    ----------
    text : str
        Markdown.
    variables : mapping of str to str
        Flat dotted names.
    where : callable
        Gives the place of a text in its file, for messages.
    include : callable
        Gives the content of a file by name, or None where there is none.
    meta : mapping, optional
        Front matter.
    origins : mapping of str to str, optional
        Result id of a variable: its number then carries it as the title of a span.

    Raises
    ------
    BadProse
        At an unknown variable, a missing file, or another shortcode.
    """

    def replace(found: re.Match[str]) -> str:
        kind, argument = found.group(1), found.group(2).strip("\"'")
        place = where(found.group(0))
        if kind == "var":
            if argument not in variables:
                offer = near(argument, variables)
                raise BadProse(f"{place}: unknown variable {argument!r}.{offer}")
            printed = variables[argument]
            is_code = found.string[: found.start()].endswith("`")
            if argument in (origins or {}) and not is_code and _NUMBER.fullmatch(printed):
                return f'[{printed}]{{.n title="{(origins or {})[argument]}"}}'
            return printed
        if kind == "meta":
            value = (meta or {}).get(argument)
            if not isinstance(value, str | int | float):
                raise BadProse(f"{place}: the front matter has no text {argument!r}.")
            return str(value)
        if kind == "include":
            content = include(argument)
            if content is None:
                raise BadProse(f"{place}: included file {argument!r} does not exist.")
            return resolve(
                content.rstrip("\n"),
                variables=variables,
                where=lambda _: argument,
                include=include,
                meta=meta,
                origins=origins,
            )
        raise BadProse(f"{place}: shortcode {kind!r} is none of include, meta, var.")

    return SHORTCODE.sub(replace, text)


def near(name: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the closest known names."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f" Did you mean {' or '.join(close)}?"
    return f" There are: {', '.join(sorted(known))}." if known else " There are none."
