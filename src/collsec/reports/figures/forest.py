"""Forest plot: one hazard ratio a row, with its interval, how many were exposed, and their ends."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    BLUE,
    FAINT,
    INK,
    KEY_POINTS,
    MUTED,
    WIDE_INCHES,
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
    write,
)
from collsec.reports.words import wording

_LINE_INCHES = 0.165
_FOOT_INCHES, _HEAD_INCHES = 0.92, 0.3
#: What a row says in place of a ratio where nobody ended while exposed.
NO_EVENT = "no event"
#: An interval of this level is the bar; a wider one adds a tick on each side.
BAR_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns of a forest plot stand, in inches from the left."""

    width: float
    axis: tuple[float, float]
    letters: int
    is_narrow: bool
    columns: tuple[tuple[str, float], ...]  # heading, right edge


_WIDE = _Layout(
    WIDE_INCHES,
    (2.62, 4.82),
    39,
    False,
    (("Ratio (interval)", 6.2), ("Exposed", 6.86), ("Ended", 7.36)),
)
#: What a column is called where the ratios are not of the end of war.
_OTHERWISE = {"Ended": "Outcomes"}
_NARROW = _Layout(WIDTH_INCHES, (0.1, 4.3), 46, True, ())


@drawn
def forest(estimates: pd.DataFrame, *, no_effect: tuple[float, float]) -> Drawing:
    """Draw hazard ratios over lags, exposures and designs on one log axis.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Rows of an estimates table in the order of drawing: `label`, `role`, `estimate`,
        `ci_low`, `ci_high`, `level`, `validity`, `n_units`, `exposed_units`, `exposed_events`;
        with `low_95`, `high_95` too, the bar is the interval of 95 % and the other its tick. A row
        without an estimate is named and said to be not estimable, one without an event under
        exposure to have no event.
    no_effect : (float, float)
        Hazard ratios closer to 1 than the smallest effect of interest; drawn as a band.

    Returns
    -------
    Drawing
    """
    with house_style():
        return export(
            plot_forest(estimates, no_effect=no_effect),
            estimates,
            _alternative(estimates),
            plot_forest(estimates, no_effect=no_effect, layout=_NARROW),
        )


def plot_forest(
    estimates: pd.DataFrame, *, no_effect: tuple[float, float], layout: _Layout = _WIDE
) -> Figure:
    """Return the figure of `forest`, not yet written to bytes."""
    labels = [textwrap.wrap(str(label), layout.letters) for label in estimates["label"]]
    below = 0.36 if layout.is_narrow else 0.1
    rows = np.cumsum([0, *(_LINE_INCHES * len(text) + below for text in labels)])
    head = 0.05 if layout.is_narrow else _HEAD_INCHES
    key = textwrap.wrap(_key(estimates), 62 if layout.is_narrow else 116)
    foot = 0.62 + 0.14 * len(key)
    height = head + float(rows[-1]) + foot
    figure = canvas(height, layout.width)
    left, right = layout.axis
    axes = figure.add_axes(
        (
            left / layout.width,
            foot / height,
            (right - left) / layout.width,
            float(rows[-1]) / height,
        ),
        frameon=False,
    )
    shown = estimates[[_is_known(row) for _, row in estimates.iterrows()]]
    numbers = shown[["estimate", "ci_low", "ci_high"]].to_numpy(float)
    finite = np.r_[numbers[np.isfinite(numbers) & (numbers > 0)], no_effect]
    limits = hazard_ratio_axis(axes, float(finite.min()), float(finite.max()))
    axes.set_ylim(float(rows[-1]), 0)
    axes.set_yticks([])
    axes.axvspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axhline(float(rows[-1]), color=MUTED, lw=0.8)
    if not layout.is_narrow:
        axes.plot([1, 1], [0, float(rows[-1])], color=MUTED, lw=1, zorder=1)
        for heading, edge in layout.columns:
            named = heading if is_of_ends(estimates) else _OTHERWISE.get(heading, heading)
            _cell(axes, layout, named, edge, -0.12, color=MUTED)
    for top, label, (_, row) in zip(rows, labels, estimates.iterrows(), strict=False):
        _draw_row(axes, layout, float(top), label, row, limits)
    direction_labels(axes, 22, of_ends=is_of_ends(estimates))
    points = -72 * left + 1
    write(axes, "\n".join(key), (0, 0), (points, -42), color=MUTED, size=KEY_POINTS, va="top")
    return figure


def _is_known(row: pd.Series) -> bool:
    """Whether a row has a ratio to draw: an estimate, and an event under exposure."""
    return bool(np.isfinite(row["estimate"]) and row["estimate"] > 0 and row["exposed_events"] > 0)


def _said(row: pd.Series) -> str:
    """The ratio of a row with its interval, or why there is none."""
    if math.isnan(row["estimate"]):
        return wording.missing(row)
    if not _is_known(row):
        return NO_EVENT
    low, high = (ratio_text(float(row[end])) for end in ("ci_low", "ci_high"))
    return f"{ratio_text(float(row['estimate']))} ({low}–{high})"


def _exposed(row: pd.Series) -> str:
    """How many were exposed, of how many."""
    exposed, units = int(row["exposed_units"]), int(row["n_units"])
    return f"all {units:,}" if exposed == units else f"{exposed:,}/{units:,}"


