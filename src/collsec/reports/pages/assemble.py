"""Assemble the Quarto project: sources resolved as far as Quarto needs, items, generated text.

Nothing here estimates. Every number comes from a record and is printed by `reports.words` or
`reports.tables`; whatever the text refers to must exist, or the project is not written.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from collsec.core.errors import MissingInput
from collsec.core.project import Project
from collsec.evidence.citation import Used, references
from collsec.evidence.dossiers import dossiers
from collsec.evidence.record import Record, load, load_synthesis
from collsec.hypothesis.study import load_study
from collsec.reports.figures import Drawing
from collsec.reports.pages import citation, generated, interactive, prose
from collsec.reports.pages.catalog import (
    Item,
    alternatives,
    answers,
    case_catalog,
    catalog,
    comparison_catalog,
    exposed_catalog,
    exposed_of,
    ledger_of,
    shared_catalog,
    sources_of,
)
from collsec.reports.pages.data import data_catalog, outline_of
from collsec.reports.pages.files import write_item, write_numbers
from collsec.reports.pages.page import (
    FIGURE,
    TABLE,
    Page,
    arranged,
    further_page,
    overview_page,
    report_page,
    with_alternatives,
    with_files,
    with_narrow,
    without_missing,
)
from collsec.reports.pages.paper import paper_catalog
from collsec.reports.pages.questions import QuestionPages, with_picture
from collsec.reports.pages.side_by_side import side_by_side
from collsec.reports.pages.source import SHORTCODE, Qmd, nested, read_qmd, resolve
from collsec.reports.tables import codebook
from collsec.reports.tables.study import item_list, numbers, primaries
from collsec.reports.words import overview, quantities
from collsec.reports.words.wording import harmless
from collsec.upstream.sources import Source

_COMMITTED = (
    *("references.bib", "collsec.css"),
    *("explorer.html", "explorer.js", "specifications.html", "specifications.js"),
)


#: Items and variables of a part of the study, and the sources that it used.
_Contents = tuple[dict[str, Item], dict[str, str], list[Used]]


@dataclass(frozen=True, slots=True)
class Assembled:
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
    origins : dict of str to str
        Result id behind each variable that has one.
    """

    folder: Path
    title: str
    pages: list[Page]
    variables: dict[str, str]
    origins: dict[str, str]


