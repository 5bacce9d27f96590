"""A deposit: the same bytes twice, each damage named, and every number made again."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from collsec.cli import bundle as cli
from collsec.cli.main import app
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.evidence import crate, deposit
from collsec.evidence.distributions import locked, wheelhouse

GPL = "old-licenses/gpl-2.0.html"
ESTIMATES = "outputs/data/processed/estimates/h1.parquet"


@pytest.fixture(scope="module")
def packed(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the finished small study."""
    path = tmp_path_factory.mktemp("deposit") / "deposit.zip"
    deposit.bundle(Project(pristine), path, "2026-12-02")
    return path


@pytest.fixture
def folder(packed: Path, tmp_path: Path) -> Path:
    """Its content, to be damaged."""
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "content")
    return tmp_path / "content"


def verified(path: Path, *options: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, ["verify", str(path), *options])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output.splitlines()


def sealed(content: Path, *, is_thorough: bool = True) -> None:
    """Write the checksums of a changed folder again, as a forger would."""
    if is_thorough and (content / deposit.SWHIDS).is_file():
        found = deposit.swhids(contents(content))
        text = "".join(f"{one}  {name}\n" for name, one in found.items())
        (content / deposit.SWHIDS).write_text(text)
    names = (f for f in sorted(content.rglob("*")) if f.is_file() and f.name != deposit.CHECKSUMS)
    (content / deposit.CHECKSUMS).write_text(
        "".join(
            f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(content).as_posix()}\n"
            for f in names
        )
    )


