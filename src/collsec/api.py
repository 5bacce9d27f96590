"""The study in a Python session: its tables, its hypotheses, its results, and what to cite.

Everything refers to one study: the folder named by ``root``, else ``COLLSEC_ROOT``, else the
nearest folder upwards from the current one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import yaml

from collsec import pipeline
from collsec.core import __version__
from collsec.core.errors import BadSpec, CollsecError, MissingInput, nearest
from collsec.core.manifest import digest_of
from collsec.core.project import Project, data_at, whole
from collsec.core.provenance import digest_json
from collsec.evidence import citation, record
from collsec.evidence.record import Record
from collsec.evidence.software import Software, software
from collsec.histories.episodes import link
from collsec.histories.public import PUBLIC, in_seconds, joined, raw_columns_of
from collsec.histories.registry import PAGES, raw_columns
from collsec.histories.timelines import arrange_timelines
from collsec.hypothesis import validation
from collsec.hypothesis.specification import Spec
from collsec.hypothesis.study import load_study
from collsec.tables import clean
from collsec.tables import codebook as book
from collsec.upstream.sources import read_sources

__all__ = ["Hypothesis", "References", "catalog", "cite", "codebook", "join", "load", "results"]

#: What has been loaded in this session: folder of the study, name, and column (empty for all), in
#: the order of loading.
_LOADED: dict[tuple[Path, str, str], None] = {}
#: Public tables made in this session where they can be kept nowhere, by folder and digest.
_MADE: dict[tuple[Path, str], dict[str, pd.DataFrame]] = {}
#: Stages whose frames do not depend on a hypothesis; made in memory where no run has made them.
_SHARED = ("episodes", "timelines")
#: Stages of a run on which its public tables rest, and themselves.
_PUBLIC_STAGES = ("tables", "episodes", "timelines", "public")
#: Rooms whose modules make the tables.
_CODE = ("core", "tables", "histories")


class UnknownName(CollsecError):
    """There is no table of that name."""


def load(
    name: str, *, columns: Sequence[str] | None = None, root: Path | str | None = None
) -> pd.DataFrame:
    """A table of the study, typed.

    Parameters
    ----------
    name : str
        A table that the study gives out, such as ``"episodes"`` or ``"country_months"``; a raw
        table such as ``"p5_ties"``, validated on the way; or a frame that the pipeline builds, as
        ``"stage/name"``: ``"tables/episodes"`` (the raw one), ``"timelines/deployment"``,
        ``"panels/h1"``, ``"estimates/h1"``. See :func:`catalog` for the first.
    columns : sequence of str, optional
        Only these, in this order; :func:`cite` then gives the sources of these alone.
    root : Path or str, optional
        Folder of the study.

    Returns
    -------
    DataFrame
        One row per line of the table. What no run has made is built from the raw tables, and the
        tables that the study gives out are kept for the next time.

    Raises
    ------
    UnknownName
        If there is no such table or column; the nearest name is given.
    MissingInput, BadTable
        If the frame has not been made, or the raw table breaks its schema.

    Examples
    --------
    >>> load("missions")[["mission_id", "sponsor"]]  # doctest: +SKIP
    """
    project = data_at(root)
    raw = clean.resources(project)
    stage, _, leaf = name.partition("/")
    if name in PUBLIC:
        frame = _public(project, name)
    elif (stage == "tables" and leaf in raw) or name in raw:
        frame = clean.read_raw(project, raw[leaf or name])
    else:
        frame = _built(project, stage, leaf, name, [*PUBLIC, *raw, *_made(project)])
    for column in columns or ():
        if column not in frame:
            raise UnknownName(
                f"{name} has no column {column!r}.{nearest(column, [str(c) for c in frame])}"
            )
        _LOADED[project.root, name, column] = None
    if columns is None:
        _LOADED[project.root, name, ""] = None
        return frame
    return frame[list(columns)]


def catalog(*, root: Path | str | None = None) -> pd.DataFrame:
    """The tables that the study gives out: ``table, title, rows, columns, key, description``.

    Parameters
    ----------
    root : Path or str, optional
        Folder of the study.
    """
    project = data_at(root)
    return pd.DataFrame(
        [
            (
                t.name,
                t.title,
                len(_public(project, t.name)),
                len(t.columns),
                ", ".join(t.key),
                t.text,
            )
            for t in PUBLIC.values()
        ],
        columns=["table", "title", "rows", "columns", "key", "description"],
    )


def _public(project: Project, name: str) -> pd.DataFrame:
    """A table that the study gives out: of the last run if it is current, kept, or made now."""
    if project.stage("public", name).exists() and _is_made(project):
        return in_seconds(project.read("public", name))
    key = _digest(project)
    if (project.root, key) not in _MADE:
        with suppress(MissingInput):
            return _read(project, key, name)
        _MADE.clear()
        _MADE[project.root, key] = _build(project)
        with suppress(OSError):  # a folder that cannot be written: kept as long as the session
            _keep(project, key, _MADE[project.root, key])
    return _MADE[project.root, key][name].copy()


def _made(project: Project) -> list[str]:
    """Names of the frames that have been made."""
    paths = sorted(project.processed.glob("*/*.parquet"))
    return [f"{path.parent.name}/{path.stem}" for path in paths]


def _built(
    project: Project, stage: str, leaf: str, name: str, known: Sequence[str]
) -> pd.DataFrame:
    if leaf and project.stage(stage, leaf).exists():
        return project.read(stage, leaf)
    if leaf and stage in _SHARED:
        with _aside(project) as own:
            for made in ("tables", *_SHARED[: _SHARED.index(stage) + 1]):
                _make(own, made)
            if own.stage(stage, leaf).exists():
                return own.read(stage, leaf)
            known = [*known, *_made(own)]
    if leaf and stage in ("panels", "estimates", "specs"):
        raise MissingInput(f"{name} has not been made yet: run `collsec run`.")
    raise UnknownName(f"no table {name!r}.{nearest(name, known)}")


@contextmanager
def _aside(project: Project, page: Path | None = None) -> Iterator[Project]:
    """The study in a temporary folder: raw tables, one page, and what is current of the rest."""
    with tempfile.TemporaryDirectory(prefix="collsec-") as name:
        own = Project(name)
        own.raw.parent.mkdir()
        own.raw.symlink_to(project.raw, target_is_directory=True)
        analyses = own.study_file.parent
        shutil.copytree(project.study_file.parent, analyses)
        study = yaml.safe_load(project.study_file.read_text(encoding="utf-8"))
        if page is not None and project.study_file.parent not in page.parents:
            named = _hypothesis_of(page)
            for other in [*analyses.glob(f"{named}-*.qmd"), *analyses.glob(f"*/{named}-*.qmd")]:
                other.unlink()
            shutil.copytree(page.parent, analyses, dirs_exist_ok=True)
            if named not in study["hypotheses"]:
                study["hypotheses"] = [*study["hypotheses"], named]
        own.study_file.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
        outdated = {unit.name for unit in pipeline.outdated(project)}
        for unit, manifest in project.manifests().items():
            if unit.stage in ("tables", *_SHARED) and unit.name not in outdated:
                for path in (*map(Path, manifest.outputs), project.unit_manifest(unit)):
                    target = own.root / project.relative(project.root / path)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(project.root / path, target)
        yield own


def _make(project: Project, stage: str) -> None:
    """Run a stage that concerns every hypothesis, unless it has been run."""
    if not any(unit.stage == stage for unit in project.manifests()):
        getattr(pipeline, stage)(project)


def codebook(name: str | None = None, *, root: Path | str | None = None) -> book.Codebook:
    """What the columns of the study mean.

    Parameters
    ----------
    name : str, optional
        A column, or a table, as in :func:`load`, for all of its columns; where a column and a table
        have one name, the column, and ``"public/resolutions"`` the table. Every column by default.
    root : Path or str, optional
        Folder of the study.

    Returns
    -------
    DataFrame
        One row per column and table that holds it: ``column, title, definition, table, file, type,
        unit, values, details, source, repeated``. Printed, it shows the whole definitions.

    Raises
    ------
    UnknownColumn
        If there is no such column or table; the nearest name is given.
    """
    from collsec.reports.tables.codebook import entries_of

    known = entries_of(data_at(root))
    if (
        name is not None
        and name not in known
        and len(found := book.of_table(known, name, _order(name)))
    ):
        return found
    entries = list(known.values()) if name is None else [book.entry(known, name)]
    return book.as_frame((entry, holder) for entry in entries for holder in entry.holders)


def _order(name: str) -> Sequence[str]:
    """Columns of a table that the study gives out, in order."""
    table = PUBLIC.get(name.removeprefix("public/"))
    return () if table is None else list(table.columns)


def join(left: str, right: str, *, root: Path | str | None = None) -> pd.DataFrame:
    """Two tables that the study gives out, joined by the key of the second.

    Every row of the first is kept. A column that both have stands once where they never differ;
    else that of the second has its table's name before it: ``episodes_start``.

    Parameters
    ----------
    left, right : str
        Names of tables, or their ends where these name one table: ``"spells"``.
    root : Path or str, optional
        Folder of the study.

    Raises
    ------
    UnknownName
        If there is no such table; the nearest name is given.
    CollsecError
        If the first lacks the key of the second.

    Examples
    --------
    >>> join("spells", "episodes")  # doctest: +SKIP
    """
    first, second = _named(left), _named(right)
    frames = load(first, root=root), load(second, root=root)
    return joined(PUBLIC[first], PUBLIC[second], *frames)


def _named(name: str) -> str:
    """The table that a name, or its end, is of."""
    found = [n for n in PUBLIC if n == name] or [n for n in PUBLIC if n.endswith(f"_{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownName(f"{name!r} may be {' or '.join(found)}; give the whole name.")
    raise UnknownName(f"no table {name!r}.{nearest(name, PUBLIC)}")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A hypothesis as its page states it.

    Attributes
    ----------
    page : Path
        The ``.qmd`` file.
    spec : Spec
        Its specification, checked.
    root : Path
        Folder of the study whose tables it is put to.
    """

    page: Path
    spec: Spec
    root: Path

    @classmethod
    def from_file(cls, path: Path | str, *, root: Path | str | None = None) -> Hypothesis:
        """Read and check a page, inside the study or elsewhere.

        Raises
        ------
        MissingInput
            If there is no such file.
        BadSpec
            If its specification has a fault; file, key, value and nearest right name are given.
        """
        page = Path(path).resolve()
        if not page.is_file():
            raise MissingInput(f"{path} does not exist.")
        project = data_at(root)
        name = _hypothesis_of(page)
        if _is_of(project, name, page):
            return cls(
                page, validation.load(project, name, pipeline.registries(project)), project.root
            )
        with _aside(project, page) as own:
            return cls(page, validation.load(own, name, pipeline.registries(own)), project.root)

    @property
    def name(self) -> str:
        """Such as ``h1``."""
        return self.spec.hypothesis

    def module(self, name: str) -> ModuleType:
        """A module that the page brings along, as it was loaded with it.

        Parameters
        ----------
        name : str
            Its file without ``.py``.

        Raises
        ------
        BadSpec
            If the page names no such module.
        """
        known = [file.removesuffix(".py") for file in self.spec.modules]
        if name not in known:
            raise BadSpec(f"{self.page.name}: no module {name!r}.{nearest(name, known)}")
        return sys.modules[f"{PAGES}.{self.name}.{name}"]

    def fit(self, *, profile: str = "quick") -> Record:
        """The results: those of the study's last run if they are current, else estimated now.

        Parameters
        ----------
        profile : str
            ``"quick"`` or ``"full"``: how many draws. Results with the draws of ``"full"`` serve
            for ``"quick"`` too.

        Returns
        -------
        Record
            Estimates, curves, verdict, and diagnostics. What is estimated now is written nowhere.

        Raises
        ------
        CollsecError
            If something cannot be estimated.
        """
        project = Project(self.root)
        if _is_of(project, self.name, self.page) and _is_current(project, self.name, profile):
            return record.load(project, self.name)
        with _aside(project, self.page) as own:
            for stage in ("tables", *_SHARED):
                _make(own, stage)
            pipeline.panel(own, self.name)
            pipeline.shard(own, self.name, profile, "1-of-1")
            pipeline.estimate(own, self.name, profile, 1)
            return record.load(own, self.name)


