"""Which disk is full: the system says that one is, and seldom which."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from collsec.core.project import ROOT_VARIABLE, Project

#: With fewer bytes than this left, a disk is full for any file of a study.
LEAST = 1 << 20
#: How the system words it, where another program passes it on.
SAID = "No space left on device"


def full_disk() -> str:
    """Name the full disk that the study or its temporary files are on; empty where none is full."""
    project = Project(os.environ.get(ROOT_VARIABLE) or Path.cwd())
    own = (project.processed, project.state, project.root / "reports", project.root)
    for place in (*own, Path(tempfile.gettempdir())):
        with suppress(OSError):
            free = shutil.disk_usage(place).free
            if free < LEAST:
                disk = next(p for p in (place, *place.parents) if os.path.ismount(p))
                return f"the disk at {disk} is full: {free // 1024} kB are left."
    return ""
