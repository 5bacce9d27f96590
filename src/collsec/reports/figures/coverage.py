"""What the data cover: sources by year, precision of dates, what dates rest on, activity."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    KEY_POINTS,
    MUTED,
    SKY,
    VERMILLION,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    write,
)

FIRST, LAST = 1946, 2025  # the years that the axes show
_LINE_INCHES, _HEAD_INCHES, _FOOT_INCHES = 0.285, 0.27, 0.4
_STRIP_INCHES, _STRIP_HEAD_INCHES, _KEY_INCHES = 0.72, 0.36, 0.24
_CONFLICT_INCHES = 0.034
_COLUMNS = 2  # of strips of tables
_PRECISION_COLORS = {"day": BLUE, "month": SKY, "year": VERMILLION}
_PRECISION_NAMES = {"day": "to the day", "month": "to the month", "year": "to the year"}
_BASIS_COLORS = {"file": BLUE, "document": GREEN, "recalled": VERMILLION, "none": FAINT}
_BASIS_NAMES = {
    "file": "published file",
    "document": "document",
    "recalled": "general knowledge",
    "none": "not known",
}
_ACTIVE = {"n_active": FAINT, "n_with_any": GREEN, "n_with_un": BLUE}
_ACTIVE_NAMES = {
    "n_active": "no operation",
    "n_with_any": "others alone",
    "n_with_un": "UN operation",
}


@drawn
def source_coverage(sources: pd.DataFrame) -> Drawing:
    """Draw the years that each source covers, one bar a source, by part of the data.

    Parameters
    ----------
    sources : pandas.DataFrame
        Columns `family`, `title`, `version`, `first_year`, `last_year`: both years empty for what
        does not change, the last one empty for what continues.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_source_coverage(sources)
        parts = [
            f"{family}: {', '.join(_told(row) for _, row in rows.iterrows())}"
            for family, rows in sources.groupby("family", sort=False)
        ]
        text = f"Bars of the years that {len(sources)} sources cover. {'. '.join(parts)}."
        return export(figure, sources, text)


def _told(row: pd.Series) -> str:
    """A source and its years in words."""
    if pd.isna(row["first_year"]):
        return f"{row['title']} (does not change)"
    last = "today" if pd.isna(row["last_year"]) else row["last_year"]
    return f"{row['title']} ({row['first_year']} to {last})"


def plot_source_coverage(sources: pd.DataFrame) -> Figure:
    """Return the figure of `source_coverage`, not yet written to bytes."""
    families = list(dict.fromkeys(sources["family"]))
    inches = _HEAD_INCHES * len(families) + _LINE_INCHES * len(sources)
    height = inches + _FOOT_INCHES
    figure = canvas(height)
    axes = figure.add_axes((0.045, _FOOT_INCHES / height, 0.92, inches / height), frameon=False)
    axes.set_ylim(inches, 0)
    axes.set_yticks([])
    _year_axis(axes)
    top = 0.0
    for family, rows in sources.groupby("family", sort=False):
        write(axes, str(family), (0, top + 0.15), up="data", bold=True)
        top += _HEAD_INCHES
        for _, row in rows.iterrows():
            _source_bar(axes, row, top)
            top += _LINE_INCHES
    return figure


def _source_bar(axes: Axes, row: pd.Series, top: float) -> None:
    """Name a source, and draw its years below; what lies outside of the axis ends in an arrow."""
    version = f" ({row['version']})" if row["version"] else ""
    title = str(row["title"])
    longest = 56 - len(version)
    title = title if len(title) <= longest else title[:longest].rsplit(" ", 1)[0] + " …"
    write(axes, f"{title}{version}", (0, top + 0.075), up="data", size=KEY_POINTS)
    y = top + 0.2
    if pd.isna(row["first_year"]):
        axes.plot([FIRST, LAST], [y, y], color=MUTED, lw=1.2, ls=(0, (1, 2)))
        return
    first = max(int(row["first_year"]), FIRST)
    last = LAST if pd.isna(row["last_year"]) else min(int(row["last_year"]) + 1, LAST)
    axes.plot([first, last], [y, y], color=BLUE, lw=4, solid_capstyle="butt")
    if pd.isna(row["last_year"]):
        axes.plot(last, y, ">", color=BLUE, ms=5, clip_on=False)


def _year_axis(axes: Axes) -> None:
    """Set an axis of the study's years."""
    axes.set_xlim(FIRST, LAST)
    ticks = [1946, *range(1960, LAST, 20)]
    axes.set_xticks(ticks)
    axes.tick_params(axis="x", length=3)
    for year in ticks:
        axes.axvline(year, color=FAINT, lw=0.6, zorder=0)


