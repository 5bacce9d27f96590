"""The site of the documentation: `make docs` builds it from the repository as its source folder.

Pages stay where they are read on a forge, so that their links hold in both places. Everything the
site needs is among its files: formulas are MathML, fonts and icons come with the theme.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "packages" / "riskset" / "src")]

from collsec.core import __version__  # noqa: E402

project = "collsec and riskset"
author = "The collsec authors"
copyright = "The collsec authors. Code: MIT. Text: CC BY 4.0."
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "docs/notebooks/*.md",
    "docs/generated/*.rst",
    "packages/riskset/docs/**",
    "packages/riskset/benchmarks/*.md",
    "data/raw/*.md",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
]
exclude_patterns = [
    ".*",
    "analyses",
    "data/processed",
    "data/upstream",
    "docs/_build",
    "docs/figures",
    "node_modules",
    "profiles",
    "reports",
    "src",
    "tests",
    "**/.*",
]
templates_path = ["_templates"]

myst_enable_extensions = ["dollarmath", "attrs_block"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # a section of a page that is a specification begins low
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "executed")
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "collsec and riskset"
html_static_path = []
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],  # the wide one has another name than what it shows
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}

#: Commands that docutils does not know, by what stands for them; brackets take their own size.
_SAME = {r"\dots": r"\ldots", r"\Big": ""}

lexers["mermaid"] = TextLexer()


def _as_mathml(self: Any, node: nodes.Element, *, is_block: bool) -> None:
    """A formula that any browser shows without a script."""
    text = node.astext()
    for command, known in _SAME.items():
        text = text.replace(command, known)
    try:
        shown = tex2mathml(text, as_block=is_block)
    except MathError as error:
        raise ValueError(f"formula not understood ({error}): {node.astext()}") from None
    self.body.append(f'<div class="math">{shown}</div>' if is_block else shown)
    raise nodes.SkipNode


def _entrance(app: Any, error: Exception | None) -> None:
    """A page at the top of the site that leads to its first one."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "index.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>collsec and riskset'
            '</title><meta http-equiv="refresh" content="0; url=docs/index.html">'
            '<a href="docs/index.html">Documentation</a></html>\n',
            encoding="utf-8",
        )


def setup(app: Any) -> None:
    """Register the renderer of formulas and the entrance."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(lambda self, node: _as_mathml(self, node, is_block=False), None),
        block_renderers=(lambda self, node: _as_mathml(self, node, is_block=True), None),
    )
    app.connect("build-finished", _entrance)


html_math_renderer = "mathml"
