"""The stages, each a function of the project's folder.

Every step reads the files of the stage before it, calls pure functions, and writes its own files;
what it wrote, from what, stands in its manifest.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec

from collsec.core import processor
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.manifest import WorkUnit
from collsec.core.project import Project
from collsec.core.provenance import record
from collsec.pipeline.freshness import rests_on
from collsec.pipeline.inputs import design_files, place, read_inputs
from collsec.pipeline.names import registered, registries

Arguments = ParamSpec("Arguments")


def step(stage: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a stage write all of its files or none, with a manifest of what it made from what."""
    signature = inspect.signature(stage)

    @functools.wraps(stage)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        given = signature.bind(*args, **kwargs).arguments
        project: Project = given["project"]
        unit = WorkUnit(stage.__name__, given.get("hypothesis", ""), given.get("name", ""))
        in_force = processor.in_force()
        sources, settings = rests_on(project, unit, given.get("profile", ""))
        if processor.INSTRUCTIONS in settings:
            settings[processor.INSTRUCTIONS] = in_force
        with project.making(unit, sources, settings):
            stage(*args, **kwargs)

    return run


@step
def tables(project: Project) -> None:
    """raw → tables."""
    from collsec.tables.clean import clean

    clean(project)


@step
def episodes(project: Project) -> None:
    """tables → episodes: every linked frame, the link report, and how far each record reaches."""
    from collsec.histories import episodes, extents
    from collsec.tables.clean import resources

    names = list(resources(project))
    tables = {name: project.read("tables", name) for name in names}
    made_from = record(project, "episodes", [project.stage("tables", n) for n in names])
    for name, frame in episodes.link(tables).items():
        project.write(frame, "episodes", name, made_from)
    project.write(extents.tabulate(tables), "episodes", "extents", made_from)


@step
def timelines(project: Project) -> None:
    """episodes → timelines."""
    from collsec.histories import TIMELINES
    from collsec.histories.registry import of_study

    for name, timeline in of_study(TIMELINES).items():
        frames = {taken: project.read(*place(taken)) for taken in timeline.takes}
        made_from = record(project, "timelines", [project.stage(*place(n)) for n in timeline.takes])
        project.write(timeline(frames), "timelines", name, made_from)


@step
def public(project: Project) -> None:
    """tables, episodes, timelines → the tables that the study gives out."""
    from collsec.histories.public import PUBLIC

    for name, table in PUBLIC.items():
        frames = {taken: project.read(*place(taken)) for taken in table.takes}
        made_from = record(project, "public", [project.stage(*place(n)) for n in table.takes])
        project.write(table(frames), "public", name, made_from)


@step
def panel(project: Project, hypothesis: str) -> None:
    """hypothesis file → checked specification; cohort + timelines → panel and attrition table.

    The multiverse's specifications are tagged and hashed here, before anything is estimated.
    """
    from collsec.designs import registry
    from collsec.hypothesis.multiverse import declared, digest, expand
    from collsec.hypothesis.study import load_study
    from collsec.hypothesis.validation import load

    load_study(project)
    known = registries(project)
    spec = load(project, hypothesis, known)
    project.write_json(spec.normalized(), project.spec_json(hypothesis))
    grid = declared(expand(spec, known))
    tagged = record(project, "specs", [project.spec_json(hypothesis)]) | {"declared": digest(grid)}
    project.write(grid, "specs", f"{hypothesis}-multiverse", tagged)
    rows, attrition = registry.get(spec.design).panel(read_inputs(project, hypothesis))
    if rows.empty:
        last = attrition["step"].iloc[-1]
        page = project.relative(project.spec_file(hypothesis))
        raise CollsecError(f"{page}: no war is followed; none remains after the step {last!r}.")
    made_from = record(project, "panels", design_files(project, spec))
    project.write(rows, "panels", hypothesis, made_from)
    project.write(attrition, "panels", f"{hypothesis}-attrition", made_from)


