"""`python -m benchmarks`: the run, its table, its ratios and its picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue import ENGINES, OURS, TASKS, Engine
from benchmarks.goals import GOALS, SECONDS
from benchmarks.processes import HERE, EngineFailed, Where, left_out
from benchmarks.report import Circumstances, write_results
from benchmarks.runs import Plan, chosen, run

ROWS = (10_000, 100_000, 1_000_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    asked = parser().parse_args(arguments)
    where = Where(dict(asked.python), asked.rscript, asked.threads, asked.limit)
    try:
        engines = engines_of(asked)
        absent = left_out(engines, where)
        plan = plan_of(asked, [engine for engine in engines if engine.name not in absent])
    except (ValueError, EngineFailed) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    for name, reason in absent.items():
        print(f"left out: {ENGINES[name].title} ({reason})")
    results, versions = run(plan, where, say=lambda text: print(text, flush=True))
    how = Circumstances(versions, absent, plan, asked.threads, asked.limit, asked.preliminary)
    for file in write_results(results, how, asked.to):
        print(f"written: {file.name}")
    return 0


def engines_of(asked: argparse.Namespace) -> list[Engine]:
    """Return the engines that are to be measured, ours first."""
    aimed_at = [goal.engine for goal in GOALS]
    names = asked.engines or [name for name in ENGINES if not asked.quick or name in aimed_at]
    return chosen([OURS, *names], what="engine")


def plan_of(asked: argparse.Namespace, engines: Sequence[Engine]) -> Plan:
    """Return what is run with the engines that are there."""
    aimed_at = [*SECONDS, *(task for goal in GOALS for task in goal.tasks)]
    names = asked.only or [name for name in TASKS if not asked.quick or name in aimed_at]
    tasks, wanted = chosen(names, what="task"), engines_of(asked)
    able = [engine for engine in engines if engine in wanted]
    rounds, budget = (
        (1, asked.budget / asked.rounds) if asked.quick else (asked.rounds, asked.budget)
    )
    return Plan(tasks, asked.rows, able, rounds, asked.repeats, budget, asked.draws)


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time and peak memory of riskset alongside other engines, on the same "
        "seeded rows, each engine in fresh processes that take turns.",
        epilog="Engines: " + ", ".join(ENGINES) + ". Tasks: " + ", ".join(TASKS) + ".",
    )
    add = made.add_argument
    add("--rows", type=int, nargs="+", default=list(ROWS), metavar="N", help="rows (%(default)s)")
    add(
        "--repeats",
        type=int,
        default=5,
        metavar="N",
        help="timed fits per process at most (%(default)s)",
    )
    add(
        "--rounds",
        type=int,
        default=3,
        metavar="N",
        help="processes per engine and case (%(default)s)",
    )
    add(
        "--budget",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds of timed fits per engine and case; one fit is always made (%(default)s)",
    )
    add(
        "--limit",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds after which a process is stopped, and named (%(default)s)",
    )
    add(
        "--quick",
        action="store_true",
        help="one round of the tasks and engines that have a goal: about ten minutes",
    )
    add("--draws", type=int, default=500, metavar="N", help="bootstrap draws (%(default)s)")
    add("--only", nargs="+", metavar="TASK", help="these tasks, such as `cox` or `aft-weibull`")
    add("--engines", nargs="+", metavar="ENGINE", help="these engines and collsec")
    add(
        "--python",
        type=_engine_at,
        action="append",
        default=[],
        metavar="ENGINE=PATH",
        help="the Python that holds an engine, where it is not this one; may be repeated",
    )
    add("--rscript", default="Rscript", metavar="PATH", help="R's program (%(default)s)")
    add("--threads", type=int, metavar="N", help="threads of each engine (each one's own default)")
    add("--preliminary", metavar="WHY", help="mark the results as preliminary, and say why")
    add("--to", type=Path, default=HERE, metavar="FOLDER", help="where results go (benchmarks/)")
    return made


def _engine_at(text: str) -> tuple[str, str]:
    name, sign, path = text.partition("=")
    if not sign or name not in ENGINES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not ENGINE=PATH, ENGINE one of {', '.join(ENGINES)}"
        )
    return name, path


if __name__ == "__main__":
    raise SystemExit(main())