@drawn
def table_coverage(years: pd.DataFrame) -> Drawing:
    """Draw how many rows of each table hold in each year, one strip a table.

    Parameters
    ----------
    years : pandas.DataFrame
        Columns `table`, `year`, `n`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_table_coverage(years)
        parts = []
        for table, rows in years.groupby("table", sort=False):
            span = f"{rows['year'].min()} to {rows['year'].max()}"
            most = rows["year"].to_numpy()[int(np.argmax(rows["n"]))]
            parts.append(f"{table} {span}, most in {most} ({rows['n'].max():,})")
        text = (
            f"Rows by year of {len(parts)} tables, each against its own largest year. "
            f"{'; '.join(parts)}."
        )
        return export(figure, years, text)


def plot_table_coverage(years: pd.DataFrame) -> Figure:
    """Return the figure of `table_coverage`, not yet written to bytes."""
    strips = list(years.groupby("table", sort=False))
    lines = -(-len(strips) // _COLUMNS)
    inches = _LINE_INCHES * lines
    height = inches + _FOOT_INCHES
    figure = canvas(height)
    width = (1 - 0.045 * (_COLUMNS + 1)) / _COLUMNS
    for column in range(_COLUMNS):
        place = (0.045 + column * (width + 0.045), _FOOT_INCHES / height, width, inches / height)
        axes = figure.add_axes(place, frameon=False)
        axes.set_ylim(inches, 0)
        axes.set_yticks([])
        _year_axis(axes)
        axes.set_xticks([1946, 1980, 2010])
        for index, (name, rows) in enumerate(strips[column * lines : (column + 1) * lines]):
            top = index * _LINE_INCHES
            write(axes, str(name), (0, top + 0.075), up="data", size=KEY_POINTS)
            shown = rows[rows["year"].between(FIRST, LAST)]
            tall = (0.11 * shown["n"] / rows["n"].max()).to_numpy()
            axes.bar(shown["year"], -tall, 1.0, bottom=top + 0.27, color=BLUE, align="edge", lw=0)
    return figure


@drawn
def date_precision(shares: pd.DataFrame) -> Drawing:
    """Draw how well dates are known, by decade: one strip a kind of date.

    Parameters
    ----------
    shares : pandas.DataFrame
        Columns `what`, `decade`, `precision` (`day`, `month`, `year`), `n`, `share`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_date_precision(shares)
        totals = shares.pivot_table(
            index="what", columns="precision", values="n", aggfunc="sum", sort=False
        )
        parts = [
            f"{what}: {int(row['day'])} of {int(row.sum())} to the day, {int(row['month'])} to "
            f"the month, {int(row['year'])} to the year"
            for what, row in totals.iterrows()
        ]
        text = f"Stacked shares of dates by precision and decade. In all, {'; '.join(parts)}."
        return export(figure, shares, text)


def plot_date_precision(shares: pd.DataFrame) -> Figure:
    """Return the figure of `date_precision`, not yet written to bytes."""
    kinds = list(dict.fromkeys(shares["what"]))
    decades = list(range(int(shares["decade"].min()), int(shares["decade"].max()) + 1, 10))
    height = _KEY_INCHES + (_STRIP_INCHES + _STRIP_HEAD_INCHES) * len(kinds) + _FOOT_INCHES
    figure = canvas(height)
    for index, what in enumerate(kinds):
        rows = shares[shares["what"] == what]
        axes = _strip(figure, height, index, len(kinds))
        heights = rows.pivot_table(index="decade", columns="precision", values="share")
        below = np.zeros(len(heights))
        for precision, color in _PRECISION_COLORS.items():
            own = heights[precision].to_numpy(dtype=float)
            axes.bar(heights.index, own, 8.4, bottom=below, color=color, ec="white", lw=0.5)
            below += own
        counts = rows.groupby("decade")["n"].sum()
        for decade in decades:
            n = int(counts.get(decade, 0))
            write(
                axes,
                str(n) if n else "–",
                (decade, 1),
                (0, 5),
                across="data",
                up="data",
                size=KEY_POINTS,
                color=MUTED,
                ha="center",
            )
        axes.set_xlim(decades[0] - 6, decades[-1] + 6)
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        write(axes, str(what), (0, 1), (0, 17), bold=True)
        is_last = index == len(kinds) - 1
        axes.set_xticks(decades, [f"{d}s" for d in decades] if is_last else [])
        axes.tick_params(axis="x", length=0)
    _key(figure, height, _PRECISION_COLORS, _PRECISION_NAMES)
    return figure


