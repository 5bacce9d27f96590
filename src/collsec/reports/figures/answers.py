"""Every tested claim on one axis: estimate, interval, how many wars, and the verdict."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from collsec.designs.estimate import UNITS, Unit
from collsec.reports.figures.forest import draw_interval
from collsec.reports.figures.style import (
    BAND,
    BLUE,
    FAINT,
    GREEN,
    INK,
    KEY_POINTS,
    MUTED,
    PURPLE,
    VERMILLION,
    WIDE_INCHES,
    WIDTH_INCHES,
    Drawing,
    canvas,
    drawn,
    export,
    hazard_ratio_axis,
    house_style,
    ratio_text,
    write,
)
from collsec.reports.words import wording
from collsec.reports.words.verdicts import TOO_FEW

#: Color of a verdict's mark; any other verdict is gray.
MARKS = {
    "supported": GREEN,
    "contradicted": VERMILLION,
    "mixed": PURPLE,
    "no-effect": BLUE,
    "inconclusive": INK,
}
#: Standings under which no ratio is drawn, whatever is known.
_WITHOUT_RATIO = ("void", "withdrawn")
_LINE, _GAP, _HEAD, _FOOT = 0.15, 0.1, 0.24, 0.56
# Inches from the left: right edges of two columns, left edge of the last.
_ESTIMATE, _COMPARED, _VERDICT = 5.42, 6.24, 6.34
# Between a claim and the axis: half of a mark at the axis's end, and air.
_MARGIN = 0.26


@drawn
def answers(rows: pd.DataFrame, *, no_effect: tuple[float, float]) -> Drawing:
    """Draw every tested claim on one axis.

    Parameters
    ----------
    rows : pandas.DataFrame
        From :func:`collsec.evidence.overview.answers`.
    no_effect : (float, float)
        Ratios closer to 1 than the smallest effect of interest; drawn as a band.

    Returns
    -------
    Drawing
    """
    with house_style():
        return export(
            plot_answers(rows, no_effect=no_effect),
            rows,
            _alternative(rows),
            plot_answers(rows, no_effect=no_effect, is_narrow=True),
        )


def plot_answers(
    rows: pd.DataFrame, *, no_effect: tuple[float, float], is_narrow: bool = False
) -> Figure:
    """Return the figure of `answers`, not yet written to bytes."""
    width = WIDTH_INCHES if is_narrow else WIDE_INCHES
    left, right = (0.1, 4.3) if is_narrow else (2.5, 3.92)
    room = right - left if is_narrow else left - _MARGIN
    texts = [
        _wrapped(f"{row['claim']} {row['label']}", room, is_bold=bool(row["is_primary"]))
        for _, row in rows.iterrows()
    ]
    below = 0.66 if is_narrow else _GAP
    least = 1 if is_narrow else 3  # an answer takes up to three lines of its column
    lines = [max(len(text), least) for text in texts]
    tops = np.cumsum([0, *(_LINE * n + below for n in lines)])
    head = 0.06 if is_narrow else _HEAD
    height = head + float(tops[-1]) + _FOOT
    figure = canvas(height, width)
    axes = figure.add_axes(
        (left / width, _FOOT / height, (right - left) / width, float(tops[-1]) / height),
        frameon=False,
    )
    drawn = rows[[is_ratio(row) for _, row in rows.iterrows()]]
    numbers = drawn[["estimate", "ci_low", "ci_high"]].to_numpy(float)
    finite = np.r_[numbers[np.isfinite(numbers) & (numbers > 0)], no_effect]
    limits = hazard_ratio_axis(axes, max(float(finite.min()), 0.1), min(float(finite.max()), 10))
    axes.set_ylim(float(tops[-1]), 0)
    axes.set_yticks([])
    axes.axvspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axhline(float(tops[-1]), color=MUTED, lw=0.8)
    if not is_narrow:
        axes.axvline(1, color=MUTED, lw=1, zorder=1)
        for heading, edge in (("Estimate", _ESTIMATE), ("Compared", _COMPARED)):
            _right(axes, heading, edge - right, -0.1, MUTED)
        write(axes, "Answer", (1, -0.1), (72 * (_VERDICT - right), 0), up="data", color=MUTED)
    for top, text, (_, row) in zip(tops, texts, rows.iterrows(), strict=False):
        if top:
            axes.plot(
                [-left / (right - left), (width - left) / (right - left)],
                [top, top],
                transform=axes.get_yaxis_transform(),
                color=FAINT,
                lw=0.5,
                zorder=0,
                clip_on=False,
            )
        _row(axes, float(top), text, row, limits, left, right, is_narrow=is_narrow)
    write(
        axes, "← less or later", (1, 0), (-6, -22), across="data", ha="right", va="top", color=MUTED
    )
    write(axes, "more or sooner →", (1, 0), (6, -22), across="data", va="top", color=MUTED)
    return figure


def _wrapped(text: str, inches: float, *, is_bold: bool) -> list[str]:
    """Break a text in the small size into lines of so many inches at most."""
    font = FontProperties(size=KEY_POINTS, weight="bold" if is_bold else "normal")
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        width = text_to_path.get_text_width_height_descent(longer, font, False)[0]
        if lines[-1] and width > 72 * inches:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def is_ratio(row: pd.Series) -> bool:
    """Whether a row has a ratio to draw: known, and with an event under exposure."""
    return bool(
        row["estimate"] is not None
        and not pd.isna(row["estimate"])
        and UNITS.get(str(row["estimand"])) is Unit.RATIO
        and row["exposed_events"]
        and row["standing"] not in _WITHOUT_RATIO
        and row["answer"] != TOO_FEW
    )


def said(row: pd.Series) -> str:
    """The estimate of a row in short, or why there is none."""
    if row["standing"] == "void":
        return "not reported"
    if row["estimand"] is None or pd.isna(row["estimand"]):
        return "a share, described"
    if row["answer"] == TOO_FEW:
        expected = float(row["expected_events"])
        few = f"{wording.count(row['exposed_events'])} seen"
        return few + ("" if np.isnan(expected) else f",\n{wording.number(expected, 1)} expected")
    if pd.isna(row["estimate"]):
        return wording.missing(row)
    unit = UNITS.get(str(row["estimand"]), Unit.RATIO)
    if unit is Unit.RATIO:
        if not row["exposed_events"]:
            return "no event"
        low, high = (ratio_text(float(row[end])) for end in ("ci_low", "ci_high"))
        return f"{ratio_text(float(row['estimate']))} ({low}–{high})"
    scale = 100 if unit in (Unit.POINTS, Unit.SHARE) else 1
    point, low, high = (
        wording.number(scale * float(row[c]), 1) for c in ("estimate", "ci_low", "ci_high")
    )
    name = {Unit.POINTS: " points", Unit.SHARE: " %", Unit.MONTHS: " months"}.get(unit, "")
    return f"{point}{name}\n({low} to {high})"


def _compared(row: pd.Series) -> str:
    """How many are compared, and what they are where the estimate carries a verdict."""
    if pd.isna(row["n_units"]):
        return wording.NONE
    n = int(row["n_units"])
    return f"{n:,} {wording.plural(row['unit'], n)}" if row["unit"] else f"{n:,}"


def _right(axes: Axes, text: str, inches: float, y: float, color: str, bold: bool = False) -> None:
    """Write a text that ends so many inches right of the axes."""
    write(axes, text, (1, y), (72 * inches, 0), up="data", ha="right", color=color, bold=bold)


def _small(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    points: tuple[float, float] = (0, 0),
    **style: Any,
) -> None:
    """Write a text in the small size, its place given in inches from the first row."""
    write(axes, text, at, points, up="data", size=KEY_POINTS, **style)


def _row(
    axes: Axes,
    top: float,
    text: list[str],
    row: pd.Series,
    limits: tuple[float, float],
    left: float,
    right: float,
    *,
    is_narrow: bool,
) -> None:
    """Draw one claim."""
    color = MARKS.get(str(row["standing"]), MUTED)
    bold = bool(row["is_primary"])
    height = _LINE * (len(text) if is_narrow else max(len(text), 3))
    units = _compared(row)
    verdict = str(row["answer"]) if is_narrow else textwrap.fill(str(row["answer"]), 14)
    if is_narrow:
        y = top + 0.05 + height + 0.43
        write(
            axes, "\n".join(text), (0, top + 0.05), up="data", bold=bold, va="top", size=KEY_POINTS
        )
        line = top + 0.05 + height + 0.09
        estimate = said(row).replace("\n", " ")
        write(axes, f"{estimate} · {units}", (0, line), up="data", size=KEY_POINTS)
        _small(axes, verdict, (0, line + 0.16), color=color, bold=True)
        axes.plot([1, 1], [y - 0.08, y + 0.08], color=MUTED, lw=1, zorder=1)
    else:
        y = top + (height + _GAP) / 2
        write(
            axes,
            "\n".join(text),
            (0, y),
            (-72 * left + 2, 0),
            up="data",
            bold=bold,
            size=KEY_POINTS,
        )
        _right(axes, said(row), _ESTIMATE - right, y, INK, bold)
        _right(axes, textwrap.fill(units, 12), _COMPARED - right, y, INK, bold)
        _small(axes, verdict, (1, y), (72 * (_VERDICT - right), 0), color=color, bold=True)
    if row["side"] and UNITS.get(str(row["estimand"])) is Unit.RATIO:
        edge, mark = (limits[1], 5) if row["side"] == "above" else (limits[0], 4)
        axes.plot(edge, y, marker=mark, ms=5, color=MUTED, mew=0, clip_on=False)
    if not is_ratio(row):
        return
    ratio = float(row["estimate"])
    draw_interval(axes, y, row, limits, color)
    if limits[0] <= ratio <= limits[1]:
        axes.plot(ratio, y, "s" if bold else "o", ms=6, color=color, zorder=4)


def _alternative(rows: pd.DataFrame) -> str:
    """Say each row of the figure."""
    parts = []
    for _, row in rows.iterrows():
        estimate = said(row).replace("\n", " ").replace("–", " to ")
        units = "" if pd.isna(row["n_units"]) else f", {_compared(row)}"
        name = f"{row['claim']} {row['label']}".strip()
        parts.append(f"{name} {estimate}{units}: {row['answer']}")
    return f"Tested claims on one axis of ratios. {'; '.join(parts)}."
