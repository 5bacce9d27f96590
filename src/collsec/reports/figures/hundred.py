"""A hundred wars as a hundred squares, and the steps of delay as one bar."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from collsec.reports.figures.style import (
    BLUE,
    FAINT,
    INK,
    KEY_POINTS,
    MUTED,
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
from collsec.reports.words import wording

_COLORS = {"reached": BLUE, "ended": FAINT, "going on": VERMILLION}
_ROW, _SIDE, _GAP = 20, 0.2, 0.05
_BAR = 0.24
_LETTERS = {True: 50, False: 88}


@drawn
def hundred(
    squares: Mapping[str, int],
    steps: Mapping[str, float],
    *,
    title: str,
    words: Mapping[str, str],
    source: str,
) -> Drawing:
    """Draw what became of a hundred wars.

    Parameters
    ----------
    squares : mapping of str to int
        `reached`, `ended`, `going on`: adding up to a hundred.
    steps : mapping of str to float
        Steps of delay in months, in their order, each with what it is called.
    title : str
        The finding, above the squares.
    words : mapping of str to str
        What each kind of square is, for the labels.
    source : str
        What the numbers are from, within the picture.
    """
    numbers = [
        *({"part": "squares", "name": words[k], "value": n} for k, n in squares.items()),
        *({"part": "months", "name": name, "value": value} for name, value in steps.items()),
    ]
    said = [f"{n} {words[k]}" for k, n in squares.items()]
    bar = "; ".join(f"{name}: {wording.number(m, 1)} months" for name, m in steps.items())
    alternative = f"A hundred squares. {title}: {wording.listed(said)}." + (
        f" A bar of months: {bar}." if bar else ""
    )
    with house_style():
        wide, narrow = (
            plot_hundred(
                squares, steps, title=title, words=words, source=source, is_narrow=is_narrow
            )
            for is_narrow in (False, True)
        )
        return export(wide, pd.DataFrame(numbers), alternative, narrow, names_source=True)


def plot_hundred(
    squares: Mapping[str, int],
    steps: Mapping[str, float],
    *,
    title: str,
    words: Mapping[str, str],
    source: str,
    is_narrow: bool = False,
) -> Figure:
    """Return the figure of `hundred`, not yet written to bytes."""
    width = WIDTH_INCHES if is_narrow else WIDE_INCHES
    heads = textwrap.wrap(title, _LETTERS[is_narrow] - 8)
    foot = textwrap.wrap(source, _LETTERS[is_narrow])
    rows = 100 // _ROW
    head = 0.1 + 0.19 * len(heads)
    field = rows * _SIDE + 0.08
    labels = 0.2 * len(squares) if is_narrow else 0.0
    bar = (0.28 + _BAR + 0.24 * (len(steps) if is_narrow else 1)) if steps else 0.0
    height = head + field + labels + bar + 0.08 + 0.15 * len(foot)
    figure = canvas(height, width)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), frameon=False)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    for place, line in enumerate(heads):
        _text(axes, line, 0.05, 0.14 + 0.19 * place, bold=True, size=10)
    kinds = [kind for kind, n in squares.items() for _ in range(n)]
    for place, kind in enumerate(kinds):
        down, across = place % rows, place // rows  # by columns, so that kinds stay together
        axes.add_patch(
            Rectangle(
                (0.05 + across * _SIDE, head + down * _SIDE),
                _SIDE - _GAP,
                _SIDE - _GAP,
                color=_COLORS[kind],
                lw=0,
            )
        )
    edge = 0.05 + _ROW * _SIDE + 0.14
    for place, (kind, n) in enumerate(squares.items()):
        x = 0.05 if is_narrow else edge
        y = head + (field + 0.2 * place + 0.08 if is_narrow else 0.12 + 0.34 * place)
        axes.add_patch(Rectangle((x, y - 0.07), 0.13, 0.13, color=_COLORS[kind], lw=0))
        _text(axes, f"{n} {words[kind]}", x + 0.2, y)
    if steps:
        _steps(axes, steps, head + field + labels, width, is_narrow=is_narrow)
    for place, line in enumerate(foot):
        y = height - 0.1 - 0.15 * (len(foot) - 1 - place)
        _text(axes, line, 0.05, y, color=MUTED, size=KEY_POINTS)
    return figure


def _text(
    axes: Axes,
    text: str,
    x: float,
    y: float,
    *,
    color: str = INK,
    size: float = 9,
    bold: bool = False,
) -> None:
    write(axes, text, (x, y), across="data", up="data", color=color, size=size, bold=bold)


def _steps(
    axes: Axes, steps: Mapping[str, float], top: float, width: float, *, is_narrow: bool
) -> None:
    """Draw the steps as one bar of months, with a label for each."""
    scale = (width - 0.1) / math.fsum(steps.values())
    _text(
        axes, "Months, at the median of operations:", 0.05, top + 0.12, color=MUTED, size=KEY_POINTS
    )
    left, y = 0.05, top + 0.24
    for place, (name, months) in enumerate(steps.items()):
        color = (SKY, BLUE)[place % 2]
        axes.add_patch(Rectangle((left, y), months * scale - 0.02, _BAR, color=color, lw=0))
        label = f"{wording.number(months, 1)} {name}"
        if is_narrow:
            axes.add_patch(
                Rectangle((0.05, y + _BAR + 0.1 + 0.24 * place), 0.13, 0.13, color=color, lw=0)
            )
            _text(axes, label, 0.25, y + _BAR + 0.17 + 0.24 * place)
        else:
            is_last = place == len(steps) - 1 and place > 0
            at = width - 0.05 if is_last else left
            write(
                axes,
                label,
                (at, y + _BAR + 0.13),
                across="data",
                up="data",
                ha="right" if is_last else "left",
            )
        left += months * scale
