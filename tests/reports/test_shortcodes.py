"""Quarto's shortcodes, resolved without Quarto."""

from __future__ import annotations

import pytest

from collsec.reports.pages.source import BadProse, nested, resolve

VARIABLES = {"h1.primary.hr": "1.21", "h1.n": "523"}
FILES = {"_a.md": "A is {{< var h1.n >}}\n", "_loop.md": "{{< include _missing.md >}}\n"}


def resolved(text: str) -> str:
    return resolve(
        text,
        variables=VARIABLES,
        where=lambda shortcode: f"x.qmd ({shortcode})",
        include=FILES.get,
        meta={"title": "T", "list": [1]},
    )


def test_variables_includes_and_metadata_are_put_in_place() -> None:
    text = "{{< var h1.primary.hr >}}; {{<  include   _a.md  >}}; {{< meta title >}}"
    assert resolved(text) == "1.21; A is 523; T"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{< var h1.primry.hr >}}", r"unknown variable 'h1\.primry\.hr'.*h1\.primary\.hr"),
        ("{{< include _b.md >}}", "'_b.md' does not exist"),
        ("{{< include _loop.md >}}", "_loop.md: included file '_missing.md'"),
        ("{{< meta list >}}", "no text 'list'"),
        ("{{< video x >}}", "shortcode 'video'"),
    ],
)
def test_what_does_not_exist_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(BadProse, match=problem):
        resolved(text)


def test_a_name_that_is_also_a_beginning_is_refused() -> None:
    with pytest.raises(BadProse, match="itself a variable"):
        nested({"h1.a": "1", "h1.a.b": "2"})
    with pytest.raises(BadProse, match="beginning"):
        nested({"h1.a.b": "2", "h1.a": "1"})
