"""What each unit rests on, and which units no longer follow from what is there."""

from __future__ import annotations

import functools
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collsec.core import processor
from collsec.core.manifest import WorkUnit
from collsec.core.project import Project
from collsec.pipeline.code import code_digest, digest_of_imports

if TYPE_CHECKING:
    from collsec.core.manifest import Digests

# Stages that concern every hypothesis, those whose results depend on the number of draws, and those
# whose last digits depend on the processor and on the libraries.
OF_ALL = ("synthesis", "reports")
WITH_DRAWS = ("shard", "estimate")
NUMERIC = ("panel", "shard", "estimate", "synthesis")


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
        from collsec.hypothesis.specification import modules_of, specification_digest

        settings["specification"] = specification_digest(project, unit.hypothesis)
        if modules := modules_of(project, unit.hypothesis):
            settings["what its modules import"] = digest_of_imports(modules)
    if unit.hypothesis or unit.stage in OF_ALL:
        settings["study file"] = study_digest(project, is_whole=unit.stage in OF_ALL)
    if unit.stage in WITH_DRAWS:
        settings["profile"] = profile
    if unit.stage in NUMERIC:
        settings[processor.INSTRUCTIONS] = processor.stated()
        settings[processor.LIBRARIES] = processor.libraries()
    return {project.relative(path): digest for path, digest in found.items()}, settings


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
        questions = (project.root / "analyses" / "questions").glob("*.qmd")
        optional = (
            project.raw / "coded" / "claims.csv",
            project.raw / "schemas" / "claims.json",
            project.root / "analyses" / "_cases.yml",
            project.root / "analyses" / "_questions.yml",
            project.root / "analyses" / "_withdrawn.yml",
            project.root / "CITATION.cff",
            project.paper,
        )
        return [
            *declared,
            *(path for path in optional if path.exists()),
            *(project.spec_file(h) for h in load_study(project).hypotheses),
            *sorted(questions),
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
        named = json.loads(project.datapackage.read_text(encoding="utf-8-sig"))["resources"]
        keys = ("path", "schema")
        files = [project.raw / one[key] for one in named if "schema" in one for key in keys]
        if files and all(path.is_file() for path in files):
            return files
    from collsec.tables.clean import resources

    return [project.raw / one[k] for one in resources(project).values() for k in ("path", "schema")]


def study_digest(project: Project, *, is_whole: bool) -> str:
    """Digest of the shared choices; whole for what concerns all hypotheses that there are."""
    return _digest_of_study(project.study_file.read_text(encoding="utf-8-sig"), is_whole)


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