@drawn
def mission_dates(counts: pd.DataFrame) -> Drawing:
    """Draw what the dates of the UN's operations rest on.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns `label` (which date), `basis` (`file`, `document`, `recalled`, `none`), `n`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_mission_dates(counts)
        known = counts[counts["n"] > 0]
        words = known["n"].astype(str) + " " + known["basis"].map(_BASIS_NAMES)
        parts = [
            f"{label}: {', '.join(own)}" for label, own in words.groupby(known["label"], sort=False)
        ]
        text = f"Stacked bars of operations by what each date rests on. {'; '.join(parts)}."
        return export(figure, counts, text)


def plot_mission_dates(counts: pd.DataFrame) -> Figure:
    """Return the figure of `mission_dates`, not yet written to bytes."""
    labels = list(dict.fromkeys(counts["label"]))
    line = 0.42
    inches, foot = line * len(labels), _FOOT_INCHES + 0.1
    height = 2 * _KEY_INCHES + inches + foot
    figure = canvas(height)
    axes = figure.add_axes((0.03, foot / height, 0.93, inches / height), frameon=False)
    axes.set_ylim(inches, 0)
    axes.set_yticks([])
    total = int(counts.groupby("label")["n"].sum().max())
    axes.set_xlim(0, total)
    for index, label in enumerate(labels):
        rows = counts[counts["label"] == label].set_index("basis")["n"]
        write(axes, str(label), (0, line * index + 0.09), up="data")
        left = 0
        for basis, color in _BASIS_COLORS.items():
            n = int(rows[basis])
            if not n:
                continue
            y = line * index + 0.27
            axes.barh(y, n, 0.17, left=left, color=color, ec="white", lw=0.6)
            if n >= total / 25:
                color = INK if basis == "none" else "white"
                write(
                    axes,
                    str(n),
                    (left + n / 2, y),
                    across="data",
                    up="data",
                    ha="center",
                    size=KEY_POINTS,
                    color=color,
                )
            left += n
    axes.tick_params(axis="x", length=3)
    axes.set_xlabel("UN operations", labelpad=1)
    axes.axhline(inches, color=MUTED, lw=0.8)
    _key(figure, height, _BASIS_COLORS, _BASIS_NAMES)
    return figure


@drawn
def activity(counts: pd.DataFrame) -> Drawing:
    """Draw active conflicts by region and year, and those that had a peace operation.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns `region_name`, `year`, `n_active`, `n_with_any`, `n_with_un`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_activity(counts)
        parts = []
        for region, rows in counts.groupby("region_name", sort=False):
            most = int(rows["n_active"].to_numpy().argmax())
            parts.append(
                f"{region}: most in {rows['year'].iloc[most]} ({rows['n_active'].iloc[most]}); "
                f"of {rows['n_active'].sum()} conflict-years, {rows['n_with_un'].sum()} with a UN "
                "operation"
            )
        text = f"Areas of active conflicts a year, one strip a region. {'; '.join(parts)}."
        return export(figure, counts, text)


def plot_activity(counts: pd.DataFrame) -> Figure:
    """Return the figure of `activity`, not yet written to bytes.

    All strips have one scale: a strip is as high as its region's most conflicts ask.
    """
    most = counts.groupby("region_name", sort=False)["n_active"].max()
    tops = {str(region): int(-(-n // 10) * 10) for region, n in most.items()}
    inches = {region: top * _CONFLICT_INCHES + _STRIP_HEAD_INCHES for region, top in tops.items()}
    height = _KEY_INCHES + math.fsum(inches.values()) + _FOOT_INCHES
    figure = canvas(height)
    bottom = height - _KEY_INCHES
    ticks = [1946, *range(1960, LAST, 20)]
    for region, top in tops.items():
        rows = counts[counts["region_name"] == region]
        bottom -= inches[region]
        axes = figure.add_axes(
            (0.075, bottom / height, 0.885, top * _CONFLICT_INCHES / height), frameon=False
        )
        for column, color in _ACTIVE.items():
            axes.bar(rows["year"], rows[column], 1.02, align="edge", color=color, lw=0)
        axes.set_ylim(0, top)
        axes.set_xlim(FIRST, LAST)
        axes.set_yticks(range(0, top + 1, 10))
        axes.tick_params(axis="y", length=0, pad=2)
        axes.axhline(0, color=MUTED, lw=0.8)
        is_last = region == list(tops)[-1]
        axes.set_xticks(ticks, [str(t) for t in ticks] if is_last else [])
        axes.tick_params(axis="x", length=3)
        write(axes, region, (0, 1), (8, 3), bold=True)
    _key(figure, height, _ACTIVE, _ACTIVE_NAMES)
    return figure


def _strip(figure: Figure, height: float, index: int, count: int) -> Axes:
    """Axes of one of several strips, the first on top."""
    below = _FOOT_INCHES + (_STRIP_INCHES + _STRIP_HEAD_INCHES) * (count - 1 - index)
    return figure.add_axes((0.02, below / height, 0.94, _STRIP_INCHES / height), frameon=False)


def _key(figure: Figure, height: float, colors: dict[str, str], names: dict[str, str]) -> None:
    """Say above everything what the colors mean, two or three to a line."""
    axes = figure.add_axes((0.02, 0, 0.96, 1), frameon=False)
    axes.set_axis_off()
    across = 3 if len(colors) == 3 else 2
    for index, (name, color) in enumerate(colors.items()):
        x = (index % across) / across
        y = 1 - (0.12 + _KEY_INCHES * (index // across)) / height
        write(axes, "■", (x, y), color=color, size=KEY_POINTS + 2)
        write(axes, names[name], (x, y), (11, 0), size=KEY_POINTS)
