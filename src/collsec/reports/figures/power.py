"""The effects that so many exposed ends could show."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    BLUE,
    MUTED,
    VERMILLION,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    ratio_text,
    write,
)

_MARKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)


@drawn
def detectable_effects(curve: pd.DataFrame, marks: pd.DataFrame) -> Drawing:
    """Draw the hazard ratios that could be seen, by number of exposed ends.

    Parameters
    ----------
    curve : pandas.DataFrame
        Columns `exposed_events`, `above`, `below`: at least two numbers of ends.
    marks : pandas.DataFrame
        Columns `hypothesis`, `exposed_events`, `above`, `below`: what was found to be detectable.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_detectable_effects(curve, marks)
        return export(figure, pd.concat([curve, marks]), _alternative(curve, marks))


def plot_detectable_effects(curve: pd.DataFrame, marks: pd.DataFrame) -> Figure:
    """Return the figure of `detectable_effects`, not yet written to bytes."""
    curve = curve.sort_values("exposed_events")
    figure = canvas(3.4)
    axes = figure.add_axes((0.15, 0.16, 0.82, 0.8))
    ends = curve["exposed_events"].to_numpy(dtype=float)
    axes.fill_between(ends, curve["below"], curve["above"], color=BAND, lw=0, zorder=0)
    for side in ("above", "below"):
        axes.plot(ends, curve[side], color=BLUE, lw=1.8)
    axes.axhline(1, color=MUTED, lw=0.8)
    axes.set_yscale("log")
    axes.set_ylim(_MARKS[0], _MARKS[-1])
    axes.set_yticks(_MARKS, [f"{m:g}" for m in _MARKS])
    axes.minorticks_off()
    axes.set_xlim(ends.min(), ends.max())
    axes.set_ylabel("Hazard ratio of the end")
    axes.set_xlabel("Wars that end while exposed")
    if len(marks):
        write(axes, "Points: the study's primaries", (1, 0), (-6, 9), ha="right", color=VERMILLION)
    right = float(np.sqrt(_MARKS[-1])), float(np.sqrt(_MARKS[0]))
    for text, y in zip(("wars end sooner: seen", "wars last longer: seen"), right, strict=True):
        write(axes, text, (1, y), (-6, 0), up="data", ha="right", color=BLUE)
    write(
        axes,
        "not distinguishable from no effect",
        (1, 1),
        (-6, 9),
        up="data",
        ha="right",
        color=MUTED,
    )
    for mark in marks.to_dict(orient="records"):
        place = float(mark["exposed_events"])
        seen = [
            v for v in (float(mark["above"]), float(mark["below"])) if _MARKS[0] <= v <= _MARKS[-1]
        ]
        if ends.min() <= place <= ends.max() and seen:
            axes.plot([place] * len(seen), seen, "o", color=VERMILLION, ms=5)
            write(
                axes,
                str(mark["hypothesis"]).upper(),
                (place, seen[0]),
                (6, 6),
                across="data",
                up="data",
                color=VERMILLION,
                bold=True,
            )
    return figure


def _alternative(curve: pd.DataFrame, marks: pd.DataFrame) -> str:
    """Say what could be seen at each number of ends."""
    parts = [
        f"{n} exposed ends: above {ratio_text(high)} or below {ratio_text(low)}"
        for n, high, low in zip(
            curve["exposed_events"], curve["above"], curve["below"], strict=True
        )
    ]
    parts += [
        f"{str(row['hypothesis']).upper()} with {row['exposed_events']}: above "
        f"{ratio_text(row['above'])} or below {ratio_text(row['below'])}"
        for row in marks.to_dict(orient="records")
    ]
    return f"Hazard ratios that could be seen, on a log axis. {'; '.join(parts)}."
