"""The Cox model against published studies and R's answers on shared data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph

#: Eight printed decimals: half a unit of the last.
PRINTED = 5.1e-9
#: Half a unit of the fifth and of the fourth printed decimal.
FIVE_DECIMALS, FOUR_DECIMALS = 5.1e-6, 5.1e-5
#: expected.json states "abs 1e-6 + rel 1e-5" (R's stopping rule on steep likelihoods).
PUBLISHED = {"atol": 1e-6, "rtol": 1e-5}

HEART = ["age", "surgery", "transplant"]

R_TABLE = [
    (
        "heart",
        "efron",
        {},
        [0.03053631, -0.77332765, 0.01609561],
        [0.01432807, 0.33324107, 0.30930969],
    ),
    (
        "heart",
        "breslow",
        {},
        [0.03053221, -0.77161000, 0.01441962],
        [0.01430694, 0.33264821, 0.30804321],
    ),
    ("sim", "efron", {}, [0.40764276, 0.29371533], [0.08226042, 0.21474668]),
    ("sim", "efron", {"weights": "w"}, [0.41243909, 0.20404718], [0.08417177, 0.23092680]),
    ("sim", "breslow", {}, [0.38986988, 0.28275507], [0.07764359, 0.20483951]),
    (
        "sim",
        "efron",
        {"weights": "w", "strata": "third"},
        [0.41568340, 0.16904321],
        [0.08430868, 0.22837771],
    ),
]


@pytest.mark.parametrize(("name", "ties", "options", "estimates", "errors"), R_TABLE)
def test_reference_table(shared: Path, name, ties, options, estimates, errors) -> None:
    data = pd.read_csv(shared / "reference" / f"{name}.csv")
    if name == "sim":
        data = data.assign(third=data["id"] % 3)
    covariates = HEART if name == "heart" else ["x", "z"]
    model = cox_ph(
        data,
        covariates,
        start="start",
        stop="stop",
        event="event" if name == "heart" else "ev1",
        cluster="id" if name == "heart" else "cl",
        ties=ties,
        **options,
    )
    np.testing.assert_allclose(model.params, estimates, rtol=0, atol=PRINTED)
    np.testing.assert_allclose(model.std_errors, errors, rtol=0, atol=PRINTED)


def test_proportional_hazards_of_heart(shared: Path) -> None:
    data = pd.read_csv(shared / "reference" / "heart.csv")
    model = cox_ph(data, HEART, start="start", stop="stop", event="event")
    table = model.test_proportional_hazards("km")
    np.testing.assert_allclose(
        table["chi2"], [0.89538, 0.09684, 0.12827, 1.37925], rtol=0, atol=FIVE_DECIMALS
    )
    assert table.loc["GLOBAL", "p_value"] == pytest.approx(0.7104, abs=FOUR_DECIMALS)


def expected(shared: Path, study: str) -> dict:
    return json.loads((shared / "replication" / "expected.json").read_text())[study]["expected"]


def agree(model, coefficients: dict, errors: dict, loglik: list[float]) -> None:
    for name, value in coefficients.items():
        np.testing.assert_allclose(model.params[name], value, **PUBLISHED, err_msg=name)
    for name, value in errors.items():
        np.testing.assert_allclose(model.model_std_errors[name], value, **PUBLISHED, err_msg=name)
    np.testing.assert_allclose(model.loglik, loglik, **PUBLISHED)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
def test_un_missions(shared: Path, ties: str) -> None:
    """Duration of 54 UN missions (Box-Steffensmeier & Jones 2004)."""
    data = pd.read_csv(shared / "replication" / "bsj_un_missions.csv").dropna(subset=["duration"])
    want = expected(shared, "bsj_un_missions")[f"cox_{ties}"]
    model = cox_ph(data, ["civil", "interst"], stop="duration", event="failed", ties=ties)
    assert (model.nobs, model.n_events) == (54, 39)
    agree(model, want["coef"], want["se"], want["ll"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_repeat_civil_war(shared: Path, ties: str) -> None:
    """Repeat civil war (Walter 2015): 24 events in yearly ties."""
    want = expected(shared, "walter_2015")[f"cox_{ties}"]
    covariates = list(want["coef"])
    data = pd.read_csv(shared / "replication" / "walter_2015.csv")
    data["stop"] = data.groupby("id").cumcount() + 1
    data["start"] = data["stop"] - 1
    data = data.dropna(subset=[*covariates, "renewed_war"])
    assert (len(data), data["renewed_war"].sum()) == (1237, 24)
    model = cox_ph(data, covariates, start="start", stop="stop", event="renewed_war", ties=ties)
    agree(model, want["coef"], want["se"], want["ll"])


@pytest.mark.parametrize(("column", "first_only"), [("T2_1_gap_all", False), ("T2_2_first", True)])
def test_territorial_contenders(shared: Path, column: str, first_only: bool) -> None:
    """Repeated events in gap time with strata and clusters (Lemke & Karstens)."""
    want = expected(shared, "lemke_karstens")[column]
    covariates = list(want["coef"])
    data = pd.read_csv(shared / "replication" / "territorial_contenders.csv", low_memory=False)
    if first_only:
        data = data[data["event_num"] == 1]
    needed = [*covariates, "start", "stop", "new_tc_dummy", "event_num", "ccode"]
    data = data.dropna(subset=needed)
    model = cox_ph(
        data,
        covariates,
        start="start",
        stop="stop",
        event="new_tc_dummy",
        strata="event_num",
        cluster="ccode",
    )
    assert (model.nobs, model.n_events) == (want["n"], want["events"])
    agree(model, want["coef"], want["se_naive"], want["ll"])
    for name, value in want["se_robust_noGcorr"].items():
        np.testing.assert_allclose(model.std_errors[name], value, **PUBLISHED, err_msg=name)
