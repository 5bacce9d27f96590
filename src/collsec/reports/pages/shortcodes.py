"""Quarto's shortcodes `include`, `var` and `meta`, resolved as Quarto resolves them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from collsec.reports.pages.source import BadProse

SHORTCODE = re.compile(r"\{\{<\s*(\S+)\s+(.*?)\s*>\}\}", re.DOTALL)


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
            return variables[argument]
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
