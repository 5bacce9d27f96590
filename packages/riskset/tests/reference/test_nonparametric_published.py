"""Survival curves and log-rank test against a published study."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskset import kaplan_meier, logrank

#: Eleven stored digits.
STORED = {"rtol": 1e-9, "atol": 1e-10}


@pytest.fixture
def missions(shared: Path) -> pd.DataFrame:
    """Duration of 54 UN missions (Box-Steffensmeier & Jones 2004)."""
    return pd.read_csv(shared / "replication" / "bsj_un_missions.csv").dropna(subset=["duration"])


@pytest.fixture
def expected(shared: Path) -> dict:
    file = shared / "replication" / "expected.json"
    return json.loads(file.read_text())["bsj_un_missions"]["expected"]


def test_survival_of_un_missions(missions: pd.DataFrame, expected: dict) -> None:
    curve = kaplan_meier(missions, stop="duration", event="failed").table
    want = expected["km"]
    assert curve["time"].tolist() == want["time"]
    assert curve["n_risk"].tolist() == want["n_risk"]
    assert curve["n_event"].tolist() == want["n_event"]
    np.testing.assert_allclose(curve["survival"], want["surv"], **STORED)
    np.testing.assert_allclose(curve["std_error"], want["std_err"], **STORED)


def test_logrank_of_un_missions(missions: pd.DataFrame, expected: dict) -> None:
    kind = missions["civil"] + 2 * missions["interst"]
    test = logrank(missions.assign(kind=kind), group="kind", stop="duration", event="failed")
    assert test.df == expected["logrank"]["df"]
    assert test.chi2 == pytest.approx(expected["logrank"]["chisq"], rel=STORED["rtol"])
