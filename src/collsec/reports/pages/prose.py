"""What a report's text may not do: state numbers by hand, hide a citation, leave a picture mute.

The rule for numbers. Refused in headings, text, captions, alternative text and the front matter's
texts: decimals (`1.85`, `.05`) and percentages (`12 %`, `ten percent`). They must be
variables, so that none outlives the estimate that it came from. Whole numbers, years, dates and
document symbols (`S/RES/678`) are free, as is a decimal right after the word *version*. Code,
link targets, attributes and display equations are not prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from collsec.reports import pandoc
from collsec.reports.pages.source import SHORTCODE, TEXT_KEYS, BadProse, Qmd, near

#: Stands for what is no prose: code, an equation, a shortcode.
BLANK = "\ufffc"
_WRAPPERS = {"Emph", "Strong", "Strikeout", "Underline", "SmallCaps", "Superscript", "Subscript"}
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


@dataclass(slots=True)
class Prose:
    """The parts of a text that the rules are about.

    Attributes
    ----------
    texts : list of str
        Running text, one a block; code and display equations are left out.
    images : list of (target, identifier, alternative text)
        The identifier of the figure, empty for an image that is no figure.
    levels : list of (level, text)
        Headings in order.
    cited : set of str
        Keys of cited works, and identifiers that are referred to.
    """

    texts: list[str] = field(default_factory=list)
    images: list[tuple[str, str, str]] = field(default_factory=list)
    levels: list[tuple[int, str]] = field(default_factory=list)
    cited: set[str] = field(default_factory=set)

    @property
    def has_citations(self) -> bool:
        """Whether any work is cited."""
        return any(not re.match(r"(?:fig|tbl|sec|eq)-", key) for key in self.cited)


def parse(body: str) -> Prose:
    """Return the text, images and headings of a Markdown text; shortcodes become a blank mark."""
    tree = pandoc.syntax_tree(SHORTCODE.sub(BLANK, body))
    prose = Prose()
    _visit(tree["blocks"], prose, "")
    for node in _nodes(tree["blocks"]):
        if node["t"] == "Cite":
            prose.cited |= {citation["citationId"] for citation in node["c"][0]}
    return prose


def _visit(node: Any, prose: Prose, figure: str) -> None:
    """Walk pandoc's tree; `figure` is the identifier of the figure around an image."""
    if isinstance(node, list):
        for part in node:
            _visit(part, prose, figure)
        return
    if not isinstance(node, dict) or "t" not in node:
        return
    kind: str = node["t"]
    content: Any = node.get("c")
    if kind == "Header":
        prose.levels.append((content[0], _flat(content[2])))
        prose.texts.append(_flat(content[2]))
        _images(content[2], prose, figure)
    elif kind in ("Para", "Plain"):
        prose.texts.append(_flat(content))
        _images(content, prose, figure)
    elif kind == "LineBlock":
        for line in content:
            prose.texts.append(_flat(line))
    elif kind == "DefinitionList":
        for term, definitions in content:
            prose.texts.append(_flat(term))
            _images(term, prose, figure)
            _visit(definitions, prose, figure)
    elif kind == "Figure":
        _visit(content[2], prose, content[0][0])
        _visit(content[1][1], prose, content[0][0])
    elif kind == "Div" and any(c == "panel-tabset" for c in content[0][1]):
        # The headings of a tabset are its tabs, not part of the outline.
        inner = Prose()
        _visit(content[1], inner, figure)
        prose.texts += inner.texts
        prose.images += inner.images
    elif kind == "Div" and any(c.startswith("callout") for c in content[0][1]):
        inner = Prose()
        _visit(content[1], inner, figure)
        prose.texts += [*inner.texts, *(value for _, value in content[0][2])]
        prose.images += inner.images
    elif kind not in ("CodeBlock", "RawBlock"):
        _visit(content, prose, figure)


def _images(inlines: list[Any], prose: Prose, figure: str) -> None:
    """Collect the images among inlines, and their alternative texts as prose."""
    for node in _nodes(inlines):
        if node["t"] == "Image":
            (identifier, _, attributes), _, (target, _) = node["c"]
            alternative = dict(attributes).get("fig-alt", "")
            prose.images.append((target, figure or identifier, alternative))
            prose.texts.append(alternative)
        elif node["t"] == "Note":
            _visit(node["c"], prose, figure)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for part in node:
            yield from _nodes(part)
    elif isinstance(node, dict) and "t" in node:
        yield node
        yield from _nodes(node.get("c"))


def _flat(inlines: list[Any]) -> str:
    """Return the text of inlines, with a mark in place of code, images and equations."""
    parts = []
    for node in inlines:
        kind: str = node["t"]
        content: Any = node.get("c")
        if kind == "Str":
            parts.append(content)
        elif kind in ("Space", "SoftBreak", "LineBreak"):
            parts.append(" ")
        elif kind in _WRAPPERS:
            parts.append(_flat(content))
        elif kind in ("Quoted", "Span") or (kind == "Link" and "uri" not in content[0][1]):
            parts.append(_flat(content[1]))
        elif kind == "Math" and content[0]["t"] == "InlineMath":
            parts.append(content[1])
        elif kind == "Cite":
            parts.append(_flat([n for c in content[0] for n in c["citationSuffix"]]))
        else:
            parts.append(BLANK)
    return "".join(parts)


def n_words(body: str) -> int:
    """Return how many words of a Markdown text a reader sees; alternative texts are not seen."""
    prose = parse(body)
    unseen = sum(_n_words(alternative) for _, _, alternative in prose.images)
    return sum(map(_n_words, prose.texts)) - unseen


def _n_words(text: str) -> int:
    return sum(any(sign.isalnum() for sign in word) for word in text.split())


def check_length(source: Qmd, body: str, most: int | None) -> None:
    """Refuse a page that is longer than it may be.

    Raises
    ------
    BadProse
    """
    if most is not None and (n := n_words(body)) > most:
        raise BadProse(f"{source.name}: {n:,} words, at most {most:,} are read. Shorten it.")


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


def check(source: Qmd, variables: Mapping[str, str], known_images: list[str]) -> Prose:
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
    head = [str(source.front.get(key, "")) for key in TEXT_KEYS]
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
                " There is a variable for each figure: its name with `.alt.` after the hypothesis."
            )
    return prose


def _check_headings(source: Qmd, prose: Prose) -> None:
    """Refuse a heading on the title's level, and a skipped level."""
    previous = 1
    for level, text in prose.levels:
        place = source.at(rf"(?m)^#+\s+{re.escape(text[:20])}", pattern=True)
        if level == 1:
            raise BadProse(f"{place}: heading {text!r} is on the title's level. Use `##`.")
        if level > previous + 1:
            raise BadProse(f"{place}: heading {text!r} skips a level.")
        previous = level
