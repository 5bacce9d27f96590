"""Figures can be read on a phone, hide nothing, and are the same bytes each time."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

import report_study as study
from collsec.evidence.cases import Case, CaseTables, events
from collsec.evidence.detectable import along, detectable
from collsec.reports import figures
from collsec.reports.figures import (
    Drawing,
    case_timeline,
    cumulative_incidence,
    forest,
    leave_one_out,
    null_calibration,
    options,
    response_curves,
    specification_curve,
    state_curves,
    style,
    survival_curves,
)
from collsec.reports.figures.answers import plot_answers
from collsec.reports.figures.coverage import (
    plot_activity,
    plot_date_precision,
    plot_mission_dates,
    plot_source_coverage,
    plot_table_coverage,
)
from collsec.reports.figures.curves import (
    axis_top,
    ends_by_kind,
    plot_cumulative_incidence,
    plot_ends_by_kind,
    plot_survival,
)
from collsec.reports.figures.event_study import plot_event_study
from collsec.reports.figures.forest import intervals_shown, plot_forest
from collsec.reports.figures.influence import plot_leave_one_out, plot_null_calibration
from collsec.reports.figures.power import detectable_effects, plot_detectable_effects
from collsec.reports.figures.specification import plot_options, plot_specification_curve
from collsec.reports.figures.style import (
    SERIES,
    SOURCE,
    export,
    house_style,
    is_of_ends,
    ratios_of,
    spread,
)
from collsec.reports.figures.timeline import plot_case_timeline
from collsec.reports.kept import kept_in
from collsec.reports.pages.citation import TEXT_LICENSE
from collsec.reports.words import ratios, verdicts
from collsec.reports.words.verdicts import Compared

ESTIMATES = study.estimate_rows()
RATIOS = ESTIMATES[ESTIMATES["estimand"] == "hazard_ratio"]
CURVES = study.curve_rows()
BAND = (0.8, 1.25)
CASE = Case("atlantis", "Atlantis", 2001, 2005, {1: "Atlantis", 2: "Atlantis and Bohemia"})
POWERS = detectable(along([20]), 0.14, alpha=0.05 / 3, power=0.8)
PRIMARIES = pd.DataFrame(
    {
        "hypothesis": ["h1", "h2"],
        "exposed_events": [9, 31],
        "above": [6.07, 1.9],
        "below": [0.16, 0.53],
    }
)

EVENTS = events(
    CASE,
    CaseTables(
        study.episode_rows(),
        study.mission_rows(),
        study.act_rows(),
        study.sitting_rows(),
        study.war_rows(),
        pd.Timestamp("2026-01-27"),
    ),
)
SPECIFICATIONS = study.specification_rows()
OPTIONS = pd.DataFrame(study.option_rows())
KINDS = pd.DataFrame(
    [
        {"group": name, "time_months": month, "estimate": share * month / 60}
        for name, share in {
            "Agreement": 0.06,
            "Ceasefire": 0.09,
            "Government victory": 0.18,
            "Rebel victory": 0.07,
            "Low activity": 0.35,
            "Not coded how": 0.01,
        }.items()
        for month in range(61)
    ]
)
# A phone of 390 CSS pixels leaves a figure 350 of them; matplotlib counts 72 points an inch.
PHONE_PIXELS_PER_POINT = 350 / (style.WIDTH_INCHES * 72)


def refits(count: int) -> pd.DataFrame:
    rows = pd.DataFrame(study.refit_rows(count))
    names = "Democratic Republic " + rows["left_out"]
    return pd.DataFrame({"kind": rows["kind"], "dropped": names, "estimate": rows["hazard_ratio"]})


def curve(name: str) -> pd.DataFrame:
    return CURVES[CURVES["curve"].str.startswith(name)]


def three_groups() -> pd.DataFrame:
    rows = curve("standardized_survival")
    third = rows[rows["group"] == "Troops at month 6"].assign(group="Never deployed at all")
    return pd.concat([rows, third.assign(estimate=third["estimate"] * 0.99)])


def four_states() -> pd.DataFrame:
    """Shares in four states, the last two far apart and then close together."""
    months = np.arange(61.0)
    gone, back = 1 - np.exp(-months / 20), 0.4 * (1 - np.exp(-months / 40))
    shares = {
        "At war, no agreement": 0.9 * (1 - gone),
        "At war after an agreement": 0.1 * (1 - gone),
        "At peace": gone * (1 - back),
        "At war again": gone * back,
    }
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "curve": "state_occupation",
                    "group": name,
                    "time_months": months,
                    "estimate": share,
                    "ci_low": 0.9 * share,
                    "ci_high": np.minimum(1.1 * share, 1.0),
                    "at_risk": np.nan,
                }
            )
            for name, share in shares.items()
        ]
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "forest": lambda: plot_forest(RATIOS, no_effect=BAND),
    "forest of one": lambda: plot_forest(RATIOS.head(1), no_effect=BAND),
    "forest of many": lambda: plot_forest(pd.concat([RATIOS] * 4), no_effect=BAND),
    "forest far off": lambda: plot_forest(
        RATIOS.assign(estimate=40.0, ci_low=9.0, ci_high=np.inf), no_effect=BAND
    ),
    "forest without estimates": lambda: plot_forest(
        RATIOS.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan), no_effect=BAND
    ),
    "forest with long labels": lambda: plot_forest(
        RATIOS.assign(label="No lag (a deployment on the very eve of peace counts in full)"),
        no_effect=BAND,
    ),
    "survival": lambda: plot_survival(curve("survival")),
    "strategies": lambda: plot_survival(curve("standardized"), shade_between=True),
    "three strategies": lambda: plot_survival(three_groups(), shade_between=True),
    "incidence": lambda: plot_cumulative_incidence(curve("cumulative"), act="UN troops"),
    "ends": lambda: plot_ends_by_kind(KINDS),
    "states": lambda: plot_survival(four_states(), share="Wars in each state"),
    "null": lambda: plot_null_calibration(
        pd.DataFrame({"estimate": study.null_draws()}), RATIOS.iloc[0], no_effect=BAND
    ),
    "influence": lambda: plot_leave_one_out(refits(230), RATIOS.iloc[0]),
    "influence with one far off": lambda: plot_leave_one_out(
        pd.DataFrame(
            {
                "kind": "conflict",
                "dropped": ["Ivory Coast 419", "DR Congo (Zaire) 283", "Bosnia-Herzegovina 389"]
                + [f"Place {i}" for i in range(12)]
                + ["Mali 11347"],
                "estimate": [2.14, 2.15, 2.95, *np.linspace(2.2, 2.9, 12), 4.4],
            }
        ),
        RATIOS.assign(estimate=2.49).iloc[0],
    ),
    "timeline": lambda: plot_case_timeline(
        EVENTS, first=pd.Timestamp("2001-01-01"), last=pd.Timestamp("2005-12-31")
    ),
    "timeline of violence alone": lambda: plot_case_timeline(
        EVENTS[EVENTS["lane"] == "violence"],
        first=pd.Timestamp("1990-01-01"),
        last=pd.Timestamp("2024-12-31"),
    ),
    "power": lambda: plot_detectable_effects(POWERS, PRIMARIES),
    "power alone": lambda: plot_detectable_effects(POWERS, PRIMARIES.head(0)),
    "multiverse": lambda: plot_specification_curve(SPECIFICATIONS, 1.21, no_effect=BAND),
    "multiverse without estimates": lambda: plot_specification_curve(
        SPECIFICATIONS.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan),
        1.21,
        no_effect=BAND,
    ),
    "options": lambda: plot_options(OPTIONS, 1.21, no_effect=BAND),
    "options without estimates": lambda: plot_options(
        OPTIONS.assign(alone=np.nan, low=np.nan, high=np.nan), 1.21, no_effect=BAND
    ),
    "influence of few": lambda: plot_leave_one_out(refits(4), RATIOS.iloc[0]),
    "sources": lambda: plot_source_coverage(study.source_rows()),
    "years of tables": lambda: plot_table_coverage(study.table_rows()),
    "precision": lambda: plot_date_precision(study.precision_rows()),
    "basis": lambda: plot_mission_dates(study.basis_rows()),
    "activity": lambda: plot_activity(study.activity_rows()),
}


def shown_texts(figure: Figure) -> list[Text]:
    FigureCanvasAgg(figure).draw()
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    width, height = figure.canvas.get_width_height()
    inside = []
    for text in texts:
        box = text.get_window_extent(renderer)
        # Ticks outside the limits of their axis are objects, but are not drawn.
        axis_text = any(text in axis.get_ticklabels() for a in figure.axes for axis in _axes(a))
        is_off = box.x1 < 0 or box.x0 > width or box.y1 < 0 or box.y0 > height
        if not (axis_text and is_off):
            inside.append(text)
    return inside


def _axes(axes: object) -> tuple[object, object]:
    return axes.xaxis, axes.yaxis  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_are_whole_apart_and_large_enough_for_a_phone(name: str) -> None:
    with house_style():
        figure = FIGURES[name]()
        texts = shown_texts(figure)
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        width, height = figure.canvas.get_width_height()
        boxes = [t.get_window_extent(renderer) for t in texts]
    assert texts
    for text, box in zip(texts, boxes, strict=True):
        shown = text.get_text()
        assert text.get_fontsize() * PHONE_PIXELS_PER_POINT >= 9, shown
        assert box.x0 >= -1 and box.x1 <= width + 1, f"{shown!r} is cut at a side"
        assert box.y0 >= -1 and box.y1 <= height + 1, f"{shown!r} is cut above or below"
    for index, box in enumerate(boxes):
        for other, text in zip(boxes[index + 1 :], texts[index + 1 :], strict=True):
            apart_x = min(box.x1, other.x1) - max(box.x0, other.x0)
            apart_y = min(box.y1, other.y1) - max(box.y0, other.y0)
            is_clash = apart_x > 1 and apart_y > 2
            assert not is_clash, f"{texts[index].get_text()!r} lies on {text.get_text()!r}"


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_figure_is_the_same_bytes_without_date_or_program(name: str) -> None:
    drawings: list[Drawing] = []
    for _ in range(2):
        with house_style():
            drawings.append(export(FIGURES[name](), RATIOS, ""))
    assert drawings[0].svg == drawings[1].svg and drawings[0].png == drawings[1].png
    assert b"<dc:date>" not in drawings[0].svg and b"Matplotlib" not in drawings[0].svg
    assert b"Software" not in drawings[0].png
    # Letters are drawn as paths, so that a figure needs no font of the reader's machine.
    assert b"<text" not in drawings[0].svg


def test_a_users_own_settings_do_not_change_a_figure() -> None:
    plain = forest(RATIOS, no_effect=BAND)
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.hashsalt": "mine"}):
        changed = forest(RATIOS, no_effect=BAND)
        assert mpl.rcParams["font.size"] == 30
    assert changed.svg == plain.svg


def test_the_data_beside_a_figure_are_what_was_drawn() -> None:
    drawing = forest(RATIOS, no_effect=BAND)
    pd.testing.assert_frame_equal(drawing.data, RATIOS.reset_index(drop=True))
    written = pd.read_csv(io.StringIO(drawing.data.to_csv(index=False)))
    np.testing.assert_array_equal(written["ci_low"], RATIOS["ci_low"])


def test_alternative_texts_say_the_numbers_that_the_figures_show() -> None:
    text = forest(RATIOS, no_effect=BAND).alternative
    assert "UN troops, lag of 6 months: 1.21 (0.68 to 2.15)" in text and "(0.51 to ∞)" in text
    text = survival_curves(curve("survival")).alternative
    alive = curve("survival").set_index(["group", "time_months"])["estimate"]
    share = f"{100 * alive['Within states', 12.0]:.0f} % still going on after 12 months"
    assert f"Within states: {share}" in text
    text = state_curves(four_states(), share="Wars in each state", since="onset").alternative
    assert "Wars in each state. At war, no agreement: 49 % after 12 months, 4 % after 60" in text
    text = cumulative_incidence(curve("cumulative"), act="UN troops").alternative
    assert "By month 120, 85 % of wars had ended first, UN troops had come first in 9 %" in text
    draws = pd.DataFrame({"estimate": [0.5, 1.0, 2.0]})
    text = null_calibration(draws, RATIOS.iloc[0], no_effect=BAND).alternative
    assert "3 hazard ratios under random exposure, from 0.50 to 2.00" in text
    rows = pd.DataFrame(
        {"kind": "conflict", "dropped": ["A", "B", "C"], "estimate": [1.1, 1.3, np.nan]}
    )
    text = leave_one_out(rows, RATIOS.iloc[0]).alternative
    assert "runs from 1.10 (without A) to 1.30 (without B)" in text


def test_a_timeline_has_its_bars_and_marks_where_the_events_are() -> None:
    first, last = CASE.first_day, CASE.last_day
    with house_style():
        axes = plot_case_timeline(EVENTS, first=first, last=last).axes[0]

    def day(date: pd.Timestamp) -> int:
        return (date - pd.Timestamp(0)).days

    bars = {(b.get_x(), b.get_x() + b.get_width()) for b in axes.patches}
    spells = EVENTS[EVENTS["kind"].isin(["episode", "war", "personnel", "troops"])]
    for row in spells.itertuples():
        assert (day(row.from_date), day(row.to_date) + 1) in bars
    marks: dict[str, list[float]] = {"|": [], "x": [], ">": []}
    for line in axes.lines:
        if line.get_marker() in marks:
            marks[line.get_marker()].append(float(line.get_xdata()[0]))
    for marker, kind in (("|", "resolution"), ("x", "veto")):
        assert marks[marker] == [day(d) for d in EVENTS.loc[EVENTS["kind"] == kind, "from_date"]]
    assert len(marks[">"]) == EVENTS["is_open"].sum() > 0
    assert axes.get_xlim() == (day(first), day(last) + 1)


def test_the_curves_of_power_are_the_detectable_effects() -> None:
    with house_style():
        axes = plot_detectable_effects(POWERS, PRIMARIES).axes[0]
    above = next(line for line in axes.lines if len(line.get_xdata()) == len(POWERS))
    np.testing.assert_allclose(above.get_ydata(), POWERS["above"])
    points = {
        (float(x), float(y))
        for line in axes.lines
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    assert points == {(9.0, 6.07), (9.0, 0.16), (31.0, 1.9), (31.0, 0.53)}
    text = detectable_effects(POWERS, PRIMARIES).alternative
    assert "20 exposed ends: above 2.18 or below 0.46" in text
    assert "H1 with 9: above 6.07 or below 0.16" in text


def test_each_tag_has_a_strip_of_its_own_in_order_of_size() -> None:
    with house_style():
        strips = plot_specification_curve(SPECIFICATIONS, 1.21, no_effect=BAND).axes
    assert [a.texts[0].get_text().split(":")[0] for a in strips] == [
        "Principled",
        "Plausible",
        "Known-biased",
    ]
    for axes, tag in zip(strips, ("principled", "plausible", "known-biased"), strict=True):
        rows = SPECIFICATIONS[SPECIFICATIONS["validity"] == tag]
        drawn = max((line.get_xdata() for line in axes.lines), key=len)
        np.testing.assert_array_equal(drawn, np.sort(rows["estimate"].dropna()))
        assert f"{len(rows)} ({rows['estimate'].notna().sum()} estimable)" in (
            axes.texts[0].get_text()
        )
    drawing = specification_curve(SPECIFICATIONS, 1.21, no_effect=BAND)
    assert set(drawing.data["specification"]) == set(SPECIFICATIONS["specification"])
    assert "240 hazard ratios" in drawing.alternative and "primary is 1.21" in drawing.alternative


def test_options_show_the_choice_alone_and_the_range_of_all_with_it() -> None:
    with house_style():
        axes = plot_options(OPTIONS, 1.21, no_effect=BAND).axes[0]
    ranges = {tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2}
    for _, row in OPTIONS.iterrows():
        assert (row["low"], row["high"]) in ranges
    points = {
        float(line.get_xdata()[0]): line for line in axes.lines if line.get_marker() in ("o", "s")
    }
    assert set(points) == set(OPTIONS["alone"])
    assert points[1.21].get_marker() == "s" and points[1.33].get_marker() == "o"
    assert points[0.27].get_markerfacecolor() == "white"
    text = options(OPTIONS, 1.21, no_effect=BAND).alternative
    assert "Ever deployed, counted from onset: 0.27" in text
    assert "UN troops present" not in text


def test_a_timeline_says_in_words_what_it_draws() -> None:
    text = case_timeline(EVENTS, first=CASE.first_day, last=CASE.last_day).alternative
    assert text.startswith("Timeline from 2001 to 2005. Violence: Atlantis, fighting from March 20")
    assert "1,000 deaths or more in 2002, 2003" in text
    assert "Resolutions: 4, between March 2001 and July 2003" in text
    assert "Vetoed drafts: 1 (Russia 1, United States 1), in September 2001" in text
    assert "Emergency sessions of the General Assembly: 1, in September 2001" in text
    assert "UNMAT (UN), authorized by the Council in June 2001, personnel from August 2001" in text
    assert "ATFOR (regional), personnel from July 2003 on, troops from August 2003 on" in text
    # Sittings are not sessions: one that is resumed is still one.
    again = EVENTS[EVENTS["kind"] == "assembly"].assign(item="ES-12/2")
    resumed = pd.concat([EVENTS, again]).reset_index(drop=True)
    text = case_timeline(resumed, first=CASE.first_day, last=CASE.last_day).alternative
    assert "Emergency sessions of the General Assembly: 1 (2 sittings), in September 2001" in text
    # What was there before the axis begins does not come when it begins.
    is_there = EVENTS["kind"] == "personnel"
    early = EVENTS.assign(from_date=EVENTS["from_date"].mask(is_there, CASE.first_day))
    text = case_timeline(early, first=CASE.first_day, last=CASE.last_day).alternative
    assert "personnel from before 2001" in text and "personnel from January 2001" not in text
    alone = EVENTS[EVENTS["lane"] == "violence"]
    text = case_timeline(alone, first=CASE.first_day, last=CASE.last_day).alternative
    assert "Vetoed drafts: none. Peacekeepers: no mission in the record." in text
    assert "General Assembly" not in text


def test_intervals_are_drawn_where_they_are() -> None:
    with house_style():
        figure = plot_forest(RATIOS, no_effect=BAND)
    lines = [line.get_xdata() for line in figure.axes[0].lines]
    ends = {tuple(np.round(x, 6)) for x in lines if len(x) == 2}
    for _, row in RATIOS[np.isfinite(RATIOS["ci_high"])].iterrows():
        assert tuple(np.round([row["ci_low"], row["ci_high"]], 6)) in ends
    points = {round(float(x[0]), 6) for x in lines if len(x) == 1}
    assert {round(v, 6) for v in RATIOS["estimate"]} <= points


def test_known_biased_designs_are_hollow_and_the_primary_is_a_square() -> None:
    with house_style():
        figure = plot_forest(RATIOS, no_effect=BAND)
    marks = {
        round(float(line.get_xdata()[0]), 6): (line.get_marker(), line.get_markerfacecolor())
        for line in figure.axes[0].lines
        if len(line.get_xdata()) == 1 and line.get_marker() in ("o", "s")
    }
    assert marks[1.21][0] == "s" and marks[1.15][0] == "o"
    assert marks[0.27][1] == "white" and marks[1.15][1] != "white"


def test_an_interval_without_an_end_has_an_arrowhead_and_infinity_in_words() -> None:
    with house_style():
        figure = plot_forest(RATIOS, no_effect=BAND)
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert any(t.endswith("–∞)") for t in texts)
    assert any(line.get_marker() == ">" for line in figure.axes[0].lines)


def test_the_three_areas_of_incidence_fill_the_whole_at_each_month() -> None:
    with house_style():
        figure = plot_cumulative_incidence(curve("cumulative"), act="UN troops")
    shares = [int(t.get_text().split()[-2]) for t in figure.axes[0].texts]
    assert abs(sum(shares) - 100) <= 1
    last = curve("cumulative").groupby("curve")["estimate"].last()
    assert round(100 * last["cumulative_incidence_exposure"]) in shares


def test_the_areas_of_kinds_of_end_fill_the_whole_and_say_their_shares() -> None:
    with house_style():
        figure = plot_ends_by_kind(KINDS)
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert texts == [
        "Agreement 6 %",
        "Ceasefire 9 %",
        "Government victory 18 %",
        "Rebel victory 7 %",
        "Low activity 35 %",
        "Not coded how 1 %",
        "Still going on 24 %",
    ]
    assert "Agreement 6 %, Ceasefire 9 %" in ends_by_kind(KINDS).alternative
    with pytest.raises(ValueError, match="8 kinds"):
        plot_ends_by_kind(
            pd.concat(
                [
                    KINDS,
                    KINDS.head(61).assign(group="Seventh"),
                    KINDS.head(61).assign(group="Eighth"),
                ]
            )
        )


def test_more_groups_than_can_be_distinguished_are_refused() -> None:
    rows = curve("survival").head(1)
    many = pd.concat([rows.assign(group=str(i)) for i in range(len(SERIES) + 1)])
    with house_style(), pytest.raises(ValueError, match="distinguishes 4 at most"):
        plot_survival(many)


def test_labels_are_pushed_apart_and_keep_their_order() -> None:
    placed = spread([0.5, 0.49, 0.02], 0.2, 0.1, 0.9)
    assert placed[2] < placed[1] < placed[0]
    assert np.diff(sorted(placed)).min() >= 0.2 - 1e-12
    assert min(placed) >= 0.1 - 1e-12 and max(placed) <= 0.9 + 1e-12


def _luminance(color: str) -> float:
    channels = np.array(mpl.colors.to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("color", [*SERIES[:1], *SERIES[2:], style.INK, style.MUTED])
def test_colors_of_texts_have_contrast(color: str) -> None:
    assert 1.05 / (_luminance(color) + 0.05) >= 4.5


def test_the_second_series_has_the_contrast_of_large_text_and_graphics() -> None:
    assert 1.05 / (_luminance(SERIES[1]) + 0.05) >= 3


def test_colors_of_the_pages_have_contrast_on_their_backgrounds(repository: Path) -> None:
    style_sheet = (repository / "reports" / "collsec.css").read_text()
    light, dark = style_sheet.split("@media (prefers-color-scheme: dark)")[:2]
    for scheme in (light, dark.split("}\n}")[0]):
        colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", scheme))
        background = _luminance(colors["wash"])  # nearer to the text than paper: the harder case
        for name in ("ink", "muted", "blue", "green", "orange", "purple"):
            assert contrast(_luminance(colors[name]), background) >= 4.5, name


def contrast(first: float, second: float) -> float:
    low, high = sorted((first, second))
    return (high + 0.05) / (low + 0.05)


def test_colors_of_the_figures_have_contrast_on_a_dark_screen() -> None:
    background = _luminance(style.DARK["#ffffff"])
    for color in (style.INK, style.MUTED, style.BLUE, style.GREEN, style.PURPLE, style.VERMILLION):
        assert contrast(_luminance(style.DARK[color]), background) >= 4.5, color


def test_a_picture_has_both_schemes_and_its_own_styles_are_the_light_one() -> None:
    svg = figures.forest(RATIOS, no_effect=BAND).svg.decode()
    head, _, body = svg.partition("</style>")
    assert "prefers-color-scheme:dark" in head
    assert f'[style*="stroke: {style.INK}"]{{stroke:{style.DARK[style.INK]}!important}}' in head
    assert style.INK in body and style.DARK[style.INK] not in body


def test_the_same_numbers_are_drawn_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawings: list[Drawing] = []

    def counted(*args: Any, **kwargs: Any) -> Drawing:
        drawings.append(export(*args, **kwargs))
        return drawings[-1]

    monkeypatch.setattr(sys.modules[figures.forest.__module__], "export", counted)
    first = figures.forest(RATIOS, no_effect=BAND)
    with kept_in(tmp_path):
        for _ in range(2):
            again = figures.forest(RATIOS, no_effect=BAND)
            assert (again.svg, again.png, again.narrow) == (first.svg, first.png, first.narrow)
            assert again.data.equals(first.data) and again.alternative == first.alternative
        figures.forest(RATIOS.head(2), no_effect=BAND)
    (one, other) = sorted(tmp_path.iterdir())
    assert len(drawings) == 3
    with kept_in(tmp_path):
        figures.forest(RATIOS, no_effect=BAND)
    assert len(drawings) == 3
    # What was not used this time is gone.
    assert len(list(tmp_path.iterdir())) == 1
    for file in (one, other):
        file.write_bytes(b"torn")
    with kept_in(tmp_path):
        assert figures.forest(RATIOS, no_effect=BAND).png == first.png
    assert len(drawings) == 4


def test_an_empty_cell_says_no_event_and_draws_nothing() -> None:
    rows = RATIOS.assign(exposed_events=[0, *RATIOS["exposed_events"][1:]])
    drawing = figures.forest(rows, no_effect=BAND)
    assert "UN troops, lag of 6 months: no event, 0 ended" in drawing.alternative
    with house_style():
        figure = plot_forest(rows, no_effect=BAND)
    points = [line.get_xdata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert 1.21 not in np.round(points, 6)


def test_a_forest_has_the_wider_interval_as_ticks_around_the_bar() -> None:
    rows = RATIOS.head(1).assign(low_95=0.8, high_95=1.8)
    with house_style():
        figure = plot_forest(rows, no_effect=BAND)
    lines = figure.axes[0].lines
    ends = {tuple(np.round(line.get_xdata(), 6)) for line in lines if len(line.get_xdata()) == 2}
    assert (0.8, 1.8) in ends
    ticks = [line.get_xdata()[0] for line in lines if line.get_marker() == "|"]
    assert np.allclose(sorted(ticks), [rows["ci_low"].iloc[0], rows["ci_high"].iloc[0]])
    assert "Bars: intervals of 95 %. Ticks, and numbers alongside them: of 98.3 %." in figures_text(
        figure
    )


def test_a_key_speaks_of_ticks_only_where_there_are_some() -> None:
    usual = RATIOS.head(1).assign(level=0.95)
    usual = usual.assign(low_95=usual["ci_low"], high_95=usual["ci_high"])
    assert intervals_shown(usual).startswith("Bars: intervals of 95 %, as the row's own")
    unknown = RATIOS.head(2).assign(low_95=[0.8, np.nan], high_95=[1.8, np.nan])
    assert (
        intervals_shown(unknown)
        == "Bars: intervals of 95 % or 98.3 %. Ticks, and numbers alongside them: of 98.3 %."
    )
    alone = RATIOS.head(1).drop(columns=["low_95", "high_95"])
    assert intervals_shown(alone).startswith("Bars: intervals of 98.3 %, as the row's own")


def test_a_main_claim_has_ticks_in_the_answers_too() -> None:
    rows = answer_rows().assign(low_95=np.nan, high_95=np.nan)
    rows.loc[0, ["low_95", "high_95", "level"]] = [0.9, 4.0, 1 - 0.05 / 3]
    with house_style():
        lines = plot_answers(rows, no_effect=BAND).axes[0].lines
    ends = {tuple(np.round(line.get_xdata(), 6)) for line in lines if len(line.get_xdata()) == 2}
    ticks = [line.get_xdata()[0] for line in lines if line.get_marker() == "|"]
    assert (0.9, 4.0) in ends and np.allclose(ticks, [0.7])


def figures_text(figure: Figure) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def answer_rows() -> pd.DataFrame:
    """Claims of every kind: a ratio, a share, points, no event, void."""
    base = {"hypothesis": "h1", "is_primary": False, "side": "above", "level": 0.95, "unit": ""}
    counts = {"n_units": 523, "n_events": 466, "exposed_units": 41}
    ratio = {"estimand": "hazard_ratio", "estimate": 1.2, "ci_low": 0.7, "ci_high": 40.0}
    points = {"estimand": "probability_difference", "estimate": 0.08}
    rows = [
        {"claim": "C1", "standing": "inconclusive", **ratio, "exposed_events": 9, "unit": "host"},
        {"claim": "C2", "standing": "described", "estimand": None, "exposed_events": None},
        {"claim": "C3", "standing": "secondary", **points, "ci_low": -0.1, "ci_high": 0.3},
        {"claim": "C4", "standing": "secondary", **ratio, "exposed_events": 0},
        {"claim": "", "standing": "void", **ratio, "exposed_events": 9},
    ]
    made = [{**base, **counts, "label": "Wars go on by the sea.", **row} for row in rows]
    answers = [verdicts.label(row["standing"]) for row in rows]
    return pd.DataFrame(made).assign(answer=answers, expected_events=4.7)


def test_every_claim_has_a_row_whatever_it_is_measured_in() -> None:
    drawing = figures.answers(answer_rows(), no_effect=BAND)
    told = drawing.alternative
    both = verdicts.label("inconclusive")
    assert f"C1 Wars go on by the sea. 1.20 (0.70 to 40.00), 523 hosts: {both}" in told
    # An estimate that is no primary may compare pairs, votes or seats: its number has no noun.
    assert "(−10.0 to 30.0), 523: A lead, not a test" in told and "wars:" not in told
    assert "a share, described" in told and "8.0 points (−10.0 to 30.0)" in told
    assert "no event" in told and "not reported, 523: Void" in told
    assert drawing.narrow and drawing.narrow != drawing.svg


def test_too_few_cases_have_counts_and_no_bar() -> None:
    rows = answer_rows().head(1)
    few = rows.assign(answer=verdicts.TOO_FEW)
    assert "9 seen, 4.7 expected" in figures.answers(few, no_effect=BAND).alternative
    assert "1.20" not in figures.answers(few, no_effect=BAND).alternative

    def bars(shown: pd.DataFrame) -> int:
        with house_style():
            return len(plot_answers(shown, no_effect=BAND).axes[0].lines)

    assert bars(few) < bars(rows)


@pytest.mark.parametrize("is_narrow", [True, False])
def test_a_long_claim_keeps_off_the_axis_and_every_column_off_the_edge(is_narrow: bool) -> None:
    long = "Wars last longer after a draft on them is vetoed, whoever vetoed it, and wherever."
    rows = answer_rows().assign(label=long, is_primary=True, side="below")
    rows.loc[4, "standing"] = "not-estimable"
    with house_style():
        figure = plot_answers(rows, no_effect=BAND, is_narrow=is_narrow)
        figure.set_dpi(100)
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
    (axes,) = figure.axes
    claims = [t.get_window_extent(renderer) for t in axes.texts if "draft" in t.get_text()]
    assert len(claims) == len(rows)
    right = figure.bbox.x1 if is_narrow else axes.get_window_extent(renderer).x0 - 10
    assert all(box.x0 >= 0 and box.x1 <= right for box in claims)
    assert all(t.get_window_extent(renderer).x1 <= figure.bbox.x1 for t in axes.texts)
    if not is_narrow:
        ends = axes.get_window_extent(renderer).x1 + 5
        beside = [t.get_window_extent(renderer) for t in axes.texts if "40.00" in t.get_text()]
        assert beside and all(box.x0 > ends for box in beside)


def test_a_reason_in_the_place_of_a_figure_keeps_off_its_edge() -> None:
    reason = "withdrawn: " + "common summer mammals swim among warm Pacific waves " * 4
    pixels = imread(io.BytesIO(figures.withheld(reason).png))[..., :3]
    background = pixels[0, 0]
    is_drawn = (np.abs(pixels - background) > 0.1).any(axis=(0, 2))
    assert is_drawn.any() and not is_drawn[-20:].any()


@pytest.mark.parametrize("is_timed", [True, False])
def test_the_design_counts_every_step_and_both_sides(is_timed: bool) -> None:
    drawing = figures.design_flow(
        study.attrition_rows(),
        RATIOS.iloc[0],
        contrast=Compared("wars with troops", "wars without", ratios.of("hazard_ratio"), "war"),
        is_timed=is_timed,
    )
    assert "Every war on record: 620; … Within a state: 523" in drawing.alternative
    side = "Wars with troops: 41, of which 23 ended; Wars without: 523, of which 443 ended"
    assert (side in drawing.alternative) is is_timed
    assert ("all of them: 523, of which 466 ended" in drawing.alternative) is not is_timed


def test_the_response_is_described_at_both_values_that_the_text_contrasts() -> None:
    x = np.linspace(-2, 2, 5)
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "group": name,
                    "index": x,
                    "estimate": np.exp(slope * x),
                    "ci_low": np.exp(slope * x - 0.2),
                    "ci_high": np.exp(slope * x + 0.2),
                }
            )
            for name, slope in (("Straight line", 0.5), ("Restricted cubic spline", -0.25))
        ]
    )
    drawing = response_curves(rows, between=(-1.0, 2.0), no_effect=(0.8, 1.25), index="Salience")
    assert "Straight line: 0.61 at -1.0 and 2.72 at 2.0 standard deviations" in drawing.alternative
    assert "Restricted cubic spline: 1.28 at -1.0 and 0.61 at 2.0" in drawing.alternative
    assert len(drawing.data) == 10
    assert drawing.svg.startswith(b"<?xml")


def test_an_event_study_says_periods_reference_and_arrivals() -> None:
    periods = pd.DataFrame(
        {
            "first": [-12.0, 0.0],
            "last": [-1.0, 11.0],
            "estimate": [0.9, np.nan],
            "ci_low": [0.5, np.nan],
            "ci_high": [1.6, np.nan],
        }
    )
    months = pd.DataFrame({"month": range(-24, 12), "arrivals": [9] * 30 + [8] * 6, "ratio": 1.1})
    months.loc[[30, 31], "ratio"] = [0.0, np.nan]
    drawing = figures.event_study(periods, months, level=0.95, no_effect=BAND)
    assert "Reference, where one is expected: months −24 to −13." in drawing.alternative
    assert "months −12 to −1 0.90 (0.50 to 1.60); months 0 to 11 not estim" in drawing.alternative
    assert "Arrivals with a count: 8 to 9 in each month." in drawing.alternative
    assert drawing.narrow and drawing.is_wide and len(drawing.data) == 36
    assert drawing.data["is_reference"].sum() == 12
    assert drawing.data["period_estimate"].notna().sum() == 12
    with house_style():
        lines = plot_event_study(periods, months, level=0.95, no_effect=BAND).axes[0].lines
    beyond = [line for line in lines if line.get_marker() == "v"]
    assert [list(line.get_xdata()) for line in beyond] == [[6]]
    dots = next(line for line in lines if line.get_marker() == "o")
    assert len(dots.get_xdata()) == 34


def test_a_rare_act_has_an_axis_that_shows_it() -> None:
    rows = study.curve_rows()
    rare = rows[rows["curve"] == rows["curve"].iloc[0]].assign(
        estimate=lambda r: 0.1 * r["estimate"], ci_low=0.0, ci_high=0.2
    )
    tops = []
    for frame in (rare, rare.assign(ci_high=0.4), rare.assign(ci_high=0.6)):
        figure = plot_survival(frame, share="Wars with an act", top=axis_top(frame))
        tops.append(figure.axes[0].get_ylim()[1])
    assert tops == [0.25, 0.5, 1.0]


def test_only_ratios_of_the_end_of_war_are_said_to_end_wars() -> None:
    frame = pd.DataFrame({"estimand": ["hazard_ratio", "hazard_ratio_of_outcome"]})
    assert is_of_ends(frame.head(1)) and not is_of_ends(frame)
    assert is_of_ends(frame.loc[0]) and not is_of_ends(frame.loc[1])
    assert ratios_of(frame) == "ratios"


@pytest.mark.parametrize("inches", [0.9, 1.4, 2.5, 6.0])
@pytest.mark.parametrize(("low", "high"), [(0.7, 1.4), (0.26, 1.87), (0.3, 3.0), (0.05, 19.0)])
def test_marks_of_an_axis_of_ratios_keep_apart(inches: float, low: float, high: float) -> None:
    figure = style.canvas(1.0, inches)
    axes = figure.add_axes((0, 0, 1, 1))
    left, right = style.hazard_ratio_axis(axes, low, high)
    ticks = axes.get_xticks()
    places = (np.log(ticks) - np.log(left)) / (np.log(right) - np.log(left)) * inches * 72
    assert 1 in ticks
    assert np.diff(places, prepend=-np.inf).min() >= style.TICK_POINTS


def test_a_png_says_what_it_is_from_below_the_picture() -> None:
    """A strip of 0.225 inches at 240 dots an inch holds a line; the picture above is untouched."""
    assert SOURCE.endswith(f"{TEXT_LICENSE}.")
    figure = style.canvas(2.0)
    figure.text(0.5, 0.5, "drawn")
    plain = style.export(figure, pd.DataFrame(), "", names_source=True)
    sourced = style.export(figure, pd.DataFrame(), "")
    before, after = (imread(io.BytesIO(one.png))[..., :3] for one in (plain, sourced))
    assert (before.shape[0], after.shape[0]) == (480, 480 + 54)
    assert (after[: before.shape[0]] == before).all()
    assert (after[before.shape[0] :] < 0.6).any()
    assert plain.svg == sourced.svg
