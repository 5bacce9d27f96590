"""The multiverse: every declared specification in order, and what each option does to it."""

from __future__ import annotations

import textwrap

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
    SKY,
    VERMILLION,
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

#: Color of each tag, from strongest to weakest.
_COLORS = {"principled": BLUE, "plausible": SKY, "known-biased": MUTED}
_HEAD_INCHES, _STRIP_INCHES, _FOOT_INCHES = 0.32, 0.9, 0.62
_LINE_INCHES, _AXIS_INCHES, _OPTIONS_FOOT_INCHES = 0.185, 0.27, 1.0
_LABEL_SHARE, _LABEL_LETTERS = 0.56, 46
_KEY = (
    "Dot: only this choice changed. Line: middle 80 % of all specifications\n"
    "with it. Dashed: the primary. Light: plausible. Gray: known as biased."
)


@drawn
def specification_curve(
    multiverse: pd.DataFrame, primary: float, *, no_effect: tuple[float, float]
) -> Drawing:
    """Draw all specifications in order of their estimates, one strip for each validity tag.

    Parameters
    ----------
    multiverse : pandas.DataFrame
        One row a specification: `specification`, `validity`, `estimate`, `ci_low`, `ci_high`
        (hazard ratios, missing where not estimable).
    primary : float
        Hazard ratio of the primary.
    no_effect : (float, float)
        Hazard ratios closer to 1 than the smallest effect of interest; drawn as a band.

    Returns
    -------
    Drawing
    """
    ordered = multiverse.sort_values(["validity", "estimate", "specification"])
    with house_style():
        figure = plot_specification_curve(multiverse, primary, no_effect=no_effect)
        strips = ". ".join(_said(tag, rows) for tag, rows in _by_tag(multiverse))
        text = (
            f"Specification curve: {len(multiverse):,} {ratios_of(multiverse)} with intervals in "
            f"order of size, by validity; the primary is {ratio_text(primary)}. {strips}."
        )
        return export(figure, ordered, text)


def plot_specification_curve(
    multiverse: pd.DataFrame, primary: float, *, no_effect: tuple[float, float]
) -> Figure:
    """Return the figure of `specification_curve`, not yet written to bytes."""
    strips = _by_tag(multiverse)
    height = (_HEAD_INCHES + _STRIP_INCHES) * len(strips) + _FOOT_INCHES
    figure = canvas(height)
    known = multiverse["estimate"].dropna()
    for place, (tag, rows) in enumerate(strips):
        below = len(strips) - 1 - place
        bottom = _FOOT_INCHES + (_HEAD_INCHES + _STRIP_INCHES) * below
        axes = figure.add_axes((0.02, bottom / height, 0.96, _STRIP_INCHES / height), frameon=False)
        ends = [*no_effect, *([known.min(), known.max()] if len(known) else [])]
        hazard_ratio_axis(axes, float(min(ends)), float(max(ends)))
        _strip(axes, rows.dropna(subset="estimate"), _COLORS[tag], no_effect)
        axes.axvline(primary, color=VERMILLION, lw=1.2, ls=(0, (4, 2)))
        write(axes, _said(tag, rows), (0, 1), (0, 9))
        if below:
            axes.set_xticklabels([])
        else:
            direction_labels(axes, 22, of_ends=is_of_ends(multiverse))
    return figure


