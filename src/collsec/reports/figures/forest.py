"""Forest plot: one hazard ratio a row, with both of its intervals."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    BLUE,
    INK,
    KEY_POINTS,
    MUTED,
    Drawing,
    canvas,
    direction_labels,
    export,
    hazard_ratio_axis,
    house_style,
    ratio_text,
    write,
)

_LINE_INCHES = 0.165
_INTERVALS_INCHES = 0.27
_FOOT_INCHES = 1.0
_HEAD_INCHES = 0.05
_LABEL_LETTERS = 33
_KEY = (
    "Thick: the design's own interval. Thin: cluster sandwich.\n"
    "Band: below the smallest effect of interest. Hollow: known to be biased."
)


def forest(estimates: pd.DataFrame, *, no_effect: tuple[float, float]) -> Drawing:
    """Draw hazard ratios over lags, exposures and designs on one log axis.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Rows of an estimates table in the order of drawing: `label`, `role`, `estimate`,
        `ci_low`, `ci_high`, `cluster_low`, `cluster_high`, `validity`. A row without an estimate
        is named and said to be not estimable.
    no_effect : (float, float)
        Hazard ratios closer to 1 than the smallest effect of interest; drawn as a band.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_forest(estimates, no_effect=no_effect)
        return export(figure, estimates, _alternative(estimates))


def plot_forest(estimates: pd.DataFrame, *, no_effect: tuple[float, float]) -> Figure:
    """Return the figure of `forest`, not yet written to bytes."""
    labels = [textwrap.wrap(str(label), _LABEL_LETTERS) for label in estimates["label"]]
    rows = np.cumsum([0, *(_LINE_INCHES * len(text) + _INTERVALS_INCHES for text in labels)])
    height = _HEAD_INCHES + float(rows[-1]) + _FOOT_INCHES
    figure = canvas(height)
    axes = figure.add_axes(
        (0.02, _FOOT_INCHES / height, 0.96, float(rows[-1]) / height), frameon=False
    )
    numbers = estimates[["estimate", "ci_low", "ci_high", "cluster_low", "cluster_high"]].to_numpy()
    finite = np.r_[numbers[np.isfinite(numbers) & (numbers > 0)], no_effect]
    limits = hazard_ratio_axis(axes, float(finite.min()), float(finite.max()))
    axes.set_ylim(float(rows[-1]), 0)
    axes.set_yticks([])
    axes.axvspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axhline(float(rows[-1]), color=MUTED, lw=0.8)
    for top, label, (_, row) in zip(rows, labels, estimates.iterrows(), strict=False):
        _draw_row(axes, float(top), label, row, limits)
    direction_labels(axes, 22)
    write(axes, _KEY, (0, 0), (0, -40), color=MUTED, size=KEY_POINTS, va="top")
    return figure


def _alternative(estimates: pd.DataFrame) -> str:
    """Say each row of the figure."""
    rows = [
        f"{row['label']}: {ratio_text(row['estimate'])} "
        f"({ratio_text(row['ci_low'])} to {ratio_text(row['ci_high'])})"
        for _, row in estimates.iterrows()
    ]
    return (
        "Forest plot of hazard ratios on a log axis, with intervals; above one, wars end sooner. "
        f"{'; '.join(rows)}."
    )


def _draw_row(
    axes: Axes, top: float, label: list[str], row: pd.Series, limits: tuple[float, float]
) -> None:
    """Draw label and numbers, and the two intervals below; `top` in inches from the first row."""
    is_primary, is_biased = row["role"] == "primary", row["validity"] == "known-biased"
    color = MUTED if is_biased else (INK if is_primary else BLUE)
    ratio, low, high = float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"])
    below = top + 0.03 + _LINE_INCHES * len(label)
    own, sandwich = below + 0.08, below + 0.165
    axes.plot([1, 1], [below - 0.02, below + _INTERVALS_INCHES - 0.03], color=MUTED, lw=1, zorder=1)
    _interval(axes, own, low, high, limits, color, 2.6)
    _interval(axes, sandwich, row["cluster_low"], row["cluster_high"], limits, color, 1.0)
    if limits[0] <= ratio <= limits[1]:
        axes.plot(
            ratio,
            own,
            marker="s" if is_primary else "o",
            ms=6,
            mfc="white" if is_biased else color,
            mec=color,
            mew=1.4,
            zorder=4,
        )
    write(axes, "\n".join(label), (0, top + 0.03), up="data", bold=is_primary, va="top")
    text = f"{ratio_text(ratio)}  ({ratio_text(low)}–{ratio_text(high)})"
    if math.isnan(ratio):
        text = "not estimable"
    write(axes, text, (1, top + 0.03), up="data", bold=is_primary, ha="right", va="top")


def _interval(
    axes: Axes,
    y: float,
    low: float,
    high: float,
    limits: tuple[float, float],
    color: str,
    width: float,
) -> None:
    """Draw an interval; an end outside the axis becomes an arrowhead at its edge."""
    if math.isnan(low) or math.isnan(high):
        return
    left, right = max(low, limits[0]), min(high, limits[1])
    axes.plot([left, right], [y, y], color=color, lw=width, solid_capstyle="butt", zorder=3)
    for edge, is_outside, marker in ((left, low < left, "<"), (right, high > right, ">")):
        if is_outside:
            axes.plot(edge, y, marker=marker, color=color, ms=2.6 + width, clip_on=False, zorder=3)
