"""The Lua filter does to Quarto's Markdown what Quarto does, for HTML and for Typst."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collsec.reports import pandoc

GROUP = """\
::: {#fig-both layout-ncol=2}
![One](a.svg){#fig-one fig-alt="First"}

![Two](b.svg){#fig-two fig-alt="Second"}

Both of them.
:::

See @fig-both, @fig-two, and -@fig-one; [as in @fig-one; @fig-two].
"""


@pytest.fixture(scope="module")
def lua(repository: Path) -> Path:
    return repository / "reports" / "collsec.lua"


def converted(text: str, lua: Path, to: str = "html5") -> str:
    out = pandoc.run(text, ["--to", to, "--wrap", "none", "--lua-filter", str(lua)])
    return out.replace("\u00a0", " ").replace("~", " ")


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_figure_with_parts_is_one_figure_with_letters(lua: Path) -> None:
    html = converted(GROUP, lua)
    text = plain(html)
    assert "Figure 1. Both of them." in text
    assert "(a) One" in text and "(b) Two" in text
    assert "See Figure 1 , Figure 1b , and 1a ; as in Figure 1a , Figure 1b ." in text
    assert html.count("<figure") == 3
    assert 'alt="First"' in html and "repeat(2," in html


def test_a_figure_with_parts_is_a_grid_in_typst(lua: Path) -> None:
    typst = converted(GROUP, lua, "typst")
    assert "#grid(columns: 2" in typst
    assert '#picture("a.svg", "First", is-wide: false)' in typst and "<fig-both>" in typst
    assert "#link(<fig-two>)[Figure 1b]" in typst


def test_sections_are_numbered_below_the_title_and_skip_the_unnumbered(lua: Path) -> None:
    text = (
        "## A {#sec-a}\n\n### B {#sec-b}\n\n## C {.unnumbered}\n\n## D {#sec-d}\n\n@sec-b, @sec-d"
    )
    assert "Section 1.1 , Section 2" in plain(converted(text, lua))


def test_equations_carry_their_number_and_their_source_as_alternative(lua: Path) -> None:
    text = "$$ a = \\beta $$ {#eq-a}\n\n@eq-a with $b$."
    html = converted(text, lua)
    assert 'id="eq-a"' in html and "(1)" in html and "{#eq" not in html
    typst = converted(text, lua, "typst")
    assert 'alt: " a = \\\\beta "' in typst and 'numbering: _ => "(1)"' in typst
    assert "<eq-a>" in typst and 'alt: "b"' in typst


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ('{.callout-warning title="Mind *this*"}', "Mind this"),
        ("{.callout-warning}\n## Mind this", "Mind this"),
        ("{.callout-warning}", "Warning"),
    ],
)
def test_a_callout_has_a_title_and_no_heading(lua: Path, head: str, title: str) -> None:
    text = f"::: {head}\n\nThe body.\n:::\n"
    html = converted(text, lua)
    assert title in plain(html)
    assert "<h2" not in html and 'role="note"' in html
    assert '#callout("warning", [' in converted(text, lua, "typst")


def test_a_tabset_is_its_tabs_one_after_the_other_in_typst(lua: Path) -> None:
    text = "::: {.panel-tabset}\n## One\n\nFirst.\n\n## Two\n\nSecond.\n:::\n"
    typst = converted(text, lua, "typst")
    assert typst.index("One") < typst.index("First.") < typst.index("Two") < typst.index("Second.")
    assert "= One" not in typst


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ('.content-visible when-format="html"', "html5"),
        ('.content-visible unless-format="typst"', "html5"),
        ('.content-hidden when-format="html"', "typst"),
        ('.content-visible when-format="typst"', "typst"),
    ],
)
def test_content_is_shown_in_its_format_only(lua: Path, attributes: str, shown: str) -> None:
    for to in ("html5", "typst"):
        for text in (f"::: {{{attributes}}}\nmarked\n:::\n", f"Text [marked]{{{attributes}}}."):
            assert ("marked" in converted(text, lua, to)) == (to == shown)


def test_a_table_has_scopes_a_label_and_its_caption_outside_the_frame(lua: Path) -> None:
    text = "| a | b |\n|---|---|\n| c | 1 |\n\n: Caption {#tbl-t}\n\n@tbl-t"
    html = converted(text, lua)
    assert 'scope="col"' in html and 'scope="row"' in html
    assert html.index("Table 1.") < html.index('class="table-frame"')
    assert html.count('id="tbl-t"') == 1 and 'aria-labelledby="tbl-t-caption"' in html


def test_a_long_table_may_go_over_the_page_and_a_short_one_may_not(lua: Path) -> None:
    def table(rows: int) -> str:
        return "| a |\n|---|\n" + "| x |\n" * rows + "\n: C {#tbl-t}\n"

    assert "breakable: true" in converted(table(40), lua, "typst")
    assert "breakable: true" not in converted(table(10), lua, "typst")


def test_links_between_pages_go_to_pages(lua: Path) -> None:
    text = "[H1](h1-x.qmd#sec-a) and [data](data/x.csv){.file}"
    assert 'href="h1-x.html#sec-a"' in converted(text, lua)
    typst = converted(text, lua, "typst")
    assert "H1 and data" in typst and "link" not in typst


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("@fig-none", "@fig-none refers to nothing"),
        ("## A {#sec-a}\n\n## B {#sec-a}", "'sec-a' is given twice"),
        ("::: {.panel-tabset}\ntext\n:::", "must begin with a heading"),
        ('::: {.content-visible when-format="pdf"}\nx\n:::', "only html and typst"),
        ("::: {#fig-g}\n![a](a.svg){#fig-a}\n:::", "must end with a paragraph"),
    ],
)
def test_a_problem_ends_the_run_with_one_line(lua: Path, text: str, problem: str) -> None:
    with pytest.raises(pandoc.PandocFailed, match=problem):
        converted(text, lua)


def test_all_problems_of_a_text_are_told_at_once(lua: Path) -> None:
    with pytest.raises(pandoc.PandocFailed) as failure:
        converted("@fig-a and @tbl-b", lua)
    assert len(failure.value.problems) == 2
