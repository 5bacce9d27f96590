"""The command line: thin commands over the steps of the study."""

from __future__ import annotations

import dataclasses
import errno
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from collsec.cli.bundle import deposits
from collsec.cli.disks import full_disk
from collsec.cli.options import (
    AsJson,
    Hypothesis,
    Kind,
    Profile,
    Root,
    answer,
    hypotheses_of,
)
from collsec.cli.registration import registration
from collsec.cli.results import results, warn_outdated
from collsec.core import __version__, extras, processor
from collsec.core.errors import CollsecError
from collsec.core.project import Project, data_at, project_at, shipped

app = typer.Typer(
    name="collsec",
    help="Test claims about UN collective security on every armed conflict since 1946.",
    epilog="Examples: `collsec run` · `collsec show h1` · `collsec cite h1`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
step_app = typer.Typer(
    help="Run one stage of the pipeline (Snakemake calls these).",
    epilog="Examples: `collsec step tables` · `collsec step panel h1`",
    no_args_is_help=True,
)
app.add_typer(step_app, name="step")


@step_app.callback()
def before_each_step() -> None:
    """Run one stage of the pipeline (Snakemake calls these)."""
    processor.in_force()  # before NumPy is imported


app.add_typer(results)
app.add_typer(registration)
app.add_typer(deposits)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"collsec {__version__}")
        raise typer.Exit


@app.callback()
def entry(
    _: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Test claims about UN collective security on every armed conflict since 1946."""


@app.command(
    context_settings={"allow_extra_args": True},
    epilog="Examples: `collsec run` · `collsec run --profile full --cores 8` · "
    "`collsec run --dry-run` · `collsec run -- --set-scatter work=8`",
)
def run(
    context: typer.Context,
    profile: Profile = "quick",
    cores: Annotated[str, typer.Option(help="How many cores to use, or `all`.")] = "all",
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")
    ] = False,
    is_quiet: Annotated[bool, typer.Option("--quiet", help="Report nothing but errors.")] = False,
    root: Root = None,
) -> None:
    """Run the whole study: raw tables to rendered reports. A second run does nothing.

    What persons write is checked first. A run that was interrupted or killed goes on where it was;
    what is missing, corrupt, or outdated is made again. Options after `--` are Snakemake's own.

    Exit codes: 0 done, 1 an error that its message names, 2 a wrong option, 3 another run is going
    on, 130 or 143 interrupted.
    """
    from rich.console import Console

    from collsec.cli import run as runs

    with runs.interruptible():
        runs.run(
            project_at(root),
            Console(highlight=False, quiet=is_quiet),
            profile=profile,
            cores=runs.cores_from(cores),
            further=context.args,
            is_dry=is_dry,
        )


@app.command(epilog="Examples: `collsec check` · `collsec check --json`")
def check(as_json: AsJson = False, root: Root = None) -> None:
    """Check everything that a person writes, and list every fault."""
    from collsec.cli.checked import faults

    found = faults(project_at(root))
    if as_json:
        answer(found)
    for fault in () if as_json else found:
        typer.echo(str(fault))
    if found:
        raise typer.Exit(1)
    if not as_json:
        typer.echo("Nothing is wrong.")


@app.command(epilog="Examples: `collsec todo` · `collsec todo --json`")
def todo(as_json: AsJson = False, root: Root = None) -> None:
    """List what needs a coder's hand: new wars, missions, and vetoes without links, open ends."""
    from rich.console import Console
    from rich.table import Table

    from collsec.tables.todo import todo as to_do

    found = to_do(project_at(root))
    if as_json:
        answer(found)
        return
    table = Table("what", "which", "why", "where (data/raw)", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.what, one.which, one.why, one.where)
    Console(highlight=False).print(table if found else "Nothing needs to be coded.")


@app.command(
    epilog="Examples: `collsec new study my-study` · `collsec new hypothesis h19-mediation` · "
    "`collsec new measure mediation --for h19`",
)
def new(
    kind: Annotated[Kind, typer.Argument(help="What is begun.", show_default=False)],
    name: Annotated[
        str,
        typer.Argument(
            help="Its name; of a hypothesis, with words behind it: `h19-mediation`; of a study, "
            "its folder.",
            show_default=False,
        ),
    ],
    hypothesis: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="Whose page brings it along: a measure, design, part, or table.",
            show_default=False,
            autocompletion=hypotheses_of,
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="What a reader sees.", show_default="from the name")
    ] = None,
    is_fixed: Annotated[
        bool,
        typer.Option(
            "--at-onset",
            help="Of a hypothesis: its exposure is known before the war, and does not begin in it.",
        ),
    ] = False,
    root: Root = None,
) -> None:
    """Begin something of your own: a start that passes `collsec check`, with its test."""
    from collsec.cli import new as starts

    if hypothesis is not None and kind in (Kind.STUDY, Kind.HYPOTHESIS, Kind.SOURCE):
        raise CollsecError(f"--for {hypothesis}: a {kind} belongs to no page. Leave it out.")
    if is_fixed and kind is not Kind.HYPOTHESIS:
        raise CollsecError(f"--at-onset: says of a hypothesis, not of a {kind}. Leave it out.")
    if kind is Kind.STUDY:
        if root is not None:
            raise CollsecError(f"--root {root}: a new study is the folder {name}. Leave it out.")
        made = starts.new_study(Path(name), title)
    else:
        made = starts.new(
            project_at(root),
            kind,
            name,
            hypothesis=hypothesis,
            title=title,
            exposure="covariate" if is_fixed else "exposure",
        )
    for what, paths in (("New", made.written), ("Changed", made.changed)):
        for path in paths:
            typer.echo(f"{what}: {os.path.relpath(path)}")
    typer.echo(f"Next: {made.following}")


