"""Commands that look at results: thin, and without a trace in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collsec.cli.options import (
    AsJson,
    Hypotheses,
    Hypothesis,
    Root,
    answer,
    hypotheses_of,
)
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import data_at, project_at

if TYPE_CHECKING:
    from rich.console import Console

    from collsec.core.project import Project
    from collsec.evidence.release import Reproduction

results = typer.Typer(rich_markup_mode="markdown")
PICTURES = (".png", ".svg")
# Files with other bytes that are named one by one.
SHOWN = 10


@results.command(epilog="Examples: `collsec show h1` · `collsec show h2 --all` · `collsec show q1`")
def show(
    hypothesis: Hypothesis,
    is_whole: Annotated[
        bool, typer.Option("--all", help="Every estimate, however long the list.")
    ] = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Show a hypothesis in one screen, or what a question's page says first (`q1`)."""
    from collsec.hypothesis.study import load_study
    from collsec.reports.pages import terminal
    from collsec.reports.words import questions, summary

    project = project_at(root)
    if questions.is_question(project, hypothesis):
        found = questions.read(project, hypothesis)
        warn_outdated(project, list(found.hypotheses))
        if as_json:
            answer(found)
            return
        for part in terminal.question(found):
            _console().print(part)
        return
    [(record, title)] = summary.read(project, [hypothesis])
    warn_outdated(project, [hypothesis])
    if as_json:
        answer(record)
        return
    shown = terminal.show(record, title, load_study(project), _holm(project), is_whole=is_whole)
    for part in shown:
        _console().print(part)


@results.command(epilog="Examples: `collsec compare h1 h3` · `collsec compare h1 h2 h3`")
def compare(
    hypotheses: Hypotheses,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Show hypotheses side by side, fact by fact."""
    from collsec.hypothesis.study import load_study
    from collsec.reports.pages import terminal
    from collsec.reports.words import summary

    if len(set(hypotheses)) < 2:
        raise CollsecError("collsec compare: name two different hypotheses or more.")
    project = project_at(root)
    found = summary.read(project, list(dict.fromkeys(hypotheses)))
    warn_outdated(project, hypotheses)
    if as_json:
        answer({record.hypothesis: record for record, _ in found})
        return
    records, titles = [record for record, _ in found], [title for _, title in found]
    _console().print(terminal.compare(records, titles, load_study(project), _holm(project)))


@results.command(
    epilog="Examples: `collsec cite` · `collsec cite h1` · `collsec cite h1 --bibtex > h1.bib`"
)
def cite(
    hypothesis: Annotated[
        str | None,
        typer.Argument(
            help="Such as `h1`; without one, the study itself.",
            show_default=False,
            autocompletion=hypotheses_of,
        ),
    ] = None,
    is_bibtex: Annotated[bool, typer.Option("--bibtex", help="As BibTeX.")] = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Give the references of the study itself and of what a hypothesis used, and no others."""
    from collsec.evidence import citation as references
    from collsec.evidence.software import software
    from collsec.reports.pages import terminal
    from collsec.reports.words.summary import known

    project = data_at(root)
    own = software(project)
    used = [] if hypothesis is None else references.references(project, known(project, hypothesis))
    if as_json:
        answer({"software": own, "reference": own.reference, "used": used})
    elif is_bibtex:
        typer.echo("\n\n".join([own.bibtex, *([references.bibtex(used)] if used else [])]))
    else:
        typer.echo(f"{own.reference}\n")
        if used:
            _console().print(terminal.cited(used))


@results.command(
    epilog="Examples: `collsec trace h1.primary` · `collsec trace h1.primary.hr --page` · "
    "`collsec trace h1.primary@3f9c2a --json`"
)
def trace(
    number: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Of a result (`h1.primary`, with or without its digest) or of a page's variable "
            "(`h1.primary.hr`).",
            show_default=False,
        ),
    ],
    is_page: Annotated[bool, typer.Option("--page", help="Open the page that prints it.")] = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Follow a printed number back to its raw rows and their documents."""
    import webbrowser

    from collsec.evidence.trace import trace as follow
    from collsec.reports.pages import terminal
    from collsec.reports.words import quantities, summary

    project = project_at(root)
    name, _, digest = number.partition("@")
    [(record, _)] = summary.read(project, [name.partition(".")[0]])
    warn_outdated(project, [record.hypothesis])
    found = follow(project, record, quantities.origins(record).get(name, name))
    own = found.result_id.partition("@")[2]
    if digest and digest != own:
        raise CollsecError(f"{number}: the results here have the digest {own}; others were cited.")
    if is_page:
        page = (
            project.root / "reports" / "site" / f"{project.spec_file(record.hypothesis).stem}.html"
        )
        if not page.is_file():
            raise MissingInput(f"{project.relative(page)} does not exist yet. Run `collsec run`.")
        typer.echo(project.relative(page), err=as_json)
        webbrowser.open(page.as_uri())
    if as_json:
        answer(found)
    elif not is_page:
        for part in terminal.traced(found):
            _console().print(part)


@results.command(
    epilog="Examples: `collsec release` · `collsec release --check` · `collsec release --replace`"
)
def release(
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the committed manifest, write nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a manifest whose results have moved.")
    ] = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Write what is published, result ids and checksums, to reports/MANIFEST.json.

    The estimates themselves are kept in reports/published, from where the package takes them along.

    Only results of the full profile are published, and only if they follow from what is there. A
    manifest that names other results is replaced only with `--replace`.
    """
    from collsec.evidence import release as releases

    project = project_at(root)
    made = releases.manifest(project)
    if not check:
        _refuse_release(project, str(made["profile"]))
    where = project.relative(project.manifest)
    if project.manifest.exists():
        found = releases.compare(releases.published(project), made)
        if as_json:
            answer(found)
        else:
            _show_reproduction(found)
        if check or (found.moved and not replace):
            if not check:
                raise CollsecError(f"{where} names other results: --replace replaces it.")
            raise typer.Exit(1 if found.moved else 0)
    elif check:
        releases.published(project)  # says that there is none
    project.write_json(made, project.manifest)
    kept = releases.publish(project)
    typer.echo(f"Written: {where}", err=as_json)
    published = project.relative(project.published)
    typer.echo(f"Written: {published} ({len(kept)} files of estimates)", err=as_json)


