"""`collsec run`: killed, interrupted, started twice, on broken input, on lost or corrupt files."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from collsec import pipeline
from collsec.core.manifest import WorkUnit, manifest_from
from collsec.core.project import Project
from for_all_tests import first
from mini.small_study import collsec, environment

pytestmark = pytest.mark.pipeline

SEED = 20260101
#: Units that take seconds; with them gone, a run makes the tables and the reports again.
CHEAP = ("tables", "episodes", "timelines", "synthesis", "reports")
FLIPPED = int(os.environ.get("FLIPPED", "40"))


def outputs(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that the pipeline has written."""
    places = ("data/processed", "reports/site", "reports/project")
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for place in places
        for p in sorted((folder / place).rglob("*"))
        if p.is_file()
    }


def planned(folder: Path) -> dict[str, int]:
    """Jobs by rule that a run would do at most."""
    done = collsec(folder, "run", "--dry-run", "--cores", "2")
    assert done.returncode == 0, done.stderr
    return {k: int(n) for k, n in re.findall(r"would be made: (\w+) \((\d+) at", done.stdout)}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return collsec(folder, "run", "--cores", "2", *arguments)


def start(folder: Path) -> subprocess.Popen[str]:
    """Begin a run and return at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "collsec", "run", "--cores", "2"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begun(folder: Path, process: subprocess.Popen[str]) -> int:
    """Wait until the jobs of a run have a process group; its id."""
    note = Project(folder).state / "run.json"
    for _ in range(600):
        try:
            noted = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            noted = {}
        if noted.get("pid") == process.pid and "group" in noted:
            return int(noted["group"])
        time.sleep(0.05)
    raise AssertionError("the run has not begun")


def forget(folder: Path, stages: tuple[str, ...]) -> None:
    """Take away all that some stages have written."""
    project = Project(folder)
    for unit, manifest in project.manifests().items():
        if unit.stage in stages:
            for path in manifest.outputs:
                (folder / path).unlink()
            project.unit_manifest(unit).unlink()
            project.receipt(unit).unlink()


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """Another content of a file under its old time stamp; undone at the end, times and all."""
    before, stat = path.read_bytes(), path.stat()
    times = (stat.st_atime_ns, stat.st_mtime_ns)
    path.write_bytes(content)
    os.utime(path, ns=times)
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=times)


def flipped(content: bytes, at: int, bit: int) -> bytes:
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


@pytest.fixture
def copy(pristine: Path, tmp_path: Path) -> Path:
    """A finished study of a test's own."""
    return Path(shutil.copytree(pristine, tmp_path / "study"))


# Nothing to do ----------------------------------------------------------------------------------


def test_a_second_run_does_nothing(finished: Path) -> None:
    before = outputs(finished)
    done = run(finished)
    assert done.returncode == 0, done.stderr
    assert "Nothing to be done" in done.stdout
    assert planned(finished) == {}
    assert outputs(finished) == before
    assert pipeline.outdated(Project(finished)) == {}


@pytest.mark.full
def test_snakemake_is_asked_only_where_something_may_have_changed(copy: Path) -> None:
    def asked() -> int:
        return len(list((copy / ".snakemake" / "log").glob("*.snakemake.log")))

    assert run(copy).returncode == 0  # in this folder, paths are others
    before = asked()
    assert "Nothing to be done" in run(copy).stdout
    assert asked() == before
    assert run(copy, "--", "--quiet").returncode == 0
    assert asked() == before + 1  # whatever else Snakemake was to do
    with (copy / "Snakefile").open("a") as outline:
        outline.write("# a rule of one's own\n")
    assert run(copy).returncode == 0
    assert asked() == before + 2


