"""A deposit that proves itself: inputs, code, outputs, and the checksum of each, in one file.

The same study gives the same bytes: files stand in order, under one time stamp, and no clock, host
or path enters. What the publishers alone may give out is not part of it; the tables that follow
from it are, and the rules by which they do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import riskset
from collsec.compile.package import FILE as PACKAGE
from collsec.core.errors import CollsecError
from collsec.core.project import INSIDE, Project, shipped, whole
from collsec.core.provenance import data_vintage
from collsec.evidence import crate, release
from collsec.evidence.distributions import LOCK, environment, wheelhouse
from collsec.evidence.software import software
from collsec.tables.clean import read_json
from collsec.upstream.sources import read_sources

#: Folders of a bundle.
STUDY, CODE, OUTPUTS, WHEELHOUSE = "study", "code", "outputs", "wheelhouse"
CHECKSUMS, RESULTS = "manifest-sha256.txt", "results.json"
#: Folders with an identifier of Software Heritage, and where those stand.
IDENTIFIED, SWHIDS = (STUDY, CODE, OUTPUTS), "swhids.txt"
#: Of the folder of a study, what a rerun or a reader needs.
PARTS = (
    *("analyses", "data/raw", "reports", "src", "packages", "docs", "tests", "profiles"),
    *("Snakefile", "Makefile", "pyproject.toml", LOCK),
    *("CITATION.cff", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"),
    "CODE_OF_CONDUCT.md",
)
#: What a run has made, or a machine keeps, wherever it stands.
LEFT_OUT = re.compile(
    r"(^|/)(__pycache__|\.[^/]+|[^/]+\.egg-info|_build|generated|_study)(/|$)"
    r"|^reports/(site|project)/|\.pyc$"
)
#: Where the folder of a study may hold the packages themselves; another's study does not.
SOURCES = ("src", "packages/riskset/src")
#: Stages whose files are outputs of the study, and its pages.
STAGES = ("specs", "panels", "estimates", "public")
#: Zip has no earlier moment; none that means anything enters.
MOMENT = (1980, 1, 1, 0, 0, 0)
#: Numbers agree to the digits of a result id; below this they are rounding about zero.
NEAR_ZERO = 1e-12
#: Of one file, how many numbers that differ are named.
NAMED = 5


class NoBundle(CollsecError):
    """What is given is no bundle, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written.

    Attributes
    ----------
    path : Path
    n_files : int
    sha256 : str
        Of the whole file.
    swhids : dict
        Folder → its Software Heritage identifier; empty where `swh-model` is not installed.
    """

    path: Path
    n_files: int
    sha256: str
    swhids: dict[str, str]


def bundle(project: Project, path: Path, published: str, wheels: Path | None = None) -> Bundle:
    """Write a study whose results are current into one file.

    Parameters
    ----------
    project : Project
    path : Path
        Ends in ``.zip``.
    published : str
        Day or year of publication, ISO 8601.
    wheels : Path, optional
        Folder of the distributions that the lock names, to be brought along.

    Raises
    ------
    MissingInput
        If the study has not been run to its reports.
    CollsecError
        If its results are of more than one profile or vintage, or if the distributions are not
        those of the lock.
    """
    content = dict(_parts(project))
    found = swhids(content)
    for file in wheelhouse(project.root, wheels) if wheels is not None else ():
        content[f"{WHEELHOUSE}/{file.name}"] = file.read_bytes()
    content |= _texts(project, published, found, has_wheels=wheels is not None)
    lines = [f"{_sha256(data)}  {name}\n" for name, data in sorted(content.items())]
    content[CHECKSUMS] = "".join(lines).encode()
    with whole(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in sorted(content.items()):
                entry = zipfile.ZipInfo(name, MOMENT)
                entry.external_attr = 0o644 << 16
                entry.create_system = 3
                is_packed = name.startswith(f"{WHEELHOUSE}/")
                archive.writestr(entry, data, zipfile.ZIP_STORED if is_packed else None)
        with temporary.open("rb") as made:
            digest = hashlib.file_digest(made, "sha256").hexdigest()
    return Bundle(path, len(content), digest, found)


def _parts(project: Project) -> Iterator[tuple[str, bytes]]:
    """Files of the study, its code, and its outputs: name and bytes."""
    sources = read_sources(project.raw / "sources.toml")
    reserved = {f.sha256: s.title for s in sources.values() for f in s.files if f.is_pinned}
    for name, file in _study(project.root):
        data = file.read_bytes()
        if title := reserved.get(_sha256(data)):
            raise CollsecError(
                f"{name} is a file of its publisher ({title}), who alone may give it out. Keep it "
                "in data/upstream."
            )
        yield f"{STUDY}/{name}", data
    for name, (package, place) in _packages(project.root).items():
        if place.startswith(CODE):
            for shown, file in _files(package, package.parent):
                yield f"{CODE}/{shown}", file.read_bytes()
            if name == "collsec":  # by which it knows that it is no study itself
                yield f"{place}/{INSIDE}/CITATION.cff", (shipped() / "CITATION.cff").read_bytes()
    folders = [project.processed / stage for stage in STAGES]
    for folder in (*folders, project.root / "reports" / "site"):
        for name, file in _files(folder, project.root):
            yield f"{OUTPUTS}/{name}", file.read_bytes()


def _texts(
    project: Project, published: str, found: Mapping[str, str], *, has_wheels: bool
) -> dict[str, bytes]:
    """What stands above the parts: the texts of a bundle by their names."""
    results = release.manifest(project)
    tables, others = _licenses(project)
    deposit = crate.Deposit(
        own=software(project),
        published=published,
        vintage=data_vintage(project),
        profile=str(results["profile"]),
        sources=tuple(read_sources(project.raw / "sources.toml").values()),
        tables=tables,
        others=others,
        code=tuple(
            crate.Piece(f"{place}/", f"the package {name}", crate.MIT)
            for name, (_, place) in _packages(project.root).items()
        ),
        has_lock=(project.root / LOCK).is_file(),
        has_wheels=has_wheels,
        swhids=found,
    )
    texts = crate.texts(deposit) | {
        RESULTS: _as_json(results),
        "environment.txt": "".join(f"{line}\n" for line in environment()),
    }
    if found:
        texts[SWHIDS] = "".join(f"{one}  {name}\n" for name, one in found.items())
    if (citation := project.root / "CITATION.cff").is_file():
        texts["CITATION.cff"] = crate.cited(citation.read_text(encoding="utf-8"), found)
    return {name: text.encode() for name, text in texts.items()}


def _licenses(project: Project) -> tuple[crate.License, tuple[crate.Piece, ...]]:
    """The license of the raw tables, and the tables that have another.

    Raises
    ------
    CollsecError
        If the tables have none.
    """
    package = read_json(project, project.root / PACKAGE)

    def license_of(content: Mapping[str, Any]) -> crate.License | None:
        return next(
            (crate.License(one["title"], one["path"]) for one in content.get("licenses", ())), None
        )

    tables = license_of(package)
    if tables is None:
        raise CollsecError(
            f"{PACKAGE}: no license of the tables. Name it under `licenses`, with title and path."
        )
    others = [
        crate.Piece(f"{STUDY}/data/raw/{table['path']}", f"the table {table['name']}", own)
        for table in package["resources"]
        if (own := license_of(table)) not in (None, tables)
    ]
    return tables, tuple(others)


def _study(root: Path) -> Iterator[tuple[str, Path]]:
    for part in PARTS:
        place = root / part
        if place.is_dir() and not place.is_symlink():
            yield from ((n, f) for n, f in _files(place, root) if not LEFT_OUT.search(n))
        elif place.is_file():
            yield part, place


def _packages(root: Path) -> dict[str, tuple[Path, str]]:
    """The packages that made the results: where each is, and where in a bundle."""
    found = {}
    for name, here in (
        ("collsec", Path(__file__).parents[1]),
        ("riskset", Path(riskset.__file__).parent),
    ):
        inside = [
            place
            for place in SOURCES
            if (root / place / name).is_dir() and not (root / place).is_symlink()
        ]
        found[name] = (
            (root / inside[0] / name, f"{STUDY}/{inside[0]}/{name}")
            if inside
            else (here, f"{CODE}/{name}")
        )
    return found


def _files(folder: Path, above: Path) -> Iterator[tuple[str, Path]]:
    """Files below a folder by their names from `above`; nothing generated, no link followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(place) / name
            shown = file.relative_to(above).as_posix()
            if not LEFT_OUT.search(shown.removeprefix("reports/site/")) and not file.is_symlink():
                yield shown, file


