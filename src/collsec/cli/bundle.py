"""`collsec bundle` and `collsec verify`: a deposit, and the proof that it makes its numbers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collsec.cli.options import AsJson, Root, answer
from collsec.core.errors import CollsecError
from collsec.core.project import ROOT_VARIABLE, Project, project_at

if TYPE_CHECKING:
    from collections.abc import Sequence

deposits = typer.Typer(rich_markup_mode="markdown")
#: A day, a month, or a year.
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
#: What builds a distribution that is no wheel.
BUILDERS = ("setuptools",)
#: Keeps every Python process of a rerun off the network: only this machine answers.
_GUARD = """
import socket
import sys

HERE = {None, "", "localhost", "127.0.0.1", "::1", socket.gethostname()}
HOST = {  # of each event: where it names a host
    "socket.connect": lambda of, address: address[0] if isinstance(address, tuple) else "",
    "socket.sendto": lambda of, address: address[0] if isinstance(address, tuple) else "",
    "socket.getaddrinfo": lambda host, *_: host,
    "socket.gethostbyname": lambda host: host,
}

def refuse(event, arguments):
    if event in HOST and (host := HOST[event](*arguments)) not in HERE:
        raise PermissionError(f"a rerun uses no network ({host} was asked)")

sys.addaudithook(refuse)
"""


@deposits.command(
    epilog="Examples: `collsec bundle deposit.zip` · `collsec bundle deposit.zip --date 2026-12-02`"
)
def bundle(
    path: Annotated[Path, typer.Argument(help="File to write, `.zip`.", show_default=False)],
    date: Annotated[
        str | None,
        typer.Option(help="Day of publication, ISO.", show_default="that of CITATION.cff"),
    ] = None,
    wheels: Annotated[
        Path | None,
        typer.Option(
            "--wheelhouse",
            help="Folder of the libraries, as `pip download --require-hashes -r requirements.lock` "
            "fills it: they come along.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Write a deposit: inputs, code, versions, outputs, checksums, and records for archives.

    The results must be current. The same study gives the same bytes. `collsec verify` proves it.
    """
    from collsec.evidence import deposit
    from collsec.evidence.software import software
    from collsec.pipeline import outdated

    project = project_at(root)
    if path.suffix != ".zip":
        raise CollsecError(f"{path}: a bundle ends in .zip.")
    published = date or software(project).released
    if not _DATE.fullmatch(published):
        raise CollsecError(
            "no day of publication: give --date 2026-12-02, or `date-released` in CITATION.cff."
        )
    if old := outdated(project):
        unit, reason = next(iter(old.items()))
        raise CollsecError(f"{unit.name} is not current ({reason}). Run `collsec run` first.")
    made = deposit.bundle(project, path, published, wheels)
    if as_json:
        answer(made)
        return
    typer.echo(f"Written: {path} ({made.n_files} files)\nSHA-256: {made.sha256}")
    for folder, identifier in made.swhids.items():
        typer.echo(f"SWHID of {folder}: {identifier}")
    if not made.swhids:
        typer.echo("No SWHIDs: pip install 'collsec[deposit]' brings what computes them.")


@deposits.command(
    epilog="Examples: `collsec verify deposit.zip` · `collsec verify deposit.zip --no-run` · "
    "`collsec verify deposit.zip --python python3.13 --wheelhouse`"
)
def verify(
    path: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="The file, or its folder.", show_default=False)
    ],
    is_run: Annotated[
        bool, typer.Option("--run/--no-run", help="Make every number again, or compare checksums.")
    ] = True,
    python: Annotated[
        str,
        typer.Option(help="Python that makes them again.", show_default="the one at work here"),
    ] = sys.executable,
    has_own: Annotated[
        bool,
        typer.Option(
            "--wheelhouse", help="With the libraries of the deposit, not with those of that Python."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a deposit with its checksums, run it again in an empty folder, compare every number.

    The rerun takes the code of the deposit, the libraries of this Python or of the one that is
    named, and no network.
    Exit code 1 if a file is missing, damaged or not listed, or if a number is another.
    """
    from collsec.evidence import deposit

    with tempfile.TemporaryDirectory(prefix="collsec-verify-") as name:
        place = Path(name)
        unpacked = place / "bundle"
        faults = deposit.opened(path, unpacked)
        if faults or not is_run:
            _conclude(faults, "Every file is the one that was deposited.", as_json=as_json)
            return
        profile = str(deposit.results_of(unpacked)["profile"])
        program = _with_own_libraries(python, unpacked, place) if has_own else python
        project = _rerun(unpacked, place, profile, program)
        _conclude(
            deposit.moved(unpacked, project),
            f"Every file is the one that was deposited; every number was made again ({profile}).",
            as_json=as_json,
        )


def _conclude(faults: Sequence[str], otherwise: str, *, as_json: bool) -> None:
    if as_json:
        answer({"is_verified": not faults, "faults": faults})
    for line in () if as_json else (faults or [otherwise]):
        typer.echo(line)
    if faults:
        raise typer.Exit(1)


def _with_own_libraries(python: str, unpacked: Path, place: Path) -> str:
    """Set up an environment from the distributions of a deposit alone, without a network.

    Raises
    ------
    CollsecError
        If it brings none, or if they do not suit the Python that is asked for.
    """
    from collsec.evidence.deposit import STUDY, WHEELHOUSE
    from collsec.evidence.distributions import LOCK

    wheels = unpacked / WHEELHOUSE
    if not wheels.is_dir():
        raise CollsecError("--wheelhouse: this deposit brings no libraries. Leave it out.")
    own = place / "environment"
    program = str(own / "bin" / "python")
    install = [program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--no-index", "--find-links", str(wheels)]
    lock = ["--require-hashes", "--no-build-isolation", "-r", str(unpacked / STUDY / LOCK)]
    builders = [name for name in BUILDERS if any(wheels.glob(f"{name}-*"))]
    for command in (
        [python, "-m", "venv", str(own)],
        *([[*install, *builders]] if builders else []),  # of those that are no wheels
        [*install, *lock],
    ):
        _ended_well(command, place, "the libraries of the deposit cannot be installed")
    return program


def _ended_well(command: Sequence[str], folder: Path, problem: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CollsecError(f"{command[0]}: {error.strerror}. Name a Python.") from None
    if done.returncode:
        raise CollsecError(f"{problem}: {(done.stderr or done.stdout).strip()[-2000:]}")


def _rerun(unpacked: Path, place: Path, profile: str, python: str) -> Project:
    """Run a deposited study with its own code, and nothing but what is in it.

    Raises
    ------
    CollsecError
        If the run fails; what it said last.
    """
    from collsec.evidence.deposit import CODE, SOURCES, STUDY

    folder, guard = place / "rerun", place / "guard"
    shutil.copytree(unpacked / STUDY, folder)
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    code = [*(folder / source for source in SOURCES), unpacked / CODE]
    paths = os.pathsep.join(str(one) for one in (guard, *code))
    environment = {k: v for k, v in os.environ.items() if k != ROOT_VARIABLE}
    done = subprocess.run(
        [python, "-m", "collsec", "run", "--profile", profile, "--root", str(folder)],
        cwd=folder,
        env=environment | {"PYTHONPATH": paths},
        stdout=2,  # how far it is, and no answer
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CollsecError(f"the rerun failed: {done.stderr.strip()[-2000:]}")
    return Project(folder)
