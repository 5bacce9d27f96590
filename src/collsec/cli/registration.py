"""Register the declared set for a release that nobody has seen, and run it on that release."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from collsec.cli.options import AsJson, Root, answer
from collsec.core.project import project_at

registration = typer.Typer()


@registration.command(epilog="Example: `collsec register 26.1`")
def register(
    release: Annotated[
        str, typer.Argument(help="Release of the conflict data, not yet seen.", show_default=False)
    ],
    root: Root = None,
) -> None:
    """Write the declared set to analyses/REGISTRATION.json, for data that nobody has seen."""
    from collsec import pipeline

    project = project_at(root)
    path = pipeline.register(project, release)
    typer.echo(f"Registered for release {release}: {project.relative(path)}")


@registration.command(epilog="Examples: `collsec confirm` · `collsec confirm --json`")
def confirm(as_json: AsJson = False, root: Root = None) -> None:
    """Run the registered set: on follow-up that had not been seen, and on all years.

    Follow-up alone can say confirmed or not confirmed; all years are updated, never confirmed.
    """
    from collsec import pipeline

    found = pipeline.confirm(project_at(root))
    if as_json:
        answer(found)
        return
    here = f"data {found['version']}"
    if found["is_registered"]:
        typer.echo(f"Registered for release {found['release']}, which is here.")
    else:
        typer.echo(f"Registered for release {found['release']}; {here}: not the registered one.")
    typer.echo(f"Follow-up from {found['follow_up_from']} alone | all years, updated")
    for row in found["hypotheses"]:
        changed = "" if row["is_as_registered"] else "  (specification changed since)"
        alone, every = row["follow_up"], row["all_years"]
        typer.echo(
            f"{row['hypothesis']}: {alone['standing']}, {_ratio(alone)}, exposed outcomes "
            f"{alone['exposed_events']} (expected {row['expected_per_year']:g} a year) | "
            f"{_ratio(every)}{changed}"
        )


def _ratio(found: dict[str, Any]) -> str:
    values = [found[name] for name in ("estimate", "ci_low", "ci_high")]
    if any(v is None or not math.isfinite(v) for v in values):
        return "no ratio"
    ratio, low, high = values
    return f"ratio {ratio:.2f} ({low:.2f} to {high:.2f})"
