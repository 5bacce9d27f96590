"""The Cox model on more rows than one block or one table holds, against other engines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import CoxResult, EstimationError, cox_ph
from riskset.arrays import BLOCK, sum_by_group
from riskset.cox.residuals import cluster_scores
from riskset.inference import cluster_bootstrap

#: The verdict rule of the study: two engines agree to 1e-6 or the result is void.
ENGINES = 1e-6
#: The same sums in another order, enlarged by the solve.
SAME = 1e-9
#: Refits take their last step from 1e-3 standard errors away: its square, in errors of up to 0.1.
REFITTED = 1e-7

COVARIATES = ["x", "z", "y"]
ROWS = {"start": "start", "stop": "stop", "event": "event"}


def spells(n: int, *, days: bool, seed: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z, y = rng.normal(size=n), rng.integers(0, 2, n).astype(float), rng.normal(size=n)
    start = rng.uniform(0, 2000, n)
    length = rng.exponential(60 * np.exp(-0.3 * x + 0.4 * z)) + 0.5
    follow = rng.uniform(5, 90, n)
    event = (length <= follow).astype(int)
    length = np.minimum(length, follow)
    if days:
        start, length = np.floor(start), np.ceil(length)
    else:  # Coarser than the near-ties of `survival` and R (1.5e-8 of the mean time).
        start, length = np.round(start, 3), np.round(length, 3)
    return pd.DataFrame(
        {
            "start": start,
            "stop": np.round(start + length, 3),
            "event": event,
            "x": x,
            "z": z,
            "y": y,
            "cluster": rng.permutation(n) // 9,
            "region": rng.integers(0, 4, n),
            "w": rng.uniform(0.3, 2, n),
        }
    )


@pytest.mark.parametrize("strata", [None, "region"])
@pytest.mark.parametrize("days", [True, False])
def test_two_engines_agree(days: bool, strata: str | None) -> None:
    survival = pytest.importorskip("survival")
    data = spells(BLOCK // 3 + 3000, days=days)
    ours = cox_ph(data, COVARIATES, **ROWS, strata=strata, cluster="cluster", weights="w")
    formula = "Surv(start, stop, event) ~ x + z + y" + (" + strata(region)" if strata else "")
    tight = {"eps": 1e-12, "toler_chol": 1e-13}
    theirs = survival.coxph(formula, data, cluster="cluster", weights="w", **tight)
    np.testing.assert_allclose(theirs.coefficients, ours.params, rtol=0, atol=ENGINES)
    errors = np.sqrt(np.diag(np.asarray(theirs.var)))
    np.testing.assert_allclose(errors, ours.std_errors, rtol=0, atol=ENGINES)


@pytest.fixture(scope="module", params=["days", "moments"])
def model(request: pytest.FixtureRequest) -> CoxResult:
    data = spells(6000, days=request.param == "days")
    return cox_ph(data, COVARIATES, **ROWS, cluster="cluster", strata="region")


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_by_cluster_are_the_sums_of_those_of_the_rows(
    model: CoxResult, weighted: bool
) -> None:
    design = model.design
    if weighted:
        weights = np.random.default_rng(1).uniform(0, 2, model.nobs)
        weights[::7] = 0.0
        design = design.reweighted(weights, "case")
    at = design.evaluate(model.params.to_numpy() * design.scale)
    rows = design.risk_sets
    by_row = CoxResult.score_residuals(
        CoxResult(
            params=model.params,
            cov=model.cov,
            model_cov=model.model_cov,
            loglik=model.loglik,
            score_test=model.score_test,
            steps=model.steps,
            design=design,
            fitted=at,
        )
    ).to_numpy()
    own = np.ones(rows.n) if design.sample_weights is None else design.sample_weights
    want = sum_by_group(by_row, design.cluster, design.n_clusters, own)
    np.testing.assert_allclose(cluster_scores(design, at), want, atol=SAME)
    np.testing.assert_allclose(want.sum(axis=0) / design.scale, at.gradient, atol=1e-8)


@pytest.mark.parametrize("days", [True, False])
def test_refits_for_the_bootstrap_equal_copied_rows(days: bool) -> None:
    data = spells(3000, days=days)
    refit = cox_ph(data, COVARIATES, **ROWS).refitter()
    result = cluster_bootstrap(refit, data["cluster"], draws=12, level=0.5, seed=3)
    generator = np.random.default_rng(3)
    groups = [part for _, part in data.groupby("cluster")]
    assert result.failures == 0
    for estimate in result.estimates:
        picked = generator.integers(0, len(groups), len(groups))
        copied = cox_ph(pd.concat([groups[code] for code in picked]), COVARIATES, **ROWS)
        np.testing.assert_allclose(estimate, copied.params, rtol=0, atol=REFITTED)
        assert np.abs((estimate - copied.params) / copied.std_errors).max() <= 1e-6


def test_a_weighted_model_is_not_refitted_to_copies() -> None:
    model = cox_ph(spells(300, days=True), COVARIATES, **ROWS, weights="w", cluster="cluster")
    with pytest.raises(EstimationError, match=r"weights cannot be refitted.*reweighted"):
        model.refitter()
