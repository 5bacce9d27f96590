"""Curves over the months of a war: survival, what happens first, and how wars end."""

from __future__ import annotations

import itertools
import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    PURPLE,
    SERIES,
    SKY,
    VERMILLION,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    month_axis,
    spread,
    write,
)

_PERCENTAGES = ([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
# Kinds of end: neighbors differ in lightness too; each area has its name alongside.
_FILLS = (GREEN, "#8fcbb5", BLUE, VERMILLION, SKY, FAINT, PURPLE)
_ON = "#f3f5f7"
_FALLING = "Falling curves of the share of wars still going on."


@drawn
def survival_curves(
    curves: pd.DataFrame, *, shade_between: bool = False, since: str = "onset"
) -> Drawing:
    """Draw the share of wars still going on, by group, with numbers at risk.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns `group`, `time_months`, `estimate` (share, 0 to 1), `ci_low`, `ci_high`,
        `at_risk` (missing where nothing is counted, as for standardized curves). Four groups at
        most.
    shade_between : bool
        Shade the area between the first two groups: their difference in restricted mean months.
    since : str
        What the months are counted from, such as `the vote`.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        If there are more groups than colors that can be distinguished.
    """
    with house_style():
        figure = plot_survival(curves, shade_between=shade_between, since=since)
        return export(
            figure,
            curves,
            _alternative(curves, _FALLING, ("still going on after {} months", "after {}")),
        )


@drawn
def incidence_curves(curves: pd.DataFrame, *, share: str, since: str) -> Drawing:
    """Draw the share that an act has reached by each month, by group, with numbers at risk.

    Parameters
    ----------
    curves : pandas.DataFrame
        As for `survival_curves`; `estimate` rises.
    share : str
        What the shares are of, such as `Votes followed by a resolution`.
    since : str
        What the months are counted from, such as `the vote`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_survival(curves, share=share, since=since, top=axis_top(curves))
        return export(
            figure,
            curves,
            _alternative(
                curves,
                f"Rising curves of a share. {share}.",
                ("within {} months", "within {}"),
            ),
        )


@drawn
def state_curves(curves: pd.DataFrame, *, share: str, since: str) -> Drawing:
    """Draw the share of units in each state, which together are all.

    Parameters
    ----------
    curves : pandas.DataFrame
        As for `survival_curves`; a group is a state.
    share : str
        What the shares are of, such as `Wars in each state`.
    since : str
        What the months are counted from.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_survival(curves, share=share, since=since)
        return export(
            figure,
            curves,
            _alternative(
                curves,
                f"Curves of shares that add up to all. {share}.",
                ("after {} months", "after {}"),
            ),
        )


def axis_top(curves: pd.DataFrame) -> float:
    """Where the axis of shares ends: at a quarter or a half where nothing rises above."""
    highest = float(np.nanmax(curves[["estimate", "ci_high"]].to_numpy(float)))
    return next((top for top in (0.25, 0.5) if highest <= top), 1.0)


def plot_survival(
    curves: pd.DataFrame,
    *,
    shade_between: bool = False,
    share: str = "Wars still going on",
    since: str = "onset",
    top: float = 1.0,
) -> Figure:
    """Return the figure of `survival_curves` or `incidence_curves`, not yet written to bytes."""
    names = list(dict.fromkeys(curves["group"]))
    if len(names) > len(SERIES):
        raise ValueError(f"{len(names)} groups; a figure distinguishes {len(SERIES)} at most")
    groups = {name: curves[curves["group"] == name].sort_values("time_months") for name in names}
    is_counted = bool(curves["at_risk"].notna().any())
    table_inches = 0.28 + 0.37 * len(names) if is_counted else 0.0
    height = 3.2 + table_inches
    figure = canvas(height)
    foot = 0.52 + table_inches
    axes = figure.add_axes((0.12, foot / height, 0.58, 1 - (foot + 0.1) / height))
    ticks = month_axis(axes, float(curves["time_months"].max()))
    for rows, color in zip(groups.values(), SERIES, strict=False):
        _curve(axes, rows, color)
    if shade_between and len(names) > 1:
        grid = np.unique(curves["time_months"])
        first, second = (_as_step(groups[name], grid) for name in names[:2])
        axes.fill_between(grid, first, second, step="post", color=FAINT, alpha=0.7, lw=0, zorder=0)
    lines = [_balanced(str(name)) for name in names]
    gap = 0.065 * max(len(text) for text in lines) + 0.03
    ends = [float(rows["estimate"].iloc[-1]) / top for rows in groups.values()]
    places = spread(ends, gap, 0.03 + gap / 2, 0.97 - gap / 2)
    for text, color, y in zip(lines, SERIES, places, strict=False):
        write(axes, "\n".join(text), (1.02, y), color=color, bold=True)
    axes.set_ylim(0, top)
    ticks_up = [top * mark for mark in (0, 0.2, 0.4, 0.6, 0.8, 1)] if top < 1 else _PERCENTAGES[0]
    axes.set_yticks(ticks_up, [f"{100 * tick:.0f}" for tick in ticks_up])
    axes.set_ylabel(f"{share}, %")
    axes.set_xlabel(f"Months since {since}")
    if is_counted:
        _numbers_at_risk(axes, groups, ticks)
    return figure


def _alternative(curves: pd.DataFrame, opening: str, texts: tuple[str, str]) -> str:
    """Say where each curve stands after a year and at its end; ``{}`` stands for the month."""
    parts = []
    for name, rows in curves.groupby("group", sort=False):
        rows = rows.sort_values("time_months")
        last = float(rows["time_months"].max())
        year, end = _as_step(rows, np.array([min(12.0, last), last]))
        parts.append(
            f"{name}: {100 * year:.0f} % {texts[0].format(12)}, "
            f"{100 * end:.0f} % {texts[1].format(f'{last:.0f}')}"
        )
    return f"{opening} {'; '.join(parts)}."


def _curve(axes: Axes, rows: pd.DataFrame, color: str) -> None:
    """Draw one curve, with its interval where it has one."""
    time = rows["time_months"].to_numpy()
    if rows["ci_low"].notna().all():
        axes.fill_between(
            time,
            rows["ci_low"].to_numpy(),
            rows["ci_high"].to_numpy(),
            step="post",
            color=color,
            alpha=0.16,
            lw=0,
        )
    axes.step(time, rows["estimate"].to_numpy(), where="post", color=color, lw=1.8)


def _numbers_at_risk(axes: Axes, groups: dict[str, pd.DataFrame], ticks: np.ndarray) -> None:
    """Write the numbers at risk below the time axis: a line of name, a line of numbers."""
    level = -42.0
    write(axes, "Number at risk", (0, 0), (-30, level), va="top")
    for (name, rows), color in zip(groups.items(), SERIES, strict=False):
        level -= 15
        write(axes, str(name), (0, 0), (-30, level), color=color, bold=True, va="top")
        level -= 12
        for tick in ticks:
            known = rows[rows["time_months"] <= tick]["at_risk"]
            if len(known) and pd.notna(known.iloc[-1]):
                number = f"{int(known.iloc[-1]):,}"
                write(axes, number, (tick, 0), (0, level), across="data", ha="center", va="top")


def _balanced(text: str, letters: int = 15) -> list[str]:
    """Break a label into as few lines as `letters` allows, of about the same length."""
    lines = textwrap.wrap(text, letters)
    widths = range(max(map(len, text.split())), letters + 1)
    return next((w for n in widths if len(w := textwrap.wrap(text, n)) == len(lines)), lines)


def _as_step(rows: pd.DataFrame, grid: np.ndarray) -> np.ndarray:
    """Return the last known estimate at each time of the grid."""
    at = np.searchsorted(rows["time_months"].to_numpy(), grid, side="right") - 1
    values: np.ndarray = rows["estimate"].to_numpy()[np.maximum(at, 0)]
    return values


@drawn
def cumulative_incidence(curves: pd.DataFrame, *, act: str) -> Drawing:
    """Draw what had happened to a war by each month: it ended, an act came first, or neither.

    Parameters
    ----------
    curves : pandas.DataFrame
        One group. Columns `curve` (`cumulative_incidence_exposure`,
        `cumulative_incidence_end`), `time_months`, `estimate` (share, 0 to 1). The two add up to
        one at most, since each is the competing event of the other.
    act : str
        What competes with the end, such as `UN troops`.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_cumulative_incidence(curves, act=act)
        return export(figure, curves, _incidence_alternative(curves, act))


def _incidence_alternative(curves: pd.DataFrame, act: str) -> str:
    """Say what had happened by the end of the figure."""
    last = curves.sort_values("time_months").groupby("curve")["estimate"].last()
    deployed, ended = (last[f"cumulative_incidence_{n}"] for n in ("exposure", "end"))
    return (
        f"Stacked areas. By month {curves['time_months'].max():.0f}, {100 * ended:.0f} % of wars "
        f"had ended first, {act} had come first in {100 * deployed:.0f} %, and "
        f"{100 * (1 - ended - deployed):.0f} % went on with neither."
    )


def plot_cumulative_incidence(curves: pd.DataFrame, *, act: str) -> Figure:
    """Return the figure of `cumulative_incidence`, not yet written to bytes."""
    figure = canvas(3.4)
    axes = figure.add_axes((0.12, 0.155, 0.58, 0.815))
    grid = np.unique(curves["time_months"])
    deployed, ended = (
        _as_step(
            curves[curves["curve"] == f"cumulative_incidence_{name}"].sort_values("time_months"),
            grid,
        )
        for name in ("exposure", "end")
    )
    bounds = [np.zeros_like(grid), ended, 1 - deployed, np.ones_like(grid)]
    layers = (
        ("War ended first", SKY, INK),
        ("At war, neither", "#eceff1", INK),
        (f"{act} first", BLUE, BLUE),
    )
    bands = list(itertools.pairwise(bounds))
    for (_, fill, _), (low, high) in zip(layers, bands, strict=True):
        axes.fill_between(grid, low, high, step="post", color=fill, lw=0)
        axes.step(grid, high, where="post", color="white", lw=0.8)
    places = spread([float(low[-1] + high[-1]) / 2 for low, high in bands], 0.2, 0.09, 0.91)
    for (label, _, color), (low, high), y in zip(layers, bands, places, strict=True):
        text = [*_balanced(label), f"{100 * (high[-1] - low[-1]):.0f} %"]
        write(axes, "\n".join(text), (1.03, y), up="data", color=color, bold=True)
    month_axis(axes, float(grid.max()))
    axes.set_ylim(0, 1)
    axes.set_yticks(*_PERCENTAGES)
    axes.set_ylabel("Wars, %")
    axes.set_xlabel("Months since the start of the war")
    return figure


@drawn
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
        If there are more kinds than areas that can be distinguished.
    """
    with house_style():
        figure = plot_ends_by_kind(curves)
        return export(figure, curves, _kinds_alternative(curves))


def _kinds_alternative(curves: pd.DataFrame) -> str:
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
        raise ValueError(f"{len(names)} kinds; a figure distinguishes {len(_FILLS)} at most")
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
    axes.set_yticks(*_PERCENTAGES)
    axes.set_ylabel("Wars, %")
    axes.set_xlabel("Months since the start of the war")
    return figure