def assemble(
    project: Project, hypotheses: Sequence[str], folder: Path, workers: int | None = None
) -> Assembled:
    """Write the Quarto project of the hypotheses into an empty folder.

    Parameters
    ----------
    project : Project
    hypotheses : sequence of str
    folder : Path
    workers : int, optional
        Processes that draw and tabulate; as many as there are processors without it.

    Raises
    ------
    CollsecError
        If an input is missing, or a text refers to what does not exist.
    """
    sources_folder = project.root / "reports"
    configuration = _configuration(sources_folder, project)
    title = configuration["website"]["title"]
    imprint = citation.read_imprint(project)
    records = [load(project, h) for h in hypotheses]
    sources = {}
    for record in records:
        path = project.spec_file(record.hypothesis)
        sources[record.hypothesis] = read_qmd(path, project.relative(path))
    titles = {h: str(source.front["title"]) for h, source in sources.items()}
    for name in ("figures/narrow", "tables", "data"):
        (folder / name).mkdir(parents=True)
    declared = sources_of(project)
    tasks: list[Callable[[], _Contents]] = [
        lambda: _of_wars(project, records, folder, declared),  # the longest first
        *(partial(_of_record, project, record) for record in records),
        lambda: (*case_catalog(project), []),
        lambda: _of_data(project, folder),
    ]
    with side_by_side(project, tasks, workers) as results:
        ledger = ledger_of(project)
        shared = shared_catalog(project, list(hypotheses), ledger)
        glance = answers(project, records, titles, ledger)
        (wars, _, _), *of_records, (drawn, of_cases, _), (covered, of_data, _) = results()
    study = load_study(project)
    origins = {
        variable: f"{name}@{record.result_id.partition('@')[2]}"
        for record in records
        for variable, name in quantities.origins(record).items()
    }
    synthesis = load_synthesis(project)
    variables = generated.variables(records, synthesis, study)
    catalogs = {
        r.hypothesis: items | {n: i for n, i in wars.items() if n.startswith(f"{r.hypothesis}-")}
        for r, (items, _, _) in zip(records, of_records, strict=True)
    }
    used = {r.hypothesis: found for r, (_, _, found) in zip(records, of_records, strict=True)}
    for items in catalogs.values():
        variables |= alternatives(items)
    shared |= drawn | covered | glance
    variables |= of_cases | of_data | alternatives(glance)
    shared |= comparison_catalog(project, {r.hypothesis: r for r in records}, variables)
    # In alternative texts they are attributes, in which nothing is markup; elsewhere they are text.
    spoken, variables = variables, {name: harmless(text) for name, text in variables.items()}
    asked = QuestionPages.of(project, records)
    own = asked.variables(ledger)
    spoken |= own
    variables |= {name: harmless(text) for name, text in own.items()}
    version = " · ".join(
        f"{name} {variables.get(f'study.{key}', '')}"
        for name, key in (("collsec", "version"), ("data", "vintage"), ("profile", "profile"))
    )
    ids = {record.hypothesis: record.result_id for record in records}
    stems = {record.hypothesis: sources[record.hypothesis].stem for record in records}
    of_questions = asked.items(ledger, exposed_of(wars), stems, version)
    shared |= of_questions
    alts = alternatives(of_questions)
    spoken |= alts
    variables |= {name: harmless(text) for name, text in alts.items()}
    front = read_qmd(sources_folder / "index.qmd", "reports/index.qmd")
    pages = [with_picture(overview_page(front, imprint, title, variables), asked.has_picture)]
    pages += asked.pages(project, imprint, title, variables)
    for record in records:
        source = arranged(sources[record.hypothesis], catalogs[record.hypothesis])
        pages.append(report_page(source, imprint, title, variables, record))
    shared["conflicts"] = wars["conflicts"]
    scripts = interactive.write_specifications(
        records, titles, folder, study.minimum_exposed_events
    )
    controls = (sources_folder / "specifications.html").read_text(encoding="utf-8")
    _write(folder / "_specifications.html", controls + scripts)
    main = primaries(records, synthesis.p_holm, synthesis.q_value)
    shared["primaries"] = Item("primaries", "estimate", "data/processed/estimates", main)
    _write(folder / "_results.md", overview.results(records, titles))
    _write(folder / "_manuscript-appendix.md", generated.manuscript_appendix(records))
    further = {
        "briefing": asked.listed is not None,
        "hypotheses": True,
        "method": True,
        "manuscript": bool(covered),
        "appendix": bool(covered),
        "explorer": True,
        "specifications": bool(scripts),
        "cases": bool(drawn),
        "claims": "claims-tested" in shared,
        "known": "literature" in shared,
        "controls": "replications" in shared and (sources_folder / "controls.qmd").is_file(),
        "changes": "changes" in shared,
        "data": bool(covered),
        project.paper.stem: "paper-again" in covered,
        "glossary": True,
    }
    places = {project.paper.stem: project.paper.parent}  # others stand with the pages' looks
    pages += [
        with_picture(
            further_page(
                place := places.get(stem, sources_folder),
                stem,
                imprint,
                title,
                variables,
                name_below=place.name,
            ),
            asked.has_picture,
        )
        for stem, is_there in further.items()  # a study need not have each
        if is_there and (places.get(stem, sources_folder) / f"{stem}.qmd").is_file()
    ]
    known_stems = {p.stem for p in pages}

    def write(page: Page, names: Collection[str]) -> None:
        items = items_of(page)
        images = [f"figures/{n}.svg" for n, e in items.items() if isinstance(e.content, Drawing)]
        checked = prose.check(page.source, variables, images)
        for name in names:
            write_item(folder, items[name], origin_of(name))
        _write_page(folder, page, spoken, items, known_stems, has_references=checked.has_citations)
        if page.record is not None:
            _write_surroundings(
                folder,
                page,
                page.record,
                items,
                imprint,
                declared,
                used[page.record.hypothesis],
                variables,
                origins,
                origin_of(page.record.hypothesis),
            )

    def origin_of(name: str) -> str:
        """Version, data and profile, and the id of the result that a figure or table is of."""
        return " · ".join(part for part in (version, ids.get(name.partition("-")[0], "")) if part)

    def items_of(page: Page) -> dict[str, Item]:
        return shared | (catalogs[page.record.hypothesis] if page.record is not None else {})

    written: set[str] = set()
    writing = []
    for page in pages:
        names = (_used(page.source.body) & items_of(page).keys()) - written
        written |= names
        writing.append(partial(write, page, sorted(names)))
    with side_by_side(project, writing, workers) as results_of_pages:
        results_of_pages()
    reports = [(p.stem, p.front["title"], p.record) for p in pages]
    _write(folder / "_verdicts.md", generated.verdict_list(reports))
    _write(folder / "_rule-changes.md", generated.rule_changes(reports))
    _write(folder / "_moved.md", generated.moved(project.root / "CHANGELOG.md"))
    _write(folder / "_lead.md", asked.known(study.primaries))
    texts = asked.in_short(spoken)
    texts["_short.md"] = generated.marked(texts["_short.md"], records)
    for name, text in texts.items():
        told = with_alternatives(Qmd(name, "", {}, text, 1), spoken)
        _write(folder / name, with_narrow(told, shared))
    _write(folder / "_tally.md", "" if ledger is None else overview.tally(ledger))
    minimum = (study.minimum_exposed_events, study.minimum_exposed_clusters)
    for name, text in asked.texts(minimum, {stem: t for stem, t, r in reports if r}).items():
        _write(folder / name, text)
    _write(folder / "_plain.md", generated.plain_summary(reports, minimum))
    every = {name: item for items in (shared, *catalogs.values()) for name, item in items.items()}
    exhibits = [(n, every[n].rule, every[n].numbers, every[n].file) for n in sorted(written)]
    readme = generated.replication(
        imprint,
        declared,
        exhibits,
        variables,
        has_lock=(project.root / "requirements.lock").is_file(),
        is_released=project.manifest.exists(),
    )
    _write(folder / "replication.md", readme)
    for name in _COMMITTED:
        shutil.copyfile(sources_folder / name, folder / name)
    _write(folder / "_variables.yml", _yaml(nested(variables)))
    _write(folder / "_quarto.yml", _yaml(_with_pages(configuration, pages)))
    _write(folder / "DO-NOT-EDIT", generated.DO_NOT_EDIT)
    assembled = Assembled(folder, title, pages, variables, origins)
    for page in pages:
        prose.check_length(page.source, markdown(assembled, page), page.most_words)
    return assembled


