"""Start an engine in a process of its own and read what it measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.catalogue import OURS, Engine

HERE = Path(__file__).resolve().parent
#: Rows of the warm-up, which loads libraries and compiles what compiles itself.
WARM_UP = 2_000
#: Ours warms up on as many as take the compiled loops of the extra `fast`.
OWN_WARM_UP = 25_000
#: Settings that force a kernel on numerical libraries; unset for all engines alike, so that each
#: library chooses its kernel.
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")
LAST_LINES = 3


class EngineFailed(RuntimeError):
    """An engine gave no answer; the text says why."""


@dataclass(frozen=True)
class Where:
    """Programs that hold the engines.

    Attributes
    ----------
    pythons : mapping
        Engine name to a Python other than this one.
    rscript : str
    threads : int or None
        Threads of each engine; what each chooses by default.
    limit : float
        Seconds after which a process is stopped.
    """

    pythons: Mapping[str, str] = field(default_factory=dict)
    rscript: str = "Rscript"
    threads: int | None = None
    limit: float = 900.0

    def python(self, engine: Engine) -> str:
        """Return the Python that holds an engine."""
        return self.pythons.get(engine.name, sys.executable)

    def missing(self, engine: Engine) -> str | None:
        """Say what an engine lacks, or None where it can run."""
        if engine.runtime == "R":
            if shutil.which(self.rscript) is None:
                return "no Rscript"
            command = [self.rscript, "-e", f"library({engine.module})"]
        else:
            if shutil.which(self.python(engine)) is None:
                return "no such Python"
            command = [self.python(engine), "-c", f"import {engine.module}"]
        run = subprocess.run(command, capture_output=True, check=False, env=self.environment())
        return None if run.returncode == 0 else f"no package {engine.module}"

    def environment(self) -> dict[str, str]:
        """Return the surroundings of every process."""
        env = {name: value for name, value in os.environ.items() if name not in KERNELS}
        known = [str(HERE.parent), *filter(None, [env.get("PYTHONPATH")])]
        env["PYTHONPATH"] = os.pathsep.join(known)
        if self.threads is not None:
            env |= dict.fromkeys(THREADS, str(self.threads))
        return env


def measure_once(
    engine: Engine,
    task: str,
    folder: Path,
    where: Where,
    *,
    repeats: int,
    budget: float,
    draws: int,
) -> dict[str, Any]:
    """Fit one task with one engine in a fresh process.

    Parameters
    ----------
    engine : Engine
    task : str
    folder : Path
        Where `data.write` put the rows.
    where : Where
    repeats : int
        Timed fits at most; at least one is made.
    budget : float
        Seconds after which no further fit begins.
    draws : int
        Bootstrap draws.

    Returns
    -------
    dict
        ``seconds`` (list), ``data_mib``, ``peak_mib``, ``coefficients``, ``errors``, ``versions``.

    Raises
    ------
    EngineFailed
    """
    answer = folder / f"answer-{engine.name}"
    answer.unlink(missing_ok=True)
    if engine.runtime == "R":
        command = [
            where.rscript,
            str(HERE / "worker.R"),
            str(folder),
            engine.name,
            task,
            str(repeats),
            str(budget),
            str(WARM_UP),
            str(answer),
        ]
    else:
        request = folder / f"request-{engine.name}.json"
        asked = {
            "engine": engine.name,
            "task": task,
            "folder": str(folder),
            "repeats": repeats,
            "budget": budget,
            "warm_up": OWN_WARM_UP if engine.name == OURS else WARM_UP,
            "draws": draws,
        }
        request.write_text(json.dumps(asked), encoding="utf-8")
        command = [where.python(engine), "-m", "benchmarks.worker", str(request), str(answer)]
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=where.environment(),
            timeout=where.limit,
        )
    except subprocess.TimeoutExpired:
        raise EngineFailed(f"over {where.limit:g} s") from None
    if run.returncode != 0 or not answer.exists():
        if run.returncode < 0:
            raise EngineFailed(f"stopped by signal {-run.returncode}")
        last = [line for line in run.stderr.strip().splitlines() if line.strip()][-LAST_LINES:]
        raise EngineFailed(" / ".join(last) or f"exit status {run.returncode}")
    text = answer.read_text(encoding="utf-8")
    return read_lines(text) if engine.runtime == "R" else json.loads(text)


def read_lines(text: str) -> dict[str, Any]:
    """Read the answer of `worker.R`: a name and numbers a line."""
    found: dict[str, Any] = {"errors": None, "versions": {}}
    for line in text.splitlines():
        name, *values = line.split()
        if name == "version":
            found["versions"][values[0]] = values[1]
        elif name.endswith("_mib"):
            found[name] = float("nan") if values[0] == "NA" else float(values[0])
        else:
            found[name] = [float(value) for value in values]
    return found


def left_out(engines: list[Engine], where: Where) -> dict[str, str]:
    """Return the engines that are not available, with the reason.

    Raises
    ------
    EngineFailed
        Ours is not: then there is nothing to compare with.
    """
    absent = {}
    for engine in engines:
        reason = where.missing(engine)
        if reason is not None:
            if engine.name == OURS:
                raise EngineFailed(f"{OURS}: {reason}; install it first (`pip install -e .`)")
            absent[engine.name] = reason
    return absent
