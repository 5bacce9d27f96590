"""Concordance and Brier score against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import brier_score, concordance, cox_ph

#: Sums of counts, and of products of a Kaplan–Meier curve.
ROUNDING = 1e-10


def spells() -> pd.DataFrame:
    """Times on a coarse clock, so that events, censorings and risks tie."""
    rng = np.random.default_rng(1815)
    n = 140
    x = rng.integers(-3, 4, n) / 2
    stop = np.ceil(rng.exponential(5 / np.exp(0.6 * x))).clip(max=12)
    data = pd.DataFrame({"stop": stop, "event": (rng.random(n) < 0.65).astype(int), "x": x})
    start = np.where(rng.random(n) < 0.3, np.floor(stop / 2), 0.0)
    group = np.arange(n) % 30
    return data.assign(start=start, group=group, risk=x + rng.integers(0, 2, n) / 2)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("accuracy.R", spells())


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("whole", {}),
        ("late", {"start": "start"}),
        ("clusters", {"start": "start", "cluster": "group"}),
        ("horizon", {"horizon": 6}),
        ("uno", {"weighting": "ipcw"}),
        ("uno horizon", {"weighting": "ipcw", "horizon": 6}),
    ],
)
def test_concordance(answers, case: str, options: dict[str, object]) -> None:
    found = concordance(spells(), "risk", stop="stop", event="event", **options)
    want = answers[case]
    assert found.estimate == pytest.approx(want["estimate"][0], rel=ROUNDING)
    assert found.std_error == pytest.approx(want["std_error"][0], rel=ROUNDING)
    scale = sum(found.pairs.values()) / want["pairs"].sum()  # R's weights add up to their count
    np.testing.assert_allclose(list(found.pairs.values()), want["pairs"] * scale, rtol=ROUNDING)


def test_brier_score(answers) -> None:
    data, times = spells(), [2.0, 4.0, 6.0]
    predicted = answers["brier"]["survival"].to_numpy().reshape(3, len(data)).T
    found = brier_score(data, predicted, times, stop="stop", event="event")
    np.testing.assert_allclose(found.table["brier"], answers["brier"]["brier"], rtol=ROUNDING)
    fit = cox_ph(data, ["x"], stop="stop", event="event")
    table = fit.predict(data, "survival", times=times)
    ours = brier_score(data, table, times, stop="stop", event="event")
    np.testing.assert_allclose(ours.table["brier"], found.table["brier"], rtol=1e-6)
