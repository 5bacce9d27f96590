"""How a hazard ratio changes along an index, under one functional form or another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    MUTED,
    SERIES,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    ratio_text,
    spread,
    write,
)

_MARKS = (0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5)


@drawn
def response_curves(
    curves: pd.DataFrame,
    *,
    between: tuple[float, float],
    no_effect: tuple[float, float],
    index: str,
) -> Drawing:
    """Draw hazard ratios against the middle of an index, one curve for each functional form.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns `group`, `index` (standard deviations), `estimate` (hazard ratio), `ci_low`,
        `ci_high`. Two groups at most; the last is drawn with its interval.
    between : (float, float)
        The two values of the index that the text contrasts.
    no_effect : (float, float)
        Hazard ratios closer to 1 than the smallest effect of interest; drawn as a band.
    index : str
        What the index is: the title of its axis.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_response(curves, between=between, no_effect=no_effect, index=index)
        return export(figure, curves, _alternative(curves, between))


def _alternative(curves: pd.DataFrame, between: tuple[float, float]) -> str:
    """Say where each curve stands at both values that the text contrasts."""
    parts = []
    for name, rows in curves.groupby("group", sort=False):
        low, high = np.exp(np.interp(between, rows["index"], np.log(rows["estimate"])))
        parts.append(
            f"{name}: {ratio_text(low)} at {between[0]:.1f} and {ratio_text(high)} at "
            f"{between[1]:.1f} standard deviations"
        )
    return (
        "Curves of the hazard ratio of the end of war along the index, against its median; above "
        f"one, wars end sooner. {'; '.join(parts)}."
    )


def plot_response(
    curves: pd.DataFrame,
    *,
    between: tuple[float, float],
    no_effect: tuple[float, float],
    index: str,
) -> Figure:
    """Return the figure of `response_curves`, not yet written to bytes."""
    names = list(dict.fromkeys(curves["group"]))
    figure = canvas(3.2)
    axes = figure.add_axes((0.15, 0.16, 0.55, 0.81))
    axes.axhspan(*no_effect, color=BAND, lw=0, zorder=0)
    axes.axhline(1, color=MUTED, lw=1, zorder=1)
    for value in between:
        axes.axvline(value, color=MUTED, lw=0.8, ls=(0, (2, 3)), zorder=1)
    last = curves[curves["group"] == names[-1]]
    axes.fill_between(
        last["index"], last["ci_low"], last["ci_high"], color=SERIES[0], alpha=0.16, lw=0
    )
    ends = []
    colors = [SERIES[len(names) - 1 - place] for place in range(len(names))]
    for name, color in zip(names, colors, strict=True):
        rows = curves[curves["group"] == name]
        axes.plot(rows["index"], rows["estimate"], color=color, lw=1.8, zorder=3)
        ends.append(float(rows["estimate"].iloc[-1]))
    _ratio_axis(axes, float(last["ci_low"].min()), float(last["ci_high"].max()))
    low, high = np.log(axes.get_ylim())
    places = spread([(np.log(e) - low) / (high - low) for e in ends], 0.2, 0.1, 0.9)
    for name, color, y in zip(names, colors, places, strict=True):
        write(axes, str(name).replace(" ", "\n"), (1.03, y), color=color, bold=True)
    axes.set_xlim(float(last["index"].min()), float(last["index"].max()))
    axes.set_xlabel(index)
    axes.set_ylabel("Hazard ratio of the end of war")
    return figure


def _ratio_axis(axes: Axes, low: float, high: float) -> None:
    """Set a log axis that holds `low` to `high`, no wider than 1/6 to 6."""
    axes.set_yscale("log")
    axes.set_ylim(max(1 / 6, min(low, 0.7) * 0.95), min(6.0, max(high, 1.4) * 1.05))
    ticks = [m for m in _MARKS if axes.get_ylim()[0] <= m <= axes.get_ylim()[1]]
    axes.set_yticks(ticks, [f"{m:g}" for m in ticks])
    axes.minorticks_off()
