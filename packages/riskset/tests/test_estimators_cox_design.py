"""Sorted designs: refits without sorting give what a fresh fit gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import CoxDesign, EstimationError, cox_ph, fit_design

#: The same likelihood on the same rows.
SAME = 1e-9


@pytest.fixture
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(404)
    n = 150
    start = rng.integers(0, 8, n).astype(float)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, 20, n),
            "event": (rng.random(n) < 0.6).astype(int),
            "x": rng.normal(size=n),
            "z": rng.integers(0, 2, n).astype(float),
            "year": rng.integers(1946, 2024, n).astype(float),
            "country": rng.integers(0, 30, n),
        }
    )


ROWS = {"start": "start", "stop": "stop", "event": "event"}


def test_another_column_on_the_same_risk_sets(spells: pd.DataFrame) -> None:
    other = np.random.default_rng(1).integers(0, 2, len(spells)).astype(float)
    design = cox_ph(spells, ["x", "z"], cluster="country", **ROWS).design.with_column("z", other)
    fresh = cox_ph(spells.assign(z=other), ["x", "z"], cluster="country", **ROWS)
    refit = fit_design(design)
    np.testing.assert_allclose(refit.params, fresh.params, atol=SAME)
    np.testing.assert_allclose(refit.cov, fresh.cov, atol=SAME)
    with pytest.raises(EstimationError, match="no covariate 'troops'"):
        design.with_column("troops", other)
    with pytest.raises(EstimationError, match="'z' needs 150 finite values"):
        design.with_column("z", other * np.nan)


def test_an_offset_holds_a_coefficient_fixed(spells: pd.DataFrame) -> None:
    whole = cox_ph(spells, ["x", "z"], **ROWS)
    known = spells.assign(known=spells["x"] * whole.params["x"])
    profile = cox_ph(known, ["z"], offset="known", **ROWS)
    assert profile.params["z"] == pytest.approx(whole.params["z"], abs=SAME)
    assert profile.loglik[1] == pytest.approx(whole.loglik[1], abs=SAME)
    assert profile.std_errors["z"] <= whole.std_errors["z"]
    np.testing.assert_allclose(profile.martingale(), whole.martingale(), atol=SAME)
    np.testing.assert_allclose(profile.baseline()["hazard"], whole.baseline()["hazard"], rtol=SAME)


def test_rows_without_weight_are_absent(spells: pd.DataFrame) -> None:
    weights = (np.arange(len(spells)) % 3 > 0).astype(float)
    for kind in ("case", "frequency"):
        held = fit_design(
            cox_ph(spells, ["x", "z"], cluster="country", **ROWS).design.reweighted(weights, kind)
        )
        dropped = cox_ph(spells[weights > 0], ["x", "z"], cluster="country", **ROWS)
        np.testing.assert_allclose(held.params, dropped.params, atol=SAME)
        np.testing.assert_allclose(held.cov, dropped.cov, atol=SAME)
        assert held.loglik[1] == pytest.approx(dropped.loglik[1], abs=SAME)


def test_bad_weights_are_refused(spells: pd.DataFrame) -> None:
    design = cox_ph(spells, ["x"], **ROWS).design
    with pytest.raises(EstimationError, match="10 weights for 150 rows"):
        design.reweighted(np.ones(10))
    with pytest.raises(EstimationError, match="finite and not negative"):
        design.reweighted(-np.ones(150))
    with pytest.raises(EstimationError, match="no event carries weight"):
        design.reweighted((spells["event"] == 0).to_numpy(dtype=float))


def test_a_model_without_covariates_gives_the_baseline_hazard(spells: pd.DataFrame) -> None:
    null = cox_ph(spells, [], ties="breslow", **ROWS)
    table = null.baseline()
    times = table["time"].to_numpy()[:, None]
    at_risk = ((spells["start"].to_numpy() < times) & (times <= spells["stop"].to_numpy())).sum(1)
    events = ((spells["stop"].to_numpy() == times) & (spells["event"].to_numpy() == 1)).sum(1)
    np.testing.assert_allclose(table["hazard"], events / at_risk)
    assert len(null.params) == 0 and null.loglik[0] == null.loglik[1]
    with pytest.raises(EstimationError, match="without covariates"):
        null.test_proportional_hazards()


def test_covariates_far_from_zero_lose_no_digits(spells: pd.DataFrame) -> None:
    one = cox_ph(spells, ["year", "x"], **ROWS)
    other = cox_ph(spells.assign(year=spells["year"] - 1985), ["year", "x"], **ROWS)
    np.testing.assert_allclose(one.params, other.params, atol=SAME)
    np.testing.assert_allclose(one.cov, other.cov, atol=SAME)


@pytest.mark.parametrize("rare", [1, 3])
def test_a_rare_separating_indicator_is_named_in_a_large_sample(rare: int) -> None:
    rng = np.random.default_rng(9)
    n = 20000
    data = pd.DataFrame({"stop": rng.exponential(10, n), "event": 1, "x": rng.normal(size=n)})
    data["marked"] = 0.0
    last = data["stop"].nlargest(rare).index
    data.loc[last, "marked"] = 1.0
    data.loc[last, "event"] = 0
    with pytest.raises(EstimationError, match="coefficient of 'marked' is infinite"):
        cox_ph(data, ["x", "marked"], stop="stop", event="event")


def test_strata_and_cluster_take_lists(spells: pd.DataFrame) -> None:
    one = CoxDesign.from_frame(spells, ["x"], strata=["z"], cluster=["country", "z"], **ROWS)
    assert len(one.strata_labels) == 2
    assert one.n_clusters == len(spells[["country", "z"]].drop_duplicates())
