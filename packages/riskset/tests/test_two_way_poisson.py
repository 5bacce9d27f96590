"""Counts by unit and period: another engine, known effects found again, paths that are shifted."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from riskset import CountPanel, EstimationError, InferenceError, circular_shifts, two_way_poisson
from riskset.inference.circular_shifts import ShiftedPaths, shifted_p_value
from riskset.regression.two_way_poisson import fit_panel, two_way_means

DATA_SETS = 120


def made(rng: np.random.Generator, ratio: float, *, is_overdispersed: bool = True) -> CountPanel:
    """Thirty units over forty periods; exposure comes in spells of five."""
    shape = (30, 40)
    exposure = np.zeros(shape)
    for unit in range(20):
        for start in rng.integers(0, 36, size=2):
            exposure[unit, start : start + 5] = 1.0
    level = rng.lognormal(0.5, 0.6, size=(30, 1)) * rng.lognormal(0.0, 0.3, size=(1, 40))
    noise = rng.gamma(2.0, 0.5, size=shape) if is_overdispersed else 1.0
    counts = rng.poisson(level * noise * np.exp(math.log(ratio) * exposure)).astype(float)
    counts[:3, :10] = np.nan  # not yet on record
    return CountPanel(counts, exposure)


def test_units_and_periods_change_places() -> None:
    """Whichever side is longer is eliminated: the ratio, and the means, are the same."""
    panel = made(np.random.default_rng(8), 1.5)
    turned = CountPanel(panel.counts.T, panel.exposure.T)
    assert fit_panel(turned).estimate == pytest.approx(fit_panel(panel).estimate, abs=1e-9)
    means, of_turned = two_way_means(panel, 0.3), two_way_means(turned, 0.3)
    np.testing.assert_allclose(of_turned.T, means, rtol=1e-7)


def by_dummies(panel: CountPanel, cluster: np.ndarray) -> tuple[float, float]:
    """Log ratio and its error between clusters, by statsmodels with a dummy of each effect."""
    rows, columns = np.nonzero(panel.known)
    parts = [panel.exposure[rows, columns][:, None], pd.get_dummies(rows, dtype=float).to_numpy()]
    if len(panel.counts) > 1:
        parts.append(pd.get_dummies(columns, dtype=float).iloc[:, 1:].to_numpy())
    model = sm.GLM(panel.counts[rows, columns], np.column_stack(parts), sm.families.Poisson())
    own = cluster[rows] if len(panel.counts) > 1 else columns
    groups = {"groups": own, "use_correction": False}
    fit = model.fit(cov_type="cluster", cov_kwds=groups, tol=1e-14, maxiter=300)
    size = len(np.unique(own))
    return float(fit.params[0]), float(fit.bse[0]) * math.sqrt(size / (size - 1))


def test_the_ratio_and_its_error_are_those_of_another_engine() -> None:
    panel = made(np.random.default_rng(1), 1.5)
    found = fit_panel(panel)
    assert (found.estimate, found.std_error) == pytest.approx(
        by_dummies(panel, np.arange(30)), rel=1e-6
    )
    mean = two_way_means(panel, found.estimate)
    np.testing.assert_allclose(mean.sum(axis=1), np.nansum(panel.counts, axis=1), rtol=1e-8)
    np.testing.assert_allclose(mean.sum(axis=0), np.nansum(panel.counts, axis=0), rtol=1e-8)


def test_units_of_one_cluster_are_summed_before_they_are_squared() -> None:
    panel = made(np.random.default_rng(1), 1.5)
    region = np.arange(30) // 5
    found = two_way_poisson(panel.counts, panel.exposure, cluster=region.astype(str))
    assert found.n_clusters == 6
    assert (found.estimate, found.std_error) == pytest.approx(by_dummies(panel, region), rel=1e-6)
    alone = two_way_poisson(panel.counts, panel.exposure, cluster=["one"] * 30)
    assert math.isnan(alone.std_error) and alone.estimate == found.estimate


@pytest.mark.parametrize("lacks", ["counts", "exposure"])
def test_a_unit_without_a_known_cell_is_no_cluster(lacks: str) -> None:
    panel = made(np.random.default_rng(1), 1.5)
    rows = {name: getattr(panel, name) for name in ("counts", "exposure")}
    more = {n: np.vstack([v, v[:1] * np.nan if n == lacks else v[:1]]) for n, v in rows.items()}
    region = np.arange(30) // 5
    for cluster, with_one in ((None, None), (region, np.append(region, 6))):
        without = two_way_poisson(**rows, cluster=cluster)
        found = two_way_poisson(**more, cluster=with_one)
        assert found.n_clusters == without.n_clusters
        assert found.std_error == pytest.approx(without.std_error, rel=1e-9)


@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.6])
def test_a_known_effect_is_found_and_none_is_not(ratio: float) -> None:
    found, covered, rejected, sandwich = [], 0, 0, 0
    for number in range(DATA_SETS):
        rng = np.random.default_rng([3, number])
        panel = made(rng, ratio)
        one, paths = fit_panel(panel), ShiftedPaths(panel)
        found.append(one.estimate)
        picks = rng.integers(40, size=(400, 30))
        covered += shifted_p_value(paths.scores(math.log(ratio)), picks) > 0.05
        rejected += shifted_p_value(paths.scores(0.0), picks) < 0.05
        sandwich += abs(one.estimate - math.log(ratio)) < 1.96 * one.std_error
    mean, error = np.mean(found), np.std(found) / math.sqrt(DATA_SETS)
    assert abs(mean - math.log(ratio)) < 3 * error + 0.01
    assert covered / DATA_SETS >= 0.88 and sandwich / DATA_SETS >= 0.85
    if ratio == 1.0:
        assert rejected / DATA_SETS <= 0.11
    else:
        assert rejected / DATA_SETS > 0.8
        assert np.mean(np.sign(found) == np.sign(math.log(ratio))) > 0.97


def test_the_interval_holds_what_its_shifts_do_not_reject() -> None:
    panel = made(np.random.default_rng(5), 1.6)
    found = circular_shifts(panel.counts, panel.exposure, draws=300, level=0.9, seed=1)
    estimate = fit_panel(panel).estimate
    assert found.low < estimate < found.high and found.p_value < 0.1
    picks = np.random.default_rng(1).integers(40, size=(300, 30))
    for effect, is_inside in ((found.low + 0.01, True), (found.low - 0.01, False)):
        p_value = shifted_p_value(ShiftedPaths(panel).scores(effect), picks)
        assert (p_value > 0.1) == is_inside


def test_units_of_one_path_are_shifted_together_and_must_share_it() -> None:
    counts, exposure = np.ones((3, 6)), np.zeros((3, 6))
    exposure[:2, 2] = 1.0
    paths = ShiftedPaths(CountPanel(counts, exposure), np.array([0, 0, 1]))
    assert paths.n_paths == 2 and paths.scores(0.0).shape == (2, 6)
    with pytest.raises(InferenceError, match="share a path"):
        circular_shifts(counts, exposure, path=["a", "b", "b"], draws=9, level=0.5, seed=1)


def test_what_is_no_panel_is_refused_and_what_never_varies_has_no_ratio() -> None:
    with pytest.raises(EstimationError, match="one shape"):
        two_way_poisson([[1, 2]], [[0], [1]])
    with pytest.raises(EstimationError, match="below zero"):
        two_way_poisson([[1, -2], [1, 1]], [[0, 1], [0, 0]])
    panel = made(np.random.default_rng(2), 1.0)
    assert math.isnan(two_way_poisson(panel.counts, np.ones((30, 40))).estimate)


def test_one_series_has_no_effects_of_periods() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1, 80))
    panel = CountPanel(rng.poisson(np.exp(1.0 + 0.4 * x)).astype(float), x)
    found = fit_panel(panel)
    assert found.estimate == pytest.approx(0.4, abs=0.15) and found.n_clusters == 80
    assert (found.estimate, found.std_error) == pytest.approx(
        by_dummies(panel, np.zeros(1)), rel=1e-6
    )
