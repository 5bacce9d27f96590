"""The stages of the pipeline, each a function of the project's folder.

Every step reads the files of the stage before it, calls pure functions, and writes its own files;
what it wrote, from what, stands in its manifest.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from collsec.core.errors import CollsecError, Fault, MissingInput
from collsec.core.manifest import WorkUnit
from collsec.core.project import Project
from collsec.core.provenance import record

if TYPE_CHECKING:
    from collsec.core.manifest import Digests
    from collsec.designs import Inputs
    from collsec.hypothesis.registries import Registries
    from collsec.hypothesis.specification import Spec

#: Source whose releases bring wars that nobody has seen.
CONFLICTS = "ucdp_acd"
Known = TypeVar("Known")
Arguments = ParamSpec("Arguments")


def step(stage: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a stage write all of its files or none, with a manifest of what it made from what."""
    signature = inspect.signature(stage)

    @functools.wraps(stage)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        given = signature.bind(*args, **kwargs).arguments
        project: Project = given["project"]
        unit = WorkUnit(stage.__name__, given.get("hypothesis", ""), given.get("name", ""))
        with project.making(unit, *rests_on(project, unit, given.get("profile", ""))):
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
        frames = {taken: project.read(*_place(taken)) for taken in timeline.takes}
        made_from = record(
            project, "timelines", [project.stage(*_place(n)) for n in timeline.takes]
        )
        project.write(timeline(frames), "timelines", name, made_from)


@step
def public(project: Project) -> None:
    """tables, episodes, timelines → the tables that the study gives out."""
    from collsec.histories.public import PUBLIC

    for name, table in PUBLIC.items():
        frames = {taken: project.read(*_place(taken)) for taken in table.takes}
        made_from = record(project, "public", [project.stage(*_place(n)) for n in table.takes])
        project.write(table(frames), "public", name, made_from)


def _place(name: str) -> tuple[str, str]:
    """Stage and file of a timeline, a linked frame, or else a raw table, by its name."""
    from collsec.histories import FRAMES, TIMELINES

    stage = "timelines" if name in TIMELINES else "episodes" if name in FRAMES else "tables"
    return stage, name


def registered() -> Registries:
    """What a specification may name of the code: all but tables, claims, and sources."""
    import collsec.subjects  # noqa: F401  (parts register themselves)
    from collsec.designs import DESIGNS, PARTS
    from collsec.evidence.verdict import CODES
    from collsec.histories.cohorts import CLUSTERS, DAY_STRATA, RULES, STRATA
    from collsec.hypothesis.registries import Registries
    from collsec.measures import SHARED

    return Registries(
        measures=SHARED,
        designs=DESIGNS,
        parts=PARTS,
        rules=RULES,
        strata=STRATA,
        day_strata=DAY_STRATA,
        clusters=CLUSTERS,
        verdicts=CODES,
        tables={},
        claims=None,
        sources=None,
    )


def registries(project: Project) -> Registries:
    """Everything that a specification may name."""
    from collsec.tables.clean import CLAIMS, read_json, read_raw, resources
    from collsec.upstream.sources import read_sources

    tables = {
        name: [f["name"] for f in read_json(project, project.raw / one["schema"])["fields"]]
        for name, one in (_known(lambda: resources(project)) or {}).items()
    }
    has_claims = (project.raw / CLAIMS["path"]).exists()
    return dataclasses.replace(
        registered(),
        tables=tables,
        claims=_known(lambda: set(read_raw(project, CLAIMS)["claim_id"])) if has_claims else (),
        sources=_known(lambda: set(read_sources(project.raw / "sources.toml"))),
    )


def _known(read: Callable[[], Known]) -> Known | None:
    """What a file holds; nothing where it is at fault, which is told of the file itself."""
    try:
        return read()
    except CollsecError:
        return None


def faults(project: Project) -> list[Fault]:
    """Everything that is wrong with what a person writes, by file and line.

    Raw tables, sources, claims, `_study.yml`, specifications, cases and withdrawals are checked,
    each as the stage that reads it would; nothing is written.
    """
    from collsec.evidence import cases, claims, withheld
    from collsec.hypothesis.faults import faults

    further = [cases.check, withheld.check, *([claims.read] if claims.are_listed(project) else [])]
    return faults(project, registries, further)


