"""Pages: their front matter, their name in the navigation, and their text as Quarto gets it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collsec.evidence.record import Record
from collsec.reports.figures import Drawing
from collsec.reports.pages import citation, generated
from collsec.reports.pages.catalog import Item
from collsec.reports.pages.source import TEXT_KEYS, Qmd, read_qmd, resolve
from collsec.reports.tables.table import Table

FIGURE = re.compile(r"\]\(figures/([\w.-]+)\.svg\)\{#(fig-[\w-]+)[^}]*\}")
TABLE = re.compile(r"\{\{<\s*include\s+_tbl-([\w-]+)\.md\s*>\}\}")
_HEADING, _DETAIL = re.compile(r"(#+) "), re.compile(r"\{[^}]*\.detail\b[^}]*\}")
_TOP = 2  # the title has the first level
_FURTHER = (
    "None of what follows enters the verdict. It asks the same question in other ways, and is "
    "here for whoever wants to look further."
)
_APPENDIX = "Each table can be downloaded with unrounded numbers."
_PAGE_LINK = re.compile(r"\[([^\]\[]+)\]\(([\w-]+)\.qmd(?:#[\w-]*)?\)")
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
    is_wide : bool
        Whether it takes the width of the screen, without a list of contents.
    is_article : bool
        Whether it is set as PDF, for Word, and for LaTeX too.
    fragment : str
        File of HTML of the project, controls and scripts, that stands before its text.
    kicker : str
        What stands above its title.
    menu : str
        Menu of the navigation that it is in; empty for a page with a link of its own.
    most_words, most_pages : int or None
        How long it may be at most: what is read, and what is printed.
    """

    stem: str
    label: str
    front: dict[str, Any]
    source: Qmd
    record: Record | None
    is_wide: bool = False
    is_article: bool = False
    fragment: str = ""
    kicker: str = ""
    menu: str = ""
    most_words: int | None = None
    most_pages: int | None = None

    @property
    def has_pdf(self) -> bool:
        """Whether it is set as PDF too."""
        return self.record is not None or self.is_article


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
    source: Qmd, imprint: citation.Imprint, title: str, variables: Mapping[str, str]
) -> Page:
    """Return the overview, from `index.qmd` of the committed sources."""
    front = citation.front_matter(_head(source, variables), imprint, title, None)
    front["format"] = {"html": "default"}
    most = source.front.get("most-words")
    return Page("index", "Overview", front, source, None, is_wide=True, most_words=most)


def further_page(
    folder: Path,
    stem: str,
    imprint: citation.Imprint,
    title: str,
    variables: Mapping[str, str],
    *,
    name_below: str = "reports",
    head: tuple[str, str] = ("", ""),
) -> Page:
    """Return a page that no hypothesis owns, such as the claims, from its `.qmd` in the folder.

    Parameters
    ----------
    name_below : str
        The folder, for messages.
    head : (str, str)
        Title and subtitle that are written from the records; else those of the file.
    """
    source = read_qmd(folder / f"{stem}.qmd", f"{name_below}/{stem}.qmd")
    own = _head(source, variables)
    own |= {key: text for key, text in zip(("title", "subtitle"), head, strict=True) if text}
    front = citation.front_matter(own, imprint, title, None)
    front["format"] = {"html": "default"}
    label = str(source.front.get("label", stem.capitalize()))
    is_wide, is_article = (bool(source.front.get(key)) for key in ("is-wide", "is-article"))
    fragment = str(source.front.get("fragment", ""))
    if fragment:
        front["include-before-body"] = [fragment]
    if is_article:
        front["format"] |= {"typst": "default", "docx": "default", "latex": "default"}
    most_words, most_pages = (source.front.get(key) for key in ("most-words", "most-pages"))
    return Page(
        *(stem, label, front, source, None, is_wide, is_article, fragment),
        kicker=str(source.front.get("kicker", "")),
        menu=str(source.front.get("menu", "")),
        most_words=most_words,
        most_pages=most_pages,
    )


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
    return Page(source.stem, label, front, source, record, menu="Appendices")


def with_alternatives(source: Qmd, variables: Mapping[str, str]) -> str:
    """Resolve the variables of alternative texts, where a `"` of a value would end the text."""

    def replace(found: re.Match[str]) -> str:
        text = resolve(found[1], variables=variables, where=source.at, include=lambda _: None)
        for mark, shown in (('"', "'"), ("{", "("), ("}", ")"), ("\\", "/")):
            text = text.replace(mark, shown)
        return f'fig-alt="{text}"'

    return _ALTERNATIVE.sub(replace, source.body)


def arranged(source: Qmd, items: Mapping[str, Item]) -> Qmd:
    """Return a report with its details behind the answer, and every table that it does not show.

    Sections whose heading has the class ``detail`` go to the end, below one heading and a level
    deeper where they stood on the second; tables that the text does not include follow them.
    """
    main, details = _parted(source.body)
    parts = [main.rstrip()]
    if details:
        parts.append(f"## Further analyses {{#sec-further}}\n\n{_FURTHER}")
        parts += [text.strip() for text in details]
    shown = set(TABLE.findall(source.body))
    rest = [name for name, item in items.items() if isinstance(item.content, Table)]
    includes = [f"{{{{< include _tbl-{name}.md >}}}}" for name in rest if name not in shown]
    if includes:
        parts.append(f"## Appendix: further tables {{#sec-appendix}}\n\n{_APPENDIX}")
        parts += includes
    return replace(source, body="\n\n".join(parts) + "\n")


def _parted(body: str) -> tuple[str, list[str]]:
    """Split a text into what stays in its place and the sections that are details."""
    kept, details = [], []
    level, is_fenced = 0, False  # of the detail that the line belongs to
    for line in body.splitlines(keepends=True):
        is_fenced ^= line.startswith(("```", "~~~"))
        heading = None if is_fenced else _HEADING.match(line)
        if heading and (not level or len(heading[1]) <= level):
            level = len(heading[1]) if _DETAIL.search(line) else 0
            if level:
                details.append("")
        if not level:
            kept.append(line)
        else:
            deeper = "#" if heading and level == _TOP else ""
            details[-1] += deeper + line
    return "".join(kept), details


def with_narrow(body: str, items: Mapping[str, Item]) -> str:
    """Name what a phone shows of each wide figure: its own layout, or the same one."""

    def name(found: re.Match[str]) -> str:
        content = items[found[1]].content if found[1] in items else None
        if not isinstance(content, Drawing) or not content.is_wide:
            return found[0]
        folder = "figures/narrow" if content.narrow else "figures"
        own = f'narrow="{folder}/{found[1]}.svg"'
        return found[0].replace(f"{{#{found[2]}", f"{{#{found[2]} {own}")

    return FIGURE.sub(name, body)


def without_missing(body: str, known: Collection[str]) -> str:
    """Keep only the words of a link to a page that the study does not have."""

    def keep(found: re.Match[str]) -> str:
        return found[0] if found[2] in known else found[1]

    return _PAGE_LINK.sub(keep, body)


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
