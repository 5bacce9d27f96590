"""`collsec run`: the whole study by Snakemake, alone in its folder, going on where the last ended.

A run holds the project's lock. What a dead run left behind (processes, Snakemake's locks, files in
the making) is cleared by the next one; receipts of what is missing, corrupt, or outdated are
dropped, so that Snakemake makes exactly that again.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collsec import pipeline
from collsec.cli.checked import faults
from collsec.cli.disks import SAID, full_disk
from collsec.cli.progress import Progress
from collsec.cli.signals import SIGNALS, interrupted
from collsec.core.errors import CollsecError
from collsec.core.manifest import WorkUnit
from collsec.core.project import ROOT_VARIABLE
from collsec.hypothesis.study import load_study

if TYPE_CHECKING:
    import psutil
    from rich.console import Console

    from collsec.core.project import Project

#: Seconds that jobs have to end after a signal, before they are killed.
GRACE = 20.0
#: Snakemake's reasons to run a job again; contents, not times, have been compared before.
TRIGGERS = ("code", "input", "params")
#: Snakemake compares times where a file is larger, whatever the triggers: more than any raw table.
LARGEST_COMPARED = "1G"
#: Stages that every hypothesis rests on: made first, so that only what they changed is made again.
EARLY = ("tables", "episodes", "timelines")
NOTHING = "Nothing to be done: every result is current."
#: Lines of Snakemake's that are shown where no step says what is wrong.
TAIL = 15
#: A line of a traceback that names a file.
_FRAME = re.compile(r'^ +File "(.+)", line (\d+)', re.MULTILINE)


class Busy(CollsecError):
    """Another run is going on in the same folder."""

    exit_code = 3


class BadStudy(CollsecError):
    """What persons write has faults; each on a line of its own."""

    def __init__(self, faults: Sequence[str]) -> None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"{count}; nothing was started.", *faults]))


class Interrupted(CollsecError):
    """A signal ended the run."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(interrupted(number))


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal end what is inside at once, as it ends the run later.

    Raises
    ------
    Interrupted
        If a signal came.
    """
    received: list[int] = []

    def end(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in SIGNALS}
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(received[0] if received else signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def cores_from(text: str) -> int:
    """The number of cores that a user asked for.

    Raises
    ------
    CollsecError
        If it is neither ``all`` nor a whole number of at least 1.
    """
    if text == "all":
        return os.cpu_count() or 1
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise CollsecError(f"--cores {text}: must be `all` or a whole number of at least 1.")
    return int(text)


@contextmanager
def alone(project: Project) -> Iterator[Path]:
    """Hold the project's lock, after clearing up what a dead run has left.

    Yields
    ------
    Path
        Where the run notes the process group of its jobs, for whoever finds it dead.

    Raises
    ------
    Busy
        If another run holds it, or a Snakemake started by hand works in the folder.
    """
    from filelock import FileLock, Timeout

    state = project.state
    state.mkdir(parents=True, exist_ok=True)
    note = state / "run.json"
    lock = FileLock(state / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Busy(f"a run is going on already{_by(_noted(note).get('pid'))}.") from None
    try:
        _end_orphans(project.root, _noted(note).get("group"))
        _clear_up(project)
        note.write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
        yield note
        note.unlink(missing_ok=True)
    finally:
        lock.release()


def _noted(note: Path) -> dict[str, Any]:
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _by(pid: object) -> str:
    return f" (process {pid})" if pid else ""


def _end_orphans(root: Path, group: object) -> None:
    """End the jobs of a run that was killed: its process group's, as far as they work here."""
    import psutil

    if not isinstance(group, int):
        return
    orphans = [p for p in psutil.process_iter() if _is_of(p, root, group)]
    for process in orphans:
        with suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(orphans, timeout=5)[1]:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(orphans, timeout=5)


def _is_of(process: psutil.Process, root: Path, group: int) -> bool:
    import psutil

    try:
        return os.getpgid(process.pid) == group and Path(process.cwd()) == root
    except (OSError, psutil.Error):
        return False


