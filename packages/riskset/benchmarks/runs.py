"""The run: cases one after the other, engines in turn, several rounds, one table of results."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data
from benchmarks.agreement import agreement
from benchmarks.catalogue import ENGINES, OURS, TASKS, Engine, Task
from benchmarks.processes import EngineFailed, Where, measure_once

COLUMNS = [
    "task",
    "rows",
    "engine",
    "fits",
    "median_s",
    "min_s",
    "max_s",
    "peak_mib",
    "data_mib",
    "ratio",
    "memory_ratio",
    "errors",
    "coefficients_apart",
    "errors_apart",
    "status",
]
FITTED = "fitted"
OTHER_ANSWER = "another answer"
NOTHING_TO_COMPARE = "no answer of ours to compare with"
#: MiB below which a fit is lost in what Python holds in reserve, and nothing is set against it.
MEASURABLE = 1.0


@dataclass(frozen=True)
class Plan:
    """What is run.

    Attributes
    ----------
    tasks : sequence of Task
    rows : sequence of int
    engines : sequence of Engine
        Ours first; those available.
    rounds : int
        Processes per engine and case; the engines take turns.
    repeats : int
        Timed fits per process at most.
    budget : float
        Seconds of timed fits per engine and case, over all rounds; one fit is always made.
    draws : int
        Bootstrap draws.
    """

    tasks: Sequence[Task]
    rows: Sequence[int]
    engines: Sequence[Engine]
    rounds: int
    repeats: int
    budget: float
    draws: int = data.DRAWS


Found = dict[str, list[dict[str, Any]]]


def run(
    plan: Plan, where: Where, say: Callable[[str], None]
) -> tuple[pd.DataFrame, dict[str, set[str]]]:
    """Run the plan.

    Returns
    -------
    DataFrame
        One row per case and engine, columns :data:`COLUMNS`.
    dict
        Versions of the engines' libraries; more than one where environments differ.
    """
    tables: list[dict[str, Any]] = []
    versions: dict[str, set[str]] = {}
    slow: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as room:
        for number, (task, rows) in enumerate(cases(plan)):
            folder = Path(room) / str(number)
            write(task, rows, folder, plan.draws)
            able = [engine for engine in plan.engines if task.name in engine.errors]
            found, failed = one_case(plan, task, rows, folder, able, where, slow)
            for answers in found.values():
                for name, version in (pair for a in answers for pair in a["versions"].items()):
                    versions.setdefault(name, set()).add(version)
            made = table(task, rows, able, found, failed, plan.draws)
            tables += made
            for row in made:
                taken = f"{row['median_s']:.4g} s" if row["status"] == FITTED else row["status"]
                say(f"{task.name} {rows:,} {row['engine']}: {taken}")
    return pd.DataFrame(tables, columns=COLUMNS), versions


def cases(plan: Plan) -> list[tuple[Task, int]]:
    """Return tasks and rows in the order of the run: small ones first."""
    return [
        (task, rows)
        for task in plan.tasks
        for rows in ([task.rows] if task.rows is not None else sorted(plan.rows))
    ]


def write(task: Task, rows: int, folder: Path, draws: int) -> None:
    """Make the rows of a case and hand them over as files."""
    made = {
        "durations": data.durations,
        "panel": data.panel,
        "controls": data.controlled,
        "acts": data.acts,
    }
    if task.data in made:
        columns = made[task.data](rows)
    else:
        columns = data.spells(rows, tied=task.data == "tied")
    data.write(columns, folder)
    if task.name == "bootstrap":
        picks = data.picks(columns["cluster"], draws)
        picks.astype("<i4").tofile(folder / "picks.i4")
        (folder / "picks.txt").write_text("\n".join(map(str, picks.shape)) + "\n")


def one_case(
    plan: Plan,
    task: Task,
    rows: int,
    folder: Path,
    able: Sequence[Engine],
    where: Where,
    slow: dict[tuple[str, str], float],
) -> tuple[Found, dict[str, str]]:
    """Let the engines take turns.

    ``slow`` holds the seconds per row of an engine's last fit of the task: where even a cost in
    proportion to rows is over the limit, it is not tried.
    """
    found: Found = {engine.name: [] for engine in able}
    failed: dict[str, str] = {}
    for turn in range(plan.rounds):
        shift = turn % len(able)
        for engine in [*able[shift:], *able[:shift]]:
            key, answers = (engine.name, task.name), found[engine.name]
            spent = sum(sum(answer["seconds"]) for answer in answers)
            if engine.name in failed or (answers and spent >= plan.budget):
                continue
            if not answers and slow.get(key, 0.0) * rows > where.limit:
                failed[engine.name] = f"over {where.limit:g} s, judging by fewer rows"
                continue
            try:
                answers.append(
                    measure_once(
                        engine,
                        task.name,
                        folder,
                        where,
                        repeats=plan.repeats,
                        budget=plan.budget / plan.rounds,
                        draws=plan.draws,
                    )
                )
                slow[key] = max(answers[-1]["seconds"]) / rows
            except EngineFailed as error:
                failed[engine.name] = str(error)
                if str(error).startswith("over "):
                    slow[key] = where.limit / rows
    return found, failed


def table(
    task: Task, rows: int, able: Sequence[Engine], found: Found, failed: dict[str, str], draws: int
) -> list[dict[str, Any]]:
    """Return one row per engine; an answer that is not ours gets no seconds."""
    made: list[dict[str, Any]] = []
    base = summary(found.get(OURS, []))
    for engine in able:
        answers = found[engine.name]
        row: dict[str, Any] = {
            "task": task.name,
            "rows": rows,
            "engine": engine.name,
            "errors": engine.errors[task.name],
            "status": failed.get(engine.name, FITTED),
        }
        if OURS in failed and engine.name != OURS:
            row["status"] = NOTHING_TO_COMPARE
        elif answers and engine.name not in failed:
            near = agreement(
                found[OURS][0],
                answers[0],
                errors=engine.errors[task.name],
                draws=draws if task.name == "bootstrap" else 0,
            )
            row |= {"coefficients_apart": near.coefficients, "errors_apart": near.errors}
            if near.holds:
                own = summary(answers)
                row |= own
                row["ratio"] = own["median_s"] / base["median_s"]
                row["memory_ratio"] = memory_ratio(own["peak_mib"], base["peak_mib"])
            else:
                row["status"] = OTHER_ANSWER
        made.append(row)
    return made


def memory_ratio(other: float, ours: float) -> float:
    """Return another engine's peak memory in MiB, divided by ours; NaN where ours is too small."""
    return other / ours if ours >= MEASURABLE else np.nan


def summary(answers: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return median, least and most seconds over all processes, and the median of their memory."""
    if not answers:
        return {"median_s": np.nan, "peak_mib": np.nan}
    seconds = np.concatenate([answer["seconds"] for answer in answers])
    return {
        "fits": len(seconds),
        "median_s": float(np.median(seconds)),
        "min_s": float(seconds.min()),
        "max_s": float(seconds.max()),
        "peak_mib": float(np.median([answer["peak_mib"] for answer in answers])),
        "data_mib": float(np.median([answer["data_mib"] for answer in answers])),
    }


def chosen(names: Sequence[str], *, what: str) -> list[Any]:
    """Return the tasks or engines of these names; a name may be the beginning of several.

    Raises
    ------
    ValueError
        For a name that none begins with.
    """
    known: dict[str, Any] = {**(TASKS if what == "task" else ENGINES)}
    picked = []
    for name in names:
        like = [key for key in known if key == name] or [
            key for key in known if key.startswith(f"{name}-")
        ]
        if not like:
            raise ValueError(f"no {what} {name!r}; there are: {', '.join(known)}")
        picked += [key for key in like if key not in picked]
    return [known[key] for key in known if key in picked]