def _of_record(project: Project, record: Record) -> _Contents:
    """Figures and tables of a hypothesis, and the sources that it used."""
    return catalog(record), {}, _used_sources(project, record.hypothesis)


def _of_wars(
    project: Project, records: Sequence[Record], folder: Path, declared: Mapping[str, Source]
) -> _Contents:
    """The exposed wars of each hypothesis and the list of conflicts, whose scripts are written."""
    known = dossiers(project)
    listed = interactive.write_conflicts(project, known, folder, declared)
    items = {"conflicts": Item("conflicts", "episodes", "data/processed/episodes", listed)}
    outline, by_conflict = outline_of(project), {one.conflict: one for one in known}
    for record in records:
        items |= exposed_catalog(project, record, by_conflict, outline)
    return items, {}, []


def _of_data(project: Project, folder: Path) -> _Contents:
    """Figures, tables and texts of what the data cover; their codebook is written."""
    items, texts = data_catalog(project)
    if items:
        codebook.write(project, folder / "data", home="../data.html")
    of_paper, told = paper_catalog(project)
    return items | of_paper, texts | told, []


def markdown(assembled: Assembled, page: Page, *, has_origins: bool = False) -> str:
    """Return the body of an assembled page with every shortcode resolved.

    Parameters
    ----------
    assembled : Assembled
    page : Page
    has_origins : bool
        Whether each number carries the id of its result.

    Raises
    ------
    BadProse
        At an unknown variable or a missing include.
    """
    body = read_qmd(assembled.folder / f"{page.stem}.qmd", page.source.name).body

    def include(name: str) -> str | None:
        path = (assembled.folder / name).resolve()
        is_below = path.is_relative_to(assembled.folder.resolve())
        return path.read_text(encoding="utf-8") if is_below and path.is_file() else None

    return resolve(
        body,
        variables=assembled.variables,
        where=page.source.at,
        include=include,
        meta=page.front,
        origins=assembled.origins if has_origins else None,
    )


