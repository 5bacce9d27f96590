"""The declared set, registered for a release of the data that nobody has seen, and run on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.pipeline.inputs import read_inputs

if TYPE_CHECKING:
    from collsec.designs import Inputs

#: Source whose releases bring wars that nobody has seen.
CONFLICTS = "ucdp_acd"


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
    return read_inputs(project, hypothesis)
