"""Where things lie: the only module that knows a path of the project.

Every output appears whole or not at all: it is written beside its place and renamed into it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core.errors import MissingInput


class Project:
    """The files of one checkout of the study.

    Parameters
    ----------
    root : Path
        Folder that holds ``data/``, ``analyses/`` and ``reports/``.
    """

    def __init__(self, root: Path | str = ".") -> None:
        self.root = Path(root).resolve()

    # raw ---------------------------------------------------------------------------------
    @property
    def raw(self) -> Path:
        return self.root / "data" / "raw"

    @property
    def datapackage(self) -> Path:
        return self.raw / "datapackage.json"

    @property
    def study_file(self) -> Path:
        return self.root / "analyses" / "_study.yml"

    def spec_file(self, hypothesis: str) -> Path:
        """The one ``.qmd`` of a hypothesis (``h1`` → ``analyses/h1-….qmd``).

        A hypothesis may have a folder of its own, for what it brings along
        (``analyses/h4/h4-….qmd``).
        """
        folder = self.root / "analyses"
        found = sorted({*folder.glob(f"{hypothesis}-*.qmd"), *folder.glob(f"*/{hypothesis}-*.qmd")})
        if len(found) != 1:
            raise MissingInput(
                f"analyses/{hypothesis}-*.qmd: {len(found)} files found, one expected. "
                f"A hypothesis is one file named {hypothesis}-<words>.qmd, there or in a folder "
                "below."
            )
        return found[0]

    @property
    def upstream(self) -> Path:
        """Published files, got by `collsec fetch` and never committed."""
        return self.root / "data" / "upstream"

    # processed ---------------------------------------------------------------------------
    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed"

    def stage(self, stage: str, name: str) -> Path:
        """Path of one processed Parquet file, such as ``tables/missions.parquet``."""
        return self.processed / stage / f"{name}.parquet"

    def spec_json(self, hypothesis: str) -> Path:
        return self.processed / "specs" / f"{hypothesis}.json"

    def record(self, hypothesis: str) -> Path:
        return self.processed / "estimates" / f"{hypothesis}.json"

    def shard(self, hypothesis: str, name: str) -> Path:
        """The tasks done in one shard, such as ``2-of-4``, of a hypothesis."""
        return self.processed / "shards" / f"{hypothesis}-{name}.json"

    @property
    def manifest(self) -> Path:
        """What a release published; committed."""
        return self.root / "reports" / "MANIFEST.json"

    def relative(self, path: Path) -> str:
        """A path as the user knows it: relative to the project, with forward slashes."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    # reading and writing -----------------------------------------------------------------
    def read(self, stage: str, name: str) -> pd.DataFrame:
        """Read one processed Parquet file.

        Raises
        ------
        MissingInput
            If an earlier stage has not been run.
        """
        path = self.stage(stage, name)
        if not path.exists():
            raise MissingInput(
                f"{self.relative(path)} does not exist yet. "
                "Run `collsec run`, or the earlier `collsec step`, first."
            )
        return pd.read_parquet(path)

    def write(self, frame: pd.DataFrame, stage: str, name: str, provenance: dict[str, Any]) -> Path:
        """Validate against the stage's schema and write, with provenance in the metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from collsec.core.schema import validate

        frame = validate(frame, f"{stage}/{name}").reset_index(drop=True)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        metadata = dict(table.schema.metadata or {})
        metadata[b"collsec"] = json.dumps(provenance, sort_keys=True).encode()
        path = self.stage(stage, name)
        with whole(path) as temporary:
            pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")
        return path

    def write_json(self, record: dict[str, Any], path: Path, *, is_internal: bool = False) -> Path:
        """Write a record; one for the pipeline's own use may hold infinite and missing numbers."""
        with whole(path) as temporary:
            temporary.write_text(
                json.dumps(
                    record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=is_internal
                )
                + "\n",
                encoding="utf-8",
            )
        return path

    def provenance_of(self, stage: str, name: str) -> dict[str, Any]:
        """The provenance record in the metadata of a processed file."""
        import pyarrow.parquet as pq

        metadata = pq.read_schema(self.stage(stage, name)).metadata or {}
        record: dict[str, Any] = json.loads(metadata.get(b"collsec", b"{}"))
        return record


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary file beside ``path`` and rename it into place only on success."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
