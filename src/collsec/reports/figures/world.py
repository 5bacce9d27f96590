"""A map without a base map: states as dots at their capitals, wars circles, operations rings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    KEY_POINTS,
    MUTED,
    VERMILLION,
    WIDTH_INCHES,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    write,
)

# Degrees that the map shows; islands beyond the date line are drawn on the side of Asia.
WEST, EAST, SOUTH, NORTH = -112, 190, -47, 68
DATE_LINE = -130
# A degree of latitude is drawn so much longer than one of longitude: land in the north looks wide.
STRETCH = 1.3
_MARGIN, _KEY_INCHES = 0.02, 0.72
# Points of the radius of a state without a war, and of the state with the most.
_DOT, _LARGEST = 1.1, 12.5
_RING_GAP = 1.5
_KEY_YEARS = (10, 100, 300)
# Where the name of each part of the world stands clear of its states.
_NAMES = {
    "Americas": (-103, -22),
    "Europe": (-46, 56),
    "Africa": (-18, -22),
    "Asia": (88, 58),
    "Oceania": (104, -38),
}
_TOLD = 8  # states that the alternative text names


@drawn
def world(places: pd.DataFrame) -> Drawing:
    """Draw years of conflict and peace operations by state.

    Parameters
    ----------
    places : pandas.DataFrame
        Columns `name`, `latitude`, `longitude`, `conflict_years`, `n_un`, `n_others`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_world(places)
        most = places.nlargest(_TOLD, "conflict_years")
        parts = ", ".join(
            f"{row['name']} {row['conflict_years']} ({operations(row)})"
            for _, row in most.iterrows()
        )
        fought = places["conflict_years"] > 0
        text = (
            f"Map of {len(places)} states as dots at their capitals. {fought.sum()} had years of "
            f"conflict; {(places['n_un'] > 0).sum()} hosted operations of the UN, "
            f"{((places['n_un'] == 0) & (places['n_others'] > 0)).sum()} those of others alone. "
            f"Most years of conflict: {parts}."
        )
        return export(figure, places, text)


def operations(row: pd.Series) -> str:
    """How many operations a state hosted, in words."""
    counts = [
        f"{row[c]} {who}" for c, who in (("n_un", "of the UN"), ("n_others", "of others")) if row[c]
    ]
    return " and ".join(counts) if counts else "no operation"


def plot_world(places: pd.DataFrame) -> Figure:
    """Return the figure of `world`, not yet written to bytes."""
    inches = WIDTH_INCHES * (1 - 2 * _MARGIN) * (NORTH - SOUTH) / (EAST - WEST) * STRETCH
    height = inches + _KEY_INCHES
    figure = canvas(height)
    axes = figure.add_axes(
        (_MARGIN, _KEY_INCHES / height, 1 - 2 * _MARGIN, inches / height), frameon=False
    )
    axes.set_xlim(WEST, EAST)
    axes.set_ylim(SOUTH, NORTH)
    axes.set_xticks([])
    axes.set_yticks([])
    x = places["longitude"].to_numpy(float)
    x = np.where(x < DATE_LINE, x + 360, x)
    y = places["latitude"].to_numpy(float)
    years = places["conflict_years"].to_numpy(float)
    radius = radii(years, years.max())
    un, others = places["n_un"].to_numpy() > 0, places["n_others"].to_numpy() > 0
    axes.axhline(0, color=FAINT, lw=0.6, zorder=0)
    for name, place in _NAMES.items():
        write(axes, name, place, across="data", up="data", size=KEY_POINTS, color=MUTED)
    circles(axes, x[years == 0], y[years == 0], radius[years == 0], MUTED, alpha=0.55)
    fought = years > 0
    circles(axes, x[fought], y[fought], radius[fought], VERMILLION, alpha=0.5)
    for own, color in ((un, BLUE), (others & ~un, GREEN)):
        rings(axes, x[own], y[own], radius[own], color)
    _key(figure, height, float(years.max()))
    return figure


def radii(years: np.ndarray, most: float) -> np.ndarray:
    """Radius of each circle in points: areas are as years of conflict, never below a dot's."""
    return np.maximum(_LARGEST * np.sqrt(years / max(most, 1.0)), _DOT)


def circles(
    axes: Axes, x: np.ndarray, y: np.ndarray, radius: np.ndarray, color: str, alpha: float
) -> None:
    """Filled circles, the largest at the bottom."""
    order = np.argsort(-radius)
    axes.scatter(
        x[order],
        y[order],
        s=(2 * radius[order]) ** 2,
        color=color,
        alpha=alpha,
        ec="white",
        lw=0.5,
        zorder=2,
        clip_on=False,
    )


def rings(axes: Axes, x: np.ndarray, y: np.ndarray, radius: np.ndarray, color: str) -> None:
    """Rings around circles."""
    axes.scatter(
        x,
        y,
        s=(2 * (radius + _RING_GAP)) ** 2,
        facecolors="none",
        edgecolors=color,
        lw=1.0,
        zorder=3,
        clip_on=False,
    )


def _key(figure: Figure, height: float, most: float) -> None:
    """Say below the map what circles and rings mean."""
    axes = figure.add_axes((0, 0, 1, _KEY_INCHES / height), frameon=False)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH_INCHES)
    axes.set_ylim(0, _KEY_INCHES)
    lines = (0.5, 0.16)
    shown = [n for n in _KEY_YEARS if n <= most] or [int(most)]
    at = np.array([0.24 + 0.62 * i for i in range(len(shown))])
    level = np.full(len(shown), lines[0])
    sizes = radii(np.array(shown, dtype=float), most)
    circles(axes, at, level, sizes, VERMILLION, alpha=0.5)
    for place, size, n in zip(at, sizes, shown, strict=True):
        text = str(n) if n != shown[-1] else f"{n} conflict-years"
        write(
            axes, text, (place, lines[0]), (size + 3, 0), across="data", up="data", size=KEY_POINTS
        )
    for place, color, text in (
        (0.24, BLUE, "UN operation"),
        (1.55, GREEN, "others alone"),
        (2.8, MUTED, "no war"),
    ):
        here = (np.array([place]), np.array([lines[1]]))
        if color == MUTED:
            circles(axes, *here, np.array([_DOT]), color, alpha=0.55)
        else:
            rings(axes, *here, np.array([3.0]), color)
        write(axes, text, (place, lines[1]), (8, 0), across="data", up="data", size=KEY_POINTS)
