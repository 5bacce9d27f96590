"""One look for every figure, and the bytes of it: SVG, PNG and the frame that was drawn."""

from __future__ import annotations

import functools
import hashlib
import io
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from collsec.core import __version__
from collsec.core.import_graph import files_reached
from collsec.reports.kept import FOLDER, kept

# A phone shows a figure 350 CSS pixels wide: at this width a point of text is there 1.1 pixels.
WIDTH_INCHES = 4.4
# A page on a desk, or on paper, has room for columns beside the axis.
WIDE_INCHES = 7.4
FONT_POINTS = 10
SMALL_POINTS = 9
KEY_POINTS = 8.3
PNG_DPI = 240
#: The line below a picture that is taken from the site.
SOURCE = f"Source: collsec {__version__}, from records of armed conflict and of the UN. CC BY 4.0."
_SOURCE_INCHES, _EDGE_INCHES, _SOURCE_POINTS = 0.225, 0.06, 7

INK = "#1f2933"
MUTED = "#5b6670"
FAINT = "#c9d1d9"
BAND = "#eef2f5"
# Okabe & Ito's colors, which readers with any color vision can distinguish.
BLUE, VERMILLION, GREEN, PURPLE, SKY = "#0072b2", "#d55e00", "#00795a", "#a0527a", "#9ccbe8"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE)
# What each color becomes where the reader's screen is dark. A picture holds both: its own styles
# are those of the light one, which is what paper and other programs show.
DARK = {
    "#ffffff": "#14191f",
    INK: "#e6ebf0",
    MUTED: "#a3b0bc",
    FAINT: "#4a5662",
    BAND: "#232c35",
    BLUE: "#6cb8ec",
    VERMILLION: "#ff9d5c",
    GREEN: "#4fc3a1",
    PURPLE: "#d9a3c4",
    SKY: "#3f7ea8",
    "#000000": "#e6ebf0",
}
_DARK_RULES = "".join(
    f'[style*="{name}: {light}"]{{{name}:{dark}!important}}'
    for light, dark in DARK.items()
    for name in ("fill", "stroke")
)
_STYLE = f"<style>@media(prefers-color-scheme:dark){{{_DARK_RULES}}}</style>"

_RC: dict[Any, Any] = {
    "text.parse_math": False,  # texts of the data are text
    "font.family": "DejaVu Sans",
    "font.size": FONT_POINTS,
    "svg.hashsalt": "collsec",
    "svg.fonttype": "path",
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": FONT_POINTS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL_POINTS,
    "ytick.labelsize": SMALL_POINTS,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn figure.

    Attributes
    ----------
    svg, png : bytes
        The picture, without a date or a program's name in it.
    data : pandas.DataFrame
        Every number that the picture shows, to be written alongside as CSV.
    alternative : str
        What the picture shows, in words, for who cannot see it.
    narrow : bytes
        The same picture as SVG for a phone; empty where one layout serves every width.
    is_wide : bool
        Whether it takes the width of a page.
    """

    svg: bytes
    png: bytes
    data: pd.DataFrame
    alternative: str
    narrow: bytes = b""
    is_wide: bool = False


Arguments = ParamSpec("Arguments")


def drawn(function: Callable[Arguments, Drawing]) -> Callable[Arguments, Drawing]:
    """Draw the same numbers once: a drawing is kept under its numbers and its code."""

    @functools.wraps(function)
    def draw(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Drawing:
        if FOLDER.get() is None:
            return function(*args, **kwargs)
        given = pickle.dumps((function.__qualname__, args, sorted(kwargs.items())), protocol=5)
        rests_on = _code(function.__module__) + given
        made = kept(rests_on, lambda: pickle.dumps(function(*args, **kwargs), protocol=5))
        found: Drawing = pickle.loads(made)
        return found

    return draw


@functools.cache
def _code(module: str) -> bytes:
    """Digest of everything that the pictures of a module depend on but their numbers."""
    found = hashlib.sha256(repr((sys.version, *(m.__version__ for m in (mpl, np, pd)))).encode())
    for file in files_reached({module}):
        found.update(file.read_bytes())
    return found.digest()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with the house's settings, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def canvas(height_inches: float, width_inches: float = WIDTH_INCHES) -> Figure:
    """Return an empty figure of the house's width."""
    return Figure(figsize=(width_inches, height_inches))


def export(
    figure: Figure,
    data: pd.DataFrame,
    alternative: str,
    narrow: Figure | None = None,
    *,
    names_source: bool = False,
) -> Drawing:
    """Return the figure's bytes: same figure, same bytes.

    Parameters
    ----------
    figure : Figure
    data : DataFrame
    alternative : str
    narrow : Figure, optional
        The same for a phone, where `figure` is too wide for one.
    names_source : bool
        Whether the figure says itself what it is from; else a line below its PNG does.
    """
    return Drawing(
        _svg(figure),
        _png(figure, 0 if names_source else _SOURCE_INCHES),
        data.reset_index(drop=True),
        alternative,
        b"" if narrow is None else _svg(narrow),
        figure.get_figwidth() > WIDTH_INCHES,
    )


def _png(figure: Figure, below: float) -> bytes:
    """The figure as PNG, which travels alone, with a line of what it is from in inches below it."""
    png = io.BytesIO()
    width, height = figure.get_size_inches()
    line = figure.text(
        _EDGE_INCHES / width,
        -below / 2 / height,
        SOURCE if below else "",
        fontsize=_SOURCE_POINTS,
        color=MUTED,
        va="center",
    )
    whole = Bbox([[0, -below], [width, height]])
    figure.savefig(png, format="png", dpi=PNG_DPI, bbox_inches=whole, metadata={"Software": None})
    line.remove()
    return png.getvalue()


def _svg(figure: Figure) -> bytes:
    """The figure as SVG, with the colors that it has on a dark screen."""
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    head, defs, rest = svg.getvalue().partition("<defs>")
    return (head + _STYLE + defs + rest).encode()


def month_axis(axes: Axes, last: float) -> np.ndarray:
    """Set a time axis in months, with a tick at each year (or two, or five)."""
    step = next((s for s in (12, 24, 60, 120) if last / s <= 6), 240)
    ticks = np.arange(0, last + 0.5, step)
    axes.set_xlim(0, last)
    axes.set_xticks(ticks)
    return ticks


#: Marks of an axis of ratios, the densest first, and the span from which on they are too dense.
RATIO_MARKS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (5, (0.5, 0.67, 0.8, 1, 1.25, 1.5, 2)),
    (12, (0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4)),
    (12, (0.25, 0.5, 1, 2, 4)),
    (400, (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)),
    (math.inf, (0.1, 1, 10)),
)
#: How far two marks are apart at least, so that neither figure runs into the other.
TICK_POINTS = 24