@app.command(
    name="compile",
    epilog="Examples: `collsec compile --check` · "
    "`collsec compile --vintage 20.1 --to ../study-201`",
)
def compile_(
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of the upstream files.", show_default="data/upstream"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the committed tables, write nothing.")
    ] = False,
    vintage: Annotated[
        str | None,
        typer.Option(
            help="Release of the conflict data, such as `20.1` or `26.1`, as "
            "data/raw/rules/vintages.toml names it.",
            show_default="the study's",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Another folder of the study, whose data/raw is written.", show_default=False
        ),
    ] = None,
    root: Root = None,
) -> None:
    """Rebuild data/raw/compiled from upstream files by the coding rules."""
    from rich.console import Console

    from collsec.cli.data import show_compiled, show_left_out
    from collsec.compile import compile_all, compile_vintage, left_out
    from collsec.compile.conflicts.vintages import Vintages
    from collsec.compile.rules import read_rules

    project = project_at(root)
    upstream = source or project.upstream
    if to is None:
        if vintage not in (None, own := read_rules(project.raw / "rules", Vintages).first.name):
            raise CollsecError(
                f"the study's own tables are those of {own}: give a folder with --to."
            )
        compiled = compile_all(upstream, project.raw, check=check)
    elif check:
        raise CollsecError("--check compares the study's own tables: leave out --to.")
    else:
        chosen = vintage or read_rules(project.raw / "rules", Vintages).first.name
        compiled = compile_vintage(upstream, project.raw, project_at(to).raw, chosen)
    console = Console(highlight=False)
    show_compiled(compiled, console)
    if to is not None:
        show_left_out(left_out(project.raw, project_at(to).raw), console)


@step_app.command(epilog="Example: `collsec step tables`")
def tables(root: Root = None) -> None:
    """raw → tables: validate each table, write it typed."""
    from collsec import pipeline as steps

    steps.tables(project_at(root))


@step_app.command(epilog="Example: `collsec step episodes`")
def episodes(root: Root = None) -> None:
    """tables → episodes: join on coded keys, report what did not match."""
    from collsec import pipeline as steps

    steps.episodes(project_at(root))


@step_app.command(epilog="Example: `collsec step timelines`")
def timelines(root: Root = None) -> None:
    """episodes → timelines: exposures as step functions of calendar time."""
    from collsec import pipeline as steps

    steps.timelines(project_at(root))


@step_app.command(epilog="Example: `collsec step public`")
def public(root: Root = None) -> None:
    """tables, episodes, timelines → the tables that the study gives out."""
    from collsec import pipeline as steps

    steps.public(project_at(root))


@step_app.command(epilog="Example: `collsec step panel h1`")
def panel(hypothesis: Hypothesis, root: Root = None) -> None:
    """hypothesis file → specification; cohort + timelines → (start, stop] rows."""
    from collsec import pipeline as steps

    steps.panel(project_at(root), hypothesis)


@step_app.command(epilog="Example: `collsec step shard h1 2-of-4 --profile full`")
def shard(
    hypothesis: Hypothesis,
    part: Annotated[str, typer.Argument(help="Such as `2-of-4`.", show_default=False)],
    profile: Profile = "quick",
    root: Root = None,
) -> None:
    """panel → a shard of the work: specifications, draws and parts that need no other."""
    from collsec import pipeline as steps

    steps.shard(project_at(root), hypothesis, profile, part)


