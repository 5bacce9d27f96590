"""Assemble the Quarto project: sources resolved as far as Quarto needs, exhibits, generated text.

Nothing here estimates. Every number comes from a record as a string or is formatted in
`collsec.exhibits`; whatever the text refers to must exist, or the project is not written.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collsec.errors import MissingInput
from collsec.exhibits import Exhibit, exhibit_list
from collsec.figures import Drawing
from collsec.reports import citation, generated, prose
from collsec.reports.catalog import Entry, catalog, shared_catalog
from collsec.reports.records import Record, load
from collsec.reports.shortcodes import nested, resolve
from collsec.reports.source import Source, read_source
from collsec.store import Store

TEXT_KEYS = ("title", "subtitle", "abstract", "description", "keywords")
_FIGURE = re.compile(r"\]\(figures/([\w.-]+)\.svg\)\{#(fig-[\w-]+)[^}]*\}")
_GROUP = re.compile(r"^:::+ *\{#fig-.*?^:::+[ \t]*$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"\{\{<\s*include\s+_tbl-([\w-]+)\.md\s*>\}\}")
_ALTERNATIVE = re.compile(r'fig-alt="([^"]*)"')
_COMMITTED = ("references.bib", "collsec.css")


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
    source : Source
        What its author wrote.
    record : Record or None
        None for the overview.
    """

    stem: str
    label: str
    front: dict[str, Any]
    source: Source
    record: Record | None


@dataclass(frozen=True, slots=True)
class Project:
    """An assembled Quarto project.

    Attributes
    ----------
    folder : Path
    title : str
        Title of the site.
    pages : list of Page
        The overview first.
    variables : dict of str to str
        Flat dotted names.
    """

    folder: Path
    title: str
    pages: list[Page]
    variables: dict[str, str]


def assemble(store: Store, hypotheses: Sequence[str], folder: Path) -> Project:
    """Write the Quarto project of the hypotheses into an empty folder.

    Raises
    ------
    CollsecError
        If an input is missing, or a text refers to what does not exist.
    """
    sources_folder = store.root / "reports"
    configuration = _configuration(sources_folder, store)
    title = configuration["website"]["title"]
    study = citation.read_study(store)
    records = [load(store, h) for h in hypotheses]
    variables = generated.variables(records)
    shared = shared_catalog(store, list(hypotheses))
    pages = [_overview(sources_folder, study, title, variables, records)]
    for record in records:
        path = store.spec_file(record.hypothesis)
        source = read_source(path, store.relative(path))
        pages.append(_page(source, study, title, variables, record))
    for name in ("figures", "tables", "data"):
        (folder / name).mkdir()
    written: set[str] = set()
    for page in pages:
        entries = dict(shared)
        if page.record is not None:
            entries |= catalog(page.record)
        images = [f"figures/{n}.svg" for n, e in entries.items() if isinstance(e.content, Drawing)]
        prose.check(page.source, variables, images)
        for name in (_used(page.source.body) & entries.keys()) - written:
            _write_entry(folder, entries[name])
            written.add(name)
        _write_page(folder, page, entries, study, variables)
    overview = generated.verdict_list([(p.stem, p.front["title"], p.record) for p in pages])
    _write(folder / "_verdicts.md", overview)
    for name in _COMMITTED:
        shutil.copyfile(sources_folder / name, folder / name)
    _write(folder / "_variables.yml", _yaml(nested(variables)))
    _write(folder / "_quarto.yml", _yaml(_with_pages(configuration, pages)))
    _write(folder / "DO-NOT-EDIT", generated.DO_NOT_EDIT)
    project = Project(folder, title, pages, variables)
    for page in pages:
        markdown(project, page)
    return project


def markdown(project: Project, page: Page) -> str:
    """Return the body of an assembled page with every shortcode resolved.

    Raises
    ------
    BadProse
        At an unknown variable or a missing include.
    """
    body = read_source(project.folder / f"{page.stem}.qmd", page.source.name).body

    def include(name: str) -> str | None:
        path = project.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return resolve(
        body, variables=project.variables, where=page.source.at, include=include, meta=page.front
    )


def _configuration(folder: Path, store: Store) -> dict[str, Any]:
    for name in ("_quarto.yml", "index.qmd", *_COMMITTED):
        if not (folder / name).is_file():
            raise MissingInput(f"{store.relative(folder / name)} is missing.")
    loaded: dict[str, Any] = yaml.safe_load((folder / "_quarto.yml").read_text(encoding="utf-8"))
    return loaded


def _with_pages(configuration: dict[str, Any], pages: list[Page]) -> dict[str, Any]:
    """Return Quarto's configuration with the pages in its list and in the navigation."""
    project = {**configuration["project"], "render": [f"{p.stem}.qmd" for p in pages]}
    links = [{"href": f"{p.stem}.qmd", "text": p.label} for p in pages]
    website = {**configuration["website"], "navbar": {"left": links}}
    return {**configuration, "project": project, "website": website}


