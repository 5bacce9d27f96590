"""R as a second engine: scripts beside the tests that ask it, run where Rscript is on PATH."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pandas as pd
import pytest

Answers = dict[str, dict[str, "pd.Series[float]"]]


@pytest.fixture(scope="module")
def ask_r(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, pd.DataFrame], Answers]:
    """Return a function that runs an R script on a frame and reads its answers.

    The script gets the paths of a CSV of rows and of the CSV of answers to write, with columns
    ``case, quantity, position, value``.
    """
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not on PATH (Debian: r-base-core r-cran-survival)")
    probe = subprocess.run(
        ["Rscript", "-e", "library(survival)"], capture_output=True, text=True, check=False
    )
    if probe.returncode != 0:
        pytest.skip("R has no package survival (Debian: r-cran-survival)")

    def ask(script: str, rows: pd.DataFrame) -> Answers:
        folder = tmp_path_factory.mktemp(script.removesuffix(".R"))
        rows.to_csv(folder / "rows.csv", index=False)
        command = [
            "Rscript",
            request.path.parent / script,
            folder / "rows.csv",
            folder / "answers.csv",
        ]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        answers = pd.read_csv(folder / "answers.csv")
        return {
            str(case): {
                str(quantity): part.sort_values("position")["value"].reset_index(drop=True)
                for quantity, part in of_case.groupby("quantity")
            }
            for case, of_case in answers.groupby("case")
        }

    return ask
