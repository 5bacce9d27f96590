"""Run tasks in further processes: the same results, in the same order, sooner."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from collsec.core.project import Project

Result = TypeVar("Result")
#: What a worker may be asked to do; it is born with the list, so only places in it are sent.
_TASKS: list[tuple[Project, Callable[[], Any]]] = []


@contextmanager
def side_by_side(
    project: Project, tasks: Sequence[Callable[[], Result]], workers: int | None = None
) -> Iterator[Callable[[], list[Result]]]:
    """Begin tasks in other processes, and give the function that waits for their results.

    A task that fails there is done again here, where its error is raised as it is.

    Parameters
    ----------
    project : Project
        What the tasks read of it is listed as if they had read it here.
    tasks : sequence of callable
        None may depend on another, and each returns what can be pickled.
    workers : int, optional
        Processes; as many as there are processors without it. With one, and where processes are
        not forked, tasks are done here when their results are asked for.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    if workers < 2 or len(tasks) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield lambda: [task() for task in tasks]
        return
    _TASKS[:] = [(project, task) for task in tasks]
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))
    try:
        with warnings.catch_warnings():
            # Threads of numerical libraries wait for work and hold no lock that a task needs.
            warnings.simplefilter("ignore", DeprecationWarning)
            begun = [pool.submit(_done, place) for place in range(len(tasks))]
        yield lambda: [_taken(project, one, task) for one, task in zip(begun, tasks, strict=True)]
    finally:
        pool.shutdown(cancel_futures=True)
        _TASKS.clear()


def _done(place: int) -> tuple[Any, dict[str, str]] | None:
    """In a worker: the result of a task and what has been read for it; nothing if it fails."""
    project, task = _TASKS[place]
    try:
        return task(), dict(project.inputs)
    except Exception:  # whatever it is: it comes again in the process that can show it
        return None


def _taken(
    project: Project,
    begun: Future[tuple[Result, dict[str, str]] | None],
    task: Callable[[], Result],
) -> Result:
    try:
        done = begun.result()
    except BrokenProcessPool:  # a worker was ended from outside
        done = None
    if done is None:
        return task()
    result, inputs = done
    project.inputs.update(inputs)
    return result
