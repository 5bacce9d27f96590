"""Exact ties: the sums over all subsets, one by one, and what such a model does not have."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, cox_ph
from riskset.cox.partial_likelihood import MOST_STEPS, subset_moments

#: The same few dozen products in another order.
SAME = 1e-10


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_subsets_are_counted_one_by_one(size: int) -> None:
    rng = np.random.default_rng(5)
    risk, x = rng.exponential(size=7), rng.normal(size=(7, 2))
    chosen = [list(s) for s in itertools.combinations(range(7), size)]
    weight = np.array([risk[s].prod() for s in chosen])
    totals = np.array([x[s].sum(axis=0) for s in chosen])
    log_sum, mean, covariance = subset_moments(risk, x, size)
    share = weight / weight.sum()
    want = share @ totals
    assert log_sum == pytest.approx(np.log(weight.sum()), abs=SAME)
    np.testing.assert_allclose(mean, want, atol=SAME)
    away = totals - want
    np.testing.assert_allclose(covariance, away.T @ (share[:, None] * away), atol=SAME)


def test_many_ties_overflow_nothing() -> None:
    """There are 1e300 subsets of 500 among 1000: C(1000, 500) has 300 digits."""
    from scipy.special import gammaln

    log_sum, mean, _ = subset_moments(np.full(1000, 3.0), np.arange(1000.0)[:, None], 500)
    ways = gammaln(1001) - 2 * gammaln(501)
    assert log_sum == pytest.approx(ways + 500 * np.log(3), rel=1e-12)
    assert mean[0] == pytest.approx(500 * 499.5, rel=1e-12)


@pytest.fixture
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 60
    start = rng.integers(0, 4, n)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, 9, n),
            "event": (rng.random(n) < 0.7).astype(int),
            "x": rng.normal(size=n),
            "z": rng.integers(0, 2, n),
            "region": rng.integers(0, 2, n),
            "w": 1.0,
        }
    )


ROWS = {"start": "start", "stop": "stop", "event": "event"}


def test_without_ties_all_methods_are_one(spells: pd.DataFrame) -> None:
    apart = spells.assign(stop=spells["stop"] + np.linspace(0, 0.5, len(spells)))
    exact, efron = (
        cox_ph(apart, ["x", "z"], **ROWS, strata="region", ties=ties) for ties in ("exact", "efron")
    )
    np.testing.assert_allclose(exact.params, efron.params, atol=SAME)
    np.testing.assert_allclose(exact.cov, efron.cov, atol=SAME)
    np.testing.assert_allclose(exact.loglik, efron.loglik, atol=SAME)


def test_it_is_a_conditional_logit_of_the_risk_sets(spells: pd.DataFrame) -> None:
    from statsmodels.discrete.conditional_models import ConditionalLogit

    parts = []
    for time in np.unique(spells.loc[spells["event"] == 1, "stop"]):
        there = spells[(spells["start"] < time) & (spells["stop"] >= time)]
        died = (there["event"].eq(1) & there["stop"].eq(time)).astype(int)
        if died.sum() < len(there):
            parts.append(there.assign(died=died, moment=time))
    rows = pd.concat(parts)
    theirs = ConditionalLogit(
        rows["died"].to_numpy(), rows[["x", "z"]].to_numpy(float), groups=rows["moment"].to_numpy()
    )
    ours = cox_ph(spells, ["x", "z"], **ROWS, ties="exact")
    assert theirs.loglike(np.zeros(2)) == pytest.approx(ours.loglik[0], abs=1e-8)
    assert theirs.loglike(ours.params.to_numpy()) == pytest.approx(ours.loglik[1], abs=1e-8)
    # Its own search stops early, but its gradient is zero at our estimate.
    np.testing.assert_allclose(theirs.score(ours.params.to_numpy()), 0, atol=1e-8)


def test_what_an_exact_model_does_not_have(spells: pd.DataFrame) -> None:
    model = cox_ph(spells, ["x", "z"], **ROWS, ties="exact")
    assert "exact ties" in model.summary()
    for ask in (
        model.martingale,
        model.schoenfeld,
        model.score_residuals,
        model.baseline,
        model.refitter,
        model.test_proportional_hazards,
        lambda: model.predict_survival({"x": 0, "z": 0}),
    ):
        with pytest.raises(EstimationError, match="fit the model with ties='efron'"):
            ask()
    for options in ({"weights": "w"}, {"cluster": "region"}):
        with pytest.raises(EstimationError, match="neither weights nor cluster"):
            cox_ph(spells, ["x"], **ROWS, ties="exact", **options)
    with pytest.raises(EstimationError, match="takes no weights"):
        model.design.reweighted(np.ones(len(spells)))
    with pytest.raises(AttributeError):
        _ = model.fitted._missing


def test_too_large_a_sample_is_refused() -> None:
    n = int(np.sqrt(2 * MOST_STEPS)) + 2
    data = pd.DataFrame({"stop": np.arange(1.0, n + 1), "event": 1, "x": np.arange(n) % 7})
    with pytest.raises(EstimationError, match=r"exact ties need \d+ steps"):
        cox_ph(data, "x", stop="stop", event="event", ties="exact")
