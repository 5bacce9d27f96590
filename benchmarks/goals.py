"""The goals that the project set itself, as ratios, and whether a run met them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.catalogue import ENGINES, OURS, TASKS

_COX = ("cox-tied", "cox-untied")
_AFT = ("aft-weibull", "aft-lognormal")
MANY = 100_000


@dataclass(frozen=True)
class Goal:
    """Times that another engine takes as long, or as much memory, as ours at least.

    Attributes
    ----------
    tasks : tuple of str
    engine : str
    column : {"ratio", "memory_ratio"}
    least : float
    from_rows : int
    """

    tasks: tuple[str, ...]
    engine: str
    column: str
    least: float
    from_rows: int = 0


GOALS = (
    Goal(_COX, "r-survival", "ratio", 10, MANY),
    Goal(_COX, "rust-survival", "ratio", 3, MANY),
    Goal(_COX, "r-survival", "memory_ratio", 1, MANY),
    Goal(("bootstrap",), "r-survival", "ratio", 4),
    Goal(_AFT, "r-survival", "ratio", 5),
)
#: Tasks whose cost is to grow no faster than n log n.
GROWING = (*_COX, *_AFT)
MET, NOT_MET, NOT_MEASURED = "met", "not met", "not measured"


def against_goals(results: pd.DataFrame) -> pd.DataFrame:
    """Return one row per goal and case: ``goal, case, measured, verdict``."""
    rows = []
    for goal in GOALS:
        other = ENGINES[goal.engine].title
        thing = "time" if goal.column == "ratio" else "peak memory"
        text = f"{thing} of {other} ≥ {goal.least:g} × ours"
        at = results["task"].isin(goal.tasks) & (results["rows"] >= goal.from_rows)
        cases = results[at & (results["engine"] == OURS)]
        for _, case in cases.iterrows():
            same = (results["task"] == case["task"]) & (results["rows"] == case["rows"])
            found = results.loc[same & (results["engine"] == goal.engine), goal.column]
            value = float(found.iloc[0]) if len(found) else np.nan
            rows.append(_row(text, case["task"], f"{case['rows']:,}", value, value >= goal.least))
    grown = growth(results)
    for _, line in grown[(grown["engine"] == OURS) & grown["task"].isin(GROWING)].iterrows():
        allowed, exponent = n_log_n(line["small"], line["large"]), float(line["exponent"])
        text = f"exponent of growth ≤ {allowed:.2f} (n log n)"
        between = f"{line['small']:,} to {line['large']:,}"
        rows.append(_row(text, line["task"], between, exponent, exponent <= allowed))
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


def n_log_n(small: int, large: int) -> float:
    """Return the exponent that a cost of n log n shows between two sizes.

    Examples
    --------
    >>> round(n_log_n(100_000, 1_000_000), 3)
    1.079
    """
    ratio = large * np.log(large) / (small * np.log(small))
    return float(np.log(ratio) / np.log(large / small))


def _row(goal: str, task: str, rows: str, value: float, holds: bool) -> tuple[str, str, str, str]:
    verdict = NOT_MEASURED if np.isnan(value) else MET if holds else NOT_MET
    shown = "–" if np.isnan(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return goal, f"{TASKS[task].title}, {rows} rows", shown, verdict
