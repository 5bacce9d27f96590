"""Public tables made at once from the raw tables, and kept until those or the code change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from collsec.core.errors import MissingInput
from collsec.core.manifest import digest_of
from collsec.core.project import Project, whole
from collsec.core.provenance import digest_json
from collsec.histories.episodes import link
from collsec.histories.public.registry import PUBLIC, PublicTable
from collsec.histories.registry import raw_columns
from collsec.histories.timelines import arrange_timelines
from collsec.tables.clean import read_raw, resources

#: Stages of a run on which its public tables rest, and themselves.
STAGES = ("tables", "episodes", "timelines", "public")
#: Rooms whose modules make the tables.
_CODE = ("core", "tables", "histories")


def is_current(project: Project) -> bool:
    """Whether the last run made the public tables from the raw tables as they are now."""
    made = {u.stage: m for u, m in project.manifests().items() if u.stage in STAGES}
    if len(made) < len(STAGES):
        return False
    known = project.digests()
    if any(known.of(project.root / p) != d for p, d in made["tables"].sources.items()):
        return False
    outputs = {path: digest for one in made.values() for path, digest in one.outputs.items()}
    read = [item for one in made.values() for item in one.inputs.items()]
    return all(outputs.get(path) == digest for path, digest in read)


def digest(project: Project) -> str:
    """Digest of everything that the public tables rest on: raw tables, schemas, and code."""
    named = resources(project).values()
    raw = [project.raw / one[key] for one in named for key in ("path", "schema")]
    package = Path(__file__).resolve().parents[2]
    code = [path for room in _CODE for path in sorted((package / room).rglob("*.py"))]
    known = project.digests()
    found = {project.relative(path): known.of(path) for path in [project.datapackage, *raw]}
    found |= {p.relative_to(package).as_posix(): digest_of(p.read_bytes()) for p in code}
    return digest_json(found)


def build(project: Project) -> dict[str, pd.DataFrame]:
    """Every public table, from the raw tables.

    Raises
    ------
    BadTable
        If a raw table breaks its schema.
    """
    tables = {name: read_raw(project, one) for name, one in resources(project).items()}
    linked = link(tables)
    frames = {**tables, **linked}
    frames |= arrange_timelines(frames)
    return {name: table(frames) for name, table in PUBLIC.items()}


def keep(project: Project, key: str, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write tables where :func:`read` finds them, in place of those of an earlier state."""
    for name, frame in frames.items():
        with whole(project.kept(key, name)) as temporary:
            frame.to_parquet(temporary)
    for old in project.kept(key, "").parent.parent.glob("*/*.parquet"):
        if old.parent.name != key:
            old.unlink(missing_ok=True)


def read(project: Project, key: str, name: str) -> pd.DataFrame:
    """A table that has been kept.

    Raises
    ------
    MissingInput
        If it has not been, or is no whole file.
    """
    path = project.kept(key, name)
    try:
        return in_seconds(pd.read_parquet(path))
    except (OSError, ValueError) as error:
        raise MissingInput(f"{project.relative(path)} cannot be read: {error}.") from None


def in_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as it was before it was written: Parquet knows no seconds, only parts of them."""
    days = frame.select_dtypes("datetime").columns
    return frame.astype(dict.fromkeys(days, "datetime64[s]"))


def raw_columns_of(
    table: PublicTable, columns: Iterable[str], fields: Mapping[str, Iterable[str]]
) -> tuple[str, ...]:
    """Raw columns from which columns of a public table are made, each once.

    Parameters
    ----------
    table : PublicTable
    columns : iterable of str
        Of the table.
    fields : mapping of str to iterable of str
        Columns of each raw table.
    """
    uses = [use for column in columns for use in table.columns[column].uses]
    return tuple(dict.fromkeys(raw for use in uses for raw in raw_columns(use, fields)))
