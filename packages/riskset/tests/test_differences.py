"""The page of differences: its numbers are the benchmark's, and what it says is here is here."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import riskset
from benchmarks import differences
from r_engine import why_not

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "differences.md").read_text(encoding="utf-8")
CODE = re.compile(r"`(\w+)(?:\(([^)]*)\))?`")
#: Six digits are kept; the last is rounded.
KEPT = 2e-5
pytestmark = pytest.mark.filterwarnings("ignore::riskset.EstimationWarning")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|\n").split("|")]


def close(found: differences.Answers, kept: differences.Answers) -> None:
    for quantity, value in found.items():
        if value == differences.REFUSED:
            assert kept[quantity] == value
        else:
            assert float(value) == pytest.approx(float(kept[quantity]), rel=KEPT), quantity


def test_our_numbers_are_those_of_the_table() -> None:
    found = differences.riskset(differences.sample())
    assert set(found) == set(differences.QUANTITIES)
    close(found, differences.table()["riskset"])


def test_numbers_of_r_are_those_of_the_table() -> None:
    if why_not():
        pytest.skip(why_not())
    close(differences.r_survival(differences.sample()), differences.table()["R"])


def test_numbers_of_the_rust_package_are_those_of_the_table() -> None:
    pytest.importorskip("survival")
    close(differences.rust_survival(differences.sample()), differences.table()["survival (Rust)"])


def test_the_page_prints_the_table() -> None:
    kept = differences.table()
    for quantity, words in differences.QUANTITIES.items():
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {words} |")]
        assert cells(line)[1:] == [kept[name][quantity] for name in differences.ENGINES]


def features() -> list[list[str]]:
    return [cells(line) for line in PAGE.split("## What each has")[1].splitlines() if "|" in line][
        2:
    ]


@pytest.mark.parametrize("row", features(), ids=lambda row: row[0])
def test_what_the_page_says_is_here_is_here(row: list[str]) -> None:
    assert len(row) == 6
    if row[1] == "—":
        return
    for name, options in CODE.findall(row[1]):
        known = inspect.signature(getattr(riskset, name)).parameters
        assert {option.strip(" =") for option in options.split(",") if option} <= set(known)


def test_what_the_page_says_is_missing_is_missing() -> None:
    words = {"penalized paths, forests": "net"}
    assert {row[0] for row in features() if row[1] == "—"} == set(words)
    for word in words.values():
        assert not any(word in name.lower() for name in riskset.__all__), word


def test_names_of_the_rust_package_exist() -> None:
    survival = pytest.importorskip("survival")
    for row in features():
        for path in re.findall(r"`([\w.]+)`", row[3]):
            owner, _, name = path.rpartition(".")
            where = importlib.import_module(f"survival.{owner}") if owner else survival
            assert hasattr(where, name), path
