"""The goals that the project set itself, as ratios, and whether a run met them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.catalogue import ENGINES, OURS, TASKS

_COX = ("cox-tied", "cox-untied")
_AFT = ("aft-weibull", "aft-lognormal")
_LINEAR = ("panel", "iv", "iv-absorbed")
MANY, VERY_MANY = 100_000, 1_000_000


@dataclass(frozen=True)
class Goal:
    """Times that another engine takes as long, or as much memory, as ours at least.

    Attributes
    ----------
    tasks : tuple of str
    engine : str
    column : {"ratio", "memory_ratio"}
    least : float
    from_rows, below : int
        Rows of the cases that it is set for.
    """

    tasks: tuple[str, ...]
    engine: str
    column: str
    least: float
    from_rows: int = 0
    below: int = 10**12


GOALS = (
    Goal(_COX, "r-survival", "ratio", 20, MANY, VERY_MANY),
    Goal(_COX, "r-survival", "ratio", 30, VERY_MANY),
    Goal(_COX, "rust-survival", "ratio", 10, MANY),
    Goal(_COX, "r-survival", "memory_ratio", 1, MANY),
    Goal(("bootstrap",), "r-survival", "ratio", 12),
    Goal(_AFT, "r-survival", "ratio", 5, 10_000),
    Goal(_LINEAR, "pyfixest", "ratio", 0.5, 10_000),
)
#: Seconds that a task may take us.
SECONDS = {"iv-controls": 1.0, "rerandomization": 2.0}
#: Tasks whose cost is to grow little faster than their rows, and the exponent (n log n: 1.08).
GROWING, EXPONENT = (*_COX, *_AFT), 1.05
MET, NOT_MET, NOT_MEASURED = "met", "not met", "not measured"


def against_goals(results: pd.DataFrame) -> pd.DataFrame:
    """Return one row per goal and case: ``goal, case, measured, verdict``."""
    rows = []
    for goal in GOALS:
        other = ENGINES[goal.engine].title
        thing = "time" if goal.column == "ratio" else "peak memory"
        text = f"{thing} of {other} ≥ {goal.least:g} × ours"
        at = results["task"].isin(goal.tasks) & (results["rows"] >= goal.from_rows)
        at &= results["rows"] < goal.below
        cases = results[at & (results["engine"] == OURS)]
        for _, case in cases.iterrows():
            same = (results["task"] == case["task"]) & (results["rows"] == case["rows"])
            found = results.loc[same & (results["engine"] == goal.engine), goal.column]
            value = float(found.iloc[0]) if len(found) else np.nan
            rows.append(_row(text, case["task"], f"{case['rows']:,}", value, value >= goal.least))
    for task, most in SECONDS.items():
        for _, case in results[(results["task"] == task) & (results["engine"] == OURS)].iterrows():
            value = float(case["median_s"])
            rows.append(_row(f"ours ≤ {most:g} s", task, f"{case['rows']:,}", value, value <= most))
    grown = growth(results)
    for _, line in grown[(grown["engine"] == OURS) & grown["task"].isin(GROWING)].iterrows():
        exponent = float(line["exponent"])
        between = f"{line['small']:,} to {line['large']:,}"
        text = f"exponent of growth ≤ {EXPONENT}"
        rows.append(_row(text, line["task"], between, exponent, exponent <= EXPONENT))
    return pd.DataFrame(rows, columns=["goal", "case", "measured", "verdict"])


def growth(results: pd.DataFrame) -> pd.DataFrame:
    """Return exponents of growth between the two largest sizes.

    Returns
    -------
    DataFrame
        ``task, engine, small, large, exponent``: seconds grow like rows to the exponent.
    """
    rows = []
    fitted = results.dropna(subset=["median_s"])
    for (task, engine), part in fitted.groupby(["task", "engine"], sort=False):
        part = part.sort_values("rows")
        if len(part) < 2 or len(part) < len(set(results.loc[results["task"] == task, "rows"])):
            continue
        (small, large), (fast, slow) = part["rows"].iloc[-2:], part["median_s"].iloc[-2:]
        exponent = float(np.log(slow / fast) / np.log(large / small))
        rows.append((task, engine, small, large, exponent))
    return pd.DataFrame(rows, columns=["task", "engine", "small", "large", "exponent"])


def _row(goal: str, task: str, rows: str, value: float, holds: bool) -> tuple[str, str, str, str]:
    verdict = NOT_MEASURED if np.isnan(value) else MET if holds else NOT_MET
    shown = "–" if np.isnan(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return goal, f"{TASKS[task].title}, {rows} rows", shown, verdict
