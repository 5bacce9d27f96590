"""Modules, names and files that a text refers to exist: docstrings, codebook, schemas, pages."""

from __future__ import annotations

import functools
import importlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
#: Sources with their docstrings and messages.
MODULES = ("src/**/*.py", "packages/riskset/src/**/*.py", "analyses/**/*.py")
#: What is written about them. The changelog is history: it names what was.
TEXTS = (
    *("README.md", "CONTRIBUTING.md", "docs/**/*.md", "packages/riskset/**/*.md"),
    *("reports/*.qmd", "reports/*.md", "analyses/**/*.qmd", "analyses/*.yml"),
    *("data/raw/**/*.md", "data/raw/**/*.json", "data/raw/**/*.toml", "data/raw/coded/*.csv"),
    *("Snakefile", "Makefile", "pyproject.toml"),
)
DOTTED = re.compile(r"(?<![\w/.@-])(?:collsec|riskset)(?:\.[A-Za-z_]\w*)+")
ROLE = re.compile(r":(?:func|class|data|mod|meth|attr|exc):`~?([A-Za-z_][\w.]*)`")
#: Files of the study that its own tree must hold; others are of a reader's study or made by a run.
FILE = re.compile(
    r"(?<![\w/.*{<-])"
    r"((?:src/collsec|tests|docs|packages|data/raw/(?:rules|schemas|coded|compiled))"
    r"/[\w./-]+\.(?:py|md|toml|csv|json|R))\b"
)
#: Files that are called after the package, and what the scripts of pages call their data.
NO_MODULES = {
    *("collsec.css", "collsec.lua"),
    *("collsec.conflict", "collsec.conflicts", "collsec.specifications"),
}


@functools.cache
def exists(dotted: str) -> bool:
    """Whether a dotted name leads to a module, or to a name within one."""
    if dotted in NO_MODULES or dotted.endswith("__main__"):  # importing it would run it
        return True
    parts = dotted.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for n in range(len(parts), 0, -1):
            try:
                found = importlib.import_module(".".join(parts[:n]))
            except ModuleNotFoundError:
                continue
            return leads(found, parts[n:])
    return False


def leads(found: object, names: list[str]) -> bool:
    """Whether names lead on, one attribute after another, fields of a class included."""
    for name in names:
        if not hasattr(found, name):
            return name in getattr(found, "__annotations__", {}) and name == names[-1]
        found = getattr(found, name)
    return True


def paths(patterns: tuple[str, ...]) -> list[Path]:
    return sorted({p for one in patterns for p in REPOSITORY.glob(one)})


def lines(patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every line of some files, with its place."""
    for path in paths(patterns):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(REPOSITORY)}:{number}", line


def module_of(path: Path) -> str:
    """The dotted name of a source file."""
    inside = path.parts[path.parts.index("src") + 1 :]
    return ".".join(inside).removesuffix(".py").removesuffix(".__init__")


def is_held(name: str, module: str) -> bool:
    """Whether a module, or a class of it, holds a name."""
    held = importlib.import_module(module)
    classes = [one for one in vars(held).values() if isinstance(one, type)]
    return any(leads(one, name.split(".")) for one in (held, *classes))


def test_named_modules_and_what_they_hold_exist() -> None:
    missing = [
        f"{place}: {name}"
        for place, line in lines(MODULES + TEXTS)
        for name in DOTTED.findall(line)
        if not exists(name)
    ]
    assert missing == []


def test_names_that_docstrings_link_exist() -> None:
    missing = []
    for path in paths(("src/**/*.py", "packages/riskset/src/**/*.py")):
        if path.name == "__main__.py":
            continue
        for name in ROLE.findall(path.read_text(encoding="utf-8")):
            if not exists(name) and not is_held(name, module_of(path)):
                missing.append(f"{path.relative_to(REPOSITORY)}: {name}")
    assert missing == []


def test_named_files_exist() -> None:
    missing = [
        f"{place}: {name}"
        for place, line in lines(MODULES + TEXTS)
        for name in FILE.findall(line)
        if not any((home / name).exists() for home in (REPOSITORY, REPOSITORY / "packages/riskset"))
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("collsec.histories.episodes", True),
        ("collsec.histories.episodes.link", True),
        ("collsec.episodes", False),
        ("collsec.histories.episodes.Linked", False),
        ("riskset.kaplan_meier", True),
        ("riskset.nowhere", False),
    ],
)
def test_a_name_that_is_gone_would_be_found(name: str, is_there: bool) -> None:
    assert DOTTED.findall(f"derived by {name}, since 1946") == [name]
    assert exists(name) is is_there