@pytest.mark.full
def test_a_quiet_run_says_nothing(finished: Path) -> None:
    done = run(finished, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_output_is_listed(finished: Path) -> None:
    listed = {p for m in Project(finished).manifests().values() for p in m.outputs}
    lists = ("data/processed/done/", "data/processed/manifest/")
    assert listed == {p for p in outputs(finished) if not p.startswith(lists)}


@pytest.mark.full
def test_a_run_needs_no_metadata_of_snakemake(copy: Path) -> None:
    shutil.rmtree(copy / ".snakemake")
    before = outputs(copy)
    (copy / "data" / "processed" / "timelines" / "war.parquet").unlink()
    assert planned(copy)["timelines"] == 1
    assert outputs(copy).keys() == before.keys() - {"data/processed/timelines/war.parquet"}


# What is missing or corrupt ---------------------------------------------------------------------


def test_flipped_bits_are_seen_wherever_they_are(finished: Path) -> None:
    draw = random.Random(SEED)
    project = Project(finished)
    listed = {p: u for u, m in project.manifests().items() for p in m.outputs}
    for name in draw.choices(sorted(listed), k=FLIPPED):
        path = finished / name
        content = path.read_bytes()
        at = len(content) - 1 - draw.randrange(8) if draw.random() < 0.3 else None
        at = draw.randrange(len(content)) if at is None or at < 0 else at
        with changed(path, flipped(content, at, draw.randrange(8))):
            found = pipeline.outdated(project)
            assert found[listed[name]] == f"{name} is not the file that was written", (name, at)
    assert pipeline.outdated(project) == {}


@pytest.mark.full
def test_flipped_bits_of_a_manifest_are_seen(finished: Path) -> None:
    """Each that changes what it says; those in the path of an input lost a dependency before."""
    draw = random.Random(SEED)
    project = Project(finished)
    unseen = []
    for unit, manifest in sorted(project.manifests().items())[:: max(1, 60 // FLIPPED)]:
        path = project.unit_manifest(unit)
        content = path.read_bytes()
        places = [draw.randrange(len(content))]
        for name in manifest.inputs:
            places.append(content.index(f'"{name}"'.encode()) + draw.randrange(1, len(name) + 1))
        for at in places:
            with changed(path, damaged := flipped(content, at, draw.randrange(7))):
                said = manifest_from(damaged.decode(errors="replace"))
                if said != manifest and unit not in pipeline.outdated(project):
                    unseen.append((unit.name, at))
    assert unseen == []
    assert pipeline.outdated(project) == {}


@pytest.mark.parametrize(
    ("name", "rule"),
    first(
        ("data/processed/panels/h2.parquet", "panel"),
        ("data/processed/tables/missions.parquet", "tables"),
        ("data/processed/timelines/war.parquet", "timelines"),
        ("data/processed/shards/h3-2-of-2.json", "shard"),
        ("data/processed/estimates/h1.json", "estimate"),
        ("data/processed/estimates/study.json", "synthesis"),
        ("reports/site/h2-veto-use.pdf", "reports"),
        ("reports/site/data/codebook.html", "reports"),
        ("data/processed/manifest/estimate/h1.json", "estimate"),
    ),
)
def test_a_file_that_is_missing_is_made_again(finished: Path, name: str, rule: str) -> None:
    path = finished / name
    aside = path.with_name(f"aside-{path.name}")
    path.rename(aside)
    try:
        assert planned(finished)[rule] == 1
    finally:
        aside.rename(path)


@pytest.mark.full
def test_what_is_made_again_has_the_same_bytes_and_nothing_else_is(copy: Path) -> None:
    before = outputs(copy)
    lost = copy / "data" / "processed" / "timelines" / "war.parquet"
    kept = copy / "data" / "processed" / "panels" / "h1.parquet"
    page = copy / "reports" / "site" / "index.html"
    time_of_kept = kept.stat().st_mtime_ns
    lost.unlink()
    page.write_bytes(flipped(page.read_bytes(), 100, 3))
    done = run(copy)
    assert done.returncode == 0, done.stderr
    assert outputs(copy) == before
    assert kept.stat().st_mtime_ns == time_of_kept, "timelines that did not change remake no panel"
    assert re.search(r"^reports +1/1", done.stdout, re.MULTILINE)
    assert "estimate" not in done.stdout


@pytest.mark.full
def test_new_content_under_an_old_time_stamp_is_seen(finished: Path) -> None:
    path = finished / "data" / "raw" / "coded" / "vetoes.csv"
    content = path.read_bytes()
    with changed(path, content.replace(b"Franco's Spain", b"Franco'z Spain")):
        assert pipeline.outdated(Project(finished)) == {
            WorkUnit("tables"): "data/raw/coded/vetoes.csv has changed"
        }
    page = finished / "analyses" / "h2" / "h2-veto-use.qmd"
    text = page.read_bytes()
    with changed(page, text.replace(b"lags_months: [0, 3]", b"lags_months: [0, 6]")):
        found = pipeline.outdated(Project(finished))
        assert found.pop(WorkUnit("reports")) == "analyses/h2/h2-veto-use.qmd has changed"
        assert {unit.hypothesis for unit in found} == {"h2"}
        assert set(found.values()) == {"made with another specification"}
        shown = collsec(finished, "show", "h2")
        assert shown.returncode == 0 and "h2.primary@" in shown.stdout
        assert "The numbers of h2 are out of date: made with another specification." in shown.stderr
        assert "out of date" in collsec(finished, "claims").stderr
        assert "out of date" in collsec(finished, "power").stderr
    assert collsec(finished, "show", "h2").stderr == ""


@pytest.mark.full
def test_a_time_stamp_alone_changes_nothing(finished: Path) -> None:
    later = time.time() + 5_000_000
    for path in (finished / "data" / "raw").rglob("*.csv"):
        os.utime(path, (later, later))
    assert planned(finished) == {}


def test_a_further_hypothesis_makes_no_other_again(finished: Path) -> None:
    study = finished / "analyses" / "_study.yml"
    text = study.read_text(encoding="utf-8")
    page = finished / "analyses" / "h2" / "h98-again.qmd"
    own = page.with_name("h2-veto-use.qmd").read_text(encoding="utf-8")
    page.write_text(own.replace("hypothesis: h2", "hypothesis: h98", 1), encoding="utf-8")
    listed = re.sub(r"^(hypotheses:\n(?:- \w+\n)+)", r"\1- h98\n", text, flags=re.MULTILINE)
    assert listed != text
    try:
        with changed(study, listed.encode()):
            found = {unit.stage for unit in pipeline.outdated(Project(finished))}
            assert found == {"synthesis", "reports"}
    finally:
        page.unlink()


@pytest.mark.full
@pytest.mark.parametrize("name", first("h1.json", "h1.parquet"))
def test_commands_name_a_corrupt_record_in_one_line(finished: Path, name: str) -> None:
    path = finished / "data" / "processed" / "estimates" / name
    with changed(path, path.read_bytes()[:-40]):
        for command in (["show", "h1"], ["claims"], ["compare", "h1", "h2"]):
            done = collsec(finished, *command)
            assert done.returncode == 1 and "Traceback" not in done.stderr
            assert len(done.stderr.strip().splitlines()) == 1
            assert f"data/processed/estimates/{name} is corrupt" in done.stderr
        power = collsec(finished, "power")
        assert power.returncode == 0 and "H2, with" in power.stdout
        assert "H1, with" not in power.stdout and f"{name} is not the file" in power.stderr


# Failures take nothing away ---------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize(
    ("file", "old", "new", "needle"),
    first(
        ("data/raw/coded/missions.csv", ",un,", ",onu,", "data/raw/coded/missions.csv, row"),
        ("analyses/_cases.yml", "conflicts:", "conflict:", "analyses/_cases.yml"),
        ("analyses/_study.yml", "power: 0.8", "power: 8", "analyses/_study.yml"),
        (
            "analyses/h1/h1-deployment-delay.qmd",
            "measure: un_troops\n",
            "measure: un_trops\n",
            "h1-",
        ),
    ),
)
def test_broken_input_stops_the_run_before_it_starts(
    finished: Path, file: str, old: str, new: str, needle: str
) -> None:
    before = outputs(finished)
    path = finished / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    with changed(path, text.replace(old, new, 1).encode()):
        done = run(finished)
        listed = collsec(finished, "check")
        assert done.returncode == listed.returncode == 1
        assert needle in done.stderr and needle in listed.stdout
        assert "Traceback" not in done.stderr + listed.stderr
        assert outputs(finished) == before
        assert json.loads(collsec(finished, "check", "--json").stdout)
    assert collsec(finished, "check").returncode == 0


def test_all_faults_are_listed_at_once(finished: Path) -> None:
    table, page = finished / "data/raw/coded/missions.csv", finished / "analyses/h2/h2-veto-use.qmd"
    with (
        changed(table, table.read_bytes().replace(b",un,", b",onu,", 1)),
        changed(page, page.read_bytes().replace(b"lags_months:", b"lag_months:", 1)),
    ):
        done = run(finished)
    assert "missions.csv" in done.stderr and "h2-veto-use.qmd" in done.stderr


@pytest.mark.slow
def test_a_step_that_fails_leaves_every_result(copy: Path) -> None:
    before = outputs(copy)
    template = copy / "reports" / "page.html"
    with changed(template, b"$if(broken"):
        done = run(copy)
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[0].startswith("error: ")
        left = outputs(copy)
        assert before.items() - left.items() == {
            ("data/processed/done/reports", before["data/processed/done/reports"])
        }
        assert left.items() <= before.items()
        assert not list((copy / "reports").glob(".build-*"))
    done = run(copy)
    assert done.returncode == 0, done.stderr
    assert outputs(copy) == before


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_every_result(finished: Path) -> None:
    before = outputs(finished)
    done = subprocess.run(
        [sys.executable, "-m", "collsec", "step", "tables"],
        cwd=finished,
        env=environment(finished),
        # As on a full disk, the system refuses further bytes of a file.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert outputs(finished) == before
    assert left_behind(finished) == []


def test_a_full_disk_is_named(copy: Path) -> None:
    before = outputs(copy)
    place = copy / "data" / "processed" / ".staging"
    place.mkdir()
    # A disk of one's own, smaller than the tables.
    mounted = f"mount -t tmpfs -o size=64k none '{place}' && exec "
    alone = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*alone, mounted + "true"], check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    done = subprocess.run(
        [*alone, f'{mounted} "$0" -m collsec step tables', sys.executable],
        cwd=copy,
        env=environment(copy),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: the disk at {place} is full: ")
    assert done.stderr.count("\n") == 1
    assert outputs(copy) == before


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_one_line(copy: Path) -> None:
    before = outputs(copy)
    (copy / "data" / "processed" / "done" / "synthesis").unlink()
    # A mount of one's own, since root may write where modes forbid it.
    mounted = "mount --bind . . && mount -o remount,ro,bind . && cd . && exec "
    alone = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*alone, mounted + "true"], cwd=copy, check=False).returncode:
        pytest.skip("this machine lets nobody mount a folder read-only")
    done = subprocess.run(
        [*alone, f'{mounted} "$0" -m collsec run --root "$PWD"', sys.executable],
        cwd=copy,
        env=environment(copy),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
    assert "ead-only" in done.stderr
    assert outputs(copy).items() == before.items() - {
        ("data/processed/done/synthesis", before["data/processed/done/synthesis"])
    }


@pytest.mark.slow
def test_a_clock_set_back_hides_no_edit(copy: Path) -> None:
    """What was made under a clock a year ahead is newer than every edit that follows."""
    ahead = time.time() + 365 * 86_400
    for path in [copy, *copy.rglob("*")]:
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path, (ahead, ahead))
    assert planned(copy) == {}
    page = next((copy / "analyses").glob("*/h1-*.qmd"))
    page.write_text(page.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    assert planned(copy) == {"reports": 1}
    done = run(copy)
    assert done.returncode == 0, done.stderr
    assert planned(copy) == {}


# Kills and interrupts ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_run_and_the_next_goes_on(
    pristine: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    folder = Path(shutil.copytree(pristine, tmp_path / "study"))
    expected = outputs(folder)
    forget(folder, CHEAP)
    process = start(folder)
    group = begun(folder, process)
    time.sleep(3)
    second = run(folder)
    assert second.returncode == 3
    assert second.stderr.strip() == f"error: a run is going on already (process {process.pid})."
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert stderr.strip().splitlines()[-1].startswith("error: interrupted (SIG")
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert outputs(folder) == expected
    assert left_behind(folder) == []


@pytest.mark.parametrize("wait", first(0.2, 0.8, 1.6, 3.0))
@pytest.mark.parametrize("number", first(signal.SIGINT, signal.SIGTERM))
def test_a_signal_in_the_first_seconds_says_the_same(
    copy: Path, wait: float, number: signal.Signals
) -> None:
    """Before there is a command line, while faults are looked for, and while Snakemake starts."""
    forget(copy, CHEAP)
    process = start(copy)
    time.sleep(wait)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    line = f"error: interrupted ({number.name}). `collsec run` goes on from here."
    assert (process.returncode, stderr.strip().splitlines()[-1:]) == (128 + number, [line])


def test_nothing_outlives_a_killed_run(copy: Path) -> None:
    forget(copy, CHEAP)
    process = start(copy)
    group = begun(copy, process)
    time.sleep(3)
    assert of_group(group), "the run has ended too soon"
    process.kill()
    process.communicate()
    for _ in range(100):
        if not of_group(group):
            break
        time.sleep(0.1)
    assert of_group(group) == []


def of_group(group: int) -> list[str]:
    """Command lines of the processes of a group that are alive."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.full
def test_units_of_a_warm_process_fail_and_succeed_apart(copy: Path) -> None:
    """The steps are forks: one that fails names its fault, and the others go on."""
    project = Project(copy)
    forget(copy, ("panel",))
    command = "; ".join(
        f"{sys.executable} -m collsec step panel {h}; echo {h} $?" for h in ("h1", "h99", "h2")
    )
    stdin, keep = os.pipe()
    done = subprocess.run(
        [sys.executable, "-m", "collsec.cli.warm", "sh", "-c", command],
        cwd=copy,
        env=environment(copy),
        stdin=stdin,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(keep)
    os.close(stdin)
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["h1", "0"], ["h99", "1"], ["h2", "0"],
    ]  # fmt: skip
    assert done.stderr.startswith("error: analyses/h99-*.qmd: 0 files found")
    assert {u.hypothesis for u in project.receipts() if u.stage == "panel"} == {"h1", "h2"}


def left_behind(folder: Path) -> list[str]:
    """Locks, files in the making, unfinished reports."""
    found = [*(folder / ".snakemake").glob("locks/*"), *(folder / "reports").glob(".build-*")]
    hidden = [*(folder / "data" / "processed").rglob(".*"), *(folder / "reports").rglob(".*.*")]
    return [str(p.relative_to(folder)) for p in (*found, *hidden)]


def kill_at_random(folder: Path, again: Callable[[Path], None], kills: int, longest: float) -> None:
    """Kill runs at random moments, by turns the command alone and all that it began.

    A run that ends before its moment has left nothing to do, and all begins again.
    """
    draw = random.Random(SEED)
    again(folder)
    done = 0
    while done < kills:
        process = start(folder)
        if done % 2:
            group = begun(folder, process)
        time.sleep(draw.uniform(0, longest))
        if process.poll() is not None:
            assert process.returncode == 0, process.communicate()[1]
            again(folder)
            continue
        process.kill()
        if done % 2:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        process.communicate()
        done += 1


def empty(folder: Path) -> None:
    """Take away all that a run makes."""
    for made in ("data/processed", "reports/site", "reports/project"):
        shutil.rmtree(folder / made)


@pytest.mark.parametrize(
    ("again", "kills", "longest"),
    [
        (partial(forget, stages=CHEAP), 1, 12.0),
        pytest.param(partial(forget, stages=CHEAP), 6, 12.0, marks=pytest.mark.slow),
        pytest.param(empty, 20, 40.0, marks=pytest.mark.slow),
    ],
    ids=["one of the reports", "six of the reports", "twenty from nothing"],
)
def test_after_kills_at_random_moments_the_bytes_are_the_same(
    copy: Path, again: Callable[[Path], None], kills: int, longest: float
) -> None:
    expected = outputs(copy)
    kill_at_random(copy, again, kills, longest)
    done = run(copy)
    assert done.returncode == 0, done.stderr
    assert outputs(copy) == expected
    assert left_behind(copy) == []


@pytest.mark.slow
def test_after_ten_interrupts_the_bytes_are_the_same(copy: Path) -> None:
    expected = outputs(copy)
    forget(copy, CHEAP)
    draw, codes = random.Random(SEED), []
    for _ in range(10):
        process = start(copy)
        begun(copy, process)
        time.sleep(draw.uniform(0, 6))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        codes.append(process.returncode)
    # A run may have ended before its interrupt.
    assert set(codes) <= {0, 130} and codes.count(130) >= 5
    done = run(copy)
    assert done.returncode == 0, done.stderr
    assert outputs(copy) == expected
    assert left_behind(copy) == []


@pytest.mark.slow
def test_locks_of_a_dead_snakemake_do_not_stop_a_run(finished: Path) -> None:
    locks = finished / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.input.lock").write_text("data/processed/done/tables\n", encoding="utf-8")
    (finished / "reports" / ".build-old").mkdir()
    (finished / "data" / "processed" / "tables" / ".missions.parquet.a1b2c3d4").touch()
    done = run(finished)
    assert done.returncode == 0, done.stderr
    assert left_behind(finished) == []


# Any split of the work --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_shard_without_work_is_an_empty_shard(finished: Path, pristine: Path) -> None:
    import pandas as pd

    made = Project(pristine).read("estimates", "h3-multiverse")
    total = 40 * (len(made) + 1)
    folder = finished / "data" / "processed" / "shards"
    done = collsec(finished, "step", "shard", "h3", f"1-of-{total}")
    assert done.returncode == 0, done.stderr
    empty = pd.read_parquet(folder / f"h3-multiverse-1-of-{total}.parquet")
    assert len(empty) == 0 and list(empty) == list(made)
    for path in folder.glob(f"*-of-{total}.*"):
        path.unlink()
    unit = WorkUnit("shard", "h3", f"1-of-{total}")
    Project(finished).unit_manifest(unit).unlink()
    Project(finished).receipt(unit).unlink()


@pytest.mark.slow
def test_a_grid_smaller_than_the_number_of_shards_gives_the_same_numbers(copy: Path) -> None:
    page = copy / "analyses" / "h1" / "h1-deployment-delay.qmd"
    text = page.read_text(encoding="utf-8")
    begin = text.index("\nmultiverse:") + 1
    rest = re.search(r"^(?=\S)(?!multiverse:)", text[begin:], re.MULTILINE)
    assert rest is not None
    small = (
        'multiverse:\n  lag:\n    same: {validity: principled, label: "Lag of 6 months"}\n'
        '    longer: {validity: principled, label: "Lag of 12 months", lag_months: 12}\n'
    )
    page.write_text(text[:begin] + small + text[begin + rest.start() :], encoding="utf-8")
    for command in (["panel", "h1"], *(["shard", "h1", f"{k}-of-3"] for k in (1, 2, 3))):
        done = collsec(copy, "step", *command)
        assert done.returncode == 0, done.stderr
    done = collsec(copy, "step", "estimate", "h1", "--shards", "3")
    assert done.returncode == 0, done.stderr
    assert len(Project(copy).read("estimates", "h1-multiverse")) == 2
