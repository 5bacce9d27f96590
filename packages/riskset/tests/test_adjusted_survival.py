"""Adjusted curves: errors by refitting, invariances, the truth recovered, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, adjusted_survival, kaplan_meier

ROWS = {"group": "g", "start": "start", "stop": "stop", "event": "event"}
METHODS = ["g-formula", "weights"]


def spells(n: int = 200, seed: int = 2, rate: float = -0.4) -> pd.DataFrame:
    """Return late entrants in clusters of four whose group depends on x, as does their hazard."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    g = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    time, end = rng.exponential(1 / np.exp(0.7 * x + 0.3 * z + rate * g)), rng.uniform(1.6, 3, n)
    entry = np.where(np.arange(n) % 3 == 0, rng.uniform(0, 0.2, n), 0.0)
    data = pd.DataFrame({"unit": np.arange(n), "place": np.arange(n) // 4, "start": entry})
    data = data.assign(stop=np.minimum(time, end), event=(time <= end) * 1, x=x, z=z, g=g)
    return data[data["stop"] > data["start"] + 1e-6].reset_index(drop=True)


def numbers(found) -> np.ndarray:
    return np.concatenate(
        (
            found.at([0.4, 1.2])["survival"],
            found.restricted_means(1.5)["restricted_mean"],
            found.differences(1.0)["estimate"],
            found.differences(1.5, "restricted mean")["estimate"],
        )
    )


@pytest.mark.parametrize("method", METHODS)
def test_errors_are_those_of_the_infinitesimal_jackknife(method: str) -> None:
    """Weight each cluster a little more and less; half the difference is its influence."""
    data, step, influence = spells(160), 1e-4, []
    names = {**ROWS, "method": method, "unit": "unit", "cluster": "place"}
    for place in data["place"].unique():
        moved = [
            numbers(
                adjusted_survival(
                    data.assign(w=1 + s * step * (data["place"] == place)),
                    ["x", "z"],
                    weights="w",
                    **names,
                )
            )
            for s in (1, -1)
        ]
        influence.append((moved[0] - moved[1]) / (2 * step))
    want = np.sqrt((np.array(influence) ** 2).sum(axis=0))
    found = adjusted_survival(data, ["x", "z"], **names)
    got = np.concatenate(
        [
            table["std_error"]
            for table in (
                found.at([0.4, 1.2]),
                found.restricted_means(1.5),
                found.differences(1.0),
                found.differences(1.5, "restricted mean"),
            )
        ]
    )
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_cutting_rows_changes_nothing(method: str) -> None:
    data = spells()
    middle = (data["start"] + data["stop"]) / 2
    cut = pd.concat([data.assign(stop=middle, event=0), data.assign(start=middle)])
    whole, parts = (
        adjusted_survival(d, ["x", "z"], **ROWS, unit="unit", method=method).tidy()
        for d in (data, cut.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-8)


def test_without_confounding_weights_are_kaplan_meier() -> None:
    data = spells().assign(even=lambda d: np.tile([-1.0, 1.0], len(d))[: len(d)])
    data["g"] = (np.arange(len(data)) // 2) % 2
    data = data.iloc[: len(data) // 4 * 4]
    found = adjusted_survival(data, ["even"], **ROWS, method="weights")
    for g in (0, 1):
        curve = kaplan_meier(data[data["g"] == g], start="start", stop="stop", event="event")
        own = found.tidy().query("group == @g")
        np.testing.assert_allclose(own["survival"], curve.table["survival"], rtol=1e-12)


@pytest.mark.full
@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_truth(method: str) -> None:
    """The difference at 1 over 250 confounded samples; two standard errors of 95 % are 2.8 points.

    The truth averages over x and z; unadjusted curves differ from it by a quarter.
    """
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=400_000), rng.integers(0, 2, 400_000)
    risk = np.exp(0.7 * x + 0.3 * z)
    truth = float((np.exp(-risk * np.exp(-0.4)) - np.exp(-risk)).mean())
    holds, estimates = [], []
    for seed in range(250):
        found = adjusted_survival(spells(300, 1000 + seed), ["x", "z"], **ROWS, method=method)
        row = found.differences(1.0).iloc[0]
        holds.append(row["ci_low"] <= truth <= row["ci_high"])
        estimates.append(row["estimate"])
    assert np.mean(estimates) == pytest.approx(truth, abs=0.012)
    assert 0.91 < np.mean(holds) < 0.985


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        ({}, {"method": "matching"}, "method must be"),
        ({"g": 1}, {}, "holds one group"),
        ({"g": lambda d: d["unit"] % 3}, {"method": "weights"}, "weights compare two groups"),
        ({"start": lambda d: 9.0 * d["unit"], "stop": lambda d: d["start"] + 1,
          "unit": lambda d: d["unit"] // 2}, {"unit": "unit"}, "changes within the unit"),
        ({"event": lambda d: d["event"] * d["g"]}, {}, "0 has no event"),
        ({"x": lambda d: d["g"] * 10.0 + d["z"]}, {"method": "weights"}, "is infinite"),
        ({}, {"level": 95}, "level must lie between"),
    ],
)  # fmt: skip
def test_refusals(change: dict, given: dict, message: str) -> None:
    data = spells()
    for name, value in change.items():
        data = data.assign(**{name: value})
    with pytest.raises(EstimationError, match=message):
        adjusted_survival(data, ["x", "z"], **ROWS, **given)


def test_refusals_of_what_is_asked() -> None:
    found = adjusted_survival(spells(), ["x", "z"], **ROWS)
    with pytest.raises(EstimationError, match="no group 7; groups are 0, 1"):
        found.differences(1, reference=7)
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        found.at([50])
    with pytest.raises(EstimationError, match="has no weights to look at"):
        found.diagnostics()
    with pytest.raises(EstimationError, match="what must be"):
        found.differences(1, "hazard")
    weighted = adjusted_survival(spells(), ["x", "z"], **ROWS, method="weights")
    table = weighted.diagnostics()
    assert (table["effective_units"] < table["units"]).all()
    assert "weights" in repr(weighted) and weighted.n_clusters == weighted.nobs