def _hypothesis_of(page: Path) -> str:
    return page.name.partition("-")[0]


def _is_of(project: Project, name: str, page: Path) -> bool:
    """Whether a page is the one that the study lists under a name."""
    if name not in load_study(project).hypotheses:
        return False
    return project.spec_file(name).resolve() == page


def _is_current(project: Project, name: str, profile: str) -> bool:
    made = {u: m for u, m in project.manifests().items() if u.hypothesis == name}
    profiles = {m.settings.get("profile") for u, m in made.items() if u.stage == "estimate"}
    if not profiles & {profile, "full"}:
        return False
    return not any(unit.hypothesis in ("", name) for unit in pipeline.outdated(project))


def results(hypothesis: str, *, root: Path | str | None = None) -> Record:
    """The results of a hypothesis from the study's last run.

    Outside a folder of a study: those of the release that the installed package brings.

    Returns
    -------
    Record
        Estimates, curves, verdict, and diagnostics.

    Raises
    ------
    BadSpec
        If the study has no such hypothesis; the nearest name is given.
    MissingInput
        If it has not been estimated.

    Warns
    -----
    UserWarning
        If the results are older than the tables, the specification, or the code.
    """
    project = data_at(root)
    known = list(load_study(project).hypotheses)
    if hypothesis not in known:
        hint = nearest(hypothesis, known)
        raise CollsecError(f"no hypothesis {hypothesis!r}.{hint} Known: {', '.join(known)}.")
    if project.is_installed:
        return _published(project, hypothesis)
    found = record.load(project, hypothesis)
    for unit, reason in pipeline.outdated(project).items():
        if unit.hypothesis in ("", hypothesis):
            warnings.warn(f"{hypothesis} is out of date: {reason}.", stacklevel=2)
            break
    return found


