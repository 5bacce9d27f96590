"""Time and memory of one fit, measured inside the process that makes it."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Result = TypeVar("Result")

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_KIB_PER_MIB = 1024.0


@dataclass(frozen=True)
class Measured(Generic[Result]):
    """What repeated calls of one fit took.

    Attributes
    ----------
    seconds : list of float
        Of each call.
    data_mib : float
        Memory resident before the first call: interpreter, libraries and the data.
    peak_mib : float
        Largest resident memory during the first call, less `data_mib`.
    result : object
        What the first call returned.
    """

    seconds: list[float]
    data_mib: float
    peak_mib: float
    result: Result


def measure(fit: Callable[[], Result], *, repeats: int, budget: float) -> Measured[Result]:
    """Call a fit up to `repeats` times, at least once, until `budget` seconds are spent."""
    gc.collect()
    before = _begin()
    took, result = _timed(fit)
    peak = _peak() - before
    seconds = [took]
    while len(seconds) < repeats and sum(seconds) < budget:
        gc.collect()
        seconds.append(_timed(fit)[0])
    return Measured(seconds, before, max(peak, 0.0), result)


def _timed(fit: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = fit()
    return time.perf_counter() - began, result


def _begin() -> float:
    """Return resident memory in MiB, and let the peak count from here on."""
    try:
        _CLEAR.write_text("5", encoding="ascii")
        return _status("VmRSS")
    except OSError:  # no Linux: the peak then counts from the start of the process
        return _peak()


def _peak() -> float:
    """Return the largest resident memory in MiB."""
    if _STATUS.exists():
        return _status("VmHWM")
    unit = _KIB_PER_MIB**2 if sys.platform == "darwin" else _KIB_PER_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _status(field: str) -> float:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / _KIB_PER_MIB
    raise OSError(f"no {field} in {_STATUS}")
