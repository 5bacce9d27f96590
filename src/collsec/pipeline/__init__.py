"""The stages of the pipeline, what they rest on, and what of them is out of date."""

from __future__ import annotations

from collsec.pipeline.code import code_digest, code_of
from collsec.pipeline.freshness import outdated, rests_on, sources, study_digest
from collsec.pipeline.inputs import frames_of, read_inputs
from collsec.pipeline.names import faults, publish_schemas, registered, registries, schemas
from collsec.pipeline.registration import confirm, register
from collsec.pipeline.stages import (
    episodes,
    estimate,
    panel,
    public,
    reports,
    shard,
    synthesis,
    tables,
    timelines,
)

__all__ = [
    "code_digest",
    "code_of",
    "confirm",
    "episodes",
    "estimate",
    "faults",
    "frames_of",
    "outdated",
    "panel",
    "public",
    "publish_schemas",
    "read_inputs",
    "register",
    "registered",
    "registries",
    "reports",
    "rests_on",
    "schemas",
    "shard",
    "sources",
    "study_digest",
    "synthesis",
    "tables",
    "timelines",
]
