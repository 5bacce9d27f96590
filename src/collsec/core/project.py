"""Where things lie: the only module that knows a path of the project.

Every output appears whole or not at all: it is written aside and renamed into its place. What a
unit of work wrote is listed in its manifest, and verified wherever it is read.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collsec.core import __version__
from collsec.core.errors import Corrupt, MissingInput
from collsec.core.manifest import Digests, Manifest, WorkUnit, digest_of, manifest_from

if TYPE_CHECKING:
    import pandas as pd

#: Files by which a folder is known to be one of the study.
MARKS = ("analyses/_study.yml", "data/raw/datapackage.json")
#: Names the folder of the study where the command is given outside it.
ROOT_VARIABLE = "COLLSEC_ROOT"
#: Folder of an installed package that holds the study.
INSIDE = "_study"
# Seconds to wait for a file whose unit another process is just replacing.
PAUSES = (0.02, 0.1, 0.4)

#: Path, times, size and inode of a manifest: as long as they stay, so does what it says.
_Stamp = tuple[str, int, int, int, int]


class Project:
    """The files of one checkout of the study.

    Parameters
    ----------
    root : Path
        Folder that holds ``data/``, ``analyses/`` and ``reports/``.
    """

    def __init__(self, root: Path | str = ".") -> None:
        self.root = Path(root).resolve()
        self._making: _Making | None = None
        self._manifests: dict[_Stamp, Manifest | None] = {}
        self._listing: dict[str, _Stamp] = {}
        self._frames: dict[Path, pd.DataFrame] | None = None

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

    @property
    def renamed(self) -> Path:
        """Names and result ids that changed without a change of a number; committed."""
        return self.root / "reports" / "RENAMED.csv"

    @property
    def paper(self) -> Path:
        """The page that tells of the data as a paper; a study need not have one."""
        return self.root / "docs" / "data-paper.qmd"

    def relative(self, path: Path) -> str:
        """A path as the user knows it: relative to the project, with forward slashes."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    # manifests ---------------------------------------------------------------------------
    @property
    def is_installed(self) -> bool:
        """Whether this is the study that came with the installed package, no folder of a user's."""
        inside = shipped()
        return inside.name == INSIDE and self.root == inside.resolve()

    @property
    def state(self) -> Path:
        """What concerns this machine alone: lock, known digests, run times, tables kept.

        Nothing is written next to an installed package: its place is the user's cache folder.
        """
        return user_cache() if self.is_installed else self.root / ".snakemake" / "collsec"

    @property
    def published(self) -> Path:
        """Estimates of the last release, by stage, which an installed package brings; committed."""
        return self.root / "reports" / "published"

    def kept(self, key: str, name: str) -> Path:
        """Place of a table that was made outside of a run, by the digest of what it rests on."""
        return self.state / "public" / key / f"{name}.parquet"

    @property
    def staging(self) -> Path:
        """Where outputs wait until their unit is whole."""
        return self.processed / ".staging"

    def unit_manifest(self, unit: WorkUnit) -> Path:
        """What a unit wrote and from what; kept until the unit has been made again."""
        return self.processed / "manifest" / f"{unit.name}.json"

    def receipt(self, unit: WorkUnit) -> Path:
        """The file by which the workflow knows that a unit is finished; it may be removed."""
        return self.processed / "done" / unit.name

    def log(self, unit: WorkUnit) -> Path:
        """What the command that made a unit last said, on this machine."""
        return self.state / "log" / f"{unit.name}.log"

    def receipts(self) -> dict[WorkUnit, str]:
        """What the receipts say that there are."""
        folder = self.processed / "done"
        return {
            WorkUnit(*path.relative_to(folder).parts): path.read_bytes().decode(errors="replace")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def digests(self) -> Digests:
        """Digests of files, remembered between runs."""
        return Digests(self.state / "digests.json")

    def manifests(self) -> dict[WorkUnit, Manifest]:
        """The manifests that there are; an unreadable or misplaced one counts as none."""
        found = {}
        self._listing = {}
        for path in sorted((self.processed / "manifest").rglob("*.json")):
            key = _stamp(path)
            if key not in self._manifests:
                text = path.read_bytes().decode("utf-8", errors="replace")
                self._manifests[key] = manifest_from(text)
            one = self._manifests[key]
            if one is not None and path == self.unit_manifest(one.unit):
                found[one.unit] = one
                for name in one.outputs:
                    self._listing.setdefault(name, key)
        return found

    @contextmanager
    def making(
        self, unit: WorkUnit, sources: Mapping[str, str], settings: Mapping[str, str]
    ) -> Iterator[None]:
        """Make a unit: what is written inside appears when all of it is there, or not at all.

        Each file is renamed into its place, the manifest after the last of them, and the receipt
        after the manifest. Whatever interrupts this, the old files stay or differ from the
        manifest, and the receipt is missing or differs: the next run makes the unit again.

        Parameters
        ----------
        unit : WorkUnit
        sources, settings : mapping
            As in :class:`~collsec.core.manifest.Manifest`.
        """
        if self._making is not None:
            raise RuntimeError(f"{unit.name}: begun within {self._making.manifest.unit.name}.")
        folder = self.staging / f"{unit.name.replace('/', '-')}.{os.getpid()}"
        making = _Making(Manifest(unit, {}, {}, dict(sources), dict(settings)), folder)
        self._making = making
        try:
            yield
            self._commit(making)
        finally:
            self._making = None
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                self.staging.rmdir()

    def _commit(self, making: _Making) -> None:
        made = making.manifest
        before = self.manifests().get(made.unit)
        for path, temporary in making.staged.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("rb") as file:
                made.outputs[self.relative(path)] = digest_of(file.read())
                os.fsync(file.fileno())
            os.replace(temporary, path)
        for name in (before.outputs if before else {}).keys() - made.outputs.keys():
            (self.root / name).unlink(missing_ok=True)
        for path, text in (
            (self.unit_manifest(made.unit), made.to_json()),
            (self.receipt(made.unit), made.receipt),
        ):
            with whole(path) as temporary:
                temporary.write_text(text, encoding="utf-8")

    @property
    def inputs(self) -> dict[str, str]:
        """SHA-256 of each file that the unit in the making has read."""
        return {} if self._making is None else self._making.manifest.inputs

    # reading and writing -----------------------------------------------------------------
    def located(self, path: Path) -> Path:
        """Where a file lies now: in its place, or still waiting for its unit to be whole."""
        return path if self._making is None else self._making.staged.get(path, path)

    def content(self, path: Path) -> bytes:
        """Bytes of a processed file, verified against the manifest that lists it.

        Raises
        ------
        MissingInput
            If an earlier stage has not been run.
        Corrupt
            If the file is not the one that was written.
        """
        making = self._making
        if making is not None and path in making.staged:
            return making.staged[path].read_bytes()
        name = self.relative(path)
        for pause in (*PAUSES, None):
            try:
                content = path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                raise MissingInput(
                    f"{name} does not exist yet. "
                    "Run `collsec run`, or the earlier `collsec step`, first."
                ) from None
            digest = digest_of(content)
            if self._listed(name) in ("", digest):
                break
            if pause is None:
                raise Corrupt(name, "it is not the file that was written (its SHA-256 differs)")
            time.sleep(pause)  # its unit may be in the middle of being replaced
        if making is not None:
            making.manifest.inputs[name] = digest
        return content

    def _listed(self, name: str) -> str:
        """SHA-256 under which a file is listed; empty where no manifest lists it."""
        known = self._listing.get(name)
        with suppress(FileNotFoundError):
            if known is not None and _stamp(Path(known[0])) == known:  # as it was when last read
                manifest = self._manifests[known]
                return manifest.outputs[name] if manifest is not None else ""
        return next((m.outputs[name] for m in self.manifests().values() if name in m.outputs), "")

    def read(self, stage: str, name: str) -> pd.DataFrame:
        """Read one processed Parquet file, verified.

        Raises
        ------
        MissingInput, Corrupt
            As :meth:`content` does.
        """
        import pandas as pd
        import pyarrow as pa

        path = self.stage(stage, name)
        if self._frames is not None and path in self._frames:
            return self._frames[path].copy(deep=False)  # written to, it becomes a copy of its own
        content = self.content(path)
        if _KEPT and (kept := _KEPT.get(digest_of(content))) is not None:
            return kept.copy(deep=False)
        try:
            frame = pd.read_parquet(io.BytesIO(content))
        except (pa.ArrowException, OSError, ValueError):
            raise Corrupt(self.relative(path), "it is no whole Parquet file") from None
        if self._frames is None:
            return frame
        self._frames[path] = frame
        return frame.copy(deep=False)

    @contextmanager
    def reading_once(self) -> Iterator[None]:
        """Read each Parquet file once, while what is inside changes none."""
        self._frames = {}
        try:
            yield
        finally:
            self._frames = None

    def read_json(self, path: Path) -> dict[str, Any]:
        """Read a record that the pipeline wrote, verified.

        Raises
        ------
        MissingInput, Corrupt
            As :meth:`content` does.
        """
        content = self.content(path)
        try:
            record = json.loads(content)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise Corrupt(self.relative(path), "it is no whole JSON record")
        return record

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
        with self._whole(path) as temporary:
            pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")
        return path

    def write_json(self, record: dict[str, Any], path: Path, *, is_internal: bool = False) -> Path:
        """Write a record; one for the pipeline's own use may hold infinite and missing numbers."""
        with self._whole(path) as temporary:
            temporary.write_text(
                json.dumps(
                    record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=is_internal
                )
                + "\n",
                encoding="utf-8",
            )
        return path

    @contextmanager
    def _whole(self, path: Path) -> Iterator[Path]:
        """A temporary file that takes the place of ``path``: at once, or with its unit."""
        if (making := self._making) is None:
            with whole(path) as temporary:
                yield temporary
            return
        temporary = making.folder / self.relative(path)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.chmod(0o644)
        making.staged[path] = temporary

    def replace_tree(self, new: Path, place: Path) -> None:
        """Put the files of a finished folder into ``place``, and take out what it does not hold.

        File by file, each by a rename, so that no file of ``place`` is missing at any moment.
        """
        kept = set()
        for file in sorted(p for p in new.rglob("*") if p.is_file()):
            target = place / file.relative_to(new)
            kept.add(target)
            content = file.read_bytes()
            if self._making is not None:
                self._making.manifest.outputs[self.relative(target)] = digest_of(content)
            if not (target.is_file() and target.read_bytes() == content):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, target)
        for old in sorted(place.rglob("*"), reverse=True):
            if old.is_dir() and not old.is_symlink():
                with suppress(OSError):
                    old.rmdir()
            elif old not in kept:
                old.unlink()

    def provenance_of(self, stage: str, name: str) -> dict[str, Any]:
        """The provenance record in the metadata of a processed file."""
        import pyarrow.parquet as pq

        metadata = pq.read_schema(self.located(self.stage(stage, name))).metadata or {}
        record: dict[str, Any] = json.loads(metadata.get(b"collsec", b"{}"))
        return record


