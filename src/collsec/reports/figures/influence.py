"""How far to trust one estimate: what chance alone gives, and what one case does to it."""

from __future__ import annotations

import textwrap
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    BLUE,
    FAINT,
    INK,
    MUTED,
    VERMILLION,
    WIDTH_INCHES,
    Drawing,
    canvas,
    direction_labels,
    drawn,
    export,
    hazard_ratio_axis,
    house_style,
    is_of_ends,
    ratio_text,
    ratios_of,
    spread,
    write,
)

_STRIP_INCHES, _HEAD_INCHES, _FOOT_INCHES = 1.6, 0.4, 0.6
_MARGIN = 0.02
_NAMED_IN_A_STRIP = 6
_NAME_LETTERS = 18
_NAME_OFFSET, _POINTS_A_LETTER = 8, 6.2


@drawn
def null_calibration(
    draws: pd.DataFrame, estimate: pd.Series, *, no_effect: tuple[float, float]
) -> Drawing:
    """Draw the hazard ratios that random exposure gives, and the one that was estimated.

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
        figure = plot_null_calibration(draws, estimate, no_effect=no_effect)
        alternative = (
            f"Histogram of {len(draws):,} {ratios_of(estimate)} under random exposure, from "
            f"{ratio_text(draws['estimate'].min())} to {ratio_text(draws['estimate'].max())}; "
            f"below it the estimate, {ratio_text(estimate['estimate'])} "
            f"({ratio_text(estimate['ci_low'])} to {ratio_text(estimate['ci_high'])})."
        )
        return export(figure, draws, alternative)


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
    if left <= ends[2] <= right:
        axes.plot([ends[2]] * 2, [-0.34, 1.05], color=INK, lw=1.2, ls=(0, (4, 2)), zorder=3)
    axes.set_ylim(-0.5, 1.05)
    axes.set_yticks([])
    axes.axhline(0, color=FAINT, lw=0.8)
    axes.axhline(-0.5, color=MUTED, lw=0.8)
    share = f"{100 * estimate['null_rejection']:.1f}".removesuffix(".0")
    known = f"Random exposure, no true effect ({int(estimate['null_draws']):,} draws):"
    write(
        axes,
        f"{known}\nthe test rejects in {share} %",
        (0, 1.08),
        up="data",
        color=MUTED,
        va="bottom",
    )
    write(axes, f"Estimate: {estimate['label']}", (0, -0.14), up="data")
    direction_labels(axes, 22, of_ends=is_of_ends(estimate))
    return figure


@drawn
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
        figure = plot_leave_one_out(refits, estimate)
        return export(figure, refits, _leave_one_out_alternative(refits, estimate))


def _leave_one_out_alternative(refits: pd.DataFrame, estimate: pd.Series) -> str:
    """Say how far leaving one out moves the estimate, and who moves it most."""
    parts = []
    for kind, rows in refits[refits["estimate"].notna()].groupby("kind", sort=False):
        rows = rows.sort_values(["estimate", "dropped"])
        low, high = rows.iloc[0], rows.iloc[-1]
        parts.append(
            f"With each {kind} left out in turn it runs from {ratio_text(low['estimate'])} "
            f"(without {low['dropped']}) to {ratio_text(high['estimate'])} "
            f"(without {high['dropped']})."
        )
    full = ratio_text(float(estimate["estimate"]))
    one = ratios_of(estimate).removesuffix("s")
    return f"Points in order of size. The {one} with all is {full}. {' '.join(parts)}"


def plot_leave_one_out(refits: pd.DataFrame, estimate: pd.Series) -> Figure:
    """Return the figure of `leave_one_out`, not yet written to bytes."""
    known = refits[refits["estimate"].notna()].sort_values(["estimate", "dropped"])
    kinds = list(dict.fromkeys(refits["kind"]))
    strips = [known[known["kind"] == kind].reset_index(drop=True) for kind in kinds]
    height = (_HEAD_INCHES + _STRIP_INCHES) * len(kinds) + _FOOT_INCHES
    figure = canvas(height)
    full = float(estimate["estimate"])
    low, high = _room_for_names(strips, full)
    for index, (kind, rows) in enumerate(zip(kinds, strips, strict=True)):
        below = len(kinds) - 1 - index
        bottom = _FOOT_INCHES + (_HEAD_INCHES + _STRIP_INCHES) * below
        axes = figure.add_axes(
            (_MARGIN, bottom / height, 1 - 2 * _MARGIN, _STRIP_INCHES / height), frameon=False
        )
        hazard_ratio_axis(axes, low, high)
        _strip(axes, rows, full)
        write(axes, f"Each {kind} left out in turn", (0, 1), (0, 11), bold=True)
        if below:
            axes.set_xticklabels([])
        else:
            direction_labels(axes, 22, of_ends=is_of_ends(estimate))
    return figure


def _named(rows: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the rows that move the estimate most to each side, with their names in lines."""
    count = len(rows)
    is_all = count <= _NAMED_IN_A_STRIP
    places = range(count) if is_all else (0, 1, count - 2, count - 1)
    return [(i, textwrap.fill(str(rows["dropped"][i]), _NAME_LETTERS)) for i in places]


def _room_for_names(strips: list[pd.DataFrame], full: float) -> tuple[float, float]:
    """Return limits of the axis that leave room for the names on both sides of the points."""
    shares = {True: 0.03, False: 0.03}
    for rows in strips:
        for index, name in _named(rows):
            points = _NAME_OFFSET + _POINTS_A_LETTER * max(map(len, name.split("\n")))
            is_low = bool(rows["estimate"][index] < full)
            share = points / (72 * WIDTH_INCHES * (1 - 2 * _MARGIN))
            shares[is_low] = max(shares[is_low], share)
    values = np.log([*(v for rows in strips for v in rows["estimate"]), full, 1.0])
    span = max(float(np.ptp(values)), 0.2) / (1 - shares[True] - shares[False])
    low, high = values.min() - shares[True] * span, values.max() + shares[False] * span
    return float(np.exp(low)), float(np.exp(high))


def _strip(axes: Axes, rows: pd.DataFrame, full: float) -> None:
    """Draw one strip, ordered by estimate; name those that move it most."""
    heights = (np.arange(len(rows)) + 0.5) / len(rows)
    axes.axvline(1, color=MUTED, lw=1)
    axes.axvline(full, color=VERMILLION, lw=1.2, ls=(0, (4, 2)))
    axes.plot(rows["estimate"], heights, "o", ms=4, color=BLUE, mec="white", mew=0.3, zorder=3)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.axhline(0, color=MUTED, lw=0.8)
    for is_low in (True, False):
        side = [(i, name) for i, name in _named(rows) if (rows["estimate"][i] < full) == is_low]
        tallest = max((name.count("\n") + 1 for _, name in side), default=1)
        gap = 0.105 * tallest + 0.015
        wanted = [float(heights[i]) for i, _ in side]
        places = spread(wanted, gap, gap / 2, 1 - gap / 2)
        for (index, name), y in zip(side, places, strict=True):
            at = (float(rows["estimate"][index]), y)
            offset = -_NAME_OFFSET if is_low else _NAME_OFFSET
            ha: Literal["left", "right"] = "right" if is_low else "left"
            write(axes, name, at, (offset, 0), across="data", up="data", ha=ha)
