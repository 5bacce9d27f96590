"""R as a second engine: scripts next to the tests, run where Rscript is on PATH."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from r_engine import Answers, answer, by_case

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def ask_r(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, pd.DataFrame], Answers]:
    """Return a function that runs an R script of this folder on a frame and reads its answers."""

    def ask(script: str, rows: pd.DataFrame) -> Answers:
        folder = tmp_path_factory.mktemp(script.removesuffix(".R"))
        return by_case(answer(HERE / script, rows, folder))

    return ask
