"""Minimum detectable effects and power."""

from __future__ import annotations

import numpy as np
import pytest

from riskset.inference import (
    InferenceError,
    minimum_detectable_effect,
    needed_events,
    power_curve,
    risk_set_rerandomization,
    schoenfeld_std_error,
)
from simulated_spells import simulate


def test_schoenfeld_number_of_events() -> None:
    """Hazard ratio 2, equal groups, 5 %, power 80 %: 65.3 events, a textbook figure of 66."""
    events = 4 * (1.959964 + 0.841621) ** 2 / np.log(2) ** 2
    assert events == pytest.approx(65.3, abs=0.1)
    std_error = schoenfeld_std_error(events / 2, events / 2)
    effect = minimum_detectable_effect(std_error, alpha=0.05, power=0.8)
    assert effect.high == pytest.approx(2.0, abs=1e-6)
    assert effect.low == pytest.approx(0.5, abs=1e-6)


def test_twenty_exposed_events_detect_2_2_or_0_46() -> None:
    """The figure of the design: Bonferroni level, power 0.8, exposed share of 14 % at risk."""
    std_error = 1 / np.sqrt(20 * (1 - 0.14))
    effect = minimum_detectable_effect(std_error, alpha=0.05 / 3, power=0.8)
    assert round(effect.high, 1) == 2.2
    assert round(effect.low, 2) == 0.46
    # With equal weight for all 466 ends it would be a little less.
    plain = minimum_detectable_effect(schoenfeld_std_error(20, 446), alpha=0.05 / 3, power=0.8)
    assert (round(plain.high, 1), round(plain.low, 2)) == (2.1, 0.48)


def test_needed_events_are_those_of_the_design_and_give_back_the_effect() -> None:
    assert [needed_events(r, alpha=0.05 / 3, power=0.8) for r in (1.5, 2.0)] == [64, 22]
    n = needed_events(3.0, alpha=0.05, power=0.9)
    ratios = [
        minimum_detectable_effect(1 / np.sqrt(events), alpha=0.05, power=0.9).high
        for events in (n - 1, n)
    ]
    assert ratios[0] > 3.0 >= ratios[1]
    assert needed_events(1 / 3, alpha=0.05, power=0.9) == n


def test_power_curve_is_the_level_at_one_and_the_power_at_the_detectable_effect() -> None:
    effect = minimum_detectable_effect(0.25, alpha=0.05, power=0.8)
    power = power_curve([1.0, effect.high, effect.low, 1e6], 0.25, alpha=0.05)
    assert power == pytest.approx([0.05, 0.8, 0.8, 1.0], abs=1e-5)


def test_interval_error_is_that_of_a_normal_interval_of_the_same_width() -> None:
    design = simulate(np.random.default_rng(2), n_spells=30)
    result = risk_set_rerandomization(design, draws=999, level=0.95, seed=1)
    assert result.interval_std_error == pytest.approx(
        (result.ci_high - result.ci_low) / (2 * 1.959964), rel=1e-6
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: schoenfeld_std_error(0, 10),
        lambda: minimum_detectable_effect(np.inf, alpha=0.05, power=0.8),
        lambda: minimum_detectable_effect(0.2, alpha=5, power=0.8),
        lambda: power_curve([-1.0], 0.2, alpha=0.05),
        lambda: needed_events(1.0, alpha=0.05, power=0.8),
        lambda: needed_events(-2.0, alpha=0.05, power=0.8),
    ],
)
def test_impossible_inputs_are_refused(call: object) -> None:
    with pytest.raises(InferenceError):
        call()  # type: ignore[operator]