def schemas() -> dict[str, Any]:
    """Models of the documents of a study, by the name of their JSON Schema."""
    from collsec.evidence.cases import Entries
    from collsec.evidence.record import StoredRecord
    from collsec.evidence.withheld import Entries as Withdrawals
    from collsec.hypothesis.specification import FrontMatter
    from collsec.hypothesis.study import Study
    from collsec.upstream.sources import Blocks

    return {
        "hypothesis": FrontMatter,
        "study": Study,
        "cases": Entries,
        "withdrawn": Withdrawals,
        "sources": Blocks,
        "record": StoredRecord,
    }


def publish_schemas(project: Project) -> list[Path]:
    """Write the JSON Schemas of ``docs/schemas`` and the page of all keys."""
    from collsec.hypothesis.schemas import published

    written = []
    for name, text in published(schemas()).items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def read_inputs(project: Project, hypothesis: str) -> Inputs:
    """What a design works on: specification, shared choices, frames, timelines, extents.

    What a page brings along is made here, from its tables and those of the study.
    """
    from collsec.core.documents import read_json
    from collsec.core.schema import validate
    from collsec.designs import Inputs
    from collsec.histories import EXTENTS, FRAMES, TIMELINES
    from collsec.histories.extents import by_name, tabulate
    from collsec.histories.registry import brought_by, of_study
    from collsec.hypothesis.extension import load_modules, own_covariates, own_tables
    from collsec.hypothesis.specification import from_json
    from collsec.hypothesis.study import load_study

    path = project.spec_json(hypothesis)
    project.content(path)  # verified
    document = read_json(project.located(path), project.relative(path))
    spec = from_json(document.content)
    load_modules(project, spec, document)
    frames = own_tables(project, spec, document)
    own_covariates(project, spec, document)
    frames |= {n: project.read(*_place(n)) for n in frames_of(spec) if n not in frames}
    for name, made in brought_by(FRAMES, hypothesis).items():
        frames[name] = made(frames)
    timelines = {n: frames.pop(n) for n in of_study(TIMELINES)}
    for name, steps in brought_by(TIMELINES, hypothesis).items():
        timelines[name] = validate(steps(frames | timelines), f"timelines/{name}")
    extents = project.read("episodes", "extents")
    own = tabulate(frames, brought_by(EXTENTS, hypothesis))
    return Inputs(
        spec=spec,
        study=load_study(project),
        **{name: frames.pop(name) for name in ("episodes", "ties", "missions", "acts")},
        timelines=timelines,
        frames=frames,
        extents=by_name(extents) | by_name(own),
    )


def frames_of(spec: Spec) -> list[str]:
    """Names of the linked frames, timelines, and raw tables that a hypothesis may take.

    Of what its page brings along, what that is made from counts, and its own tables.
    """
    from collsec.evidence.citation import columns_used
    from collsec.histories import EXTENTS, FRAMES, TIMELINES
    from collsec.histories.registry import brought_by, of_study

    used = [column.partition(".")[0] for column in columns_used(spec.normalized())]
    own = {
        name: entry
        for registry in (FRAMES, TIMELINES, EXTENTS)
        for name, entry in brought_by(registry, spec.hypothesis).items()
    }
    taken = [name for entry in own.values() for name in entry.takes]
    names = dict.fromkeys([*of_study(FRAMES), *of_study(TIMELINES), *used, *taken])
    return [name for name in names if name not in own]


def _design_files(project: Project, spec: Spec) -> list[Path]:
    beside = project.spec_file(spec.hypothesis).parent
    own = {Path(name).stem: beside / name for name in spec.tables}
    files = [own.get(name) or project.stage(*_place(name)) for name in frames_of(spec)]
    return [*files, project.stage("episodes", "extents"), project.spec_json(spec.hypothesis)]


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
        step = attrition["step"].iloc[-1]
        page = project.relative(project.spec_file(hypothesis))
        raise CollsecError(f"{page}: no war is followed; none remains after the step {step!r}.")
    made_from = record(project, "panels", _design_files(project, spec))
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
    import collsec.subjects  # noqa: F401 - parts register themselves on import
    from collsec.designs import tasks as work
    from collsec.designs.registry import get
    from collsec.hypothesis.multiverse import expand
    from collsec.survival import EstimationError
    from collsec.survival.inference import InferenceError

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
    made_from = record(project, "shards", _design_files(project, inputs.spec))
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

    import collsec.subjects  # noqa: F401 - parts register themselves on import
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
    files = [*_design_files(project, inputs.spec), project.stage("panels", hypothesis)]
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
    made = over_primaries(estimates, study.primaries)
    project.write_json(rounded(made) | {"provenance": made_from}, project.record("study"))


