"""Pictures of results: each returns matplotlib's axes, to be changed or saved as any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.errors import EstimationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Distinct also in print and for the color-blind (Okabe and Ito); lines differ by dashes as well.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", "-.", ":")
SIZE = 9.0
#: Where an axis of ratios has its ticks.
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100)


def new_axes(axes: Axes | None, height: float = 3.6) -> Axes:
    """Return axes to draw on: the given ones, or those of a new figure.

    Raises
    ------
    EstimationError
        Matplotlib is not installed.
    """
    if axes is not None:
        return axes
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise EstimationError("pictures need matplotlib: pip install 'riskset[plot]'") from None
    made: Axes = Figure(figsize=(6.4, height), layout="constrained").add_subplot()
    for side in ("top", "right"):
        made.spines[side].set_visible(False)
    return made


def curves(
    table: pd.DataFrame,
    *,
    value: str,
    by: str | None = None,
    begin: float = 1.0,
    start: float = 0.0,
    axes: Axes | None = None,
    ylabel: str = "",
    xlabel: str = "Time",
    band: bool = True,
    ceiling: float | None = 1.0,
) -> Axes:
    """Draw step curves with their bands, one for each group.

    Parameters
    ----------
    table : DataFrame
        ``time``, ``value``, ``ci_low, ci_high``, and the column ``by``.
    value : str
    by : str, optional
        Column of the group.
    begin : float
        Value before the first time.
    start : float
        Where the curves begin.
    axes : matplotlib.axes.Axes, optional
    ylabel, xlabel : str
    band : bool
        Draw the intervals.
    ceiling : float, optional
        Top of the axis.
    """
    axes = new_axes(axes)
    groups: list[tuple[Any, pd.DataFrame]] = (
        [("", table)] if by is None else list(table.groupby(by, sort=False))
    )
    for j, (label, part) in enumerate(groups):
        color, dash = COLORS[j % len(COLORS)], DASHES[j % len(DASHES)]
        time = np.concatenate(([start], part["time"].to_numpy()))
        line = np.concatenate(([begin], part[value].to_numpy()))
        axes.step(
            time, line, where="post", color=color, linestyle=dash, label=str(label) or None, lw=1.6
        )
        if band:
            low, high = (
                np.concatenate(([begin], part[c].fillna(part[value]).to_numpy()))
                for c in ("ci_low", "ci_high")
            )
            axes.fill_between(time, low, high, step="post", color=color, alpha=0.15, lw=0)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_ylim(0, ceiling)
    axes.set_xlim(left=start)
    if by is not None:
        axes.legend(frameon=False, fontsize=SIZE)
    return axes


def risk_table(axes: Axes, counts: Mapping[str, Sequence[float]], times: Sequence[float]) -> None:
    """Write the number at risk below curves, one line for each group, at the given times."""
    axes.set_xticks(list(times))
    base = -0.24
    axes.text(0, base, "At risk", transform=axes.transAxes, fontsize=SIZE, va="top", weight="bold")
    for j, (label, line) in enumerate(counts.items()):
        height = base - 0.08 * (j + 1)
        if label:
            axes.text(
                -0.05, height, label, transform=axes.transAxes, fontsize=SIZE, va="top", ha="right"
            )
        for time, number in zip(times, line, strict=True):
            axes.text(
                float(time), height, f"{number:g}", transform=axes.get_xaxis_transform(),
                fontsize=SIZE, va="top", ha="center", clip_on=False,
            )  # fmt: skip


def ticks(start: float, end: float, number: int = 6) -> Floats:
    """Return round times within a window."""
    step = 10 ** np.floor(np.log10((end - start) / number))
    for factor in (1, 2, 5, 10):
        if (end - start) / (factor * step) <= number:
            break
    first = np.ceil(start / (factor * step)) * factor * step
    return np.asarray(np.arange(first, end + 1e-9 * (end - start), factor * step))


def forest(
    table: pd.DataFrame, *, axes: Axes | None = None, ratio: bool = True, xlabel: str = ""
) -> Axes:
    """Draw estimates with their intervals, one line each.

    Parameters
    ----------
    table : DataFrame
        ``term, estimate, ci_low, ci_high``; ratios are drawn on a log scale, with a line at one.
    axes : matplotlib.axes.Axes, optional
    ratio : bool
    xlabel : str
    """
    axes = new_axes(axes, 0.9 + 0.35 * len(table))
    place = np.arange(len(table))[::-1]
    middle, low, high = (
        table[c].to_numpy(dtype=np.float64) for c in ("estimate", "ci_low", "ci_high")
    )
    axes.axvline(1.0 if ratio else 0.0, color="0.6", lw=0.8)
    axes.hlines(place, low, high, color=COLORS[0], lw=1.6)
    axes.plot(middle, place, "o", color=COLORS[0], markersize=5)
    if ratio:
        axes.set_xscale("log")
        least, most = float(np.nanmin(low)), float(np.nanmax(high))
        inside = [v for v in RATIOS if min(least, 1) / 1.05 <= v <= 1.05 * max(most, 1)]
        axes.set_xticks(inside, [f"{v:g}" for v in inside])
        axes.minorticks_off()
    axes.set_yticks(place, [str(t) for t in table["term"]])
    axes.set(xlabel=xlabel)
    axes.set_ylim(-0.6, len(table) - 0.4)
    return axes


def scatter_trend(
    time: Floats, value: Floats, *, axes: Axes | None, ylabel: str, level_at: float
) -> Axes:
    """Draw points over time with a running mean, and a line at the constant estimate."""
    axes = new_axes(axes)
    axes.plot(time, value, "o", color="0.6", markersize=3)
    order = np.argsort(time, kind="stable")
    width = max(len(time) // 5, min(len(time), 3))
    kernel = np.ones(width)
    weight = np.convolve(np.ones(len(time)), kernel, "same")
    mean = np.convolve(value[order], kernel, "same") / weight
    axes.plot(time[order], mean, color=COLORS[0], lw=1.8, label="running mean")
    axes.axhline(level_at, color=COLORS[1], linestyle="--", lw=1.2, label="constant")
    axes.set(xlabel="Time", ylabel=ylabel)
    axes.legend(frameon=False, fontsize=SIZE)
    return axes


def bars(labels: Sequence[Any], values: Floats, *, axes: Axes | None, xlabel: str) -> Axes:
    """Draw horizontal bars, the first on top."""
    axes = new_axes(axes, 0.9 + 0.28 * len(labels))
    place = np.arange(len(labels))[::-1]
    axes.barh(place, values, color=COLORS[0], height=0.6)
    axes.axvline(0.0, color="0.4", lw=0.8)
    axes.set_yticks(place, [str(label) for label in labels])
    axes.set(xlabel=xlabel)
    return axes


def stacked(
    table: pd.DataFrame, begin: Floats, *, axes: Axes | None, start: float, end: float
) -> Axes:
    """Draw the probabilities of states over time, one on the other, first those at the start."""
    axes = new_axes(axes)
    wide = table.set_index(["time", "state"])["probability"].unstack("state")  # noqa: PD010
    time = np.concatenate(([start], wide.index.to_numpy(dtype=np.float64), [end]))
    lines = np.vstack([begin, wide.to_numpy(), wide.to_numpy()[-1:]]).T
    axes.stackplot(
        time, lines, labels=[str(s) for s in wide], colors=COLORS, alpha=0.75, step="post"
    )
    axes.set(xlabel="Time", ylabel="Probability of the state")
    axes.set_xlim(start, end)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, fontsize=SIZE, loc="upper left", bbox_to_anchor=(1, 1))
    return axes


def unknown(kind: object, kinds: Sequence[str]) -> EstimationError:
    """Return the error for a picture that a result does not draw."""
    return EstimationError(f"plot draws {', '.join(map(repr, kinds))}, not {kind!r}")