def _published(project: Project, hypothesis: str) -> Record:
    """Results of the release that came with the package.

    Raises
    ------
    MissingInput
        If the package was built before its results were released.
    """
    if not project.record(hypothesis).exists():
        raise MissingInput(
            f"{hypothesis}: collsec {__version__} came without released estimates. "
            "Get the study, then `collsec run` in its folder, and ask there."
        )
    return record.load(project, hypothesis)


@dataclass(frozen=True, slots=True)
class References:
    """What to cite: the study's own tables and package first, then the sources of the data.

    Attributes
    ----------
    software : Software
        The study itself.
    used : tuple of Used
        Sources, each with the columns that rest on it.
    """

    software: Software
    used: tuple[citation.Used, ...]

    def __str__(self) -> str:
        sources = [citation.reference_of(u.source) for u in self.used if u.source is not None]
        documents = [use.key for use in self.used if use.source is None]
        return "\n".join([self.software.reference, *sources, *documents])

    def bibtex(self) -> str:
        """The references as BibTeX."""
        entries = [self.software.bibtex, citation.bibtex(list(self.used))]
        return "\n\n".join(entry for entry in entries if entry)


def cite(
    name: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    root: Path | str | None = None,
) -> References:
    """What to cite for a hypothesis, a table, or exactly what has been loaded in this session.

    Parameters
    ----------
    name : str, optional
        A hypothesis, such as ``"h1"``, or a table, as in :func:`load`; by default the tables and
        columns that :func:`load` has given out.
    columns : sequence of str, optional
        Columns of the table; all by default.
    root : Path or str, optional
        Folder of the study.

    Raises
    ------
    MissingInput
        If the panel of the hypothesis has not been made.
    UnknownName
        If there is no such table or column.
    """
    project = data_at(root)
    if name is not None and name in load_study(project).hypotheses:
        if not project.is_installed:
            return References(software(project), tuple(citation.references(project, name)))
        with _aside(project) as own:
            for stage in ("tables", *_SHARED):
                _make(own, stage)
            pipeline.panel(own, name)
            return References(software(project), tuple(citation.references(own, name)))
    if name is None:
        asked = [(loaded, column) for folder, loaded, column in _LOADED if folder == project.root]
    else:
        before = dict(_LOADED)
        load(name, columns=columns, root=project.root)  # which says so if there is none
        _LOADED.clear()
        _LOADED.update(before)
        asked = [(name, column) for column in columns or ("",)]
    return References(software(project), tuple(_of_loaded(project, asked)))


