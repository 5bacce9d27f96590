"""R as a second engine: a script gets the paths of a CSV of rows and of the answers to write."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

Answers = dict[str, dict[str, "pd.Series[float]"]]


@functools.cache
def why_not() -> str:
    """What keeps R from answering; empty if nothing does."""
    if shutil.which("Rscript") is None:
        return "Rscript is not on PATH (Debian: r-base-core r-cran-survival)"
    probe = subprocess.run(["Rscript", "-e", "library(survival)"], capture_output=True, check=False)
    return "R has no package survival (Debian: r-cran-survival)" if probe.returncode else ""


def answer(script: Path, rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """What an R script writes of some rows; the test is skipped where R is absent."""
    if why_not():
        pytest.skip(why_not())
    rows.to_csv(folder / "rows.csv", index=False)
    command = ["Rscript", script, folder / "rows.csv", folder / "answers.csv"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return pd.read_csv(folder / "answers.csv")


def by_case(answers: pd.DataFrame) -> Answers:
    """Answers with columns ``case, quantity, position, value``, by case and quantity."""
    return {
        str(case): {
            str(quantity): part.sort_values("position")["value"].reset_index(drop=True)
            for quantity, part in of_case.groupby("quantity")
        }
        for case, of_case in answers.groupby("case")
    }
