"""The stages of the pipeline, each a function of the project's folder.

Every step reads the files of the stage before it, calls pure functions, and writes its own files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.core.provenance import record

if TYPE_CHECKING:
    from collsec.designs import Inputs
    from collsec.histories.episodes import Linked

LINKED = ("episodes", "missions", "acts", "ties")
TIMELINES = ("deployment", "host_deployment", "council", "council_elsewhere", "war")
# Raw tables that designs read as they are, joined to no conflict.
UNJOINED = (
    "african_regions",
    "council_members",
    "draft_conflicts",
    "mission_milestones",
    "monthly_strength",
    "states",
)


def tables(project: Project) -> None:
    """raw → tables."""
    from collsec.tables.clean import clean

    clean(project)


def episodes(project: Project) -> None:
    """tables → episodes, with the link report."""
    from collsec.histories.episodes import assembly, link
    from collsec.tables.clean import resources

    names = list(resources(project))
    tables = {name: project.read("tables", name) for name in names}
    linked = link(tables)
    made_from = record(project, "episodes", [project.stage("tables", n) for n in names])
    for name in LINKED:
        project.write(getattr(linked, name), "episodes", name, made_from)
    project.write(assembly(tables), "episodes", "assembly", made_from)
    project.write(linked.report, "episodes", "links", made_from)


def read_linked(project: Project) -> Linked:
    """The linked episodes, read back."""
    from collsec.histories.episodes import Linked

    frames = {name: project.read("episodes", name) for name in LINKED}
    return Linked(**frames, report=project.read("episodes", "links"))


def timelines(project: Project) -> None:
    """episodes → timelines."""
    import collsec.histories.timelines as families

    linked = read_linked(project)
    made_from = record(project, "timelines", [project.stage("episodes", n) for n in LINKED])
    for family in TIMELINES:
        project.write(getattr(families, family)(linked), "timelines", family, made_from)


def read_inputs(project: Project, hypothesis: str) -> Inputs:
    """What a design works on: specification, shared choices, episodes, timelines, ties."""
    import json

    from collsec.designs import Inputs
    from collsec.hypothesis.specification import from_json, load_study

    path = project.spec_json(hypothesis)
    if not path.exists():
        raise MissingInput(
            f"{project.relative(path)} is missing: run `collsec step panel {hypothesis}`."
        )
    return Inputs(
        spec=from_json(json.loads(path.read_text(encoding="utf-8"))),
        study=load_study(project),
        episodes=project.read("episodes", "episodes"),
        ties=project.read("episodes", "ties"),
        missions=project.read("episodes", "missions"),
        acts=project.read("episodes", "acts"),
        timelines={family: project.read("timelines", family) for family in TIMELINES},
        tables={name: project.read("tables", name) for name in UNJOINED},
    )


def _design_files(project: Project, hypothesis: str) -> list[Path]:
    files = [project.stage("episodes", n) for n in LINKED]
    files += [project.stage("timelines", n) for n in TIMELINES]
    files += [project.stage("tables", n) for n in UNJOINED]
    return [*files, project.spec_json(hypothesis)]


def panel(project: Project, hypothesis: str) -> None:
    """hypothesis file → checked specification; cohort + timelines → panel and attrition table.

    The multiverse's specifications are tagged and hashed here, before anything is estimated.
    """
    from collsec.designs import registry
    from collsec.hypothesis.multiverse import declared, digest, expand
    from collsec.hypothesis.specification import load, load_study

    load_study(project)
    spec = load(project, hypothesis)
    project.write_json(spec.normalized(), project.spec_json(hypothesis))
    grid = declared(expand(spec))
    tagged = record(project, "specs", [project.spec_json(hypothesis)]) | {"declared": digest(grid)}
    project.write(grid, "specs", f"{hypothesis}-multiverse", tagged)
    rows, attrition = registry.get(spec.design).panel(read_inputs(project, hypothesis))
    made_from = record(project, "panels", _design_files(project, hypothesis))
    project.write(rows, "panels", hypothesis, made_from)
    project.write(attrition, "panels", f"{hypothesis}-attrition", made_from)


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
    import collsec.subjects  # noqa: F401 - parts register themselves on import
    from collsec.designs import tasks as work
    from collsec.designs.multiverse import estimate_all
    from collsec.hypothesis.multiverse import expand
    from collsec.survival import EstimationError
    from collsec.survival.inference import InferenceError

    number, _, total = name.partition("-of-")
    if not (number.isdigit() and total.isdigit() and 1 <= int(number) <= int(total)):
        raise CollsecError(f"shard {name!r}: must name one of so many, such as 2-of-4.")
    k, n = int(number), int(total)
    inputs = read_inputs(project, hypothesis)
    specifications = expand(inputs.spec)
    first, last = ((len(specifications) * i) // n for i in (k - 1, k))
    every = work.tasks(inputs, inputs.study.draws(profile))
    try:
        made = estimate_all(inputs, specifications[first:last])
        done = {task: every[task]() for task in work.of_shard(list(every), k, n)}
    except (EstimationError, InferenceError) as error:
        spec = project.relative(project.spec_file(hypothesis))
        raise CollsecError(f"{spec}, profile {profile}: {error}") from None
    made_from = record(project, "shards", _design_files(project, hypothesis)) | {"profile": profile}
    project.write(made, "shards", f"{hypothesis}-multiverse-{name}", made_from)
    project.write_json(
        {"tasks": work.to_json(done), "provenance": made_from},
        project.shard(hypothesis, name),
        is_internal=True,
    )


def estimate(project: Project, hypothesis: str, profile: str, shards: int) -> None:
    """shards → multiverse, estimates, curves and the JSON record with the verdict.

    Raises
    ------
    CollsecError
        If a shard is missing or of another profile, or if the multiverse that was declared is not
        what was estimated.
    """
    import json

    import pandas as pd

    import collsec.subjects  # noqa: F401 - parts register themselves on import
    from collsec.core.provenance import data_vintage
    from collsec.designs import tasks as work
    from collsec.evidence.estimation import estimate_hypothesis
    from collsec.hypothesis.multiverse import digest

    inputs = read_inputs(project, hypothesis)
    grid = project.read("specs", f"{hypothesis}-multiverse")
    names = [f"{k}-of-{shards}" for k in range(1, shards + 1)]
    specifications = pd.concat(
        [project.read("shards", f"{hypothesis}-multiverse-{name}") for name in names],
        ignore_index=True,
    )
    if digest(specifications) != digest(grid):
        grid_file = project.relative(project.stage("specs", f"{hypothesis}-multiverse"))
        raise CollsecError(
            f"{grid_file}: declared for another specification. "
            f"Run `collsec step panel {hypothesis}` and the shards first."
        )
    done: dict[str, Any] = {}
    for name in names:
        path = project.shard(hypothesis, name)
        one = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
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
    files = [*_design_files(project, hypothesis), project.stage("panels", hypothesis)]
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


def synthesis(project: Project) -> None:
    """estimates of all hypotheses → what can be said only of all together."""
    from collsec.designs.estimate import rounded
    from collsec.evidence.synthesis import over_primaries
    from collsec.hypothesis.specification import load_study

    study = load_study(project)
    estimates = {h: project.read("estimates", h) for h in study.hypotheses}
    made_from = record(project, "estimates", [project.stage("estimates", h) for h in estimates])
    made = over_primaries(estimates, study.hypotheses[: study.primaries])
    project.write_json(rounded(made) | {"provenance": made_from}, project.record("study"))


def reports(project: Project) -> None:
    """estimates → Quarto project → site."""
    from collsec.hypothesis.specification import load_study
    from collsec.reports.render import build

    build(project.root, list(load_study(project).hypotheses))


def code_of(stage: str) -> list[Path]:
    """The modules on which a stage rests: what its function imports, and what those import in turn.

    Snakemake notices an edit of an imported module only where the module is an input of the rule.

    Parameters
    ----------
    stage : str
        Name of a stage's function in this module.

    Returns
    -------
    list of Path
        Source files of the package in alphabetical order, this one among them.

    Raises
    ------
    KeyError
        If no function has that name.
    """
    import ast

    import grimp

    package = Path(__file__).parent
    functions = {
        node.name: node
        for node in ast.parse(Path(__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    graph = grimp.build_graph(package.name, exclude_type_checking_imports=True, cache_dir=None)
    called, waiting, entries = set(), [functions[stage]], {__name__.split(".")[0]}
    while waiting:
        function = waiting.pop()
        called.add(function.name)
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom) and node.module in graph.modules:
                entries |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                entries |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Name) and node.id in functions.keys() - called:
                waiting.append(functions[node.id])
    entries &= graph.modules
    reached = entries.union(*(graph.find_upstream_modules(m) for m in entries)) | {__name__}
    files = []
    for module in reached:
        path = package.joinpath(*module.split(".")[1:])
        files.append(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
    return sorted(files)
