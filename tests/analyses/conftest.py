"""The modules of the pages as ``collsec_page.<hypothesis>.<module>``; R as a second engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from collsec.hypothesis.extension import load_modules
from collsec.hypothesis.specification import read
from r_engine import answer
from study import PROJECT

for name in ("h1", "h2", "h3"):
    load_modules(PROJECT, *read(PROJECT, name))

HERE = Path(__file__).resolve().parent
CoxByR = Callable[..., "pd.Series[float]"]


@pytest.fixture(scope="session")
def cox_by_r(tmp_path_factory: pytest.TempPathFactory) -> CoxByR:
    """Return a function that fits a stratified Cox model in R.

    It takes rows with ``start, stop, event``, the covariates, the strata, and the cluster, and
    returns the coefficients ``x1, x2, …`` and the ``robust_error`` of the first.
    """

    def fit(
        rows: pd.DataFrame, covariates: Sequence[str], strata: Sequence[str], cluster: str
    ) -> pd.Series:
        folder = tmp_path_factory.mktemp("cox")
        table = rows[["start", "stop"]].assign(
            event=rows["event"].astype(int),
            stratum=rows.groupby(list(strata)).ngroup() if strata else 0,
            cluster=rows[cluster].to_numpy(),
            **{f"x{i}": rows[name].to_numpy(float) for i, name in enumerate(covariates, 1)},
        )
        return answer(HERE / "one_model.R", table, folder).set_index("quantity")["value"]

    return fit
