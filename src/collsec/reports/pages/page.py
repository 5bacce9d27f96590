"""Pages: their front matter, their name in the navigation, and their text as Quarto gets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collsec.evidence.record import Record
from collsec.reports.pages import citation, generated
from collsec.reports.pages.source import Qmd, read_qmd, resolve

TEXT_KEYS = ("title", "subtitle", "abstract", "description", "keywords")
FIGURE = re.compile(r"\]\(figures/([\w.-]+)\.svg\)\{#(fig-[\w-]+)[^}]*\}")
_GROUP = re.compile(r"^:::+ *\{#fig-.*?^:::+[ \t]*$", re.MULTILINE | re.DOTALL)
_ALTERNATIVE = re.compile(r'fig-alt="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the site.

    Attributes
    ----------
    stem : str
        Name of its files.
    label : str
        Name in the navigation, such as `H1 Deployment delay`.
    front : dict
        Resolved front matter.
    source : Qmd
        What its author wrote.
    record : Record or None
        None for the overview and for pages that no hypothesis owns.
    """

    stem: str
    label: str
    front: dict[str, Any]
    source: Qmd
    record: Record | None


def _head(source: Qmd, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the text keys of a front matter; the spec stays behind."""

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(part) for part in value]
        return resolve(
            str(value), variables=variables, where=lambda _: source.name, include=lambda _: None
        )

    return {key: text(source.front[key]) for key in TEXT_KEYS if source.front.get(key)}


def overview_page(
    folder: Path, imprint: citation.Imprint, title: str, variables: Mapping[str, str]
) -> Page:
    """Return the overview, from `index.qmd` in the folder of the committed sources."""
    source = read_qmd(folder / "index.qmd", "reports/index.qmd")
    front = citation.front_matter(_head(source, variables), imprint, title, None)
    front["format"] = {"html": "default"}
    return Page("index", "Overview", front, source, None)


def further_page(
    folder: Path, stem: str, imprint: citation.Imprint, title: str, variables: Mapping[str, str]
) -> Page:
    """Return a page that no hypothesis owns, such as the claims, from its `.qmd` in the folder."""
    source = read_qmd(folder / f"{stem}.qmd", f"reports/{stem}.qmd")
    front = citation.front_matter(_head(source, variables), imprint, title, None)
    front["format"] = {"html": "default"}
    return Page(stem, stem.capitalize(), front, source, None)


def report_page(
    source: Qmd,
    imprint: citation.Imprint,
    title: str,
    variables: Mapping[str, str],
    record: Record,
) -> Page:
    """Return the page of one hypothesis, from its analysis file."""
    front = citation.front_matter(_head(source, variables), imprint, title, record)
    front["format"] = {"html": "default", "typst": "default"}
    name = source.stem.removeprefix(f"{record.hypothesis}-").replace("-", " ")
    label = f"{record.hypothesis.upper()} {name[:1].upper()}{name[1:]}"
    return Page(source.stem, label, front, source, record)


def with_alternatives(source: Qmd, variables: Mapping[str, str]) -> str:
    """Resolve the variables of alternative texts, where a `"` of a value would end the text."""

    def replace(found: re.Match[str]) -> str:
        text = resolve(found[1], variables=variables, where=source.at, include=lambda _: None)
        text = text.replace('"', "'").replace("{{", "{ {").replace("\\", "/")
        return f'fig-alt="{text}"'

    return _ALTERNATIVE.sub(replace, source.body)


def with_files(body: str) -> str:
    """Put the links to its files below each figure, for pages of HTML.

    They stand right behind the figure, or behind the whole of a figure that has parts.
    """
    groups = [group.span() for group in _GROUP.finditer(body)]
    names: dict[int, list[str]] = {}
    for figure in FIGURE.finditer(body):
        around = (end for start, end in groups if start <= figure.start() < end)
        names.setdefault(next(around, figure.end()), []).append(figure[1])
    parts, at = [], 0
    for place in sorted(names):
        links = "\n".join(generated.figure_files(name) for name in names[place])
        parts += [body[at:place], f"\n\n{links}"]
        at = place
    return "".join([*parts, body[at:]])
