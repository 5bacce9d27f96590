"""Whether compiled loops (numba, extra ``riskset[fast]``) are used, and threads for them.

A fit of many rows spends its time on passes over memory. numpy makes one pass per operation; a
compiled loop does all that a row needs while it is in the cache, on as many cores as there are.
Samples below `MANY_ROWS` never take that path, so that results of usual size are the same to the
last digit with and without the extra. On larger ones sums are made in another order, and results
agree to about 1e-12 of their size; they do not depend on the number of cores, as rows are always
cut into the same `PARTS`.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

#: Below so many rows the start of numba (seconds) costs more than its loops save (at 20,000 rows
#: 0.03 s a fit).
MANY_ROWS = 200_000
#: Parts into which the rows of a sample are cut, whatever the machine: sums keep their order.
PARTS = 2
#: Below so many rows it takes longer to wake a thread than it saves.
SHARED_ROWS = 15_000
#: Set to 0, this variable of the environment turns compiled loops off.
SWITCH = "RISKSET_COMPILED"

Result = TypeVar("Result")
Part = tuple[int, int]


@cache
def available() -> bool:
    """Say whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def compiled(rows: int) -> bool:
    """Say whether compiled loops are used for a sample of so many rows."""
    return rows >= MANY_ROWS and os.environ.get(SWITCH, "1") != "0" and available()


def even_parts(rows: int) -> list[Part]:
    """Return half-open ranges that cut rows into `PARTS` of about one size."""
    edges = [rows * part // PARTS for part in range(PARTS + 1)]
    return list(itertools.pairwise(edges))


def shared(work: Callable[[int, int, int], Result], parts: Sequence[Part]) -> list[Result]:
    """Call ``work(part, begin, end)`` for each part, side by side where that pays.

    The loops release Python's lock, so that plain threads are enough: they may be called from
    several threads at once, which numba's own would not bear.
    """
    if parts[-1][1] < SHARED_ROWS or _cores() < 2:
        return [work(number, *part) for number, part in enumerate(parts)]
    pool = _threads(os.getpid())
    waiting = [pool.submit(work, number, *part) for number, part in enumerate(parts) if number]
    results = [work(0, *parts[0])]
    for number, other in enumerate(waiting, 1):
        # A thread that no core was free to begin is not waited for.
        results.append(work(number, *parts[number]) if other.cancel() else other.result())
    return results


@cache
def _cores() -> int:
    """Return the cores to use: what OpenMP or numba were told, or those of this process."""
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        if (told := os.environ.get(name, "")).isdigit():
            return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; one that was forked makes its own."""
    return ThreadPoolExecutor(PARTS - 1, thread_name_prefix=f"riskset-{process}")
