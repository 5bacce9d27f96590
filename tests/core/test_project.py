"""A unit appears whole or not at all; what is read is what was written."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from collsec.core.errors import Corrupt, MissingInput, nearest
from collsec.core.manifest import Digests, Manifest, WorkUnit, digest_of, manifest_from, not_current
from collsec.core.project import Project

FRAME = pd.DataFrame({"x": [1, 2, 3]})
UNIT = WorkUnit("tables")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def make(project: Project, unit: WorkUnit = UNIT, frame: pd.DataFrame = FRAME) -> None:
    with project.making(unit, {}, {"code version": "1"}):
        project.write(frame, "tables", "one", {"stage": "tables"})
        project.write_json({"n": len(frame)}, project.record("one"))


def files(project: Project) -> dict[str, bytes]:
    return {
        p.relative_to(project.root).as_posix(): p.read_bytes()
        for p in sorted(project.root.rglob("*"))
        if p.is_file()
    }


def test_a_unit_lists_what_it_wrote(project: Project) -> None:
    make(project)
    manifest = project.manifests()[UNIT]
    for name in ("data/processed/tables/one.parquet", "data/processed/estimates/one.json"):
        assert manifest.outputs[name] == digest_of((project.root / name).read_bytes())
    assert project.receipt(UNIT).read_text(encoding="utf-8") == manifest.receipt
    assert not project.staging.exists()
    assert project.read("tables", "one")["x"].tolist() == [1, 2, 3]
    assert project.read_json(project.record("one")) == {"n": 3}
    assert project.provenance_of("tables", "one") == {"stage": "tables"}


def test_a_unit_that_fails_changes_nothing(project: Project) -> None:
    make(project)
    before = files(project)
    with pytest.raises(ZeroDivisionError), project.making(UNIT, {}, {}):
        project.write(FRAME.iloc[:1], "tables", "one", {})
        assert len(project.read("tables", "one")) == 1, "within the unit, what it has written"
        raise ZeroDivisionError
    assert files(project) == before
    make(project, frame=FRAME.iloc[:2])
    assert len(project.read("tables", "one")) == 2


def test_what_a_unit_no_longer_writes_goes(project: Project) -> None:
    make(project)
    with project.making(UNIT, {}, {}):
        project.write(FRAME, "tables", "two", {})
    assert not project.stage("tables", "one").exists()
    assert project.stage("tables", "two").exists()


def test_what_is_read_is_noted(project: Project) -> None:
    make(project)
    later = WorkUnit("panel", "h1")
    with project.making(later, {}, {}):
        project.read("tables", "one")
        project.write_json({}, project.spec_json("h1"))
    manifest = project.manifests()[later]
    name = "data/processed/tables/one.parquet"
    assert manifest.inputs == {name: project.manifests()[UNIT].outputs[name]}
    assert project.receipt(later) == project.processed / "done" / "panel" / "h1"


@pytest.mark.parametrize("place", [0, 40, -1, -9])
def test_a_flipped_bit_is_named_where_it_is_read(project: Project, place: int) -> None:
    make(project)
    for path, read in (
        (project.stage("tables", "one"), lambda: project.read("tables", "one")),
        (project.record("one"), lambda: project.read_json(project.record("one"))),
    ):
        content = bytearray(path.read_bytes())
        content[place % len(content)] ^= 4
        path.write_bytes(content)
        with pytest.raises(Corrupt) as caught:
            read()
        assert project.relative(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_cut_short_is_corrupt_without_a_manifest_too(project: Project) -> None:
    project.write(FRAME, "tables", "one", {})
    path = project.stage("tables", "one")
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(Corrupt, match="no whole Parquet file"):
        project.read("tables", "one")
    project.record("one").parent.mkdir(parents=True)
    project.record("one").write_text('{"a": ', encoding="utf-8")
    with pytest.raises(Corrupt, match="no whole JSON record"):
        project.read_json(project.record("one"))
    with pytest.raises(MissingInput, match="does not exist yet"):
        project.read("tables", "none")


def test_a_tree_takes_the_place_of_another(project: Project, tmp_path: Path) -> None:
    new, place = tmp_path / "new", tmp_path / "place"
    for folder, names in ((new, ("same", "b/other", "c")), (place, ("same", "old/gone", "b/x"))):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name, encoding="utf-8")
    untouched = (place / "same").stat().st_ino
    project.replace_tree(new, place)
    left = {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}
    assert left == {"same", "b/other", "c"}
    assert (place / "same").stat().st_ino == untouched and not (place / "old").exists()


def test_digests_are_taken_again_where_a_file_has_changed(tmp_path: Path) -> None:
    path, cache = tmp_path / "a.csv", tmp_path / "cache.json"
    path.write_bytes(b"one")
    old = time.time() - 100
    os.utime(path, (old, old))
    digests = Digests(cache)
    assert digests.of(path) == digest_of(b"one")
    digests.save()
    assert not cache.exists(), "changed within the last second: not remembered"
    time.sleep(1.1)
    assert digests.of(path) == digest_of(b"one")
    digests.save()
    [known] = json.loads(cache.read_text(encoding="utf-8")).values()
    assert known[-1] == digest_of(b"one")
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Digests(cache).of(path) == digest_of(b"two")
    cache.write_text("[", encoding="utf-8")
    assert Digests(cache).of(path) == digest_of(b"two")
    assert Digests(cache).of(tmp_path / "none") is None


def test_reasons_for_making_a_unit_again(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x")
    first = Manifest(WorkUnit("a"), outputs={"out": digest_of(b"x")}, sources={"raw": "1"})
    second = Manifest(WorkUnit("b"), inputs={"out": digest_of(b"w")}, settings={"profile": "quick"})
    assert manifest_from(first.to_json()) == first and manifest_from("{}") is None

    def reasons(sources: dict[str, str], profile: str) -> dict[WorkUnit, str]:
        settings = {WorkUnit("a"): {}, WorkUnit("b"): {"profile": profile}}
        return not_current(
            tmp_path,
            [first, second],
            Digests(tmp_path / "cache"),
            lambda unit: (sources if unit.stage == "a" else {}, settings[unit]),
        )

    assert reasons({"raw": "1"}, "quick") == {WorkUnit("b"): "out has been made again"}
    assert reasons({"raw": "2"}, "full") == {
        WorkUnit("a"): "raw has changed",
        WorkUnit("b"): "made with another profile",
    }
    path.unlink()
    assert reasons({"raw": "1"}, "quick")[WorkUnit("a")] == "out is missing"
    # An input that no unit lists may be one whose name was damaged: it is not trusted.
    alone = not_current(
        tmp_path, [second], Digests(tmp_path / "c"), lambda _: ({}, second.settings)
    )
    assert alone == {WorkUnit("b"): "out is listed by no unit"}


def test_a_receipt_covers_all_that_a_manifest_says() -> None:
    tables = {"outputs": {"o": "1"}, "inputs": {"i": "2"}, "sources": {"s": "3"}}
    whole = Manifest(WorkUnit("a"), **tables, settings={"profile": "quick"})
    other = [
        Manifest(WorkUnit("a"), **(tables | {name: {"another": "1"}}), settings=whole.settings)
        for name in tables
    ]
    other += [Manifest(WorkUnit("b"), **tables, settings=whole.settings)]
    other += [Manifest(WorkUnit("a"), **tables, settings={"profile": "full"})]
    assert len({one.receipt for one in (whole, *other)}) == 1 + len(other)


def test_receipts_are_found_by_their_units(project: Project) -> None:
    make(project)
    make(project, WorkUnit("shard", "h1", "2-of-4"))
    assert set(project.receipts()) == {UNIT, WorkUnit("shard", "h1", "2-of-4")}
    assert project.receipts()[UNIT] == project.manifests()[UNIT].receipt


def test_the_nearest_name_is_offered() -> None:
    assert nearest("un_trops", ["vetoes", "un_troops"]) == " Did you mean 'un_troops'?"
    assert nearest("zzz", ["vetoes"]) == ""
