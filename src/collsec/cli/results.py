"""Commands that look at results: thin, and without a trace in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collsec.cli.options import HERE, Hypothesis, Root, project_at
from collsec.core.errors import CollsecError

if TYPE_CHECKING:
    from rich.console import Console

    from collsec.core.project import Project

results = typer.Typer(rich_markup_mode="markdown")
PICTURES = (".png", ".svg")
# Files with other bytes that are named one by one.
SHOWN = 10


@results.command(epilog="Examples: `collsec show h1` · `collsec show h2 --all`")
def show(
    hypothesis: Hypothesis,
    is_whole: Annotated[
        bool, typer.Option("--all", help="Every estimate, however long the list.")
    ] = False,
    root: Root = HERE,
) -> None:
    """Show a hypothesis in one screen: estimand, cohort, estimates, checks and verdict."""
    from collsec.hypothesis.study import load_study
    from collsec.reports.pages import terminal
    from collsec.reports.words import summary

    project = project_at(root)
    [(record, title)] = summary.read(project, [hypothesis])
    shown = terminal.show(record, title, load_study(project), _holm(project), is_whole=is_whole)
    for part in shown:
        _console().print(part)


@results.command(epilog="Examples: `collsec compare h1 h3` · `collsec compare h1 h2 h3`")
def compare(
    hypotheses: Annotated[
        list[str], typer.Argument(metavar="HYPOTHESIS...", help="Such as `h1 h3`; at least two.")
    ],
    root: Root = HERE,
) -> None:
    """Show hypotheses side by side, fact by fact."""
    from collsec.hypothesis.study import load_study
    from collsec.reports.pages import terminal
    from collsec.reports.words import summary

    if len(set(hypotheses)) < 2:
        raise CollsecError("collsec compare: name two different hypotheses or more.")
    project = project_at(root)
    found = summary.read(project, list(dict.fromkeys(hypotheses)))
    records, titles = [record for record, _ in found], [title for _, title in found]
    _console().print(terminal.compare(records, titles, load_study(project), _holm(project)))


@results.command(epilog="Examples: `collsec cite h1` · `collsec cite h1 --bibtex > h1.bib`")
def cite(
    hypothesis: Hypothesis,
    is_bibtex: Annotated[bool, typer.Option("--bibtex", help="As BibTeX.")] = False,
    root: Root = HERE,
) -> None:
    """Give the references of what a hypothesis used, column by column, and no others."""
    from collsec.evidence import citation as references
    from collsec.reports.pages import terminal
    from collsec.reports.words.summary import known

    project = project_at(root)
    used = references.references(project, known(project, hypothesis))
    if is_bibtex:
        typer.echo(references.bibtex(used))
    else:
        _console().print(terminal.cited(used))


@results.command(epilog="Examples: `collsec release` · `collsec release --check`")
def release(
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the committed manifest, write nothing.")
    ] = False,
    root: Root = HERE,
) -> None:
    """Write what is published, result ids and checksums, to reports/MANIFEST.json."""
    from collsec.evidence import release as releases

    project = project_at(root)
    if not check:
        project.write_json(releases.manifest(project), project.manifest)
        typer.echo(f"Written: {project.relative(project.manifest)}")
        return
    found = releases.compare(releases.published(project), releases.manifest(project))
    for line in found.moved:
        typer.echo(line)
    same = found.n_files - len(found.files)
    typer.echo(
        f"Results: {'moved' if found.moved else 'the same'}. "
        f"Files: {same} of {found.n_files} have the same bytes."
    )
    for path in found.files[:SHOWN]:
        typer.echo(f"  differs: {path}")
    if len(found.files) > SHOWN:
        typer.echo(f"  and {len(found.files) - SHOWN} more")
    if found.moved:
        raise typer.Exit(1)


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
    root: Root = HERE,
) -> None:
    """Say which effect could be seen with so many exposed ends."""
    from collsec.evidence import detectable
    from collsec.hypothesis.study import load_study
    from collsec.reports.pages import terminal

    if plot is not None and plot.suffix not in PICTURES:
        raise CollsecError(f"collsec power --plot {plot.name}: end it in {' or '.join(PICTURES)}.")
    project = project_at(root)
    study = load_study(project)
    level = 1 - study.primary_level if alpha is None else alpha
    asked = study.power if wanted is None else wanted
    numbers = sorted(set(ends or detectable.ENDS))
    rows = detectable.detectable(numbers, share, alpha=level, power=asked)
    made = detectable.in_study(project)
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


def _holm(project: Project) -> dict[str, float]:
    """Holm's p-values over the primaries; none before the synthesis step."""
    path = project.record("study")
    if not path.exists():
        return {}
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["p_holm"]
    return found
