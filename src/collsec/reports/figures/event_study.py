"""Ratios by months before and after an event, with what each month counted and how many events."""

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
    SMALL_POINTS,
    WIDE_INCHES,
    WIDTH_INCHES,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    ratio_text,
    write,
)
from collsec.reports.words import wording

_MARKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
_RATIO_INCHES, _COUNT_INCHES, _GAP_INCHES, _HEAD_INCHES = 2.7, 0.5, 0.16, 0.34


@drawn
def event_study(
    periods: pd.DataFrame,
    months: pd.DataFrame,
    *,
    level: float,
    no_effect: tuple[float, float],
) -> Drawing:
    """Draw ratios of counts to those expected, by months since an event, on a log axis.

    Parameters
    ----------
    periods : pandas.DataFrame
        `first` and `last` month, `estimate`, `ci_low`, `ci_high`: missing where not estimable.
    months : pandas.DataFrame
        `month`, `ratio` of the count to that expected, `arrivals` that have a count in it. Months
        before the first period are the reference.
    level : float
        Of the periods' intervals.
    no_effect : (float, float)
        Ratios closer to 1 than the smallest effect of interest; drawn as a band.

    Returns
    -------
    Drawing
    """
    data = _data(periods, months)
    with house_style():
        return export(
            plot_event_study(periods, months, level=level, no_effect=no_effect),
            data,
            _alternative(periods, months),
            plot_event_study(periods, months, level=level, no_effect=no_effect, is_narrow=True),
        )


