"""Weighted log-rank tests, cumulative hazards and mean cumulative functions against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import logrank, mean_cumulative, nelson_aalen

#: Sums of counts.
ROUNDING = 1e-9


def spells() -> pd.DataFrame:
    """Units of one to four stretches, each ended by an event but the last, which may be."""
    rng = np.random.default_rng(1989)
    rows = []
    for unit in range(90):
        at = float(rng.integers(0, 3))
        for k in range(stretches := int(rng.integers(1, 5))):
            begin, at = at, at + float(rng.integers(1, 6))
            last = k == stretches - 1
            rows.append((unit, begin, at, int(not last or rng.random() < 0.5), int(last)))
    data = pd.DataFrame(rows, columns=["unit", "start", "stop", "event", "last"])
    unit = data["unit"]
    return data.assign(region=unit % 3, z=unit % 2, group=unit % 22)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("recurrent.R", spells())


@pytest.mark.parametrize("rho", [0, 0.5, 1])
def test_weighted_logrank(answers, rho: float) -> None:
    last = spells().query("last == 1")
    found = logrank(last, group="region", stop="stop", event="event", rho=rho)
    want = answers[f"rho {rho}"]
    assert found.chi2 == pytest.approx(want["chisq"][0], rel=ROUNDING)
    np.testing.assert_allclose(found.table["observed"], want["observed"], rtol=ROUNDING)
    np.testing.assert_allclose(found.table["expected"], want["expected"], rtol=ROUNDING)
    strata = logrank(last, group="region", stop="stop", event="event", rho=rho, strata="z")
    assert strata.chi2 == pytest.approx(want["strata"][0], rel=ROUNDING)


@pytest.mark.parametrize("case", ["hazard", "late"])
def test_nelson_aalen(answers, case: str) -> None:
    late = {"start": "start"} if case == "late" else {}
    last = spells().query("last == 1")
    found = nelson_aalen(last, stop="stop", event="event", **late).table
    np.testing.assert_allclose(found["time"], answers[case]["time"])
    np.testing.assert_allclose(found["estimate"], answers[case]["estimate"], rtol=ROUNDING)
    np.testing.assert_allclose(found["std_error"], answers[case]["std_error"], rtol=ROUNDING)


@pytest.mark.parametrize("case", ["recurrent", "clusters"])
def test_mean_cumulative(answers, case: str) -> None:
    cluster = {"cluster": "group"} if case == "clusters" else {}
    found = mean_cumulative(
        spells(), start="start", stop="stop", event="event", unit="unit", **cluster
    ).table
    np.testing.assert_allclose(found["time"], answers[case]["time"])
    np.testing.assert_allclose(found["estimate"], answers[case]["estimate"], rtol=ROUNDING)
    np.testing.assert_allclose(found["std_error"], answers[case]["std_error"], rtol=ROUNDING)