def swhids(content: Mapping[str, bytes]) -> dict[str, str]:
    """Software Heritage identifiers of the folders of a bundle; none without `swh-model`.

    Parameters
    ----------
    content : mapping
        Files of a bundle: name and bytes.

    Returns
    -------
    dict
        Such as ``{"study/": "swh:1:dir:…"}``: of its content alone, which anybody can compute.

    References
    ----------
    ISO/IEC 18670:2025, SoftWare Hash IDentifier (SWHID) specification.
    """
    try:
        from swh.model.from_disk import Content, Directory
    except ModuleNotFoundError:
        return {}
    above: dict[str, Directory] = {}
    for name, data in content.items():
        top, *folders = name.split("/")
        if top not in IDENTIFIED or not folders:
            continue
        last = folders.pop()
        folder = above.setdefault(f"{top}/", Directory())
        for one in (part.encode() for part in folders):
            if one not in folder:
                folder[one] = Directory()
            folder = folder[one]
        folder[last.encode()] = Content.from_bytes(mode=0o100644, data=data)
    return {name: str(folder.swhid()) for name, folder in sorted(above.items())}


# Reading one -------------------------------------------------------------------------------------


def opened(path: Path, folder: Path) -> list[str]:
    """Unpack a bundle, or take one that is unpacked, and compare each file with its checksum.

    Parameters
    ----------
    path : Path
        A file that :func:`bundle` wrote, or the folder of its content.
    folder : Path
        Empty; what is whole is written there.

    Returns
    -------
    list of str
        What is wrong, one file a line; empty if every file is the one that was deposited.

    Raises
    ------
    NoBundle
        If it is none at all.
    """
    found, faults = _read(path)
    if CHECKSUMS not in found:
        raise NoBundle(f"{path}: no {CHECKSUMS} in it. Is it a file of `collsec bundle`?")
    declared: dict[str, str] = {}
    for number, line in enumerate(found.pop(CHECKSUMS).decode(errors="replace").splitlines(), 1):
        digest, _, name = line.partition("  ")
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or not name:
            faults[f"{CHECKSUMS}, line {number}"] = "is no checksum and name"
        else:
            declared[name] = digest
    for name in sorted(declared.keys() | found.keys()):
        if name in faults:
            continue
        if name not in found:
            faults[name] = "is missing"
        elif name not in declared:
            faults[name] = f"is not listed in {CHECKSUMS}"
        elif _sha256(found[name]) != declared[name]:
            faults[name] = "is not the file that was deposited (its SHA-256 differs)"
        else:
            target = folder / name
            if folder.resolve() not in target.resolve().parents:
                faults[name] = "lies outside the bundle"
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found[name])
    if not faults:
        faults = _unlike_results(folder) | _unlike_swhids(found)
    return [f"{name} {what}." for name, what in sorted(faults.items())]