def _by_tag(multiverse: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The specifications of each tag that has any, the strongest tag first."""
    parts = [(tag, multiverse[multiverse["validity"] == tag]) for tag in _COLORS]
    return [(tag, rows) for tag, rows in parts if len(rows)]


def _said(tag: str, rows: pd.DataFrame) -> str:
    """Count the specifications of a tag and say where they lie."""
    known = rows["estimate"].dropna()
    count = f"{tag.capitalize()}: {len(rows):,}"
    if len(known) < len(rows):
        count += f" ({len(known):,} estimable)"
    if not len(known):
        return count
    above = 100 * float((known > 1).mean())
    return f"{count}; {above:.0f} % above 1, median {ratio_text(float(known.median()))}"


def _strip(axes: Axes, rows: pd.DataFrame, color: str, no_effect: tuple[float, float]) -> None:
    """Draw the estimates of one tag from the lowest up, each with its interval behind it."""
    rows = rows.sort_values(["estimate", "specification"])
    heights = (np.arange(len(rows)) + 0.5) / max(len(rows), 1)
    axes.axvspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axvline(1, color=MUTED, lw=1, zorder=1)
    axes.fill_betweenx(
        heights,
        rows["ci_low"],
        rows["ci_high"],
        color=FAINT,
        alpha=0.55,
        lw=0,
        step="mid",
        zorder=2,
    )
    axes.plot(rows["estimate"], heights, color=color, lw=2.4, zorder=3)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.axhline(0, color=MUTED, lw=0.8)


@drawn
def options(summary: pd.DataFrame, primary: float, *, no_effect: tuple[float, float]) -> Drawing:
    """Draw what each option does: alone, and over every specification that has it.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row an option, in the order of drawing: `axis`, `option`, `label`, `validity`,
        `is_primary`; `alone`, the hazard ratio with only that choice changed; `low`, `high`, the
        middle 80 % of the hazard ratios of all specifications with it. Missing where not
        estimable.
    primary : float
        Hazard ratio of the primary.
    no_effect : (float, float)
        Hazard ratios closer to 1 than the smallest effect of interest; drawn as a band.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_options(summary, primary, no_effect=no_effect)
        alone = summary[~summary["is_primary"]].dropna(subset="alone")
        listed = "; ".join(
            f"{row['label']}: {ratio_text(row['alone'])}" for _, row in alone.iterrows()
        )
        text = (
            "Ratios with one choice of the primary changed, and the middle 80 % of all "
            f"specifications with each choice. The primary is {ratio_text(primary)}. {listed}."
        )
        return export(figure, summary, text)


def plot_options(
    summary: pd.DataFrame, primary: float, *, no_effect: tuple[float, float]
) -> Figure:
    """Return the figure of `options`, not yet written to bytes."""
    names = list(dict.fromkeys(summary["axis"]))
    labels = [textwrap.wrap(str(label), _LABEL_LETTERS) for label in summary["label"]]
    body = _LINE_INCHES * sum(map(len, labels)) + _AXIS_INCHES * len(names)
    height = body + _OPTIONS_FOOT_INCHES
    figure = canvas(height)
    axes = figure.add_axes(
        (_LABEL_SHARE, _OPTIONS_FOOT_INCHES / height, 0.98 - _LABEL_SHARE, body / height),
        frameon=False,
    )
    numbers = summary[["alone", "low", "high"]].to_numpy(float)
    finite = np.r_[numbers[np.isfinite(numbers)], no_effect, primary]
    hazard_ratio_axis(axes, float(finite.min()), float(finite.max()))
    axes.set_ylim(body, 0)
    axes.set_yticks([])
    axes.axvspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axvline(1, color=MUTED, lw=1, zorder=1)
    axes.axvline(primary, color=VERMILLION, lw=1.2, ls=(0, (4, 2)), zorder=1)
    axes.axhline(body, color=MUTED, lw=0.8)
    left = -_LABEL_SHARE / (0.98 - _LABEL_SHARE) + 0.05
    y = 0.0
    for name in names:
        y += _AXIS_INCHES
        heading = name.replace("_", " ").capitalize()
        write(axes, heading, (left, y - 0.09), up="data", bold=True)
        for place in np.flatnonzero(summary["axis"] == name):
            inches = _LINE_INCHES * len(labels[place])
            _draw_option(axes, y + inches / 2, summary.iloc[place], labels[place], left)
            y += inches
    write(axes, "← lasts longer", (0, 0), (-24, -22), color=MUTED, size=KEY_POINTS, va="top")
    write(
        axes, "ends sooner →", (1, 0), (0, -22), color=MUTED, size=KEY_POINTS, ha="right", va="top"
    )
    write(axes, _KEY, (left, 0), (0, -42), color=MUTED, size=KEY_POINTS, va="top")
    return figure


def _draw_option(axes: Axes, y: float, row: pd.Series, label: list[str], left: float) -> None:
    """Draw one option: its label, its range over the multiverse, and its own departure."""
    color = _COLORS[row["validity"]]
    limits = axes.get_xlim()
    low, high = np.clip([row["low"], row["high"]], *limits)
    axes.plot([low, high], [y, y], color=color, lw=2.6, solid_capstyle="butt", zorder=2)
    axes.plot(
        row["alone"],
        y,
        marker="s" if row["is_primary"] else "o",
        ms=4.6,
        mfc="white" if row["validity"] == "known-biased" else INK,
        mec=INK,
        mew=1,
        zorder=4,
    )
    write(axes, "\n".join(label), (left, y), up="data", size=KEY_POINTS)