def _of_loaded(project: Project, asked: Sequence[tuple[str, str]]) -> list[citation.Used]:
    """Sources of the columns asked of each table, and of those that a built frame is made from."""
    raw = clean.resources(project)
    fields: dict[str, dict[str, Any]] = {
        name: {f["name"]: f for f in clean.read_json(project, project.raw / r["schema"])["fields"]}
        for name, r in raw.items()
    }
    columns: dict[str, None] = {}
    taken: dict[str, set[str]] = {}
    for name, column in asked:
        stage, _, leaf = name.partition("/")
        if name in PUBLIC:
            own = [column] if column else list(PUBLIC[name].columns)
            columns |= dict.fromkeys(raw_columns_of(PUBLIC[name], own, fields))
        elif name in raw or stage == "tables":
            own = [column] if column else list(fields[leaf or name])
            columns |= dict.fromkeys(f"{leaf or name}.{one}" for one in own)
        elif stage in _SHARED:
            for one in [column] if column else load(name, root=project.root).columns:
                with suppress(KeyError):  # of the frame's own, such as a count of links
                    columns |= dict.fromkeys(raw_columns(f"{leaf}.{one}", fields))
        else:
            for use in citation.references(project, leaf.partition("-")[0]):
                taken.setdefault(use.key, set()).update(use.columns)
    [found] = citation.of_raw_columns(project, {"": columns}, fields).values()
    for use in found:
        taken.setdefault(use.key, set()).update(use.columns)
    declared = read_sources(project.raw / "sources.toml")
    order = [*(k for k in declared if k in taken), *sorted(taken.keys() - declared.keys())]
    return [citation.Used(key, tuple(sorted(taken[key])), declared.get(key)) for key in order]


