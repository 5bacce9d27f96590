"""Render the assembled project without Quarto: pandoc, one Lua filter, and Typst for PDF."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst

from collsec.core.errors import CollsecError
from collsec.reports import pandoc
from collsec.reports.kept import kept
from collsec.reports.pages.assemble import Assembled, markdown
from collsec.reports.pages.page import Page
from collsec.reports.pages.source import BadProse
from collsec.reports.render import word
from collsec.reports.words.wording import harmless

#: A document of no more pages is set closer.
_CLOSE_PAGES = 2
_PDF_PAGE = re.compile(rb"/Type\s*/Page\b")
_FOLDERS = ("figures", "tables", "data")
FILES = ("collsec.css", "references.bib", "explorer.js", "specifications.js", "replication.md")


def render(assembled: Assembled, assets: Path, site: Path) -> None:
    """Write the site of an assembled project into an empty folder.

    Parameters
    ----------
    assembled : Assembled
    assets : Path
        Folder of the filter and of the two templates.
    site : Path
        Where pages, PDFs and the files that they link to are written.

    Raises
    ------
    BadProse
        At an unresolved reference, a missing citation, or anything else pandoc complains of.
    """
    for name in _FOLDERS:
        shutil.copytree(assembled.folder / name, site / name)
    for name in FILES:
        shutil.copyfile(assembled.folder / name, site / name)
    # Each page waits for programs of its own, so they are made side by side; the longest first.
    pages = sorted(assembled.pages, key=lambda page: page.record is None)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        contexts = [copy_context() for _ in pages]  # each knows where contents are kept
        list(
            workers.map(
                lambda c, page: c.run(_page, assembled, page, assets, site), contexts, pages
            )
        )


def _page(assembled: Assembled, page: Page, assets: Path, site: Path) -> None:
    """Write one page, and its PDF where it is a report."""
    text = markdown(assembled, page, has_origins=True)
    html = _convert(assembled, page, text, "html5", assets / "page.html", assets)
    (site / f"{page.stem}.html").write_text(html, encoding="utf-8", newline="\n")
    if not page.has_pdf:
        return
    text = markdown(assembled, page)
    source = _convert(assembled, page, text, "typst", assets / "report.typ", assets)
    pdf = kept(_shown_by(assembled, source), lambda: _pdf(assembled, page, source))
    if page.most_pages is not None and (n := len(_PDF_PAGE.findall(pdf))) > page.most_pages:
        raise BadProse(
            f"{page.source.name}: {n} pages of PDF, at most {page.most_pages}. Shorten it."
        )
    (site / f"{page.stem}.pdf").write_bytes(pdf)
    if page.is_article:
        for format_, end in (("docx", "docx"), ("latex", "tex")):
            _convert(assembled, page, text, format_, None, assets, site / f"{page.stem}.{end}")


def _convert(
    assembled: Assembled,
    page: Page,
    text: str,
    format_: str,
    template: Path | None,
    assets: Path,
    output: Path | None = None,
) -> str:
    """Return the page in one of pandoc's formats, or write it to a file."""
    arguments = [
        *("--to", format_),
        *(("--template", str(template)) if template else ("--standalone",)),
        *(("--output", str(output)) if output else ()),
        *("--resource-path", str(assembled.folder)),
        *("--lua-filter", str(assets / "collsec.lua")),
        "--citeproc",
        *("--bibliography", "references.bib"),  # by the resource path: Word keeps what is said here
        *("--metadata", "link-citations=true"),
        *("--wrap", "none"),
    ]
    if format_ == "html5":
        arguments += ["--mathml", "--toc", "--toc-depth", "3", "--section-divs"]
    else:
        # The title is no heading in Typst; the text's first level is.
        arguments += ["--shift-heading-level-by", "-1"]
    printed = json.dumps({"variables": _quoted(_variables(assembled, page), format_)})
    head = json.dumps(_head(page) if template else _plain_head(assembled, page))

    def convert() -> str:
        with tempfile.TemporaryDirectory() as folder:
            files = (Path(folder) / "defaults.json", Path(folder) / "head.json")
            for file, content in zip(files, (printed, head), strict=True):
                file.write_text(content)
            given = ["--defaults", str(files[0]), "--metadata-file", str(files[1])]
            if format_ == "docx":
                model = Path(folder) / "reference.docx"
                model.write_bytes(word.reference(f"{assembled.title} · {page.label}"))
                given += ["--reference-doc", str(model)]
            try:
                return pandoc.run(text, [*arguments, *given])
            except pandoc.PandocFailed as error:
                raise BadProse(_located(page, error.problems[0])) from error

    if output is not None or template is None:
        return convert()
    read = (template, assets / "collsec.lua", assembled.folder / "references.bib")
    # Where the files lie is no matter, what stands in them is.
    options = [a for a in arguments if a not in {*map(str, read), str(assembled.folder)}]
    rests_on = [pandoc.version(), pandoc.DIALECT, *options, printed, head, text]
    known = _bytes(*rests_on, *(file.read_bytes() for file in read))
    return kept(known, lambda: convert().encode()).decode()


def _shown_by(assembled: Assembled, source: str) -> bytes:
    """Everything that a PDF depends on: Typst, the source, and the pictures that it shows."""
    named = sorted(set(re.findall(r"[\w./-]+\.(?:svg|png)", source)))
    files = [file for name in named if (file := assembled.folder / name).is_file()]
    return _bytes(version("typst"), source, *(file.read_bytes() for file in files))


