"""What a file was made from: digests of its inputs and the version of the code.

No clock, no host and no absolute path enters a record, so that the same inputs give the same
bytes on any machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from collsec import __version__
from collsec.core.project import Project

DIGEST_LENGTH = 12  # hex digits: 48 bits tell the few hundred files of a study apart


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, shortened."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH]


def digest_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, shortened."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:DIGEST_LENGTH]


def record(project: Project, stage: str, inputs: Iterable[Path]) -> dict[str, Any]:
    """Provenance of a file of ``stage`` made from ``inputs``."""
    return {
        "stage": stage,
        "collsec_version": __version__,
        "inputs": {project.relative(p): digest_file(p) for p in sorted(inputs)},
    }


def data_vintage(project: Project) -> str:
    """Digest of every committed raw table: the vintage that a result is cited with."""
    files = sorted(p for p in project.raw.rglob("*") if p.suffix in {".csv", ".json", ".toml"})
    return digest_json({project.relative(p): digest_file(p) for p in files})
