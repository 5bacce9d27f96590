"""Rejection rates under random exposure at the actual counts and timing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import cox_ph
from riskset.inference import (
    ExposureDesign,
    InferenceError,
    calibration,
    ever_exposed_test,
    exposure_design,
    null_calibration,
    rerandomization_test,
    risk_set_rerandomization,
    score_test,
)
from riskset.inference.assignment import exposed_counts, redraw, split_rows
from simulated_spells import simulate

FRAME = {"n_units": 300, "n_spells": 30, "n_regions": 3}


def test_primary_test_keeps_its_level_even_where_the_real_exposure_has_an_effect() -> None:
    design = simulate(np.random.default_rng(4), hazard_ratio=3.0, **FRAME)
    test = rerandomization_test(design, draws=4000, seed=1)
    result = null_calibration(design, test, alpha=0.05, draws=4000, seed=1)
    assert 0.04 <= result.rejection_rate <= 0.06
    assert result.ci_low < result.rejection_rate < result.ci_high
    assert result.mean_exposed_events > 10


@pytest.mark.parametrize("seed", [7, np.random.SeedSequence([7, 8])])
def test_one_seed_gives_reference_and_random_exposures_different_streams(
    monkeypatch: pytest.MonkeyPatch, seed: int | np.random.SeedSequence
) -> None:
    made = []

    def spy(design: ExposureDesign, draws: int, rng: np.random.Generator) -> object:
        made.append(redraw(design, draws, rng)[0])
        return made[-1], 0.0

    monkeypatch.setattr(calibration, "redraw", spy)
    design = simulate(np.random.default_rng(4), **FRAME)
    for _ in range(2):
        test = rerandomization_test(design, draws=40, seed=seed)
        null_calibration(design, test, alpha=0.05, draws=40, seed=seed)
    assert not np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])
    assert np.array_equal(made[1], made[3])


def test_ever_exposed_as_a_fixed_covariate_rejects_nearly_always() -> None:
    design = simulate(np.random.default_rng(4), **FRAME)
    naive = null_calibration(design, ever_exposed_test(design), alpha=0.05, draws=1000, seed=1)
    assert naive.rejection_rate > 0.95


def test_ever_exposed_statistic_is_the_log_rank_of_two_fixed_groups() -> None:
    """Units 0 and 2 are ever exposed: at days 10, 20, 30 they are 2/4, 1/3, 1/2 of the risk set.

    U = (1 - 2/4) + (0 - 1/3) + (1 - 1/2) = 2/3; V = 1/4 + 2/9 + 1/4.
    """
    design = exposure_design(
        origin=np.zeros(4),
        entry=np.zeros(4),
        exit=np.array([10.0, 20.0, 30.0, 40.0]),
        event=np.array([True, True, True, False]),
        outcome_strata=np.zeros(4, dtype=int),
        assignment_strata=np.zeros(4, dtype=int),
        spell_unit=np.array([0, 2, 2]),
        spell_assigned=np.array([5.0, 6.0, 25.0]),
        spell_on=np.array([5.0, 6.0, 25.0]),
        spell_off=np.array([8.0, 9.0, 26.0]),
    )
    score = (2 / 3) / np.sqrt(1 / 4 + 2 / 9 + 1 / 4)
    expected = 2 * stats.norm.sf(score)
    assert ever_exposed_test(design)(design.unit[None, :])[0] == pytest.approx(expected, abs=1e-8)


def test_score_test_is_the_normal_test_of_the_primary_score() -> None:
    design = simulate(np.random.default_rng(4), hazard_ratio=2.0, **FRAME)
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    p_value = score_test(design)(design.unit[None, :])[0]
    assert p_value == pytest.approx(2 * stats.norm.sf(abs(result.score)))


def test_calibration_counts_rejections_of_the_draws_it_made() -> None:
    design = simulate(np.random.default_rng(4), **FRAME)
    result = null_calibration(
        design, lambda unit: (unit[:, 0] % 4 == 0) * 0.5, alpha=0.2, draws=1200, seed=3
    )
    root = np.random.SeedSequence(3, spawn_key=(1,))
    unit, _ = redraw(design, 1200, np.random.default_rng(root))
    assert result.rejection_rate == np.mean(unit[:, 0] % 4 != 0)
    assert result.mean_exposed_events == exposed_counts(design, unit)[1].sum() / 1200


def test_estimates_are_those_of_a_cox_model_on_each_random_exposure() -> None:
    design = simulate(np.random.default_rng(4), **FRAME)
    result = null_calibration(design, score_test(design), alpha=0.2, draws=3, seed=3)
    root = np.random.SeedSequence(3, spawn_key=(1,))
    unit, _ = redraw(design, 3, np.random.default_rng(root))
    for drawn, estimate in zip(unit, result.estimates, strict=True):
        row, start, stop, event, exposed = split_rows(design, drawn)
        rows = pd.DataFrame(
            {
                "start": start,
                "stop": stop,
                "event": event,
                "exposed": exposed,
                "stratum": design.outcome_strata[row],
            }
        )
        fit = cox_ph(rows, ["exposed"], start="start", stop="stop", event="event", strata="stratum")
        assert estimate == pytest.approx(fit.params["exposed"], abs=1e-8)


def test_level_outside_the_unit_interval_is_refused() -> None:
    design = simulate(np.random.default_rng(4), **FRAME)
    with pytest.raises(InferenceError, match="between 0 and 1"):
        null_calibration(design, score_test(design), alpha=5.0, draws=10, seed=1)