def _bytes(*parts: str | bytes) -> bytes:
    """The parts as one, each distinct from the next."""
    return pickle.dumps([p.encode() if isinstance(p, str) else p for p in parts], protocol=5)


def _head(page: Page) -> dict[str, Any]:
    """Return the metadata that is Markdown."""
    head: dict[str, Any] = {"pagetitle": page.front["title"]}
    for key in ("title", "subtitle", "abstract", "lang"):
        if key in page.front:
            head[key] = page.front[key]
    return head


def _quoted(value: Any, format_: str) -> Any:
    """Return what a template prints as it is, safe in text and between quotation marks."""
    if isinstance(value, str):
        if format_ == "typst":  # the template sets each between quotation marks
            return value.replace("\\", "\\\\").replace('"', '\\"')
        return escape(value)
    if isinstance(value, Mapping):
        return {k: v if k == "fragment" else _quoted(v, format_) for k, v in value.items()}
    if isinstance(value, list):
        return [_quoted(one, format_) for one in value]
    return value


def _plain_head(assembled: Assembled, page: Page) -> dict[str, Any]:
    """Return the metadata of a file for Word or LaTeX; its description says what it is from."""
    authors = [harmless(name) for name in _authors(page)]
    known = {"author": authors, "date": page.front["citation"].get("issued", "")}
    version, data, profile = (
        assembled.variables.get(f"study.{key}", "") for key in ("version", "vintage", "profile")
    )
    origin = f"collsec {version}, data {data}, profile {profile}."
    further = {k: page.front[k] for k in ("keywords",) if k in page.front}
    further["description"] = f"{page.front.get('description', '')} {origin}".strip()
    return _head(page) | {k: v for k, v in known.items() if v} | further


def _navigation(pages: Sequence[Page], page: Page) -> list[dict[str, Any]]:
    """Links to the pages; some are in a menu, which is headed by its page that is read."""
    links: list[dict[str, Any]] = []
    menus: dict[str, list[dict[str, Any]]] = {}
    for one in pages:
        link = {"href": f"{one.stem}.html", "label": one.label, "current": one is page}
        if not one.menu:
            links.append(link)
            continue
        if one.menu not in menus:
            menus[one.menu] = []
            head = page.label if page.menu == one.menu else one.menu
            links.append({"label": head, "menu": menus[one.menu]})
        menus[one.menu].append(link)
    return links


def _authors(page: Page) -> list[str]:
    return [
        a["name"]["literal"] if isinstance(a["name"], dict) else a["name"]
        for a in page.front["author"]
    ]


def _variables(assembled: Assembled, page: Page) -> Mapping[str, Any]:
    """Return what the templates print as it is."""
    front, record = page.front, page.record
    variables: dict[str, Any] = {
        "site-title": assembled.title,
        "short-title": page.label,
        "author-meta": _authors(page),
        "description-meta": front.get("description", front.get("subtitle", "")),
        "keywords": front.get("keywords", []),
        "license-name": front["code-license"],
        "text-license": front["license"],
        "issued": front["citation"].get("issued", ""),
        "version": assembled.variables.get("study.version", ""),
        "vintage": assembled.variables.get("study.vintage", ""),
        "profile": assembled.variables.get("study.profile", ""),
        "nav": _navigation(assembled.pages, page),
    }
    if record is None:
        is_overview = page.stem == "index"
        own = {"is-overview": is_overview, "is-wide": page.is_wide, "result": ""}
        own |= {"kicker": page.kicker} if page.kicker else {}
        if page.fragment:
            # The project's own markup: a page's text and the data that it prints hold none.
            own["fragment"] = (assembled.folder / page.fragment).read_text(encoding="utf-8")
        if page.is_article:
            files = [(f"{page.stem}.docx", "Word"), (f"{page.stem}.tex", "LaTeX")]
            named = [{"href": href, "label": label} for href, label in files]
            own |= {"pdf": f"{page.stem}.pdf", "files": named}
            own |= {"is-close": page.most_pages is not None and page.most_pages <= _CLOSE_PAGES}
        return variables | own
    return variables | {
        "pdf": f"{page.stem}.pdf",
        "kicker": f"Hypothesis {record.hypothesis.upper()}",
        "result": record.result_id,
    }


def _pdf(assembled: Assembled, page: Page, source: str) -> bytes:
    """Return the accessible PDF of a Typst source whose images lie in the project."""
    path = assembled.folder / f".{page.stem}.typ"
    path.write_text(source, encoding="utf-8")
    try:
        return bytes(
            typst.compile(
                path,
                root=assembled.folder,
                ignore_system_fonts=True,
                timestamp=0,
                pdf_standards=["ua-1"],
            )
        )
    except RuntimeError as error:
        raise CollsecError(f"{page.source.name}: Typst cannot set the PDF: {error}") from error
    finally:
        path.unlink()


def _located(page: Page, problem: str) -> str:
    """Say where in the source a problem stands, by the name that it is about."""
    for name in problem.replace("'", " ").split():
        key = name.strip(".,:;")
        if key.startswith("@") and key in page.source.body:
            return f"{page.source.at(key)}: {problem}."
        if f"@{key}" in page.source.body:
            return f"{page.source.at(f'@{key}')}: {problem}. The keys are in references.bib."
    return f"{page.source.name}: {problem}."
