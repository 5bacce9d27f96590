"""A war on one time axis: violence, what the Council did, and who sent peacekeepers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collsec.reports.figures.style import (
    BAND,
    BLUE,
    GREEN,
    INK,
    KEY_POINTS,
    MUTED,
    PURPLE,
    SKY,
    VERMILLION,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
    write,
)

LANES = {"violence": "Violence", "council": "Security Council", "boots": "Peacekeepers"}
_HEAD_INCHES = 0.27
_LINE_INCHES = 0.38
_LANE_GAP_INCHES = 0.1
_FOOT_INCHES = 0.4
_KEY_INCHES = 0.19
_BAR_INCHES = 0.1
_PALE_RED, _PALE_GREEN = "#f3c3a2", "#a8d5c8"
# Mark, color and meaning of what is drawn, by kind and by whether the UN sent it.
_MARKS = {
    ("episode", False): ("■", _PALE_RED, "25 deaths or more a year"),
    ("war", False): ("■", VERMILLION, "1,000 deaths or more"),
    ("personnel", True): ("■", SKY, "UN personnel"),
    ("troops", True): ("■", BLUE, "UN troops"),
    ("personnel", False): ("■", _PALE_GREEN, "others' personnel"),
    ("troops", False): ("■", GREEN, "others' troops"),
    ("cut", True): ("▼", INK, "authorized strength cut to less than half"),
    ("cut", False): ("▼", INK, "authorized strength cut to less than half"),
    ("party", False): ("■", _PALE_RED, "no peacekeepers: a party of the war"),
    ("political", True): ("■", BAND, "no peacekeepers: a political mission"),
    ("political", False): ("■", BAND, "no peacekeepers: a political mission"),
    ("mark", False): ("▲", INK, "a day to know"),
    ("by_council", True): ("◆", MUTED, "authorized by the Council"),
    ("by_council", False): ("◆", MUTED, "authorized by the Council"),
    ("by_assembly", True): ("▲", MUTED, "authorized by the Assembly"),
    ("by_assembly", False): ("▲", MUTED, "authorized by the Assembly"),
    ("by_others", True): ("●", MUTED, "authorized by others"),
    ("by_others", False): ("●", MUTED, "authorized by others"),
}
# Whose resolution authorized a mission, by the beginning of its symbol; else others did.
_SYMBOLS = {"S/": "by_council", "A/": "by_assembly"}
_NAMED = {key: words for (key, _), (_, _, words) in _MARKS.items()}
_POINTS = {"by_council": "d", "by_assembly": "^", "by_others": "o"}


@drawn
def case_timeline(events: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> Drawing:
    """Draw the events of a case in three lanes over the same years.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns `lane` (`violence`, `council`, `boots`), `line` (whose bar or marks), `kind`
        (`episode`, `war`, `mark`; `resolution`, `not_on_record`, `veto`, `assembly`; `authorized`,
        `personnel`, `troops`, `cut`; `party`, `political`), `from_date`, `to_date`, `is_open`
        (continues after the axis), `sender` of a mission (`UN` or another), and `detail` (who cast
        a veto).
    first, last : Timestamp
        Days at the ends of the axis.

    Returns
    -------
    Drawing
    """
    with house_style():
        figure = plot_case_timeline(events, first=first, last=last)
        return export(figure, events, _alternative(events, first, last))


def plot_case_timeline(events: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> Figure:
    """Return the figure of `case_timeline`, not yet written to bytes."""
    lines = {lane: _lines(events, lane) for lane in LANES}
    inches = math.fsum(_HEAD_INCHES + _LINE_INCHES * max(1, len(own)) for own in lines.values())
    inches += _LANE_GAP_INCHES * (len(lines) - 1)
    marks = _marks(events)
    foot = _FOOT_INCHES + _KEY_INCHES * ((len(marks) + 1) // 2)
    height = 0.04 + inches + foot
    figure = canvas(height)
    axes = figure.add_axes((0.055, foot / height, 0.905, inches / height), frameon=False)
    axes.set_ylim(inches, 0)
    axes.set_yticks([])
    axes.axhline(inches, color=MUTED, lw=0.8)
    _year_axis(axes, first, last)
    top = 0.0
    for lane, own in lines.items():
        write(axes, LANES[lane], (0, top + _HEAD_INCHES / 2), up="data", bold=True)
        top += _HEAD_INCHES
        if not own:
            write(axes, "No mission in the record", (0, top + 0.08), up="data", color=MUTED)
            top += _LINE_INCHES
        for label, rows in own.items():
            write(axes, label, (0, top + 0.08), up="data", size=KEY_POINTS)
            _draw_line(axes, rows, top + 0.18 + _BAR_INCHES / 2)
            top += _LINE_INCHES
        top += _LANE_GAP_INCHES
    _key(axes, marks)
    return figure


def _day(date: pd.Timestamp) -> float:
    """Place of a date on the axis: days since 1970."""
    return float((date - pd.Timestamp(0)).days)


def _lines(events: pd.DataFrame, lane: str) -> dict[str, pd.DataFrame]:
    """The lines of a lane, with their labels; the Council always has its two.

    The General Assembly has one in that lane where it sat in emergency session on the war.
    """
    rows = events[events["lane"] == lane]
    if lane != "council":
        return {str(name): own for name, own in rows.groupby("line", sort=False)}
    vetoes, sittings = (rows[rows["kind"] == kind] for kind in ("veto", "assembly"))
    resolutions = rows[~rows["kind"].isin(["veto", "assembly"])]
    adopted = int((resolutions["kind"] == "resolution").sum())
    unknown = resolutions.loc[resolutions["kind"] == "not_on_record", "from_date"]
    until = "".join(f", on record up to {d - pd.Timedelta(days=1):%B %Y}" for d in unknown)
    return {
        f"Resolutions: {adopted or 'none'}{until}": resolutions,
        f"Vetoed drafts: {_vetoes(vetoes)}": vetoes,
        **{f"{line}: {_sessions(own)}": own for line, own in sittings.groupby("line", sort=False)},
    }


def _sessions(sittings: pd.DataFrame) -> str:
    """How many emergency sessions: one that is resumed sits again and stays one session."""
    n = sittings["item"].str.partition("/")[0].nunique()
    return f"{n} ({len(sittings)} sittings)" if n < len(sittings) else str(n)


def _vetoes(vetoes: pd.DataFrame) -> str:
    """How many drafts fell, and to whom."""
    if vetoes.empty:
        return "none"
    members = vetoes["detail"].str.split(", ").explode().value_counts(sort=False)
    members = members.sort_values(ascending=False, kind="stable")
    by = ", ".join(f"{name} {n}" for name, n in members.items())
    return f"{len(vetoes)} ({by})"


def _year_axis(axes: Axes, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """A tick at the start of each year (or every second, or fifth)."""
    axes.set_xlim(_day(first), _day(last) + 1)
    span = last.year - first.year + 1
    step = next((s for s in (1, 2, 5) if span / s <= 7), 10)
    years = np.arange(first.year, last.year + 1, step)
    axes.set_xticks([_day(pd.Timestamp(int(y), 1, 1)) for y in years], [str(y) for y in years])
    for year in range(first.year, last.year + 1):
        axes.axvline(_day(pd.Timestamp(year, 1, 1)), color=BAND, lw=0.9, zorder=0)


def _draw_line(axes: Axes, rows: pd.DataFrame, y: float) -> None:
    """Draw the bars and marks of one line."""
    for row in rows.to_dict(orient="records"):
        left, right = _day(row["from_date"]), _day(row["to_date"]) + 1
        kind = row["kind"]
        if kind == "resolution":
            axes.plot(left, y, marker="|", color=INK, ms=9, mew=1.1)
        elif kind == "veto":
            axes.plot(left, y, marker="x", color=PURPLE, ms=6.5, mew=1.7, clip_on=False)
        elif kind == "assembly":
            axes.plot(left, y, marker="s", color=INK, ms=5, clip_on=False)
        elif kind in ("mark", "cut"):
            point = "^" if kind == "mark" else "v"
            axes.plot(left, y, marker=point, color=INK, ms=5.5, mew=0, clip_on=False, zorder=5)
        elif kind == "authorized":
            axes.plot([left, right - 1], [y, y], color=MUTED, lw=1.2, ls=(0, (1, 1)))
            point = _POINTS[_authority(row)]
            axes.plot(left, y, marker=point, color=MUTED, ms=4.5, clip_on=False, zorder=4)
        elif kind == "not_on_record":
            axes.barh(y, right - left, left=left, height=_BAR_INCHES, color=BAND)
        else:
            _bar(axes, row, left, right, y)


def _authority(row: dict[Any, Any]) -> str:
    """Who authorized a mission."""
    return _SYMBOLS.get(str(row["detail"])[:2], "by_others")


def _bar(axes: Axes, row: dict[Any, Any], left: float, right: float, y: float) -> None:
    """Draw a spell; one that continues after the axis ends in an arrowhead."""
    color = _MARKS[row["kind"], row["sender"] == "UN"][1]
    low, high = axes.get_xlim()
    shown = max(right - left, 0.006 * (high - low))  # a day is seen too
    axes.barh(y, shown, left=left, height=_BAR_INCHES, color=color)
    if row["is_open"]:
        axes.plot(right, y, marker=">", color=color, ms=7, mew=0, clip_on=False)


def _marks(events: pd.DataFrame) -> list[tuple[str, str, str]]:
    """The marks that the key has to explain, each once."""
    kinds = [
        _authority(row) if row["kind"] == "authorized" else row["kind"]
        for row in events.to_dict(orient="records")
    ]
    drawn = set(zip(kinds, events["sender"] == "UN", strict=True))
    return list(dict.fromkeys(mark for key, mark in _MARKS.items() if key in drawn))


def _key(axes: Axes, marks: list[tuple[str, str, str]]) -> None:
    """Say below the axis what the colors are, two to a row."""
    for place, (mark, color, meaning) in enumerate(marks):
        down = -(_FOOT_INCHES + _KEY_INCHES * (place // 2)) * 72
        at = (0.5 * (place % 2), 0.0)
        write(axes, mark, at, (0, down), color=color)
        write(axes, meaning, at, (11, down), color=MUTED, size=KEY_POINTS)


def _alternative(events: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Say line by line what is drawn."""
    parts = [f"Timeline from {first.year} to {last.year}."]
    for lane, title in LANES.items():
        own = _lines(events, lane)
        lines = [_told(label, rows, first) for label, rows in own.items()]
        lines = lines or ["no mission in the record"]
        parts.append(f"{title}: {'; '.join(lines)}.")
    return " ".join(parts)