def _stamp(path: Path) -> _Stamp:
    stat = path.stat()
    return os.fspath(path), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


@dataclass(frozen=True, slots=True)
class _Making:
    """A unit that is being made: its manifest so far, and its files by the place they will take."""

    manifest: Manifest
    folder: Path
    staged: dict[Path, Path] = field(default_factory=dict)


#: Frames by the SHA-256 of the file that they were read from.
_KEPT: dict[str, pd.DataFrame] = {}


def keep_read(project: Project, stages: Iterable[str]) -> None:
    """Read each Parquet file of some stages once for this process and those forked from it."""
    for manifest in project.manifests().values():
        if manifest.unit.stage in stages:
            for name, digest in manifest.outputs.items():
                path = project.root / name
                if path.suffix == ".parquet":
                    _KEPT[digest] = project.read(path.parent.name, path.stem)


def shipped() -> Path:
    """The folder of the study that comes with the package: tables, Snakefile, looks of reports."""
    package = Path(__file__).parents[1]
    inside = package / INSIDE
    return inside if inside.is_dir() else package.parents[1]


def user_cache() -> Path:
    """Where this user's programs keep what can be made again, and this version its own."""
    home = Path.home()
    usual = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual) / "collsec" / __version__


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


def project_at(root: Path | None) -> Project:
    """The study in a folder: the one named, else that of the environment, else the nearest above.

    Raises
    ------
    MissingInput
        If no folder is named and none from here upwards is one of the study.
    """
    if root is not None:
        return Project(root)
    if named := os.environ.get(ROOT_VARIABLE):
        if not any((Path(named) / mark).is_file() for mark in MARKS):
            raise MissingInput(f"{ROOT_VARIABLE}={named}: no study there (no {MARKS[0]}).")
        return Project(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / mark).is_file() for mark in MARKS):
            return Project(folder)
    raise MissingInput(
        f"no study here: no folder from here upwards holds {MARKS[0]}. "
        f"Go to one, name it with --root, or set {ROOT_VARIABLE}."
    )


def data_at(root: Path | str | None) -> Project:
    """The study of a folder; where none is named and there is none, what came with the package.

    Raises
    ------
    MissingInput
        As :func:`project_at` does, where the package is not installed as a wheel.
    """
    try:
        return project_at(None if root is None else Path(root))
    except MissingInput:
        inside = Project(shipped())
        if root is None and ROOT_VARIABLE not in os.environ and inside.is_installed:
            return inside
        raise
