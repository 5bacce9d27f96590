"""Cluster bootstrap by frequency weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, cox_ph
from riskset.inference import InferenceError, cluster_bootstrap


def clustered_means(seed: int, clusters: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Values with a shared shock per cluster, of unequal size."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(1, 6, clusters))
    return cluster, rng.standard_normal(clusters)[cluster] + rng.standard_normal(cluster.size)


def mean_with_error(values: np.ndarray, cluster: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean and its cluster-robust standard error."""
    mean = np.average(values, weights=weights)
    # A cluster picked k times is k clusters with the same total.
    sums = np.bincount(cluster, weights=values - mean)
    times = np.zeros(sums.size)
    times[cluster] = weights
    return np.array([[mean], [np.sqrt((times * sums**2).sum()) / weights.sum()]])


def test_weights_are_whole_clusters_drawn_with_replacement() -> None:
    cluster = np.array(["a", "a", "b", "c", "c", "c"])
    seen: list[np.ndarray] = []

    def fit(weights: np.ndarray) -> np.ndarray:
        seen.append(weights)
        return np.array([weights.sum()])

    cluster_bootstrap(fit, cluster, draws=200, level=0.9, seed=1)
    assert seen[0].tolist() == [1.0] * 6
    drawn = np.array(seen[1:])
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
    assert np.array_equal(drawn[:, 3], drawn[:, 5])
    assert np.all(drawn[:, 0] + drawn[:, 2] + drawn[:, 3] == 3)
    assert drawn[:, 2].mean() == pytest.approx(1.0, abs=0.2)


def test_frequency_weights_equal_copied_rows_for_the_cox_model() -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        {
            "stop": np.ceil(rng.exponential(20, 80)),
            "event": (rng.random(80) < 0.8).astype(int),
            "x": rng.standard_normal(80),
            "cluster": np.repeat(np.arange(20), 4),
        }
    )

    def fit(weights: np.ndarray) -> np.ndarray:
        kept = rows.assign(weight=weights)[weights > 0]
        model = cox_ph(
            kept, ["x"], stop="stop", event="event", weights="weight", weight_kind="frequency"
        )
        return model.params.to_numpy()

    result = cluster_bootstrap(fit, rows["cluster"], draws=60, level=0.9, seed=5)
    generator = np.random.default_rng(5)
    for estimate in result.estimates:
        picked = generator.integers(0, 20, 20)
        copied = pd.concat([rows[rows["cluster"] == code] for code in picked])
        expected = cox_ph(copied, ["x"], stop="stop", event="event").params["x"]
        assert estimate[0] == pytest.approx(expected, abs=1e-8)


def test_standard_error_of_a_mean_is_the_cluster_robust_one() -> None:
    cluster, values = clustered_means(1, clusters=200)
    robust = mean_with_error(values, cluster, np.ones(values.size))[1, 0]
    result = cluster_bootstrap(
        lambda w: np.array([np.average(values, weights=w)]),
        cluster,
        draws=2000,
        level=0.95,
        seed=1,
    )
    assert result.std_error[0] == pytest.approx(robust, rel=0.06)
    assert result.studentized is None
    assert result.n_clusters == 200


def test_intervals_follow_their_definitions() -> None:
    cluster, values = clustered_means(2)
    result = cluster_bootstrap(
        lambda w: mean_with_error(values, cluster, w), cluster, draws=399, level=0.9, seed=1
    )
    # 399 draws at 10 %: p < 0.1 means fewer than 19 draws beyond, so the 19th from each end.
    ordered = np.sort(result.estimates[:, 0])
    assert (result.percentile.low[0], result.percentile.high[0]) == (ordered[18], ordered[-19])
    assert result.basic.low[0] == pytest.approx(2 * result.estimate[0] - ordered[-19])
    assert result.basic.high[0] == pytest.approx(2 * result.estimate[0] - ordered[18])


def test_interval_excludes_zero_exactly_when_its_p_value_is_below_the_level() -> None:
    excluded = 0
    for seed in range(40):
        cluster, values = clustered_means(seed)
        shifted = values + 0.4

        def fit(
            weights: np.ndarray, values: np.ndarray = shifted, cluster: np.ndarray = cluster
        ) -> np.ndarray:
            return mean_with_error(values, cluster, weights)

        result = cluster_bootstrap(fit, cluster, draws=199, level=0.9, seed=seed)
        assert result.studentized is not None
        for interval in (result.percentile, result.basic, result.studentized):
            outside = bool(interval.low[0] > 0 or interval.high[0] < 0)
            assert outside == (interval.p_value[0] < 0.1)
            excluded += outside
    assert 20 < excluded < 110


def test_failures_are_counted_with_their_reasons() -> None:
    cluster = np.arange(4)

    def fit(weights: np.ndarray) -> np.ndarray:
        if weights[0] == 0:
            raise EstimationError("no exposed ends")
        return np.array([np.inf if weights[1] == 0 else weights[0]])

    result = cluster_bootstrap(fit, cluster, draws=400, level=0.9, seed=1)
    reasons = dict(result.failure_reasons)
    assert set(reasons) == {"no exposed ends", "not finite"}
    assert sum(reasons.values()) == result.failures == 400 - len(result.estimates)
    assert reasons["no exposed ends"] / 400 == pytest.approx((3 / 4) ** 4, abs=0.08)


def test_errors_that_are_no_failed_fits_are_passed_on() -> None:
    def fit(weights: np.ndarray) -> np.ndarray:
        if weights.max() > 1:
            raise KeyError("misspelled column")
        return np.array([1.0])

    with pytest.raises(KeyError, match="misspelled"):
        cluster_bootstrap(fit, np.arange(5), draws=20, level=0.9, seed=1)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(InferenceError, match="two clusters"):
        cluster_bootstrap(lambda w: w[:1], np.zeros(5), draws=99, level=0.9, seed=1)
    with pytest.raises(InferenceError, match="sample itself"):
        cluster_bootstrap(lambda w: np.array([np.nan]), np.arange(5), draws=99, level=0.9, seed=1)
    with pytest.raises(InferenceError, match="cannot reject"):
        cluster_bootstrap(lambda w: w[:1], np.arange(5), draws=19, level=0.95, seed=1)


@pytest.mark.slow
def test_studentized_interval_covers() -> None:
    covered = 0
    for seed in range(400):
        cluster, values = clustered_means(seed)
        result = cluster_bootstrap(
            lambda w, v=values, c=cluster: mean_with_error(v, c, w),
            cluster,
            draws=399,
            level=0.95,
            seed=seed,
        )
        assert result.studentized is not None
        covered += bool(result.studentized.low[0] <= 0 <= result.studentized.high[0])
    assert 0.92 <= covered / 400 <= 0.98
