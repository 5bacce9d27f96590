"""Swimmer plot: each exposed war on its own clock, from onset to end, with what happened in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    BLUE,
    FAINT,
    GREEN,
    INK,
    KEY_POINTS,
    MUTED,
    PURPLE,
    SKY,
    VERMILLION,
    WIDE_INCHES,
    WIDTH_INCHES,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    write,
)

_ROW, _HEAD, _FOOT = 0.2, 0.08, 1.08
# Marker, color, size and meaning of what happens on a day.
_MARKS = {
    "talks": ("|", MUTED, 5, "month with talks"),
    "agreement": ("D", GREEN, 4.2, "agreement signed"),
    "vote": ("v", PURPLE, 5.5, "mission authorized"),
}
_BARS = (
    ("war", FAINT, "war goes on"),
    ("troops", SKY, "troops there"),
    ("exposed", BLUE, "exposed"),
)


@drawn
def swimmer(wars: pd.DataFrame, events: pd.DataFrame) -> Drawing:
    """Draw each exposed war from its onset to its end.

    Parameters
    ----------
    wars, events : pandas.DataFrame
        From :func:`collsec.evidence.exposed.exposed_wars`.

    Returns
    -------
    Drawing
    """
    with house_style():
        return export(
            plot_swimmer(wars, events, WIDE_INCHES),
            events.merge(wars[["episode_id", "war"]], on="episode_id"),
            _alternative(wars),
            plot_swimmer(wars, events, WIDTH_INCHES),
        )


def plot_swimmer(wars: pd.DataFrame, events: pd.DataFrame, width: float) -> Figure:
    """Return the figure of `swimmer` in one width, not yet written to bytes."""
    is_narrow = width == WIDTH_INCHES
    row = _ROW + (0.15 if is_narrow else 0)
    body = row * len(wars)
    foot = _FOOT + (0.2 if is_narrow else 0.0)
    height = _HEAD + body + foot
    left = 0.1 if is_narrow else 2.75
    figure = canvas(height, width)
    axes = figure.add_axes(
        (left / width, foot / height, (width - left - 0.2) / width, body / height), frameon=False
    )
    last = float(wars["months_in_all"].max())
    axes.set_xlim(0, last * 1.02)
    axes.set_ylim(body, 0)
    axes.set_yticks([])
    step = next(s for s in (1, 2, 5, 10, 20) if last / 12 / s <= (6 if is_narrow else 10))
    ticks = np.arange(0, last + 1, 12 * step)
    axes.set_xticks(ticks, [f"{t / 12:.0f}" for t in ticks])
    for tick in ticks:
        axes.axvline(tick, color=BAND, lw=0.9, zorder=0)
    axes.set_xlabel("Years since the onset of the war", labelpad=2)
    axes.axhline(body, color=MUTED, lw=0.8)
    for place, (_, war) in enumerate(wars.iterrows()):
        y = row * place + row - 0.1
        own = events[events["episode_id"] == war["episode_id"]]
        year = f"{war['onset_date']:%Y}"
        name, most = str(war["war"]).removesuffix(", over government"), 44 if is_narrow else 36
        name = name if len(name) + 7 <= most else f"{name[: most - 8]}…"
        label = f"{name} ({year})"
        if is_narrow:
            write(axes, label, (0, y - 0.15), up="data", size=KEY_POINTS)
        else:
            write(axes, label, (0, y), (-72 * left + 6, 0), up="data", size=KEY_POINTS)
        _swim(axes, own, war, y)
    _key(axes, is_narrow)
    return figure


def _swim(axes: Axes, own: pd.DataFrame, war: pd.Series, y: float) -> None:
    """Draw the bars and marks of one war."""
    least = 0.004 * axes.get_xlim()[1]
    for kind, color, _ in _BARS:
        high = {"war": 0.05, "troops": 0.1, "exposed": 0.1}[kind]
        for one in own[own["kind"] == kind].to_dict(orient="records"):
            length = max(one["to_months"] - one["from_months"], least)
            axes.barh(y, length, high, left=one["from_months"], color=color, lw=0)
    for kind, (marker, color, size, _) in _MARKS.items():
        days = own.loc[own["kind"] == kind, "from_months"]
        axes.plot(days, [y] * len(days), marker, color=color, ms=size, mew=1, ls="", zorder=4)
    end = float(war["months_in_all"])
    if pd.isna(war["end_date"]):
        axes.plot(end, y, ">", color=MUTED, ms=6, mew=0, clip_on=False, zorder=5)
    else:
        color = VERMILLION if war["ended_exposed"] else INK
        axes.plot(end, y, "x", color=color, ms=6, mew=1.8, clip_on=False, zorder=5)


def _key(axes: Axes, is_narrow: bool) -> None:
    """Say below the axis what bars and marks are."""
    entries = [("■", color, words) for _, color, words in _BARS]
    signs = {"|": "❘", "D": "◆", "v": "▼"}
    entries += [(signs[marker], color, words) for marker, color, _, words in _MARKS.values()]
    entries += [("✕", VERMILLION, "ended while exposed"), ("✕", INK, "ended otherwise")]
    across = 2 if is_narrow else 3
    for place, (sign, color, words) in enumerate(entries):
        at = ((place % across) / across, 0.0)
        down = -42 - 13 * (place // across)
        write(axes, sign, at, (0, down), color=color, size=KEY_POINTS)
        write(axes, words, at, (11, down), color=MUTED, size=KEY_POINTS)


def _alternative(wars: pd.DataFrame) -> str:
    """Say of each war when it was exposed and when it ended."""
    parts = []
    for _, war in wars.iterrows():
        end = "goes on"
        if pd.notna(war["end_date"]):
            how = ", exposed" if war["ended_exposed"] else ""
            end = f"ended after {war['months_in_all']:.0f}{how}"
        parts.append(f"{war['war']}: exposed after {war['months']:.0f} months, {end}")
    return f"Bars of {len(wars)} wars from onset to end. {'; '.join(parts)}."