def register(project: Project, release: str, source: str = CONFLICTS) -> Path:
    """Write the registration of the declared set for a release that has not been seen.

    Parameters
    ----------
    project : Project
        Its panels must have been made.
    release : str
    source : str
        Key of the data whose release it is.

    Raises
    ------
    CollsecError
        If the release is the one that is here.
    """
    import json

    from collsec.evidence.registration import FILE, registered

    version = _version(project, source)
    if release == version:
        raise CollsecError(f"release {release}: is the one that is here; it has been seen.")
    made = registered(
        project, release, source, version, lambda name: _registered_inputs(project, name)
    )
    path = project.root / FILE
    text = json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def confirm(project: Project) -> dict[str, Any]:
    """Run the registered set on the data that are here; see `evidence.registration`.

    Raises
    ------
    CollsecError
        If nothing is registered.
    """
    from collsec.core.documents import read_json
    from collsec.evidence.registration import FILE, confirmed

    registration = read_json(project.root / FILE, FILE).content
    version = _version(project, str(registration["source"]))
    return confirmed(project, registration, version, lambda name: _registered_inputs(project, name))


def _version(project: Project, source: str) -> str:
    from collsec.upstream.sources import read_sources

    return str(read_sources(project.raw / "sources.toml")[source].version)


def _registered_inputs(project: Project, hypothesis: str) -> Inputs:
    import collsec.subjects  # noqa: F401 - parts register themselves on import

    return read_inputs(project, hypothesis)


@step
def reports(project: Project) -> None:
    """estimates → Quarto project → site."""
    from collsec.hypothesis.study import load_study
    from collsec.reports.render import build

    build(project, list(load_study(project).hypotheses))


