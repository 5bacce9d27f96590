"""The parts of a Markdown text that the rules of prose are about, by pandoc's own reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collsec.reports.pages.shortcodes import SHORTCODE
from collsec.reports.render import pandoc

#: Stands for what is no prose: code, an equation, a shortcode.
BLANK = "\ufffc"
_WRAPPERS = {"Emph", "Strong", "Strikeout", "Underline", "SmallCaps", "Superscript", "Subscript"}


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
