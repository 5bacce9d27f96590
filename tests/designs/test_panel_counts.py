"""Counts by unit and period: another engine, known effects found again, paths that are turned."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from collsec.designs.panel_counts import Panel, engine_gap, fitted, p_of, ratio_of, turns

DATA_SETS = 120
NOTHING = pd.DataFrame()


def made(rng: np.random.Generator, ratio: float, *, is_overdispersed: bool = True) -> Panel:
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
    return Panel(np.arange(30), np.arange(40), counts, exposure, NOTHING)


def test_the_fit_has_the_sums_of_the_counts_and_another_engine_s_ratio() -> None:
    panel = made(np.random.default_rng(1), 1.5)
    mean = fitted(panel, ratio_of(panel).estimate)
    np.testing.assert_allclose(mean.sum(axis=1), np.nansum(panel.counts, axis=1), rtol=1e-8)
    np.testing.assert_allclose(mean.sum(axis=0), np.nansum(panel.counts, axis=0), rtol=1e-8)
    assert engine_gap(panel) < 1e-7


@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.6])
def test_a_known_effect_is_found_and_none_is_not(ratio: float) -> None:
    found, covered, rejected, sandwich = [], 0, 0, 0
    for number in range(DATA_SETS):
        rng = np.random.default_rng([3, number])
        panel = made(rng, ratio)
        one = ratio_of(panel)
        found.append(one.estimate)
        picks = rng.integers(40, size=(400, 30))
        covered += p_of(turns(panel, math.log(ratio)), picks) > 0.05
        rejected += p_of(turns(panel, 0.0), picks) < 0.05
        sandwich += abs(one.estimate - math.log(ratio)) < 1.96 * one.std_error
    mean, error = np.mean(found), np.std(found) / math.sqrt(DATA_SETS)
    assert abs(mean - math.log(ratio)) < 3 * error + 0.01
    assert covered / DATA_SETS >= 0.88 and sandwich / DATA_SETS >= 0.85
    if ratio == 1.0:
        assert rejected / DATA_SETS <= 0.11
    else:
        assert rejected / DATA_SETS > 0.8
        assert np.mean(np.sign(found) == np.sign(math.log(ratio))) > 0.97


def test_an_exposure_that_never_varies_has_no_ratio() -> None:
    panel = made(np.random.default_rng(2), 1.0)
    same = Panel(panel.units, panel.periods, panel.counts, np.ones((30, 40)), NOTHING)
    assert math.isnan(ratio_of(same).estimate)


def test_one_series_has_no_effects_of_periods() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1, 80))
    counts = rng.poisson(np.exp(1.0 + 0.4 * x)).astype(float)
    panel = Panel(np.array([0]), np.arange(80), counts, x, NOTHING)
    assert ratio_of(panel).estimate == pytest.approx(0.4, abs=0.15)
    assert engine_gap(panel) < 1e-7
    assert 0 < ratio_of(panel).std_error < 0.2
