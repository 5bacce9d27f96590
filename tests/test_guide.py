"""The guide: its blocks run on the study's tables and print the words that it shows."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path

import pytest

import riskset
from riskset import EstimationWarning

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "guide.md"
PAIR = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)


def words(text: str) -> list[str]:
    """What does not move with the data: everything but numbers, and spaces and signs."""
    return re.findall(r"[^\W\d_][^\W\d]*", re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", " ", text))


def test_blocks_run_and_print_what_the_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.delenv("COLLSEC_ROOT", raising=False)
    names: dict[str, object] = {}
    pairs = PAIR.findall(PAGE.read_text(encoding="utf-8"))
    assert len(pairs) >= 8
    for code, shown in pairs:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore", EstimationWarning)
            exec(compile(code, PAGE.name, "exec"), names)
        assert words(said.getvalue()) == words(shown), code


def test_every_function_that_the_page_names_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("## How long")[0] + text.split("## From R")[1].split("Three defaults")[0]
    first = {
        name
        for line in table.splitlines()
        if line.startswith("| ") and " | " in line
        for name in re.findall(r"`([a-z_0-9]+)[`(]", line)
    }
    ours = {name for name in first if hasattr(riskset, name)}
    assert {"kaplan_meier", "sequential_trials", "case_cohort", "transition_hazards"} <= ours
    estimators = set(riskset.__all__) - set(riskset.inference.__all__) - {"__version__"}
    modelled = {n for n in estimators if (n.islower() and "_" in n) or n == "aft"}
    helpers = {"fit_design", "restricted_cubic", "spline_knots", "switches_on", "journal_table",
               "complete_cases", "pseudo_values", "event_stack", "wald_interval",
               "wald_p_value"}  # fmt: skip
    assert modelled - helpers - ours == set()
