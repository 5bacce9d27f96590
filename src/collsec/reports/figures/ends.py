"""How wars end: the share that had ended in each way by each month, one area a way."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    PURPLE,
    SKY,
    VERMILLION,
    Drawing,
    canvas,
    export,
    house_style,
    month_axis,
    spread,
    write,
)

# Neighbors differ in lightness too; each area has its name beside it.
_FILLS = (GREEN, "#8fcbb5", BLUE, VERMILLION, SKY, FAINT, PURPLE)
_ON = "#f3f5f7"


def ends_by_kind(curves: pd.DataFrame) -> Drawing:
    """Draw the cumulative incidence of each kind of end as stacked areas.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns `group` (the kind), `time_months`, `estimate` (share, 0 to 1); the kinds add up to
        one at most, since they compete. Drawn from below in the order of the rows, seven at most.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If there are more kinds than areas that can be told apart.
    """
    with house_style():
        figure = plot_ends_by_kind(curves)
        return export(figure, curves, _alternative(curves))


def _alternative(curves: pd.DataFrame) -> str:
    """Say what each area has come to at the end of the figure."""
    last = curves[curves["time_months"] == curves["time_months"].max()]
    listed = [
        f"{name} {100 * share:.0f} %"
        for name, share in zip(last["group"], last["estimate"], strict=True)
    ]
    return (
        f"Stacked areas of how wars had ended. By month {curves['time_months'].max():.0f}: "
        f"{', '.join(listed)}; {100 * (1 - last['estimate'].sum()):.0f} % still going on."
    )


def plot_ends_by_kind(curves: pd.DataFrame) -> Figure:
    """Return the figure of `ends_by_kind`, not yet written to bytes."""
    names = list(dict.fromkeys(curves["group"]))
    if len(names) > len(_FILLS):
        raise ValueError(f"{len(names)} kinds; a figure tells {len(_FILLS)} apart at most")
    table = curves.pivot_table(index="time_months", columns="group", values="estimate")[names]
    grid = table.index.to_numpy(dtype=float)
    tops = table.to_numpy().cumsum(axis=1)
    bounds = [np.zeros(len(grid)), *tops.T, np.ones(len(grid))]
    figure = canvas(3.8)
    axes = figure.add_axes((0.12, 0.14, 0.44, 0.83))
    bands = list(itertools.pairwise(bounds))
    fills = [*_FILLS[: len(names)], _ON]
    for fill, (low, high) in zip(fills, bands, strict=True):
        axes.fill_between(grid, low, high, step="post", color=fill, lw=0)
        axes.step(grid, high, where="post", color="white", lw=0.8)
    middles = [float(low[-1] + high[-1]) / 2 for low, high in bands]
    places = spread(middles, 0.085, 0.04, 0.96)
    for label, fill, (low, high), y in zip(
        [*names, "Still going on"], fills, bands, places, strict=True
    ):
        axes.plot(
            [1.04],
            [y],
            marker="s",
            ms=6,
            color=fill,
            mec=INK,
            mew=0.4,
            clip_on=False,
            transform=axes.get_yaxis_transform(),
        )
        write(axes, f"{label} {100 * (high[-1] - low[-1]):.0f} %", (1.08, y), up="data")
    month_axis(axes, float(grid.max()))
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    axes.set_ylabel("Wars, %")
    axes.set_xlabel("Months since the start of the war")
    return figure
