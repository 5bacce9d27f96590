"""Two kinds of one exposure: the Cox model's own numbers, symmetry, open limits, size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph
from riskset.inference import InferenceError, Integers, rerandomized_pair
from riskset.inference.assignment import exposed_counts, split_rows
from riskset.inference.exposure_design import ExposureDesign
from riskset.inference.split_exposure import (
    CONTRASTS,
    Counts,
    RerandomizedEffect,
    Split,
    SplitLikelihood,
)
from simulated_spells import YEAR, simulate

# The Newton steps of two engines end within a few ulps of the same maximum.
SAME_MAXIMUM = 1e-6


def by_age(design: ExposureDesign, limit: float, swap: bool = False) -> Split:
    """Split by the age of the drawn unit on the day of the act."""
    spell, origin = np.arange(design.n_spells), np.r_[design.origin, 0.0]

    def split(unit: Integers) -> tuple[Counts, Counts]:
        is_early = (design.assigned[spell] - origin[unit] <= limit) != swap
        return (
            exposed_counts(design, np.where(is_early, unit, -1)),
            exposed_counts(design, np.where(is_early, -1, unit)),
        )

    return split


def asked(design: ExposureDesign, split: Split, seed: int = 1) -> dict[str, RerandomizedEffect]:
    return rerandomized_pair(design, split, draws=199, level=0.95, seed=seed)


def test_estimates_are_those_of_the_cox_model_with_both_kinds() -> None:
    design = simulate(np.random.default_rng(5), hazard_ratio=2.0)
    unit, start, stop, event, exposed = split_rows(design, design.unit)
    when = dict(zip(design.unit, design.assigned - design.origin[design.unit], strict=True))
    is_early = np.array([when.get(u, 0.0) <= YEAR for u in unit])
    rows = pd.DataFrame(
        {
            "start": start,
            "stop": stop,
            "event": event,
            "present": exposed,
            "early": exposed * is_early,
            "late": exposed * ~is_early,
        }
    )
    # Units of the world receive one spell at most, so that a unit is of one kind.
    assert len(np.unique(design.unit)) == design.n_spells
    answers = asked(design, by_age(design, YEAR))
    kinds = cox_ph(rows, ["early", "late"], start="start", stop="stop", event="event").params
    ratio = cox_ph(rows, ["early", "present"], start="start", stop="stop", event="event").params
    assert answers["first"].estimate == pytest.approx(kinds["early"], abs=SAME_MAXIMUM)
    assert answers["second"].estimate == pytest.approx(kinds["late"], abs=SAME_MAXIMUM)
    assert answers["ratio"].estimate == pytest.approx(ratio["early"], abs=SAME_MAXIMUM)


def test_the_statistic_at_an_effect_is_twice_the_loss_of_log_likelihood() -> None:
    design = simulate(np.random.default_rng(6))
    answer = asked(design, by_age(design, YEAR))["ratio"]
    fitted = SplitLikelihood.of(design.event_counts, by_age(design, YEAR)(design.unit[None, :]))
    best, at = fitted.maximum()
    for limit in (answer.ci_low, answer.ci_high):
        lost = 2 * (best - fitted.profile(CONTRASTS["ratio"], limit)[0])
        assert lost[0] == pytest.approx(answer.critical, rel=1e-3)
    assert answer.ci_low < at[0, 0] - at[1, 0] < answer.ci_high
    assert (answer.p_value > 0.05) == (answer.statistic <= answer.critical)


def test_swapping_the_kinds_inverts_the_ratio() -> None:
    design = simulate(np.random.default_rng(7))
    one, other = (asked(design, by_age(design, YEAR, swap)) for swap in (False, True))
    assert other["ratio"].estimate == pytest.approx(-one["ratio"].estimate, abs=1e-5)
    assert other["ratio"].ci_low == pytest.approx(-one["ratio"].ci_high, abs=1e-3)
    assert other["first"].p_value == one["second"].p_value


def test_without_ends_of_a_kind_its_estimate_is_open_below() -> None:
    design = simulate(np.random.default_rng(8), n_spells=20)
    early = by_age(design, YEAR)

    def without_early_ends(unit: Integers) -> tuple[Counts, Counts]:
        first, second = early(unit)
        return (first[0], np.zeros_like(first[1])), second

    answer = asked(design, without_early_ends)["first"]
    assert answer.estimate == -np.inf
    assert answer.ci_low == -np.inf
    assert np.isfinite(answer.ci_high)


def test_a_kind_that_nobody_has_is_refused() -> None:
    design = simulate(np.random.default_rng(9))
    with pytest.raises(InferenceError, match="first part"):
        asked(design, by_age(design, -1.0))


def test_too_few_draws_are_refused() -> None:
    design = simulate(np.random.default_rng(9))
    with pytest.raises(InferenceError, match="cannot reject"):
        rerandomized_pair(design, by_age(design, YEAR), draws=10, level=0.95, seed=1)


@pytest.mark.full
def test_no_effect_is_rejected_about_as_often_as_it_should_be() -> None:
    """With 80 data sets, more than 10 rejections at 0.05 have a probability below 0.003."""
    data_sets = 80
    rejected = dict.fromkeys(CONTRASTS, 0)
    for seed in range(data_sets):
        design = simulate(
            np.random.default_rng(seed),
            n_units=120,
            n_spells=18,
            region_hazard=2.0,
            region_favor=3.0,
        )
        for name, answer in asked(design, by_age(design, YEAR), seed).items():
            rejected[name] += answer.p_value <= 0.05
    assert max(rejected.values()) <= 10
    assert sum(rejected.values()) > 0