@results.command(epilog="Examples: `collsec versions` · `collsec versions --json`")
def versions(as_json: AsJson = False, root: Root = None) -> None:
    """List releases with their data, what moved from each to the next, and what is here."""
    from rich.table import Table

    from collsec.evidence import versions as of

    project = project_at(root)
    found, data = of.versions(project), of.conflict_data(project)
    if as_json:
        answer({"versions": found, "conflict_data": data})
        return
    table = Table("release", "collsec", "data", "profile", "hypotheses", box=None, pad_edge=False)
    for one in found:
        cells = (one.name, one.collsec_version, one.data_vintage, one.profile or "no results yet")
        table.add_row(*cells, str(one.n_hypotheses))
    _console().print(table)
    for before, one in pairwise(found):
        if one.moved:
            _console().print(f"\nFrom {before.name} to {one.name}:")
            for line in one.moved:
                _console().print(f"  {line}", soft_wrap=True, markup=False)
        elif one.profile not in (before.profile, None):
            told = f"The results here are of profile {one.profile}: not compared with a release."
            _console().print(f"\n{told}")
    if data:
        own, *others = data
        told = f"Conflict data: {own} (this study's own), {', '.join(others)}."
        _console().print(f"\n{told} `collsec diff` compares two of them.", soft_wrap=True)


def _refuse_release(project: Project, profile: str) -> None:
    """Refuse to publish what is not of the full profile, or not current."""
    from collsec.pipeline import outdated

    if profile != "full":
        raise CollsecError(
            f"the results are of profile {profile}: only those of profile full are published. "
            "Run `collsec run --profile full` first."
        )
    if old := outdated(project):
        unit, reason = next(iter(old.items()))
        raise CollsecError(f"{unit.name} is not current ({reason}). Run `collsec run` first.")


