"""One door to pandoc: text in, text out, and every warning is an error."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any

import pypandoc

from collsec.core.errors import CollsecError
from collsec.reports.kept import kept

#: The dialect of the sources: pandoc's Markdown without anything that passes into a page unread.
DIALECT = (
    "markdown+table_attributes-raw_html-raw_tex-raw_attribute-native_divs-native_spans"
    "-latex_macros-markdown_in_html_blocks"
)
_PREFIX = "collsec: "
#: While one thread looks for pandoc, another would be given the first that was found, not the best.
_LOOKING = Lock()


class PandocFailed(CollsecError):
    """Pandoc refused a text.

    Attributes
    ----------
    problems : list of str
        One line a problem, as pandoc or the filter put it.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@cache
def executable() -> str:
    """Return the pandoc that the Python package brings."""
    with _LOOKING:
        return str(pypandoc.get_pandoc_path())


@cache
def version() -> str:
    """Return which pandoc that is."""
    with _LOOKING:
        return str(pypandoc.get_pandoc_version())


def run(text: str, arguments: Sequence[str]) -> str:
    """Run pandoc on a text.

    Raises
    ------
    PandocFailed
        If it fails, or warns.
    """
    environment = {"SOURCE_DATE_EPOCH": "0", "LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")}
    done = subprocess.run(
        [executable(), "--from", DIALECT, *arguments],
        input=text.encode(),
        capture_output=True,
        env=environment,
        check=False,
    )
    messages = [m for m in done.stderr.decode("utf-8", "replace").splitlines() if m.strip()]
    if done.returncode or messages:
        own = [m.removeprefix(_PREFIX) for m in messages if m.startswith(_PREFIX)]
        raise PandocFailed(own or messages or [f"pandoc ended with code {done.returncode}"])
    return done.stdout.decode()


def syntax_tree(text: str) -> Mapping[str, Any]:
    """Return pandoc's tree of a Markdown text."""
    known = f"{version()} {DIALECT} json {text}".encode()
    found = kept(known, lambda: run(text, ["--to", "json"]).encode())
    tree: Mapping[str, Any] = json.loads(found)
    return tree
