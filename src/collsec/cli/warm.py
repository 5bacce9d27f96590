"""One warm process a run: what steps import and read is there once, and a step is a fork of it.

A run has some eighty steps. Each would start an interpreter, import a thousand modules, and read
the same tables, which takes longer than most steps do. So the process that runs Snakemake imports
and reads once, and listens; `collsec step`, called by Snakemake as ever, hands its arguments over
and waits for the exit code. Units, their receipts, logs, and failures stay apart: each has a
process of its own, and does its own work where nobody listens: on a node of a cluster, by hand, on
macOS.
"""

from __future__ import annotations

import _thread
import functools
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

#: Names the session and the socket of the warm process: `1234:/tmp/…/steps`.
VARIABLE = "COLLSEC_WARM"
#: What differs between the environments of a run's steps.
PASSED = ("COLLSEC_ROOT", "COLLSEC_LOG")
#: Stages that are made for each hypothesis, and are worth being warm for.
WORTH = ("panel", "shard", "estimate")
#: Stages whose tables those read.
TABLES = ("tables", "episodes", "timelines")
#: Longest request, in bytes.
REQUEST = 1 << 16
#: Elsewhere a fork of a process that has imported numeric libraries may die.
FORKS = sys.platform == "linux"
#: Seconds between two looks at whether Snakemake has ended.
PAUSE = 0.05


def handed_over() -> int | None:
    """Let the warm process of this session make the step.

    Returns
    -------
    int or None
        Its exit code; none where there is no such process.
    """
    session, _, place = os.environ.get(VARIABLE, "").partition(":")
    if not place or session != str(os.getsid(0)):  # a job of a cluster has a session of its own
        return None
    asked = {
        "arguments": sys.argv[1:],
        "folder": os.getcwd(),
        "environment": {name: os.environ[name] for name in PASSED if name in os.environ},
    }
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(place)
        except OSError:
            return None
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interrupt is for the fork to tell
        socket.send_fds(connection, [json.dumps(asked).encode()], [1, 2])
        answer = connection.recv(16)
    if not answer:
        sys.stderr.write(f"error: the process of `collsec {' '.join(sys.argv[1:])}` was killed.\n")
        return 1
    return int(answer)


def serve(command: Sequence[str]) -> int:
    """Run a command, and make the steps that it asks for.

    When standard input ends, so does all of this process group: whoever held its other end, the
    command `collsec run`, was killed.

    Parameters
    ----------
    command : sequence of str
        Snakemake and its arguments.

    Returns
    -------
    int
        The exit code of the command.
    """
    forks: list[int] = []
    with (
        tempfile.TemporaryDirectory(prefix="collsec-") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        place = os.path.join(folder, "steps")
        listener.bind(place)
        listener.listen(64)
        # An interrupt goes to the whole group: Snakemake ends its jobs, and then this process.
        signal.signal(signal.SIGINT, lambda *_: None)
        own = os.environ | ({VARIABLE: f"{os.getsid(0)}:{place}"} if FORKS else {})
        with subprocess.Popen(command, env=own, stdin=subprocess.DEVNULL) as child:
            while child.poll() is None:
                ready = select.select([listener, sys.stdin], [], [], PAUSE)[0]
                if sys.stdin in ready:
                    shutil.rmtree(folder)
                    os.killpg(0, signal.SIGKILL)
                if listener in ready:
                    with listener.accept()[0] as connection:
                        forks += _begin(connection, listener)
                forks = [pid for pid in forks if os.waitpid(pid, os.WNOHANG) == (0, 0)]
        for pid in forks:  # whoever asked for them has ended: they clear up
            os.waitpid(pid, 0)
    return child.returncode


def _begin(connection: socket.socket, listener: socket.socket) -> list[int]:
    """Read a request, and fork a process that does it; its id, or none if there is no request."""
    content, streams, _, _ = socket.recv_fds(connection, REQUEST, 2)
    if not content:  # whoever asked was killed before the question
        return []
    asked = json.loads(content)
    if asked["arguments"][1:2] and asked["arguments"][1] in WORTH:
        with suppress(Exception):  # the step itself says what is wrong
            _be_warm(asked["folder"])
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            listener.close()
            code = _do(asked, streams, connection)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked ends with the answer
            connection.sendall(str(code).encode())
        finally:
            os._exit(code)  # nothing of the warm process is cleared up in a fork
    for one in streams:
        os.close(one)
    return [pid]


def _do(asked: dict[str, Any], streams: Sequence[int], connection: socket.socket) -> int:
    """Do a step in a forked process, with the streams and the environment of who asked."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, given in enumerate(streams, start=1):
        os.dup2(given, number)
        os.close(given)
    os.chdir(asked["folder"])
    os.environ.update(asked["environment"])
    sys.argv = ["collsec", *asked["arguments"]]
    threading.Thread(target=_end_with, args=[connection], daemon=True).start()
    from collsec.cli.main import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _end_with(connection: socket.socket) -> None:
    """End when whoever asked has ended, which closes the connection."""
    with suppress(OSError):
        connection.recv(1)
    _thread.interrupt_main()


@functools.cache
def _be_warm(folder: str) -> None:
    """Import what the steps of a hypothesis import, and read the tables that they read."""
    from collsec.core import processor
    from collsec.core.import_graph import within_package
    from collsec.core.project import Project, keep_read
    from collsec.pipeline import code_digest, code_of

    processor.in_force()
    for stage in WORTH:
        code_digest(stage)
        for file in code_of(stage):
            parts = Path(within_package(file)).with_suffix("").parts
            import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    keep_read(Project(folder), TABLES)
    gc.freeze()  # what is there stays shared between the forks


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
