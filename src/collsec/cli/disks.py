"""Which disk is full: the system says that one is, and seldom which."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from collsec.core.project import ROOT_VARIABLE, Project

#: How the system words it, where another program passes it on.
SAID = "No space left on device"


def full_disk() -> str:
    """Name the disk that is full: of those with the study and its temporary files, the fullest.

    What was being written has been taken away by now, so that some room may be left again.
    """
    project = Project(os.environ.get(ROOT_VARIABLE) or Path.cwd())
    own = (project.root, project.root / "reports", project.processed, project.staging)
    free = {}
    for place in (*own, project.state, Path(tempfile.gettempdir())):
        with suppress(OSError):
            free[place] = shutil.disk_usage(place).free
    place = min(free, key=lambda one: free[one])
    disk = next(p for p in (place, *place.parents) if os.path.ismount(p))
    return f"the disk at {disk} is full: {free[place] // 1024} kB are left."
