"""The effect of a dose: the Cox model's own numbers, histories that move along, size and power."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph
from riskset.inference import DosePath, InferenceError, rerandomized_dose
from riskset.inference.assignment import split_rows
from riskset.inference.exposure_design import ExposureDesign, exposure_design
from simulated_spells import YEAR, simulate

# The Newton steps of two engines end within a few ulps of the same maximum.
SAME_MAXIMUM = 1e-6


def rising(design: ExposureDesign, rng: np.random.Generator) -> list[DosePath]:
    """Doses that change once, half a year after the spell begins to count."""
    first, second = rng.uniform(0.5, 3.0, (2, design.n_spells))
    return [
        DosePath(np.array([on, on + YEAR / 2]), np.array([a, b]))
        for on, a, b in zip(design.on, first, second, strict=True)
    ]


def rows_of(design: ExposureDesign, paths: list[DosePath]) -> pd.DataFrame:
    """Start–stop rows with the dose, cut where it changes."""
    unit, start, stop, event, exposed = split_rows(design, design.unit)
    path = dict(zip(design.unit, paths, strict=True))
    made = []
    for u, begin, end, ends, is_on in zip(unit, start, stop, event, exposed, strict=True):
        days = path[u].day - design.origin[u] if is_on else np.array([])
        cuts = np.unique([begin, *(d for d in days if begin < d < end), end])
        for low, high in itertools.pairwise(cuts):
            middle = np.array([(low + high) / 2 + design.origin[u]])
            made.append(
                (u, low, high, ends and high == end, float(path[u].at(middle)[0]) if is_on else 0.0)
            )
    return pd.DataFrame(made, columns=["unit", "start", "stop", "event", "dose"])


def test_a_dose_counts_from_the_day_after_it_changed() -> None:
    path = DosePath(np.array([10.0, 20.0]), np.array([1.5, 0.0]))
    assert path.at(np.array([9.0, 10.0, 10.5, 20.0, 21.0])).tolist() == [0, 0, 1.5, 1.5, 0]


def test_the_estimate_is_that_of_the_cox_model_with_the_dose() -> None:
    rng = np.random.default_rng(3)
    design = simulate(rng, hazard_ratio=2.0)
    paths = rising(design, rng)
    assert len(np.unique(design.unit)) == design.n_spells
    answer = rerandomized_dose(design, paths, draws=199, level=0.95, seed=1)
    fit = cox_ph(rows_of(design, paths), ["dose"], start="start", stop="stop", event="event")
    assert answer.estimate == pytest.approx(fit.params["dose"], abs=SAME_MAXIMUM)
    assert answer.ci_low < answer.estimate < answer.ci_high
    assert (answer.p_value > 0.05) == (answer.statistic <= answer.critical)
    assert (answer.p_value > 0.05) == (answer.ci_low < 0 < answer.ci_high)


def test_with_a_dose_of_one_it_is_the_model_of_presence() -> None:
    design = simulate(np.random.default_rng(4))
    paths = [DosePath(np.array([on]), np.array([1.0])) for on in design.on]
    answer = rerandomized_dose(design, paths, draws=199, level=0.95, seed=1)
    _, start, stop, event, exposed = split_rows(design, design.unit)
    rows = pd.DataFrame({"start": start, "stop": stop, "event": event, "x": exposed})
    fit = cox_ph(rows, ["x"], start="start", stop="stop", event="event")
    assert answer.estimate == pytest.approx(fit.params["x"], abs=SAME_MAXIMUM)


def test_twice_the_dose_is_half_the_effect_of_a_unit() -> None:
    rng = np.random.default_rng(5)
    design = simulate(rng, hazard_ratio=2.0)
    paths = rising(design, rng)
    double = [DosePath(path.day, 2 * path.dose) for path in paths]
    one, two = (
        rerandomized_dose(design, p, draws=199, level=0.95, seed=2) for p in (paths, double)
    )
    for name in ("estimate", "ci_low", "ci_high"):
        assert getattr(two, name) == pytest.approx(getattr(one, name) / 2, abs=1e-6)
    assert two.p_value == one.p_value
    assert two.information == pytest.approx(4 * one.information)


def test_ties_are_those_of_efron() -> None:
    """By hand: two of three end on one day, one of them with a dose of one."""
    design = exposure_design(
        origin=[0, 0, 0],
        entry=[0, 0, 0],
        exit=[10, 10, 20],
        event=[True, True, True],
        outcome_strata=[0, 0, 0],
        assignment_strata=[0, 0, 0],
        spell_unit=[0],
        spell_assigned=[1],
        spell_on=[1],
        spell_off=[np.inf],
    )
    paths = [DosePath(np.array([1.0]), np.array([1.0]))]
    answer = rerandomized_dose(design, paths, draws=39, level=0.95, seed=1)

    # The second of the tied ends leaves out half of what the two weigh.
    def loglik(b: float) -> float:
        x = math.exp(b)
        return b - math.log(x + 2) - math.log(x + 2 - (x + 1) / 2)

    grid = np.linspace(-3, 3, 60001)
    best = grid[np.argmax([loglik(b) for b in grid])]
    assert answer.estimate == pytest.approx(best, abs=2e-4)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "0 paths"),
        ([DosePath(np.array([0.0]), np.array([0.0]))], "No spell has a dose"),
        ([DosePath(np.array([1e9]), np.array([1.0]))], "different doses"),
    ],
)
def test_what_cannot_be_asked_is_refused(paths: list[DosePath], message: str) -> None:
    design = simulate(np.random.default_rng(9))
    given = paths * design.n_spells
    with pytest.raises(InferenceError, match=message):
        rerandomized_dose(design, given, draws=99, level=0.95, seed=1)
    with pytest.raises(InferenceError, match="cannot reject"):
        rerandomized_dose(design, given, draws=10, level=0.95, seed=1)


@pytest.mark.parametrize(("hazard_ratio", "low", "high"), [(1.0, 0, 9), (4.0, 36, 60)])
def test_no_effect_is_rejected_seldom_and_a_large_one_mostly(
    hazard_ratio: float, low: int, high: int
) -> None:
    """Of 60 tests at 0.05, ten or more reject without an effect with probability below 0.001."""
    rejected = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        design = simulate(
            rng, n_units=120, n_spells=18, hazard_ratio=hazard_ratio, region_hazard=2.0
        )
        answer = rerandomized_dose(design, rising(design, rng), draws=199, level=0.95, seed=seed)
        rejected += answer.p_value <= 0.05
    assert low <= rejected <= high
