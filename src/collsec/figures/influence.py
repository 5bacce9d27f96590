"""How far to trust one estimate: what chance alone gives, and what one case does to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.figures.style import (
    BAND,
    BLUE,
    FAINT,
    INK,
    MUTED,
    VERMILLION,
    Drawing,
    canvas,
    direction_labels,
    export,
    hazard_ratio_axis,
    house_style,
    spread,
    write,
)

_STRIP_INCHES, _HEAD_INCHES, _FOOT_INCHES = 1.6, 0.4, 0.6
_NAMED_IN_A_STRIP = 6


def null_calibration(
    draws: pd.DataFrame, estimate: pd.Series, *, no_effect: tuple[float, float]
) -> Drawing:
    """Draw the hazard ratios that random exposure gives beside the one that was estimated.

    Parameters
    ----------
    draws : pandas.DataFrame
        Columns `draw`, `estimate`: one hazard ratio a redraw of the exposure, with the actual
        counts and timing and no true effect.
    estimate : pandas.Series
        The row of the estimates table: `label`, `estimate`, `ci_low`, `ci_high`,
        `null_rejection` (share), `null_draws`.
    no_effect : (float, float)
        Hazard ratios closer to 1 than the smallest effect of interest.

    Returns
    -------
    Drawing
    """
    with house_style():
        return export(plot_null_calibration(draws, estimate, no_effect=no_effect), draws)


def plot_null_calibration(
    draws: pd.DataFrame, estimate: pd.Series, *, no_effect: tuple[float, float]
) -> Figure:
    """Return the figure of `null_calibration`, not yet written to bytes."""
    figure = canvas(3.0)
    axes = figure.add_axes((0.02, 0.2, 0.96, 0.66), frameon=False)
    values = draws["estimate"].to_numpy(dtype=float)
    ends = np.array([estimate["ci_low"], estimate["ci_high"], estimate["estimate"]], dtype=float)
    numbers = np.r_[values, ends]
    finite = numbers[np.isfinite(numbers) & (numbers > 0)]
    left, right = hazard_ratio_axis(axes, float(finite.min()), float(finite.max()))
    axes.axvspan(*no_effect, color=BAND, lw=0, zorder=0)
    for low, high in ((0, 1.05), (-0.5, -0.22)):
        axes.plot([1, 1], [low, high], color=MUTED, lw=1, zorder=1)
    edges = np.geomspace(left, right, 41)
    counts, _ = np.histogram(values, edges)
    heights = counts / max(int(counts.max()), 1)
    axes.bar(edges[:-1], heights, np.diff(edges), align="edge", color=FAINT, ec="white", lw=0.6)
    inside = [max(float(ends[0]), left), min(float(ends[1]), right)]
    axes.plot(inside, [-0.34, -0.34], color=INK, lw=2.6, solid_capstyle="butt")
    axes.plot(ends[2], -0.34, "s", ms=6, color=INK)
    axes.set_ylim(-0.5, 1.05)
    axes.set_yticks([])
    axes.axhline(0, color=FAINT, lw=0.8)
    axes.axhline(-0.5, color=MUTED, lw=0.8)
    share = f"{100 * estimate['null_rejection']:.1f}".removesuffix(".0")
    known = f"Random exposure, no true effect ({int(estimate['null_draws']):,} draws):"
    write(axes, f"{known}\nthe test rejects in {share} %", (0, 1.12), up="data", color=MUTED)
    write(axes, f"Estimate: {estimate['label']}", (0, -0.14), up="data")
    direction_labels(axes, 22)
    return figure


def leave_one_out(refits: pd.DataFrame, estimate: pd.Series) -> Drawing:
    """Draw the estimate with each conflict, or mission, left out in turn.

    Parameters
    ----------
    refits : pandas.DataFrame
        Columns `kind` (`conflict`, `mission`, ...), `dropped` (name), `estimate`: the hazard
        ratio without the one that is named; missing where the rest gives none.
    estimate : pandas.Series
        The row of the estimates table with everything in: `estimate`.

    Returns
    -------
    Drawing
    """
    with house_style():
        return export(plot_leave_one_out(refits, estimate), refits)


def plot_leave_one_out(refits: pd.DataFrame, estimate: pd.Series) -> Figure:
    """Return the figure of `leave_one_out`, not yet written to bytes."""
    known = refits[refits["estimate"].notna()]
    kinds = list(dict.fromkeys(known["kind"]))
    height = (_HEAD_INCHES + _STRIP_INCHES) * len(kinds) + _FOOT_INCHES
    figure = canvas(height)
    full = float(estimate["estimate"])
    values = np.r_[known["estimate"].to_numpy(dtype=float), full, 1.0]
    # Room for the names on both sides of the points.
    reach = 2.1 * np.log(values.max() / values.min())
    middle = np.sqrt(values.max() * values.min())
    low, high = (float(middle * np.exp(side * max(reach, 0.5))) for side in (-1, 1))
    for index, kind in enumerate(kinds):
        below = len(kinds) - 1 - index
        bottom = _FOOT_INCHES + (_HEAD_INCHES + _STRIP_INCHES) * below
        axes = figure.add_axes(
            (0.02, bottom / height, 0.96, _STRIP_INCHES / height), frameon=False
        )
        hazard_ratio_axis(axes, low, high)
        _strip(axes, known[known["kind"] == kind], full)
        write(axes, f"Each {kind} left out in turn", (0, 1), (0, 11), bold=True)
        if below:
            axes.set_xticklabels([])
        else:
            direction_labels(axes, 22)
    return figure


def _strip(axes: Axes, refits: pd.DataFrame, full: float) -> None:
    """Draw one strip, ordered by estimate; name the two that move it most to each side."""
    rows = refits.sort_values(["estimate", "dropped"]).reset_index(drop=True)
    count = len(rows)
    heights = (np.arange(count) + 0.5) / count
    axes.axvline(1, color=MUTED, lw=1)
    axes.axvline(full, color=VERMILLION, lw=1.2, ls=(0, (4, 2)))
    axes.plot(rows["estimate"], heights, "o", ms=4, color=BLUE, mec="white", mew=0.3, zorder=3)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.axhline(0, color=MUTED, lw=0.8)
    is_all = count <= _NAMED_IN_A_STRIP
    named = list(range(count)) if is_all else [0, 1, count - 2, count - 1]
    places = spread([float(heights[i]) for i in named], 0.12, 0.06, 0.94)
    for index, y in zip(named, places, strict=True):
        is_low = rows["estimate"][index] < full
        side = -8 if is_low else 8
        at = (float(rows["estimate"][index]), y)
        name = str(rows["dropped"][index])
        write(
            axes, name, at, (side, 0), across="data", up="data", ha="right" if is_low else "left"
        )
