"""The documentation page of the estimators: its examples run, and no public function is missing."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import riskset
import riskset.inference

LIBRARY = Path(__file__).resolve().parents[1]
PAGE = LIBRARY / "docs" / "estimators.md"
BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODULES = [module.name for module in pkgutil.iter_modules(riskset.inference.__path__)]


def blocks(text: str) -> str:
    """Return the page's prompts alone, each in its own line of the page."""
    kept, end = [], 0
    for block in BLOCK.finditer(text):
        kept.append("\n" * text.count("\n", end, block.start(1)) + block.group(1))
        end = block.end(1)
    return "".join(kept)


def test_the_examples_of_the_page_run_and_print_what_it_shows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    page = doctest.DocTestParser().get_doctest(blocks(text), {}, PAGE.name, str(PAGE), 0)
    assert len(page.examples) > 100
    said: list[str] = []
    result = doctest.DocTestRunner().run(page, out=said.append)
    assert result.failed == 0, "".join(said)


def test_every_public_function_has_an_example() -> None:
    code = blocks(PAGE.read_text(encoding="utf-8"))
    functions = {name for name in riskset.__all__ if inspect.isfunction(getattr(riskset, name))}
    assert {name for name in functions if f"{name}(" not in code} == set()


def test_links_within_the_page_lead_to_a_heading() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    assert {link for link in re.findall(r"\]\(#([^)]+)\)", text)} <= anchors
    for file in re.findall(r"\]\((\.\.[^)#]+)\)", text):
        assert (PAGE.parent / file).resolve().exists(), file


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_of_inference(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"riskset.inference.{name}")).failed == 0


def test_the_page_names_no_path_of_a_machine() -> None:
    for file in (PAGE, *Path(LIBRARY / "benchmarks").glob("*.md")):
        assert not re.search(r"/(?:home|root|tmp|work)/", file.read_text(encoding="utf-8"))
