"""Turnbull's estimate against its definition in R, and R's own, whose search stops earlier."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import turnbull

#: 20,000 steps of the self-consistency equation leave about this of masses that go to zero.
SELF_CONSISTENT = 1e-4


def visits(n: int = 80) -> pd.DataFrame:
    """Exponential times, found at a visit; the last visit is some time after 9."""
    rng = np.random.default_rng(1976)
    time, first, gap = rng.exponential(5, n), rng.uniform(0.1, 1, n), rng.uniform(0.5, 2, n)
    before = np.floor((time - first) / gap)
    lower = np.where(time < first, 0.0, first + before * gap)
    upper = np.where(time < first, first, first + (before + 1) * gap)
    lower = lower.clip(max=9 + first)
    return pd.DataFrame({"lower": lower, "upper": np.where(lower >= 9 + first, np.inf, upper)})


def test_survival(ask_r) -> None:
    data = visits()
    want = ask_r("turnbull.R", data)["whole"]
    found = turnbull(data, lower="lower", upper="upper")
    by_end = dict(zip(want["high"], want["survival"], strict=True))
    for high, survival in found.table[["high", "survival"]].to_numpy():
        assert survival == pytest.approx(by_end[high], abs=SELF_CONSISTENT)
    assert want["loglik"][0] < found.loglik + 1e-9  # R's survfit is near, and no better
    assert want["loglik"][0] == pytest.approx(found.loglik, abs=0.05)