def hazard_ratio_axis(axes: Axes, low: float, high: float) -> tuple[float, float]:
    """Set a log axis that holds `low` to `high`, never wider than 1/20 to 20.

    Returns
    -------
    (float, float)
        The limits; what lies outside is drawn as an arrow by the caller.
    """
    # Both sides reach half as far as the farther one at least, so that 1 is seen in its place.
    reach = max(abs(np.log(low)), abs(np.log(high)), np.log(1.6))
    left = np.exp(max(-np.log(20), min(np.log(low), -reach / 2) - 0.08))
    right = np.exp(min(np.log(20), max(np.log(high), reach / 2) + 0.08))
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    points = axes.get_window_extent().width / axes.figure.dpi * 72
    for of_span, marks in RATIO_MARKS:
        ticks = [mark for mark in marks if left <= mark <= right]
        gaps = np.diff(np.log(ticks)) * points / np.log(right / left)
        if right / left < of_span and (len(ticks) < 2 or gaps.min() >= TICK_POINTS):
            break
    axes.set_xticks(ticks, [f"{m:g}" for m in ticks])
    axes.minorticks_off()
    return float(left), float(right)


def is_of_ends(drawn: pd.DataFrame | pd.Series) -> bool:
    """Whether ratios are those of the end of war; so where they do not say what they are of."""
    of = drawn.get("estimand", "hazard_ratio")
    return set([of] if isinstance(of, str) else of) <= {"hazard_ratio"}


def ratios_of(drawn: pd.DataFrame | pd.Series) -> str:
    """What ratios are called in a text that stands for a figure."""
    return "hazard ratios" if is_of_ends(drawn) else "ratios"


def direction_labels(axes: Axes, y: float, *, of_ends: bool) -> None:
    """Say under an axis of ratios which side is which, `y` in points below the axis."""
    less, more = ("war lasts longer", "war ends sooner") if of_ends else ("lower", "higher")
    sides: tuple[tuple[str, float, Literal["left", "right"]], ...] = (
        (f"← {less}", -8, "right"),
        (f"{more} →", 8, "left"),
    )
    for text, x, side in sides:
        write(axes, text, (1, 0), (x, -y), across="data", ha=side, va="top", color=MUTED)


def write(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    points: tuple[float, float] = (0, 0),
    *,
    across: str = "axes fraction",
    up: str = "axes fraction",
    color: str = INK,
    size: float = SMALL_POINTS,
    bold: bool = False,
    ha: Literal["left", "center", "right"] = "left",
    va: Literal["top", "center", "bottom"] = "center",
) -> None:
    """Write a text `points` away from a place that is given in data or in fractions of the axes."""
    axes.annotate(
        text,
        at,
        points,
        xycoords=(across, up),
        textcoords="offset points",
        color=color,
        fontsize=size,
        fontweight="bold" if bold else "normal",
        ha=ha,
        va=va,
        linespacing=1.2,
        annotation_clip=False,
    )


def ratio_text(value: float) -> str:
    """Return a hazard ratio with two decimals, without where they say nothing.

    Examples
    --------
    >>> ratio_text(0.854), ratio_text(1808.15), ratio_text(float("inf")), ratio_text(float("nan"))
    ('0.85', '1,808', '∞', '–')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if 0 < value < 0.005:
        return "<0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def spread(positions: list[float], gap: float, low: float, high: float) -> list[float]:
    """Space labels until neighbors are `gap` away from each other, within `low` and `high`."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = list(positions)
    floor = low
    for i in order:
        placed[i] = max(placed[i], floor)
        floor = placed[i] + gap
    ceiling = high
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return placed