def _unlike_results(folder: Path) -> dict[str, str]:
    """Outputs that are not those of the published results, though their checksums were written."""
    faults = {}
    for name, digest in results_of(folder)["outputs"].items():
        file = folder / OUTPUTS / name
        if not file.is_file():
            faults[f"{OUTPUTS}/{name}"] = f"is missing, but {RESULTS} names it"
        elif _sha256(file.read_bytes()) != digest:
            faults[f"{OUTPUTS}/{name}"] = f"is not the output that {RESULTS} names"
    return faults


def _unlike_swhids(found: Mapping[str, bytes]) -> dict[str, str]:
    """Folders that are not those of the deposited identifiers, where these can be computed here."""
    here = swhids(found)
    stated = [line.split("  ", 1) for line in found.get(SWHIDS, b"").decode().splitlines()]
    return {
        name: f"is not the folder of {SWHIDS}: {one} there, {here.get(name)} here"
        for one, name in stated
        if here and here.get(name) != one
    }


def _read(path: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Content by name, and what cannot be read."""
    if path.is_dir():
        names = (f for f in sorted(path.rglob("*")) if f.is_file())
        return {f.relative_to(path).as_posix(): f.read_bytes() for f in names}, {}
    found: dict[str, bytes] = {}
    faults: dict[str, str] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                try:
                    found[name] = archive.read(name)
                except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError):
                    faults[name] = "cannot be unpacked: its bytes are damaged"
    except FileNotFoundError:
        raise NoBundle(f"{path} does not exist.") from None
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise NoBundle(f"{path} is no whole bundle: {error}.") from None
    return found, faults


def results_of(folder: Path) -> dict[str, Any]:
    """What the deposited study published."""
    content: dict[str, Any] = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    return content


def moved(folder: Path, project: Project) -> list[str]:
    """Compare every number of an unpacked bundle with those of a study made from it.

    Returns
    -------
    list of str
        What differs, one number a line; empty if every number was made again.
    """
    found = release.compare(results_of(folder), release.manifest(project))
    lines = [*found.moved]
    texts = [p for p in found.files if p not in found.last_digits and p.endswith(release.TEXTS)]
    lines += [f"{path}: differs by more than last digits" for path in texts]
    outputs = folder / OUTPUTS
    for old in sorted(outputs.rglob("*.parquet")):
        name = old.relative_to(outputs).as_posix()
        new = project.root / name
        if not new.exists():
            lines.append(f"{name}: not made by the rerun")
            continue
        lines += _moved_cells(name, pd.read_parquet(old), pd.read_parquet(new))
    return lines


def _moved_cells(name: str, old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    if list(old.columns) != list(new.columns) or len(old) != len(new):
        return [f"{name}: {old.shape} rows and columns in the bundle, {new.shape} from the rerun"]
    lines = []
    for column in old:
        before, here = old[column], new[column]
        if pd.api.types.is_float_dtype(before) and pd.api.types.is_float_dtype(here):
            a, b = (one.to_numpy(float, na_value=np.nan) for one in (before, here))
            is_same = np.isclose(a, b, rtol=10.0**-release.DIGITS, atol=NEAR_ZERO, equal_nan=True)
        else:
            are_absent = (before.isna() & here.isna()).to_numpy(bool)
            a, b = (one.astype(str).to_numpy(object, na_value="") for one in (before, here))
            is_same = are_absent | ((a == b) & (before.isna() == here.isna()).to_numpy(bool))
        for row in np.flatnonzero(~is_same).tolist():
            first = str(old.iloc[row, 0])
            lines.append(
                f"{name}, row {row + 1} ({first}), {column}: {before.iloc[row]} in the bundle, "
                f"{here.iloc[row]} from the rerun"
            )
    more = [f"{name}: and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
    return [*lines[:NAMED], *more]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _as_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