@step_app.command(epilog="Example: `collsec step estimate h1 --profile full`")
def estimate(
    hypothesis: Hypothesis,
    profile: Profile = "quick",
    shards: Annotated[
        int, typer.Option(help="Into how many shards the work was split.", min=1)
    ] = 2,
    root: Root = None,
) -> None:
    """shards → estimates, curves, diagnostics, verdict."""
    from collsec import pipeline as steps

    steps.estimate(project_at(root), hypothesis, profile, shards)


@step_app.command(epilog="Example: `collsec step synthesis`")
def synthesis(root: Root = None) -> None:
    """estimates of all hypotheses → multiplicity over the primaries."""
    from collsec import pipeline as steps

    steps.synthesis(project_at(root))


@step_app.command(epilog="Example: `collsec step reports`")
def reports(root: Root = None) -> None:
    """estimates → reports: write the Quarto project and render it."""
    from collsec import pipeline as steps

    steps.reports(project_at(root))


@app.command(epilog="Examples: `collsec claims` · `collsec claims --json`")
def claims(
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """List every claim of the article with its verdict, or why it has none."""
    from collsec.evidence.claims import FILE, are_listed
    from collsec.reports.tables.study import claims_as_json, claims_on_terminal
    from collsec.reports.words.claims import ledger_of

    project = project_at(root)
    if not are_listed(project):
        typer.echo("[]" if as_json else f"This study lists no claims: there is no {FILE}.")
        return
    ledger = ledger_of(project)
    warn_outdated(project)
    if as_json:
        typer.echo(claims_as_json(ledger))
        return
    from rich.console import Console

    console = Console(highlight=False)
    for title, table in claims_on_terminal(ledger):
        console.print(table.terminal(title=title, has_lines=True))


@app.command(
    epilog="Examples: `collsec codebook onset_date` · `collsec codebook episodes` · "
    "`collsec codebook --write docs`"
)
def codebook(
    name: Annotated[str | None, typer.Argument(help="Name of a column, or of a table.")] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Write all of it to a folder, as Markdown and HTML.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Say what a column means, where it stands, in which unit, and from which source.

    Of a table, say so of each of its columns.
    """
    from rich.console import Console

    from collsec.api import codebook as columns_of
    from collsec.reports.tables import codebook as pages
    from collsec.tables import codebook as book

    project = data_at(root)
    console = Console(highlight=False)
    if write is not None:
        for path in pages.write(project, write):
            typer.echo(path)
    entries = pages.entries_of(project) if as_json or name or write is None else {}
    if name is not None and name not in entries:
        found = columns_of(name, root=root)
        if as_json:
            answer(found.to_dict("records"))
        else:
            typer.echo(str(found))
    elif as_json:
        answer(entries if name is None else book.entry(entries, name))
    elif name is not None:
        console.print(pages.terminal(book.entry(entries, name)))
    elif write is None:
        console.print(pages.index(entries))


@app.command(
    epilog="Examples: `collsec export release` · `collsec export out country_months --format stata`"
)
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write.", show_default=False)],
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TABLE]...", help="Names of tables; all by default."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="`csv`, `parquet` or `stata`; all by default."),
    ] = None,
    root: Root = None,
) -> None:
    """Write the data release: public tables, their codebook, metadata, and references."""
    from collsec.api import public_tables
    from collsec.evidence import dataset
    from collsec.reports.tables.codebook import entries_of

    project = data_at(root)
    written = dataset.write(
        project,
        public_tables(project),
        folder,
        entries_of(project),
        names=tables or (),
        formats=formats or (),
    )
    for path in written:
        typer.echo(path)


@app.command(
    epilog="Examples: `collsec replicate` · `collsec replicate walter_2015 --from ../replication`"
)
def replicate(
    study: Annotated[str | None, typer.Argument(help="Name of an earlier study.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="Folder that holds the authors' file.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Compute an earlier study again from its authors' data, next to the printed numbers.

    Without a study: list those that can be computed, and the file that each needs.
    """
    from collsec.cli.data import show_replication, show_replications
    from collsec.replications import LEDGER, STUDIES, compare
    from collsec.replications import replicate as compute
    from collsec.tables.clean import read_raw

    if study is None:
        show_replications(STUDIES)
        return
    if folder is None:
        raise CollsecError(f"replicate {study}: name the folder of the authors' file with --from.")
    known, models = compute(study, folder)
    project = project_at(root)
    if not (project.raw / LEDGER["path"]).exists():
        project = Project(shipped())  # a study of one's own need not list what others printed
    ledger = read_raw(project, LEDGER)
    rows = compare(models, ledger[ledger["replication_id"] == study])
    if as_json:
        answer([dataclasses.asdict(row) | {"difference": row.difference} for row in rows])
    else:
        show_replication(known, rows)


@app.command(epilog="Examples: `collsec fetch` · `collsec fetch ucdp_acd --from ../upstream`")
def fetch(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Keys of data/raw/sources.toml; all by default."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Copy from this folder, download nothing.", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder of the upstream files.", show_default="data/upstream"),
    ] = None,
    root: Root = None,
) -> None:
    """Get the upstream files, checked: from a folder, or from the pinned public mirrors."""
    from rich.console import Console

    from collsec.cli.data import fetch_with_progress
    from collsec.upstream.sources import read_sources

    project = project_at(root)
    declared = read_sources(project.raw / "sources.toml")
    console = Console(highlight=False)
    fetch_with_progress(declared, to or project.upstream, sources or None, source, console)


@app.command(epilog="Examples: `collsec diff 20.1 25.1` · `collsec diff ../study-201 .`")
def diff(
    old: Annotated[str, typer.Argument(help="A folder of the study, or a release: 20.1, 25.1.")],
    new: Annotated[str, typer.Argument(help="The same.")],
    is_mixed: Annotated[
        bool,
        typer.Option("--mixed", help="Compare a quick run with a full one all the same."),
    ] = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Show what moved: episodes added, dropped and re-dated, and each estimate side by side."""
    from rich.console import Console

    from collsec.cli.data import show_difference
    from collsec.evidence.diff import difference_of, renamed, side_of
    from collsec.reports.pages.terminal import WIDTH

    project = project_at(root)
    sides = side_of(old, project), side_of(new, project)
    found = difference_of(*sides, renamed(project)["result"], is_mixed=is_mixed)
    if as_json:
        answer(found)
        return
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    show_difference(found, console)


#: With it, an error is answered in JSON too.
AS_JSON = "--json"
#: A wrong option or argument, whichever.
_WRONG_USE: type[typer.BadParameter] = typer.BadParameter.__mro__[1]
#: Names the file in which a step of the workflow keeps how it ended.
LOG_VARIABLE = "COLLSEC_LOG"
#: What the machine, not the program, may refuse.
FULL = (errno.ENOSPC, errno.EDQUOT)
MACHINE = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)


def main() -> None:
    """Run the command line; a user's mistake is one message, not a traceback.

    An error carries its exit code; 1 where it has none of its own.
    """
    # Designs with few clusters report exact tests and jackknives beside the clustered error.
    warnings.filterwarnings("ignore", message=r"standard errors from \d+ clusters are too small")
    try:
        with _logged():
            if AS_JSON not in sys.argv:
                app()
            elif code := app(standalone_mode=False):
                sys.exit(code)
    except _WRONG_USE as error:
        _fail(error.format_message(), error.exit_code)
    except CollsecError as error:
        _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        if (missing := extras.missing(error)) is None:
            raise
        _fail(missing, 1)
    except KeyboardInterrupt:
        _fail("interrupted.", 130)
    except OSError as error:
        if error.errno not in MACHINE:
            raise
        told = f"{error.filename or 'a file'}: {error.strerror}."
        _fail(f"{full_disk() if error.errno in FULL else told} Nothing was replaced.", 1)


@contextmanager
def _logged() -> Iterator[None]:
    """Keep how a step ended in the file that the workflow names, for machines far away."""
    name = os.environ.get(LOG_VARIABLE)
    if not name:
        yield
        return
    command = f"collsec {' '.join(sys.argv[1:])}\n"
    said = "done\n"
    try:
        yield
    except SystemExit as error:
        said = said if error.code in (0, None) else f"exit code {error.code}\n"
        raise
    except BaseException:
        said = traceback.format_exc()
        raise
    finally:
        with suppress(OSError):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(command + said, encoding="utf-8")


def _fail(message: str, code: int) -> None:
    """End with one message, which is JSON where the answer would have been JSON."""
    from rich.console import Console

    if AS_JSON in sys.argv:
        answer({"error": message})
        sys.exit(code)

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print("[bold red]error:[/] ", end="")
    console.print(message, markup=False)
    sys.exit(code)