def _data(periods: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """One row per month, with the ratio of its period; none for those of the reference."""
    place = np.searchsorted(periods["first"], months["month"], side="right") - 1
    inside = place >= 0
    rows = months.assign(is_reference=~inside)
    for column in ("first", "last", "estimate", "ci_low", "ci_high"):
        values = periods[column].to_numpy(float)[np.maximum(place, 0)]
        rows[f"period_{column}"] = np.where(inside, values, np.nan)
    return rows


def _reference(periods: pd.DataFrame, months: pd.DataFrame) -> tuple[int, int]:
    """First and last month of the reference."""
    return int(months["month"].min()), int(periods["first"].min()) - 1


def _span(first: float, last: float) -> str:
    return f"months {first:.0f} to {last:.0f}".replace("-", "−")


def _alternative(periods: pd.DataFrame, months: pd.DataFrame) -> str:
    """Say each period, and how many events the months have."""
    parts = []
    for _, row in periods.iterrows():
        said = "not estimable"
        if np.isfinite(row["estimate"]):
            low, high = (ratio_text(float(row[end])) for end in ("ci_low", "ci_high"))
            said = f"{ratio_text(float(row['estimate']))} ({low} to {high})"
        parts.append(f"{_span(row['first'], row['last'])} {said}")
    fewest, most = int(months["arrivals"].min()), int(months["arrivals"].max())
    counted = f"{most}" if fewest == most else f"{fewest} to {most}"
    return (
        "Event study on a log axis: deaths against those expected, by months since the arrival. "
        f"Reference, where one is expected: {_span(*_reference(periods, months))}. "
        f"Ratios with intervals: {'; '.join(parts)}. "
        f"Arrivals with a count: {counted} in each month."
    )


def plot_event_study(
    periods: pd.DataFrame,
    months: pd.DataFrame,
    *,
    level: float,
    no_effect: tuple[float, float],
    is_narrow: bool = False,
) -> Figure:
    """Return the figure of `event_study`, not yet written to bytes."""
    width = WIDTH_INCHES if is_narrow else WIDE_INCHES
    key = textwrap.wrap(_key(level), 68 if is_narrow else 112)
    foot = 0.56 + 0.14 * len(key)
    height = _HEAD_INCHES + _RATIO_INCHES + _GAP_INCHES + _COUNT_INCHES + foot
    figure = canvas(height, width)
    left, across = 0.62 / width, (width - 0.74) / width
    axes = figure.add_axes(
        (left, (foot + _COUNT_INCHES + _GAP_INCHES) / height, across, _RATIO_INCHES / height)
    )
    below = figure.add_axes((left, foot / height, across, _COUNT_INCHES / height), sharex=axes)
    begin, end = float(months["month"].min()) - 0.5, float(months["month"].max()) + 0.5
    axes.set_xlim(begin, end)
    low, high = _ratio_axis(axes, periods, months)
    axes.axhspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axhline(1, color=MUTED, lw=1, zorder=1)
    for panel in (axes, below):
        panel.axvline(-0.5, color=INK, lw=1, ls=(0, (3, 2)), zorder=1)
    _months(axes, months, low, high)
    _periods(axes, periods, low, high)
    first, last = _reference(periods, months)
    axes.plot([first - 0.5, last + 0.5], [1, 1], color=MUTED, lw=3, solid_capstyle="butt", zorder=4)
    for text, x, ha in (
        ("reference", (first + last) / 2, "center"),
        ("before", float(periods["first"].min()) / 2 - 0.5, "center"),
        ("arrival →", -0.2, "left"),
    ):
        write(axes, text, (x, 1), (0, 7), across="data", ha=ha, color=MUTED)  # type: ignore[arg-type]
    axes.set_ylabel("Deaths, to those expected")
    axes.tick_params(labelbottom=False, length=0, axis="x")
    below.bar(months["month"], months["arrivals"], width=0.86, color=FAINT, lw=0, zorder=0)
    most = int(months["arrivals"].max())
    below.set_ylim(0, most * 1.05)
    below.set_yticks([0, most])
    below.set_ylabel("Arrivals", fontsize=SMALL_POINTS)
    ticks = np.arange(np.ceil(begin / 6) * 6, end, 12 if is_narrow else 6)
    below.set_xticks(ticks, [f"{tick:.0f}".replace("-", "−") for tick in ticks])
    below.set_xlabel("Months since the arrival")
    points = (-72 * (0.62 - 0.1), -34)
    write(below, "\n".join(key), (0, 0), points, color=MUTED, size=KEY_POINTS, va="top")
    return figure


def _key(level: float) -> str:
    return (
        f"Lines: ratio of each period, with its {wording.level(level)} interval. Dots: single "
        "months; a triangle lies beyond the axis. Both are geometric means over arrivals, against "
        "what the reference leads to expect. Band: too small an effect to matter. Below: arrivals "
        "whose host has a count in the month."
    )


def _ratio_axis(axes: Axes, periods: pd.DataFrame, months: pd.DataFrame) -> tuple[float, float]:
    """Set a log axis that holds the intervals and most months, no wider than 1/100 to 20."""
    numbers = periods[["estimate", "ci_low", "ci_high"]].to_numpy(float).ravel()
    dots = months["ratio"].to_numpy(float)
    dots = dots[np.isfinite(dots) & (dots > 0)]
    finite = np.r_[numbers[np.isfinite(numbers) & (numbers > 0)], dots, 0.5, 2]
    low, high = max(1 / 100, float(finite.min()) / 1.2), min(20.0, float(finite.max()) * 1.2)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [mark for mark in _MARKS if low <= mark <= high]
    axes.set_yticks(ticks, [f"{mark:g}" for mark in ticks])
    axes.minorticks_off()
    return low, high


def _months(axes: Axes, months: pd.DataFrame, low: float, high: float) -> None:
    """Draw each month as a dot; one beyond the axis as a triangle at its edge."""
    known = months[np.isfinite(months["ratio"])]
    ratio = known["ratio"].to_numpy(float)
    for is_there, y, marker in (
        ((ratio >= low) & (ratio <= high), ratio, "o"),
        (ratio < low, np.full(len(ratio), low), "v"),
        (ratio > high, np.full(len(ratio), high), "^"),
    ):
        axes.plot(
            known["month"][is_there],
            y[is_there],
            ls="",
            marker=marker,
            ms=3.4,
            color=MUTED,
            mew=0,
            clip_on=False,
            zorder=2,
        )


def _periods(axes: Axes, periods: pd.DataFrame, low: float, high: float) -> None:
    """Draw each period as a line over its months, its interval as a shaded box."""
    for _, row in periods[np.isfinite(periods["estimate"])].iterrows():
        ends = [float(row["first"]) - 0.5, float(row["last"]) + 0.5]
        axes.fill_between(
            ends,
            np.full(2, np.clip(row["ci_low"], low, high)),
            np.full(2, np.clip(row["ci_high"], low, high)),
            color=BLUE,
            alpha=0.18,
            lw=0,
            zorder=2,
        )
        axes.plot(ends, [row["estimate"]] * 2, color=BLUE, lw=2.4, solid_capstyle="butt", zorder=4)
