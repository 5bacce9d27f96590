"""The table, the ratios and the picture, written from the results alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.agreement import COEFFICIENT_TOLERANCE, ERROR_TOLERANCE
from benchmarks.catalogue import ENGINES, OURS, TASKS
from benchmarks.goals import against_goals, growth
from benchmarks.plot import picture
from benchmarks.processes import OWN_WARM_UP, WARM_UP
from benchmarks.runs import FITTED, Plan

_DIGITS = 4


@dataclass(frozen=True)
class Circumstances:
    """How the run was made: what a reader needs to judge it, and no machine's name.

    Attributes
    ----------
    versions : mapping
        Library to its versions: environments may differ.
    absent : mapping
        Engine to the reason why it was left out.
    plan : Plan
    threads : int or None
    limit : float
    preliminary : str or None
        Why the results are not final.
    """

    versions: Mapping[str, set[str]]
    absent: Mapping[str, str]
    plan: Plan
    threads: int | None
    limit: float
    preliminary: str | None


def write_results(results: pd.DataFrame, how: Circumstances, folder: Path) -> list[Path]:
    """Write ``results.csv``, ``results.svg`` and ``RESULTS.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    table, drawing, page = (folder / n for n in ("results.csv", "results.svg", "RESULTS.md"))
    results.map(_rounded).to_csv(table, index=False, lineterminator="\n")
    svg, words = picture(results)
    drawing.write_bytes(svg)
    page.write_text(whole_page(results, how, words, drawing.name), encoding="utf-8")
    return [table, drawing, page]


def whole_page(results: pd.DataFrame, how: Circumstances, words: str, drawing: str) -> str:
    """Return the page of results in Markdown."""
    parts = ["# Benchmarks of `riskset`"]
    if how.preliminary:
        parts.append(f"**Preliminary: {how.preliminary}.**")
    parts.append(
        "Ratios are another engine's median time, or peak memory, divided by ours: 10 means that "
        "ours takes a tenth. Written by `python -m benchmarks`; seconds, MiB and how far each "
        "answer is from ours stand in [results.csv](results.csv)."
    )
    parts += ["## Goals", markdown(against_goals(results))]
    parts += ["## Time, as a ratio to ours", markdown(ratios(results, "ratio"))]
    parts.append(f"![{words}]({drawing})")
    parts += [
        "## Peak memory of a fit beyond the data, as a ratio to ours",
        markdown(ratios(results, "memory_ratio")),
    ]
    grown = growth(results)
    if len(grown):
        wide = grown.pivot_table(index="task", columns="engine", values="exponent")
        wide = _titled(wide.reindex([t for t in TASKS if t in wide.index]))
        small, large = grown["small"].iloc[0], grown["large"].iloc[0]
        parts += [
            f"## Exponents of growth, {small:,} to {large:,} rows",
            "Seconds grow like rows to this power; n log n shows as 1.08 between 100,000 and "
            "1,000,000.",
            markdown(wide),
        ]
    not_fitted = results[results["status"] != FITTED]
    if len(not_fitted) or how.absent:
        parts += ["## Left out", left_out(not_fitted, how)]
    parts += ["## What is compared", compared(), "## How", circumstances(how)]
    return "\n\n".join(parts) + "\n"