@step
def shard(project: Project, hypothesis: str, profile: str, name: str) -> None:
    """panel → one shard of the hypothesis' work: specifications estimated, tasks done.

    Parameters
    ----------
    project : Project
    hypothesis, profile : str
    name : str
        Which of how many, such as ``2-of-4``. Numbers do not depend on it.

    Raises
    ------
    CollsecError
        If the shard is ill-formed, or something cannot be estimated.
    """
    from collsec.designs import tasks as work
    from collsec.designs.registry import get
    from collsec.hypothesis.multiverse import expand
    from riskset import EstimationError
    from riskset.inference import InferenceError

    number, _, total = name.partition("-of-")
    if not (number.isdigit() and total.isdigit() and 1 <= int(number) <= int(total)):
        raise CollsecError(f"shard {name!r}: must name one of so many, such as 2-of-4.")
    k, n = int(number), int(total)
    inputs = read_inputs(project, hypothesis)
    specifications = expand(inputs.spec, registered())
    first, last = ((len(specifications) * i) // n for i in (k - 1, k))
    every = work.tasks(inputs, inputs.study.draws(profile))
    try:
        # A shard without a specification estimates one for its columns, and keeps no row.
        made = get(inputs.spec.design).specified(
            inputs, specifications[first:last] or specifications[:1]
        )
        made = made.iloc[: last - first]
        done = {task: every[task]() for task in work.of_shard(list(every), k, n)}
    except (EstimationError, InferenceError) as error:
        spec = project.relative(project.spec_file(hypothesis))
        raise CollsecError(f"{spec}, profile {profile}: {error}") from None
    made_from = record(project, "shards", design_files(project, inputs.spec))
    made_from |= {"profile": profile}
    project.write(made, "shards", f"{hypothesis}-multiverse-{name}", made_from)
    project.write_json(
        {"tasks": work.to_json(done), "provenance": made_from},
        project.shard(hypothesis, name),
        is_internal=True,
    )


@step
def estimate(project: Project, hypothesis: str, profile: str, shards: int) -> None:
    """shards → multiverse, estimates, curves and the JSON record with the verdict.

    Raises
    ------
    CollsecError
        If a shard is missing or of another profile, or if the multiverse that was declared is not
        what was estimated.
    """
    import pandas as pd

    from collsec.core.provenance import data_vintage
    from collsec.designs import tasks as work
    from collsec.evidence.estimation import estimate_hypothesis
    from collsec.hypothesis.multiverse import digest

    inputs = read_inputs(project, hypothesis)
    grid = project.read("specs", f"{hypothesis}-multiverse")
    names = [f"{k}-of-{shards}" for k in range(1, shards + 1)]
    frames = [project.read("shards", f"{hypothesis}-multiverse-{name}") for name in names]
    # Columns of an empty shard have lost their types.
    specifications = pd.concat([one for one in frames if len(one)], ignore_index=True)
    if digest(specifications) != digest(grid):
        grid_file = project.relative(project.stage("specs", f"{hypothesis}-multiverse"))
        raise CollsecError(
            f"{grid_file}: declared for another specification. "
            f"Run `collsec step panel {hypothesis}` and the shards first."
        )
    done: dict[str, Any] = {}
    for name in names:
        path = project.shard(hypothesis, name)
        one = project.read_json(path) if path.exists() else None
        if one is None or one["provenance"]["profile"] != profile:
            raise MissingInput(
                f"{project.relative(path)}: absent for profile {profile}. "
                f"Run `collsec step shard {hypothesis} {name} --profile {profile}` first."
            )
        done |= one["tasks"]
    draws = inputs.study.draws(profile)
    made = estimate_hypothesis(
        inputs, project.read("panels", hypothesis), specifications, work.from_json(done), draws
    )
    files = [*design_files(project, inputs.spec), project.stage("panels", hypothesis)]
    made_from = record(project, "estimates", files) | {"profile": profile}
    project.write(
        specifications,
        "estimates",
        f"{hypothesis}-multiverse",
        made_from | {"declared": digest(grid)},
    )
    project.write(made.estimates, "estimates", hypothesis, made_from)
    project.write(made.curves, "estimates", f"{hypothesis}-curves", made_from)
    provenance = made_from | {"data_vintage": data_vintage(project)}
    project.write_json(made.record | {"provenance": provenance}, project.record(hypothesis))


@step
def synthesis(project: Project) -> None:
    """estimates of all hypotheses → what can be said only of all together."""
    from collsec.designs.estimate import rounded
    from collsec.evidence.verdict import over_primaries
    from collsec.hypothesis.study import load_study

    study = load_study(project)
    estimates = {h: project.read("estimates", h) for h in study.hypotheses}
    made_from = record(project, "estimates", [project.stage("estimates", h) for h in estimates])
    least = (study.least_exposed_events, study.least_exposed_clusters)
    made = over_primaries(estimates, study.primaries, least)
    project.write_json(rounded(made) | {"provenance": made_from}, project.record("study"))


@step
def reports(project: Project) -> None:
    """estimates → Quarto project → site."""
    from collsec.hypothesis.study import load_study
    from collsec.reports.render import build

    build(project, list(load_study(project).hypotheses))
