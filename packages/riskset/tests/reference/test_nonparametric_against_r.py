"""Survival curves, cumulative incidence and log-rank tests against R's survival."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import aalen_johansen, kaplan_meier, logrank, rmst

#: Closed forms: only the order of summation differs.
ROUNDING = 1e-11


def spells() -> pd.DataFrame:
    rng = np.random.default_rng(1956)
    n = 160
    start = np.where(np.arange(n) < 90, 0, rng.integers(0, 9, n)).astype(float)
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "country": rng.integers(0, 30, n),
            "region": rng.integers(0, 3, n),
            "z": rng.integers(0, 2, n),
            "start": start,
            "stop": start + rng.integers(1, 15, n),
            "cause": rng.integers(0, 3, n),
            "w": rng.uniform(0.2, 3, n),
        }
    ).assign(ended=lambda d: (d["cause"] > 0).astype(int))


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("nonparametric.R", spells())


def close(got, want, name: str) -> None:
    np.testing.assert_allclose(
        np.asarray(got, dtype=float), want, rtol=ROUNDING, atol=ROUNDING, err_msg=name
    )


CURVES = [f"{d}-{i}" for d in ("entry", "right") for i in ("log-log", "log", "plain")]


@pytest.mark.parametrize("case", [*CURVES, "entry-clusters", "entry-weights"])
def test_survival_curves(answers, case: str) -> None:
    design, _, option = case.partition("-")
    rows = {"start": "start" if design == "entry" else None, "stop": "stop", "event": "ended"}
    if option in ("clusters", "weights"):
        rows |= {"cluster": "country"}
        rows |= {"weights": "w"} if option == "weights" else {}
        option = "plain"
    curve = kaplan_meier(spells(), interval=option, **rows).table
    alive = curve["survival"] > 0
    want = answers[case]
    for name in ("time", "n_risk", "n_event", "survival", "std_error", "ci_low", "ci_high"):
        close(curve.loc[alive, name], want[name], name)
    mean = rmst(spells(), horizon=12, **rows)
    close([mean.estimate], want["rmst"], "rmst")
    close([mean.std_error], want["rmst_error"], "rmst_error")


@pytest.mark.parametrize("weights", [None, "w"])
def test_cumulative_incidence_with_clusters(answers, weights: str | None) -> None:
    want = answers["incidence-weights" if weights else "incidence"]
    fit = aalen_johansen(
        spells(), start="start", stop="stop", cause="cause", weights=weights, cluster="country"
    )
    assert fit.causes == [1, 2]
    close(fit.survival.index, want["time"], "time")
    close(fit.table["incidence"], want["incidence"], "incidence")
    close(fit.table["std_error"], want["std_error"], "std_error")


def test_logrank(answers) -> None:
    data = spells().assign(fine=lambda d: d["stop"] + d["unit"] / 1000)
    rows = {"group": "region", "event": "ended"}
    want = answers["logrank"]
    close([logrank(data, stop="stop", **rows).chi2], want["plain"], "plain")
    close([logrank(data, stop="stop", strata="z", **rows).chi2], want["strata"], "strata")
    entry = logrank(data, start="start", stop="fine", **rows)
    close([entry.chi2], want["entry"], "entry")
    clusters = logrank(data, start="start", stop="fine", cluster="country", **rows)
    close([clusters.chi2], want["entry_clusters"], "entry_clusters")
