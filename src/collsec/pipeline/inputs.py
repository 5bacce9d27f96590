"""What a design works on, read from the stages before it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from collsec.core.project import Project

if TYPE_CHECKING:
    from collsec.designs import Inputs
    from collsec.hypothesis.specification import Spec


def place(name: str) -> tuple[str, str]:
    """Stage and file of a timeline, a linked frame, or else a raw table, by its name."""
    from collsec.histories import FRAMES, TIMELINES

    stage = "timelines" if name in TIMELINES else "episodes" if name in FRAMES else "tables"
    return stage, name


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
    frames |= {n: project.read(*place(n)) for n in frames_of(spec) if n not in frames}
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


def design_files(project: Project, spec: Spec) -> list[Path]:
    """The files that a hypothesis' design works on."""
    beside = project.spec_file(spec.hypothesis).parent
    own = {Path(name).stem: beside / name for name in spec.tables}
    files = [own.get(name) or project.stage(*place(name)) for name in frames_of(spec)]
    return [*files, project.stage("episodes", "extents"), project.spec_json(spec.hypothesis)]