def _clear_up(project: Project) -> None:
    """Take away what a dead run has left: locks, files in the making, unfinished reports."""
    locks = project.root / ".snakemake" / "locks"
    if locks.is_dir() and any(locks.iterdir()):
        if (pid := _snakemake_in(project.root)) is not None:
            raise Busy(f"Snakemake is working in this folder already{_by(pid)}.")
        shutil.rmtree(locks)
    shutil.rmtree(project.staging, ignore_errors=True)
    for folder in (project.root / "reports").glob(".build-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in project.processed.rglob(".*.????????"):  # beside their places, by `whole`
        if file.is_file():
            file.unlink(missing_ok=True)


def _snakemake_in(root: Path) -> int | None:
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            if any("snakemake" in w for w in words[:3]) and Path(process.cwd()) == root:
                return int(process.pid)
    return None


def supervise(
    command: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    note: Path,
    on_line: Callable[[str], None],
    *,
    reads_all: bool = False,
) -> int:
    """Run a command in a process group of its own, and wait for all of it whatever happens.

    A signal is passed on to the group; a second one, or :data:`GRACE` seconds, kills it.

    Parameters
    ----------
    command : sequence of str
    folder : Path
        Where it runs.
    environment : dict
    note : Path
        Where its process group is noted.
    on_line : callable
        Takes each line of its standard error, and of its standard output where that is read too.
    reads_all : bool
        Read standard output too.

    Returns
    -------
    int
        Its exit code.

    Raises
    ------
    Interrupted
        If a signal came; after the last process of the group has ended.
    """
    received: list[int] = []
    child: subprocess.Popen[str] | None = None

    def kill(number: int) -> None:
        if child is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, number)

    def forward(number: int, _: object) -> None:
        received.append(number)
        kill(signal.SIGINT if len(received) == 1 else signal.SIGKILL)
        if len(received) == 1:
            timer = threading.Timer(GRACE, kill, [signal.SIGKILL])
            timer.daemon = True
            timer.start()

    before = {number: signal.signal(number, forward) for number in SIGNALS}
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,  # closed when this process ends, however it does
            stdout=subprocess.PIPE if reads_all else None,
            stderr=subprocess.STDOUT if reads_all else subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        note.write_text(json.dumps({"pid": os.getpid(), "group": child.pid}), encoding="utf-8")
        if received:
            kill(signal.SIGINT)
        for line in child.stdout or child.stderr or ():
            on_line(line)
        code = child.wait()
        if received:
            kill(signal.SIGKILL)  # nothing of the group is left behind
            raise Interrupted(received[0])
        return code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    project: Project,
    console: Console,
    *,
    profile: str,
    cores: int,
    further: Sequence[str] = (),
    is_dry: bool = False,
) -> None:
    """Check, clear up, and let Snakemake make whatever is not current.

    Parameters
    ----------
    project : Project
    console : Console
        Where progress is reported; a quiet one reports nothing.
    profile : str
    cores : int
    further : sequence of str
        Options handed on to Snakemake.
    is_dry : bool
        Say what would be made, and make nothing.

    Raises
    ------
    BadStudy
        Listing all that is wrong with what persons write; nothing was started.
    Busy, Interrupted
    CollsecError
        If a step fails; its own message.
    """
    if not (project.root / "Snakefile").is_file():
        raise CollsecError(f"{project.root}: no Snakefile. Run this in the study's folder.")
    load_study(project).draws(profile)
    if found := faults(project):
        raise BadStudy([str(fault) for fault in found])
    with alone(project) as note:
        make = functools.partial(_snakemake, project, console, note, profile, cores, is_dry=is_dry)
        outdated = pipeline.outdated(project, profile)
        receipts = {unit: project.receipt(unit) for unit in outdated}
        if is_dry:
            forced = [project.relative(path) for path in receipts.values()]
            make([], ["--dry-run", *(["--forcerun", *forced] if forced else []), *further])
        elif not outdated and not further and _ended(project, profile) == _noted(_end_of(project)):
            console.print(NOTHING)
        else:
            early = [WorkUnit(stage) for stage in EARLY]
            for path in (receipts[unit] for unit in early if unit in receipts):
                path.unlink(missing_ok=True)
            _bring_to_present(project)
            wanted = [project.receipt(unit) for unit in early]
            if not all(path.exists() for path in wanted):
                make(wanted, further)
                outdated = pipeline.outdated(project, profile)
            # Whoever reads what has been made again, and has not changed, is current.
            for unit in outdated:
                project.receipt(unit).unlink(missing_ok=True)
            make([], further)
            if not further:
                text = json.dumps(_ended(project, profile))
                _end_of(project).write_text(text, encoding="utf-8")
    site = project.root / "reports" / "site" / "index.html"
    if site.exists() and not is_dry:
        console.print(f"Reports: {project.relative(site)}")


