"""What the text of a report may not do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collsec.reports.pages import prose
from collsec.reports.pages.prose import prose_numbers
from collsec.reports.pages.source import BadProse, Qmd, read_qmd
from study import REPOSITORY

IMAGES = ["figures/h1-lags.svg"]
FIGURE = '![Lags.](figures/h1-lags.svg){#fig-lags fig-alt="Two points."}'


def source(body: str, title: str = "A title") -> Qmd:
    return Qmd("analyses/h1-x.qmd", "h1-x", {"title": title}, body, 10)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("The ratio is 1.85.", ["1.85"]),
        ("It fell by .05 points", [".05"]),
        ("From 0.8 to 1.25", ["0.8", "1.25"]),
        ("Some 1,234.5 months", ["1,234.5"]),
        ("It rose by 12 % then", ["12 %"]),
        ("It rose by 12% then", ["12%"]),
        ("about 40 percent", ["40 percent"]),
        ("about forty per cent", ["forty per cent"]),
        ("by 2.5 percentage points", ["2.5 percentage points"]),
        ("*1.85* and **2.5**", ["1.85", "2.5"]),
        ("## A result of 1.85\n\ntext", ["1.85"]),
        ("a note[^1]\n\n[^1]: of 1.85", ["1.85"]),
        ("| a |\n|---|\n| 1.85 |", ["1.85"]),
        ("$\\beta = 1.85$ inline", ["1.85"]),
        ("![Ratio 1.85](a.svg){#fig-a fig-alt='x'}", ["1.85"]),
        ("![Ratio](a.svg){#fig-a fig-alt='It is 1.85'}", ["1.85"]),
        ("::: {.callout-note title='It is 1.85'}\ntext\n:::", ["1.85"]),
        ("see [@cox1972, 12.5]", ["12.5"]),
        ("1·85 in the British way", ["1·85"]),
    ],
)
def test_typed_decimals_and_percentages_are_found_wherever_prose_stands(
    text: str, numbers: list[str]
) -> None:
    assert prose_numbers(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "In 1993 there were 523 wars, 1,234 draws and lags of 0, 3, 6 and 12 months.",
        "HR 1 means no effect; resolution 678 (1990), S/RES/678, S/PV.3453, A/63/PV.1.",
        "On 25 October 1971, or 1971-10-25, at 10:30.",
        "UCDP/PRIO version 25.1 is used.",
        "Release 1.2.3 of the package",
        "The hazard ratio is {{< var h1.lag_00.hr >}} ({{< var h1.0.5 >}}).",
        "`0.05` in code\n\n```\nx = 1.85\n```",
        "$$ \\lambda = 0.5 x $$",
        "[a link](https://example.org/10.1177/0022343302039005007)",
        "<https://doi.org/10.1111/j.2517-6161.1972.tb00899.x>",
        "![A figure](a-1.85.svg){#fig-a width=0.5 fig-alt='x'}",
        "Section 2.1.3 is fine, and a 25th death",
    ],
)
def test_numbers_that_are_no_results_are_free(text: str) -> None:
    assert prose_numbers(text) == []


def test_a_typed_number_names_file_line_and_the_variable_that_holds_it() -> None:
    text = source("One line.\n\nThe ratio is 1.85 here.\n")
    message = r"h1-x\.qmd, line 12: '1\.85' is typed by hand.*\{\{< var h1\.primary\.hr >\}\}"
    with pytest.raises(BadProse, match=message):
        prose.check(text, {"h1.primary.hr": "1.85"}, IMAGES)


def test_a_number_in_the_title_is_refused() -> None:
    with pytest.raises(BadProse, match="12 %"):
        prose.check(source("Text.\n", title="Wars end 12 % sooner"), {}, IMAGES)


@pytest.mark.parametrize(
    "text", ["See @fig-x [@cox1972].", "See @fig-x[@cox1972].", "See @tbl-a [p. 3; @cox1972]."]
)
def test_a_citation_behind_a_cross_reference_is_refused(text: str) -> None:
    with pytest.raises(BadProse, match="swallowed"):
        prose.check(source(text), {}, IMAGES)


@pytest.mark.parametrize("text", ["See @fig-x and [@cox1972].", "[@fig-x] shows it [@cox1972]."])
def test_a_citation_with_a_word_between_is_fine(text: str) -> None:
    prose.check(source(text), {}, IMAGES)


def test_an_image_that_is_not_made_names_the_nearest_that_is() -> None:
    body = "Text.\n\n" + FIGURE.replace("lags.svg", "lag.svg")
    with pytest.raises(BadProse, match=r"line 12: no image 'figures/h1-lag\.svg' .*h1-lags\.svg"):
        prose.check(source(body), {}, IMAGES)


def test_a_figure_needs_an_alternative_text_and_an_identifier() -> None:
    with pytest.raises(BadProse, match="needs fig-alt"):
        prose.check(source(FIGURE.replace('fig-alt="Two points."', "")), {}, IMAGES)
    with pytest.raises(BadProse, match="needs an identifier"):
        prose.check(source(FIGURE.replace("#fig-lags", "")), {}, IMAGES)


def test_a_variable_serves_as_alternative_text() -> None:
    body = FIGURE.replace("Two points.", "{{< var h1.alt.lags >}}")
    prose.check(source(body), {}, IMAGES)


def test_headings_start_below_the_title_and_skip_no_level() -> None:
    with pytest.raises(BadProse, match="title's level"):
        prose.check(source("# Question\n"), {}, IMAGES)
    with pytest.raises(BadProse, match=r"line 12: heading 'Deep' skips"):
        prose.check(source("## Question\n\n#### Deep\n"), {}, IMAGES)
    prose.check(source("## A\n\n### B\n\n## C\n\n::: {.callout-note}\n#### D\n:::\n"), {}, IMAGES)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("No front matter", "no front matter"),
        ("---\nfoo: 1\n---\ntext", "no `title`"),
        ("---\ntitle: [\n---\ntext", "not valid YAML"),
    ],
)
def test_a_file_without_usable_front_matter_is_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "x.qmd"
    path.write_text(text)
    with pytest.raises(BadProse, match=problem):
        read_qmd(path, "analyses/x.qmd")


def test_places_count_lines_of_the_file_not_of_the_body(tmp_path: Path) -> None:
    path = tmp_path / "x.qmd"
    path.write_text("---\ntitle: T\nmore: 1\n---\n\nfirst\nsecond\n")
    assert read_qmd(path, "x.qmd").at("second") == "x.qmd, line 7"


@pytest.mark.parametrize("name", ["h1-deployment-delay", "h2-veto-use", "h3-p5-interest"])
def test_a_section_of_a_main_page_prints_a_dozen_numbers_at_most(name: str) -> None:
    """Captions, alternative texts and variables that are words or sentences do not count."""
    page = REPOSITORY / "analyses" / name.partition("-")[0] / f"{name}.qmd"
    body = page.read_text(encoding="utf-8").split("---", 2)[2]
    words = re.compile(
        r"\.(says|sentence|reasons|multiplicity|nonlinearity|declared|outcome|\w+_says)$"
    )
    printed: dict[str, int] = {}
    section = ""
    for line in body.splitlines():
        if line.startswith("#"):
            section = line
        if not line.startswith("!["):
            found = re.findall(r"\{\{< var ([\w.]+) >\}\}", line)
            own = [one for one in found if not words.search(one)]
            printed[section] = printed.get(section, 0) + len(own)
    assert {title: n for title, n in printed.items() if n > 12} == {}