def public_tables(project: Project) -> dict[str, pd.DataFrame]:
    """Every table that the study gives out, by name."""
    return {name: _public(project, name) for name in PUBLIC}


# Public tables made without a run, and kept ------------------------------------------------


def _is_made(project: Project) -> bool:
    """Whether the last run made the public tables from the raw tables as they are now."""
    made = {u.stage: m for u, m in project.manifests().items() if u.stage in _PUBLIC_STAGES}
    if len(made) < len(_PUBLIC_STAGES):
        return False
    known = project.digests()
    if any(known.of(project.root / p) != d for p, d in made["tables"].sources.items()):
        return False
    outputs = {path: digest for one in made.values() for path, digest in one.outputs.items()}
    read = [item for one in made.values() for item in one.inputs.items()]
    return all(outputs.get(path) == digest for path, digest in read)


def _digest(project: Project) -> str:
    """Digest of everything that the public tables rest on: raw tables, schemas, and code."""
    named = clean.resources(project).values()
    raw = [project.raw / one[key] for one in named for key in ("path", "schema")]
    package = Path(__file__).resolve().parent
    code = [path for room in _CODE for path in sorted((package / room).rglob("*.py"))]
    known = project.digests()
    found = {project.relative(path): known.of(path) for path in [project.datapackage, *raw]}
    found |= {p.relative_to(package).as_posix(): digest_of(p.read_bytes()) for p in code}
    return digest_json(found)


def _build(project: Project) -> dict[str, pd.DataFrame]:
    """Every public table, from the raw tables.

    Raises
    ------
    BadTable
        If a raw table breaks its schema.
    """
    tables = {name: clean.read_raw(project, one) for name, one in clean.resources(project).items()}
    linked = link(tables)
    frames = {**tables, **linked}
    frames |= arrange_timelines(frames)
    return {name: table(frames) for name, table in PUBLIC.items()}


def _keep(project: Project, key: str, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write tables where :func:`_read` finds them, in place of those of an earlier state."""
    for name, frame in frames.items():
        with whole(project.kept(key, name)) as temporary:
            frame.to_parquet(temporary)
    for old in project.kept(key, "").parent.parent.glob("*/*.parquet"):
        if old.parent.name != key:
            old.unlink(missing_ok=True)


def _read(project: Project, key: str, name: str) -> pd.DataFrame:
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