def _end_of(project: Project) -> Path:
    """Where a whole run notes what it ended with."""
    return project.state / "end.json"


def _ended(project: Project, profile: str) -> dict[str, Any]:
    """What a whole run ends with: while it stays and is current, Snakemake need not be asked."""
    snakefile = (project.root / "Snakefile").read_bytes()
    return {
        "snakefile": hashlib.sha256(snakefile).hexdigest(),
        "profile": profile,
        "units": sorted(unit.name for unit in project.receipts()),
    }


def _bring_to_present(project: Project) -> None:
    """Stamp files of the future with the present: the clock was ahead, or was set back.

    Snakemake takes an output that is older than an input for a fault; here contents decide.
    """
    now, package = time.time(), Path(pipeline.__file__).parents[1]
    places = ("analyses", "data/raw", "data/processed/done", "reports")
    found = [path for place in places for path in (project.root / place).rglob("*")]
    for path in (*found, *project.root.iterdir(), *package.rglob("*.py")):
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime > now:
                os.utime(path, (now, now))


def _cause(project: Project, log: str) -> str:
    """What ended a step: command, error, and place, in a module of a page before ours."""
    try:
        text = (project.root / log).read_text(encoding="utf-8", errors="replace")
        command, *_, error = text.rstrip().splitlines()
    except (OSError, ValueError):
        return f"a step failed without a word: {log} does not say why."
    frames = _FRAME.findall(text)
    own = [one for one in frames if "/analyses/" in one[0]]
    ours = [one for one in frames if "/collsec/" in one[0]]
    places = [f" ({project.relative(Path(f))}, line {n})" for f, n in (own or ours)[-1:]]
    return f"{command}: {error}{''.join(places)}. The whole of it: {log}"


def _snakemake(
    project: Project,
    console: Console,
    note: Path,
    profile: str,
    cores: int,
    targets: Sequence[Path],
    further: Sequence[str],
    *,
    is_dry: bool,
) -> None:
    """Run Snakemake to its end, next to a warm process that makes the steps of this machine.

    Raises
    ------
    CollsecError
        The message of the step that failed, or the end of what Snakemake said.
    """
    command = [
        *(() if is_dry else (sys.executable, "-m", "collsec.cli.warm")),
        *(sys.executable, "-m", "snakemake", *(project.relative(path) for path in targets)),
        *("--cores", str(cores), "--rerun-incomplete", "--rerun-triggers", *TRIGGERS),
        *("--max-checksum-file-size", LARGEST_COMPARED),
        *("--config", f"profile={profile}", *further),
    ]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    own = os.environ | {"PATH": path, ROOT_VARIABLE: str(project.root)}
    times = project.state / "times.json"
    with Progress(console, times, cores, is_dry=is_dry, is_last=not targets) as progress:
        code = supervise(command, project.root, own, note, progress.feed, reads_all=is_dry)
    if code:
        shown = list(dict.fromkeys(progress.errors))
        if not shown and any(SAID in line for line in progress.tail):
            shown = [full_disk()]
        shown = shown or [_cause(project, log) for log in dict.fromkeys(progress.failed)]
        shown = shown or [*progress.tail[-TAIL:], "Snakemake failed."]
        raise CollsecError("\n".join(shown))
    if not (progress.counts or targets):
        console.print(NOTHING)