def ratios(results: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return ratios, cases down and engines across; ours in seconds or MiB."""
    own = {"ratio": "median_s", "memory_ratio": "peak_mib"}[column]
    unit = {"ratio": "s", "memory_ratio": "MiB"}[column]
    rows: dict[str, dict[str, float]] = {}
    for (task, count), part in results.groupby(["task", "rows"], sort=False):
        by_engine = part.set_index("engine")
        row = {f"ours, {unit}": float(by_engine[own][OURS])}
        row |= {str(name): float(ratio) for name, ratio in by_engine[column].drop(OURS).items()}
        rows[f"{TASKS[str(task)].title}, {count:,}"] = row
    wide = pd.DataFrame.from_dict(rows, orient="index")
    wide.index.name = "case, rows"
    return _titled(wide)


def _titled(wide: pd.DataFrame) -> pd.DataFrame:
    """Put engines in their order, after other columns, and give tasks and engines their titles."""
    order = [name for name in wide if name not in ENGINES]
    order += [name for name in ENGINES if name in wide]
    wide = wide[order].rename(columns={name: ENGINES[name].title for name in ENGINES})
    return wide.rename(index={name: task.title for name, task in TASKS.items()}).reset_index()


def markdown(table: pd.DataFrame) -> str:
    """Return a frame as a Markdown table."""
    head = [str(column) for column in table.columns]
    lines = [head, ["---"] * len(head)]
    lines += [[_shown(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _shown(value: object) -> str:
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def _rounded(value: object) -> object:
    if isinstance(value, float) and np.isfinite(value):
        return float(f"{value:.{_DIGITS}g}")
    return value


def left_out(not_fitted: pd.DataFrame, how: Circumstances) -> str:
    """Name engines that are not available, and fits without a speed."""
    lines = [f"- {ENGINES[name].title}: {why}" for name, why in how.absent.items()]
    for _, row in not_fitted.iterrows():
        apart = ""
        if pd.notna(row["coefficients_apart"]):
            apart = f", {row['coefficients_apart']:.2g} standard errors from ours"
        lines.append(
            f"- {ENGINES[row['engine']].title}, {TASKS[row['task']].title}, "
            f"{row['rows']:,} rows: {row['status']}{apart}"
        )
    return "\n".join(lines)


def compared() -> str:
    """Say what each engine does in its fit, and where it does less or more than ours."""
    return f"""\
- Rows are invented with a fixed seed: `(start, stop]` rows of spells with ten covariates (five
  continuous, three binary, two that change within a spell), a tenth of the rows ending in the
  event, clusters of ten spells.
- Each engine makes the call that its documentation shows, with its own defaults. A speed is stated
  only if every coefficient is within {COEFFICIENT_TOLERANCE:g} of our standard errors, and cluster
  errors of the same convention within {ERROR_TOLERANCE:g} of ours, relatively.
- Cox: ours, R's `coxph(cluster=)` and Rust's `coxph_fit(cluster=)` give cluster errors; R's call
  also computes residuals and a concordance. The rows "alone" are the bare maximization
  (`agreg.fit`, `coxph_fit_raw`) without cluster errors: less than ours does. lifelines'
  `CoxPHFitter(entry_col=)` and PHReg (entry times moved by half a step) give model errors: their
  cluster errors are not those of Lin and Wei on such rows. greenwood's are where nothing is tied;
  of tied rows only its coefficients are compared.
- Bootstrap: the same clusters are drawn in each engine, and all coefficients of all draws are
  compared. R and Rust copy rows and refit from the whole sample's estimate, R by `agreg.fit`; ours
  refits with frequency weights.
- AFT: R's `survreg` knows no late entry, so it is compared on rows that count from zero. With late
  entry lifelines is the one other engine here.
- OLS and 2SLS: ours check the panel and add first stage, reduced form, Kleibergen–Paap F and an
  Anderson–Rubin set to 2SLS. pyfixest and `AbsorbingLS` count absorbed effects otherwise in the
  small-sample factor: their errors are not compared where effects are absorbed.
- 2SLS with 226 controls and 12,000 redrawn assignments are timed for ours alone."""


def circumstances(how: Circumstances) -> str:
    """Say how it was run."""
    plan = how.plan
    threads = "each library's default" if how.threads is None else str(how.threads)
    listed = ", ".join(
        f"{name} {' and '.join(sorted(how.versions[name]))}" for name in sorted(how.versions)
    )
    numba = " and ".join(sorted(how.versions.get("numba", {"not installed"})))
    return f"""\
- {os.cpu_count()} cores; threads: {threads}; the numerical libraries choose their own kernels.
- Rounds in which the engines take turns, each time in a fresh process: {plan.rounds}. A process
  reads the data, warms up on {WARM_UP:,} rows (ours on {OWN_WARM_UP:,}, from which on it takes
  compiled loops: numba {numba}), then makes up to {plan.repeats} timed fits, until
  {plan.budget:g} s are spent over all rounds (one fit at least). It is stopped after
  {how.limit:g} s.
- Peak memory: the largest resident memory during the first fit, less what was resident before it
  (interpreter, libraries, data). Of fits that need a few MiB the ratios say little: an engine may
  reuse what its warm-up left.
- {listed}."""
