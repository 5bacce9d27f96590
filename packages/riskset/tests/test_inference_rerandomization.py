"""Risk-set re-randomization: counts, mechanism, test, interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph
from riskset.inference import (
    ExposureDesign,
    InferenceError,
    exposure_design,
    risk_set_rerandomization,
)
from riskset.inference.assignment import exposed_counts, redraw, split_rows
from riskset.inference.reference_distribution import (
    critical_values,
    equal_tailed_p_values,
    null_scores,
)
from simulated_spells import simulate


def small_design(**changes: Any) -> ExposureDesign:
    """Five units that start on day 0; units 0 and 1 are in region 0, the others in region 1."""
    columns: dict[str, Any] = {
        "origin": np.zeros(5),
        "entry": np.zeros(5),
        "exit": np.array([10.0, 20.0, 30.0, 40.0, 50.0]),
        "event": np.array([True, True, True, True, False]),
        "outcome_strata": np.zeros(5, dtype=int),
        "assignment_strata": np.array([0, 0, 1, 1, 1]),
        "spell_unit": np.array([1]),
        "spell_assigned": np.array([5.0]),
        "spell_on": np.array([5.0]),
        "spell_off": np.array([np.inf]),
    }
    return exposure_design(**(columns | changes))


def fit_on_rows(design: ExposureDesign, unit: np.ndarray) -> tuple[float, float]:
    """Estimate and standard error of the general Cox estimator on start–stop rows."""
    owner, start, stop, event, exposed = split_rows(design, unit)
    rows = pd.DataFrame(
        {
            "start": start,
            "stop": stop,
            "event": event.astype(int),
            "exposed": exposed,
            "stratum": design.outcome_strata[owner],
        }
    )
    fit = cox_ph(rows, ["exposed"], start="start", stop="stop", event="event", strata="stratum")
    return float(fit.params["exposed"]), float(fit.std_errors["exposed"])


def tied_world(seed: int) -> ExposureDesign:
    """A world with coarse durations (many ties), late entries, strata and repeated spells."""
    rng = np.random.default_rng(seed)
    n = 120
    origin = np.floor(rng.uniform(0, 200, n)) * 10
    entry = np.floor(rng.uniform(0, 3, n)) * 10 * (rng.random(n) < 0.3)
    exit_ = entry + np.ceil(rng.exponential(30, n)) * 10
    spells = []
    busy = np.full(n, -np.inf)
    for day in np.sort(rng.uniform(50, 2000, 40)):
        pool = np.flatnonzero((origin + entry < day) & (day <= origin + exit_) & (busy < day))
        if pool.size > 1:
            chosen = rng.choice(pool)
            busy[chosen] = day + 170
            spells.append((chosen, day, day + 20, day + 170))
    unit, assigned, on, off = np.array(spells).T
    return exposure_design(
        origin=origin,
        entry=entry,
        exit=exit_,
        event=rng.random(n) < 0.8,
        outcome_strata=rng.integers(0, 3, n),
        assignment_strata=rng.integers(0, 2, (n, 1)),
        spell_unit=unit.astype(int),
        spell_assigned=assigned,
        spell_on=on,
        spell_off=off,
    )


@pytest.mark.parametrize("seed", range(5))
def test_estimate_equals_the_cox_model_on_split_rows(seed: int) -> None:
    design = tied_world(seed)
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    estimate, std_error = fit_on_rows(design, design.unit)
    assert result.estimate == pytest.approx(estimate, abs=1e-8)
    assert result.std_error == pytest.approx(std_error, abs=1e-8)


def test_a_further_level_has_the_interval_of_a_run_at_that_level() -> None:
    design = tied_world(1)
    both = risk_set_rerandomization(design, draws=399, level=0.98, seed=1, further_levels=[0.9])
    alone = risk_set_rerandomization(design, draws=399, level=0.9, seed=1)
    without = risk_set_rerandomization(design, draws=399, level=0.98, seed=1)
    assert both.further[0.9] == pytest.approx((alone.ci_low, alone.ci_high), abs=2e-4)
    assert both.ci_low < both.further[0.9][0] < both.further[0.9][1] < both.ci_high
    assert (both.ci_low, both.ci_high) == (without.ci_low, without.ci_high)
    assert both.median_unbiased == without.median_unbiased and not without.further


def test_score_at_no_effect_is_the_log_rank_statistic_by_hand() -> None:
    """Unit 1 is exposed from day 5. Day 10: 1 of 5 exposed; day 20: 1 of 4, and it ends.

    U = (0 - 1/5) + (1 - 1/4) = 0.55, V = 1/5 · 4/5 + 1/4 · 3/4 = 0.3475.
    """
    result = risk_set_rerandomization(small_design(), draws=99, level=0.9, seed=1)
    assert result.score == pytest.approx(0.55 / np.sqrt(0.3475), abs=1e-9)
    assert result.information == pytest.approx(0.3475)
    assert result.expected_exposed_events == pytest.approx(0.45)
    assert (result.n_exposed_units, result.n_exposed_events) == (1, 1)


def test_score_of_ties_has_the_hypergeometric_variance() -> None:
    """Two of four end on day 10, one of them the only exposed one: V = 2·(1/4)(3/4)·2/3."""
    design = small_design(
        exit=np.array([10.0, 10.0, 30.0, 40.0, 3.0]),
        event=np.array([True, True, False, False, False]),
    )
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    assert result.score == pytest.approx((1 - 2 / 4) / np.sqrt(2 * 3 / 16 * 2 / 3), abs=1e-9)


@pytest.mark.parametrize(
    ("on", "off", "exposed_events"),
    [(20.0, np.inf, 0), (19.0, np.inf, 1), (5.0, 20.0, 1), (5.0, 19.0, 0)],
)
def test_exposure_covers_the_days_after_on_up_to_off(
    on: float, off: float, exposed_events: int
) -> None:
    """Unit 1 ends on day 20: exposure that starts on that day does not count."""
    design = small_design(spell_on=np.array([on]), spell_off=np.array([off]))
    _, deaths = exposed_counts(design, design.unit[None, :])
    assert deaths.sum() == exposed_events


def test_redraw_moves_the_whole_spell_with_its_lag_and_length() -> None:
    design = small_design(
        assignment_strata=np.zeros(5, dtype=int),
        spell_on=np.array([12.0]),
        spell_off=np.array([30.0]),
    )
    unit = np.arange(5)[:, None]
    at_risk, deaths = exposed_counts(design, unit)
    assert design.event_counts.time.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert at_risk.tolist() == [
        [0, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
    ]
    assert deaths.sum(axis=1).tolist() == [0, 1, 1, 0, 0]


def test_redraw_is_uniform_among_the_free_units_at_risk_in_the_stratum() -> None:
    """Two spells on one day in region 1 (units 2, 3, 4): six ordered pairs, equally likely."""
    two = np.array([12.0, 12.0])
    design = small_design(
        spell_unit=np.array([2, 4]),
        spell_assigned=two,
        spell_on=two,
        spell_off=np.array([np.inf, np.inf]),
    )
    unit, coarsened = redraw(design, 60_000, np.random.default_rng(3))
    pairs, counts = np.unique(unit, axis=0, return_counts=True)
    assert pairs.tolist() == [[2, 3], [2, 4], [3, 2], [3, 4], [4, 2], [4, 3]]
    assert coarsened == 0.0  # two candidates are left for the second spell
    assert np.all(np.abs(counts / 60_000 - 1 / 6) < 5 * np.sqrt(5 / 36 / 60_000))


def test_thin_stratum_is_coarsened_to_all_units_and_counted() -> None:
    """On day 15 unit 1 is alone in region 0, so units 1 to 4 are candidates."""
    design = small_design(spell_assigned=np.array([15.0]), spell_on=np.array([15.0]))
    unit, coarsened = redraw(design, 4_000, np.random.default_rng(3))
    assert np.unique(unit).tolist() == [1, 2, 3, 4]
    assert coarsened == 1.0
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    assert (result.n_coarsened, result.mean_coarsened) == (1, 1.0)


def test_levels_are_tried_from_fine_to_coarse() -> None:
    """Unit 4 is alone in its fine stratum; the next one holds units 2 to 4."""
    design = small_design(
        assignment_strata=np.array([[0, 0], [0, 0], [1, 1], [1, 1], [2, 1]]),
        spell_unit=np.array([4]),
    )
    unit, coarsened = redraw(design, 2_000, np.random.default_rng(3))
    assert np.unique(unit).tolist() == [2, 3, 4]
    assert coarsened == 1.0


def test_a_status_on_the_eve_is_kept_until_the_last_resort() -> None:
    """Unit 0 shares region and status with none, its status with 3; then with all."""
    known = {
        "assignment_strata": np.array([0, 0, 0, 1, 1]),
        "spell_unit": np.array([0]),
    }
    status = np.array([[1, 0, 0, 1, 0]])
    unit, coarsened = redraw(
        small_design(**known, spell_status=status), 2_000, np.random.default_rng(3)
    )
    assert np.unique(unit).tolist() == [0, 3] and coarsened == 0.0 + 1.0
    alone = np.array([[1, 0, 0, 0, 0]])
    unit, _ = redraw(small_design(**known, spell_status=alone), 2_000, np.random.default_rng(3))
    assert np.unique(unit).tolist() == [0, 1, 2, 3, 4]
    within = np.array([[1, 1, 0, 1, 0]])
    unit, coarsened = redraw(
        small_design(**known, spell_status=within), 2_000, np.random.default_rng(3)
    )
    assert np.unique(unit).tolist() == [0, 1] and coarsened == 0.0
    with pytest.raises(InferenceError, match=r"\(1, 5\)"):
        small_design(**known, spell_status=np.array([[1, 0]]))


def test_unit_is_free_again_after_its_spell_ended() -> None:
    design = small_design(
        exit=np.array([10.0, 20.0, 3.0, 3.0, 3.0]),
        spell_unit=np.array([1, 1]),
        spell_assigned=np.array([5.0, 8.0]),
        spell_on=np.array([5.0, 8.0]),
        spell_off=np.array([7.0, 9.0]),
    )
    unit, _ = redraw(design, 2_000, np.random.default_rng(3))
    assert np.unique(unit, axis=0).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_a_unit_that_exits_on_the_day_of_the_act_cannot_receive_it() -> None:
    """Units 2 to 4 exit on day 5: an act of that day would expose none of them."""
    design = small_design(
        exit=np.array([10.0, 20.0, 5.0, 5.0, 5.0]),
        spell_unit=np.array([1]),
        spell_assigned=np.array([5.0]),
        spell_on=np.array([5.0]),
        spell_off=np.array([7.0]),
    )
    unit, _ = redraw(design, 2_000, np.random.default_rng(3))
    assert np.unique(unit).tolist() == [0, 1]


def test_spell_without_any_free_unit_is_reported_unplaced() -> None:
    """Unit 1 alone is at risk on day 15, and busy in the draws that gave it the first spell."""
    design = exposure_design(
        origin=np.zeros(2),
        entry=np.zeros(2),
        exit=np.array([10.0, 20.0]),
        event=np.array([True, True]),
        outcome_strata=np.zeros(2, dtype=int),
        assignment_strata=np.zeros(2, dtype=int),
        spell_unit=np.array([0, 1]),
        spell_assigned=np.array([5.0, 15.0]),
        spell_on=np.array([5.0, 15.0]),
        spell_off=np.array([np.inf, np.inf]),
    )
    result = risk_set_rerandomization(design, draws=4_000, level=0.9, seed=1)
    assert result.n_unplaced == pytest.approx(0.5, abs=0.05)


def test_interval_excludes_no_effect_exactly_when_the_test_rejects() -> None:
    rejected = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hazard_ratio = float(rng.choice([0.3, 1.0, 3.0]))
        design = simulate(rng, hazard_ratio=hazard_ratio, n_units=60, n_spells=15)
        alpha = float(rng.choice([0.2, 0.1, 0.05]))
        result = risk_set_rerandomization(design, draws=199, level=1 - alpha, seed=rng)
        excludes = result.ci_low > 0 or result.ci_high < 0
        assert excludes == (result.p_value < alpha)
        rejected += excludes
    assert 10 < rejected < 50


def test_without_exposed_events_the_interval_is_open_below() -> None:
    design = small_design(spell_unit=np.array([4]), event=np.array([True, True, True, True, False]))
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    assert result.n_exposed_events == 0
    assert result.estimate == -np.inf
    assert np.isnan(result.std_error)
    assert result.ci_low == -np.inf


def test_with_only_exposed_events_the_estimate_is_infinite() -> None:
    design = small_design(
        spell_unit=np.array([1]), event=np.array([False, True, False, False, False])
    )
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
    assert result.estimate == np.inf
    assert result.ci_high == np.inf


def test_interval_with_no_exposed_end_among_many_is_bounded_above() -> None:
    rng = np.random.default_rng(8)
    design = simulate(rng, hazard_ratio=1e-6, n_spells=30)
    result = risk_set_rerandomization(design, draws=999, level=0.95, seed=1)
    assert result.n_exposed_events == 0
    assert result.ci_low == -np.inf
    assert result.ci_high < 0


def test_same_seed_gives_the_same_result() -> None:
    design = tied_world(3)
    first = risk_set_rerandomization(design, draws=199, level=0.9, seed=5)
    second = risk_set_rerandomization(design, draws=199, level=0.9, seed=5)
    assert np.array_equal(first.reference, second.reference)
    assert (first.ci_low, first.ci_high) == (second.ci_low, second.ci_high)
    other = risk_set_rerandomization(design, draws=199, level=0.9, seed=6)
    assert not np.array_equal(first.reference, other.reference)


def test_score_of_the_real_assignment_is_the_same_among_redrawn_ones() -> None:
    design = tied_world(1)
    result = risk_set_rerandomization(design, draws=99, level=0.9, seed=5)
    several = np.vstack([redraw(design, 30, np.random.default_rng(0))[0], design.unit])
    assert null_scores(design, several)[-1] == result.score


def test_p_value_is_never_zero_and_doubles_the_smaller_tail() -> None:
    reference = np.arange(1.0, 20.0)
    p_values = equal_tailed_p_values(np.array([100.0, -100.0, 19.0, 10.0]), reference)
    assert p_values.tolist() == [0.1, 0.1, 0.2, 1.0]


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.05 / 3])
@pytest.mark.parametrize("draws", [199, 200, 999, 1999])
def test_critical_values_agree_with_the_p_value(draws: int, alpha: float) -> None:
    rng = np.random.default_rng(draws)
    reference = rng.standard_normal(draws).round(2)
    low, high = critical_values(reference, 1 - (1 - alpha))
    for score in np.concatenate([np.linspace(-4, 4, 801), reference]).round(2):
        rejects = equal_tailed_p_values(np.array([score]), reference)[0] < alpha
        assert rejects == (score < low or score > high)


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(InferenceError, match="120 are needed"):
        risk_set_rerandomization(small_design(), draws=99, level=1 - 0.05 / 3, seed=1)
    assert np.isfinite(critical_values(np.arange(120.0), 0.05 / 3)).all()
    assert np.isfinite(critical_values(np.arange(40.0), 0.05)).all()
    with pytest.raises(InferenceError, match="40 are needed"):
        critical_values(np.arange(39.0), 0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spell_assigned": np.array([0.0])}, "was not at risk on day 0"),
        ({"spell_assigned": np.array([20.5])}, "was not at risk on day 20.5"),
        ({"spell_off": np.array([4.0])}, "ends before it starts"),
        ({"spell_unit": np.array([9])}, "does not exist"),
        ({"exit": np.array([0.0, 20.0, 30.0, 40.0, 50.0])}, "no follow-up"),
        ({"event": np.zeros(5, dtype=bool)}, "No unit has the event"),
        ({"assignment_strata": np.array([0, 0, 1, np.nan, 1])}, "integer codes"),
        (
            {
                "spell_unit": np.array([1, 1]),
                "spell_assigned": np.array([5.0, 8.0]),
                "spell_on": np.array([5.0, 8.0]),
                "spell_off": np.array([8.0, 9.0]),
            },
            "Merge overlapping",
        ),
    ],
)
def test_impossible_inputs_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        small_design(**changes)


def test_exposure_that_never_meets_an_end_is_refused() -> None:
    design = small_design(spell_on=np.array([60.0]))
    with pytest.raises(InferenceError, match="both exposed and unexposed"):
        risk_set_rerandomization(design, draws=99, level=0.9, seed=1)
