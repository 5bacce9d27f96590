"""Refits that are made together have the digits of refits that are made alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from collsec.designs.jackknife import CoxRefits, CoxResamples
from riskset import CoxDesign, EstimationError, joint_effects
from riskset.cox.side_by_side import estimates_under
from riskset.inference import InferenceError, cluster_bootstrap, cluster_jackknife


def spells(seed: int, n: int, covariates: int, *, strata: int = 3, days: int = 90) -> pd.DataFrame:
    """Spells in clusters that enter late and end on the same days, most in an event."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, days // 2, n).astype(float) * (rng.random(n) < 0.5)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, days, n),
            "event": rng.random(n) < 0.6,
            "stratum": rng.integers(0, strata, n),
            "cluster": rng.integers(0, 20, n) ** 2 // 20,
        }
        | {f"x{j}": np.round(rng.standard_normal(n), 1 + j) for j in range(covariates)}
    )


def laid_out(rows: pd.DataFrame, ties: str = "efron") -> CoxDesign:
    """The design of all its covariates, by stratum."""
    names = [name for name in rows if name.startswith("x")]
    columns = {"start": "start", "stop": "stop", "event": "event", "strata": "stratum"}
    return CoxDesign.from_frame(rows, names, ties=ties, **columns)


def alone(design: CoxDesign, weights: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Each refit of its own; NaN where there is none."""
    made = np.full((len(weights), len(design.names)), np.nan)
    for place, own in enumerate(weights):
        try:
            made[place] = design.reweighted(own, "frequency").estimate(begin)
        except EstimationError:
            continue
    return made


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("covariates", [1, 2, 5])
@pytest.mark.parametrize(("n", "days"), [(120, 12), (400, 90), (900, 4000)])
def test_same_digits(n: int, days: int, covariates: int, ties: str) -> None:
    rows = spells(n + covariates, n, covariates, days=days)
    design = laid_out(rows, ties)
    begin = design.estimate()
    own = rows["cluster"].to_numpy()
    rng = np.random.default_rng(n)
    counts = rng.integers(0, 3, (30, own.max() + 1))[:, own]
    weights = np.vstack([own != np.unique(own)[:, None], counts]).astype(float)
    together = estimates_under(design, weights, begin)
    assert np.array_equal(together, alone(design, weights, begin))
    # Far from the start, where Newton's steps are many and end at different times.
    far = begin + 0.4
    known = estimates_under(design, weights, far)
    is_known = ~np.isnan(known[:, 0])
    assert is_known.mean() > 0.9
    assert np.array_equal(known[is_known], alone(design, weights, far)[is_known])


def test_out_of_the_ordinary_is_left_to_a_refit_alone() -> None:
    rows = spells(5, 300, 2)
    only = rows["cluster"] == 3
    rows["x1"] = (only & (rows["x0"] > 0)).astype(float)
    design = laid_out(rows)
    begin = design.estimate()
    no_events = np.where(rows["event"], 0.0, 1.0)
    weights = np.array([~only, np.ones(300), no_events, ~only & (rows["x0"] < 1)], dtype=float)
    found = estimates_under(design, weights, begin)
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True, True]
    assert np.array_equal(found[1], design.reweighted(weights[1], "frequency").estimate(begin))
    with pytest.raises(EstimationError, match="does not vary"):
        design.reweighted(weights[0], "frequency").estimate(begin)


def test_separated_events_are_no_estimate() -> None:
    rows = spells(8, 300, 1, strata=1)
    exposed = rows["cluster"] == 2
    rows["x0"] = (exposed | (rows["cluster"] == 5)).astype(float)
    rows["event"] = rows["event"] & ~exposed
    design = laid_out(rows)
    begin = design.estimate()
    without = (rows["cluster"] != 5).to_numpy(float)[None]
    assert np.isnan(estimates_under(design, without, begin)).all()
    with pytest.raises(EstimationError, match="infinite"):
        design.reweighted(without[0], "frequency").estimate(begin)


def test_samples_that_gain_nothing_are_asked_alone() -> None:
    for rows, ties in ((spells(1, 40, 1), "efron"), (spells(1, 300, 1), "exact")):
        design = laid_out(rows, ties)
        assert np.isnan(estimates_under(design, np.ones((2, len(rows))), np.zeros(1))).all()
    nothing = estimates_under(laid_out(spells(1, 300, 0)), np.ones((2, 300)), np.zeros(0))
    assert nothing.shape == (2, 0)


def test_jackknife_and_bootstrap_are_the_same_either_way() -> None:
    rows = spells(11, 400, 2)
    design, cluster = laid_out(rows), rows["cluster"].to_numpy()
    one_by_one, draws = CoxRefits(design), CoxResamples(design)
    together = cluster_jackknife(CoxRefits(design), cluster, level=0.95)
    apart = cluster_jackknife(lambda kept: one_by_one(kept), cluster, level=0.95)
    assert np.array_equal(together.influence.estimates, apart.influence.estimates)
    assert (together.ci_low, together.p_value) == (apart.ci_low, apart.p_value)
    chosen = {"draws": 300, "level": 0.9, "seed": 7}
    quick = cluster_bootstrap(draws, cluster, **chosen)
    slow = cluster_bootstrap(lambda weights: draws(weights), cluster, **chosen)
    assert np.array_equal(quick.estimates, slow.estimates)
    assert quick.failure_reasons == slow.failure_reasons


def test_failed_draws_are_told_as_before() -> None:
    rows = spells(3, 200, 1)
    rows["x0"] = (rows["cluster"] == 1).astype(float)
    refit = CoxResamples(laid_out(rows))
    chosen = {"draws": 300, "level": 0.9, "seed": 7}
    cluster = rows["cluster"].to_numpy()
    quick = cluster_bootstrap(refit, cluster, **chosen)
    slow = cluster_bootstrap(lambda weights: refit(weights), cluster, **chosen)
    assert quick.failures > 50
    assert quick.failure_reasons == slow.failure_reasons
    assert np.array_equal(quick.estimates, slow.estimates)
    with pytest.raises(InferenceError, match="No cluster moves"):
        cluster_jackknife(lambda kept: 1.0, cluster, level=0.95)


def test_joint_effects_without_each_cluster() -> None:
    rows = spells(21, 300, 3)
    found = joint_effects(
        rows, ["x0", "x1"], adjustment=["x2"], strata=["stratum"], cluster="cluster"
    )
    design, own = laid_out(rows), rows["cluster"].to_numpy()
    weights = (own != np.unique(own)[:, None]).astype(float)
    assert np.array_equal(found.without, alone(design, weights, design.estimate())[:, :2])