def contents(folder: Path) -> dict[str, bytes]:
    files = (f for f in sorted(folder.rglob("*")) if f.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


def test_the_same_study_gives_the_same_bytes(pristine: Path, packed: Path, tmp_path: Path) -> None:
    again = deposit.bundle(Project(pristine), tmp_path / "again.zip", "2026-12-02")
    assert again.path.read_bytes() == packed.read_bytes()
    assert again.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        assert again.n_files == len(names) == len(set(names))
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        text = b"".join(archive.read(n) for n in names if n.endswith((".md", ".json", ".txt")))
    assert str(pristine).encode() not in text
    assert {"study/Snakefile", "study/src/collsec/api.py", "study/data/raw/sources.toml"} <= {
        *names
    }
    assert {ESTIMATES, "outputs/reports/site/index.html", "environment.txt"} <= {*names}
    assert {n.split("/")[2] for n in names if n.startswith("study/data/")} == {"raw"}
    assert not [n for n in names if "__pycache__" in n or ".snakemake" in n or n.endswith(".pyc")]


def test_a_whole_one_is_whole_packed_and_unpacked(packed: Path, folder: Path) -> None:
    expected = (0, ["Every file is the one that was deposited."])
    assert verified(packed, "--no-run") == expected
    assert verified(folder, "--no-run") == expected
    code, lines = verified(folder, "--no-run", "--json")
    assert code == 0 and json.loads("".join(lines)) == {"is_verified": True, "faults": []}


def test_a_flipped_byte_an_edited_number_and_a_missing_or_added_file_are_named(
    folder: Path,
) -> None:
    page = folder / "outputs" / "reports" / "site" / "index.html"
    content = bytearray(page.read_bytes())
    content[len(content) // 2] ^= 1
    page.write_bytes(content)
    record = folder / "outputs" / "data" / "processed" / "estimates" / "h1.json"
    text = record.read_text(encoding="utf-8")
    assert text.count('"value": 1') > 0
    record.write_text(text.replace('"value": 1', '"value": 2', 1))
    (folder / "study" / "Snakefile").unlink()
    (folder / "study" / "more.csv").write_text("a\n")
    code, lines = verified(folder, "--no-run")
    assert code == 1
    differs = "is not the file that was deposited (its SHA-256 differs)."
    assert lines == [
        f"outputs/data/processed/estimates/h1.json {differs}",
        f"outputs/reports/site/index.html {differs}",
        "study/Snakefile is missing.",
        "study/more.csv is not listed in manifest-sha256.txt.",
    ]


def test_a_byte_that_is_flipped_in_the_packed_file_is_named(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        entry = archive.getinfo(ESTIMATES)
    content = bytearray(packed.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 16
    broken = tmp_path / "broken.zip"
    broken.write_bytes(content)
    code, lines = verified(broken, "--no-run")
    assert code == 1
    assert lines == [f"{ESTIMATES} cannot be unpacked: its bytes are damaged."]


@pytest.mark.parametrize(
    ("content", "said"), [(None, "does not exist"), (b"no zip", "is no whole bundle")]
)
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "file.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CollsecError, match=said):
        verified(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CollsecError, match="Is it a file of `collsec bundle`"):
        verified(tmp_path / "empty")


def test_a_name_that_leads_out_of_the_bundle_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    digest = hashlib.sha256(b"x").hexdigest()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside", b"x")
        archive.writestr(deposit.CHECKSUMS, f"{digest}  ../outside\n")
    (tmp_path / "in").mkdir()
    assert deposit.opened(path, tmp_path / "in" / "here") == ["../outside lies outside the bundle."]
    assert not (tmp_path / "in" / "outside").exists()


def test_numbers_are_compared_at_the_digits_of_a_result_id() -> None:
    old = pd.DataFrame({"id": ["a", "b", "c"], "x": [1.0, 2.0, float("nan")], "n": [1, 2, 3]})
    old["code"] = pd.array([1, None, 3], dtype="Int64")
    old["name"] = ["", None, "c"]
    last_digit = old.assign(x=old["x"] * (1 + 1e-9))
    assert deposit._moved_cells("f", old, last_digit) == []
    found = deposit._moved_cells("f", old, old.assign(x=[1.0, 2.00001, float("nan")], n=[1, 2, 4]))
    assert found == [
        "f, row 2 (b), x: 2.0 in the bundle, 2.00001 from the rerun",
        "f, row 3 (c), n: 3 in the bundle, 4 from the rerun",
    ]
    assert deposit._moved_cells("f", old, old.head(2)) == [
        "f: (3, 5) rows and columns in the bundle, (2, 5) from the rerun"
    ]
    assert deposit._moved_cells("f", old, old.assign(name=[None, None, "c"])) == [
        "f, row 1 (a), name:  in the bundle, nan from the rerun"
    ]


def test_records_for_archives_name_what_is_there(folder: Path) -> None:
    crate = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    by_id = {one["@id"]: one for one in crate["@graph"]}
    root = by_id["./"]
    assert by_id[root["mainEntity"]["@id"]]["@type"][-1] == "ComputationalWorkflow"
    for part in root["hasPart"]:
        assert (folder / part["@id"]).exists(), part
        assert part["@id"] in by_id
    named = [
        one["@id"]
        for entity in crate["@graph"]
        for value in entity.values()
        for one in (value if isinstance(value, list) else [value])
        if isinstance(one, dict) and "@id" in one
    ]
    local = {n for n in named if not n.startswith("http")}
    assert local <= by_id.keys()
    assert by_id["#run"]["object"] == [{"@id": "study/data/raw/"}]
    cff = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    title = cff["preferred-citation"]["title"]
    for name, key in (("codemeta.json", "name"), (".zenodo.json", "title")):
        assert json.loads((folder / name).read_text(encoding="utf-8"))[key] == title
    cite = json.loads((folder / "datacite.json").read_text(encoding="utf-8"))
    assert (cite["titles"], cite["publicationYear"]) == ([{"title": title}], "2026")
    assert cite["creators"] == [{"name": "The collsec authors", "nameType": "Organizational"}]
    versions = (folder / "environment.txt").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("numpy==") for line in versions) and versions == sorted(versions)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "$" not in readme and "## Data availability and provenance statements" in readme


def test_a_bundle_needs_current_results_a_day_and_a_name(finished: Path, tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        with pytest.raises(CollsecError) as caught:
            result = CliRunner().invoke(app, ["bundle", *arguments, "--root", str(finished)])
            raise result.exception or AssertionError(result.output)
        return str(caught.value)

    target = str(tmp_path / "d.zip")
    assert "ends in .zip" in said(str(tmp_path / "d.tar"))
    assert "--date 2026-12-02" in said(target, "--date", "soon")
    study = finished / "analyses" / "_study.yml"
    before = study.read_text(encoding="utf-8")
    study.write_text(before.replace("seed: ", "seed: 1"), encoding="utf-8")
    assert "is not current" in said(target)
    study.write_text(before, encoding="utf-8")
    assert not Path(target).exists()


def test_a_rerun_has_no_network(tmp_path: Path) -> None:
    from collsec.cli.bundle import _GUARD

    (tmp_path / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    code = (
        "import socket, urllib.request as u\n"
        "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())\n"
        "for call in (lambda: u.urlopen('http://example.org'),\n"
        "             lambda: socket.socket().connect(('192.0.2.1', 80))):\n"
        "    try: call()\n"
        "    except OSError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("a rerun uses no network") == 2


def test_each_table_has_its_license(repository: Path) -> None:
    tables, others = deposit._licenses(Project(repository))
    assert tables.url == "https://creativecommons.org/licenses/by/4.0/"
    assert {(one.name, one.license.url) for one in others} == {
        (f"study/data/raw/{name}.csv", f"https://www.gnu.org/licenses/{GPL}")
        for name in (
            *("coded/mission_contributors", "coded/mission_locations"),
            *("compiled/contributor_months", "compiled/personnel_months"),
            *("compiled/mapped_contributors", "compiled/mission_capabilities"),
            *("compiled/mission_labels", "compiled/mission_strength"),
        )
    }


def test_what_its_publisher_alone_may_give_out_is_refused(finished: Path, tmp_path: Path) -> None:
    content = b"id,year\n1,1990\n"
    declared = finished / "data" / "raw" / "sources.toml"
    before = declared.read_text(encoding="utf-8")
    known = re.search(r'sha256 = "([0-9a-f]{64})"', before)
    assert known is not None
    declared.write_text(before.replace(known[1], hashlib.sha256(content).hexdigest()))
    stray = finished / "data" / "raw" / "rules" / "copy.csv"
    stray.write_bytes(content)
    try:
        with pytest.raises(CollsecError, match=r"^data/raw/rules/copy\.csv is a file of its publ"):
            deposit.bundle(Project(finished), tmp_path / "d.zip", "2026")
    finally:
        stray.unlink()
        declared.write_text(before, encoding="utf-8")
    assert not (tmp_path / "d.zip").exists()


def test_an_output_with_a_checksum_of_its_own_is_not_the_published_one(folder: Path) -> None:
    table = next((folder / "outputs" / "reports" / "site" / "tables").glob("*.csv"))
    table.write_text(table.read_text(encoding="utf-8").replace("1", "2", 1), encoding="utf-8")
    gone = folder / "outputs" / "reports" / "site" / "index.html"
    gone.unlink()
    sealed(folder)
    name = table.relative_to(folder).as_posix()
    assert verified(folder, "--no-run") == (
        1,
        [
            "outputs/reports/site/index.html is missing, but results.json names it.",
            f"{name} is not the output that results.json names.",
        ],
    )


def test_identifiers_of_software_heritage_are_those_of_git(tmp_path: Path) -> None:
    pytest.importorskip("swh.model")
    content = {
        **{"study/a.txt": b"a\n", "study/a/b/c.csv": b"", "study/a.d/x": b"\x00\xff"},
        **{"study/z\u00e9": b"1", "outputs/data/p.parquet": b"2", "README.md": b"3"},
    }
    for name, data in content.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)

    def git(*arguments: str) -> str:
        command = ["git", "-c", "core.autocrlf=false", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "-q", "--object-format=sha1")
    git("add", "-A", "-f")
    assert deposit.swhids(content) == {
        f"{top}/": f"swh:1:dir:{git('write-tree', f'--prefix={top}/')}"
        for top in ("outputs", "study")
    }


def test_identifiers_stand_in_the_records_and_tell_a_forger(folder: Path) -> None:
    pytest.importorskip("swh.model")
    stated = dict(
        reversed(line.split("  "))  # type: ignore[misc]
        for line in (folder / deposit.SWHIDS).read_text().splitlines()
    )
    assert stated == deposit.swhids(contents(folder))
    assert list(stated) == ["outputs/", "study/"]
    codemeta = json.loads((folder / "codemeta.json").read_text(encoding="utf-8"))
    assert codemeta["identifier"] == list(stated.values())
    cff = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert [one["value"] for one in cff["identifiers"]] == list(stated.values())
    assert "swhids.txt" in (folder / "README.md").read_text(encoding="utf-8")
    rules = folder / "study" / "Snakefile"
    rules.write_text(rules.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    sealed(folder, is_thorough=False)
    code, lines = verified(folder, "--no-run")
    assert code == 1 and len(lines) == 1
    assert lines[0].startswith(f"study/ is not the folder of swhids.txt: {stated['study/']} there")


def test_a_citation_with_identifiers_of_its_own_keeps_them() -> None:
    swhids = {"study/": f"swh:1:dir:{'0' * 40}"}
    assert crate.cited("title: A\n", {}) == "title: A\n"
    own = "title: A\nidentifiers:\n  - type: doi\n    value: 10.1/x\n"
    assert crate.cited(own, swhids) == own
    assert yaml.safe_load(crate.cited("title: A\n", swhids))["identifiers"] == [
        {
            "type": "swh",
            "value": swhids["study/"],
            "description": "The folder study/ of the deposit",
        }
    ]


def tiny(folder: Path, name: str) -> str:
    """A distribution of one module, as a wheel in a folder; its line of a lock."""
    folder.mkdir(parents=True, exist_ok=True)
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "NUMBER = 7\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}==1.0 ; python_version >= '3' \\\n    --hash=sha256:{digest}\n    # via x\n"


def test_a_wheelhouse_holds_what_the_lock_names_and_all_of_it(tmp_path: Path) -> None:
    wheels, lock = tmp_path / "wheels", tmp_path / "requirements.lock"
    with pytest.raises(CollsecError, match=r"this study has no requirements\.lock"):
        list(wheelhouse(tmp_path, wheels))
    other = "other==2.0 ; python_version < '3' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    lock.write_text(tiny(wheels, "one") + other + tiny(wheels, "two"))
    names = ["one-1.0-py3-none-any.whl", "two-1.0-py3-none-any.whl"]
    assert [path.name for path in wheelhouse(tmp_path, wheels)] == names
    (wheels / names[0]).rename(tmp_path / "kept")
    with pytest.raises(CollsecError, match=r"wheels: one==1\.0 missing\. Fill it by `pip download"):
        list(wheelhouse(tmp_path, wheels))
    (wheels / names[0]).write_bytes((tmp_path / "kept").read_bytes() + b"0")
    with pytest.raises(CollsecError, match=r"one-1\.0-py3-none-any\.whl: no file that requirem"):
        list(wheelhouse(tmp_path, wheels))
    with pytest.raises(CollsecError, match="nowhere: no such folder"):
        list(wheelhouse(tmp_path, tmp_path / "nowhere"))


def test_the_lock_of_this_repository_is_read_whole(repository: Path) -> None:
    text = (repository / "requirements.lock").read_text(encoding="utf-8")
    pins = locked(text)
    assert len(pins) == len(re.findall(r"^[\w.-]+(?:\[.*?\])?==", text, re.MULTILINE)) > 100
    assert sum(map(len, pins.values())) == text.count("--hash=sha256:")
    assert all(pins.values())


@pytest.mark.full
def test_libraries_of_a_deposit_are_installed_without_a_network(tmp_path: Path) -> None:
    study, wheels = tmp_path / "study", tmp_path / "wheelhouse"
    study.mkdir()
    with pytest.raises(CollsecError, match="brings no libraries"):
        cli._with_own_libraries(sys.executable, tmp_path, tmp_path)
    (study / "requirements.lock").write_text(tiny(wheels, "one"))
    program = cli._with_own_libraries(sys.executable, tmp_path, tmp_path)
    told = [program, "-c", "import one; print(one.NUMBER, one.__file__)"]
    said = subprocess.run(told, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"7 {tmp_path / 'environment'}")
    (study / "requirements.lock").write_text(tiny(tmp_path / "elsewhere", "two"))
    with pytest.raises(CollsecError, match=r"cannot be installed: .*two"):
        cli._with_own_libraries(sys.executable, tmp_path, tmp_path)
    with pytest.raises(CollsecError, match="no-python: No such file or directory"):
        cli._with_own_libraries("no-python", tmp_path, tmp_path)


@pytest.mark.full
def test_every_number_is_made_again_by_another_python(packed: Path) -> None:
    other = os.environ.get("COLLSEC_OTHER_PYTHON")
    if other is None:
        pytest.skip("COLLSEC_OTHER_PYTHON names no Python of another version with the libraries")
    asked = [
        other,
        "-c",
        "import sys; print(sys.version_info[:2] != tuple(map(int, sys.argv[1:])))",
    ]
    here = [str(number) for number in sys.version_info[:2]]
    assert subprocess.run([*asked, *here], capture_output=True, check=True).stdout == b"True\n"
    code, lines = verified(packed, "--python", other)
    assert (code, len(lines)) == (0, 1), lines


@pytest.mark.full
def test_every_number_is_made_again_and_the_edited_one_alone_is_named(folder: Path) -> None:
    table = folder / ESTIMATES
    rows = pd.read_parquet(table)
    edited, row = rows.copy(), int(rows.index[rows["role"] == "primary"][0])
    edited.loc[row, "estimate"] *= 1.01
    edited.to_parquet(table)
    results = json.loads((folder / deposit.RESULTS).read_text(encoding="utf-8"))
    name = ESTIMATES.removeprefix("outputs/")
    results["outputs"][name] = hashlib.sha256(table.read_bytes()).hexdigest()
    (folder / deposit.RESULTS).write_text(json.dumps(results), encoding="utf-8")
    sealed(folder)
    code, lines = verified(folder)
    assert code == 1
    assert lines == [
        f"data/processed/estimates/h1.parquet, row {row + 1} (h1.primary), estimate: "
        f"{edited.loc[row, 'estimate']} in the bundle, {rows.loc[row, 'estimate']} from the rerun"
    ]
