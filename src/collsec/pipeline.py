"""The stages of the pipeline, each a function of the project's folder.

Every step reads the files of the stage before it, calls pure functions, and writes its own files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Store
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


def tables(store: Store) -> None:
    """raw → tables."""
    from collsec.tables.clean import clean

    clean(store)


def episodes(store: Store) -> None:
    """tables → episodes, with the link report."""
    from collsec.histories.episodes import assembly, link
    from collsec.tables.clean import resources

    names = list(resources(store))
    tables = {name: store.read("tables", name) for name in names}
    linked = link(tables)
    made_from = record(store, "episodes", [store.stage("tables", n) for n in names])
    for name in LINKED:
        store.write(getattr(linked, name), "episodes", name, made_from)
    store.write(assembly(tables), "episodes", "assembly", made_from)
    store.write(linked.report, "episodes", "links", made_from)


def read_linked(store: Store) -> Linked:
    """The linked episodes, read back."""
    from collsec.histories.episodes import Linked

    frames = {name: store.read("episodes", name) for name in LINKED}
    return Linked(**frames, report=store.read("episodes", "links"))


def timelines(store: Store) -> None:
    """episodes → timelines."""
    import collsec.histories.timelines as families

    linked = read_linked(store)
    made_from = record(store, "timelines", [store.stage("episodes", n) for n in LINKED])
    for family in TIMELINES:
        store.write(getattr(families, family)(linked), "timelines", family, made_from)


def read_inputs(store: Store, hypothesis: str) -> Inputs:
    """What a design works on: specification, shared choices, episodes, timelines, ties."""
    import json

    from collsec.designs import Inputs
    from collsec.hypothesis.specification import from_json, load_study

    path = store.spec_json(hypothesis)
    if not path.exists():
        raise MissingInput(
            f"{store.relative(path)} is missing: run `collsec step panel {hypothesis}`."
        )
    return Inputs(
        spec=from_json(json.loads(path.read_text(encoding="utf-8"))),
        study=load_study(store),
        episodes=store.read("episodes", "episodes"),
        ties=store.read("episodes", "ties"),
        missions=store.read("episodes", "missions"),
        acts=store.read("episodes", "acts"),
        timelines={family: store.read("timelines", family) for family in TIMELINES},
        tables={name: store.read("tables", name) for name in UNJOINED},
    )


def _design_files(store: Store, hypothesis: str) -> list[Path]:
    files = [store.stage("episodes", n) for n in LINKED]
    files += [store.stage("timelines", n) for n in TIMELINES]
    files += [store.stage("tables", n) for n in UNJOINED]
    return [*files, store.spec_json(hypothesis)]


def panel(store: Store, hypothesis: str) -> None:
    """hypothesis file → checked specification; cohort + timelines → panel and attrition table.

    The multiverse's specifications are tagged and hashed here, before anything is estimated.
    """
    from collsec.designs import arrange_panel
    from collsec.hypothesis.multiverse import declared, digest, expand
    from collsec.hypothesis.specification import load, load_study

    load_study(store)
    spec = load(store, hypothesis)
    store.write_json(spec.normalized(), store.spec_json(hypothesis))
    grid = declared(expand(spec))
    tagged = record(store, "specs", [store.spec_json(hypothesis)]) | {"declared": digest(grid)}
    store.write(grid, "specs", f"{hypothesis}-multiverse", tagged)
    rows, attrition = arrange_panel(read_inputs(store, hypothesis))
    made_from = record(store, "panels", _design_files(store, hypothesis))
    store.write(rows, "panels", hypothesis, made_from)
    store.write(attrition, "panels", f"{hypothesis}-attrition", made_from)


def share(store: Store, hypothesis: str, profile: str, part: str) -> None:
    """panel → one share of the hypothesis' work: specifications estimated, pieces done.

    Parameters
    ----------
    store : Store
    hypothesis, profile : str
    part : str
        Which of how many, such as ``2-of-4``. Numbers do not depend on it.

    Raises
    ------
    CollsecError
        If the share is ill-formed, or something cannot be estimated.
    """
    from collsec.designs import work
    from collsec.designs.multiverse import estimate_all
    from collsec.hypothesis.multiverse import expand
    from collsec.survival import EstimationError
    from collsec.survival.inference import InferenceError

    number, _, total = part.partition("-of-")
    if not (number.isdigit() and total.isdigit() and 1 <= int(number) <= int(total)):
        raise CollsecError(f"share {part!r}: must name one of so many, such as 2-of-4.")
    k, n = int(number), int(total)
    inputs = read_inputs(store, hypothesis)
    specifications = expand(inputs.spec)
    first, last = ((len(specifications) * i) // n for i in (k - 1, k))
    pieces = work.pieces(inputs, inputs.study.draws(profile))
    try:
        made = estimate_all(inputs, specifications[first:last])
        done = {name: pieces[name]() for name in work.shared_out(list(pieces), k, n)}
    except (EstimationError, InferenceError) as error:
        spec = store.relative(store.spec_file(hypothesis))
        raise CollsecError(f"{spec}, profile {profile}: {error}") from None
    made_from = record(store, "shares", _design_files(store, hypothesis)) | {"profile": profile}
    store.write(made, "shares", f"{hypothesis}-multiverse-{part}", made_from)
    store.write_json(
        {"pieces": work.to_json(done), "provenance": made_from},
        store.share(hypothesis, part),
        is_internal=True,
    )


def estimate(store: Store, hypothesis: str, profile: str, shares: int) -> None:
    """shares → multiverse, estimates, curves and the JSON record with the verdict.

    Raises
    ------
    CollsecError
        If a share is missing or of another profile, or if the multiverse that was declared is not
        what was estimated.
    """
    import json

    import pandas as pd

    from collsec.core.provenance import data_vintage
    from collsec.designs import work
    from collsec.evidence.estimation import estimate_hypothesis
    from collsec.hypothesis.multiverse import digest

    inputs = read_inputs(store, hypothesis)
    grid = store.read("specs", f"{hypothesis}-multiverse")
    names = [f"{k}-of-{shares}" for k in range(1, shares + 1)]
    specifications = pd.concat(
        [store.read("shares", f"{hypothesis}-multiverse-{name}") for name in names],
        ignore_index=True,
    )
    if digest(specifications) != digest(grid):
        path = store.relative(store.stage("specs", f"{hypothesis}-multiverse"))
        raise CollsecError(
            f"{path}: declared for another specification. "
            f"Run `collsec step panel {hypothesis}` and the shares first."
        )
    pieces: dict[str, Any] = {}
    for name in names:
        shared = store.share(hypothesis, name)
        one = json.loads(shared.read_text(encoding="utf-8")) if shared.exists() else None
        if one is None or one["provenance"]["profile"] != profile:
            raise MissingInput(
                f"{store.relative(shared)}: not there for profile {profile}. "
                f"Run `collsec step share {hypothesis} {name} --profile {profile}` first."
            )
        pieces |= one["pieces"]
    draws = inputs.study.draws(profile)
    made = estimate_hypothesis(
        inputs, store.read("panels", hypothesis), specifications, work.from_json(pieces), draws
    )
    files = [*_design_files(store, hypothesis), store.stage("panels", hypothesis)]
    made_from = record(store, "estimates", files) | {"profile": profile}
    store.write(
        specifications,
        "estimates",
        f"{hypothesis}-multiverse",
        made_from | {"declared": digest(grid)},
    )
    store.write(made.estimates, "estimates", hypothesis, made_from)
    store.write(made.curves, "estimates", f"{hypothesis}-curves", made_from)
    provenance = made_from | {"data_vintage": data_vintage(store)}
    store.write_json(made.record | {"provenance": provenance}, store.record(hypothesis))


def synthesis(store: Store) -> None:
    """estimates of all hypotheses → what can be said only of all together."""
    from collsec.designs.estimate import rounded
    from collsec.evidence.synthesis import over_primaries
    from collsec.hypothesis.specification import load_study

    study = load_study(store)
    estimates = {h: store.read("estimates", h) for h in study.hypotheses}
    made_from = record(store, "estimates", [store.stage("estimates", h) for h in estimates])
    made = over_primaries(estimates, study.hypotheses[: study.primaries])
    store.write_json(rounded(made) | {"provenance": made_from}, store.record("study"))


def reports(store: Store) -> None:
    """estimates → Quarto project → site."""
    from collsec.hypothesis.specification import load_study
    from collsec.reports.render import build

    build(store.root, list(load_study(store).hypotheses))


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