def _configuration(folder: Path, project: Project) -> dict[str, Any]:
    for name in ("_quarto.yml", "index.qmd", *_COMMITTED):
        if not (folder / name).is_file():
            raise MissingInput(f"{project.relative(folder / name)} is missing.")
    loaded: dict[str, Any] = yaml.safe_load((folder / "_quarto.yml").read_text(encoding="utf-8"))
    return loaded


def _with_pages(configuration: dict[str, Any], pages: list[Page]) -> dict[str, Any]:
    """Return Quarto's configuration with the pages in its list and in the navigation."""
    section = {**configuration["project"], "render": [f"{p.stem}.qmd" for p in pages]}
    links: list[dict[str, Any]] = []
    menus: dict[str, list[dict[str, Any]]] = {}
    for page in pages:
        link = {"href": f"{page.stem}.qmd", "text": page.label}
        if not page.menu:
            links.append(link)
            continue
        if page.menu not in menus:
            menus[page.menu] = []
            links.append({"text": page.menu, "menu": menus[page.menu]})
        menus[page.menu].append(link)
    website = {**configuration["website"], "navbar": {"left": links}}
    return {**configuration, "project": section, "website": website}


def _used(body: str) -> set[str]:
    """Return the names of the figures and tables that a text shows."""
    return {figure[1] for figure in FIGURE.finditer(body)} | set(TABLE.findall(body))


def _write_page(
    folder: Path,
    page: Page,
    variables: Mapping[str, str],
    items: Mapping[str, Item],
    known: Collection[str],
    *,
    has_references: bool,
) -> None:
    """Write the page's `.qmd`: what its author wrote, and includes around it."""
    told = with_alternatives(page.source, variables)
    body = without_missing(with_files(with_narrow(told, items)), known).strip("\n")
    parts = [f"---\n{_yaml(page.front)}---", body]
    if page.record is not None:
        h = page.record.hypothesis
        names = (
            f"_verdict-{h}",
            f"_availability-{h}",
            f"_provenance-{h}",
            f"_tbl-{h}-items",
            f"_numbers-{h}",
        )
        includes = [f"{{{{< include {name}.md >}}}}" for name in names]
        parts = [parts[0], includes[0], body, *includes[1:]]
    if has_references:
        parts.append("## References {.unnumbered}\n\n::: {#refs}\n:::")
    _write(folder / f"{page.stem}.qmd", "\n\n".join(parts) + "\n")


def _write_surroundings(
    folder: Path,
    page: Page,
    record: Record,
    items: Mapping[str, Item],
    imprint: citation.Imprint,
    sources: Mapping[str, Source],
    used: Sequence[Used],
    variables: Mapping[str, str],
    origins: Mapping[str, str],
    origin: str,
) -> None:
    """Write what is generated for one report and included around its prose."""
    h = record.hypothesis
    listed = [
        (identifier, item.rule, item.numbers, item.file)
        for identifier, item in _shown(page.source.body, items)
    ]
    write_numbers(record.estimates, folder / "data" / f"{h}-estimates.csv", origin)
    _write(folder / f"_verdict-{h}.md", generated.verdict(record))
    _write(folder / f"_provenance-{h}.md", generated.provenance(record))
    availability = generated.availability(record, page.front, imprint, sources, used)
    _write(folder / f"_availability-{h}.md", availability)
    _write(folder / f"_tbl-{h}-items.md", item_list(listed, hypothesis=h).markdown())
    listing = numbers(record, SHORTCODE.findall(page.source.body), variables, origins)
    write_numbers(listing.data, folder / "tables" / f"{h}-numbers.csv", origin)
    _write(folder / f"_numbers-{h}.md", generated.numbers(h, listing.markdown()))


def _used_sources(project: Project, hypothesis: str) -> list[Used]:
    """Return the sources that a hypothesis read; none where its panel has not been made."""
    is_made = project.stage("panels", hypothesis).exists()
    return references(project, hypothesis) if is_made else []


def _shown(body: str, items: Mapping[str, Item]) -> list[tuple[str, Item]]:
    """Return the figures and tables of a text in its order, with their identifiers."""
    places = [(m.start(), m[2], m[1]) for m in FIGURE.finditer(body)]
    places += [(m.start(), f"tbl-{m[1]}", m[1]) for m in TABLE.finditer(body)]
    return [(identifier, items[n]) for _, identifier, n in sorted(places) if n in items]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1000))
