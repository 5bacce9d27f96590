"""Where pictures draw what: every line, band, tick and number in its place, from small tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskset import aalen_johansen, kaplan_meier, plotting

#: Rounding of a few operations.
SAME = 1e-12


def steps() -> pd.DataFrame:
    """Two curves; the last limits of the first are not known."""
    return pd.DataFrame(
        {
            "who": ["b", "b", "a", "a"],
            "time": [2.0, 5.0, 1.0, 6.0],
            "share": [0.8, 0.5, 0.9, 0.4],
            "ci_low": [0.7, np.nan, 0.85, 0.3],
            "ci_high": [0.95, np.nan, 0.97, 0.6],
        }
    )


def numbers(values: Any) -> list[float]:
    return np.asarray(values, dtype=np.float64).tolist()


def test_curves_begin_at_one_and_each_lies_in_its_band() -> None:
    axes = plotting.curves(steps(), value="share", by="who", xlabel="Months", ylabel="Left")
    first, second = axes.get_lines()
    assert [first.get_label(), second.get_label()] == ["b", "a"]
    assert numbers(first.get_xdata()) == [0, 2, 5] and numbers(first.get_ydata()) == [1, 0.8, 0.5]
    assert numbers(second.get_xdata()) == [0, 1, 6] and numbers(second.get_ydata()) == [1, 0.9, 0.4]
    assert {line.get_drawstyle() for line in (first, second)} == {"steps-post"}
    # Told apart by color and by dashes.
    assert first.get_color() != second.get_color()
    assert (first.get_linestyle(), second.get_linestyle()) == ("-", "--")
    bands = [band.get_paths()[0].vertices for band in axes.collections]
    # Where the limits are not known the band shrinks to the line.
    assert {*bands[0][:, 1].tolist()} == {1.0, 0.7, 0.95, 0.5}
    assert {*bands[1][:, 1].tolist()} == {1.0, 0.85, 0.97, 0.3, 0.6}
    between = bands[0][(bands[0][:, 0] >= 2) & (bands[0][:, 0] < 5), 1]
    assert {0.7, 0.95} <= {*between.tolist()}
    for band, line in zip(axes.collections, (first, second), strict=True):
        assert band.get_facecolor()[0, 3] < 0.3  # one sees the line through it
        assert numbers(band.get_linewidth()) == [0]
        assert 1 <= line.get_linewidth() <= 2
    assert axes.get_ylim() == (0, 1) and axes.get_xlim()[0] == 0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Months", "Left")
    assert not axes.get_legend().get_frame_on()
    assert not axes.spines["top"].get_visible() and not axes.spines["right"].get_visible()
    # A picture fits the text of a page and is half as wide again as it is high, or more.
    wide, high = axes.figure.get_size_inches()
    assert wide <= 7 and wide / high > 1.5


def test_one_curve_without_its_band_and_from_another_beginning() -> None:
    table = steps().head(2)
    axes = plotting.curves(table, value="share", begin=0.9, start=1.0, band=False, ceiling=None)
    [line] = axes.get_lines()
    assert numbers(line.get_xdata()) == [1, 2, 5] and numbers(line.get_ydata()) == [0.9, 0.8, 0.5]
    assert not axes.collections and axes.get_legend() is None
    assert axes.get_xlabel() == "Time" and axes.get_xlim()[0] == 1
    assert axes.get_ylim()[0] == 0 and 0.9 <= axes.get_ylim()[1] < 1


def test_survival_and_incidence_begin_where_follow_up_does() -> None:
    """Rows enter at 2 or 3; the numbers at risk stand below round times from there on."""
    rows = pd.DataFrame(
        {
            "start": [2.0, 2, 3, 3],
            "stop": [4.0, 6, 7, 9],
            "event": [1, 0, 1, 0],
            "how": [1, 0, 2, 0],
        }
    )
    axes = kaplan_meier(rows, start="start", stop="stop", event="event").plot(label="All")
    [line] = axes.get_lines()
    assert numbers(line.get_xdata()) == [2, 4, 7] and numbers(line.get_ydata()) == [1, 0.75, 0.375]
    assert numbers(axes.get_xticks()) == [2, 4, 6, 8]
    assert [text.get_text() for text in axes.texts] == ["At risk", "All", "2", "4", "3", "1"]
    axes = aalen_johansen(rows, start="start", stop="stop", cause="how").plot()
    assert [numbers(line.get_xdata()) for line in axes.get_lines()] == [[2, 4, 7]] * 2
    assert numbers(axes.get_lines()[0].get_ydata()) == [0, 0.25, 0.25]
    assert numbers(axes.get_lines()[1].get_ydata()) == [0, 0, 0.375]


def test_numbers_at_risk_stand_below_the_axis_line_by_line() -> None:
    axes = plotting.new_axes(None)
    plotting.risk_table(axes, {"a": [9, 4], "b": [7, 2.5], "": [1, 0]}, [0.0, 10.0])
    title, rest = axes.texts[0], axes.texts[1:]
    assert title.get_text() == "At risk" and title.get_weight() == "bold"
    assert [text.get_text() for text in rest] == ["a", "9", "4", "b", "7", "2.5", "1", "0"]
    places = [text.get_position() for text in rest]
    numbered = [text for text in rest if text.get_text() not in "ab"]
    assert [text.get_position()[0] for text in numbered] == [0, 10] * 3
    labels = [places[0], places[3]]
    assert all(-0.2 < x < 0 for x, _ in labels)
    heights = [title.get_position()[1], *(text.get_position()[1] for text in numbered[::2])]
    assert heights == pytest.approx([-0.24, -0.32, -0.40, -0.48])
    assert [y for _, y in labels] == pytest.approx(heights[1:3])
    assert [text.get_position()[1] for text in numbered[1::2]] == pytest.approx(heights[1:])
    assert not any(text.get_clip_on() for text in numbered)


@pytest.mark.parametrize(
    ("start", "end", "want"),
    [
        (0.0, 10.0, [0, 2, 4, 6, 8, 10]),
        (0.0, 5.0, [0, 1, 2, 3, 4, 5]),
        (3.0, 36.0, [10, 20, 30]),
        (130.0, 460.0, [200, 300, 400]),
        (0.12, 0.24, [0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24]),
        (0.0, 12.0, [0, 2, 4, 6, 8, 10, 12]),
        (0.0, 13.0, [0, 5, 10]),
        (0.0, 61.0, [0, 20, 40, 60]),
        (0.0, 0.3, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]),
    ],
)
def test_ticks_are_ones_twos_and_fives_of_a_power_of_ten(
    start: float, end: float, want: list[float]
) -> None:
    assert plotting.ticks(start, end).tolist() == pytest.approx(want, abs=SAME)


def test_ticks_are_as_few_as_asked_for() -> None:
    assert plotting.ticks(0.0, 10.0, 2).tolist() == [0, 5, 10]
    assert plotting.ticks(0.0, 10.0, 10).tolist() == list(range(11))


def effects(low: float, high: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "term": ["aid", "sanctions", "talks"],
            "estimate": [1.0, 1.1, 0.9],
            "ci_low": [low, 0.9, 0.8],
            "ci_high": [1.2, 1.4, high],
        }
    )


def test_a_forest_has_its_first_term_on_top_and_a_line_at_no_effect() -> None:
    from matplotlib.colors import to_rgb

    for ratio, none in ((True, 1.0), (False, 0.0)):
        axes = plotting.forest(effects(0.5, 2.0), ratio=ratio, xlabel="Hazard ratio")
        line, points = axes.get_lines()
        assert numbers(line.get_xdata()) == [none, none]
        assert numbers(points.get_xdata()) == [1.0, 1.1, 0.9]
        assert numbers(points.get_ydata()) == [2, 1, 0]
        # An estimate has the color of its interval.
        assert np.allclose(to_rgb(points.get_color()), axes.collections[0].get_color()[0, :3])
        assert numbers(axes.get_yticks()) == [2, 1, 0]
        segments = [numbers(segment) for segment in axes.collections[0].get_segments()]
        ends = [(0.5, 1.2, 2), (0.9, 1.4, 1), (0.8, 2.0, 0)]
        assert segments == [[[low, at], [high, at]] for low, high, at in ends]
        assert axes.get_xscale() == ("log" if ratio else "linear")
        below, above = axes.get_ylim()
        assert above - 2 == pytest.approx(-below) and 0.3 < -below < 1
        assert axes.get_xlabel() == "Hazard ratio"


@pytest.mark.parametrize(
    ("low", "high", "want"),
    [
        (0.5, 2.0, "0.5 0.67 0.8 1 1.25 1.5 2"),
        # A tick just outside, by a twentieth, is kept; and one is always there.
        (0.52, 2.1, "0.5 0.67 0.8 1 1.25 1.5 2"),
        (0.53, 1.91, "0.67 0.8 1 1.25 1.5 2"),
        (0.53, 1.9, "0.67 0.8 1 1.25 1.5"),
        (1.3, 5.1, "1 1.25 1.5 2 3 5"),
        (0.009, 101, "0.01 0.02 0.05 0.1 0.2 0.33 0.5 0.67 0.8 1 1.25 1.5 2 3 5 10 20 50 100"),
    ],
)
def test_ratios_have_ticks_over_the_range_of_their_intervals(
    low: float, high: float, want: str
) -> None:
    table = effects(low, high).iloc[[0, 2]].assign(ci_high=high)
    axes = plotting.forest(table.assign(ci_low=low))
    assert [label.get_text() for label in axes.get_xticklabels()] == want.split()
    assert not axes.get_xticks(minor=True).size
    below = plotting.forest(table.assign(ci_low=0.1, ci_high=0.3))
    assert [label.get_text() for label in below.get_xticklabels()][-1] == "1"


def test_pictures_of_lines_grow_with_their_lines() -> None:
    """By a quarter to half an inch a line, below an inch and a half for one."""

    def height(lines: int, kind: str) -> float:
        table = pd.concat([effects(0.5, 2.0)] * 4).head(lines)
        if kind == "forest":
            axes = plotting.forest(table)
        else:
            axes = plotting.bars(table["term"].tolist(), np.ones(lines), axes=None, xlabel="")
        return float(axes.figure.get_size_inches()[1])

    for kind in ("forest", "bars"):
        assert 0.25 < (height(12, kind) - height(2, kind)) / 10 < 0.5
        assert 1 < height(1, kind) < 1.5


@pytest.mark.parametrize(("n", "width"), [(2, 2), (4, 3), (14, 3), (25, 5), (31, 6)])
def test_a_trend_is_the_mean_of_a_fifth_of_the_points(n: int, width: int) -> None:
    """Around each point, in order of time; at the ends of those that there are."""
    rng = np.random.default_rng(n)
    time, value = rng.permutation(n) * 1.0, rng.normal(size=n)
    axes = plotting.scatter_trend(time, value, axes=None, ylabel="Effect", level_at=0.25)
    points, mean, level = axes.get_lines()
    assert numbers(points.get_xdata()) == time.tolist()
    assert numbers(points.get_ydata()) == value.tolist()
    assert numbers(mean.get_xdata()) == list(range(n))
    inside = value[np.argsort(time)]
    before = width // 2
    want = [inside[max(i - before, 0) : i - before + width].mean() for i in range(n)]
    np.testing.assert_allclose(mean.get_ydata(), want, rtol=1e-10, atol=SAME)
    assert numbers(level.get_ydata()) == [0.25, 0.25]
    assert mean.get_color() != level.get_color()
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == ["running mean", "constant"] and not axes.get_legend().get_frame_on()


def test_bars_have_the_first_on_top_and_begin_at_zero() -> None:
    axes = plotting.bars(["x", 7], np.array([2.0, -1.5]), axes=None, xlabel="Change")
    assert [(bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in axes.patches] == [
        (2.0, pytest.approx(1.0)),
        (-1.5, pytest.approx(0.0)),
    ]
    assert all(0.4 < bar.get_height() < 1 for bar in axes.patches)  # with room between
    assert numbers(axes.get_yticks()) == [1, 0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "7"]
    assert numbers(axes.get_lines()[0].get_xdata()) == [0, 0]


def test_states_lie_on_one_another_and_fill_the_picture() -> None:
    table = pd.DataFrame(
        {"time": [2.0, 2, 5, 5], "state": ["a", "b"] * 2, "probability": [0.7, 0.3, 0.4, 0.6]}
    )
    axes = plotting.stacked(table, np.array([0.9, 0.1]), axes=None, start=1.0, end=8.0)
    lower, upper = (area.get_paths()[0].vertices for area in axes.collections)
    assert {*lower[:, 1].tolist()} == {0.0, 0.9, 0.7, 0.4}
    assert {*np.round(upper[:, 1], 12).tolist()} == {0.9, 0.7, 0.4, 1.0}
    for area in (lower, upper):
        assert (area[:, 0].min(), area[:, 0].max()) == (1.0, 8.0)
    # From 2 to 5 the first holds 0.7: the step comes after the time.
    assert lower[(lower[:, 0] == 5) & (lower[:, 1] > 0), 1].max() == 0.7
    assert axes.get_xlim() == (1, 8) and axes.get_ylim() == (0, 1)
    assert axes.get_ylabel() == "Probability of the state"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    assert not axes.get_legend().get_frame_on()
