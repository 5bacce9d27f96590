"""What a report's text may not do: state numbers by hand, hide a citation, leave a picture mute.

The rule for numbers. Refused in headings, text, captions, alternative text and the front matter's
title and abstract: decimals (`1.85`, `.05`) and percentages (`12 %`, `ten percent`). They must be
variables, so that none outlives the estimate that it came from. Whole numbers, years, dates and
document symbols (`S/RES/678`) are free, as is a decimal right after the word *version*. Code,
link targets, attributes and display equations are not prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from collsec.reports.pages.parse import BLANK, Prose, parse
from collsec.reports.pages.shortcodes import SHORTCODE, near
from collsec.reports.pages.source import BadProse, Source

_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|"
    "fifty|sixty|seventy|eighty|ninety|hundred"
)
_DECIMAL = re.compile(r"(?<![\w./·])(?<!version )(?:\d[\d,]*)?[.·]\d+(?![\w/]|\.\d)")
_PERCENTAGE = re.compile(
    rf"(?:\b\d[\d,.·]*|\b(?:{_WORDS}))[\s\u00a0\u202f-]*"
    r"(?:%|‰|percent\b|per\s+cent\b|percentage\s+points?\b)",
    re.IGNORECASE,
)
_HIDDEN_CITATION = re.compile(r"@(?:fig|tbl|sec|eq)-[\w-]+\s*\[[^\]]*@[^\]]*\]")


def prose_numbers(body: str) -> list[str]:
    """Return the decimals and percentages that are typed by hand in a Markdown text.

    Examples
    --------
    >>> prose_numbers("HR 1.85 in 523 wars, version 25.1, S/RES/678 (1990), 12 % more")
    ['1.85', '12 %']
    """
    return [number for text in parse(body).texts for number in typed_numbers(text)]


def typed_numbers(text: str) -> list[str]:
    """Return the refused numbers of a plain text, in order."""
    found = {m.span(): m.group().strip() for m in _PERCENTAGE.finditer(text)}
    for match in _DECIMAL.finditer(text):
        if not any(low <= match.start() < high for low, high in found):
            found[match.span()] = match.group().strip()
    return [found[span] for span in sorted(found)]


def check(source: Source, variables: Mapping[str, str], known_images: list[str]) -> Prose:
    """Refuse a text that breaks a rule.

    Raises
    ------
    BadProse
        At the first break, with file and line.
    """
    hidden = _HIDDEN_CITATION.search(source.body)
    if hidden:
        raise BadProse(
            f"{source.at(hidden.group())}: {hidden.group()!r}: a citation right behind a "
            "cross-reference is swallowed by it. Put a word between the two."
        )
    prose = parse(source.body)
    head = [str(source.front.get(key, "")) for key in ("title", "subtitle", "abstract")]
    for text in [*(SHORTCODE.sub(BLANK, h) for h in head), *prose.texts]:
        for number in typed_numbers(text):
            same = [name for name, value in variables.items() if value == number.rstrip(" %")]
            offer = f"{{{{< var {same[0] if same else '…'} >}}}}"
            pattern = r"\s+".join(re.escape(part) for part in number.split())
            raise BadProse(
                f"{source.at(pattern, pattern=True)}: {number!r} is typed by hand. "
                f"Numbers in prose are variables: write {offer}."
            )
    _check_headings(source, prose)
    for target, identifier, alternative in prose.images:
        place = source.at(f"]({target})")
        if target not in known_images:
            raise BadProse(f"{place}: no image {target!r} is made.{near(target, known_images)}")
        if not identifier.startswith("fig-"):
            raise BadProse(f"{place}: {target!r} needs an identifier, such as {{#fig-name}}.")
        if not alternative.strip():
            raise BadProse(
                f"{place}: {target!r} needs fig-alt, what it shows in words."
                " There is a variable for each figure, such as {{< var h1.alt.lags >}}."
            )
    return prose


def _check_headings(source: Source, prose: Prose) -> None:
    """Refuse a heading on the title's level, and a skipped level."""
    previous = 1
    for level, text in prose.levels:
        place = source.at(rf"(?m)^#+\s+{re.escape(text[:20])}", pattern=True)
        if level == 1:
            raise BadProse(f"{place}: heading {text!r} is on the title's level. Use `##`.")
        if level > previous + 1:
            raise BadProse(f"{place}: heading {text!r} skips a level.")
        previous = level


__all__ = ["check", "prose_numbers", "typed_numbers"]