def _head(source: Source, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the text keys of a front matter; the spec stays behind."""

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(part) for part in value]
        return resolve(
            str(value), variables=variables, where=lambda _: source.name, include=lambda _: None
        )

    return {key: text(source.front[key]) for key in TEXT_KEYS if source.front.get(key)}


def _overview(
    folder: Path,
    study: citation.Study,
    title: str,
    variables: Mapping[str, str],
    records: Sequence[Record],
) -> Page:
    source = read_source(folder / "index.qmd", "reports/index.qmd")
    front = citation.front_matter(_head(source, variables), study, title, None)
    return Page("index", "Overview", front, source, None)


def _page(
    source: Source,
    study: citation.Study,
    title: str,
    variables: Mapping[str, str],
    record: Record,
) -> Page:
    front = citation.front_matter(_head(source, variables), study, title, record)
    front["format"] = {"html": "default", "typst": "default"}
    name = source.stem.removeprefix(f"{record.hypothesis}-").replace("-", " ")
    label = f"{record.hypothesis.upper()} {name[:1].upper()}{name[1:]}"
    return Page(source.stem, label, front, source, record)


def _used(body: str) -> set[str]:
    """Return the names of the exhibits that a text shows."""
    return {figure[1] for figure in _FIGURE.finditer(body)} | set(_TABLE.findall(body))


def _write_page(
    folder: Path,
    page: Page,
    entries: Mapping[str, Entry],
    study: citation.Study,
    variables: Mapping[str, str],
) -> None:
    """Write the page's `.qmd` and what is generated for it alone."""
    parts = [f"---\n{_yaml(page.front)}---\n"]
    body = with_files(_with_alternatives(page.source, variables))
    if page.record is None:
        parts.append(body)
    else:
        h = page.record.hypothesis
        page.record.estimates.to_csv(folder / "data" / f"{h}-estimates.csv", index=False)
        listed = [
            (identifier, entry.rule, entry.numbers, _file(entry))
            for identifier, entry in _exhibits(page.source.body, entries)
        ]
        _write(folder / f"_verdict-{h}.md", generated.verdict(page.record))
        _write(folder / f"_provenance-{h}.md", generated.provenance(page.record))
        _write(
            folder / f"_availability-{h}.md", generated.availability(page.record, page.front, study)
        )
        _write(folder / f"_tbl-{h}-exhibits.md", exhibit_list(listed, hypothesis=h))
        parts += [
            f"{{{{< include _verdict-{h}.md >}}}}\n",
            f"{{{{< include _provenance-{h}.md >}}}}\n",
            body.strip("\n") + "\n",
            f"{{{{< include _availability-{h}.md >}}}}\n",
            f"{{{{< include _tbl-{h}-exhibits.md >}}}}\n",
            "## References {.unnumbered}\n\n::: {#refs}\n:::\n",
        ]
    _write(folder / f"{page.stem}.qmd", "\n".join(parts))


def _exhibits(body: str, entries: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """Return the exhibits of a text in its order, with their identifiers."""
    places = [(m.start(), m[2], m[1]) for m in _FIGURE.finditer(body)]
    places += [(m.start(), f"tbl-{m[1]}", m[1]) for m in _TABLE.finditer(body)]
    return [(identifier, entries[n]) for _, identifier, n in sorted(places) if n in entries]


def _file(entry: Entry) -> str:
    return f"figures/{entry.name}.svg" if isinstance(entry.content, Drawing) else (
        f"tables/{entry.name}.csv"
    )


def _with_alternatives(source: Source, variables: Mapping[str, str]) -> str:
    """Resolve the variables of alternative texts, where a `"` of a value would end the text."""

    def replace(found: re.Match[str]) -> str:
        text = resolve(
            found[1], variables=variables, where=source.at, include=lambda _: None
        ).replace('"', "'")
        return f'fig-alt="{text}"'

    return _ALTERNATIVE.sub(replace, source.body)


def with_files(body: str) -> str:
    """Put the links to its files below each figure, for pages of HTML.

    They stand right behind the figure, or behind the whole of a figure that has parts.
    """
    groups = [group.span() for group in _GROUP.finditer(body)]
    names: dict[int, list[str]] = {}
    for figure in _FIGURE.finditer(body):
        around = (end for start, end in groups if start <= figure.start() < end)
        names.setdefault(next(around, figure.end()), []).append(figure[1])
    parts, at = [], 0
    for place in sorted(names):
        links = "\n".join(generated.figure_files(name) for name in names[place])
        parts += [body[at:place], f"\n\n{links}"]
        at = place
    return "".join([*parts, body[at:]])


def _write_entry(folder: Path, entry: Entry) -> None:
    """Write the files of an exhibit."""
    content = entry.content
    if isinstance(content, Exhibit):
        text = f"{content.markdown}\n{generated.table_files(entry.name)}"
        _write(folder / f"_tbl-{entry.name}.md", text)
        content.data.to_csv(folder / "tables" / f"{entry.name}.csv", index=False)
    else:
        (folder / "figures" / f"{entry.name}.svg").write_bytes(content.svg)
        (folder / "figures" / f"{entry.name}.png").write_bytes(content.png)
        content.data.to_csv(folder / "figures" / f"{entry.name}.csv", index=False)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1000))