def rests_on(
    project: Project, unit: WorkUnit, profile: str, digests: Digests | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Digests of what persons write and of the settings that a unit would be made from now.

    Parameters
    ----------
    project : Project
    unit : WorkUnit
    profile : str
        Enters where the number of draws matters.
    digests : Digests, optional
        Those known already.

    Returns
    -------
    sources, settings : dict
        As in :class:`~collsec.core.manifest.Manifest`.
    """
    digests = project.digests() if digests is None else digests
    found = digests.of_all(sources(project, unit.stage))
    settings = {"code version": code_digest(unit.stage)}
    if unit.hypothesis:
        from collsec.hypothesis.specification import specification_digest

        settings["specification"] = specification_digest(project, unit.hypothesis)
    if unit.hypothesis or unit.stage in OF_ALL:
        settings["study file"] = study_digest(project, is_whole=unit.stage in OF_ALL)
    if unit.stage in WITH_DRAWS:
        settings["profile"] = profile
    return {project.relative(path): digest for path, digest in found.items()}, settings


# Stages that concern every hypothesis, and those whose results depend on the number of draws.
OF_ALL = ("synthesis", "reports")
WITH_DRAWS = ("shard", "estimate")


def sources(project: Project, stage: str) -> list[Path]:
    """Files that persons write and a stage reads; a specification counts as a setting.

    Parameters
    ----------
    project : Project
    stage : str
        Name of a stage's function in this module.
    """
    declared = [project.datapackage, project.raw / "sources.toml"]
    if stage == "tables":
        return declared + _raw_files(project)
    if stage == "reports":
        from collsec.hypothesis.study import load_study

        own = (project.root / "reports").glob("*")
        optional = (
            project.raw / "coded" / "claims.csv",
            project.raw / "schemas" / "claims.json",
            project.root / "analyses" / "_cases.yml",
            project.root / "analyses" / "_withdrawn.yml",
            project.root / "CITATION.cff",
        )
        return [
            *declared,
            *(path for path in optional if path.exists()),
            *(project.spec_file(h) for h in load_study(project).hypotheses),
            *sorted(p for p in own if p.is_file() and p != project.manifest),
        ]
    return []


def _raw_files(project: Project) -> list[Path]:
    """Each raw table with its schema, as the data package names them.

    Whether it is a data package is asked only where a name or a file is missing: that takes long,
    and the step that reads the tables asks again.

    Raises
    ------
    MissingInput, BadTable
        As :func:`collsec.tables.clean.resources` does.
    """
    import json

    with suppress(OSError, ValueError, TypeError, KeyError):
        named = json.loads(project.datapackage.read_text(encoding="utf-8"))["resources"]
        keys = ("path", "schema")
        files = [project.raw / one[key] for one in named if "schema" in one for key in keys]
        if files and all(path.is_file() for path in files):
            return files
    from collsec.tables.clean import resources

    return [project.raw / one[k] for one in resources(project).values() for k in ("path", "schema")]


def study_digest(project: Project, *, is_whole: bool) -> str:
    """Digest of the shared choices; whole for what concerns all hypotheses that there are."""
    return _digest_of_study(project.study_file.read_text(encoding="utf-8"), is_whole)


@functools.lru_cache(maxsize=8)
def _digest_of_study(text: str, is_whole: bool) -> str:
    """The same of the file's text, on which every unit rests."""
    import yaml

    from collsec.core.provenance import digest_json

    content = yaml.safe_load(text)
    if isinstance(content, dict) and not is_whole:
        content.pop("hypotheses", None)
    return digest_json(content)


def outdated(project: Project, profile: str = "") -> dict[WorkUnit, str]:
    """Units whose files are not whole, or no longer follow from what is there, and why.

    Parameters
    ----------
    project : Project
    profile : str
        Which the results should be of; by default whichever they were made with.

    Returns
    -------
    dict
        WorkUnit → reason. Units that were never made are not among them.
    """
    from collsec.core.manifest import not_current
    from collsec.hypothesis.study import load_study

    known = ("", *load_study(project).hypotheses)
    manifests = {u: m for u, m in project.manifests().items() if u.hypothesis in known}
    digests = project.digests()

    def current(unit: WorkUnit) -> tuple[dict[str, str], dict[str, str]]:
        asked = profile or manifests[unit].settings.get("profile", "")
        return rests_on(project, unit, asked, digests)

    found = not_current(project.root, manifests.values(), digests, current)
    digests.save()
    receipts = project.receipts()
    for unit, manifest in manifests.items():
        if receipts.get(unit) != manifest.receipt:
            found.setdefault(unit, "it was not finished")
    for unit in receipts.keys() - project.manifests().keys():
        found[unit] = "its manifest is missing or corrupt"
    return found


@functools.cache
def code_digest(stage: str) -> str:
    """Digest of the modules on which a stage rests."""
    from collsec.core.import_graph import file_digests
    from collsec.core.provenance import DIGEST_LENGTH, digest_json

    package = Path(__file__).parent
    known = file_digests(package)
    return digest_json(
        {p.relative_to(package).as_posix(): known[p][:DIGEST_LENGTH] for p in code_of(stage)}
    )


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
    from collsec.core.import_graph import files_reached

    package = Path(__file__).parent
    imports, functions, imported = _imports()
    called, waiting, entries = set(), [stage], {package.name}
    while waiting:
        function = waiting.pop()
        called.add(function)
        for node in (n for part in functions[function] for n in ast.walk(part)):
            if isinstance(node, ast.ImportFrom) and node.module in imports:
                entries |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                entries |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Name):
                entries.add(imported.get(node.id, package.name))
                waiting += [node.id] if node.id in functions.keys() - called else []
    return sorted({*files_reached(package.name, package, entries), Path(__file__)})


@functools.cache
def _imports() -> tuple[dict[str, list[str]], dict[str, list[ast.AST]], dict[str, str]]:
    """What each module imports; this module's functions in parts, and what it imports at its top.

    A decorator is no part: it is the same for every stage.
    """
    from collsec.core.import_graph import imports_of

    imports = imports_of(__package__, Path(__file__).parent)
    body = ast.parse(Path(__file__).read_text(encoding="utf-8")).body
    functions: dict[str, list[ast.AST]] = {
        n.name: [n.args, *n.body] for n in body if isinstance(n, ast.FunctionDef)
    }
    imported = {
        alias.asname or alias.name: node.module or ""
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return imports, functions, imported