def _key(estimates: pd.DataFrame) -> str:
    """What bars, ticks, band and columns mean."""
    hollow = (
        " Hollow: known to be biased." if (estimates["validity"] == "known-biased").any() else ""
    )
    counts = "Exposed: those with the exposure, of all compared. Outcomes: exposed ones."
    if is_of_ends(estimates):
        counts = "Exposed: wars with the exposure, of those followed. "
        counts += "Ended: wars that ended while exposed."
    return f"{intervals_shown(estimates)} Band: too small an effect to matter.{hollow} {counts}"


def _alternative(estimates: pd.DataFrame) -> str:
    """Say each row of the figure."""
    rows = [
        f"{row['label']}: {_said(row).replace('–', ' to ')}, {int(row['exposed_events'])} "
        f"{'ended while exposed' if is_of_ends(estimates) else 'exposed outcomes'}"
        for _, row in estimates.iterrows()
    ]
    above = "; above one, wars end sooner" if is_of_ends(estimates) else ""
    opening = f"Forest plot of {ratios_of(estimates)} on a log axis, with intervals{above}."
    return f"{opening} {'; '.join(rows)}."


def _cell(
    axes: Axes,
    layout: _Layout,
    text: str,
    edge: float,
    y: float,
    *,
    color: str = INK,
    bold: bool = False,
) -> None:
    """Write a cell of a column, its right edge so many inches from the left of the figure."""
    points = 72 * (edge - layout.axis[1])
    write(axes, text, (1, y), (points, 0), up="data", ha="right", color=color, bold=bold)


def _draw_row(
    axes: Axes,
    layout: _Layout,
    top: float,
    label: list[str],
    row: pd.Series,
    limits: tuple[float, float],
) -> None:
    """Draw one row; `top` in inches from the first."""
    is_primary, is_biased = row["role"] == "primary", row["validity"] == "known-biased"
    color = MUTED if is_biased else (INK if is_primary else BLUE)
    height = _LINE_INCHES * len(label)
    if layout.is_narrow:
        y = top + 0.03 + height + 0.11
        axes.plot([1, 1], [y - 0.09, y + 0.12], color=MUTED, lw=1, zorder=1)
        write(axes, "\n".join(label), (0, top + 0.03), up="data", bold=is_primary, va="top")
        write(axes, _said(row), (1, top + 0.03), up="data", bold=is_primary, ha="right", va="top")
        happened = "ended" if is_of_ends(row) else "outcomes"
        counts = f"{_exposed(row)} exposed, {int(row['exposed_events'])} {happened}"
        write(axes, counts, (0, y + 0.14), up="data", color=MUTED, size=KEY_POINTS)
    else:
        y = top + height / 2 + 0.05
        axes.axhline(top, color=FAINT, lw=0.5, zorder=0)
        points = -72 * layout.axis[0] + 2
        write(axes, "\n".join(label), (0, y), (points, 0), up="data", bold=is_primary)
        texts = (_said(row), _exposed(row), f"{int(row['exposed_events']):,}")
        for text, (_, edge) in zip(texts, layout.columns, strict=True):
            _cell(axes, layout, text, edge, y, bold=is_primary)
    if not _is_known(row):
        return
    ratio = float(row["estimate"])
    draw_interval(axes, y, row, limits, color)
    if limits[0] <= ratio <= limits[1]:
        axes.plot(
            ratio,
            y,
            marker="s" if is_primary else "o",
            ms=6,
            mfc="white" if is_biased else color,
            mec=color,
            mew=1.4,
            zorder=4,
        )


def has_bar_and_ticks(row: pd.Series) -> bool:
    """Whether a row carries the interval of 95 % within a wider one of its own."""
    narrower = (float(row.get(c, math.nan)) for c in ("low_95", "high_95"))
    return not any(math.isnan(end) for end in narrower) and float(row["level"]) > BAR_LEVEL + 1e-9


def intervals_shown(rows: pd.DataFrame) -> str:
    """What the bars of some rows are, and what their ticks; for a key or a caption."""
    ticked = np.array([has_bar_and_ticks(row) for _, row in rows.iterrows()], dtype=bool)
    levels = sorted({round(float(v), 4) for v in rows["level"][~ticked].dropna()} | {BAR_LEVEL})
    if not ticked.any():
        levels = sorted({round(float(v), 4) for v in rows["level"].dropna()})
    said = f"Bars: intervals of {' or '.join(map(_percent, levels))}"
    if not ticked.any():
        return f"{said}, as the row's own inference has them."
    wider = sorted({round(float(v), 4) for v in rows["level"][ticked]})
    return f"{said}. Ticks, and numbers alongside them: of {' or '.join(map(_percent, wider))}."


def _percent(level: float) -> str:
    return f"{100 * level:.1f} %".replace(".0 %", " %")


def draw_interval(
    axes: Axes, y: float, row: pd.Series, limits: tuple[float, float], color: str
) -> None:
    """Draw the interval of a row as a bar: that of 95 % with ticks at a wider one of its own."""
    low, high = (float(row[c]) for c in ("ci_low", "ci_high"))
    if has_bar_and_ticks(row):
        _ticks(axes, y, low, high, limits, color)
        low, high = (float(row[c]) for c in ("low_95", "high_95"))
    _interval(axes, y, low, high, limits, color, 2.4)


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


def _ticks(
    axes: Axes, y: float, low: float, high: float, limits: tuple[float, float], color: str
) -> None:
    """Draw the wider interval as a thin line that ends in ticks."""
    left, right = max(low, limits[0]), min(high, limits[1])
    axes.plot([left, right], [y, y], color=color, lw=0.9, zorder=2)
    for edge, is_inside in ((left, low >= left), (right, high <= right)):
        axes.plot(edge, y, marker="|" if is_inside else "d", color=color, ms=7, mew=1.2, zorder=3)
