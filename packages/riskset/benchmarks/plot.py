"""Seconds against rows, both on log scales: one panel a task."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from benchmarks.catalogue import ENGINES, OURS, TASKS

# Okabe & Ito's colors, which readers with any color vision tell apart; marks differ as well.
STYLES = {
    OURS: ("#000000", "o"),
    "r-survival": ("#0072b2", "s"),
    "r-core": ("#56b4e9", "s"),
    "rust-survival": ("#d55e00", "^"),
    "rust-core": ("#e69f00", "^"),
    "lifelines": ("#009e73", "D"),
    "greenwood": ("#56b4e9", "*"),
    "phreg": ("#cc79a7", "v"),
    "pyfixest": ("#0072b2", "P"),
    "linearmodels": ("#d55e00", "X"),
    "absorbing-ls": ("#e69f00", "X"),
}
_ACROSS, _WIDTH, _HEIGHT = 3, 10.5, 2.9


def picture(results: pd.DataFrame) -> tuple[bytes, str]:
    """Return an SVG, the same bytes for the same results, and what it shows in words."""
    fitted = results.dropna(subset=["median_s"])
    sizes = fitted.groupby("task")["rows"].nunique()
    tasks = [name for name in TASKS if sizes.get(name, 0) > 1] or list(sizes.index)
    down = int(np.ceil(len(tasks) / _ACROSS))
    with mpl.rc_context({"svg.hashsalt": "benchmarks", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(_WIDTH, _HEIGHT * down + 0.6), layout="constrained")
        panels = np.atleast_1d(figure.subplots(down, _ACROSS, squeeze=False, sharey="row")).ravel()
        for panel in panels[len(tasks) :]:
            panel.set_visible(False)
        for task, panel in zip(tasks, panels, strict=False):
            part = fitted[fitted["task"] == task]
            for engine in (name for name in ENGINES if name in set(part["engine"])):
                line = part[part["engine"] == engine].sort_values("rows")
                color, mark = STYLES[engine]
                panel.plot(
                    line["rows"],
                    line["median_s"],
                    color=color,
                    marker=mark,
                    markersize=5,
                    linewidth=2.2 if engine == OURS else 1.2,
                    label=ENGINES[engine].title,
                    linestyle="--" if engine.endswith("-core") else "-",
                )
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_title(TASKS[task].title, fontsize=9, loc="left")
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(color="#e3e7ea", linewidth=0.6)
            panel.set_xlabel("rows")
        for panel in panels[::_ACROSS]:
            panel.set_ylabel("seconds")
        known: dict[str, Artist] = {}
        for panel in panels[: len(tasks)]:
            handles, labels = panel.get_legend_handles_labels()
            known |= dict(zip(labels, handles, strict=True))
        figure.legend(
            list(known.values()), list(known), loc="outside lower center", ncols=5, frameon=False
        )
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue(), in_words(fitted, tasks)


def in_words(fitted: pd.DataFrame, tasks: list[str]) -> str:
    """Say what the picture shows to who cannot see it."""
    reported = []
    for task in tasks:
        part = fitted[fitted["task"] == task]
        most = part["rows"].max()
        last = part[part["rows"] == most].sort_values("median_s")
        times = ", ".join(
            f"{ENGINES[row['engine']].title} {row['median_s']:.2g} s" for _, row in last.iterrows()
        )
        reported.append(f"{TASKS[task].title} at {most:,} rows: {times}")
    return "Seconds against rows on log scales, one panel a task. " + "; ".join(reported) + "."
