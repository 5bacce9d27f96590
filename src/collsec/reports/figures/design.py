"""The design of a report in a picture: from all wars to those compared, exposed and ended."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BLUE,
    FAINT,
    INK,
    KEY_POINTS,
    SKY,
    WIDE_INCHES,
    WIDTH_INCHES,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    write,
)
from collsec.reports.words.verdicts import Compared

_ROW, _GAP, _FOOT, _BAR = 0.34, 0.16, 0.08, 0.16


@drawn
def design_flow(
    attrition: pd.DataFrame, primary: pd.Series, *, contrast: Compared, is_timed: bool
) -> Drawing:
    """Draw who is compared with whom, as bars whose lengths are numbers of wars.

    Parameters
    ----------
    attrition : pandas.DataFrame
        Steps from all episodes to those followed: `step`, `rule`, `n_units`.
    primary : pandas.Series
        The row of the primary estimate, with its counts.
    contrast : Compared
        Who is compared with whom, in words.
    is_timed : bool
        Whether wars are exposed at some time; if not, each is to some degree.

    Returns
    -------
    Drawing
    """
    rows = _rows(attrition, primary, contrast, is_timed)
    with house_style():
        wide, narrow = (_plot(rows, width) for width in (WIDE_INCHES, WIDTH_INCHES))
        told = "; ".join(
            f"{row['label']}: {row['wars']:,}"
            + ("" if pd.isna(row["ended"]) else f", of which {int(row['ended']):,} ended")
            for _, row in rows.iterrows()
        )
        return export(wide, rows, f"Bars from all wars to those compared. {told}.", narrow)


def _rows(
    attrition: pd.DataFrame, primary: pd.Series, contrast: Compared, is_timed: bool
) -> pd.DataFrame:
    """The bars: the steps, then the two sides of the comparison."""
    rows = [
        {
            "label": "Every war on record" if place == 0 else f"… {step['rule']}",
            "wars": int(step["n_units"]),
            "ended": float("nan"),
            "kind": "step",
        }
        for place, step in enumerate(attrition.to_dict(orient="records"))
    ]
    units, events = int(primary["n_units"]), int(primary["n_events"])
    exposed, hit = int(primary["exposed_units"]), int(primary["exposed_events"])
    if is_timed:
        sides: tuple[tuple[str, int, int, str], ...] = (
            (contrast.those, exposed, hit, "exposed"),
            (contrast.others, units, events - hit, "other"),
        )
    else:
        sides = (("compared by degree: all of them", units, events, "exposed"),)
    rows += [
        {"label": text[:1].upper() + text[1:], "wars": n, "ended": ended, "kind": kind}
        for text, n, ended, kind in sides
    ]
    return pd.DataFrame(rows)


def _plot(rows: pd.DataFrame, width: float) -> Figure:
    """Return the figure in one width, not yet written to bytes."""
    is_narrow = width == WIDTH_INCHES
    left = 0.08 if is_narrow else 3.0
    right = width - 0.75
    row = _ROW + (0.2 if is_narrow else 0)
    split = int((rows["kind"] == "step").sum())
    height = row * len(rows) + _GAP + _FOOT
    figure = canvas(height, width)
    axes = figure.add_axes((left / width, 0, (right - left) / width, 1), frameon=False)
    axes.set_xlim(0, float(rows["wars"].max()))
    axes.set_ylim(height, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    for place, (_, one) in enumerate(rows.iterrows()):
        top = row * place + (_GAP if place >= split else 0) + 0.04
        _bar(axes, one, top, row, left, is_narrow)
    y = row * split + _GAP / 2 + 0.02
    axes.axhline(y, color=FAINT, lw=0.8, xmin=-left / (right - left), clip_on=False)
    return figure


def _bar(
    axes: Axes, row: pd.Series, top: float, height: float, left: float, is_narrow: bool
) -> None:
    """Draw one bar with its label and number; the dark part is the wars that ended."""
    y = top + (height - 0.16 if is_narrow else height / 2)
    is_side = row["kind"] != "step"
    wars = int(row["wars"])
    axes.barh(y, wars, _BAR, color=SKY if is_side else FAINT, zorder=2)
    number = f"{wars:,}"
    if is_side:
        axes.barh(y, row["ended"], _BAR, color=BLUE, zorder=3)
        number += f", {int(row['ended']):,} ended"
    lines = textwrap.wrap(str(row["label"]), 58 if is_narrow else 44)[:2]
    if is_narrow:
        write(axes, "\n".join(lines[:1]), (0, top + 0.1), up="data", size=KEY_POINTS, bold=is_side)
    else:
        write(
            axes,
            "\n".join(lines),
            (0, y),
            (-72 * left + 4, 0),
            up="data",
            size=KEY_POINTS,
            bold=is_side,
        )
    span = axes.get_xlim()[1]
    # A number that finds no room behind its bar stands on it, where the bar is light.
    inside = is_side and wars > 0.8 * span
    write(
        axes,
        number,
        (wars, y),
        (-4, 0) if inside else (4, 0),
        across="data",
        up="data",
        ha="right" if inside else "left",
        color=INK,
        size=KEY_POINTS,
        bold=is_side,
    )