def _show_reproduction(found: Reproduction) -> None:
    for line in (*found.moved, *found.made_with):
        typer.echo(line)
    same = found.n_files - len(found.files)
    last = f", {len(found.last_digits)} differ in last digits alone" if found.last_digits else ""
    typer.echo(
        f"Results: {'moved' if found.moved else 'the same'}. "
        f"Files: {same} of {found.n_files} have the same bytes{last}."
    )
    others = [path for path in found.files if path not in found.last_digits]
    for path in others[:SHOWN]:
        typer.echo(f"  differs: {path}")
    if len(others) > SHOWN:
        typer.echo(f"  and {len(others) - SHOWN} more")


@results.command(
    epilog="Examples: `collsec power` · `collsec power 9 20 50 --share 0.3` · "
    "`collsec power --plot power.svg`"
)
def power(
    ends: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ENDS]...", help="Numbers of wars that end while exposed.", min=1),
    ] = None,
    share: Annotated[
        float, typer.Option(help="Exposed share of those at risk when a war ends.")
    ] = 0.14,
    alpha: Annotated[
        float | None,
        typer.Option(help="Level of the test.", show_default="that of a primary"),
    ] = None,
    wanted: Annotated[
        float | None, typer.Option("--power", help="Power.", show_default="the study's")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw it to a file, .svg or .png.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Say which effect could be seen with so many exposed ends."""
    from collsec.evidence import detectable
    from collsec.hypothesis.study import load_study
    from collsec.hypothesis.validation import load
    from collsec.pipeline import registries
    from collsec.reports.pages import terminal

    if plot is not None and plot.suffix not in PICTURES:
        raise CollsecError(f"collsec power --plot {plot.name}: end it in {' or '.join(PICTURES)}.")
    project = data_at(root)
    study = load_study(project)
    level = 1 - study.primary_level if alpha is None else alpha
    asked = study.power if wanted is None else wanted
    numbers = sorted(set(ends or detectable.ENDS))
    rows = detectable.detectable(numbers, share, alpha=level, power=asked)
    if project.is_installed:  # released records come without what their pages bring along
        known = registries(project)
        for name in study.hypotheses:
            load(project, name, known)
    made = detectable.in_study(project)
    warn_outdated(project)
    if as_json:
        answer({"share": share, "alpha": level, "power": asked, "rows": rows, "study": made})
        return
    for part in terminal.powers(rows, made, share=share, alpha=level, power=asked):
        _console().print(part)
    if plot is not None:
        from collsec.reports.figures import detectable_effects

        along = detectable.along(numbers)
        curve = detectable.detectable(along, share, alpha=level, power=asked)
        drawing = detectable_effects(curve, made)
        plot.write_bytes(drawing.svg if plot.suffix == ".svg" else drawing.png)
        typer.echo(f"Drawn: {plot}")


def _console() -> Console:
    """A console no wider than the tables are made for; just as wide where it is no terminal."""
    from rich.console import Console

    from collsec.reports.pages.terminal import WIDTH

    console = Console(highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def warn_outdated(project: Project, hypotheses: Sequence[str] = ()) -> None:
    """Say on standard error that results are older than what they rest on, or cannot be read."""
    from collsec.pipeline import outdated

    for unit, reason in outdated(project).items():
        if not hypotheses or unit.hypothesis in ("", *hypotheses):
            whose = f"The numbers of {unit.hypothesis}" if unit.hypothesis else "Some numbers"
            typer.echo(f"{whose} are out of date: {reason}. Run `collsec run`.", err=True)
            return


def _holm(project: Project) -> dict[str, float]:
    """Holm's p-values over the primaries; none before the synthesis step, or without its record."""
    try:
        found: dict[str, float] = project.read_json(project.record("study"))["p_holm"]
    except (MissingInput, KeyError):
        return {}
    return found
