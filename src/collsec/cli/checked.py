"""What `collsec check` finds; passed over where nothing has changed since nothing was found."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collsec.core.provenance import digest_json

if TYPE_CHECKING:
    from collsec.core.errors import Fault
    from collsec.core.project import Project

#: Folders of the study that a person writes in, and what is generated in them.
FOLDERS = ("data/raw", "analyses", "reports")
GENERATED = ("reports/site", "reports/project")


def faults(project: Project) -> list[Fault]:
    """Everything that is wrong with what persons write, found again only where something changed.

    That nothing is wrong is noted with a digest of every file that a person writes and of every
    module of the package.
    """
    digests = project.digests()
    skipped = {project.root / name for name in GENERATED}
    files = [
        path
        for name in FOLDERS
        for path in sorted((project.root / name).rglob("*"))
        if path.is_file() and not skipped & {*path.parents} and "__pycache__" not in path.parts
    ]
    package = Path(__file__).parents[1]
    code = digests.of_all(sorted(package.rglob("*.py")))
    found = {project.relative(path): digest for path, digest in digests.of_all(files).items()}
    made_by = {path.relative_to(package).as_posix(): digest for path, digest in code.items()}
    key = digest_json([found, made_by])
    passed = project.state / "checked"
    if passed.is_file() and passed.read_text(encoding="utf-8", errors="replace") == key:
        return []
    from collsec import pipeline
    from collsec.core.project import whole

    if wrong := pipeline.faults(project):
        return wrong
    digests.save()
    with suppress(OSError), whole(passed) as temporary:  # a folder that is read only is no fault
        temporary.write_text(key, encoding="utf-8")
    return []
