"""Plain English in pages, texts and sources: words that readers stumbled over stay out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from collsec.reports.pages.generated import moved

#: What is not written, and what is written in its place.
BANNED = {
    r"cr(y|ies) wolf": "rejects although there is no effect",
    r"\btold\b|\btell[s]? apart\b": "reported, distinguished",
    r"\b(set|kept|shown) apart\b": "distinguished, shown separately",
    r"\bbeside\b": "alongside",
    r"\bparted\b": "split",
    r"\banew\b": "again",
    r"\bat hand\b": "available",
    r"\b(mend|mended|torn)\b": "corrected, corrupt",
    r"nineteen in twenty": "the level as a variable",
    r"excludes? no effect": "excludes a hazard ratio of one",
    r"ends while exposed|while exposed ended": "exposed terminations",
    r"worth the name": "large enough to matter",
    r"\b(bent|bend)\b": "nonlinear",
}
TEXTS = [
    "analyses/*.qmd",
    "analyses/*/*.qmd",
    "analyses/_cases.yml",
    "reports/*.qmd",
    "docs/*.qmd",
    "reports/README.md",
    "README.md",
    "CONTRIBUTING.md",
    "data/raw/schemas/claims.json",
    "data/raw/CODING-claims.md",
]
#: The columns of the ledger in the study's own words; quotes are the article's.
OWN = ("statement", "estimand", "expected", "description", "reason", "note")


def found(text: str) -> list[str]:
    """The banned words of a text."""
    return [m.group() for word in BANNED for m in re.finditer(word, text, re.IGNORECASE)]


def prose(text: str) -> str:
    """A source without its shortcodes, addresses and identifiers."""
    return re.sub(r"\{\{<.*?>\}\}|\{#[^}]*\}|\]\([^)]*\)|@[\w-]+", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("pattern", TEXTS)
def test_texts_are_plain(repository: Path, pattern: str) -> None:
    paths = sorted(repository.glob(pattern))
    assert paths
    assert {p.name: found(prose(p.read_text(encoding="utf-8"))) for p in paths} == {
        p.name: [] for p in paths
    }


def test_claims_are_plain(repository: Path) -> None:
    import pandas as pd

    claims = pd.read_csv(repository / "data/raw/coded/claims.csv", dtype=str).fillna("")
    cells = {
        f"{row['claim_id']}.{column}": found(row[column])
        for row in claims.to_dict(orient="records")
        for column in OWN
    }
    assert {place: words for place, words in cells.items() if words} == {}


def strings(path: Path) -> list[tuple[int, str]]:
    """Every text of a module, docstrings included, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_texts_in_the_sources_of_reports_are_plain(repository: Path) -> None:
    rooms = [repository / "src" / "collsec" / name for name in ("reports", "evidence", "cli")]
    complaints = [
        f"{path.name}:{line}: {words}"
        for room in rooms
        for path in sorted(room.rglob("*.py"))
        for line, text in strings(path)
        if (words := found(text))
    ]
    assert complaints == []


def test_results_that_changed_are_plain(repository: Path) -> None:
    """The page of changes prints them from the changelog."""
    text = moved(repository / "CHANGELOG.md")
    assert text.count("\n- ") > 20
    assert found(prose(text)) == []


def test_built_pages_are_plain(pristine: Path) -> None:
    pages = sorted((pristine / "reports" / "site").glob("*.html"))
    assert "claims.html" in [page.name for page in pages]
    for page in pages:
        text = re.sub(r"<(style|script|q)\b.*?</\1>|<[^>]+>", " ", page.read_text(encoding="utf-8"))
        assert found(re.sub(r"“[^”]*”", "", text)) == [], page.name


def test_a_banned_word_is_found() -> None:
    assert found("Such wars are told apart") == ["told"]
    assert prose("a {{< var h1.told >}} b [c](told.md){#fig-told}") == "a  b [c"