def _told(label: str, rows: pd.DataFrame, first: pd.Timestamp) -> str:
    """Say when the bars and marks of one line stand; those from before the axis begin unseen."""
    parts = [label]
    for kind, words in (
        ("episode", "fighting"),
        ("authorized", "authorized"),
        ("personnel", "personnel"),
        ("troops", "troops"),
        ("party", "there"),
        ("political", "there"),
    ):
        for row in rows[rows["kind"] == kind].to_dict(orient="records"):
            is_before = kind != "authorized" and row["from_date"] <= first
            since = f"before {first.year}" if is_before else f"{row['from_date']:%B %Y}"
            until = "on" if row["is_open"] else f"to {row['to_date']:%B %Y}"
            parts.append(
                f"{_NAMED[_authority(row)]} in {since}"
                if kind == "authorized"
                else f"{words} from {since} {until}"
            )
    for row in rows[rows["kind"].isin(["mark", "cut"])].to_dict(orient="records"):
        words = f"strength cut {row['detail']} on" if row["kind"] == "cut" else "on"
        parts.append(f"{words} {row['from_date']:%-d %B %Y}")
    years = [str(d.year) for d in rows.loc[rows["kind"] == "war", "from_date"]]
    if years:
        parts.append(f"1,000 deaths or more in {', '.join(years)}")
    acts = rows[rows["kind"].isin(["resolution", "veto", "assembly"])]["from_date"]
    if len(acts):
        ends = dict.fromkeys((f"{acts.min():%B %Y}", f"{acts.max():%B %Y}"))
        parts.append(f"between {' and '.join(ends)}" if len(ends) > 1 else f"in {next(iter(ends))}")
    return ", ".join(parts)
